"""psoxide.exit, in programs that really end: each test runs one, and looks at its output and status."""

import os
import signal
import subprocess
import sys
import textwrap

import pytest

from psoxide import exit as psoxide_exit
from psoxide.exit import register_exit_fun

pytestmark = pytest.mark.skipif(os.name == "nt", reason="needs POSIX signals")

PRELUDE = """
import atexit, os, signal, sys, threading, time
from psoxide.exit import register_exit_fun

def say(what):
    os.write(1, (what + "\\n").encode())

def first():
    say("first")

def second():
    say("second")

def hit(signum=signal.SIGTERM):
    os.kill(os.getpid(), signum)
    time.sleep(0.01)
"""


class Done:
    def __init__(self, status, out, err):
        self.status, self.out, self.err = status, out, err
        self.said = out.split("\n")[:-1]


def run(program, before=""):
    """Runs a program; `before` is what it does before psoxide.exit is imported."""
    prelude = PRELUDE.replace("from psoxide", before + "\nfrom psoxide")
    done = subprocess.run(
        [sys.executable, "-c", prelude + textwrap.dedent(program)], capture_output=True, text=True, timeout=60
    )
    return Done(done.returncode, done.stdout, done.stderr)


def run_quietly(program, before=""):
    """The same, for programs that have nothing to complain about."""
    done = run(program, before)
    assert done.err == ""
    return done


# Normal exit


def test_normal_exit():
    done = run_quietly("register_exit_fun(first); say('work')")
    assert done.said == ["work", "first"]
    assert done.status == 0


def test_uncaught_exception():
    done = run("register_exit_fun(first); 1 / 0")
    assert done.said == ["first"]
    assert "ZeroDivisionError" in done.err
    assert done.status == 1


def test_sys_exit_keeps_its_status():
    done = run_quietly("register_exit_fun(first); sys.exit(7)")
    assert (done.said, done.status) == (["first"], 7)


def test_os_exit_is_out_of_reach():
    done = run_quietly("register_exit_fun(first); os._exit(3)")
    assert (done.said, done.status) == ([], 3)


# Signals


def test_signal_runs_it_once_and_is_the_status():
    done = run("print(os.getpid(), flush=True); register_exit_fun(first); hit(); say('not reached')")
    assert done.said[1:] == ["first"]
    assert done.err == f"signal SIGTERM received by process with PID {done.said[0]}\n"
    assert done.status == signal.SIGTERM


def test_signal_from_another_process():
    program = PRELUDE + "register_exit_fun(first); say('ready'); time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as child:
        assert child.stdout.readline() == b"ready\n"
        child.terminate()
        out, err = child.communicate(timeout=60)
    assert out == b"first\n"
    assert err.decode() == f"signal SIGTERM received by process with PID {child.pid}\n"
    assert child.returncode == signal.SIGTERM


@pytest.mark.parametrize("signum", [signal.SIGHUP, signal.SIGUSR1, signal.SIGQUIT, signal.SIGALRM])
def test_chosen_signals(signum):
    done = run(f"register_exit_fun(first, signals=[signal.SIGTERM, {int(signum)}]); hit({int(signum)})")
    assert done.said == ["first"]
    assert done.err.startswith(f"signal {signum.name} received")
    assert done.status == signum


def test_real_time_signal():
    done = run_quietly(
        "register_exit_fun(first, signals=[signal.SIGRTMIN + 1], logfun=None); hit(signal.SIGRTMIN + 1)"
    )
    assert (done.said, done.status) == (["first"], signal.SIGRTMIN + 1)


def test_other_signals_are_untouched():
    done = run_quietly("register_exit_fun(first, signals=[signal.SIGUSR1]); hit(signal.SIGTERM)")
    assert (done.said, done.status) == ([], -signal.SIGTERM)


def test_empty_signals_mean_exit_only():
    program = "register_exit_fun(first, signals=[]); "
    assert run_quietly(program).said == ["first"]
    done = run_quietly(program + "hit()")
    assert (done.said, done.status) == ([], -signal.SIGTERM)


