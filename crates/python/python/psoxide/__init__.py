"""Processes and machines: psutil's API on a Rust core.

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

# Files of two versions in one folder, after an installation that was cut short or made by hand.
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

# What is made or imported when it is first asked for: all of it together takes longer than the rest of the package.
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


# A reload makes a new Process; what was made of the old one is to be made again.
globals().pop("Popen", None)


def __getattr__(name):
    if name in _LAZY_MODULES:
        value = _fork.load(name)
    elif name == "Popen":
        value = _popen.make(_fork.load("subprocess"), Process, _added)
    elif name in _LAZY:
        # `globals` and not the package's name: the package may have been executed a second time.
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
# Of a module that is not reloaded with this one: instances from before are still told by it.
_SENTINEL = _common._DEFAULT
# The parent of each process. Programs replace it.
_ppid_map = _PPID_MAP = _psplatform.ppid_map
# Instances that process_iter() yields again, and pids of which is_running() found that others have taken them.
_pmap = {}
_pids_reused = set()
# All physical memory, as virtual_memory() last saw it.
_TOTAL_PHYMEM = None
# The pid of the process that has no parent, as the last listing had it.
_first = None


def _set_debug(value):
    """Switches PSUTIL_DEBUG on or off."""
    _common.PSUTIL_DEBUG = bool(value)


def _pprint_secs(secs):
    """A point in time, for people."""
    then = time.localtime(secs)
    return time.strftime("%H:%M:%S" if time.time() - secs < 60 * 60 * 24 else "%Y-%m-%d %H:%M:%S", then)


class Process:
    """A process, by its pid; without one, the calling process.

    Two instances are equal if they are of the same process: same pid, same start. What changes a process or signals it
    fails if the pid is another's meanwhile.
    """

    _lock = _Lock()
    # What oneshot() keeps, while it is in force.
    _cache = None
    # What becomes known of it. An instance has its own only of those that have.
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
            pass  # known to be there, and that is all that is known
        except NoSuchProcess:
            if not _ignore_nsp:
                raise NoSuchProcess(pid, msg="process PID not found") from None
            self._gone = True

    def _set_up(self, pid, proc):
        if self._proc is not None:
            # Made anew in place: what is known of the process that it was is forgotten.
            for name in _FORGOTTEN:
                self.__dict__.pop(name, None)
        self._pid = pid
        self._proc = proc
        self._ident = (pid, None)

    def _get_ident(self):
        """What tells this process from a later one with its pid: the pid, and seconds from the boot to its start."""
        return (self._pid, self._proc.create_time(monotonic=True))

    def __str__(self):
        with self.oneshot():
            status = self._status_for_repr()
        exitcode = None if self._exitcode is _SENTINEL else self._exitcode
        started = self._create_time and _pprint_secs(self._create_time)
        fields = [("pid", self.pid), ("name", self._name), ("status", status), ("exitcode", exitcode), ("started", started)]
        # An exit code of 0 is worth showing, an empty name is not.
        shown = ", ".join(f"{name}={value!r}" for name, value in fields if value or value == 0)
        return f"{self.__class__.__module__}.{self.__class__.__name__}({shown})"

    def _status_for_repr(self):
        """Read its status, and remember its name. None where the status cannot be read."""
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
        return self._ident == other._ident if isinstance(other, Process) else NotImplemented

    def __ne__(self, other):
        return not self == other

    def __hash__(self):
        known = self._hash
        if known is None:
            # Kept: an instance that is initialised once more in place stays in its set.
            known = self._hash = hash(self._ident)
        return known

    def __copy__(self):
        other = self.__class__.__new__(self.__class__)
        other.__dict__.update(self.__dict__)
        return other

    def __reduce_ex__(self, protocol):
        # As psutil's, which holds a lock, refuses it.
        return _thread.RLock().__reduce_ex__(protocol)

    def _raise_if_pid_reused(self):
        if self._pid_reused or (not self.is_running() and self._pid_reused):
            raise NoSuchProcess(
                self.pid, self._name, msg="process no longer exists and its PID has been reused"
            )

    @property
    def pid(self):
        """Its pid."""
        return self._pid

    def oneshot(self):
        """Enter a context in which each kernel file is read once, for all getters."""
        return _Oneshot(self)

    def as_dict(self, attrs=None, ad_value=None):
        """Return the values of these getters, or of all, by name. A refused value is `ad_value`."""
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
                    # All that there are, where none was named.
                    if asked:
                        raise
        return result

    def parent(self):
        """Return its parent if that still runs; None for the first process."""
        if self.pid == _first_pid():
            return None
        ppid = self.ppid()
        try:
            parent = None if ppid is None else Process(ppid)
        except NoSuchProcess:
            return None
        # A younger process has taken the pid of a parent that ended.
        return parent if parent is not None and self._is_not_older_than(parent) else None

    def parents(self):
        """Its parent, the parent's parent, and so on."""
        parents = []
        process = self.parent()
        while process is not None:
            parents.append(process)
            process = process.parent()
        return parents

    def is_running(self):
        """Whether it still exists and is the same process; a zombie does."""
        if not self._gone and not self._pid_reused:
            try:
                now = Process(self.pid)
            except ZombieProcess:
                return True
            except NoSuchProcess:
                self._gone = True
            else:
                # The start tells it from a later process with the pid.
                if now == self:
                    return True
                self._pid_reused = True
                _pids_reused.add(self.pid)
        return False

    # --- Getters

    @_memoize_when_activated
    def ppid(self):
        """The pid of its parent."""
        if self._pid_reused:
            self._raise_if_pid_reused()
        try:
            # Rust reads the start of the process with it, and takes no other process for this one.
            self._ppid = self._proc._ppid = self._proc.ppid()
        except NoSuchProcess:
            self._raise_if_pid_reused()
            raise
        return self._ppid

    def name(self):
        """Its name."""
        name = self._proc.name()
        if len(name) >= 15:
            # The kernel keeps 15 bytes; the program's file name may begin with them and go on.
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
        """The file it executes; empty where there is none."""
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
        """The program that the command line names, if that can be executed; else an empty text."""
        try:
            program = next(iter(self.cmdline()), "")
        except AccessDenied:
            return ""
        if not os.path.isabs(program) or not _psplatform.may_look_up(program):
            return ""
        return program if os.path.isfile(program) and os.access(program, os.X_OK) else ""

    def cmdline(self):
        """Its command line."""
        return self._proc.cmdline()

    def status(self):
        """Return its status, one of the STATUS_ constants."""
        try:
            return self._proc.status()
        except ZombieProcess:
            return STATUS_ZOMBIE

    def username(self):
        """Return the name of its real user, or the number of a user without a name."""
        return self._proc.username()

    def create_time(self):
        """When it began, in seconds since 1970."""
        known = self._create_time
        if known is None:
            known = self._create_time = self._proc.create_time()
        return known

    def cwd(self):
        """Its working directory."""
        return self._proc.cwd()

    def nice(self, value=None):
        """Its nice value, or a new one."""
        if value is None:
            return self._proc.nice_get()
        self._raise_if_pid_reused()
        self._proc.nice_set(value)
        return None

    @_memoize_when_activated
    def uids(self):
        """User ids."""
        return self._proc.uids()

    def gids(self):
        """Group ids."""
        return self._proc.gids()

    def terminal(self):
        """Its controlling terminal, or None."""
        return self._proc.terminal()

    def num_fds(self):
        """Number of open file descriptors."""
        return self._proc.num_fds()

    if _psplatform.HAS_PROC_IO:

        def io_counters(self):
            """I/O it has done."""
            return self._proc.io_counters()

    def ionice(self, ioclass=None, value=None):
        """Its I/O scheduling class and priority, or new ones."""
        if ioclass is None:
            if value is not None:
                raise ValueError("'ioclass' argument must be specified")
            return self._proc.ionice_get()
        self._raise_if_pid_reused()
        return self._proc.ionice_set(ioclass, value)

    def rlimit(self, resource, limits=None):
        """A resource limit as (soft, hard), or a new one."""
        if limits is not None:
            self._raise_if_pid_reused()
        return self._proc.rlimit(resource, limits)

    def cpu_affinity(self, cpus=None):
        """The CPUs it may run on, or new ones; an empty list is all that it can have."""
        if cpus is None:
            return sorted({*self._proc.cpu_affinity_get()})
        self._raise_if_pid_reused()
        wanted = {*(cpus or self._proc._get_eligible_cpus())}
        self._proc.cpu_affinity_set(list(wanted))
        return None

    def cpu_num(self):
        """The CPU it last ran on."""
        return self._proc.cpu_num()

    def environ(self):
        """The environment it was started with."""
        return self._proc.environ()

    def num_ctx_switches(self):
        """Context switches, voluntary and involuntary."""
        return self._proc.num_ctx_switches()

    def num_threads(self):
        """Number of threads."""
        return self._proc.num_threads()

    def threads(self):
        """Its threads, with the CPU time of each."""
        return self._proc.threads()

    def children(self, recursive=False):
        """Its children; with `recursive`, all its descendants."""
        self._raise_if_pid_reused()
        if _ppid_map is not _PPID_MAP:
            return self._children_of_map(recursive)
        try:
            found = self._proc.children(recursive)
        except NoSuchProcess:
            raise NoSuchProcess(self.pid, msg="process PID not found") from None
        if (Process.__init__, Process._init, Process._get_ident) == _MADE_BY:
            # Who they are is known: nothing of them needs to be read again.
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
        """Its children as `_ppid_map` has them, which a program has replaced."""
        of = {}
        for pid, ppid in _ppid_map().items():
            of.setdefault(ppid, []).append(pid)
        children, generation, seen = [], [self], {self.pid}
        while generation:
            younger = []
            for parent in generation:
                for pid in of.get(parent.pid, ()):
                    if pid in seen:
                        continue  # a map with a ring
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
        """Whether `parent` can be its parent, and has not merely taken the pid of an earlier one."""
        # By the clock that nobody sets: create_time() of before and after the clock was set cannot be compared.
        began, parent_began = self._ident[1], parent._ident[1]
        return began is None or parent_began is None or parent_began <= began

    def cpu_percent(self, interval=None):
        """CPU time used since the last call, or during `interval` seconds, in percent of one CPU; may exceed 100."""
        pause = 0 if interval is None else interval
        if pause < 0:
            raise ValueError(f"interval is not positive (got {interval!r})")
        if cpu_count is not _CPU_COUNT:
            # The number cancels out, and asking for it costs as much as all the rest; but a replaced one is asked.
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
        """CPU time it has used."""
        return self._proc.cpu_times()

    @_memoize_when_activated
    def memory_info(self):
        """Its memory."""
        return self._proc.memory_info()

    def memory_full_info(self):
        """Return its memory, with USS, PSS and swap."""
        return self._proc.memory_full_info()

    def memory_percent(self, memtype="rss"):
        """One kind of its memory in percent of all physical memory."""
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
            """Its mappings: one by one, or with `grouped` summed by path."""
            return self._proc.memory_maps_grouped() if grouped else self._proc.memory_maps()

    def open_files(self):
        """Regular files it has open."""
        return self._proc.open_files()

    def net_connections(self, kind="inet"):
        """Sockets it holds."""
        _check_conn_kind(kind)
        return self._proc.net_connections(kind)

    @_common.deprecated_method(replacement="net_connections")
    def connections(self, kind="inet"):
        return self.net_connections(kind=kind)

    # --- What changes a process

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
        """Sends it a signal."""
        self._send_signal(sig)

    def suspend(self):
        """Stops it: SIGSTOP."""
        if WINDOWS:
            self._raise_if_pid_reused()
            return self._proc.suspend()
        return self._send_signal(_psplatform.SIGNALS["SIGSTOP"])

    def resume(self):
        """Lets it go on: SIGCONT."""
        if WINDOWS:
            self._raise_if_pid_reused()
            return self._proc.resume()
        return self._send_signal(_psplatform.SIGNALS["SIGCONT"])

    def terminate(self):
        """Asks it to end: SIGTERM."""
        self._send_signal(15)

    def kill(self):
        """Ends it: SIGKILL."""
        self._send_signal(9)

    def wait(self, timeout=None):
        """Waits for its end.

        Returns its exit code or, negative, the signal that ended it; None if it is no child of this process.
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
            # Of several threads that wait one is told the code, which the others are not to forget.
            return self.__dict__.setdefault("_exitcode", None)
        self._exitcode = code
        return code


class _Added:
    """What psutil 8 adds to Process."""

    def memory_info_ex(self):
        """Return its memory by kind, and the peaks."""
        return self._proc.memory_info_ex()

    def memory_footprint(self):
        """Return USS, PSS and swap."""
        return self._proc.memory_footprint()

    def page_faults(self):
        """Page faults it has caused."""
        return self._proc.page_faults()


if WINDOWS:

    def _num_handles(self):
        """Number of handles it has open."""
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
    """Make a Process around a native one whose identity has been read."""
    process = Process.__new__(Process)
    pid = proc.pid
    process._set_up(pid, proc)
    try:
        process._ident = (pid, proc.create_time(monotonic=True))
    except (AccessDenied, ZombieProcess):
        pass  # known to be there, and that is all that is known
    return process


_as_dict_attrnames = frozenset(name for name in dir(Process) if not name.startswith("_")) - {
    "send_signal", "suspend", "resume", "terminate", "kill", "wait", "is_running", "as_dict", "parent", "parents",
    "children", "rlimit", "connections", "oneshot",
}  # fmt: skip
_AS_DICT_ALL = tuple(sorted(_as_dict_attrnames))


def _added(self, name):
    """What psutil 8 adds, where `dir(Process)` is to be what it is in psutil 7."""
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
    # The names that as_dict() and process_iter() take.
    Process.attrs = _ATTRS


# The getters that Rust can answer many of in one call, each as it is here and in `_pslinux` unless someone replaces it.
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
    """Return the names for as_dict(), each once; all if none is given."""
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
    """The names that as_dict() was given, and a reader of those that one native call reads.

    A getter that needs more than its file is not among the latter, nor one that was replaced in a class or in `_pslinux`.
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
    """The pids of all processes, ascending."""
    global _first
    found = _psplatform.pids()
    _first = found[0]
    return found


