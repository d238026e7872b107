//! Values in the common form that the command, JSON and Python show.

use std::borrow::Cow;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::Record;

/// A field's value in the common form that the command, JSON and Python show.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Value<'a> {
    /// There is no value.
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
    /// A time span.
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

/// Converts a type to a [`Value`].
pub trait ToValue {
    /// Returns the value, borrowed where possible.
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

/// Pairs in the system's own order: an environment, or counters by device.
impl<T: ToValue> ToValue for Vec<(OsString, T)> {
    fn to_value(&self) -> Value<'_> {
        Value::Map(self.iter().map(|(name, value)| (Cow::Borrowed(&**name), value.to_value())).collect())
    }
}

/// Makes a value from the text of an enum or address.
pub(crate) fn text(value: &impl fmt::Display) -> Value<'static> {
    Value::Text(Cow::Owned(value.to_string().into()))
}