def test_cleanup_of_the_program_runs_too():
    done = run(
        """
        register_exit_fun(first, logfun=None)
        try:
            hit()
        finally:
            say("finally")
        """
    )
    assert (done.said, done.status) == (["first", "finally"], signal.SIGTERM)


def test_signal_while_only_threads_are_left():
    done = run_quietly(
        """
        def work():
            time.sleep(0.3)
            hit()
            time.sleep(60)

        register_exit_fun(first, logfun=None)
        atexit.register(say, "atexit")
        threading.Thread(target=work).start()
        """
    )
    assert (done.said, done.status) == (["first", "atexit"], signal.SIGTERM)


def test_arrives_in_a_thread_runs_in_the_main_one():
    done = run_quietly(
        """
        def fun():
            say(str(threading.current_thread() is threading.main_thread()))

        register_exit_fun(fun, logfun=None)
        thread = threading.Thread(target=hit, daemon=True)
        thread.start()
        time.sleep(60)
        """
    )
    assert (done.said, done.status) == (["True"], signal.SIGTERM)


# What the function raises


def test_status_1_when_it_raised():
    done = run("register_exit_fun(lambda: 1 / 0, logfun=None); hit()")
    assert done.err.startswith("Traceback (most recent call last)")
    assert done.err.endswith("ZeroDivisionError: division by zero\n")
    assert done.status == 1


def test_the_others_run_when_one_raised():
    done = run("register_exit_fun(first); register_exit_fun(lambda: 1 / 0, logfun=None); hit()")
    assert (done.said, done.status) == (["first"], 1)


def test_raising_on_normal_exit_is_printed():
    done = run("register_exit_fun(lambda: 1 / 0)")
    assert "ZeroDivisionError" in done.err


# logfun


def test_logfun():
    done = run_quietly("register_exit_fun(first, logfun=say); hit()")
    message, ran = done.said
    assert message.startswith("signal SIGTERM received by process with PID ")
    assert ran == "first"


def test_logfun_none_is_silent():
    assert run_quietly("register_exit_fun(first, logfun=None); hit()").said == ["first"]


def test_logfun_is_not_told_of_a_normal_exit():
    assert run_quietly("register_exit_fun(first, logfun=say)").said == ["first"]


def test_logfun_of_several_is_told_once():
    done = run_quietly("register_exit_fun(first, logfun=say); register_exit_fun(second, logfun=say); hit()")
    assert done.said[1:] == ["second", "first"]


def test_logfun_that_raises_does_not_keep_it_from_running():
    done = run("register_exit_fun(first, logfun=lambda message: 1 / 0); hit()")
    assert (done.said, done.status) == (["first"], signal.SIGTERM)
    assert "ZeroDivisionError" in done.err


# Handlers that were there before


@pytest.mark.parametrize("ends_with", ["pass", "sys.exit(0)", "raise KeyboardInterrupt"])
def test_signal_handler_before_runs_after_it(ends_with):
    done = run_quietly(
        f"""
        def before(signum, frame):
            say(f"before {{signum}} {{frame.f_code.co_name}}")
            {ends_with}

        signal.signal(signal.SIGTERM, before)
        register_exit_fun(first, logfun=None)
        register_exit_fun(second, logfun=None)
        hit()
        """
    )
    assert (done.said, done.status) == (["second", "first", "before 15 hit"], signal.SIGTERM)


def test_signal_handler_before_that_raises():
    done = run(
        "signal.signal(signal.SIGTERM, lambda *args: 1 / 0); register_exit_fun(first, logfun=None); hit()"
    )
    assert (done.said, done.status) == (["first"], 1)
    assert "ZeroDivisionError" in done.err


def test_signal_handler_before_does_not_run_on_normal_exit():
    program = "signal.signal(signal.SIGTERM, lambda *args: say('before')); register_exit_fun(first)"
    assert run_quietly(program).said == ["first"]


def test_signal_handler_that_calls_ours_runs_nothing_twice():
    done = run_quietly(
        """
        register_exit_fun(first, logfun=None)
        ours = signal.getsignal(signal.SIGTERM)

        def wrapper(signum, frame):
            say("wrapper")
            ours(signum, frame)

        signal.signal(signal.SIGTERM, wrapper)
        register_exit_fun(second, logfun=None)
        hit()
        """
    )
    assert (done.said, done.status) == (["second", "first", "wrapper"], signal.SIGTERM)


