"""Functions that run at the end of the program, however it ends.

>>> from psoxide.exit import register_exit_fun
>>> @register_exit_fun
... def cleanup():
...     print("bye")

``cleanup`` runs exactly once: on normal interpreter exit, or when SIGTERM arrives.

SIGKILL and SIGSTOP cannot be caught, and ``os._exit()`` skips all exit functions. On Windows only normal exit is
handled: it has no signals. In a forked child the signals mean what they meant before, from its first instruction on.
"""

import atexit
import os
import signal
import sys
import threading

from . import _fork

__all__ = ["register_exit_fun"]


def _to_stderr(message):
    print(message, file=sys.stderr, flush=True)


class _Entry:
    def __init__(self, fun, signals, logfun, die_by_signal, in_forks):
        self.fun = fun
        self.signals = signals
        self.logfun = logfun
        self.die_by_signal = die_by_signal
        self.in_forks = in_forks
        # The process that registered it.
        self.pid = os.getpid()


# Functions that have not run, oldest first. Taking one out with pop() is what entitles to run it: a signal handler
# interrupts this module between any two bytecodes, but not inside pop().
_pending = {}
# Functions that have run, so that they are not taken again.
_done = set()
# The Python handlers that were there before ours; taken out when they run.
_previous = {}
# Signals that have arrived.
_arrived = set()


class _State:
    pid = os.getpid()  # the process that these variables are about
    busy = False  # a signal is being handled
    exiting = False  # the interpreter has begun to run its exit functions
    failed = False  # a function raised


def register_exit_fun(fun=None, signals=(signal.SIGTERM,), logfun=_to_stderr, *, die_by_signal=False, in_forks=False):
    """Run `fun()` once at the end: on normal interpreter exit, or when one of `signals` arrives.

    Returns `fun`; a decorator, with or without arguments, when `fun` is not given.

    - When a signal arrives, `logfun` is told "signal NAME received by process with PID N" (None: silent), `fun`
      runs in the main thread, then the handler that was there before, if it was a Python function. The process then
      exits with the signal's number as status, or with 1 if `fun` raised, whose traceback is printed; functions
      registered with `atexit` run as always. After SIGINT KeyboardInterrupt is raised instead.
    - `die_by_signal`: at the very end the process ends by the signal itself, so that its parent sees it killed.
    - A signal that is ignored stays ignored. Empty `signals`: on normal exit only.
    - Several functions run newest first. One that is registered or has run is not taken twice; the signals of a
      second registration are added to those of the first.
    - Further signals do not run anything again, and do not disturb a function at work.
    - A forked child runs `fun` only with `in_forks`; otherwise signals mean there what they meant before.

    Raises TypeError if `fun` is not callable or not hashable, or `signals` is no collection of signals; ValueError for
    signals that are none or cannot be caught, and in threads other than the main one, where signals cannot be
    handled. Nothing is registered then.
    """
    if fun is None:

        def decorate(fun):
            if fun is None:
                raise TypeError("None is not callable")
            return register_exit_fun(fun, signals, logfun, die_by_signal=die_by_signal, in_forks=in_forks)

        return decorate

    if not callable(fun):
        raise TypeError(f"{fun!r} is not callable")
    hash(fun)  # TypeError: unhashable type
    if logfun is not None and not callable(logfun):
        raise TypeError(f"logfun {logfun!r} is not callable")
    wanted = _checked(signals)
    if threading.current_thread() is not threading.main_thread():
        name = threading.current_thread().name
        raise ValueError(f"register_exit_fun() works in the main thread only, not in {name!r}")
    if fun in _done or _State.exiting:
        return fun  # has run, or never can

    for signum in wanted:
        _install(signum)
    entry = _pending.get(fun)
    if entry is None:
        _pending[fun] = _Entry(fun, wanted, logfun, die_by_signal, in_forks)
        # Last in, first out: once more for each, so that it keeps its place among other functions of atexit.
        atexit.register(_at_exit, fun)
    else:
        entry.signals |= wanted
    return fun


def _checked(signals):
    """The signals as a set of numbers that can be caught."""
    try:
        signals = set(signals)
    except TypeError:
        raise TypeError(f"signals must be a collection of signals, not {signals!r}") from None
    if os.name == "nt":
        return set()
    valid = signal.valid_signals()
    for signum in signals:
        if not isinstance(signum, int):
            raise TypeError(f"{signum!r} is not a signal")
        if signum not in valid:
            raise ValueError(f"{signum!r} is not a signal")
        if signum in (signal.SIGKILL, signal.SIGSTOP):
            raise ValueError(f"{_name(signum)} cannot be caught")
        if signal.getsignal(signum) is None:
            raise ValueError(f"{_name(signum)} has a handler that was not installed from Python")
    return {int(signum) for signum in signals}


def _install(signum):
    before = signal.getsignal(signum)
    # Ignored (nohup) is meant to stay so.
    if before is signal.SIG_IGN or before is _on_signal:
        return
    _hooks.watch(signum)
    signal.signal(signum, _on_signal)
    # The handler that raises KeyboardInterrupt is ours in another guise.
    if callable(before) and before is not signal.default_int_handler:
        _previous[signum] = before


