"""psutil's own tests in a Windows Python: what passes with psutil has to pass with psoxide in its place.

Run by `cargo xtask windows`, with the folders of psutil, of the distribution psutil that is psoxide, of psutil's
sources, and of what its tests need. Each file of tests is a process of its own; a test that does not end is ended, and
the file goes on after it. What fails with psoxide is run again with both in turn: it is wrong if it fails each time while
psutil passes each time. Where psutil fails too the test asks something of the machine; its name is printed.
"""

import json
import os
import subprocess
import sys
import tempfile
import time

# The rest of psutil's tests are of other systems, or of its own helpers.
TESTS = [
    "test_connections", "test_contracts", "test_heap", "test_memleaks", "test_misc", "test_process", "test_process_all",
    "test_scripts", "test_system", "test_unicode", "test_windows",
]  # fmt: skip
# How long a test may take, in seconds.
PATIENCE = 60
# How often what failed is run again.
ROUNDS = 3

# These replace functions of psutil's C module, which psoxide does not have, or call them. What stands for each.
COUPLED = {
    "TestSystemAPIs::test_convert_dos_path_drive": "native_paths_as_people_know_them, sys/windows/source.rs",
    "TestSystemAPIs::test_convert_dos_path_unc": "native_paths_as_people_know_them, sys/windows/source.rs",
    "TestSystemAPIs::test_uptime": "the_machine_is_plausible, tests/windows.rs",
    "TestSensorsBattery::test_emulate_no_battery": "what_the_battery_is_said_to_be, sys/windows/sensors.rs",
    "TestSensorsBattery::test_emulate_power_charging": "what_the_battery_is_said_to_be, sys/windows/sensors.rs",
    "TestSensorsBattery::test_emulate_power_connected": "what_the_battery_is_said_to_be, sys/windows/sensors.rs",
    "TestSensorsBattery::test_emulate_secs_left_unknown": "what_the_battery_is_said_to_be, sys/windows/sensors.rs",
    "TestProcess::test_error_partial_copy": "memory_that_is_not_there_yet_is_waited_for, sys/windows/process.rs",
    "TestDualProcessImplementation::test_create_time": "who_may_not_be_opened_is_read_from_the_table, tests/windows.rs",
    "TestDualProcessImplementation::test_io_counters": "who_may_not_be_opened_is_read_from_the_table, tests/windows.rs",
    "TestServices::test_win_service_get": "services_are_listed_and_found, tests/windows.rs",
}
# What only Wine makes so.
WINE = {
    "TestProcess::test_issue_24": "there is no idle process; psutil takes pid 0 without a look",
}


class Plugin:
    """Runs the tests that are wanted and were not begun before; notes what came of each, one a line."""

    def __init__(self, report, wanted):
        self.begun = noted(report)
        self.report = open(report, "a", encoding="utf-8", buffering=1)
        self.wanted = wanted

    def note(self, test, outcome):
        self.report.write(json.dumps([test, outcome]) + "\n")

    def pytest_collection_modifyitems(self, items):
        import tests

        # Ten Pythons that start at once under Wine take longer than the five seconds that psutil gives them.
        for waits in tests.wait_for_pid, tests.wait_for_file:
            waits.decorator.timeout = PATIENCE / 2
        wanted = self.wanted
        items[:] = [
            item for item in items if item.nodeid not in self.begun and (wanted is None or item.nodeid in wanted)
        ]

    def pytest_runtest_logstart(self, nodeid, location):
        self.note(nodeid, "did not end")

    def pytest_runtest_logreport(self, report):
        if report.failed:
            self.note(report.nodeid, "failed: " + str(report.longrepr)[-1500:])
        elif report.skipped:
            self.note(report.nodeid, "skipped")
        elif report.when == "call":
            self.note(report.nodeid, "passed")


def noted(report):
    """The last word on each test."""
    with open(report, encoding="utf-8") as file:
        return dict(map(json.loads, file))


def run(report, wanted, tests):
    """In a process of its own."""
    import pytest

    with open(wanted, encoding="utf-8") as file:
        plugin = Plugin(report, json.load(file))
    options = ["-p", "no:cacheprovider", "-c", os.devnull, "--rootdir", ".", "-q", "--tb=short"]
    sys.exit(pytest.main([*options, tests], plugins=[plugin]))


def end(pid):
    """Ends a process and whatever it has started."""
    import psutil

    process = psutil.Process(pid)
    for member in [*process.children(recursive=True), process]:
        try:
            member.kill()
        except psutil.NoSuchProcess:
            pass


