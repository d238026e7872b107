"""Where parity works: virtual environments, psutil's source distribution, and our wheels, all below one directory."""

import os
import shutil
import signal
import subprocess
import sys
import tarfile
from pathlib import Path

VERSION = "7.2.2"
HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[3]
SHIM = ROOT / "crates" / "python-shim"

# What psutil's tests import, and what reads their outcome.
TEST_PACKAGES = ["pytest>=8.4", "psleak", "setuptools"]


class Trouble(Exception):
    """A step could not be done; the message is for the reader."""


def call(command, log=None, timeout=600, **kwargs):
    """What a command prints, also to the file `log`. It is Trouble if it fails or takes longer than `timeout`."""
    command = [str(part) for part in command]
    # In a session of its own, so that what it has started ends with it.
    child = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True, **kwargs
    )
    try:
        output, _ = child.communicate(timeout=timeout)
        ended = f"failed ({child.returncode})"
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGKILL)
        output, _ = child.communicate()
        ended = f"took longer than {timeout} seconds"
    if log is not None:
        log.write_bytes(output)
    text = output.decode(errors="replace")
    if child.returncode != 0:
        raise Trouble(f"`{' '.join(command)}` {ended}:\n{text[-4000:]}")
    return text


class Environment:
    def __init__(self, work):
        self.work = Path(work).resolve()
        self.work.mkdir(parents=True, exist_ok=True)

    def suite(self):
        """psutil's tests as published, in a directory without its package; the configuration of pytest is ours."""
        suite = self.work / f"psutil-{VERSION}-tests"
        if (suite / "pytest.ini").exists():
            return suite
        shutil.rmtree(suite, ignore_errors=True)
        downloads = self.work / "downloads"
        call([sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--no-binary", "psutil",
              f"psutil=={VERSION}", "-d", downloads])  # fmt: skip
        [archive] = downloads.glob(f"psutil-{VERSION}.tar.gz")
        with tarfile.open(archive) as tar:
            for member in tar.getmembers():
                member.name = member.name.partition("/")[2]
                if member.name.startswith(("tests/", "scripts/")) and (member.isfile() or member.isdir()):
                    tar.extract(member, suite)
        # pytest.ini comes before pyproject.toml, which names plugins that the tests do not need.
        (suite / "pytest.ini").write_text(
            "[pytest]\naddopts = --capture=no --tb=short -p no:doctest\nmarkers = xdist_group\n"
        )
        return suite

    def venv(self, name, packages, fresh=False):
        """The Python of a virtual environment with these packages; kept unless it is to be fresh."""
        path = self.work / name
        python = path / "bin" / "python"
        # An interrupted pip leaves no mark. The packages themselves are part of the mark.
        mark = path / "complete"
        wanted = "\n".join([sys.version, *map(str, packages)])
        if not fresh and mark.exists() and mark.read_text() == wanted:
            return python
        shutil.rmtree(path, ignore_errors=True)
        # Copies: tests look at the path of the running interpreter.
        call([sys.executable, "-m", "venv", "--copies", path])
        call([python, "-m", "pip", "install", "-q", *packages])
        mark.write_text(wanted)
        return python

    def wheels(self):
        """Our package and the distribution that takes psutil's name, built from this tree."""
        wheels = self.work / "wheels"
        shutil.rmtree(wheels, ignore_errors=True)
        call([sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", wheels, ROOT, SHIM])
        [package] = wheels.glob("psoxide-*.whl")
        [shim] = wheels.glob("psutil-*.whl")
        return package, shim


def plain_environ(**more):
    """The environment without what would change Python's or pytest's ways."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "PYTEST"))}
    return {**environ, **more}
