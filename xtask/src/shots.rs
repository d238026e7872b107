//! Renders pictures of the command for the README. Each is the screen of a real terminal, as SVG.
//!
//! The processes in a picture run in namespaces of their own, so that it shows nothing else of the machine. Creating
//! the namespaces needs root.

use std::fmt::Write as _;
use std::fs;
use std::io::{Read as _, Write as _};
use std::num::NonZeroU16;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use pty_process::Size;
use pty_process::blocking::{Command, open};

use crate::steps::{Result, cargo, is_root, run};

/// Directory of the pictures.
const FOLDER: &str = "images";

/// Working directory of the processes in the pictures.
const DEMO: &str = "/tmp/psoxide-demo";

/// The programs in the pictures: name and shell script.
const PROGRAMS: [(&str, &str); 4] = [
    ("backup", "while :; do head -c 40M /dev/urandom > data; sync data; gzip -kf data; sleep 1; done"),
    ("report", "while :; do seq 900000 | sort -R | sha256sum > sums; sleep 0.7; done"),
    ("indexer", "while :; do sleep 0.3; find / -xdev -name '*.h' -newer data > found 2>&1; done"),
    ("server", "sleep 600 & sleep 601 & wait"),
];

/// Shell commands that start the programs before the pictured command.
const SESSION: &str = "hostname demo; for program in backup report indexer server; do ./$program & done; sleep 1; ";

/// One picture.
struct Shot {
    name: &'static str,
    columns: u16,
    lines: u16,
    /// The command to picture.
    command: &'static str,
    /// How long the command runs before the picture is taken.
    watch: Duration,
    /// Keys to send shortly before the picture is taken.
    keys: &'static str,
}

const SHOTS: [Shot; 3] = [
    Shot {
        name: "top",
        columns: 140,
        lines: 34,
        command: "psoxide top --interval 0.25 --tree",
        watch: Duration::from_secs(20),
        keys: "\x1b[B\x1b[B",
    },
    Shot {
        name: "procinfo",
        columns: 100,
        lines: 70,
        command: "psoxide procinfo --no-pager $(psoxide pidof report); sleep 3",
        watch: Duration::from_secs(3),
        keys: "",
    },
    Shot {
        name: "top-at",
        columns: 120,
        lines: 24,
        command: "psoxide record --history history --interval 0.25 --count 100 2>said; psoxide top --history history --at now",
        watch: Duration::from_secs(45),
        // Four samples back.
        keys: "[[[[",
    },
];

/// Takes the pictures with these names, or all.
pub(crate) fn shots(names: &[String]) -> Result {
    if !is_root()? {
        return Err("pictures are taken in namespaces of their own, which needs root".into());
    }
    run(cargo().args(["build", "--release", "-p", "psoxide-cli"]))?;
    let target = std::env::var("CARGO_TARGET_DIR").unwrap_or_else(|_| "target".into());
    let psoxide = fs::canonicalize(Path::new(&target).join("release/psoxide")).map_err(|error| error.to_string())?;
    fs::create_dir_all(FOLDER).map_err(|error| error.to_string())?;
    prepare(&psoxide).map_err(|error| format!("{DEMO}: {error}"))?;
    for shot in SHOTS.iter().filter(|shot| names.is_empty() || names.iter().any(|name| name == shot.name)) {
        let screen = taken(shot)?;
        let file = Path::new(FOLDER).join(shot.name).with_extension("svg");
        fs::write(&file, svg(&screen)).map_err(|error| format!("{}: {error}", file.display()))?;
    }
    let _ = fs::remove_dir_all(DEMO);
    Ok(())
}

/// Writes the demo programs and copies the command beside them.
fn prepare(psoxide: &Path) -> std::io::Result<()> {
    fs::create_dir_all(DEMO)?;
    for (name, lines) in PROGRAMS {
        let path = Path::new(DEMO).join(name);
        fs::write(&path, format!("#!/bin/sh\n{lines}\n"))?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755))?;
    }
    fs::copy(psoxide, Path::new(DEMO).join("psoxide")).map(drop)
}

/// Converts a terminal size to the emulator's type.
fn size(number: u16) -> NonZeroU16 {
    NonZeroU16::new(number).unwrap_or(NonZeroU16::MIN)
}

/// Runs the command in the namespaces and returns the terminal's screen.
fn taken(shot: &Shot) -> Result<vt100::Parser> {
    let words = |error: &dyn std::fmt::Display| format!("{}: {error}", shot.name);
    let (pty, pts) = open().map_err(|error| words(&error))?;
    pty.resize(Size::new(shot.lines, shot.columns)).map_err(|error| words(&error))?;
    // When the first process of a pid namespace exits, the kernel kills all others in it.
    let script = format!("{SESSION}{}", shot.command);
    let path = format!("{DEMO}:{}", std::env::var("PATH").unwrap_or_default());
    let mut child = Command::new("unshare")
        .args(["--pid", "--fork", "--mount-proc", "--uts", "--kill-child", "sh", "-c", &script])
        .current_dir(DEMO)
        .env("PATH", path)
        .env("LC_ALL", "C.UTF-8")
        .env("TERM", "xterm-256color")
        .env("COLORTERM", "truecolor")
        .env("TZ", "UTC")
        .env("XDG_CONFIG_HOME", "/nonexistent")
        .spawn(pts)
        .map_err(|error| words(&error))?;
    let pty = Arc::new(pty);
    let screen = Arc::new(Mutex::new(vt100::Parser::new(size(shot.lines), size(shot.columns), 0)));
    std::thread::spawn({
        let (pty, screen) = (Arc::clone(&pty), Arc::clone(&screen));
        move || {
            let mut buffer = [0; 4096];
            while let Ok(n @ 1..) = (&*pty).read(&mut buffer) {
                let mut screen = screen.lock().unwrap_or_else(PoisonError::into_inner);
                screen.process(buffer.get(..n).unwrap_or_default());
            }
        }
    });
    let end = Instant::now() + shot.watch;
    std::thread::sleep(shot.watch.saturating_sub(Duration::from_secs(1)));
    (&*pty).write_all(shot.keys.as_bytes()).map_err(|error| words(&error))?;
    std::thread::sleep(end.saturating_duration_since(Instant::now()));
    let bytes = {
        let screen = screen.lock().unwrap_or_else(PoisonError::into_inner);
        screen.screen().contents_formatted()
    };
    child.kill().and_then(|()| child.wait()).map_err(|error| words(&error))?;
    let mut shown = vt100::Parser::new(size(shot.lines), size(shot.columns), 0);
    shown.process(bytes.as_bytes());
    Ok(shown)
}

