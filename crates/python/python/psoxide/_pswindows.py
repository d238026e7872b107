"""What the package reads on Windows. Programs and tests replace functions here, and the package then sees theirs."""

import os
import sys
import time

from . import _cext as cext
from . import _common, _lazy, _ntuples, _psoxide
from ._common import AccessDenied, NoSuchProcess, TimeoutExpired
from ._readings import *
from ._readings import _api

ntp = _ntuples
_this = sys.modules[__name__]

HAS_PROC_IO = True
HAS_PROC_SMAPS = True
# Names of the package that this system does not have, and getters that are not read as a row.
ABSENT = frozenset((
    "pwd", "PROCFS_PATH", "RLIM_INFINITY", "IOPRIO_CLASS_NONE", "IOPRIO_CLASS_RT", "IOPRIO_CLASS_BE",
    "IOPRIO_CLASS_IDLE", "sensors_temperatures", "sensors_fans",
))  # fmt: skip
ABSENT_GETTERS = frozenset(("uids", "gids", "terminal", "num_fds", "rlimit", "cpu_num"))
NOT_PLANNED = frozenset(("memory_info", "status"))

CONN_DELETE_TCB = "DELETE_TCB"
# Plain numbers; what nice() returns is a member of the enum.
PRIORITIES = {
    "ABOVE_NORMAL_PRIORITY_CLASS": 0x8000,
    "BELOW_NORMAL_PRIORITY_CLASS": 0x4000,
    "HIGH_PRIORITY_CLASS": 0x80,
    "IDLE_PRIORITY_CLASS": 0x40,
    "NORMAL_PRIORITY_CLASS": 0x20,
    "REALTIME_PRIORITY_CLASS": 0x100,
}
globals().update(PRIORITIES)

__extra__all__ = [
    "win_service_iter", "win_service_get",
    "ABOVE_NORMAL_PRIORITY_CLASS", "BELOW_NORMAL_PRIORITY_CLASS", "HIGH_PRIORITY_CLASS", "IDLE_PRIORITY_CLASS",
    "NORMAL_PRIORITY_CLASS", "REALTIME_PRIORITY_CLASS",
    "IOPRIO_VERYLOW", "IOPRIO_LOW", "IOPRIO_NORMAL", "IOPRIO_HIGH",
    "CONN_DELETE_TCB", "AF_LINK",
]  # fmt: skip

_lazy.ENUMS["IOPriority"] = ("_pswindows", {
    "IOPRIO_VERYLOW": 0,
    "IOPRIO_LOW": 1,
    "IOPRIO_NORMAL": 2,
    "IOPRIO_HIGH": 3,
})  # fmt: skip
_lazy.ENUMS["Priority"] = ("_pswindows", PRIORITIES)
_lazy.ENUMS["AddressFamily"] = ("_pswindows", {"AF_LINK": -1})
_lazy.SOCKET_ENUMS["socket.AddressFamily"].update(AF_INET=2, AF_INET6=23)


def __getattr__(name):
    return _lazy.attribute("_pswindows", name)


getloadavg = _api.getloadavg


def cpu_freq():
    """The frequency of the first CPU, which Windows gives all of them; empty where it is not known."""
    return _api.cpu_freq()[:1]


def disk_usage(path):
    """Space of the file system that a path is on."""
    return _api.disk_usage(os.fsdecode(path))


def disk_usage_within(path, timeout):
    """The same: this system has no way to stop waiting."""
    return disk_usage(path)


def net_if_addrs():
    """Plain tuples: interface, family number, address, netmask, broadcast, peer; of IPv6 psutil has the address alone."""
    for name, family, address, netmask, broadcast, ptp in _api.net_if_addrs():
        if family == -1:
            # As Windows writes it.
            address = address.replace(":", "-").upper()
        elif family != 2:
            address, netmask = address.partition("%")[0], None
        yield name, family, address, netmask, broadcast, ptp


def net_if_stats():
    """State of each interface. Windows does not tell of duplex; psutil says full."""
    return {name: nic._replace(duplex=_common.NIC_DUPLEX_FULL) for name, nic in _api.net_if_stats().items()}


def convert_oserror(exc, pid=None, name=None):
    """What an error of the system says of a process; one that says nothing of it is raised."""
    # ERROR_PRIVILEGE_NOT_HELD is no PermissionError.
    if isinstance(exc, PermissionError) or getattr(exc, "winerror", None) == 1314:
        return AccessDenied(pid=pid, name=name)
    if isinstance(exc, ProcessLookupError):
        return NoSuchProcess(pid=pid, name=name)
    raise exc


