"""psutil's own tests in a Windows Python: what passes with psutil has to pass with psoxide in its place.

Run by `cargo xtask windows`, with the folders of psutil, of psoxide under psutil's name, of pytest, and of psutil's
sources. The tests of Windows proper are left out: they compare with pywin32 and wmi, which Wine does not carry.
"""

import json
import os
import subprocess
import sys
import tempfile

TESTS = ["test_connections", "test_contracts", "test_misc", "test_process", "test_system"]


class Outcomes(dict):
    """The pytest plugin that notes what came of each test, as long as the tests go on."""

    def __init__(self, report):
        self.report = report

    def pytest_runtest_logreport(self, report):
        if report.failed:
            self[report.nodeid] = str(report.longrepr)[-1500:]
        elif report.when == "call" and report.passed:
            self.setdefault(report.nodeid, "passed")
        with open(self.report, "w", encoding="utf-8") as file:
            json.dump(self, file)


def run_tests(package, pytest_folder, suite, report, tests):
    """In a process of its own: one package is imported by one name."""
    sys.path[:0] = [package, pytest_folder]
    os.environ["PYTHONPATH"] = os.pathsep.join([package, pytest_folder])
    os.chdir(suite)
    import pytest

    options = ["-p", "no:cacheprovider", "-c", os.devnull, "--rootdir", ".", "-q", "--tb=short"]
    sys.exit(pytest.main([*options, *tests], plugins=[Outcomes(report)]))


def outcomes(package, pytest_folder, suite, tests):
    """What came of the tests with this package."""
    with tempfile.TemporaryDirectory() as folder:
        report = os.path.join(folder, "report.json")
        command = [sys.executable, __file__, "--run", package, pytest_folder, suite, report, *tests]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        try:
            with open(report, encoding="utf-8") as file:
                return json.load(file)
        except FileNotFoundError:
            sys.exit(f"the tests did not begin:\n{done.stdout.decode(errors='replace')[-3000:]}")


def main(genuine, ours, pytest_folder, suite):
    files = [f"tests/{name}.py" for name in TESTS]
    theirs = outcomes(genuine, pytest_folder, suite, files)
    mine = outcomes(ours, pytest_folder, suite, files)
    required = [test for test, outcome in theirs.items() if outcome == "passed"]
    wrong = [test for test in required if mine.get(test) != "passed"]
    if wrong:
        # The machine is shared, and the tests watch it.
        mine.update(outcomes(ours, pytest_folder, suite, wrong))
        wrong = [test for test in required if mine.get(test) != "passed"]
    for test in wrong:
        print(f"passes with psutil, not with psoxide: {test}\n{mine.get(test, 'not run')}")
    passed = sum(outcome == "passed" for outcome in mine.values())
    print(f"psutil's own tests: {len(required)} pass with psutil, {passed} with psoxide, {len(wrong)} do not as they should")
    sys.exit(bool(wrong))


if sys.argv[1] == "--run":
    run_tests(*sys.argv[2:6], sys.argv[6:])
else:
    main(*map(os.path.abspath, sys.argv[1:5]))
