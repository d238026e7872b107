//! Holds the offsets of this folder against the declarations in procfs.h: a compiler for x86 puts each member at the next
//! multiple of its alignment, and makes a struct as long as a multiple of its largest alignment.

use super::{mapping, process, thread};

/// A C type: size and alignment with 32 and with 64 bits.
#[derive(Debug, Clone, Copy)]
struct Type {
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

/// The offset of each member, and the size of the struct.
fn lay_out(members: &[Member], model: usize) -> (Vec<(&'static str, usize)>, usize) {
    let mut end = 0usize;
    let mut widest = 1;
    let offsets = members.iter().map(|(name, kind, count)| {
        let at = end.next_multiple_of(kind.align[model]);
        end = at + kind.size[model] * count;
        widest = widest.max(kind.align[model]);
        (*name, at)
    });
    let offsets = offsets.collect();
    (offsets, end.next_multiple_of(widest))
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
    let lwp = Type { size: [lay_out(THREAD, 0).1, lay_out(THREAD, 1).1], align: [4, 8] };
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

/// Compares what a parser knows with the declaration. A member `a.tv_nsec` lies one `long` behind `a.tv_sec`.
fn compare(name: &str, members: &[Member], sizes: (usize, usize), fields: &[(&str, usize, usize)], filler: [usize; 2]) {
    for (model, size) in [sizes.0, sizes.1].into_iter().enumerate() {
        let (offsets, declared) = lay_out(members, model);
        assert_eq!(declared + filler[model], size, "the size of {name} in model {model}");
        for (field, at32, at64) in fields {
            let (member, part) = field.split_once('.').unwrap_or((field, ""));
            let (_, at) = offsets.iter().find(|(name, _)| *name == member).unwrap_or_else(|| panic!("{name}.{field}"));
            let at = at + if part == "tv_nsec" { LONG.size[model] } else { 0 };
            assert_eq!([*at32, *at64][model], at, "{name}.{field} in model {model}");
        }
    }
}

#[test]
fn every_offset_is_where_the_declaration_puts_it() {
    compare("lwpsinfo_t", THREAD, thread::Info::SIZES, thread::Info::LAYOUT, [0, 0]);
    compare("psinfo_t", &info(), process::Info::SIZES, process::Info::LAYOUT, [0, 0]);
    compare("pstatus_t", STATUS, process::Status::SIZES, process::Status::LAYOUT, [0, 0]);
    compare("prusage_t", USAGE, process::Usage::SIZES, process::Usage::LAYOUT, [0, 0]);
    compare("prmap_t", MAPPING, mapping::Mapping::SIZES, mapping::Mapping::LAYOUT, [0, 0]);
    compare("prxmap_t", RESIDENT, mapping::Resident::SIZES, mapping::Resident::LAYOUT, [24, 56]);
}
