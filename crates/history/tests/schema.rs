//! Files of schema 1, which every later version reads. `PSOXIDE_HISTORY_FILES=write` writes them again.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, missing_docs)]
#![cfg(all(unix, feature = "parquet"))]

mod common;

use std::fs;
use std::path::Path;

use common::{all, compare, millis, record};

#[test]
fn files_of_schema_1_are_read() {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../testdata/history"));
    if std::env::var_os("PSOXIDE_HISTORY_FILES").is_some_and(|value| value == "write") {
        // There may be none yet.
        let _ = fs::remove_dir_all(folder);
        // Ten samples of a closed hour, and ten of the next one.
        record(folder, 710..730);
        fs::remove_file(folder.join("lock")).unwrap();
    }
    let samples = all(folder).unwrap();
    assert_eq!((samples.len(), samples[0].time, samples[19].time), (20, millis(3550), millis(3645)));
    samples.iter().for_each(|sample| assert_eq!(compare(sample), "", "{}", sample.time));
    assert_eq!(samples[0].rows()[0].cmdline.value().unwrap(), &["/bin/p1", "--password=***"]);
    assert!(samples.iter().all(|sample| sample.header.version == 1 && sample.header.host == "box"));
}