def outcomes(package, tools, tests, wanted=None):
    """What came of the tests of a file, or the wanted ones, with this package."""
    with tempfile.TemporaryDirectory() as folder:
        report, log, names = (os.path.join(folder, name) for name in ("report", "log", "wanted"))
        open(report, "w").close()
        # Not in the command line, which tests look at.
        with open(names, "w", encoding="utf-8") as file:
            json.dump(wanted, file)
        environ = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join([package, *tools]),
            # Freed memory is only seen as free when Python does not keep it in pools of its own.
            "PYTHONMALLOC": "malloc",
            # Copies of the program that tests make find their libraries here.
            "PATH": os.path.dirname(sys.executable) + os.pathsep + os.environ["PATH"],
        }
        command = [sys.executable, os.path.abspath(__file__), "--run", report, names, tests]
        with open(log, "wb") as out:
            while True:
                process = subprocess.Popen(command, stdout=out, stderr=out, env=environ)
                size, since = -1, time.monotonic()
                while process.poll() is None and time.monotonic() - since < PATIENCE:
                    time.sleep(0.1)
                    if os.path.getsize(report) != size:
                        size, since = os.path.getsize(report), time.monotonic()
                if process.poll() is not None:
                    break
                print(f"ended: {list(noted(report))[-1:]}", flush=True)
                end(process.pid)
                process.wait()
        found = noted(report)
        if not found:
            with open(log, encoding="utf-8", errors="replace") as file:
                sys.exit(f"{tests} did not begin:\n{file.read()[-3000:]}")
        return found


def passing(outcomes):
    return [test for test, outcome in outcomes.items() if outcome == "passed"]


# What programs that look for psutil find.
BY_NAME = """
import importlib.metadata, importlib.util, os, pickle, psutil, sys
assert importlib.metadata.version("psutil") == "7.2.2+psoxide" and psutil.__version__ == "7.2.2"
[location] = set(map(os.path.dirname, importlib.util.find_spec("psutil").submodule_search_locations))
assert os.path.samefile(location, sys.argv[1]) and psutil._psplatform.__name__ == "psutil._pswindows"
assert any("psutil" in str(file) for file in importlib.metadata.files("psutil"))
assert type(psutil.Process()).__module__ == "psutil" and psutil.Process().name() == "python.exe"
assert pickle.loads(pickle.dumps(psutil.virtual_memory())) and pickle.loads(pickle.dumps(psutil.AccessDenied(1)))
assert pickle.loads(pickle.dumps(psutil.Process().nice())) == psutil.NORMAL_PRIORITY_CLASS
assert "page_faults" not in dir(psutil.Process) and psutil.Process().page_faults()
"""


def main(genuine, ours, sources, *tools):
    subprocess.run([sys.executable, "-c", BY_NAME, ours], env={**os.environ, "PYTHONPATH": ours}, check=True)
    sys.path.insert(0, genuine)
    os.chdir(sources)
    excused = {**COUPLED, **(WINE if "PSOXIDE_WINE" in os.environ else {})}
    total = passed = left_out = 0
    wrong, unsteady = {}, []
    for name in TESTS:
        tests, began = f"tests/{name}.py", time.monotonic()
        theirs = passing(outcomes(genuine, tools, tests))
        between = time.monotonic()
        required = [test for test in theirs if test.partition("::")[2] not in excused]
        mine = outcomes(ours, tools, tests, required) if required else {}
        took = f"{between - began:.0f} s with psutil, {time.monotonic() - between:.0f} s with psoxide"
        print(f"{name}: {len(required)} required, {took}", flush=True)
        good = passing(mine)
        failed = [test for test in required if test not in good]
        for _ in range(ROUNDS):
            if not failed:
                break
            steady = passing(outcomes(genuine, tools, tests, failed))
            unsteady += [test for test in failed if test not in steady]
            mine.update(outcomes(ours, tools, tests, steady) if steady else {})
            good = passing(mine)
            failed = [test for test in steady if test not in good]
        wrong.update({test: mine.get(test, "not run") for test in failed})
        total += len(theirs)
        left_out += len(theirs) - len(required)
        passed += len(good)
    for test in unsteady:
        print(f"fails with psutil too, now and then: {test}")
    for test, outcome in wrong.items():
        print(f"passes with psutil, not with psoxide: {test}\n{outcome}")
    print(
        f"psutil's own tests: {total} pass with psutil; {passed} with psoxide, {left_out} are excused, "
        f"{len(unsteady)} unsteady, {len(wrong)} wrong"
    )
    sys.exit(bool(wrong))


if sys.argv[1] == "--run":
    run(*sys.argv[2:])
else:
    main(*map(os.path.abspath, sys.argv[1:]))
