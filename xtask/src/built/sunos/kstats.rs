//! The kstats of a machine with two processors: every statistic of each module and class for which the port asks.
//!
//! Statistics that the port does not read have numbers of their own, so that a test notices when the wrong one is read. The
//! names are those of illumos: sys/sysinfo.h, os/cpu_info.c and the drivers that create the kstats.

use psoxide_capture::Capture;

use super::Filled;

/// A kstat: its question, its key, its class, its statistics in the kernel's order, and the values of some of them.
struct Kstat {
    question: &'static str,
    key: String,
    class: &'static str,
    statistics: &'static str,
    values: &'static [(&'static str, &'static str)],
}

const CPU: &str = "kstat module cpu";
const CPU_INFO: &str = "kstat module cpu_info";
const UNIX: &str = "kstat module unix";
const DISK: &str = "kstat class disk";
const NET: &str = "kstat class net";

/// `cpu:N:sys`.
const SYS: &str = "bawrite bread bwrite canch cpu_load_intr cpu_nsec_dtrace cpu_nsec_idle cpu_nsec_intr cpu_nsec_kernel \
    cpu_nsec_user cpu_ticks_idle cpu_ticks_kernel cpu_ticks_user cpu_ticks_wait cpumigrate dtrace_probes idlethread intr \
    intrblk intrthread intrunpin inv_swtch iowait lread lwrite modload modunload msg mutex_adenters namei nthreads outch \
    phread phwrite procovf pswitch rawch rcvint readch rw_rdfails rw_wrfails sema syscall sysexec sysfork sysread sysvfork \
    syswrite trap ufsdirblk ufsiget ufsinopage ufsipage wait_ticks_io writech xcalls xmtint";
/// `cpu:N:vm`.
const VM: &str = "anonfree anonpgin anonpgout as_fault cow_fault dfree execfree execpgin execpgout fsfree fspgin fspgout \
    hat_fault kernel_asflt maj_fault pgfrec pgin pgout pgpgin pgpgout pgrec pgrrun pgswapin pgswapout prot_fault rev scan \
    softlock swapin swapout zfod";
/// `cpu:N:intrstat`.
const INTERRUPTS: &str = "level-1-count level-1-time level-2-count level-2-time level-3-count level-3-time level-4-count \
    level-4-time level-5-count level-5-time level-6-count level-6-time level-7-count level-7-time level-8-count \
    level-8-time level-9-count level-9-time level-10-count level-10-time level-11-count level-11-time level-12-count \
    level-12-time level-13-count level-13-time level-14-count level-14-time level-15-count level-15-time";
/// `cpu_info:N:cpu_infoN`.
const INFO: &str = "brand cache_id chip_id clock_MHz clog_id core_id cpu_type current_clock_Hz current_cstate family \
    fpu_type implementation model ncore_per_chip ncpu_per_chip pg_id pkg_core_id socket_type state state_begin stepping \
    supported_frequencies_Hz supported_max_cstates vendor_id";
/// `unix:0:system_misc`.
const MISC: &str = "avenrun_15min avenrun_1min avenrun_5min boot_time clk_intr deficit lbolt ncpus nproc snaptime vac";
/// `unix:0:pset`, which has load averages of its own.
const PSET: &str = "avenrun_15min avenrun_1min avenrun_5min runnable updates waiting";
/// `unix:0:system_pages`.
const PAGES: &str = "availrmem desfree desscan econtig fastscan freemem kernelbase lotsfree minfree nalloc nalloc_calls \
    nfree nfree_calls nscan pagesfree pageslocked pagestotal physmem pp_kernel slowscan";
/// `unix:0:dnlcstats`.
const NAMES: &str = "dir_add_abort dir_add_max dir_add_no_memory dir_cached_current dir_cached_total \
    dir_entries_cached_current dir_fini_purge dir_hits dir_misses dir_reclaim_any dir_reclaim_last dir_remove_entry_fail \
    dir_remove_space_fail dir_start_no_memory dir_update_fail double_enters enters hits misses negative_cache_hits \
    pick_free pick_heuristic pick_last purge_all purge_fs1 purge_total_entries purge_vfs purge_vp";
