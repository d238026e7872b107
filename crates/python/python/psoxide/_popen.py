"""Popen, in a module of its own because it needs `subprocess`, which is slow to import."""

import subprocess


def make(Process, added):
    """The class Popen of a package: on its Process, with what `added` has for names that neither has."""

    class Popen(Process):
        """A process that is started here: subprocess.Popen and Process in one."""

        def __init__(self, *args, **kwargs):
            # Found before __init__ is over if that fails.
            self.__subproc = subprocess.Popen(*args, **kwargs)
            self._init(self.__subproc.pid, _ignore_nsp=True)

        def __dir__(self):
            return sorted({*dir(Popen), *dir(subprocess.Popen)})

        def __enter__(self):
            if hasattr(self.__subproc, "__enter__"):
                self.__subproc.__enter__()
            return self

        def __exit__(self, *args, **kwargs):
            return self.__subproc.__exit__(*args, **kwargs)

        def __getattribute__(self, name):
            try:
                return object.__getattribute__(self, name)
            except AttributeError:
                return object.__getattribute__(self.__subproc, name)

        def __getattr__(self, name):
            # Neither has it.
            try:
                return added(self, name)
            except AttributeError:
                raise AttributeError(f"{self.__class__!r} has no attribute {name!r}") from None

        def wait(self, timeout=None):
            if self.__subproc.returncode is not None:
                return self.__subproc.returncode
            code = super().wait(timeout)
            if code is not None:
                self.__subproc.returncode = code
            return code

    Popen.__module__ = Process.__module__
    Popen.__qualname__ = "Popen"
    for name, member in vars(Popen).items():
        if callable(member):
            member.__qualname__ = f"Popen.{name}"
    return Popen
