"""Reads processes and machines: psutil's API on a Rust core.

    import psoxide

    psoxide.cpu_percent(interval=1)
    psoxide.Process().memory_info()
    [p.info for p in psoxide.process_iter(["pid", "name", "username"])]
"""

import _thread
import os
import sys
import time

from . import _common, _fork, _lazy, _ntuples, _popen, _system

if _system.NAME == "linux":
    from . import _pslinux
    from . import _pslinux as _psplatform
elif _system.NAME == "windows":
    from . import _pswindows as _psplatform
elif _system.NAME in ("freebsd", "openbsd", "netbsd"):
    from . import _psbsd as _psplatform
elif _system.NAME == "macos":
    from . import _psosx as _psplatform
elif _system.NAME == "sunos":
    from . import _pssunos as _psplatform
else:
    raise ImportError(f"the package has no module that reads {_system.NAME}")
from ._common import (
    AIX,
    BSD,
    CONN_CLOSE,
    CONN_CLOSE_WAIT,
    CONN_CLOSING,
    CONN_ESTABLISHED,
    CONN_FIN_WAIT1,
    CONN_FIN_WAIT2,
    CONN_LAST_ACK,
    CONN_LISTEN,
    CONN_NONE,
    CONN_SYN_RECV,
    CONN_SYN_SENT,
    CONN_TIME_WAIT,
    FREEBSD,
    LINUX,
    MACOS,
    NETBSD,
    OPENBSD,
    OSX,
    POSIX,
    STATUS_DEAD,
    STATUS_DISK_SLEEP,
    STATUS_IDLE,
    STATUS_LOCKED,
    STATUS_PARKED,
    STATUS_RUNNING,
    STATUS_SLEEPING,
    STATUS_STOPPED,
    STATUS_TRACING_STOP,
    STATUS_WAITING,
    STATUS_WAKING,
    STATUS_ZOMBIE,
    SUNOS,
    WINDOWS,
    AccessDenied,
    Error,
    NoSuchProcess,
    TimeoutExpired,
    ZombieProcess,
    debug,
)
from ._common import memoize_when_activated as _memoize_when_activated
from ._common import wrap_numbers as _wrap_numbers
from ._oneshot import Lock as _Lock
from ._oneshot import Oneshot as _Oneshot
from ._psoxide import RowReader as _RowReader
from ._psoxide import all_processes as _all_processes
from ._psoxide import busy_percent as _busy_percent
from ._psoxide import cpu_busy_time as _cpu_busy_time
from ._psoxide import cpu_times_deltas as _cpu_times_deltas
from ._psoxide import cpu_tot_time as _cpu_tot_time
from ._psoxide import each_percent as _each_percent
from ._psoxide import sums as _sums

__version__ = "7.2.2"
__author__ = "The psoxide authors"
version_info = tuple(int(part) for part in __version__.split("."))

# An interrupted or manual installation can leave files of two versions in one directory.
if _psplatform.cext.version != int(__version__.replace(".", "")):
    raise ImportError(
        f"version conflict: the native module {_psplatform.cext.__file__} is of version {_psplatform.cext.version},"
        f" the package of {__version__}; reinstall {_common._PACKAGE}"
    )

PROCFS_PATH = "/proc"
RLIM_INFINITY = _psplatform.cext.RLIM_INFINITY
_RLIMITS = _psplatform.cext.RLIMITS
globals().update(_RLIMITS)

__all__ = [
    # exceptions
    "Error", "NoSuchProcess", "ZombieProcess", "AccessDenied", "TimeoutExpired",
    # constants
    "version_info", "__version__",
    "STATUS_RUNNING", "STATUS_IDLE", "STATUS_SLEEPING", "STATUS_DISK_SLEEP", "STATUS_STOPPED", "STATUS_TRACING_STOP",
    "STATUS_ZOMBIE", "STATUS_DEAD", "STATUS_WAKING", "STATUS_LOCKED", "STATUS_WAITING", "STATUS_PARKED",
    "CONN_ESTABLISHED", "CONN_SYN_SENT", "CONN_SYN_RECV", "CONN_FIN_WAIT1", "CONN_FIN_WAIT2", "CONN_TIME_WAIT",
    "CONN_CLOSE", "CONN_CLOSE_WAIT", "CONN_LAST_ACK", "CONN_LISTEN", "CONN_CLOSING", "CONN_NONE",
    "AF_LINK",
    "NIC_DUPLEX_FULL", "NIC_DUPLEX_HALF", "NIC_DUPLEX_UNKNOWN",
    "POWER_TIME_UNKNOWN", "POWER_TIME_UNLIMITED",
    "BSD", "FREEBSD", "LINUX", "NETBSD", "OPENBSD", "MACOS", "OSX", "POSIX", "SUNOS", "WINDOWS", "AIX",
    "IOPRIO_CLASS_NONE", "IOPRIO_CLASS_RT", "IOPRIO_CLASS_BE", "IOPRIO_CLASS_IDLE",
    "PROCFS_PATH", "RLIM_INFINITY", *sorted(_RLIMITS),
    # classes
    "Process", "Popen",
    # functions
    "pid_exists", "pids", "process_iter", "wait_procs",
    "virtual_memory", "swap_memory",
    "cpu_times", "cpu_percent", "cpu_times_percent", "cpu_count", "cpu_stats", "cpu_freq", "getloadavg",
    "net_io_counters", "net_connections", "net_if_addrs", "net_if_stats",
    "disk_io_counters", "disk_partitions", "disk_usage",
    "users", "boot_time",
    "sensors_temperatures", "sensors_fans", "sensors_battery",
    "heap_info", "heap_trim",
    # psutil 8
    "bytes2human", "ProcessStatus", "ConnectionStatus", "ProcessRlimit", "ProcessIOPriority", "NicDuplex", "BatteryTime",
    # psoxide
    "set_backend", "open_capture", "close_capture",
]  # fmt: skip

