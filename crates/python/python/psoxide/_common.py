"""Exceptions, constants and helpers that all modules of the package share, and that programs import from here."""

import _operator
import _warnings
import os
import stat
import sys

from . import _fork, _lazy, _psoxide, _system
from ._exceptions import AccessDenied, Error, NoSuchProcess, TimeoutExpired, ZombieProcess

# If set to any value, even "0", debug messages about ignored errors go to stderr.
PSUTIL_DEBUG = bool(os.getenv("PSUTIL_DEBUG"))
_DEFAULT = object()
_PACKAGE = __name__.rpartition(".")[0]

WINDOWS = _system.NAME == "windows"
LINUX = _system.NAME == "linux"
MACOS = _system.NAME == "macos"
OSX = MACOS
FREEBSD = _system.NAME == "freebsd"
OPENBSD = _system.NAME == "openbsd"
NETBSD = _system.NAME == "netbsd"
BSD = FREEBSD or OPENBSD or NETBSD
SUNOS = _system.NAME == "sunos"
AIX = False  # psoxide is not ported to it
POSIX = not WINDOWS

STATUS_RUNNING = "running"
STATUS_SLEEPING = "sleeping"
STATUS_DISK_SLEEP = "disk-sleep"
STATUS_STOPPED = "stopped"
STATUS_TRACING_STOP = "tracing-stop"
STATUS_ZOMBIE = "zombie"
STATUS_DEAD = "dead"
STATUS_WAKE_KILL = "wake-kill"
STATUS_WAKING = "waking"
STATUS_IDLE = "idle"
STATUS_LOCKED = "locked"
STATUS_WAITING = "waiting"
STATUS_SUSPENDED = "suspended"
STATUS_PARKED = "parked"

CONN_ESTABLISHED = "ESTABLISHED"
CONN_SYN_SENT = "SYN_SENT"
CONN_SYN_RECV = "SYN_RECV"
CONN_FIN_WAIT1 = "FIN_WAIT1"
CONN_FIN_WAIT2 = "FIN_WAIT2"
CONN_TIME_WAIT = "TIME_WAIT"
CONN_CLOSE = "CLOSE"
CONN_CLOSE_WAIT = "CLOSE_WAIT"
CONN_LAST_ACK = "LAST_ACK"
CONN_LISTEN = "LISTEN"
CONN_CLOSING = "CLOSING"
CONN_NONE = "NONE"


_LAZY_MODULES = frozenset(("collections", "enum", "functools", "socket", "threading", "warnings"))
_LAZY_SOCKET = frozenset(("AF_INET", "AF_INET6", "AF_UNIX", "SOCK_DGRAM", "SOCK_STREAM"))


def __getattr__(name):
    if name in _LAZY_MODULES:
        value = _fork.load(name)
    elif name in _LAZY_SOCKET:
        value = getattr(_this.socket, name, None)
    elif name == "conn_tmap":
        value = _conn_tmap()
    else:
        return _lazy.attribute("_common", name)
    globals()[name] = value
    return value


# Functions reach names that `__getattr__` provides as attributes of this module.
_this = sys.modules[__name__]


# --- Helpers


def _looks_like(wrapper, fun):
    """Copies the attributes that functools.wraps copies, without importing functools."""
    for name in ("__module__", "__name__", "__qualname__", "__doc__"):
        try:
            setattr(wrapper, name, getattr(fun, name))
        except AttributeError:
            pass
    wrapper.__wrapped__ = fun
    return wrapper


def memoize(fun):
    """Caches results by arguments, which must be hashable. `cache_clear` empties the cache."""

    def wrapper(*args, **kwargs):
        key = (args, frozenset(kwargs.items()))
        try:
            return cache[key]
        except KeyError:
            pass
        value = cache[key] = fun(*args, **kwargs)
        return value

    cache = {}
    _looks_like(wrapper, fun)
    wrapper.cache_clear = cache.clear
    return wrapper


def memoize_when_activated(fun):
    """Caches a method's result between `cache_activate(instance)` and `cache_deactivate(instance)`."""

    def wrapper(self):
        cache = getattr(self, "_cache", None)
        if cache is None:
            return fun(self)
        value = cache.get(fun, _DEFAULT)
        if value is _DEFAULT:
            value = cache[fun] = fun(self)
        return value

    def cache_activate(proc):
        proc._cache = {}

    def cache_deactivate(proc):
        vars(proc).pop("_cache", None)

    _looks_like(wrapper, fun)
    wrapper.cache_activate = cache_activate
    wrapper.cache_deactivate = cache_deactivate
    return wrapper


