"""Process: identity, caching, and what programs do to the class."""

import abc
import copy
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
import weakref

import pytest

import psoxide


def test_identity(sleeper):
    child = sleeper()
    one, two = psoxide.Process(child.pid), psoxide.Process(child.pid)
    assert one == two and hash(one) == hash(two) and one != psoxide.Process()
    assert one != child.pid and (one == object()) is False
    assert one._ident == (child.pid, one._proc.create_time(monotonic=True))
    with pytest.raises(TypeError):
        one < two  # noqa: B015


def test_instances_are_ordinary_objects():
    class Mixin(abc.ABC):  # noqa: B024
        pass

    class Mine(Mixin, psoxide.Process):
        pass

    process = Mine()
    process.note = "kept"
    assert weakref.ref(process)() is process
    shallow = copy.copy(process)
    assert type(shallow) is Mine and shallow.note == "kept" and shallow == process
    assert shallow.name() == process.name()
    for dump in (pickle.dumps, copy.deepcopy):
        with pytest.raises(TypeError, match="cannot pickle '_thread.RLock' object"):
            dump(process)
    assert repr(process).startswith(f"{__name__}.Mine(pid={os.getpid()}, name=")


def test_a_program_may_call_init_itself():
    process = psoxide.Process.__new__(psoxide.Process)
    process._init(2**31 - 1, _ignore_nsp=True)
    assert process._gone and not process.is_running()
    with pytest.raises(psoxide.NoSuchProcess):
        process.name()


def test_repr_tells_what_is_known(sleeper):
    child = sleeper()
    process = psoxide.Process(child.pid)
    assert "started" not in repr(process)
    process.create_time()
    assert "started='" in repr(process) and str(process) == repr(process)
    process.kill()
    process.wait()
    assert "status='terminated'" in repr(process)
    assert "exitcode=<Negsignal.SIGKILL: -9>" in repr(process)


def test_oneshot_reads_once_and_nests(monkeypatch):
    process = psoxide.Process()
    calls = []
    original = psoxide._pslinux.Process.cpu_times

    def counted(self):
        calls.append(1)
        return original(self)

    monkeypatch.setattr(psoxide._pslinux.Process, "cpu_times", counted)
    with process.oneshot():
        first = process.cpu_times()
        with process.oneshot():
            assert process.cpu_times() is first
        assert process.cpu_times() is first
    assert len(calls) == 1
    process.cpu_times()
    assert len(calls) == 2


def test_oneshot_keeps_what_it_read(tmp_path, monkeypatch):
    root = proc(tmp_path, {"1": {"stat": stat(1, "first")}})
    monkeypatch.setattr(psoxide, "PROCFS_PATH", root)
    process = psoxide.Process(1)
    with process.oneshot():
        assert process.name() == "first"
        proc(tmp_path, {"1": {"stat": stat(1, "second")}})
        assert process.name() == "first"
    assert process.name() == "second"


def test_oneshot_holds_other_threads():
    process = psoxide.Process()
    order = []
    entered = threading.Event()

    def other():
        entered.set()
        with process.oneshot():
            order.append("other")

    with process.oneshot():
        thread = threading.Thread(target=other)
        thread.start()
        entered.wait()
        thread.join(0.05)
        order.append("first")
    thread.join()
    assert order == ["first", "other"]


def test_threads_read_one_process_at_once():
    process = psoxide.Process()
    failures = []

    def work():
        try:
            for _ in range(200):
                with process.oneshot():
                    assert process.name() and process.memory_info().rss > 0
                process.as_dict(["name", "cpu_percent", "cmdline"])
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures


def test_as_dict_names():
    process = psoxide.Process()
    assert process.as_dict(["pid", "name", "pid"]) == {"pid": os.getpid(), "name": process.name()}
    everything = process.as_dict()
    assert everything.keys() == psoxide._as_dict_attrnames == process.as_dict(attrs=[]).keys()
    assert psoxide.Process.attrs == everything.keys() - {"memory_full_info"} | {
        "memory_footprint",
        "memory_info_ex",
        "page_faults",
    }
    with pytest.raises(ValueError, match="invalid attr name 'foo'"):
        process.as_dict(["foo"])
    with pytest.raises(ValueError, match="invalid attr names 'bar', 'foo'"):
        process.as_dict(["foo", "bar"])
    with pytest.raises(TypeError, match="invalid attrs type"):
        process.as_dict("name")


