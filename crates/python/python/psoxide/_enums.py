"""The enums, in a module of their own: most programs need none of them, and `enum` is slow to import."""

import enum
import os
import signal
import socket

from . import _psoxide
from ._common import _PACKAGE
from . import _common


def _of(module, base, name, members):
    """An enum that says it is of the module where psutil has it, so that pickles fit both."""
    made = base(name, members)
    made.__module__ = f"{_PACKAGE}.{module}" if module else _PACKAGE
    made.__qualname__ = name
    return made


try:
    _StrEnum = enum.StrEnum
except AttributeError:  # Python before 3.11

    class _StrEnum(str, enum.Enum):
        """Members that are text, and print as it."""

        __str__ = str.__str__
        __format__ = str.__format__


def _constants(prefix):
    return {name: value for name, value in vars(_common).items() if name.startswith(prefix)}


NicDuplex = _of("_common", enum.IntEnum, "NicDuplex", {
    "NIC_DUPLEX_FULL": 2,
    "NIC_DUPLEX_HALF": 1,
    "NIC_DUPLEX_UNKNOWN": 0,
})
BatteryTime = _of("_common", enum.IntEnum, "BatteryTime", {
    "POWER_TIME_UNKNOWN": -1,
    "POWER_TIME_UNLIMITED": -2,
})
if os.name == "nt":
    from . import _pswindows

    IOPriority = _of("_pswindows", enum.IntEnum, "IOPriority", {
        "IOPRIO_VERYLOW": 0,
        "IOPRIO_LOW": 1,
        "IOPRIO_NORMAL": 2,
        "IOPRIO_HIGH": 3,
    })
    Priority = _of("_pswindows", enum.IntEnum, "Priority", _pswindows.PRIORITIES)
    AddressFamily = _of("_pswindows", enum.IntEnum, "AddressFamily", {"AF_LINK": -1})
else:
    IOPriority = _of("_pslinux", enum.IntEnum, "IOPriority", {
        "IOPRIO_CLASS_NONE": 0,
        "IOPRIO_CLASS_RT": 1,
        "IOPRIO_CLASS_BE": 2,
        "IOPRIO_CLASS_IDLE": 3,
    })
    AddressFamily = _of("_pslinux", enum.IntEnum, "AddressFamily", {"AF_LINK": int(socket.AF_PACKET)})
Negsignal = _of("_psposix", enum.IntEnum, "Negsignal", {member.name: -member.value for member in signal.Signals})

# psutil 8 has these; psutil 7 has the constants alone.
ProcessStatus = _of("", _StrEnum, "ProcessStatus", _constants("STATUS_"))
ConnectionStatus = _of("", _StrEnum, "ConnectionStatus", _constants("CONN_"))
ProcessRlimit = _of("", enum.IntEnum, "ProcessRlimit", _psoxide.RLIMITS)
ProcessIOPriority = IOPriority
