//! File systems.

use std::ffi::OsString;
use std::path::Path;

use psoxide_parse::macos::mount::{self, Mount};

use super::calls::Question;
use super::{Macos, Source};
use crate::sys::DiskReadings;
use crate::sys::bsd::disk;
use crate::{DiskPartition, DiskUsage, Error, Result};

impl DiskReadings for Macos {
    fn disk_partitions(source: &Source, all: bool) -> Result<Vec<DiskPartition>> {
        source.read(&Question::Mounts, |bytes| {
            let on_device = |mount: &Mount<'_>| all || mount.device().starts_with(b"/");
            let mounts = mount::mounts(bytes).filter(|mount| mount.as_ref().map_or(true, on_device));
            mounts.map(|mount| Ok(partition(mount?))).collect()
        })
    }

    fn disk_usage(source: &Source, path: &Path) -> Result<DiskUsage> {
        let question = Question::FileSystem(path.to_owned());
        source.read(&question, |bytes| Ok(usage(Mount::new(bytes)?))).map_err(|error| error.with_path(path))
    }

    fn whole_disks(_: &Source) -> Result<Vec<OsString>> {
        Err(Error::unsupported("whole_disks"))
    }
}

fn partition(mount: Mount<'_>) -> DiskPartition {
    disk::partition(mount.device(), mount.mount_point(), mount.fstype(), mount.options())
}

fn usage(mount: Mount<'_>) -> DiskUsage {
    disk::usage(mount.block_size().into(), mount.blocks(), mount.free(), mount.available())
}
