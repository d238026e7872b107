"""Enums, which are made when first needed: importing `enum` and `socket` takes longer than all of this package.

A program may have no files to import by then: after chroot(2) or setuid(2), or with no file descriptor left. Getters then
return a `StandIn`, which is equal to the member and looks like it.
"""

import os
import sys

from . import _fork

_PACKAGE = __name__.rpartition(".")[0]

# By name of an enum: the module that psutil has it in, and its members. Platform modules add their own.
ENUMS = {
    "NicDuplex": ("_common", {"NIC_DUPLEX_FULL": 2, "NIC_DUPLEX_HALF": 1, "NIC_DUPLEX_UNKNOWN": 0}),
    "BatteryTime": ("_common", {"POWER_TIME_UNKNOWN": -1, "POWER_TIME_UNLIMITED": -2}),
}
# The same of enums that are in the module `socket`: the members that a reading can have.
SOCKET_ENUMS = {
    "socket.AddressFamily": {},
    "socket.SocketKind": {"SOCK_STREAM": 1, "SOCK_DGRAM": 2, "SOCK_RAW": 3, "SOCK_RDM": 4, "SOCK_SEQPACKET": 5},
}
# Enums that have been made.
_made = {}


def _root():
    """What tells the root directory from another one."""
    try:
        status = os.stat("/")
    except OSError:
        return None
    return (status.st_dev, status.st_ino)


_ROOT = _root()


def _load(name):
    """Imports a module. Returns None where that is not possible.

    After chroot(2) nothing is imported: the files there may be anyone's.
    """
    if name not in sys.modules and _root() != _ROOT:
        return None
    try:
        return _fork.load(name)
    except Exception:
        # No file, no permission, no descriptor, or half a module.
        return None


def enum(name):
    """Makes an enum. Returns None where `enum` or `socket` cannot be imported."""
    if name in _made:
        return _made[name]
    if name in SOCKET_ENUMS:
        made = getattr(_load("socket"), name.partition(".")[2], None)
    else:
        made = getattr(_load("enum"), "IntEnum", None)
        if made is not None:
            module, members = ENUMS[name]
            made = made(name, members)
            made.__module__ = f"{_PACKAGE}.{module}"
            made.__qualname__ = name
    if made is not None:
        made = _made.setdefault(name, made)
    return made


def members(name):
    """A function that returns the member of a number, and whether it is the enum itself.

    The function raises ValueError for a number that the enum does not have.
    """
    made = enum(name)
    if made is not None:
        return made, True
    numbers = SOCKET_ENUMS[name] if name in SOCKET_ENUMS else ENUMS[name][1]
    by_number = {number: member for member, number in reversed(numbers.items())}

    def stand_in(number):
        if number not in by_number:
            raise ValueError(f"{number!r} is not a valid {name}")
        return StandIn(name, by_number[number], number)

    return stand_in, False


def member(enum_name, number):
    """The member of this number, or the number where the enum has none."""
    try:
        return members(enum_name)[0](number)
    except ValueError:
        return number


def attribute(module, name):
    """An enum of a module, or one of its members, for the `__getattr__` of the module."""
    for owner, (where, names) in ENUMS.items():
        if where != module or (name != owner and name not in names):
            continue
        made = enum(owner)
        if made is not None:
            value = made if name == owner else made[name]
            setattr(sys.modules[f"{_PACKAGE}.{module}"], name, value)
            return value
        if name in names:
            return StandIn(owner, name, names[name])
    raise AttributeError(f"module '{_PACKAGE}.{module}' has no attribute {name!r}")


class StandIn(int):
    """Stands in for a member of an enum that cannot be made: same number, name, text and pickle."""

    def __new__(cls, owner, name, number):
        made = super().__new__(cls, number)
        made._owner_, made.name, made.value = owner, name, number
        return made

    def __repr__(self):
        return f"<{self._owner_.rpartition('.')[2]}.{self.name}: {int(self)}>"

    def __str__(self):
        # As IntEnum, which changed in Python 3.11.
        return int.__repr__(self) if sys.version_info >= (3, 11) else f"{self._owner_.rpartition('.')[2]}.{self.name}"

    def __format__(self, spec):
        return format(int(self), spec)

    def __reduce_ex__(self, protocol):
        return (member, (self._owner_, int(self)))
