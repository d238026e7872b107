//! What is drawn of the small machine of the snapshot tests, on screens of many sizes.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)] // in the helpers too, a failure is a failed test

use std::time::Duration;

use psoxide::{Os, Record as _, System};
use ratatui::Terminal;
use ratatui::backend::TestBackend;

use super::draw;
use crate::config::top::{Meter, Panels};
use crate::top::act::{Target, Targets};
use crate::top::columns::column;
use crate::top::monitor::Monitor;
use crate::top::monitor::source::Machine;
use crate::top::palette::{Depth, Palette};
use crate::top::settings::Settings;
use crate::top::view::View;
use crate::top::view::mode::{Menu, MenuKind, Mode, SheetKind};

/// The view of the small machine, as after two samples; its files go away with it.
struct Shown {
    view: View,
    _root: tempfile::TempDir,
}

fn shown(width: u16) -> Shown {
    let root = psoxide_capture::unpacked(include_str!("../../../../../testdata/linux/cli-machine.txt")).unwrap();
    let monitor = Monitor::new(Box::new(Machine::new(System::at_root(root.path()).unwrap())), "box");
    let mut view = View::new(monitor, Os::Linux, settings());
    view.place.width = width;
    view.sample().unwrap();
    // What is counted since the sample before depends on when that was; a machine that stands still has done nothing.
    view.sample().unwrap();
    Shown { view, _root: root }
}

fn settings() -> Settings {
    Settings {
        columns: None,
        sort: column("cpu_percent"),
        descending: true,
        tree: false,
        threads: false,
        kernel_threads: false,
        panels: Panels::Full,
        meters: Meter::ALL.to_vec(),
        interval: Duration::from_secs(1),
    }
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
    view.settings.columns = Some(columns.into_iter().filter(|place| *place != column("create_time")).collect());
    snapshot("top_160x30", &mut view, 160, 30);
}

#[test]
fn a_tree_with_a_filter() {
    let Shown { mut view, _root } = shown(100);
    view.settings.tree = true;
    view.search.text = "a".into();
    view.search.changed();
    view.arrange();
    snapshot("top_tree", &mut view, 100, 24);
}

#[test]
fn every_detail() {
    let Shown { mut view, _root } = shown(100);
    let process = view.monitor.open(512).unwrap();
    let target = Target { process, name: "server".into() };
    view.show_details(target.clone());
    view.sample().unwrap();
    snapshot("top_details", &mut view, 100, 40);
    view.show_sheet(SheetKind::Environment, target.clone());
    snapshot("top_environment", &mut view, 80, 12);
    view.show_sheet(SheetKind::Files, target);
    snapshot("top_files", &mut view, 80, 16);
}

#[test]
fn windows() {
    let Shown { mut view, _root } = shown(100);
    view.mode = Mode::Help { scroll: 0 };
    snapshot("top_help", &mut view, 80, 40);
    // A small screen says that there is more, until the last line is seen.
    for (width, height) in [(40, 10), (80, 24)] {
        view.mode = Mode::Help { scroll: 0 };
        assert!(screen(&mut view, width, height).contains(" ↓ more "));
        view.mode = Mode::Help { scroll: 500 };
        assert!(!screen(&mut view, width, height).contains("↓ more"));
    }
    view.mode = Mode::Menu(Menu::new(MenuKind::Columns, 12));
    snapshot("top_columns", &mut view, 100, 20);
    view.mode = Mode::Menu(Menu::new(MenuKind::Users, 1));
    snapshot("top_users", &mut view, 80, 20);
    view.mode = Mode::Menu(Menu::new(MenuKind::Presets, 0));
    snapshot("top_presets", &mut view, 80, 20);
    let targets = Targets(vec![view.target().unwrap()]);
    view.mode = Mode::Menu(Menu::new(MenuKind::Signals(targets.clone()), 9));
    snapshot("top_signals", &mut view, 80, 24);
    view.mode = Mode::Confirm { targets, signal: psoxide::Signal::KILL };
    snapshot("top_confirm", &mut view, 100, 20);
}

