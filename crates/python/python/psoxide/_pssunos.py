"""Reads illumos and Solaris. Programs replace functions here, and the package then calls the replacements."""

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

PAGE_SIZE = os.sysconf("SC_PAGE_SIZE")
HAS_PROC_IO = False
HAS_PROC_SMAPS = True
AF_LINK = 25
SIGNALS = {"SIGSTOP": 23, "SIGCONT": 25}
_lazy.SOCKET_ENUMS["socket.AddressFamily"].update(AF_UNIX=1, AF_INET=2, AF_INET6=26, AF_LINK=25)

# Socket states that only this system has.
CONN_IDLE = "IDLE"
CONN_BOUND = "BOUND"
__extra__all__ = ["CONN_IDLE", "CONN_BOUND"]

# Names that the package does not have on this system, getters that no process has, and getters not read as a row.
ABSENT = frozenset((
    "IOPRIO_CLASS_NONE", "IOPRIO_CLASS_RT", "IOPRIO_CLASS_BE", "IOPRIO_CLASS_IDLE", "ProcessIOPriority", "RLIM_INFINITY",
    "ProcessRlimit", "cpu_freq", "sensors_temperatures", "sensors_fans", "sensors_battery", "heap_info", "heap_trim",
))  # fmt: skip
ABSENT_GETTERS = frozenset(("ionice", "memory_footprint", "rlimit", "cpu_affinity", "io_counters"))
NOT_PLANNED = frozenset(("nice",))
# The nice value of an ordinary process as the kernel counts it, sys/param.h.
_NZERO = 20
# Processes of the kernel for which setpriority(3C) fails with ESRCH although they exist: pageout and fsflush.
_WITHOUT_PRIORITY = (2, 3)


def __getattr__(name):
    return _lazy.attribute("_pssunos", name)


getloadavg = _api.getloadavg
net_if_addrs = _api.net_if_addrs
net_if_stats = _api.net_if_stats


def disk_usage(path):
    """Returns the size and use of the file system that holds a path or an open file."""
    return _api.disk_usage(os.fsdecode(path)) if _CAPTURED else _psposix.disk_usage(path)


def disk_usage_within(path, timeout):
    """Calls `disk_usage`. The timeout is ignored, because this system cannot stop waiting."""
    return disk_usage(path)


class Process(_psposix.Process):
    """Reads one process."""

    __slots__ = ()

    def exe(self):
        """Its program; empty where the kernel refuses the path, which the package then guesses from the command line."""
        try:
            return super().exe()
        except AccessDenied:
            return ""

    def create_time(self, monotonic=False):
        """When it was started. The kernel never corrects this time, so it is the identity of the process too, as in psutil."""
        return super().create_time(monotonic=False)

    def nice_get(self):
        """Its nice value as ps(1) prints it: 20 for an ordinary process, 0 in a scheduling class without nice values."""
        try:
            return self.priority() + _NZERO
        except NotImplementedError:
            return 0

    def nice_set(self, value):
        """Gives it another nice value, from -20 to 19."""
        if self.pid in _WITHOUT_PRIORITY:
            raise AccessDenied(self.pid, getattr(self, "_name", None))
        return super().nice_set(value)
