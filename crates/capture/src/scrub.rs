//! Removing what is private.

use crate::{Capture, Entry};

impl Capture {
    /// Replaces what is private: whole words in contents, targets and answers, and whole environments.
    ///
    /// `words` are replaced in the order given. An answer keeps its length, as its fields are found by their offsets: the
    /// replacement is cut, or filled with `x`. `is_environment` says which questions ask for an environment.
    pub fn scrub(&mut self, words: &[(Vec<u8>, Vec<u8>)], is_environment: impl Fn(&str) -> bool) {
        for (name, entry) in &mut self.entries {
            let file = name.rsplit(|&byte| byte == b'/').next();
            match entry {
                Entry::File(bytes) if file == Some(b"environ") => scrub_environment(bytes),
                // Records of a fixed size.
                Entry::File(bytes) if file == Some(b"utmp") => scrub_record(bytes, words),
                Entry::File(bytes) | Entry::Link(bytes) => {
                    for (from, to) in words {
                        *bytes = replace(bytes, from, to);
                    }
                }
                Entry::Dir => {}
            }
        }
        for (question, answer) in &mut self.answers {
            match answer {
                Ok(bytes) if is_environment(question) => scrub_environment(bytes),
                Ok(bytes) => scrub_record(bytes, words),
                Err(_) => {}
            }
        }
    }
}

/// Replaces an environment. A kernel thread has none, and stays recognizable by that.
fn scrub_environment(bytes: &mut Vec<u8>) {
    if !bytes.is_empty() {
        *bytes = b"SCRUBBED=1\0".to_vec();
    }
}

/// Replaces words by words of the same length.
fn scrub_record(bytes: &mut Vec<u8>, words: &[(Vec<u8>, Vec<u8>)]) {
    for (from, to) in words {
        let to: Vec<u8> = to.iter().copied().chain(std::iter::repeat(b'x')).take(from.len()).collect();
        *bytes = replace(bytes, from, &to);
    }
}

/// `bytes` with each `from` made a `to`, but not inside a longer word: a host named `vm` must not spoil `kvm`.
fn replace(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let word = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    let joined = |left, right| word(left) && word(right);
    let mut out = Vec::with_capacity(bytes.len());
    let mut before = None;
    let mut rest = bytes;
    while let Some((first, tail)) = rest.split_first() {
        match rest.strip_prefix(from) {
            Some(after) if !from.is_empty() && !joined(before, from.first()) && !joined(from.last(), after.first()) => {
                out.extend_from_slice(to);
                before = from.last();
                rest = after;
            }
            _ => {
                out.push(*first);
                before = Some(first);
                rest = tail;
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changes(pairs: &[(&str, &str)]) -> Vec<(Vec<u8>, Vec<u8>)> {
        pairs.iter().map(|(from, to)| (from.as_bytes().to_vec(), to.as_bytes().to_vec())).collect()
    }

    #[test]
    fn files_links_and_environments_are_scrubbed() {
        let mut capture = Capture::default();
        let mut add = |name: &str, entry| capture.entries.insert(name.into(), entry);
        add("proc/1/exe", Entry::Link(b"/home/anna/x (deleted)".to_vec()));
        add("proc/1/cmdline", Entry::File(b"x\0--user=anna\0".to_vec()));
        add("proc/1/environ", Entry::File(b"TOKEN=abc\0".to_vec()));
        add("proc/2/environ", Entry::File(Vec::new()));
        add("var/run/utmp", Entry::File(b"anna\0\0\0".to_vec()));
        capture.scrub(&changes(&[("anna", "someone"), ("", "never")]), |_| false);
        let text = capture.to_text();
        assert!(text.contains("link proc/1/exe -> /home/someone/x (deleted)\n"), "{text}");
        assert!(text.contains(">x\\0--user=someone\\0\n"), "{text}");
        assert!(text.contains("file proc/1/environ\n>SCRUBBED=1\\0\n"), "{text}");
        assert!(text.contains("file proc/2/environ\nfile var/run/utmp\n+0000 736f6d65 000000"), "{text}");
    }

    #[test]
    fn answers_keep_their_length() {
        let mut capture = Capture::default();
        capture.record("name", Ok(b"vm\0\0anna-maria\0".to_vec()));
        capture.record("refused", Err(1));
        capture.record("environ of 1", Ok(b"A=anna\0".to_vec()));
        capture.scrub(&changes(&[("vm", "host"), ("anna-maria", "user")]), |question| question.starts_with("environ"));
        assert_eq!(capture.answers["environ of 1"], Ok(b"SCRUBBED=1\0".to_vec()));
        assert_eq!(capture.answers["name"], Ok(b"ho\0\0userxxxxxx\0".to_vec()));
    }

    #[test]
    fn only_whole_words_are_replaced() {
        let made = replace(b"vm kvm vmx vm-1 /vm/vm", b"vm", b"host");
        assert_eq!(made, b"host kvm vmx host-1 /host/host");
        assert_eq!(replace(b"a/home/anna/x /home/annab", b"/home/anna", b"/h"), b"a/h/x /home/annab");
    }
}
