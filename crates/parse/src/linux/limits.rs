//! `/proc/PID/limits`: proc_pid_limits(5).

use crate::{Cursor, ParseError, Result, decimal, lines};

/// One resource limit; `None` is unlimited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limit<'a> {
    /// The kernel's name for it: `Max open files`.
    pub name: &'a [u8],
    /// The limit in force.
    pub soft: Option<u64>,
    /// How far the process may raise it.
    pub hard: Option<u64>,
}

/// Parses the whole file.
pub fn parse(bytes: &[u8]) -> Result<Vec<Limit<'_>>> {
    let mut lines = lines(bytes);
    let header = lines.next().ok_or_else(|| ParseError::missing("Limit"))?;
    if !header.starts_with(b"Limit ") {
        return Err(ParseError::malformed("Limit", header));
    }
    lines.map(limit).collect()
}

fn limit(line: &[u8]) -> Result<Limit<'_>> {
    let mut cursor = Cursor::new(line);
    // Names hold single spaces and are padded with at least two.
    let name = memchr::memmem::find(line, b"  ").and_then(|at| cursor.take(at));
    let name = name.filter(|name| !name.is_empty()).ok_or_else(|| ParseError::malformed("Limit", line))?;
    let soft = value(&mut cursor, "Soft Limit")?;
    let hard = value(&mut cursor, "Hard Limit")?;
    Ok(Limit { name, soft, hard })
}

fn value(cursor: &mut Cursor<'_>, field: &'static str) -> Result<Option<u64>> {
    match cursor.required(field)? {
        b"unlimited" => Ok(None),
        number => decimal(number, field).map(Some),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const LIMITS: &[u8] = b"\
Limit                     Soft Limit           Hard Limit           Units     
Max cpu time              unlimited            unlimited            seconds   
Max stack size            8388608              unlimited            bytes     
Max open files            20000                20001                files     
Max nice priority         0                    0                    
";

    #[test]
    fn every_line_is_a_limit() {
        let limit = |name: &'static str, soft, hard| Limit { name: name.as_bytes(), soft, hard };
        let all = vec![
            limit("Max cpu time", None, None),
            limit("Max stack size", Some(8_388_608), None),
            limit("Max open files", Some(20000), Some(20001)),
            limit("Max nice priority", Some(0), Some(0)),
        ];
        assert_eq!(parse(LIMITS), Ok(all));
    }

    #[test]
    fn odd_input_names_the_field() {
        let field = |line: &[u8]| parse(&[b"Limit  \n", line].concat()).map(|all| all.len()).map_err(|e| e.field());
        assert_eq!(parse(b"").unwrap_err().field(), "Limit");
        assert_eq!(parse(b"Max open files  1  2").unwrap_err().field(), "Limit");
        assert_eq!(field(b"Max open"), Err("Limit"));
        assert_eq!(field(b"   1 2"), Err("Limit"));
        assert_eq!(field(b"Max open files    "), Err("Soft Limit"));
        assert_eq!(field(b"Max open files    1"), Err("Hard Limit"));
        assert_eq!(field(b"Max open files    1  unlim"), Err("Hard Limit"));
    }

    proptest! {
        #[test]
        fn never_panics(bytes: Vec<u8>, at in 0..LIMITS.len()) {
            let _ = parse(&bytes);
            let _ = parse(LIMITS.split_at(at).0);
        }
    }
}
