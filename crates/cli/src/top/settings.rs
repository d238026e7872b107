//! What the user can set and keep: the `[top]` section of the configuration, and `[columns]` and `[sort]` of `top`.

use std::collections::BTreeMap;
use std::ops::Range;
use std::time::Duration;

use serde::Deserialize;
use toml::Spanned;
use toml_edit::{Array, DocumentMut, Item, Table, value};

use crate::output::column::Meta;
use crate::process::columns::COLUMNS;

/// What is shown and how often.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Settings {
    /// The places of the columns; `None` for the usual ones.
    pub(crate) columns: Option<Vec<usize>>,
    /// The place of the column to order by.
    pub(crate) sort: usize,
    pub(crate) descending: bool,
    pub(crate) tree: bool,
    /// Whether threads are rows.
    pub(crate) threads: bool,
    /// Whether the threads of the kernel are shown.
    pub(crate) kernel_threads: bool,
    pub(crate) panels: Panels,
    pub(crate) meters: Vec<Meter>,
    pub(crate) interval: Duration,
}

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
    const NAMES: [(&'static str, Self); 3] = [("full", Self::Full), ("line", Self::Line), ("hidden", Self::Hidden)];

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
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Preset {
    pub(crate) name: String,
    pub(crate) columns: Vec<usize>,
    pub(crate) sort: usize,
    pub(crate) descending: bool,
    pub(crate) tree: bool,
}

/// The presets that everybody has: name, columns, order.
const PRESETS: &[(&str, &[&str], &str)] = &[
    (
        "memory",
        &["pid", "username", "rss", "pss", "uss", "swap", "shared", "memory_percent", "major", "cmdline"],
        "-rss",
    ),
    (
        "storage",
        &[
            "pid",
            "username",
            "read_rate",
            "write_rate",
            "read_bytes",
            "write_bytes",
            "iowait_percent",
            "status",
            "cmdline",
        ],
        "-write_rate",
    ),
    (
        "scheduling",
        &[
            "pid",
            "username",
            "priority",
            "nice",
            "policy",
            "num_threads",
            "cpu_num",
            "voluntary",
            "involuntary",
            "cpu_percent",
            "cpu_time",
            "cmdline",
        ],
        "-cpu_percent",
    ),
    (
        "containers",
        &["pid", "container", "unit", "net_namespace", "oom_score", "cpu_percent", "rss", "cmdline"],
        "-cpu_percent",
    ),
];

/// The presets that everybody has, without the columns that the machine lacks.
pub(crate) fn presets(available: &[usize]) -> Vec<Preset> {
    let place = |name: &&str| Some(super::view::column(name)).filter(|place| available.contains(place));
    let preset = |(name, columns, sort): &(&str, &[&str], &str)| Preset {
        name: (*name).to_owned(),
        columns: columns.iter().filter_map(place).collect(),
        sort: super::view::column(sort.trim_start_matches('-')),
        descending: sort.starts_with('-'),
        tree: false,
    };
    // One that would lose half of its columns is of no use there.
    let fits = |(preset, (_, columns, _)): &(Preset, &(&str, &[&str], &str))| {
        available.contains(&preset.sort) && preset.columns.len() * 2 > columns.len()
    };
    PRESETS.iter().map(|written| (preset(written), written)).filter(fits).map(|(preset, _)| preset).collect()
}

/// The `[top]` section as it is written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Written {
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
    /// Checks the section. A mistake has its place in the file.
    pub(crate) fn check(self) -> Result<Section, (Range<usize>, String)> {
        let at = |span: Range<usize>| move |message: String| (span.clone(), message);
        let interval = self.interval.map(|value| crate::config::interval(&value)).transpose()?;
        let panels = self.panels.map(|text| {
            let known = Panels::NAMES.iter().find(|(name, _)| name == text.get_ref());
            let unknown = || (text.span(), "panels is \"full\", \"line\" or \"hidden\"".to_owned());
            known.map(|(_, panels)| *panels).ok_or_else(unknown)
        });
        let meter = |text: &Spanned<String>| Meter::parse(text.get_ref()).map_err(at(text.span()));
        let meters = self.meters.map(|names| names.iter().map(meter).collect::<Result<_, _>>()).transpose()?;
        let place = |text: &str, span: Range<usize>| find(text).map_err(at(span));
        let preset = |(name, written): (String, WrittenPreset)| {
            let column = |text: &Spanned<String>| place(text.get_ref(), text.span());
            let columns = written.columns.iter().map(column).collect::<Result<Vec<_>, _>>()?;
            let (sort, descending) = match &written.sort {
                Some(text) => (
                    place(text.get_ref().trim_start_matches(['-', '+']), text.span())?,
                    text.get_ref().starts_with('-'),
                ),
                None => (super::view::column("cpu_percent"), true),
            };
            Ok(Preset { name, columns, sort, descending, tree: written.tree })
        };
        Ok(Section {
            interval,
            tree: self.tree,
            threads: self.threads,
            kernel_threads: self.kernel_threads,
            panels: panels.transpose()?,
            meters,
            presets: self.presets.into_iter().map(preset).collect::<Result<_, _>>()?,
        })
    }
}

/// Finds the place of a column of processes.
fn find(name: &str) -> Result<usize, String> {
    let metas: Vec<Meta> = COLUMNS.iter().map(|column| column.meta).collect();
    crate::filter::find(&metas, name).ok_or_else(|| crate::filter::unknown(&metas, name))
}

impl Settings {
    /// Takes the columns, the order and the layout of a preset.
    pub(crate) fn take(&mut self, preset: &Preset) {
        self.columns = Some(preset.columns.clone());
        (self.sort, self.descending, self.tree) = (preset.sort, preset.descending, preset.tree);
    }

    /// Writes these settings into the text of a configuration. Comments, order and all else stay as they are.
    ///
    /// # Errors
    /// The text is not TOML, or has something else where a section belongs.
    pub(crate) fn write_to(&self, text: &str) -> Result<String, String> {
        let mut document: DocumentMut = text.parse().map_err(|error: toml_edit::TomlError| error.to_string())?;
        let name = |place: &usize| COLUMNS.get(*place).map(|column| column.meta.name);
        let columns = section(&mut document, "columns")?;
        match &self.columns {
            Some(places) => put(columns, "top", places.iter().filter_map(name).collect::<Array>()),
            None => _ = columns.remove("top"),
        }
        let order = name(&self.sort).map(|name| format!("{}{name}", if self.descending { "-" } else { "" }));
        if let Some(order) = order {
            put(section(&mut document, "sort")?, "top", order);
        }
        let top = section(&mut document, "top")?;
        match i64::try_from(self.interval.as_secs()) {
            Ok(seconds) if self.interval.subsec_nanos() == 0 => put(top, "interval", seconds),
            _ => put(top, "interval", self.interval.as_secs_f64()),
        }
        put(top, "tree", self.tree);
        put(top, "threads", self.threads);
        put(top, "kernel_threads", self.kernel_threads);
        if let Some((name, _)) = Panels::NAMES.iter().find(|(_, panels)| *panels == self.panels) {
            put(top, "panels", *name);
        }
        put(top, "meters", self.meters.iter().map(|meter| meter.name()).collect::<Array>());
        for empty in ["columns", "sort"] {
            if document.get(empty).and_then(Item::as_table).is_some_and(Table::is_empty) {
                document.remove(empty);
            }
        }
        Ok(document.to_string())
    }
}

/// The section of this name, made if there is none.
fn section<'a>(document: &'a mut DocumentMut, name: &str) -> Result<&'a mut dyn toml_edit::TableLike, String> {
    let item = document.entry(name).or_insert_with(|| Item::Table(Table::new()));
    item.as_table_like_mut().ok_or_else(|| format!("{name} is no section"))
}