@pytest.mark.parametrize("end", ["", "; hit()"])
def test_atexit_functions_before_run_after_it(end):
    done = run_quietly("atexit.register(say, 'before'); register_exit_fun(first, logfun=None)" + end)
    assert done.said == ["first", "before"]
    assert done.status == (signal.SIGTERM if end else 0)


def test_ignored_signal_stays_ignored():
    done = run_quietly(
        """
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        register_exit_fun(first)
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_IGN
        hit()
        say("still here")
        """
    )
    assert (done.said, done.status) == (["still here", "first"], 0)


def test_default_handler_ends_the_process_after_it():
    assert run("register_exit_fun(first); hit(); say('not reached')").said == ["first"]


# SIGINT


def test_sigint_raises_keyboard_interrupt():
    done = run_quietly(
        """
        register_exit_fun(first, signals=[signal.SIGINT], logfun=None)
        try:
            hit(signal.SIGINT)
        except KeyboardInterrupt:
            say("interrupted")
        """
    )
    assert (done.said, done.status) == (["first", "interrupted"], 0)


def test_sigint_uncaught_ends_as_python_does():
    done = run("register_exit_fun(first, signals=[signal.SIGINT], logfun=None); hit(signal.SIGINT)")
    assert (done.said, done.status) == (["first"], -signal.SIGINT)
    assert done.err.endswith("KeyboardInterrupt\n")


def test_sigint_then_sigterm_runs_it_once():
    done = run_quietly(
        """
        register_exit_fun(first, signals=[signal.SIGINT, signal.SIGTERM], logfun=None)
        try:
            hit(signal.SIGINT)
        except KeyboardInterrupt:
            hit()
        """
    )
    assert (done.said, done.status) == (["first"], signal.SIGTERM)


# die_by_signal


def test_die_by_signal():
    done = run_quietly("register_exit_fun(first, logfun=None, die_by_signal=True); hit()")
    assert (done.said, done.status) == (["first"], -signal.SIGTERM)


def test_die_by_signal_is_the_very_last(tmp_path):
    done = run_quietly(
        f"""
        atexit.register(say, "before")
        kept_open = open({str(tmp_path / "file")!r}, "w")
        kept_open.write("flushed")
        print("flushed too")
        register_exit_fun(first, logfun=None, die_by_signal=True)
        atexit.register(say, "after")
        hit()
        """
    )
    done.said.remove("flushed too")
    assert done.said == ["first", "after", "before"]
    assert (tmp_path / "file").read_text() == "flushed"
    assert done.status == -signal.SIGTERM


def test_die_by_signal_on_normal_exit():
    assert run_quietly("register_exit_fun(first, die_by_signal=True)").status == 0


def test_die_by_signal_after_raising():
    done = run("register_exit_fun(lambda: 1 / 0, logfun=None, die_by_signal=True); hit()")
    assert "ZeroDivisionError" in done.err
    assert done.status == -signal.SIGTERM


# A second signal


@pytest.mark.parametrize("second", ["signal.SIGTERM", "signal.SIGUSR1"])
def test_second_signal_while_it_runs(second):
    done = run_quietly(
        f"""
        def fun():
            say("begin")
            hit({second})
            say("end")

        signal.signal(signal.SIGTERM, lambda *args: say("before"))
        register_exit_fun(fun, [signal.SIGTERM, signal.SIGUSR1], logfun=None)
        hit()
        """
    )
    assert (done.said, done.status) == (["begin", "end", "before"], signal.SIGTERM)


@pytest.mark.parametrize("end", ["", "hit()"])
def test_second_signal_in_functions_of_atexit(end):
    done = run_quietly(
        f"""
        def exits(name):
            say(name)
            hit()
            say("end of " + name)

        atexit.register(exits, "before")
        register_exit_fun(first, logfun=None)
        if {end!r}:
            atexit.register(exits, "after")
        {end}
        """
    )
    after = ["after", "end of after"]
    assert done.said == (["first", *after] if end else ["first"]) + ["before", "end of before"]
    assert done.status == (signal.SIGTERM if end else 0)


