"""Exceptions: their texts, what they carry, and that they can be sent elsewhere."""

import os
import pickle

import pytest

import psoxide

SHOWN = [
    (psoxide.Error(), "", "psoxide.Error()"),
    (psoxide.Error("ignored"), "", "psoxide.Error()"),
    (
        psoxide.NoSuchProcess(1),
        "process no longer exists (pid=1)",
        "psoxide.NoSuchProcess(pid=1, msg='process no longer exists')",
    ),
    (
        psoxide.ZombieProcess(0, "x", 2, "gone"),
        "gone (pid=0, ppid=2, name='x')",
        "psoxide.ZombieProcess(pid=0, ppid=2, name='x', msg='gone')",
    ),
    (
        psoxide.ZombieProcess(3),
        "PID still exists but it's a zombie (pid=3)",
        "psoxide.ZombieProcess(pid=3, msg=\"PID still exists but it's a zombie\")",
    ),
    (psoxide.AccessDenied(), "", "psoxide.AccessDenied()"),
    (psoxide.AccessDenied(7, "x"), "(pid=7, name='x')", "psoxide.AccessDenied(pid=7, name='x')"),
    (
        psoxide.TimeoutExpired(0.5, 1, "x"),
        "timeout after 0.5 seconds (pid=1, name='x')",
        "psoxide.TimeoutExpired(pid=1, name='x', seconds=0.5, msg='timeout after 0.5 seconds')",
    ),
]


@pytest.mark.parametrize(("error", "text", "shown"), SHOWN, ids=[shown for *_, shown in SHOWN])
def test_text_and_pickle(error, text, shown):
    assert str(error) == text and repr(error) == shown
    assert type(error).__module__ == "psoxide"
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error) and vars(again) == vars(error)


def test_they_are_none_of_the_standard_ones():
    assert issubclass(psoxide.ZombieProcess, psoxide.NoSuchProcess)
    for cls in (psoxide.NoSuchProcess, psoxide.AccessDenied, psoxide.TimeoutExpired):
        assert cls.__bases__ == (psoxide.Error,) and not issubclass(cls, (OSError, TimeoutError))
        assert cls(1).args == ()


def test_pids_that_cannot_be():
    with pytest.raises(ValueError, match=r"pid must be a positive integer \(got -1\)"):
        psoxide.Process(-1)
    with pytest.raises(psoxide.NoSuchProcess, match="process PID out of range") as caught:
        psoxide.Process(2**70)
    assert isinstance(caught.value.__cause__, OverflowError)
    with pytest.raises(psoxide.NoSuchProcess, match=r"process PID not found \(pid=2147483647\)"):
        psoxide.Process(2**31 - 1)
    for wrong in ("1", 1.0):
        with pytest.raises(TypeError):
            psoxide.Process(wrong)
    with pytest.raises(TypeError):
        psoxide.pid_exists("1")
    with pytest.raises(OverflowError):
        psoxide.pid_exists(2**70)
    assert psoxide.pid_exists(-1) is False


def test_a_process_that_is_gone_names_its_cause(sleeper):
    child = sleeper()
    process = psoxide.Process(child.pid)
    name = process.name()
    child.kill()
    child.wait()
    with pytest.raises(psoxide.NoSuchProcess) as caught:
        process.status()
    assert (caught.value.pid, caught.value.name) == (child.pid, name)
    assert isinstance(caught.value.__cause__, (FileNotFoundError, ProcessLookupError))
    assert caught.value.__cause__.filename == f"/proc/{child.pid}/stat"
    assert not process.is_running()


def test_a_zombie_keeps_what_is_not_gone_with_its_memory(zombie):
    process = psoxide.Process(zombie)
    for getter in ("cmdline", "exe", "cwd", "environ", "memory_maps"):
        # The files of a zombie belong to root, most of them.
        refused = psoxide.AccessDenied if os.geteuid() != 0 and getter != "cmdline" else psoxide.ZombieProcess
        with pytest.raises((psoxide.ZombieProcess, refused)) as caught:
            getattr(process, getter)()
        assert caught.value.pid == zombie
    assert process.status() == psoxide.STATUS_ZOMBIE and process.is_running()
    assert process.memory_info().rss == 0
    assert process.as_dict(["cmdline", "status"], ad_value="none") == {"cmdline": "none", "status": "zombie"}
    process.terminate()
    assert psoxide.pid_exists(zombie) and zombie in psoxide.pids()
