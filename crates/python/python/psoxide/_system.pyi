"""Names the operating system that this package reads."""

from ._psoxide import Machine

HOST: str
NAME: str
MACHINE: Machine | None
