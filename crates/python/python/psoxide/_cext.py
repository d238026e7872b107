"""psutil's C module: the part of it that programs use."""

from . import _psoxide, _system
from ._psoxide import version

RLIMITS = dict(_psoxide.limits_of(_system.NAME))
globals().update(RLIMITS)
RLIM_INFINITY = _psoxide.no_limit(_system.NAME)
DUPLEX_HALF, DUPLEX_FULL, DUPLEX_UNKNOWN = 0, 1, 255


def check_pid_range(pid):
    """Refuses what a pid cannot hold."""
    if not isinstance(pid, int):
        raise TypeError(f"'{type(pid).__name__}' object cannot be interpreted as an integer")
    if not -(1 << 31) <= pid < 1 << 31:
        raise OverflowError("signed integer is greater than maximum")


def getpagesize():
    """Bytes in a page of memory."""
    import mmap

    return mmap.PAGESIZE


def set_debug(value):
    """Nothing in the native module needs to know."""