def _first_pid():
    return pids()[0] if _first is None else _first


def pid_exists(pid):
    """Whether a process has this pid."""
    if pid < 0:
        return False
    if pid == 0 and not WINDOWS:
        # For kill(2) 0 is the calling process's group.
        return pid in pids()
    return _psplatform.pid_exists(pid)


def process_iter(attrs=None, ad_value=None):
    """Goes through all processes, by pid; the same instances again each time.

    With `attrs`, each has a dict `info` of what `as_dict(attrs, ad_value)` returns.
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
            break  # another thread has taken it
        debug(f"refreshing Process instance for reused PID {pid}")
        reused.add(pid)
    if reused:
        known = {pid: process for pid, process in known.items() if pid not in reused}
    # The processes of the last time, mostly, and the pids of others.
    found, pmap, lowest = _psplatform._api.recall(known, present)
    if not replaced:
        _first = lowest
    new = {}
    if not LINUX and len(pmap) < len(found) and (Process.__init__, Process._init, Process._get_ident) == _MADE_BY:
        # The kernel's table of processes tells all of them apart. Linux has none: a process is read when its turn comes.
        new = {proc.pid: proc for proc in _all_processes(_psplatform._api, _psplatform.Process)}
    try:
        if attrs is None and len(pmap) == len(found):
            yield from found
            return
        for process in found:
            pid = process if type(process) is int else None
            if pid in reused:
                continue  # another process has it: its instance is for the next time
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
# What process_iter() goes around, unless someone has replaced it.
_AS_DICT = Process.as_dict
_PIDS = (pids, _psplatform.pids)


def wait_procs(procs, timeout=None, callback=None):
    """Waits for processes; returns those that are gone, each with a `returncode`, and those still alive.

    `callback` is called with each as it is found gone.
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
            # A slice each, so that none is waited for while others have ended.
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
        # The time is over: one last look.
        for process in alive:
            check_gone(process, 0)
        alive -= gone
    return (list(gone), list(alive))


