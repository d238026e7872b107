"""Compares the CPU time of psoxide and psutil in one process, by turns. See ../README.md.

`cargo xtask bench-python` starts this script where both packages are installed. The exit status is 1 if a target is
missed. Each target is somewhat below what was measured with the default backend.
"""

import argparse
import gc
import os
import statistics
import subprocess
import sys
import time

import populations
import psoxide
import psutil

ROUNDS = 15
missed = []


def compare(title, target, work, rounds=ROUNDS, seconds=0.02):
    """Measures `work(package)` for both packages. Each runs in a round as often as fits into `seconds`."""
    calls = {}
    for package in (psutil, psoxide):
        work(package)
        start = time.process_time()
        work(package)
        calls[package] = max(1, min(2000, int(seconds / max(time.process_time() - start, 1e-6))))
    costs = {psutil: [], psoxide: []}
    for number in range(rounds):
        for package in (psutil, psoxide) if number % 2 else (psoxide, psutil):
            gc.collect()
            start = time.process_time()
            for _ in range(calls[package]):
                work(package)
            costs[package].append((time.process_time() - start) / calls[package])
    return report(title, target, costs[psutil], costs[psoxide])


def report(title, target, theirs, ours):
    ratio = statistics.median(a / max(b, 1e-9) for a, b in zip(theirs, ours))
    wanted = "" if target is None else f">= {target}x"
    if target is not None and ratio < target:
        missed.append(title)
        wanted += "  MISSED"
    theirs, ours = (statistics.median(costs) * 1e6 for costs in (theirs, ours))
    print(f"{title:44}{theirs:12.1f}{ours:12.1f}{ratio:9.1f}x  {wanted}", flush=True)
    return ratio


ONE_FILE = ["cpu_num", "cpu_times", "gids", "io_counters", "memory_info", "name", "num_ctx_switches", "num_threads",
            "ppid", "status", "terminal", "uids"]  # fmt: skip
# The attributes that psutil's own benchmark of oneshot() reads.
ONESHOT = ["cpu_num", "cpu_times", "create_time", "gids", "memory_info", "memory_percent", "name", "num_ctx_switches",
           "num_threads", "ppid", "status", "terminal", "uids", "username"]  # fmt: skip
EIGHT = ["pid", "name", "username", "cpu_percent", "memory_info", "status", "create_time", "cmdline"]
# getloadavg() is left out, because psutil's is os.getloadavg itself.
SYSTEM = {
    "boot_time()": lambda package: package.boot_time(),
    "cpu_count()": lambda package: package.cpu_count(),
    "cpu_count(logical=False)": lambda package: package.cpu_count(logical=False),
    "cpu_freq()": lambda package: package.cpu_freq(),
    "cpu_percent()": lambda package: package.cpu_percent(),
    "cpu_stats()": lambda package: package.cpu_stats(),
    "cpu_times()": lambda package: package.cpu_times(),
    "cpu_times(percpu=True)": lambda package: package.cpu_times(percpu=True),
    "cpu_times_percent()": lambda package: package.cpu_times_percent(),
    "disk_io_counters()": lambda package: package.disk_io_counters(),
    "disk_partitions()": lambda package: package.disk_partitions(),
    "disk_usage()": lambda package: package.disk_usage("/"),
    "heap_info()": lambda package: package.heap_info(),
    "net_if_addrs()": lambda package: package.net_if_addrs(),
    "net_if_stats()": lambda package: package.net_if_stats(),
    "net_io_counters()": lambda package: package.net_io_counters(),
    "pid_exists()": lambda package: package.pid_exists(1),
    "sensors_battery()": lambda package: package.sensors_battery(),
    "sensors_fans()": lambda package: package.sensors_fans(),
    "sensors_temperatures()": lambda package: package.sensors_temperatures(),
    "swap_memory()": lambda package: package.swap_memory(),
    "users()": lambda package: package.users(),
    "virtual_memory()": lambda package: package.virtual_memory(),
}


def getters():
    with populations.processes(1) as [pid]:
        # The name of a process that has just started is read with more care, because it may execute another program.
        time.sleep(2)
        readers = {package: package.Process(pid) for package in (psutil, psoxide)}

        for name in ONE_FILE:
            # The kernel takes most of the time for /proc/PID/status. See the bare reads below.
            target = 1.5 if name == "num_ctx_switches" else 2.5
            compare(f"Process.{name}()", target, lambda package, name=name: getattr(readers[package], name)())

        def oneshot(package):
            process = readers[package]
            with process.oneshot():
                for name in ONESHOT:
                    getattr(process, name)()

        compare(f"oneshot() of {len(ONESHOT)}", 3.5, oneshot)
        compare("Process()", None, lambda package: package.Process(pid))
        floor(pid)
    with populations.helper("sockets", 7) as pid:
        compare("Process.net_connections(), 7 sockets", 6, lambda package: package.Process(pid).net_connections())


