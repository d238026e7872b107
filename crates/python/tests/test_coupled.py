"""What psutil's own tests check by replacing parts of psutil: the same inputs, as files of a /proc.

parity/coupled.txt says which of psutil's tests each stands for.
"""

import errno
import importlib.metadata
import os
import subprocess
import sys
import sysconfig

import pytest

import psoxide

KIB = 1024
FREE_THREADED = bool(sysconfig.get_config_var("Py_GIL_DISABLED"))
TICKS = os.sysconf("SC_CLK_TCK")
NOT_ROOT = pytest.mark.skipif(os.getuid() == 0, reason="needs an ordinary user: root may read and signal everything")


@pytest.fixture
def proc(tmp_path, monkeypatch):
    """Writes files of a /proc and has psoxide read it."""

    def write(**files):
        for name, content in files.items():
            path = tmp_path / name.replace("__", "/").replace("_dot_", ".")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        monkeypatch.setattr(psoxide, "PROCFS_PATH", str(tmp_path))
        return tmp_path

    return write


def stat(pid=7, comm="fixture", status="S", **fields):
    """A line of /proc/PID/stat; proc(5) numbers the fields from 1."""
    names = {"ppid": 4, "tty_nr": 7, "utime": 14, "stime": 15, "cutime": 16, "cstime": 17, "num_threads": 20, "starttime": 22,
             "processor": 39, "blkio": 42}  # fmt: skip
    line = [str(pid), f"({comm})", status, *["0"] * 49]
    for name, value in fields.items():
        line[names[name] - 1] = str(value)
    return " ".join(line) + "\n"


def test_limits_of_a_zombie(zombie, monkeypatch):
    """Some kernels answer ENOSYS."""

    def refuse(self, number):
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))

    monkeypatch.setattr(psoxide._pslinux.Process, "limit", refuse, raising=False)
    with pytest.raises(psoxide.ZombieProcess):
        psoxide.Process(zombie).rlimit(psoxide.RLIMIT_NOFILE)
    with pytest.raises(OSError, match=os.strerror(errno.ENOSYS)):
        psoxide.Process().rlimit(psoxide.RLIMIT_NOFILE)


# Memory


def test_memory_in_full(proc):
    fields = {"MemTotal": 8000, "MemFree": 1000, "MemAvailable": 3000, "Buffers": 50, "Cached": 600, "SwapCached": 7,
              "Active": 900, "Inactive": 800, "Shmem": 70, "Slab": 60, "SReclaimable": 40}  # fmt: skip
    proc(meminfo="".join(f"{name}: {value} kB\n" for name, value in fields.items()))
    memory = psoxide.virtual_memory()
    assert memory == psoxide.virtual_memory().__class__(
        total=8000 * KIB, available=3000 * KIB, percent=62.5, used=5000 * KIB, free=1000 * KIB, active=900 * KIB,
        inactive=800 * KIB, buffers=50 * KIB, cached=640 * KIB, shared=70 * KIB, slab=60 * KIB,
    )  # fmt: skip


def test_missing_memory_is_zero_and_said_once(proc, recwarn):
    proc(meminfo="MemTotal: 8000 kB\nMemFree: 1000 kB\nMemAvailable: -1 kB\nSReclaimable: 40 kB\n")
    memory = psoxide.virtual_memory()
    assert (memory.buffers, memory.cached, memory.shared, memory.active, memory.inactive, memory.available) == (0,) * 6
    [warning] = recwarn
    assert warning.category is RuntimeWarning
    for name in ("buffers", "cached", "shared", "active", "inactive", "available"):
        assert name in str(warning.message)
    assert str(warning.message).endswith("memory stats couldn't be determined and were set to 0")


@pytest.mark.parametrize("meminfo", ["Inactive(file): 300 kB\nActive(file): 200 kB\nSReclaimable: 40 kB\n", ""])
def test_available_memory_without_watermarks(proc, meminfo):
    """Neither MemAvailable nor zoneinfo, or not even what would be added to them."""
    common = "MemTotal: 8000 kB\nMemFree: 1000 kB\nBuffers: 5 kB\nCached: 600 kB\nActive: 900 kB\nShmem: 70 kB\n"
    proc(meminfo=common + meminfo)
    with pytest.warns(RuntimeWarning, match="inactive memory stats couldn't be determined and was set to 0"):
        assert psoxide.virtual_memory().available == 1600 * KIB


MEMINFO_WITH_SWAP = "MemTotal: 8000 kB\nMemFree: 1 kB\nSwapTotal: 400 kB\nSwapFree: 100 kB\n"