def _on_signal(signum, frame):
    if os.getpid() != _State.pid:
        # A child that was forked without Python's hooks.
        _after_fork_in_child()
        if signal.getsignal(signum) is not _on_signal:
            signal.raise_signal(signum)
            return
    # The interpreter discards what is raised while it forks.
    if _hooks.postpone(signum):
        return
    # Once the interpreter shuts down, its exit functions shall not be cut short by a second signal.
    shutdown = not threading.main_thread().is_alive()
    if _State.busy or _State.exiting or (shutdown and _arrived):
        return
    _State.busy = True
    try:
        die_by_signal = _run_all(signum, frame)
    finally:
        _State.busy = False
    if signum == signal.SIGINT:
        raise KeyboardInterrupt
    status = 1 if _State.failed else int(signum)
    if die_by_signal:
        sys._psoxide_last_breath = _LastBreath(os.kill, os.getpid(), int(signum))
    elif shutdown:
        # The interpreter waits for threads, or runs exit functions: the status of SystemExit is lost there.
        sys._psoxide_last_breath = _LastBreath(os._exit, status)
    end = SystemExit(status)
    if shutdown:
        _do_not_print(end)
    raise end


def _do_not_print(end):
    """Keeps the interpreter from printing this exception, which ends its wait for threads."""
    print_unraisable = sys.unraisablehook

    def hook(unraisable):
        if unraisable.exc_value is not end:
            print_unraisable(unraisable)

    sys.unraisablehook = hook


def _run_all(signum, frame):
    """Run the functions for this signal and the handler before them; whether the signal shall be what ends us."""
    entries = [entry for entry in reversed(list(_pending.values())) if signum in entry.signals]
    if signum not in _arrived:
        _arrived.add(signum)
        message = f"signal {_name(signum)} received by process with PID {os.getpid()}"
        told = [None]
        for logfun in (entry.logfun for entry in entries):
            if logfun not in told:
                told.append(logfun)
                _call(logfun, message)
    for entry in entries:
        if _claim(entry.fun) and not _call(entry.fun):
            _State.failed = True
    previous = _previous.pop(signum, None)
    if previous is not None and not _call(previous, signum, frame, may_exit=True):
        _State.failed = True
    return any(entry.die_by_signal for entry in entries)


def _call(fun, *args, may_exit=False):
    """Whether `fun` returned; what it raised is printed."""
    pid = os.getpid()
    try:
        fun(*args)
    except BaseException as exc:
        if os.getpid() != pid:
            raise  # a child that `fun` forked, on its own way out
        # Handlers usually end with sys.exit() or KeyboardInterrupt, which is what follows anyhow.
        if may_exit and isinstance(exc, (SystemExit, KeyboardInterrupt)):
            return True
        try:
            sys.excepthook(type(exc), exc, exc.__traceback__)
        except Exception:
            sys.__excepthook__(type(exc), exc, exc.__traceback__)
        return False
    return True


def _claim(fun):
    """Whether the caller is the one to run it."""
    entry = _pending.pop(fun, None)
    if entry is None:
        return False
    _done.add(fun)
    return entry.in_forks or entry.pid == os.getpid()


def _at_exit(fun):
    _State.exiting = True
    ours = _claim(fun)
    if not _pending:
        # The fork handler outlives all modules. What it leads to would keep theirs from being taken apart and flushed.
        _done.clear()
        _previous.clear()
    if ours:
        fun()  # atexit prints what it raises


def _name(signum):
    try:
        return signal.Signals(signum).name
    except ValueError:
        return str(signum)  # a real-time signal


class _LastBreath:
    """Calls `end(*args)` when the interpreter takes its very last module apart.

    An attribute of `sys` outlives every exit function and every other module, whose files are flushed by then; the
    interpreter has put the default actions of signals back before.
    """

    def __init__(self, end, *args):
        self.end, self.args, self.pid = end, args, os.getpid()

    def __del__(self, getpid=os.getpid):  # names of modules are gone by then
        if getpid() == self.pid:  # not in a forked child
            self.end(*self.args)


def _after_fork_in_child():
    """Forget what is not meant for children, and give its signals back."""
    for fun in [fun for fun, entry in _pending.items() if not entry.in_forks]:
        del _pending[fun]
    _done.clear()
    _arrived.clear()
    _State.pid = os.getpid()
    _State.busy = _State.exiting = _State.failed = False
    kept = set().union(*(entry.signals for entry in _pending.values()))
    for signum in signal.valid_signals() - kept:
        if signal.getsignal(signum) is _on_signal:
            default = signal.default_int_handler if signum == signal.SIGINT else signal.SIG_DFL
            signal.signal(signum, _previous.pop(signum, default))


# Of their own: hooks that were registered later are called earlier, so these protect a fork for longer.
_hooks = _fork.hooks()
if _hooks is not None:
    _hooks.call_in_child(_after_fork_in_child)
