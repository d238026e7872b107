//! Redraws a terminal in place.

use std::io::Write as _;

use super::glyphs::localized;
use super::human::counted;
use super::style;
use super::table::{cut, wide};

/// The bytes that replace what a terminal of this size (columns, lines) shows by `text`, cut to the lines that fit.
///
/// Each line is overwritten, then the rest of it erased, so that nothing flickers. Wrapping is off meanwhile, so that
/// one line of text is one line of the terminal. The last line of the terminal stays free for the shell's prompt.
pub(crate) fn redrawn(text: &[u8], (width, height): (usize, usize)) -> Vec<u8> {
    let room = height.saturating_sub(1).max(1);
    let text = text.strip_suffix(b"\n").unwrap_or(text);
    let lines = text.split(|byte| *byte == b'\n');
    let all = lines.clone().count();
    let fit = if all > room { room.saturating_sub(1) } else { all };
    let mut drawn = b"\x1b[?7l\x1b[H".to_vec();
    for line in lines.take(fit) {
        drawn.extend(line);
        drawn.extend(b"\x1b[K\r\n");
    }
    if fit < all {
        let faint = style::faint();
        let short = localized(&format!("… {}", counted(all - fit, "more line", "more lines")));
        let long = format!("{short} (--append shows all, --limit N fewer)");
        let note = if wide(&long) > width { cut(&short, width).into_owned() } else { long };
        _ = write!(drawn, "{faint}{note}{faint:#}\x1b[K\r\n"); // a vector takes all
    }
    drawn.extend(b"\x1b[J\x1b[?7h");
    drawn
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str, height: usize) -> String {
        let drawn = String::from_utf8(redrawn(text.as_bytes(), (80, height))).unwrap();
        drawn.replace("\x1b[K\r\n", "|").replace('\x1b', "^")
    }

    #[test]
    fn the_note_fits_too() {
        let drawn = |width| String::from_utf8(redrawn(b"a\nb\nc\n", (width, 3))).unwrap();
        assert!(drawn(20).contains("… 2 more lines\x1b") && drawn(5).contains("… 2 …\x1b"));
    }

    #[test]
    fn rows_that_fit_are_shown_and_the_others_counted() {
        assert_eq!(shown("a\nb\n", 3), "^[?7l^[Ha|b|^[J^[?7h");
        assert_eq!(shown("a\nb\nc\n", 3), "^[?7l^[Ha|… 2 more lines (--append shows all, --limit N fewer)|^[J^[?7h");
    }
}
