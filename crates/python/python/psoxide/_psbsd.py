"""Reads FreeBSD, OpenBSD and NetBSD. Programs replace functions here, and the package then calls the replacements."""

import os

from . import _cext as cext
from . import _common, _lazy, _ntuples, _psposix, _system
from ._common import FREEBSD, NETBSD, OPENBSD, AccessDenied, NoSuchProcess, TimeoutExpired, ZombieProcess, debug, memoize
from ._readings import *
from ._readings import _api

ntp = _ntuples
scputimes = _ntuples.scputimes
# Whether a captured machine is read. The running kernel must not be queried then.
_CAPTURED = _system.MACHINE is not None

PAGESIZE = os.sysconf("SC_PAGE_SIZE")
HAS_PROC_IO = True
HAS_PROC_SMAPS = True
AF_LINK = 18
SIGNALS = {"SIGSTOP": 17, "SIGCONT": 19}
_lazy.SOCKET_ENUMS["socket.AddressFamily"].update(AF_UNIX=1, AF_INET=2, AF_INET6=28 if FREEBSD else 24, AF_LINK=18)

__extra__all__ = []

# Names that the package does not have on each system, getters that no process has, and getters not read as a row.
_ABSENT = {
    "freebsd": (),
    "openbsd": ("RLIM_INFINITY", "ProcessRlimit", "sensors_temperatures", "sensors_battery", "heap_info", "heap_trim"),
    "netbsd": ("RLIM_INFINITY", "ProcessRlimit", "sensors_temperatures", "sensors_battery", "cpu_freq"),
}
ABSENT = frozenset((
    "PROCFS_PATH", "IOPRIO_CLASS_NONE", "IOPRIO_CLASS_RT", "IOPRIO_CLASS_BE", "IOPRIO_CLASS_IDLE", "ProcessIOPriority",
    "sensors_fans", *_ABSENT[_system.NAME],
))  # fmt: skip
ABSENT_GETTERS = frozenset(
    ("ionice", "memory_footprint") + (() if FREEBSD else ("rlimit", "cpu_affinity", "cpu_num", "memory_maps"))
)
NOT_PLANNED = frozenset(("io_counters",))


def __getattr__(name):
    return _lazy.attribute("_psbsd", name)


getloadavg = _api.getloadavg
net_if_addrs = _api.net_if_addrs
net_if_stats = _api.net_if_stats
if FREEBSD or OPENBSD:
    cpu_freq = _api.cpu_freq
if FREEBSD:
    sensors_temperatures = _api.sensors_temperatures


def virtual_memory():
    """Returns the use of physical memory. A field that the kernel does not count is 0, as in psutil."""
    memory = _api.virtual_memory()
    return memory._replace(buffers=memory.buffers or 0, shared=memory.shared or 0)


def disk_usage(path):
    """Returns the size and use of the file system that holds a path or an open file."""
    return _api.disk_usage(os.fsdecode(path)) if _CAPTURED else _psposix.disk_usage(path)


def disk_usage_within(path, timeout):
    """Calls `disk_usage`. The timeout is ignored, because this system cannot stop waiting."""
    return disk_usage(path)


class Process(_psposix.Process):
    """Reads one process."""

    __slots__ = ()

    def io_counters(self):
        """Returns how many reads and writes the process has done. The kernel does not count bytes, so they are -1."""
        return super().io_counters()._replace(read_bytes=-1, write_bytes=-1)

    if FREEBSD:

        def cpu_affinity_get(self):
            """Returns the CPUs that the process may run on."""
            return self.affinity()

        def _get_eligible_cpus(self):
            """Lists the CPUs that the process could be bound to."""
            return list(range(len(per_cpu_times())))

        def cpu_affinity_set(self, cpus):
            """Sets the CPUs that the process may run on."""
            eligible = set(self._get_eligible_cpus())
            for cpu in cpus:
                if cpu not in eligible:
                    raise ValueError(f"invalid CPU {cpu!r} (choose between {eligible})")
            return self.set_affinity(list(cpus))

        def rlimit(self, resource, limits=None):
            """Returns a resource limit as (soft, hard), or sets it."""
            if limits is None:
                return self.limit(resource)
            if len(limits) != 2:
                raise ValueError(f"second argument must be a (soft, hard) tuple, got {limits!r}")
            self.set_limit(resource, *limits)
            return None
