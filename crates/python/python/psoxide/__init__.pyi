"""Reads processes and machines: psutil's API on a Rust core."""

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from os import PathLike
from types import ModuleType
from typing import Any, ClassVar, Literal, Protocol, overload

from typing_extensions import Self, deprecated

from ._common import (
    AccessDenied as AccessDenied,
    Error as Error,
    NoSuchProcess as NoSuchProcess,
    TimeoutExpired as TimeoutExpired,
    ZombieProcess as ZombieProcess,
)
from ._enums import (
    AddressFamily,
    BatteryTime as BatteryTime,
    ConnectionStatus as ConnectionStatus,
    IOPriority,
    NicDuplex as NicDuplex,
    ProcessStatus as ProcessStatus,
)
from ._ntuples import (
    pconn,
    pcputimes,
    pctxsw,
    pfootprint,
    pfullmem,
    pgids,
    pheap,
    pio,
    pionice,
    pmem,
    pmem_ex,
    pmmap_ext,
    pmmap_grouped,
    popenfile,
    ppagefaults,
    pthread,
    puids,
    sbattery,
    sconn,
    scpufreq,
    scpustats,
    scputimes,
    sdiskio,
    sdiskpart,
    sdiskusage,
    sfan,
    shwtemp,
    snetio,
    snicaddr,
    snicstats,
    sswap,
    suser,
    svmem,
)

__all__ = [
    "Error",
    "NoSuchProcess",
    "ZombieProcess",
    "AccessDenied",
    "TimeoutExpired",
    "version_info",
    "__version__",
    "STATUS_RUNNING",
    "STATUS_IDLE",
    "STATUS_SLEEPING",
    "STATUS_DISK_SLEEP",
    "STATUS_STOPPED",
    "STATUS_TRACING_STOP",
    "STATUS_ZOMBIE",
    "STATUS_DEAD",
    "STATUS_WAKING",
    "STATUS_LOCKED",
    "STATUS_WAITING",
    "STATUS_PARKED",
    "CONN_ESTABLISHED",
    "CONN_SYN_SENT",
    "CONN_SYN_RECV",
    "CONN_FIN_WAIT1",
    "CONN_FIN_WAIT2",
    "CONN_TIME_WAIT",
    "CONN_CLOSE",
    "CONN_CLOSE_WAIT",
    "CONN_LAST_ACK",
    "CONN_LISTEN",
    "CONN_CLOSING",
    "CONN_NONE",
    "AF_LINK",
    "NIC_DUPLEX_FULL",
    "NIC_DUPLEX_HALF",
    "NIC_DUPLEX_UNKNOWN",
    "POWER_TIME_UNKNOWN",
    "POWER_TIME_UNLIMITED",
    "BSD",
    "FREEBSD",
    "LINUX",
    "NETBSD",
    "OPENBSD",
    "MACOS",
    "OSX",
    "POSIX",
    "SUNOS",
    "WINDOWS",
    "AIX",
    "Process",
    "Popen",
    "pid_exists",
    "pids",
    "process_iter",
    "wait_procs",
    "virtual_memory",
    "swap_memory",
    "cpu_times",
    "cpu_percent",
    "cpu_times_percent",
    "cpu_count",
    "cpu_stats",
    "getloadavg",
    "net_io_counters",
    "net_connections",
    "net_if_addrs",
    "net_if_stats",
    "disk_io_counters",
    "disk_partitions",
    "disk_usage",
    "users",
    "boot_time",
    "bytes2human",
    "ProcessStatus",
    "ConnectionStatus",
    "NicDuplex",
    "BatteryTime",
    "set_backend",
    "open_capture",
    "close_capture",
]

