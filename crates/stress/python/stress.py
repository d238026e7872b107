"""Attacks the Python package: births during iterations, forks during first readings, terminated children, threads.

Usage: stress.py --program=PSOXIDE_STRESS [--long [--minutes=60]] [ATTACK...]. Prints a line of figures for each attack,
then "N passed, N failed".
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


def option(name, default):
    """Return the value of an option like --minutes=60."""
    prefix = f"--{name}="
    return next((argument[len(prefix) :] for argument in sys.argv if argument.startswith(prefix)), default)


# Seconds that one part of an attack may take in the long form.
LIMIT = 60 * int(option("minutes", 60))
# The attacks in Rust, one of which starts and ends processes.
PROGRAM = option("program", "target/debug/psoxide-stress")
ATTRS = ["pid", "name", "username", "uids", "gids", "cmdline", "memory_info", "status", "create_time"]
# The name and user, which is the group too, of each kind of process that PROGRAM starts.
KINDS = [("aa", 1001), ("bb", 1002)]


def count(short, long):
    """Chooses between the count for CI and the one for RELIABILITY.md."""
    return long if LONG else short


def kinds(info):
    """Return the kinds of which a row has a property."""
    found = set()
    for kind, (name, user) in enumerate(KINDS):
        ids = [info[field].real for field in ("uids", "gids") if info[field]]
        if info["name"] == name or user in ids:
            found.add(kind)
    return found


def births(backend):
    """Processes begin and end while process_iter runs."""
    if os.geteuid() != 0:
        print("skip: stress::python_births: choosing users and pids needs root")
        return "skipped", 0
    number = count(10_000, 500_000)
    before = len(os.listdir("/proc/self/fd"))
    psoxide.set_backend(backend)
    # On a busy machine the time is over first.
    minutes = int(option("minutes", 60)) if LONG else 1
    command = [PROGRAM, f"--births={number}", f"--minutes={minutes}"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parents:
        rows = passes = mixed = 0
        seen = [0, 0]
        while parents.poll() is None:
            for process in psoxide.process_iter(ATTRS):
                rows += 1
                found = kinds(process.info)
                for kind in found:
                    seen[kind] += 1
                mixed += len(found) > 1 or process.info["pid"] != process.pid
            passes += 1
        born = int(parents.stdout.read())
    # The chosen programs stay loaded while a process that was read through them is known.
    psoxide.set_backend("auto")
    process = None
    psoxide.process_iter.cache_clear()
    leaked = len(os.listdir("/proc/self/fd")) - before
    figures = f"{born} births, {passes} passes, {rows} rows ({seen[0]} of kind a, {seen[1]} of kind b), {mixed} mixed"
    return f"{figures}, {leaked} descriptors leaked", mixed + max(leaked, 0) + (0 in seen)


def births_proc():
    """Runs `births` with readings from /proc."""
    return births("proc")


def births_auto():
    """Runs `births` with the choice of the package, which holds each process by a pidfd while it reads a row."""
    return births("auto")


def births_bpf():
    """Runs `births` with readings by BPF, where that is possible."""
    return births("bpf")


FORKS = """
import faulthandler, os, random, signal, subprocess, sys, threading, time
import psoxide

PROGRAM, TRIES = sys.argv[1], int(sys.argv[2])
PAUSE = 0.002
HUNG = 2

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

def activity(pid):
    # The state and the CPU times. A zombie has none left to spend.
    with open(f"/proc/{pid}/stat", "rb") as stat:
        fields = stat.read().rpartition(b")")[2].split()
    return fields[0], fields[11:13]

def ended(pid, limit):
    # On a busy machine a child waits for a CPU for minutes: then it is runnable or stopped, or has used some time.
    # Pauses are counted, not seconds: this process may be stopped as well.
    idle = total = 0
    before = None
    while idle * PAUSE < limit and total * PAUSE < 50 * limit:
        found, status = os.waitpid(pid, os.WNOHANG)
        if found:
            return os.waitstatus_to_exitcode(status)
        now = activity(pid)
        idle = 0 if now[0] in (b"R", b"T") or now != before else idle + 1
        before = now
        total += 1
        time.sleep(PAUSE)
    # First its stack in Python, then those of its threads.
    os.kill(pid, signal.SIGUSR1)
    time.sleep(0.5)
    subprocess.run([PROGRAM, f"--describe={pid}"], stdout=sys.stderr)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return HUNG

