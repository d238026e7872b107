//! A program in a pseudo-terminal: keys in, screen out.

#![allow(dead_code)] // no test uses all of it
#![allow(clippy::unwrap_used, clippy::indexing_slicing)] // a failure is a failed test

use std::io::{Read as _, Write as _};
use std::num::NonZeroU16;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, ExitStatus};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use pty_process::Size;
use pty_process::blocking::{Command, Pty, open};
use rustix::termios::{LocalModes, tcgetattr};

/// So long a busy machine may take; no test depends on it being shorter.
const PATIENCE: Duration = Duration::from_secs(30);

/// A command that runs in a terminal of its own.
pub(crate) struct Terminal {
    pty: Arc<Pty>,
    child: Child,
    shown: Arc<Mutex<Shown>>,
    reader: Option<JoinHandle<()>>,
    modes: LocalModes,
}

/// What has been written to the terminal.
struct Shown {
    screen: vt100::Parser,
    bytes: Vec<u8>,
}

impl Terminal {
    /// Starts a program in a terminal of this size.
    #[track_caller]
    pub(crate) fn run(columns: u16, lines: u16, command: Command) -> Self {
        let (pty, pts) = open().unwrap();
        pty.resize(Size::new(lines, columns)).unwrap();
        // Linux answers for the terminal at its other end.
        let modes = tcgetattr(&pty).unwrap().local_modes;
        let child = command.spawn(pts).unwrap();
        let shown = Shown { screen: parser(columns, lines), bytes: Vec::new() };
        let (pty, shown) = (Arc::new(pty), Arc::new(Mutex::new(shown)));
        let reader = std::thread::spawn({
            let (pty, shown) = (Arc::clone(&pty), Arc::clone(&shown));
            move || {
                let mut buffer = [0; 4096];
                // The end of the file, or EIO when nobody has the other side open any more.
                while let Ok(n @ 1..) = (&*pty).read(&mut buffer) {
                    let mut shown = shown.lock().unwrap();
                    shown.bytes.extend(&buffer[..n]);
                    shown.screen.process(&buffer[..n]);
                }
            }
        });
        Self { pty, child, shown, reader: Some(reader), modes }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Types.
    pub(crate) fn keys(&self, keys: &str) {
        (&*self.pty).write_all(keys.as_bytes()).unwrap();
    }

    pub(crate) fn resize(&self, columns: u16, lines: u16) {
        self.shown.lock().unwrap().screen.screen_mut().set_size(at_least_one(lines), at_least_one(columns));
        self.pty.resize(Size::new(lines, columns)).unwrap();
    }

    /// The lines of the screen.
    pub(crate) fn screen(&self) -> Vec<String> {
        let shown = self.shown.lock().unwrap();
        let (_, columns) = shown.screen.screen().size();
        shown.screen.screen().rows(0, columns.get()).map(|line| line.to_string()).collect()
    }

    /// All that has been written.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.shown.lock().unwrap().bytes.clone()
    }

    /// Waits until the screen is as wanted.
    #[track_caller]
    pub(crate) fn until(&self, what: &str, wanted: impl Fn(&[String]) -> bool) -> Vec<String> {
        let begun = Instant::now();
        loop {
            let screen = self.screen();
            if wanted(&screen) {
                return screen;
            }
            assert!(begun.elapsed() < PATIENCE, "{what} did not come:\n{}", screen.join("\n"));
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Waits until `text` is somewhere on the screen.
    #[track_caller]
    pub(crate) fn shows(&self, text: &str) -> Vec<String> {
        self.until(text, |screen| screen.iter().any(|line| line.contains(text)))
    }

    /// Waits for the end; the terminal must be as it was.
    #[track_caller]
    pub(crate) fn end(&mut self) -> ExitStatus {
        let begun = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(begun.elapsed() < PATIENCE, "it does not end:\n{}", self.screen().join("\n"));
            std::thread::sleep(Duration::from_millis(20));
        };
        // The reader ends when nobody has the terminal open any more: then all has been shown.
        self.reader.take().unwrap().join().unwrap();
        let shown = self.shown.lock().unwrap();
        let screen = shown.screen.screen();
        assert!(!screen.alternate_screen() && !screen.hide_cursor(), "the usual screen is not back");
        assert_eq!(tcgetattr(&*self.pty).unwrap().local_modes, self.modes, "the terminal is not as it was");
        status
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        if self.child.try_wait().is_ok_and(|ended| ended.is_none()) {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

/// What a terminal of this size makes of bytes.
pub(crate) fn parser(columns: u16, lines: u16) -> vt100::Parser {
    vt100::Parser::new(at_least_one(lines), at_least_one(columns), 0)
}

fn at_least_one(size: u16) -> NonZeroU16 {
    NonZeroU16::new(size).unwrap()
}

/// Whether it was ended by this signal.
pub(crate) fn ended_by(status: ExitStatus, signal: i32) -> bool {
    status.signal() == Some(signal)
}
