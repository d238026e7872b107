//! Holds every offset that the parsers of SunOS use against what others say of the same struct in public.
//!
//! The first statement is the header of illumos. A struct of a documented interface needs a second one of a project that does
//! not share that header. Numbers are facts about the kernel: none of these sources is needed to build or to run anything.
#![allow(clippy::unwrap_used, clippy::panic)] // a test fails by panicking

use psoxide_parse::sunos::{Model, fdinfo, layout::Layout, lif, mapping, mib2, process, thread, unix, utmpx};

/// A project that says in public how a struct is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    /// illumos-gate: the header, and for psinfo_t, lwpsinfo_t, pstatus_t and prcred_t the numbers in elfdump's
    /// `struct_layout_i386.c` and `struct_layout_amd64.c`.
    Illumos,
    /// OSHI: `PsInfo` and `PsInfoFFM` read psinfo, lwpsinfo and usage of Solaris 11 member by member, with 64 bits.
    Oshi,
    /// Oracle's pkg(7): `ProcFS` in `misc.py` lists the members of psinfo_t, and its size before `pr_lwp` in both data models.
    Pkg,
    /// The port of the GNU C library to OpenSolaris: its own `sys/procfs.h` and `net/lif.h`.
    Glibc,
    /// Oxide's Propolis: the `prxmap` that it reads its own `xmap` with, whose size a test of theirs holds against the file.
    Propolis,
    /// Oracle Solaris 11.4: the manual page proc(5).
    Solaris,
    /// illumos' proposal IPD 8: the bytes of a file of `fdinfo`, dumped on a running kernel.
    Proposal,
    /// Go: `zsys_solaris_amd64.go` of golang.org/x/net/lif, which a compiler wrote on Solaris.
    Go,
    /// Wazuh: the structs and the bytes of a Solaris 11 machine in `sysInfoSolarisPorts_test.h`.
    Wazuh,
    /// The libc crate for Rust: `utmpx` has the members of `futmpx` in the same order, with a wider `ut_tv`.
    LibcCrate,
}

use Source::{Glibc, Go, Illumos, LibcCrate, Oshi, Pkg, Propolis, Proposal, Solaris, Wazuh};

/// Which data models a source speaks of.
#[derive(Clone, Copy)]
enum Of {
    Both,
    Lp64,
}

use Of::{Both, Lp64};

