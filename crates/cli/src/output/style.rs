//! The colours of the command, which the configuration can change.

use std::io;
use std::sync::OnceLock;

use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};

const fn coloured(colour: AnsiColor) -> Style {
    Style::new().fg_color(Some(anstyle::Color::Ansi(colour)))
}

/// Declares the colours once: the struct, their names, their defaults.
macro_rules! colours {
    ($($(#[doc = $doc:literal])+ $name:ident = $style:expr;)+) => {
        /// What is coloured.
        #[derive(Debug, Clone, Copy)]
        pub(crate) struct Colours { $($(#[doc = $doc])+ pub(crate) $name: Style,)+ }

        impl Colours {
            pub(crate) const NAMES: &'static [&'static str] = &[$(stringify!($name)),+];

            const DEFAULT: Self = Self { $($name: $style,)+ };

            /// The colour of this name.
            pub(crate) fn slot(&mut self, name: &str) -> Option<&mut Style> {
                match name { $(stringify!($name) => Some(&mut self.$name),)+ _ => None }
            }
        }
    };
}

colours! {
    /// Headings and labels.
    header = Style::new().bold();
    /// Captions, key hints, frames, and values of no interest.
    faint = coloured(AnsiColor::BrightBlack);
    /// Titles and names.
    accent = coloured(AnsiColor::Cyan);
    /// The chosen row.
    chosen = Style::new().invert();
    /// A meter far from full, or a good state.
    low = coloured(AnsiColor::Green);
    /// A meter that fills up, or a state to look at.
    medium = coloured(AnsiColor::Yellow);
    /// A meter nearly full, or a bad state.
    high = coloured(AnsiColor::Red);
}

impl Default for Colours {
    fn default() -> Self {
        Self::DEFAULT
    }
}

static COLOURS: OnceLock<Colours> = OnceLock::new();

/// Uses these colours from now on; only the first call counts.
pub(crate) fn set(colours: Colours) {
    let _ = COLOURS.set(colours);
}

/// The colours in use.
pub(crate) fn colours() -> &'static Colours {
    COLOURS.get().unwrap_or(&Colours::DEFAULT)
}

/// What a cell means to a reader, which decides its colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Tone {
    #[default]
    Plain,
    /// Nothing of note: zero, idle, no value.
    Faint,
    /// Names that stand out, such as users.
    Accent,
    /// Fine.
    Low,
    /// Worth a look.
    Medium,
    /// Hot, or wrong.
    High,
}

impl Tone {
    /// The tone of a percentage that is bad when it is high.
    pub(crate) fn of_percent(percent: f64) -> Self {
        match percent {
            p if p >= 90.0 => Self::High,
            p if p >= 50.0 => Self::Medium,
            p if p < 0.05 => Self::Faint,
            _ => Self::Plain,
        }
    }

    pub(crate) fn style(self) -> Style {
        let colours = colours();
        match self {
            _ if is_plain() => Style::new(),
            Self::Plain => Style::new(),
            Self::Faint => colours.faint,
            Self::Accent => colours.accent,
            Self::Low => colours.low,
            Self::Medium => colours.medium,
            Self::High => colours.high,
        }
    }
}

/// Whether standard output takes no colours: `--color`, `NO_COLOR`, the configuration, or no terminal.
pub(crate) fn is_plain() -> bool {
    static PLAIN: OnceLock<bool> = OnceLock::new();
    *PLAIN.get_or_init(|| AutoStream::choice(&io::stdout()) == ColorChoice::Never)
}

pub(crate) fn header() -> Style {
    if is_plain() { Style::new() } else { colours().header }
}

pub(crate) fn faint() -> Style {
    if is_plain() { Style::new() } else { colours().faint }
}
