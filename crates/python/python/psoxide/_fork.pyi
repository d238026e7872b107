"""Keeps locks usable when the process forks."""

import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

importing: Any
counting: Any

if sys.platform != "win32":
    from . import _psoxide

    def hooks() -> _psoxide.ForkHooks | None: ...

else:
    def hooks() -> None: ...

def in_child(function: Callable[[], object]) -> None: ...
def load(name: str) -> ModuleType: ...
