//! The commands.

pub(crate) mod free;
pub(crate) mod glance;
pub(crate) mod netstat;
pub(crate) mod pmap;
pub(crate) mod procinfo;
pub(crate) mod procsmem;
pub(crate) mod ps;
