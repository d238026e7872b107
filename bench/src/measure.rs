//! CPU time of several ways to do the same work, taking turns.

use std::fmt::Write as _;
use std::io;
use std::process::{Command, Stdio};
use std::time::Duration;

/// What a benchmark can fail with.
pub type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// One way to do a work: runs it so many times, and answers the CPU time of one run in microseconds.
pub struct Side<'a> {
    pub name: &'static str,
    run: Box<dyn FnMut(u32) -> Result<f64> + 'a>,
}

impl<'a> Side<'a> {
    /// Work in this process.
    pub fn here(name: &'static str, mut work: impl FnMut() -> Result<()> + 'a) -> Self {
        Self::elsewhere(name, move |calls| {
            let start = cpu_time();
            for _ in 0..calls {
                work()?;
            }
            Ok((cpu_time() - start).as_secs_f64() * 1e6 / f64::from(calls))
        })
    }

    /// Work of which another process says what it cost.
    pub fn elsewhere(name: &'static str, run: impl FnMut(u32) -> Result<f64> + 'a) -> Self {
        Self { name, run: Box::new(run) }
    }

    /// A command, from its start to its end.
    pub fn command(name: &'static str, program: &'a str, arguments: &'a [&'a str]) -> Self {
        Self::elsewhere(name, move |calls| {
            let mut total = Duration::ZERO;
            for _ in 0..calls {
                total += command_time(Command::new(program).args(arguments))?;
            }
            Ok(total.as_secs_f64() * 1e6 / f64::from(calls))
        })
    }
}

/// CPU time of this process so far, user and system.
fn cpu_time() -> Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the pointer is to a timespec that outlives the call.
    let code = unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &raw mut time) };
    assert_eq!(code, 0, "clock_gettime: {}", io::Error::last_os_error());
    Duration::new(time.tv_sec.try_into().unwrap(), time.tv_nsec.try_into().unwrap())
}

fn command_time(command: &mut Command) -> Result<Duration> {
    #[allow(clippy::zombie_processes)] // wait4 waits for it
    let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    // SAFETY: rusage is integers, for which all zeros is a value.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    // SAFETY: the pointers are to live values, or null, which wait4 allows.
    let waited = unsafe { libc::wait4(child.id().try_into()?, std::ptr::null_mut(), 0, &raw mut usage) };
    if waited < 0 {
        return Err(io::Error::last_os_error().into());
    }
    let time = |time: libc::timeval| {
        Duration::new(time.tv_sec.try_into().unwrap(), u32::try_from(time.tv_usec).unwrap() * 1000)
    };
    Ok(time(usage.ru_utime) + time(usage.ru_stime))
}

/// Tables of results: printed as they come, and as one text at the end.
#[derive(Default)]
pub struct Report {
    text: String,
    columns: Vec<&'static str>,
}

impl Report {
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Begins a table.
    pub fn section(&mut self, title: &str, note: &str) {
        println!("\n{title}");
        let _ = write!(self.text, "\n## {title}\n\n{note}\n");
        self.columns.clear();
    }

    /// Runs all sides `rounds` times, `calls` runs each, and adds a line: the medians, and the medians of the rounds'
    /// ratios to the first side.
    pub fn compare(&mut self, work: &str, rounds: usize, calls: u32, mut sides: Vec<Side<'_>>) -> Result<()> {
        for side in &mut sides {
            (side.run)(calls.div_ceil(10))?;
        }
        let mut times = vec![Vec::new(); sides.len()];
        let mut ratios = vec![Vec::new(); sides.len()];
        for round in 0..rounds {
            let mut now = vec![0.0; sides.len()];
            for turn in 0..sides.len() {
                let at = (turn + round) % sides.len();
                now[at] = (sides[at].run)(calls)?;
            }
            for (at, time) in now.iter().enumerate() {
                times[at].push(*time);
                ratios[at].push(now[0] / time);
            }
        }
        let names: Vec<&'static str> = sides.iter().map(|side| side.name).collect();
        if self.columns != names {
            let _ = write!(self.text, "\n| work | {} |\n|---|{}\n", names.join(" | "), "---:|".repeat(names.len()));
            self.columns = names;
        }
        let mut line = format!("| {work} |");
        print!("{work:<44}");
        for (at, (times, ratios)) in times.into_iter().zip(ratios).enumerate() {
            let (time, ratio) = (median(times), median(ratios));
            let time = if time < 100.0 { format!("{time:.1}") } else { format!("{time:.0}") };
            let cell = if at == 0 { format!("{time} µs") } else { format!("{time} µs ({ratio:.1}x)") };
            print!("  {} {cell}", self.columns[at]);
            let _ = write!(line, " {cell} |");
        }
        println!();
        self.text.push_str(&line);
        self.text.push('\n');
        Ok(())
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
