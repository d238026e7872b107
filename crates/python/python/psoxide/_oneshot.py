"""Implements Process.oneshot(): its context, and the lock that the context holds."""

import _thread

from . import _fork
from ._common import _looks_like

# Contexts that threads have entered, or wait to enter.
_entered = set()


def _free_in_child():
    """Releases the locks that other threads of the parent held, and empties the caches of those processes."""
    for context in list(_entered):
        process = context._process
        if not process._lock._is_owned():
            _entered.discard(context)
            process._lock._at_fork_reinit()
            process._cache = None
            process._proc.oneshot_exit()


_fork.in_child(_free_in_child)


class Oneshot:
    """The context that Process.oneshot() returns."""

    __slots__ = ("_process", "_outermost")

    def __init__(self, process):
        self._process = process

    def __enter__(self):
        process = self._process
        _entered.add(self)
        try:
            # Held until the exit, so that a second thread waits until the cache of the first is discarded.
            process._lock.acquire()
        except BaseException:
            _entered.discard(self)
            raise
        try:
            self._outermost = process._cache is None
            if self._outermost:
                process._cache = {}
                process._proc.oneshot_enter()
        except BaseException:
            process._cache = None
            process._lock.release()
            _entered.discard(self)
            raise

    def __exit__(self, *exc_info):
        process = self._process
        try:
            if self._outermost:
                process._cache = None
                process._proc.oneshot_exit()
        finally:
            process._lock.release()
            _entered.discard(self)
        return False

    def __call__(self, fun):
        # A context manager of contextlib can also be used as a decorator.
        def wrapper(*args, **kwargs):
            with self.__class__(self._process):
                return fun(*args, **kwargs)

        return _looks_like(wrapper, fun)


class Lock:
    """Makes the lock of a Process on first use, because most instances never need one."""

    def __get__(self, process, cls):
        if process is None:
            return self
        # setdefault() is atomic: if two threads call it, both get the same lock.
        return process.__dict__.setdefault("_lock", _thread.RLock())
