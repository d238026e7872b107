"""Reads Linux. Programs and tests replace functions here, and the package then calls the replacements."""

from collections.abc import Collection
from os import PathLike
from typing import TypeVar

from . import _cext as cext, _ntuples as ntp, _psposix
from ._common import (
    bcat as bcat,
    cat as cat,
    get_procfs_path as get_procfs_path,
    isfile_strict as isfile_strict,
    memoize as memoize,
    open_binary as open_binary,
    open_text as open_text,
    parse_environ_block as parse_environ_block,
    path_exists_strict as path_exists_strict,
    supports_ipv6 as supports_ipv6,
)
from ._enums import AddressFamily as AddressFamily, IOPriority as IOPriority
from ._legacy import RootFsDeviceFinder as RootFsDeviceFinder, calculate_avail_vmem as calculate_avail_vmem
from ._ntuples import scputimes as scputimes
from ._readings import *

_T = TypeVar("_T")

CLOCK_TICKS: int
PAGESIZE: int
LITTLE_ENDIAN: bool
DISK_SECTOR_SIZE: int
HAS_CPU_AFFINITY: bool
HAS_PROC_IO_PRIORITY: bool
HAS_PROC_SMAPS: bool
HAS_PROC_SMAPS_ROLLUP: bool
HAS_PROC_IO: bool
ABSENT: frozenset[str]
ABSENT_GETTERS: frozenset[str]
NOT_PLANNED: frozenset[str]
SIGNALS: dict[str, int]
AF_LINK: AddressFamily
__extra__all__: list[str]
IOPRIO_CLASS_NONE: IOPriority
IOPRIO_CLASS_RT: IOPriority
IOPRIO_CLASS_BE: IOPriority
IOPRIO_CLASS_IDLE: IOPriority

def cpu_freq() -> list[ntp.scpufreq]: ...
def disk_usage(path: str | bytes | int | PathLike[str]) -> ntp.sdiskusage: ...
def disk_usage_within(path: str | bytes | int | PathLike[str], timeout: float) -> ntp.sdiskusage: ...
def net_if_addrs() -> list[tuple[str, int, str, str | None, str | None, str | None]]: ...
def net_if_stats() -> dict[str, ntp.snicstats]: ...
def sensors_temperatures() -> dict[str, list[tuple[str, float, float | None, float | None]]]: ...
def sensors_fans() -> dict[str, list[ntp.sfan]]: ...
def readlink(path: str) -> str: ...
def wrap_exceptions(fun: _T) -> _T: ...

class Process(_psposix.Process):
    def nice_get(self) -> int: ...
    def cpu_affinity_get(self) -> list[int]: ...
    def cpu_affinity_set(self, cpus: Collection[int]) -> None: ...
    def ionice_get(self) -> ntp.pionice: ...
    def ionice_set(self, ioclass: int, value: int | None) -> None: ...
    def rlimit(self, resource_: int, limits: tuple[int, int] | None = None) -> tuple[int, int] | None: ...
