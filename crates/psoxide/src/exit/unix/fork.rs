//! Restores signals in forked children. A child inherits the handlers, but not the thread that they wake.

use std::cell::RefCell;
use std::io;
use std::mem;
use std::sync::MutexGuard;

use super::ffi::Mask;
use crate::exit::{Registry, registry};
use crate::sys::posix::ffi::at_fork;

/// A fork that this thread has begun. The registry stays locked, so that the child finds it consistent.
struct Fork {
    registry: MutexGuard<'static, Registry>,
    mask: Mask,
}

thread_local! {
    static FORK: RefCell<Option<Fork>> = const { RefCell::new(None) };
}

/// Restores the signals in all future children.
pub(super) fn watch_forks() -> io::Result<()> {
    at_fork(prepare, in_parent, in_child)
}

/// Blocks the signals, so that none arrives in the child while it still has the parent's handlers.
extern "C" fn prepare() {
    let registry = registry();
    let signals = registry.watch.iter().flat_map(|watch| watch.signals.keys().copied());
    let mask = Mask::block(signals);
    FORK.with_borrow_mut(|fork| *fork = Some(Fork { registry, mask }));
}

extern "C" fn in_parent() {
    if let Some(Fork { registry, mask }) = FORK.with_borrow_mut(Option::take) {
        drop(registry);
        mask.restore();
    }
}

extern "C" fn in_child() {
    let Some(Fork { mut registry, mask }) = FORK.with_borrow_mut(Option::take) else { return };
    // Forgotten, not dropped: a drop runs the program's code, which may wait for threads that the child does not have.
    mem::forget(mem::take(&mut registry.entries));
    (registry.running, registry.ending) = (0, None);
    if let Some(watch) = &mut registry.watch {
        mem::forget(watch.handle.take());
        for (number, signal) in &mut watch.signals {
            // sigaction(2) refuses only invalid numbers, and this signal had a handler.
            let _ = signal.before.install(*number);
            signal.watched = false;
        }
    }
    drop(registry);
    mask.restore();
}