def test_as_dict_answers_as_the_getters_do():
    process = psoxide.Process()
    names = ["cmdline", "create_time", "cwd", "gids", "name", "nice", "ppid", "status", "terminal", "uids", "username"]
    together = process.as_dict(names)
    assert list(together) == names
    for name in names:
        alone = getattr(process, name)()
        assert (together[name], type(together[name])) == (alone, type(alone))


def test_what_is_replaced_is_seen(monkeypatch):
    monkeypatch.setattr(psoxide.Process, "name", lambda self: "replaced")
    assert psoxide.Process().as_dict(["name", "ppid"])["name"] == "replaced"
    assert {p.info["name"] for p in psoxide.process_iter(["name"])} == {"replaced"}
    monkeypatch.undo()

    class Mine(psoxide.Process):
        def name(self):
            return "mine"

    assert Mine().as_dict(["name"]) == {"name": "mine"}
    monkeypatch.setattr(psoxide, "Process", Mine)
    psoxide.process_iter.cache_clear()
    assert all(type(p) is Mine and p.info["name"] == "mine" for p in psoxide.process_iter(["name"]))
    monkeypatch.undo()
    psoxide.process_iter.cache_clear()
    process = psoxide.Process()
    process.name = lambda: "this one"
    assert process.as_dict(["name"]) == {"name": "this one"}
    monkeypatch.setattr(psoxide, "pids", lambda: [os.getpid()])
    assert [p.pid for p in psoxide.process_iter()] == [os.getpid()]


def test_refused_values(monkeypatch):
    def refuse(self):
        raise psoxide.AccessDenied(self.pid)

    monkeypatch.setattr(psoxide._pslinux.Process, "memory_info", refuse)
    process = psoxide.Process()
    assert process.as_dict(["memory_info"], ad_value=-1) == {"memory_info": -1}
    for process in psoxide.process_iter(["memory_info"], ad_value="no"):
        assert process.info == {"memory_info": "no"}


def test_process_iter_gives_the_same_instances(sleeper):
    child = sleeper()
    psoxide.process_iter.cache_clear()
    first = {p.pid: p for p in psoxide.process_iter()}
    assert list(first) == sorted(first) and child.pid in first
    first[child.pid].info = {"mine": 1}
    second = {p.pid: p for p in psoxide.process_iter()}
    assert second[child.pid] is first[child.pid] and second[child.pid].info == {"mine": 1}
    iterator = psoxide.process_iter()
    next(iterator)
    iterator.close()
    assert child.pid in psoxide._pmap, "those that were not come to are remembered too"
    child.kill()
    child.wait()
    assert child.pid not in {p.pid for p in psoxide.process_iter()} and child.pid not in psoxide._pmap
    psoxide.process_iter.cache_clear()
    assert not psoxide._pmap


def test_process_iter_goes_by_pid(monkeypatch, sleeper):
    pids = sorted([os.getpid(), sleeper().pid])
    lowest = psoxide.pids()[0]
    # Another order in what is known, one that is gone, and pids that are listed twice and in no order.
    mine, gone = psoxide.Process(), object()
    monkeypatch.setattr(psoxide, "_pmap", {0x7FFFFFFF: gone, mine.pid: mine, 0: gone})
    monkeypatch.setattr(psoxide, "pids", lambda: [*reversed(pids), *pids])
    found = list(psoxide.process_iter())
    assert [p.pid for p in found] == pids and mine in found and mine is found[pids.index(mine.pid)]
    assert sorted(psoxide._pmap) == pids and gone not in psoxide._pmap.values()
    assert psoxide._first == lowest
    assert list(map(id, psoxide.process_iter())) == list(map(id, found)) and list(psoxide._pmap) == pids


def test_process_iter_refuses_unknown_names_when_it_starts():
    iterator = psoxide.process_iter(["foo"])
    with pytest.raises(ValueError, match="foo"):
        next(iterator)


def test_process_iter_in_threads():
    failures = []

    def work():
        try:
            for _ in range(5):
                assert os.getpid() in {p.info["pid"] for p in psoxide.process_iter(["pid", "name"])}
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures


