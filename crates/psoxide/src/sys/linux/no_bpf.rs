//! Replaces `bpf` in a build without that feature. Every reading comes from /proc.

use std::convert::Infallible;
use std::marker::PhantomData;

use psoxide_parse::linux::pid_io::Io;
use psoxide_parse::linux::stat::Stat;

use super::Source;
use super::deleted::RegularFiles;
use super::dir::Dir;
use super::socket_fds::{DescribedSocket, SocketFd};
use crate::sys::Parentage;
use crate::{Backend, Pid, Result, Thread};

/// An open file: its descriptor, its path, its position and its flags.
pub(super) type FileFound = (u32, Vec<u8>, (u64, u64));

pub(super) fn is_in_use(_: &Source) -> bool {
    false
}

pub(super) fn refusal(source: &Source) -> Option<String> {
    let chosen = source.live().is_some_and(|kernel| kernel.backend() == Backend::Bpf);
    chosen.then(|| "this program was built without the feature `bpf` of psoxide".to_owned())
}

pub(super) fn processes(_: &Source, _: bool) -> Option<Walked> {
    None
}

pub(super) fn pids(source: &Source, _: &Walked) -> Result<Vec<Pid>> {
    source.pids()
}

pub(super) fn process(_: &Source, _: Pid) -> Option<Answer> {
    None
}

pub(super) fn parentage(_: &Source) -> Option<(Vec<Parentage>, Vec<Pid>)> {
    None
}

pub(super) fn socket_fds(_: &Source) -> Option<(Vec<SocketFd>, Vec<Pid>)> {
    None
}

pub(super) fn sockets(_: &Source, _: Pid) -> Option<Vec<DescribedSocket>> {
    None
}

pub(super) fn files(_: &Source, _: Pid, _: &Dir<'_>, _: &RegularFiles<'_>) -> Option<Vec<FileFound>> {
    None
}

pub(super) fn threads(_: &Source, _: Pid) -> Option<Vec<Thread>> {
    None
}

/// Replaces the units of records.
pub(super) struct Units;

impl Units {
    /// Returns the number unchanged. There is no record whose times need converting.
    pub(super) fn ticks(self, nanos: u64) -> u64 {
        nanos
    }
}

pub(super) fn units(_: &Source) -> Units {
    Units
}

/// Replaces the records of a walk. It is always empty.
#[derive(Debug, Default)]
pub(crate) struct Walked;

impl Walked {
    pub(crate) fn is_empty(&self) -> bool {
        true
    }

    pub(crate) fn find(&self, _: Pid) -> Option<usize> {
        None
    }

    pub(crate) fn get(&self, _: usize) -> Option<Record<'_>> {
        None
    }
}

/// Replaces the answer of a program. It has no values.
#[derive(Debug)]
pub(crate) struct Answer(Infallible);

impl Answer {
    pub(crate) fn record(&self) -> Record<'_> {
        match self.0 {}
    }
}

/// Replaces the record of a process. It has no values.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Record<'a>(Infallible, PhantomData<&'a ()>);

impl<'a> Record<'a> {
    pub(crate) fn stat(&self, _: Units) -> Option<Stat> {
        match self.0 {}
    }

    pub(crate) fn start(&self) -> u64 {
        match self.0 {}
    }

    pub(crate) fn ids(&self) -> [[u32; 3]; 2] {
        match self.0 {}
    }

    pub(crate) fn switches(&self) -> [u64; 2] {
        match self.0 {}
    }

    pub(crate) fn pages(&self, _: u64) -> [u64; 5] {
        match self.0 {}
    }

    pub(crate) fn cmdline(&self) -> Option<&'a [u8]> {
        match self.0 {}
    }

    pub(crate) fn io(&self) -> Option<Io> {
        match self.0 {}
    }

    pub(crate) fn descriptors(&self) -> Option<u64> {
        match self.0 {}
    }
}
