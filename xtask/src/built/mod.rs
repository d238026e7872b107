//! Captures that are built from headers: a C file with designated initialisers, compiled for a system, whose data sections are
//! the answers. Offsets and padding come from the system's headers, not from our parsers.

mod macho;
mod sunos;

use std::fs;
use std::path::{Path, PathBuf};

use psoxide_capture::Capture;

use crate::elf;
use crate::python::Zig;
use crate::steps::{Result, run, workspace};

/// Builds each `testdata/SYSTEM/RELEASE-MACHINE[-TOPIC]-built.c` into the capture beside it, or only says whether that is
/// current.
pub(crate) fn build(check: bool) -> Result {
    let zig = Zig::get()?;
    let mut captures = sunos::captures()?;
    for source in sources()? {
        captures.push((source.with_extension("txt"), capture(&zig, &source)?));
    }
    for (path, capture) in captures {
        let text = capture.to_text();
        if !check {
            fs::write(&path, text).map_err(|error| format!("cannot write {}: {error}", path.display()))?;
        } else if !fs::read_to_string(&path).is_ok_and(|old| old == text) {
            return Err(format!("{} is not current: run `cargo xtask built`", path.display()));
        }
    }
    Ok(())
}

/// The C files of all systems.
fn sources() -> Result<Vec<PathBuf>> {
    let list = |folder: &Path| {
        let entries = fs::read_dir(folder).map_err(|error| format!("cannot list {}: {error}", folder.display()))?;
        Ok::<_, String>(entries.flatten().map(|entry| entry.path()).collect::<Vec<_>>())
    };
    let mut found = Vec::new();
    for folder in list(&workspace().join("testdata"))?.iter().filter(|path| path.is_dir()) {
        let is_source = |path: &PathBuf| path.to_str().is_some_and(|path| path.ends_with("-built.c"));
        found.extend(list(folder)?.into_iter().filter(is_source));
    }
    found.sort();
    Ok(found)
}

/// The system, release and machine in the name of a source.
fn parts(source: &Path) -> Option<(&str, &str, &str)> {
    let system = source.parent()?.file_name()?.to_str()?;
    let mut parts = source.file_stem()?.to_str()?.split('-');
    Some((system, parts.next()?, parts.next()?))
}

/// Compiles a source and takes the answers from the object.
fn capture(zig: &Zig, source: &Path) -> Result<Capture> {
    let fail = |error: &str| format!("{}: {error}", source.display());
    let (system, release, machine) = parts(source).ok_or_else(|| fail("not named RELEASE-MACHINE-built.c"))?;
    let cpu = match machine {
        "amd64" => "x86_64",
        "arm64" => "aarch64",
        other => other,
    };
    let folder = workspace().join("target/built");
    fs::create_dir_all(&folder).map_err(|error| format!("cannot create {}: {error}", folder.display()))?;
    let object = folder.join(format!("{system}-{release}-{machine}.o"));
    let mut compiler = zig.cc(&format!("{cpu}-{system}.{release}"));
    compiler.args(["-Werror", "-Wno-unused-const-variable", "-Wno-initializer-overrides"]);
    compiler.arg("-include").arg(workspace().join("xtask/src/built/answer.h"));
    compiler.arg("-I").arg(workspace().join("xtask/src/built"));
    run(compiler.arg("-c").arg(source).arg("-o").arg(&object))?;
    let bytes = fs::read(&object).map_err(|error| format!("cannot read {}: {error}", object.display()))?;
    let sections = if crate::macho::is_macho(&bytes) { macho::sections(&bytes) } else { elf::sections(&bytes) };
    let sections = sections.map_err(fail)?;
    let mut header =
        format!("psoxide-capture 1\norigin built\nsystem {system}\nrelease {release}\nmachine {machine}\n");
    for section in sections.iter().filter(|section| section.name == "header") {
        header.push_str(&String::from_utf8_lossy(section.bytes).replace('\0', ""));
    }
    let mut capture = Capture::parse(&header).map_err(|error| fail(&format!("header: {error}")))?;
    for section in &sections {
        if let Some(question) = section.name.strip_prefix("ask ") {
            if section.has_pointers {
                return Err(fail(&format!("the answer to {question} has pointers")));
            }
            capture.record(question, Ok(section.bytes.to_vec()));
        } else if let Some(question) = section.name.strip_prefix("errno ") {
            let number = section.bytes.first_chunk().ok_or_else(|| fail("an errno of fewer than 4 bytes"))?;
            capture.record(question, Err(i32::from_le_bytes(*number)));
        }
    }
    if capture.answers.is_empty() { Err(fail("no answer")) } else { Ok(capture) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_what_a_source_is_compiled_for() {
        let of = |path: &'static str| parts(Path::new(path));
        assert_eq!(of("testdata/netbsd/10.1-amd64-built.c"), Some(("netbsd", "10.1", "amd64")));
        assert_eq!(of("testdata/freebsd/14.0-arm64-zfs-built.c"), Some(("freebsd", "14.0", "arm64")));
        assert_eq!(of("testdata/freebsd/14.c"), None);
    }

    #[test]
    fn every_built_capture_has_its_source() {
        for source in sources().unwrap() {
            assert!(source.with_extension("txt").is_file(), "{}: cargo xtask built", source.display());
        }
    }
}