/// A member: name, offset and size with 32 bits, offset and size with 64.
type Member = (&'static str, [usize; 2], [usize; 2]);

/// A struct, by the numbers that all of its sources agree in.
struct Table {
    name: &'static str,
    sizes: [usize; 2],
    members: &'static [Member],
    /// Who says so, in which data models, and which of these members the source leaves out.
    sources: &'static [(Source, Of, &'static [&'static str])],
}

const TABLES: &[Table] = &[
    // Solaris 11.4 has `pr_rssizepriv` in the place of `pr_pad1`, and a longer `pr_lwp`: 360 and 440 bytes in all.
    Table {
        name: "psinfo_t",
        sizes: [336, 416],
        members: &[
            ("pr_nlwp", [4, 4], [4, 4]),
            ("pr_pid", [8, 4], [8, 4]),
            ("pr_ppid", [12, 4], [12, 4]),
            ("pr_pgid", [16, 4], [16, 4]),
            ("pr_sid", [20, 4], [20, 4]),
            ("pr_uid", [24, 4], [24, 4]),
            ("pr_euid", [28, 4], [28, 4]),
            ("pr_gid", [32, 4], [32, 4]),
            ("pr_egid", [36, 4], [36, 4]),
            ("pr_size", [44, 4], [48, 8]),
            ("pr_rssize", [48, 4], [56, 8]),
            ("pr_ttydev", [56, 4], [72, 8]),
            ("pr_start.tv_sec", [64, 4], [88, 8]),
            ("pr_start.tv_nsec", [68, 4], [96, 8]),
            ("pr_time.tv_sec", [72, 4], [104, 8]),
            ("pr_time.tv_nsec", [76, 4], [112, 8]),
            ("pr_fname", [88, 16], [136, 16]),
            ("pr_psargs", [104, 80], [152, 80]),
            ("pr_argc", [188, 4], [236, 4]),
            ("pr_argv", [192, 4], [240, 8]),
            ("pr_envp", [196, 4], [248, 8]),
            ("pr_dmodel", [200, 1], [256, 1]),
            ("pr_taskid", [204, 4], [260, 4]),
            ("pr_projid", [208, 4], [264, 4]),
            ("pr_zoneid", [220, 4], [276, 4]),
            ("pr_contract", [224, 4], [280, 4]),
            ("pr_lwp", [232, 104], [288, 128]),
        ],
        sources: &[(Illumos, Both, &[]), (Oshi, Lp64, &[]), (Pkg, Both, &[]), (Glibc, Both, &[])],
    },
    // Solaris 11.4 has `pr_last_onproc` and a name of 32 bytes in the place of the filler.
    Table {
        name: "lwpsinfo_t",
        sizes: [104, 128],
        members: &[
            ("pr_lwpid", [4, 4], [4, 4]),
            ("pr_state", [17, 1], [25, 1]),
            ("pr_sname", [18, 1], [26, 1]),
            ("pr_nice", [19, 1], [27, 1]),
            ("pr_pri", [24, 4], [32, 4]),
            ("pr_time.tv_sec", [40, 4], [56, 8]),
            ("pr_time.tv_nsec", [44, 4], [64, 8]),
            ("pr_clname", [48, 8], [72, 8]),
            ("pr_onpro", [72, 4], [96, 4]),
            ("pr_bindpro", [76, 4], [100, 4]),
        ],
        sources: &[(Illumos, Both, &[]), (Oshi, Lp64, &[]), (Glibc, Both, &[])],
    },
    // Without `pr_lwp`, whose registers depend on the machine.
    Table {
        name: "pstatus_t",
        sizes: [336, 384],
        members: &[
            ("pr_pid", [8, 4], [8, 4]),
            ("pr_brkbase", [48, 4], [48, 8]),
            ("pr_brksize", [52, 4], [56, 8]),
            ("pr_stkbase", [56, 4], [64, 8]),
            ("pr_stksize", [60, 4], [72, 8]),
            ("pr_utime.tv_sec", [64, 4], [80, 8]),
            ("pr_utime.tv_nsec", [68, 4], [88, 8]),
            ("pr_stime.tv_sec", [72, 4], [96, 8]),
            ("pr_stime.tv_nsec", [76, 4], [104, 8]),
            ("pr_cutime.tv_sec", [80, 4], [112, 8]),
            ("pr_cutime.tv_nsec", [84, 4], [120, 8]),
            ("pr_cstime.tv_sec", [88, 4], [128, 8]),
            ("pr_cstime.tv_nsec", [92, 4], [136, 8]),
        ],
        sources: &[(Illumos, Both, &[]), (Glibc, Both, &[])],
    },
    Table {
        name: "prusage_t",
        sizes: [256, 504],
        members: &[
            ("pr_lwpid", [0, 4], [0, 4]),
            ("pr_utime.tv_sec", [40, 4], [72, 8]),
            ("pr_utime.tv_nsec", [44, 4], [80, 8]),
            ("pr_stime.tv_sec", [48, 4], [88, 8]),
            ("pr_stime.tv_nsec", [52, 4], [96, 8]),
            ("pr_ttime.tv_sec", [56, 4], [104, 8]),
            ("pr_ttime.tv_nsec", [60, 4], [112, 8]),
            ("pr_minf", [168, 4], [328, 8]),
            ("pr_majf", [172, 4], [336, 8]),
            ("pr_inblk", [180, 4], [352, 8]),
            ("pr_oublk", [184, 4], [360, 8]),
            ("pr_vctx", [200, 4], [392, 8]),
            ("pr_ictx", [204, 4], [400, 8]),
            ("pr_sysc", [208, 4], [408, 8]),
            ("pr_ioch", [212, 4], [416, 8]),
        ],
        sources: &[(Illumos, Both, &[]), (Oshi, Lp64, &["pr_sysc", "pr_ioch"]), (Glibc, Both, &[])],
    },
    // Without the supplementary groups, of which the header declares one.
    Table {
        name: "prcred_t",
        sizes: [28, 28],
        members: &[
            ("pr_euid", [0, 4], [0, 4]),
            ("pr_ruid", [4, 4], [4, 4]),
            ("pr_suid", [8, 4], [8, 4]),
            ("pr_egid", [12, 4], [12, 4]),
            ("pr_rgid", [16, 4], [16, 4]),
            ("pr_sgid", [20, 4], [20, 4]),
            ("pr_ngroups", [24, 4], [24, 4]),
        ],
        sources: &[(Illumos, Both, &[]), (Glibc, Both, &[])],
    },
    Table {
        name: "prmap_t",
        sizes: [96, 104],
        members: &[
            ("pr_vaddr", [0, 4], [0, 8]),
            ("pr_size", [4, 4], [8, 8]),
            ("pr_mapname", [8, 64], [16, 64]),
            ("pr_mflags", [80, 4], [88, 4]),
            ("pr_shmid", [88, 4], [96, 4]),
        ],
        sources: &[(Illumos, Both, &[]), (Glibc, Both, &[])],
    },
    Table {
        name: "prxmap_t",
        sizes: [152, 216],
        members: &[
            ("pr_vaddr", [0, 4], [0, 8]),
            ("pr_size", [4, 4], [8, 8]),
            ("pr_mapname", [8, 64], [16, 64]),
            ("pr_mflags", [80, 4], [88, 4]),
            ("pr_pagesize", [84, 4], [92, 4]),
            ("pr_shmid", [88, 4], [96, 4]),
            ("pr_rss", [104, 4], [120, 8]),
            ("pr_anon", [108, 4], [128, 8]),
            ("pr_locked", [112, 4], [136, 8]),
        ],
        sources: &[(Illumos, Both, &[]), (Glibc, Both, &[]), (Propolis, Lp64, &[])],
    },
    // The size is where the items begin. illumos took the struct over from Solaris.
    Table {
        name: "prfdinfo_t",
        sizes: [196, 196],
        members: &[
            ("pr_fd", [0, 4], [0, 4]),
            ("pr_mode", [4, 4], [4, 4]),
            ("pr_size", [16, 8], [16, 8]),
            ("pr_offset", [24, 8], [24, 8]),
            ("pr_fileflags", [56, 4], [56, 4]),
            ("pr_peerpid", [76, 4], [76, 4]),
        ],
        sources: &[(Illumos, Both, &[]), (Solaris, Both, &[]), (Proposal, Lp64, &[])],
    },
    Table {
        name: "futmpx",
        sizes: [372, 372],
        members: &[
            ("ut_user", [0, 32], [0, 32]),
            ("ut_line", [36, 32], [36, 32]),
            ("ut_pid", [68, 4], [68, 4]),
            ("ut_type", [72, 2], [72, 2]),
            ("ut_tv.tv_sec", [80, 4], [80, 4]),
            ("ut_tv.tv_usec", [84, 4], [84, 4]),
            ("ut_host", [114, 257], [114, 257]),
        ],
        sources: &[(Illumos, Both, &[]), (LibcCrate, Both, &[])],
    },
    // What follows `lifr_type` is a union.
    Table {
        name: "lifreq",
        sizes: [376, 376],
        members: &[
            ("lifr_name", [0, 32], [0, 32]),
            ("lifr_addrlen", [32, 4], [32, 4]),
            ("lifr_addr", [40, 256], [40, 256]),
            ("lifr_flags", [40, 8], [40, 8]),
            ("lifr_mtu", [40, 4], [40, 4]),
            ("lifr_index", [40, 4], [40, 4]),
        ],
        sources: &[(Illumos, Both, &[]), (Glibc, Both, &[]), (Go, Lp64, &[])],
    },
    Table {
        name: "opthdr",
        sizes: [12, 12],
        members: &[("level", [0, 4], [0, 4]), ("name", [4, 4], [4, 4]), ("len", [8, 4], [8, 4])],
        sources: &[(Illumos, Both, &[]), (Wazuh, Both, &[])],
    },
    // Before the counters that the parser does not read. Wazuh's bytes have 72 at 48: Solaris 11 appends the user.
    Table {
        name: "mib2_tcp",
        sizes: [212, 212],
        members: &[("tcpConnTableSize", [48, 4], [48, 4]), ("tcp6ConnTableSize", [208, 4], [208, 4])],
        sources: &[(Illumos, Both, &[]), (Wazuh, Both, &["tcp6ConnTableSize"])],
    },
    Table {
        name: "mib2_udp",
        sizes: [20, 20],
        members: &[("udpEntrySize", [12, 4], [12, 4]), ("udp6EntrySize", [16, 4], [16, 4])],
        sources: &[(Illumos, Both, &[]), (Wazuh, Both, &[])],
    },
    // Before the process, which kernels since Solaris 11 and illumos append. The first five members are RFC 1213's.
    Table {
        name: "mib2_tcpConnEntry",
        sizes: [56, 56],
        members: &[
            ("tcpConnLocalAddress", [4, 4], [4, 4]),
            ("tcpConnLocalPort", [8, 4], [8, 4]),
            ("tcpConnRemAddress", [12, 4], [12, 4]),
            ("tcpConnRemPort", [16, 4], [16, 4]),
            ("tcpConnEntryInfo.ce_snxt", [20, 4], [20, 4]),
            ("tcpConnEntryInfo.ce_suna", [24, 4], [24, 4]),
            ("tcpConnEntryInfo.ce_rnxt", [32, 4], [32, 4]),
            ("tcpConnEntryInfo.ce_rack", [36, 4], [36, 4]),
            ("tcpConnEntryInfo.ce_state", [52, 4], [52, 4]),
        ],
        sources: &[(Illumos, Both, &[]), (Wazuh, Both, &[])],
    },
    Table {
        name: "mib2_tcp6ConnEntry",
        sizes: [84, 84],
        members: &[
            ("tcp6ConnLocalAddress", [0, 16], [0, 16]),
            ("tcp6ConnLocalPort", [16, 4], [16, 4]),
            ("tcp6ConnRemAddress", [20, 16], [20, 16]),
            ("tcp6ConnRemPort", [36, 4], [36, 4]),
            ("tcp6ConnIfIndex", [40, 4], [40, 4]),
            ("tcp6ConnEntryInfo.ce_snxt", [48, 4], [48, 4]),
            ("tcp6ConnEntryInfo.ce_suna", [52, 4], [52, 4]),
            ("tcp6ConnEntryInfo.ce_rnxt", [60, 4], [60, 4]),
            ("tcp6ConnEntryInfo.ce_rack", [64, 4], [64, 4]),
            ("tcp6ConnEntryInfo.ce_state", [80, 4], [80, 4]),
        ],
        sources: &[(Illumos, Both, &[]), (Wazuh, Both, &[])],
    },
    Table {
        name: "mib2_udpEntry",
        sizes: [20, 20],
        members: &[
            ("udpLocalAddress", [0, 4], [0, 4]),
            ("udpLocalPort", [4, 4], [4, 4]),
            ("udpEntryInfo.ue_RemoteAddress", [12, 4], [12, 4]),
            ("udpEntryInfo.ue_RemotePort", [16, 4], [16, 4]),
        ],
        sources: &[(Illumos, Both, &[]), (Wazuh, Both, &[])],
    },
    Table {
        name: "mib2_udp6Entry",
        sizes: [48, 48],
        members: &[
            ("udp6LocalAddress", [0, 16], [0, 16]),
            ("udp6LocalPort", [16, 4], [16, 4]),
            ("udp6IfIndex", [20, 4], [20, 4]),
            ("udp6EntryInfo.ue_RemoteAddress", [28, 16], [28, 16]),
            ("udp6EntryInfo.ue_RemotePort", [44, 4], [44, 4]),
        ],
        sources: &[(Illumos, Both, &[]), (Wazuh, Both, &[])],
    },
];

/// Statements of which the second is missing, and why.
const ALONE: &[(&str, &str)] = &[
    // sys/socketvar.h calls the struct private. Its records say how long they are, and the parser refuses another length.
    ("sockinfo", ""),
    // The kernel says how long an entry is. The parser takes the length that it knows if this member is 0 or missing.
    ("mib2_tcp", "tcp6ConnTableSize"),
];

/// A struct as a parser knows it: name, sizes, and each member with its offsets.
type Parsed = (&'static str, [usize; 2], Vec<(&'static str, [usize; 2])>);

/// The structs of the parsers.
fn parsers() -> Vec<Parsed> {
    let both = |fields: &[(&'static str, usize, usize)]| fields.iter().map(|(name, a, b)| (*name, [*a, *b])).collect();
    let same = |fields: &[(&'static str, usize)]| fields.iter().map(|(name, at)| (*name, [*at, *at])).collect();
    macro_rules! of_both {
        ($($view:ty),+) => { vec![$((<$view>::STRUCT, <[usize; 2]>::from(<$view>::SIZES), both(<$view>::LAYOUT))),+] };
    }
    macro_rules! of_one {
        ($($view:ty),+) => { vec![$((<$view>::STRUCT, [<$view>::SIZE; 2], same(<$view>::LAYOUT))),+] };
    }
    let mut all =
        of_both![process::Info, thread::Info, process::Status, process::Usage, mapping::Mapping, mapping::Resident];
    all.extend(of_one![
        process::Credentials,
        fdinfo::Descriptor,
        utmpx::Record,
        lif::Request,
        mib2::Header,
        mib2::TcpCounters,
        mib2::UdpCounters,
        mib2::Tcp,
        mib2::Tcp6,
        mib2::Udp,
        mib2::Udp6,
        unix::Record
    ]);
    all
}

fn is_alone(name: &str, member: &str) -> bool {
    ALONE.contains(&(name, member))
}

fn table(name: &str) -> Option<&'static Table> {
    TABLES.iter().find(|table| table.name == name)
}

#[test]
fn parsers_read_what_the_table_says() {
    for (name, sizes, fields) in parsers() {
        let Some(table) = table(name) else {
            assert!(is_alone(name, ""), "{name} is not in the table");
            continue;
        };
        assert_eq!(sizes, table.sizes, "the sizes of {name}");
        for (field, offsets) in fields {
            let member = table.members.iter().find(|(known, ..)| *known == field);
            let (_, small, large) = member.unwrap_or_else(|| panic!("{name}.{field} is not in the table"));
            let [small, large] = [small, large].map(|place| place.first().copied().unwrap());
            assert_eq!(offsets, [small, large], "{name}.{field}");
        }
    }
    for table in TABLES {
        assert!(parsers().iter().any(|(name, ..)| *name == table.name), "no parser reads {}", table.name);
    }
}

#[test]
fn two_projects_say_so() {
    for table in TABLES {
        for (member, ..) in table.members {
            for model in [Model::Ilp32, Model::Lp64] {
                let speaks = |of: &Of| matches!((of, model), (Both, _) | (Lp64, Model::Lp64));
                let sources = table.sources.iter().filter(|(_, of, lacks)| speaks(of) && !lacks.contains(member));
                let mut projects: Vec<_> = sources.map(|(source, ..)| *source).collect();
                projects.dedup();
                let is_enough = projects.len() >= 2 || is_alone(table.name, member);
                assert!(is_enough, "{}.{member} in {model:?}: {projects:?}", table.name);
                assert_eq!(projects.first(), Some(&Illumos), "{}.{member} in {model:?}", table.name);
            }
        }
    }
}

#[test]
fn the_table_holds_together() {
    for table in TABLES {
        for (place, model) in [Model::Ilp32, Model::Lp64].into_iter().enumerate() {
            let of = |member: &Member| if place == 0 { member.1 } else { member.2 };
            let size = table.sizes.get(place).copied().unwrap();
            let mut end = 0;
            for member in table.members {
                let ([at, length], name) = (of(member), format!("{}.{} in {model:?}", table.name, member.0));
                assert!(at + length <= size, "{name} ends outside");
                // x86 aligns no number to more than four bytes with 32 bits, and these structs of the network are packed.
                let widest = if place == 0 { 4 } else { 8 };
                let is_number = [1, 2, 4, 8].contains(&length);
                assert!(!is_number || at % length.min(widest) == 0, "{name} is not aligned");
                // Members of a union begin at the same place.
                assert!(at >= end || (table.name == "lifreq" && at == 40), "{name} overlaps the one before it");
                end = end.max(at + length);
            }
            // What the headers declare, laid out by a compiler's rules.
            if let Some(layout) = Layout::of(table.name, model) {
                for member in table.members {
                    let [at, length] = of(member);
                    assert_eq!(layout.member(member.0, model), Some((at, length)), "{}.{}", table.name, member.0);
                }
                let declared = layout.member("pr_misc", model).map_or(layout.size(), |(at, _)| at);
                assert_eq!(declared, size, "the size of {} in {model:?}", table.name);
            }
        }
    }
}

#[test]
fn longer_structs_of_solaris_are_told_from_those_of_the_other_model() {
    let model = |size: usize| process::Info::model_of_file(&vec![0; size]).unwrap();
    assert_eq!([336, 360].map(model), [Model::Ilp32; 2]);
    assert_eq!([416, 440].map(model), [Model::Lp64; 2]);
}
