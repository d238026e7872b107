"""Names, signatures and types: what a program sees before it calls anything."""

import enum
import importlib
import importlib.util
import inspect
import socket

import pytest

import psoxide

FUNCTIONS = {
    "pid_exists": "(pid)",
    "pids": "()",
    "process_iter": "(attrs=None, ad_value=None)",
    "wait_procs": "(procs, timeout=None, callback=None)",
    "virtual_memory": "()",
    "swap_memory": "()",
    "cpu_times": "(percpu=False)",
    "cpu_percent": "(interval=None, percpu=False)",
    "cpu_times_percent": "(interval=None, percpu=False)",
    "cpu_count": "(logical=True)",
    "cpu_stats": "()",
    "cpu_freq": "(percpu=False)",
    "getloadavg": "()",
    "net_io_counters": "(pernic=False, nowrap=True)",
    "net_connections": "(kind='inet')",
    "net_if_addrs": "()",
    "net_if_stats": "()",
    "disk_io_counters": "(perdisk=False, nowrap=True)",
    "disk_partitions": "(all=False)",
    "disk_usage": "(path, timeout=None)",
    "users": "()",
    "boot_time": "()",
    "sensors_temperatures": "(fahrenheit=False)",
    "sensors_fans": "()",
    "sensors_battery": "()",
    "heap_info": "()",
    "heap_trim": "()",
}
METHODS = {
    "as_dict": "(self, attrs=None, ad_value=None)",
    "children": "(self, recursive=False)",
    "cmdline": "(self)",
    "connections": "(self, kind='inet')",
    "cpu_affinity": "(self, cpus=None)",
    "cpu_num": "(self)",
    "cpu_percent": "(self, interval=None)",
    "cpu_times": "(self)",
    "create_time": "(self)",
    "cwd": "(self)",
    "environ": "(self)",
    "exe": "(self)",
    "gids": "(self)",
    "io_counters": "(self)",
    "ionice": "(self, ioclass=None, value=None)",
    "is_running": "(self)",
    "kill": "(self)",
    "memory_full_info": "(self)",
    "memory_info": "(self)",
    "memory_maps": "(self, grouped=True)",
    "memory_percent": "(self, memtype='rss')",
    "name": "(self)",
    "net_connections": "(self, kind='inet')",
    "nice": "(self, value=None)",
    "num_ctx_switches": "(self)",
    "num_fds": "(self)",
    "num_threads": "(self)",
    "oneshot": "(self)",
    "open_files": "(self)",
    "parent": "(self)",
    "parents": "(self)",
    "ppid": "(self)",
    "resume": "(self)",
    "rlimit": "(self, resource, limits=None)",
    "send_signal": "(self, sig)",
    "status": "(self)",
    "suspend": "(self)",
    "terminal": "(self)",
    "terminate": "(self)",
    "threads": "(self)",
    "uids": "(self)",
    "username": "(self)",
    "wait": "(self, timeout=None)",
}
# Of psutil 8.
ADDED = {"memory_footprint": "(self)", "memory_info_ex": "(self)", "page_faults": "(self)"}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_signatures_of_functions(name):
    assert str(inspect.signature(getattr(psoxide, name))) == FUNCTIONS[name]


@pytest.mark.parametrize("name", METHODS | ADDED)
def test_signatures_of_methods(name):
    assert str(inspect.signature(getattr(psoxide.Process, name))) == (METHODS | ADDED)[name]


def test_process_has_no_other_public_names():
    public = {name for name in dir(psoxide.Process) if not name.startswith("_")}
    assert public == METHODS.keys() | ADDED.keys() | {"pid", "attrs"}


def test_all_is_true():
    assert len(psoxide.__all__) == len(set(psoxide.__all__))
    for name in psoxide.__all__:
        assert name in dir(psoxide)
        getattr(psoxide, name)
    namespace = {}
    exec("from psoxide import *", namespace)
    assert set(psoxide.__all__) <= namespace.keys()


