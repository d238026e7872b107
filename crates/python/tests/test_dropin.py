"""psoxide under the name psutil."""

import subprocess
import sys

import pytest


def run(*arguments, **kwargs):
    return subprocess.run(
        [sys.executable, "-m", "psoxide", *arguments], capture_output=True, text=True, check=False, **kwargs
    )


PROGRAM = """
import importlib.metadata, importlib.util, pickle, sys
import psutil
import psutil._common, psutil._psposix, psutil._pslinux
print(psutil.__name__, importlib.metadata.version("psutil"), psutil.__version__, sys.argv[1:])
print(repr(psutil.NoSuchProcess(1)), type(psutil.Process()).__module__, type(psutil.virtual_memory()).__module__)
assert pickle.loads(pickle.dumps(psutil.virtual_memory())) and pickle.loads(pickle.dumps(psutil.AccessDenied(1)))
assert psutil.__file__.endswith(".py") and importlib.util.find_spec("psutil") is not None
assert {"page_faults", "memory_footprint", "attrs"}.isdisjoint(dir(psutil.Process))
assert psutil.Process().page_faults().minor and "name" in psutil.Process().attrs
assert not hasattr(psutil.Process(), "no_such_name")
child = psutil.Popen([sys.executable, "-c", ""])
assert child.wait() == 0 and "name" in child.attrs
try: child.no_such_name
except AttributeError as error: assert str(error) == "<class 'psutil.Popen'> has no attribute 'no_such_name'"
else: raise AssertionError
import psoxide
assert psoxide.Process is not psutil.Process and psoxide.Process().pid == psutil.Process().pid
print(__name__)
"""


def test_a_program_runs_on_it_unchanged(tmp_path):
    program = tmp_path / "program.py"
    program.write_text("import beside\n" + PROGRAM)
    (tmp_path / "beside.py").touch()
    done = run(str(program), "--flag", "value")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "psutil 7.2.2+psoxide 7.2.2 ['--flag', 'value']",
        "psutil.NoSuchProcess(pid=1, msg='process no longer exists') psutil psutil._ntuples",
        "__main__",
    ]


def test_a_module_runs_on_it_unchanged(tmp_path):
    (tmp_path / "some_module.py").write_text(PROGRAM)
    done = run("-m", "some_module", "x", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "['x']" in done.stdout


def test_its_exit_code_is_the_program_s(tmp_path):
    program = tmp_path / "program.py"
    program.write_text("raise SystemExit(7)")
    assert run(str(program)).returncode == 7


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ([], 2, "usage:"),
        (["--help"], 0, "usage:"),
        (["-x"], 1, "unknown option '-x'"),
        (["-m"], 1, "needs the name of a module"),
        (["no-such-program"], 1, "no file and no command 'no-such-program'"),
    ],
)
def test_usage(arguments, code, said):
    done = run(*arguments)
    assert done.returncode == code and said in done.stdout + done.stderr
