"""Makes the class Popen on first use, because `subprocess` is slow to import."""


def make(subprocess, base, added):
    """Makes the class Popen for one copy of the package.

    `subprocess` is the module, `base` the package's Process. `added` finds attributes that neither class has.
    """

    class Popen(base):
        """A process that is started here. It has the attributes of Process and of subprocess.Popen."""

        def __init__(self, *args, **kwargs):
            self._child = subprocess.Popen(*args, **kwargs)
            # The child may have ended already. Keep the instance nevertheless.
            self._init(self._child.pid, _ignore_nsp=True)

        def __getattr__(self, name):
            # Process does not have the attribute. If starting the child failed, subprocess.Popen does not have it
            # either.
            child = self.__dict__.get("_child")
            if hasattr(child, name):
                return getattr(child, name)
            try:
                return added(self, name)
            except AttributeError:
                raise AttributeError(f"{self.__class__!r} has no attribute {name!r}") from None

        def __dir__(self):
            return sorted({*dir(Popen), *dir(subprocess.Popen)})

        def __enter__(self):
            self._child.__enter__()
            return self

        def __exit__(self, *args, **kwargs):
            return self._child.__exit__(*args, **kwargs)

        def wait(self, timeout=None):
            """Waits for the process to end. Returns its exit code."""
            if self._child.returncode is None:
                code = base.wait(self, timeout)
                if code is not None:
                    self._child.returncode = code
                return code
            return self._child.returncode

    Popen.__module__ = base.__module__
    Popen.__qualname__ = "Popen"
    for name, member in vars(Popen).items():
        if callable(member):
            member.__qualname__ = f"Popen.{name}"
    return Popen
