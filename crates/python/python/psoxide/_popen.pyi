"""Popen, in a module of its own because it needs `subprocess`, which is slow to import."""

from collections.abc import Callable
from typing import Any

def make(Process: type[Any], added: Callable[[Any, str], Any]) -> type[Any]: ...
