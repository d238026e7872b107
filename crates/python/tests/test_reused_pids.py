"""Pids wrap around: a process takes the pid of one that has ended, or a lower one than its parent's."""

import os
import platform
import subprocess
import sys

import pytest

PRELUDE = """
import os, signal, psoxide

def born(wanted=300, run=signal.pause):
    # The next process in this namespace gets the pid after the last one.
    with open("/proc/sys/kernel/ns_last_pid", "w") as file:
        file.write(str(wanted - 1))
    pid = os.fork()
    if pid == 0:
        run()
    return pid

def end(pid):
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
"""
STRANGERS = PRELUDE + """
same_tick = 0
for _ in range(50):
    assert born() == 300
    process = psoxide.Process(300)
    twin = psoxide.Process(300)
    assert process == twin and process.is_running() and len({process, twin}) == 1
    end(300)
    assert born() == 300
    stranger = psoxide.Process(300)
    # What was known of a process stays known.
    same_tick += process.create_time() == stranger.create_time()
    assert process != stranger and len({process, stranger}) == 2
    assert stranger.is_running() and stranger.ppid() == os.getpid()
    for read in (process.ppid, process.parent, process.children, process.kill):
        try:
            print(read(), "is a stranger's")
        except psoxide.NoSuchProcess:
            pass
    assert not process.is_running()
    assert psoxide.wait_procs([process], timeout=0) == ([process], [])
    assert stranger.is_running()
    end(300)
assert same_tick > 0
"""


WRAPPED = PRELUDE + """
reader, writer = os.pipe()

def parent():
    # The kernel lists the older child first.
    pids = [born(700), born(300), born(500)]
    os.write(writer, b".")
    signal.pause()

top = born(600, parent)
os.read(reader, 1)
pids = lambda process, recursive: [child.pid for child in process.children(recursive)]
assert pids(psoxide.Process(600), False) == [300, 500, 700]
assert pids(psoxide.Process(), True) == [600, 300, 500, 700], pids(psoxide.Process(), True)
"""


def run(code):
    command = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc", sys.executable, "-I", "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.skipif(os.getuid() != 0, reason="choosing the next pid needs root")
@pytest.mark.skipif(
    tuple(int(part) for part in platform.release().split("-")[0].split(".")[:2]) < (6, 9),
    reason="Linux before 6.9 cannot tell them apart",
)
def test_a_stranger_is_not_taken_for_the_process():
    run(STRANGERS)


@pytest.mark.skipif(os.getuid() != 0, reason="choosing the next pid needs root")
def test_children_are_listed_by_pid():
    run(WRAPPED)
