"""Waiting by kqueue(2), on a stand-in for it that waits for a pidfd."""

import errno
import os
import select
import signal
import subprocess
import sys
import types

import pytest

import psoxide
from psoxide import _psposix

pytestmark = pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="the stand-in needs pidfds")


class Queue:
    """A kqueue that is asked for the end of one process."""

    error = None
    opened = 0

    def __init__(self):
        type(self).opened += 1

    def control(self, changes, most, timeout):
        (event,) = changes
        assert (most, event["filter"], event["flags"], event["fflags"]) == (1, -5, 0x11, 1 << 31)
        if self.error:
            raise OSError(self.error, os.strerror(self.error))
        try:
            pidfd = os.pidfd_open(event["ident"])
        except ProcessLookupError:
            raise OSError(errno.ESRCH, "no such process") from None
        try:
            poll = select.poll()
            poll.register(pidfd, select.POLLIN)
            return poll.poll(None if timeout is None else timeout * 1000)
        finally:
            os.close(pidfd)

    def close(self):
        type(self).opened -= 1


@pytest.fixture
def queue(monkeypatch):
    kind = type("Kqueue", (Queue,), {})
    fake = types.SimpleNamespace(
        kqueue=kind, KQ_EV_ADD=1, KQ_EV_ONESHOT=0x10, KQ_FILTER_PROC=-5, KQ_NOTE_EXIT=1 << 31,
        kevent=lambda ident, **event: {"ident": ident, **event},
    )  # fmt: skip
    monkeypatch.setattr(_psposix, "select", fake, raising=False)
    monkeypatch.setattr(_psposix, "can_use_pidfd_open", lambda: False)
    monkeypatch.setattr(_psposix, "can_use_kqueue", lambda: True)
    yield kind
    assert kind.opened == 0


def child(code):
    return subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE)


def test_a_child_is_waited_for_and_its_exit_code_is_returned(queue):
    assert _psposix.wait_pid(child("raise SystemExit(7)").pid) == 7
    sleeper = child("input()")
    with pytest.raises(psoxide.TimeoutExpired):
        _psposix.wait_pid(sleeper.pid, 0.01)
    sleeper.kill()
    assert _psposix.wait_pid(sleeper.pid, 30) == -signal.SIGKILL


def test_a_process_that_is_gone_was_waited_for(queue):
    ended = child("pass")
    ended.communicate()
    assert _psposix.wait_pid(ended.pid) is None


@pytest.mark.parametrize("error", [errno.ESRCH, errno.EPERM, errno.EACCES])
def test_a_process_that_cannot_be_watched_is_polled(queue, error):
    queue.error = error
    assert _psposix.wait_pid(child("raise SystemExit(3)").pid, 30) == 3


def test_another_error_is_raised(queue):
    queue.error = errno.EINVAL
    ended = child("pass")
    with pytest.raises(OSError, match="Invalid argument"):
        _psposix.wait_pid(ended.pid)
    ended.communicate()


def test_without_a_descriptor_a_process_is_polled(queue, monkeypatch):
    def none_left():
        raise OSError(errno.EMFILE, "too many open files")

    monkeypatch.setattr(_psposix.select, "kqueue", none_left)
    assert _psposix.wait_pid(child("raise SystemExit(2)").pid, 30) == 2
