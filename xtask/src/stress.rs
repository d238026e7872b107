//! Attacks the library and the Python package, and records the figures of the long form.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use crate::steps::{Result, cargo, is_root, output, run as run_step, target, workspace};
use crate::{python, skips};

/// Options of `cargo xtask stress`.
#[derive(clap::Args, Default)]
pub(crate) struct Args {
    /// Attacks to run, and `python` for the package's [default: all]
    names: Vec<String>,
    /// Use the counts of RELIABILITY.md: takes hours, and needs root
    #[arg(long)]
    long: bool,
    /// Time limit for one part of an attack in the long form
    #[arg(long, value_name = "MINUTES", default_value_t = 60)]
    minutes: u32,
    /// Write the figures into RELIABILITY.md
    #[arg(long)]
    write: bool,
}

/// The lines of RELIABILITY.md that enclose the figures.
const MARKS: (&str, &str) = ("<!-- figures: cargo xtask stress --write -->", "<!-- end of figures -->");

/// Runs the attacks, from the root of the workspace.
pub(crate) fn run(args: &Args) -> Result {
    let root = is_root()?;
    let (python, rust): (Vec<&String>, Vec<&String>) = args.names.iter().partition(|name| *name == "python");
    let mut figures = String::new();
    let mut done = Ok(());
    let profile = if args.long { "stress" } else { "dev" };
    // The attack `soak` runs the command. Both together, because a package alone is compiled with other features.
    let packages = ["--package", "psoxide-stress", "--package", "psoxide-cli"];
    run_step(cargo().args(["build", "--quiet", "--profile", profile]).args(packages))?;
    let folder = if args.long { "stress" } else { "debug" };
    let program = target().join(folder).join("psoxide-stress");
    if args.names.is_empty() || !rust.is_empty() {
        let mut command = Command::new(&program);
        command.args(rust).args(args.long.then_some("--long")).current_dir(workspace());
        done = keep(command.args(["--minutes", &args.minutes.to_string()]), &mut figures);
    }
    if args.names.is_empty() || !python.is_empty() {
        // The short form attacks the build that the tests use.
        let mut command = Command::new(if args.long { python::for_stress(root)? } else { python::installed(root)? });
        command.arg("crates/stress/python/stress.py").args(args.long.then_some("--long")).current_dir(workspace());
        command.arg(format!("--minutes={}", args.minutes)).arg(format!("--program={}", program.display()));
        let package = keep(&mut command, &mut figures);
        done = done.and(package);
    }
    if args.write {
        write(&figures)?;
    }
    done.and(skips::check(if root { "root" } else { "user" }, &figures))
}

/// Runs a command. Shows its output line by line, and keeps it.
fn keep(command: &mut Command, figures: &mut String) -> Result {
    let fail = |error| format!("cannot run the attacks: {error}");
    let mut child = command.stdout(Stdio::piped()).spawn().map_err(fail)?;
    for line in child.stdout.take().map(BufReader::new).into_iter().flat_map(BufReader::lines) {
        let line = line.map_err(fail)?;
        println!("{line}");
        figures.push_str(&line);
        figures.push('\n');
    }
    let status = child.wait().map_err(fail)?;
    if status.success() { Ok(()) } else { Err(format!("an attack succeeded ({status})")) }
}

/// Writes the figures between the marks of RELIABILITY.md, with the machine's description. Attacks that did not run
/// keep their figures.
fn write(figures: &str) -> Result {
    let path = workspace().join("RELIABILITY.md");
    let text = fs::read_to_string(&path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    let (before, rest) = text.split_once(MARKS.0).ok_or("RELIABILITY.md has no mark for the figures")?;
    let (old, after) = rest.split_once(MARKS.1).ok_or("RELIABILITY.md has no mark for the end of the figures")?;
    let machine =
        format!("{} {}, {} CPUs", output("uname", &["-s"])?, output("uname", &["-r"])?, output("nproc", &[])?);
    let figures = merged(old, figures);
    let new = format!("{before}{}\n\nMachine: {machine}.\n\n{}{}{after}", MARKS.0, figures, MARKS.1);
    fs::write(&path, new).map_err(|error| format!("cannot write {}: {error}", path.display()))
}

/// Replaces the sections of `old` that are in `new`, and appends the others.
fn merged(old: &str, new: &str) -> String {
    let mut all = sections(old);
    for section in sections(new) {
        match all.iter_mut().find(|known| known.name == section.name) {
            Some(known) => *known = section,
            None => all.push(section),
        }
    }
    all.into_iter().map(|section| format!("{}\n\n", section.lines.join("\n").trim_end())).collect()
}

/// A heading and the lines under it.
struct Section<'a> {
    /// The heading up to its colon.
    name: &'a str,
    lines: Vec<&'a str>,
}

/// Splits a text at its headings. Leaves out the lines before the first one, and the summary of all attacks.
fn sections(text: &str) -> Vec<Section<'_>> {
    let mut sections: Vec<Section<'_>> = Vec::new();
    for line in text.lines().filter(|line| !line.contains(" passed, ")) {
        if line.starts_with("### ") {
            let name = line.split_once(':').map_or(line, |(name, _)| name);
            sections.push(Section { name, lines: vec![line] });
        } else if let Some(section) = sections.last_mut() {
            section.lines.push(line);
        }
    }
    sections
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attacks_that_did_not_run_keep_their_figures() {
        let old = "\nMachine: old.\n\n### a: first\n\n- 1\n\n### b: second\n\n- 2\n";
        let new = "### b: second\n\n- 3\n\n1 passed, 0 failed\n### c: third\n\n- 4\n";
        let expected = "### a: first\n\n- 1\n\n### b: second\n\n- 3\n\n### c: third\n\n- 4\n\n";
        assert_eq!(merged(old, new), expected);
    }
}