def test_a_name_that_is_not_there():
    for module in ("psoxide", "psoxide._common", "psoxide._pslinux", "psoxide._psposix"):
        with pytest.raises(AttributeError, match="no_such_name"):
            importlib.import_module(module).no_such_name  # noqa: B018


def test_constants_have_the_types_of_psutil_7():
    assert psoxide.STATUS_DISK_SLEEP == "disk-sleep" and type(psoxide.STATUS_DISK_SLEEP) is str
    assert psoxide.CONN_NONE == "NONE" and type(psoxide.CONN_NONE) is str
    assert psoxide.RLIM_INFINITY == -1 and type(psoxide.RLIMIT_NOFILE) is int
    assert repr(psoxide.NIC_DUPLEX_FULL) == "<NicDuplex.NIC_DUPLEX_FULL: 2>"
    assert type(psoxide.NIC_DUPLEX_FULL).__module__ == "psoxide._common"
    assert psoxide.POWER_TIME_UNLIMITED == -2
    assert isinstance(psoxide.IOPRIO_CLASS_IDLE, enum.IntEnum) and psoxide.IOPRIO_CLASS_IDLE == 3
    assert psoxide.AF_LINK == socket.AF_PACKET and psoxide.AF_LINK.name == "AF_LINK"
    assert psoxide.LINUX is True and psoxide.WINDOWS is False


def test_the_enums_of_psutil_8_are_their_values():
    assert str(psoxide.ProcessStatus.STATUS_RUNNING) == "running"
    assert psoxide.ConnectionStatus.CONN_LISTEN == psoxide.CONN_LISTEN
    assert psoxide.ProcessRlimit.RLIMIT_NOFILE == psoxide.RLIMIT_NOFILE


def test_version():
    assert psoxide.version_info == (7, 2, 2)
    assert ".".join(map(str, psoxide.version_info)) == psoxide.__version__


def test_reload(sleeper):
    error, names = psoxide.NoSuchProcess, list(psoxide.__all__)
    old, process, old_popen = psoxide.Process, psoxide.Process(sleeper().pid), psoxide.Popen
    importlib.reload(psoxide)
    assert psoxide.NoSuchProcess is error and psoxide.__all__ == names
    assert psoxide.Process is not old and issubclass(psoxide.Popen, psoxide.Process)
    # What was made before still works.
    assert process.is_running() and process == psoxide.Process(process.pid)
    process.kill()
    assert process.wait() == -9
    assert old_popen(["/bin/true"]).wait() == 0


def test_executed_twice_the_package_has_two_states_and_the_same_exceptions():
    spec = importlib.util.find_spec("psoxide")
    second = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(second)
    assert second.Process is not psoxide.Process
    assert second._busy_samples is not psoxide._busy_samples
    assert second.NoSuchProcess is psoxide.NoSuchProcess
    with pytest.raises(psoxide.NoSuchProcess):
        second.Process(2**31 - 1)
    assert second.virtual_memory().total == psoxide.virtual_memory().total


def test_import_leaves_the_slow_modules_alone(python):
    loaded = python(
        "import sys; before = set(sys.modules); import psoxide; psoxide.Process().cpu_times();"
        "psoxide.virtual_memory(); print(*sorted(set(sys.modules) - before))",
        "-I",
    ).split()
    slow = {"collections", "contextlib", "datetime", "enum", "functools", "signal", "socket", "subprocess", "threading"}
    assert slow.isdisjoint(loaded), loaded


def test_a_native_module_of_another_version_is_refused(python):
    out = python(
        "import sys, psoxide._cext as cext, importlib, psoxide\n"
        "cext.version = 100\n"
        "try: importlib.reload(psoxide)\n"
        "except ImportError as error: print(error)"
    )
    assert "version conflict" in out


def test_bytes2human():
    assert [psoxide.bytes2human(n) for n in (0, 10000, 2**40, -2048)] == ["0.0B", "9.8K", "1.0T", "-2.0K"]
