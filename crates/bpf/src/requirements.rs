//! Checks that a walk shows this process what /proc shows it.

use std::{fs, io};

use rustix::thread::CapabilitySet;

/// The credentials and namespaces of a thread.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Circumstances {
    pub(crate) user: u32,
    rights: CapabilitySet,
    /// The inode numbers of the namespaces in [`FIRST_NAMESPACES`].
    namespaces: [u64; 3],
}

/// The inode numbers of the first pid, user and time namespace in /proc/PID/ns/: include/uapi/linux/nsfs.h. The kernel
/// returns ids and times of these namespaces.
const FIRST_NAMESPACES: [(&str, u64); 3] = [("pid", 0xefff_fffc), ("user", 0xefff_fffd), ("time", 0xefff_fffa)];

/// The capabilities with which /proc refuses nothing, and which loading programs requires.
const RIGHTS: [(&str, CapabilitySet); 4] = [
    ("CAP_SYS_PTRACE", CapabilitySet::SYS_PTRACE),
    ("CAP_DAC_READ_SEARCH", CapabilitySet::DAC_READ_SEARCH),
    ("CAP_BPF", CapabilitySet::BPF.union(CapabilitySet::SYS_ADMIN)),
    ("CAP_PERFMON", CapabilitySet::PERFMON.union(CapabilitySet::SYS_ADMIN)),
];

impl Circumstances {
    /// Returns the circumstances of this thread.
    ///
    /// # Errors
    /// Returns a sentence that names the missing capability or the namespace.
    pub(crate) fn now() -> Result<Self, String> {
        let rights = rustix::thread::capabilities(None).map_or(CapabilitySet::empty(), |rights| rights.effective);
        if let Some((name, _)) = RIGHTS.iter().find(|(_, either)| !rights.intersects(*either)) {
            return Err(format!("the capability {name} is missing (try as root)"));
        }
        let namespaces = FIRST_NAMESPACES.map(|(name, _)| {
            rustix::fs::stat(format!("/proc/thread-self/ns/{name}")).map_or(0, |namespace| namespace.st_ino)
        });
        let foreign = FIRST_NAMESPACES.iter().zip(&namespaces).find(|((_, first), inode)| first != *inode);
        if let Some(((name, _), _)) = foreign {
            return Err(format!("this process is not in the first {name} namespace"));
        }
        Ok(Self { user: rustix::process::geteuid().as_raw(), rights, namespaces })
    }
}

/// Why a program is not loaded.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// The refusal is temporary: no descriptor or no memory was free.
    Passing(String),
    Lasting(String),
}

impl Refusal {
    pub(crate) fn new(what: &str, error: &io::Error) -> Self {
        let text = format!("{what}: {error}");
        match error.raw_os_error() {
            Some(libc::EMFILE | libc::ENFILE | libc::ENOMEM | libc::EAGAIN | libc::EINTR | libc::EBUSY) => {
                Self::Passing(text)
            }
            _ => Self::Lasting(text),
        }
    }
}

/// Checks the kernel. Returns the number of possible CPUs.
///
/// # Errors
/// Returns a sentence that says what the kernel lacks.
pub(crate) fn check() -> Result<i32, Refusal> {
    let lacks = |what: String| Err(Refusal::Lasting(what));
    // On other architectures it is not known how the kernel counts pages and times.
    if !cfg!(any(target_arch = "x86_64", target_arch = "aarch64")) {
        return lacks("the processor is neither x86-64 nor AArch64".into());
    }
    // Older kernels print page counts in /proc without summing them over the CPUs.
    if version().is_none_or(|version| version < (6, 16)) {
        return lacks(format!("Linux {} is older than 6.16", rustix::system::uname().release().to_string_lossy()));
    }
    // A kernel whose CPUs can run without a tick counts times differently on them.
    let tickless = match read("/sys/devices/system/cpu/nohz_full") {
        Err((error, _)) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        read => read.map_err(|(_, refusal)| refusal)?,
    };
    if !matches!(tickless.trim_ascii(), b"" | b"(null)") {
        return lacks("some CPUs run without a tick (nohz_full)".into());
    }
    let possible = read("/sys/devices/system/cpu/possible").map_err(|(_, refusal)| refusal)?;
    cpus(&possible).map_or_else(|| lacks("the number of CPUs is unknown (/sys/devices/system/cpu/possible)".into()), Ok)
}

/// Reads a file. Returns the error and the refusal that it causes.
fn read(file: &str) -> Result<Vec<u8>, (io::Error, Refusal)> {
    fs::read(file).map_err(|error| {
        let refusal = Refusal::new(file, &error);
        (error, refusal)
    })
}

/// Returns the major and minor version of the kernel, by uname(2).
fn version() -> Option<(u32, u32)> {
    let name = rustix::system::uname();
    let mut parts = name.release().to_str().ok()?.split(|c: char| !c.is_ascii_digit());
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

/// Returns the number of possible CPUs: the last number of a list such as `0-3,8`, plus one.
fn cpus(possible: &[u8]) -> Option<i32> {
    let last = psoxide_parse::linux::cpulist::parse(possible.trim_ascii(), "possible").ok()?.into_iter().max()?;
    i32::try_from(last).ok()?.checked_add(1)
}