def test_a_taken_pid_is_not_signalled_nor_changed(sleeper):
    child = sleeper()
    process = psoxide.Process(child.pid)
    process._ident = (process.pid, process._ident[1] + 100)
    for change in (process.kill, process.terminate, lambda: process.nice(5), process.ppid, process.children):
        with pytest.raises(psoxide.NoSuchProcess, match="its PID has been reused"):
            change()
    assert child.poll() is None
    assert not process.is_running() and "terminated + PID reused" in repr(process)


def test_parents_and_children(sleeper):
    child = sleeper()
    me, process = psoxide.Process(), psoxide.Process(child.pid)
    assert process in me.children() and process in me.children(recursive=True)
    assert process.parent() == me and process.parents()[0] == me
    assert process.ppid() == os.getpid()
    assert psoxide.Process(psoxide.pids()[0]).parent() is None


def test_the_clock_may_be_set_between_parent_and_child(sleeper):
    process = psoxide.Process(sleeper().pid)
    process.create_time()
    process._create_time = 1
    assert process.parent() == psoxide.Process()


def test_the_command_line_of_what_has_just_begun(sleeper):
    for _ in range(50):
        assert psoxide.Process(sleeper("sleep", "600").pid).cmdline() == ["sleep", "600"]


def test_names_that_are_not_utf8(tmp_path):
    program = os.path.join(os.fsencode(tmp_path), b"caf\xe9")
    os.symlink(sys.executable, program)
    child = subprocess.Popen([program, "-c", "input()", b"\xff"], stdin=subprocess.PIPE, env={b"K\xfe": b"v\xfd"})
    try:
        process = psoxide.Process(child.pid)
        while process.cmdline()[-1:] != ["\udcff"]:  # exec may be under way still
            pass
        assert process.name() == "caf\udce9"
        assert process.environ()["K\udcfe"] == "v\udcfd"
        assert os.fsencode(process.cmdline()[0]) == program
    finally:
        child.communicate()


def test_a_program_that_has_just_started_has_its_arguments(sleeper):
    for _ in range(30):
        child = sleeper("/bin/sleep", "60")
        process = psoxide.Process(child.pid)
        assert process.cmdline() == ["/bin/sleep", "60"]
        assert process.environ()


def test_terminal():
    import pty

    pid, terminal = pty.fork()
    if pid == 0:
        os.write(1, os.fsencode(os.ttyname(0)))
        os.read(0, 1)
        os._exit(0)
    try:
        # It has its terminal by the time it says which.
        expected = os.fsdecode(os.read(terminal, 100))
        process = psoxide.Process(pid)
        for found in (process.terminal(), process.as_dict(["terminal"])["terminal"]):
            assert type(found) is str and found == expected
    finally:
        os.close(terminal)
        process.kill()
        os.waitpid(pid, 0)


def test_wait(sleeper):
    child = sleeper()
    process = psoxide.Process(child.pid)
    with pytest.raises(psoxide.TimeoutExpired) as caught:
        process.wait(0.01)
    assert (caught.value.seconds, caught.value.pid) == (0.01, child.pid)
    for wrong, error in (("1", TypeError), (-1, ValueError)):
        with pytest.raises(error):
            process.wait(wrong)
    process.terminate()
    assert process.wait() == -signal.SIGTERM == process.wait()
    assert repr(process.wait()) == "<Negsignal.SIGTERM: -15>"
    assert psoxide.Process(os.getppid()).is_running()
    with pytest.raises(psoxide.TimeoutExpired):
        psoxide.Process(os.getppid()).wait(0)


def test_signal_handlers_run_during_wait(sleeper):
    child = sleeper()
    seen = []
    before = signal.signal(signal.SIGALRM, lambda *_: (seen.append(1), child.kill()))
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        assert psoxide.Process(child.pid).wait() == -signal.SIGKILL
    finally:
        signal.signal(signal.SIGALRM, before)
    assert seen == [1]


