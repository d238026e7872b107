"""Makes enums on first use."""

from collections.abc import Callable
from enum import IntEnum

from typing_extensions import Self, disjoint_base

ENUMS: dict[str, tuple[str, dict[str, int]]]
SOCKET_ENUMS: dict[str, dict[str, int]]

def enum(name: str) -> type[IntEnum] | None: ...
def members(name: str) -> tuple[Callable[[int], int], bool]: ...
def member(enum_name: str, number: int) -> int: ...
def attribute(module: str, name: str) -> object: ...

@disjoint_base
class StandIn(int):
    name: str
    value: int
    def __new__(cls, owner: str, name: str, number: int) -> Self: ...
    def __format__(self, spec: str) -> str: ...
    def __reduce_ex__(self, protocol: int) -> tuple[Callable[[str, int], int], tuple[str, int]]: ...  # type: ignore[override]
