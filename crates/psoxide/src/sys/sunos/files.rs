//! Answers questions about files from the tree of a capture.
#![cfg(feature = "capture")]

use std::collections::BTreeMap;

use psoxide_capture::Entry;

use crate::sys::question::Capture;

/// Turns the files, links and directories of a capture into answers. An answer that the capture holds already stays: it may
/// be a refusal.
pub(super) fn as_answers(mut capture: Capture) -> Capture {
    let mut names: BTreeMap<String, Vec<Vec<u8>>> = BTreeMap::new();
    for (path, entry) in std::mem::take(&mut capture.entries) {
        let mut child = path.as_slice();
        // Each directory above lists the next one.
        while let Some(at) = child.iter().rposition(|byte| *byte == b'/') {
            let (parent, name) = (child.get(..at).unwrap_or_default(), child.get(at + 1..).unwrap_or_default());
            let listed = names.entry(key("dir", parent)).or_default();
            if !listed.iter().any(|known| known == name) {
                listed.push(name.to_vec());
            }
            child = parent;
        }
        let (question, bytes) = match entry {
            Entry::File(bytes) => (key("file", &path), bytes),
            Entry::Link(target) => (key("link", &path), target),
            Entry::Dir => {
                names.entry(key("dir", &path)).or_default();
                continue;
            }
        };
        capture.answers.entry(question).or_insert(Ok(bytes));
    }
    for (question, names) in names {
        let listing = names.into_iter().flat_map(|name| [name, vec![0]].concat()).collect();
        capture.answers.entry(question).or_insert(Ok(listing));
    }
    capture
}

/// The key of a question about a path of the tree, which has no slash at its beginning.
fn key(what: &str, path: &[u8]) -> String {
    format!("{what} /{}", String::from_utf8_lossy(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_answers_questions() {
        let text = "psoxide-capture 1\nsystem sunos\nfile proc/1/psinfo\n>abc\nlink proc/1/path/a.out -> /sbin/init\n\
                    dir proc/2/fd\nask dir /proc/1\nerrno 13 EACCES\n";
        let capture = as_answers(Capture::parse(text).unwrap());
        let answer = |question: &str| capture.answers.get(question).cloned();
        assert_eq!(answer("file /proc/1/psinfo"), Some(Ok(b"abc".to_vec())));
        assert_eq!(answer("link /proc/1/path/a.out"), Some(Ok(b"/sbin/init".to_vec())));
        assert_eq!(answer("dir /proc"), Some(Ok(b"1\x002\0".to_vec())));
        assert_eq!((answer("dir /proc/2/fd"), answer("dir /proc/1")), (Some(Ok(vec![])), Some(Err(13))));
        assert_eq!(answer("dir /proc/3"), None);
    }
}
