"""Runs the work named on standard input with psutil's API, and prints its CPU time in seconds."""

import importlib
import sys
import time

ps = importlib.import_module(sys.argv[1])
EIGHT = ["pid", "name", "username", "cpu_percent", "memory_info", "status", "create_time", "cmdline"]
processes = {}


def process(pid):
    if pid not in processes:
        processes[pid] = ps.Process(pid)
    return processes[pid]


WORK = {
    "process_iter": lambda pid: sum(1 for _ in ps.process_iter(EIGHT)),
    "process_iter_short": lambda pid: sum(1 for _ in ps.process_iter(EIGHT[:-1])),
    "name": lambda pid: len(process(pid).name()),
    "memory_info": lambda pid: len(process(pid).memory_info()),
    "num_fds": lambda pid: process(pid).num_fds(),
    "open_files": lambda pid: len(process(pid).open_files()),
    "threads": lambda pid: len(process(pid).threads()),
    "children": lambda pid: len(process(pid).children(recursive=True)),
    "memory_maps": lambda pid: len(process(pid).memory_maps(grouped=False)),
    "net_connections": lambda pid: len(ps.net_connections()),
    "process_net_connections": lambda pid: len(process(pid).net_connections()),
}

for line in sys.stdin:
    name, pid, calls = line.split()
    work, pid = WORK[name], int(pid)
    start = time.process_time()
    for _ in range(int(calls)):
        found = work(pid)
    print(time.process_time() - start, found, flush=True)
