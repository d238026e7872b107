"""Implements Process.oneshot()."""

from collections.abc import Callable
from types import TracebackType
from typing import Any, TypeVar

_F = TypeVar("_F", bound=Callable[..., Any])

class Oneshot:
    def __init__(self, process: Any) -> None: ...
    def __enter__(self) -> None: ...
    def __exit__(
        self, *exc_info: type[BaseException] | BaseException | TracebackType | None
    ) -> bool: ...
    def __call__(self, fun: _F) -> _F: ...

class Lock:
    def __get__(self, process: Any, cls: type[Any] | None) -> Any: ...
