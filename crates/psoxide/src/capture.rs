//! Records a capture of the running machine, and removes private data.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::SystemTime;

use psoxide_capture::{Capture, Entry, Header, Origin};
use psoxide_parse::passwd;

use crate::sys::{self, Platform as _};
use crate::{ConnectionKind, Endpoint, Field, NicAddress, Pid, Process, Query, Resource, Result, System};

/// Options of [`System::capture`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CaptureOptions {
    /// Keeps the names of the host and of its users, all addresses, and environments.
    pub raw: bool,
    /// Records only these processes, or all if the list is empty. A system that returns all processes in one answer
    /// records all of them. Reading another process of such a capture fails with
    /// [`ErrorKind::NotCaptured`](crate::ErrorKind::NotCaptured).
    pub pids: Vec<Pid>,
}

impl System {
    /// Records this machine. Returns the text of a capture: all that the readings ask of the kernel, with its answers.
    /// [`at_root`](Self::at_root) reads it on any machine.
    ///
    /// Unless `options.raw` is set, the names of the host and of its users and all addresses are replaced, and
    /// environments are left out. Command lines and paths are kept: read the text before you share it.
    ///
    /// # Errors
    /// Fails if the machine is a capture, or if a process of `options.pids` does not exist. Other values that cannot be
    /// read are recorded as refused, or left out.
    pub fn capture(&self, options: &CaptureOptions) -> Result<String> {
        let mut header = Header::default();
        header.origin = Origin::Recorded;
        header.system = self.os().name().to_lowercase();
        let host = self.host_info().unwrap_or_default();
        (header.release, header.machine) = (host.release, host.machine.unwrap_or_default());
        let since = |time: SystemTime| time.duration_since(SystemTime::UNIX_EPOCH).ok();
        header.boot_time = self.boot_time().ok().and_then(since).map(|time| time.as_secs());
        header.taken = since(SystemTime::now());
        header.uid = self.current_process().and_then(|me| me.uids()).ok().map(|ids| ids.effective);
        let (source, recorder) = sys::Os::recorded(self.source(), Capture::new(header), &options.pids)?;
        if let Some(source) = source {
            read_all(&self.with_source(source));
        }
        let mut capture = recorder.take();
        if !options.raw {
            let secrets = Secrets::of(self, &capture, &host.hostname);
            capture.scrub(&secrets.words, sys::Os::is_environment);
            secrets.addresses(&mut capture);
            secrets.accounts(&mut capture);
        }
        Ok(capture.to_text())
    }
}

/// Makes every reading once. The recorder notes errors as refused.
fn read_all(system: &System) {
    let _ = (system.boot_time(), system.uptime(), system.host_info(), system.users());
    let _ = (system.cpu_times(), system.cpu_times_per_cpu(), system.cpu_count(), system.cpu_count_cores());
    let _ = (system.cpu_stats(), system.cpu_freq(), system.core_kinds(), system.load_average());
    let _ = (system.virtual_memory(), system.swap_memory());
    let _ = (system.sensors_temperatures(), system.sensors_fans(), system.sensors_battery(), system.gpus());
    let _ = (system.disk_io_counters(), system.whole_disks(), system.net_io_counters());
    let _ = (system.net_if_addrs(), system.net_if_stats(), system.net_connections(ConnectionKind::All));
    for partition in system.disk_partitions(true).unwrap_or_default() {
        let _ = system.disk_usage(&partition.mountpoint);
    }
    for (name, _) in system.services().unwrap_or_default() {
        let _ = system.service(name);
    }
    let _ = system.snapshot(Query { counters: true, ..Query::from(Field::ALL.iter().copied()) });
    system.processes().unwrap_or_default().iter().for_each(read_process);
}

/// Makes every reading of a process, each separately, because separate readings ask questions that a snapshot does not.
fn read_process(process: &Process) {
    let _ = (process.name(), process.exe(), process.cmdline(), process.environ(), process.cwd(), process.terminal());
    let _ = (process.status(), process.abi(), process.ppid(), process.username(), process.uids(), process.gids());
    let _ = (process.cpu_times(), process.cpu_num(), process.cpu_affinity(), process.nice(), process.ionice());
    let _ = (process.memory_info(), process.memory_details(), process.memory_footprint(), process.memory_maps());
    let _ = (process.num_fds(), process.num_handles(), process.num_threads(), process.num_ctx_switches());
    let _ =
        (process.threads(), process.thread_details(), process.open_files(), process.io_counters(), process.energy());
    let _ = (process.net_connections(ConnectionKind::All), process.page_faults(), process.scheduling());
    let _ = (process.containment(), process.abi());
    for resource in Resource::ALL {
        let _ = process.rlimit(*resource);
    }
}

