"""open_capture: the package over a machine that was copied, with the names that psutil has on its system."""

import ast
import json
import os
import sys

import pytest

import psoxide
from psoxide import _capture

HERE = os.path.dirname(os.path.abspath(__file__))
TESTDATA = os.environ.get("PSOXIDE_TESTDATA") or os.path.join(HERE, "..", "..", "..", "testdata")

# What psutil 7.2.2 has on each system.
with open(os.path.join(HERE, "contract.json"), encoding="utf-8") as file:
    CONTRACT = json.load(file)
# What psutil 8 adds, and psoxide.
ADDED = {
    "bytes2human", "ProcessStatus", "ConnectionStatus", "ProcessRlimit", "ProcessIOPriority", "NicDuplex", "BatteryTime",
    "set_backend", "open_capture", "close_capture",
}  # fmt: skip
ADDED_GETTERS = {"attrs", "memory_footprint", "memory_info_ex", "page_faults"}
SYSTEMS = ["freebsd", "openbsd", "netbsd", "macos", "sunos", "windows"]
# Functions that are not called without arguments.
NEED_ARGUMENTS = (
    "pid_exists", "wait_procs", "bytes2human", "disk_usage", "set_backend", "open_capture", "close_capture", "win_service_get",
)  # fmt: skip


def names(text):
    return set(text.split())


def opened(*parts):
    return psoxide.open_capture(os.path.join(TESTDATA, *parts))


@pytest.fixture(scope="module")
def linux():
    package = opened("linux", "cli-machine.txt")
    yield package
    psoxide.close_capture(package)


@pytest.mark.parametrize("system", SYSTEMS)
def test_the_package_has_the_names_of_psutil(system):
    package, contract = _capture.execute(system, None), CONTRACT[system]
    try:
        public = {name for name in dir(package) if not name.startswith("_") and type(getattr(package, name, None)) is not type(os)}
        assert public - ADDED == names(contract["package"]) - {"__version__"}
        assert set(package.__all__) - ADDED == names(contract["package"]) - {"debug"}
        methods = {name for name in dir(package.Process) if not name.startswith("_")}
        assert methods - ADDED_GETTERS == names(contract["process"])
        assert package._as_dict_attrnames - ADDED_GETTERS == names(contract["as_dict"])
        for name in package.__all__:
            getattr(package, name)
        flags = {name for name in ("LINUX", "WINDOWS", "MACOS", "FREEBSD", "OPENBSD", "NETBSD", "SUNOS") if getattr(package, name)}
        assert flags == {system.upper()} and package.BSD == system.endswith("bsd") and package.OSX == package.MACOS
        assert package.POSIX == (system != "windows") and not package.AIX
    finally:
        psoxide.close_capture(package)


@pytest.mark.parametrize("system", SYSTEMS)
def test_named_tuples_have_the_fields_of_psutil(system):
    package, contract = _capture.execute(system, None), CONTRACT[system]
    # psutil defines this tuple on every system, and fills it on Linux alone.
    absent = {"pionice", *(() if hasattr(package.Process, "memory_maps") else ("pmmap_ext", "pmmap_grouped"))}
    absent |= set() if hasattr(package, "heap_info") else {"pheap"}
    for name, fields in contract["tuples"].items():
        if name not in absent:
            assert " ".join(getattr(package._ntuples, name)._fields) == fields, name
    psoxide.close_capture(package)


def stub_names(body, platform, prefix=""):
    """The names that a stub defines on a platform, methods as `Process.name`."""
    found = set()
    for node in body:
        if isinstance(node, ast.If):
            chosen = eval(compile(ast.Expression(node.test), "stub", "eval"), {"sys": platform})
            found |= stub_names(node.body if chosen else node.orelse, platform, prefix)
        elif isinstance(node, ast.ClassDef):
            found |= {node.name} | (stub_names(node.body, platform, "Process.") if node.name == "Process" else set())
        elif isinstance(node, ast.FunctionDef):
            found.add(prefix + node.name)
        elif isinstance(node, ast.AnnAssign):
            # Those of a class are attributes of instances.
            found |= set() if prefix else {node.target.id}
        elif isinstance(node, (ast.ImportFrom, ast.Import)):
            found |= {alias.asname for alias in node.names if alias.asname and not prefix}
        elif isinstance(node, (ast.Assign, ast.AugAssign)):
            # __all__ has names that a runtime makes.
            found |= {"__all__." + item.value for item in getattr(node.value, "elts", ())}
    return found


