//! Compares the offsets in the parsers with the systems' own headers, which zig carries.
//!
//! Each comparison is a C file of assertions that is compiled for the system.

mod views;
mod windows;

use std::fs;
use std::process::Command;

use crate::python::Zig;
use crate::steps::{Result, run, workspace};

/// A system: its releases as targets of zig, and the headers that declare its kernel's answers.
struct System {
    /// The system's directory in `crates/parse/src`.
    folder: &'static str,
    targets: &'static [&'static str],
    headers: &'static str,
    /// Structs that no header declares. Each has the reason, or the declaration that is checked instead.
    elsewhere: &'static [(&'static str, &'static str)],
}

const SYSTEMS: &[System] = &[
    System {
        folder: "freebsd",
        targets: &["x86_64-freebsd.14.0", "x86_64-freebsd.15.0", "aarch64-freebsd.15.0"],
        headers: "
            #define _WANT_VMTOTAL
            #include <sys/param.h>
            #include <sys/time.h>
            #include <sys/resource.h>
            #include <sys/socket.h>
            #include <sys/socketvar.h>
            #include <sys/file.h>
            #include <sys/mount.h>
            #include <sys/user.h>
            #include <sys/un.h>
            #include <sys/unpcb.h>
            #include <sys/vmmeter.h>
            #include <sys/devicestat.h>
            #include <net/if.h>
            #include <net/if_dl.h>
            #include <net/if_media.h>
            #include <net/route.h>
            #include <netinet/in.h>
            #include <netinet/in_pcb.h>
            #include <netinet/tcp.h>
            #include <netinet/tcp_var.h>
            #include <vm/vm_param.h>
        ",
        elsewhere: &[
            (
                "cp_time",
                "IS(CPUSTATES, 5); IS(CP_USER, 0); IS(CP_NICE, 1); IS(CP_SYS, 2); IS(CP_INTR, 3); IS(CP_IDLE, 4);",
            ),
            // The C library keeps this struct private: lib/libc/gen/utxdb.h.
            ("futx", ""),
        ],
    },
    System {
        folder: "macos",
        targets: &["x86_64-macos.11.0", "aarch64-macos.11.0", "aarch64-macos.15.0"],
        headers: concat!(
            "
            #include <sys/param.h>
            #include <sys/types.h>
            #include <sys/time.h>
            #include <sys/proc.h>
            #include <sys/resource.h>
            #include <sys/socket.h>
            #include <sys/un.h>
            #include <sys/sysctl.h>
            #include <sys/proc_info.h>
            #include <sys/mount.h>
            #include <sys/attr.h>
            #include <libproc.h>
            #include <mach/mach.h>
            #include <mach/mach_time.h>
            #include <mach/processor_info.h>
            #include <mach/vm_statistics.h>
            #include <net/if.h>
            #include <net/if_dl.h>
            #include <net/if_media.h>
            #include <net/route.h>
            #include <netinet/in.h>
            #include <utmpx.h>
            ",
            include_str!("../../../testdata/macos/private.h")
        ),
        elsewhere: &[
            (
                "processor_cpu_stat64",
                "
            #if defined(__arm64__)
            IS(offsetof(struct processor_cpu_stat64, irq_ex_cnt), 0);
            IS(offsetof(struct processor_cpu_stat64, ipi_cnt), 8);
            IS(offsetof(struct processor_cpu_stat64, timer_cnt), 16);
            #endif
            IS(MNT_QUARANTINE, 0x400); IS(MNT_NOATIME, 0x10000000); IS(MNT_DEFWRITE, 0x2000000);
            IS(P_PPWAIT, 0x10); IS(P_SYSTEM, 0x200); IS(P_WEXIT, 0x2000); IS(P_TRANSLATED, 0x20000);
            IS(EPROC_SLEADER, 2); IS(TH_STATE_HALTED, 5);
            ",
            ),
            (
                // getattrlist(2) describes the answer, but no header declares it.
                "space",
                "IS(ATTR_VOL_INFO, 0x80000000); IS(ATTR_VOL_SPACEUSED, 0x00800000);",
            ),
        ],
    },
    System {
        folder: "netbsd",
        targets: &["x86_64-netbsd.10.1", "x86_64-netbsd.11.0", "aarch64-netbsd.11.0"],
        headers: "
            #include <sys/param.h>
            #include <sys/time.h>
            #include <sys/resource.h>
            #include <sys/socket.h>
            #include <sys/un.h>
            #include <sys/sysctl.h>
            #include <sys/iostat.h>
            #include <sys/statvfs.h>
            #include <sys/swap.h>
            #include <sys/envsys.h>
            #include <net/if.h>
            #include <net/if_dl.h>
            #include <net/if_media.h>
            #include <net/route.h>
            #include <netinet/in.h>
            #include <uvm/uvm_extern.h>
            #include <utmpx.h>
        ",
        elsewhere: &[],
    },
    System {
        folder: "openbsd",
        targets: &["x86_64-openbsd.7.8", "x86_64-openbsd.7.9", "aarch64-openbsd.7.9"],
        headers: "
            #include <sys/param.h>
            #include <sys/time.h>
            #include <sys/resource.h>
            #include <sys/socket.h>
            #include <sys/un.h>
            #include <sys/sysctl.h>
            #include <sys/disk.h>
            #include <sys/mount.h>
            #include <sys/swap.h>
            #include <sys/sensors.h>
            #include <sys/vmmeter.h>
            #include <net/if.h>
            #include <net/if_dl.h>
            #include <net/if_media.h>
            #include <net/route.h>
            #include <netinet/in.h>
            #include <uvm/uvmexp.h>
            #include <utmp.h>
        ",
        elsewhere: &[],
    },
];

/// The beginning of every file of assertions.
const ASSERT: &str = "
    #include <stddef.h>
    #define IS(what, number) _Static_assert((what) == (number), #what)
    #define HOLDS(what, number) _Static_assert((what) >= (number), #what)
";

/// Compares every table of offsets of every parser with the headers of each release.
pub(crate) fn check() -> Result {
    let zig = Zig::get()?;
    for system in SYSTEMS {
        let asserts = views::assertions(system.folder, system.elsewhere)?;
        for target in system.targets {
            compile(&zig, target, &format!("{}{ASSERT}{asserts}", system.headers))?;
        }
    }
    for (target, text) in windows::sources()? {
        compile(&zig, target, &text)?;
    }
    Ok(())
}

/// Compiles a file of assertions for a target. A wrong offset fails to compile.
fn compile(zig: &Zig, target: &str, text: &str) -> Result {
    let folder = workspace().join("target/layouts");
    let source = folder.join(format!("{target}.c"));
    fs::create_dir_all(&folder)
        .and_then(|()| fs::write(&source, text))
        .map_err(|error| format!("cannot write {}: {error}", source.display()))?;
    let mut compiler: Command = zig.cc(target);
    run(compiler.arg("-c").arg(&source).arg("-o").arg(source.with_extension("o")))
}