# Modules that are imported on first use, because together they take longer to import than the package itself.
_LAZY_MODULES = ("collections", "contextlib", "datetime", "functools", "pwd", "signal", "socket", "subprocess", "threading")
_PLATFORM = _psplatform.__name__.rpartition(".")[2]
_LAZY = {
    "AF_LINK": _PLATFORM,
    "IOPRIO_CLASS_NONE": _PLATFORM,
    "IOPRIO_CLASS_RT": _PLATFORM,
    "IOPRIO_CLASS_BE": _PLATFORM,
    "IOPRIO_CLASS_IDLE": _PLATFORM,
    "NIC_DUPLEX_FULL": "_common",
    "NIC_DUPLEX_HALF": "_common",
    "NIC_DUPLEX_UNKNOWN": "_common",
    "POWER_TIME_UNKNOWN": "_common",
    "POWER_TIME_UNLIMITED": "_common",
    "ProcessStatus": "_enums",
    "ConnectionStatus": "_enums",
    "ProcessRlimit": "_enums",
    "ProcessIOPriority": "_enums",
    "NicDuplex": "_enums",
    "BatteryTime": "_enums",
}


_absent = _psplatform.ABSENT
__all__ = [name for name in __all__ if name not in _absent]
_LAZY = {name: owner for name, owner in _LAZY.items() if name not in _absent}
_LAZY_MODULES = tuple(name for name in _LAZY_MODULES if name not in _absent)

if WINDOWS:
    __all__ = [name for name in __all__ if name != "AF_LINK"] + _psplatform.__extra__all__
    _LAZY.update(dict.fromkeys((*_lazy.ENUMS["IOPriority"][1], "AF_LINK"), "_pswindows"))
    CONN_DELETE_TCB = _psplatform.CONN_DELETE_TCB
    globals().update(_psplatform.PRIORITIES)
    win_service_iter, win_service_get = _psplatform.win_service_iter, _psplatform.win_service_get
elif SUNOS:
    __all__ += _psplatform.__extra__all__
    CONN_IDLE, CONN_BOUND = _psplatform.CONN_IDLE, _psplatform.CONN_BOUND


# A reload defines a new Process, so the Popen that was built on the old one is discarded.
globals().pop("Popen", None)


def __getattr__(name):
    if name in _LAZY_MODULES:
        value = _fork.load(name)
    elif name == "Popen":
        value = _popen.make(_fork.load("subprocess"), Process, _added)
    elif name in _LAZY:
        # Store the value in `globals()`, not in sys.modules by the package's name: the package may be executed twice.
        owner = _LAZY[name]
        value = getattr(_fork.load(f"{_common._PACKAGE}.{owner}"), name)
        if isinstance(value, _lazy.StandIn):
            return value
    elif name in ("_psposix", "_psutil_linux", "exit"):
        real = {"_psutil_linux": "_cext"}.get(name, name)
        value = _fork.load(f"{_common._PACKAGE}.{real}")
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__():
    return sorted({*globals(), *_LAZY, *_LAZY_MODULES, "Popen"})


_timer = time.monotonic
# `_common` is not reloaded with this module, so instances from before a reload still compare equal to the sentinel.
_SENTINEL = _common._DEFAULT
# Maps each pid to its parent's pid. Programs replace this function.
_ppid_map = _PPID_MAP = _psplatform.ppid_map
# `_pmap` holds the instances that process_iter() yields again. `_pids_reused` holds pids of which is_running() found
# that another process has taken them.
_pmap = {}
_pids_reused = set()
# Total physical memory, as the last virtual_memory() returned it.
_TOTAL_PHYMEM = None
# The lowest pid of the last listing: the process that has no parent.
_first = None


def _set_debug(value):
    """Switches debug messages (PSUTIL_DEBUG) on or off."""
    _common.PSUTIL_DEBUG = bool(value)


def _pprint_secs(secs):
    """Formats a point in time for repr()."""
    then = time.localtime(secs)
    return time.strftime("%H:%M:%S" if time.time() - secs < 60 * 60 * 24 else "%Y-%m-%d %H:%M:%S", then)