class WindowsService:
    """A service, by its name. Whatever is asked of it is read anew."""

    def __init__(self, name, display_name):
        self._name = name
        self._display_name = display_name

    def __str__(self):
        return f"{self.__class__.__name__}(name={self._name!r}, display_name={self._display_name!r})"

    def __repr__(self):
        return f"<{self} at {id(self)}>"

    def __eq__(self, other):
        return self._name == other._name if isinstance(other, WindowsService) else NotImplemented

    def __ne__(self, other):
        return not self == other

    def __hash__(self):
        return hash(self._name)

    def _read(self):
        return _api.service(self._name)

    def name(self):
        """The name by which the system knows it: the one it was found by."""
        return self._name

    def display_name(self):
        """The name for people."""
        return self._display_name

    def binpath(self):
        """The command line of its program."""
        return self._read()["binpath"]

    def username(self):
        """The account that it runs as."""
        return self._read()["username"]

    def start_type(self):
        """What starts it: "automatic", "manual" or "disabled"."""
        return self._read()["start_type"]

    def pid(self):
        """Its process, or None where it has none."""
        return self._read()["pid"]

    def status(self):
        """What it does now: "running", "paused", "stopped", or on the way there, as "start_pending"."""
        return self._read()["status"]

    def description(self):
        """What it is for."""
        return self._read()["description"]

    def as_dict(self):
        """All of it."""
        read = self._read()
        order = ("display_name", "binpath", "username", "start_type", "pid", "status", "name", "description")
        return {name: read[name] for name in order}


def win_service_iter():
    """Goes through all services."""
    for name, display_name in _api.services():
        yield WindowsService(name, display_name)


def win_service_get(name):
    """The service of this name; NoSuchProcess if there is none."""
    return WindowsService(name, _api.service(name)["display_name"])


class Process(_psoxide.Process):
    """One process. `_name` and `_ppid` are what exceptions tell of it, once they are known."""

    _api = _api
    __slots__ = ("_name", "_ppid")

    # How long is waited between two looks for Ctrl+C.
    _SLICE = 0.1

    def status(self):
        """Running, or stopped where all its threads are suspended."""
        status = super().status()
        return _common.STATUS_STOPPED if status == "suspended" else status

    def environ(self):
        """The environment it was started with; names are upper case, and a drive's own directory is left out."""
        return {name.upper(): value for name, value in super().environ().items() if not name.startswith("=")}

    def wait(self, timeout=None):
        """Waits for its end; its exit code."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while True:
            left = self._SLICE if deadline is None else min(self._SLICE, max(0.0, deadline - time.monotonic()))
            try:
                ended, code = self.wait_for(left)
            except NoSuchProcess:
                # It was gone before anybody held on to it.
                return None
            if ended:
                return code
            if deadline is not None and time.monotonic() >= deadline:
                raise TimeoutExpired(timeout, self.pid, getattr(self, "_name", None))

    def nice_get(self):
        """Its priority class."""
        return _lazy.member("Priority", self.priority())

    def nice_set(self, value):
        """Gives it another priority class."""
        return self.set_nice(value)

    def send_signal(self, sig):
        """Ends it, or tells it of Ctrl+C or Ctrl+Break."""
        # The numbers of signal.CTRL_C_EVENT and CTRL_BREAK_EVENT are no signals.
        numbers = {0: 2, 1: 21, 9: 15, 15: 15}
        if sig not in numbers:
            raise ValueError("only SIGTERM, CTRL_C_EVENT and CTRL_BREAK_EVENT signals are supported on Windows")
        super().send_signal(numbers[sig])

    def cpu_affinity_get(self):
        """The CPUs it may run on."""
        return self.affinity()

    def _get_eligible_cpus(self):
        """The CPUs that it may be given."""
        return list(range(len(_this.per_cpu_times())))

    def cpu_affinity_set(self, cpus):
        """Says which CPUs it may run on."""
        eligible = self._get_eligible_cpus()
        for cpu in cpus:
            if not isinstance(cpu, int):
                raise TypeError(f"invalid CPU {cpu!r}; an integer is required")
            if cpu not in eligible:
                raise ValueError(f"invalid CPU {cpu!r}")
        self.set_affinity(cpus)

    def ionice_get(self):
        """Its I/O priority."""
        return _lazy.member("IOPriority", self.ionice()[0])

    def ionice_set(self, ioclass, value):
        """Gives it another I/O priority."""
        if value:
            raise TypeError("value argument not accepted on Windows")
        if ioclass not in _lazy.ENUMS["IOPriority"][1].values():
            raise ValueError(f"{ioclass} is not a valid priority")
        return self.set_ionice(int(ioclass))
