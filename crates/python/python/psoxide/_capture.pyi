"""Opens captured machines."""

from os import PathLike
from types import ModuleType

from ._psoxide import Machine

def open_capture(path: str | PathLike[str]) -> ModuleType: ...
def execute(system_name: str, machine: Machine | None) -> ModuleType: ...
def close_capture(package: ModuleType) -> None: ...