class Process:
    """A process, named by its pid. Without a pid, the calling process.

    Two instances are equal if they name the same process: same pid and same start time. A method that changes or
    signals the process fails if another process has taken the pid.
    """

    _lock = _Lock()
    # The values that oneshot() caches while its context is entered.
    _cache = None
    # Defaults of what an instance learns about its process. Only what differs is stored in the instance.
    _proc = None
    _name = None
    _exe = None
    _create_time = None
    _gone = False
    _pid_reused = False
    _hash = None
    _ppid = None
    _exitcode = _SENTINEL

    def __init__(self, pid=None):
        self._init(pid)

    def _init(self, pid, _ignore_nsp=False):
        if pid is None:
            if _system.MACHINE is not None:
                raise ValueError("a captured machine has no calling process: name a pid")
            pid = os.getpid()
        else:
            if pid < 0:
                raise ValueError(f"pid must be a positive integer (got {pid})")
            if type(pid) is not int or pid > 0x7FFFFFFF:
                try:
                    _psplatform.cext.check_pid_range(pid)
                except OverflowError as err:
                    raise NoSuchProcess(pid, msg="process PID out of range") from err
        self._set_up(pid, _psplatform.Process(pid))
        try:
            self._ident = self._get_ident()
        except (AccessDenied, ZombieProcess):
            pass  # the process exists, but its identity cannot be read
        except NoSuchProcess:
            if not _ignore_nsp:
                raise NoSuchProcess(pid, msg="process PID not found") from None
            self._gone = True

    def _set_up(self, pid, proc):
        if self._proc is not None:
            # __init__() was called again on this instance: forget what was read of the previous process.
            for name in _FORGOTTEN:
                self.__dict__.pop(name, None)
        self._pid = pid
        self._proc = proc
        self._ident = (pid, None)

    def _get_ident(self):
        """Returns the identity of the process: its pid, and the seconds from the boot to its start."""
        return (self._pid, self._proc.create_time(monotonic=True))

    def __str__(self):
        with self.oneshot():
            status = self._status_for_repr()
        exitcode = None if self._exitcode is _SENTINEL else self._exitcode
        started = self._create_time and _pprint_secs(self._create_time)
        fields = [("pid", self.pid), ("name", self._name), ("status", status), ("exitcode", exitcode), ("started", started)]
        # Show an exit code of 0, but not an empty name.
        shown = ", ".join(f"{name}={value!r}" for name, value in fields if value or value == 0)
        return f"{self.__class__.__module__}.{self.__class__.__name__}({shown})"

    def _status_for_repr(self):
        """Returns the status for repr(), and caches the name. Returns None if the status cannot be read."""
        if self._pid_reused:
            return "terminated + PID reused"
        try:
            self.name()
            return self.status()
        except ZombieProcess:
            return STATUS_ZOMBIE
        except NoSuchProcess:
            return "terminated"
        except AccessDenied:
            return None

    __repr__ = __str__

    def __eq__(self, other):
        if not isinstance(other, Process):
            return NotImplemented
        if self._ident != other._ident:
            return False
        # Processes that started in one clock tick can have the same pid and start time.
        numbers = self._proc.unique, other._proc.unique
        return None in numbers or numbers[0] == numbers[1]

    def __ne__(self, other):
        return not self == other

    def __hash__(self):
        known = self._hash
        if known is None:
            # Cached, so that an instance whose __init__() is called again stays in its set.
            known = self._hash = hash(self._ident)
        return known

    def __copy__(self):
        other = self.__class__.__new__(self.__class__)
        other.__dict__.update(self.__dict__)
        return other

    def __reduce_ex__(self, protocol):
        # Pickling fails with the TypeError that psutil raises, whose instances hold a lock.
        return _thread.RLock().__reduce_ex__(protocol)

    def _raise_if_pid_reused(self):
        if self._pid_reused or (not self.is_running() and self._pid_reused):
            raise NoSuchProcess(
                self.pid, self._name, msg="process no longer exists and its PID has been reused"
            )

    @property
    def pid(self):
        """Returns the pid."""
        return self._pid

    def oneshot(self):
        """Enters a context in which the getters read each kernel file at most once."""
        return _Oneshot(self)

    def as_dict(self, attrs=None, ad_value=None):
        """Returns a dict of getter names and values: those in `attrs`, or all. A refused value is `ad_value`."""
        names = _attr_names(attrs)
        getters = _Getters(type(self), [name for name in names if name not in self.__dict__], names)
        return self._as_dict(getters, ad_value, asked=bool(attrs))

    def _as_dict(self, getters, ad_value, asked, values=None):
        if values is None:
            values = getters.reader.values(self, ad_value)
        if len(values) == len(getters.names):
            return values
        result = {}
        with self.oneshot():
            for name in getters.names:
                if name in values:
                    result[name] = values[name]
                    continue
                try:
                    result[name] = self.pid if name == "pid" else getattr(self, name)()
                except (AccessDenied, ZombieProcess):
                    result[name] = ad_value
                except NotImplementedError:
                    # Without `attrs`, getters that the system does not support are left out.
                    if asked:
                        raise
        return result

    def parent(self):
        """Returns the parent if it still runs. Returns None for the first process."""
        if self.pid == _first_pid():
            return None
        ppid = self.ppid()
        try:
            parent = None if ppid is None else Process(ppid)
        except NoSuchProcess:
            return None
        # A parent that started after its child is another process that took the pid.
        return parent if parent is not None and self._is_not_older_than(parent) else None

    def parents(self):
        """Returns the parent, the parent's parent, and so on."""
        parents = []
        process = self.parent()
        while process is not None:
            parents.append(process)
            process = process.parent()
        return parents

    def is_running(self):
        """Returns whether the process still exists, also as a zombie, and its pid is not another process's."""
        if not self._gone and not self._pid_reused:
            try:
                now = Process(self.pid)
            except ZombieProcess:
                return True
            except NoSuchProcess:
                self._gone = True
            else:
                # A later process with the same pid has another start time, or started in the same clock tick.
                if now == self and (self._proc.unique is None or not self._proc.is_replaced()):
                    return True
                self._pid_reused = True
                _pids_reused.add(self.pid)
        return False

    # --- Getters

    @_memoize_when_activated
    def ppid(self):
        """Returns the pid of the parent."""
        if self._pid_reused:
            self._raise_if_pid_reused()
        try:
            # The native reading checks the start time in the same file, so the value is this process's.
            self._ppid = self._proc._ppid = self._proc.ppid()
        except NoSuchProcess:
            self._raise_if_pid_reused()
            raise
        return self._ppid

    def name(self):
        """Returns the name."""
        name = self._proc.name()
        if len(name) >= 15:
            # The kernel truncates names to 15 bytes. A program name that begins with these bytes is the full name.
            try:
                cmdline = self.cmdline()
            except (AccessDenied, ZombieProcess) as err:
                debug(f"cmdline() failed while completing the name {name!r}: {err!r}")
            else:
                if cmdline:
                    extended = os.path.basename(cmdline[0])
                    if extended.startswith(name):
                        name = extended
        self._name = self._proc._name = name
        return name

    def exe(self):
        """Returns the path of the executable, or an empty string if there is none."""
        if self._exe is None:
            try:
                exe = self._proc.exe()
            except AccessDenied:
                exe = self._program_of_cmdline()
                if not exe:
                    raise
                return exe
            self._exe = exe or self._program_of_cmdline()
        return self._exe

    def _program_of_cmdline(self):
        """Returns the program that the command line names if it is an executable file, else an empty string."""
        try:
            program = next(iter(self.cmdline()), "")
        except AccessDenied:
            return ""
        if not os.path.isabs(program) or not _psplatform.may_look_up(program):
            return ""
        return program if os.path.isfile(program) and os.access(program, os.X_OK) else ""

    def cmdline(self):
        """Returns the command line as a list."""
        return self._proc.cmdline()

    def status(self):
        """Returns the status, one of the STATUS_ constants."""
        try:
            return self._proc.status()
        except ZombieProcess:
            return STATUS_ZOMBIE

    def username(self):
        """Returns the name of the real user, or the user id as text if it has no name."""
        return self._proc.username()

    def create_time(self):
        """Returns when the process started, in seconds since 1970."""
        known = self._create_time
        if known is None:
            known = self._create_time = self._proc.create_time()
        return known

    def cwd(self):
        """Returns the working directory."""
        return self._proc.cwd()

    def nice(self, value=None):
        """Returns the nice value, or sets it to `value`."""
        if value is None:
            return self._proc.nice_get()
        self._raise_if_pid_reused()
        self._proc.nice_set(value)
        return None

    @_memoize_when_activated
    def uids(self):
        """Returns the real, effective and saved user ids."""
        return self._proc.uids()

    def gids(self):
        """Returns the real, effective and saved group ids."""
        return self._proc.gids()

    def terminal(self):
        """Returns the path of the controlling terminal, or None."""
        return self._proc.terminal()

    def num_fds(self):
        """Returns the number of open file descriptors."""
        return self._proc.num_fds()

    if _psplatform.HAS_PROC_IO:

        def io_counters(self):
            """Returns counters of the I/O that the process has done."""
            return self._proc.io_counters()

    def ionice(self, ioclass=None, value=None):
        """Returns the I/O scheduling class and priority, or sets them."""
        if ioclass is None:
            if value is not None:
                raise ValueError("'ioclass' argument must be specified")
            return self._proc.ionice_get()
        self._raise_if_pid_reused()
        return self._proc.ionice_set(ioclass, value)

    def rlimit(self, resource, limits=None):
        """Returns a resource limit as (soft, hard), or sets it to `limits`."""
        if limits is not None:
            self._raise_if_pid_reused()
        return self._proc.rlimit(resource, limits)

    def cpu_affinity(self, cpus=None):
        """Returns the CPUs that the process may run on, or sets them. An empty list allows all eligible CPUs."""
        if cpus is None:
            return sorted({*self._proc.cpu_affinity_get()})
        self._raise_if_pid_reused()
        wanted = {*(cpus or self._proc._get_eligible_cpus())}
        self._proc.cpu_affinity_set(list(wanted))
        return None

    def cpu_num(self):
        """Returns the CPU on which the process last ran."""
        return self._proc.cpu_num()

    def environ(self):
        """Returns the environment with which the program was started."""
        return self._proc.environ()

    def num_ctx_switches(self):
        """Returns the numbers of voluntary and involuntary context switches."""
        return self._proc.num_ctx_switches()

    def num_threads(self):
        """Returns the number of threads."""
        return self._proc.num_threads()

    def threads(self):
        """Returns the threads with the CPU time of each."""
        return self._proc.threads()

    def children(self, recursive=False):
        """Returns the children or, with `recursive`, all descendants."""
        self._raise_if_pid_reused()
        if _ppid_map is not _PPID_MAP:
            return self._children_of_map(recursive)
        try:
            found = self._proc.children(recursive)
        except NoSuchProcess:
            raise NoSuchProcess(self.pid, msg="process PID not found") from None
        if (Process.__init__, Process._init, Process._get_ident) == _MADE_BY:
            # The listing has read their identity, so no further read is needed.
            return [_made(proc) for proc in found]
        children = []
        for proc in found:
            try:
                child = Process(proc.pid)
                if child._is_not_older_than(self):
                    children.append(child)
            except (NoSuchProcess, ZombieProcess):
                pass
        return children

    def _children_of_map(self, recursive):
        """Returns the children according to a `_ppid_map` that a program has replaced."""
        of = {}
        for pid, ppid in _ppid_map().items():
            of.setdefault(ppid, []).append(pid)
        children, generation, seen = [], [self], {self.pid}
        while generation:
            younger = []
            for parent in generation:
                for pid in of.get(parent.pid, ()):
                    if pid in seen:
                        continue  # the replaced map has a cycle
                    seen.add(pid)
                    try:
                        child = Process(pid)
                    except (NoSuchProcess, ZombieProcess):
                        continue
                    if child._is_not_older_than(self):
                        younger.append(child)
            children += younger
            generation = younger if recursive else []
        return children

    def _is_not_older_than(self, parent):
        """Returns False if `parent` started later, because it has then taken the pid of the real parent."""
        # Compare start times since the boot. create_time() moves when somebody sets the clock.
        began, parent_began = self._ident[1], parent._ident[1]
        return began is None or parent_began is None or parent_began <= began

    def cpu_percent(self, interval=None):
        """Returns the CPU time used since the last call, or during `interval` seconds, in percent of one CPU.

        The value exceeds 100 if several threads run at the same time.
        """
        pause = 0 if interval is None else interval
        if pause < 0:
            raise ValueError(f"interval is not positive (got {interval!r})")
        if cpu_count is not _CPU_COUNT:
            # The percentage does not depend on the number of CPUs. Call cpu_count() only if a program has replaced it.
            cpu_count()
        if pause > 0:
            self._cpu_percent_since_last()
            time.sleep(pause)
        return self._cpu_percent_since_last()

    def _cpu_percent_since_last(self):
        times = self._proc.cpu_times()
        return self._proc.percent_since_last(times.user + times.system)

    @_memoize_when_activated
    def cpu_times(self):
        """Returns the CPU time that the process has used."""
        return self._proc.cpu_times()

    @_memoize_when_activated
    def memory_info(self):
        """Returns the memory counters."""
        return self._proc.memory_info()

    def memory_full_info(self):
        """Returns the memory counters with USS, PSS and swap."""
        return self._proc.memory_full_info()

    def memory_percent(self, memtype="rss"):
        """Returns one memory counter in percent of the total physical memory."""
        if memtype in _ntuples.pmem._fields:
            memory = self.memory_info()
        elif memtype in _ntuples.pfullmem._fields:
            memory = self.memory_full_info()
        elif memtype in _ntuples.pmem_ex._fields:
            memory = self._proc.memory_info_ex()
        else:
            valid = _ntuples.pfullmem._fields
            raise ValueError(f"invalid memtype {memtype!r}; valid types are {valid!r}")
        value = getattr(memory, memtype)
        total = _TOTAL_PHYMEM or virtual_memory().total
        if not total > 0:
            raise ValueError(f"can't calculate process memory percent because total physical system memory is {total!r}")
        return (value / float(total)) * 100

    if _psplatform.HAS_PROC_SMAPS:

        def memory_maps(self, grouped=True):
            """Lists the memory mappings: each one or, with `grouped`, their sums by path."""
            return self._proc.memory_maps_grouped() if grouped else self._proc.memory_maps()

    def open_files(self):
        """Lists the regular files that the process has open."""
        return self._proc.open_files()

    def net_connections(self, kind="inet"):
        """Lists the sockets that the process holds."""
        _check_conn_kind(kind)
        return self._proc.net_connections(kind)

    @_common.deprecated_method(replacement="net_connections")
    def connections(self, kind="inet"):
        return self.net_connections(kind=kind)

    # --- Methods that change the process

    def _send_signal(self, sig):
        if self.pid == 0:
            raise ValueError(
                "preventing sending signal to process with PID 0 as it would affect every process in the process"
                " group of the calling process (os.getpid()) instead of PID 0"
            )
        self._raise_if_pid_reused()
        try:
            self._proc.send_signal(sig)
        except NoSuchProcess:
            self._gone = True
            raise

    def send_signal(self, sig):
        """Sends the signal `sig` to the process."""
        self._send_signal(sig)

    def suspend(self):
        """Suspends the process with SIGSTOP."""
        if WINDOWS:
            self._raise_if_pid_reused()
            return self._proc.suspend()
        return self._send_signal(_psplatform.SIGNALS["SIGSTOP"])

    def resume(self):
        """Resumes the process with SIGCONT."""
        if WINDOWS:
            self._raise_if_pid_reused()
            return self._proc.resume()
        return self._send_signal(_psplatform.SIGNALS["SIGCONT"])

    def terminate(self):
        """Terminates the process with SIGTERM."""
        self._send_signal(15)

    def kill(self):
        """Kills the process with SIGKILL."""
        self._send_signal(9)

    def wait(self, timeout=None):
        """Waits for the process to end.

        Returns the exit code or, negative, the number of the signal that ended it. Returns None if the process is not a
        child of the caller.
        """
        if self.pid == 0:
            raise ValueError("can't wait for PID 0")
        if timeout is not None:
            if not isinstance(timeout, (int, float)):
                raise TypeError(f"timeout must be an int or float (got {type(timeout)})")
            if timeout < 0:
                raise ValueError(f"timeout must be positive or zero (got {timeout})")
        if self._exitcode is not _SENTINEL:
            return self._exitcode
        try:
            code = self._proc.wait(timeout)
        except TimeoutExpired as err:
            raise TimeoutExpired(timeout, pid=self.pid, name=self._name) from err
        if code is None:
            # When several threads wait, the kernel gives the exit code to one of them. Keep the code that it stored.
            return self.__dict__.setdefault("_exitcode", None)
        self._exitcode = code
        return code


