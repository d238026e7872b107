//! What psutil's own tests check by replacing parts of psutil, on trees: power supplies and interfaces that go away.
//! `crates/python/tests/parity/coupled.txt` says which test stands for which.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::panic)] // a test fails by panicking

use std::fs;
use std::time::Duration;

use psoxide::{Battery, System, TimeLeft};
use psoxide_capture::unpacked;

/// The battery of a tree, after these files below power_supply were written to it.
fn battery(files: &[(&str, &str)]) -> Battery {
    let root = unpacked(include_str!("../../../testdata/linux/battery-discharging.txt")).unwrap();
    for (name, text) in files {
        let file = root.path().join("sys/class/power_supply").join(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }
    System::at_root(root.path()).unwrap().sensors_battery().unwrap().unwrap()
}

fn hours(hours: u64) -> TimeLeft {
    TimeLeft::For(Duration::from_secs(hours * 3600))
}

#[test]
fn the_mains_say_whether_they_are_plugged_in() {
    for name in ["AC0/online", "AC/online"] {
        let plugged = battery(&[(name, "1\n")]);
        assert_eq!((plugged.power_plugged, plugged.secsleft), (Some(true), TimeLeft::Unlimited), "{name}");
        let unplugged = battery(&[(name, "0\n")]);
        assert_eq!((unplugged.power_plugged, unplugged.secsleft), (Some(false), hours(3)), "{name}");
    }
}

#[test]
fn without_mains_the_battery_s_status_tells() {
    for (status, plugged) in [("Charging", Some(true)), ("Full", Some(true)), ("Discharging", Some(false)), ("?", None)]
    {
        let read = battery(&[("BAT0/status", status)]);
        assert_eq!(read.power_plugged, plugged, "{status}");
    }
}

#[test]
fn a_battery_that_gives_no_power_lasts_nobody_knows_how_long() {
    let read = battery(&[("AC0/online", "0\n"), ("BAT0/power_now", "0\n")]);
    assert_eq!((read.percent, read.secsleft), (50.0, TimeLeft::Unknown));
}

#[test]
fn a_battery_that_can_hold_nothing_is_empty() {
    assert_eq!(battery(&[("BAT0/energy_full", "0\n")]).percent, 0.0);
}

#[test]
fn without_energy_the_capacity_tells() {
    let root = unpacked(include_str!("../../../testdata/linux/battery-discharging.txt")).unwrap();
    let folder = root.path().join("sys/class/power_supply/BAT0");
    fs::remove_file(folder.join("energy_full")).unwrap();
    fs::write(folder.join("capacity"), "88\n").unwrap();
    let read = System::at_root(root.path()).unwrap().sensors_battery().unwrap().unwrap();
    assert_eq!((read.percent, read.is_whole()), (88.0, true));
}

#[test]
fn a_charge_has_psutil_s_digits() {
    for (now, percent) in [("10000000", 33.333_333_333_333_336), ("29999999", 99.999_996_666_666_66)] {
        let read = battery(&[("BAT0/energy_now", now), ("BAT0/energy_full", "30000000")]);
        assert_eq!((read.percent, read.is_whole()), (percent, false), "{now}");
    }
}

#[test]
fn an_interface_that_goes_away_is_left_out() {
    let root = tempfile::tempdir().unwrap();
    fs::create_dir(root.path().join("proc")).unwrap();
    let class = root.path().join("sys/class/net");
    fs::create_dir_all(class.join("eth0")).unwrap();
    for (name, text) in
        [("mtu", "1500"), ("flags", "0x1043"), ("operstate", "up"), ("speed", "1000"), ("duplex", "full")]
    {
        fs::write(class.join("eth0").join(name), text).unwrap();
    }
    // It is still listed, and has no files any more.
    fs::create_dir(class.join("gone0")).unwrap();
    let stats = System::at_root(root.path()).unwrap().net_if_stats().unwrap();
    let seen: Vec<_> = stats.iter().map(|(name, nic)| (name.to_str(), nic.mtu)).collect();
    assert_eq!(seen, [(Some("eth0"), 1500)]);
}