def test_wait_procs(sleeper):
    processes = [psoxide.Process(sleeper().pid) for _ in range(3)]
    told = []
    gone, alive = psoxide.wait_procs(processes, timeout=0.01, callback=told.append)
    assert gone == [] and set(alive) == set(processes) and told == []
    for process in processes[:2]:
        process.kill()
    gone, alive = psoxide.wait_procs(processes, timeout=0.5, callback=told.append)
    assert set(gone) == set(told) == set(processes[:2]) and alive == processes[2:]
    assert {process.returncode for process in gone} == {-signal.SIGKILL}
    with pytest.raises(ValueError, match="timeout must be a positive integer, got -1"):
        psoxide.wait_procs(processes, timeout=-1)
    with pytest.raises(TypeError, match="callback 1 is not a callable"):
        psoxide.wait_procs(processes, callback=1)


def test_popen():
    with psoxide.Popen([sys.executable, "-c", "print(input())"], stdin=-1, stdout=-1, text=True) as process:
        assert process.is_running() and process.name()
        assert process.communicate("said")[0] == "said\n"
    assert process.wait() == 0 == process.returncode and process.args[0] == sys.executable
    assert "communicate" in dir(process) and "memory_info" in dir(process)
    with pytest.raises(AttributeError, match=r"<class 'psoxide\.Popen'> has no attribute 'foo'"):
        process.foo  # noqa: B018
    with pytest.raises(psoxide.NoSuchProcess):
        process.terminate()
    with pytest.raises(FileNotFoundError):
        psoxide.Popen(["/no/such/program"])


def test_deprecated_method():
    with pytest.warns(DeprecationWarning, match="connections"):
        assert psoxide.Process().connections("unix") is not None


def test_cpu_percent():
    process = psoxide.Process()
    assert process.cpu_percent() == 0.0
    end = os.times().user + 0.1
    while os.times().user < end:
        pass
    busy = process.cpu_percent()
    assert isinstance(busy, float) and busy > 0
    assert isinstance(process.cpu_percent(interval=0.01), float)
    with pytest.raises(ValueError, match="interval is not positive"):
        process.cpu_percent(-1)


def test_memory_percent():
    psoxide.virtual_memory()  # of this machine, whatever other tests have read
    process = psoxide.Process()
    assert 0 < process.memory_percent() < 100
    for name in ("rss", "uss", "peak_rss"):
        assert process.memory_percent(name) > 0
    with pytest.raises(ValueError, match="invalid memtype 'foo'"):
        process.memory_percent("foo")


def test_additions_of_psutil_8():
    process = psoxide.Process()
    assert process.memory_footprint().uss > 0
    detailed = process.memory_info_ex()
    assert detailed.peak_rss >= detailed.rss > 0 and detailed._fields[:5] == ("rss", "vms", "shared", "text", "data")
    assert process.page_faults().minor > 0


def test_what_changes_a_process(sleeper):
    process = psoxide.Process(sleeper().pid)
    process.nice(process.nice() + 1)
    before = process.cpu_affinity()
    process.cpu_affinity(before[:1])
    assert process.cpu_affinity() == before[:1]
    process.cpu_affinity([])
    with pytest.raises(ValueError, match="invalid CPU 100000"):
        process.cpu_affinity([100000])
    with pytest.raises(TypeError):
        process.cpu_affinity(1)
    process.ionice(psoxide.IOPRIO_CLASS_BE, 5)
    assert process.ionice() == (psoxide.IOPRIO_CLASS_BE, 5)
    with pytest.raises(ValueError, match="ioclass accepts no value"):
        process.ionice(psoxide.IOPRIO_CLASS_IDLE, 3)
    with pytest.raises(ValueError, match="value not in 0-7 range"):
        process.ionice(psoxide.IOPRIO_CLASS_BE, 9)
    with pytest.raises(ValueError, match="'ioclass' argument must be specified"):
        process.ionice(value=1)
    soft, hard = process.rlimit(psoxide.RLIMIT_NOFILE)
    process.rlimit(psoxide.RLIMIT_NOFILE, (soft - 1, hard))
    assert process.rlimit(psoxide.RLIMIT_NOFILE) == (soft - 1, hard)
    with pytest.raises(ValueError):
        process.rlimit(psoxide.RLIMIT_NOFILE, (1, 2, 3))
    process.suspend()
    while process.status() != psoxide.STATUS_STOPPED:
        pass  # each of its threads stops when it next runs
    process.resume()
    while process.status() == psoxide.STATUS_STOPPED:
        pass


