"""Makes the class Popen on first use."""

from collections.abc import Callable
from types import ModuleType

from . import Popen, Process

def make(subprocess: ModuleType, base: type[Process], added: Callable[[Process, str], object]) -> type[Popen]: ...
