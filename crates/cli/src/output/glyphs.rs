//! The characters that the command draws with: ASCII where the locale has no others.

use std::sync::OnceLock;

/// Whether the locale's character set is not UTF-8, so that all text must be ASCII.
///
/// As locale(7) says, the first of `LC_ALL`, `LC_CTYPE` and `LANG` that is set counts. Where none is set, the terminal
/// is taken to show UTF-8, as all current ones do.
pub(crate) fn is_ascii() -> bool {
    static ASCII: OnceLock<bool> = OnceLock::new();
    // Unit tests see UTF-8 whatever the locale is; tests/cli.rs runs the command in the C locale.
    let ascii = || !cfg!(any(windows, test)) && !is_utf8(|name| std::env::var(name).ok());
    *ASCII.get_or_init(ascii)
}

fn is_utf8(variable: impl Fn(&str) -> Option<String>) -> bool {
    let set = |name: &&str| variable(name).filter(|value| !value.is_empty());
    let Some(locale) = ["LC_ALL", "LC_CTYPE", "LANG"].iter().find_map(set) else { return true };
    let locale = locale.to_lowercase();
    locale.contains("utf-8") || locale.contains("utf8")
}

/// What stands at the end of a text that was cut; one column wide.
pub(crate) fn ellipsis() -> char {
    if is_ascii() { '+' } else { '…' }
}

/// The lines of a tree.
pub(crate) struct Branches {
    /// To a child that has younger siblings.
    pub(crate) child: &'static str,
    /// To the last child.
    pub(crate) last: &'static str,
    /// Past the descendants of a child that has younger siblings.
    pub(crate) pass: &'static str,
}

pub(crate) fn branches() -> Branches {
    if is_ascii() {
        Branches { child: "|- ", last: "`- ", pass: "|  " }
    } else {
        Branches { child: "├─ ", last: "└─ ", pass: "│  " }
    }
}

/// Our own text in the characters of the locale.
pub(crate) fn localized(text: &str) -> String {
    if is_ascii() { text.replace('…', "...").replace('°', "") } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_variable_that_is_set_counts() {
        let utf8 = |set: &[(&str, &str)]| {
            is_utf8(|name| set.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned()))
        };
        assert!(utf8(&[]) && utf8(&[("LANG", "de_DE.UTF-8")]) && utf8(&[("LC_ALL", ""), ("LC_CTYPE", "C.utf8")]));
        assert!(!utf8(&[("LC_ALL", "C"), ("LANG", "de_DE.UTF-8")]));
        assert!(!utf8(&[("LANG", "de_DE@euro")]));
    }
}
