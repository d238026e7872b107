"""The part of psutil's C module that programs use."""

from . import _psoxide, _system
from ._psoxide import version

RLIMITS = dict(_psoxide.limits_of(_system.NAME))
globals().update(RLIMITS)
RLIM_INFINITY = _psoxide.no_limit(_system.NAME)
DUPLEX_HALF, DUPLEX_FULL, DUPLEX_UNKNOWN = 0, 1, 255


def check_pid_range(pid):
    """Raises OverflowError for a number that does not fit a pid_t."""
    if not isinstance(pid, int):
        raise TypeError(f"'{type(pid).__name__}' object cannot be interpreted as an integer")
    if not -(1 << 31) <= pid < 1 << 31:
        raise OverflowError("signed integer is greater than maximum")


def getpagesize():
    """Returns the size of a memory page in bytes."""
    import mmap

    return mmap.PAGESIZE


def set_debug(value):
    """Does nothing: the native module prints no debug messages."""
