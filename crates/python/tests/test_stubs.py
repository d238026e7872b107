"""The type stubs say what the package is."""

import os
import subprocess
import sys

import pytest

pytest.importorskip("mypy", reason="stubtest is part of mypy")


def test_stubs(tmp_path):
    allowed = os.path.join(os.path.dirname(os.path.abspath(__file__)), "stubtest.txt")
    # What only Windows can import is looked at there: stubtest_windows.py. What only the BSDs and macOS can import: by name
    # in test_capture.py.
    elsewhere = tmp_path / "elsewhere.txt"
    elsewhere.write_text("psoxide\\._pswindows.*\npsoxide\\._psbsd.*\npsoxide\\._psosx.*\npsoxide\\._pssunos.*\n", encoding="utf-8")
    # Elsewhere than in a checkout, so that the installed package is meant.
    done = subprocess.run(
        [sys.executable, "-m", "mypy.stubtest", "psoxide", "--concise", "--allowlist", allowed, "--allowlist", elsewhere,
         # Some of the modules for other systems can be imported here.
         "--ignore-unused-allowlist"],  # fmt: skip
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "MYPY_CACHE_DIR": str(tmp_path / "cache")},
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