def isfile_strict(path):
    """Works as os.path.isfile, but raises PermissionError instead of returning False."""
    try:
        status = os.stat(path)
    except PermissionError:
        raise
    except OSError:
        return False
    return stat.S_ISREG(status.st_mode)


def path_exists_strict(path):
    """Works as os.path.exists, but raises PermissionError instead of returning False."""
    try:
        os.stat(path)
    except PermissionError:
        raise
    except OSError:
        return False
    return True


def supports_ipv6():
    """Returns whether a socket can be bound to the IPv6 loopback address."""
    socket = _this.socket
    if not socket.has_ipv6 or getattr(socket, "AF_INET6", None) is None:
        return False
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as sock:
            sock.bind(("::1", 0))
        return True
    except OSError:
        return False


def parse_environ_block(data):
    """Parses the variables of a NUL-separated block. A truncated last variable is left out."""
    variables = {}
    for entry in data.split("\0")[:-1]:
        if not entry:
            break
        name, equals, value = entry.partition("=")
        if equals and name:
            variables[name.upper() if WINDOWS else name] = value
    return variables


def _conn_tmap():
    """Returns a dict from each kind of connections to its address families and socket types."""
    socket = _this.socket
    tcp, udp = socket.SOCK_STREAM, socket.SOCK_DGRAM
    inet, inet6 = [socket.AF_INET], [socket.AF_INET6]
    if not hasattr(socket, "AF_UNIX"):
        unix, of_unix = [], {}
    else:
        unix = [socket.AF_UNIX]
        of_unix = {"unix": (unix, [tcp, udp])}
    return {
        "all": (inet + inet6 + unix, [tcp, udp]),
        "tcp": (inet + inet6, [tcp]),
        "tcp4": (inet, [tcp]),
        "tcp6": (inet6, [tcp]),
        "udp": (inet + inet6, [udp]),
        "udp4": (inet, [udp]),
        "udp6": (inet6, [udp]),
        "inet": (inet + inet6, [tcp, udp]),
        "inet4": (inet, [tcp, udp]),
        "inet6": (inet6, [tcp, udp]),
        **of_unix,
    }


def broadcast_addr(addr):
    """Returns the broadcast address for an address with a netmask. A point-to-point address (`ptp`) has none."""
    import ipaddress

    if addr.address and addr.netmask and addr.family in (_this.socket.AF_INET, _this.socket.AF_INET6):
        interface = ipaddress.ip_interface(f"{addr.address}/{addr.netmask}")
        return str(interface.network.broadcast_address)
    return None


def deprecated_method(replacement):
    """Makes a method that warns that it is deprecated, and calls its replacement."""

    def decorate(fun):
        message = f"{fun.__name__}() is deprecated and will be removed; use {replacement}() instead"

        def wrapper(self, *args, **kwargs):
            _warnings.warn(message, category=DeprecationWarning, stacklevel=2)
            return getattr(self, replacement)(*args, **kwargs)

        _looks_like(wrapper, fun)
        if wrapper.__doc__ is None:
            wrapper.__doc__ = message
        return wrapper

    return decorate


