"""Attacks the Python package: births during iterations, forks during first readings, terminated children, threads.

Usage: stress.py [--long [--minutes=60]]. Prints a line of figures for each attack, then "N passed, N failed".
"""

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time

import psoxide
import psoxide.exit

LONG = "--long" in sys.argv[1:]
# The time limit for one part of an attack in the long form, in seconds.
LIMIT = 60 * next((int(argument.partition("=")[2]) for argument in sys.argv if argument.startswith("--minutes=")), 60)
ATTRS = ["pid", "name", "username", "cmdline", "memory_info", "status", "create_time"]


def count(short, long):
    """Chooses between the count for CI and the one for RELIABILITY.md."""
    return long if LONG else short


def give_birth(number, writer):
    """Forks children that end at once, one after another, and writes how many there were."""
    # A busy machine reaches the time limit before the count.
    until = time.monotonic() + count(30, LIMIT)
    born = 0
    while born < number and time.monotonic() < until:
        born += 1
        pid = os.fork()
        if pid == 0:
            os._exit(0)
        os.waitpid(pid, 0)
    os.write(writer, str(born).encode())


def births(backend):
    """Processes start and end while process_iter runs."""
    number = count(1_000, 500_000)
    psoxide.set_backend(backend)
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        give_birth(number, writer)
        os._exit(0)
    before = len(os.listdir("/proc/self/fd"))
    rows = passes = odd = 0
    ended = False
    while not ended:
        for process in psoxide.process_iter(ATTRS):
            rows += 1
            odd += process.info["pid"] != process.pid
        passes += 1
        ended = os.waitpid(pid, os.WNOHANG)[0] == pid
    # The BPF programs stay loaded as long as a process exists that was read through them.
    psoxide.set_backend("auto")
    process = None
    psoxide.process_iter.cache_clear()
    leaked = len(os.listdir("/proc/self/fd")) - before
    born = int(os.read(reader, 20))
    os.close(reader)
    os.close(writer)
    return f"{born} births, {passes} passes, {rows} rows, {odd} mixed, {leaked} descriptors leaked", odd + max(leaked, 0)


def births_proc():
    """Runs `births` with readings from /proc."""
    return births("proc")


def births_bpf():
    """Runs `births` with readings by BPF, where that is possible."""
    return births("bpf")


FORKS = """
import os, random, signal, sys, threading, time
import psoxide

def read(number):
    # Half of the readings each: those that come late would seldom meet a fork.
    try:
        if number % 2:
            for process in psoxide.process_iter(["name", "username", "cmdline"]):
                pass
            psoxide.net_connections()
        else:
            psoxide.net_connections("all")
            psoxide.Process().as_dict()
            psoxide.net_io_counters(pernic=True)
            psoxide.net_if_addrs()
            psoxide.users()
    except psoxide.AccessDenied:
        pass

def ended(pid, limit):
    deadline = time.monotonic() + limit
    while time.monotonic() < deadline:
        found, status = os.waitpid(pid, os.WNOHANG)
        if found:
            return status
        time.sleep(0.0005)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return 9

def work(number, delay):
    # This process has read nothing yet: it was forked off one that has not.
    reader = threading.Thread(target=read, args=(number,))
    reader.start()
    time.sleep(delay)
    pid = os.fork()
    if pid == 0:
        read(number)
        os._exit(0)
    status = ended(pid, 20)
    reader.join()
    os._exit(status != 0)

random.seed(1)
failed = 0
for number in range(int(sys.argv[1])):
    delay = random.random() * 0.012
    pid = os.fork()
    if pid == 0:
        work(number, delay)
    failed += ended(pid, 60) != 0
    if failed >= 5:
        break
print(failed)
"""


def forks():
    """A process forks while another of its threads takes the first readings."""
    tries = count(100, 2_000)
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", FORKS, str(tries)], check=True, stdout=subprocess.PIPE, text=True
    )
    failed = int(done.stdout)
    return f"{tries} forks, {failed} children hung or failed", failed


def nothing():
    """Waits to be terminated."""
    time.sleep(60)


def terminated():
    """Terminated children die of the signal at once. The parent's exit function runs only in the parent."""
    tries = count(25, 1_000)
    path = f"/tmp/psoxide-stress-{os.getpid()}"

    watched = True

    def cleanup():
        # The function stays registered until this process ends. That run is not a failure.
        if watched:
            with open(path, "a", encoding="ascii") as log:
                log.write(f"{os.getpid()}\n")

    psoxide.exit.register_exit_fun(cleanup)
    context = multiprocessing.get_context("fork")
    survived = 0
    for _ in range(tries):
        child = context.Process(target=nothing)
        child.start()
        child.terminate()
        child.join(10)
        survived += child.exitcode != -signal.SIGTERM
        if child.is_alive():
            child.kill()
            child.join()
    watched = False
    ran = 0
    if os.path.exists(path):
        with open(path, encoding="ascii") as log:
            ran = len(log.readlines())
        os.unlink(path)
    return f"{tries} terminated children, {survived} survived, cleanup ran in {ran} of them", survived + ran


def threads():
    """Eight threads take every reading. Memory and descriptors must stay flat."""
    rounds = count(10, 2_000)
    errors, done = [], []
    child = subprocess.Popen(["sleep", "100000"])
    process = psoxide.Process(child.pid)

    def work():
        until = time.monotonic() + count(30, LIMIT / 2)
        try:
            for _ in range(rounds):
                if time.monotonic() > until:
                    break
                done.append(1)
                process.as_dict()
                with process.oneshot():
                    process.cpu_times()
                    process.memory_info()
                psoxide.virtual_memory()
                psoxide.cpu_times(percpu=True)
                psoxide.disk_io_counters(perdisk=True)
                psoxide.net_io_counters(pernic=True)
                psoxide.net_connections()
                for _ in psoxide.process_iter(["name"]):
                    pass
        except Exception as error:  # any exception is the finding
            errors.append(repr(error))

    def round_of_threads():
        workers = [threading.Thread(target=work) for _ in range(8)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()

    own = psoxide.Process()
    round_of_threads()
    memory, descriptors = own.memory_info().rss, own.num_fds()
    round_of_threads()
    grown, leaked = own.memory_info().rss - memory, own.num_fds() - descriptors
    child.kill()
    child.wait()
    broken = len(errors) + max(leaked, 0) + (grown > 4 << 20)
    figures = f"8 threads, {len(done)} rounds, resident +{grown >> 10} KiB, {leaked} descriptors leaked"
    return figures + "".join(f"; {error}" for error in errors[:3]), broken


def main():
    """Runs every attack."""
    print("### python: the package is read while processes, forks and threads come and go\n", flush=True)
    passed = failed = 0
    for attack in [births_proc, births_bpf, forks, terminated, threads]:
        figures, broken = attack()
        print(f"- {attack.__name__}: {figures}{' FAILED' if broken else ''}", flush=True)
        passed, failed = passed + (not broken), failed + bool(broken)
    print(f"\n{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
