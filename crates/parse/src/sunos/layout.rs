//! What procfs.h declares, as facts: the members of each struct in their order.
//!
//! [`Layout`] computes from it where a compiler for x86 puts each member: at the next multiple of its alignment, in a struct
//! that is as long as a multiple of its largest alignment. The offsets that the parsers know are held against it, and captures
//! are built with it. The declarations are those of illumos' `usr/src/uts/common/sys/procfs.h`, which declares each struct once
//! for 64 bits and once, by fixed types, for 32. Solaris 11 declares the same members, and appends 24 bytes to `lwpsinfo_t`.

use super::Model;

/// A C type: size and alignment with 32 and with 64 bits.
#[derive(Debug, Clone, Copy)]
pub struct Type {
    size: [usize; 2],
    align: [usize; 2],
}

const fn number(size: usize) -> Type {
    Type { size: [size, size], align: [size, size] }
}

const CHAR: Type = number(1);
const SHORT: Type = number(2);
/// `int`, `id_t`, `pid_t`, `uid_t`, `processorid_t` …
const INT: Type = number(4);
/// `long`, `size_t`, `uintptr_t`, `dev_t`: as wide as a pointer.
const LONG: Type = Type { size: [4, 8], align: [4, 8] };
/// `timestruc_t`: two of `long`.
const TIME: Type = Type { size: [8, 16], align: [4, 8] };
/// `offset_t`, `uint64_t`: x86 aligns them to four bytes with 32 bits.
const WIDE: Type = Type { size: [8, 8], align: [4, 8] };

