"""The exceptions."""

class Error(Exception):
    """Base class of the exceptions of this package."""

class NoSuchProcess(Error):
    """Raised when no process has the pid, or another process has taken it."""

    pid: int
    name: str | None
    msg: str
    def __init__(self, pid: int, name: str | None = None, msg: str | None = None) -> None: ...

class ZombieProcess(NoSuchProcess):
    """Raised when the process is a zombie: it has ended, and its parent has not waited for it yet."""

    ppid: int | None
    def __init__(
        self, pid: int, name: str | None = None, ppid: int | None = None, msg: str | None = None
    ) -> None: ...

class AccessDenied(Error):
    """Raised when the system denies the user access to a process."""

    pid: int | None
    name: str | None
    msg: str
    def __init__(self, pid: int | None = None, name: str | None = None, msg: str | None = None) -> None: ...

class TimeoutExpired(Error):
    """Raised when a timeout expires before the process ends."""

    seconds: float
    pid: int | None
    name: str | None
    msg: str
    def __init__(self, seconds: float, pid: int | None = None, name: str | None = None) -> None: ...
