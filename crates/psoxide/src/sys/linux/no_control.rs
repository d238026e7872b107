//! Stands in for `control` where Linux does not run: the processes of a capture cannot be acted on.

use super::{Handle, Linux};
use crate::Result;
use crate::sys::Control;

impl Control for Linux {}

pub(super) fn unique(_: &Handle<'_>) -> Result<Option<u64>> {
    Ok(None)
}
