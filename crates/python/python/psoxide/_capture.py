"""Opens captured machines: executes the package once more, over a machine that was copied to a file."""

import importlib.util
import itertools
import os
import sys
import types

from . import _psoxide, _system

_PACKAGE = __name__.rpartition(".")[0]
_FOLDER = os.path.dirname(os.path.abspath(__file__))
_numbers = itertools.count(1)
# Modules that all copies of the package share. The exceptions are the same classes, so that one `except` catches those
# of every copy. Fork hooks cannot be unregistered.
_SHARED = ("_exceptions", "_fork", "_oneshot", "_psoxide", "_tuples")


def open_capture(path):
    """Executes the package once more over the machine that `path` holds."""
    os.stat(path)  # raises FileNotFoundError for a missing file, before it is read as a capture
    machine = _psoxide.Machine(path)
    return execute(machine.os, machine)


def execute(system_name, machine):
    """Executes the package once more, with `system_name` as its operating system."""
    name = f"{_PACKAGE}._capture{next(_numbers)}"
    spec = importlib.util.spec_from_file_location(
        name, os.path.join(_FOLDER, "__init__.py"), submodule_search_locations=[_FOLDER]
    )
    package = importlib.util.module_from_spec(spec)
    system = types.ModuleType(f"{name}._system", _system.__doc__)
    system.HOST, system.NAME, system.MACHINE = _system.HOST, system_name, machine
    modules = {module: sys.modules[f"{_PACKAGE}.{module}"] for module in _SHARED}
    sys.modules[name] = package
    for module, value in {**modules, "_system": system}.items():
        sys.modules[f"{name}.{module}"] = value
        setattr(package, module, value)
    try:
        spec.loader.exec_module(package)
    except BaseException:
        close_capture(package)
        raise
    return package


def close_capture(package):
    """Removes a package that `open_capture` returned from sys.modules. It cannot be used after that."""
    name = package.__name__
    if not name.startswith(f"{_PACKAGE}._capture"):
        raise ValueError(f"{name} is no package of open_capture()")
    for module in [module for module in sys.modules if module == name or module.startswith(f"{name}.")]:
        del sys.modules[module]
