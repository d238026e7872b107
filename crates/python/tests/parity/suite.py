"""psutil's own tests: first with psutil, to know which can pass on this machine, then with psoxide in its place."""

import json
import os
import platform
import re
import subprocess
import sys
from pathlib import Path

from environment import HERE, TEST_PACKAGES, VERSION, Trouble, call, plain_environ

LEAKS = "tests/test_memleaks.py"
# Tests that psutil passes for another reason than the test names.
BY_CHANCE = {
    # psutil shows counts of pages as context switches and interrupts. The kernel of macOS counts no context switches.
    ("darwin", "tests/test_system.py::TestCpuAPIs::test_cpu_stats"),
}


class Outcomes(dict):
    """Test id -> {"outcome": "passed" | "skipped" | "failed", "text": why}."""

    def of(self, test):
        return self[test]["outcome"] if test in self else "absent"

    def count(self, outcome):
        return sum(1 for test in self if self.of(test) == outcome)


def listed(name):
    """The tests of a list, and what the list says of each."""
    lines = (HERE / name).read_text().splitlines()
    rows = (line.split(maxsplit=1) for line in lines if line and not line.startswith("#"))
    return {row[0]: row[1] if len(row) > 1 else "" for row in rows}


def run(env, python, name, tests=()):
    """Outcomes of these tests (all of them, if none are named) with what is installed in `python`'s environment."""
    everything = Outcomes()
    leaks = [test for test in tests if test.startswith(LEAKS)]
    others = [test for test in tests if not test.startswith(LEAKS)]
    # Freed memory is only seen as free when Python does not keep it in pools of its own. What the kernel may be asked by
    # is opened before the first test, and not in the middle of one.
    if others or not tests:
        everything.update(_pytest(env, python, name, others or ["tests", f"--ignore={LEAKS}"]))
    if leaks or not tests:
        everything.update(_pytest(env, python, f"{name}-leaks", leaks or [LEAKS], PYTHONMALLOC="malloc", PSOXIDE_BACKEND="bpf"))
    return everything


def _pytest(env, python, name, arguments, **more):
    report = env.work / f"{name}.json"
    report.unlink(missing_ok=True)
    environ = plain_environ(
        PSUTIL_TESTING="1",
        PSUTIL_DEBUG="1",
        PYTHONWARNINGS="always",
        PYTEST_DISABLE_PLUGIN_AUTOLOAD="1",
        PYTHONPATH=str(HERE),
        PYTHONDONTWRITEBYTECODE="1",
        PARITY_REPORT=str(report),
        **more,
    )
    command = [python, "-m", "pytest", "-p", "recorder", *arguments]
    try:
        call(command, log=env.work / f"{name}.log", cwd=env.suite(), env=environ)
    except Trouble:
        # Failed tests are in the report; without one, the tests did not end.
        if not report.exists():
            raise
    return json.loads(report.read_text())


def _boot():
    """Names this boot of the machine."""
    boot_id = Path("/proc/sys/kernel/random/boot_id")
    if boot_id.exists():
        return boot_id.read_text().strip()
    # The BSDs and macOS print the time of the boot.
    return subprocess.run(["sysctl", "-n", "kern.boottime"], capture_output=True, text=True, check=True).stdout.strip()


def baseline(env):
    """Outcomes with psutil itself: the same until the machine boots again, the user or the Python changes."""
    boot = re.sub(r"\W+", "-", _boot())
    kept = env.work / f"baseline-{VERSION}-{platform.python_version()}-{os.getuid()}-{boot}.json"
    if kept.exists():
        return Outcomes(json.loads(kept.read_text()))
    python = env.venv("genuine", [f"psutil=={VERSION}", *TEST_PACKAGES])
    outcomes = run(env, python, "genuine")
    failed = [test for test in outcomes if outcomes.of(test) == "failed" and "::" in test]
    if failed:
        again = run(env, python, "genuine-again", failed)
        outcomes.update({test: outcome for test, outcome in again.items() if outcome["outcome"] == "passed"})
    kept.write_text(json.dumps(outcomes))
    return outcomes


def check(env, python):
    """Whether everything that has to pass does; prints a table and what is wrong."""
    genuine = baseline(env)
    outcomes = Outcomes(run(env, python, "dropin"))
    blackbox = listed("blackbox.txt")
    coupled = listed("coupled.txt")
    direct = [test for test, how in coupled.items() if how == "passes"]

    required = [test for test in [*blackbox, *direct] if genuine.of(test) == "passed" and (sys.platform, test) not in BY_CHANCE]
    wrong = [test for test in required if outcomes.of(test) != "passed"]
    if wrong:
        # The machine is shared and the tests watch it: each may try once more, and that is told.
        first = {test: outcomes.get(test) for test in wrong}
        outcomes.update(run(env, python, "dropin-again", [test for test in wrong if test in outcomes]))
        for test in wrong:
            if outcomes.of(test) == "passed":
                print(f"passed at the second try: {test}\n{_indented(first[test]['text'])}")
        wrong = [test for test in wrong if outcomes.of(test) != "passed"]

    print(f"{'':34}{'psutil':>8}{'psoxide':>9}")
    for title, tests in [
        (f"black box ({len(blackbox)})", blackbox),
        (f"coupled, run unmodified ({len(direct)})", direct),
        (f"coupled, by a test of our own ({len(coupled) - len(direct)})", None),
    ]:
        if tests is not None:
            passed = [sum(1 for test in tests if run.of(test) == "passed") for run in (genuine, outcomes)]
            print(f"{title:34}{passed[0]:8}{passed[1]:9}")
        else:
            print(f"{title:34}{'–':>8}{'–':>9}")
    for test in wrong:
        print(f"\npasses with psutil, {outcomes.of(test)} with psoxide: {test}")
        print(_indented(outcomes[test]["text"] if test in outcomes else "not collected"))
    return not wrong


def _indented(text):
    return "".join(f"    {line}\n" for line in text.splitlines()[-25:])
