//! The field table: what every record says about its own fields.
//!
//! A record is an ordinary struct. The [`record!`] macro adds a description of each field (name, unit, the systems
//! that have it, its documentation) and its value in a common form, so that tables, JSON, bindings and PLATFORM.md
//! are written from one list.

use crate::{OsSet, Value};

/// A struct that describes its fields.
pub trait Record {
    /// psutil's name for this tuple.
    const NAME: &'static str;
    /// The fields, in psutil's order.
    const FIELDS: &'static [FieldInfo];

    /// The values, in the order of [`FIELDS`](Self::FIELDS).
    fn values(&self) -> Vec<Value<'_>>;

    /// Makes a record and sets some of its fields. Records may get new fields, so a program cannot write a literal.
    ///
    /// ```
    /// use psoxide::{CpuFreq, Record as _};
    ///
    /// let freq = CpuFreq::with(|freq| freq.current = 1200.0);
    /// assert_eq!(freq.max, None);
    /// ```
    #[must_use]
    fn with(set: impl FnOnce(&mut Self)) -> Self
    where
        Self: Default,
    {
        let mut record = Self::default();
        set(&mut record);
        record
    }
}

/// What is known of a field without reading it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct FieldInfo {
    /// The field's name, in Rust and in Python.
    pub name: &'static str,
    /// What a number in it counts.
    pub unit: Unit,
    /// The systems that have it.
    pub os: OsSet,
    /// Its documentation.
    pub doc: &'static str,
}

/// What a number counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Unit {
    /// Not a number.
    Text,
    /// A number without unit: an id, a mode, a flag.
    Plain,
    /// How many.
    Count,
    /// Bytes.
    Bytes,
    /// A span of time, given in seconds.
    Seconds,
    /// A point in time.
    Time,
    /// Hundredths of a whole.
    Percent,
    /// Degrees Celsius.
    Celsius,
    /// Revolutions per minute.
    Rpm,
    /// Megahertz.
    Megahertz,
    /// Megabits per second.
    Megabits,
    /// Bytes in each second.
    BytesPerSecond,
    /// How many in each second.
    PerSecond,
}

/// Declares a record: an ordinary struct whose fields also name their unit and the systems that have them.
macro_rules! record {
    (
        $(#[$attr:meta])*
        pub struct $name:ident = $python:literal {
            $($(#[doc = $doc:literal])+ $field:ident: $type:ty, $unit:ident, $($os:ident)|+;)+
        }
    ) => {
        $(#[$attr])*
        #[non_exhaustive]
        pub struct $name {
            $($(#[doc = $doc])+ pub $field: $type,)+
        }

        impl $crate::record::Record for $name {
            const NAME: &'static str = $python;
            const FIELDS: &'static [$crate::record::FieldInfo] = &[$($crate::record::FieldInfo {
                name: stringify!($field),
                unit: $crate::record::Unit::$unit,
                os: $crate::OsSet::NONE$(.or($crate::OsSet::$os))+,
                doc: concat!($($doc),+),
            }),+];

            fn values(&self) -> Vec<$crate::value::Value<'_>> {
                vec![$($crate::value::ToValue::to_value(&self.$field)),+]
            }
        }
    };
}
pub(crate) use record;
