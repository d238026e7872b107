//! What programs need to know of the running kernel: from its BTF, and whether its numbers mean what /proc shows.

use psoxide_parse::linux::btf::{Btf, Kind, TypeId};
use rustix::thread::CapabilitySet;

use super::super::Source;
use super::asm::{Program, Reg};

/// A number in a struct of the kernel.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub(super) offset: i16,
    /// 1, 2, 4 or 8 bytes.
    pub(super) size: u8,
}

pub(super) struct Kernel<'a> {
    btf: Btf<'a>,
    pub(super) task: TypeId,
    pub(super) file: TypeId,
    pub(super) iterate_tasks: TypeId,
    pub(super) iterate_files: TypeId,
    pub(super) rcu_lock: TypeId,
    pub(super) rcu_unlock: TypeId,
    /// `bpf_rdonly_cast` (since Linux 6.2): what is anywhere, as a struct that is read, of zeros where there is no memory.
    cast: TypeId,
    /// A struct that begins with two numbers of 64 bits, to read anything as such: what is read of a pointer as it is
    /// declared stays a pointer, of which the verifier allows little.
    numbers: TypeId,
    /// `bpf_task_from_pid` and `bpf_task_release` (since Linux 6.2).
    pub(super) task_by_pid: Option<(TypeId, TypeId)>,
    /// `enum dentry_flags` (since Linux 6.12).
    dentry_flags: Option<TypeId>,
    /// `struct socket_alloc`, a socket together with its inode.
    pub(super) socket_with_inode: Option<TypeId>,
    /// `struct bpf_array`, what a map is that every CPU has its own copy of.
    pub(super) map: TypeId,
    /// How many CPUs there may ever be.
    pub(super) cpus: i32,
}

impl<'a> Kernel<'a> {
    pub(super) fn new(btf: &'a [u8], cpus: i32) -> Option<Self> {
        let btf = Btf::parse(btf).ok()?;
        let [
            task,
            file,
            dentry_flags,
            socket_with_inode,
            map,
            iterate_tasks,
            iterate_files,
            rcu_lock,
            rcu_unlock,
            cast,
            task_from_pid,
            task_release,
        ] = btf.find([
            (Kind::Struct, "task_struct"),
            (Kind::Struct, "file"),
            (Kind::Number, "dentry_flags"),
            (Kind::Struct, "socket_alloc"),
            (Kind::Struct, "bpf_array"),
            (Kind::Function, "bpf_iter_task"),
            (Kind::Function, "bpf_iter_task_file"),
            (Kind::Function, "bpf_rcu_read_lock"),
            (Kind::Function, "bpf_rcu_read_unlock"),
            (Kind::Function, "bpf_rdonly_cast"),
            (Kind::Function, "bpf_task_from_pid"),
            (Kind::Function, "bpf_task_release"),
        ]);
        let task = task?;
        let signal = btf.pointee(btf.member(task, "signal")?.id)?;
        let [numbers, second] = ["prev_cputime", "prev_cputime.stime"].map(|path| btf.member(signal, path));
        let numbers = numbers.filter(|first| second.is_some_and(|second| second.offset == first.offset + 8))?;
        Some(Self {
            task,
            file: file?,
            iterate_tasks: iterate_tasks?,
            iterate_files: iterate_files?,
            rcu_lock: rcu_lock?,
            rcu_unlock: rcu_unlock?,
            cast: cast?,
            numbers: numbers.id,
            task_by_pid: task_from_pid.zip(task_release),
            dentry_flags,
            socket_with_inode,
            map: map?,
            cpus,
            btf,
        })
    }

    /// R0 = what is at R1, as a struct to read. R1 to R5 are lost.
    ///
    /// Of what the verifier trusts it would look up, by name and among all types of the kernel, whether it may trust the
    /// pointers in it, which takes most of the time of loading; of what is cast it trusts nothing.
    pub(super) fn cast(&self, p: &mut Program, to: TypeId) {
        p.set(Reg::R2, to.cast_signed());
        p.call_kernel(self.cast);
    }

    /// R0 = two numbers of 64 bits that are at R1. R1 to R5 are lost.
    pub(super) fn numbers(&self, p: &mut Program) {
        self.cast(p, self.numbers);
    }

    /// `dst` = the 64 bits at R1. R0 to R5 are lost.
    pub(super) fn word(&self, p: &mut Program, dst: Reg) {
        self.numbers(p);
        p.load(dst, Reg::R0, 0, 8);
    }

    /// Where a member is that is a number or a pointer.
    pub(super) fn place(&self, of: TypeId, path: &str) -> Option<Place> {
        let member = self.btf.member(of, path)?;
        let size = u8::try_from(self.btf.size(member.id)?).ok().filter(|size| matches!(size, 1 | 2 | 4 | 8))?;
        Some(Place { offset: i16::try_from(member.offset).ok()?, size })
    }

