//! Options of mounted file systems.

/// A `MNT_` flag and its name.
pub(crate) type Flag = (u64, &'static str);

/// `MNT_RDONLY`.
const READ_ONLY: u64 = 1;

/// Names the flags of a mount in the order of `names`, after `ro` or `rw`.
pub(crate) fn options(flags: u64, names: &[Flag]) -> String {
    let first = if flags & READ_ONLY == 0 { "rw" } else { "ro" };
    let set = names.iter().filter(|(flag, _)| flags & flag != 0).map(|(_, name)| *name);
    std::iter::once(first).chain(set).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::options;

    #[test]
    fn flags_have_names() {
        assert_eq!(options(1 | 8, &[(8, "nosuid"), (16, "nodev")]), "ro,nosuid");
        assert_eq!(options(0, &[(8, "nosuid")]), "rw");
    }
}
