//! Stands in for `bpf` in a build without that feature: every reading comes from /proc.

use std::convert::Infallible;
use std::marker::PhantomData;

use psoxide_parse::linux::pid_io::Io;
use psoxide_parse::linux::stat::Stat;

use super::Source;
use super::folder::Folder;
use super::own_sockets::Held;
use super::sockets::Holder;
use crate::sys::Parentage;
use crate::{Backend, OpenFile, Pid, Result, Thread};

/// No programs.
#[derive(Debug, Default)]
pub(super) struct Bpf;

impl Bpf {
    pub(super) fn is_in_use(&self, _: &Source) -> bool {
        false
    }

    pub(super) fn refusal(&self, source: &Source) -> Option<String> {
        let chosen = source.backend_choice() == Backend::Bpf;
        chosen.then(|| "this program was built without the feature `bpf` of psoxide".to_owned())
    }

    pub(super) fn processes(&self, _: &Source, _: bool) -> Option<Walked> {
        None
    }

    pub(super) fn pids(&self, source: &Source, _: &Walked) -> Result<Vec<Pid>> {
        source.pids()
    }

    pub(super) fn process(&self, _: &Source, _: Pid) -> Option<Answer> {
        None
    }

    pub(super) fn family(&self, _: &Source) -> Option<(Vec<Parentage>, Vec<Pid>)> {
        None
    }

    pub(super) fn holders(&self, _: &Source) -> Option<(Vec<Holder>, Vec<Pid>)> {
        None
    }

    pub(super) fn sockets(&self, _: &Source, _: Pid) -> Option<Vec<Held>> {
        None
    }

    pub(super) fn files(&self, _: &Source, _: Pid, _: &Folder<'_>) -> Option<Vec<OpenFile>> {
        None
    }

    pub(super) fn threads(&self, _: &Source, _: Pid) -> Option<Vec<Thread>> {
        None
    }
}

/// The units of no record.
pub(super) struct Units;

pub(super) fn units(_: &Source) -> Units {
    Units
}

/// The records of no walk.
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

/// A record that no program answers with.
#[derive(Debug)]
pub(crate) struct Answer(Infallible);

impl Answer {
    pub(crate) fn record(&self) -> Record<'_> {
        match self.0 {}
    }
}

/// A record of a process, of which there are none.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Record<'a>(Infallible, PhantomData<&'a ()>);

impl<'a> Record<'a> {
    pub(crate) fn stat(&self, _: Units) -> Option<Stat> {
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
}
