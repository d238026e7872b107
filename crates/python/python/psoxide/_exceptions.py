"""The exceptions. A package that `open_capture` makes has the same classes."""

_PACKAGE = __name__.rpartition(".")[0]


class Error(Exception):
    """Base of all exceptions of this package."""

    __module__ = _PACKAGE

    def _infodict(self, attrs):
        # A pid of 0 is worth telling, other empty values are not.
        values = ((name, getattr(self, name, None)) for name in attrs)
        return {name: value for name, value in values if value or (name == "pid" and value == 0)}

    def __str__(self):
        about = self._infodict(("pid", "ppid", "name"))
        details = "({})".format(", ".join(f"{name}={value!r}" for name, value in about.items())) if about else ""
        return " ".join(part for part in (getattr(self, "msg", ""), details) if part)

    def __repr__(self):
        about = self._infodict(("pid", "ppid", "name", "seconds", "msg"))
        details = ", ".join(f"{name}={value!r}" for name, value in about.items())
        return f"{_PACKAGE}.{self.__class__.__name__}({details})"


class NoSuchProcess(Error):
    """There is no process with this pid, or no more."""

    __module__ = _PACKAGE

    def __init__(self, pid, name=None, msg=None):
        Error.__init__(self)
        self.pid = pid
        self.name = name
        self.msg = msg or "process no longer exists"

    def __reduce__(self):
        return (self.__class__, (self.pid, self.name, self.msg))


class ZombieProcess(NoSuchProcess):
    """The process has ended but was not waited for yet: what was asked for is gone."""

    __module__ = _PACKAGE

    def __init__(self, pid, name=None, ppid=None, msg=None):
        NoSuchProcess.__init__(self, pid, name, msg)
        self.ppid = ppid
        self.msg = msg or "PID still exists but it's a zombie"

    def __reduce__(self):
        return (self.__class__, (self.pid, self.name, self.ppid, self.msg))


class AccessDenied(Error):
    """The system refuses this to this user."""

    __module__ = _PACKAGE

    def __init__(self, pid=None, name=None, msg=None):
        Error.__init__(self)
        self.pid = pid
        self.name = name
        self.msg = msg or ""

    def __reduce__(self):
        return (self.__class__, (self.pid, self.name, self.msg))


class TimeoutExpired(Error):
    """The time to wait for a process is over and it still runs."""

    __module__ = _PACKAGE

    def __init__(self, seconds, pid=None, name=None):
        Error.__init__(self)
        self.seconds = seconds
        self.pid = pid
        self.name = name
        self.msg = f"timeout after {seconds} seconds"

    def __reduce__(self):
        return (self.__class__, (self.seconds, self.pid, self.name))
