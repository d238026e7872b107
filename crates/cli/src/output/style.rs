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
    /// What is not the matter itself: captions, key hints, frames.
    faint = coloured(AnsiColor::BrightBlack);
    /// Titles and names in the full-screen view.
    accent = coloured(AnsiColor::Cyan);
    /// The chosen row.
    chosen = Style::new().invert();
    /// A meter that is far from full.
    low = coloured(AnsiColor::Green);
    /// A meter that fills.
    medium = coloured(AnsiColor::Yellow);
    /// A meter that is nearly full, and what is wrong.
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

/// Whether standard output takes no colours: no terminal, `NO_COLOR`, the configuration.
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
