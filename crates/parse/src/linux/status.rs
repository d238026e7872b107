//! `/proc/PID/status`: proc_pid_status(5).

use super::cpulist;
use crate::{Cursor, ParseError, Result, decimal, lines, split_once};

/// The fields of one process or thread. Memory is in bytes and absent for kernel threads and zombies.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Status {
    /// One letter: R, S, D, Z, T, t, X, I …
    pub state: u8,
    /// Thread group id, which is the process's pid.
    pub tgid: Option<u64>,
    /// The parent's pid.
    pub ppid: u64,
    /// Real, effective, saved and file system user.
    pub uid: [u32; 4],
    /// Real, effective, saved and file system group.
    pub gid: [u32; 4],
    /// Number of threads.
    pub threads: Option<u64>,
    /// Virtual memory.
    pub vm_size: Option<u64>,
    /// Resident memory.
    pub vm_rss: Option<u64>,
    /// Most virtual memory ever.
    pub vm_peak: Option<u64>,
    /// Most resident memory ever.
    pub vm_hwm: Option<u64>,
    /// Resident anonymous memory (since Linux 4.5).
    pub rss_anon: Option<u64>,
    /// Resident file mappings (since Linux 4.5).
    pub rss_file: Option<u64>,
    /// Resident shared memory (since Linux 4.5).
    pub rss_shmem: Option<u64>,
    /// Data.
    pub vm_data: Option<u64>,
    /// Stack.
    pub vm_stk: Option<u64>,
    /// Code.
    pub vm_exe: Option<u64>,
    /// Code of shared libraries.
    pub vm_lib: Option<u64>,
    /// Swapped-out anonymous memory (since Linux 2.6.34).
    pub vm_swap: Option<u64>,
    /// Huge pages of hugetlbfs (since Linux 4.4).
    pub hugetlb_pages: Option<u64>,
    /// Voluntary context switches (since Linux 2.6.23).
    pub voluntary_ctxt_switches: Option<u64>,
    /// Involuntary context switches (since Linux 2.6.23).
    pub nonvoluntary_ctxt_switches: Option<u64>,
    /// CPUs it may run on (since Linux 2.6.26).
    pub cpus_allowed_list: Option<Vec<u32>>,
}

/// Parses the whole file.
pub fn parse(bytes: &[u8]) -> Result<Status> {
    let mut status = Status::default();
    let (mut state, mut ppid, mut uid, mut gid, mut threads) = (None, None, None, None, None);
    // The kernel escapes newlines in the name, so every line starts with a key.
    for line in lines(bytes) {
        let Some((key, value)) = split_once(line, b':') else { continue };
        let mut value = Cursor::new(value);
        match key {
            b"State" => state = Some(letter(&mut value)?),
            b"Tgid" => status.tgid = Some(value.decimal("Tgid")?),
            b"PPid" => ppid = Some(value.decimal("PPid")?),
            b"Uid" => uid = Some(ids(&mut value, "Uid")?),
            b"Gid" => gid = Some(ids(&mut value, "Gid")?),
            b"Threads" => threads = Some(value.decimal("Threads")?),
            b"VmPeak" => status.vm_peak = Some(kilobytes(&mut value, "VmPeak")?),
            b"VmSize" => status.vm_size = Some(kilobytes(&mut value, "VmSize")?),
            b"VmHWM" => status.vm_hwm = Some(kilobytes(&mut value, "VmHWM")?),
            b"VmRSS" => status.vm_rss = Some(kilobytes(&mut value, "VmRSS")?),
            b"RssAnon" => status.rss_anon = Some(kilobytes(&mut value, "RssAnon")?),
            b"RssFile" => status.rss_file = Some(kilobytes(&mut value, "RssFile")?),
            b"RssShmem" => status.rss_shmem = Some(kilobytes(&mut value, "RssShmem")?),
            b"VmData" => status.vm_data = Some(kilobytes(&mut value, "VmData")?),
            b"VmStk" => status.vm_stk = Some(kilobytes(&mut value, "VmStk")?),
            b"VmExe" => status.vm_exe = Some(kilobytes(&mut value, "VmExe")?),
            b"VmLib" => status.vm_lib = Some(kilobytes(&mut value, "VmLib")?),
            b"VmSwap" => status.vm_swap = Some(kilobytes(&mut value, "VmSwap")?),
            b"HugetlbPages" => status.hugetlb_pages = Some(kilobytes(&mut value, "HugetlbPages")?),
            b"Cpus_allowed_list" => {
                status.cpus_allowed_list = Some(cpulist::parse(value.rest(), "Cpus_allowed_list")?);
            }
            b"voluntary_ctxt_switches" => {
                status.voluntary_ctxt_switches = Some(value.decimal("voluntary_ctxt_switches")?);
            }
            b"nonvoluntary_ctxt_switches" => {
                status.nonvoluntary_ctxt_switches = Some(value.decimal("nonvoluntary_ctxt_switches")?);
            }
            _ => {}
        }
    }
    status.state = state.ok_or_else(|| ParseError::missing("State"))?;
    status.ppid = ppid.ok_or_else(|| ParseError::missing("PPid"))?;
    status.uid = uid.ok_or_else(|| ParseError::missing("Uid"))?;
    status.gid = gid.ok_or_else(|| ParseError::missing("Gid"))?;
    status.threads = threads;
    Ok(status)
}

fn letter(value: &mut Cursor<'_>) -> Result<u8> {
    match value.required("State")? {
        [letter] => Ok(*letter),
        other => Err(ParseError::malformed("State", other)),
    }
}

