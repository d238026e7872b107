"""Makes enums on first use, because importing `enum` and `socket` takes longer than importing the rest of the package.

At that time the import may fail: after chroot(2) or setuid(2), or without a free file descriptor. Getters then return a
`StandIn`, which is equal to the member and prints like it.
"""

import sys

from . import _fork

_PACKAGE = __name__.rpartition(".")[0]

# For each enum: the module in which psutil has it, and its members. Platform modules add their own.
ENUMS = {
    "NicDuplex": ("_common", {"NIC_DUPLEX_FULL": 2, "NIC_DUPLEX_HALF": 1, "NIC_DUPLEX_UNKNOWN": 0}),
    "BatteryTime": ("_common", {"POWER_TIME_UNKNOWN": -1, "POWER_TIME_UNLIMITED": -2}),
}
# For each enum of the module `socket`: the members that a reading can return.
SOCKET_ENUMS = {
    "socket.AddressFamily": {},
    "socket.SocketKind": {"SOCK_STREAM": 1, "SOCK_DGRAM": 2, "SOCK_RAW": 3, "SOCK_RDM": 4, "SOCK_SEQPACKET": 5},
}
# The enums that have been made.
_made = {}


def _load(name):
    """Imports a module. Returns None if the import fails."""
    try:
        return _fork.load(name)
    except Exception:
        # The file is missing or another root's, permission is denied, no descriptor is free, or the module is incomplete.
        return None


def enum(name):
    """Makes an enum. Returns None if `enum` or `socket` cannot be imported."""
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
    """Returns a function from numbers to members, and whether that function is the enum itself.

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
    """Returns the member with this number, or the number itself if the enum does not have it."""
    try:
        return members(enum_name)[0](number)
    except ValueError:
        return number


def attribute(module, name):
    """Returns an enum, or one of its members, for the `__getattr__` of a module."""
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
    """Replaces a member of an enum that cannot be made. It has the member's number, name, text and pickle."""

    def __new__(cls, owner, name, number):
        made = super().__new__(cls, number)
        made._owner_, made.name, made.value = owner, name, number
        return made

    def __repr__(self):
        return f"<{self._owner_.rpartition('.')[2]}.{self.name}: {int(self)}>"

    def __str__(self):
        # Python 3.11 changed how an IntEnum prints.
        return int.__repr__(self) if sys.version_info >= (3, 11) else f"{self._owner_.rpartition('.')[2]}.{self.name}"

    def __format__(self, spec):
        return format(int(self), spec)

    def __reduce_ex__(self, protocol):
        return (member, (self._owner_, int(self)))