def _subprocess_timeout():
    """Return subprocess.TimeoutExpired without importing subprocess: who has not imported it cannot raise it."""
    subprocess = sys.modules.get("subprocess")
    return TimeoutExpired if subprocess is None else subprocess.TimeoutExpired


# --- CPU


def cpu_count(logical=True):
    """Number of logical CPUs or, without `logical`, of cores; None if it is not known."""
    count = _psplatform.cpu_count_logical() if logical else _psplatform.cpu_count_cores()
    return count if count is not None and count >= 1 else None


_CPU_COUNT = cpu_count


def cpu_times(percpu=False):
    """CPU times since the boot; with `percpu`, of each CPU."""
    return _psplatform.per_cpu_times() if percpu else _psplatform.cpu_times()


def _first_samples():
    """Take the first sample of all CPUs and of each, for the importing thread."""
    samples = {}
    for percpu in (False, True):
        try:
            samples[_thread.get_ident(), percpu] = cpu_times(percpu=percpu)
        except Exception as err:
            # There may be no /proc yet.
            debug(err)
    return samples


# The last sample of each thread, by thread and by whether it is of each CPU. The functions do not share them.
_busy_samples = _first_samples()
_kinds_samples = {**_busy_samples}


def _since_last(percent, last, interval, percpu):
    """`percent` of two samples: the last of this thread and now, or now and after `interval` seconds."""
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
    """The busy part of the CPUs since the last call of this thread, or during `interval` seconds, in percent."""
    return _since_last(_busy_percent, _busy_samples, interval, percpu)


