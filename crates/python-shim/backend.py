"""Builds the package psoxide under the name psutil: copies its Python files, and calls maturin for everything else."""

import shutil
from pathlib import Path

import maturin
from maturin import (  # hooks that need no files
    get_requires_for_build_editable,
    get_requires_for_build_sdist,
    get_requires_for_build_wheel,
)

_HERE = Path(__file__).resolve().parent
_FROM = _HERE.parent / "python" / "python" / "psoxide"
_TO = _HERE / "python" / "psutil"


def _copy():
    # A source distribution already contains the copy.
    if _FROM.is_dir():
        shutil.rmtree(_TO, ignore_errors=True)
        shutil.copytree(_FROM, _TO, ignore=shutil.ignore_patterns("__pycache__", "*.so"))


def build_wheel(*args, **kwargs):
    _copy()
    return maturin.build_wheel(*args, **kwargs)


def build_editable(*args, **kwargs):
    _copy()
    return maturin.build_editable(*args, **kwargs)


def build_sdist(*args, **kwargs):
    _copy()
    return maturin.build_sdist(*args, **kwargs)
