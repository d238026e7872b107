//! System calls of SunOS: each turns one question into one call, and returns the bytes or the error number.
//!
//! | question | call | documented in |
//! | --- | --- | --- |
//! | `file`, `link`, `dir`, `stat` | open(2), read(2), readlink(2), getdents(2), stat(2) | proc(5), each man page |
//! | `file …/as` | pread(2) | proc(5) |
//! | `kstat` | kstat_open(3KSTAT), kstat_read(3KSTAT), kstat_close(3KSTAT) | sys/kstat.h |
//! | `call sysconf` | sysconf(3C) | its man page |
//! | `call swapctl` | swapctl(2) | sys/swap.h |
//! | `call statvfs` | statvfs(2) | its man page |
//! | `mib2` | open(2), ioctl(2), putmsg(2), getmsg(2) on /dev/arp | inet/mib2.h, sys/tihdr.h |
//! | `ioctl SIOCGLIF…` | socket(3SOCKET), ioctl(2) | if_tcp(4P), net/if.h |
//! | `call getpwuid` | getpwuid_r(3C) | its man page |
//! | `call getzonenamebyid` | getzonenamebyid(3C) | its man page |
//! | `call uname` | uname(2) | its man page |
#![allow(unsafe_code)]

#[cfg(not(all(target_endian = "little", target_pointer_width = "64")))]
compile_error!("psoxide reads the structs of 64-bit SunOS on x86 only");

use std::ffi::{CStr, c_char, c_int, c_long, c_uint, c_void};
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io;
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::ffi::OsStringExt as _;
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::ptr;

use rustix::fs::{Mode, OFlags};

use super::abi::{
    AF_INET, AF_INET6, KSTAT_TYPE_IO, KSTAT_TYPE_NAMED, LIFC_EVERY, LIFREQ, MIB2_IP, SC_GETNSWP, SC_LIST,
    SIOCGLIFBRDADDR, SIOCGLIFCONF, SIOCGLIFDSTADDR, SIOCGLIFFLAGS, SIOCGLIFHWADDR, SIOCGLIFMTU, SIOCGLIFNETMASK,
    SIOCGLIFNUM, T_CURRENT, T_ERROR_ACK, T_OPTMGMT_ACK, T_SVR4_OPTMGMT_REQ,
};
use super::calls::{Family, Question, Request};
use crate::sys::posix::user_names;
use crate::sys::question::Answer;

/// Turns a question into a call.
pub(super) fn ask(question: &Question) -> Answer {
    match question {
        Question::File(path) => fs::read(path).map_err(|error| number(&error)),
        Question::Link(path) => {
            fs::read_link(path).map(|path| path.into_os_string().into_vec()).map_err(|e| number(&e))
        }
        Question::Names(path) => names(path).map_err(|error| number(&error)),
        Question::Mode(path) => match fs::metadata(path) {
            Ok(found) => Ok(format!("{:o}", found.mode()).into_bytes()),
            Err(error) => Err(number(&error)),
        },
        Question::Memory(procfs, pid, address) => memory(&format!("{procfs}/{pid}/as"), *address),
        Question::Module(module) => kstats(|kstat| text(&kstat.module) == module.as_bytes(), write_kstat),
        Question::Class(class) => kstats(|kstat| text(&kstat.class) == class.as_bytes(), write_kstat),
        Question::UnixSockets => kstats(
            |kstat| text(&kstat.module) == b"sockfs" && text(&kstat.name) == b"sock_unix_list",
            |out, kstat| out.extend_from_slice(raw(kstat)),
        ),
        Question::Pages => pages(),
        Question::Swap => swap(),
        Question::FileSystem(path) => match rustix::fs::statvfs(path) {
            Ok(found) => {
                let numbers = [found.f_frsize, found.f_blocks, found.f_bfree, found.f_bavail];
                Ok(numbers.map(|number| number.to_string()).join("\t").into_bytes())
            }
            Err(errno) => Err(errno.raw_os_error()),
        },
        Question::Sockets => sockets(),
        Question::Interfaces(family) => interfaces(*family),
        Question::Interface(request, family, name) => interface(*request, *family, name),
        Question::UserName(uid) => user_names::name(*uid),
        Question::ZoneName(zone) => zone_name(*zone),
        Question::Uname => {
            let found = rustix::system::uname();
            let fields = [found.sysname(), found.nodename(), found.release(), found.version(), found.machine()];
            Ok(fields.map(CStr::to_bytes_with_nul).concat())
        }
    }
}