class _Added:
    """The methods that psutil 8 adds to Process."""

    def memory_info_ex(self):
        """Returns the memory counters by kind, with their peaks."""
        return self._proc.memory_info_ex()

    def memory_footprint(self):
        """Returns USS, PSS and swap."""
        return self._proc.memory_footprint()

    def page_faults(self):
        """Returns the numbers of minor and major page faults."""
        return self._proc.page_faults()


if WINDOWS:

    def _num_handles(self):
        """Returns the number of open handles."""
        return self._proc.num_handles()

    _num_handles.__name__ = "num_handles"
    _num_handles.__qualname__ = "Process.num_handles"
    Process.num_handles = _num_handles

for _name in _psplatform.ABSENT_GETTERS & vars(Process).keys():
    delattr(Process, _name)

_ADDED = {
    name: fun
    for name, fun in vars(_Added).items()
    if not name.startswith("_") and name not in _psplatform.ABSENT_GETTERS
}
_FORGOTTEN = ("_name", "_exe", "_create_time", "_gone", "_pid_reused", "_hash", "_ppid", "_exitcode")
_MADE_BY = (Process.__init__, Process._init, Process._get_ident)


def _made(proc):
    """Makes a Process around a native one whose identity has been read."""
    process = Process.__new__(Process)
    pid = proc.pid
    process._set_up(pid, proc)
    try:
        process._ident = (pid, proc.create_time(monotonic=True))
    except (AccessDenied, ZombieProcess):
        pass  # the process exists, but its identity cannot be read
    return process


