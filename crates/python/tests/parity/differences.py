"""Calls every function and every getter of psutil and psoxide on the same live machine, and prints what differs.

Runs where both are installed. Each reading is taken three times, psutil's before and after ours: what stands still must
be equal, what moves must lie between. The exit status is 1 if anything differs that EXPECTED does not name.
"""

import collections
import contextlib
import copy
import enum
import fnmatch
import inspect
import os
import pickle
import random
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import warnings

import psoxide
import psutil

# What differs on purpose: (place, text) as patterns -> reason.
KERNEL_THREAD = "the environ of a kernel thread answers ESRCH on new kernels; psutil takes the thread for gone"
AS_DICT = "as_dict() keeps the order it is given; psutil's is that of a set, and changes from run to run"
BPF = "read from the kernel's own tables, where /proc refuses a user who may load BPF programs"
NUM_FDS = "everyone may see how many files a process has open; psutil lists them, which is refused"
LIMITS = "/proc shows the limits of a process to everyone, where prlimit(2) is refused"
NO_SYS = "a machine without /sys has no battery; psutil fails"
CONVERSION = "Python 3.9 has other words for what is no integer, by the way in which C asks for one"
EXPECTED = {
    ("*(1.5)*", "*psutil has *integer argument expected, got float*"): CONVERSION,
    ("*.nice('x')*", "*psutil has *an integer is required (got type str)*"): CONVERSION,
    ("*.num_fds()", "type int, psutil's is Raised: * | psutil.AccessDenied*"): NUM_FDS,
    ("*.rlimit(?)", "type tuple, psutil's is Raised: * | psutil.AccessDenied*"): LIMITS,
    ("sensors_battery()", "type NoneType, psutil's is Raised: None | FileNotFoundError*"): NO_SYS,
    ("*.as_dict(*)", "order *"): AS_DICT,
    ("*.open_files()", "type list, psutil's is Raised: * | psutil.AccessDenied*"): BPF,
    ("*.environ()", "type dict, psutil's is Raised: {} | psutil.NoSuchProcess*"): KERNEL_THREAD,
    ("kernel thread.set(as_dict())", "type set, psutil's is Raised*"): KERNEL_THREAD,
    ("process_iter(??)*", "only in psoxide"): KERNEL_THREAD,  # attrs=[] is all of them
}
if sys.platform == "darwin":
    EXPECTED |= {
        ("cpu_stats()*", "*"): "psutil shows counts of pages as context switches, interrupts and system calls",
        ("*.memory_full_info().uss", "*"): "the kernel's own count of the footprint; psutil adds up regions that may change",
    }

# What moves both ways between two looks, and how far it may: a share of the larger value, and an absolute part.
WOBBLE = {
    "virtual_memory().*": (0.05, 256 << 20),
    "swap_memory().*": (0.05, 256 << 20),
    "cpu_freq()*.current": (0.9, 5000.0),
    "disk_usage(*).*": (0.01, 256 << 20),
    "getloadavg()*": (0.2, 2.0),
    "heap_info().*": (1.0, 64 << 20),
    "sensors_*": (0.3, 20.0),
    "cpu_percent(*": (1.0, 100.0),
    "cpu_times_percent(*": (1.0, 100.0),
    "*.cpu_percent()": (1.0, 400.0),
    "*.memory_percent(*": (0.2, 0.5),
    "*.memory_*info().*": (0.1, 4 << 20),
    "*.memory_maps(*": (0.5, 4 << 20),
    "*.num_threads()": (0.5, 8),
    "*.num_fds()": (0.5, 8),
    "*.cpu_num()": (1.0, 4096),
}

found = []
# What was compared, by its place: so that nothing is left out.
compared = set()


def differs(place, text):
    found.append((place, text))


# Comparing values


def kind(value):
    """A type as programs see it: not by its module, which has the package's name."""
    cls = type(value)
    return cls.__name__.lower() if issubclass(cls, (psutil.Process, psoxide.Process)) else cls.__name__