/// Private data of a machine, and its replacements.
#[derive(Default)]
struct Secrets {
    words: Vec<(Vec<u8>, Vec<u8>)>,
    /// Hardware addresses.
    links: Vec<(Vec<u8>, Vec<u8>)>,
    /// The machines and domains of Windows accounts: three numbers of a security identifier.
    domains: BTreeSet<[u32; 3]>,
    v4: BTreeMap<Ipv4Addr, Ipv4Addr>,
    v6: BTreeMap<Ipv6Addr, Ipv6Addr>,
}

impl Secrets {
    fn of(system: &System, capture: &Capture, hostname: &str) -> Self {
        let mut secrets = Self::default();
        // Replace the whole name ("host.example.org") and its first part.
        secrets.word(hostname, "host");
        secrets.word(hostname.split('.').next().unwrap_or_default(), "host");
        let mut users = [users(system), listed(capture)].concat();
        users.sort();
        users.dedup();
        for (number, name) in users.into_iter().enumerate() {
            secrets.word(&name, &format!("user{}", number + 1));
        }
        for user in system.users().unwrap_or_default() {
            let host = user.host.unwrap_or_default().to_string_lossy().into_owned();
            match host.parse() {
                Ok(ip) => secrets.ip(ip),
                Err(_) => secrets.word(&host, "remote"),
            }
        }
        secrets.domains = capture.answers.keys().filter_map(|question| domain(question)).collect();
        for number in secrets.domains.clone() {
            secrets.word(&domain_text(number), &domain_text(NO_DOMAIN));
        }
        for (number, (_, addresses)) in system.net_if_addrs().unwrap_or_default().into_iter().enumerate() {
            for address in addresses {
                secrets.nic(number, &address.address);
                address.broadcast.iter().chain(&address.ptp).for_each(|address| secrets.nic(number, address));
            }
        }
        for socket in system.net_connections(ConnectionKind::Inet).unwrap_or_default() {
            for end in [socket.laddr, socket.raddr] {
                if let Endpoint::Inet(end) = end {
                    secrets.ip(end.ip());
                }
            }
        }
        let words = secrets.v4.iter().map(|(from, to)| (from.to_string(), to.to_string()));
        let words = words.chain(secrets.v6.iter().map(|(from, to)| (from.to_string(), to.to_string())));
        secrets.words.extend(words.map(|(from, to)| (from.into_bytes(), to.into_bytes())).collect::<Vec<_>>());
        // Longer names first, because they may contain shorter ones.
        secrets.words.sort_by_key(|(from, _)| std::cmp::Reverse(from.len()));
        secrets
    }

    fn word(&mut self, from: &str, to: &str) {
        // These names identify nobody, and are parts of other texts.
        const PLAIN: [&str; 3] = ["", "localhost", "(none)"];
        if !PLAIN.contains(&from) {
            self.words.push((from.into(), to.into()));
        }
    }

    /// Replaces an address of the interface `number`. The replacement of a hardware address is locally administered.
    fn nic(&mut self, number: usize, address: &NicAddress) {
        match address {
            NicAddress::Inet(ip) => self.ip(IpAddr::V4(*ip)),
            NicAddress::Inet6(ip, _) => self.ip(IpAddr::V6(*ip)),
            NicAddress::Link(bytes) if bytes.iter().any(|byte| *byte != 0) => {
                let low = u8::try_from(number % 256).unwrap_or_default();
                let mut to = vec![0; bytes.len()];
                to.first_mut().into_iter().for_each(|byte| *byte = 2);
                to.last_mut().into_iter().for_each(|byte| *byte = low);
                let text = |bytes: &[u8]| {
                    let bytes: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
                    bytes.join(":")
                };
                self.word(&text(bytes), &text(&to));
                self.links.push((bytes.clone(), to));
            }
            NicAddress::Link(_) => {}
        }
    }

