//! The files of one process.

use std::collections::HashMap;
use std::ffi::OsString;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use psoxide_parse::ParseError;
use psoxide_parse::sunos::process::{Info, Status, Usage};
use psoxide_parse::sunos::{Model, thread};

use super::calls::Question;
use super::{Handle, Source};
use crate::{Error, Pid, Result};

/// What all processes of one pass share: the names of users and zones. Each process has files of its own.
#[derive(Debug, Default)]
pub(crate) struct Pass {
    names: Mutex<HashMap<Question, Option<OsString>>>,
}

/// What several readings of one process share: a cell for each file.
#[derive(Debug, Default)]
pub(crate) struct Cache {
    pass: Option<Arc<Pass>>,
    /// Whether more than `psinfo` was read.
    read_more: AtomicBool,
    info: OnceLock<Vec<u8>>,
    status: OnceLock<Vec<u8>>,
    usage: OnceLock<Vec<u8>>,
    pub(super) credentials: OnceLock<Vec<u8>>,
    pub(super) arguments: OnceLock<Vec<u8>>,
}

impl Cache {
    /// An empty cache for a process of a pass.
    pub(super) fn in_pass(pass: &Arc<Pass>) -> Self {
        Self { pass: Some(Arc::clone(pass)), ..Self::default() }
    }
}

/// What `cell` holds, or what `read` returns. An error is not kept.
pub(super) fn cached<T>(cell: &OnceLock<T>, read: impl FnOnce() -> Result<T>) -> Result<&T> {
    if let Some(value) = cell.get() {
        return Ok(value);
    }
    let value = read()?;
    Ok(cell.get_or_init(|| value))
}

/// Reads `psinfo`.
pub(super) fn read_info(source: &Source, pid: Pid) -> Result<Vec<u8>> {
    source.ask(&Question::File(source.of_process(pid, "psinfo")))
}

/// The start stamp: nanoseconds since 1970 by the clock as it was when the process began, which the kernel never corrects.
pub(super) fn stamp(info: Info<'_>) -> psoxide_parse::Result<u64> {
    Ok(u64::try_from(info.start()?.as_nanos()).unwrap_or(u64::MAX))
}

/// A number that the kernel keeps signed; a negative one is an error of `field`.
pub(super) fn unsigned(number: i32, field: &'static str) -> psoxide_parse::Result<u32> {
    u32::try_from(number).map_err(|_| ParseError::malformed(field, number.to_string().as_bytes()))
}

impl Handle<'_> {
    /// Names a file of this process in an error of its contents.
    pub(super) fn named<T>(&self, file: &str, result: psoxide_parse::Result<T>) -> Result<T> {
        result.map_err(|error| Error::from(error).with_question(format!("file {}", self.path(file))))
    }

    /// The path of another file than `psinfo` of this process.
    pub(super) fn path(&self, file: &str) -> String {
        self.cache.read_more.store(true, Ordering::Relaxed);
        self.source.of_process(self.pid, file)
    }

    /// Whether all files that were read are of this process: `psinfo` is read again if there were others.
    pub(super) fn is_whole(&self) -> Result<bool> {
        if self.cache.read_more.load(Ordering::Relaxed) { self.still_exists() } else { Ok(true) }
    }

    /// The memory of this process from an address on.
    pub(super) fn memory(&self, address: u64) -> Result<Vec<u8>> {
        self.cache.read_more.store(true, Ordering::Relaxed);
        self.source.memory_of(self.pid, address)
    }

    /// `psinfo` of this very process. Every user may read it.
    pub(super) fn info(&self) -> Result<Info<'_>> {
        let bytes = cached(&self.cache.info, || read_info(self.source, self.pid))?;
        let info = self.named("psinfo", Info::of_file(bytes))?;
        match self.start {
            Some(start) if start != self.named("psinfo", stamp(info))? => Err(Error::no_such_process(self.pid)),
            _ => Ok(info),
        }
    }

    /// A number of `psinfo` that the kernel keeps signed, and that is never negative.
    pub(super) fn number(&self, field: &'static str, read: impl FnOnce(Info<'_>) -> i32) -> Result<u32> {
        self.named("psinfo", unsigned(read(self.info()?), field))
    }

    /// The representative thread in `psinfo`.
    pub(super) fn thread(&self) -> Result<thread::Info<'_>> {
        self.named("psinfo", self.info()?.thread())
    }

    /// The data model that the files of this process are written with.
    pub(super) fn model(&self) -> Result<Model> {
        self.info()?;
        let bytes = self.cache.info.get().map(Vec::as_slice).unwrap_or_default();
        self.named("psinfo", Info::model_of_file(bytes))
    }

    /// Returns the name that a question asks for, or `None` if nothing has the number. A pass asks for each name once.
    pub(super) fn name_of(&self, question: Question) -> Result<Option<OsString>> {
        // If another thread holds the lock, the question is asked again.
        let names = self.cache.pass.as_ref().map(|pass| &pass.names);
        if let Some(known) = names.and_then(|names| names.try_lock().ok()?.get(&question).cloned()) {
            return Ok(known);
        }
        let name = self.source.name(&question)?;
        if let Some(mut names) = names.and_then(|names| names.try_lock().ok()) {
            names.insert(question, name.clone());
        }
        Ok(name)
    }

    /// The strings of a file of this very process, each with a NUL behind it.
    pub(super) fn strings(&self, file: &str) -> Result<Vec<Vec<u8>>> {
        self.file(file, |bytes, _| {
            let bytes = bytes.strip_suffix(&[0]).unwrap_or(bytes);
            Ok(if bytes.is_empty() { Vec::new() } else { bytes.split(|byte| *byte == 0).map(<[u8]>::to_vec).collect() })
        })
    }

    /// A file of this very process, read once.
    pub(super) fn cell<'a>(&self, cell: &'a OnceLock<Vec<u8>>, file: &str) -> Result<&'a [u8]> {
        self.info()?;
        cached(cell, || self.source.ask(&Question::File(self.path(file)))).map(Vec::as_slice)
    }

    /// `status`, which the kernel shows to the owner.
    pub(super) fn status(&self) -> Result<Status<'_>> {
        let bytes = self.cell(&self.cache.status, "status")?;
        self.named("status", Status::new(bytes, self.model()?))
    }

    /// `usage`. Every user may read it.
    pub(super) fn usage(&self) -> Result<Usage<'_>> {
        let bytes = self.cell(&self.cache.usage, "usage")?;
        self.named("usage", Usage::new(bytes, self.model()?))
    }

    /// Reads a file of this very process and parses it.
    pub(super) fn file<T>(
        &self,
        file: &str,
        parse: impl FnOnce(&[u8], Model) -> psoxide_parse::Result<T>,
    ) -> Result<T> {
        let model = self.model()?;
        self.source.read(&Question::File(self.path(file)), |bytes| parse(bytes, model))
    }
}
