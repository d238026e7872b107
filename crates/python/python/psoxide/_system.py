"""Names the operating system that this package reads.

It is the host's system, except in a package that `open_capture` returns.
"""

import sys

# Maps prefixes of `sys.platform` to this package's names of the systems.
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
# The captured machine, or None where the host is read.
MACHINE = None
