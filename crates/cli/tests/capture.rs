//! Captures: of this machine, and of other systems.
//!
//! After a wanted change of the output: `INSTA_UPDATE=always cargo test -p psoxide-cli --test capture`, and read the diff.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing)] // a failure is a failed test

mod common;

use common::{psoxide, run};

#[test]
fn this_machine_is_captured_and_read_back() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("machine.txt");
    let me = std::process::id().to_string();
    let capture = || run(psoxide().args(["capture", "--pid", &me]).arg(&file));
    let ran = capture();
    assert_eq!((ran.code, &*ran.stdout), (0, ""), "{}", ran.stderr);
    assert!(ran.one_line().contains("read it before you give it away"));
    let read = |args: &[&str]| run(psoxide().arg("--root").arg(&file).args(args));
    let ps = read(&["ps", "--json", "--columns", "pid,name"]);
    assert_eq!(ps.json()["rows"][0]["pid"], std::process::id(), "{}", ps.stdout);
    assert!(read(&["free"]).stdout.contains("Mem:"));
    assert!(read(&["procinfo", &me]).stdout.contains(&me));
    // A capture is neither overwritten nor captured.
    assert_eq!(capture().code, 1);
    assert_eq!(read(&["capture", "-"]).code, 2);
    let text = run(psoxide().args(["capture", "--pid", &me, "-"])).stdout;
    assert!(text.starts_with("psoxide-capture 1\norigin recorded\nsystem linux\n"), "{text}");
}
