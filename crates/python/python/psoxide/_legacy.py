"""Functions of psutil's private modules that programs import. The package itself does not use them."""

import glob
import os

from ._common import debug, get_procfs_path, open_binary, open_text


def calculate_avail_vmem(mems):
    """Estimates available memory for kernels before 3.14. `mems` maps the names of meminfo to bytes.

    The estimate is that of si_mem_available() in mm/page_alloc.c: free memory above the low watermarks, and page cache
    and slab less what stays in use: half of each, at most the watermarks.
    """
    free = mems[b"MemFree:"]
    fallback = free + mems.get(b"Cached:", 0)
    try:
        cache = mems[b"Active(file):"] + mems[b"Inactive(file):"]
        slab = mems[b"SReclaimable:"]
        with open_binary(f"{get_procfs_path()}/zoneinfo") as file:
            words = (line.split() for line in file)
            low = sum(int(line[1]) for line in words if line[:1] == [b"low"]) * os.sysconf("SC_PAGE_SIZE")
    except (KeyError, OSError) as err:
        debug(err)
        return fallback
    return int(free - low + cache - min(cache / 2, low) + slab - min(slab / 2, low))


class RootFsDeviceFinder:
    """Finds the device of the root file system, which mount tables call /dev/root."""

    __slots__ = ("major", "minor")

    def __init__(self):
        device = os.stat("/").st_dev
        self.major, self.minor = os.major(device), os.minor(device)

    def ask_proc_partitions(self):
        with open_text(f"{get_procfs_path()}/partitions") as file:
            for line in file.readlines()[2:]:
                fields = line.split()
                if len(fields) >= 4 and fields[:2] == [str(self.major), str(self.minor)]:
                    return f"/dev/{fields[3]}"
        return None

    def ask_sys_dev_block(self):
        with open_text(f"/sys/dev/block/{self.major}:{self.minor}/uevent") as file:
            for line in file:
                name, _, value = line.strip().partition("=")
                if name == "DEVNAME" and value:
                    return f"/dev/{value}"
        return None

    def ask_sys_class_block(self):
        needle = f"{self.major}:{self.minor}"
        for path in glob.iglob("/sys/class/block/*/dev"):
            try:
                with open_text(path) as file:
                    found = file.read().strip()
            except FileNotFoundError:
                continue  # the device was unplugged
            if found == needle:
                return f"/dev/{os.path.basename(os.path.dirname(path))}"
        return None

    def find(self):
        """Returns the path of the device, or None."""
        for ask in (self.ask_proc_partitions, self.ask_sys_dev_block, self.ask_sys_class_block):
            try:
                path = ask()
            except OSError as err:
                debug(err)
                continue
            if path is not None and os.path.exists(path):
                return path
        return None
