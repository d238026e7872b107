"""Real programs, with psutil and with psoxide in its place: they run, and their output has the same fields."""

import json

from environment import VERSION, Trouble, call, plain_environ

PACKAGES = ["glances", "distributed", "pyperf", "memory_profiler"]

GLANCES = "cpu,percpu,mem,memswap,load,processcount,processlist,fs,network,diskio,sensors,system,uptime,connections"

MONITOR = """
import json
from distributed.system_monitor import SystemMonitor
monitor = SystemMonitor()
monitor.update()
monitor.update()
print(json.dumps([monitor.recent(), monitor.range_query(0)]))
"""

PERF = """
import json, subprocess, sys, tempfile

def pyperf(*arguments):
    return subprocess.run([sys.executable, "-m", "pyperf", *arguments], capture_output=True, text=True, check=True).stdout

with tempfile.TemporaryDirectory() as folder:
    pyperf("timeit", "-p2", "-n1", "-w0", "-l1", "--track-memory", "-o", folder + "/out", "[0] * 10**6")
    with open(folder + "/out") as file:
        measured = json.load(file)
# What is the same in all runs is told once, what is not with each run.
runs = [run for benchmark in measured["benchmarks"] for run in benchmark["runs"]]
names = {name: "" for part in [measured, *runs] for name in part["metadata"]}
told = {line.split(":")[0]: "" for line in pyperf("collect_metadata").splitlines()}
print(json.dumps({"measured": names, "told": told}))
"""

MEMORY = """
import json, time
from memory_profiler import memory_usage, profile

@profile
def grow():
    kept = [0] * 10**6
    time.sleep(0.05)
    return len(kept)

columns = {}
for backend in "psutil", "psutil_pss", "psutil_uss":
    usage = memory_usage((grow, (), {}), backend=backend, interval=0.01, multiprocess=True, include_children=True)
    columns[backend] = {"positive": min(usage if isinstance(usage[0], float) else [use for _, use in usage]) > 0}
print()
print(json.dumps(columns))
"""

# Name -> arguments of Python; the last line of what it prints is JSON.
PROGRAMS = {
    "glances": ["-m", "glances", "--stdout-json", GLANCES, "--stop-after", "1"],
    "distributed": ["-c", MONITOR],
    "pyperf": ["-c", PERF],
    "memory_profiler": ["-c", MEMORY],
}


def check(env, shim):
    """Whether each program's output has the same fields with either."""
    shapes = {}
    for name, psutil in [("programs-psutil", f"psutil=={VERSION}"), ("programs-psoxide", shim)]:
        python = env.venv(name, [psutil, *PACKAGES], fresh=psutil is shim)
        shapes[psutil] = {program: _run(env, python, program, name) for program in PROGRAMS}
    theirs, ours = shapes.values()
    same = True
    for program in PROGRAMS:
        wrong = [shape for shape in (theirs[program], ours[program]) if isinstance(shape, str)]
        if not wrong:
            wrong = list(_differing(program, theirs[program], ours[program]))
        print(f"{program:20} {'the same fields' if not wrong else 'DIFFERS'}")
        for line in wrong:
            print(f"    {line}")
        same = same and not wrong
    return same


def _run(env, python, program, name):
    """The shape of what a program prints; a text if it did not run as it should."""
    log = env.work / f"{name}-{program}.log"
    try:
        script = env.work / f"run_{program}.py"
        arguments = PROGRAMS[program]
        if arguments[0] == "-c":
            # Its source is shown by memory_profiler, which looks for the file.
            script.write_text(arguments[1])
            arguments = [script]
        text = call([python, *arguments], log=log, cwd=env.work, env=plain_environ(HOME=str(env.work)), timeout=120)
    except Trouble as trouble:
        return str(trouble)
    if "Traceback" in text:
        return f"a traceback: {text[-3000:]}"
    try:
        return {"": _shape(json.loads(text.splitlines()[-1]))}
    except (IndexError, ValueError):
        return f"no JSON in: {text[-3000:]}"


def _shape(value):
    """Names and kinds without numbers and texts, which are never the same twice."""
    if isinstance(value, dict):
        return {key: _shape(item) for key, item in value.items()}
    if isinstance(value, list):
        # Of elements that are alike: all of their fields.
        merged = {}
        for item in map(_shape, value):
            merged.update(item if isinstance(item, dict) else {"[]": item})
        return {"[]": merged}
    if isinstance(value, bool) or value is None:
        return str(value)
    return "number" if isinstance(value, (int, float)) else "text"


def _differing(place, theirs, ours):
    if not isinstance(theirs, dict) or not isinstance(ours, dict):
        # No value yet is a value: what is None at one look has a number at the next.
        if theirs != ours and "None" not in (theirs, ours):
            yield f"{place}: {ours}, with psutil {theirs}"
        return
    for key in {**theirs, **ours}:
        if key not in ours or key not in theirs:
            yield f"{place}.{key}: only with {'psoxide' if key in ours else 'psutil'}"
        else:
            yield from _differing(f"{place}.{key}", theirs[key], ours[key])
