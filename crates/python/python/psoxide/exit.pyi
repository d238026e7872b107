"""Runs functions at the end of the program, however it ends."""

import signal
from collections.abc import Callable, Iterable
from typing import TypeVar, overload

__all__ = ["register_exit_fun"]

_F = TypeVar("_F", bound=Callable[[], object])

@overload
def register_exit_fun(
    fun: _F,
    signals: Iterable[int] = (signal.SIGTERM,),
    logfun: Callable[[str], object] | None = ...,
    *,
    die_by_signal: bool = False,
    in_forks: bool = False,
) -> _F: ...
@overload
def register_exit_fun(
    fun: None = None,
    signals: Iterable[int] = (signal.SIGTERM,),
    logfun: Callable[[str], object] | None = ...,
    *,
    die_by_signal: bool = False,
    in_forks: bool = False,
) -> Callable[[_F], _F]: ...
