//! Removing what is private.

use crate::{Capture, Entry};

impl Capture {
    /// Replaces whole words in contents, targets and answers, in the order given, and the whole of every environment of a
    /// Linux tree.
    ///
    /// An answer keeps its length, as its fields are found by their offsets: the replacement is cut, or filled with `x`.
    pub fn scrub(&mut self, replacements: &[(Vec<u8>, Vec<u8>)]) {
        for (name, entry) in &mut self.entries {
            match entry {
                Entry::File(bytes) if name.rsplit(|&byte| byte == b'/').next() == Some(b"environ") => {
                    // A kernel thread has none, and stays recognizable by that.
                    if !bytes.is_empty() {
                        *bytes = b"SCRUBBED=1\0".to_vec();
                    }
                }
                Entry::File(bytes) | Entry::Link(bytes) => {
                    for (from, to) in replacements {
                        *bytes = replace(bytes, from, to);
                    }
                }
                Entry::Dir => {}
            }
        }
        for bytes in self.answers.values_mut().flatten() {
            for (from, to) in replacements {
                let fill = std::iter::repeat(b'x');
                let to: Vec<u8> = to.iter().copied().chain(fill).take(from.len()).collect();
                *bytes = replace(bytes, from, &to);
            }
        }
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
        capture.scrub(&changes(&[("anna", "user"), ("", "never")]));
        let text = capture.to_text();
        assert!(text.contains("link proc/1/exe -> /home/user/x (deleted)\n"), "{text}");
        assert!(text.contains(">x\\0--user=user\\0\n"), "{text}");
        assert!(text.contains("file proc/1/environ\n>SCRUBBED=1\\0\n"), "{text}");
        assert!(text.ends_with("file proc/2/environ\n"), "{text}");
    }

    #[test]
    fn answers_keep_their_length() {
        let mut capture = Capture::default();
        capture.record("name", Ok(b"vm\0\0anna-maria\0".to_vec()));
        capture.record("refused", Err(1));
        capture.scrub(&changes(&[("vm", "host"), ("anna-maria", "user")]));
        assert_eq!(capture.answers["name"], Ok(b"ho\0\0userxxxxxx\0".to_vec()));
    }

    #[test]
    fn only_whole_words_are_replaced() {
        let made = replace(b"vm kvm vmx vm-1 /vm/vm", b"vm", b"host");
        assert_eq!(made, b"host kvm vmx host-1 /host/host");
        assert_eq!(replace(b"a/home/anna/x /home/annab", b"/home/anna", b"/h"), b"a/h/x /home/annab");
    }
}