class _WrapNumbers:
    """Turns counters that wrap around into counters that only grow."""

    def __init__(self):
        # Reentrant, because a signal handler may read counters while its thread holds the lock.
        self.lock = _fork.counting
        # Each dict is keyed by name: the last numbers, what each lost by wrapping, and whether any has wrapped.
        self.cache = {}
        self.lost = {}
        self.any_lost = {}

    def run(self, input_dict, name):
        before = self.cache.get(name)
        self.cache[name] = input_dict
        if before is None:
            self.lost[name] = {}
            self.any_lost[name] = False
            return input_dict
        lost = self.lost[name]
        if not self.any_lost[name] and len(lost) == len(input_dict) and _psoxide.have_grown(before, input_dict):
            return input_dict
        # A device that disappears and comes back starts from zero.
        for key in before.keys() - input_dict.keys():
            lost.pop(key, None)
        result = {}
        for key, now in input_dict.items():
            then = before.get(key)
            if then is None:
                result[key] = now
                continue
            carried = lost.get(key) or (0,) * len(now)
            if any(map(_operator.lt, now, then)):
                carried = tuple(c + (t if n < t else 0) for c, n, t in zip(carried, now, then))
            lost[key] = carried
            result[key] = tuple(map(_operator.add, now, carried)) if any(carried) else now
        self.any_lost[name] = any(map(any, lost.values()))
        return result

    def cache_clear(self, name=None):
        with self.lock:
            for remembered in (self.cache, self.lost, self.any_lost):
                if name is None:
                    remembered.clear()
                else:
                    remembered.pop(name, None)

    def cache_info(self):
        """Returns three dicts by name: the last numbers, what each lost by wrapping, and which have wrapped."""
        with self.lock:
            each = {
                name: {(key, place): value for key, values in lost.items() for place, value in enumerate(values)}
                for name, lost in self.lost.items()
            }
            which = {
                name: {
                    key: {(key, place) for place, value in enumerate(values) if value}
                    for key, values in lost.items()
                    if any(values)
                }
                for name, lost in self.lost.items()
            }
            return (self.cache.copy(), each, which)


def wrap_numbers(input_dict, name):
    """Returns the numbers, each plus what it had reached before it wrapped. `name` names the counters."""
    with _wn.lock:
        return _wn.run(input_dict, name)


_wn = _WrapNumbers()
wrap_numbers.cache_clear = _wn.cache_clear
wrap_numbers.cache_info = _wn.cache_info


def open_binary(fname):
    """Opens a file for reading bytes."""
    return open(fname, "rb")


def open_text(fname):
    """Opens a file for reading text. Bytes that cannot be decoded become lone surrogates, as in file names."""
    return open(fname, encoding=sys.getfilesystemencoding(), errors="surrogateescape")


def cat(fname, fallback=_DEFAULT):
    """Reads a text file. Returns `fallback`, if given, when the file cannot be read."""
    return _content(open_text, fname, fallback)


def bcat(fname, fallback=_DEFAULT):
    """Reads a file as bytes. Returns `fallback`, if given, when the file cannot be read."""
    return _content(open_binary, fname, fallback)


def _content(opener, fname, fallback):
    try:
        with opener(fname) as file:
            return file.read()
    except OSError:
        if fallback is not _DEFAULT:
            return fallback
        raise


def bytes2human(n, format="%(value).1f%(symbol)s"):
    """Formats a number of bytes for people: 10000 is "9.8K"."""
    symbols = "BKMGTPEZY"
    # Each symbol is 1024 times the previous one.
    place = min((int(abs(n)).bit_length() - 1) // 10, len(symbols) - 1) if abs(n) >= 1024 else 0
    return format % {"value": n / (1 << 10 * place) if place else n, "symbol": symbols[place]}


def get_procfs_path():
    """Returns the path where /proc is mounted: the package's PROCFS_PATH."""
    return sys.modules[_PACKAGE].PROCFS_PATH


# SGR colour codes of terminals.
_COLORS = {"blue": 34, "brown": 33, "darkgrey": 30, "green": 32, "grey": 37, "lightblue": 36, "red": 91, "violet": 35,
           "yellow": 93}  # fmt: skip


def print_color(s, color=None, bold=False, file=None):
    """Prints `s`, in colour if the file is a terminal."""
    file = sys.stdout if file is None else file
    if color is not None and color not in _COLORS:
        raise ValueError(f"invalid color {color!r}; choose amongst {list(_COLORS)}")
    codes = [str(code) for code in (_COLORS.get(color), 1 if bold else None) if code is not None]
    if codes and file.isatty() and os.environ.get("TERM") != "dumb":
        s = f"\x1b[{';'.join(codes)}m{s}\x1b[0m"
    print(s, file=file, flush=True)


def debug(msg):
    """Prints a message and the caller's position to stderr if PSUTIL_DEBUG is set."""
    if not PSUTIL_DEBUG:
        return
    frame = sys._getframe(1)
    if isinstance(msg, Exception):
        # The text of an OSError with a file name is more readable than its repr.
        about = f"{msg}" if isinstance(msg, OSError) else f"{msg!r}"
        msg = f"ignoring {about}"
    where = f"{frame.f_code.co_filename}:{frame.f_lineno}"
    print(f"psutil-debug [{where}]> {msg}", file=sys.stderr)
