//! The frame in ASCII, for locales that have nothing else.

use ratatui::buffer::Buffer;

/// Replaces each non-ASCII character by the ASCII character that looks most like it.
pub(super) fn translate(buffer: &mut Buffer) {
    for cell in &mut buffer.content {
        if !cell.symbol().is_ascii() {
            let mut chars = cell.symbol().chars();
            let ascii = chars.next().map_or(' ', ascii);
            cell.set_char(ascii);
        }
    }
}

fn ascii(c: char) -> char {
    match c {
        '│' => '|',
        '─' => '-',
        '╭' | '╮' | '╰' | '╯' | '├' => '+',
        '└' => '`',
        '·' => '.',
        '█' | '▉' | '▊' => '#',
        '▋' | '▌' | '▓' => '+',
        '▒' => '=',
        '▍' | '▎' => '-',
        '▏' => '_',
        '▼' | '↓' => 'v',
        '▲' | '↑' => '^',
        '←' => '<',
        '→' => '>',
        '▸' => '>',
        '●' => '*',
        '…' => '+',
        '°' => ' ',
        '▁' => '_',
        '▂' | '▃' => '.',
        '▄' | '▅' => ':',
        '▆' | '▇' => '|',
        // Braille patterns: by how many dots they have.
        '\u{2800}'..='\u{28ff}' => match (u32::from(c) & 0xff).count_ones() {
            0 => ' ',
            1 | 2 => '.',
            3..=5 => ':',
            _ => '|',
        },
        _ => '?',
    }
}

#[cfg(test)]
mod tests {
    use ratatui::layout::Rect;
    use ratatui::style::Style;

    use super::*;

    #[test]
    fn nothing_but_ascii_is_left() {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 12, 1));
        buffer.set_string(0, 0, "a│█⣿⠁↓é日x", Style::new());
        translate(&mut buffer);
        let line: String = (0..12).map(|x| buffer[(x, 0)].symbol()).collect();
        assert_eq!(line, "a|#|.v?? x  ");
    }
}