def compare(place, before, ours, after):
    """`before` and `after` are psutil's."""
    if kind(ours) not in (kind(before), kind(after)):
        return differs(place, f"type {kind(ours)}, psutil's is {kind(before)}: {ours!r:.200} | {before!r:.200}")
    if kind(before) != kind(after):
        before = after = before if kind(before) == kind(ours) else after
    if isinstance(ours, psoxide.Process):
        return compare(f"{place}.pid", before.pid, ours.pid, after.pid)
    if isinstance(ours, enum.Enum):
        if ours.value not in (before.value, after.value) or ours.name not in (before.name, after.name):
            differs(place, f"{ours!r}, psutil has {before!r}")
        return None
    if isinstance(ours, Raised):
        return compare(place, before.told, ours.told, after.told)
    if hasattr(ours, "_fields"):
        if ours._fields != before._fields:
            return differs(place, f"fields {ours._fields}, psutil's are {before._fields}")
        for name, *values in zip(ours._fields, before, ours, after):
            compare(f"{place}.{name}", *values)
        return None
    if isinstance(ours, dict):
        moved = set(before) ^ set(after)
        for key in (set(before) ^ set(ours)) - moved:
            differs(f"{place}[{key!r}]", "only in " + ("psoxide" if key in ours else "psutil"))
        for key in set(before) & set(ours) & set(after):
            compare(f"{place}[{key!r}]", before[key], ours[key], after[key])
        if list(ours) != list(before) and list(before) == list(after) and set(ours) == set(before):
            differs(place, f"order {list(ours)}, psutil's is {list(before)}")
        return None
    if isinstance(ours, (list, tuple)):
        if len(ours) != len(before):
            if len(ours) != len(after):
                differs(place, f"{len(ours)} items, psutil has {len(before)}: {ours!r:.300} | {before!r:.300}")
            return None
        if len(after) != len(before):
            after = before
        for number, values in enumerate(zip(before, ours, after)):
            compare(f"{place}[{number}]", *values)
        return None
    if ours in (before, after):
        return None
    if isinstance(ours, (int, float)) and not isinstance(ours, bool):
        low, high = sorted((before, after))
        if low <= ours <= high:
            return None
        for pattern, (share, part) in WOBBLE.items():
            if fnmatch.fnmatchcase(place, "*" + pattern.replace("[", "[[]")):
                room = max(share * max(abs(low), abs(high), abs(ours)), part)
                if low - room <= ours <= high + room:
                    return None
    return differs(place, f"{ours!r}, psutil has {before!r}" + (f" and then {after!r}" if after != before else ""))


class Raised:
    """An exception as a value: class, text, and what it carries."""

    def __init__(self, error, package):
        told = {"class": type(error).__name__, "bases": [cls.__name__ for cls in type(error).__mro__]}
        told["str"], told["repr"] = str(error), repr(error).replace(package, "psutil")
        told["module"] = type(error).__module__.replace(package, "psutil")
        for name in ("pid", "name", "ppid", "msg", "seconds", "errno", "filename"):
            if hasattr(error, name):
                told[name] = getattr(error, name)
        self.told = told

    def __repr__(self):
        return self.told["repr"]


def attempt(package, function):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            value = function()
        except Exception as error:
            value = Raised(error, package.__name__)
    # What goes with the value: the warnings.
    return value, [f"{w.category.__name__}: {str(w.message).replace(package.__name__, 'psutil')}" for w in caught]


def unordered(value):
    """In one order: psutil promises none for these, and takes them from a set."""
    return sorted(value, key=repr) if isinstance(value, list) else value


def both(place, call, order=None, tries=5):
    """Compares `call(psutil)` with `call(psoxide)`; what passes quickly may differ, but not each time."""
    compared.add(place)
    for left in reversed(range(tries)):
        known = len(found)
        (before, _), (ours, our_warnings), (after, warned) = (
            attempt(package, lambda package=package: call(package)) for package in (psutil, psoxide, psutil)
        )
        if order is not None:
            before, ours, after = map(order, (before, ours, after))
        compare(place, before, ours, after)
        if our_warnings != warned:
            differs(place, f"warnings {our_warnings}, psutil's are {warned}")
        if len(found) == known or not left:
            return
        del found[known:]
        time.sleep(0.02 * random.random())


