//! Reads the text format of Prometheus.

use std::collections::BTreeMap;

/// The labels of a series, in order of their names.
pub(super) type Labels = BTreeMap<String, String>;

/// Families by name: the type, and the value of each series.
pub(super) type Families = BTreeMap<String, (String, BTreeMap<Labels, f64>)>;

/// Parses an answer of an exporter.
pub(super) fn parse(text: &str) -> Families {
    let mut families = Families::new();
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("# TYPE ") {
            if let Some((name, kind)) = rest.split_once(' ') {
                families.entry(name.to_owned()).or_default().0 = kind.to_owned();
            }
        } else if !line.starts_with('#')
            && let Some((series, value)) = line.rsplit_once(' ')
            && let Ok(value) = value.parse()
        {
            let (name, labels) = series.split_once('{').unwrap_or((series, ""));
            let labels = labels_of(labels.strip_suffix('}').unwrap_or(labels));
            families.entry(name.to_owned()).or_default().1.insert(labels, value);
        }
    }
    families
}

fn labels_of(text: &str) -> Labels {
    let mut labels = Labels::new();
    let mut rest = text;
    while let Some((name, after)) = rest.split_once("=\"") {
        let (mut value, mut escaped, mut end) = (String::new(), false, after.len());
        for (at, c) in after.char_indices() {
            match c {
                '"' if !escaped => {
                    end = at;
                    break;
                }
                '\\' if !escaped => escaped = true,
                c => {
                    value.push(c);
                    escaped = false;
                }
            }
        }
        labels.insert(name.trim_start_matches(',').to_owned(), value);
        rest = after.get(end + 1..).unwrap_or_default();
    }
    labels
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn series_with_and_without_labels() {
        let all = parse("# TYPE a counter\na{x=\"1,}\",y=\"b\\\"c\"} 2\nb 3e+06\n");
        let labels = Labels::from([("x".into(), "1,}".into()), ("y".into(), "b\"c".into())]);
        assert_eq!(all["a"], ("counter".to_owned(), BTreeMap::from([(labels, 2.0)])));
        assert_eq!(all["b"].1[&Labels::new()], 3e6);
    }
}
