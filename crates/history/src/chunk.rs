//! Some samples of a segment that are read together.

use std::borrow::Cow;
use std::io;

use crate::sample::{Head, Sample};

/// The samples of a chunk: ready, or to be put together from the columns of a Parquet file.
#[derive(Debug)]
enum Samples {
    Ready(Vec<Sample>),
    #[cfg(feature = "parquet")]
    Columns(crate::parquet::Columns),
}

/// Some samples of a segment that are read together, in the order in which they were taken.
#[derive(Debug)]
pub(crate) struct Chunk {
    pub(crate) heads: Vec<Head>,
    samples: Samples,
}

impl Chunk {
    pub(crate) fn of_samples(samples: Vec<Sample>) -> Self {
        let head = |sample: &Sample| Head { time: sample.time, sequence: sample.sequence, jump: sample.jump };
        Self { heads: samples.iter().map(head).collect(), samples: Samples::Ready(samples) }
    }

    #[cfg(feature = "parquet")]
    pub(crate) fn of_columns(columns: crate::parquet::Columns) -> Self {
        Self { heads: columns.heads.clone(), samples: Samples::Columns(columns) }
    }

    /// Returns a sample by its place in `heads`.
    pub(crate) fn sample(&self, place: usize) -> io::Result<Cow<'_, Sample>> {
        match &self.samples {
            Samples::Ready(samples) => {
                let sample = samples.get(place).ok_or_else(|| crate::log::invalid("a sample is missing"))?;
                Ok(Cow::Borrowed(sample))
            }
            #[cfg(feature = "parquet")]
            Samples::Columns(columns) => columns.sample(place).map(Cow::Owned),
        }
    }

    /// Returns the first sample whose head matches.
    pub(crate) fn first(&self, matches: impl Fn(&Head) -> bool) -> io::Result<Option<Sample>> {
        let place = self.heads.iter().position(matches);
        place.map(|place| self.sample(place).map(Cow::into_owned)).transpose()
    }

    /// Returns the last sample whose head matches.
    pub(crate) fn last(&self, matches: impl Fn(&Head) -> bool) -> io::Result<Option<Sample>> {
        let place = self.heads.iter().rposition(matches);
        place.map(|place| self.sample(place).map(Cow::into_owned)).transpose()
    }
}
