"""Waiting for processes, and other things that all Unix systems do the same way."""

import errno
import os
import time

import _signal

from . import _fork, _lazy, _ntuples, _psoxide, _system
from ._common import TimeoutExpired, debug, memoize
from ._readings import _api

# The longest pause between two looks at a process where there are no pidfds; the first is a ten-thousandth second.
_LONGEST_PAUSE = 0.04

ntp = _ntuples


def _signals():
    """The members of `signal.Signals`: the first name of each number."""
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
    """Whether there is a process or thread with this pid."""
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
    """A negative signal number as a member of an enum, which prints as the signal's name."""
    return _lazy.member("Negsignal", num)


def convert_exit_code(status):
    """What waitpid(2) returned of an ended process: its exit code or, negative, the signal that ended it."""
    code = os.waitstatus_to_exitcode(status)
    return negsig_to_enum(code) if code < 0 else code


def _waitpid(pid, flags):
    """The pid and exit code of an ended child; `(0, None)` while it runs; None of a process that is no child."""
    while True:
        try:
            found, status = os.waitpid(pid, flags)
        except InterruptedError:
            continue
        except ChildProcessError:
            return None
        return (found, convert_exit_code(status)) if found else (0, None)


def wait_pid_posix(pid, timeout=None):
    """Waits by looking again and again; None of a process that is not a child of this one."""
    started = time.monotonic()
    pause = 0.0001
    flags = 0 if timeout is None else os.WNOHANG
    child = True
    while True:
        if child:
            answer = _waitpid(pid, flags)
            if answer is None:
                child = False  # someone else's, or already waited for
            elif answer[0]:
                return answer[1]
        if not child and not pid_exists(pid):
            return None
        if timeout is not None and time.monotonic() - started >= timeout:
            raise TimeoutExpired(timeout, pid=pid)
        time.sleep(pause)
        pause = min(pause * 2, _LONGEST_PAUSE)


def wait_pid_pidfd_open(pid, timeout=None):
    """Waits for a process by its pidfd: without looking in between, and whoever's child it is."""
    started = time.monotonic()
    try:
        pidfd = os.pidfd_open(pid, 0)
    except OSError as err:
        # ESRCH: it is gone. ENOENT: a thread's id. EMFILE, ENFILE, ENODEV: no descriptor is available. Others are errors.
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
    """Reads how a process ended that was waited for since `started`; fails unless it has `ended`."""
    if not ended:
        raise TimeoutExpired(timeout, pid=pid)
    answer = _waitpid(pid, os.WNOHANG)
    if answer is not None and answer[0]:
        return answer[1]
    # A child of another process is there until its parent has waited for it. A kqueue reports the end of a child of this
    # process a moment before waitpid(2) does.
    left = None if timeout is None else max(0, timeout - (time.monotonic() - started))
    try:
        return wait_pid_posix(pid, left)
    except TimeoutExpired:
        raise TimeoutExpired(timeout, pid=pid) from None


def _select():
    """The module `select`, which is imported when it is first needed."""
    return globals().get("select") or __getattr__("select")


def wait_pid_kqueue(pid, timeout=None):
    """Waits for a process by one kqueue: without looking in between, and whoever's child it is."""
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
            # ESRCH: it is gone or a zombie. EACCES, EPERM: the kernel does not let this user watch it. Others are errors.
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
    """Whether this kernel has pidfds, and lets this process have one."""
    if not hasattr(os, "pidfd_open"):
        return False
    try:
        pidfd = os.pidfd_open(os.getpid(), 0)
    except OSError as err:
        # Out of descriptors just now, not for good.
        return err.errno in (errno.EMFILE, errno.ENFILE)
    os.close(pidfd)
    return True


@memoize
def can_use_kqueue():
    """Whether this system has kqueue(2)."""
    return hasattr(_select(), "kqueue")


def wait_pid(pid, timeout=None):
    """Waits for the end of a process; its exit code or negated signal if it is a child, None if it is not."""
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
    """Space of the file system that a path, or an open file, is on."""
    status = os.statvfs(path)
    total = status.f_blocks * status.f_frsize
    used = total - status.f_bfree * status.f_frsize
    free = status.f_bavail * status.f_frsize
    # What is reserved for root is neither used nor free for others.
    percent = round(used / (used + free) * 100, 1) if used + free else 0.0
    return _ntuples.sdiskusage(total, used, free, percent)


class Process(_psoxide.Process):
    """One process. Exceptions contain `_name` and `_ppid` once these are known."""

    _api = _api
    __slots__ = ("_name", "_ppid")

    def wait(self, timeout=None):
        """Waits for its end."""
        # Of a machine that was copied nothing may be asked of the running kernel.
        if _system.MACHINE is not None:
            raise NotImplementedError("a process of a captured machine cannot be waited for")
        try:
            return wait_pid(self.pid, timeout)
        except TimeoutExpired as err:
            raise TimeoutExpired(timeout, self.pid, getattr(self, "_name", None)) from err

    def nice_get(self):
        """Its nice value."""
        return self.priority()

    def nice_set(self, value):
        """Gives it another nice value."""
        return self.set_nice(value)
