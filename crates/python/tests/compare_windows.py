"""Every call of psutil on Windows, made to psutil and to psoxide: same names, types, fields; same values where nothing
moves. Run by `cargo xtask windows` in a Windows Python, with the folder of both packages as the argument.
"""

import ctypes
import os
import signal
import socket
import struct
import subprocess
import sys

sys.path.insert(0, sys.argv[1])

import psoxide  # noqa: E402
import psutil  # noqa: E402

# What differs under Wine, and why. Elsewhere all of it has to be the same.
WINE = {
    "getloadavg": "psutil's performance counters are not there",
    "swap_memory": "psutil's performance counters are not there",
    "boot_time": "Wine's boot is its own start; psutil counts back from the machine's uptime",
    "pid_exists 0": "there is no idle process; psutil says yes without a look",
    "users": "psutil does not get along with a session that has no client",
    "memory_full_info": "psutil's QueryWorkingSet is not there; the other call tells a process of itself alone",
}
wine = "PSOXIDE_WINE" in os.environ

failures = []
known = 0
compared = 0


def shape(value, depth=0):
    """What of a value does not move: its type and the names in it."""
    kind = type(value).__name__
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return (kind, value._fields, tuple(shape(item, depth + 1) for item in value))
    if isinstance(value, dict):
        return (kind, tuple(sorted({shape(item, depth + 1) for item in value.values()}, key=repr)))
    if isinstance(value, (list, set)):
        return (kind, tuple(sorted({shape(item, depth + 1) for item in value}, key=repr)))
    return kind


def outcome(fun):
    """What a call returns, or the name of what it raises."""
    try:
        return fun()
    except Exception as err:  # both raise the same
        return f"raises {type(err).__name__}"


def compare(what, fun, exact=False, near=None):
    """The same call of both; `exact` if nothing moves, `near` for numbers that may."""
    global compared, known
    compared += 1
    theirs, ours = outcome(lambda: fun(psutil)), outcome(lambda: fun(psoxide))
    same = shape(theirs) == shape(ours)
    if exact:
        same = same and theirs == ours
    if near is not None and same:
        same = abs(theirs - ours) <= near
    if not same and wine and what.rpartition(".")[2] in WINE:
        known += 1
    elif not same:
        failures.append(what)
        print(f"DIFFERS {what}\n  psutil:  {theirs!r}\n  psoxide: {ours!r}")


# --- Names

public = {name for name in psutil.__all__ if not name.startswith("__")}
missing = sorted(public - set(psoxide.__all__))
if missing:
    failures.append("__all__")
    print("DIFFERS __all__: psoxide lacks", missing)
members = {name for name in dir(psutil.Process) if not name.startswith("_")}
lacking = sorted(members - set(dir(psoxide.Process)))
if lacking:
    failures.append("Process")
    print("DIFFERS Process: psoxide lacks", lacking)
extra = sorted({name for name in dir(psoxide.Process) if not name.startswith("_")} - members - set(psoxide._ADDED) - {"attrs"})
if extra:
    failures.append("Process")
    print("DIFFERS Process: psutil lacks", extra)
for name in sorted(public):
    value = getattr(psutil, name)
    if isinstance(value, (str, int, bool)):
        compare(name, lambda of, name=name: getattr(of, name), exact=True)

# --- The machine

compare("cpu_count", lambda of: of.cpu_count(), exact=True)
compare("cpu_count cores", lambda of: of.cpu_count(logical=False), exact=True)
for percpu in (False, True):
    compare(f"cpu_times {percpu}", lambda of: of.cpu_times(percpu=percpu))
    compare(f"cpu_percent {percpu}", lambda of: of.cpu_percent(interval=0.1, percpu=percpu))
    compare(f"cpu_times_percent {percpu}", lambda of: of.cpu_times_percent(interval=0.1, percpu=percpu))
    compare(f"cpu_freq {percpu}", lambda of: of.cpu_freq(percpu=percpu))
compare("cpu_stats", lambda of: of.cpu_stats())
compare("getloadavg", lambda of: of.getloadavg())
compare("virtual_memory", lambda of: of.virtual_memory())
compare("virtual_memory total", lambda of: of.virtual_memory().total, exact=True)
compare("swap_memory", lambda of: of.swap_memory())
compare("heap_info", lambda of: of.heap_info())
compare("heap_trim", lambda of: of.heap_trim())
compare("boot_time", lambda of: of.boot_time(), near=3)
compare("pids", lambda of: of.pids(), exact=True)
for pid in (os.getpid(), 0, -1, 2**31 - 1):
    compare(f"pid_exists {pid}", lambda of: of.pid_exists(pid), exact=True)
compare("users", lambda of: of.users())
compare("sensors_battery", lambda of: of.sensors_battery(), exact=True)
for all_ in (False, True):
    compare(f"disk_partitions {all_}", lambda of: [tuple(part) for part in of.disk_partitions(all=all_)], exact=True)
compare("disk_usage", lambda of: of.disk_usage("C:\\"))
compare("disk_usage total", lambda of: of.disk_usage("C:\\").total, exact=True)
compare("disk_usage of nothing", lambda of: of.disk_usage("C:\\nothing here"))
for each in (False, True):
    compare(f"disk_io_counters {each}", lambda of: of.disk_io_counters(perdisk=each))
    compare(f"net_io_counters {each}", lambda of: of.net_io_counters(pernic=each))
compare("net_io_counters names", lambda of: sorted(of.net_io_counters(pernic=True)), exact=True)
compare("net_if_addrs", lambda of: {nic: [tuple(a) for a in addrs] for nic, addrs in of.net_if_addrs().items()}, exact=True)
compare("net_if_stats", lambda of: {nic: tuple(stats) for nic, stats in of.net_if_stats().items()}, exact=True)

