//! The `[top]` section: what the full-screen view shows, and its presets.

use std::collections::BTreeMap;
use std::ops::Range;
use std::time::Duration;

use serde::Deserialize;
use toml::Spanned;

use super::{Mistake, check};
use crate::output::column::Meta;

/// How much of the screen the machine takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Panels {
    /// As much as there is room for.
    Full,
    /// One line.
    Line,
    Hidden,
}

macro_rules! named {
    ($(#[$doc:meta])* $name:ident { $($variant:ident = $text:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum $name { $($variant,)+ }

        impl $name {
            pub(crate) const ALL: &'static [Self] = &[$(Self::$variant),+];

            pub(crate) const fn name(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }

            fn parse(text: &str) -> Result<Self, String> {
                Self::ALL.iter().copied().find(|known| known.name() == text).ok_or_else(|| {
                    let names: Vec<_> = Self::ALL.iter().map(|known| known.name()).collect();
                    format!("unknown name {text:?}; use {}", names.join(", "))
                })
            }
        }
    };
}

named! {
    /// A part of the machine that has a panel of its own on a wide screen, and lines on a narrow one.
    Meter {
        Cpu = "cpu",
        Memory = "memory",
        Disks = "disks",
        Network = "network",
        Gpu = "gpu",
        Sensors = "sensors",
    }
}

impl Panels {
    pub(crate) const NAMES: [(&'static str, Self); 3] =
        [("full", Self::Full), ("line", Self::Line), ("hidden", Self::Hidden)];

    /// Returns the size that the key `m` switches to.
    pub(crate) const fn next(self) -> Self {
        match self {
            Self::Full => Self::Line,
            Self::Line => Self::Hidden,
            Self::Hidden => Self::Full,
        }
    }
}

/// A set of columns with their order, under a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Preset {
    pub(crate) name: String,
    /// Names of columns.
    pub(crate) columns: Vec<String>,
    /// The order, in the form that `--sort` takes.
    pub(crate) sort: Option<String>,
    pub(crate) tree: bool,
}

/// The `[top]` section as it is written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    interval: Option<Spanned<toml::Value>>,
    tree: Option<bool>,
    threads: Option<bool>,
    kernel_threads: Option<bool>,
    panels: Option<Spanned<String>>,
    meters: Option<Vec<Spanned<String>>>,
    #[serde(default)]
    presets: BTreeMap<String, WrittenPreset>,
}

/// A preset as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenPreset {
    columns: Vec<Spanned<String>>,
    sort: Option<Spanned<String>>,
    #[serde(default)]
    tree: bool,
}

/// The `[top]` section; what it leaves out is `None`.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Section {
    pub(crate) interval: Option<Duration>,
    pub(crate) tree: Option<bool>,
    pub(crate) threads: Option<bool>,
    pub(crate) kernel_threads: Option<bool>,
    pub(crate) panels: Option<Panels>,
    pub(crate) meters: Option<Vec<Meter>>,
    pub(crate) presets: Vec<Preset>,
}

impl Written {
    /// Checks the section. `metas` are the columns of processes. A mistake has its place in the file.
    pub(super) fn check(self, metas: &[Meta]) -> Result<Section, Mistake> {
        let at = |span: Range<usize>| move |message: String| (span.clone(), message);
        let panels = self.panels.map(|text| {
            let known = Panels::NAMES.iter().find(|(name, _)| name == text.get_ref());
            let unknown = || (text.span(), "panels is \"full\", \"line\" or \"hidden\"".to_owned());
            known.map(|(_, panels)| *panels).ok_or_else(unknown)
        });
        let meter = |text: &Spanned<String>| Meter::parse(text.get_ref()).map_err(at(text.span()));
        let preset = |(name, written): (String, WrittenPreset)| {
            for column in &written.columns {
                check(metas, column.get_ref(), column.span())?;
            }
            if let Some(order) = &written.sort {
                check(metas, order.get_ref().trim_start_matches(['-', '+']), order.span())?;
            }
            Ok(Preset {
                name,
                columns: written.columns.into_iter().map(Spanned::into_inner).collect(),
                sort: written.sort.map(Spanned::into_inner),
                tree: written.tree,
            })
        };
        Ok(Section {
            interval: self.interval.map(|value| super::interval(&value)).transpose()?,
            tree: self.tree,
            threads: self.threads,
            kernel_threads: self.kernel_threads,
            panels: panels.transpose()?,
            meters: self.meters.map(|names| names.iter().map(meter).collect::<Result<_, _>>()).transpose()?,
            presets: self.presets.into_iter().map(preset).collect::<Result<_, _>>()?,
        })
    }
}