    /// Where a member of any size begins.
    pub(super) fn offset(&self, of: TypeId, path: &str) -> Option<i16> {
        i16::try_from(self.btf.member(of, path)?.offset).ok()
    }

    /// A member that is a pointer, and to what.
    pub(super) fn pointer(&self, of: TypeId, path: &str) -> Option<(Place, TypeId)> {
        let to = self.btf.pointee(self.btf.member(of, path)?.id)?;
        Some((self.place(of, path)?, to))
    }

    /// Bits of `d_flags`: DCACHE_ and so on.
    pub(super) fn dentry_flag(&self, name: &str) -> Option<i32> {
        self.btf.enumerator(self.dentry_flags?, &format!("DCACHE_{name}"))?.try_into().ok()
    }

    /// What a pointer points to.
    pub(super) fn pointee(&self, pointer: TypeId) -> Option<TypeId> {
        self.btf.pointee(pointer)
    }

    /// Where an element of an array begins, and its type.
    pub(super) fn element(&self, of: TypeId, path: &str, index: u32) -> Option<(i16, TypeId)> {
        let array = self.btf.member(of, path)?;
        let (element, _) = self.btf.element(array.id)?;
        let offset = self.btf.size(element)?.checked_mul(index)?.checked_add(array.offset)?;
        Some((i16::try_from(offset).ok()?, element))
    }
}

/// The first inodes of /proc/PID/ns/, include/uapi/linux/nsfs.h: those of the first pid, user and time namespace.
const FIRST_NAMESPACES: [(&str, u64); 3] = [("pid", 0xefff_fffc), ("user", 0xefff_fffd), ("time", 0xefff_fffa)];

/// Checks that what the kernel holds is what this process sees in /proc: the numbers of the first namespaces, in the /proc
/// of this pid namespace, times counted by ticks, and rights to which /proc refuses nothing. The error says in one sentence
/// what is missing.
pub(super) fn shows_what_proc_shows(source: &Source) -> Result<(), String> {
    // How these architectures count pages and times is known.
    if !cfg!(any(target_arch = "x86_64", target_arch = "aarch64")) {
        return Err("the processor is neither x86-64 nor AArch64".into());
    }
    // Older kernels show counts of pages in /proc that are not summed up over the CPUs.
    if version().is_none_or(|version| version < (6, 16)) {
        return Err(format!("Linux {} is older than 6.16", rustix::system::uname().release().to_string_lossy()));
    }
    if !source.is_procfs() || !source.may_ask_kernel() {
        return Err(format!("{} is not the /proc of this pid namespace", source.procfs("").display()));
    }
    for (name, inode) in FIRST_NAMESPACES {
        if !rustix::fs::stat(format!("/proc/thread-self/ns/{name}")).is_ok_and(|namespace| namespace.st_ino == inode) {
            return Err(format!("this process is not in the first {name} namespace"));
        }
    }
    // A kernel whose CPUs can run without a tick counts times otherwise on those.
    let tickless = source.line(&source.file("sys/devices/system/cpu/nohz_full")).ok().flatten();
    if tickless.is_some_and(|cpus| !cpus.is_empty() && cpus != b"(null)") {
        return Err("some CPUs run without a tick (nohz_full)".into());
    }
    let rights = rustix::thread::capabilities(None).map(|rights| rights.effective).unwrap_or(CapabilitySet::empty());
    let wanted = [
        ("CAP_SYS_PTRACE", CapabilitySet::SYS_PTRACE),
        ("CAP_DAC_READ_SEARCH", CapabilitySet::DAC_READ_SEARCH),
        ("CAP_BPF", CapabilitySet::BPF | CapabilitySet::SYS_ADMIN),
        ("CAP_PERFMON", CapabilitySet::PERFMON | CapabilitySet::SYS_ADMIN),
    ];
    match wanted.iter().find(|(_, either)| !rights.intersects(*either)) {
        Some((name, _)) => Err(format!("the capability {name} is missing (try as root)")),
        None => Ok(()),
    }
}

/// Major and minor version of the kernel, uname(2).
fn version() -> Option<(u32, u32)> {
    let name = rustix::system::uname();
    let mut parts = name.release().to_str().ok()?.split(|c: char| !c.is_ascii_digit());
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

/// How many CPUs there may ever be: what comes after the last number of a list as `0-3,8`.
pub(super) fn cpus(source: &Source) -> Option<i32> {
    let possible = source.line(&source.file("sys/devices/system/cpu/possible")).ok()??;
    let last = psoxide_parse::linux::cpulist::parse(&possible, "possible").ok()?.into_iter().max()?;
    i32::try_from(last).ok()?.checked_add(1)
}
