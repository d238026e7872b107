//! Removing secrets from command lines, before they leave the machine or are kept.
#![forbid(unsafe_code)]

use regex_lite::Regex;

/// What takes the place of a secret.
const HIDDEN: &[u8] = b"***";

/// Replaces secrets in the arguments of programs: values of options and variables whose name says so, headers of requests,
/// and passwords in URLs.
#[derive(Debug)]
pub struct Scrubber {
    /// `None` if one is malformed, which a test rules out. Every word is hidden then.
    patterns: Option<Patterns>,
}

#[derive(Debug)]
struct Patterns {
    name: Regex,
    url: Regex,
    header: Regex,
}

impl Patterns {
    fn new() -> Option<Self> {
        let name = concat!(
            r"(?i)(?:password|passwd|passphrase|secret|credentials?|token|(?:api|access|private)[-_.]?key",
            r"|(?:^|[-_.])(?:pass|pwd|auth|bearer|key|cookie|dsn|signature))(?:$|[-_.])"
        );
        // A password may hold an `@`: the last one before the path begins the host.
        let url = r"([a-zA-Z][a-zA-Z0-9+.-]*://[^/@:\s]*):[^/\s]*@";
        let header = r"(?i)^((?:proxy-)?authorization|x-[a-z-]*(?:key|token)|cookie)\s*:\s*\S.*$";
        Some(Self { name: Regex::new(name).ok()?, url: Regex::new(url).ok()?, header: Regex::new(header).ok()? })
    }
}

impl Default for Scrubber {
    fn default() -> Self {
        Self::new()
    }
}

impl Scrubber {
    /// A scrubber with the usual names of secrets.
    #[must_use]
    pub fn new() -> Self {
        Self { patterns: Patterns::new() }
    }

    /// Replaces the secrets of a command line.
    #[must_use]
    pub fn scrub(&self, words: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
        let Some(patterns) = &self.patterns else { return vec![HIDDEN.to_vec(); words.len()] };
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
            match text.split_once('=') {
                Some((name, _)) if patterns.name.is_match(name) => {
                    scrubbed.push([name.as_bytes(), b"=", HIDDEN].concat());
                    continue;
                }
                // The value is the next word.
                None if text.starts_with('-') && patterns.name.is_match(text) => is_secret = true,
                _ => {}
            }
            if let Some(header) = patterns.header.captures(text).and_then(|found| found.get(1)) {
                scrubbed.push([header.as_str().as_bytes(), b": ", HIDDEN].concat());
                continue;
            }
            scrubbed.push(patterns.url.replace_all(text, "$1:***@").into_owned().into_bytes());
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
        let scrubbed = Scrubber::new().scrub(words);
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
    fn secrets_of_a_whole_line() {
        for (line, expected) in [
            ("mysql --password hunter2 -u root", "mysql --password *** -u root"),
            ("x --api-key=abc --token abc --monkey y", "x --api-key=*** --token *** --monkey y"),
            ("x --key abc --bearer=abc", "x --key *** --bearer=***"),
            ("env DB_PASSWORD=a server", "env DB_PASSWORD=*** server"),
            ("psql postgres://me:pw@host:5432/db?x=1", "psql postgres://me:***@host:5432/db?x=1"),
            ("psql postgres://me:p@w@host/db", "psql postgres://me:***@host/db"),
            ("curl https://host/a@b:c", "curl https://host/a@b:c"),
            ("x --password --verbose y", "x --password --verbose y"),
        ] {
            scrubs(&line.split(' ').collect::<Vec<_>>(), &expected.split(' ').collect::<Vec<_>>());
        }
    }

    #[test]
    fn other_words_stay() {
        let words = ["ssh", "--user=anna", "-p", "22", "http://host:80/path", "a=b", "--passive", "bypass"];
        scrubs(&words, &words);
    }
}