def floor(pid):
    """Measures bare reads of the files. Most of this time is the kernel's own work."""

    def bare(name):
        descriptor = os.open(f"/proc/{pid}/{name}", os.O_RDONLY)
        os.read(descriptor, 4096)
        os.close(descriptor)

    for name in ("stat", "statm", "status"):
        costs = []
        for _ in range(ROUNDS):
            start = time.process_time()
            for _ in range(1000):
                bare(name)
            costs.append((time.process_time() - start) / 1000)
        print(f"{f'bare open, read and close of {name}':44}{'':12}{statistics.median(costs) * 1e6:12.1f}")


def system():
    ratios = [compare(title, None, work) for title, work in SYSTEM.items()]
    mean = statistics.geometric_mean(ratios)
    print(f"{'system-wide calls, geometric mean':44}{'':24}{mean:9.1f}x  >= 3x" + "  MISSED" * (mean < 3))
    if mean < 3:
        missed.append("system-wide calls")


def iteration(count):
    with populations.processes(count) as pids:
        compare(f"process_iter(8 attributes), {count} processes", 4, lambda p: list(p.process_iter(EIGHT)), 5)
        compare(f"process_iter(), {count} processes", 1.5, lambda p: list(p.process_iter()), 5)
        compare("pids()", None, lambda p: p.pids(), 5)
        objects(pids)


def objects(pids):
    """Measures the memory of Process objects, in separate programs."""
    program = (
        "import sys, {0}\n"
        "kept = [{0}.Process(int(pid)) for pid in sys.stdin.read().split()]\n"
        "print([line for line in open('/proc/self/status') if line.startswith('VmRSS')][0].split()[1])"
    )
    sizes = {}
    for package in ("psutil", "psoxide"):
        command = [sys.executable, "-c", program.format(package)]
        runs = [int(subprocess.check_output(command, input=" ".join(map(str, pids)), text=True)) for _ in range(3)]
        sizes[package] = statistics.median(runs)
    ratio = sizes["psutil"] / sizes["psoxide"]
    title = f"RSS with {len(pids)} Process objects (KiB)"
    print(f"{title:44}{sizes['psutil']:12}{sizes['psoxide']:12}{ratio:9.2f}x  >= 1x" + "  MISSED" * (ratio < 1))
    if ratio < 1:
        missed.append(title)


def large():
    with populations.helper("sockets", 10_000):
        compare("net_connections(), 10,000 sockets", 3, lambda package: package.net_connections(), 5)
    with populations.helper("mappings", 20_000) as pid:
        compare("Process.memory_maps(), 20,000 mappings", 4, lambda package: package.Process(pid).memory_maps(), 5)
    with populations.helper("fds", 10_000) as pid:
        readers = {package: package.Process(pid) for package in (psutil, psoxide)}
        compare("Process.num_fds(), 10,000 fds", 500, lambda package: readers[package].num_fds())
        compare("Process.open_files(), 10,000 fds", None, lambda package: package.Process(pid).open_files(), 5)
    with populations.helper("tree", 3_000) as pid:
        compare("children(recursive=True), 3,000 nodes", 5, lambda p: p.Process(pid).children(recursive=True), 5)


def imports():
    """Measures what an import adds to the start of an interpreter."""

    def cost(statement):
        start = populations.children_cpu()
        for _ in range(5):
            subprocess.run([sys.executable, "-I", "-c", statement], check=True)
        return (populations.children_cpu() - start) / 5

    rounds = [[cost(text) for text in ("pass", "import psutil", "import psoxide")] for _ in range(9)]
    bare = statistics.median(row[0] for row in rounds)
    report("import", 4, [row[1] - bare for row in rounds], [max(row[2] - bare, 1e-5) for row in rounds])


PARTS = {"getters": getters, "system": system, "iteration": iteration, "large": large, "import": imports}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", default=list(PARTS), help=f"of {', '.join(PARTS)}; all of them")
    parser.add_argument("--processes", type=int, default=5000, help="how many to start for process_iter()")
    arguments = parser.parse_args()
    if unknown := set(arguments.parts) - set(PARTS):
        parser.error(f"no such parts: {', '.join(sorted(unknown))}")
    print(f"Python {sys.version.split()[0]}, psutil {psutil.__version__}, Linux {os.uname().release}; CPU time in µs")
    print(f"{'':44}{'psutil':>12}{'psoxide':>12}{'ratio':>10}  target")
    for part in arguments.parts:
        PARTS[part](arguments.processes) if part == "iteration" else PARTS[part]()
    if missed:
        print(f"missed: {', '.join(missed)}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