    /// Replaces an address by one that is reserved for documentation. Loopback and unspecified addresses stay.
    fn ip(&mut self, ip: IpAddr) {
        if ip.is_loopback() || ip.is_unspecified() {
            return;
        }
        match ip {
            IpAddr::V4(ip) => {
                let number = u8::try_from(self.v4.len() % 254 + 1).unwrap_or_default();
                self.v4.entry(ip).or_insert_with(|| Ipv4Addr::new(192, 0, 2, number));
            }
            IpAddr::V6(ip) => match ip.to_ipv4_mapped() {
                Some(ip) => self.ip(IpAddr::V4(ip)),
                None => {
                    let number = u16::try_from(self.v6.len() % 0xffff + 1).unwrap_or_default();
                    self.v6.entry(ip).or_insert_with(|| Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, number));
                }
            },
        }
    }

    /// Replaces addresses that are not text: hexadecimal in /proc/net, bytes in answers about sockets and interfaces.
    fn addresses(&self, capture: &mut Capture) {
        for (name, entry) in &mut capture.entries {
            if let (true, Entry::File(bytes)) = (name.starts_with(b"proc/net/"), entry) {
                *bytes = self.replace_hex(bytes, capture.header.big_endian);
            }
        }
        for (question, answer) in &mut capture.answers {
            if let (true, Ok(bytes)) = (holds_addresses(question), answer) {
                self.replace_bytes(bytes, alignment(question));
            }
        }
    }

    /// Replaces machines and domains in Windows security identifiers: text in questions, bytes in answers.
    fn accounts(&self, capture: &mut Capture) {
        for domain in &self.domains {
            let (from, to) = (domain_text(*domain), domain_text(NO_DOMAIN));
            capture.answers =
                std::mem::take(&mut capture.answers).into_iter().map(|(q, a)| (q.replace(&from, &to), a)).collect();
        }
        let bytes = |domain: &[u32; 3]| domain.map(u32::to_le_bytes).concat();
        for (question, answer) in &mut capture.answers {
            if let (true, Ok(identifier)) = (question.contains("TokenUser"), answer) {
                // The offset skips the revision, the count, the authority and the number 21.
                let place = identifier.get_mut(12..24).filter(|place| self.domains.iter().any(|d| bytes(d) == *place));
                if let Some(place) = place {
                    place.copy_from_slice(&bytes(&NO_DOMAIN));
                }
            }
        }
    }

    /// Replaces addresses as the kernel prints them: each 32 bits as a number in the machine's byte order.
    fn replace_hex(&self, text: &[u8], big_endian: bool) -> Vec<u8> {
        let hex = |bytes: &[u8]| {
            let words = bytes.chunks(4).map(|word| {
                let word = word.first_chunk().copied().unwrap_or_default();
                format!("{:08X}", if big_endian { u32::from_be_bytes(word) } else { u32::from_le_bytes(word) })
            });
            words.collect::<String>().into_bytes()
        };
        let v4 = self.v4.iter().map(|(from, to)| (hex(&from.octets()), hex(&to.octets())));
        let v6 = self.v6.iter().map(|(from, to)| (hex(&from.octets()), hex(&to.octets())));
        let words: Vec<_> = v4.chain(v6).collect();
        // An IPv4 address inside an IPv6 address is not a whole word, so it is listed with its prefix.
        let mapped = words.iter().filter(|(from, _)| from.len() == 8).map(|(from, to)| {
            let prefix = hex(&[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff]);
            ([&*prefix, from].concat(), [&*prefix, to].concat())
        });
        let mut scrubbed = Capture::default();
        let mapped: Vec<_> = mapped.chain(words.iter().cloned()).collect();
        scrubbed.entries.insert(Vec::new(), Entry::File(text.to_vec()));
        scrubbed.scrub(&mapped, |_| false);
        match scrubbed.entries.remove(&[][..]) {
            Some(Entry::File(bytes)) => bytes,
            _ => Vec::new(),
        }
    }

    /// Replaces hardware addresses at any offset, and IP addresses at multiples of `alignment`.
    fn replace_bytes(&self, bytes: &mut [u8], alignment: usize) {
        for (from, to) in &self.links {
            for at in 0..bytes.len() {
                let place = bytes.get_mut(at..).and_then(|rest| rest.get_mut(..from.len()));
                if let Some(place) = place.filter(|place| *place == &**from) {
                    place.copy_from_slice(to);
                }
            }
        }
        let mut rest = bytes;
        while !rest.is_empty() {
            // The zone of a link-local address may be inside it.
            let v6 = rest.first_chunk().and_then(|bytes| {
                let (without_zone, _) = psoxide_parse::bsd::sockaddr::without_embedded_zone(*bytes, 0);
                self.v6.get(&without_zone)
            });
            let v4 = rest.first_chunk().and_then(|bytes: &[u8; 4]| self.v4.get(&Ipv4Addr::from(*bytes)));
            if let (Some(to), Some(place)) = (v6, rest.first_chunk_mut::<16>()) {
                *place = to.octets();
            } else if let (Some(to), Some(place)) = (v4, rest.first_chunk_mut::<4>()) {
                *place = to.octets();
            }
            rest = rest.get_mut(alignment..).unwrap_or_default();
        }
    }
}

