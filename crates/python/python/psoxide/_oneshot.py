"""The context in which a process is read once, and the lock that it holds."""

import _thread

from ._common import _looks_like


class Oneshot:
    """The context of Process.oneshot()."""

    __slots__ = ("_process", "_outermost")

    def __init__(self, process):
        self._process = process

    def __enter__(self):
        process = self._process
        # Held to the end: another thread that enters waits until what was read here is forgotten.
        process._lock.acquire()
        try:
            self._outermost = process._cache is None
            if self._outermost:
                process._cache = {}
                process._proc.oneshot_enter()
        except BaseException:
            process._cache = None
            process._lock.release()
            raise

    def __exit__(self, *exc_info):
        process = self._process
        try:
            if self._outermost:
                process._cache = None
                process._proc.oneshot_exit()
        finally:
            process._lock.release()
        return False

    def __call__(self, fun):
        # What contextlib's managers offer: the context as a decorator.
        def wrapper(*args, **kwargs):
            with self.__class__(self._process):
                return fun(*args, **kwargs)

        return _looks_like(wrapper, fun)


class Lock:
    """The lock of a Process, made when it is first needed: most processes of a list never need it."""

    _making = _thread.allocate_lock()

    def __get__(self, process, cls):
        if process is None:
            return self
        with self._making:
            # Another thread may have been first.
            return process.__dict__.setdefault("_lock", _thread.RLock())
