"""Waits for processes, and implements what all systems but Windows share."""

import errno
import os
import time

import _signal

from . import _fork, _lazy, _ntuples, _psoxide, _system
from ._common import TimeoutExpired, debug, memoize
from ._readings import _api

# The longest pause between two polls of a process, in seconds. The first pause is 0.1 ms.
_LONGEST_PAUSE = 0.04

ntp = _ntuples


def _signals():
    """Returns the signals' names with their negated numbers: the first name of each number."""
    names = {}
    for name, number in sorted(vars(_signal).items()):
        if name[:3] == "SIG" and name[3] != "_":
            names.setdefault(number, name)
    return {name: -number for number, name in names.items()}


_lazy.ENUMS["Negsignal"] = ("_psposix", _signals())


def __getattr__(name):
    if name not in ("enum", "glob", "select", "signal"):
        return _lazy.attribute("_psposix", name)
    value = globals()[name] = _fork.load(name)
    return value


def pid_exists(pid):
    """Returns whether a process or thread has this pid."""
    if pid == 0:
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def negsig_to_enum(num):
    """Returns a negative signal number as a member of an enum, which prints the signal's name."""
    return _lazy.member("Negsignal", num)


def convert_exit_code(status):
    """Converts a status of waitpid(2) to the exit code or, negative, to the signal that ended the process."""
    code = os.waitstatus_to_exitcode(status)
    return negsig_to_enum(code) if code < 0 else code


def _waitpid(pid, flags):
    """Returns the pid and exit code of an ended child, `(0, None)` while it runs, or None if it is not a child."""
    while True:
        try:
            found, status = os.waitpid(pid, flags)
        except InterruptedError:
            continue
        except ChildProcessError:
            return None
        return (found, convert_exit_code(status)) if found else (0, None)


def wait_pid_posix(pid, timeout=None):
    """Waits by polling. Returns None if the process is not a child of the caller."""
    started = time.monotonic()
    pause = 0.0001
    flags = 0 if timeout is None else os.WNOHANG
    child = True
    while True:
        if child:
            answer = _waitpid(pid, flags)
            if answer is None:
                child = False  # another process's child, or already waited for
            elif answer[0]:
                return answer[1]
        if not child and not pid_exists(pid):
            return None
        if timeout is not None and time.monotonic() - started >= timeout:
            raise TimeoutExpired(timeout, pid=pid)
        time.sleep(pause)
        pause = min(pause * 2, _LONGEST_PAUSE)


def wait_pid_pidfd_open(pid, timeout=None):
    """Waits for any process by its pidfd, without polling."""
    started = time.monotonic()
    try:
        pidfd = os.pidfd_open(pid, 0)
    except OSError as err:
        # ESRCH: the process is gone. ENOENT: the pid is a thread's. EMFILE, ENFILE, ENODEV: no descriptor is available.
        if err.errno not in (errno.ESRCH, errno.ENOENT, errno.EMFILE, errno.ENFILE, errno.ENODEV):
            raise
        if err.errno != errno.ESRCH:
            debug(f"pidfd_open() failed ({err!r}); polling instead")
        return wait_pid_posix(pid, timeout)
    try:
        ended = _psoxide.wait_readable(pidfd, timeout)
    finally:
        os.close(pidfd)
    return _reap(pid, timeout, started, ended)


def _reap(pid, timeout, started, ended):
    """Returns how a process ended. Raises TimeoutExpired if it has not `ended`. `started` is when the wait began."""
    if not ended:
        raise TimeoutExpired(timeout, pid=pid)
    answer = _waitpid(pid, os.WNOHANG)
    if answer is not None and answer[0]:
        return answer[1]
    # Another process's child exists until its parent has waited for it. A kqueue reports the end of the caller's own
    # child a moment before waitpid(2) does.
    left = None if timeout is None else max(0, timeout - (time.monotonic() - started))
    try:
        return wait_pid_posix(pid, left)
    except TimeoutExpired:
        raise TimeoutExpired(timeout, pid=pid) from None