type Member = (&'static str, Type, usize);

/// Where the members of a struct lie.
#[derive(Debug, Clone)]
pub struct Layout {
    members: Vec<(&'static str, usize, usize)>,
    size: usize,
}

impl Layout {
    /// The layout of a struct in a data model; `None` of a struct that this module does not declare.
    #[must_use]
    pub fn of(name: &str, model: Model) -> Option<Self> {
        let (members, filler) = match name {
            "lwpsinfo_t" => (THREAD.to_vec(), [0, 0]),
            "psinfo_t" => (info(), [0, 0]),
            "pstatus_t" => (STATUS.to_vec(), [0, 0]),
            "prusage_t" => (USAGE.to_vec(), [0, 0]),
            "prcred_t" => (CREDENTIALS.to_vec(), [0, 0]),
            "prmap_t" => (MAPPING.to_vec(), [0, 0]),
            "prxmap_t" => (RESIDENT.to_vec(), RESIDENT_FILLER),
            "prfdinfo_t" => (DESCRIPTOR.to_vec(), [0, 0]),
            "sockinfo" => (SOCKET.to_vec(), [0, 0]),
            _ => return None,
        };
        let (mut layout, bits) = (Self::of_members(&members, model), place(model));
        layout.size = layout.size.saturating_add(filler.get(bits).copied().unwrap_or_default());
        Some(layout)
    }

    fn of_members(members: &[Member], model: Model) -> Self {
        let bits = place(model);
        let of = |sizes: [usize; 2]| sizes.get(bits).copied().unwrap_or_default();
        let (mut end, mut widest) = (0usize, 1usize);
        let members = members.iter().map(|(name, kind, count)| {
            let (size, align) = (of(kind.size), of(kind.align));
            let at = end.next_multiple_of(align);
            end = at.saturating_add(size.saturating_mul(*count));
            widest = widest.max(align);
            (*name, at, end.saturating_sub(at))
        });
        let members = members.collect();
        Self { members, size: end.next_multiple_of(widest) }
    }

    /// The size of the struct.
    #[must_use]
    pub const fn size(&self) -> usize {
        self.size
    }

    /// Offset and size of a member. `a.tv_sec` and `a.tv_nsec` are the halves of a `timestruc_t`, and `pr_lwp.a` is a member
    /// of the representative thread.
    #[must_use]
    pub fn member(&self, name: &str, model: Model) -> Option<(usize, usize)> {
        let (member, part) = name.split_once('.').unwrap_or((name, ""));
        let (_, at, size) = *self.members.iter().find(|(known, ..)| *known == member)?;
        match part {
            "" => Some((at, size)),
            "tv_sec" => Some((at, size / 2)),
            "tv_nsec" => Some((at + size / 2, size / 2)),
            _ => {
                let (within, size) = Self::of("lwpsinfo_t", model)?.member(part, model)?;
                Some((at + within, size))
            }
        }
    }
}

/// The place of a data model in the sizes of a [`Type`].
const fn place(model: Model) -> usize {
    match model {
        Model::Ilp32 => 0,
        Model::Lp64 => 1,
    }
}

/// `lwpsinfo_t`. What illumos calls `pr_last_onproc` today was filler before.
const THREAD: &[Member] = &[
    ("pr_flag", INT, 1),
    ("pr_lwpid", INT, 1),
    ("pr_addr", LONG, 1),
    ("pr_wchan", LONG, 1),
    ("pr_stype", CHAR, 1),
    ("pr_state", CHAR, 1),
    ("pr_sname", CHAR, 1),
    ("pr_nice", CHAR, 1),
    ("pr_syscall", SHORT, 1),
    ("pr_oldpri", CHAR, 1),
    ("pr_cpu", CHAR, 1),
    ("pr_pri", INT, 1),
    ("pr_pctcpu", SHORT, 1),
    ("pr_pad", SHORT, 1),
    ("pr_start", TIME, 1),
    ("pr_time", TIME, 1),
    ("pr_clname", CHAR, 8),
    ("pr_name", CHAR, 16),
    ("pr_onpro", INT, 1),
    ("pr_bindpro", INT, 1),
    ("pr_bindpset", INT, 1),
    ("pr_lgrp", INT, 1),
    ("pr_filler", INT, 4),
];

/// `psinfo_t`, whose last member is a `lwpsinfo_t`.
fn info() -> Vec<Member> {
    let size = |model| Layout::of_members(THREAD, model).size;
    let lwp = Type { size: [size(Model::Ilp32), size(Model::Lp64)], align: [4, 8] };
    vec![
        ("pr_flag", INT, 1),
        ("pr_nlwp", INT, 1),
        ("pr_pid", INT, 1),
        ("pr_ppid", INT, 1),
        ("pr_pgid", INT, 1),
        ("pr_sid", INT, 1),
        ("pr_uid", INT, 1),
        ("pr_euid", INT, 1),
        ("pr_gid", INT, 1),
        ("pr_egid", INT, 1),
        ("pr_addr", LONG, 1),
        ("pr_size", LONG, 1),
        ("pr_rssize", LONG, 1),
        ("pr_pad1", LONG, 1),
        ("pr_ttydev", LONG, 1),
        ("pr_pctcpu", SHORT, 1),
        ("pr_pctmem", SHORT, 1),
        ("pr_start", TIME, 1),
        ("pr_time", TIME, 1),
        ("pr_ctime", TIME, 1),
        ("pr_fname", CHAR, 16),
        ("pr_psargs", CHAR, 80),
        ("pr_wstat", INT, 1),
        ("pr_argc", INT, 1),
        ("pr_argv", LONG, 1),
        ("pr_envp", LONG, 1),
        ("pr_dmodel", CHAR, 1),
        ("pr_pad2", CHAR, 3),
        ("pr_taskid", INT, 1),
        ("pr_projid", INT, 1),
        ("pr_nzomb", INT, 1),
        ("pr_poolid", INT, 1),
        ("pr_zoneid", INT, 1),
        ("pr_contract", INT, 1),
        ("pr_filler", INT, 1),
        ("pr_lwp", lwp, 1),
    ]
}

/// `pstatus_t` before its last member, `lwpstatus_t`, whose registers depend on the machine.
const STATUS: &[Member] = &[
    ("pr_flags", INT, 1),
    ("pr_nlwp", INT, 1),
    ("pr_pid", INT, 1),
    ("pr_ppid", INT, 1),
    ("pr_pgid", INT, 1),
    ("pr_sid", INT, 1),
    ("pr_aslwpid", INT, 1),
    ("pr_agentid", INT, 1),
    ("pr_sigpend", INT, 4),
    ("pr_brkbase", LONG, 1),
    ("pr_brksize", LONG, 1),
    ("pr_stkbase", LONG, 1),
    ("pr_stksize", LONG, 1),
    ("pr_utime", TIME, 1),
    ("pr_stime", TIME, 1),
    ("pr_cutime", TIME, 1),
    ("pr_cstime", TIME, 1),
    ("pr_sigtrace", INT, 4),
    ("pr_flttrace", INT, 4),
    ("pr_sysentry", INT, 16),
    ("pr_sysexit", INT, 16),
    ("pr_dmodel", CHAR, 1),
    ("pr_pad", CHAR, 3),
    ("pr_taskid", INT, 1),
    ("pr_projid", INT, 1),
    ("pr_nzomb", INT, 1),
    ("pr_zoneid", INT, 1),
    ("pr_filler", INT, 15),
];

/// `prusage_t`.
const USAGE: &[Member] = &[
    ("pr_lwpid", INT, 1),
    ("pr_count", INT, 1),
    ("pr_tstamp", TIME, 1),
    ("pr_create", TIME, 1),
    ("pr_term", TIME, 1),
    ("pr_rtime", TIME, 1),
    ("pr_utime", TIME, 1),
    ("pr_stime", TIME, 1),
    ("pr_ttime", TIME, 1),
    ("pr_tftime", TIME, 1),
    ("pr_dftime", TIME, 1),
    ("pr_kftime", TIME, 1),
    ("pr_ltime", TIME, 1),
    ("pr_slptime", TIME, 1),
    ("pr_wtime", TIME, 1),
    ("pr_stoptime", TIME, 1),
    ("filltime", TIME, 6),
    ("pr_minf", LONG, 1),
    ("pr_majf", LONG, 1),
    ("pr_nswap", LONG, 1),
    ("pr_inblk", LONG, 1),
    ("pr_oublk", LONG, 1),
    ("pr_msnd", LONG, 1),
    ("pr_mrcv", LONG, 1),
    ("pr_sigs", LONG, 1),
    ("pr_vctx", LONG, 1),
    ("pr_ictx", LONG, 1),
    ("pr_sysc", LONG, 1),
    ("pr_ioch", LONG, 1),
    ("filler", LONG, 10),
];

/// `prmap_t`.
const MAPPING: &[Member] = &[
    ("pr_vaddr", LONG, 1),
    ("pr_size", LONG, 1),
    ("pr_mapname", CHAR, 64),
    ("pr_offset", WIDE, 1),
    ("pr_mflags", INT, 1),
    ("pr_pagesize", INT, 1),
    ("pr_shmid", INT, 1),
    ("pr_filler", INT, 1),
];

/// `prxmap_t` but its filler, which is six of `long` with 32 bits and seven with 64.
const RESIDENT: &[Member] = &[
    ("pr_vaddr", LONG, 1),
    ("pr_size", LONG, 1),
    ("pr_mapname", CHAR, 64),
    ("pr_offset", WIDE, 1),
    ("pr_mflags", INT, 1),
    ("pr_pagesize", INT, 1),
    ("pr_shmid", INT, 1),
    ("pr_dev", LONG, 1),
    ("pr_ino", WIDE, 1),
    ("pr_rss", LONG, 1),
    ("pr_anon", LONG, 1),
    ("pr_locked", LONG, 1),
    ("pr_pad", LONG, 1),
    ("pr_hatpagesize", WIDE, 1),
];

/// The filler of `prxmap_t`.
const RESIDENT_FILLER: [usize; 2] = [24, 56];

/// `prcred_t` without supplementary groups.
const CREDENTIALS: &[Member] = &[
    ("pr_euid", INT, 1),
    ("pr_ruid", INT, 1),
    ("pr_suid", INT, 1),
    ("pr_egid", INT, 1),
    ("pr_rgid", INT, 1),
    ("pr_sgid", INT, 1),
    ("pr_ngroups", INT, 1),
];

/// `prfdinfo_t`. Its last member has no size: the items that follow begin there.
const DESCRIPTOR: &[Member] = &[
    ("pr_fd", INT, 1),
    ("pr_mode", INT, 1),
    ("pr_ino", WIDE, 1),
    ("pr_size", WIDE, 1),
    ("pr_offset", WIDE, 1),
    ("pr_uid", INT, 1),
    ("pr_gid", INT, 1),
    ("pr_major", INT, 1),
    ("pr_minor", INT, 1),
    ("pr_rmajor", INT, 1),
    ("pr_rminor", INT, 1),
    ("pr_fileflags", INT, 1),
    ("pr_fdflags", INT, 1),
    ("pr_locktype", SHORT, 1),
    ("pr_lockpid", INT, 1),
    ("pr_locksysid", INT, 1),
    ("pr_peerpid", INT, 1),
    ("pr_filler", INT, 25),
    ("pr_peername", CHAR, 16),
    ("pr_misc", CHAR, 0),
];

/// `struct sockinfo` of sys/socketvar.h, with paths of `MAXPATHLEN` and a NUL.
const SOCKET: &[Member] = &[
    ("si_size", INT, 1),
    ("si_family", SHORT, 1),
    ("si_type", SHORT, 1),
    ("si_flag", SHORT, 1),
    ("si_state", INT, 1),
    ("si_ux_laddr_sou_magic", INT, 1),
    ("si_ux_faddr_sou_magic", INT, 1),
    ("si_serv_type", INT, 1),
    ("si_laddr_soa_len", INT, 1),
    ("si_faddr_soa_len", INT, 1),
    ("si_laddr_family", SHORT, 1),
    ("si_faddr_family", SHORT, 1),
    ("si_laddr_sun_path", CHAR, 1025),
    ("si_faddr_sun_path", CHAR, 1025),
    ("si_faddr_noxlate", INT, 1),
    ("si_szoneid", INT, 1),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sunos::{fdinfo, mapping, process, thread, unix};

    /// Compares what a parser knows with the declaration.
    fn compare(name: &str, sizes: (usize, usize), fields: &[(&str, usize, usize)]) {
        for (model, size, of) in [(Model::Ilp32, sizes.0, 0), (Model::Lp64, sizes.1, 1)] {
            let layout = Layout::of(name, model).unwrap();
            assert_eq!(layout.size(), size, "the size of {name} in {model:?}");
            for (field, at32, at64) in fields {
                let (at, _) = layout.member(field, model).unwrap_or_else(|| panic!("{name}.{field}"));
                assert_eq!([*at32, *at64][of], at, "{name}.{field} in {model:?}");
            }
        }
    }

    #[test]
    fn every_offset_is_where_the_declaration_puts_it() {
        compare("lwpsinfo_t", thread::Info::SIZES, thread::Info::LAYOUT);
        compare("psinfo_t", process::Info::SIZES, process::Info::LAYOUT);
        compare("pstatus_t", process::Status::SIZES, process::Status::LAYOUT);
        compare("prusage_t", process::Usage::SIZES, process::Usage::LAYOUT);
        compare("prmap_t", mapping::Mapping::SIZES, mapping::Mapping::LAYOUT);
        compare("prxmap_t", mapping::Resident::SIZES, mapping::Resident::LAYOUT);
        let credentials: Vec<_> = process::Credentials::LAYOUT.iter().map(|(name, at)| (*name, *at, *at)).collect();
        compare("prcred_t", (process::Credentials::SIZE, process::Credentials::SIZE), &credentials);
        let socket: Vec<_> = unix::Record::LAYOUT.iter().map(|(name, at)| (*name, *at, *at)).collect();
        compare("sockinfo", (unix::Record::SIZE, unix::Record::SIZE), &socket);
        // The file goes on where the struct would be padded.
        for model in [Model::Ilp32, Model::Lp64] {
            let layout = Layout::of("prfdinfo_t", model).unwrap();
            assert_eq!(layout.member("pr_misc", model), Some((fdinfo::Descriptor::SIZE, 0)));
            for (field, at) in fdinfo::Descriptor::LAYOUT {
                assert_eq!(layout.member(field, model).map(|(at, _)| at), Some(*at), "{field} in {model:?}");
            }
        }
    }

    /// The numbers with which bfd/elf.c of GNU binutils reads core files of Solaris: the sizes of `psinfo_t` and
    /// `lwpsinfo_t`, and the offsets of `pr_fname` and `pr_psargs`.
    const OF_BINUTILS: [(Model, usize, usize, usize, usize); 2] =
        [(Model::Ilp32, 360, 128, 88, 104), (Model::Lp64, 440, 152, 136, 152)];

    #[test]
    fn binutils_reads_the_same_offsets_on_solaris() {
        for (model, info, thread, name, arguments) in OF_BINUTILS {
            let [of_info, of_thread] = ["psinfo_t", "lwpsinfo_t"].map(|name| Layout::of(name, model).unwrap());
            assert_eq!(of_info.member("pr_fname", model), Some((name, 16)), "{model:?}");
            assert_eq!(of_info.member("pr_psargs", model), Some((arguments, 80)), "{model:?}");
            assert_eq!(of_thread.member("pr_lwpid", model), Some((4, 4)), "{model:?}");
            // A thread is the last member, so that nothing moves.
            assert_eq!((info - of_info.size(), thread - of_thread.size()), (24, 24), "{model:?}");
            assert_eq!(process::Info::model_of_file(&vec![0; info]), Ok(model));
        }
    }

    #[test]
    fn members_of_members() {
        let layout = Layout::of("psinfo_t", Model::Lp64).unwrap();
        assert_eq!(layout.member("pr_lwp.pr_state", Model::Lp64), Some((288 + 25, 1)));
        assert_eq!(layout.member("pr_start.tv_nsec", Model::Lp64), Some((96, 8)));
        assert_eq!(layout.member("pr_nothing", Model::Lp64), None);
        assert!(Layout::of("nothing_t", Model::Lp64).is_none());
    }
}
