"""What the package does when the process forks.

A forked child has only the thread that forked. A lock that another thread held is never released there. So a fork waits
for the locks of this package, or the child makes them new.
"""

import _thread
import os

from . import _psoxide


def hooks():
    """Hooks that have been registered with the interpreter. None where processes do not fork."""
    if not hasattr(os, "register_at_fork"):
        return None
    made = _psoxide.ForkHooks()
    os.register_at_fork(before=made.before, after_in_parent=made.in_parent, after_in_child=made.in_child)
    return made


_hooks = hooks()


def _held():
    """A reentrant lock that a fork waits for."""
    lock = _thread.RLock()
    if _hooks is not None:
        _hooks.hold(lock)
    return lock


# Held during an import. A child forked in the middle of one would wait for the lock of the half imported module.
importing = _held()
# Held while counters are read and compared with the last ones. A thread that holds it may take the lock above.
counting = _held()


def in_child(function):
    """Calls a function in each forked child, before its other signal handlers can run."""
    if _hooks is not None:
        _hooks.call_in_child(function)


def load(name):
    """Imports a module, and keeps forks waiting meanwhile."""
    with importing:
        return __import__(name, fromlist=["__name__"])