/// The replacement of a machine or domain.
const NO_DOMAIN: [u32; 3] = [1, 2, 3];

/// Returns the machine or domain of the account that a question names.
fn domain(question: &str) -> Option<[u32; 3]> {
    let numbers = question.strip_prefix("LookupAccountSid S-1-5-21-")?;
    let numbers: Vec<u32> = numbers.split('-').map_while(|number| number.parse().ok()).collect();
    numbers.first_chunk().copied()
}

/// Formats a machine or domain as in a security identifier.
fn domain_text([a, b, c]: [u32; 3]) -> String {
    format!("S-1-5-21-{a}-{b}-{c}")
}

/// Returns whether the answer to a question can hold network addresses.
fn holds_addresses(question: &str) -> bool {
    const ABOUT: [&str; 13] = [
        "net.",
        "kern.file",
        "filedesc",
        "SIOC",
        "ifaddrs",
        "utmp",
        "utx",
        "sockets",
        "socketinfo",
        // Windows
        "GetAdapters",
        "GetExtended",
        "GetIfEntry",
        CLIENT_ADDRESS,
    ];
    ABOUT.iter().any(|about| question.contains(about))
}

/// The question for the client address of a Windows session.
const CLIENT_ADDRESS: &str = "WTSClientAddress";

/// Returns the alignment of addresses in an answer, in bytes.
fn alignment(question: &str) -> usize {
    // This struct alone does not align its addresses as numbers.
    if question.contains(CLIENT_ADDRESS) { 2 } else { 4 }
}

/// Returns the names of people: users that have a login session or run a process, and are not service accounts.
fn users(system: &System) -> Vec<String> {
    let rows = system.snapshot([Field::Username, Field::Uids]).map(|snapshot| snapshot.processes).unwrap_or_default();
    let people = rows.iter().filter_map(|row| {
        // On all systems, ids below 500 belong to system users. 65534 is nobody.
        let uid = row.uids.value().map_or(1000, |ids| ids.real);
        let name = row.username.value()?.to_string_lossy();
        // On Windows the name has the form DOMAIN\NAME.
        let name = name.rsplit('\\').next().unwrap_or_default();
        (500..65534).contains(&uid).then(|| name.to_owned())
    });
    let sessions = system.users().unwrap_or_default().into_iter().map(|user| user.name.to_string_lossy().into_owned());
    // Windows system accounts have blanks in their names.
    let services = |name: &String| name.is_empty() || name == "root" || name == "SYSTEM" || name.contains(' ');
    people.chain(sessions).filter(|name| !services(name)).collect()
}

