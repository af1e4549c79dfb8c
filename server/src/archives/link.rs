//! The URLs of files: who has one may load the file for ten minutes.

use crate::hex::{hex, unhex};
use otc_protocol::limits::ARCHIVE_URL_LIFE;
use ring::hmac;

/// Makes and checks URLs.
pub(super) struct Links(hmac::Key);

impl Links {
    /// With a key that nobody else has.
    pub(super) fn new(key: &[u8]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, key))
    }

    /// The path of an archive's file and what lets its bearer load it.
    pub(super) fn path(&self, id: &str, now_s: u64) -> String {
        let expires = now_s + ARCHIVE_URL_LIFE.as_secs();
        let tag = hmac::sign(&self.0, signed(id, expires).as_bytes());
        format!("/archive/{id}.jsonl?expires={expires}&signature={}", hex(tag.as_ref()))
    }

    /// Whether it may be loaded; else why not.
    pub(super) fn check(
        &self,
        id: &str,
        expires: Option<&str>,
        signature: Option<&str>,
        now_s: u64,
    ) -> Result<(), &'static str> {
        let wrong = "The URL is not one that this server has signed; ask for the archive to get one";
        let expires: u64 = expires.and_then(|expires| expires.parse().ok()).ok_or(wrong)?;
        let signature = signature.and_then(unhex).ok_or(wrong)?;
        // The signature goes first: whoever guesses learns nothing.
        hmac::verify(&self.0, signed(id, expires).as_bytes(), &signature).map_err(|_| wrong)?;
        if now_s < expires { Ok(()) } else { Err("The URL has expired; ask for the archive to get another") }
    }
}

fn signed(id: &str, expires: u64) -> String {
    format!("{id}.{expires}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "c053fcc8-c681-41d5-8ec2-7a9e1434a21e";

    fn check(links: &Links, path: &str, now_s: u64) -> Result<(), &'static str> {
        let (file, query) = path.split_once('?').unwrap();
        let id = file.strip_prefix("/archive/").unwrap().strip_suffix(".jsonl").unwrap();
        let of = |name: &str| query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
        links.check(id, of("expires"), of("signature"), now_s)
    }

    #[test]
    fn a_url_is_good_for_ten_minutes_and_for_its_file() {
        let links = Links::new(b"key");
        let path = links.path(ID, 1000);
        assert_eq!(check(&links, &path, 1000), Ok(()));
        assert_eq!(check(&links, &path, 1599), Ok(()));
        assert!(check(&links, &path, 1600).unwrap_err().contains("expired"));
        let other_file = path.replace("c053", "c054");
        let longer = path.replace("expires=1600", "expires=9600");
        let forged = path.replace("signature=", "signature=00");
        for wrong in
            [other_file, longer, forged, path.replace("signature", "sign"), path.replace("expires", "x")]
        {
            assert!(check(&links, &wrong, 1000).unwrap_err().contains("not one"), "{wrong}");
        }
        assert!(check(&Links::new(b"another"), &path, 1000).is_err());
        assert!(links.check(ID, Some("1600"), Some(&"é".repeat(32)), 1000).is_err());
    }
}