def stat(pid, comm, starttime=100):
    """A line of /proc/PID/stat."""
    fields = [f"{pid}", f"({comm})", "S", *["0"] * 18, str(starttime), *["0"] * 30]
    fields[3] = "1"
    return " ".join(fields) + "\n"


def proc(folder, processes):
    """A /proc of files, as PROCFS_PATH takes it."""
    for pid, files in processes.items():
        (folder / pid).mkdir(exist_ok=True)
        for name, text in files.items():
            (folder / pid / name).write_text(text)
    return str(folder)


def test_procfs_path(tmp_path, monkeypatch):
    root = proc(tmp_path, {"1": {"stat": stat(1, "init")}, "77": {"stat": stat(77, "a) (b", 250), "cmdline": "x\0y\0"}})
    here = psoxide.Process()
    monkeypatch.setattr(psoxide, "PROCFS_PATH", root)
    assert psoxide.pids() == [1, 77]
    other = psoxide.Process(77)
    assert (other.name(), other.cmdline(), other.ppid()) == ("a) (b", ["x", "y"], 1)
    assert here.name(), "a process keeps the /proc it was born with"
    with pytest.raises(OSError):
        psoxide.virtual_memory()
    monkeypatch.undo()
    assert other.name() == "a) (b"
    assert os.getpid() in psoxide.pids()


def test_debug_output(python):
    out = python("import sys; sys.stderr = sys.stdout; import psoxide; psoxide._set_debug(True); psoxide.debug('said')")
    assert out.startswith("psutil-debug [") and out.endswith("]> said\n")


def test_a_replaced_ppid_map_is_used(monkeypatch, sleeper):
    one, two = sleeper("sleep", "600"), sleeper("sleep", "600")
    me = psoxide.Process()
    assert psoxide._ppid_map()[one.pid] == me.pid
    monkeypatch.setattr(psoxide, "_ppid_map", lambda: {one.pid: me.pid, two.pid: one.pid, 2**31 - 1: me.pid, 1: 1})
    assert [child.pid for child in me.children()] == [one.pid]
    assert [child.pid for child in me.children(recursive=True)] == [one.pid, two.pid]
    # A ring ends.
    monkeypatch.setattr(psoxide, "_ppid_map", lambda: {one.pid: two.pid, two.pid: one.pid})
    assert [child.pid for child in psoxide.Process(one.pid).children(recursive=True)] == [two.pid]


def test_affinity_beyond_any_cpu():
    for number in (-1, 99999, 2**40):
        with pytest.raises(ValueError, match=f"invalid CPU {number}; choose between"):
            psoxide.Process().cpu_affinity([number])
    with pytest.raises(OverflowError):
        psoxide.Process().cpu_affinity([2**70])


@pytest.mark.skipif(os.name == "nt", reason="needs a /proc to copy")
def test_num_fds_of_a_copied_tree(tmp_path, monkeypatch):
    root = proc(tmp_path, {"1": {"stat": stat(1, "first")}})
    (tmp_path / "1/fd").mkdir()
    for number in range(3):
        (tmp_path / f"1/fd/{number}").symlink_to("/dev/null")
    monkeypatch.setattr(psoxide, "PROCFS_PATH", root)
    assert psoxide.Process(1).num_fds() == 3


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere threads have no ids in the place of pids")
def test_a_thread_id_is_signalled_as_its_process():
    program = "import threading, time; threading.Thread(target=time.sleep, args=[600]).start(); print(1, flush=True)"
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as child:
        try:
            child.stdout.readline()
            (thread,) = {int(name) for name in os.listdir(f"/proc/{child.pid}/task")} - {child.pid}
            process, by_thread = psoxide.Process(child.pid), psoxide.Process(thread)
            by_thread.suspend()
            assert _comes_to(process, psoxide.STATUS_STOPPED)
            by_thread.resume()
            assert _comes_to(process, psoxide.STATUS_SLEEPING)
            by_thread.nice(5)
            by_thread.kill()
        finally:
            child.kill()
    assert child.returncode == -9


def _comes_to(process, status):
    deadline = time.monotonic() + 20
    while process.status() != status and time.monotonic() < deadline:
        time.sleep(0.01)
    return process.status() == status
