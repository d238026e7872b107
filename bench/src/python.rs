//! Runs psutil and the Python package, each in an interpreter of its own.

use std::cell::RefCell;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use psoxide::Backend;

use crate::measure::{Result, Side};

pub struct Worker {
    name: &'static str,
    state: RefCell<(ChildStdin, BufReader<ChildStdout>)>,
    child: Child,
}

impl Worker {
    /// Starts an interpreter that imports `module` and uses `backend`. Prints the reason and returns `None` on failure.
    pub fn start(name: &'static str, module: &str, backend: Backend) -> Option<Self> {
        let Some(python) = std::env::var_os("PSOXIDE_BENCH_PYTHON") else {
            println!("{name} is left out: `cargo xtask bench` sets up its Python");
            return None;
        };
        let mut command = Command::new(python);
        command.args(["-c", include_str!("worker.py"), module]).stdin(Stdio::piped()).stdout(Stdio::piped());
        command.env("PSOXIDE_BACKEND", if backend == Backend::Bpf { "bpf" } else { "auto" });
        let mut child = command.spawn().ok()?;
        let state = RefCell::new((child.stdin.take()?, BufReader::new(child.stdout.take()?)));
        let worker = Self { name, state, child };
        match worker.run("name", worker.child.id(), 1) {
            Ok(_) => Some(worker),
            Err(error) => {
                println!("{name} is left out: {error}");
                None
            }
        }
    }

    fn run(&self, work: &str, pid: u32, calls: u32) -> Result<f64> {
        let (requests, answers) = &mut *self.state.borrow_mut();
        writeln!(requests, "{work} {pid} {calls}")?;
        let mut line = String::new();
        answers.read_line(&mut line)?;
        let seconds: f64 = line.split(' ').next().unwrap_or_default().parse()?;
        Ok(seconds * 1e6 / f64::from(calls))
    }

    /// Returns the side that runs `work` of worker.py.
    pub fn side<'a>(&'a self, work: &'a str, pid: u32) -> Side<'a> {
        Side::elsewhere(self.name, move |calls| self.run(work, pid, calls))
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
