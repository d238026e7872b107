//! Reads the parent of every process.

use std::collections::HashSet;

use psoxide_parse::ParseError;
use psoxide_parse::linux::stat;

use super::live::Live;
use super::source::if_any;
use super::{Source, bpf};
use crate::sys::Parentage;
use crate::{Pid, Result};

/// Reads the parents of a process's descendants, or of its children, by pid. The result may contain other processes.
pub(super) fn of_process(source: &Source, of: Pid, recursive: bool) -> Result<Vec<Parentage>> {
    let (mut family, rest, walked) = match bpf::parentage(source) {
        Some((family, rest)) => (family, rest, true),
        None => (Vec::new(), source.pids()?, false),
    };
    // A walk misses a few processes, whose children may be in it. So the missed processes are read too.
    let kernel = source.own_kernel().filter(|kernel| kernel.pidfds_describe());
    let parent_of = |pid| Some(kernel?.pidfd_info(pid).ok()??.ppid);
    let ask = |pid| if walked { None } else { parent_of(pid) };
    let procfs = source.live().and_then(Live::open_procfs);
    let read = |pid| {
        let kin = source.read_process(procfs.as_ref(), pid, "stat", |bytes| {
            let (ppid, start) = stat::kin(bytes)?;
            let ppid = Pid::try_from(ppid).map_err(|_| ParseError::overflow("ppid", b""))?;
            Ok(Parentage { pid, start: Some(start), ppid })
        });
        match kin {
            // A /proc mounted with `hidepid` lists the process but denies access to its files.
            Err(error) if error.is_access_denied() => {
                Ok(parent_of(pid).map(|ppid| Parentage { pid, start: None, ppid }))
            }
            // `None` if the process has ended since the pids were listed.
            kin => if_any(kin).map_err(|error| error.with_pid(pid)),
        }
    };
    family.append(&mut search(rest, of, recursive, ask, read)?);
    // A child with a lower pid than its parent's is found last.
    family.sort_unstable_by_key(|kin| kin.pid);
    Ok(family)
}

/// Finds the relatives among `pids`. A pidfd returns the parent for half the cost of `stat`, but no start time. It is
/// asked first as long as most processes are not relatives.
fn search(
    pids: Vec<Pid>,
    of: Pid,
    recursive: bool,
    ask: impl Fn(Pid) -> Option<Pid>,
    mut read: impl FnMut(Pid) -> Result<Option<Parentage>>,
) -> Result<Vec<Parentage>> {
    let mut parents = HashSet::from([of]);
    let (mut family, mut others): (Vec<Parentage>, Vec<(Pid, Pid)>) = (Vec::new(), Vec::new());
    let mut near = 0;
    for (seen, pid) in pids.into_iter().enumerate() {
        if near * 2 <= seen
            && let Some(ppid) = ask(pid)
            && !parents.contains(&ppid)
        {
            others.push((pid, ppid));
        } else if let Some(kin) = read(pid)? {
            if parents.contains(&kin.ppid) {
                near += 1;
                if recursive {
                    parents.insert(pid);
                }
            }
            family.push(kin);
        }
    }
    // Pids wrap around, so a parent's pid can be higher than its child's. Such parents are known only now.
    loop {
        let known = parents.len();
        if recursive {
            parents = family.iter().fold(parents, |mut parents, kin| {
                if parents.contains(&kin.ppid) {
                    parents.insert(kin.pid);
                }
                parents
            });
        }
        let (found, rest): (Vec<_>, _) = others.into_iter().partition(|(_, ppid)| parents.contains(ppid));
        if parents.len() == known && found.is_empty() {
            return Ok(family);
        }
        others = rest;
        for (pid, _) in found {
            family.extend(read(pid)?);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    /// Searches processes with these parents. Returns those found, and how many were asked and read.
    fn found(parents: &[(Pid, Pid)], of: Pid, recursive: bool) -> (Vec<Pid>, [usize; 2]) {
        let (asked, looked) = (Cell::new(0), Cell::new(0));
        let ppid = |pid| parents.iter().find(|(child, _)| *child == pid).map(|(_, ppid)| *ppid);
        let ask = |pid| {
            asked.set(asked.get() + 1);
            ppid(pid)
        };
        let read = |pid| {
            looked.set(looked.get() + 1);
            Ok(ppid(pid).map(|ppid| Parentage { pid, start: Some(1), ppid }))
        };
        let mut family = search(parents.iter().map(|(pid, _)| *pid).collect(), of, recursive, ask, read).unwrap();
        family.sort_unstable_by_key(|kin| kin.pid);
        (family.into_iter().map(|kin| kin.pid).collect(), [asked.get(), looked.get()])
    }

    #[test]
    fn a_small_family_is_found_by_asking() {
        let mut parents: Vec<(Pid, Pid)> = (1..1000).map(|pid| (pid, 0)).collect();
        parents.extend([(1001, 7), (1002, 1001), (1003, 1)]);
        let (family, [asked, looked]) = found(&parents, 7, true);
        assert_eq!(family, [1001, 1002]);
        assert_eq!([asked, looked], [1002, 2]);
        assert_eq!(found(&parents, 7, false).0, [1001]);
    }

    #[test]
    fn a_large_family_is_read() {
        let parents: Vec<(Pid, Pid)> = (2..1002).map(|pid| (pid, 1)).collect();
        let (family, [asked, looked]) = found(&parents, 1, true);
        assert_eq!((family.len(), looked), (1000, 1000));
        assert!(asked < 10, "{asked}");
    }

    #[test]
    fn parents_may_have_higher_pids() {
        let parents = [(2, 90), (3, 2), (4, 1), (5, 3), (80, 1), (90, 70), (95, 94)];
        assert_eq!(found(&parents, 70, true).0, [2, 3, 5, 90]);
        assert_eq!(found(&parents, 70, false).0, [90]);
        // The same holds if most processes are relatives, so that most are read.
        let mut many: Vec<(Pid, Pid)> = (1000..1100).map(|pid| (pid, 70)).collect();
        many.extend([(1200, 1300), (1201, 1200), (1300, 1301), (1301, 1000)]);
        many.extend((2000..2500).map(|pid| (pid, 1)));
        many.extend([(2600, 2700), (2601, 2600), (2700, 1201)]);
        let (family, _) = found(&many, 70, true);
        assert!([1200, 1201, 1300, 1301, 2600, 2601, 2700].iter().all(|pid| family.contains(pid)), "{family:?}");
    }
}
