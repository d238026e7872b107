//! Stored numbers: how the fields of a record become 64-bit integers, and how they come back.

use std::time::{Duration, SystemTime};

use psoxide::{ProcessStatus, Reading, SchedulingPolicy};

/// The stored form of a missing number.
pub const NULL: i64 = i64::MIN;

/// What the numbers of a column mean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// A whole number.
    Int,
    /// A span of time in microseconds.
    Span,
    /// A point in time, in microseconds since 1970.
    Time,
    /// A measured number: the bits of a 64-bit float.
    Real,
    /// The place of a name in this list.
    Name(Vec<String>),
}

/// A column of stored numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// The name: that of the reading, `_`, and that of the field.
    pub name: String,
    /// What the numbers mean.
    pub kind: Kind,
}

/// A single value that is stored as one number.
pub(crate) trait Atom: Sized {
    fn kind() -> Kind {
        Kind::Int
    }

    fn to_cell(&self) -> i64;

    /// The value of a number. `None` if the number is missing or no such value.
    fn from_cell(cell: i64) -> Option<Self>;
}

/// The number of a stored cell, unless it is missing.
pub(crate) fn number(cell: i64) -> Option<i64> {
    (cell != NULL).then_some(cell)
}

macro_rules! whole {
    ($($type:ty),+) => {
        $(impl Atom for $type {
            fn to_cell(&self) -> i64 {
                // Numbers beyond 2^63 do not occur; the largest stands for all of them.
                i64::try_from(*self).unwrap_or(i64::MAX)
            }

            fn from_cell(cell: i64) -> Option<Self> {
                number(cell).and_then(|cell| Self::try_from(cell).ok())
            }
        })+
    };
}

whole!(u64, u32, i32, usize);

impl Atom for bool {
    fn to_cell(&self) -> i64 {
        i64::from(*self)
    }

    fn from_cell(cell: i64) -> Option<Self> {
        number(cell).map(|cell| cell != 0)
    }
}

impl Atom for f64 {
    fn kind() -> Kind {
        Kind::Real
    }

    fn to_cell(&self) -> i64 {
        // The bits of -0.0 stand for a missing number.
        if *self == 0.0 { 0 } else { self.to_bits().cast_signed() }
    }

    fn from_cell(cell: i64) -> Option<Self> {
        number(cell).map(|cell| Self::from_bits(cell.cast_unsigned()))
    }
}

impl Atom for Duration {
    fn kind() -> Kind {
        Kind::Span
    }

    fn to_cell(&self) -> i64 {
        i64::try_from(self.as_micros()).unwrap_or(i64::MAX)
    }

    fn from_cell(cell: i64) -> Option<Self> {
        number(cell).and_then(|cell| u64::try_from(cell).ok()).map(Self::from_micros)
    }
}

impl Atom for SystemTime {
    fn kind() -> Kind {
        Kind::Time
    }

    fn to_cell(&self) -> i64 {
        match self.duration_since(Self::UNIX_EPOCH) {
            Ok(since) => since.to_cell(),
            Err(before) => -before.duration().to_cell(),
        }
    }

    fn from_cell(cell: i64) -> Option<Self> {
        let span = Duration::from_micros(number(cell)?.unsigned_abs());
        if cell < 0 { Self::UNIX_EPOCH.checked_sub(span) } else { Self::UNIX_EPOCH.checked_add(span) }
    }
}

impl<T: Atom> Atom for Option<T> {
    fn kind() -> Kind {
        T::kind()
    }

    fn to_cell(&self) -> i64 {
        self.as_ref().map_or(NULL, T::to_cell)
    }

    fn from_cell(cell: i64) -> Option<Self> {
        Some(T::from_cell(cell))
    }
}

macro_rules! named {
    ($($type:ty),+) => {
        $(impl Atom for $type {
            fn kind() -> Kind {
                Kind::Name(<$type>::ALL.iter().map(|value| value.name().to_owned()).collect())
            }

            fn to_cell(&self) -> i64 {
                <$type>::ALL.iter().position(|value| value == self).map_or(NULL, |place| place.to_cell())
            }

            fn from_cell(cell: i64) -> Option<Self> {
                <$type>::ALL.get(usize::from_cell(cell)?).copied()
            }
        })+
    };
}

