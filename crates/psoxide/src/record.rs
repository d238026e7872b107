//! The field table: what every record says about its own fields.
//!
//! A record is an ordinary struct. The [`record!`] macro adds a description of each field (name, unit, the systems
//! that have it, its documentation) and its value in a common form, so that tables, JSON, bindings and PLATFORM.md
//! are written from one list.

use std::borrow::Cow;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// A struct that describes its fields.
pub trait Record {
    /// psutil's name for this tuple.
    const NAME: &'static str;
    /// The fields, in psutil's order.
    const FIELDS: &'static [FieldInfo];

    /// The values, in the order of [`FIELDS`](Self::FIELDS).
    fn values(&self) -> Vec<Value<'_>>;
}

/// What is known of a field without reading it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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

/// An operating system that psoxide knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Os {
    /// Linux.
    Linux,
    /// Windows.
    Windows,
    /// macOS.
    Macos,
    /// FreeBSD.
    Freebsd,
    /// OpenBSD.
    Openbsd,
    /// NetBSD.
    Netbsd,
    /// illumos and Solaris.
    Sunos,
}

impl Os {
    /// All of them, in the order of the support matrix.
    pub const ALL: [Self; 7] =
        [Self::Linux, Self::Windows, Self::Macos, Self::Freebsd, Self::Openbsd, Self::Netbsd, Self::Sunos];

    /// The one that this was compiled for.
    pub const HOST: Self = HOST;

    /// The usual spelling.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Linux => "Linux",
            Self::Windows => "Windows",
            Self::Macos => "macOS",
            Self::Freebsd => "FreeBSD",
            Self::Openbsd => "OpenBSD",
            Self::Netbsd => "NetBSD",
            Self::Sunos => "SunOS",
        }
    }

    /// The system of this name, in upper or lower case.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|os| os.name().eq_ignore_ascii_case(name))
    }
}

#[cfg(target_os = "linux")]
const HOST: Os = Os::Linux;
#[cfg(windows)]
const HOST: Os = Os::Windows;
#[cfg(target_os = "macos")]
const HOST: Os = Os::Macos;
#[cfg(target_os = "freebsd")]
const HOST: Os = Os::Freebsd;
#[cfg(target_os = "openbsd")]
const HOST: Os = Os::Openbsd;
#[cfg(target_os = "netbsd")]
const HOST: Os = Os::Netbsd;
#[cfg(any(target_os = "illumos", target_os = "solaris"))]
const HOST: Os = Os::Sunos;

/// A set of operating systems.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OsSet(u8);

impl OsSet {
    /// None of them.
    pub const NONE: Self = Self(0);
    /// Linux.
    pub const LINUX: Self = Self::of(Os::Linux);
    /// Windows.
    pub const WINDOWS: Self = Self::of(Os::Windows);
    /// macOS.
    pub const MACOS: Self = Self::of(Os::Macos);
    /// FreeBSD.
    pub const FREEBSD: Self = Self::of(Os::Freebsd);
    /// OpenBSD.
    pub const OPENBSD: Self = Self::of(Os::Openbsd);
    /// NetBSD.
    pub const NETBSD: Self = Self::of(Os::Netbsd);
    /// illumos and Solaris.
    pub const SUNOS: Self = Self::of(Os::Sunos);
    /// FreeBSD, OpenBSD and NetBSD.
    pub const BSD: Self = Self::FREEBSD.or(Self::OPENBSD).or(Self::NETBSD);
    /// All but Windows.
    pub const POSIX: Self = Self::LINUX.or(Self::MACOS).or(Self::BSD).or(Self::SUNOS);
    /// Every one.
    pub const ALL: Self = Self::POSIX.or(Self::WINDOWS);

    /// Just `os`.
    #[must_use]
    pub const fn of(os: Os) -> Self {
        Self(1 << os as u8)
    }

    /// Those in either set.
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether `os` is in the set.
    #[must_use]
    pub const fn contains(self, os: Os) -> bool {
        self.0 & Self::of(os).0 != 0
    }
}

