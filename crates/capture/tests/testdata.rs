//! Checks every capture in testdata: it can be read, is of the system named by its directory, and is in the written
//! form.
#![allow(clippy::unwrap_used)] // a failure here is a failed test

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use psoxide_capture::{Capture, Origin};

fn captures() -> Vec<(String, PathBuf)> {
    let testdata = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata");
    let mut found = Vec::new();
    for system in fs::read_dir(testdata).unwrap() {
        let system = system.unwrap();
        // testdata also holds the lists of skipped tests and of evidence.
        if !system.path().is_dir() {
            continue;
        }
        for file in fs::read_dir(system.path()).unwrap() {
            let path = file.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            let is_text = name.ends_with(".txt") || name.ends_with(".txt.gz");
            if is_text && !name.ends_with(".truth.txt") {
                found.push((system.file_name().into_string().unwrap(), path));
            }
        }
    }
    found
}

#[test]
fn every_capture_is_of_its_folders_system() {
    let captures = captures();
    assert!(captures.len() > 60);
    for (system, path) in captures {
        let capture = Capture::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        assert_eq!(capture.system(), system, "{}", path.display());
        let name = path.file_name().unwrap().to_str().unwrap();
        assert_eq!(name.contains("-recorded"), capture.header.origin == Origin::Recorded, "{name}");
        assert_eq!(name.contains("-built"), capture.header.origin == Origin::Built, "{name}");
    }
}

/// Captures in the written form differ in a few lines if one answer changes.
#[test]
fn recorded_and_built_captures_are_in_the_form_that_is_written() {
    for (_, path) in captures() {
        let bytes = fs::read(&path).unwrap();
        let capture = Capture::from_bytes(&bytes).unwrap();
        if capture.header.origin == Origin::Written {
            continue;
        }
        let mut text = String::new();
        if path.extension().unwrap() == "gz" {
            flate2::read::GzDecoder::new(&*bytes).read_to_string(&mut text).unwrap();
        } else {
            text = String::from_utf8(bytes).unwrap();
        }
        // Not assert_eq!, which would print megabytes.
        assert!(capture.to_text() == text, "{} is not in the form that is written", path.display());
    }
}
