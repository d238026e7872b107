"""Many threads at everything at once, which is all the harder where the interpreter has no global lock."""

import itertools
import os
import random
import subprocess
import sys
import sysconfig
import threading
import time

import pytest

import psoxide

ATTRS = ["pid", "name", "username", "memory_info", "cpu_times", "cpu_percent", "status", "cmdline"]


@pytest.mark.skipif(not sysconfig.get_config_var("Py_GIL_DISABLED"), reason="this Python always has a global lock")
def test_the_module_leaves_the_global_lock_off():
    code = "import sys, psoxide; sys.exit(sys._is_gil_enabled())"
    assert subprocess.run([sys.executable, "-W", "error", "-c", code], check=False).returncode == 0


def test_an_exit_code_is_not_forgotten():
    child = psoxide.Popen(["sleep", "600"])
    child.kill()
    reader = child._proc

    class Overtaken:
        """Another thread waits at the same time, and is the one that the kernel tells."""

        def wait(self, timeout):
            child._proc = reader
            other = threading.Thread(target=child.wait)
            other.start()
            other.join()

    child._proc = Overtaken()
    assert child.wait() == -9
    assert child.returncode == -9 and child.wait() == -9 and psoxide.Process.wait(child) == -9


def test_counters_that_another_thread_overtakes_have_not_wrapped(monkeypatch):
    readings, results = itertools.count(1), []

    def read():
        number = next(readings)
        time.sleep(random.random() / 1000)
        return {"lo": (number,) * 8}

    def ask():
        results.extend(psoxide.net_io_counters().bytes_sent for _ in range(100))

    psoxide.net_io_counters.cache_clear()
    monkeypatch.setattr(psoxide._psplatform, "net_io_counters", read)
    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    psoxide.net_io_counters.cache_clear()
    assert sorted(results) == list(range(1, 401))


def test_an_instance_may_grow_while_a_pass_comes_to_it():
    over = threading.Event()
    [process] = [process for process in psoxide.process_iter() if process.pid == os.getpid()]

    def grow():
        while not over.is_set():
            for number in range(50):
                setattr(process, f"note{number}", number)
            for number in range(50):
                delattr(process, f"note{number}")

    thread = threading.Thread(target=grow)
    thread.start()
    getters = psoxide._Getters(psoxide.Process, ATTRS, ATTRS)
    try:
        assert all(getters.reader.row(process, None) for _ in range(5_000))
    finally:
        over.set()
        thread.join()


def test_everything_at_once(sleeper):
    child = sleeper("sleep", "600")
    me, shared = psoxide.Process(), psoxide.Process(child.pid)
    while (shared.name(), shared.status()) != ("sleep", psoxide.STATUS_SLEEPING):
        time.sleep(0.001)  # in the middle of execve(2)
    failed = []

    def whole_pass():
        pids = [process.info["pid"] for process in psoxide.process_iter(ATTRS)]
        assert pids == sorted(set(pids)) and {os.getpid(), child.pid} <= set(pids)

    def bare_pass():
        processes = list(psoxide.process_iter())
        assert len(processes) == len(set(processes)) and shared in processes

    def one_process():
        with shared.oneshot():
            assert (shared.name(), shared.ppid(), shared.status()) == ("sleep", os.getpid(), psoxide.STATUS_SLEEPING)
            assert shared.uids().real == os.getuid() and shared.memory_info().rss > 0
        assert shared.as_dict(["pid", "name"]) == {"pid": child.pid, "name": "sleep"}
        assert shared.cpu_percent() >= 0.0 and shared.is_running() and hash(shared) == hash(psoxide.Process(child.pid))

    def machine():
        assert all(0.0 <= value <= 100.0 for value in (psoxide.cpu_percent(), *psoxide.cpu_times_percent()))
        assert psoxide.virtual_memory().total == psoxide._TOTAL_PHYMEM
        assert psoxide.net_if_addrs().keys() and psoxide.net_if_stats().keys() and psoxide.boot_time() > 0
        psoxide.net_io_counters(), psoxide.disk_io_counters(), psoxide.net_connections("all"), psoxide.users()

    def beginnings_and_ends():
        process = psoxide.Popen(["true"])
        assert process.wait() == 0 and not process.is_running()
        with pytest.raises(psoxide.NoSuchProcess):
            process.name()

    def own_lists():
        assert shared in me.children() and me.threads() and me.environ() is not None
        me.open_files(), me.net_connections(), me.memory_maps()

    def forgetting():
        psoxide.process_iter.cache_clear()
        psoxide.net_io_counters.cache_clear()
        psoxide.disk_io_counters.cache_clear()

    def elsewhere():
        psoxide.PROCFS_PATH = "/proc/."
        psoxide.PROCFS_PATH = "/proc"

    def repeat(work, times, together):
        try:
            together.wait()
            for _ in range(times):
                work()
        except BaseException as error:
            failed.append(error)

    works = [(whole_pass, 15), (whole_pass, 15), (bare_pass, 50), (bare_pass, 50), (one_process, 300), (one_process, 300),
             (one_process, 300), (machine, 30), (machine, 30), (beginnings_and_ends, 30), (own_lists, 30),
             (forgetting, 300), (elsewhere, 1000)]  # fmt: skip
    together = threading.Barrier(len(works))
    threads = [threading.Thread(target=repeat, args=(*work, together)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise failed[0]


FORKED_WHILE_READING = """
import os, sys, threading
import psoxide

process = psoxide.Process()
inside, go_on = threading.Event(), threading.Event()

def read():
    with process.oneshot(), psoxide._common._wn.lock if {counters} else process.oneshot():
        inside.set()
        go_on.wait(1 if {counters} else 60)

reader = threading.Thread(target=read)
reader.start()
inside.wait()
pid = os.fork()
if pid == 0:
    with process.oneshot():
        process.name()
    psoxide.net_io_counters()
    os._exit(0)
go_on.set()
reader.join()
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
"""


@pytest.mark.skipif(not hasattr(os, "register_at_fork"), reason="this system does not fork")
@pytest.mark.parametrize("counters", [False, True])
def test_a_child_does_not_wait_for_a_lock_of_its_parent(counters):
    program = FORKED_WHILE_READING.format(counters=counters)
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", program], check=False, timeout=60)
    assert done.returncode == 0


FORKED_AT_FIRST_READINGS = """
import os, random, sys, threading, time
import psoxide

def read():
    psoxide.net_connections("all")
    psoxide.Process().as_dict()

def work(delay):
    reader = threading.Thread(target=read)
    reader.start()
    time.sleep(delay)
    pid = os.fork()
    read()
    if pid == 0:
        os._exit(0)
    reader.join()
    os._exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))

random.seed(1)
for _ in range(150):
    # Each process takes its first readings.
    delay = random.random() * 0.008
    pid = os.fork()
    if pid == 0:
        work(delay)
    if os.waitpid(pid, 0)[1]:
        sys.exit(1)
"""


@pytest.mark.skipif(not hasattr(os, "register_at_fork"), reason="this system does not fork")
def test_a_child_forked_during_first_readings_does_not_hang():
    program = [sys.executable, "-W", "ignore", "-c", FORKED_AT_FIRST_READINGS]
    assert subprocess.run(program, check=False, timeout=300).returncode == 0