__version__: str
__author__: str
version_info: tuple[int, ...]
STATUS_RUNNING: str
STATUS_IDLE: str
STATUS_SLEEPING: str
STATUS_DISK_SLEEP: str
STATUS_STOPPED: str
STATUS_TRACING_STOP: str
STATUS_ZOMBIE: str
STATUS_DEAD: str
STATUS_WAKING: str
STATUS_LOCKED: str
STATUS_WAITING: str
STATUS_PARKED: str
CONN_ESTABLISHED: str
CONN_SYN_SENT: str
CONN_SYN_RECV: str
CONN_FIN_WAIT1: str
CONN_FIN_WAIT2: str
CONN_TIME_WAIT: str
CONN_CLOSE: str
CONN_CLOSE_WAIT: str
CONN_LAST_ACK: str
CONN_LISTEN: str
CONN_CLOSING: str
CONN_NONE: str
AF_LINK: AddressFamily
NIC_DUPLEX_FULL: NicDuplex
NIC_DUPLEX_HALF: NicDuplex
NIC_DUPLEX_UNKNOWN: NicDuplex
POWER_TIME_UNKNOWN: BatteryTime
POWER_TIME_UNLIMITED: BatteryTime
BSD: bool
FREEBSD: bool
LINUX: bool
NETBSD: bool
OPENBSD: bool
MACOS: bool
OSX: bool
POSIX: bool
SUNOS: bool
WINDOWS: bool
AIX: bool

_Kind = Literal["all", "inet", "inet4", "inet6", "tcp", "tcp4", "tcp6", "udp", "udp4", "udp6", "unix"]

class _ProcessIter(Protocol):
    def __call__(
        self, attrs: list[str] | tuple[str, ...] | set[str] | frozenset[str] | None = None, ad_value: Any = None
    ) -> Iterator[Process]: ...
    def cache_clear(self) -> None: ...

class Process:
    """A process, named by its pid. Without a pid, the calling process."""

    attrs: ClassVar[frozenset[str]]
    # process_iter(attrs) sets it.
    info: dict[str, Any]
    # wait_procs() sets it.
    returncode: int | None
    def __init__(self, pid: int | None = None) -> None: ...
    def __eq__(self, other: object) -> bool: ...
    def __ne__(self, other: object) -> bool: ...
    def __hash__(self) -> int: ...
    def __copy__(self) -> Self: ...
    @property
    def pid(self) -> int: ...
    def oneshot(self) -> AbstractContextManager[None]: ...
    def as_dict(
        self, attrs: list[str] | tuple[str, ...] | set[str] | frozenset[str] | None = None, ad_value: Any = None
    ) -> dict[str, Any]: ...
    def parent(self) -> Process | None: ...
    def parents(self) -> list[Process]: ...
    def children(self, recursive: bool = False) -> list[Process]: ...
    def is_running(self) -> bool: ...
    def ppid(self) -> int: ...
    def name(self) -> str: ...
    def exe(self) -> str: ...
    def cmdline(self) -> list[str]: ...
    def status(self) -> str: ...
    def username(self) -> str: ...
    def create_time(self) -> float: ...
    def cwd(self) -> str: ...
    @overload
    def nice(self, value: None = None) -> int: ...
    @overload
    def nice(self, value: int) -> None: ...
    if sys.platform != "darwin" and not sys.platform.startswith("sunos"):
        def io_counters(self) -> pio: ...

    def environ(self) -> dict[str, str]: ...
    def num_ctx_switches(self) -> pctxsw: ...
    def num_threads(self) -> int: ...
    def threads(self) -> list[pthread]: ...
    def cpu_percent(self, interval: float | None = None) -> float: ...
    def cpu_times(self) -> pcputimes: ...
    def memory_info(self) -> pmem: ...
    def memory_full_info(self) -> pfullmem: ...
    def memory_percent(self, memtype: str = "rss") -> float: ...
    def memory_info_ex(self) -> pmem_ex: ...
    def page_faults(self) -> ppagefaults: ...
    def open_files(self) -> list[popenfile]: ...
    def net_connections(self, kind: _Kind = "inet") -> list[pconn]: ...
    @deprecated("use net_connections() instead")
    def connections(self, kind: _Kind = "inet") -> list[pconn]: ...
    def send_signal(self, sig: int) -> None: ...
    def suspend(self) -> None: ...
    def resume(self) -> None: ...
    def terminate(self) -> None: ...
    def kill(self) -> None: ...
    def wait(self, timeout: float | None = None) -> int | None: ...
    if sys.platform == "linux" or sys.platform == "win32" or sys.platform.startswith("freebsd"):
        @overload
        def cpu_affinity(self, cpus: None = None) -> list[int]: ...
        @overload
        def cpu_affinity(self, cpus: Iterable[int]) -> None: ...
    if (
        sys.platform == "linux"
        or sys.platform == "win32"
        or sys.platform.startswith("freebsd")
        or sys.platform.startswith("sunos")
    ):
        @overload
        def memory_maps(self, grouped: Literal[True] = True) -> list[pmmap_grouped]: ...
        @overload
        def memory_maps(self, grouped: Literal[False]) -> list[pmmap_ext]: ...
        @overload
        def memory_maps(self, grouped: bool) -> list[pmmap_grouped] | list[pmmap_ext]: ...
    if sys.platform == "linux" or sys.platform == "win32" or sys.platform == "darwin":
        def memory_footprint(self) -> pfootprint: ...
    if sys.platform == "win32":
        @overload
        def ionice(self, ioclass: None = None, value: None = None) -> IOPriority: ...
        @overload
        def ionice(self, ioclass: int, value: int | None = None) -> None: ...
        def num_handles(self) -> int: ...
    else:
        def uids(self) -> puids: ...
        def gids(self) -> pgids: ...
        def terminal(self) -> str | None: ...
        def num_fds(self) -> int: ...
    if sys.platform == "linux":
        @overload
        def ionice(self, ioclass: None = None, value: None = None) -> pionice: ...
        @overload
        def ionice(self, ioclass: int, value: int | None = None) -> None: ...
    if sys.platform == "linux" or sys.platform.startswith("freebsd"):
        @overload
        def rlimit(self, resource: int, limits: None = None) -> tuple[int, int]: ...
        @overload
        def rlimit(self, resource: int, limits: tuple[int, int]) -> None: ...
    if sys.platform == "linux" or sys.platform.startswith("freebsd") or sys.platform.startswith("sunos"):
        def cpu_num(self) -> int: ...

