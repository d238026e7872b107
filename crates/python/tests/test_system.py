"""Readings of the machine: their types, and what the functions make of them."""

import os
import socket
import subprocess
import sys
import threading

import pytest

import psoxide


def test_types():
    times = psoxide.cpu_times()
    assert all(type(value) is float for value in times) and times.user > 0
    assert [type(each) for each in psoxide.cpu_times(percpu=True)] == [type(times)] * psoxide.cpu_count()
    for value in (psoxide.virtual_memory(), psoxide.swap_memory(), psoxide.disk_usage("/")):
        for name, field in value._asdict().items():
            assert type(field) is (float if name == "percent" else int), name
    assert type(psoxide.boot_time()) is float
    assert psoxide.getloadavg is os.getloadavg
    assert all(type(value) is int for value in psoxide.cpu_stats())
    assert all(type(key) is str and value for key, value in psoxide.net_if_addrs().items())
    for stats in psoxide.net_if_stats().values():
        assert type(stats.isup) is bool and type(stats.flags) is str and type(stats.speed) is int
        assert stats.duplex in (psoxide.NIC_DUPLEX_FULL, psoxide.NIC_DUPLEX_HALF, psoxide.NIC_DUPLEX_UNKNOWN)


def test_counters_together_and_each():
    each = psoxide.net_io_counters(pernic=True)
    assert all(type(value) is int for counters in each.values() for value in counters)
    together = psoxide.net_io_counters()
    assert (together is None) == (not each)
    disks = psoxide.disk_io_counters(perdisk=True)
    assert all(type(value) is int for counters in disks.values() for value in counters)


def test_counters_never_go_back(monkeypatch):
    readings = iter([{"a": (10, 5) + (0,) * 6}, {"a": (3, 6) + (0,) * 6}, {"a": (4, 6) + (0,) * 6}, {}, {"a": (1,) * 8}])
    monkeypatch.setattr(psoxide._pslinux, "net_io_counters", lambda: next(readings))
    psoxide.net_io_counters.cache_clear()
    assert psoxide.net_io_counters().bytes_sent == 10
    assert psoxide.net_io_counters()[:2] == (13, 6)
    assert psoxide.net_io_counters(pernic=True)["a"][:2] == (14, 6)
    psoxide.net_io_counters.cache_clear()
    assert psoxide.net_io_counters() is None
    assert psoxide.net_io_counters()[0] == 1
    psoxide.net_io_counters.cache_clear()


def test_disk_usage_with_a_timeout_is_the_same(tmp_path):
    for path in (str(tmp_path), tmp_path, os.fsencode(tmp_path)):
        assert psoxide.disk_usage(path, timeout=20).total == psoxide.disk_usage(tmp_path).total
    if os.name == "posix":
        descriptor = os.open(tmp_path, os.O_RDONLY)
        try:
            assert psoxide.disk_usage(descriptor, timeout=20).total == psoxide.disk_usage(tmp_path).total
        finally:
            os.close(descriptor)
    with pytest.raises(FileNotFoundError):
        psoxide.disk_usage(tmp_path / "missing", timeout=20)


@pytest.mark.skipif(not psoxide.LINUX, reason="only Linux stops waiting")
def test_disk_usage_refuses_a_negative_timeout():
    with pytest.raises(ValueError, match="timeout"):
        psoxide.disk_usage("/", timeout=-1)


def test_disk_usage_takes_what_statvfs_takes(tmp_path):
    expected = psoxide.disk_usage(str(tmp_path)).total
    assert psoxide.disk_usage(os.fsencode(tmp_path)).total == expected
    assert psoxide.disk_usage(tmp_path).total == expected
    descriptor = os.open(tmp_path, os.O_RDONLY)
    try:
        assert psoxide.disk_usage(descriptor).total == expected
    finally:
        os.close(descriptor)
    with pytest.raises(FileNotFoundError) as caught:
        psoxide.disk_usage(str(tmp_path / "missing"))
    assert caught.value.filename == str(tmp_path / "missing")


def test_disk_usage_of_what_is_no_path():
    for path in ("a\0b", b"a\0b"):
        with pytest.raises(ValueError, match="embedded null"):
            psoxide.disk_usage(path)


