"""The operating system that this package reads.

It is the host's own, except in a package that `open_capture` has made.
"""

import sys

# How `sys.platform` begins, and what the system is called here.
_PLATFORMS = {
    "linux": "linux",
    "android": "linux",
    "win32": "windows",
    "freebsd": "freebsd",
    "midnightbsd": "freebsd",
    "netbsd": "netbsd",
    "openbsd": "openbsd",
    "darwin": "macos",
    "sunos": "sunos",
    "solaris": "sunos",
}


def _of_host():
    for start, name in _PLATFORMS.items():
        if sys.platform.startswith(start):
            return name
    raise ImportError(f"psoxide is not ported to {sys.platform}; PORTING.md says how that is done")


HOST = _of_host()
NAME = HOST
# The machine that is read in place of the host.
MACHINE = None
