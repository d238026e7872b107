//! `/etc/passwd`: passwd(5).

use crate::cursor::{decimal, lines};

/// The fields of a user that need no scrubbing, as they stand in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct User<'a> {
    /// Login name.
    pub name: &'a [u8],
    /// User id.
    pub uid: &'a [u8],
    /// Id of the user's group, if the line goes that far.
    pub gid: Option<&'a [u8]>,
}

impl User<'_> {
    /// The user id as a number. `None` if it is not one.
    #[must_use]
    pub fn id(&self) -> Option<u32> {
        u32::try_from(decimal(self.uid, "uid").ok()?).ok()
    }
}

/// Lists the users. A line without a user id is skipped.
pub fn users(bytes: &[u8]) -> impl Iterator<Item = User<'_>> {
    lines(bytes).filter_map(|line| {
        let mut fields = line.split(|byte| *byte == b':');
        let (name, uid, gid) = (fields.next()?, fields.nth(1)?, fields.next());
        Some(User { name, uid, gid })
    })
}

/// Finds the name of a user id: that of the first user who has it.
#[must_use]
pub fn name_of(bytes: &[u8], uid: u32) -> Option<&[u8]> {
    users(bytes).find(|user| user.id() == Some(uid)).map(|user| user.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_are_found() {
        let passwd = b"root:x:0:0:root:/root:/bin/sh\nodd\nplus:x:+7:7\nann:x:7:8::/:\nberta:x:7\n";
        let ids: Vec<_> = users(passwd).map(|user| (user.name, user.id())).collect();
        assert_eq!(ids, [(&b"root"[..], Some(0)), (b"plus", None), (b"ann", Some(7)), (b"berta", Some(7))]);
        let gids: Vec<_> = users(passwd).map(|user| user.gid).collect();
        assert_eq!(gids, [Some(&b"0"[..]), Some(b"7"), Some(b"8"), None]);
        assert_eq!(name_of(passwd, 7), Some(&b"ann"[..]));
        assert_eq!(name_of(passwd, 8), None);
    }
}