def work(number, delay):
    # This process has read nothing yet: it was forked off one that has not.
    failed = []

    def read_beside():
        try:
            read(number)
        except BaseException as error:
            failed.append(error)
            raise

    reader = threading.Thread(target=read_beside)
    reader.start()
    time.sleep(delay)
    pid = os.fork()
    if pid == 0:
        # An exception ends the child with its traceback and code 1.
        read(number)
        os._exit(0)
    code = ended(pid, 20)
    reader.join()
    if code not in (0, HUNG):
        print(f"fork {number}: the child ended with {code}", file=sys.stderr)
    os._exit(HUNG if code == HUNG else 1 if code or failed else 0)

faulthandler.register(signal.SIGUSR1)
random.seed(1)
hung = failed = 0
for number in range(TRIES):
    delay = random.random() * 0.012
    pid = os.fork()
    if pid == 0:
        work(number, delay)
    code = ended(pid, 60)
    hung += code == HUNG
    failed += code not in (0, HUNG)
    if hung + failed >= 5:
        break
print(number + 1, hung, failed)
"""


def forks():
    """A process forks while another of its threads takes the first readings."""
    tries = count(100, 2_000)
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", FORKS, PROGRAM, str(tries)], check=True, stdout=subprocess.PIPE, text=True
    )
    tries, hung, failed = map(int, done.stdout.split())
    return f"{tries} forks, {hung} children hung, {failed} failed", hung + failed


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


def slope(values):
    """Fit a line by least squares, and return how far it rises over all values."""
    if len(values) < 2:
        return 0.0
    middle, mean = (len(values) - 1) / 2, sum(values) / len(values)
    covariance = sum((place - middle) * (value - mean) for place, value in enumerate(values))
    return covariance / sum((place - middle) ** 2 for place in range(len(values))) * (len(values) - 1)


def threads():
    """Eight threads take every reading; memory and descriptors stay flat."""
    # A monitor that looks once a second takes 86,400 samples a day.
    rounds = count(160, 86_400) // 8
    errors, done = [], []
    child = subprocess.Popen(["sleep", "100000"])
    process = psoxide.Process(child.pid)

    def work(rounds):
        until = time.monotonic() + count(60, LIMIT)
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

    own = psoxide.Process()

    def run(rounds):
        """Run the threads, and return the resident memory meanwhile."""
        workers = [threading.Thread(target=work, args=(rounds,)) for _ in range(8)]
        for worker in workers:
            worker.start()
        memory, seen = [], 0
        while any(worker.is_alive() for worker in workers):
            time.sleep(0.05)
            # A sample for each so many rounds, however long they take.
            if len(done) >= seen + max(rounds * 8 // 200, 1):
                seen = len(done)
                memory.append(own.memory_info().rss)
        return memory

    run(5)
    descriptors = own.num_fds()
    done.clear()
    memory = run(rounds)
    grown, leaked = slope(memory[len(memory) // 2 :]), own.num_fds() - descriptors
    child.kill()
    child.wait()
    broken = len(errors) + max(leaked, 0) + (grown > 2 << 20)
    figures = f"8 threads, {len(done)} rounds, resident {own.memory_info().rss >> 10} KiB at the end, slope over the "
    figures += f"second half {grown / 1024:+.0f} KiB, {leaked} descriptors leaked"
    return figures + "".join(f"; {error}" for error in errors[:3]), broken


def main():
    """Runs every attack."""
    print("### python: the package is read while processes, forks and threads come and go\n", flush=True)
    passed = failed = 0
    chosen = [argument for argument in sys.argv[1:] if not argument.startswith("--")]
    for attack in [births_proc, births_auto, births_bpf, forks, terminated, threads]:
        if chosen and attack.__name__ not in chosen:
            continue
        figures, broken = attack()
        print(f"- {attack.__name__}: {figures}{' FAILED' if broken else ''}", flush=True)
        passed, failed = passed + (not broken), failed + bool(broken)
    print(f"\n{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