fn ids(value: &mut Cursor<'_>, field: &'static str) -> Result<[u32; 4]> {
    Ok([id(value, field)?, id(value, field)?, id(value, field)?, id(value, field)?])
}

fn id(value: &mut Cursor<'_>, field: &'static str) -> Result<u32> {
    let text = value.required(field)?;
    u32::try_from(decimal(text, field)?).map_err(|_| ParseError::overflow(field, text))
}

/// A number of kB, with its unit, as bytes.
pub(super) fn kilobytes(value: &mut Cursor<'_>, field: &'static str) -> Result<u64> {
    let text = value.required(field)?;
    let number = decimal(text, field)?;
    match value.required(field)? {
        b"kB" => number.checked_mul(1024).ok_or_else(|| ParseError::overflow(field, text)),
        other => Err(ParseError::malformed(field, other)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Problem;
    use proptest::prelude::*;

    const CAT: &str = "Name:\tcat\nUmask:\t0022\nState:\tR (running)\nTgid:\t3775\nNgid:\t0\nPid:\t3775\nPPid:\t3773\n\
        TracerPid:\t0\nUid:\t1000\t1001\t1002\t1003\nGid:\t10\t11\t12\t4294967295\nFDSize:\t256\nGroups:\t \n\
        VmPeak:\t    3061 kB\nVmSize:\t    3060 kB\nVmLck:\t       0 kB\nVmHWM:\t    1697 kB\nVmRSS:\t    1696 kB\n\
        RssAnon:\t     112 kB\nRssFile:\t    1584 kB\nRssShmem:\t       0 kB\nVmData:\t     360 kB\n\
        VmStk:\t     132 kB\nVmExe:\t      20 kB\nVmLib:\t    1528 kB\nVmPTE:\t      44 kB\nVmSwap:\t       4 kB\n\
        HugetlbPages:\t       8 kB\nCoreDumping:\t0\nThreads:\t1\nSigQ:\t0/96365\nCpus_allowed:\t3\n\
        Cpus_allowed_list:\t0-1\nMems_allowed_list:\t0\nvoluntary_ctxt_switches:\t5\nnonvoluntary_ctxt_switches:\t6\n";

    #[test]
    fn every_field_is_the_one_proc5_documents() {
        let kb = |n: u64| Some(n * 1024);
        let expected = Status {
            state: b'R',
            tgid: Some(3775),
            ppid: 3773,
            uid: [1000, 1001, 1002, 1003],
            gid: [10, 11, 12, u32::MAX],
            threads: Some(1),
            vm_size: kb(3060),
            vm_rss: kb(1696),
            vm_peak: kb(3061),
            vm_hwm: kb(1697),
            rss_anon: kb(112),
            rss_file: kb(1584),
            rss_shmem: kb(0),
            vm_data: kb(360),
            vm_stk: kb(132),
            vm_exe: kb(20),
            vm_lib: kb(1528),
            vm_swap: kb(4),
            hugetlb_pages: kb(8),
            voluntary_ctxt_switches: Some(5),
            nonvoluntary_ctxt_switches: Some(6),
            cpus_allowed_list: Some(vec![0, 1]),
        };
        assert_eq!(parse(CAT.as_bytes()), Ok(expected));
    }

    #[test]
    fn the_name_is_never_taken_for_a_field() {
        for name in ["State:\tZ", "a\\nPPid:\t1", ":", "", "Uid:"] {
            let text = CAT.replace("Name:\tcat", &format!("Name:\t{name}"));
            assert_eq!(parse(text.as_bytes()), parse(CAT.as_bytes()));
        }
    }

    #[test]
    fn kernel_threads_have_no_memory() {
        let text =
            b"Name:\tkthreadd\nState:\tS (sleeping)\nPPid:\t0\nUid:\t0\t0\t0\t0\nGid:\t0\t0\t0\t0\nThreads:\t1\n";
        let status = parse(text).unwrap();
        assert_eq!((status.state, status.vm_rss, status.cpus_allowed_list), (b'S', None, None));
    }

    #[test]
    fn odd_input_names_the_field() {
        let error = |from: &str, to: &str| {
            assert!(CAT.contains(from));
            let error = parse(CAT.replace(from, to).as_bytes()).unwrap_err();
            (error.field(), error.problem())
        };
        assert_eq!(parse(b"").unwrap_err().field(), "State");
        assert_eq!(error("\nPPid:\t3773", ""), ("PPid", Problem::Missing));
        assert_eq!(error("\t1003", ""), ("Uid", Problem::Missing));
        assert_eq!(error("4294967295", "4294967296"), ("Gid", Problem::Overflow));
        assert_eq!(error("R (running)", "running"), ("State", Problem::Malformed));
        assert_eq!(error("1696 kB", "1696"), ("VmRSS", Problem::Missing));
        assert_eq!(error("1696 kB", "1696 MB"), ("VmRSS", Problem::Malformed));
        assert_eq!(error("1696 kB", "18014398509481984 kB"), ("VmRSS", Problem::Overflow));
        assert_eq!(error("list:\t0-1", "list:\t1-0"), ("Cpus_allowed_list", Problem::Malformed));
    }

    proptest! {
        #[test]
        fn never_panics(bytes: Vec<u8>, at in 0..CAT.len()) {
            let _ = parse(&bytes);
            let _ = parse(CAT.as_bytes().split_at(at).0);
        }
    }
}
