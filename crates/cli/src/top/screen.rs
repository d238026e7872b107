//! The terminal while the view has it: taken, drawn on, and given back however the command ends.

use std::io::{self, Stdout, stdout};
use std::panic;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use psoxide::Signal;
use psoxide::exit::{Guard, OnExit};
use ratatui::backend::CrosstermBackend;
use ratatui::crossterm::cursor::{Hide, Show};
use ratatui::crossterm::event::{DisableMouseCapture, EnableMouseCapture};
use ratatui::crossterm::execute;
use ratatui::crossterm::terminal::{
    Clear, ClearType, EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode, size,
};
use ratatui::layout::Rect;
use ratatui::{Frame, Terminal, TerminalOptions, Viewport};

use crate::failure::Failure;

/// Whether the terminal is ours.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// Held while something is drawn, so that a signal does not give the terminal back in the middle of a frame.
static DRAWING: Mutex<()> = Mutex::new(());

/// The terminal, full screen.
pub(crate) struct Screen {
    terminal: Terminal<CrosstermBackend<Stdout>>,
    _guard: Guard,
}

impl Screen {
    pub(crate) fn open() -> Result<Self, Failure> {
        // First the way back: dropped, by a signal, or by a panic (whose message belongs on the usual screen).
        let signals = [Signal::TERM, Signal::INT, Signal::HUP];
        let guard = OnExit::new(give_back).signals(signals).silent().die_by_signal().register()?;
        let usual = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            // It may be the drawing that panics: there is nothing to wait for.
            restore();
            usual(info);
        }));
        take()?;
        Ok(Self { terminal: blank()?, _guard: guard })
    }

    /// Columns of the terminal.
    pub(crate) fn width(&mut self) -> u16 {
        self.terminal.get_frame().area().width
    }

    /// Draws a frame.
    pub(crate) fn draw(&mut self, render: impl FnOnce(&mut Frame<'_>)) -> io::Result<()> {
        let _drawing = DRAWING.lock().unwrap_or_else(PoisonError::into_inner);
        if TAKEN.load(Ordering::SeqCst) {
            let (width, height) = size()?;
            if self.terminal.get_frame().area() != Rect::new(0, 0, width, height) {
                self.terminal = blank()?;
            }
            self.terminal.draw(render)?;
        }
        Ok(())
    }

    /// Gives the terminal back, stops the command as Ctrl-Z does, and takes the terminal again when it goes on.
    pub(crate) fn suspend(&mut self) -> Result<(), Failure> {
        give_back();
        psoxide::System::host().current_process()?.suspend()?;
        take()?;
        self.terminal = blank()?;
        Ok(())
    }
}

/// An empty screen of the terminal's size. Its size is fixed, as ratatui would ask a terminal whose size changes where
/// its cursor is, and fail if there is no answer.
fn blank() -> io::Result<Terminal<CrosstermBackend<Stdout>>> {
    let (width, height) = size()?;
    execute!(stdout(), Clear(ClearType::All))?;
    let viewport = Viewport::Fixed(Rect::new(0, 0, width, height));
    Terminal::with_options(CrosstermBackend::new(stdout()), TerminalOptions { viewport })
}

fn take() -> io::Result<()> {
    enable_raw_mode()?;
    TAKEN.store(true, Ordering::SeqCst);
    execute!(stdout(), EnterAlternateScreen, EnableMouseCapture, Hide)
}

fn give_back() {
    let _drawing = DRAWING.lock().unwrap_or_else(PoisonError::into_inner);
    restore();
}

fn restore() {
    if TAKEN.swap(false, Ordering::SeqCst) {
        // A terminal that is gone needs nothing back.
        let _ = execute!(stdout(), Show, DisableMouseCapture, LeaveAlternateScreen);
        let _ = disable_raw_mode();
    }
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use super::*;
    use crate::terminal::Terminal;

    /// Runs in a terminal of its own, started by the test below.
    #[test]
    #[ignore = "a part of the test below"]
    fn panics_while_it_draws() {
        let mut screen = Screen::open().unwrap();
        screen.draw(|frame| frame.buffer_mut().set_string(0, 0, "drawn", ratatui::style::Style::new())).unwrap();
        let _ = screen.draw(|_| panic!("a mistake of the view"));
    }

    #[test]
    fn a_panic_gives_the_terminal_back_and_is_seen() {
        let test = pty_process::blocking::Command::new(std::env::current_exe().unwrap()).env("TERM", "xterm").args([
            "--ignored",
            "--exact",
            "--nocapture",
            "top::screen::tests::panics_while_it_draws",
        ]);
        let mut terminal = Terminal::run(100, 30, test);
        assert_ne!(terminal.end().code(), Some(0));
        let text = String::from_utf8_lossy(&terminal.bytes()).into_owned();
        let (view, after) = text.split_once("\x1b[?1049l").unwrap();
        assert!(view.contains("drawn"), "{text:?}");
        assert!(after.contains("a mistake of the view"), "{text:?}");
    }
}
