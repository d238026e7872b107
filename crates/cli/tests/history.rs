//! Recording, and showing the machine as it was.
#![cfg(all(feature = "history", target_os = "linux"))]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)] // a failure is a failed test

mod common;

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant, SystemTime};

use common::{Machine, Ran, psoxide, run};
use psoxide::{IoCounters, Moment, Os, ProcessCpuTimes, ProcessStatus, Reading, Record as _, Row, System};
use psoxide_history::{Options, Recorder};

fn command(folder: &Path, args: &[&str]) -> Command {
    let mut command = psoxide();
    command.env("PSOXIDE_HISTORY", folder).args(args);
    command
}

#[track_caller]
fn succeeds(folder: &Path, args: &[&str]) -> Ran {
    let ran = run(&mut command(folder, args));
    assert_eq!(ran.code, 0, "{args:?}: {}", ran.stderr);
    ran
}

/// Records the small machine once.
fn recorded(folder: &Path, machine: &Machine) {
    let options = ["record", "--count", "1", "--fields", "+memory_footprint,num_ctx_switches"];
    let ran = run(machine.command(&options).env("PSOXIDE_HISTORY", folder));
    assert_eq!(ran.code, 0, "{}", ran.stderr);
}

#[test]
fn a_recorded_machine_answers_as_it_did() {
    let (folder, machine) = (tempfile::tempdir().unwrap(), Machine::new());
    recorded(folder.path(), &machine);
    let ps = ["ps", "--csv", "--columns"];
    let columns = "pid,ppid,name,username,status,cpu_percent,rss,vms,shared,uss,terminal,create_time,cpu_time,nice,policy,\
                   num_threads,cpu_num,vcsw,minflt,read_bytes,cgroup,unit,container,uid,gid,exe,cmdline";
    let listings: [&[&str]; 7] = [
        &[ps[0], ps[1], ps[2], columns],
        &["free", "--csv"],
        &["disks", "--csv"],
        &["procsmem", "--csv"],
        &["pstree"],
        &["top", "--csv", "--columns", "pid,cpu_percent,memory_percent,read_rate"],
        &["pidof", "server"],
    ];
    for args in listings {
        let (then, now) = (machine.run(args), run(&mut command(folder.path(), args)));
        let later = run(command(folder.path(), args).args(["--at", "now"]));
        assert_eq!((later.code, &later.stdout), (then.code, &then.stdout), "{args:?}: {}", later.stderr);
        assert!(!then.stdout.is_empty() && now.stdout != then.stdout, "{args:?}");
    }
}

#[test]
fn json_says_when_the_sample_was_taken() {
    let (folder, machine) = (tempfile::tempdir().unwrap(), Machine::new());
    recorded(folder.path(), &machine);
    let before = succeeds(folder.path(), &["history", "--json"]).json();
    let list = &before["rows"][0];
    assert_eq!((&list["samples"], &list["damage"], &list["is_log"]), (&1.into(), &"".into(), &true.into()));
    let free = succeeds(folder.path(), &["free", "--at", "now", "--json"]).json();
    assert_eq!(free["sampled"], list["first"]);
    let glance = succeeds(folder.path(), &["--at", "now", "--json"]).json();
    assert_eq!((&glance["sampled"], &glance["data"]["hostname"]), (&list["first"], &list["host"]));
}

