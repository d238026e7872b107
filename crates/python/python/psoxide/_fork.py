"""Keeps locks usable when the process forks.

A forked child has only the thread that called fork. A lock that another thread held is never released in the child.
Therefore a fork waits for this package's locks, or the child replaces them.
"""

import _thread
import os
import sys

from . import _psoxide


def hooks():
    """Returns hooks that are registered with the interpreter, or None on Windows, where processes do not fork."""
    if not hasattr(os, "register_at_fork"):
        return None
    made = _psoxide.ForkHooks()
    os.register_at_fork(before=made.before, after_in_parent=made.in_parent, after_in_child=made.in_child)
    return made


_hooks = hooks()


def _held():
    """Returns a reentrant lock that a fork waits for."""
    lock = _thread.RLock()
    if _hooks is not None:
        _hooks.hold(lock)
    return lock


# Held during an import. Otherwise a child that is forked in the middle of one waits for the module's import lock
# forever.
importing = _held()
# Held while counters are read and compared with the previous ones. The holder may then take `importing`.
counting = _held()


def in_child(function):
    """Registers a function to be called in each forked child, before its other Python signal handlers can run."""
    if _hooks is not None:
        _hooks.call_in_child(function)


def _root():
    """Returns the device and inode of the root directory, or None if it cannot be read."""
    try:
        status = os.stat("/")
    except OSError:
        return None
    return (status.st_dev, status.st_ino)


_ROOT = _root()


def load(name):
    """Imports a module. Forks wait until the import has finished.

    Nothing is imported after chroot(2), because anyone may have written the files in the new root.
    """
    if name not in sys.modules and _root() != _ROOT:
        raise ImportError(f"{name} is not imported after chroot(2): anyone may have written the files there", name=name)
    with importing:
        return __import__(name, fromlist=["__name__"])
