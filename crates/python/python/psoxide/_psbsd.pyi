"""Reads FreeBSD, OpenBSD and NetBSD. Programs replace functions here, and the package then calls the replacements."""

import sys
from collections.abc import Collection
from os import PathLike

from . import _cext as cext, _ntuples as ntp, _psposix
from ._ntuples import scputimes as scputimes
from ._readings import *

PAGESIZE: int
HAS_PROC_IO: bool
HAS_PROC_SMAPS: bool
AF_LINK: int
SIGNALS: dict[str, int]
ABSENT: frozenset[str]
ABSENT_GETTERS: frozenset[str]
NOT_PLANNED: frozenset[str]
__extra__all__: list[str]

def getloadavg() -> tuple[float, float, float]: ...
def net_if_addrs() -> list[tuple[str, int, str, str | None, str | None, str | None]]: ...
def net_if_stats() -> dict[str, ntp.snicstats]: ...
def disk_usage(path: str | bytes | int | PathLike[str]) -> ntp.sdiskusage: ...
def disk_usage_within(path: str | bytes | int | PathLike[str], timeout: float) -> ntp.sdiskusage: ...

if sys.platform.startswith("freebsd") or sys.platform.startswith("openbsd"):
    def cpu_freq() -> list[ntp.scpufreq]: ...

if sys.platform.startswith("freebsd"):
    def sensors_temperatures() -> dict[str, list[tuple[str, float, float | None, float | None]]]: ...

class Process(_psposix.Process):
    if sys.platform.startswith("freebsd"):
        def cpu_affinity_get(self) -> list[int]: ...
        def cpu_affinity_set(self, cpus: Collection[int]) -> None: ...
        def rlimit(self, resource: int, limits: tuple[int, int] | None = None) -> tuple[int, int] | None: ...