# What is called

# What psoxide has of psutil 8, and what either keeps to itself.
ADDED = {
    "bytes2human", "ProcessStatus", "ConnectionStatus", "ProcessRlimit", "ProcessIOPriority", "NicDuplex", "BatteryTime",
    "attrs", "memory_footprint", "memory_info_ex", "page_faults", "set_backend", "open_capture", "close_capture",
}  # fmt: skip
PRIVATE = {name for package in (psutil, psoxide) for name in dir(package.Popen) if re.match("_[^_]", name)} | {
    "__copy__", "__getattr__", "__reduce_ex__", "__static_attributes__", "__firstlineno__",
}  # fmt: skip


def surface():
    """Names, constants and signatures."""
    both("set(__all__)", lambda package: set(package.__all__) - ADDED)
    both("set(dir(Process))", lambda package: set(dir(package.Process)) - ADDED - PRIVATE)
    both("set(dir(Popen))", lambda package: set(dir(package.Popen)) - ADDED - PRIVATE)
    for name in sorted(set(dir(psutil)) - {"_psplatform"}):
        if not name.startswith("_") and not hasattr(psoxide, name):
            differs(name, "missing")
    for name in psutil.__all__:
        theirs, ours = getattr(psutil, name), getattr(psoxide, name, None)
        if inspect.isclass(theirs):
            both(f"{name}.__mro__", lambda package: [cls.__name__ for cls in getattr(package, name).__mro__])
            members(name, theirs, ours)
        elif callable(theirs):
            signature(name, theirs, ours)
        elif not inspect.ismodule(theirs):
            both(name, lambda package: getattr(package, name))
            both(f"repr({name})", lambda package: repr(getattr(package, name)).replace(package.__name__, "psutil"))


def members(name, theirs, ours):
    for member in dir(theirs):
        if member.startswith("_") and member not in ("__init__", "__eq__", "__hash__", "__reduce__", "__enter__"):
            continue
        if not hasattr(ours, member):
            differs(f"{name}.{member}", "missing")
        elif callable(getattr(theirs, member)):
            signature(f"{name}.{member}", getattr(theirs, member), getattr(ours, member))


def signature(name, theirs, ours):
    if getattr(theirs, "__doc__", None) and not getattr(ours, "__doc__", None):
        differs(f"__doc__ of {name}", "missing")
    for attribute in ("__name__", "__qualname__"):
        names = [getattr(function, attribute, None) for function in (theirs, ours)]
        if names[0] != names[1]:
            differs(f"{attribute} of {name}", f"{names[1]}, psutil's is {names[0]}")
    # What psoxide adds.
    added = {"disk_usage": "(path, timeout=None)"}
    try:
        expected = added.get(name) or str(inspect.signature(theirs))
    except (TypeError, ValueError):
        return
    try:
        actual = str(inspect.signature(ours))
    except (TypeError, ValueError) as error:
        actual = str(error)
    if actual != expected:
        differs(f"signature of {name}", f"{actual}, psutil's is {expected}")


# What a boolean parameter is given.
TRUTHS = [True, False, 1, 0, None]


