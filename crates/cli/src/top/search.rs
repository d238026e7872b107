//! The filter that is typed in the view: plain text, a regular expression, or a test as `--filter` takes it.

use psoxide::Field;
use regex_lite::{Regex, RegexBuilder};

use crate::filter::Filter;
use crate::output::column::Meta;
use crate::output::escape;
use crate::process::columns::COLUMNS;
use crate::process::{Proc, command};

/// How the text is understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Kind {
    #[default]
    Plain,
    Regex,
    Test,
}

impl Kind {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Plain => "text",
            Self::Regex => "regex",
            Self::Test => "test",
        }
    }

    const fn next(self) -> Self {
        match self {
            Self::Plain => Self::Regex,
            Self::Regex => Self::Test,
            Self::Test => Self::Plain,
        }
    }
}

#[derive(Debug, Default)]
enum Matcher {
    #[default]
    All,
    Plain(String),
    Regex(Regex),
    Test(Filter),
}

/// The text, and what has been made of it.
#[derive(Debug, Default)]
pub(crate) struct Search {
    pub(crate) text: String,
    pub(crate) kind: Kind,
    /// What is wrong with the text; until it is right the last right one counts.
    pub(crate) mistake: Option<String>,
    matcher: Matcher,
    /// What the matcher was made of.
    applied: (Kind, String),
}

impl Search {
    pub(crate) fn test(text: &str) -> Self {
        let mut search = Self { text: text.to_owned(), kind: Kind::Test, ..Self::default() };
        search.changed();
        search
    }

    /// Understands the text otherwise.
    pub(crate) fn turn(&mut self) {
        self.kind = self.kind.next();
        self.changed();
    }

    pub(crate) fn clear(&mut self) {
        self.text.clear();
        self.changed();
    }

    /// Empties the text and goes back to plain text. The present filter counts until something is typed.
    pub(crate) fn start_anew(&mut self) {
        self.text.clear();
        self.kind = Kind::Plain;
        self.mistake = None;
    }

    /// Parses the text again.
    pub(crate) fn changed(&mut self) {
        let matcher = match self.kind {
            _ if self.text.trim().is_empty() => Ok(Matcher::All),
            Kind::Plain => Ok(Matcher::Plain(self.text.to_lowercase())),
            Kind::Regex => RegexBuilder::new(&self.text)
                .case_insensitive(true)
                .build()
                .map(Matcher::Regex)
                .map_err(|error| error.to_string()),
            Kind::Test => {
                let metas: Vec<Meta> = COLUMNS.iter().map(|column| column.meta).collect();
                Filter::parse(&self.text, &metas).map(Matcher::Test).map_err(|mistake| mistake.to_string())
            }
        };
        match matcher {
            Ok(matcher) => {
                (self.matcher, self.mistake) = (matcher, None);
                self.applied = (self.kind, self.text.clone());
            }
            Err(mistake) => self.mistake = Some(mistake),
        }
    }

    pub(crate) fn is_active(&self) -> bool {
        !matches!(self.matcher, Matcher::All)
    }

    /// The filter that counts, as `test: cpu > 5`.
    pub(crate) fn shown(&self) -> Option<String> {
        let (kind, text) = &self.applied;
        self.is_active().then(|| format!("{}: {text}", kind.name()))
    }

    /// What a sample has to hold for it.
    pub(crate) fn needs(&self) -> Vec<Field> {
        match &self.matcher {
            Matcher::All => Vec::new(),
            Matcher::Plain(_) | Matcher::Regex(_) => vec![Field::Name, Field::Cmdline, Field::Username],
            Matcher::Test(filter) => {
                let tested = filter.columns().into_iter().filter_map(|place| COLUMNS.get(place));
                tested.flat_map(|column| column.needs).copied().collect()
            }
        }
    }

    pub(crate) fn passes(&self, process: &Proc) -> bool {
        let texts = || {
            let row = &process.row;
            let text = |text: Option<&std::ffi::OsString>| text.map(|text| escape(text)).unwrap_or_default();
            let mut line = String::new();
            command(&mut line, row);
            [row.pid.to_string(), text(row.name.value()), text(row.username.value()), line]
        };
        match &self.matcher {
            Matcher::All => true,
            Matcher::Plain(wanted) => texts().iter().any(|text| text.to_lowercase().contains(wanted)),
            Matcher::Regex(wanted) => texts().iter().any(|text| wanted.is_match(text)),
            Matcher::Test(filter) => filter.passes(&|place| match COLUMNS.get(place) {
                Some(column) => (column.get)(process),
                None => psoxide::Reading::NotAsked,
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn until_it_is_right_the_last_right_one_counts() {
        let mut search = Search { text: "(init".into(), ..Search::default() };
        search.changed();
        let mut row = psoxide::Row::new(7, None);
        row.name = psoxide::Reading::Value("Init".into());
        let process = Proc {
            row,
            memory_percent: None,
            cpu_percent: Some(3.0),
            iowait_percent: None,
            read_rate: None,
            write_rate: None,
        };
        assert!(!search.passes(&process));
        search.text = "nit".into();
        search.changed();
        assert!(search.passes(&process));
        search.turn();
        assert_eq!((search.kind, search.passes(&process)), (Kind::Regex, true));
        search.text = "(nit".into();
        search.changed();
        assert!(search.mistake.is_some() && search.passes(&process));
        search.turn();
        search.text = "cpu > 2 && pid < 5".into();
        search.changed();
        assert!(search.mistake.is_none() && !search.passes(&process));
        search.clear();
        assert!(!search.is_active() && search.passes(&process));
    }
}