@pytest.mark.parametrize(("system", "platform"), [("freebsd", "freebsd14"), ("openbsd", "openbsd7"), ("netbsd", "netbsd10"), ("macos", "darwin"), ("sunos", "sunos5")])
def test_the_stubs_have_the_names_of_psutil(system, platform):
    with open(os.path.join(os.path.dirname(psoxide.__file__), "__init__.pyi"), encoding="utf-8") as file:
        tree = ast.parse(file.read())
    found = stub_names(tree.body, type("sys", (), {"platform": platform, "version_info": sys.version_info}))
    exported = {name.removeprefix("__all__.") for name in found if name.startswith("__all__.")}
    assert exported - ADDED == names(CONTRACT[system]["package"]) - {"debug"}
    methods = {name.removeprefix("Process.") for name in found if name.startswith("Process.") and not name.startswith("Process._")}
    assert methods - ADDED_GETTERS == names(CONTRACT[system]["process"])


def test_numbers_of_freebsd():
    package = _capture.execute("freebsd", None)
    # sys/resource.h
    assert (package.RLIMIT_NOFILE, package.RLIMIT_AS, package.RLIMIT_SWAP, package.RLIM_INFINITY) == (8, 10, 12, 2**63 - 1)
    assert (package.AF_LINK, package._psplatform.SIGNALS["SIGSTOP"]) == (18, 17)
    psoxide.close_capture(package)


def test_a_linux_capture(linux):
    assert linux.LINUX and linux.PROCFS_PATH == "/proc"
    assert linux.pids() == sorted(linux.pids()) and os.getpid() not in linux.pids()
    process = linux.Process(512)
    assert process.name() == "server" and process in linux.process_iter()
    assert process.as_dict(["pid", "name", "nice"])["name"] == "server"
    assert linux.virtual_memory().total == 8192000000 != psoxide.virtual_memory().total
    assert linux.cpu_times()._fields == psoxide.cpu_times()._fields
    assert linux.getloadavg() != () and linux.boot_time() != psoxide.boot_time()
    assert isinstance(process, linux.Process) and not isinstance(process, psoxide.Process)


def test_what_needs_the_running_kernel_is_refused(linux):
    process = linux.Process(512)
    for call in (linux.heap_info, linux.heap_trim, lambda: linux.disk_usage("/"), process.kill, lambda: process.nice(1),
                 lambda: process.wait(0), process.ionice, lambda: process.cpu_affinity([0])):  # fmt: skip
        with pytest.raises(NotImplementedError):
            call()
    with pytest.raises(ValueError, match="a captured machine has no calling process"):
        linux.Process()


def test_exceptions_are_those_of_the_package(linux):
    assert linux.NoSuchProcess is psoxide.NoSuchProcess
    with pytest.raises(psoxide.NoSuchProcess):
        linux.Process(99999)


# What each recording holds; its truth.txt says what was alive.
RECORDINGS = {
    "freebsd": "12.1-amd64-recorded.txt.gz",
    "openbsd": "8.0-amd64-recorded.txt.gz",
    "netbsd": "10.99.12-amd64-recorded.txt.gz",
    "macos": "14.1-arm64-built.txt",
    "sunos": "5.11-i86pc-built.txt",
    "windows": "10.0.19043-amd64-wine-recorded.txt.gz",
}


@pytest.fixture(scope="module", params=RECORDINGS)
def recording(request):
    package = opened(request.param, RECORDINGS[request.param])
    yield package
    psoxide.close_capture(package)


# What a capture may answer with instead of a value: a question that was not recorded, and what only a running kernel has.
MISSING = "the capture does not hold the answer"


