"""A file system that stops answering, and a process that uses it."""

import os
import subprocess
import sys

import pytest

# A FUSE server that answers until a process has its working directory and a file there: linux/fuse.h.
PROGRAM = """
import ctypes, json, os, struct, subprocess, sys, threading
import psoxide

directory = sys.argv[1]
libc = ctypes.CDLL(None)
device = os.open("/dev/fuse", os.O_RDWR | os.O_CLOEXEC)
options = f"fd={device},rootmode=40000,user_id=0,group_id=0"
assert libc.mount(b"test", directory.encode(), b"fuse", 0, options.encode()) == 0
silent = threading.Event()
LOOKUP, GETATTR, OPEN, INIT, OPENDIR = 1, 3, 14, 26, 27
WITHOUT_REPLY, EMPTY_REPLY = (2, 36, 42), (18, 25, 29, 34)

def attributes(node):
    return struct.pack("=6Q10I", node, 6, 1, 0, 0, 0, 0, 0, 0, 0o40755 if node == 1 else 0o100644, 1, 0, 0, 0, 4096, 0)

def serve():
    while True:
        try:
            request = os.read(device, 1 << 18)
        except OSError:
            return  # unmounted
        opcode, unique, node = struct.unpack_from("=4xIQQ", request)
        if silent.is_set() or opcode in WITHOUT_REPLY:
            continue
        error, body = 0, b""
        if opcode == INIT:
            body = struct.pack("=7I36x", 7, 31, 0, 0, 0, 4096, 1)
        elif opcode == LOOKUP and request[40:] == b"data\\0":
            body = struct.pack("=5Q", 2, 0, 0, 0, 0) + attributes(2)
        elif opcode == LOOKUP:
            error = -2
        elif opcode == GETATTR:
            body = bytes(16) + attributes(node)
        elif opcode in (OPEN, OPENDIR):
            body = bytes(16)
        elif opcode not in EMPTY_REPLY:
            error = -38
        os.write(device, struct.pack("=IiQ", 16 + len(body), error, unique) + body)

threading.Thread(target=serve, daemon=True).start()
with open(directory + "/data") as data:
    child = subprocess.Popen([directory + "/data", "600"], executable="/bin/sleep", cwd=directory, stdin=data)
silent.set()
try:
    process = psoxide.Process(child.pid)
    answers = process.as_dict()
    found = [answers["cwd"], [file.path for file in answers["open_files"]], process._program_of_cmdline()]
    try:
        psoxide.disk_usage(directory, timeout=0.3)
    except psoxide.TimeoutExpired:
        found.append("TimeoutExpired")
    found.append(sum(1 for process in psoxide.process_iter(["exe", "cwd", "open_files", "memory_maps"])) > 0)
    print(json.dumps(found))
finally:
    libc.umount2(directory.encode(), 3)  # MNT_FORCE | MNT_DETACH: what waits gets an error
    child.kill()
    child.wait()
os._exit(0)
"""


def test_a_file_system_that_never_answers_is_not_waited_for(tmp_path):
    if not os.path.exists("/dev/fuse") or os.geteuid() != 0:
        pytest.skip("mounting FUSE needs root and /dev/fuse")
    if subprocess.run(["unshare", "--mount", "true"], check=False, stderr=subprocess.DEVNULL).returncode:
        pytest.skip("mounting FUSE needs root and /dev/fuse")
    command = ["unshare", "--mount", "--fork", "--kill-child", sys.executable, "-c", PROGRAM, str(tmp_path)]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
    assert done.stderr == ""
    directory = str(tmp_path)
    # The program that the command line names is on the file system: nobody knows whether it is one.
    assert done.stdout == f'["{directory}", ["{directory}/data"], "", "TimeoutExpired", true]\n'
