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
use ratatui::crossterm::terminal::{EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode};
use ratatui::{Frame, Terminal};

use crate::context::Failure;

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
        let mut terminal = Terminal::new(CrosstermBackend::new(stdout()))?;
        terminal.clear()?;
        Ok(Self { terminal, _guard: guard })
    }

    /// Columns of the terminal.
    pub(crate) fn width(&self) -> io::Result<u16> {
        Ok(self.terminal.size()?.width)
    }

    /// Draws a frame.
    pub(crate) fn draw(&mut self, render: impl FnOnce(&mut Frame<'_>)) -> io::Result<()> {
        let _drawing = DRAWING.lock().unwrap_or_else(PoisonError::into_inner);
        if TAKEN.load(Ordering::SeqCst) {
            self.terminal.draw(render)?;
        }
        Ok(())
    }

    /// Gives the terminal back, stops the command as Ctrl-Z does, and takes the terminal again when it goes on.
    pub(crate) fn suspend(&mut self) -> Result<(), Failure> {
        give_back();
        psoxide::System::host().current_process()?.suspend()?;
        take()?;
        self.terminal.clear()?;
        Ok(())
    }
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
