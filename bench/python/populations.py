"""Starts processes to measure. They are always the same, and end when the block ends, also after an error."""

import contextlib
import os
import resource
import signal
import subprocess
import sys

HELPER = """
import mmap, os, resource, signal, socket, sys, time
kind, count = sys.argv[1], int(sys.argv[2])
soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
kept = []
if kind == "fds":
    kept = [os.open("/dev/null", os.O_RDONLY) for _ in range(count)]
elif kind == "mappings":
    # Neighbours with the same rights would be one mapping.
    for number in range(count):
        kept.append(mmap.mmap(-1, 4096, prot=mmap.PROT_READ | (mmap.PROT_WRITE if number % 2 else 0)))
elif kind == "sockets":
    listener = socket.create_server(("127.0.0.1", 0), backlog=128)
    for _ in range((count - 1) // 2):
        kept.append(socket.create_connection(listener.getsockname()))
        kept.append(listener.accept()[0])
elif kind == "tree":
    # A heap: node N has the children 2N + 1 and 2N + 2.
    node = 0
    while node < count:
        left, right = 2 * node + 1, 2 * node + 2
        for child in (left, right):
            if child < count and os.fork() == 0:
                node = child
                break
        else:
            break
os.write(int(sys.argv[3]), b".")
# Until the writer of this pipe, the benchmark, is gone.
sys.stdin.read()
"""


@contextlib.contextmanager
def helper(kind, count):
    """Starts a process with `count` of something, and yields its pid. For a tree, that of the root."""
    reader, writer = os.pipe()
    child = subprocess.Popen(
        [sys.executable, "-c", HELPER, kind, str(count), str(writer)], stdin=subprocess.PIPE, pass_fds=[writer],
        start_new_session=True,
    )  # fmt: skip
    os.close(writer)
    try:
        ready = 0
        while ready < (count if kind == "tree" else 1):
            said = len(os.read(reader, 4096))
            if not said:
                raise SystemExit(f"bench: {count} {kind} are more than this machine allows")
            ready += said
        yield child.pid
    finally:
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()
        os.close(reader)


@contextlib.contextmanager
def processes(count):
    """Starts `count` processes, each with its own address space and 6 arguments."""
    pids = []
    reader, writer = os.pipe()
    os.set_inheritable(reader, True)
    try:
        for _ in range(count):
            # The processes end when the last writer of the pipe is gone.
            actions = [(os.POSIX_SPAWN_DUP2, reader, 0)]
            pids.append(os.posix_spawn("/bin/cat", ["cat", "-", "-", "-", "-", "-"], os.environ, file_actions=actions))
        yield pids
    finally:
        os.close(writer)
        os.close(reader)
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        for pid in pids:
            os.waitpid(pid, 0)


def children_cpu():
    """Returns the CPU time of the children that have ended, in seconds."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
