"""Makes named tuples without importing `collections` and without compiling code for each class."""

from collections.abc import Callable
from typing import Any

def __repr__(self: Any) -> str: ...
def __getnewargs__(self: Any) -> tuple[Any, ...]: ...

new: Callable[..., Any]

def named(name: str, fields: tuple[str, ...], make: Callable[..., Any]) -> type[Any]: ...
