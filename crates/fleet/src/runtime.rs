//! The one thread that talks to the network, and the one beside it that takes samples.

use std::time::Duration;

use tokio::runtime::{Builder, Runtime};

/// Makes a runtime.
pub(crate) fn runtime() -> Result<Runtime, String> {
    Builder::new_current_thread()
        .enable_io()
        .enable_time()
        .max_blocking_threads(2)
        // A new thread for each sample would be a new heap each time.
        .thread_keep_alive(Duration::from_secs(3600))
        .build()
        .map_err(|error| format!("cannot start: {error}"))
}