class Popen(Process):
    """A process that is started here. It has the attributes of Process and of subprocess.Popen."""

    def __init__(self, *args: Any, **kwargs: Any) -> None: ...
    def __enter__(self) -> Self: ...
    def __exit__(self, *args: Any, **kwargs: Any) -> None: ...
    # Every attribute of subprocess.Popen.
    def __getattr__(self, name: str) -> Any: ...
    def __dir__(self) -> list[str]: ...

def pids() -> list[int]: ...
def pid_exists(pid: int) -> bool: ...

process_iter: _ProcessIter

def wait_procs(
    procs: Iterable[Process], timeout: float | None = None, callback: Callable[[Process], object] | None = None
) -> tuple[list[Process], list[Process]]: ...
def cpu_count(logical: bool = True) -> int | None: ...
@overload
def cpu_times(percpu: Literal[False] = False) -> scputimes: ...
@overload
def cpu_times(percpu: Literal[True]) -> list[scputimes]: ...
@overload
def cpu_times(percpu: bool) -> scputimes | list[scputimes]: ...
@overload
def cpu_percent(interval: float | None = None, percpu: Literal[False] = False) -> float: ...
@overload
def cpu_percent(interval: float | None = None, *, percpu: Literal[True]) -> list[float]: ...
@overload
def cpu_percent(interval: float | None, percpu: Literal[True]) -> list[float]: ...
@overload
def cpu_percent(interval: float | None = None, percpu: bool = False) -> float | list[float]: ...
@overload
def cpu_times_percent(interval: float | None = None, percpu: Literal[False] = False) -> scputimes: ...
@overload
def cpu_times_percent(interval: float | None = None, *, percpu: Literal[True]) -> list[scputimes]: ...
@overload
def cpu_times_percent(interval: float | None, percpu: Literal[True]) -> list[scputimes]: ...
@overload
def cpu_times_percent(interval: float | None = None, percpu: bool = False) -> scputimes | list[scputimes]: ...
def cpu_stats() -> scpustats: ...
def getloadavg() -> tuple[float, float, float]: ...
def virtual_memory() -> svmem: ...
def swap_memory() -> sswap: ...
def disk_usage(path: str | bytes | int | PathLike[str], timeout: float | None = None) -> sdiskusage: ...
def disk_partitions(all: bool = False) -> list[sdiskpart]: ...