_as_dict_attrnames = frozenset(name for name in dir(Process) if not name.startswith("_")) - {
    "send_signal", "suspend", "resume", "terminate", "kill", "wait", "is_running", "as_dict", "parent", "parents",
    "children", "rlimit", "connections", "oneshot",
}  # fmt: skip
_AS_DICT_ALL = tuple(sorted(_as_dict_attrnames))


def _added(self, name):
    """Finds what psutil 8 adds. In the package named psutil, `dir(Process)` does not list it, as in psutil 7."""
    if name in _ADDED:
        return _ADDED[name].__get__(self)
    if name == "attrs":
        return _ATTRS
    raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")


_ATTRS = frozenset((*_as_dict_attrnames, *_ADDED)) - {"memory_full_info"}
if _common._PACKAGE == "psutil":
    Process.__getattr__ = _added
else:
    for _name, _fun in _ADDED.items():
        setattr(Process, _name, _fun)
    # The names that as_dict() and process_iter() accept.
    Process.attrs = _ATTRS


# The getters that one native call can answer for many processes, with the functions that must not have been replaced.
_NATIVE = {
    name: (getattr(Process, name, None), native, getattr(_psplatform.Process, native, None))
    for name, native in [
        ("pid", "pid"),
        ("cpu_percent", "cpu_times"),
        *((name, name) for name in (
            "cmdline", "cpu_num", "cpu_times", "create_time", "cwd", "gids", "io_counters", "memory_info", "name",
            "num_ctx_switches", "num_fds", "num_threads", "ppid", "status", "terminal", "uids", "username",
        )),
    ]
    if name in _as_dict_attrnames and name not in _psplatform.NOT_PLANNED
}  # fmt: skip