def test_signal_while_it_runs_on_normal_exit():
    done = run_quietly(
        """
        def fun():
            say("begin")
            hit()
            say("end")

        register_exit_fun(fun)
        """
    )
    assert (done.said, done.status) == (["begin", "end"], 0)


def test_second_signal_ends_a_program_that_swallowed_the_exit():
    done = run_quietly(
        """
        register_exit_fun(first, logfun=None)
        try:
            hit()
        except SystemExit:
            say("swallowed")
        hit()
        say("not reached")
        """
    )
    assert (done.said, done.status) == (["first", "swallowed"], signal.SIGTERM)


# Registering


@pytest.mark.parametrize(
    "decorator", ["@register_exit_fun", "@register_exit_fun()", "@register_exit_fun(signals=[signal.SIGTERM])"]
)
@pytest.mark.parametrize("end", ["", "hit()"])
def test_decorator(decorator, end):
    done = run(f"{decorator}\ndef fun(): say('fun')\n\nassert fun.__name__ == 'fun'\n{end}\n")
    assert done.said == ["fun"]
    assert done.status == (signal.SIGTERM if end else 0)


def test_returns_the_function():
    assert run_quietly("assert register_exit_fun(first) is first").said == ["first"]


@pytest.mark.parametrize("end", ["", "hit()"])
def test_several_run_newest_first(end):
    program = "register_exit_fun(first, logfun=None); register_exit_fun(second, logfun=None); "
    assert run_quietly(program + end).said == ["second", "first"]


def test_those_of_other_signals_run_too():
    done = run_quietly(
        "register_exit_fun(first, [signal.SIGUSR1]); register_exit_fun(second, [signal.SIGTERM], logfun=None); hit()"
    )
    assert done.said == ["second", "first"]


@pytest.mark.parametrize("end", ["", "hit()"])
def test_registered_twice_runs_once(end):
    assert run("register_exit_fun(first); register_exit_fun(first); " + end).said == ["first"]


def test_signals_of_a_second_registration_are_added():
    done = run("register_exit_fun(first); register_exit_fun(first, [signal.SIGUSR1]); hit(signal.SIGUSR1)")
    assert (done.said, done.status) == (["first"], signal.SIGUSR1)


def test_one_that_has_run_is_not_taken_again():
    done = run_quietly(
        """
        register_exit_fun(first, logfun=None)
        try:
            hit()
        except SystemExit:
            register_exit_fun(first, logfun=None)
        """
    )
    assert done.said == ["first"]


@pytest.mark.parametrize("fun", [1, "f", [], object()])
def test_not_callable(fun):
    with pytest.raises(TypeError, match="is not callable"):
        register_exit_fun(fun)
    with pytest.raises(TypeError, match="is not callable"):
        register_exit_fun()(fun)


def test_unhashable():
    class Unhashable:
        __hash__ = None

        def __call__(self):
            pass

    with pytest.raises(TypeError, match="unhashable type: 'Unhashable'"):
        register_exit_fun(Unhashable())


@pytest.mark.parametrize(
    ("signals", "error", "message"),
    [
        (15, TypeError, "signals must be a collection of signals, not 15"),
        ("SIGTERM", TypeError, "is not a signal"),
        ([4242], ValueError, "4242 is not a signal"),
        ([signal.SIGTERM, signal.SIGKILL], ValueError, "SIGKILL cannot be caught"),
        ([signal.SIGSTOP], ValueError, "SIGSTOP cannot be caught"),
    ],
)
def test_signals_that_are_none(signals, error, message):
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(error, match=message):
        register_exit_fun(print, signals)
    assert signal.getsignal(signal.SIGTERM) is before
    assert print not in psoxide_exit._pending


def test_logfun_not_callable():
    with pytest.raises(TypeError, match="logfun 1 is not callable"):
        register_exit_fun(print, logfun=1)