def cpu_times_percent(interval=None, percpu=False):
    """As cpu_percent, for each kind of CPU time."""
    return _since_last(_each_percent, _kinds_samples, interval, percpu)


def cpu_stats():
    """Context switches, interrupts, software interrupts and (0 on Linux) system calls since the boot."""
    return _psplatform.cpu_stats()


def cpu_freq(percpu=False):
    """Frequency of the CPUs in MHz: their mean or, with `percpu`, of each."""
    freqs = _psplatform.cpu_freq()
    if percpu:
        return freqs
    if not freqs:
        return None
    if len(freqs) == 1:
        return freqs[0]
    return _sums(_ntuples.scpufreq, freqs, mean=True)


# As in psutil, the function of the standard library.
getloadavg = _psplatform.getloadavg if hasattr(_psplatform, "getloadavg") else os.getloadavg


# --- Memory


def virtual_memory():
    """Physical memory, in bytes."""
    global _TOTAL_PHYMEM
    memory = _psplatform.virtual_memory()
    _TOTAL_PHYMEM = memory.total
    return memory


def swap_memory():
    """Swap space, in bytes."""
    return _psplatform.swap_memory()


def heap_info():
    """What the C allocator of this process holds, in bytes."""
    return _psplatform.heap_info()


def heap_trim():
    """Gives free memory of the C allocator back to the system."""
    return _psplatform.heap_trim()


