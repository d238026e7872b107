"""The exceptions."""

class Error(Exception):
    """Base of all exceptions of this package."""

class NoSuchProcess(Error):
    """There is no process with this pid, or no more."""

    pid: int
    name: str | None
    msg: str
    def __init__(self, pid: int, name: str | None = None, msg: str | None = None) -> None: ...

class ZombieProcess(NoSuchProcess):
    """The process has ended but was not waited for yet: what was asked for is gone."""

    ppid: int | None
    def __init__(
        self, pid: int, name: str | None = None, ppid: int | None = None, msg: str | None = None
    ) -> None: ...

class AccessDenied(Error):
    """The system refuses this to this user."""

    pid: int | None
    name: str | None
    msg: str
    def __init__(self, pid: int | None = None, name: str | None = None, msg: str | None = None) -> None: ...

class TimeoutExpired(Error):
    """The time to wait for a process is over and it still runs."""

    seconds: float
    pid: int | None
    name: str | None
    msg: str
    def __init__(self, seconds: float, pid: int | None = None, name: str | None = None) -> None: ...