@pytest.mark.parametrize("truth", [1, "x", [0]])
@pytest.mark.parametrize("lie", [0, None, ""])
def test_any_object_is_true_or_false(truth, lie):
    assert psoxide.disk_partitions(all=truth) == psoxide.disk_partitions(True)
    assert psoxide.disk_partitions(lie) == psoxide.disk_partitions(False)
    assert type(psoxide.disk_io_counters(truth)) is dict and type(psoxide.disk_io_counters(lie)) is not dict
    assert type(psoxide.net_io_counters(truth)) is dict and type(psoxide.cpu_times(percpu=truth)) is list
    assert type(psoxide.cpu_freq(truth)) is list and type(psoxide.cpu_times_percent(percpu=truth)) is list
    assert psoxide.cpu_count(logical=truth) == psoxide.cpu_count()
    init = psoxide.Process(1)
    assert {p.pid for p in init.children(truth)} >= {p.pid for p in init.children(lie)}
    assert psoxide.Process().memory_maps(grouped=lie)[0].addr and not hasattr(psoxide.Process().memory_maps(truth)[0], "addr")


def test_connections_are_hashable_and_of_the_kind(tmp_path):
    import socket

    with socket.socket(socket.AF_INET) as tcp, socket.socket(socket.AF_UNIX) as unix:
        tcp.bind(("127.0.0.1", 0))
        tcp.listen()
        path = str(tmp_path / "a socket")
        unix.bind(path)
        unix.listen()
        found = {c.fd: c for c in psoxide.Process().net_connections("all")}
        one = found[tcp.fileno()]
        assert (one.family, one.type, one.laddr, one.raddr, one.status) == (
            socket.AF_INET,
            socket.SOCK_STREAM,
            tcp.getsockname(),
            (),
            "LISTEN",
        )
        assert (one.laddr.ip, one.laddr.port) == tcp.getsockname() and isinstance(one.family, socket.AddressFamily)
        assert (found[unix.fileno()].laddr, found[unix.fileno()].raddr) == (path, "")
        assert unix.fileno() not in {c.fd for c in psoxide.Process().net_connections("inet")}
        mine = [c for c in psoxide.net_connections("tcp4") if c.pid == os.getpid()]
        assert one.laddr in {c.laddr for c in mine} and len(set(mine)) == len(mine)
    with pytest.raises(ValueError, match="invalid kind argument '\\?'"):
        psoxide.net_connections("?")


def test_percentages_belong_to_the_thread(monkeypatch):
    assert (threading.get_ident(), False) in psoxide._busy_samples or psoxide.cpu_percent() == 0.0
    seen = []
    readings = iter([psoxide._ntuples.scputimes(*[number * 1.0] * 10) for number in range(8)])
    monkeypatch.setattr(psoxide._pslinux, "cpu_times", lambda: next(readings))
    thread = threading.Thread(target=lambda: seen.append([psoxide.cpu_percent(), psoxide.cpu_percent()]))
    thread.start()
    thread.join()
    # Without an earlier sample of this thread two are taken at once, however many other threads have.
    assert next(readings).user == 3.0 and seen == [[75.0, 75.0]]
    monkeypatch.undo()
    with pytest.raises(ValueError, match=r"interval is not positive \(got -1\)"):
        psoxide.cpu_percent(interval=-1)
    assert 0.0 <= psoxide.cpu_percent(interval=0.05) <= 100.0
    assert all(0.0 <= value <= 100.0 for value in psoxide.cpu_times_percent(interval=0.05))


def test_percentages_of_samples():
    sample = psoxide._ntuples.scputimes
    then = sample(10.0, 0.0, 5.0, 100.0, 0.0, 0.0, 0.0, 3.0, 2.0, 0.0)
    now = sample(13.0, 0.0, 6.0, 106.0, 0.0, 0.0, 0.0, 1.0, 2.0, 0.0)
    assert psoxide._busy_percent(then, now) == 40.0, "steal went back and counts as unchanged"
    assert psoxide._each_percent(then, now)[:4] == (30.0, 0.0, 10.0, 60.0)
    assert psoxide._busy_percent(now, now) == 0.0