def answer(call):
    try:
        return call()
    except NotImplementedError:
        return None
    except RuntimeError as error:
        assert MISSING in str(error), error
        return None


def check_fields(value, tuples):
    """Named tuples in a value are those of the package, with all their fields."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            check_fields(item, tuples)
    elif hasattr(value, "_fields"):
        assert type(value) is getattr(tuples, type(value).__name__) and len(value) == len(value._fields), value


def test_what_a_bsd_does_not_count_is_0_as_in_psutil(recording):
    if not recording.BSD:
        # psutil's tuples have no such fields there. Windows counts the bytes.
        assert not hasattr(recording.virtual_memory(), "buffers")
        assert hasattr(recording.Process, "io_counters") == recording.WINDOWS
        return
    memory = recording.virtual_memory()
    assert isinstance(memory.buffers, int) and isinstance(memory.shared, int)
    counters = [answer(lambda pid=pid: recording.Process(pid).io_counters()) for pid in recording.pids()]
    counters = [io for io in counters if io is not None]
    assert counters and all((io.read_bytes, io.write_bytes) == (-1, -1) for io in counters)


def test_every_function_answers(recording):
    answered = set()
    for name in recording.__all__:
        function = getattr(recording, name)
        if callable(function) and not isinstance(function, type) and name not in NEED_ARGUMENTS:
            if name == "net_connections" and recording.MACOS:
                # The user of the capture is not root.
                with pytest.raises(recording.AccessDenied):
                    function()
                continue
            value = answer(lambda function=function: list(function()) if name == "process_iter" else function())
            check_fields(value, recording._ntuples)
            answered |= {name} if value is not None else set()
    assert answered >= names("boot_time cpu_count cpu_stats cpu_times cpu_percent virtual_memory swap_memory pids process_iter")
    # Windows keeps no load averages.
    assert ("getloadavg" in answered) == recording.POSIX
    total = recording.disk_io_counters(nowrap=False)
    each = recording.disk_io_counters(perdisk=True)
    assert (total is None) == (not each) and recording.net_io_counters(pernic=True)


def test_every_getter_answers(recording):
    getters = recording._as_dict_attrnames - {"pid"}
    answered = set()
    for process in recording.process_iter():
        for name in getters:
            try:
                value = answer(getattr(process, name))
            except (recording.AccessDenied, recording.NoSuchProcess):
                continue
            check_fields(value, recording._ntuples)
            answered |= {name} if value is not None else set()
            if name == "memory_maps" and value is not None:
                maps = process.memory_maps(grouped=False)
                check_fields(maps, recording._ntuples)
                assert sum(one.rss for one in maps) == sum(group.rss for group in value)
            if name == "io_counters" and value is not None:
                assert ((value.read_bytes, value.write_bytes) == (-1, -1)) == recording.BSD
    # Wine has no I/O priorities.
    assert getters - answered <= {"username", "terminal", "ionice"}


def test_rows_are_what_getters_answer(recording):
    # What does not change between the answers of a recording.
    attrs = ["pid", "ppid", "name", "create_time", "uids" if recording.POSIX else "num_threads"]
    rows = {process.pid: process.info for process in recording.process_iter(attrs)}
    assert list(rows) == recording.pids()
    compared = 0
    for process in recording.process_iter():
        row = rows[process.pid]
        for name in attrs[1:]:
            try:
                value = answer(getattr(process, name))
            except (recording.AccessDenied, recording.ZombieProcess):
                assert row[name] is None
                continue
            if value is not None:
                assert row[name] == value, (process.pid, name)
                compared += 1
    assert compared > 20
    if recording.WINDOWS:
        return
    init = recording.Process(1)
    assert init.name() == ("launchd" if recording.MACOS else "init") and init.ppid() == 0 and init in set(recording.process_iter())


def test_captures_do_not_mix():
    one, two = opened("linux", "cli-machine.txt"), opened("linux", "processes-with-odd-names.txt")
    assert one.pids() != two.pids() and one.Process is not two.Process
    psoxide.close_capture(one)
    assert two.Process(two.pids()[0]).name() and not [name for name in sys.modules if name.startswith(one.__name__)]
    psoxide.close_capture(two)
    with pytest.raises(ValueError, match="psoxide is no package of open_capture"):
        psoxide.close_capture(psoxide)


def test_what_is_no_capture(tmp_path):
    with pytest.raises(FileNotFoundError):
        psoxide.open_capture(tmp_path / "missing")
    (tmp_path / "text").write_text("hello")
    before = set(sys.modules)
    with pytest.raises((ValueError, RuntimeError)):
        psoxide.open_capture(str(tmp_path / "text"))
    assert {name for name in set(sys.modules) - before if "_capture" in name} == set()


def test_a_windows_capture():
    windows = opened("windows", RECORDINGS["windows"])
    probe = next(process for process in windows.process_iter() if process.name() == "probe.exe")
    assert probe.exe() == "C:\\probe\\probe.exe" and probe.cwd() == "C:\\probe"
    assert {child.name() for child in probe.children()} == {"probe.exe", "cmd.exe"}
    idle = [child for child in probe.children() if answer_of(child.nice) == windows.IDLE_PRIORITY_CLASS]
    assert len(idle) == 1 and idle[0].nice().name == "IDLE_PRIORITY_CLASS" and idle[0].cpu_affinity() == [0]
    refused = [child for child in probe.children() if answer_of(child.nice) is windows.AccessDenied]
    assert len(refused) == 1 and refused[0].memory_info().rss > 0
    assert probe.memory_info().peak_wset >= probe.memory_info().wset
    assert probe.environ() == {"SCRUBBED": "1"}
    listening = [c for c in probe.net_connections() if c.status == windows.CONN_LISTEN]
    assert listening and all(c.fd == -1 and c.raddr == () for c in listening)
    services = {service.name(): service for service in windows.win_service_iter()}
    assert services["RpcSs"].as_dict()["start_type"] == "manual" and windows.win_service_get("RpcSs") == services["RpcSs"]
    with pytest.raises(RuntimeError, match=MISSING):
        windows.win_service_get("no such service")
    for call in (probe.kill, probe.suspend, lambda: probe.nice(0x40), lambda: probe.wait(0), windows.heap_info):
        with pytest.raises(NotImplementedError):
            call()
    psoxide.close_capture(windows)


def test_a_sunos_capture():
    sunos = opened("sunos", RECORDINGS["sunos"])
    assert sunos.PROCFS_PATH == "/proc" and "PROCFS_PATH" in sunos.__all__
    server, refused, kernel = sunos.Process(700), sunos.Process(704), sunos.Process(0)
    # As ps(1) prints them: 20 is an ordinary process, and the class SYS has no nice values.
    assert (server.nice(), kernel.nice()) == (24, 0)
    assert [process.info["nice"] for process in sunos.process_iter(["nice"])][:2] == [0, 24]
    # Without `cred` the saved id is not known.
    assert refused.uids() == (102, 102, None) and refused.gids() == (112, 112, None)
    assert server.uids() == (90, 90, 0) and server.as_dict(["uids"])["uids"] == server.uids()
    assert refused.exe() == "" and refused.as_dict(["exe"])["exe"] == ""
    assert refused.cmdline() == ["/opt/averyverylongname", "--serve"]
    with pytest.raises(sunos.AccessDenied):
        sunos.Process(3).nice(1)
    # UNIX sockets of a process have a descriptor, those of the zone have none.
    unix = server.net_connections("unix")
    assert [(c.fd, c.family.name, c.type.name, c.laddr, c.raddr, c.status) for c in unix] == [
        (4, "AF_UNIX", "SOCK_STREAM", "/var/run/pg/.s.PGSQL.5432", "", sunos.CONN_NONE),
        (8, "AF_UNIX", "SOCK_STREAM", "", "", sunos.CONN_NONE),
    ]
    zone = sunos.net_connections("unix")
    assert len(zone) > 1 and all((c.fd, c.pid) == (-1, None) for c in zone)
    assert {c.status for c in sunos.net_connections("tcp")} >= {sunos.CONN_IDLE, sunos.CONN_BOUND, sunos.CONN_LISTEN}
    # What psutil does not have is not there.
    for name in ("containment", "abi", "zone", "project", "contract"):
        assert not hasattr(server, name)
    maps = server.memory_maps(grouped=False)
    assert maps[0]._fields == ("addr", "perms", "path", "rss", "anonymous", "locked")
    page = 4096
    assert [tuple(one) for one in maps] == [
        ("400000-440000", "r-x-", "/opt/pg/bin/postgres", 30 * page, 0, page),
        ("800000-840000", "rw--", "[heap]", 12 * page, 12 * page, page),
        ("900000-940000", "rw--", "[stack]", 2 * page, 2 * page, page),
        ("a00000-a40000", "rw-s", "[shmid]", 8 * page, 0, 8 * page),
        ("b00000-b40000", "rw--", "[anon]", page, page, page),
    ]
    # The C function of psutil names a local login.
    assert sunos.users() == [("anna", "pts/1", "example.org", 1700000500.0, 701)]
    assert server.threads()[1] == (2, 20.0, 0.002) and server.cpu_num() == 1
    psoxide.close_capture(sunos)


def test_a_copied_tree_of_sunos(tmp_path):
    def put(path, data):
        file = tmp_path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)

    # psinfo_t of a program with 64 bits: pid, parent, start, name, data model, and a thread that sleeps.
    info = bytearray(416)
    for place, value in ((4, 1), (8, 7), (12, 1), (88, 1700000000), (264, 3)):
        info[place : place + 4] = value.to_bytes(4, "little")
    info[136:140], info[152:158], info[256], info[288 + 25] = b"sshd", b"sshd\0\0", 2, 1
    put("proc/7/psinfo", bytes(info))
    put("proc/7/argv", b"/usr/lib/ssh/sshd\0-D\0")
    put("etc/mnttab", b"rpool/ROOT\t/\tzfs\trw\t1700000000\n")
    package = psoxide.open_capture(tmp_path)
    assert package.SUNOS and package.pids() == [7]
    process = package.Process(7)
    assert (process.name(), process.status(), process.create_time()) == ("sshd", "sleeping", 1700000000.0)
    assert process.cmdline() == ["/usr/lib/ssh/sshd", "-D"]
    assert package.disk_partitions()[0].fstype == "zfs"
    for call in (package.cpu_times, package.virtual_memory, process.uids, process.memory_maps):
        with pytest.raises(RuntimeError, match=MISSING):
            call()
    psoxide.close_capture(package)


def test_a_macos_capture():
    macos = opened("macos", RECORDINGS["macos"])
    # The library reads these, and psutil does not have them on macOS.
    assert not hasattr(macos, "sensors_temperatures") and not hasattr(macos, "sensors_fans")
    # A row for each descriptor: the second one was duplicated.
    assert [connection.fd for connection in macos.Process(503).net_connections()] == [7, 8]
    kernel = macos.Process(0)
    assert (kernel.num_fds(), kernel.open_files(), kernel.net_connections(), kernel.cmdline(), kernel.environ()) == (0, [], [], [], {})
    with pytest.raises(macos.AccessDenied):
        kernel.exe()
    assert macos.cpu_stats() == (0, 5790, 0, 0)
    assert macos.users() == [("me", "console", "localhost", 1700000060.0, 300)]
    swap = macos.swap_memory()
    assert (swap.sin, swap.sout) == (30 * 16384, 40 * 16384)
    psoxide.close_capture(macos)
    # The kernels of Intel count nothing.
    intel = opened("macos", "13.6-amd64-built.txt")
    assert intel.cpu_stats() == (0, 0, 0, 0)
    assert intel.net_connections("tcp6") and all(connection.pid == 700 for connection in intel.net_connections("tcp6"))
    psoxide.close_capture(intel)


def answer_of(call):
    """What a call returns, or the class of what it raises."""
    try:
        return call()
    except psoxide.Error as error:
        return type(error)
