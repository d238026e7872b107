"""Reads Linux. Programs and tests replace functions here, and the package then calls the replacements."""

import errno
import os
import sys

from . import _cext as cext
from . import _common, _fork, _lazy, _ntuples, _psposix, _system
from ._common import (
    AccessDenied,
    NoSuchProcess,
    TimeoutExpired,
    ZombieProcess,
    bcat,
    cat,
    debug,
    get_procfs_path,
    isfile_strict,
    memoize,
    memoize_when_activated,
    open_binary,
    open_text,
    parse_environ_block,
    path_exists_strict,
    supports_ipv6,
)
from ._readings import *
from ._readings import _api

ntp = _ntuples
scputimes = _ntuples.scputimes
_this = sys.modules[__name__]

# Whether a captured machine is read. The running kernel must not be queried then.
_CAPTURED = _system.MACHINE is not None
CLOCK_TICKS = os.sysconf("SC_CLK_TCK")
PAGESIZE = os.sysconf("SC_PAGE_SIZE")
LITTLE_ENDIAN = sys.byteorder == "little"
DISK_SECTOR_SIZE = 512
HAS_CPU_AFFINITY = True
HAS_PROC_IO_PRIORITY = True
HAS_PROC_SMAPS = _CAPTURED or os.path.exists("/proc/self/smaps")
HAS_PROC_SMAPS_ROLLUP = _CAPTURED or os.path.exists("/proc/self/smaps_rollup")
HAS_PROC_IO = _CAPTURED or os.path.exists("/proc/self/io")
# Names that the package does not have on this system, getters that no process has, and getters not read as a row.
ABSENT = ABSENT_GETTERS = NOT_PLANNED = frozenset()
SIGNALS = {"SIGSTOP": 19, "SIGCONT": 18}

# IOPRIO_CLASS_NONE and IOPRIO_CLASS_IDLE
_CLASSES_WITHOUT_VALUE = (0, 3)

__extra__all__ = (
    ["PROCFS_PATH"]
    + ["IOPRIO_CLASS_NONE", "IOPRIO_CLASS_RT", "IOPRIO_CLASS_BE", "IOPRIO_CLASS_IDLE"]
    + [name for name in dir(_common) if name.startswith("CONN_")]
)

_lazy.ENUMS["IOPriority"] = ("_pslinux", {
    "IOPRIO_CLASS_NONE": 0,
    "IOPRIO_CLASS_RT": 1,
    "IOPRIO_CLASS_BE": 2,
    "IOPRIO_CLASS_IDLE": 3,
})  # fmt: skip
_lazy.ENUMS["AddressFamily"] = ("_pslinux", {"AF_LINK": 17})
_lazy.SOCKET_ENUMS["socket.AddressFamily"].update(AF_UNIX=1, AF_INET=2, AF_INET6=10, AF_PACKET=17)


def __getattr__(name):
    if name in ("base64", "collections", "enum", "functools", "glob", "re", "resource", "socket", "struct", "warnings"):
        value = _fork.load(name)
    elif name in ("RootFsDeviceFinder", "calculate_avail_vmem"):
        from . import _legacy

        value = getattr(_legacy, name)
    elif name.startswith("NIC_DUPLEX_"):
        return getattr(_common, name)
    else:
        return _lazy.attribute("_pslinux", name)
    globals()[name] = value
    return value


cpu_freq = _api.cpu_freq
net_if_addrs = _api.net_if_addrs
sensors_temperatures = _api.sensors_temperatures
sensors_fans = _api.sensors_fans
if _CAPTURED:
    getloadavg = _api.getloadavg


def disk_usage(path):
    """Returns the size and use of the file system that holds a path or an open file."""
    # The standard library handles paths of bytes and descriptors, and refuses everything else.
    return _api.disk_usage(path) if _CAPTURED or (isinstance(path, str) and "\0" not in path) else _psposix.disk_usage(path)


def disk_usage_within(path, timeout):
    """Calls `disk_usage`. Raises TimeoutError after `timeout` seconds."""
    path = f"/proc/self/fd/{path}" if isinstance(path, int) else os.fsdecode(path)
    return _api.disk_usage(path, timeout)


def net_if_stats():
    """Returns the state of each interface. If /proc is elsewhere, only those in its net/dev."""
    stats = _api.net_if_stats()
    if get_procfs_path() != "/proc":
        names = net_io_counters()
        stats = {name: nic for name, nic in stats.items() if name in names}
    return stats