#[test]
fn gpus_have_meters_when_there_are_any() {
    assert!(!screen(&mut shown(80).view, 80, 24).to_lowercase().contains("gpu"));
    let Shown { mut view, _root: root } = shown(80);
    for (file, text) in [
        ("card0/device/gpu_busy_percent", "37"),
        ("card0/device/mem_info_vram_used", "3221225472"),
        ("card0/device/mem_info_vram_total", "8589934592"),
        ("card2/device/mem_info_vram_used", "1048576"),
        ("card2/device/mem_info_vram_total", "2147483648"),
    ] {
        let path = root.path().join("sys/class/drm").join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    view.monitor = Monitor::new(Box::new(Machine::new(System::at_root(root.path()).unwrap())), "box");
    view.sample().unwrap();
    let all = screen(&mut view, 80, 24);
    assert!(all.contains("card0 ") && all.contains("37% 3.0Gi/8.0Gi") && all.contains("card2 "), "{all}");
    view.monitor.machine.sensors.gpus.truncate(1);
    assert!(screen(&mut view, 80, 24).contains("gpu  ███"));
    let wide = screen(&mut view, 160, 30);
    assert!(wide.contains("╭─ GPU ") && wide.contains(" 37%") && wide.contains("3.0Gi/8.0Gi"), "{wide}");
    view.settings.panels = Panels::Line;
    assert!(screen(&mut view, 160, 30).contains("gpu 37% 3.0Gi/8.0Gi"));
}

#[test]
fn the_columns_do_not_move_while_values_change() {
    let Shown { mut view, _root } = shown(100);
    let headings = |view: &mut View| {
        screen(view, 100, 30);
        view.place.headings.iter().map(|(area, column)| (area.x, *column)).collect::<Vec<_>>()
    };
    let first = headings(&mut view);
    for entry in &mut view.monitor.entries {
        entry.proc.cpu_percent = Some(1234.5);
        entry.proc.memory_percent = Some(100.0);
        entry.proc.row.username = psoxide::Reading::Value("a-user-with-a-very-long-name".into());
        entry.proc.row.memory_info =
            psoxide::Reading::Value(psoxide::MemoryInfo::with(|memory| memory.rss = 1023 << 30));
    }
    let shown = screen(&mut view, 100, 30);
    assert!(shown.contains("a-user-wi…"), "{shown}");
    assert_eq!(headings(&mut view), first);
}

#[test]
fn threads_of_the_kernel_are_hidden_until_k() {
    let Shown { mut view, _root } = shown(100);
    let has = |view: &mut View| screen(view, 100, 30).contains("[kthreadd]");
    assert!(!has(&mut view));
    view.settings.kernel_threads = true;
    view.arrange();
    assert!(has(&mut view));
}

#[test]
fn branches_fold_and_unfold() {
    let Shown { mut view, _root } = shown(100);
    view.settings.tree = true;
    view.settings.sort = column("pid");
    view.settings.descending = false;
    view.arrange();
    let all = view.lines.len();
    view.select(0);
    view.fold_chosen(true);
    assert!(view.lines.len() < all && view.lines[0].folded == all - view.lines.len());
    assert!(screen(&mut view, 100, 30).contains(&format!("[+{}] ", view.lines[0].folded)));
    view.fold_chosen(false);
    assert_eq!(view.lines.len(), all);
}

#[test]
fn a_machine_without_a_call_has_no_key_for_it() {
    let Shown { mut view, _root } = shown(100);
    view.os = Os::Sunos;
    view.mode = Mode::Help { scroll: 0 };
    let help = screen(&mut view, 80, 40);
    assert!(
        !help.contains("threads as rows") && !help.contains("I/O priority") && help.contains("environment"),
        "{help}"
    );
}

#[test]
fn any_size_and_any_number_of_cpus() {
    let Shown { mut view, _root } = shown(80);
    for cpus in [0, 1, 2, 7, 64, 256, 1024] {
        view.monitor.machine.cpus = (0..cpus).map(|cpu| (cpu, Some(f64::from(cpu % 101)))).collect();
        for (width, height) in [(1, 1), (39, 7), (40, 8), (80, 10), (80, 24), (129, 24), (130, 30), (300, 100)] {
            let shown = screen(&mut view, width, height);
            let small = width < 40 || height < 8;
            assert_eq!(shown.contains("COMMAND"), !small, "{cpus} CPUs on {width}x{height}:\n{shown}");
        }
    }
}
