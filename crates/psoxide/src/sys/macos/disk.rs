//! File systems.

use std::ffi::OsString;
use std::path::Path;

use psoxide_parse::macos::mount::{self, Mount};

use super::calls::Question;
use super::{Macos, Source};
use crate::memory::percent;
use crate::sys::DiskReadings;
use crate::sys::bsd::text;
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
    DiskPartition {
        device: text(mount.device()),
        mountpoint: text(mount.mount_point()).into(),
        fstype: text(mount.fstype()),
        opts: mount.options().into(),
    }
}

fn usage(mount: Mount<'_>) -> DiskUsage {
    let bytes = |blocks: u64| blocks.saturating_mul(mount.block_size().into());
    let used = bytes(mount.blocks().saturating_sub(mount.free()));
    let free = bytes(mount.available());
    DiskUsage { total: bytes(mount.blocks()), used, free, percent: percent(used, used.saturating_add(free)) }
}
