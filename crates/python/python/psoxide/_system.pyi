"""The operating system that this package reads."""

HOST: str
NAME: str