def _attr_names(attrs):
    """Returns the names for as_dict(), each once. Returns all names if none is given."""
    if not attrs and (attrs is None or isinstance(attrs, (list, tuple, set, frozenset))):
        return _AS_DICT_ALL
    if not isinstance(attrs, (list, tuple, set, frozenset)):
        raise TypeError(f"invalid attrs type {type(attrs)}")
    names = dict.fromkeys(attrs)
    invalid = names.keys() - _as_dict_attrnames - _ADDED.keys()
    if invalid:
        plural = "s" if len(invalid) > 1 else ""
        raise ValueError(f"invalid attr name{plural} {', '.join(map(repr, sorted(invalid, key=str)))}")
    return tuple(names)


class _Getters:
    """The names that as_dict() was given, and a reader of those that one native call answers.

    The reader leaves out getters that need more than one kernel file, and getters that a program has replaced.
    """

    __slots__ = ("names", "reader")

    def __init__(self, cls, candidates, names):
        native = _psplatform.Process
        native_names = {name for name in candidates if name in _NATIVE and _is_as_made(cls, native, name)}
        self.names = names
        self.reader = _RowReader(cls, native, [name for name in names if name in native_names])


def _is_as_made(cls, native, name):
    public, native_name, original = _NATIVE[name]
    return getattr(cls, name, None) is public and getattr(native, native_name, None) is original


# --- Processes


def pids():
    """Returns the pids of all processes in ascending order."""
    global _first
    found = _psplatform.pids()
    _first = found[0]
    return found


def _first_pid():
    return pids()[0] if _first is None else _first


def pid_exists(pid):
    """Returns whether a process has this pid."""
    if pid < 0:
        return False
    if pid == 0 and not WINDOWS:
        # kill(0, 0) would test the calling process's group.
        return pid in pids()
    return _psplatform.pid_exists(pid)


def process_iter(attrs=None, ad_value=None):
    """Yields all processes in the order of their pids. Later calls yield the same instances.

    With `attrs`, each instance gets a dict `info`, as `as_dict(attrs, ad_value)` returns it.
    """
    global _pmap, _first
    getters = present = None
    if attrs is not None:
        names = _attr_names(attrs)
        if Process.as_dict is _AS_DICT:
            getters = _Getters(Process, names, names)
    replaced = (pids, _psplatform.pids) != _PIDS
    if replaced:
        present = pids()
    elif getters is not None:
        present = getters.reader.over_all(_psplatform._api)
    known = _pmap
    reused = set()
    while _pids_reused:
        try:
            pid = _pids_reused.pop()
        except KeyError:
            break  # another thread has taken the pid
        debug(f"refreshing Process instance for reused PID {pid}")
        reused.add(pid)
    if reused:
        known = {pid: process for pid, process in known.items() if pid not in reused}
    # `found` holds the instances of the last call, and the pids of new processes.
    found, pmap, lowest = _psplatform._api.recall(known, present)
    if not replaced:
        _first = lowest
    new = {}
    if not LINUX and len(pmap) < len(found) and (Process.__init__, Process._init, Process._get_ident) == _MADE_BY:
        # One native call identifies all new processes from the kernel's table. Linux has no such table: there each
        # process is read when it is yielded.
        new = {proc.pid: proc for proc in _all_processes(_psplatform._api, _psplatform.Process)}
    try:
        if attrs is None and len(pmap) == len(found):
            yield from found
            return
        for process in found:
            pid = process if type(process) is int else None
            if pid in reused:
                continue  # the next call makes an instance of the new process
            try:
                if pid is not None:
                    process = pmap[pid] = _made(new[pid]) if pid in new else Process(pid)
                if attrs is not None:
                    values = None if getters is None else getters.reader.row(process, ad_value)
                    if values is None:
                        process.info = process.as_dict(attrs, ad_value)
                    else:
                        process.info = process._as_dict(getters, ad_value, bool(attrs), values)
                yield process
            except NoSuchProcess:
                pmap.pop(process.pid if pid is None else pid, None)
    finally:
        _pmap = pmap


