//! What every command is given: the machine, the form of the output, and when to refresh it.

use std::cell::Cell;
use std::io::{self, Write};
use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime};

use anstream::ColorChoice;
use psoxide::{Backend, ErrorKind, Pid, Process, System};

use crate::args::{Format, Globals, When};
use crate::config::Config;
use crate::failure::Failure;
use crate::output::screen;
use crate::output::sink::Sink;

/// The default time between samples.
const INTERVAL: Duration = Duration::from_secs(1);

/// The window of a rate that has no sample before it.
const FIRST_WINDOW: Duration = Duration::from_millis(500);

/// What every command is given.
pub(crate) struct Context {
    pub(crate) system: System,
    pub(crate) root: Option<PathBuf>,
    /// When the sample was taken that stands for the machine, with --at.
    pub(crate) sampled: Option<SystemTime>,
    /// The folder of the history, where an option names it.
    #[cfg(all(feature = "history", target_os = "linux"))]
    pub(crate) history: Option<PathBuf>,
    /// An earlier capture of the machine, for rates.
    pub(crate) earlier: Option<System>,
    pub(crate) format: Format,
    pub(crate) config: Config,
    /// Columns and lines of the terminal; `None` if the output is not a terminal.
    size: Cell<Option<(usize, usize)>>,
    pager: bool,
    interval: Option<Duration>,
    count: Option<u64>,
    /// Whether samples follow each other on a terminal.
    pub(crate) append: bool,
    /// Whether the command refreshes though no option says so.
    live: bool,
}

impl Context {
    /// `live` commands refresh on a terminal until the user stops them, unless options say otherwise.
    pub(crate) fn new(globals: Globals, config: Config, live: bool) -> Result<Self, Failure> {
        let system = match &globals.root {
            Some(root) => System::at_root(root)?,
            // A wrong name in the environment is an error here, where somebody reads it.
            None => {
                let backend = globals.backend.or(Backend::from_env()?).or(config.backend);
                System::host().with_backend(backend.unwrap_or_default())
            }
        };
        let earlier = globals.since.as_ref().map(System::at_root).transpose()?;
        let (system, earlier, sampled) = recorded(&globals, system, earlier)?;
        match globals.color.or(config.color) {
            Some(When::Auto) => ColorChoice::Auto.write_global(),
            Some(When::Always) => ColorChoice::Always.write_global(),
            Some(When::Never) => ColorChoice::Never.write_global(),
            None => {}
        }
        let format = globals.format();
        let size = terminal_size();
        let live = live && size.is_some() && format == Format::Text && system.is_live();
        if globals.append && format != Format::Text {
            return Err(Failure::Usage("--append is for tables; JSON and CSV are always appended".into()));
        }
        if globals.append && globals.interval.is_none() && globals.count.is_none() && !live {
            return Err(Failure::Usage("--append needs --interval or --count".into()));
        }
        Ok(Self {
            system,
            format,
            size: Cell::new(size),
            pager: !globals.no_pager,
            interval: globals.interval,
            count: globals.count,
            append: globals.append,
            live,
            sampled,
            root: globals.root,
            #[cfg(all(feature = "history", target_os = "linux"))]
            history: globals.history,
            earlier,
            config,
        })
    }

    /// Opens a process that the user named.
    pub(crate) fn process(&self, pid: Pid) -> Result<Process, Failure> {
        self.system.process(pid).map_err(|error| match error.kind() {
            ErrorKind::NoSuchProcess => Failure::NoProcess(pid),
            _ => Failure::Reading(error),
        })
    }

    /// Columns of the terminal; `None` if the output is not a terminal.
    pub(crate) fn width(&self) -> Option<usize> {
        self.size.get().map(|(width, _)| width)
    }

    /// Lines of the terminal.
    pub(crate) fn height(&self) -> Option<usize> {
        self.size.get().map(|(_, height)| height)
    }

    /// Whether the command takes several samples.
    pub(crate) fn repeats(&self) -> bool {
        self.interval.is_some() || self.count.is_some() || self.live
    }

    /// Whether each sample replaces the one before it on the screen.
    pub(crate) fn clears(&self) -> bool {
        self.repeats() && self.width().is_some() && self.format == Format::Text && !self.append
    }

    /// Whether the user has named an interval for this run.
    pub(crate) fn has_interval(&self) -> bool {
        self.interval.is_some()
    }

    /// The time between samples.
    pub(crate) fn interval(&self) -> Duration {
        self.interval.or(self.config.interval).unwrap_or(INTERVAL)
    }

    /// Returns the number of samples to take, or `None` to repeat until the user stops the command.
    pub(crate) fn count(&self) -> Option<u64> {
        if self.repeats() { self.count } else { Some(1) }
    }

    /// The window of a first rate.
    pub(crate) fn first_window(&self) -> Duration {
        if self.repeats() { self.interval().min(FIRST_WINDOW) } else { FIRST_WINDOW }
    }

    /// Standard output.
    pub(crate) fn sink(&self) -> Sink {
        match self.height() {
            Some(height) if self.pager && !self.repeats() => Sink::terminal(height, self.config.pager.as_deref()),
            _ => Sink::direct(),
        }
    }

    /// Calls `each` with the number of the sample and the place to write it, as often as the user wants.
    pub(crate) fn repeat(
        &self,
        replaces: bool,
        mut each: impl FnMut(u64, &mut dyn Write) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let mut out = self.sink();
        let mut turn = 0;
        let mut due = Instant::now();
        loop {
            if turn > 0 && self.width().is_some() {
                self.size.set(terminal_size()); // the user may have resized the window
            }
            let mut text = Vec::new();
            // Not straight to the terminal: reading takes time, and a half drawn screen flickers.
            each(turn, &mut text)?;
            match self.size.get().filter(|_| replaces && self.clears()) {
                Some(size) => out.write_all(&screen::redrawn(&text, size))?,
                None => out.write_all(&text)?,
            }
            turn += 1;
            if self.count().is_some_and(|count| turn >= count) {
                return Ok(out.finish()?);
            }
            out.flush()?;
            // The first sample may have waited for its rates. Later ones keep to a schedule and do not drift.
            due = if turn == 1 { Instant::now() } else { due } + self.interval();
            match due.checked_duration_since(Instant::now()) {
                Some(wait) => std::thread::sleep(wait),
                None => due = Instant::now(),
            }
        }
    }
}

/// The machine as it was, and as it was one sample before, if an option asks for a time.
#[cfg(all(feature = "history", target_os = "linux"))]
fn recorded(
    globals: &Globals,
    system: System,
    earlier: Option<System>,
) -> Result<(System, Option<System>, Option<SystemTime>), Failure> {
    let Some(time) = globals.at else { return Ok((system, earlier, None)) };
    let (now, before) = crate::recorded::at(globals.history.as_ref(), time)?;
    Ok((now.system(), before.map(|before| before.system()), Some(now.taken())))
}

#[cfg(not(all(feature = "history", target_os = "linux")))]
#[allow(clippy::unnecessary_wraps)] // with histories it can fail
fn recorded(
    _: &Globals,
    system: System,
    earlier: Option<System>,
) -> Result<(System, Option<System>, Option<SystemTime>), Failure> {
    Ok((system, earlier, None))
}

fn terminal_size() -> Option<(usize, usize)> {
    let (width, height) = terminal_size::terminal_size_of(io::stdout())?;
    Some((usize::from(width.0), usize::from(height.0)))
}
