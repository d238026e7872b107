"""What the package reads on FreeBSD, OpenBSD and NetBSD. Programs replace functions here, and the package then sees theirs."""

import os

from . import _cext as cext
from . import _common, _lazy, _ntuples, _psposix, _system
from ._common import FREEBSD, NETBSD, OPENBSD, AccessDenied, NoSuchProcess, TimeoutExpired, ZombieProcess, debug, memoize
from ._readings import *
from ._readings import _api

ntp = _ntuples
scputimes = _ntuples.scputimes
# A machine that was copied, of which nothing may be asked of the running kernel.
_CAPTURED = _system.MACHINE is not None

PAGESIZE = os.sysconf("SC_PAGE_SIZE")
HAS_PROC_IO = True
HAS_PROC_SMAPS = True
AF_LINK = 18
SIGNALS = {"SIGSTOP": 17, "SIGCONT": 19}
_lazy.SOCKET_ENUMS["socket.AddressFamily"].update(AF_UNIX=1, AF_INET=2, AF_INET6=28 if FREEBSD else 24, AF_LINK=18)

__extra__all__ = []

# Names of the package that a system does not have, and getters that are not read as a row.
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
    """Use of physical memory. What these kernels do not count is 0, as in psutil."""
    memory = _api.virtual_memory()
    return memory._replace(buffers=memory.buffers or 0, shared=memory.shared or 0)


def disk_usage(path):
    """Space of the file system that a path, or an open file, is on."""
    return _api.disk_usage(os.fsdecode(path)) if _CAPTURED else _psposix.disk_usage(path)


def disk_usage_within(path, timeout):
    """The same: this system has no way to stop waiting."""
    return disk_usage(path)


class Process(_psposix.Process):
    """One process."""

    __slots__ = ()

    def io_counters(self):
        """Reads and writes it has done. The kernel does not count bytes: psutil has -1."""
        return super().io_counters()._replace(read_bytes=-1, write_bytes=-1)

    if FREEBSD:

        def cpu_affinity_get(self):
            """The CPUs it may run on."""
            return self.affinity()

        def _get_eligible_cpus(self):
            """The CPUs that it may be given."""
            return list(range(len(per_cpu_times())))

        def cpu_affinity_set(self, cpus):
            """Sets the CPUs it may run on."""
            eligible = set(self._get_eligible_cpus())
            for cpu in cpus:
                if cpu not in eligible:
                    raise ValueError(f"invalid CPU {cpu!r} (choose between {eligible})")
            return self.set_affinity(list(cpus))

        def rlimit(self, resource, limits=None):
            """A resource limit as (soft, hard), or a new one."""
            if limits is None:
                return self.limit(resource)
            if len(limits) != 2:
                raise ValueError(f"second argument must be a (soft, hard) tuple, got {limits!r}")
            self.set_limit(resource, *limits)
            return None
