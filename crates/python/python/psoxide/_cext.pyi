"""The part of psutil's C module that programs use."""

import sys

from ._psoxide import version as version

RLIMITS: dict[str, int]
RLIM_INFINITY: int
DUPLEX_HALF: int
DUPLEX_FULL: int
DUPLEX_UNKNOWN: int

def check_pid_range(pid: int) -> None: ...
def getpagesize() -> int: ...
def set_debug(value: bool) -> None: ...

if sys.platform == "linux":
    RLIMIT_LOCKS: int
    RLIMIT_MSGQUEUE: int
    RLIMIT_NICE: int
    RLIMIT_RTPRIO: int
    RLIMIT_RTTIME: int
    RLIMIT_SIGPENDING: int

if sys.platform.startswith("freebsd"):
    RLIMIT_NPTS: int
    RLIMIT_SBSIZE: int
    RLIMIT_SWAP: int

if sys.platform == "linux" or sys.platform.startswith("freebsd"):
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