def functions():
    for name in ("boot_time", "cpu_count", "cpu_stats", "getloadavg", "virtual_memory", "swap_memory", "pids",
                 "users", "net_if_addrs", "net_if_stats", "sensors_battery", "sensors_fans", "heap_info",
                 "sensors_temperatures", "cpu_freq", "heap_trim", "cpu_times", "cpu_times_percent"):  # fmt: skip
        both(f"{name}()", lambda package: getattr(package, name)())
    for name, argument, values in [
        ("cpu_count", "logical", TRUTHS),
        ("cpu_freq", "percpu", TRUTHS),
        ("cpu_times", "percpu", TRUTHS),
        ("disk_partitions", "all", TRUTHS),
        ("disk_io_counters", "perdisk", TRUTHS),
        ("disk_io_counters", "nowrap", TRUTHS),
        ("net_io_counters", "pernic", TRUTHS),
        ("net_io_counters", "nowrap", TRUTHS),
        ("sensors_temperatures", "fahrenheit", TRUTHS),
    ]:
        for value in values:
            both(f"{name}({argument}={value})", lambda package: getattr(package, name)(**{argument: value}))
    for interval in (None, 0.05):
        for percpu in TRUTHS:
            both(f"cpu_percent({interval}, {percpu})", lambda p: p.cpu_percent(interval, percpu))
            both(f"cpu_times_percent({interval}, {percpu})", lambda p: p.cpu_times_percent(interval, percpu))
    for path in ("/", b"/", 0, "/nonexistent", "/proc", None, 1.5, "a\0b", b"a\0b"):
        both(f"disk_usage({path!r})", lambda package: package.disk_usage(path))
    for kind_ in ("all", "inet", "inet4", "inet6", "tcp", "tcp4", "tcp6", "udp", "udp4", "udp6", "unix"):
        both(f"net_connections({kind_!r})", lambda package: package.net_connections(kind_), unordered)
    for pid in (0, 1, -1, os.getpid(), 2**22 + 1, 2**40, 2**70, "1", 1.5, None, threading.get_native_id()):
        both(f"pid_exists({pid!r})", lambda package: package.pid_exists(pid))
        both(f"Process({pid!r})", lambda package: package.Process(pid))
    for call in ("cpu_percent(-1)", "cpu_times_percent(-1)", "net_connections('x')", "net_connections(None)",
                 "list(process_iter(attrs=['x']))", "wait_procs([], timeout=-1)",
                 "wait_procs([])", "wait_procs(1)", "Popen(['/nonexistent'])", "Popen()",
                 "NoSuchProcess(1)", "ZombieProcess(1, 'n', 2)", "AccessDenied()", "TimeoutExpired(1.5, 2)",
                 "NoSuchProcess(0, 'x', 'm')", "Error('x')", "AccessDenied(3, msg='m')"):  # fmt: skip
        both(call, lambda package: expression(package, call))


def expression(package, text):
    value = eval(text, vars(package))
    return Raised(value, package.__name__) if isinstance(value, Exception) else value


def copies():
    """What copying and pickling make of each kind of value."""

    def pickled(value):
        return [pickle.loads(pickle.dumps(value, protocol)) for protocol in range(pickle.HIGHEST_PROTOCOL + 1)]

    ways = {"copy": lambda value: [copy.copy(value)], "deepcopy": lambda value: [copy.deepcopy(value)], "pickle": pickled}
    values = [
        "virtual_memory()", "swap_memory()", "cpu_times()", "cpu_times(percpu=True)", "cpu_stats()", "cpu_freq()", "users()",
        "disk_usage('/')", "disk_partitions()", "disk_io_counters()", "net_io_counters(pernic=True)", "net_if_addrs()",
        "net_if_stats()", "net_connections()", "heap_info()", "Process().memory_info()", "Process().memory_full_info()",
        "Process().memory_maps()", "Process().memory_maps(grouped=False)", "Process().cpu_times()", "Process().io_counters()",
        "Process().ionice()", "Process().num_ctx_switches()", "Process().open_files()", "Process().threads()",
        "Process().uids()", "Process().gids()", "Process().net_connections()", "AF_LINK", "NIC_DUPLEX_FULL",
        "IOPRIO_CLASS_RT", "POWER_TIME_UNKNOWN", "CONN_LISTEN",
    ]  # fmt: skip
    for text in values:
        for way, make in ways.items():

            def same(package):
                value = eval(text, vars(package))
                return [(again == value, type(again) is type(value)) for again in make(value)]

            both(f"{way} of {text}", same)
        # What was pickled with psutil can be read where psoxide has its place.
        theirs = eval(text, vars(psutil))
        again = pickle.loads(pickle.dumps(theirs, 0).replace(b"cpsutil.", b"cpsoxide."))
        if again != theirs or kind(again) != kind(theirs):
            differs(f"{text}, pickled by psutil", f"{again!r:.200} instead of {theirs!r:.200}")
    for text in ("NoSuchProcess(1, 'n', 'm')", "ZombieProcess(1, 'n', 2)", "AccessDenied(3)", "TimeoutExpired(1.5, 2, 'n')",
                 "Error('x')", "Process()", "Process(1)", "Popen"):  # fmt: skip
        for way, make in ways.items():

            def outcome(package):
                value = eval(text, vars(package))
                again = make(value)
                return [Raised(one, package.__name__) if isinstance(one, Exception) else (one == value) for one in again]

            both(f"{way} of {text}", outcome)