/// A field's value in the form that every face of psoxide can show.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Value<'a> {
    /// The system has no value for it.
    None,
    /// Yes or no.
    Bool(bool),
    /// A number.
    Unsigned(u64),
    /// A number that may be negative.
    Signed(i64),
    /// A measured number.
    Float(f64),
    /// Text of the system, which need not be UTF-8.
    Text(Cow<'a, OsStr>),
    /// A span of time.
    Duration(Duration),
    /// A point in time.
    Time(SystemTime),
    /// Several values.
    List(Vec<Value<'a>>),
    /// A record within a record.
    Record(Vec<(&'static str, Value<'a>)>),
    /// Values by name.
    Map(Vec<(Cow<'a, OsStr>, Value<'a>)>),
}

/// What can be shown as a [`Value`].
pub trait ToValue {
    /// The value, borrowed where it can be.
    fn to_value(&self) -> Value<'_>;
}

impl<T: Record> ToValue for T {
    fn to_value(&self) -> Value<'_> {
        Value::Record(T::FIELDS.iter().map(|field| field.name).zip(self.values()).collect())
    }
}

macro_rules! to_value {
    ($($type:ty => |$self:ident| $value:expr;)+) => {
        $(impl ToValue for $type {
            fn to_value(&self) -> Value<'_> {
                let $self = self;
                $value
            }
        })+
    };
}

to_value! {
    bool => |v| Value::Bool(*v);
    u8 => |v| Value::Unsigned(u64::from(*v));
    u16 => |v| Value::Unsigned(u64::from(*v));
    u32 => |v| Value::Unsigned(u64::from(*v));
    u64 => |v| Value::Unsigned(*v);
    usize => |v| Value::Unsigned(u64::try_from(*v).unwrap_or(u64::MAX));
    i32 => |v| Value::Signed(i64::from(*v));
    i64 => |v| Value::Signed(*v);
    f64 => |v| Value::Float(*v);
    Duration => |v| Value::Duration(*v);
    SystemTime => |v| Value::Time(*v);
    &'static str => |v| Value::Text(Cow::Borrowed(OsStr::new(*v)));
    String => |v| Value::Text(Cow::Borrowed(OsStr::new(v)));
    OsString => |v| Value::Text(Cow::Borrowed(v));
    PathBuf => |v| Value::Text(Cow::Borrowed(Path::as_os_str(v)));
}

impl<T: ToValue> ToValue for Option<T> {
    fn to_value(&self) -> Value<'_> {
        self.as_ref().map_or(Value::None, ToValue::to_value)
    }
}

impl<T: ToValue> ToValue for Vec<T> {
    fn to_value(&self) -> Value<'_> {
        Value::List(self.iter().map(ToValue::to_value).collect())
    }
}

/// Pairs that a system keeps in an order of its own: an environment, counters by device.
impl<T: ToValue> ToValue for Vec<(OsString, T)> {
    fn to_value(&self) -> Value<'_> {
        Value::Map(self.iter().map(|(name, value)| (Cow::Borrowed(&**name), value.to_value())).collect())
    }
}

/// A value that is shown as its text: an enum, an address.
pub(crate) fn text(value: &impl fmt::Display) -> Value<'static> {
    Value::Text(Cow::Owned(value.to_string().into()))
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
        pub struct $name {
            $($(#[doc = $doc])+ pub $field: $type,)+
        }

        impl $crate::record::Record for $name {
            const NAME: &'static str = $python;
            const FIELDS: &'static [$crate::record::FieldInfo] = &[$($crate::record::FieldInfo {
                name: stringify!($field),
                unit: $crate::record::Unit::$unit,
                os: $crate::record::OsSet::NONE$(.or($crate::record::OsSet::$os))+,
                doc: concat!($($doc),+),
            }),+];

            fn values(&self) -> Vec<$crate::record::Value<'_>> {
                vec![$($crate::record::ToValue::to_value(&self.$field)),+]
            }
        }
    };
}
pub(crate) use record;
