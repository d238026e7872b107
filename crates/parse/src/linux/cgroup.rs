//! `/proc/PID/cgroup`: cgroups(7).

use crate::{Cursor, ParseError, Result, lines};

/// The control group of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cgroup<'a> {
    /// The path below the root of the hierarchy, as the reader's cgroup namespace shows it.
    pub path: &'a [u8],
    /// The innermost systemd unit in the path that is not a slice.
    pub unit: Option<&'a [u8]>,
    /// The id or name of the innermost container in the path.
    pub container: Option<&'a [u8]>,
}

/// Parses the file, which has one line for each hierarchy: `ID:CONTROLLERS:PATH`.
///
/// The unified hierarchy (cgroup v2) places a process best, then the one that systemd names, then the deepest.
pub fn parse(bytes: &[u8]) -> Result<Cgroup<'_>> {
    let mut best: Option<(u8, usize, &[u8])> = None;
    for line in lines(bytes).filter(|line| !line.is_empty()) {
        let mut cursor = Cursor::new(line);
        let id = cursor.until(b':').ok_or_else(|| ParseError::malformed("hierarchy", line))?;
        let controllers = cursor.until(b':').ok_or_else(|| ParseError::malformed("controllers", line))?;
        let path = cursor.rest();
        let rank = match (id, controllers) {
            _ if path == b"/" => 0,
            (b"0", b"") => 3,
            (_, b"name=systemd") => 2,
            _ => 1,
        };
        if best.is_none_or(|(known, depth, _)| (rank, path.len()) > (known, depth)) {
            best = Some((rank, path.len(), path));
        }
    }
    let (_, _, path) = best.ok_or_else(|| ParseError::missing("hierarchy"))?;
    let path = path.strip_suffix(b" (deleted)").unwrap_or(path);
    Ok(Cgroup { path, unit: unit(path), container: container(path) })
}

/// The suffixes of systemd units that hold processes, systemd.unit(5).
const UNITS: [&[u8]; 5] = [b".service", b".scope", b".socket", b".mount", b".swap"];

fn unit(path: &[u8]) -> Option<&[u8]> {
    let of = |part: &&[u8]| UNITS.iter().any(|suffix| part.len() > suffix.len() && part.ends_with(suffix));
    // systemd puts `_` before a name that the kernel uses for a file of its own.
    path.split(|byte| *byte == b'/').rfind(of).map(|part| part.strip_prefix(b"_").unwrap_or(part))
}

fn container(path: &[u8]) -> Option<&[u8]> {
    let mut found = None;
    let mut parent: &[u8] = b"";
    for part in path.split(|byte| *byte == b'/') {
        let name = part.strip_suffix(b".scope").unwrap_or(part);
        // The monitor of a container runs outside of it.
        let monitor = name.starts_with(b"lxc.monitor") || name.windows(8).any(|word| word == b"-conmon-");
        let id = name.rsplit(|byte| *byte == b'-').next().unwrap_or(name);
        let named = || {
            let child = matches!(parent, b"lxc" | b"lxc.payload") && !part.is_empty();
            name.strip_prefix(b"lxc.payload.").or_else(|| machine(part)).or_else(|| child.then_some(part))
        };
        if !monitor {
            found = is_id(id).then_some(id).or_else(named).or(found);
        }
        parent = part;
    }
    found
}

/// Whether this is the id that docker, podman, containerd and CRI-O give a container: 64 hexadecimal digits.
fn is_id(name: &[u8]) -> bool {
    name.len() == 64 && name.iter().all(u8::is_ascii_hexdigit)
}

/// The name of a machine of systemd-machined(8).
fn machine(part: &[u8]) -> Option<&[u8]> {
    let scope = part.strip_prefix(b"machine-").and_then(|name| name.strip_suffix(b".scope"));
    let service = part.strip_prefix(b"systemd-nspawn@").and_then(|name| name.strip_suffix(b".service"));
    scope.or(service).filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ID: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    #[track_caller]
    fn is(path: &str, unit: Option<&str>, container: Option<&str>) {
        let text = format!("0::{path}\n");
        let cgroup = parse(text.as_bytes()).unwrap();
        assert_eq!(cgroup.path, path.as_bytes());
        assert_eq!((cgroup.unit, cgroup.container), (unit.map(str::as_bytes), container.map(str::as_bytes)), "{path}");
    }

    #[test]
    fn units() {
        is("/", None, None);
        is("/init.scope", Some("init.scope"), None);
        is("/system.slice/ssh.service", Some("ssh.service"), None);
        is("/system.slice/_cpu.service", Some("cpu.service"), None);
        is("/user.slice/user-1000.slice/session-3.scope", Some("session-3.scope"), None);
        let app = "/user.slice/user-1000.slice/user@1000.service/app.slice/app-x\\x2dterm.scope";
        is(app, Some("app-x\\x2dterm.scope"), None);
        is("/.service", None, None);
    }

    #[test]
    fn containers() {
        is(&format!("/docker/{ID}"), None, Some(ID));
        let scope = format!("docker-{ID}.scope");
        is(&format!("/system.slice/{scope}"), Some(&scope), Some(ID));
        let pod = format!("/kubepods/burstable/pod8f1c2a/{ID}");
        is(&pod, None, Some(ID));
        let cri = format!("cri-containerd-{ID}.scope");
        is(&format!("/kubepods.slice/kubepods-pod8f1c2a.slice/{cri}"), Some(&cri), Some(ID));
        is(&format!("/machine.slice/libpod-{ID}.scope/container/system.slice/a.service"), Some("a.service"), Some(ID));
        let monitor = format!("libpod-conmon-{ID}.scope");
        is(&format!("/machine.slice/{monitor}"), Some(&monitor), None);
        is("/lxc.payload.web/system.slice/cron.service", Some("cron.service"), Some("web"));
        is("/lxc/web", None, Some("web"));
        is("/lxc.monitor.web", None, None);
        is("/machine.slice/machine-box.scope", Some("machine-box.scope"), Some("box"));
        is("/machine.slice/systemd-nspawn@box.service/payload", Some("systemd-nspawn@box.service"), Some("box"));
        is(&format!("/docker/{}", "xyz"), None, None);
    }

    #[test]
    fn the_hierarchy_that_places_it_best() {
        let hybrid = b"5:memory:/a/b/c\n1:name=systemd:/system.slice/x.service\n0::/\n";
        assert_eq!(parse(hybrid).unwrap().path, b"/system.slice/x.service");
        let v1 = b"12:cpu,cpuacct:/\n3:memory:/docker/abc\n2:pids:/docker\n";
        assert_eq!(parse(v1).unwrap().path, b"/docker/abc");
        assert_eq!(parse(b"0::/a:b (deleted)\n").unwrap().path, b"/a:b");
    }

    #[test]
    fn odd_lines_name_the_field() {
        assert_eq!(parse(b"").unwrap_err().field(), "hierarchy");
        assert_eq!(parse(b"0").unwrap_err().field(), "hierarchy");
        assert_eq!(parse(b"0:x").unwrap_err().field(), "controllers");
    }

    proptest! {
        #[test]
        fn never_panics(bytes: Vec<u8>) {
            let _ = parse(&bytes);
        }
    }
}