@pytest.mark.parametrize("signals", ["[]", "[signal.SIGTERM]"])
def test_another_thread_is_an_error(signals):
    done = run_quietly(
        f"""
        def register():
            try:
                register_exit_fun(first, {signals})
            except ValueError as error:
                say(str(error))

        thread = threading.Thread(target=register, name="worker")
        thread.start()
        thread.join()
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
        """
    )
    assert done.said == ["register_exit_fun() works in the main thread only, not in 'worker'"]


# Forked children

FORK = """
pid = os.fork()
if pid == 0:
    say("child")
    {child}
else:
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    say(f"parent {{status}}")
"""

needs_fork = pytest.mark.skipif(not hasattr(os, "waitstatus_to_exitcode"), reason="needs Python 3.9")


@needs_fork
@pytest.mark.parametrize(("child", "status"), [("sys.exit(5)", 5), ("hit()", -15)])
def test_forked_child_does_not_run_it(child, status):
    done = run_quietly("register_exit_fun(first, logfun=None)\n" + FORK.format(child=child))
    assert done.said == ["child", f"parent {status}", "first"]


@needs_fork
@pytest.mark.parametrize(("child", "status"), [("sys.exit(5)", 5), ("hit()", 15)])
def test_forked_child_runs_it_if_asked(child, status):
    done = run_quietly("register_exit_fun(first, logfun=None, in_forks=True)\n" + FORK.format(child=child))
    assert done.said == ["child", "first", f"parent {status}", "first"]


@needs_fork
def test_forked_child_has_the_handler_before():
    program = (
        "signal.signal(signal.SIGTERM, lambda *args: say('before'))\nregister_exit_fun(first, logfun=None)\n"
        + FORK.format(child="hit(); say('alive')")
    )
    assert run_quietly(program).said == ["child", "before", "alive", "parent 0", "first"]


@needs_fork
def test_forked_child_can_register_its_own():
    done = run_quietly(
        "register_exit_fun(first, logfun=None)\n"
        + FORK.format(child="register_exit_fun(first, logfun=None); register_exit_fun(second, logfun=None); hit()")
    )
    assert done.said == ["child", "second", "first", "parent 15", "first"]


@needs_fork
def test_children_that_are_terminated_at_once_die_of_it():
    done = run_quietly(
        """
        import multiprocessing

        register_exit_fun(first, logfun=None)
        context = multiprocessing.get_context("fork")
        children = [context.Process(target=time.sleep, args=[60]) for _ in range(25)]
        for child in children:
            child.start()
            child.terminate()
        for child in children:
            child.join()
        say(str({child.exitcode for child in children}))
        """
    )
    assert (done.said, done.status) == (["{-15}", "first"], 0)


@needs_fork
def test_signal_before_the_hooks_of_the_child_have_run():
    # Hooks of the child run in the order of their registration.
    hook = "os.register_at_fork(after_in_child=lambda: hit())"
    program = "register_exit_fun(first, logfun=None)\n" + FORK.format(child="pass")
    assert run_quietly(program, hook).said == ["parent -15", "first"]


@needs_fork
@pytest.mark.parametrize("when", ["before", "after_in_parent"])
def test_signal_while_it_forks_ends_the_parent(when):
    program = "register_exit_fun(first, logfun=None)\nos.fork() or os._exit(0)\nsay('not reached')"
    done = run_quietly(program, f"os.register_at_fork({when}=lambda: hit())")
    assert (done.said, done.status) == (["first"], signal.SIGTERM)


@needs_fork
@pytest.mark.parametrize(("child", "status"), [("sys.exit(5)", 5), ("hit()", -15)])
def test_child_that_was_forked_without_hooks(child, status):
    # As C libraries fork.
    program = "register_exit_fun(first, logfun=None)\nimport ctypes\n" + FORK.format(child=child)
    done = run_quietly(program.replace("os.fork()", "ctypes.PyDLL(None).fork()"))
    assert done.said == ["child", f"parent {status}", "first"]


@needs_fork
def test_child_forked_by_an_exit_function_lives_on():
    done = run_quietly(
        """
        def fun():
            pid = os.fork()
            if pid == 0:
                sys.exit(0)
            say(str(os.waitpid(pid, 0)[1]))

        register_exit_fun(fun, logfun=None, die_by_signal=True)
        hit()
        """
    )
    assert done.status == -signal.SIGTERM