@pytest.mark.parametrize("kinds", [7, 8, 9, 10, 12])
def test_cpu_times_has_the_fields_of_the_kernel(kinds, tmp_path):
    columns = "cpu{} 10 1 5 100 3 2 1" + " 4" * (kinds - 7) + "\n"
    stat = tmp_path / "stat"
    stat.write_text(columns.format(" ") + columns.format("0") + "ctxt 1\nbtime 2\nintr 3\n")
    code = (
        "import pickle, psoxide\n"
        "times = psoxide.cpu_times()\n"
        "assert type(times) is psoxide._pslinux.scputimes and times.iowait == 3 / psoxide._pslinux.CLOCK_TICKS\n"
        "assert [times] == psoxide.cpu_times(percpu=True) and pickle.loads(pickle.dumps(times)) == times\n"
        "assert psoxide.cpu_percent() == 0.0 and psoxide.cpu_times_percent() == (0.0,) * len(times)\n"
        "print(*times._fields)"
    )
    # Another kernel's file in place of this one's, for this program alone.
    mounted = 'mount --bind "$1" /proc/stat && exec "$2" -c "$3"'
    unshare = ["unshare", "--mount"] if os.getuid() == 0 else ["unshare", "--mount", "--map-root-user"]
    if subprocess.run([*unshare, "true"], capture_output=True, check=False).returncode != 0:
        pytest.skip("this user may not mount")
    done = subprocess.run(
        [*unshare, "sh", "-c", mounted, "sh", stat, sys.executable, code], capture_output=True, text=True, check=False
    )
    every = ["user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal", "guest", "guest_nice"]
    assert done.stdout.split() == every[:kinds], done.stderr


def test_what_meminfo_lacks_is_zero_with_a_warning(tmp_path, monkeypatch):
    (tmp_path / "meminfo").write_text("MemTotal: 1000 kB\nMemFree: 400 kB\nMemAvailable: 500 kB\nCached: 10 kB\n")
    monkeypatch.setattr(psoxide, "PROCFS_PATH", str(tmp_path))
    monkeypatch.setattr(psoxide, "_TOTAL_PHYMEM", None)
    with pytest.warns(RuntimeWarning, match="buffers, shared, active, inactive memory stats couldn't be determined"):
        memory = psoxide.virtual_memory()
    assert (memory.total, memory.buffers, memory.percent) == (1024000, 0, 50.0)


def test_sensors(monkeypatch):
    chips = {"coretemp": [("", 50.0, 60.0, None), ("x", 10.0, None, None)]}
    monkeypatch.setattr(psoxide._pslinux, "sensors_temperatures", lambda: chips)
    first, second = psoxide.sensors_temperatures()["coretemp"]
    assert first == ("", 50.0, 60.0, 60.0) and second == ("x", 10.0, None, None)
    assert psoxide.sensors_temperatures(fahrenheit=True)["coretemp"][0] == ("", 122.0, 140.0, 140.0)
    assert psoxide.sensors_battery() is None or psoxide.sensors_battery().percent >= 0
    assert isinstance(psoxide.sensors_fans(), dict)


SENSORS = """
import os, psoxide
def write(folder, **files):
    os.makedirs("/sys/class/" + folder, exist_ok=True)
    for name, text in files.items():
        with open(f"/sys/class/{folder}/{name}", "w") as file:
            file.write(text)
for number, name in ((10, "zchip"), (2, "coretemp"), (1, "coretemp"), (3, "nvme"), (0, "acpitz")):
    write(f"hwmon/hwmon{number}", name=name)
    for sensor in (1, 10, 2):
        write(f"hwmon/hwmon{number}", **{f"temp{sensor}_input": "1000", f"temp{sensor}_label": f"{number} {sensor}"})
        write(f"hwmon/hwmon{number}", **{f"fan{sensor}_input": "1000", f"fan{sensor}_label": f"{number} {sensor}"})
for chips in (psoxide.sensors_temperatures(), psoxide.sensors_fans()):
    print({name: [sensor.label for sensor in sensors] for name, sensors in chips.items()})
write("power_supply/BAT0", energy_full="30000000", energy_now="10000000")
print(psoxide.sensors_battery())
os.remove("/sys/class/power_supply/BAT0/energy_now")
write("power_supply/BAT0", capacity="77")
print(psoxide.sensors_battery())
"""


