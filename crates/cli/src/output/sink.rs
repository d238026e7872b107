//! Where the output goes: straight to standard output, or through a pager if it is longer than the terminal.

use std::io::{self, BufWriter, StdoutLock, Write};
use std::process::{Command, Stdio};

use anstream::AutoStream;

use super::style;

/// The pager where nothing names another: it quits if all fits, keeps colours and leaves the text on the screen.
const PAGER: &str = "less -FRX";

/// Standard output of a command.
pub(crate) enum Sink {
    Direct(BufWriter<AutoStream<StdoutLock<'static>>>),
    Paged(Pages),
}

/// Text that waits until it is known to be longer than the terminal.
pub(crate) struct Pages {
    text: Vec<u8>,
    height: usize,
    pager: String,
}

impl Sink {
    pub(crate) fn direct() -> Self {
        Self::Direct(BufWriter::with_capacity(1 << 16, stdout()))
    }

    /// A terminal of `height` lines; `configured` is the configuration's pager, empty for none.
    pub(crate) fn terminal(height: usize, configured: Option<&str>) -> Self {
        let named = ["PSOXIDE_PAGER", "PAGER"].iter().find_map(|name| std::env::var(name).ok());
        let pager = named.or_else(|| configured.map(str::to_owned)).unwrap_or_else(|| PAGER.into());
        if pager.is_empty() || pager == "cat" {
            return Self::direct();
        }
        Self::Paged(Pages { text: Vec::new(), height, pager })
    }

    /// Writes what has been kept back.
    pub(crate) fn finish(self) -> io::Result<()> {
        match self {
            Self::Direct(mut out) => out.flush(),
            Self::Paged(pages) => pages.show(),
        }
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Direct(out) => out.write(bytes),
            Self::Paged(pages) => pages.text.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Direct(out) => out.flush(),
            Self::Paged(_) => Ok(()),
        }
    }
}

impl Pages {
    fn show(self) -> io::Result<()> {
        let lines = self.text.iter().filter(|byte| **byte == b'\n').count();
        if lines < self.height {
            return print(&self.text);
        }
        let mut command = Command::new("sh");
        command.args(["-c", &self.pager]).stdin(Stdio::piped());
        if std::env::var_os("LESS").is_none() {
            command.env("LESS", "FRX");
        }
        let Ok(mut pager) = command.spawn() else { return print(&self.text) };
        if let Some(pipe) = pager.stdin.take() {
            let written = { pipe }.write_all(&self.text);
            // Who leaves the pager early has read enough.
            match written {
                Err(error) if error.kind() != io::ErrorKind::BrokenPipe => return Err(error),
                _ => {}
            }
        }
        // 127: the shell found no such pager.
        if pager.wait()?.code() == Some(127) { print(&self.text) } else { Ok(()) }
    }
}

fn print(text: &[u8]) -> io::Result<()> {
    let mut out = stdout();
    out.write_all(text)?;
    out.flush()
}

/// Opens standard output. With colours off, `style` writes none, and the remaining escape sequences clear the screen: they
/// pass.
fn stdout() -> AutoStream<StdoutLock<'static>> {
    if style::is_plain() { AutoStream::always_ansi(io::stdout().lock()) } else { anstream::stdout().lock() }
}
