//! What the user can set, and writes back to the configuration.

use std::time::Duration;

use toml_edit::{Array, DocumentMut, Item, Table, value};

use super::columns::column;
use crate::config::top::{self as config, Meter, Panels};
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
    let preset = |(name, columns, sort): &(&str, &[&str], &str)| {
        let preset = Preset::new(name, columns.iter().copied(), Some(*sort), false);
        let columns = preset.columns.into_iter().filter(|place| available.contains(place)).collect();
        Preset { columns, ..preset }
    };
    // One that would lose half of its columns is of no use there.
    let fits = |(preset, (_, columns, _)): &(Preset, &(&str, &[&str], &str))| {
        available.contains(&preset.sort) && preset.columns.len() * 2 > columns.len()
    };
    PRESETS.iter().map(|written| (preset(written), written)).filter(fits).map(|(preset, _)| preset).collect()
}

impl Preset {
    /// Looks up columns that have been checked. Without an order, the busiest processes come first.
    fn new<'a>(name: &str, columns: impl Iterator<Item = &'a str>, sort: Option<&str>, tree: bool) -> Self {
        let sort = sort.unwrap_or("-cpu_percent");
        Self {
            name: name.to_owned(),
            columns: columns.map(column).collect(),
            sort: column(sort.trim_start_matches(['-', '+'])),
            descending: sort.starts_with('-'),
            tree,
        }
    }

    /// Takes a preset from the configuration.
    pub(crate) fn of(written: &config::Preset) -> Self {
        let columns = written.columns.iter().map(String::as_str);
        Self::new(&written.name, columns, written.sort.as_deref(), written.tree)
    }
}

impl Settings {
    /// Takes the columns, the order and the layout of a preset.
    pub(crate) fn take(&mut self, preset: &Preset) {
        self.columns = Some(preset.columns.clone());
        (self.sort, self.descending, self.tree) = (preset.sort, preset.descending, preset.tree);
    }

    /// Takes the usual columns, ordered by CPU.
    pub(crate) fn take_usual(&mut self) {
        (self.columns, self.tree) = (None, false);
        (self.sort, self.descending) = (column("cpu_percent"), true);
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
    use crate::config::Config;
    use crate::config::top::Section;

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
        let config = Config::from_text(&text, &crate::cmd::columns_of).unwrap();
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
