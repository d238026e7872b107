//! Replaces `control` on other systems, where captured processes cannot be signalled or changed.

use super::{Handle, Linux};
use crate::Result;
use crate::sys::Control;

impl Control for Linux {}

pub(super) fn unique(_: &Handle<'_>) -> Result<Option<u64>> {
    Ok(None)
}
