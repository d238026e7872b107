"""Runs functions at the end of the program, however it ends.

>>> from psoxide.exit import register_exit_fun
>>> @register_exit_fun
... def cleanup():
...     print("bye")

``cleanup`` runs exactly once: on normal interpreter exit, or when SIGTERM arrives.

SIGKILL and SIGSTOP cannot be caught, and ``os._exit()`` skips all exit functions. On Windows only normal exit is
handled, because Windows has no signals. In a forked child signals have their previous handlers from its first
instruction on.
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
        # The pid of the process that registered the function.
        self.pid = os.getpid()


# Functions that have not run, oldest first. Only the caller that removes a function with pop() may run it. A signal
# handler can interrupt this module between any two bytecodes, but not inside pop().
_pending = {}
# Functions that have run. They are not registered again.
_done = set()
# The Python handlers that this module replaced. Each is removed when it runs.
_previous = {}
# Signals that have arrived.
_arrived = set()


class _State:
    pid = os.getpid()  # the process to which these variables belong
    busy = False  # a signal is being handled
    exiting = False  # the interpreter has begun to run its exit functions
    failed = False  # a function raised


def register_exit_fun(fun=None, signals=(signal.SIGTERM,), logfun=_to_stderr, *, die_by_signal=False, in_forks=False):
    """Runs `fun()` once at the end: on normal interpreter exit, or when one of `signals` arrives.

    Returns `fun`. Without `fun`, returns a decorator, so that `@register_exit_fun` works with and without arguments.

    - When a signal arrives, `logfun` (None: nothing) receives "signal NAME received by process with PID N". Then `fun`
      runs in the main thread, and after it the signal's previous Python handler, if there was one. The process exits
      with the signal's number as status, or with 1 if `fun` raised: its traceback is printed. Functions registered with
      `atexit` run as always. After SIGINT, KeyboardInterrupt is raised instead.
    - With `die_by_signal` the process finally ends by the signal itself, so that its parent sees it killed.
    - An ignored signal stays ignored. Empty `signals` mean normal exit only.
    - Several functions run newest first. A function that is registered twice runs once, for the signals of both
      registrations. A function that has run is not registered again.
    - Further signals neither interrupt a running function nor run one again.
    - A forked child runs `fun` only with `in_forks`. Otherwise signals have their previous handlers in the child.

    Raises TypeError if `fun` is not callable or not hashable, or `signals` is not a collection of signals. Raises
    ValueError for a number that is not a signal, for a signal that cannot be caught, and in any thread but the main one.
    Nothing is registered then.
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
        return fun  # has run, or can no longer run

    for signum in wanted:
        _install(signum)
    entry = _pending.get(fun)
    if entry is None:
        _pending[fun] = _Entry(fun, wanted, logfun, die_by_signal, in_forks)
        # atexit runs the last registered function first. Registering each separately keeps their order among others.
        atexit.register(_at_exit, fun)
    else:
        entry.signals |= wanted
    return fun


def _checked(signals):
    """Returns the signals as a set of numbers. Raises an exception for those that cannot be caught."""
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
    # A signal that the parent set to ignored (nohup) stays ignored.
    if before is signal.SIG_IGN or before is _on_signal:
        return
    _hooks.watch(signum)
    signal.signal(signum, _on_signal)
    # The default handler of SIGINT raises KeyboardInterrupt, as this module does.
    if callable(before) and before is not signal.default_int_handler:
        _previous[signum] = before


def _on_signal(signum, frame):
    if os.getpid() != _State.pid:
        # The child was forked without Python's fork hooks.
        _after_fork_in_child()
        if signal.getsignal(signum) is not _on_signal:
            signal.raise_signal(signum)
            return
    # The interpreter discards exceptions that are raised during its fork hooks.
    if _hooks.postpone(signum):
        return
    # During interpreter shutdown, a second signal must not interrupt the exit functions.
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
        # During shutdown the interpreter ignores the status of SystemExit.
        sys._psoxide_last_breath = _LastBreath(os._exit, status)
    end = SystemExit(status)
    if shutdown:
        _do_not_print(end)
    raise end


def _do_not_print(end):
    """Keeps the interpreter from printing the exception `end`, which stops its wait for threads."""
    print_unraisable = sys.unraisablehook

    def hook(unraisable):
        if unraisable.exc_value is not end:
            print_unraisable(unraisable)

    sys.unraisablehook = hook


def _run_all(signum, frame):
    """Runs the functions for this signal, then its previous handler. Returns whether the signal ends the process."""
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
    """Calls `fun`. Returns whether it returned, and prints the exception if not."""
    pid = os.getpid()
    try:
        fun(*args)
    except BaseException as exc:
        if os.getpid() != pid:
            raise  # raised in a child that `fun` forked, which is about to exit
        # Handlers usually end with sys.exit() or KeyboardInterrupt. The caller raises its own exception next.
        if may_exit and isinstance(exc, (SystemExit, KeyboardInterrupt)):
            return True
        try:
            sys.excepthook(type(exc), exc, exc.__traceback__)
        except Exception:
            sys.__excepthook__(type(exc), exc, exc.__traceback__)
        return False
    return True


def _claim(fun):
    """Removes `fun` from the pending functions. Returns whether the caller is to run it."""
    entry = _pending.pop(fun, None)
    if entry is None:
        return False
    _done.add(fun)
    return entry.in_forks or entry.pid == os.getpid()


def _at_exit(fun):
    _State.exiting = True
    ours = _claim(fun)
    if not _pending:
        # The fork handler outlives all modules. Modules that it can reach would not be finalised and flushed.
        _done.clear()
        _previous.clear()
    if ours:
        fun()  # atexit prints its exception


def _name(signum):
    try:
        return signal.Signals(signum).name
    except ValueError:
        return str(signum)  # a real-time signal


class _LastBreath:
    """Calls `end(*args)` when the interpreter finalises its very last module.

    An attribute of `sys` outlives every exit function and every other module. By then the other modules' files are
    flushed, and the interpreter has restored the default actions of signals.
    """

    def __init__(self, end, *args):
        self.end, self.args, self.pid = end, args, os.getpid()

    def __del__(self, getpid=os.getpid):  # global names are gone when it runs
        if getpid() == self.pid:  # not in a forked child
            self.end(*self.args)


def _after_fork_in_child():
    """Forgets the functions that are not for children, and restores the handlers of their signals."""
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


# Hooks that are registered later run earlier before a fork. A second set of hooks protects a fork for longer.
_hooks = _fork.hooks()
if _hooks is not None:
    _hooks.call_in_child(_after_fork_in_child)
