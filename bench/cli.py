#!/usr/bin/env python3
"""Compares the command with similar tools: CPU time, all sides interleaved, medians and their ratios.

    bench/cli.py startup|ps|netstat|top|versions [--processes N] [--sockets N] [--seconds N] [--rounds N]

A tool that is not installed is left out. Build the command first: cargo build --release -p psoxide-cli.
"""

import argparse
import fcntl
import os
import pty
import resource
import shutil
import signal
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import termios
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PSOXIDE = os.path.join(os.environ.get("CARGO_TARGET_DIR", os.path.join(ROOT, "target")), "release", "psoxide")


def cpu_of(command):
    """Returns the user and system time of one run in milliseconds. Discards the command's output."""
    nowhere = [(os.POSIX_SPAWN_OPEN, fd, os.devnull, os.O_RDWR, 0) for fd in (0, 1, 2)]
    pid = os.posix_spawnp(command[0], command, os.environ, file_actions=nowhere)
    _, status, usage = os.wait4(pid, 0)
    if os.waitstatus_to_exitcode(status) not in (0, 1):
        sys.exit(f"{' '.join(command)} failed")
    return (usage.ru_utime + usage.ru_stime) * 1000


def compare(ours, others, runs):
    """Runs all commands in turn, and prints the cost of each as a multiple of ours."""
    commands = {"psoxide": ours, **{name: c for name, c in others.items() if shutil.which(c[0])}}
    times = {name: [] for name in commands}
    for turn in range(runs + 1):
        for name, command in commands.items():
            spent = cpu_of(command)
            if turn > 0:  # the first run fills the caches
                times[name].append(spent)
    medians = {name: statistics.median(spent) for name, spent in times.items()}
    for name, median in medians.items():
        print(f"{name:10} {median:9.2f} ms   {median / medians['psoxide']:6.2f}x   {' '.join(commands[name])}")
    for name in others.keys() - commands.keys():
        print(f"{name:10} is not installed")


def sleepers(many):
    """Starts processes with their own address space and arguments. They end with this script."""
    script = "import ctypes, time; ctypes.CDLL(None).prctl(1, 9); time.sleep(3600)"
    command = ["sleep", "3600"] if many > 2000 else [sys.executable, "-S", "-c", script, "--with", "some", "--arguments"]
    return [subprocess.Popen(command) for _ in range(many)]


def end(processes):
    for process in processes:
        process.kill()
    for process in processes:
        process.wait()


def startup(_):
    """Measures start-up with little other work: one process, and the memory."""
    pid = str(os.getpid())
    compare([PSOXIDE, "ps", "--pid", pid], {"ps": ["ps", "u", "-p", pid], "procs": ["procs", "--pager", "disable", pid]}, 101)
    compare([PSOXIDE, "free"], {"free": ["free"]}, 101)


def ps(args):
    processes = sleepers(args.processes)
    try:
        compare([PSOXIDE, "ps"], {"ps aux": ["ps", "aux"], "procs": ["procs"]}, args.rounds)
    finally:
        end(processes)