fn number(error: &io::Error) -> i32 {
    error.raw_os_error().unwrap_or(libc::EIO)
}

fn errno() -> i32 {
    number(&io::Error::last_os_error())
}

/// The bytes before the first NUL.
fn text(bytes: &[u8]) -> &[u8] {
    bytes.split(|byte| *byte == 0).next().unwrap_or_default()
}

fn names(path: &str) -> io::Result<Vec<u8>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(path)? {
        names.extend_from_slice(entry?.file_name().as_bytes());
        names.push(0);
    }
    Ok(names)
}

/// The most that is read of arguments and environment, `ARG_MAX` with 64 bits.
const MOST_ARGUMENTS: usize = 2_096_640;

/// Reads the memory of a process as far as it is mapped. A read that ends in memory that is not mapped stops short.
fn memory(path: &str, address: u64) -> Answer {
    let file = File::open(path).map_err(|error| number(&error))?;
    let mut bytes = Vec::new();
    let mut part = vec![0; 64 << 10];
    while bytes.len() < MOST_ARGUMENTS {
        let Some(at) = u64::try_from(bytes.len()).ok().and_then(|read| address.checked_add(read)) else { break };
        match file.read_at(&mut part, at) {
            Ok(0) => break,
            Ok(read) => bytes.extend_from_slice(part.get(..read).unwrap_or_default()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            // The mapping ends here.
            Err(_) if !bytes.is_empty() => break,
            Err(error) => return Err(number(&error)),
        }
    }
    Ok(bytes)
}

/// `KSTAT_STRLEN`.
const NAME: usize = 31;
/// The beginning of `kstat_t`: sys/kstat.h of illumos, and `sys.rs` of Oxide's crate kstat-rs.
#[repr(C)]
struct Kstat {
    created: i64,
    next: *mut Kstat,
    id: c_int,
    module: [u8; NAME],
    reserved: u8,
    instance: c_int,
    name: [u8; NAME],
    kind: u8,
    class: [u8; NAME],
    flags: u8,
    data: *const c_void,
    count: c_uint,
    size: usize,
    taken: i64,
}

/// `kstat_named_t`, from the same two.
#[repr(C)]
struct Named {
    name: [u8; NAME],
    kind: u8,
    value: [u8; 16],
}

/// `kstat_io_t`, from the same two.
#[repr(C)]
struct Io {
    read: u64,
    written: u64,
    reads: u32,
    writes: u32,
    waiting: i64,
    waiting_length: i64,
    waiting_updated: i64,
    running: i64,
    running_length: i64,
    running_updated: i64,
    waiting_count: u32,
    running_count: u32,
}

/// `kstat_ctl_t`.
#[repr(C)]
struct Chain {
    id: c_int,
    first: *mut Kstat,
    device: c_int,
}

const _: () = {
    use std::mem::{offset_of, size_of};
    assert!(size_of::<Count>() == 12 && size_of::<List>() == 24 && size_of::<SwapEntry>() == 48);
    assert!(offset_of!(Kstat, module) == 20 && offset_of!(Kstat, instance) == 52 && offset_of!(Kstat, name) == 56);
    assert!(offset_of!(Kstat, class) == 88 && offset_of!(Kstat, data) == 120 && offset_of!(Kstat, taken) == 144);
    assert!(size_of::<Named>() == 48 && size_of::<Io>() == 80 && offset_of!(Chain, first) == 8);
};

#[link(name = "kstat")]
unsafe extern "C" {
    fn kstat_open() -> *mut Chain;
    fn kstat_read(chain: *mut Chain, kstat: *mut Kstat, data: *mut c_void) -> c_int;
    fn kstat_close(chain: *mut Chain) -> c_int;
}

/// Reads the kstats that are wanted, and writes each of them.
fn kstats(wanted: impl Fn(&Kstat) -> bool, write: impl Fn(&mut Vec<u8>, &Kstat)) -> Answer {
    // SAFETY: kstat_open takes nothing.
    let chain = unsafe { kstat_open() };
    if chain.is_null() {
        return Err(errno());
    }
    let (mut out, mut failed) = (Vec::new(), None);
    // SAFETY: the chain is open.
    let mut next = unsafe { (*chain).first };
    while !next.is_null() {
        let current = next;
        // SAFETY: libkstat owns the list, whose last `next` is null, until the chain is closed. Nothing else refers to it here.
        let header = unsafe { &*current };
        next = header.next;
        if !wanted(header) {
            continue;
        }
        // SAFETY: the chain is open and the kstat is of it; a null pointer asks for no copy.
        if unsafe { kstat_read(chain, current, ptr::null_mut()) } == -1 {
            match errno() {
                // It has gone meanwhile.
                libc::ENXIO => continue,
                errno => {
                    failed = Some(errno);
                    break;
                }
            }
        }
        // SAFETY: as above; kstat_read has changed what the kstat says of its data.
        write(&mut out, unsafe { &*current });
    }
    // SAFETY: the chain is open, and nothing refers to it any more.
    unsafe { kstat_close(chain) };
    failed.map_or(Ok(out), Err)
}

/// The data of a kstat that was read.
fn raw(kstat: &Kstat) -> &[u8] {
    if kstat.data.is_null() {
        return &[];
    }
    // SAFETY: kstat_read has put `size` bytes there, which libkstat owns as long as the kstat.
    unsafe { std::slice::from_raw_parts(kstat.data.cast::<u8>(), kstat.size) }
}

/// Writes a kstat in the form of `kstat -p`.
fn write_kstat(out: &mut Vec<u8>, kstat: &Kstat) {
    let show = |bytes: &[u8]| String::from_utf8_lossy(text(bytes)).into_owned();
    let key = format!("{}:{}:{}", show(&kstat.module), kstat.instance, show(&kstat.name));
    let mut line =
        |statistic: &str, value: &str| out.extend_from_slice(format!("{key}:{statistic}\t{value}\n").as_bytes());
    line("class", &show(&kstat.class));
    let count = usize::try_from(kstat.count).unwrap_or_default();
    if kstat.data.is_null() {
        return;
    }
    match kstat.kind {
        KSTAT_TYPE_NAMED if kstat.size >= count.saturating_mul(size_of::<Named>()) => {
            // SAFETY: the data of a named kstat begins with `count` records, for which its size has room.
            let all = unsafe { std::slice::from_raw_parts(kstat.data.cast::<Named>(), count) };
            for named in all {
                if let Some(value) = value(named, kstat) {
                    line(&show(&named.name), &value);
                }
            }
        }
        KSTAT_TYPE_IO if kstat.size >= size_of::<Io>() => {
            // SAFETY: the data of such a kstat is this struct, for which its size has room.
            let io = unsafe { &*kstat.data.cast::<Io>() };
            let seconds = |nanos: i64| format!("{}.{:09}", nanos / 1_000_000_000, nanos % 1_000_000_000);
            for (statistic, value) in [
                ("nread", io.read.to_string()),
                ("nwritten", io.written.to_string()),
                ("reads", io.reads.to_string()),
                ("writes", io.writes.to_string()),
                ("rtime", seconds(io.running)),
                ("wtime", seconds(io.waiting)),
                ("rcnt", io.running_count.to_string()),
                ("wcnt", io.waiting_count.to_string()),
            ] {
                line(statistic, &value);
            }
        }
        _ => {}
    }
}

/// A value of sys/kstat.h's types; `None` of a type that nothing here needs.
fn value(named: &Named, kstat: &Kstat) -> Option<String> {
    let half = named.value.first_chunk()?;
    let whole = named.value.first_chunk()?;
    Some(match named.kind {
        // KSTAT_DATA_CHAR
        0 => String::from_utf8_lossy(text(&named.value)).into_owned(),
        1 => i32::from_le_bytes(*half).to_string(),
        2 => u32::from_le_bytes(*half).to_string(),
        3 => i64::from_le_bytes(*whole).to_string(),
        4 => u64::from_le_bytes(*whole).to_string(),
        // KSTAT_DATA_STRING: a pointer into the data of the kstat, and the length with the NUL.
        9 => {
            let address = usize::from_le_bytes(*whole);
            let length = usize::try_from(u32::from_le_bytes(*named.value.get(8..)?.first_chunk()?)).ok()?;
            let offset = address.checked_sub(kstat.data.addr())?;
            if offset.checked_add(length)? > kstat.size {
                return None;
            }
            // SAFETY: the string lies within the data, as was just checked.
            let bytes = unsafe { std::slice::from_raw_parts(kstat.data.cast::<u8>().add(offset), length) };
            String::from_utf8_lossy(text(bytes)).replace(['\n', '\t'], " ")
        }
        _ => return None,
    })
}

/// `ZONENAME_MAX`.
const ZONE_NAME: usize = 64;

unsafe extern "C" {
    fn getzonenamebyid(zone: c_int, name: *mut c_char, size: usize) -> isize;
}

/// Asks for the name of a zone.
fn zone_name(zone: u32) -> Answer {
    let mut name = [0u8; ZONE_NAME];
    let id = c_int::try_from(zone).map_err(|_| libc::EINVAL)?;
    // SAFETY: the call writes at most as many bytes as the buffer has.
    if unsafe { getzonenamebyid(id, name.as_mut_ptr().cast(), ZONE_NAME) } == -1 {
        return Err(errno());
    }
    Ok(text(&name).to_vec())
}

/// The pages of memory, and how many of them are free: of the zone, if it has a cap.
fn pages() -> Answer {
    let number = |name| {
        // SAFETY: the call takes a number alone.
        let pages = unsafe { libc::sysconf(name) };
        u64::try_from(pages).map_err(|_| errno())
    };
    Ok(format!("{}\t{}", number(libc::_SC_PHYS_PAGES)?, number(libc::_SC_AVPHYS_PAGES)?).into_bytes())
}

/// `MAXPATHLEN`.
const PATH: usize = 1024;

/// `struct swapent`: sys/swap.h of illumos, and swapctl(2).
#[repr(C)]
#[derive(Clone, Copy)]
struct SwapEntry {
    path: *mut c_char,
    start: c_long,
    length: c_long,
    pages: c_long,
    free: c_long,
    flags: c_int,
}

unsafe extern "C" {
    fn swapctl(command: c_int, argument: *mut c_void) -> c_int;
    fn getmsg(fd: c_int, control: *mut Part, data: *mut Part, flags: *mut c_int) -> c_int;
    fn putmsg(fd: c_int, control: *const Part, data: *const Part, flags: c_int) -> c_int;
}

fn swap() -> Answer {
    // SAFETY: the command takes no argument.
    let Ok(count) = usize::try_from(unsafe { swapctl(SC_GETNSWP, ptr::null_mut()) }) else { return Err(errno()) };
    // A device may be added meanwhile.
    let room = count.saturating_add(4);
    let mut paths = vec![0u8; room * PATH];
    let mut table = Vec::with_capacity(8 + room * size_of::<SwapEntry>());
    // `struct swaptable`: the number of entries, padding, and the entries.
    table.extend_from_slice(&u64::try_from(room).unwrap_or_default().to_le_bytes());
    for path in paths.chunks_mut(PATH) {
        table.extend_from_slice(&path.as_mut_ptr().addr().to_le_bytes());
        table.resize(table.len() + size_of::<SwapEntry>() - size_of::<usize>(), 0);
    }
    // Words, so that the table is aligned.
    let mut words: Vec<u64> =
        table.chunks(8).filter_map(|word| Some(u64::from_le_bytes(*word.first_chunk()?))).collect();
    // SAFETY: the table says how many entries it has, each of which names a buffer for a path of MAXPATHLEN bytes.
    let Ok(count) = usize::try_from(unsafe { swapctl(SC_LIST, words.as_mut_ptr().cast()) }) else {
        return Err(errno());
    };
    let mut out = String::new();
    let entries = words.get(1..).unwrap_or_default().chunks(size_of::<SwapEntry>() / 8);
    for (entry, path) in entries.zip(paths.chunks(PATH)).take(count) {
        let [_, _, _, pages, free, ..] = entry else { break };
        // Writing to a String cannot fail.
        let _ = writeln!(out, "{}\t{pages}\t{free}", String::from_utf8_lossy(text(path)));
    }
    Ok(out.into_bytes())
}

/// `struct strbuf`.
#[repr(C)]
struct Part {
    room: c_int,
    length: c_int,
    bytes: *mut u8,
}

impl Part {
    fn new(bytes: &mut [u8]) -> Self {
        let length = c_int::try_from(bytes.len()).unwrap_or(c_int::MAX);
        Self { room: length, length, bytes: bytes.as_mut_ptr() }
    }
}

/// `sizeof (struct T_optmgmt_req)` and of its answer: type, length, offset, flags.
const MANAGEMENT: usize = 16;
/// `sizeof (struct opthdr)`.
const OPTION: usize = 12;
/// What getmsg(2) returns if there is more data of the same message, `MOREDATA`.
const MORE: c_int = 2;
/// The longest answer that is read, longer than that of any machine.
const MOST: usize = 1 << 30;

/// Asks the modules above /dev/arp for all their tables, as netstat(8) does.
fn sockets() -> Answer {
    let device: OwnedFd = rustix::fs::open("/dev/arp", OFlags::RDWR | OFlags::CLOEXEC, Mode::empty())
        .map_err(|errno| errno.raw_os_error())?;
    for module in [c"tcp", c"udp"] {
        // SAFETY: the request reads a name that ends with a NUL.
        if unsafe { libc::ioctl(device.as_raw_fd(), libc::I_PUSH, module.as_ptr()) } == -1 {
            return Err(errno());
        }
    }
    let option_at = u32::try_from(MANAGEMENT).unwrap_or_default();
    let option_size = u32::try_from(OPTION).unwrap_or_default();
    // The last number is the length of the option. A zone of Solaris 10 takes 0 as a request for entries without pids.
    let mut request =
        [T_SVR4_OPTMGMT_REQ, option_size, option_at, T_CURRENT, MIB2_IP, 0, 1].map(u32::to_le_bytes).concat();
    let control = Part::new(&mut request);
    // SAFETY: the control part is a buffer of its length; there is no data.
    if unsafe { putmsg(device.as_raw_fd(), &raw const control, ptr::null(), 0) } == -1 {
        return Err(errno());
    }
    let mut out = Vec::new();
    while out.len() < MOST {
        let mut answer = [0u8; 512];
        let mut control = Part::new(&mut answer);
        let mut flags = 0;
        // SAFETY: the control part is a buffer of its room; no data is wanted yet.
        let code = unsafe { getmsg(device.as_raw_fd(), &raw mut control, ptr::null_mut(), &raw mut flags) };
        if code == -1 {
            return Err(errno());
        }
        let word = |place: usize| {
            let bytes = answer.get(place * 4..).and_then(|rest| rest.first_chunk());
            bytes.map_or(0, |bytes| u32::from_le_bytes(*bytes))
        };
        match word(0) {
            T_OPTMGMT_ACK => {}
            // TLI_error, UNIX_error.
            T_ERROR_ACK => {
                return Err(c_int::try_from(word(3)).ok().filter(|errno| *errno != 0).unwrap_or(libc::EPROTO));
            }
            _ => return Err(libc::EPROTO),
        }
        // Without data behind it, the acknowledgement is the end.
        if code != MORE {
            return Ok(out);
        }
        let header = answer.get(MANAGEMENT..MANAGEMENT + OPTION).unwrap_or_default();
        out.extend_from_slice(header);
        let mut left = usize::try_from(word(6)).unwrap_or_default();
        loop {
            let mut part = vec![0u8; left.clamp(1, 1 << 20)];
            let mut data = Part::new(&mut part);
            // SAFETY: the data part is a buffer of its room; the control part has been read.
            let code = unsafe { getmsg(device.as_raw_fd(), ptr::null_mut(), &raw mut data, &raw mut flags) };
            if code == -1 {
                return Err(errno());
            }
            let read = usize::try_from(data.length).unwrap_or_default();
            out.extend_from_slice(part.get(..read).unwrap_or_default());
            left = left.saturating_sub(read);
            if code & MORE == 0 {
                break;
            }
        }
    }
    Err(libc::EOVERFLOW)
}

/// `struct lifnum`: net/if.h of illumos, and golang.org/x/net/lif, whose compiler gave it 12 bytes.
#[repr(C)]
struct Count {
    family: u16,
    flags: c_int,
    count: c_int,
}

/// `struct lifconf`, from the same two: 24 bytes.
#[repr(C)]
struct List {
    family: u16,
    flags: c_int,
    length: c_int,
    bytes: *mut c_void,
}

fn family_number(family: Family) -> u16 {
    match family {
        Family::Inet => AF_INET,
        Family::Inet6 => AF_INET6,
    }
}

fn socket(family: Family) -> Result<OwnedFd, i32> {
    use rustix::net::{AddressFamily, SocketFlags, SocketType, socket_with};
    let family = AddressFamily::from_raw(family_number(family));
    socket_with(family, SocketType::DGRAM, SocketFlags::CLOEXEC, None).map_err(|errno| errno.raw_os_error())
}

/// How often to list the interfaces again if more of them were added than there was room for.
const ATTEMPTS: usize = 8;

fn interfaces(family: Family) -> Answer {
    let socket = socket(family)?;
    for _ in 0..ATTEMPTS {
        let mut count = Count { family: family_number(family), flags: LIFC_EVERY, count: 0 };
        // SAFETY: the request reads and writes one struct of this layout.
        if unsafe { libc::ioctl(socket.as_raw_fd(), SIOCGLIFNUM, &raw mut count) } == -1 {
            return Err(errno());
        }
        // An interface may be added meanwhile.
        let room = usize::try_from(count.count).unwrap_or_default().saturating_add(4);
        let mut words = vec![0u64; (room * LIFREQ).div_ceil(8)];
        let mut list = List {
            family: family_number(family),
            flags: LIFC_EVERY,
            length: c_int::try_from(room * LIFREQ).map_err(|_| libc::EOVERFLOW)?,
            bytes: words.as_mut_ptr().cast(),
        };
        // SAFETY: the request reads and writes one struct of this layout, and writes at most `length` bytes at `bytes`.
        if unsafe { libc::ioctl(socket.as_raw_fd(), SIOCGLIFCONF, &raw mut list) } == -1 {
            return Err(errno());
        }
        let length = usize::try_from(list.length).unwrap_or_default();
        // A full list may lack the last interfaces.
        if length < room * LIFREQ {
            let mut bytes: Vec<u8> = words.into_iter().flat_map(u64::to_le_bytes).collect();
            bytes.truncate(length);
            return Ok(bytes);
        }
    }
    Err(libc::EAGAIN)
}

fn interface(what: Request, family: Family, name: &str) -> Answer {
    let request = match what {
        Request::Destination => SIOCGLIFDSTADDR,
        Request::Flags => SIOCGLIFFLAGS,
        Request::Mtu => SIOCGLIFMTU,
        Request::Broadcast => SIOCGLIFBRDADDR,
        Request::Netmask => SIOCGLIFNETMASK,
        Request::Hardware => SIOCGLIFHWADDR,
    };
    let socket = socket(family)?;
    let mut words = [0u64; LIFREQ / 8];
    // The last of the 32 bytes of a name is a NUL.
    if name.len() >= 32 {
        return Err(libc::ENXIO);
    }
    for (word, part) in words.iter_mut().zip(name.as_bytes().chunks(8)) {
        let mut bytes = [0; 8];
        bytes.iter_mut().zip(part).for_each(|(place, byte)| *place = *byte);
        *word = u64::from_le_bytes(bytes);
    }
    // SAFETY: each of these requests reads and writes one `struct lifreq`, for which there is room.
    if unsafe { libc::ioctl(socket.as_raw_fd(), request, words.as_mut_ptr()) } == -1 {
        return Err(errno());
    }
    Ok(words.into_iter().flat_map(u64::to_le_bytes).collect())
}