named!(ProcessStatus, SchedulingPolicy);

/// A value that is stored as one or more numbers.
pub(crate) trait Stored: Sized {
    /// The names and kinds of the fields; one without a name for a value that has no fields.
    fn fields() -> Vec<(&'static str, Kind)>;

    fn width() -> usize;

    fn store(&self, cells: &mut Vec<i64>);

    /// Takes the value from its numbers. `None` if one that each such value has is missing.
    fn restore(cells: &[i64]) -> Option<Self>;
}

macro_rules! atoms {
    ($($type:ty),+) => {
        $(impl Stored for $type {
            fn fields() -> Vec<(&'static str, Kind)> {
                vec![("", <$type as Atom>::kind())]
            }

            fn width() -> usize {
                1
            }

            fn store(&self, cells: &mut Vec<i64>) {
                cells.push(self.to_cell());
            }

            fn restore(cells: &[i64]) -> Option<Self> {
                cells.first().and_then(|cell| Atom::from_cell(*cell))
            }
        })+
    };
}

atoms!(u64, u32, i32, usize, bool, f64, Duration, SystemTime, ProcessStatus);

/// Stores a record by the fields that are listed. A test compares the lists with the records.
macro_rules! stored {
    ($($record:ident { $($field:ident),+ })+) => {
        $(impl $crate::cell::Stored for psoxide::$record {
            fn fields() -> Vec<(&'static str, $crate::cell::Kind)> {
                fn kind<R, T: $crate::cell::Atom>(_: fn(&R) -> &T) -> $crate::cell::Kind {
                    T::kind()
                }
                vec![$((stringify!($field), kind(|record: &Self| &record.$field))),+]
            }

            fn width() -> usize {
                [$(stringify!($field)),+].len()
            }

            fn store(&self, cells: &mut Vec<i64>) {
                $(cells.push($crate::cell::Atom::to_cell(&self.$field));)+
            }

            fn restore(cells: &[i64]) -> Option<Self> {
                let mut cells = cells.iter().copied();
                $(let $field = $crate::cell::Atom::from_cell(cells.next()?)?;)+
                Some($crate::cell::stored!(@make $record { $($field),+ }))
            }
        })+
    };
    (@make Ids { $real:ident, $effective:ident, $saved:ident }) => { psoxide::Ids::new($real, $effective, $saved) };
    (@make Scheduling { $policy:ident, $priority:ident, $realtime:ident }) => {
        psoxide::Scheduling::new($policy, $priority, $realtime)
    };
    (@make $record:ident { $($field:ident),+ }) => {
        <psoxide::$record as psoxide::Record>::with(|record| { $(record.$field = $field;)+ })
    };
}
pub(crate) use stored;

/// Why there is no value, as a number of three bits; 0 for a value, and for what was not read.
pub(crate) fn reason<T>(reading: &Reading<T>) -> i64 {
    match reading {
        Reading::Value(_) | Reading::NotAsked => 0,
        Reading::Denied => 1,
        Reading::Gone => 2,
        Reading::Unsupported => 3,
        Reading::Failed(_) => 4,
    }
}

/// The reading of a value that may be missing for the reason with this number.
pub(crate) fn reading<T>(value: Option<T>, reason: i64) -> Reading<T> {
    match (value, reason) {
        (_, 1) => Reading::Denied,
        (_, 2) => Reading::Gone,
        (_, 3) => Reading::Unsupported,
        (Some(value), 0) => Reading::Value(value),
        // What the error was is not recorded.
        _ => Reading::NotAsked,
    }
}

/// Checks that a record is stored with all its fields, in their order.
#[cfg(test)]
#[track_caller]
pub(crate) fn assert_stores_all<T: psoxide::Record + Stored>() {
    let stored: Vec<&str> = T::fields().iter().map(|(name, _)| *name).collect();
    let known: Vec<&str> = T::FIELDS.iter().map(|field| field.name).collect();
    assert_eq!(stored, known);
    assert_eq!(T::width(), known.len());
}
