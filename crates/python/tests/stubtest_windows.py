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
    # Only Linux can import it: test_stubs.py looks at it there.
    elsewhere = os.path.join(folder, "elsewhere.txt")
    with open(elsewhere, "w", encoding="utf-8") as file:
        file.write(r"psoxide\._pslinux.*")
    os.environ["MYPY_CACHE_DIR"] = os.path.join(folder, "cache")
    allowed = os.path.join(os.path.dirname(os.path.abspath(__file__)), "stubtest.txt")
    sys.argv[1:] = ["psoxide", "--concise", "--allowlist", allowed, "--allowlist", elsewhere]
    sys.exit(stubtest.main())