def nothing_left_out():
    """Every public function and method was called on both."""
    for name in psutil.__all__:
        if inspect.isroutine(getattr(psutil, name)) and not any(place.startswith(f"{name}(") for place in compared):
            differs(name, "was not compared")
    for name in dir(psutil.Process):
        called = inspect.isroutine(getattr(psutil.Process, name)) and not name.startswith("_")
        if called and not any(f".{name}(" in place for place in compared):
            differs(f"Process.{name}", "was not compared")


# The getters of a process; those that cost time are not asked of every process of the machine.
GETTERS = ["cmdline", "cpu_affinity", "cpu_num", "cpu_percent", "cpu_times", "create_time", "cwd", "environ", "exe",
           "gids", "io_counters", "ionice", "is_running", "memory_full_info", "memory_info", "memory_percent", "name",
           "nice", "num_ctx_switches", "num_fds", "num_threads", "open_files", "parent", "parents", "ppid", "status",
           "terminal", "threads", "uids", "username"]  # fmt: skip
SLOW = {
    "children()": lambda p: p.children(),
    **{f"children({truth})": lambda p, truth=truth: p.children(recursive=truth) for truth in TRUTHS},
    "connections()": lambda p: p.connections(),
    "memory_maps()": lambda p: p.memory_maps(),
    **{f"memory_maps({truth})": lambda p, truth=truth: p.memory_maps(grouped=truth) for truth in TRUTHS},
    "memory_percent('uss')": lambda p: p.memory_percent("uss"),
    "memory_percent('x')": lambda p: p.memory_percent("x"),
    "as_dict(['x'])": lambda p: p.as_dict(["x"]),
    "as_dict(1)": lambda p: p.as_dict(1),
    "as_dict(['pid', 'name'])": lambda p: p.as_dict(["pid", "name"]),
    "set(as_dict())": lambda p: set(p.as_dict()),
    "cpu_affinity(1)": lambda p: p.cpu_affinity(1),
    **{f"cpu_affinity([{cpu}])": lambda p, cpu=cpu: p.cpu_affinity([cpu]) for cpu in (-1, 99999, 2**40, 2**70)},
    "cpu_percent(-1)": lambda p: p.cpu_percent(-1),
    "ionice(2, 9)": lambda p: p.ionice(2, 9),
    "ionice(value=1)": lambda p: p.ionice(value=1),
    "ionice(None, 1)": lambda p: p.ionice(None, 1),
    "nice('x')": lambda p: p.nice("x"),
    "rlimit(99)": lambda p: p.rlimit(99),
    "rlimit(7, 1)": lambda p: p.rlimit(7, 1),
    "rlimit(7, (1, 2, 3))": lambda p: p.rlimit(7, (1, 2, 3)),
    "net_connections('x')": lambda p: p.net_connections("x"),
    "wait(-1)": lambda p: p.wait(-1),
    "wait('x')": lambda p: p.wait("x"),
    "wait(0.01)": lambda p: p.wait(0.01),
    "send_signal(99)": lambda p: p.send_signal(99),
    "repr": lambda p: repr(p).replace("psoxide", "psutil"),
    "hash": lambda p: isinstance(hash(p), int),
    "p == p": lambda p: p == type(p)(p.pid),
    "p == 1": lambda p: p == 1,
    "_ident": lambda p: p._ident,
}
UNORDERED = {"net_connections", "connections"}