# --- Disks


def disk_usage(path, timeout=None):
    """Read the space of the file system that holds `path`, in bytes.

    A network file system whose server is gone never answers. With a `timeout` in seconds, on Linux, TimeoutExpired is
    raised instead of waiting for ever, and the file system is not asked again for 30 seconds.
    """
    if timeout is None:
        return _psplatform.disk_usage(path)
    try:
        return _psplatform.disk_usage_within(path, timeout)
    except TimeoutError:
        raise TimeoutExpired(timeout) from None


def disk_partitions(all=False):
    """Mounted file systems: those on devices, or `all`."""
    return _psplatform.disk_partitions(all)


def disk_io_counters(perdisk=False, nowrap=True):
    """Return the I/O counters of all disks, or with `perdisk` of each. With `nowrap` no counter goes back."""
    return _counters("disk_io_counters", {"perdisk": bool(perdisk)}, _ntuples.sdiskio, perdisk, nowrap)


def net_io_counters(pernic=False, nowrap=True):
    """Return the I/O counters of all interfaces, or with `pernic` of each. With `nowrap` no counter goes back."""
    return _counters("net_io_counters", {}, _ntuples.snetio, pernic, nowrap)


def _counters(name, arguments, tuple_, each, nowrap):
    read = getattr(_psplatform, name)
    if nowrap:
        # Read under the lock: numbers that another thread has overtaken would be taken for wrapped ones.
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
    """Forgets what a function with `nowrap` remembers."""

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
    """All sockets of a kind."""
    _check_conn_kind(kind)
    return _psplatform.net_connections(kind)


