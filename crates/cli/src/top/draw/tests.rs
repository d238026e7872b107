//! What is drawn of the small machine of the snapshot tests, on screens of many sizes.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)] // in the helpers too, a failure is a failed test

use std::time::Duration;

use psoxide::System;
use ratatui::Terminal;
use ratatui::backend::TestBackend;

use super::draw;
use crate::top::monitor::Monitor;
use crate::top::palette::{Depth, Palette};
use crate::top::view::{Mode, Target, View, column};

/// The view of the small machine, as after two samples; its files go away with it.
struct Shown {
    view: View,
    _root: tempfile::TempDir,
}

fn shown(width: u16) -> Shown {
    let root = psoxide_capture::unpacked(include_str!("../../../../../testdata/linux/cli-machine.txt")).unwrap();
    let mut view = View::new(Monitor::new(&System::at_root(root.path()).unwrap(), "box"), Duration::from_secs(1));
    view.place.width = width;
    view.sample().unwrap();
    // What is counted since the sample before depends on when that was; a machine that stands still has done nothing.
    view.sample().unwrap();
    Shown { view, _root: root }
}

fn screen(view: &mut View, width: u16, height: u16) -> String {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    let palette = Palette::new(Depth::None);
    terminal.draw(|frame| draw(frame, view, &palette)).unwrap();
    let buffer = terminal.backend().buffer();
    let line = |y| (0..width).map(|x| buffer[(x, y)].symbol()).collect::<String>().trim_end().to_owned();
    // The time of day depends on where one is.
    let lines = (0..height).map(line).filter(|line| !line.starts_with("│started"));
    lines.collect::<Vec<_>>().join("\n")
}

#[track_caller]
fn snapshot(name: &str, view: &mut View, width: u16, height: u16) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/snapshots"));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, screen(view, width, height)));
}

#[test]
fn a_small_screen() {
    snapshot("top_80x24", &mut shown(80).view, 80, 24);
}

#[test]
fn a_wide_screen() {
    let Shown { mut view, _root } = shown(160);
    // What day it was depends on where one is.
    let columns = view.columns();
    view.chosen_columns = Some(columns.into_iter().filter(|place| *place != column("create_time")).collect());
    snapshot("top_160x30", &mut view, 160, 30);
}

#[test]
fn a_tree_with_a_filter() {
    let Shown { mut view, _root } = shown(100);
    view.tree = true;
    view.search.text = "a".into();
    view.search.changed();
    view.arrange();
    snapshot("top_tree", &mut view, 100, 24);
}

#[test]
fn every_detail() {
    let Shown { mut view, _root } = shown(100);
    let process = view.monitor.system().process(512).unwrap();
    view.show_details(Target { process, name: "server".into() });
    view.sample().unwrap();
    snapshot("top_details", &mut view, 100, 40);
}

#[test]
fn windows() {
    let Shown { mut view, _root } = shown(100);
    view.mode = Mode::Help { scroll: 0 };
    snapshot("top_help", &mut view, 100, 30);
    view.mode = Mode::Columns { chosen: 12 };
    snapshot("top_columns", &mut view, 100, 20);
    let target = view.target().unwrap();
    view.mode = Mode::Confirm { target, signal: psoxide::Signal::KILL };
    snapshot("top_confirm", &mut view, 100, 20);
}

#[test]
fn any_size_and_any_number_of_cpus() {
    let Shown { mut view, _root } = shown(80);
    for cpus in [0, 1, 2, 7, 64, 256, 1024] {
        view.monitor.machine.cpus = (0..cpus).map(|cpu| Some(f64::from(cpu % 101))).collect();
        for (width, height) in [(1, 1), (39, 7), (40, 8), (80, 10), (80, 24), (129, 24), (130, 30), (300, 100)] {
            let shown = screen(&mut view, width, height);
            let small = width < 40 || height < 8;
            assert_eq!(shown.contains("PID"), !small, "{cpus} CPUs on {width}x{height}:\n{shown}");
        }
    }
}
