"""The exceptions. All copies of the package that `open_capture` makes share these classes."""

_PACKAGE = __name__.rpartition(".")[0]


class Error(Exception):
    """Base class of the exceptions of this package."""

    __module__ = _PACKAGE

    def _infodict(self, attrs):
        # Show a pid of 0, but no other empty value.
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
    """Raised when no process has the pid, or another process has taken it."""

    __module__ = _PACKAGE

    def __init__(self, pid, name=None, msg=None):
        Error.__init__(self)
        self.pid = pid
        self.name = name
        self.msg = msg or "process no longer exists"

    def __reduce__(self):
        return (self.__class__, (self.pid, self.name, self.msg))


class ZombieProcess(NoSuchProcess):
    """Raised when the process is a zombie: it has ended, and its parent has not waited for it yet."""

    __module__ = _PACKAGE

    def __init__(self, pid, name=None, ppid=None, msg=None):
        NoSuchProcess.__init__(self, pid, name, msg)
        self.ppid = ppid
        self.msg = msg or "PID still exists but it's a zombie"

    def __reduce__(self):
        return (self.__class__, (self.pid, self.name, self.ppid, self.msg))


class AccessDenied(Error):
    """Raised when the system denies the user access to a process."""

    __module__ = _PACKAGE

    def __init__(self, pid=None, name=None, msg=None):
        Error.__init__(self)
        self.pid = pid
        self.name = name
        self.msg = msg or ""

    def __reduce__(self):
        return (self.__class__, (self.pid, self.name, self.msg))


class TimeoutExpired(Error):
    """Raised when a timeout expires before the process ends."""

    __module__ = _PACKAGE

    def __init__(self, seconds, pid=None, name=None):
        Error.__init__(self)
        self.seconds = seconds
        self.pid = pid
        self.name = name
        self.msg = f"timeout after {seconds} seconds"

    def __reduce__(self):
        return (self.__class__, (self.seconds, self.pid, self.name))
