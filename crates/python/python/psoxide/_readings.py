"""Functions that the platform modules share. Most are methods of the native Api."""

from . import _common, _lazy, _ntuples, _psoxide, _system
from ._common import _PACKAGE


def _scputimes():
    """Returns the tuple of CPU times. Old kernels lack its last fields."""
    whole = _ntuples.scputimes
    if not _common.LINUX:
        return whole
    try:
        # Linux has seven fields since 2.6.0. The versions 2.6.11, 2.6.24 and 2.6.33 added one each.
        kinds = max(7, _psoxide.cpu_time_kinds(_system.MACHINE))
    except (OSError, RuntimeError) as err:
        _common.debug(f"how many kinds of CPU time there are cannot be told: {err!r}")
        return whole
    if kinds >= len(whole._fields):
        return whole
    from collections import namedtuple

    return namedtuple("scputimes", whole._fields[:kinds], module=_ntuples.__name__)


_ntuples.scputimes = _scputimes()
_api = _psoxide.Api(_PACKAGE, _ntuples, _common, _lazy, _system.MACHINE)

__all__ = [
    "boot_time", "pids", "pid_exists", "ppid_map", "cpu_times", "per_cpu_times", "cpu_count_logical", "cpu_count_cores",
    "cpu_stats", "virtual_memory", "swap_memory", "heap_info", "heap_trim", "disk_partitions", "disk_io_counters",
    "net_io_counters", "net_connections", "may_look_up", "sensors_battery", "users",
]  # fmt: skip

boot_time = _api.boot_time
pids = _api.pids
pid_exists = _api.pid_exists
ppid_map = _api.ppid_map
cpu_times = _api.cpu_times
per_cpu_times = _api.per_cpu_times
cpu_count_logical = _api.cpu_count_logical
cpu_count_cores = _api.cpu_count_cores
cpu_stats = _api.cpu_stats
virtual_memory = _api.virtual_memory
swap_memory = _api.swap_memory
heap_info = _api.heap_info
heap_trim = _api.heap_trim
disk_partitions = _api.disk_partitions
disk_io_counters = _api.disk_io_counters
net_io_counters = _api.net_io_counters
net_connections = _api.net_connections
users = _api.users


def may_look_up(path):
    """Returns whether the file system of an absolute path answers within a second."""
    return _api.answers(path, 1)


def sensors_battery():
    """Returns the state of the battery, or None if there is none."""
    battery = _api.sensors_battery()
    return None if battery is None else _ntuples.sbattery(*battery)
