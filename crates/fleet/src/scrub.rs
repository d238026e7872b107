//! Command lines without secrets.

use psoxide::{Field, FieldSet, Row, System};

use crate::text::lossy;

/// Words in the names of options whose values are secret.
const SECRET: &[&str] =
    &["password", "passwd", "pass", "pwd", "secret", "token", "key", "credential", "auth", "bearer"];

/// Ends of such names that are written as one word.
const ENDINGS: &[&str] = &["password", "passwd", "secret", "token", "apikey"];

const HIDDEN: &str = "***";

/// Reads the command line of a process, its secrets removed.
pub(crate) fn command_line(system: &System, row: &Row) -> Option<String> {
    let process = system.process(row.pid).ok().filter(|process| process.start() == row.start)?;
    let fields: FieldSet = [Field::Cmdline].into_iter().collect();
    let row = process.row(fields, &system.pass(FieldSet::default()));
    let words: Vec<String> = row.cmdline.value()?.iter().map(lossy).collect();
    Some(scrubbed(&words))
}

/// Whether the value of an option is secret.
fn is_secret(option: &str) -> bool {
    let option = option.trim_start_matches('-').to_ascii_lowercase();
    option.split(['-', '_', '.']).any(|word| SECRET.contains(&word))
        || ENDINGS.iter().any(|word| option.ends_with(word))
}

/// The words joined, with secrets replaced: values of options whose names say so, and passwords in URLs.
pub(crate) fn scrubbed(words: &[String]) -> String {
    let mut hide_next = false;
    let mut out: Vec<String> = Vec::with_capacity(words.len());
    for word in words {
        if hide_next && !word.starts_with('-') {
            out.push(HIDDEN.to_owned());
            hide_next = false;
            continue;
        }
        hide_next = false;
        match word.split_once('=') {
            Some((name, _)) if is_secret(name) => out.push(format!("{name}={HIDDEN}")),
            _ => {
                hide_next = word.starts_with('-') && is_secret(word);
                out.push(without_password(word));
            }
        }
    }
    out.join(" ")
}

/// A URL without the password in it.
fn without_password(word: &str) -> String {
    let Some((scheme, rest)) = word.split_once("://") else { return word.to_owned() };
    let (authority, path) = rest.find('/').and_then(|at| rest.split_at_checked(at)).unwrap_or((rest, ""));
    match authority.rsplit_once('@') {
        Some((user, host)) => match user.split_once(':') {
            Some((user, _)) => format!("{scheme}://{user}:{HIDDEN}@{host}{path}"),
            None => word.to_owned(),
        },
        None => word.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_replaced() {
        for (line, expected) in [
            ("mysql --password hunter2 -u root", "mysql --password *** -u root"),
            ("x --api-key=abc --token abc --monkey y", "x --api-key=*** --token *** --monkey y"),
            ("env DB_PASSWORD=a server", "env DB_PASSWORD=*** server"),
            ("psql postgres://me:pw@host:5432/db?x=1", "psql postgres://me:***@host:5432/db?x=1"),
            ("curl https://host/a@b:c", "curl https://host/a@b:c"),
            ("x --password --verbose y", "x --password --verbose y"),
        ] {
            let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
            assert_eq!(scrubbed(&words), expected);
        }
    }
}