/// A disk or a pool: `kstat_io_t`.
const IO: &str = "nread nwritten reads writes rtime wtime rcnt wcnt";
/// `link:0:LINK`.
const LINK: &str = "brdcstrcv brdcstxmt collisions ierrors ifspeed ipackets ipackets64 link_duplex link_state multircv \
    multixmt norcvbuf noxmtbuf obytes obytes64 oerrors opackets opackets64 rbytes rbytes64 unknowns zonename";
/// `DRIVER:N:mac`, which the same driver has beside its link.
const MAC: &str = "adv_cap_1000fdx adv_cap_1000hdx adv_cap_100fdx adv_cap_100hdx adv_cap_asmpause adv_cap_autoneg \
    adv_cap_pause align_errors brdcstrcv brdcstxmt carrier_errors collisions defer_xmts fcs_errors ierrors ifspeed \
    ipackets ipackets64 link_autoneg link_duplex link_state link_up lp_cap_autoneg macrcv_errors macxmt_errors multircv \
    multixmt norcvbuf noxmtbuf obytes obytes64 oerrors opackets opackets64 promisc rbytes rbytes64 tx_late_collisions \
    unknowns xcvr_addr xcvr_id xcvr_inuse";

/// Adds the answers to the questions about kstats.
pub(super) fn add(capture: &mut Capture) -> Filled {
    let mut answers: Vec<(&str, String)> = Vec::new();
    for kstat in all() {
        let text = lines(&kstat)?;
        match answers.iter_mut().find(|(question, _)| *question == kstat.question) {
            Some((_, answer)) => answer.push_str(&text),
            None => answers.push((kstat.question, text)),
        }
    }
    for (question, answer) in answers {
        capture.record(question, Ok(answer.into_bytes()));
    }
    Ok(())
}

/// Lists the kstats in the order of the kernel's chain.
fn all() -> Vec<Kstat> {
    let mut all = vec![
        of(
            UNIX,
            "unix:0:system_misc",
            "misc",
            MISC,
            &[
                ("avenrun_15min", "64"),
                ("avenrun_1min", "256"),
                ("avenrun_5min", "128"),
                ("boot_time", "1700000000"),
                ("ncpus", "2"),
            ],
        ),
        // The data of these is a struct, which the port does not read.
        of(UNIX, "unix:0:sysinfo", "misc", "", &[]),
        of(UNIX, "unix:0:vminfo", "vm", "", &[]),
        of(UNIX, "unix:0:var", "misc", "", &[]),
        of(UNIX, "unix:0:ncstats", "misc", "", &[]),
        of(UNIX, "unix:0:dnlcstats", "misc", NAMES, &[]),
        of(
            UNIX,
            "unix:0:system_pages",
            "pages",
            PAGES,
            &[
                ("availrmem", "900000"),
                ("freemem", "262144"),
                ("pagesfree", "262144"),
                ("pagestotal", "1040000"),
                ("physmem", "1048576"),
            ],
        ),
        of(UNIX, "unix:0:pset", "misc", PSET, &[]),
    ];
    for cpu in ["0", "1"] {
        let info = if cpu == "0" { &FIRST } else { &SECOND };
        all.push(of(CPU_INFO, &format!("cpu_info:{cpu}:cpu_info{cpu}"), "misc", INFO, info));
        all.push(of(CPU, &format!("cpu:{cpu}:vm"), "misc", VM, &[("pgswapin", "3"), ("pgswapout", "4")]));
        all.push(of(
            CPU,
            &format!("cpu:{cpu}:sys"),
            "misc",
            SYS,
            &[
                ("cpu_nsec_idle", "86000000000000"),
                ("cpu_nsec_kernel", "200500000000"),
                ("cpu_nsec_user", "100250000000"),
                ("cpu_ticks_wait", "150"),
                ("intr", "1000"),
                ("pswitch", "2000"),
                ("syscall", "3000"),
            ],
        ));
        all.push(of(CPU, &format!("cpu:{cpu}:intrstat"), "misc", INTERRUPTS, &[]));
    }
    all.push(of(DISK, "sd:0:sd0", "disk", IO, &BUSY));
    all.push(of(DISK, "sd:1:sd1", "disk", IO, &IDLE));
    // What the pool reads and writes, its disks read and write too.
    all.push(of(DISK, "zfs:0:rpool", "disk", IO, &BUSY));
    all.push(of(NET, "lo:0:lo0", "net", "ipackets opackets", &[("ipackets", "10"), ("opackets", "10")]));
    all.push(of(NET, "e1000g:0:mac", "net", MAC, &TRAFFIC));
    all.push(of(NET, "e1000g:0:statistics", "net", "Recv_Length_Errors Reset_Count Rx_Error TX_Interrupt", &[]));
    all.push(of(NET, "link:0:net0", "net", LINK, &TRAFFIC));
    // A link without an interface.
    all.push(of(NET, "link:0:net1", "net", LINK, &TRAFFIC));
    all
}

