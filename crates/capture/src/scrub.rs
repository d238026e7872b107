//! Removes private data from captures.

use crate::{Capture, Entry};

impl Capture {
    /// Replaces private data: whole words in contents, targets and answers, and whole environments.
    ///
    /// `words` are replaced in the given order. An answer keeps its length, because its fields are found by their
    /// offsets: a replacement is truncated, or filled with `x`. `is_environment` returns whether a question asks for an
    /// environment. Windows answers in UTF-16, and does not distinguish upper and lower case in names.
    pub fn scrub(&mut self, words: &[(Vec<u8>, Vec<u8>)], is_environment: impl Fn(&str) -> bool) {
        for (name, entry) in &mut self.entries {
            let file = name.rsplit(|&byte| byte == b'/').next();
            match entry {
                Entry::File(bytes) if file == Some(b"environ") => scrub_environment(bytes),
                // utmp has records of a fixed size.
                Entry::File(bytes) if file == Some(b"utmp") => scrub_record(bytes, words),
                Entry::File(bytes) | Entry::Link(bytes) => {
                    for (from, to) in words {
                        *bytes = replace(bytes, from, to);
                    }
                }
                Entry::Dir => {}
            }
        }
        let is_wide = self.header.system == "windows";
        for (question, answer) in &mut self.answers {
            match answer {
                Ok(bytes) if is_environment(question) && is_wide => scrub_wide_environment(bytes),
                Ok(bytes) if is_environment(question) => scrub_environment(bytes),
                Ok(bytes) if is_wide => scrub_wide_record(bytes, words),
                Ok(bytes) => scrub_record(bytes, words),
                Err(_) => {}
            }
        }
    }
}

/// Replaces an environment. The empty environment of a kernel thread stays empty, which identifies it.
fn scrub_environment(bytes: &mut Vec<u8>) {
    if !bytes.is_empty() {
        *bytes = b"SCRUBBED=1\0".to_vec();
    }
}

/// Replaces a Windows environment.
fn scrub_wide_environment(bytes: &mut Vec<u8>) {
    scrub_environment(bytes);
    *bytes = bytes.iter().flat_map(|byte| u16::from(*byte).to_le_bytes()).collect();
}

/// Replaces words by words of the same length.
fn scrub_record(bytes: &mut Vec<u8>, words: &[(Vec<u8>, Vec<u8>)]) {
    for (from, to) in words {
        *bytes = replace(bytes, from, &fitted(to, from.len(), b'x'));
    }
}

/// Replaces words in UTF-16 by words of the same length. Text in structs is at even offsets.
fn scrub_wide_record(bytes: &mut Vec<u8>, words: &[(Vec<u8>, Vec<u8>)]) {
    let mut units: Vec<u16> =
        bytes.chunks_exact(2).map(|pair| u16::from_le_bytes(pair.try_into().unwrap_or_default())).collect();
    for (from, to) in words {
        let [from, to] = [from, to].map(|word| String::from_utf8_lossy(word).encode_utf16().collect::<Vec<u16>>());
        let to = fitted(&to, from.len(), b'x'.into());
        units = replace_units(&units, &from, &to, |unit| {
            u8::try_from(unit).map_or(unit, |byte| byte.to_ascii_lowercase().into())
        });
    }
    let scrubbed = units.iter().flat_map(|unit| unit.to_le_bytes());
    bytes.splice(..units.len() * 2, scrubbed);
}

/// Truncates or fills `word` to a length.
fn fitted<T: Copy>(word: &[T], length: usize, filler: T) -> Vec<T> {
    word.iter().copied().chain(std::iter::repeat(filler)).take(length).collect()
}

/// Replaces each `from` by `to`, but not inside a longer word: a host named `vm` must not change `kvm`.
fn replace(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    replace_units(bytes, from, to, |byte| byte)
}

/// Replaces words in text of any unit. `folded` maps letters that count as equal to the same unit.
fn replace_units<T: Copy + PartialEq + Into<u32>>(text: &[T], from: &[T], to: &[T], folded: impl Fn(T) -> T) -> Vec<T> {
    let word = |unit: Option<&T>| {
        let letter = unit.and_then(|unit| char::from_u32((*unit).into()));
        letter.is_some_and(|letter| letter.is_ascii_alphanumeric())
    };
    let joined = |left, right| word(left) && word(right);
    let begins = |rest: &[T]| {
        rest.len() >= from.len() && rest.iter().zip(from).all(|(one, other)| folded(*one) == folded(*other))
    };
    let mut out = Vec::with_capacity(text.len());
    let mut before = None;
    let mut rest = text;
    while let Some((first, tail)) = rest.split_first() {
        match rest.split_at_checked(from.len()) {
            Some((found, after))
                if !from.is_empty()
                    && begins(found)
                    && !joined(before, from.first())
                    && !joined(from.last(), after.first()) =>
            {
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
    fn answers_of_windows_are_utf_16() {
        let wide = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
        let mut capture = Capture::default();
        capture.header.system = "windows".into();
        let answer = [wide("ANNA@VM KVM C:\\Users\\anna\0"), vec![7]].concat();
        capture.record("names", Ok(answer));
        capture.record("environ of 1", Ok(wide("A=anna\0\0")));
        capture.scrub(&changes(&[("anna", "user1"), ("vm", "host")]), |question| question.starts_with("environ"));
        assert_eq!(capture.answers["names"], Ok([wide("user@ho KVM C:\\Users\\user\0"), vec![7]].concat()));
        assert_eq!(capture.answers["environ of 1"], Ok(wide("SCRUBBED=1\0")));
    }

    #[test]
    fn only_whole_words_are_replaced() {
        let made = replace(b"vm kvm vmx vm-1 /vm/vm", b"vm", b"host");
        assert_eq!(made, b"host kvm vmx host-1 /host/host");
        assert_eq!(replace(b"a/home/anna/x /home/annab", b"/home/anna", b"/h"), b"a/h/x /home/annab");
    }
}
