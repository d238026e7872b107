//! The field tables, in which each record describes its fields.
//!
//! A record is an ordinary struct. The [`record!`] macro adds a description of each field: name, unit, documentation
//! and the systems that have it. It also adds the values in a common form. Tables, JSON, bindings and PLATFORM.md are
//! written from this one list.

use crate::{OsSet, Value};

/// A struct that describes its fields.
pub trait Record {
    /// psutil's name for this tuple.
    const NAME: &'static str;
    /// The descriptions of the fields, in psutil's order.
    const FIELDS: &'static [FieldInfo];

    /// Returns the values in the order of [`FIELDS`](Self::FIELDS).
    fn values(&self) -> Vec<Value<'_>>;

    /// Makes a record and sets some of its fields. Programs cannot write a literal, because records may get new fields.
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

/// Describes a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct FieldInfo {
    /// The field's name, in Rust and in Python.
    pub name: &'static str,
    /// The unit of a number in the field.
    pub unit: Unit,
    /// The systems that have the field.
    pub os: OsSet,
    /// The documentation of the field.
    pub doc: &'static str,
}

/// The unit of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Unit {
    /// Not a number.
    Text,
    /// A number without a unit: an id, a mode, a flag.
    Plain,
    /// A count.
    Count,
    /// Bytes.
    Bytes,
    /// A time span in seconds.
    Seconds,
    /// A point in time.
    Time,
    /// Percent.
    Percent,
    /// Degrees Celsius.
    Celsius,
    /// Revolutions per minute.
    Rpm,
    /// Megahertz.
    Megahertz,
    /// Megabits per second.
    Megabits,
    /// Bytes per second.
    BytesPerSecond,
    /// A count per second.
    PerSecond,
}

/// Declares a record: an ordinary struct in which each field also names its unit and the systems that have it.
///
/// What follows `with` is known to this crate alone.
macro_rules! record {
    (
        $(#[$attr:meta])*
        pub struct $name:ident = $python:literal {
            $($(#[doc = $doc:literal])+ $field:ident: $type:ty, $unit:ident, $($os:ident)|+;)+
        }
        $(with $(#[doc = $note:literal])+ $inner:ident: $inner_type:ty;)*
    ) => {
        $(#[$attr])*
        #[non_exhaustive]
        pub struct $name {
            $($(#[doc = $doc])+ pub $field: $type,)+
            $($(#[doc = $note])+ pub(crate) $inner: $inner_type,)*
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
