"""Reads macOS. Programs replace functions here, and the package then calls the replacements."""

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
def cpu_freq() -> list[ntp.scpufreq]: ...
def cpu_stats() -> ntp.scpustats: ...  # type: ignore[no-redef]
def disk_usage(path: str | bytes | int | PathLike[str]) -> ntp.sdiskusage: ...
def disk_usage_within(path: str | bytes | int | PathLike[str], timeout: float) -> ntp.sdiskusage: ...
def net_connections(kind: str = "inet") -> list[ntp.sconn]: ...  # type: ignore[no-redef]

class Process(_psposix.Process):
    def exe(self) -> str: ...
