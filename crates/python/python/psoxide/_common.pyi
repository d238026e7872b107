"""Exceptions, constants and helpers that all modules of the package share, and that programs import from here."""

import socket as socket
from collections.abc import Callable
from os import PathLike
from socket import AddressFamily, SocketKind
from typing import IO, Any, BinaryIO, TextIO, TypeVar

from ._exceptions import (
    AccessDenied as AccessDenied,
    Error as Error,
    NoSuchProcess as NoSuchProcess,
    TimeoutExpired as TimeoutExpired,
    ZombieProcess as ZombieProcess,
)
from ._enums import BatteryTime as BatteryTime, NicDuplex as NicDuplex
from ._ntuples import snicaddr

_T = TypeVar("_T")
_File = str | bytes | int | PathLike[str] | PathLike[bytes]

PSUTIL_DEBUG: bool
POSIX: bool
WINDOWS: bool
LINUX: bool
MACOS: bool
OSX: bool
FREEBSD: bool
NETBSD: bool
OPENBSD: bool
BSD: bool
SUNOS: bool
AIX: bool
STATUS_RUNNING: str
STATUS_SLEEPING: str
STATUS_DISK_SLEEP: str
STATUS_STOPPED: str
STATUS_TRACING_STOP: str
STATUS_ZOMBIE: str
STATUS_DEAD: str
STATUS_WAKE_KILL: str
STATUS_WAKING: str
STATUS_IDLE: str
STATUS_LOCKED: str
STATUS_WAITING: str
STATUS_SUSPENDED: str
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
NIC_DUPLEX_FULL: NicDuplex
NIC_DUPLEX_HALF: NicDuplex
NIC_DUPLEX_UNKNOWN: NicDuplex
POWER_TIME_UNKNOWN: BatteryTime
POWER_TIME_UNLIMITED: BatteryTime
conn_tmap: dict[str, tuple[list[AddressFamily], list[SocketKind]]]

def memoize(fun: _T) -> _T: ...
def memoize_when_activated(fun: _T) -> _T: ...
def isfile_strict(path: _File) -> bool: ...
def path_exists_strict(path: _File) -> bool: ...
def supports_ipv6() -> bool: ...
def parse_environ_block(data: str) -> dict[str, str]: ...
def broadcast_addr(addr: snicaddr) -> str | None: ...
def deprecated_method(replacement: str) -> Callable[[_T], _T]: ...

class _WrapNumbers:
    def run(
        self, input_dict: dict[str, tuple[int, ...]], name: str
    ) -> dict[str, tuple[int, ...]]: ...
    def cache_clear(self, name: str | None = None) -> None: ...
    def cache_info(self) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]: ...

def wrap_numbers(input_dict: dict[str, tuple[int, ...]], name: str) -> dict[str, tuple[int, ...]]: ...
def open_binary(fname: _File) -> BinaryIO: ...
def open_text(fname: _File) -> TextIO: ...
def cat(fname: _File, fallback: Any = ...) -> Any: ...
def bcat(fname: _File, fallback: Any = ...) -> Any: ...
def bytes2human(n: float, format: str = "%(value).1f%(symbol)s") -> str: ...
def get_procfs_path() -> str: ...
def print_color(
    s: object, color: str | None = None, bold: bool = False, file: IO[str] | None = None
) -> None: ...
def debug(msg: object) -> None: ...