fn of(
    question: &'static str,
    key: &str,
    class: &'static str,
    statistics: &'static str,
    values: &'static [(&'static str, &'static str)],
) -> Kstat {
    Kstat { question, key: key.to_owned(), class, statistics, values }
}

type Values<const N: usize> = [(&'static str, &'static str); N];

/// Two cores of one chip.
const FIRST: Values<12> = processor("0");
const SECOND: Values<12> = processor("1");

const fn processor(core: &'static str) -> Values<12> {
    [
        ("brand", "Intel(r) Core(tm) i5-4570S CPU @ 2.90GHz"),
        ("chip_id", "0"),
        ("clock_MHz", "2900"),
        ("core_id", core),
        ("cpu_type", "i386"),
        ("current_clock_Hz", "1200000000"),
        ("fpu_type", "i387 compatible"),
        ("implementation", "x86 (GenuineIntel 306C3 family 6 model 60 step 3 clock 2900 MHz)"),
        ("socket_type", "Unknown"),
        ("state", "on-line"),
        ("supported_frequencies_Hz", "800000000:1200000000:2900000000"),
        ("vendor_id", "GenuineIntel"),
    ]
}

const BUSY: Values<8> = io("1048576");
const IDLE: Values<8> = io("0");

/// What a disk did, which has read so many bytes.
const fn io(nread: &'static str) -> Values<8> {
    [
        ("nread", nread),
        ("nwritten", "4096"),
        ("reads", "16"),
        ("writes", "1"),
        ("rtime", "1.500000000"),
        ("wtime", "0.250000000"),
        ("rcnt", "0"),
        ("wcnt", "0"),
    ]
}

/// The counters of 32 bits are the lower halves of those of 64.
const TRAFFIC: Values<15> = [
    ("ierrors", "1"),
    ("ifspeed", "1000000000"),
    ("ipackets", "30"),
    ("ipackets64", "30"),
    ("link_duplex", "2"),
    ("link_state", "1"),
    ("norcvbuf", "5"),
    ("noxmtbuf", "6"),
    ("obytes", "1"),
    ("obytes64", "4294967297"),
    ("oerrors", "2"),
    ("opackets", "40"),
    ("opackets64", "40"),
    ("rbytes", "0"),
    ("rbytes64", "8589934592"),
];

/// Writes a kstat in the form in which the port's live side writes it.
fn lines(kstat: &Kstat) -> Filled<String> {
    let unknown = |(name, _): &&(&str, &str)| !kstat.statistics.split_whitespace().any(|known| known == *name);
    if let Some((name, _)) = kstat.values.iter().find(unknown) {
        return Err(format!("{}:{name}", kstat.key));
    }
    let mut text = format!("{}:class\t{}\n", kstat.key, kstat.class);
    for (place, name) in kstat.statistics.split_whitespace().enumerate() {
        let value = kstat.values.iter().find(|(known, _)| *known == name);
        let value = value.map_or_else(|| (70_000 + place).to_string(), |(_, value)| (*value).to_owned());
        text.push_str(&format!("{}:{name}\t{value}\n", kstat.key));
    }
    Ok(text)
}