def process(place, pid, slow):
    def on(getter):
        return lambda package: getter(package.Process(pid))

    for name in GETTERS:
        both(f"{place}.{name}()", on(lambda p, name=name: getattr(p, name)()))
    if not slow:
        return
    for text, getter in SLOW.items():
        order = unordered if text.split("(")[0] in UNORDERED else None
        # A process that ends by it cannot be asked again.
        if not (text.startswith(("send_signal", "nice")) and pid in (1, os.getpid())):
            both(f"{place}.{text}", on(getter), order)
    for number in (0, 3, 7, 9):
        both(f"{place}.rlimit({number})", on(lambda p, number=number: p.rlimit(number)))
    for kind_ in ("all", "inet", "tcp4", "udp6", "unix"):
        text = f"{place}.net_connections({kind_!r})"
        both(text, on(lambda p, kind_=kind_: p.net_connections(kind_)), unordered)

    def oneshot(p):
        with p.oneshot():
            return [p.name(), p.ppid(), p.uids(), p.num_threads(), p.status(), p.username()]

    both(f"{place}.oneshot()", on(oneshot))


def setters(pid):
    """What ours sets, psutil reads; and what they return. Only of a process of our own."""
    mine, theirs = psoxide.Process(pid), psutil.Process(pid)
    cpus = theirs.cpu_affinity()
    for text, set_, get, expected in [
        ("nice(7)", lambda: mine.nice(7), theirs.nice, 7),
        ("ionice(IDLE)", lambda: mine.ionice(psoxide.IOPRIO_CLASS_IDLE), lambda: theirs.ionice().ioclass, 3),
        ("ionice(BE, 3)", lambda: mine.ionice(psoxide.IOPRIO_CLASS_BE, 3), lambda: tuple(theirs.ionice()), (2, 3)),
        ("cpu_affinity([0])", lambda: mine.cpu_affinity(cpus[:1]), theirs.cpu_affinity, cpus[:1]),
        ("cpu_affinity([])", lambda: mine.cpu_affinity([]), theirs.cpu_affinity, cpus),
        ("rlimit(CORE)", lambda: mine.rlimit(psoxide.RLIMIT_CORE, (0, 0)), lambda: theirs.rlimit(4), (0, 0)),
        ("suspend()", mine.suspend, lambda: settled(theirs, psutil.STATUS_STOPPED), psutil.STATUS_STOPPED),
        ("resume()", mine.resume, lambda: settled(theirs, psutil.STATUS_SLEEPING), psutil.STATUS_SLEEPING),
    ]:
        returned, value = set_(), get()
        if returned is not None or value != expected:
            differs(text, f"returned {returned!r}; psutil then reads {value!r} instead of {expected!r}")


def settled(process, status):
    deadline = time.monotonic() + 10
    while process.status() != status and time.monotonic() < deadline:
        time.sleep(0.01)
    return process.status()


def endings():
    """How waiting ends: the value, and what is left of the process."""
    for script, how in [("exit 3", None), ("sleep 60", signal.SIGTERM), ("sleep 60", signal.SIGKILL)]:
        told = []
        for package in (psutil, psoxide):
            child = package.Popen(["sh", "-c", "exec " * script.startswith("sleep") + script])
            if how is not None:
                child.send_signal(how)
            code = child.wait(timeout=30)
            gone = attempt(package, package.Process(os.getpid()).children)[0]
            name = attempt(package, child.name)[0]
            told.append([kind(code), int(code), repr(child.returncode), child.is_running(), len(gone),
                         {**name.told, "pid": 0, "str": "", "repr": ""},
                         repr(child).replace(package.__name__, "psutil").replace(str(child.pid), "N")])  # fmt: skip
        compare(f"Popen({script!r}) ended by {how}", told[0], told[1], told[0])