@pytest.mark.skipif(sys.platform != "linux" or os.getuid() != 0, reason="mounting a /sys needs root")
def test_sensors_have_psutil_s_order_and_digits():
    """psutil lists chips and sensors in the order of their paths: 10 comes before 2."""
    mount = 'mount -t tmpfs none /sys && exec "$@"'
    command = ["unshare", "--mount", "sh", "-c", mount, "sh", sys.executable, "-I", "-c", SENSORS]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    of = {number: [f"{number} {sensor}" for sensor in (1, 10, 2)] for number in (0, 1, 2, 3, 10)}
    chips = {"acpitz": of[0], "coretemp": of[1] + of[2], "zchip": of[10], "nvme": of[3]}
    unknown = "secsleft=<BatteryTime.POWER_TIME_UNKNOWN: -1>, power_plugged=None)"
    expected = [chips, chips, f"sbattery(percent=33.333333333333336, {unknown}", f"sbattery(percent=77, {unknown}"]
    assert (done.stderr, done.stdout.splitlines()) == ("", [str(line) for line in expected])


def test_cpu_count_and_freq(monkeypatch):
    for number in (None, 0, -1):
        monkeypatch.setattr(psoxide._pslinux, "cpu_count_logical", lambda number=number: number)
        assert psoxide.cpu_count() is None
    monkeypatch.undo()
    freq = psoxide._ntuples.scpufreq
    monkeypatch.setattr(psoxide._pslinux, "cpu_freq", lambda: [freq(1.0, 2.0, 3.0), freq(3.0, 2.0, 5.0)])
    assert psoxide.cpu_freq() == (2.0, 2.0, 4.0)
    monkeypatch.setattr(psoxide._pslinux, "cpu_freq", list)
    assert psoxide.cpu_freq() is None and psoxide.cpu_freq(percpu=True) == []


def test_sums_of_any_numbers(monkeypatch):
    big = 2**64 - 1
    counters = {"a": (big, 1, 2, 3, 4, 5, 6, 7), "b": (big, 0.5, 2, 3, 4, 5, 6, True)}
    monkeypatch.setattr(psoxide._psplatform, "net_io_counters", lambda: counters)
    total = psoxide.net_io_counters(nowrap=False)
    assert total == (2 * big, 1.5, 4, 6, 8, 10, 12, 8) and type(total) is psoxide._ntuples.snetio
    monkeypatch.setattr(psoxide._psplatform, "net_io_counters", lambda: {"a": (1, 2)})
    with pytest.raises(TypeError):
        psoxide.net_io_counters(nowrap=False)


@pytest.mark.skipif(os.name == "nt", reason="families by their numbers on Linux")
def test_addresses_by_family(monkeypatch):
    rows = [("b", 17, "02:03", None, None, None), ("a", 10, "::1", None, None, None), ("b", 2, "1.2.3.4", "255.0.0.0", None, "x"),
            ("a", 4711, "odd", None, None, None), ("b", 2, "5.6.7.8", None, None, None)]  # fmt: skip
    monkeypatch.setattr(psoxide._psplatform, "net_if_addrs", lambda: iter(rows))
    of = psoxide.net_if_addrs()
    assert list(of) == ["b", "a"]
    assert [a.address for a in of["b"]] == ["1.2.3.4", "5.6.7.8", "02:03:00:00:00:00"]
    assert of["b"][0] == (socket.AF_INET, "1.2.3.4", "255.0.0.0", None, "x") and of["b"][2].family is socket.AF_PACKET
    assert of["a"][0].family is socket.AF_INET6 and type(of["a"][1].family) is int


def test_a_thread_is_no_process():
    ready, done = threading.Event(), threading.Event()
    ids = []

    def work():
        ids.append(threading.get_native_id())
        ready.set()
        done.wait()

    thread = threading.Thread(target=work)
    thread.start()
    ready.wait()
    try:
        assert not psoxide.pid_exists(ids[0]) and ids[0] not in psoxide.pids()
        process = psoxide.Process(ids[0])
        assert process.name()
        # For signals it is its process.
        process.resume()
        with pytest.raises(psoxide.TimeoutExpired):
            process.wait(0)
        assert ids[0] in {thread.id for thread in psoxide.Process().threads()}
    finally:
        done.set()
        thread.join()


def test_heap():
    before = psoxide.heap_info()
    assert before.heap_used > 0 and psoxide.heap_trim() is None