const CELL: (f64, f64) = (8.4, 18.0);
const MARGIN: f64 = 14.0;
const BACKGROUND: &str = "#16181d";
const FOREGROUND: &str = "#d8dee9";

/// Renders the screen as SVG text, without trailing empty lines.
fn svg(terminal: &vt100::Parser) -> String {
    let screen = terminal.screen();
    let (lines, columns) = screen.size();
    let used =
        |line: &u16| (0..columns.get()).any(|x| screen.cell(*line, x).is_some_and(|c| !c.contents().trim().is_empty()));
    let lines = (0..lines.get()).filter(used).max().map_or(1, |last| last + 1);
    let (width, height) = (f64::from(columns.get()) * CELL.0 + 2.0 * MARGIN, f64::from(lines) * CELL.1 + 2.0 * MARGIN);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.0}\" height=\"{height:.0}\" \
         viewBox=\"0 0 {width:.0} {height:.0}\">\n\
         <rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"{BACKGROUND}\"/>\n\
         <g font-family=\"ui-monospace,'DejaVu Sans Mono',Menlo,Consolas,monospace\" font-size=\"14\" \
         xml:space=\"preserve\">\n"
    );
    for y in 0..lines {
        let mut x = 0;
        while x < columns.get() {
            let look = look(screen.cell(y, x));
            let mut text = String::new();
            let from = x;
            while x < columns.get() && self::look(screen.cell(y, x)) == look {
                let cell = screen.cell(y, x).map_or("", |cell| cell.contents());
                text.push_str(if cell.is_empty() { " " } else { cell });
                x += 1;
            }
            span(&mut svg, from, y, x - from, &text, &look);
        }
    }
    svg.push_str("</g>\n</svg>\n");
    svg
}

/// The style that a run of cells shares.
#[derive(PartialEq)]
struct Look {
    foreground: String,
    background: Option<String>,
    bold: bool,
    dim: bool,
}

fn look(cell: Option<&vt100::Cell>) -> Look {
    let Some(cell) = cell else {
        return Look { foreground: FOREGROUND.into(), background: None, bold: false, dim: false };
    };
    let (fore, back) = (colour(cell.fgcolor()), colour(cell.bgcolor()));
    let (foreground, background) = if cell.inverse() {
        (back.unwrap_or_else(|| BACKGROUND.into()), Some(fore.unwrap_or_else(|| FOREGROUND.into())))
    } else {
        (fore.unwrap_or_else(|| FOREGROUND.into()), back)
    };
    Look { foreground, background, bold: cell.bold(), dim: cell.dim() }
}

fn span(svg: &mut String, column: u16, line: u16, cells: u16, text: &str, look: &Look) {
    let (x, y) = (MARGIN + f64::from(column) * CELL.0, MARGIN + f64::from(line) * CELL.1);
    let width = f64::from(cells) * CELL.0;
    if let Some(background) = &look.background {
        _ = writeln!(
            svg,
            "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{:.1}\" fill=\"{background}\"/>",
            CELL.1
        );
    }
    if text.trim().is_empty() {
        return;
    }
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let bold = if look.bold { " font-weight=\"bold\"" } else { "" };
    let dim = if look.dim { " opacity=\"0.6\"" } else { "" };
    // Position each character, so that the viewer's font cannot shift columns.
    let places: Vec<String> = (0..cells).map(|i| format!("{:.1}", x + f64::from(i) * CELL.0)).collect();
    _ = writeln!(
        svg,
        "<text x=\"{}\" y=\"{:.1}\" fill=\"{}\"{bold}{dim}>{text}</text>",
        places.join(" "),
        y + 13.5,
        look.foreground
    );
}

/// The sixteen colours of xterm, a little softer.
const SIXTEEN: [&str; 16] = [
    "#2e3440", "#e06c75", "#98c379", "#e5c07b", "#61afef", "#c678dd", "#56b6c2", "#d8dee9", "#6b7280", "#f28b94",
    "#b5e890", "#ffd787", "#8cc8ff", "#dda0f0", "#7fdbe6", "#ffffff",
];

fn colour(colour: vt100::Color) -> Option<String> {
    match colour {
        vt100::Color::Default => None,
        vt100::Color::Rgb(r, g, b) => Some(format!("#{r:02x}{g:02x}{b:02x}")),
        vt100::Color::Idx(index) => Some(match SIXTEEN.get(usize::from(index)) {
            Some(colour) => (*colour).to_owned(),
            None if index >= 232 => {
                let grey = u16::from(index - 232) * 10 + 8;
                format!("#{grey:02x}{grey:02x}{grey:02x}")
            }
            None => {
                let level = |part: u8| if part == 0 { 0 } else { u16::from(part) * 40 + 55 };
                let cube = index - 16;
                format!("#{:02x}{:02x}{:02x}", level(cube / 36), level(cube / 6 % 6), level(cube % 6))
            }
        }),
    }
}
