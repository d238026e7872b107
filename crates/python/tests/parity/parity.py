"""Whether programs written for psutil can tell psoxide from it. Started by `cargo xtask parity`, which says how.

1. psutil's own tests, unmodified, with psoxide installed as psutil (suite.py).
2. Every function and getter of both on the same processes (differences.py).
3. Real programs, with either of them (programs.py).
"""

import argparse
import subprocess
import sys
import time

import programs
import suite
from environment import HERE, ROOT, TEST_PACKAGES, VERSION, Environment, Trouble, call, plain_environ


def tests(env, package, shim):
    python = env.venv("dropin", [shim, *TEST_PACKAGES], fresh=True)
    return suite.check(env, python)


def _both(env, package):
    """A Python that has psutil and this psoxide."""
    python = env.venv("both", [f"psutil=={VERSION}"])
    call([python, "-m", "pip", "install", "-q", "--no-deps", "--force-reinstall", package])
    return python


def differences(env, package, shim):
    try:
        print(call([_both(env, package), HERE / "differences.py"], timeout=300, env=plain_environ()), end="")
    except Trouble as trouble:
        print(trouble)
        return False
    return True


def speed(env, package, shim):
    return subprocess.run([_both(env, package), ROOT / "bench/python/bench.py"], check=False).returncode == 0


def real_programs(env, package, shim):
    return programs.check(env, shim)


STEPS = {"tests": tests, "differences": differences, "programs": real_programs}
# Only if named: it takes a quiet machine, and its targets are no condition for a change.
OTHERS = {"speed": speed}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", help="directory to work in")
    parser.add_argument("steps", nargs="*", default=list(STEPS), help=f"of {', '.join(STEPS | OTHERS)}; without any, all but the last")
    arguments = parser.parse_args()
    if unknown := set(arguments.steps) - set(STEPS | OTHERS):
        parser.error(f"no such steps: {', '.join(sorted(unknown))}")
    env = Environment(arguments.work)
    wrong = []
    try:
        wheels = env.wheels()
        for step in arguments.steps:
            start = time.monotonic()
            print(f"\n== {step}", flush=True)
            if not (STEPS | OTHERS)[step](env, *wheels):
                wrong.append(step)
            print(f"({time.monotonic() - start:.0f} s)", flush=True)
    except Trouble as trouble:
        print(f"parity: {trouble}", file=sys.stderr)
        return 1
    if wrong:
        print(f"\nparity: failed: {', '.join(wrong)}", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
