//! Measures the CPU time of several ways to do the same work, by turns.

use std::fmt::Write as _;
use std::io;
use std::process::{Command, Stdio};
use std::time::Duration;

/// The result of a benchmark, which can fail with any error.
pub type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// One way to do a work. It runs the work a number of times, and returns the CPU time of one run in microseconds.
pub struct Side<'a> {
    pub name: &'static str,
    run: Box<dyn FnMut(u32) -> Result<f64> + 'a>,
}

impl<'a> Side<'a> {
    /// Measures work in this process.
    pub fn here(name: &'static str, mut work: impl FnMut() -> Result<()> + 'a) -> Self {
        Self::elsewhere(name, move |calls| {
            let start = cpu_time();
            for _ in 0..calls {
                work()?;
            }
            Ok((cpu_time() - start).as_secs_f64() * 1e6 / f64::from(calls))
        })
    }

    /// Measures work in another process, which reports its own CPU time.
    pub fn elsewhere(name: &'static str, run: impl FnMut(u32) -> Result<f64> + 'a) -> Self {
        Self { name, run: Box::new(run) }
    }

    /// Makes a column that is empty in this line.
    pub fn none(name: &'static str) -> Self {
        Self::elsewhere(name, |_| Ok(f64::NAN))
    }

    /// Measures a command from its start to its end.
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

/// Returns the CPU time that this process has used, user and system.
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
    // SAFETY: rusage consists of integers, for which all zeros is a value.
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

/// Tables of results. Each line is printed when it is measured, and kept in one text.
#[derive(Default)]
pub struct Report {
    text: String,
    columns: Vec<&'static str>,
}

impl Report {
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Starts a section.
    pub fn section(&mut self, title: &str, note: &str) {
        println!("\n{title}");
        let _ = write!(self.text, "\n## {title}\n\n{note}\n");
        self.columns.clear();
    }

    /// Runs all sides `rounds` times with `calls` runs each. Adds a line with the median times, and the median ratios
    /// to the first side.
    pub fn compare(&mut self, work: &str, rounds: usize, calls: u32, sides: Vec<Side<'_>>) -> Result<()> {
        self.begin("work", sides.iter().map(|side| side.name).collect());
        let cells = measure(rounds, calls, sides)?.into_iter().enumerate().map(|(at, (time, ratio))| match at {
            _ if time.is_nan() => "–".to_owned(),
            0 => format!("{} µs", shown(time)),
            _ => format!("{} µs ({ratio:.1}x)", shown(time)),
        });
        self.line(work, cells.collect());
        Ok(())
    }

    /// Adds a table that shows how costs grow.
    pub fn growth(&mut self, growth: Growth) {
        self.begin("processes", growth.names);
        for (work, cells) in growth.lines {
            self.line(&work, cells);
        }
    }

    /// Starts a table, unless the last one has the same columns.
    fn begin(&mut self, of: &str, names: Vec<&'static str>) {
        if self.columns != names {
            let _ = write!(self.text, "\n| {of} | {} |\n|---|{}\n", names.join(" | "), "---:|".repeat(names.len()));
            self.columns = names;
        }
    }

    fn line(&mut self, work: &str, cells: Vec<String>) {
        let named = self.columns.iter().zip(&cells).map(|(name, cell)| format!("  {name} {cell}"));
        println!("{work:<44}{}", named.collect::<String>());
        let _ = writeln!(self.text, "| {work} | {} |", cells.join(" | "));
    }
}

/// The cost of each further process, at increasing numbers of processes.
#[derive(Default)]
pub struct Growth {
    names: Vec<&'static str>,
    /// Each side's cost before any process was started.
    none: Vec<f64>,
    /// Each side's cost of a further process in the first line.
    first: Vec<f64>,
    lines: Vec<(String, Vec<String>)>,
}

impl Growth {
    /// Measures work on `count` further processes. The first call must have none.
    pub fn measure(&mut self, count: usize, rounds: usize, sides: Vec<Side<'_>>) -> Result<()> {
        self.names = sides.iter().map(|side| side.name).collect();
        let times: Vec<f64> = measure(rounds, 1, sides)?.into_iter().map(|(time, _)| time).collect();
        if count == 0 {
            self.none = times;
            return Ok(());
        }
        #[allow(clippy::cast_precision_loss)] // counts are far below 2^52
        let each: Vec<f64> = times.iter().zip(&self.none).map(|(all, none)| (all - none) / count as f64).collect();
        if self.first.is_empty() {
            self.first.clone_from(&each);
        }
        let cell = |(each, first): (&f64, &f64)| format!("{each:.2} µs ({:.2}x)", each / first);
        self.lines.push((count.to_string(), each.iter().zip(&self.first).map(cell).collect()));
        Ok(())
    }
}

/// Returns each side's median time, and the median over the rounds of the first side's time divided by this side's.
fn measure(rounds: usize, calls: u32, mut sides: Vec<Side<'_>>) -> Result<Vec<(f64, f64)>> {
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
    Ok(times.into_iter().map(median).zip(ratios.into_iter().map(median)).collect())
}

fn shown(time: f64) -> String {
    if time < 100.0 { format!("{time:.1}") } else { format!("{time:.0}") }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