class _DiskIoCounters(Protocol):
    @overload
    def __call__(self, perdisk: Literal[False] = False, nowrap: bool = True) -> sdiskio | None: ...
    @overload
    def __call__(self, perdisk: Literal[True], nowrap: bool = True) -> dict[str, sdiskio]: ...
    @overload
    def __call__(self, perdisk: bool, nowrap: bool = True) -> sdiskio | dict[str, sdiskio] | None: ...
    def cache_clear(self) -> None: ...

class _NetIoCounters(Protocol):
    @overload
    def __call__(self, pernic: Literal[False] = False, nowrap: bool = True) -> snetio | None: ...
    @overload
    def __call__(self, pernic: Literal[True], nowrap: bool = True) -> dict[str, snetio]: ...
    @overload
    def __call__(self, pernic: bool, nowrap: bool = True) -> snetio | dict[str, snetio] | None: ...
    def cache_clear(self) -> None: ...

disk_io_counters: _DiskIoCounters
net_io_counters: _NetIoCounters

def net_connections(kind: _Kind = "inet") -> list[sconn]: ...
def net_if_addrs() -> dict[str, list[snicaddr]]: ...
def net_if_stats() -> dict[str, snicstats]: ...
def users() -> list[suser]: ...
def set_backend(name: Literal["auto", "proc", "bpf"]) -> str | None: ...
def open_capture(path: str | PathLike[str]) -> ModuleType: ...
def close_capture(package: ModuleType) -> None: ...
def boot_time() -> float: ...
def bytes2human(n: float) -> str: ...
def debug(msg: object) -> None: ...

if sys.platform == "win32":
    from ._pswindows import WindowsService as WindowsService, win_service_get as win_service_get, win_service_iter as win_service_iter

    __all__ += [
        "win_service_iter",
        "win_service_get",
        "ABOVE_NORMAL_PRIORITY_CLASS",
        "BELOW_NORMAL_PRIORITY_CLASS",
        "HIGH_PRIORITY_CLASS",
        "IDLE_PRIORITY_CLASS",
        "NORMAL_PRIORITY_CLASS",
        "REALTIME_PRIORITY_CLASS",
        "IOPRIO_VERYLOW",
        "IOPRIO_LOW",
        "IOPRIO_NORMAL",
        "IOPRIO_HIGH",
        "CONN_DELETE_TCB",
    ]

    ABOVE_NORMAL_PRIORITY_CLASS: int
    BELOW_NORMAL_PRIORITY_CLASS: int
    HIGH_PRIORITY_CLASS: int
    IDLE_PRIORITY_CLASS: int
    NORMAL_PRIORITY_CLASS: int
    REALTIME_PRIORITY_CLASS: int
    IOPRIO_VERYLOW: IOPriority
    IOPRIO_LOW: IOPriority
    IOPRIO_NORMAL: IOPriority
    IOPRIO_HIGH: IOPriority
    CONN_DELETE_TCB: str