# Processes worth looking at


@contextlib.contextmanager
def population():
    """Name -> pid of processes that are alike in nothing."""
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        os.chmod(folder, 0o755)

        def spawn(*command, **kwargs):
            nowhere = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.DEVNULL)
            child = subprocess.Popen(command, **nowhere, **kwargs)
            stack.callback(end, child)
            return child.pid

        def python(program, *arguments, **kwargs):
            reader, writer = os.pipe()
            text = f"import os, socket, sys, threading, time\n{program}\nos.write({writer}, b'.')\ntime.sleep(600)"
            pid = spawn(sys.executable, "-c", text, *arguments, pass_fds=[writer], **kwargs)
            os.close(writer)
            os.read(reader, 1)
            stack.callback(os.close, reader)
            return pid

        odd = os.path.join(os.fsencode(folder), b"odd (name) \xff)")
        os.symlink("/bin/sleep", odd)
        deleted = os.path.join(folder, "deleted")
        with open("/bin/sleep", "rb") as source, open(deleted, "wb") as target:
            target.write(source.read())
        os.chmod(deleted, 0o755)

        chosen = {
            "self": os.getpid(),
            "first": 1,
            "sleeper": spawn("sleep", "600"),
            "odd name": spawn(odd, "600"),
            "odd environment": spawn("sleep", "600", env={b"A": b"1", b"B": b"x=y", b"C\xff": b"\xfe", b"D": b""}),
            "no environment": spawn("sleep", "600", env={}),
            "deleted program": spawn(deleted, "600"),
            "long name": spawn("bash", "-c", "exec -a averyveryverylongprogramname sleep 600"),
            "empty arguments": spawn("sh", "-c", "sleep 600; :", "", "a b", ""),
            "deleted folder": python("d = sys.argv[1]; os.mkdir(d); os.chdir(d); os.rmdir(d)", folder + "/gone"),
            "threads": python("for _ in range(20): threading.Thread(target=time.sleep, args=[600], daemon=True).start()"),
            "files": python(
                "m = [os.O_RDONLY, os.O_WRONLY, os.O_RDWR, os.O_WRONLY | os.O_APPEND, os.O_RDWR | os.O_APPEND]\n"
                "f = [os.open(os.path.join(sys.argv[1], f'file {n}'), os.O_CREAT | o) for n, o in enumerate(m)]\n"
                "os.lseek(f[0], 5, 0); os.unlink(os.path.join(sys.argv[1], 'file 4'))",
                folder,
            ),
            "sockets": python(
                "s = []\n"
                "for family, host in (socket.AF_INET, '127.0.0.1'), (socket.AF_INET6, '::1'):\n"
                "  try:\n"
                "    t = socket.create_server((host, 0), family=family)\n"
                "    c = socket.create_connection(t.getsockname()[:2]); u = socket.socket(family, socket.SOCK_DGRAM)\n"
                "    u.bind((host, 0)); s += [t, c, t.accept(), u]\n"
                "  except OSError: pass\n"
                "n = socket.socket(socket.AF_UNIX); n.bind(os.path.join(sys.argv[1], 'sock')); n.listen()\n"
                "a = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); a.bind('\\0abstract' + str(os.getpid()))\n"
                "p = socket.socketpair(); q = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)\n"
                "w = socket.socket(); w.bind(('127.0.0.1', 0))\n"
                # Held twice by one process, and inherited by another.
                "d = [os.dup(w.fileno()), os.dup(n.fileno())]; os.fork()",
                folder,
            ),
            "tree": python("[os.fork() for _ in range(3)]"),
        }
        os.unlink(deleted)
        zombie = subprocess.Popen(["true"])
        stack.callback(zombie.wait)
        os.waitid(os.P_PID, zombie.pid, os.WEXITED | os.WNOWAIT)
        chosen["zombie"] = zombie.pid
        chosen["stopped"] = spawn("sleep", "600")
        os.kill(chosen["stopped"], signal.SIGSTOP)
        if os.path.exists("/proc/2/stat"):
            chosen["kernel thread"] = 2
        if os.getuid() == 0:
            chosen["another user's"] = spawn("sleep", "600", user=65534, group=65534)
            chosen["a user's without name"] = spawn("sleep", "600", user=54321, group=54321)
        time.sleep(0.3)  # until all are asleep
        yield chosen


