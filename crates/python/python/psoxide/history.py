"""The history of a machine that ``psoxide record`` has written (Linux).

>>> import psoxide.history
>>> history = psoxide.history.open("/var/lib/psoxide/history")
>>> sample = history.at(datetime.datetime(2026, 11, 28, 14, 3))
>>> sample.virtual_memory().percent
>>> [p.info for p in sample.process_iter(["pid", "name", "cpu_times"])]

A sample has psutil's functions, answered from what was recorded. Many samples are faster as columns, for pandas or polars:

>>> pandas.DataFrame(history.columns("samples", ["time", "pid", "name", "memory_info_rss"], start=..., end=...))

A time is a ``datetime``, or a number of seconds since 1970. Closed hours are Parquet files, which data frames also read without
this module (HISTORY.md documents them).
"""

import collections
import datetime
import weakref

from . import _capture, _psoxide

__all__ = ["History", "Sample", "Segment", "open"]

# Times that no sample has.
_FIRST, _LAST = -(2**62), 2**62

Segment = collections.namedtuple("Segment", ["number", "first", "last", "samples", "size", "is_log", "host", "jump", "damage"])
Segment.__doc__ = "A stretch of a history: an hour, or less. `damage` lists what is damaged, `jump` is by how much the clock was set before."


def _millis(time, default=None):
    if time is None:
        return default
    seconds = time.timestamp() if isinstance(time, datetime.datetime) else time
    return round(seconds * 1000)


class Sample:
    """The machine and its processes at one moment, with psutil's functions: ``sample.virtual_memory()``.

    Readings that were not recorded raise ``NotImplementedError`` or ``OSError``. Objects such as processes can be used as long as the
    sample is kept.
    """

    def __init__(self, recorded):
        self._recorded = recorded
        self._package = None

    @property
    def time(self):
        """When the sample was taken, in seconds since 1970."""
        return self._recorded.time

    @property
    def datetime(self):
        """When the sample was taken, in UTC."""
        return datetime.datetime.fromtimestamp(self._recorded.time, datetime.timezone.utc)

    @property
    def sequence(self):
        """The number of the sample, which grows even where the clock was set back."""
        return self._recorded.sequence

    @property
    def jump(self):
        """By how many seconds the clock was set since the sample before, beyond a second."""
        return self._recorded.jump

    @property
    def host(self):
        """The name of the machine."""
        return self._recorded.host

    @property
    def psutil(self):
        """The package over the machine as it was, for code that expects the module ``psutil``."""
        if self._package is None:
            machine = self._recorded.machine()
            self._package = _capture.execute(machine.os, machine)
            weakref.finalize(self, _capture.close_capture, self._package).atexit = False
        return self._package

    def __getattr__(self, name):
        if name.startswith("_"):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        return getattr(self.psutil, name)

    def __dir__(self):
        return sorted({*super().__dir__(), *self.psutil.__all__})

    def __repr__(self):
        return f"<Sample of {self.host} at {self.datetime.isoformat(timespec='milliseconds')}>"


class History:
    """The history in a directory. Only one thread may use it at a time."""

    def __init__(self, path):
        if not hasattr(_psoxide, "History"):
            raise NotImplementedError("a history is read on Linux only")
        self.path = path
        self._native = _psoxide.History(path)

    def segments(self, verify=False):
        """Lists the stretches of the history. With ``verify``, reads every sample to find damage."""
        return [Segment(*segment) for segment in self._native.segments(verify)]

    def at(self, time):
        """Returns the last sample taken at or before a time, or ``None``."""
        return self._sample(self._native.at(_millis(time)))

    def before(self, sample):
        """Returns the sample before another one, or ``None``."""
        return self._sample(self._native.before(sample._recorded))

    def after(self, sample):
        """Returns the sample after another one, or ``None``. At the end it sees what was recorded meanwhile."""
        return self._sample(self._native.after(sample._recorded))

    def samples(self, start=None, end=None):
        """Yields the samples from ``start`` to ``end``, both included, in the order in which they were taken."""
        start, end = _millis(start, _FIRST), _millis(end, _LAST)
        recorded = self._native.within(start, end, None)
        while recorded is not None:
            yield Sample(recorded)
            recorded = self._native.within(start, end, recorded)

    def __iter__(self):
        return self.samples()

    def columns(self, table="samples", names=None, start=None, end=None):
        """Returns columns of a table as a dict of lists: what ``pandas.DataFrame`` and ``polars.DataFrame`` take.

        - ``samples``: a row for each process and sample. Any column of ``processes`` can be named too.
        - ``processes``: a row for each process: command line, executable, user, control group ...
        - ``system``: a row for each number of the machine and sample.

        Times are in seconds as in psutil, ``time``, ``first`` and ``last`` are ``datetime`` in UTC, and a missing value is ``None``.
        """
        names = None if names is None else list(names)
        return self._native.columns(table, names, _millis(start, _FIRST), _millis(end, _LAST))

    @staticmethod
    def _sample(recorded):
        return None if recorded is None else Sample(recorded)

    def __repr__(self):
        return f"<History in {str(self.path)!r}>"


def open(path):
    """Opens the history in a directory: ``/var/lib/psoxide/history`` is that of root's ``psoxide record``."""
    return History(path)
