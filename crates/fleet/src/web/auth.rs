//! Checks the password of a request.

use std::collections::BTreeMap;
use std::sync::Mutex;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;

/// Checks passwords, and remembers those that were right: bcrypt is slow by design, and a scrape comes every few seconds.
///
/// Only a right password is remembered, under its user and the hash it was right for, as a keyed digest. So nothing that
/// a stranger sends fills or poisons the cache.
#[derive(Debug)]
pub struct Authenticator {
    key: hmac::Key,
    right: Mutex<BTreeMap<String, (String, hmac::Tag)>>,
}

/// A hash that no password is known for, so that an unknown user takes as long as a known one.
const NOBODY: &str = "$2b$10$7EqJtq98hPqEX7fNZaFWoOhi5BMtpMMcmRmZEcNhNy1mGwQ9nGxCa";

impl Authenticator {
    /// Makes one with an empty memory.
    ///
    /// # Errors
    /// The system has no random numbers.
    pub fn new() -> Result<Self, String> {
        let random = ring::rand::SystemRandom::new();
        let key = hmac::Key::generate(hmac::HMAC_SHA256, &random).map_err(|_| "no random numbers".to_owned())?;
        Ok(Self { key, right: Mutex::default() })
    }

    /// Whether a password is known to be right without asking bcrypt.
    #[must_use]
    pub fn remembers(&self, users: &BTreeMap<String, String>, user: &str, password: &str) -> bool {
        let Ok(right) = self.right.lock() else { return false };
        right.get(user).is_some_and(|(hash, tag)| {
            users.get(user) == Some(hash) && hmac::verify(&self.key, password.as_bytes(), tag.as_ref()).is_ok()
        })
    }

    /// Whether a password is right. This takes as long as bcrypt takes.
    #[must_use]
    pub fn check(&self, users: &BTreeMap<String, String>, user: &str, password: &str) -> bool {
        let hash = users.get(user);
        let compared = hash.or_else(|| users.values().next()).map_or(NOBODY, String::as_str);
        let is_right = bcrypt::verify(password, compared).unwrap_or(false);
        match hash {
            Some(hash) if is_right => {
                if let Ok(mut right) = self.right.lock() {
                    right.insert(user.to_owned(), (hash.clone(), hmac::sign(&self.key, password.as_bytes())));
                }
                true
            }
            _ => false,
        }
    }
}

/// The user and the password of an `Authorization` header.
#[must_use]
pub fn basic(header: &str) -> Option<(String, String)> {
    let (scheme, encoded) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let text = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (user, password) = text.split_once(':')?;
    Some((user.to_owned(), password.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_right_is_remembered() {
        let hash = |password| bcrypt::hash(password, 4).unwrap();
        let mut users = BTreeMap::from([("anna".to_owned(), hash("right")), ("bert".to_owned(), hash("other"))]);
        let auth = Authenticator::new().unwrap();
        assert!(!auth.remembers(&users, "anna", "right"));
        assert!(!auth.check(&users, "anna", "wrong"));
        assert!(!auth.check(&users, "nobody", "right") && !auth.check(&users, "bert", "right"));
        assert!(auth.right.lock().unwrap().is_empty());
        assert!(auth.check(&users, "anna", "right"));
        assert!(auth.remembers(&users, "anna", "right"));
        assert!(!auth.remembers(&users, "anna", "wrong") && !auth.remembers(&users, "bert", "right"));
        // A changed password is checked again.
        users.insert("anna".to_owned(), hash("new"));
        assert!(!auth.remembers(&users, "anna", "right"));
    }

    #[test]
    fn headers() {
        assert_eq!(basic("Basic YTpiOmM="), Some(("a".to_owned(), "b:c".to_owned())));
        assert_eq!(basic("basic YTo="), Some(("a".to_owned(), String::new())));
        for odd in ["", "Basic", "Basic ???", "Bearer YTpi", "Basic YWI="] {
            assert_eq!(basic(odd), None, "{odd}");
        }
    }
}