@pytest.mark.parametrize("vmstat", [{}, {"vmstat": "pgpgin 1\npgpgout 2\n"}])
def test_swapping_that_no_vmstat_tells(proc, vmstat):
    proc(meminfo=MEMINFO_WITH_SWAP, **vmstat)
    with pytest.warns(RuntimeWarning, match="'sin' and 'sout' swap memory stats couldn't be determined") as warned:
        swap = psoxide.swap_memory()
    assert len(warned) == 1
    assert (swap.total, swap.used, swap.percent, swap.sin, swap.sout) == (400 * KIB, 300 * KIB, 75.0, 0, 0)


def test_swap_that_meminfo_does_not_tell(proc):
    """Then the kernel itself is asked, which knows what /proc/meminfo knows."""
    here = psoxide.swap_memory()
    proc(meminfo="MemTotal: 8000 kB\nMemFree: 1 kB\n", vmstat="pswpin 3\npswpout 4\n")
    swap = psoxide.swap_memory()
    assert swap.total == here.total
    assert (swap.sin, swap.sout) == (3 * 4 * KIB, 4 * 4 * KIB)


# The machine


def test_boot_time_that_stat_does_not_tell(proc):
    proc(stat="cpu 1 2 3 4\nctxt 5\n")
    with pytest.raises(RuntimeError, match="btime"):
        psoxide.boot_time()


def test_a_counter_that_goes_back_has_not_moved(proc):
    def cpus(*times):
        lines = [f"{name} " + " ".join(map(str, times)) for name in ("cpu", "cpu0", "cpu1")]
        return "\n".join(lines) + "\n"

    percentages = (psoxide.cpu_percent, psoxide.cpu_times_percent)
    proc(stat=cpus(0, 0, 0, 0, 0, 0, 0, 900, 0, 0))
    for function in percentages:
        function(), function(percpu=True)
    proc(stat=cpus(900, 0, 0, 0, 0, 0, 0, 0, 0, 0))
    times = psoxide.cpu_times_percent()
    assert times.steal == 0 and times.user > 0
    assert psoxide.cpu_percent() > 0
    for times in psoxide.cpu_times_percent(percpu=True):
        assert times.steal == 0 and times.user > 0
    assert all(percent > 0 for percent in psoxide.cpu_percent(percpu=True))


def test_a_proc_that_comes_later(tmp_path, monkeypatch):
    monkeypatch.setattr(psoxide, "PROCFS_PATH", str(tmp_path))
    for function in (psoxide.cpu_times, psoxide.cpu_percent, psoxide.cpu_times_percent):
        for percpu in (False, True):
            with pytest.raises(OSError):
                function(percpu=percpu)
    (tmp_path / "stat").write_text("cpu 0 0 0 0 0 0 0 0 0 0\ncpu0 0 0 0 0 0 0 0 0 0 0\n")
    psoxide.cpu_percent(), psoxide.cpu_percent(percpu=True)
    (tmp_path / "stat").write_text("cpu 500 0 0 0 0 0 0 0 0 0\ncpu0 500 0 0 0 0 0 0 0 0 0\n")
    assert psoxide.cpu_percent() == 100.0
    assert psoxide.cpu_percent(percpu=True) == [100.0]


def test_mounts_that_cannot_be_read(proc):
    proc(filesystems="nodev\tproc\n\text4\n")
    with pytest.raises(FileNotFoundError):
        psoxide.disk_partitions()


def test_the_root_device_is_named():
    """The kernel says /dev/root where it mounted the root itself."""
    for partition in psoxide.disk_partitions(all=True):
        assert partition.device not in ("/dev/root", "rootfs") or not os.path.exists("/proc/partitions")


def test_a_malformed_unix_socket(proc):
    header = "Num       RefCount Protocol Flags    Type St Inode Path\n"
    proc(self__net__unix=header + "0: 3 0 0 1\n", net__unix=header + "0: 3 0 0 1\n")
    with pytest.raises(RuntimeError):
        psoxide.net_connections(kind="unix")


# Processes


def test_stat_in_full(proc):
    fields = {"ppid": 1, "utime": 250, "stime": 350, "cutime": 450, "cstime": 550, "starttime": 650, "processor": 6,
              "blkio": 750}  # fmt: skip
    proc(stat="btime 1000000\n", **{"7__stat": stat(7, "cat", "Z", **fields)})
    process = psoxide.Process(7)
    assert (process.name(), process.status(), process.ppid(), process.cpu_num()) == ("cat", psoxide.STATUS_ZOMBIE, 1, 6)
    assert process.create_time() == 1000000 + 650 / TICKS
    times = process.cpu_times()
    assert times == (250 / TICKS, 350 / TICKS, 450 / TICKS, 550 / TICKS, 750 / TICKS)


