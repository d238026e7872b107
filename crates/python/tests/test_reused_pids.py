"""Another process takes the pid of a process that has ended, often within one clock tick."""

import os
import platform
import subprocess
import sys

import pytest

CODE = """
import os, signal, psoxide

def born():
    # The next process in this namespace gets the pid 300.
    with open("/proc/sys/kernel/ns_last_pid", "w") as file:
        file.write("299")
    pid = os.fork()
    if pid == 0:
        signal.pause()
    return pid

def end(pid):
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)

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


@pytest.mark.skipif(os.getuid() != 0, reason="choosing the next pid needs root")
@pytest.mark.skipif(
    tuple(int(part) for part in platform.release().split("-")[0].split(".")[:2]) < (6, 9),
    reason="Linux before 6.9 cannot tell them apart",
)
def test_a_stranger_is_not_taken_for_the_process(tmp_path):
    command = ["unshare", "--pid", "--fork", "--mount-proc", sys.executable, "-I", "-c", CODE]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
