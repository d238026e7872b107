"""A program that has lost its files: after chroot(2) or setuid(2), or with no file descriptor left."""

import os
import subprocess
import sys

import pytest

import psoxide

# How a program begins that will have no descriptor left. Its children write nowhere.
PRELUDE = """
import os, sys, psoxide
def fill():
    try:
        while True:
            os.dup(0)
    except OSError:
        return
nowhere = [(os.POSIX_SPAWN_OPEN, number, "/dev/null", os.O_RDWR, 0) for number in (1, 2)]
"""

# Every getter of a process and every function without parameters, or with those that lead to other code.
CALLS = """
def calls(psoxide):
    me = psoxide.Process()
    yield from ((name, getattr(me, name)) for name in sorted(psoxide.Process.attrs - {"pid"}))
    yield from ((name, getattr(psoxide, name)) for name in (
        "virtual_memory", "swap_memory", "cpu_times", "cpu_percent", "cpu_times_percent", "cpu_count", "cpu_stats",
        "cpu_freq", "getloadavg", "net_io_counters", "net_connections", "net_if_addrs", "net_if_stats", "users",
        "disk_io_counters", "disk_partitions", "boot_time", "sensors_temperatures", "sensors_fans", "sensors_battery",
        "heap_info", "heap_trim", "pids",
    ))
    yield "disk_usage", lambda: psoxide.disk_usage("/")
    yield "disk_usage(bytes)", lambda: psoxide.disk_usage(b"/")
    yield "net_connections('all')", lambda: psoxide.net_connections("all")
    yield "Process.net_connections('all')", lambda: me.net_connections("all")
    yield "rlimit", lambda: me.rlimit(psoxide.RLIMIT_NOFILE)
    yield "rlimit(set)", lambda: me.rlimit(psoxide.RLIMIT_CORE, (0, 0))
    yield "memory_maps(grouped=False)", lambda: me.memory_maps(grouped=False)
    yield "memory_full_info", me.memory_full_info
    yield "connections", me.connections
    yield "children", lambda: me.children(recursive=True)
    yield "parents", me.parents
    yield "as_dict", me.as_dict
    yield "process_iter", lambda: [p.info["name"] for p in psoxide.process_iter(["name"])]
    yield "repr", lambda: repr(me)
    yield "ionice(set)", lambda: me.ionice(psoxide.IOPRIO_CLASS_BE, 3)
    yield "AF_LINK", lambda: psoxide.AF_LINK
    yield "NIC_DUPLEX_FULL", lambda: psoxide.NIC_DUPLEX_FULL

def tell(psoxide):
    for name, call in calls(psoxide):
        try:
            call()
        except (psoxide.Error, NotImplementedError, FileNotFoundError) as error:
            if getattr(error, "filename", None) is None and isinstance(error, FileNotFoundError):
                print(name, repr(error))
        except BaseException as error:
            print(name, repr(error))
"""
NO_MODULES = "import sys; sys.meta_path.clear(); sys.path.clear(); sys.path_importer_cache.clear()\n"


def test_every_reading_works_without_modules(python):
    assert python(CALLS + "import psoxide\n" + NO_MODULES + "tell(psoxide)", "-I") == ""


@pytest.mark.skipif(os.getuid() != 0, reason="needs root: chroot(2) and setuid(2)")
def test_every_reading_works_after_chroot_and_setuid(tmp_path):
    tmp_path.chmod(0o755)
    (tmp_path / "proc").mkdir()
    # What a getter would import there is not this program's.
    for name in ("socket", "enum", "resource", "select", "subprocess"):
        (tmp_path / f"{name}.py").write_text("print('imported')")
    code = f"""{CALLS}
import os, sys, psoxide
sys.path.insert(0, "/")
os.chroot({str(tmp_path)!r}), os.chdir("/"), os.setgid(65534), os.setuid(65534)
tell(psoxide)
for name in ("Popen", "ProcessStatus", "ConnectionStatus", "ProcessRlimit", "ProcessIOPriority", "exit"):
    try:
        getattr(psoxide, name)
        print(name)
    except ImportError as error:
        if "after chroot(2)" not in str(error):
            print(name, repr(error))
"""
    mount = 'mount -t proc proc "$1"/proc && exec "$2" -I -W ignore -c "$3"'
    command = ["unshare", "--mount", "sh", "-c", mount, "sh", tmp_path, sys.executable, code]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert (done.returncode, done.stderr, done.stdout) == (0, "", "")


