//! Removing secrets from command lines.

use regex_lite::Regex;

use crate::text::Text;

/// What takes the place of a secret.
const HIDDEN: &[u8] = b"***";

/// Replaces secrets in the arguments of programs: values of options and variables whose name says so, and passwords in
/// URLs.
#[derive(Debug)]
pub struct Scrubber {
    name: Regex,
    url: Regex,
    header: Regex,
}

impl Scrubber {
    /// A scrubber with the usual names of secrets. `None` if an expression is malformed, which a test rules out.
    #[must_use]
    pub fn new() -> Option<Self> {
        let name = concat!(
            r"(?i)(?:password|passwd|passphrase|secret|credentials?|token|(?:api|access|private)[-_.]?key",
            r"|(?:^|[-_.])(?:pass|pwd|auth|cookie|dsn|signature))(?:$|[-_.])"
        );
        let url = r"([a-zA-Z][a-zA-Z0-9+.-]*://[^/@:\s]*):[^/@\s]+@";
        let header = r"(?i)^((?:proxy-)?authorization|x-[a-z-]*(?:key|token)|cookie)\s*:\s*\S.*$";
        Some(Self { name: Regex::new(name).ok()?, url: Regex::new(url).ok()?, header: Regex::new(header).ok()? })
    }

    /// Replaces the secrets of a command line.
    #[must_use]
    pub fn scrub(&self, words: Vec<Text>) -> Vec<Text> {
        let mut is_secret = false;
        let mut scrubbed = Vec::with_capacity(words.len());
        for word in words {
            let Ok(text) = std::str::from_utf8(&word) else {
                // Nothing finds a secret in it, unless the word before says that it is one.
                scrubbed.push(if std::mem::take(&mut is_secret) { HIDDEN.to_vec() } else { word });
                continue;
            };
            if std::mem::take(&mut is_secret) && !text.starts_with('-') {
                scrubbed.push(HIDDEN.to_vec());
                continue;
            }
            let (name, value) = text.split_once('=').map_or((text, None), |(name, value)| (name, Some(value)));
            match value {
                Some(value) if !value.is_empty() && self.name.is_match(name) => {
                    scrubbed.push([name.as_bytes(), b"=", HIDDEN].concat());
                    continue;
                }
                // The value is the next word.
                None if name.starts_with('-') && self.name.is_match(name) => is_secret = true,
                _ => {}
            }
            if let Some(header) = self.header.captures(text).and_then(|found| found.get(1)) {
                scrubbed.push([header.as_str().as_bytes(), b": ", HIDDEN].concat());
                continue;
            }
            scrubbed.push(self.url.replace_all(text, "$1:***@").into_owned().into_bytes());
        }
        scrubbed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn scrubs(words: &[&str], expected: &[&str]) {
        let words = words.iter().map(|word| word.as_bytes().to_vec()).collect();
        let scrubbed = Scrubber::new().unwrap().scrub(words);
        let shown: Vec<_> = scrubbed.iter().map(|word| String::from_utf8_lossy(word)).collect();
        assert_eq!(shown, expected);
    }

    #[test]
    fn secrets_are_replaced() {
        scrubs(&["x", "--password", "hunter2", "-v"], &["x", "--password", "***", "-v"]);
        scrubs(&["x", "--db-password=hunter2"], &["x", "--db-password=***"]);
        scrubs(
            &["env", "AWS_SECRET_ACCESS_KEY=abc", "GITHUB_TOKEN=x"],
            &["env", "AWS_SECRET_ACCESS_KEY=***", "GITHUB_TOKEN=***"],
        );
        scrubs(&["psql", "postgres://anna:geheim@db/x"], &["psql", "postgres://anna:***@db/x"]);
        scrubs(&["curl", "-H", "Authorization: Bearer abc"], &["curl", "-H", "Authorization: ***"]);
        scrubs(&["x", "--api-key", "--verbose"], &["x", "--api-key", "--verbose"]);
    }

    #[test]
    fn other_words_stay() {
        let words = ["ssh", "--user=anna", "-p", "22", "http://host:80/path", "a=b", "--passive", "bypass"];
        scrubs(&words, &words);
    }
}