def readlink(path):
    """Returns the target of a link, without the marks that the kernel appends."""
    target, mark = os.readlink(path).partition("\x00")[0], " (deleted)"
    # The name of an existing file may end with " (deleted)".
    if target.endswith(mark) and not path_exists_strict(target):
        return target[: -len(mark)]
    return target


def wrap_exceptions(fun):
    """Wraps a method of Process so that it raises psutil's exceptions for a process that is gone or denies access."""

    def wrapper(self, *args, **kwargs):
        try:
            return fun(self, *args, **kwargs)
        except OSError as err:
            name = getattr(self, "_name", None)
            if isinstance(err, PermissionError):
                raise AccessDenied(self.pid, name) from err
            gone = isinstance(err, ProcessLookupError)
            # Some kernels fail with ENOSYS for prlimit(2) of a zombie.
            if (gone or err.errno == errno.ENOSYS) and self._is_zombie():
                raise ZombieProcess(self.pid, name, getattr(self, "_ppid", None)) from err
            if gone:
                raise NoSuchProcess(self.pid, name) from err
            raise

    return _common._looks_like(wrapper, fun)


class Process(_psposix.Process):
    """Reads one process."""

    __slots__ = ()

    def _is_zombie(self):
        """Returns whether the process is a zombie. Returns False if it does not exist."""
        try:
            return self.status() == _common.STATUS_ZOMBIE
        except (OSError, _common.Error):
            return False

    @wrap_exceptions
    def nice_get(self):
        """Returns the nice value."""
        return self.priority() if _CAPTURED else os.getpriority(os.PRIO_PROCESS, self.pid)

    @wrap_exceptions
    def cpu_affinity_get(self):
        """Returns the CPUs that the process may run on."""
        return self.affinity() if _CAPTURED else list(os.sched_getaffinity(self.pid))

    def _get_eligible_cpus(self):
        """Lists all CPUs. The kernel removes those that the process's cgroup does not allow."""
        return list(range(len(_this.per_cpu_times())))

    @wrap_exceptions
    def cpu_affinity_set(self, cpus):
        """Sets the CPUs that the process may run on."""
        if _CAPTURED:
            return self.set_affinity(list(cpus))
        try:
            os.sched_setaffinity(self.pid, cpus)
        except (OSError, ValueError, OverflowError) as err:
            # A CPU number that fits a C long and is too large for the kernel also raises OverflowError.
            small = isinstance(err, OverflowError) and all(-(1 << 63) <= cpu < 1 << 63 for cpu in cpus)
            if small or isinstance(err, ValueError) or getattr(err, "errno", None) == errno.EINVAL:
                eligible = self._get_eligible_cpus()
                for cpu in cpus:
                    if cpu not in eligible:
                        raise ValueError(f"invalid CPU {cpu!r}; choose between {eligible}") from err
            raise

    def ionice_get(self):
        """Returns the I/O scheduling class and priority."""
        ioclass, value = self.ionice()
        return _ntuples.pionice(_lazy.member("IOPriority", ioclass), value)

    def ionice_set(self, ioclass, value):
        """Sets the I/O scheduling class and priority."""
        if value is None:
            value = 0
        if value and ioclass in _CLASSES_WITHOUT_VALUE:
            raise ValueError(f"{ioclass!r} ioclass accepts no value")
        if value < 0 or value > 7:
            raise ValueError("value not in 0-7 range")
        return self.set_ionice(ioclass, value)

    @wrap_exceptions
    def rlimit(self, resource_, limits=None):
        """Returns a resource limit as (soft, hard), or sets it."""
        # prlimit(2) takes 0 for the calling process.
        if self.pid == 0:
            raise ValueError("can't use prlimit() against PID 0 process")
        if limits is None:
            return self.limit(resource_)
        if len(limits) != 2:
            raise ValueError(f"second argument must be a (soft, hard) tuple, got {limits!r}")
        try:
            self.set_limit(resource_, *limits)
        except OSError as err:
            if err.errno == errno.EINVAL:
                raise ValueError("current limit exceeds maximum limit") from None
            raise
        return None

    def _parse_smaps_rollup(self):
        """Returns USS, PSS and swap, in bytes."""
        return tuple(self.memory_footprint())

    _parse_smaps = _parse_smaps_rollup
