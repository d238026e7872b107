"""Runs one program with psoxide in psutil's place.

    python -m psoxide PROGRAM [ARGUMENT ...]
    python -m psoxide -m MODULE [ARGUMENT ...]
"""

import os
import sys
from importlib.machinery import ModuleSpec
from importlib.metadata import Distribution, DistributionFinder
from importlib.util import spec_from_file_location

from . import __version__

USAGE = """\
usage: python -m psoxide PROGRAM [ARGUMENT ...]
       python -m psoxide -m MODULE [ARGUMENT ...]

Runs one Python program in which `import psutil` gives psoxide. PROGRAM is a file, or a command on the PATH that is
written in Python."""

_FOLDER = os.path.dirname(os.path.abspath(__file__))


class _Metadata(Distribution):
    """Describes this package to importlib.metadata under the name psutil."""

    def read_text(self, filename):
        if filename == "METADATA":
            return f"Metadata-Version: 2.1\nName: psutil\nVersion: {__version__}+psoxide\n"
        return None

    def locate_file(self, path):
        return os.path.join(os.path.dirname(_FOLDER), path)


class _Finder(DistributionFinder):
    """Finds this package under the name psutil. Its submodules are found through its path."""

    @classmethod
    def find_spec(cls, name, path=None, target=None) -> "ModuleSpec | None":
        if name != "psutil":
            return None
        return spec_from_file_location(
            name, os.path.join(_FOLDER, "__init__.py"), submodule_search_locations=[_FOLDER]
        )

    @classmethod
    def find_distributions(cls, context=DistributionFinder.Context()):
        return [_Metadata()] if context.name == "psutil" else []


def replace_psutil():
    """Makes every later `import psutil` import this package, even where psutil is installed."""
    for name in [name for name in sys.modules if name == "psutil" or name.startswith("psutil.")]:
        del sys.modules[name]
    if _Finder not in sys.meta_path:
        sys.meta_path.insert(0, _Finder)


def _program(name):
    """Returns the file of a program that is named by its path or by a command on the PATH."""
    if os.path.exists(name):
        return name
    if os.sep not in name:
        for folder in os.get_exec_path():
            path = os.path.join(folder, name)
            if os.path.isfile(path):
                return path
    sys.exit(f"python -m psoxide: no file and no command {name!r}")


def main(argv):
    if not argv or argv[0] in ("-h", "--help"):
        print(USAGE, file=sys.stdout if argv else sys.stderr)
        sys.exit(0 if argv else 2)
    as_module = argv[0] == "-m"
    if as_module:
        argv = argv[1:]
        if not argv:
            sys.exit("python -m psoxide: -m needs the name of a module")
    elif argv[0].startswith("-"):
        sys.exit(f"python -m psoxide: unknown option {argv[0]!r}\n{USAGE}")
    replace_psutil()
    import runpy

    if as_module:
        sys.argv = argv
        runpy.run_module(argv[0], run_name="__main__", alter_sys=True)
    else:
        program = _program(argv[0])
        sys.argv = [program, *argv[1:]]
        # A program imports its own modules from its own directory.
        sys.path[0] = os.path.dirname(os.path.abspath(program))
        runpy.run_path(program, run_name="__main__")


if __name__ == "__main__":
    main(sys.argv[1:])
