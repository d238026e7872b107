"""The class Popen, which is made when first needed."""

from collections.abc import Callable
from types import ModuleType

from . import Popen, Process

def make(subprocess: ModuleType, base: type[Process], added: Callable[[Process, str], object]) -> type[Popen]: ...
