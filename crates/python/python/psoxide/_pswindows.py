"""Reads Windows. Programs and tests replace functions here, and the package then calls the replacements."""

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
# Names that the package does not have on this system, getters that no process has, and getters not read as a row.
ABSENT = frozenset((
    "pwd", "PROCFS_PATH", "RLIM_INFINITY", "IOPRIO_CLASS_NONE", "IOPRIO_CLASS_RT", "IOPRIO_CLASS_BE",
    "IOPRIO_CLASS_IDLE", "sensors_temperatures", "sensors_fans",
))  # fmt: skip
ABSENT_GETTERS = frozenset(("uids", "gids", "terminal", "num_fds", "rlimit", "cpu_num"))
NOT_PLANNED = frozenset(("memory_info", "status"))

CONN_DELETE_TCB = "DELETE_TCB"
# The values are plain numbers. nice() returns a member of the enum.
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
    """Returns the frequency of the first CPU, which Windows reports for all. Returns an empty list if it is unknown."""
    return _api.cpu_freq()[:1]


def disk_usage(path):
    """Returns the size and use of the file system that holds a path."""
    return _api.disk_usage(os.fsdecode(path))


def disk_usage_within(path, timeout):
    """Calls `disk_usage`. The timeout is ignored, because this system cannot stop waiting."""
    return disk_usage(path)


def net_if_addrs():
    """Yields interface, family, address, netmask, broadcast and peer. IPv6 has only the address, as in psutil."""
    for name, family, address, netmask, broadcast, ptp in _api.net_if_addrs():
        if family == -1:
            # Windows prints hardware addresses with hyphens and capital letters.
            address = address.replace(":", "-").upper()
        elif family != 2:
            address, netmask = address.partition("%")[0], None
        yield name, family, address, netmask, broadcast, ptp


def net_if_stats():
    """Returns the state of each interface. Windows does not report the duplex mode: it is full, as in psutil."""
    return {name: nic._replace(duplex=_common.NIC_DUPLEX_FULL) for name, nic in _api.net_if_stats().items()}


def convert_oserror(exc, pid=None, name=None):
    """Converts an OSError about a process to psutil's exception. Raises any other OSError again."""
    # ERROR_PRIVILEGE_NOT_HELD (1314) is not a PermissionError.
    if isinstance(exc, PermissionError) or getattr(exc, "winerror", None) == 1314:
        return AccessDenied(pid=pid, name=name)
    if isinstance(exc, ProcessLookupError):
        return NoSuchProcess(pid=pid, name=name)
    raise exc


class WindowsService:
    """A service, identified by its name. Each call reads the service's current state."""

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
        """Returns the name that identifies the service."""
        return self._name

    def display_name(self):
        """Returns the name that Windows displays."""
        return self._display_name

    def binpath(self):
        """Returns the command line of the service's program."""
        return self._read()["binpath"]

    def username(self):
        """Returns the account under which the service runs."""
        return self._read()["username"]

    def start_type(self):
        """Returns how the service starts: "automatic", "manual" or "disabled"."""
        return self._read()["start_type"]

    def pid(self):
        """Returns the pid of the service's process, or None."""
        return self._read()["pid"]

    def status(self):
        """Returns the state: "running", "paused", "stopped", or a pending one such as "start_pending"."""
        return self._read()["status"]

    def description(self):
        """Returns the description of the service."""
        return self._read()["description"]

    def as_dict(self):
        """Returns all values as a dict."""
        read = self._read()
        order = ("display_name", "binpath", "username", "start_type", "pid", "status", "name", "description")
        return {name: read[name] for name in order}


def win_service_iter():
    """Yields all services."""
    for name, display_name in _api.services():
        yield WindowsService(name, display_name)


def win_service_get(name):
    """Returns the service with this name. Raises NoSuchProcess if there is none."""
    return WindowsService(name, _api.service(name)["display_name"])


class Process(_psoxide.Process):
    """Reads one process. Exceptions contain `_name` and `_ppid` once these are known."""

    _api = _api
    __slots__ = ("_name", "_ppid")

    # Seconds between two checks for Ctrl+C.
    _SLICE = 0.1

    def status(self):
        """Returns the status: running, or stopped if all threads are suspended."""
        status = super().status()
        return _common.STATUS_STOPPED if status == "suspended" else status

    def environ(self):
        """Returns the environment with upper-case names. Per-drive working directories (`=C:`) are left out."""
        return {name.upper(): value for name, value in super().environ().items() if not name.startswith("=")}

    def wait(self, timeout=None):
        """Waits for the process to end. Returns its exit code."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while True:
            left = self._SLICE if deadline is None else min(self._SLICE, max(0.0, deadline - time.monotonic()))
            try:
                ended, code = self.wait_for(left)
            except NoSuchProcess:
                # The process ended before this program opened a handle, so its exit code is unknown.
                return None
            if ended:
                return code
            if deadline is not None and time.monotonic() >= deadline:
                raise TimeoutExpired(timeout, self.pid, getattr(self, "_name", None))

    def nice_get(self):
        """Returns the priority class."""
        return _lazy.member("Priority", self.priority())

    def nice_set(self, value):
        """Sets the priority class."""
        return self.set_nice(value)

    def send_signal(self, sig):
        """Terminates the process, or sends it Ctrl+C or Ctrl+Break."""
        # signal.CTRL_C_EVENT (0) and CTRL_BREAK_EVENT (1) are not signal numbers.
        numbers = {0: 2, 1: 21, 9: 15, 15: 15}
        if sig not in numbers:
            raise ValueError("only SIGTERM, CTRL_C_EVENT and CTRL_BREAK_EVENT signals are supported on Windows")
        super().send_signal(numbers[sig])

    def cpu_affinity_get(self):
        """Returns the CPUs that the process may run on."""
        return self.affinity()

    def _get_eligible_cpus(self):
        """Lists the CPUs that the process could be bound to."""
        return list(range(len(_this.per_cpu_times())))

    def cpu_affinity_set(self, cpus):
        """Sets the CPUs that the process may run on."""
        eligible = self._get_eligible_cpus()
        for cpu in cpus:
            if not isinstance(cpu, int):
                raise TypeError(f"invalid CPU {cpu!r}; an integer is required")
            if cpu not in eligible:
                raise ValueError(f"invalid CPU {cpu!r}")
        self.set_affinity(cpus)

    def ionice_get(self):
        """Returns the I/O priority."""
        return _lazy.member("IOPriority", self.ionice()[0])

    def ionice_set(self, ioclass, value):
        """Sets the I/O priority."""
        if value:
            raise TypeError("value argument not accepted on Windows")
        if ioclass not in _lazy.ENUMS["IOPriority"][1].values():
            raise ValueError(f"{ioclass} is not a valid priority")
        return self.set_ionice(int(ioclass))
