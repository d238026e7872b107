"""The type stubs say what the package is on Windows. Run by `cargo xtask windows` in a Windows Python, with the folders
of the package and of mypy.
"""

import os
import sys
import tempfile

site, mypy = map(os.path.abspath, sys.argv[1:3])
sys.path[:0] = [mypy, site]

from mypy import stubtest  # noqa: E402

with tempfile.TemporaryDirectory() as folder:
    # What only other systems can import; test_stubs.py looks at _pslinux there. mypy tells the base of StandIn, which has
    # slots, in one way from Python 3.13 on and in another before.
    elsewhere = os.path.join(folder, "elsewhere.txt")
    with open(elsewhere, "w", encoding="utf-8") as file:
        file.write("psoxide\\._pslinux.*\npsoxide\\._psbsd.*\npsoxide\\._psosx.*\npsoxide\\._pssunos.*\npsoxide\\._lazy\\.StandIn\n")
    os.environ["MYPY_CACHE_DIR"] = os.path.join(folder, "cache")
    allowed = os.path.join(os.path.dirname(os.path.abspath(__file__)), "stubtest.txt")
    sys.argv[1:] = ["psoxide", "--concise", "--allowlist", allowed, "--allowlist", elsewhere]
    sys.exit(stubtest.main())
