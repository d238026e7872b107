//! Colours of the full-screen view, by what the terminal can show.

use anstyle::{Ansi256Color, AnsiColor, Effects};
use ratatui::style::{Color, Modifier, Style};

use crate::output::style::colours;

/// How many colours a terminal has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Depth {
    None,
    Sixteen,
    Indexed,
    True,
}

impl Depth {
    /// What the environment says: NO_COLOR (no-color.org), COLORTERM, TERM.
    pub(crate) fn detect(get: impl Fn(&str) -> Option<String>) -> Self {
        let set = |name| get(name).filter(|value| !value.is_empty());
        let term = set("TERM").unwrap_or_default();
        if set("NO_COLOR").is_some() || term == "dumb" {
            Self::None
        } else if set("COLORTERM").is_some_and(|value| value == "truecolor" || value == "24bit") {
            Self::True
        } else if term.contains("256color") {
            Self::Indexed
        } else {
            Self::Sixteen
        }
    }
}

/// The styles of the view.
#[derive(Debug, Clone)]
pub(crate) struct Palette {
    pub(crate) header: Style,
    pub(crate) faint: Style,
    pub(crate) accent: Style,
    pub(crate) chosen: Style,
    pub(crate) bad: Style,
    /// From idle to full.
    ramp: Vec<Style>,
}

/// Idle, half, full, where the terminal can show any colour.
const STOPS: [[u8; 3]; 3] = [[95, 215, 135], [255, 215, 95], [255, 95, 95]];

/// Steps between the stops.
const STEPS: u8 = 24;

impl Palette {
    pub(crate) fn new(depth: Depth) -> Self {
        let c = colours();
        let style = |style: anstyle::Style| converted(style, depth);
        let ramp = match depth {
            Depth::None => vec![Style::new()],
            Depth::Sixteen => vec![style(c.low), style(c.medium), style(c.high)],
            Depth::Indexed | Depth::True => {
                (0..=STEPS).map(|step| Style::new().fg(shade(step, depth == Depth::True))).collect()
            }
        };
        Self {
            header: style(c.header),
            faint: if depth == Depth::None { Style::new().add_modifier(Modifier::DIM) } else { style(c.faint) },
            accent: style(c.accent).add_modifier(Modifier::BOLD),
            chosen: style(c.chosen),
            bad: style(c.high).add_modifier(Modifier::BOLD),
            ramp,
        }
    }

    /// The colour of something that is this full, 0 to 1.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)] // within the ramp
    pub(crate) fn load(&self, full: f64) -> Style {
        let last = self.ramp.len().saturating_sub(1);
        let place = (full.clamp(0.0, 1.0) * (last as f64)).round() as usize;
        self.ramp.get(place.min(last)).copied().unwrap_or_default()
    }
}

fn shade(step: u8, exact: bool) -> Color {
    let half = STEPS / 2;
    let ([from, to], at) = match STOPS {
        [low, middle, _] if step <= half => ([low, middle], step),
        [_, middle, high] => ([middle, high], step - half),
    };
    let mix = |(a, b): (u8, u8)| {
        let mixed = (u16::from(a) * u16::from(half - at) + u16::from(b) * u16::from(at)) / u16::from(half);
        u8::try_from(mixed).unwrap_or(u8::MAX)
    };
    let mut parts = from.into_iter().zip(to).map(mix);
    let [r, g, b] = [parts.next(), parts.next(), parts.next()].map(Option::unwrap_or_default);
    if exact {
        return Color::Rgb(r, g, b);
    }
    // The 6x6x6 cube of xterm: 0, 95, 135, 175, 215, 255.
    let level = |part: u8| if part < 48 { 0 } else { (part.max(55) - 55).div_ceil(40).clamp(1, 5) };
    Color::Indexed(16 + 36 * level(r) + 6 * level(g) + level(b))
}

fn converted(style: anstyle::Style, depth: Depth) -> Style {
    let mut out = Style::new();
    if depth != Depth::None
        && let Some(colour) = style.get_fg_color()
    {
        out = out.fg(match colour {
            anstyle::Color::Ansi(colour) => ansi(colour),
            anstyle::Color::Ansi256(Ansi256Color(index)) => Color::Indexed(index),
            anstyle::Color::Rgb(anstyle::RgbColor(r, g, b)) => Color::Rgb(r, g, b),
        });
    }
    let effects = [
        (Effects::BOLD, Modifier::BOLD),
        (Effects::DIMMED, Modifier::DIM),
        (Effects::ITALIC, Modifier::ITALIC),
        (Effects::UNDERLINE, Modifier::UNDERLINED),
        (Effects::INVERT, Modifier::REVERSED),
    ];
    for (effect, modifier) in effects {
        if style.get_effects().contains(effect) {
            out = out.add_modifier(modifier);
        }
    }
    out
}

fn ansi(colour: AnsiColor) -> Color {
    match colour {
        AnsiColor::Black => Color::Black,
        AnsiColor::Red => Color::Red,
        AnsiColor::Green => Color::Green,
        AnsiColor::Yellow => Color::Yellow,
        AnsiColor::Blue => Color::Blue,
        AnsiColor::Magenta => Color::Magenta,
        AnsiColor::Cyan => Color::Cyan,
        AnsiColor::White => Color::Gray,
        AnsiColor::BrightBlack => Color::DarkGray,
        AnsiColor::BrightRed => Color::LightRed,
        AnsiColor::BrightGreen => Color::LightGreen,
        AnsiColor::BrightYellow => Color::LightYellow,
        AnsiColor::BrightBlue => Color::LightBlue,
        AnsiColor::BrightMagenta => Color::LightMagenta,
        AnsiColor::BrightCyan => Color::LightCyan,
        AnsiColor::BrightWhite => Color::White,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn depth(env: &[(&str, &str)]) -> Depth {
        Depth::detect(|name| env.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned()))
    }

    #[test]
    fn the_environment_says_how_many_colours() {
        assert_eq!(depth(&[("TERM", "xterm")]), Depth::Sixteen);
        assert_eq!(depth(&[("TERM", "xterm-256color")]), Depth::Indexed);
        assert_eq!(depth(&[("TERM", "xterm-256color"), ("COLORTERM", "truecolor")]), Depth::True);
        assert_eq!(depth(&[("TERM", "xterm-256color"), ("NO_COLOR", "1")]), Depth::None);
        assert_eq!(depth(&[("TERM", "xterm"), ("NO_COLOR", "")]), Depth::Sixteen);
    }

    #[test]
    fn the_ramp_begins_low_and_ends_high() {
        let palette = Palette::new(Depth::True);
        assert_eq!(palette.load(0.0).fg, Some(Color::Rgb(95, 215, 135)));
        assert_eq!(palette.load(7.0).fg, Some(Color::Rgb(255, 95, 95)));
        assert_eq!(Palette::new(Depth::Indexed).load(1.0).fg, Some(Color::Indexed(203)));
        assert_eq!(Palette::new(Depth::Sixteen).load(0.5).fg, Some(Color::Yellow));
        assert_eq!(Palette::new(Depth::None).load(1.0).fg, None);
    }
}
