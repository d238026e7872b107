"""What the tests of the package share."""

import os
import subprocess
import sys

import pytest


def pytest_collectreport(report):
    """Report a file that is skipped as a whole."""
    pytest_runtest_logreport(report)


def pytest_runtest_logreport(report):
    """Append each skipped test to the ledger that `cargo xtask test` compares with testdata/skips.txt."""
    ledger = os.environ.get("PSOXIDE_SKIPS")
    if ledger and report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        reason = " ".join(reason.removeprefix("Skipped: ").split())
        with open(ledger, "a", encoding="utf-8") as file:
            file.write(f"skip: {os.path.basename(report.nodeid)}: {reason}\n")


@pytest.fixture
def sleeper():
    """Starts processes that sleep, and ends them with the test."""
    started = []

    def start(*argv, **kwargs):
        argv = argv or (sys.executable, "-c", "import time; time.sleep(600)")
        process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, **kwargs)
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()


@pytest.fixture
def zombie():
    """The pid of a process that has ended and is not waited for until the test is over."""
    process = subprocess.Popen([sys.executable, "-c", ""], stdout=subprocess.PIPE)
    process.stdout.read()  # closed when it ends
    while True:
        with open(f"/proc/{process.pid}/stat", "rb") as file:
            if file.read().rpartition(b")")[2].split()[0] == b"Z":
                break
    yield process.pid
    process.wait()


@pytest.fixture
def python():
    """Runs a piece of Python in an interpreter of its own and returns what it prints."""

    def run(code, *options):
        done = subprocess.run([sys.executable, *options, "-c", code], capture_output=True, text=True, check=False, timeout=300)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run