def netstat(args):
    """Measures 10,000 sockets of local connections. One other process holds both ends of each.

    This script does not hold them, because each child that it starts would have to close them all.
    """
    ready, tell = os.pipe()
    holder = os.fork()
    if holder == 0:
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        listener = socket.create_server(("127.0.0.1", 0), backlog=4096)
        kept = []
        for _ in range(args.sockets // 2):
            kept.append(socket.create_connection(listener.getsockname()))
            kept.append(listener.accept()[0])
        os.write(tell, b"!")
        time.sleep(3600)
        os._exit(0)
    os.read(ready, 1)
    try:
        compare([PSOXIDE, "netstat", "--kind", "tcp4"], {"ss": ["ss", "-4tanp"]}, 11)
    finally:
        os.kill(holder, signal.SIGKILL)
        os.waitpid(holder, 0)


def in_terminal(command, keys):
    """Starts a full-screen program in a terminal of 120x40."""
    pid, fd = pty.fork()
    if pid == 0:
        os.environ["TERM"] = "xterm-256color"
        os.execvp(command[0], command)
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
    os.set_blocking(fd, False)
    return pid, fd, keys


def spent(pid):
    with open(f"/proc/{pid}/stat") as stat:
        fields = stat.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * 1000 / os.sysconf("SC_CLK_TCK")


# Each program's option for a refresh every second.
SCREENS = {
    "psoxide": [PSOXIDE, "top", "--interval", "1"],
    "htop": ["htop", "-d", "10"],
    "btop": ["btop", "--utf-force"],
    "btm": ["btm", "--rate", "1000"],
    "top": ["top", "-d", "1"],
}


def watch(running, seconds):
    """Reads what the programs draw. A program whose output nobody reads would block."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for _, fd, _ in running.values():
            try:
                os.read(fd, 1 << 16)
            except BlockingIOError:
                pass
        time.sleep(0.02)


def stat_of_each(pids):
    """Returns the CPU time of opening, reading and closing `stat` of each process, in milliseconds.

    Every sample of a process monitor needs these calls.
    """
    before = time.process_time()
    for pid in pids:
        fd = os.open(f"/proc/{pid}/stat", os.O_RDONLY)
        os.read(fd, 1024)
        os.close(fd)
    return (time.process_time() - before) * 1000


def top(args):
    """Runs all full-screen programs side by side, so that each round covers the same time for all."""
    processes = sleepers(args.processes)
    # btop reads its interval from a configuration file. In an empty directory it uses its default of two seconds.
    os.environ["XDG_CONFIG_HOME"] = config = tempfile.mkdtemp()
    os.makedirs(os.path.join(config, "btop"))
    with open(os.path.join(config, "btop", "btop.conf"), "w") as file:
        file.write('update_ms = 1000\nproc_sorting = "cpu direct"\n')
    running = {name: in_terminal(c, b"q") for name, c in SCREENS.items() if shutil.which(c[0])}
    try:
        rounds = {name: [] for name in running}
        floors = []
        watch(running, 4)  # leave out the cost of starting
        for _ in range(args.rounds):
            before = {name: spent(pid) for name, (pid, _, _) in running.items()}
            watch(running, args.seconds)
            for name, (pid, _, _) in running.items():
                rounds[name].append((spent(pid) - before[name]) / args.seconds)
            floors.append(stat_of_each([process.pid for process in processes]))
        ours = rounds["psoxide"]
        for name, each in rounds.items():
            ratio = statistics.median(theirs / mine for theirs, mine in zip(each, ours))
            print(f"{name:10} {statistics.median(each):9.2f} ms a second   {ratio:6.2f}x   {' '.join(SCREENS[name])}")
        print(f"{'stat alone':10} {statistics.median(floors):9.2f} ms a second, by open, read and close in this script")
    finally:
        for pid, fd, keys in running.values():
            os.write(fd, keys)
            time.sleep(0.5)
            os.close(fd)
            if os.waitpid(pid, os.WNOHANG) == (0, 0):
                os.kill(pid, signal.SIGKILL)  # btm waits for its terminal, which is gone
                os.waitpid(pid, 0)
        end(processes)
        shutil.rmtree(config)
    for name in SCREENS.keys() - running.keys():
        print(f"{name:10} is not installed")


def versions(_):
    for command in [[PSOXIDE], ["ps"], ["ss"], ["htop"], ["btop"], ["procs"], ["btm"]]:
        if shutil.which(command[0]):
            said = subprocess.run([*command, "--version"], capture_output=True, text=True, check=False).stdout
            print(said.strip().splitlines()[0])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["startup", "ps", "netstat", "top", "versions"])
    parser.add_argument("--processes", type=int, help="how many more to start (5000; 1000 for top)")
    parser.add_argument("--sockets", type=int, default=10_000)
    parser.add_argument("--seconds", type=int, default=10, help="length of a round of top")
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    args.processes = args.processes or (1000 if args.what == "top" else 5000)
    if not os.path.exists(PSOXIDE):
        sys.exit(f"{PSOXIDE} is missing: cargo build --release -p psoxide-cli")
    {"startup": startup, "ps": ps, "netstat": netstat, "top": top, "versions": versions}[args.what](args)


if __name__ == "__main__":
    main()