/// Sets a key. A comment behind the old value stays.
fn put(table: &mut dyn toml_edit::TableLike, key: &str, new: impl Into<toml_edit::Value>) {
    let mut new: toml_edit::Value = new.into();
    match table.get_mut(key).and_then(Item::as_value_mut) {
        Some(old) => {
            *new.decor_mut() = old.decor().clone();
            *old = new;
        }
        None => _ = table.insert(key, value(new)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::top::view::column;

    fn settings() -> Settings {
        Settings {
            columns: Some(vec![column("pid"), column("rss"), column("cmdline")]),
            sort: column("rss"),
            descending: true,
            tree: true,
            threads: false,
            kernel_threads: true,
            panels: Panels::Line,
            meters: vec![Meter::Memory, Meter::Cpu],
            interval: Duration::from_millis(1500),
        }
    }

    #[test]
    fn comments_and_other_keys_stay() {
        let before = "\
# My configuration.
interval = 2 # for all

[columns]
# For me.
ps = [\"pid\"]
top = [\"pid\", \"name\"] # short

[top]
tree = false # flat
";
        let after = settings().write_to(before).unwrap();
        let expected = "\
# My configuration.
interval = 2 # for all

[columns]
# For me.
ps = [\"pid\"]
top = [\"pid\", \"rss\", \"cmdline\"] # short

[top]
tree = true # flat
interval = 1.5
threads = false
kernel_threads = true
panels = \"line\"
meters = [\"memory\", \"cpu\"]

[sort]
top = \"-rss\"
";
        assert_eq!(after, expected);
        // Written once more, nothing changes.
        assert_eq!(settings().write_to(&after).unwrap(), after);
    }

    #[test]
    fn what_is_written_is_read() {
        let text = settings().write_to("").unwrap();
        let config = crate::config::Config::from_text(&text).unwrap();
        assert_eq!(config.columns("top"), Some(&["pid".to_owned(), "rss".to_owned(), "cmdline".to_owned()][..]));
        assert_eq!(config.sort("top"), Some("-rss"));
        let section = Section {
            interval: Some(Duration::from_millis(1500)),
            tree: Some(true),
            threads: Some(false),
            kernel_threads: Some(true),
            panels: Some(Panels::Line),
            meters: Some(vec![Meter::Memory, Meter::Cpu]),
            presets: Vec::new(),
        };
        assert_eq!(config.top, section);
    }

    #[test]
    fn the_usual_columns_are_not_written() {
        let usual = Settings { columns: None, ..settings() };
        assert!(!usual.write_to("[columns]\ntop = [\"pid\"]\n").unwrap().contains("columns"));
        assert!(settings().write_to("columns = 1\n").unwrap_err().contains("no section"));
    }

    #[test]
    fn presets_have_known_columns() {
        let all: Vec<usize> = (0..COLUMNS.len()).collect();
        let presets = presets(&all);
        assert_eq!(presets.len(), PRESETS.len());
        for (preset, (name, columns, _)) in presets.iter().zip(PRESETS) {
            assert_eq!((preset.name.as_str(), preset.columns.len()), (*name, columns.len()));
            for (place, column) in preset.columns.iter().zip(*columns) {
                assert_eq!(COLUMNS[*place].meta.name, *column);
            }
        }
    }
}
