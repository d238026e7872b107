"""The history of a machine that ``psoxide record`` has written (Linux)."""

import datetime as _datetime
import sys
from collections.abc import Iterable, Iterator
from os import PathLike
from types import ModuleType
from typing import Any, Literal, NamedTuple

if sys.platform == "linux":
    from ._psoxide import Recorded as _Recorded
else:
    _Recorded = Any

__all__ = ["History", "Sample", "Segment", "open"]

_Time = _datetime.datetime | float

class Segment(NamedTuple):
    number: int
    first: float
    last: float
    samples: int
    size: int
    is_log: bool
    host: str
    jump: float
    damage: list[str]

class Sample:
    def __init__(self, recorded: _Recorded) -> None: ...
    @property
    def time(self) -> float: ...
    @property
    def datetime(self) -> _datetime.datetime: ...
    @property
    def sequence(self) -> int: ...
    @property
    def jump(self) -> float: ...
    @property
    def host(self) -> str: ...
    @property
    def psutil(self) -> ModuleType: ...
    def __getattr__(self, name: str) -> Any: ...
    def __dir__(self) -> list[str]: ...

class History:
    path: str | PathLike[str]
    def __init__(self, path: str | PathLike[str]) -> None: ...
    def segments(self, verify: bool = False) -> list[Segment]: ...
    def at(self, time: _Time) -> Sample | None: ...
    def before(self, sample: Sample) -> Sample | None: ...
    def after(self, sample: Sample) -> Sample | None: ...
    def samples(self, start: _Time | None = None, end: _Time | None = None) -> Iterator[Sample]: ...
    def __iter__(self) -> Iterator[Sample]: ...
    def columns(
        self,
        table: Literal["samples", "processes", "system"] = "samples",
        names: Iterable[str] | None = None,
        start: _Time | None = None,
        end: _Time | None = None,
    ) -> dict[str, list[Any]]: ...

def open(path: str | PathLike[str]) -> History: ...