def _process_iter_cache_clear():
    """Forgets the instances that process_iter() keeps."""
    global _pmap
    _pmap = {}


process_iter.cache_clear = _process_iter_cache_clear
# The functions that process_iter() bypasses unless a program has replaced them.
_AS_DICT = Process.as_dict
_PIDS = (pids, _psplatform.pids)


def wait_procs(procs, timeout=None, callback=None):
    """Waits for processes. Returns two lists: those that ended, each with a `returncode`, and those still alive.

    The function calls `callback` with each process that has ended.
    """

    def check_gone(process, timeout):
        try:
            returncode = process.wait(timeout=timeout)
        except (TimeoutExpired, _subprocess_timeout()):
            return
        if returncode is not None or not process.is_running():
            process.returncode = returncode
            gone.add(process)
            if callback is not None:
                callback(process)

    if timeout is not None and not timeout >= 0:
        raise ValueError(f"timeout must be a positive integer, got {timeout}")
    if callback is not None and not callable(callback):
        raise TypeError(f"callback {callback!r} is not a callable")
    gone = set()
    alive = set(procs)
    deadline = None if timeout is None else _timer() + timeout
    while alive and (timeout is None or timeout > 0):
        for process in alive:
            # Divide one second among the processes, so that the end of each is noticed within a second.
            slice_ = 1.0 / len(alive)
            if deadline is not None:
                timeout = min(deadline - _timer(), slice_)
                if timeout <= 0:
                    break
                check_gone(process, timeout)
            else:
                check_gone(process, slice_)
        alive -= gone
    if alive:
        # The timeout is over: check each process once more, without waiting.
        for process in alive:
            check_gone(process, 0)
        alive -= gone
    return (list(gone), list(alive))


def _subprocess_timeout():
    """Returns subprocess.TimeoutExpired without importing subprocess: if nobody imported it, nobody can raise it."""
    subprocess = sys.modules.get("subprocess")
    return TimeoutExpired if subprocess is None else subprocess.TimeoutExpired


# --- CPU


def cpu_count(logical=True):
    """Returns the number of logical CPUs or, without `logical`, of cores. Returns None if it is unknown."""
    count = _psplatform.cpu_count_logical() if logical else _psplatform.cpu_count_cores()
    return count if count is not None and count >= 1 else None


_CPU_COUNT = cpu_count


def cpu_times(percpu=False):
    """Returns the CPU times since the boot: of all CPUs together or, with `percpu`, of each."""
    return _psplatform.per_cpu_times() if percpu else _psplatform.cpu_times()


def _first_samples():
    """Takes the first samples of the importing thread: of all CPUs together, and of each."""
    samples = {}
    for percpu in (False, True):
        try:
            samples[_thread.get_ident(), percpu] = cpu_times(percpu=percpu)
        except Exception as err:
            # /proc may not be mounted yet.
            debug(err)
    return samples


# The last sample of each thread, with and without `percpu`. cpu_percent() and cpu_times_percent() have their own.
_busy_samples = _first_samples()
_kinds_samples = {**_busy_samples}


def _since_last(percent, last, interval, percpu):
    """Applies `percent` to two samples: the thread's last one and a new one, or two taken `interval` seconds apart."""
    percpu = bool(percpu)
    thread = (_thread.get_ident(), percpu)
    if interval is not None and interval < 0:
        raise ValueError(f"interval is not positive (got {interval})")
    if interval is not None and interval > 0:
        then = cpu_times(percpu=percpu)
        time.sleep(interval)
    else:
        then = last.get(thread) or cpu_times(percpu=percpu)
    now = last[thread] = cpu_times(percpu=percpu)
    return [percent(t1, t2) for t1, t2 in zip(then, now)] if percpu else percent(then, now)


def cpu_percent(interval=None, percpu=False):
    """Returns how busy the CPUs were since this thread's last call, or during `interval` seconds, in percent."""
    return _since_last(_busy_percent, _busy_samples, interval, percpu)


def cpu_times_percent(interval=None, percpu=False):
    """Returns the share of each kind of CPU time, over the same span as cpu_percent()."""
    return _since_last(_each_percent, _kinds_samples, interval, percpu)


def cpu_stats():
    """Counts context switches, interrupts, soft interrupts and system calls (0 on Linux) since the boot."""
    return _psplatform.cpu_stats()


def cpu_freq(percpu=False):
    """Returns the CPU frequency in MHz: the mean of all CPUs or, with `percpu`, of each."""
    freqs = _psplatform.cpu_freq()
    if percpu:
        return freqs
    if not freqs:
        return None
    if len(freqs) == 1:
        return freqs[0]
    return _sums(_ntuples.scpufreq, freqs, mean=True)


# As in psutil, getloadavg is the standard library's function where that exists.
getloadavg = _psplatform.getloadavg if hasattr(_psplatform, "getloadavg") else os.getloadavg


# --- Memory