def test_values_are_those_of_the_enums(python):
    code = """
import psoxide, sys
listener = __import__("_socket").socket(2, 1); listener.bind(("127.0.0.1", 0)); listener.listen()
def values():
    [connection] = psoxide.Process().net_connections("tcp4")
    yield from (connection.family, connection.type, psoxide.Process().ionice().ioclass)
    yield from (psoxide.net_if_stats()["lo"].duplex, psoxide.net_if_addrs()["lo"][0].family, psoxide.POWER_TIME_UNLIMITED)
    yield psoxide._psposix.negsig_to_enum(-9)
modules = list(sys.meta_path)
sys.meta_path.clear()
before = list(values())
sys.meta_path.extend(modules)
import copy, enum, pickle, socket
after = list(values())
for one, other in zip(before, after):
    assert isinstance(other, enum.IntEnum) and not isinstance(one, enum.Enum), (one, other)
    assert one == other and other == one and hash(one) == hash(other) and int(one) == int(other)
    assert (repr(one), str(one), format(one), one.name, one.value) == (repr(other), str(other), format(other), other.name, other.value)
    assert pickle.loads(pickle.dumps(one)) is other and copy.copy(one) == other and {one: 1}[other] == 1
assert after[0] is socket.AF_INET and after[3] is not None
"""
    assert python(code, "-I") == ""


@pytest.mark.parametrize("files", ["sys.meta_path.clear()", "fill()"])
@pytest.mark.parametrize("code", [-9, -15])
def test_an_exit_code_is_not_lost(python, files, code):
    program = PRELUDE + f"""
pid = os.posix_spawn("/bin/sleep", ["sleep", "600"], {{}}, file_actions=nowhere)
process = psoxide.Process(pid)
{files}
os.kill(pid, {-code})
code = process.wait()
print(int(code), repr(code))
"""
    name = {-9: "SIGKILL", -15: "SIGTERM"}[code]
    assert python(program, "-I") == f"{code} <Negsignal.{name}: {code}>\n"


WAITS = PRELUDE + """
def child(script):
    return psoxide.Process(os.posix_spawn("/bin/sh", ["sh", "-c", script], os.environ, file_actions=nowhere))
scripts = ["exit 0", "exit 7", "sleep 0.3; exit 3", "exit 9", "kill -9 $$"]
children = [child(script) for script in scripts]
popen = psoxide.Popen(["sh", "-c", "exit 5"])
asleep = child("exec sleep 600")
fill()
try:
    asleep.wait(0.1)
except psoxide.TimeoutExpired:
    print("asleep")
print(children[0].wait(), children[1].wait(20), popen.wait())
gone, alive = psoxide.wait_procs(children)
print([child.returncode for child in children], alive, [child.wait() for child in children])
os.kill(asleep.pid, 15)
print(asleep.wait())
"""


def test_every_way_to_wait_works_without_descriptors(python):
    codes = "0, 7, 3, 9, <Negsignal.SIGKILL: -9>"
    assert python(WAITS, "-I") == f"asleep\n0 7 5\n[{codes}] [] [{codes}]\n-15\n"


def test_nothing_is_read_wrong_without_descriptors(sleeper):
    """Each getter gives its value, or the error that says why not."""
    code = PRELUDE + f"""
process = psoxide.Process({sleeper("sleep", "600").pid})
fill()
for name in ("ionice", "nice", "cpu_affinity"):
    getattr(process, name)()
process.rlimit(psoxide.RLIMIT_NOFILE)
for name in ("open_files", "memory_maps", "threads", "status"):
    try:
        print(name, getattr(process, name)())
    except OSError as error:
        assert error.errno == 24, error
os.closerange(3, 100000)
assert process.status() == "sleeping" and process.ionice() is not None and process.threads()
process.kill()
psoxide.Process({os.getpid()}).nice()
"""
    done = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr, done.stdout) == (0, "", "")
    assert psoxide.Process().ionice() is not None
