//! What was true of a machine while its kernel was recorded: `testdata/<system>/*.truth.txt`.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The truth about a machine.
pub(crate) struct Truth(Vec<Process>);

/// A process of the recording.
pub(crate) struct Process {
    pub(crate) role: String,
    pub(crate) pid: u32,
    pub(crate) ppid: u32,
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    pub(crate) exe: PathBuf,
    pub(crate) argv: Vec<Vec<u8>>,
    /// Readings of the clock before and after it was started.
    pub(crate) started: (Duration, Duration),
}

impl Truth {
    /// Reads a file below testdata.
    pub(crate) fn read(file: &str) -> Self {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata").join(file);
        let text = fs::read_to_string(file).unwrap();
        let mut processes = Vec::new();
        for line in text.lines().filter_map(|line| line.strip_prefix("proc name=")) {
            // The path of the executable may hold spaces: it stands between its name and the times.
            let (role, rest) = line.split_once(" pid=").unwrap();
            let (pid, rest) = rest.split_once(" exe=").unwrap();
            let (exe, times) = rest.split_once(" start-between=").unwrap();
            let (from, to) = times.split_once(',').unwrap();
            let who = text.lines().find(|line| line.starts_with(&format!("{role}: role={role} "))).unwrap();
            let number = |name: &str| {
                let field = who.split(' ').find_map(|field| field.strip_prefix(name)?.strip_prefix('='));
                field.unwrap().parse().unwrap()
            };
            let argv = text.lines().find_map(|line| line.strip_prefix(&format!("argv name={role} "))).unwrap();
            processes.push(Process {
                role: role.to_owned(),
                pid: pid.parse().unwrap(),
                ppid: number("ppid"),
                uid: number("uid"),
                gid: number("gid"),
                exe: exe.into(),
                argv: argv.strip_suffix(',').unwrap_or(argv).split(',').map(bytes).collect(),
                started: (time(from), time(to)),
            });
        }
        Self(processes)
    }

    pub(crate) fn processes(&self) -> impl Iterator<Item = &Process> {
        self.0.iter()
    }

    /// The pid of the process that played this role.
    pub(crate) fn pid(&self, role: &str) -> u32 {
        self.0.iter().find(|process| process.role == role).unwrap().pid
    }
}

fn time(text: &str) -> Duration {
    let (seconds, nanos) = text.split_once('.').unwrap();
    Duration::new(seconds.parse().unwrap(), nanos.parse().unwrap())
}

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex.chars().map(|digit| u8::try_from(digit.to_digit(16).unwrap()).unwrap()).collect();
    digits.chunks(2).map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit)).collect()
}