def net_if_addrs():
    """Addresses of each interface."""
    return _psplatform._api.addresses_by_nic(_psplatform.net_if_addrs())


def net_if_stats():
    """State of each interface."""
    return _psplatform.net_if_stats()


# --- Sensors and users


def sensors_temperatures(fahrenheit=False):
    """Temperatures by chip."""

    def degrees(celsius):
        return celsius if celsius is None or not fahrenheit else float(celsius) * 9 / 5 + 32

    chips = {}
    for chip, sensors in _psplatform.sensors_temperatures().items():
        chips[chip] = temperatures = []
        for label, current, high, critical in sensors:
            current, high, critical = degrees(current), degrees(high), degrees(critical)
            # One limit stands for both.
            temperatures.append(_ntuples.shwtemp(label, current, high or critical or high, critical or high or critical))
    return chips


def sensors_fans():
    """Fans by chip, in revolutions per minute."""
    return _psplatform.sensors_fans()


def sensors_battery():
    """The battery, or None where there is none."""
    return _psplatform.sensors_battery()


def users():
    """Login sessions."""
    return _psplatform.users()


def set_backend(name):
    """Choose where readings come from: "auto", "proc" or "bpf" (Linux: programs loaded into the kernel, for passes over
    many processes). Return None, or the reason why the choice has no effect: the readings then come from /proc."""
    _psplatform._api.set_backend(name)
    return _psplatform._api.backend_refusal()


def boot_time():
    """When the machine was booted, in seconds since 1970."""
    return _psplatform.boot_time()


def bytes2human(n):
    """A number of bytes for people: 10000 is "9.8K"."""
    return _common.bytes2human(float(n))


def open_capture(path):
    """Opens a machine that was copied: a file that `psoxide capture` wrote, or a directory with a copied /proc and /sys.

    Returns the package once more, as it is on the system of that machine: with the functions, constants and fields that
    psutil has there. What needs the running kernel raises NotImplementedError, and a question that the capture does
    not hold RuntimeError. The exceptions are those of this package.
    """
    from . import _capture

    return _capture.open_capture(path)


def close_capture(package):
    """Forgets a package that open_capture() has returned, which otherwise stays in memory."""
    from . import _capture

    _capture.close_capture(package)


for _name in _absent & globals().keys():
    del globals()[_name]
