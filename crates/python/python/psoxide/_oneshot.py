"""The context in which a process is read once, and the lock that it holds."""

import _thread

from . import _fork
from ._common import _looks_like

# Contexts that threads are in, or wait to enter.
_entered = set()


def _free_in_child():
    """Frees the processes that threads of the parent were reading."""
    for context in list(_entered):
        process = context._process
        if not process._lock._is_owned():
            _entered.discard(context)
            process._lock._at_fork_reinit()
            process._cache = None
            process._proc.oneshot_exit()


_fork.in_child(_free_in_child)


class Oneshot:
    """The context of Process.oneshot()."""

    __slots__ = ("_process", "_outermost")

    def __init__(self, process):
        self._process = process

    def __enter__(self):
        process = self._process
        _entered.add(self)
        try:
            # Held to the end: another thread that enters waits until what was read here is forgotten.
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
        # What contextlib's managers offer: the context as a decorator.
        def wrapper(*args, **kwargs):
            with self.__class__(self._process):
                return fun(*args, **kwargs)

        return _looks_like(wrapper, fun)


class Lock:
    """The lock of a Process, made when it is first needed: most processes of a list never need it."""

    def __get__(self, process, cls):
        if process is None:
            return self
        # One call: if another thread was first, its lock is returned.
        return process.__dict__.setdefault("_lock", _thread.RLock())