def test_status_in_full(proc):
    status = (
        "Name:\tfixture\nState:\tS (sleeping)\nTgid:\t7\nPid:\t7\nPPid:\t1\nUid:\t54321\t1001\t1002\t1003\nGid:\t2000\t2001\t2002\t2003\nThreads:\t66\n"
        "Cpus_allowed_list:\t0-7\nvoluntary_ctxt_switches:\t12\nnonvoluntary_ctxt_switches:\t13\n"
    )
    proc(**{"7__stat": stat(num_threads=66), "7__status": status})
    process = psoxide.Process(7)
    assert process.num_ctx_switches() == (12, 13)
    assert process.num_threads() == 66
    assert process.uids() == (54321, 1001, 1002)
    assert process.gids() == (2000, 2001, 2002)
    assert process.username() == "54321", "a number is all that is known of a user without a name"


@pytest.mark.parametrize(
    ("cmdline", "expected"),
    [
        (b"one\0two\0", ["one", "two"]),
        (b"one\0two\0\0", ["one", "two", ""]),
        (b"one two ", ["one", "two"]),
        (b"one two  ", ["one", "two", ""]),
        (b"one two\0", ["one", "two"]),
        (b"", []),
    ],
)
def test_command_lines(proc, cmdline, expected):
    proc(**{"7__stat": stat(), "7__cmdline": cmdline})
    assert psoxide.Process(7).cmdline() == expected


def test_links_that_are_not_there(proc):
    proc(**{"7__stat": stat(), "7__cmdline": ""})
    process = psoxide.Process(7)
    assert (process.exe(), process.cwd()) == ("", "")


def test_links_to_what_was_deleted(proc):
    root = proc(**{"7__stat": stat()})
    for link in ("exe", "cwd"):
        (root / "7" / link).symlink_to("/nonexistent/it (deleted)")
    process = psoxide.Process(7)
    assert (process.exe(), process.cwd()) == ("/nonexistent/it",) * 2


def test_no_smaps_is_a_missing_file(proc):
    proc(**{"7__stat": stat()})
    with pytest.raises(FileNotFoundError):
        psoxide.Process(7).memory_maps()


def test_no_statm_and_no_process(proc):
    root = proc(**{"7__stat": stat()})
    process = psoxide.Process(7)
    (root / "7" / "stat").unlink()
    (root / "7").rmdir()
    with pytest.raises(psoxide.NoSuchProcess):
        process.memory_info()


SMAPS = """{range} rw-p 00000000 00:00 0 {path}
Size: {size} kB
Rss: 2 kB
Pss: 3 kB
Shared_Clean: 4 kB
Shared_Dirty: 5 kB
Private_Clean: 6 kB
Private_Dirty: 7 kB
Referenced: 8 kB
Anonymous: 9 kB
Shared_Hugetlb: 10 kB
Private_Hugetlb: 11 kB
Swap: 12 kB
SwapPss: 13 kB
VmFlags: rd wr
"""


def test_smaps_are_summed(proc):
    one = SMAPS.format(range="10000-20000", path="/lib/one", size=64)
    two = SMAPS.format(range="20000-30000", path="", size=64)
    proc(**{"7__stat": stat(), "7__statm": "9 8 7 6 5 4 3\n", "7__smaps": one + two})
    process = psoxide.Process(7)
    memory = process.memory_full_info()
    assert (memory.uss, memory.pss, memory.swap) == (2 * (6 + 7 + 11) * KIB, 2 * 3 * KIB, 2 * 12 * KIB)
    maps = process.memory_maps(grouped=False)
    assert [entry.path for entry in maps] == ["/lib/one", "[anon]"]
    assert sum(entry.pss for entry in maps) == memory.pss
    assert sum(entry.swap for entry in maps) == memory.swap
    assert sum(entry.rss for entry in maps) == 2 * 2 * KIB


def test_a_terminal_that_is_none_of_the_machine_s(proc):
    proc(**{"7__stat": stat(tty_nr=0x7FF00FF)})
    assert psoxide.Process(7).terminal() is None


def test_a_thread_that_vanishes(proc):
    root = proc(**{"7__stat": stat(), "7__task__7__stat": stat(7, utime=5)})
    (root / "7" / "task" / "8").mkdir()
    assert [thread.id for thread in psoxide.Process(7).threads()] == [7]


@NOT_ROOT
def test_a_thread_that_is_refused(proc):
    root = proc(**{"7__stat": stat(), "7__task__7__stat": stat(7)})
    (root / "7" / "task" / "7" / "stat").chmod(0)
    with pytest.raises(psoxide.AccessDenied):
        psoxide.Process(7).threads()


