//! Graphs of histories, and bars.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::monitor::history::History;
use super::palette::Palette;
use crate::output::table::cut;

/// The dots of a braille character's two columns, from the bottom (Unicode, Braille Patterns).
const LEFT: [u32; 4] = [0x40, 0x04, 0x02, 0x01];
const RIGHT: [u32; 4] = [0x80, 0x20, 0x10, 0x08];
const BRAILLE: u32 = 0x2800;

/// Draws a history, the newest value at the right edge; `full` is the value that fills the height.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // within the height of a terminal
pub(crate) fn graph(buffer: &mut Buffer, area: Rect, history: &History, full: f64, palette: &Palette) {
    let dots = f64::from(area.height) * 4.0;
    let height = |value: Option<f64>| {
        let part = value.filter(|_| full > 0.0).map_or(0.0, |value| (value / full).clamp(0.0, 1.0));
        let dot = (part * dots).round() as u16;
        // Something is not nothing.
        if part > 0.0 { dot.max(1) } else { dot }
    };
    let mut values = history.newest();
    for x in (area.left()..area.right()).rev() {
        let right = height(values.next());
        let left = height(values.next());
        for row in 0..area.height {
            let base = row * 4;
            let column = |top: u16, bits: [u32; 4]| {
                let filled = usize::from(top.saturating_sub(base).min(4));
                bits.iter().take(filled).fold(0, |all, bit| all | bit)
            };
            let bits = column(left, LEFT) | column(right, RIGHT);
            let Some(cell) = buffer.cell_mut((x, area.bottom() - 1 - row)) else { continue };
            if bits != 0
                && let Some(c) = char::from_u32(BRAILLE | bits)
            {
                let at = (f64::from(base) + 2.0) / dots;
                cell.set_char(c).set_style(palette.load(at));
            }
        }
    }
}

/// Eighths of a block.
const EIGHTHS: [char; 7] = ['▏', '▎', '▍', '▌', '▋', '▊', '▉'];

/// Draws a bar that is `part` full, 0 to 1.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // within the width of a terminal
pub(crate) fn bar(buffer: &mut Buffer, area: Rect, part: f64, palette: &Palette) {
    let part = part.clamp(0.0, 1.0);
    let eighths = (part * f64::from(area.width) * 8.0).round() as u16;
    let style = palette.load(part);
    for (i, x) in (0..area.width).zip(area.left()..area.right()) {
        let Some(cell) = buffer.cell_mut((x, area.y)) else { continue };
        match eighths.saturating_sub(i * 8) {
            0 => _ = cell.set_char('·').set_style(palette.faint),
            n @ 1..8 => _ = cell.set_char(EIGHTHS.get(usize::from(n - 1)).copied().unwrap_or(' ')).set_style(style),
            _ => _ = cell.set_char('█').set_style(style),
        }
    }
}

/// Writes text, cut to `width`; the columns it took.
pub(crate) fn text(buffer: &mut Buffer, x: u16, y: u16, width: u16, text: &str, style: Style) -> u16 {
    if width == 0 || y >= buffer.area.bottom() || x >= buffer.area.right() {
        return 0;
    }
    let width = width.min(buffer.area.right() - x);
    let shown = cut(text, usize::from(width));
    // Nearly all text has one column for each character: finding its clusters would cost most of a frame.
    if shown.chars().all(|c| matches!(c, ' '..='~' | '…')) {
        let mut taken = 0;
        for (x, c) in (x..x + width).zip(shown.chars()) {
            if let Some(cell) = buffer.cell_mut((x, y)) {
                cell.set_char(c).set_style(style);
                taken += 1;
            }
        }
        return taken;
    }
    buffer.set_stringn(x, y, shown, usize::from(width), style).0.saturating_sub(x)
}

/// The columns that a text takes.
pub(crate) fn wide(text: &str) -> u16 {
    u16::try_from(crate::output::table::wide(text)).unwrap_or(u16::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::top::palette::Depth;

    fn drawn(width: u16, height: u16, values: &[f64]) -> Vec<String> {
        let area = Rect::new(0, 0, width, height);
        let mut buffer = Buffer::empty(area);
        let mut history = History::default();
        values.iter().for_each(|value| history.push(*value));
        graph(&mut buffer, area, &history, 100.0, &Palette::new(Depth::None));
        lines(&buffer)
    }

    fn lines(buffer: &Buffer) -> Vec<String> {
        let line = |y| (0..buffer.area.width).map(|x| buffer[(x, y)].symbol()).collect();
        (0..buffer.area.height).map(line).collect()
    }

    #[test]
    fn the_newest_value_is_at_the_right() {
        assert_eq!(drawn(2, 1, &[100.0]), [" ⢸"]);
        assert_eq!(drawn(2, 1, &[0.0, 50.0, 100.0, 0.1]), ["⢠⣇"]);
        assert_eq!(drawn(1, 2, &[100.0, 50.0]), ["⡇", "⣿"]);
    }

    #[test]
    fn text_is_cut_and_its_columns_counted() {
        let area = Rect::new(0, 0, 6, 1);
        for (written, width, shown, columns) in [
            ("ab", 6, "ab    ", 2),
            ("abcdefgh", 6, "abcde…", 6),
            ("abcdefgh", 3, "ab…   ", 3),
            ("日本", 6, "日 本   ", 4),
            ("日本", 3, "日 …   ", 3),
            ("", 6, "      ", 0),
            ("ab", 0, "      ", 0),
        ] {
            let mut buffer = Buffer::empty(area);
            assert_eq!(text(&mut buffer, 0, 0, width, written, Style::new()), columns, "{written}");
            assert_eq!(lines(&buffer), [shown]);
        }
    }

    #[test]
    fn a_bar_is_as_full_as_its_part() {
        let area = Rect::new(0, 0, 4, 1);
        for (part, shown) in [(0.0, "····"), (0.5, "██··"), (1.0, "████"), (0.15625, "▋···"), (9.0, "████")]
        {
            let mut buffer = Buffer::empty(area);
            bar(&mut buffer, area, part, &Palette::new(Depth::None));
            assert_eq!(lines(&buffer), [shown]);
        }
    }
}
