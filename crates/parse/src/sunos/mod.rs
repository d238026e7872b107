//! SunOS (illumos and Solaris): /proc, kstat(3KSTAT), the MIB of the network modules, mnttab(5) and utmpx(5).
//!
//! The files of /proc are structs of the *reader's* data model: a 32-bit program is given 32-bit structs. A copied tree may
//! hold either, so each struct has two layouts. The offsets are those of illumos' `procfs.h` on x86.

pub mod auxv;
pub mod fdinfo;
pub mod kstat;
pub mod layout;
pub mod lif;
pub mod mapping;
pub mod mib2;
pub mod mnttab;
pub mod process;
pub mod thread;
pub mod unix;
pub mod utmpx;

use std::time::Duration;

use crate::{ParseError, Result};

/// The sizes of `long` and of pointers that the kernel's structs are written with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Model {
    /// 32 bits.
    Ilp32,
    /// 64 bits.
    Lp64,
}

/// A time that the kernel keeps as seconds and nanoseconds; a negative one is an error of `field`.
fn time(seconds: i64, nanos: i64, field: &'static str) -> Result<Duration> {
    match (u64::try_from(seconds), u32::try_from(nanos)) {
        (Ok(seconds), Ok(nanos @ 0..1_000_000_000)) => Ok(Duration::new(seconds, nanos)),
        _ => Err(ParseError::malformed(field, format!("{seconds}.{nanos}").as_bytes())),
    }
}

/// Declares one struct in both data models: a view of each layout, and an enum that reads a field from either.
///
/// A field is read as the type after the arrow. `A time` has a seconds and a nanoseconds field in each layout.
macro_rules! models {
    ($(#[$meta:meta])* pub struct $name:ident = $c:literal ($small:literal, $large:literal) [$v32:ident, $v64:ident] {
        $($(#[$doc:meta])* $field:ident: ($k32:tt, $k64:tt) -> $type:ty = $member:literal @ ($a32:literal, $a64:literal),)+
    }) => {
        crate::view::view! {
            /// The layout with 32 bits.
            pub struct $v32 = $c ($small) { $($(#[$doc])* $field: $k32 = $member @ $a32,)+ }
        }
        crate::view::view! {
            /// The layout with 64 bits.
            pub struct $v64 = $c ($large) { $($(#[$doc])* $field: $k64 = $member @ $a64,)+ }
        }

        $(#[$meta])*
        #[derive(Debug, Clone, Copy)]
        pub struct $name<'a>(Either<$v32<'a>, $v64<'a>>);

        impl<'a> $name<'a> {
            /// The name of the struct in procfs.h.
            pub const STRUCT: &'static str = $c;
            /// The size of the struct in both data models.
            pub const SIZES: (usize, usize) = ($v32::SIZE, $v64::SIZE);
            /// The name of each field in procfs.h and its offset in both data models.
            pub const LAYOUT: &'static [(&'static str, usize, usize)] = &[$(($member, $a32, $a64)),+];

            /// Views the first bytes; fails if there are too few.
            pub fn new(bytes: &'a [u8], model: crate::sunos::Model) -> crate::Result<Self> {
                Ok(Self(match model {
                    crate::sunos::Model::Ilp32 => Either::Small($v32::new(bytes)?),
                    crate::sunos::Model::Lp64 => Either::Large($v64::new(bytes)?),
                }))
            }

            $($(#[$doc])* #[must_use] pub fn $field(self) -> $type {
                match self.0 {
                    Either::Small(view) => view.$field().into(),
                    Either::Large(view) => view.$field().into(),
                }
            })+
        }
    };
}
use models;

/// One of two layouts.
#[derive(Debug, Clone, Copy)]
enum Either<S, L> {
    Small(S),
    Large(L),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_never_negative() {
        assert_eq!(time(3, 500_000_000, "pr_utime").unwrap(), Duration::from_millis(3500));
        for (seconds, nanos) in [(-1, 0), (0, -1), (0, 1_000_000_000)] {
            assert_eq!(time(seconds, nanos, "pr_utime").unwrap_err().field(), "pr_utime");
        }
    }
}
