//! Series that other programs write to files: node_exporter's collector `textfile`.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::time::SystemTime;

use crate::metric::{Families, Kind, Label, Number, Point};

/// Longest file that is read.
const LONGEST: u64 = 4 * 1024 * 1024;

const ERROR: &str = "Whether a text file could not be read.";

/// Says that nothing is wrong where there is no directory.
pub(crate) fn none(out: &mut Families) {
    out.gauge("node_textfile_scrape_error", ERROR, &[], false);
}

/// Reads the files `*.prom` of a directory. A file that is malformed is left out as a whole, and named.
pub(crate) fn read(folder: &Path, out: &mut Families) -> Vec<String> {
    let mut problems = Vec::new();
    let mut paths: Vec<_> = match fs::read_dir(folder) {
        Ok(entries) => entries.flatten().map(|entry| entry.path()).collect(),
        Err(error) => {
            problems.push(format!("{}: {error}", folder.display()));
            Vec::new()
        }
    };
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "prom"));
    paths.sort_unstable();
    for path in paths {
        match one(&path) {
            Ok((points, modified)) => {
                for (name, kind, point) in points {
                    out.family(name, kind, "", "A series of a text file.").push(point);
                }
                let file = path.display().to_string();
                let help = "When a text file was changed, in seconds since 1970.";
                out.gauge("node_textfile_mtime_seconds", help, &[("file", &file)], modified);
            }
            Err(why) => problems.push(format!("{}: {why}", path.display())),
        }
    }
    out.gauge("node_textfile_scrape_error", ERROR, &[], !problems.is_empty());
    problems
}

type Named = (Cow<'static, str>, Kind, Point);

fn one(path: &Path) -> Result<(Vec<Named>, std::time::Duration), String> {
    let meta = fs::metadata(path).map_err(|error| error.to_string())?;
    // A pipe would block.
    if !meta.is_file() || meta.len() > LONGEST {
        return Err(format!("no file of at most {LONGEST} bytes"));
    }
    let text = fs::read_to_string(path).map_err(|error| error.to_string())?;
    let modified = meta.modified().ok().and_then(|time| time.duration_since(SystemTime::UNIX_EPOCH).ok());
    Ok((parse(&text)?, modified.unwrap_or_default()))
}

/// Parses the text format of Prometheus, without timestamps.
fn parse(text: &str) -> Result<Vec<Named>, String> {
    let mut kinds: HashMap<&str, Kind> = HashMap::new();
    let mut points = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim();
        let fail = |why: &str| format!("line {number}: {why}");
        if let Some(comment) = line.strip_prefix('#') {
            let mut words = comment.split_whitespace();
            if words.next() == Some("TYPE")
                && let (Some(name), Some(kind)) = (words.next(), words.next())
            {
                kinds.insert(
                    name,
                    match kind {
                        "counter" => Kind::Counter,
                        "gauge" => Kind::Gauge,
                        "untyped" => Kind::Unknown,
                        _ => return Err(fail("histograms and summaries are not supported")),
                    },
                );
            }
            continue;
        }
        if line.is_empty() {
            continue;
        }
        let end = line.find(|c: char| c == '{' || c.is_whitespace()).unwrap_or(line.len());
        let (name, rest) = line.split_at_checked(end).ok_or_else(|| fail("no name"))?;
        if !is_name(name) {
            return Err(fail("no name of a metric"));
        }
        let (labels, rest) = match rest.strip_prefix('{') {
            Some(rest) => labels(rest).ok_or_else(|| fail("malformed labels"))?,
            None => (Vec::new(), rest),
        };
        let mut words = rest.split_whitespace();
        let value = words.next().and_then(value).ok_or_else(|| fail("no value"))?;
        if words.next().is_some() {
            return Err(fail("timestamps are not supported"));
        }
        let kind = kinds.get(name).copied().unwrap_or(Kind::Unknown);
        let point = Point { labels, resource: 0, value, start: None };
        points.push((Cow::Owned(name.to_owned()), kind, point));
    }
    Ok(points)
}

fn is_name(name: &str) -> bool {
    let first = |c: char| c.is_ascii_alphabetic() || c == '_' || c == ':';
    name.starts_with(first) && name.chars().all(|c| first(c) || c.is_ascii_digit())
}

fn value(text: &str) -> Option<Number> {
    match text.parse::<i64>() {
        Ok(value) => Some(value.into()),
        Err(_) => text.parse::<f64>().ok().map(Into::into),
    }
}

/// Parses labels up to the closing brace, and returns what follows.
fn labels(text: &str) -> Option<(Vec<Label>, &str)> {
    let mut labels: Vec<Label> = Vec::new();
    let mut rest = text.trim_start();
    loop {
        if let Some(after) = rest.strip_prefix('}') {
            return Some((labels, after));
        }
        let (name, after) = rest.split_once('=')?;
        let name = name.trim();
        if !is_name(name) || name.contains(':') || labels.iter().any(|(known, _)| known == name) {
            return None;
        }
        let mut chars = after.trim_start().strip_prefix('"')?.chars();
        let mut value = String::new();
        loop {
            match chars.next()? {
                '"' => break,
                '\\' => value.push(match chars.next()? {
                    'n' => '\n',
                    c @ ('\\' | '"') => c,
                    _ => return None,
                }),
                c => value.push(c),
            }
        }
        labels.push((Cow::Owned(name.to_owned()), value));
        rest = chars.as_str().trim_start();
        rest = rest.strip_prefix(',').map_or(rest, str::trim_start);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exposition::Format;
    use proptest::prelude::*;

    #[test]
    fn files_are_read_whole_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        write(
            "a.prom",
            "# HELP backup_seconds x\n# TYPE backup_seconds gauge\nbackup_seconds{job=\"a \\\"b\\\"\",n=\"1\"} 1.5\n",
        );
        write("b.prom", "good 1\nbad{ 2\n");
        write("c.txt", "ignored 1\n");
        let mut out = Families::default();
        let problems = read(folder.path(), &mut out);
        assert!(problems.len() == 1 && problems[0].contains("b.prom: line 2"), "{problems:?}");
        let text = Format::Text.write(&out.finish());
        assert!(
            text.contains("# TYPE backup_seconds gauge\nbackup_seconds{job=\"a \\\"b\\\"\",n=\"1\"} 1.5\n"),
            "{text}"
        );
        assert!(
            text.contains("\nnode_textfile_scrape_error 1\n") && !text.contains("good") && !text.contains("ignored")
        );
    }

    #[test]
    fn what_is_not_supported_is_an_error() {
        for odd in
            ["a 1 1234", "a", "a{b=c} 1", "a{b=\"\\x\"} 1", "a{b=\"1\",b=\"2\"} 1", "1a 1", "# TYPE a histogram", "a x"]
        {
            assert!(parse(odd).is_err(), "{odd}");
        }
        assert_eq!(parse("a +Inf\nb{} NaN\n").map(|points| points.len()), Ok(2));
    }

    proptest! {
        #[test]
        fn never_panics(text in "[a-c#TYPE {}=\",\\\\0-9 \n]{0,60}") {
            let _ = parse(&text);
        }
    }
}