def test_open_files_that_vanish(proc):
    root = proc(**{"7__stat": stat(), "7__fdinfo__3": "pos:\t9\nflags:\t0100000\n"})
    (root / "7" / "fd").mkdir()
    here = root / "here"
    here.write_text("")
    (root / "7" / "fd" / "3").symlink_to(here)
    (root / "7" / "fd" / "4").symlink_to(here)  # without an fdinfo by now
    (root / "7" / "fd" / "5").write_text("")  # no link
    files = psoxide.Process(7).open_files()
    assert [(file.path, file.fd, file.position) for file in files] == [(str(here), 3, 9)]


def test_a_path_that_is_too_long(tmp_path):
    """The kernel refuses to tell it: the file is left out, and nothing else is."""
    program = """
import os, socket, sys, psoxide
os.chdir(sys.argv[1])
for _ in range(20):
    os.mkdir("d" * 250); os.chdir("d" * 250)
deep = os.open("file", os.O_CREAT | os.O_RDWR)
try:
    os.readlink(f"/proc/self/fd/{deep}")
except OSError as error:
    pass
else:
    raise SystemExit("the path is short")
socket.create_server(("127.0.0.1", 0))
kept = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); kept.bind(("127.0.0.1", 0))
process = psoxide.Process()
assert deep not in [file.fd for file in process.open_files()]
assert [found.fd for found in process.net_connections("udp4")] == [kept.fileno()]
"""
    done = subprocess.run([sys.executable, "-c", program, tmp_path], capture_output=True, text=True, check=False)
    subprocess.run(["rm", "-rf", tmp_path / ("d" * 250)], check=True)  # deeper than a path can say
    assert done.returncode == 0, done.stderr


def test_no_cpus_means_all_of_them(sleeper):
    process = psoxide.Process(sleeper().pid)
    every = process.cpu_affinity()
    process.cpu_affinity(every[:1])
    process.cpu_affinity([])
    assert process.cpu_affinity() == every


@NOT_ROOT
def test_a_signal_that_is_refused():
    with pytest.raises(psoxide.AccessDenied):
        psoxide.Process(1).terminate()


def test_a_signal_to_what_is_gone(sleeper):
    child = sleeper()
    process = psoxide.Process(child.pid)
    child.kill()
    child.wait()
    with pytest.raises(psoxide.NoSuchProcess):
        process.terminate()


@pytest.mark.parametrize("ioclass", [-1, 9])
def test_an_io_class_that_is_none(sleeper, ioclass):
    with pytest.raises((OSError, ValueError)):
        psoxide.Process(sleeper().pid).ionice(ioclass)


# The package


def test_readings_do_not_leak():
    """Of allocations that are made in Rust: those of Python are seen too, as they come from malloc here."""
    program = """
import gc, psoxide
process = psoxide.Process()
names = sorted(psoxide.Process.attrs - {"memory_maps"})
system = [psoxide.cpu_times, psoxide.virtual_memory, psoxide.swap_memory, psoxide.disk_partitions, psoxide.net_if_addrs,
          psoxide.net_if_stats, psoxide.net_io_counters, psoxide.disk_io_counters, psoxide.users,
          psoxide.cpu_stats, psoxide.cpu_freq, psoxide.pids, psoxide.boot_time]

def refused():
    for bad in (lambda: process.ionice(-1), lambda: psoxide.Process(2**30), lambda: process.cpu_affinity([9999])):
        try:
            bad()
        except (OSError, ValueError, psoxide.Error):
            pass

readings = {name: lambda name=name: process.as_dict([name]) for name in names}
for name, work in {**readings, "refused": refused, **{function.__name__: function for function in system}}.items():
    # What is kept, or lies scattered, grows at first and not with the calls: in the end less than half an object for each.
    for _ in range(10):
        before = psoxide.heap_info().heap_used
        for _ in range(500):
            work()
        gc.collect()  # Python keeps tuples for the next ones until then
        grown = psoxide.heap_info().heap_used - before
        if grown < 500 * 16:
            break
    else:
        raise SystemExit(f"{name}: {grown} bytes in 500 calls")
"""
    # A free-threaded Python has but an allocator of its own.
    environ = {**os.environ} if FREE_THREADED else {**os.environ, "PYTHONMALLOC": "malloc"}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, env=environ)
    assert done.returncode == 0, done.stderr


def test_the_package_says_which_python_it_needs():
    assert importlib.metadata.metadata("psoxide")["Requires-Python"] == ">=3.9"
