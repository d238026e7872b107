"""The enums of the package."""

import enum
import sys

if sys.version_info >= (3, 11):
    from enum import StrEnum as _StrEnum
else:
    class _StrEnum(str, enum.Enum): ...

class NicDuplex(enum.IntEnum):
    NIC_DUPLEX_FULL = 2
    NIC_DUPLEX_HALF = 1
    NIC_DUPLEX_UNKNOWN = 0

class BatteryTime(enum.IntEnum):
    POWER_TIME_UNKNOWN = -1
    POWER_TIME_UNLIMITED = -2

if sys.platform == "win32":
    class IOPriority(enum.IntEnum):
        IOPRIO_VERYLOW = 0
        IOPRIO_LOW = 1
        IOPRIO_NORMAL = 2
        IOPRIO_HIGH = 3

    class Priority(enum.IntEnum):
        ABOVE_NORMAL_PRIORITY_CLASS = 0x8000
        BELOW_NORMAL_PRIORITY_CLASS = 0x4000
        HIGH_PRIORITY_CLASS = 0x80
        IDLE_PRIORITY_CLASS = 0x40
        NORMAL_PRIORITY_CLASS = 0x20
        REALTIME_PRIORITY_CLASS = 0x100

    class AddressFamily(enum.IntEnum):
        AF_LINK = -1

else:
    class IOPriority(enum.IntEnum):
        IOPRIO_CLASS_NONE = 0
        IOPRIO_CLASS_RT = 1
        IOPRIO_CLASS_BE = 2
        IOPRIO_CLASS_IDLE = 3

    class AddressFamily(enum.IntEnum):
        AF_LINK = 17

    class Negsignal(enum.IntEnum):
        SIGHUP = -1
        SIGINT = -2
        SIGQUIT = -3
        SIGILL = -4
        SIGTRAP = -5
        SIGABRT = -6
        SIGBUS = -7
        SIGFPE = -8
        SIGKILL = -9
        SIGUSR1 = -10
        SIGSEGV = -11
        SIGUSR2 = -12
        SIGPIPE = -13
        SIGALRM = -14
        SIGTERM = -15
        SIGSTKFLT = -16
        SIGCHLD = -17
        SIGCONT = -18
        SIGSTOP = -19
        SIGTSTP = -20
        SIGTTIN = -21
        SIGTTOU = -22
        SIGURG = -23
        SIGXCPU = -24
        SIGXFSZ = -25
        SIGVTALRM = -26
        SIGPROF = -27
        SIGWINCH = -28
        SIGIO = -29
        SIGPWR = -30
        SIGSYS = -31
        SIGRTMIN = -34
        SIGRTMAX = -64

if sys.platform == "linux" or sys.platform == "win32":
    ProcessIOPriority = IOPriority

class ProcessStatus(_StrEnum):
    STATUS_RUNNING = "running"
    STATUS_SLEEPING = "sleeping"
    STATUS_DISK_SLEEP = "disk-sleep"
    STATUS_STOPPED = "stopped"
    STATUS_TRACING_STOP = "tracing-stop"
    STATUS_ZOMBIE = "zombie"
    STATUS_DEAD = "dead"
    STATUS_WAKE_KILL = "wake-kill"
    STATUS_WAKING = "waking"
    STATUS_IDLE = "idle"
    STATUS_LOCKED = "locked"
    STATUS_WAITING = "waiting"
    STATUS_SUSPENDED = "suspended"
    STATUS_PARKED = "parked"

class ConnectionStatus(_StrEnum):
    CONN_ESTABLISHED = "ESTABLISHED"
    CONN_SYN_SENT = "SYN_SENT"
    CONN_SYN_RECV = "SYN_RECV"
    CONN_FIN_WAIT1 = "FIN_WAIT1"
    CONN_FIN_WAIT2 = "FIN_WAIT2"
    CONN_TIME_WAIT = "TIME_WAIT"
    CONN_CLOSE = "CLOSE"
    CONN_CLOSE_WAIT = "CLOSE_WAIT"
    CONN_LAST_ACK = "LAST_ACK"
    CONN_LISTEN = "LISTEN"
    CONN_CLOSING = "CLOSING"
    CONN_NONE = "NONE"

class ProcessRlimit(enum.IntEnum):
    RLIMIT_AS = 9
    RLIMIT_CORE = 4
    RLIMIT_CPU = 0
    RLIMIT_DATA = 2
    RLIMIT_FSIZE = 1
    RLIMIT_LOCKS = 10
    RLIMIT_MEMLOCK = 8
    RLIMIT_MSGQUEUE = 12
    RLIMIT_NICE = 13
    RLIMIT_NOFILE = 7
    RLIMIT_NPROC = 6
    RLIMIT_RSS = 5
    RLIMIT_RTPRIO = 14
    RLIMIT_RTTIME = 15
    RLIMIT_SIGPENDING = 11
    RLIMIT_STACK = 3