listener = socket.create_server(("127.0.0.1", 0))
client = socket.create_connection(listener.getsockname())
datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
datagrams.bind(("127.0.0.1", 0))
for kind in ("all", "inet", "inet4", "inet6", "tcp", "tcp4", "tcp6", "udp", "udp4", "udp6", "nothing"):
    compare(f"net_connections {kind}", lambda of: sorted(map(tuple, of.net_connections(kind)), key=repr), exact=True)
    compare(
        f"Process.net_connections {kind}",
        lambda of: sorted(map(tuple, of.Process().net_connections(kind)), key=repr),
        exact=True,
    )

# --- Services

compare("win_service_iter", lambda of: sorted(service.name() for service in of.win_service_iter()), exact=True)
for service in list(psutil.win_service_iter()):
    name = service.name()
    compare(f"service {name}", lambda of: of.win_service_get(name).as_dict(), exact=True)
    for part in ("display_name", "binpath", "username", "start_type", "status", "pid", "description"):
        compare(f"service {name}.{part}", lambda of: getattr(of.win_service_get(name), part)(), exact=True)
compare("service that is not", lambda of: of.win_service_get("no such service"))

# --- Processes

child = subprocess.Popen(
    [sys.executable, "-c", "print(flush=True); open(0).read()", "two words", 'a"b'],
    stdin=subprocess.PIPE,
    stdout=subprocess.PIPE,
)
# It has begun, and opens no files any more.
child.stdout.readline()
EXACT = {
    "pid", "name", "exe", "cmdline", "cwd", "environ", "username", "create_time", "ppid", "nice", "status",
    "cpu_affinity", "num_threads", "num_ctx_switches", "num_handles",
}  # fmt: skip
# Wine fails them in its own ways.
SHAPELESS = {"as_dict", "children", "connections", "is_running", "kill", "net_connections", "oneshot", "parent", "parents",
             "resume", "send_signal", "suspend", "terminate", "wait"}  # fmt: skip
try:
    others = [pid for pid in psutil.pids() if pid not in (child.pid, os.getpid())]
    for pid in (child.pid, os.getpid(), *others[:6]):
        for name in sorted(members - SHAPELESS):
            mine = pid in (child.pid, os.getpid())
            compare(
                f"Process({pid}).{name}",
                lambda of: getattr(of.Process(pid), name)() if name != "pid" else of.Process(pid).pid,
                exact=name in EXACT and (mine or name not in ("num_threads", "num_ctx_switches", "num_handles")),
            )
    compare("children", lambda of: sorted(p.pid for p in of.Process().children(recursive=True)), exact=True)
    compare("parent", lambda of: of.Process(child.pid).parent().pid, exact=True)
    compare("is_running", lambda of: of.Process(child.pid).is_running(), exact=True)
    compare("as_dict", lambda of: sorted(of.Process(child.pid).as_dict(attrs=["pid", "name", "cmdline"]).items()), exact=True)
    compare("process_iter", lambda of: [p.info["name"] for p in of.process_iter(["name"])], exact=True)
    compare("no such process", lambda of: of.Process(2**31 - 1))
    compare("signal", lambda of: of.Process(child.pid).send_signal(signal.SIGABRT))
    compare("priority", lambda of: of.Process(child.pid).nice(of.BELOW_NORMAL_PRIORITY_CLASS))
    compare("priority set", lambda of: of.Process(child.pid).nice(), exact=True)
    compare("affinity", lambda of: of.Process(child.pid).cpu_affinity([0]))
    compare("affinity set", lambda of: of.Process(child.pid).cpu_affinity(), exact=True)
    compare("affinity refused", lambda of: of.Process(child.pid).cpu_affinity([5000]))
    compare("wait timeout", lambda of: of.Process(child.pid).wait(0.01))
    compare("suspend", lambda of: of.Process(child.pid).suspend())
    compare("resume", lambda of: of.Process(child.pid).resume())
    # Nobody may do anything with it any more: a descriptor with nothing but an empty list of rights, at its byte 20.
    descriptor = struct.pack("<BBHIIIIBBHHH", 1, 0, 0x8004, 0, 0, 0, 20, 2, 0, 8, 0, 0)
    kernel, security = ctypes.WinDLL("kernel32"), ctypes.WinDLL("advapi32")
    handle = kernel.OpenProcess(0x40000, False, child.pid)  # WRITE_DAC
    assert handle and security.SetKernelObjectSecurity(handle, 4, descriptor)  # DACL_SECURITY_INFORMATION
    kernel.CloseHandle(handle)
    for name in sorted(members - SHAPELESS | {"children", "is_running", "kill", "net_connections", "parent", "resume", "suspend"}):
        if name != "pid":
            compare(f"refused.{name}", lambda of: getattr(of.Process(child.pid), name)(), exact=name in EXACT)
    compare("refused.as_dict", lambda of: of.Process(child.pid).as_dict(), exact=False)
    compare("refused.wait", lambda of: of.Process(child.pid).wait(0))
finally:
    child.stdin.close()
    child.wait()


def ended(of, how):
    process = of.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    how(process)
    return process.wait(20)


compare("terminate", lambda of: ended(of, lambda p: p.terminate()), exact=True)
compare("kill", lambda of: ended(of, lambda p: p.kill()), exact=True)
compare("exit code", lambda of: of.Popen([sys.executable, "-c", "import os; os._exit(7)"]).wait(20), exact=True)
compare("wait_procs", lambda of: tuple(map(len, of.wait_procs([of.Process()], timeout=0))), exact=True)

print(f"{compared} calls compared, {known} differ as Wine makes them, {len(failures)} otherwise")
sys.exit(bool(failures))