def _select():
    """Imports the module `select` on first use."""
    return globals().get("select") or __getattr__("select")


def wait_pid_kqueue(pid, timeout=None):
    """Waits for any process by a kqueue, without polling."""
    started = time.monotonic()
    select = _select()
    try:
        queue = select.kqueue()
    except OSError as err:
        if err.errno not in (errno.EMFILE, errno.ENFILE):
            raise
        debug(f"kqueue() failed ({err!r}); polling instead")
        return wait_pid_posix(pid, timeout)
    try:
        flags = select.KQ_EV_ADD | select.KQ_EV_ONESHOT
        end = select.kevent(pid, filter=select.KQ_FILTER_PROC, flags=flags, fflags=select.KQ_NOTE_EXIT)
        try:
            ended = queue.control([end], 1, timeout)
        except OSError as err:
            # ESRCH: the process is gone or a zombie. EACCES, EPERM: the kernel denies watching it.
            if err.errno not in (errno.ESRCH, errno.EACCES, errno.EPERM):
                raise
            if err.errno != errno.ESRCH:
                debug(f"kevent() failed ({err!r}); polling instead")
            return wait_pid_posix(pid, timeout)
    finally:
        queue.close()
    return _reap(pid, timeout, started, ended)


@memoize
def can_use_pidfd_open():
    """Returns whether the kernel has pidfd_open(2) and permits it."""
    if not hasattr(os, "pidfd_open"):
        return False
    try:
        pidfd = os.pidfd_open(os.getpid(), 0)
    except OSError as err:
        # The limit of open descriptors is reached now. pidfds work later.
        return err.errno in (errno.EMFILE, errno.ENFILE)
    os.close(pidfd)
    return True


@memoize
def can_use_kqueue():
    """Returns whether the system has kqueue(2)."""
    return hasattr(_select(), "kqueue")


def wait_pid(pid, timeout=None):
    """Waits for a process to end. Returns its exit code or negated signal, or None if it is not a child."""
    if pid <= 0:
        raise ValueError("can't wait for PID 0")
    if timeout is not None:
        if not isinstance(timeout, (int, float)):
            raise TypeError(f"timeout must be an int or float (got {type(timeout)})")
        if timeout < 0:
            raise ValueError(f"timeout must be positive or zero (got {timeout})")
    if can_use_pidfd_open():
        return wait_pid_pidfd_open(pid, timeout)
    if can_use_kqueue():
        return wait_pid_kqueue(pid, timeout)
    return wait_pid_posix(pid, timeout)


def disk_usage(path):
    """Returns the size and use of the file system that holds a path or an open file."""
    status = os.statvfs(path)
    total = status.f_blocks * status.f_frsize
    used = total - status.f_bfree * status.f_frsize
    free = status.f_bavail * status.f_frsize
    # Blocks reserved for root count as neither used nor free.
    percent = round(used / (used + free) * 100, 1) if used + free else 0.0
    return _ntuples.sdiskusage(total, used, free, percent)


class Process(_psoxide.Process):
    """Reads one process. Exceptions contain `_name` and `_ppid` once these are known."""

    _api = _api
    __slots__ = ("_name", "_ppid")

    def wait(self, timeout=None):
        """Waits for the process to end. Returns its exit code, or None if it is not a child."""
        # The pid of a captured process may belong to another process on this machine.
        if _system.MACHINE is not None:
            raise NotImplementedError("a process of a captured machine cannot be waited for")
        if self.is_replaced():
            # Waiting by the pid would wait for the process that took it.
            return None
        try:
            return wait_pid(self.pid, timeout)
        except TimeoutExpired as err:
            raise TimeoutExpired(timeout, self.pid, getattr(self, "_name", None)) from err

    def nice_get(self):
        """Returns the nice value."""
        return self.priority()

    def nice_set(self, value):
        """Sets the nice value."""
        return self.set_nice(value)