if sys.platform == "linux":
    __all__ += [
        "IOPRIO_CLASS_NONE",
        "IOPRIO_CLASS_RT",
        "IOPRIO_CLASS_BE",
        "IOPRIO_CLASS_IDLE",
        "PROCFS_PATH",
        "RLIMIT_LOCKS",
        "RLIMIT_MSGQUEUE",
        "RLIMIT_NICE",
        "RLIMIT_RTPRIO",
        "RLIMIT_RTTIME",
        "RLIMIT_SIGPENDING",
        "sensors_fans",
    ]

    IOPRIO_CLASS_NONE: IOPriority
    IOPRIO_CLASS_RT: IOPriority
    IOPRIO_CLASS_BE: IOPriority
    IOPRIO_CLASS_IDLE: IOPriority
    PROCFS_PATH: str
    RLIMIT_LOCKS: int
    RLIMIT_MSGQUEUE: int
    RLIMIT_NICE: int
    RLIMIT_RTPRIO: int
    RLIMIT_RTTIME: int
    RLIMIT_SIGPENDING: int
    def sensors_fans() -> dict[str, list[sfan]]: ...

if sys.platform.startswith("sunos"):
    __all__ += [
        "CONN_BOUND",
        "CONN_IDLE",
        "PROCFS_PATH",
    ]

    CONN_BOUND: str
    CONN_IDLE: str
    PROCFS_PATH: str

if sys.platform.startswith("freebsd"):
    __all__ += [
        "RLIMIT_NPTS",
        "RLIMIT_SBSIZE",
        "RLIMIT_SWAP",
    ]

    RLIMIT_NPTS: int
    RLIMIT_SBSIZE: int
    RLIMIT_SWAP: int

if sys.platform == "linux" or sys.platform.startswith("freebsd"):
    __all__ += [
        "RLIM_INFINITY",
        "RLIMIT_AS",
        "RLIMIT_CORE",
        "RLIMIT_CPU",
        "RLIMIT_DATA",
        "RLIMIT_FSIZE",
        "RLIMIT_MEMLOCK",
        "RLIMIT_NOFILE",
        "RLIMIT_NPROC",
        "RLIMIT_RSS",
        "RLIMIT_STACK",
        "sensors_temperatures",
    ]

    RLIM_INFINITY: int
    RLIMIT_AS: int
    RLIMIT_CORE: int
    RLIMIT_CPU: int
    RLIMIT_DATA: int
    RLIMIT_FSIZE: int
    RLIMIT_MEMLOCK: int
    RLIMIT_NOFILE: int
    RLIMIT_NPROC: int
    RLIMIT_RSS: int
    RLIMIT_STACK: int
    def sensors_temperatures(fahrenheit: bool = False) -> dict[str, list[shwtemp]]: ...

if sys.platform == "linux" or sys.platform == "win32" or sys.platform == "darwin" or sys.platform.startswith("freebsd"):
    __all__ += [
        "sensors_battery",
    ]

    def sensors_battery() -> sbattery | None: ...

if (
    sys.platform == "linux"
    or sys.platform == "win32"
    or sys.platform == "darwin"
    or sys.platform.startswith("freebsd")
    or sys.platform.startswith("openbsd")
):
    __all__ += [
        "cpu_freq",
    ]

    @overload
    def cpu_freq(percpu: Literal[False] = False) -> scpufreq | None: ...
    @overload
    def cpu_freq(percpu: Literal[True]) -> list[scpufreq]: ...
    @overload
    def cpu_freq(percpu: bool) -> scpufreq | list[scpufreq] | None: ...

if (
    sys.platform == "linux"
    or sys.platform == "win32"
    or sys.platform == "darwin"
    or sys.platform.startswith("freebsd")
    or sys.platform.startswith("netbsd")
):
    __all__ += [
        "heap_info",
        "heap_trim",
    ]

    def heap_info() -> pheap: ...
    def heap_trim() -> None: ...

if sys.platform == "linux" or sys.platform == "win32":
    __all__ += [
        "ProcessIOPriority",
    ]

    from ._enums import ProcessIOPriority as ProcessIOPriority

if sys.platform == "linux" or sys.platform == "win32" or sys.platform.startswith("freebsd"):
    __all__ += [
        "ProcessRlimit",
    ]

    from ._enums import ProcessRlimit as ProcessRlimit