#[test]
fn samples_are_exported_in_every_format() {
    let (folder, machine) = (tempfile::tempdir().unwrap(), Machine::new());
    recorded(folder.path(), &machine);
    let wanted = machine.run(&["ps", "--json", "--columns", "pid,name,rss"]).json();
    let wanted: Vec<(u64, Option<&str>, Option<u64>)> = wanted["rows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (row["pid"].as_u64().unwrap(), row["name"].as_str(), row["rss"].as_u64()))
        .collect();
    let export = |args: &[&str]| succeeds(folder.path(), &[&["history", "export"], args].concat()).stdout;
    let lines = export(&["--to", "jsonl"]);
    let rows: Vec<serde_json::Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let csv = export(&["--to", "csv"]);
    let open_metrics = export(&["--to", "openmetrics"]);
    let place = csv.lines().next().unwrap().split(',').position(|name| name == "memory_info_rss").unwrap();
    assert_eq!((rows.len(), csv.lines().count()), (wanted.len(), wanted.len() + 1));
    for (pid, name, rss) in wanted {
        let row = rows.iter().find(|row| row["pid"] == pid).unwrap();
        assert_eq!(row["memory_info_rss"].as_u64(), rss, "{pid}");
        // A name that is not UTF-8 is escaped in an export.
        assert_eq!(row["name"].as_str().filter(|_| name.is_some()), name);
        let line = csv.lines().find(|line| line.split(',').nth(3) == Some(&pid.to_string())).unwrap();
        let text = rss.map(|rss| rss.to_string());
        assert_eq!(line.split(',').nth(place), Some(text.as_deref().unwrap_or_default()), "{line}");
        let labels = format!("pid=\"{pid}\",");
        let point = open_metrics
            .lines()
            .find(|line| line.starts_with("psoxide_process_memory_info_rss{") && line.contains(&labels));
        assert_eq!(point.and_then(|point| point.split(' ').nth_back(1)), text.as_deref());
    }
    assert!(open_metrics.ends_with("# EOF\n"));
    let system = export(&["--table", "system", "--to", "csv"]);
    assert!(
        system.starts_with("host,time,name,device,value\n") && system.contains(",virtual_memory.total,,"),
        "{system}"
    );
    let path = folder.path().join("tables");
    export(&["--to", "parquet", "--output", path.to_str().unwrap()]);
    for table in ["samples", "processes", "system"] {
        assert!(std::fs::read(path.join(format!("{table}.parquet"))).unwrap().starts_with(b"PAR1"), "{table}");
    }
    // A stretch without samples is no success.
    assert_eq!(run(&mut command(folder.path(), &["history", "export", "--until", "2000-01-01"])).code, 1);
    // The log stays, as a recorder may be writing it.
    let pruned = succeeds(folder.path(), &["history", "prune", "--keep", "1m"]);
    assert!(pruned.stderr.contains("0 segments removed"), "{}", pruned.stderr);
}

#[test]
fn what_a_history_does_not_hold_is_named() {
    let (folder, machine) = (tempfile::tempdir().unwrap(), Machine::new());
    let ran = run(machine.command(&["record", "--count", "1"]).env("PSOXIDE_HISTORY", folder.path()));
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let says = |args: &[&str], sentence: &str| {
        let ran = run(command(folder.path(), args).args(["--at", "now"]));
        assert_eq!((ran.code, ran.one_line()), (1, &*format!("psoxide: {sentence}")), "{args:?}");
    };
    let without = "the history does not hold ";
    for command in [&["procsmem"][..], &["procsmem", "--json"]] {
        says(command, &format!("{without}memory_footprint; record with `--fields +memory_footprint`"));
    }
    says(&["netstat"], &format!("{without}sockets"));
    says(&["ps", ":22"], &format!("{without}sockets"));
    says(&["who"], &format!("{without}logins"));
    says(&["sensors"], &format!("{without}sensors"));
    says(&["battery"], &format!("{without}the battery"));
    says(&["services"], &format!("{without}services"));
    says(&["pmap", "1"], &format!("{without}memory maps"));
    says(&["wait", "1"], "a recorded process cannot be waited for");
    says(&["lsof", "/etc"], &format!("nothing matches, but {without}open files and sockets"));
    let doctor = run(command(folder.path(), &["doctor"]).args(["--at", "now"])).stdout;
    assert!(doctor.contains(&format!("{without}it")) && !doctor.contains("not supported here"), "{doctor}");
}

#[test]
fn a_process_that_lived_between_two_samples_is_rated_over_the_time_between_them() {
    const BOOTED: u64 = 1_790_000_000;
    let folder = tempfile::tempdir().unwrap();
    let at = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(BOOTED + seconds);
    let moment = |seconds, processes| {
        let mut moment = Moment::new(Os::Linux);
        moment.host = Reading::Value(psoxide::HostInfo::default());
        (moment.boot_time, moment.uptime) = (Reading::Value(at(0)), Reading::Value(Duration::from_secs(seconds)));
        moment.processes = processes;
        moment
    };
    let mut dead = Row::new(7, Some(10_400));
    dead.name = Reading::Value("briefly".into());
    dead.status = Reading::Value(ProcessStatus::Dead);
    dead.create_time = Reading::Value(at(104));
    dead.cpu_times = Reading::Value(ProcessCpuTimes::with(|times| times.user = Duration::from_secs(2)));
    dead.io_counters = Reading::Value(IoCounters::with(|io| {
        (io.read_bytes, io.write_bytes) = (Some(0), Some(5_000));
    }));
    let system = System::replay(moment(100, Vec::new()));
    let mut recorder = Recorder::open(&system, folder.path(), &Options::default()).unwrap();
    recorder.append(at(100), &moment(100, Vec::new())).unwrap();
    recorder.append(at(105), &moment(105, vec![dead])).unwrap();
    recorder.sync().unwrap();
    let rows = |args: &[&str]| succeeds(folder.path(), args).json()["rows"][0].clone();
    let at = "2026-09-21T14:15:05Z";
    assert_eq!(rows(&["ps", "--at", at, "--json", "--columns", "cpu_percent"])["cpu_percent"], 40.0);
    assert_eq!(rows(&["iotop", "--at", at, "--json"])["write_rate"], 1_000.0);
}

#[test]
fn a_time_without_a_sample_is_answered_with_a_warning() {
    let (folder, machine) = (tempfile::tempdir().unwrap(), Machine::new());
    recorded(folder.path(), &machine);
    assert_eq!(succeeds(folder.path(), &["free", "--at", "now"]).stderr, "");
    let later = succeeds(folder.path(), &["free", "--at", "2100-01-01"]);
    let warning = "psoxide: no sample at 2100-01-01 00:00:00; showing the last one before, of 20";
    assert!(later.one_line().starts_with(warning), "{}", later.stderr);
    assert_eq!(later.stdout, succeeds(folder.path(), &["free", "--at", "now"]).stdout);
}

#[test]
fn mistakes_are_explained() {
    let (folder, machine) = (tempfile::tempdir().unwrap(), Machine::new());
    let says = |args: &[&str], code: i32, part: &str| {
        let ran = run(&mut command(folder.path(), args));
        assert_eq!(ran.code, code, "{args:?}: {}", ran.stderr);
        assert!(ran.one_line().contains(part), "{args:?}: {}", ran.stderr);
    };
    says(&["free", "--at", "now"], 1, "psoxide record records one");
    says(&["free", "--at", "then"], 2, "expected a time");
    says(&["free", "--at", "now", "--root", "x"], 2, "cannot be used with");
    says(&["record", "--fields", "cwd"], 2, "cannot be recorded; the fields are ppid");
    says(&["record", "--size", "1k"], 1, "1 MiB");
    says(&["schema", "--at", "now"], 2, "--at");
    // What is written down again and again must be read again and again, and be of this machine.
    for command in ["record", "push", "serve"] {
        says(&[command, "--at", "now"], 2, &format!("{command} takes no --at"));
        says(&[command, "--root", "x", "--since", "x"], 2, &format!("{command} takes no --since"));
    }
    let ran = run(machine.command(&["record"]).env_remove("PSOXIDE_HISTORY"));
    assert!(ran.code == 2 && ran.stderr.contains("needs --history"), "{}", ran.stderr);
    recorded(folder.path(), &machine);
    says(&["free", "--at", "10d ago"], 1, "begins later");
    says(&["kill", "--at", "now", "1"], 2, "");
}

#[test]
fn there_is_one_recorder() {
    let folder = tempfile::tempdir().unwrap();
    let mut first = command(folder.path(), &["record", "--interval", "0.01"]).spawn().unwrap();
    let begun = Instant::now();
    while run(&mut command(folder.path(), &["history"])).code != 0 && begun.elapsed() < Duration::from_secs(60) {
        std::thread::sleep(Duration::from_millis(10));
    }
    let second = run(&mut command(folder.path(), &["record", "--count", "1"]));
    assert!(second.code == 1 && second.stderr.contains("another recorder"), "{}", second.stderr);
    first.kill().unwrap();
    first.wait().unwrap();
    assert_eq!(run(&mut command(folder.path(), &["record", "--count", "1"])).code, 0);
}

/// Fills a small file system, records until a sample is lost, and makes room again.
const FULL_DISK: &str = r#"
    disk=$0/disk said=$0/said
    mount -t tmpfs -o size=192k none "$disk" || exit 77
    head -c 100k /dev/zero >"$disk/ballast"
    "$@" record --interval 0.01 --history "$disk/history" 2>"$said" &
    until grep -q 'a sample is lost' "$said"; do sleep 0.05; done
    rm "$disk/ballast"
    until grep -q 'recording again' "$said"; do sleep 0.05; done
    kill $!
    wait
    "$1" history verify --json --history "$disk/history" >"$0/verified"
"#;

#[test]
fn a_full_disk_is_reported_and_recording_goes_on() {
    let (folder, machine) = (tempfile::tempdir().unwrap(), Machine::new());
    std::fs::create_dir(folder.path().join("disk")).unwrap();
    let command = machine.command(&[]);
    let mut script = Command::new("timeout");
    script.args(["120", "unshare", "--mount", "sh", "-c", FULL_DISK]).arg(folder.path());
    script.arg(command.get_program()).args(command.get_args());
    let done = script.output().unwrap();
    let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap_or_default();
    if !done.status.success() && read("said").is_empty() {
        return psoxide_testing::skip("mounting a tmpfs needs root");
    }
    assert!(done.status.success(), "{}{}", String::from_utf8_lossy(&done.stderr), read("said"));
    let said = read("said");
    assert!(said.contains("a sample is lost: No space left on device"), "{said}");
    assert!(said.contains("recording again; ") && said.contains(" samples are missing"), "{said}");
    assert!(read("verified").contains("\"damage\": \"\"") || read("verified").contains("\"damage\":\"\""));
}

/// How often the recorder is killed: `PSOXIDE_HISTORY_KILLS`, or a few times.
fn kills() -> u64 {
    std::env::var("PSOXIDE_HISTORY_KILLS").ok().and_then(|kills| kills.parse().ok()).unwrap_or(12)
}

/// The bytes of all logs.
fn logged(folder: &Path) -> u64 {
    let logs = std::fs::read_dir(folder.join("open")).unwrap();
    logs.map(|log| log.unwrap().metadata().map_or(0, |log| log.len())).sum()
}

/// Kills of the recorder of one history. A long one takes long to verify after each of them.
const KILLS: u64 = 50;

#[test]
fn a_killed_recorder_loses_the_unfinished_sample_alone() {
    let machine = Machine::new();
    let (mut samples, mut slowest) = (0, Duration::ZERO);
    for first in (0..kills()).step_by(usize::try_from(KILLS).unwrap()) {
        let (of_history, longest) = killed(&machine, first..kills().min(first + KILLS));
        samples += of_history;
        slowest = slowest.max(longest);
    }
    eprintln!("{} kills, {samples} samples; the slowest start and first sample took {slowest:?}", kills());
}

/// Records a history whose recorder is killed. Returns the number of its samples, and how long the slowest start and first
/// sample took.
fn killed(machine: &Machine, kills: std::ops::Range<u64>) -> (u64, Duration) {
    let folder = tempfile::tempdir().unwrap();
    let record = |more: &[&str]| {
        let mut command = machine.command(&[&["record", "--interval", "0.01"], more].concat());
        command.env("PSOXIDE_HISTORY", folder.path());
        command
    };
    assert_eq!(run(&mut record(&["--count", "1"])).code, 0);
    let mut samples = 1;
    let mut slowest = Duration::ZERO;
    for kill in kills {
        let before = logged(folder.path());
        let begun = Instant::now();
        let mut recorder = record(&[]).spawn().unwrap();
        // At any moment: while it starts, or once it records.
        let waits = kill % 4 != 0;
        while waits && logged(folder.path()) <= before && begun.elapsed() < Duration::from_secs(60) {
            std::thread::sleep(Duration::from_millis(1));
        }
        std::thread::sleep(Duration::from_micros(kill * 7_919 % 90_000));
        recorder.kill().unwrap();
        recorder.wait().unwrap();
        let ran = run(&mut command(folder.path(), &["history", "verify", "--json"]));
        let rows = ran.json()["rows"].as_array().unwrap().clone();
        assert!(ran.code == 0 && rows.iter().all(|row| row["damage"] == ""), "{kill}: {}", ran.stdout);
        let now: u64 = rows.iter().map(|row| row["samples"].as_u64().unwrap()).sum();
        assert!(now >= samples + u64::from(waits), "{kill}: {now} of {samples}");
        let begun = Instant::now();
        assert_eq!(run(&mut record(&["--count", "1"])).code, 0);
        slowest = slowest.max(begun.elapsed());
        samples = now + 1;
    }
    (samples, slowest)
}
