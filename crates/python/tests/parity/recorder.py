"""A pytest plugin: writes each test's outcome to the file named by PARITY_REPORT, and stops tests that hang."""

import json
import os
import signal

SECONDS = 240
RANKS = ["passed", "skipped", "failed"]

outcomes = {}


def pytest_runtest_logreport(report):
    before = outcomes.get(report.nodeid, {"outcome": "passed", "text": ""})
    if RANKS.index(report.outcome) > RANKS.index(before["outcome"]):
        before = {"outcome": report.outcome, "text": str(report.longrepr)}
    outcomes[report.nodeid] = before


def pytest_collectreport(report):
    if report.failed:
        outcomes[report.nodeid] = {"outcome": "failed", "text": str(report.longrepr)}


def pytest_sessionstart():
    """Has psoxide open what it keeps open: tests that count descriptors before and after one call take it for a leak."""
    if os.environ.get("PSOXIDE_BACKEND") != "bpf":
        return
    import psutil

    me = psutil.Process()
    for attrs in (["name"], ["cmdline"]):
        list(psutil.process_iter(attrs))
    me.children(recursive=True), me.open_files(), me.threads(), me.name(), psutil.net_connections()


def pytest_sessionfinish(session):
    with open(os.environ["PARITY_REPORT"], "w", encoding="utf-8") as file:
        json.dump(outcomes, file)


class Hangs(BaseException):
    """Not an Exception, so that no test swallows it."""


def _hangs(signum, frame):
    raise Hangs(f"still running after {SECONDS} seconds")


def pytest_runtest_setup(item):
    signal.signal(signal.SIGALRM, _hangs)
    signal.alarm(SECONDS)


def pytest_runtest_teardown(item, nextitem):
    signal.alarm(0)
