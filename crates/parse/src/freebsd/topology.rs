//! `kern.sched.topology_spec`: the tree of CPU groups that the scheduler works with, as XML.
//!
//! A group of CPUs that share a core is marked with a flag that names SMT or threads:
//!
//! ```text
//! <groups>
//!  <group level="1" cache-level="0">
//!   <cpu count="4" mask="f,0,0,0">0, 1, 2, 3</cpu>
//!   <children>
//!    <group level="2" cache-level="1">
//!     <cpu count="2" mask="3,0,0,0">0, 1</cpu>
//!     <flags><flag name="THREAD">THREAD group</flag><flag name="SMT">SMT group</flag></flags>
//!    </group> …
//! ```

use crate::{Cursor, ParseError, Result};

/// The number of cores. CPUs of a group that shares a core count once, each other CPU is a core of its own.
///
/// `None` for an empty text, of a kernel without a topology.
pub fn cores(bytes: &[u8]) -> Result<Option<usize>> {
    let text = crate::view::text(bytes);
    let mut groups: Vec<Group> = Vec::new();
    let mut root = None;
    let mut cursor = Cursor::new(text);
    while cursor.until(b'<').is_some() {
        let tag = cursor.until(b'>').ok_or_else(|| ParseError::missing("tag"))?;
        match name(tag) {
            b"group" => groups.push(Group::default()),
            b"cpu" => group(&mut groups)?.cpus = count(tag)?,
            b"flag" if is_core(tag) => group(&mut groups)?.is_core = true,
            b"/group" => {
                let done = groups.pop().ok_or_else(|| ParseError::malformed("group", tag))?;
                match groups.last_mut() {
                    Some(parent) => parent.add(&done),
                    None => root = Some(root.unwrap_or(0usize).saturating_add(done.cores())),
                }
            }
            _ => {}
        }
    }
    if groups.is_empty() { Ok(root.filter(|cores| *cores > 0)) } else { Err(ParseError::missing("/group")) }
}

/// A group, and what is known of the groups within it.
#[derive(Default)]
struct Group {
    cpus: usize,
    is_core: bool,
    /// CPUs of the groups within.
    inner_cpus: usize,
    /// Cores of the groups within.
    inner_cores: usize,
}

impl Group {
    /// Cores of the group: those within, and each CPU that is in no group within.
    fn cores(&self) -> usize {
        if self.is_core { 1 } else { self.inner_cores.saturating_add(self.cpus.saturating_sub(self.inner_cpus)) }
    }

    fn add(&mut self, inner: &Self) {
        self.inner_cpus = self.inner_cpus.saturating_add(inner.cpus);
        self.inner_cores = self.inner_cores.saturating_add(inner.cores());
    }
}

fn group(groups: &mut [Group]) -> Result<&mut Group> {
    groups.last_mut().ok_or_else(|| ParseError::missing("group"))
}

fn name(tag: &[u8]) -> &[u8] {
    Cursor::new(tag).token().unwrap_or_default()
}

/// The attribute `count` of `cpu`.
fn count(tag: &[u8]) -> Result<usize> {
    let number = crate::decimal(attribute(tag, b"count=").ok_or_else(|| ParseError::missing("count"))?, "count")?;
    usize::try_from(number).map_err(|_| ParseError::overflow("count", number.to_string().as_bytes()))
}

/// `THREAD` or `SMT`: hyperthreads of one core. `HTT` is the older name.
fn is_core(tag: &[u8]) -> bool {
    matches!(attribute(tag, b"name="), Some(b"THREAD" | b"SMT" | b"HTT"))
}

/// The value of an attribute, between quotation marks.
fn attribute<'a>(tag: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let value = Cursor::new(tag).tokens().find_map(|word| word.strip_prefix(name))?;
    value.strip_prefix(b"\"")?.split(|byte| *byte == b'"').next()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const THREADS: &str = r#"<flags><flag name="THREAD">THREAD group</flag><flag name="SMT">SMT group</flag></flags>"#;

    fn pair(cpus: &str) -> String {
        format!(r#"<group level="3" cache-level="1"><cpu count="2" mask="3,0">{cpus}</cpu>{THREADS}</group>"#)
    }

    #[test]
    fn threads_of_a_core_count_once() {
        let text = format!(
            "<groups>\n <group level=\"1\" cache-level=\"3\">\n  <cpu count=\"4\" mask=\"f,0\">0, 1, 2, 3</cpu>\n  \
             <children>{}{}</children></group></groups>\n\0",
            pair("0, 1"),
            pair("2, 3")
        );
        assert_eq!(cores(text.as_bytes()), Ok(Some(2)));
        let alone = format!(r#"<groups>{}</groups>"#, pair("0, 1"));
        assert_eq!(cores(alone.as_bytes()), Ok(Some(1)));
    }

    #[test]
    fn cpus_without_threads_are_cores() {
        let flat = r#"<groups><group level="1"><cpu count="8" mask="ff">0</cpu></group></groups>"#;
        assert_eq!(cores(flat.as_bytes()), Ok(Some(8)));
        let mixed = format!(
            r#"<groups><group level="1"><cpu count="6">0</cpu><children>{}</children></group></groups>"#,
            pair("0, 1")
        );
        assert_eq!(cores(mixed.as_bytes()), Ok(Some(5)));
    }

    #[test]
    fn what_is_no_tree_is_an_error() {
        assert_eq!(cores(b""), Ok(None));
        assert_eq!(cores(b"<groups></groups>"), Ok(None));
        assert_eq!(cores(b"<group").unwrap_err().field(), "tag");
        assert_eq!(cores(b"<group><cpu count=\"1\">").unwrap_err().field(), "/group");
        assert_eq!(cores(b"</group>").unwrap_err().field(), "group");
        assert_eq!(cores(b"<cpu count=\"1\">").unwrap_err().field(), "group");
        assert_eq!(cores(b"<group><cpu mask=\"1\">").unwrap_err().field(), "count");
    }

    proptest! {
        #[test]
        fn never_panics(text in "(<groups?|<cpu|<flag|</group|count=|name=|\"|>| |THREAD|[0-9]{1,22}){0,40}") {
            let _ = cores(text.as_bytes());
        }
    }
}
