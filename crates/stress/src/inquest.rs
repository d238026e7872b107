//! Describes what a process does that should have ended by now.

use std::fmt::Write as _;
use std::fs;
use std::process::Command;

/// Files of a thread that tell what it waits for. Some take root.
const FILES: &[&str] = &["status", "wchan", "syscall", "stack"];

/// Describes each thread: its state, its system call, its stack in the kernel, and with gdb the one in the program.
pub(crate) fn describe(pid: i32) -> String {
    let mut text = String::new();
    for thread in fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten() {
        for file in FILES {
            let path = thread.path().join(file);
            let content = fs::read_to_string(&path).unwrap_or_else(|error| error.to_string());
            let _ = writeln!(text, "{}:\n{}", path.display(), content.trim_end());
        }
    }
    // A debugger may wait for the process for ever, just like its parent.
    let mut gdb = Command::new("timeout");
    gdb.args([
        "--signal=KILL",
        "60",
        "gdb",
        "--batch",
        "--pid",
        &pid.to_string(),
        "--eval-command=thread apply all bt",
    ]);
    match gdb.output() {
        Ok(done) => text.push_str(&String::from_utf8_lossy(&done.stdout)),
        Err(error) => drop(writeln!(text, "no stacks of the program: {error}")),
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sleeper_is_described() {
        let mut child = Command::new("sleep").arg("100").spawn().unwrap();
        let text = describe(child.id().try_into().unwrap());
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(text.contains("\nState:\t"), "{text}");
        assert!(text.contains("/wchan:\n") && text.contains("/syscall:\n"), "{text}");
    }
}
