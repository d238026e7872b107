//! Pages about one process: every detail, its environment, its open files and sockets.

use std::ffi::OsString;

use psoxide::{ConnectionKind, Process};

use super::View;
use super::mode::{Details, Mode, Sheet, SheetKind};
use crate::output::endpoint::{endpoint, proto};
use crate::output::table::wrap;
use crate::output::{escape, reason};
use crate::process::details;
use crate::top::act::Target;

type Lines = Vec<(String, String)>;

impl View {
    /// Shows everything about a process.
    pub(crate) fn show_details(&mut self, target: Target) {
        self.monitor.watch((target.process.pid(), target.process.start()));
        self.mode = Mode::Details(Box::new(Details { target, lines: Vec::new(), scroll: 0, ended: false }));
        self.read_pages();
    }

    /// Shows a list about a process.
    pub(crate) fn show_sheet(&mut self, kind: SheetKind, target: Target) {
        self.mode = Mode::Sheet(Box::new(Sheet { kind, target, lines: Vec::new(), scroll: 0, ended: false }));
        self.read_pages();
    }

    /// Reads the page that is shown. One of a process that has ended stays as it was.
    pub(super) fn read_pages(&mut self) {
        let room = self.place.page_room();
        let process = match &self.mode {
            Mode::Details(page) => page.target.process.oneshot(),
            Mode::Sheet(page) => page.target.process.oneshot(),
            _ => return,
        };
        if !process.is_running().unwrap_or(false) {
            match &mut self.mode {
                Mode::Details(page) => page.ended = true,
                Mode::Sheet(page) => page.ended = true,
                _ => {}
            }
            return;
        }
        let found = match &self.mode {
            Mode::Details(_) => {
                details::of(&process, true).into_iter().map(|(label, values)| (label.to_owned(), values)).collect()
            }
            Mode::Sheet(page) => match page.kind {
                SheetKind::Environment => environment(&process),
                SheetKind::Files => files(&process),
            },
            _ => return,
        };
        let wrapped = wrapped(found, room);
        match &mut self.mode {
            Mode::Details(page) => page.lines = wrapped,
            Mode::Sheet(page) => page.lines = wrapped,
            _ => {}
        }
    }
}

/// Breaks long values into lines; the first has the label.
fn wrapped(fields: Vec<(String, Vec<String>)>, room: usize) -> Lines {
    let mut lines = Vec::new();
    for (mut label, values) in fields {
        for value in values.iter().flat_map(|value| wrap(value, room)) {
            lines.push((std::mem::take(&mut label), value));
        }
    }
    lines
}

fn environment(process: &Process) -> Vec<(String, Vec<String>)> {
    match process.environ() {
        Ok(pairs) if pairs.is_empty() => vec![(String::new(), vec!["none".into()])],
        Ok(pairs) => {
            let line = |(name, value): &(OsString, OsString)| format!("{}={}", escape(name), escape(value));
            vec![(String::new(), pairs.iter().map(line).collect())]
        }
        Err(error) => vec![(String::new(), vec![reason(&error)])],
    }
}

fn files(process: &Process) -> Vec<(String, Vec<String>)> {
    let mut fields = Vec::new();
    let path = |path: psoxide::Result<std::path::PathBuf>| {
        vec![path.map_or_else(|error| reason(&error), |path| escape(path.as_os_str()))]
    };
    fields.push(("exe".to_owned(), path(process.exe())));
    fields.push(("cwd".to_owned(), path(process.cwd())));
    let label =
        |fd: Option<i32>, kind: &str| format!("{:>4}  {kind}", fd.map_or_else(String::new, |fd| fd.to_string()));
    let mut open = Vec::new();
    match process.open_files() {
        Ok(files) => open.extend(
            files
                .into_iter()
                .map(|file| (file.fd, (label(file.fd, file.mode.unwrap_or("-")), vec![escape(file.path.as_os_str())]))),
        ),
        Err(error) => fields.push(("files".into(), vec![reason(&error)])),
    }
    match process.net_connections(ConnectionKind::All) {
        Ok(sockets) => open.extend(sockets.into_iter().map(|socket| {
            let mut shown = String::new();
            endpoint(&mut shown, &socket.laddr);
            if !matches!(socket.raddr, psoxide::Endpoint::None) {
                shown.push_str(" -> ");
                endpoint(&mut shown, &socket.raddr);
            }
            let status = socket.status.to_string();
            if status != "NONE" {
                shown.push(' ');
                shown.push_str(&status);
            }
            (socket.fd, (label(socket.fd, proto(socket.family, socket.kind)), vec![shown]))
        })),
        Err(error) => fields.push(("sockets".into(), vec![reason(&error)])),
    }
    open.sort_by_key(|(fd, _)| *fd);
    fields.extend(open.into_iter().map(|(_, field)| field));
    fields
}
