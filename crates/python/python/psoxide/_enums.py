"""The enums. They have their own module because `enum` is slow to import and most programs need none of them."""

import enum

from . import _cext, _common, _lazy
from ._common import _PACKAGE

try:
    _StrEnum = enum.StrEnum
except AttributeError:  # Python before 3.11

    class _StrEnum(str, enum.Enum):
        """An enum whose members are strings and print as their value."""

        __str__ = str.__str__
        __format__ = str.__format__


globals().update({name: _lazy.enum(name) for name in _lazy.ENUMS})


def _added(base, name, members):
    """Makes an enum of psutil 8. psutil 7 has only the constants."""
    made = base(name, members)
    made.__module__ = _PACKAGE
    made.__qualname__ = name
    return made


def _constants(prefix):
    return {name: value for name, value in vars(_common).items() if name.startswith(prefix)}


ProcessStatus = _added(_StrEnum, "ProcessStatus", _constants("STATUS_"))
ConnectionStatus = _added(_StrEnum, "ConnectionStatus", _constants("CONN_"))
ProcessRlimit = _added(enum.IntEnum, "ProcessRlimit", _cext.RLIMITS)
if "IOPriority" in _lazy.ENUMS:
    ProcessIOPriority = _lazy.enum("IOPriority")