/// Returns the names of people in the captured /etc/passwd.
fn listed(capture: &Capture) -> Vec<String> {
    let Some(Entry::File(passwd)) = capture.entries.get(&b"etc/passwd"[..]) else { return Vec::new() };
    let users = passwd::users(passwd);
    // useradd begins at 1000. 65534 is nobody.
    let people = users.filter(|user| user.id().is_some_and(|uid| (1000..65534).contains(&uid)));
    people.map(|user| String::from_utf8_lossy(user.name).into_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secrets() -> Secrets {
        let mut secrets = Secrets::default();
        for ip in ["10.0.2.15", "127.0.0.1", "0.0.0.0", "fe80::1", "::1", "::ffff:10.0.2.16"] {
            secrets.ip(ip.parse().unwrap());
        }
        secrets
    }

    #[test]
    fn addresses_are_replaced_by_those_of_documentation() {
        let secrets = secrets();
        assert_eq!(secrets.v4.values().map(ToString::to_string).collect::<Vec<_>>(), ["192.0.2.1", "192.0.2.2"]);
        assert_eq!(secrets.v6.values().map(ToString::to_string).collect::<Vec<_>>(), ["2001:db8::1"]);
        let table = b"0: 0F02000A:0016 0100007F:1F90\n1: 0000000000000000FFFF00001002000A:0050 000080FE000000000000000001000000:0";
        let made = secrets.replace_hex(table, false);
        assert_eq!(
            String::from_utf8(made).unwrap(),
            "0: 010200C0:0016 0100007F:1F90\n1: 0000000000000000FFFF0000020200C0:0050 B80D0120000000000000000001000000:0"
        );
        let mut answer = [&[16, 2, 0, 80][..], &[10, 0, 2, 15], &[0, 10, 0, 2, 15]].concat();
        secrets.replace_bytes(&mut answer, alignment("sysctl net.inet"));
        assert_eq!(answer, [16, 2, 0, 80, 192, 0, 2, 1, 0, 10, 0, 2, 15]);
        // macOS keeps the zone, 4, inside the address.
        let mut socket = [&[0xfe, 0x80, 0, 4][..], &[0; 11], &[1]].concat();
        secrets.replace_bytes(&mut socket, alignment("call proc_pidfdinfo socketinfo 501 10"));
        assert_eq!(socket, "2001:db8::1".parse::<Ipv6Addr>().unwrap().octets());
        assert!(holds_addresses("call proc_pidfdinfo socketinfo 501 10"));
        let mut client = [&[2, 0, 0, 0, 0, 0][..], &[10, 0, 2, 15]].concat();
        secrets.replace_bytes(&mut client, alignment("WTSQuerySessionInformation WTSClientAddress 1"));
        assert_eq!(client, [2, 0, 0, 0, 0, 0, 192, 0, 2, 1]);
    }

    #[test]
    fn hardware_addresses_are_made_up() {
        let mut secrets = secrets();
        secrets.nic(3, &NicAddress::Link(vec![0x52, 0x54, 0, 1, 2, 3]));
        secrets.nic(4, &NicAddress::Link(vec![0; 6]));
        assert_eq!(secrets.words[0], (b"52:54:00:01:02:03".to_vec(), b"02:00:00:00:00:03".to_vec()));
        assert_eq!(secrets.words.len(), 1);
        let mut answer = [&[9][..], &[0x52, 0x54, 0, 1, 2, 3], &[9]].concat();
        secrets.replace_bytes(&mut answer, 4);
        assert_eq!(answer, [9, 2, 0, 0, 0, 0, 3, 9]);
    }

    #[test]
    fn accounts_of_windows_lose_their_machine() {
        let mut capture = Capture::default();
        let identifier =
            |numbers: [u32; 5]| [&[1, 5, 0, 0, 0, 0, 0, 5][..], &numbers.map(u32::to_le_bytes).concat()].concat();
        capture.record("LookupAccountSid S-1-5-21-700-800-900-1001", Ok(Vec::new()));
        capture.record("LookupAccountSid S-1-5-18", Ok(Vec::new()));
        capture.record("process 8 GetTokenInformation TokenUser", Ok(identifier([21, 700, 800, 900, 1001])));
        let domains = capture.answers.keys().filter_map(|question| domain(question)).collect();
        Secrets { domains, ..Secrets::default() }.accounts(&mut capture);
        let questions: Vec<&str> = capture.answers.keys().map(String::as_str).collect();
        assert_eq!(questions[..2], ["LookupAccountSid S-1-5-18", "LookupAccountSid S-1-5-21-1-2-3-1001"]);
        assert_eq!(capture.answers[questions[2]], Ok(identifier([21, 1, 2, 3, 1001])));
    }

    #[test]
    fn people_are_told_from_services() {
        let mut capture = Capture::default();
        let passwd = "root:x:0:0:::\npostgres:x:101:104:::\nanna:x:1000:1000:::\nnobody:x:65534:65534:::\nodd\n";
        capture.entries.insert(b"etc/passwd".to_vec(), Entry::File(passwd.into()));
        assert_eq!(listed(&capture), ["anna"]);
    }
}