def end(child):
    with contextlib.suppress(psutil.NoSuchProcess):
        for descendant in psutil.Process(child.pid).children(recursive=True):
            descendant.kill()
    child.kill()
    child.wait()


def gone():
    """A process that has ended and was reaped."""
    child = subprocess.Popen(["true"])
    handles = {package: package.Process(child.pid) for package in (psutil, psoxide)}
    child.wait()
    for name in [*GETTERS, "children", "suspend", "resume", "terminate", "kill", "memory_maps", "net_connections", "as_dict", "wait"]:
        both(f"gone.{name}()", lambda package: getattr(handles[package], name)())
    both("gone.repr", lambda package: repr(handles[package]).replace("psoxide", "psutil"))


def iteration():
    for attrs in (None, ["pid", "name"], ["pid", "ppid", "uids", "status", "create_time"], []):
        def once(package, attrs=attrs):
            rows = package.process_iter(attrs) if attrs is not None else package.process_iter()
            return {p.pid: sorted(getattr(p, "info", {})) for p in rows}
        both(f"process_iter({attrs})", once)
    both("process_iter again", lambda p: [a is b for a, b in zip(p.process_iter(), p.process_iter())][:1])


def after_chroot():
    """Everything again where there is no file but those of /proc. Started by `changed_root` in a mount namespace."""
    for package in (psutil, psoxide):
        package.cpu_percent(), package.cpu_times_percent()
    os.chroot(sys.argv[2])
    os.chdir("/")
    sys.path.clear()
    sys.path_importer_cache.clear()
    functions()
    process("self", os.getpid(), slow=True)
    iteration()


def changed_root():
    """Compares both after chroot(2) with the module path emptied, in a process of its own."""
    if os.getuid() != 0:
        print("skip: differences after chroot(2): needs root")
        return 0
    with tempfile.TemporaryDirectory() as folder:
        os.mkdir(folder + "/proc")
        mount = 'mount -t proc proc "$1"/proc && exec "$2" "$3" --root "$1"'
        command = ["unshare", "--mount", "sh", "-c", mount, "sh", folder, sys.executable, os.path.abspath(__file__)]
        print("after chroot(2):", flush=True)
        return subprocess.run(command, check=False).returncode


def report():
    """Prints what differs. Returns the exit status."""
    used = collections.Counter()
    unexpected = 0
    for place, text in found:
        for patterns, reason in EXPECTED.items():
            if all(fnmatch.fnmatchcase(*pair) for pair in zip((place, text), patterns)):
                used[reason] += 1
                break
        else:
            unexpected += 1
            print(f"{place}: {text}")
    for reason, count in used.items():
        print(f"expected {count} times: {reason}")
    print(f"{unexpected} differences")
    return 1 if unexpected else 0


def main():
    # The first call of those that compare with the call before.
    for package in (psutil, psoxide):
        package.cpu_percent(), package.cpu_times_percent()
    surface()
    with population() as chosen:
        functions()
        copies()
        for name, pid in chosen.items():
            process(name, pid, slow=True)
        setters(chosen["sleeper"])
        for pid in psutil.pids():
            if pid not in chosen.values():
                process(f"Process({pid})", pid, slow=False)
        iteration()
    gone()
    endings()
    nothing_left_out()

    return report() | changed_root()


if __name__ == "__main__":
    if sys.argv[1:2] == ["--root"]:
        after_chroot()
        sys.exit(report())
    sys.exit(main())
