"""Reads macOS. Programs replace functions here, and the package then calls the replacements."""

import os

from . import _cext as cext
from . import _common, _lazy, _ntuples, _psposix, _system
from ._common import AccessDenied, NoSuchProcess, TimeoutExpired, ZombieProcess, debug, memoize
from ._readings import *
from ._readings import _api

ntp = _ntuples
scputimes = _ntuples.scputimes
# Whether a captured machine is read. The running kernel must not be queried then.
_CAPTURED = _system.MACHINE is not None

PAGESIZE = os.sysconf("SC_PAGE_SIZE")
# The kernel counts the bytes that a process reads and writes, but psutil has no io_counters() here.
HAS_PROC_IO = False
HAS_PROC_SMAPS = False
AF_LINK = 18
SIGNALS = {"SIGSTOP": 17, "SIGCONT": 19}
_lazy.SOCKET_ENUMS["socket.AddressFamily"].update(AF_UNIX=1, AF_INET=2, AF_INET6=30, AF_LINK=18)

__extra__all__ = []


def _has_cpu_freq():
    """Returns whether the machine has CPU frequencies. Virtual machines on Apple silicon have none."""
    if not _CAPTURED and (_system.HOST != "macos" or os.uname().machine != "arm64"):
        return True
    try:
        _api.cpu_freq()
    except NotImplementedError:
        return False
    except (OSError, RuntimeError) as err:
        debug(f"whether there are CPU frequencies cannot be told: {err!r}")
    return True


# Names that the package does not have on this system, getters that no process has, and getters not read as a row.
ABSENT = frozenset((
    "PROCFS_PATH", "IOPRIO_CLASS_NONE", "IOPRIO_CLASS_RT", "IOPRIO_CLASS_BE", "IOPRIO_CLASS_IDLE", "ProcessIOPriority",
    "RLIM_INFINITY", "ProcessRlimit", "sensors_fans", "sensors_temperatures", *(() if _has_cpu_freq() else ("cpu_freq",)),
))  # fmt: skip
ABSENT_GETTERS = frozenset(("ionice", "rlimit", "cpu_affinity", "cpu_num"))
NOT_PLANNED = frozenset()


def __getattr__(name):
    return _lazy.attribute("_psosx", name)


getloadavg = _api.getloadavg
net_if_addrs = _api.net_if_addrs
net_if_stats = _api.net_if_stats
if "cpu_freq" not in ABSENT:
    cpu_freq = _api.cpu_freq


def cpu_stats():
    """Counts of interrupts. What the kernel does not count is 0: kernels of Intel count nothing."""
    try:
        return _api.cpu_stats()
    except NotImplementedError:
        return _ntuples.scpustats(0, 0, 0, 0)


def disk_usage(path):
    """Returns the size and use of the file system that holds a path or an open file."""
    if _CAPTURED:
        return _api.disk_usage(os.fsdecode(path))
    # statvfs(3) raises psutil's errors, but does not report how much of its container an APFS volume uses.
    usage = _psposix.disk_usage(path)
    return usage if isinstance(path, int) else _api.disk_usage(os.fsdecode(path))


def disk_usage_within(path, timeout):
    """Calls `disk_usage`. The timeout is ignored, because this system cannot stop waiting."""
    return disk_usage(path)


def net_connections(kind="inet"):
    """Lists the sockets of all processes. As in psutil, only root may: others get AccessDenied."""
    found = []
    for pid in pids():
        try:
            connections = Process(pid).net_connections(kind)
        except NoSuchProcess:
            continue
        found.extend(_ntuples.sconn(*connection, pid) for connection in connections)
    return found


class Process(_psposix.Process):
    """Reads one process."""

    __slots__ = ()

    def exe(self):
        """Returns the path of the executable. psutil denies access to the kernel's own process, which has none."""
        if self.pid == 0:
            raise AccessDenied(self.pid, getattr(self, "_name", None))
        return super().exe()