def virtual_memory():
    """Returns the use of physical memory, in bytes."""
    global _TOTAL_PHYMEM
    memory = _psplatform.virtual_memory()
    _TOTAL_PHYMEM = memory.total
    return memory


def swap_memory():
    """Returns the use of swap space, in bytes."""
    return _psplatform.swap_memory()


def heap_info():
    """Returns how much memory the C allocator of this process holds, in bytes."""
    return _psplatform.heap_info()


def heap_trim():
    """Returns free memory of the C allocator to the system."""
    return _psplatform.heap_trim()


# --- Disks


def disk_usage(path, timeout=None):
    """Returns the size and use of the file system that holds `path`, in bytes.

    A network file system whose server is gone never answers. With a `timeout` in seconds, TimeoutExpired is raised (on
    Linux), and the file system is not queried again for 30 seconds.
    """
    if timeout is None:
        return _psplatform.disk_usage(path)
    try:
        return _psplatform.disk_usage_within(path, timeout)
    except TimeoutError:
        raise TimeoutExpired(timeout) from None


def disk_partitions(all=False):
    """Lists the mounted file systems: those on devices or, with `all`, every one."""
    return _psplatform.disk_partitions(all)


def disk_io_counters(perdisk=False, nowrap=True):
    """Returns the I/O counters of all disks or, with `perdisk`, of each. With `nowrap` no counter decreases."""
    return _counters("disk_io_counters", {"perdisk": bool(perdisk)}, _ntuples.sdiskio, perdisk, nowrap)


def net_io_counters(pernic=False, nowrap=True):
    """Returns the I/O counters of all interfaces or, with `pernic`, of each. With `nowrap` no counter decreases."""
    return _counters("net_io_counters", {}, _ntuples.snetio, pernic, nowrap)


def _counters(name, arguments, tuple_, each, nowrap):
    read = getattr(_psplatform, name)
    if nowrap:
        # Read under the lock: a thread that compares older numbers after newer ones would take them for wrapped.
        with _common._wn.lock:
            counters = read(**arguments)
            if counters:
                counters = _wrap_numbers(counters, f"psutil.{name}")
    else:
        counters = read(**arguments)
    if not counters:
        return {} if each else None
    if each:
        return {key: tuple_._make(values) for key, values in counters.items()}
    return _sums(tuple_, counters.values())


class _CacheClear:
    """Forgets the numbers that a function keeps for `nowrap`."""

    __slots__ = ("_name",)

    def __init__(self, name):
        self._name = name

    def __call__(self):
        _wrap_numbers.cache_clear(self._name)


disk_io_counters.cache_clear = _CacheClear("psutil.disk_io_counters")
net_io_counters.cache_clear = _CacheClear("psutil.net_io_counters")


# --- Network

_CONN_KINDS = ("all", "tcp", "tcp4", "udp", "udp4", "inet", "inet4", "inet6", "tcp6", "udp6", "unix")


def _check_conn_kind(kind):
    if kind not in _CONN_KINDS:
        raise ValueError(f"invalid kind argument {kind!r}; valid ones are: {_CONN_KINDS}")


def net_connections(kind="inet"):
    """Lists all sockets of a kind."""
    _check_conn_kind(kind)
    return _psplatform.net_connections(kind)


def net_if_addrs():
    """Returns the addresses of each network interface."""
    return _psplatform._api.addresses_by_nic(_psplatform.net_if_addrs())


def net_if_stats():
    """Returns the state of each network interface."""
    return _psplatform.net_if_stats()


# --- Sensors and users


def sensors_temperatures(fahrenheit=False):
    """Returns the temperatures of each chip."""

    def degrees(celsius):
        return celsius if celsius is None or not fahrenheit else float(celsius) * 9 / 5 + 32

    chips = {}
    for chip, sensors in _psplatform.sensors_temperatures().items():
        chips[chip] = temperatures = []
        for label, current, high, critical in sensors:
            current, high, critical = degrees(current), degrees(high), degrees(critical)
            # A sensor with one limit shows it as both.
            temperatures.append(_ntuples.shwtemp(label, current, high or critical or high, critical or high or critical))
    return chips


def sensors_fans():
    """Returns the fan speeds of each chip, in revolutions per minute."""
    return _psplatform.sensors_fans()


def sensors_battery():
    """Returns the state of the battery, or None if there is none."""
    return _psplatform.sensors_battery()


def users():
    """Lists the login sessions."""
    return _psplatform.users()


def set_backend(name):
    """Chooses where readings come from: "auto", "proc" or "bpf".

    "bpf" (Linux) loads programs into the kernel, and reads many processes in one pass with them. Returns None, or the
    reason why the choice has no effect: readings then come from /proc.
    """
    _psplatform._api.set_backend(name)
    return _psplatform._api.backend_refusal()


def boot_time():
    """Returns when the machine was booted, in seconds since 1970."""
    return _psplatform.boot_time()


def bytes2human(n):
    """Formats a number of bytes for people: 10000 is "9.8K"."""
    return _common.bytes2human(float(n))


def open_capture(path):
    """Opens a captured machine: a file that `psoxide capture` wrote, or a directory with a copied /proc and /sys.

    Returns a second copy of the package, with the functions, constants and fields that psutil has on that machine's
    system. A call that needs the running kernel raises NotImplementedError. A question that the capture does not hold
    raises RuntimeError. The exceptions are the classes of this package.
    """
    from . import _capture

    return _capture.open_capture(path)


def close_capture(package):
    """Removes a package that open_capture() returned from sys.modules, so that its memory can be freed."""
    from . import _capture

    _capture.close_capture(package)


for _name in _absent & globals().keys():
    del globals()[_name]
