//! Starts the processes that are measured. They end with the benchmark, also if it is killed: each waits for the end of
//! a pipe whose only writer is the benchmark.

use std::env;
use std::io::{self, BufRead as _, BufReader, PipeWriter, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};

use crate::measure::Result;

/// Processes with their own address space and six arguments each.
pub struct Herd {
    pub children: Vec<Child>,
    _alive: PipeWriter,
}

impl Herd {
    pub fn start(count: usize) -> Result<Self> {
        let (reader, writer) = io::pipe()?;
        let mut herd = Self { children: Vec::new(), _alive: writer };
        for _ in 0..count {
            let mut command = Command::new(env::current_exe()?);
            command.args(["--hold", "nothing", "0", "c", "d", "e"]).stdin(reader.try_clone()?).stdout(Stdio::null());
            herd.children.push(command.spawn()?);
        }
        Ok(herd)
    }

    /// Starts one process that has `count` of something.
    pub fn of(kind: &str, count: usize) -> Result<Self> {
        let (reader, writer) = io::pipe()?;
        let mut command = Command::new(env::current_exe()?);
        command.args(["--hold", kind, &count.to_string()]).stdin(reader).stdout(Stdio::piped());
        let mut child = command.spawn()?;
        let said = child.stdout.take().map(|said| BufReader::new(said).lines().next());
        let herd = Self { children: vec![child], _alive: writer };
        match said.flatten() {
            Some(Ok(line)) if line == "ready" => Ok(herd),
            _ => Err(format!("a process with {count} {kind} could not be made").into()),
        }
    }

    pub fn pid(&self) -> u32 {
        self.children[0].id()
    }
}

impl Drop for Herd {
    fn drop(&mut self) {
        for child in &mut self.children {
            let _ = child.kill();
        }
        for child in &mut self.children {
            let _ = child.wait();
        }
    }
}

/// Runs in a started process: opens or maps what `kind` names, and holds it until the writer of standard input is gone.
pub fn hold(kind: &str, count: usize) -> Result<()> {
    let ready = || -> Result<()> {
        println!("ready");
        io::stdout().flush()?;
        // Returns at the end of the pipe. Nobody sends a byte.
        io::stdin().read(&mut [0]).map(drop)?;
        Ok(())
    };
    match kind {
        "nothing" => io::stdin().read(&mut [0]).map(drop).map_err(Into::into),
        "threads" => {
            for _ in 0..count {
                let builder = std::thread::Builder::new().stack_size(64 * 1024);
                builder.spawn(|| {
                    loop {
                        std::thread::park()
                    }
                })?;
            }
            ready()
        }
        "files" => {
            let folder = env::temp_dir().join(format!("psoxide-bench-{}", std::process::id()));
            std::fs::create_dir(&folder)?;
            let open = |n: usize| std::fs::File::create(folder.join(n.to_string()));
            let files = (0..count).map(open).collect::<io::Result<Vec<_>>>();
            let held = files.map_err(Into::into).and_then(|files| ready().map(|()| drop(files)));
            std::fs::remove_dir_all(&folder)?;
            held
        }
        "mappings" => {
            for n in 0..count {
                // Neighbours with different protections are not merged.
                let protection = if n % 2 == 0 { libc::PROT_READ } else { libc::PROT_READ | libc::PROT_WRITE };
                let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
                // SAFETY: the kernel chooses a free address, so no existing mapping changes.
                let at = unsafe { libc::mmap(std::ptr::null_mut(), 4096, protection, flags, -1, 0) };
                if at == libc::MAP_FAILED {
                    return Err(io::Error::last_os_error().into());
                }
            }
            ready()
        }
        "sockets" => {
            let listener = TcpListener::bind("127.0.0.1:0")?;
            let address: SocketAddr = listener.local_addr()?;
            let mut pairs = Vec::new();
            for _ in 0..count / 2 {
                pairs.push((TcpStream::connect(address)?, listener.accept()?));
            }
            ready()?;
            drop(pairs);
            Ok(())
        }
        "children" => {
            // A third are children, and each child has two children of its own.
            let mut children = Vec::new();
            for _ in 0..count / 3 {
                children.push(Herd::of("pair", 2)?);
            }
            ready()?;
            drop(children);
            Ok(())
        }
        "pair" => {
            let herd = Herd::start(count)?;
            ready()?;
            drop(herd);
            Ok(())
        }
        other => Err(format!("nothing is known of {other}").into()),
    }
}
