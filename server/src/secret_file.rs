//! Files that decide who may do what: nobody else may change them, and nobody but their owner may read those with secrets.

use otc_protocol::limits::CONFIG_FILE_BYTES;
use std::fmt;
use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::path::Path;

/// Whether files with secrets may be readable by others, and files be theirs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Access {
    /// They may not.
    #[default]
    OwnerOnly,
    /// They may: in a container, whatever mounts the file chooses its mode.
    Anybody,
}

/// Refuses a file with secrets that is another user's, or that others may read, write or run.
pub(crate) fn check(file: &File, path: &Path, access: Access) -> Result<(), SecretFileError> {
    let rights =
        Rights::of(file).map_err(|error| SecretFileError::Unreadable(path.display().to_string(), error))?;
    rights.check_secret(path, access)
}

/// Who may do what with a file.
#[derive(Clone, Copy, Debug)]
struct Rights {
    mode: u32,
    /// Whether its owner may do as this process may, or is root, who may do everything.
    is_ours: bool,
    owner: u32,
}

impl Rights {
    #[cfg(unix)]
    fn of(file: &File) -> io::Result<Self> {
        use std::os::unix::fs::MetadataExt;
        let metadata = file.metadata()?;
        Ok(Self::new(metadata.mode(), metadata.uid(), rustix::process::geteuid().as_raw()))
    }

    /// Here the directory decides who may read and change a file, not the file.
    #[cfg(not(unix))]
    #[allow(clippy::unnecessary_wraps, reason = "it can fail elsewhere")]
    fn of(_: &File) -> io::Result<Self> {
        Ok(Self::new(0, 0, 0))
    }

    fn new(mode: u32, owner: u32, own: u32) -> Self {
        Self { mode: mode & 0o777, is_ours: owner == own || owner == 0, owner }
    }

    /// Refuses a file that another user may change.
    fn check_writers(self, path: &Path, access: Access) -> Result<(), SecretFileError> {
        let name = || path.display().to_string();
        if access == Access::Anybody {
            return Ok(());
        }
        if !self.is_ours {
            return Err(SecretFileError::Foreign(name(), self.owner));
        }
        if self.mode & 0o022 != 0 {
            return Err(SecretFileError::Changeable(name(), self.mode));
        }
        Ok(())
    }

    /// Refuses a file with secrets that another user may change or read.
    fn check_secret(self, path: &Path, access: Access) -> Result<(), SecretFileError> {
        if access == Access::OwnerOnly && self.mode & 0o077 != 0 {
            return Err(SecretFileError::Open(path.display().to_string(), self.mode));
        }
        self.check_writers(path, access)
    }
}

/// A file's text, and who may have read it.
pub(crate) struct TextFile {
    pub(crate) text: String,
    rights: Rights,
}

impl TextFile {
    pub(crate) fn read(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        let rights = Rights::of(&file)?;
        let mut text = Vec::new();
        let length = file.take(CONFIG_FILE_BYTES + 1).read_to_end(&mut text)?;
        if u64::try_from(length).unwrap_or(u64::MAX) > CONFIG_FILE_BYTES {
            return Err(io::Error::new(ErrorKind::FileTooLarge, "it is too large to be one"));
        }
        // The error would repeat the bytes.
        let text = String::from_utf8(text)
            .map_err(|_| io::Error::new(ErrorKind::InvalidData, "it is not text in UTF-8"))?;
        Ok(Self { text, rights })
    }

    /// Refuses a file with secrets that is another user's, or that others may read, write or run.
    pub(crate) fn check(&self, path: &Path, access: Access) -> Result<(), SecretFileError> {
        self.rights.check_secret(path, access)
    }

    /// Refuses a file that is another user's, or that others may write.
    pub(crate) fn check_writers(&self, path: &Path, access: Access) -> Result<(), SecretFileError> {
        self.rights.check_writers(path, access)
    }
}

/// The text of a file with secrets.
pub(crate) fn read(path: &Path, access: Access) -> Result<String, SecretFileError> {
    let file = TextFile::read(path)
        .map_err(|error| SecretFileError::Unreadable(path.display().to_string(), error))?;
    file.check(path, access)?;
    Ok(file.text)
}

/// Why a file is not used.
#[derive(Debug)]
pub enum SecretFileError {
    /// It cannot be read.
    Unreadable(String, io::Error),
    /// Others may read it: its name and mode.
    Open(String, u32),
    /// Others may write it: its name and mode.
    Changeable(String, u32),
    /// It is another user's: its name and that user.
    Foreign(String, u32),
}

impl fmt::Display for SecretFileError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(file, error) => write!(formatter, "cannot read {file}: {error}"),
            Self::Open(file, mode) => write!(
                formatter,
                "{file} holds secrets, and others may read or change it (mode {mode:03o}): chmod 600 {file} \
                 (or allow it with --allow-readable-secrets, where a container's mount leaves no choice)"
            ),
            Self::Changeable(file, mode) => write!(
                formatter,
                "others may change {file} (mode {mode:03o}), and with it who may do what here: chmod go-w {file} \
                 (or allow it with --allow-readable-secrets, where a container's mount leaves no choice)"
            ),
            Self::Foreign(file, owner) => write!(
                formatter,
                "{file} belongs to another user (uid {owner}), who may change it at any time: make it root's or that of \
                 the user who runs this (or allow it with --allow-readable-secrets, where a container's mount leaves \
                 no choice)"
            ),
        }
    }
}

impl std::error::Error for SecretFileError {}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_secret_that_others_may_read_is_refused_with_what_to_do() {
        let name: [u8; 8] = crate::keys::random().unwrap();
        let path = std::env::temp_dir().join(format!("otc-secret-{:x}", u64::from_be_bytes(name)));
        std::fs::write(&path, "hush").unwrap();
        let read_with = |mode: u32, access: Access| {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            read(&path, access).map_err(|error| error.to_string())
        };
        for mode in [0o600, 0o400, 0o700] {
            assert_eq!(read_with(mode, Access::OwnerOnly).as_deref(), Ok("hush"), "{mode:o}");
        }
        for mode in [0o640, 0o604, 0o620, 0o602, 0o644, 0o666, 0o601] {
            let refusal = read_with(mode, Access::OwnerOnly).unwrap_err();
            let told = [format!("chmod 600 {}", path.display()), format!("{mode:o}")];
            assert!(told.iter().all(|what| refusal.contains(what)) && !refusal.contains("hush"), "{refusal}");
            assert_eq!(read_with(mode, Access::Anybody).as_deref(), Ok("hush"), "{mode:o}");
        }
        let writers_with = |mode: u32, access: Access| {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            TextFile::read(&path).unwrap().check_writers(&path, access).map_err(|error| error.to_string())
        };
        for mode in [0o600, 0o644, 0o755] {
            assert_eq!(writers_with(mode, Access::OwnerOnly), Ok(()), "{mode:o}");
        }
        for mode in [0o620, 0o602, 0o664, 0o666] {
            let refusal = writers_with(mode, Access::OwnerOnly).unwrap_err();
            assert!(refusal.contains("chmod go-w") && refusal.contains(&format!("{mode:o}")), "{refusal}");
            assert_eq!(writers_with(mode, Access::Anybody), Ok(()), "{mode:o}");
        }
        std::fs::write(&path, vec![b'x'; 5 << 20]).unwrap();
        assert!(read_with(0o600, Access::OwnerOnly).unwrap_err().contains("too large"));
        std::fs::write(&path, b"hush\xff").unwrap();
        let refusal = read_with(0o600, Access::OwnerOnly).unwrap_err();
        assert!(refusal.contains("UTF-8") && !refusal.contains("hush"), "{refusal}");
        std::fs::remove_file(&path).unwrap();
        assert!(read(&path, Access::OwnerOnly).unwrap_err().to_string().contains("cannot read"));
    }
    #[test]
    fn a_file_of_another_user_is_refused() {
        let path = Path::new("some.toml");
        let check = |owner: u32, own: u32, access: Access| {
            let rights = Rights::new(0o100_600, owner, own);
            let both = [rights.check_secret(path, access), rights.check_writers(path, access)];
            both.map(|checked| checked.map_err(|error| error.to_string()))
        };
        for (owner, own) in [(1000, 1000), (0, 1000), (0, 0)] {
            assert_eq!(check(owner, own, Access::OwnerOnly), [Ok(()), Ok(())], "{owner}, {own}");
        }
        for (owner, own) in [(1001, 1000), (1000, 0)] {
            for refusal in check(owner, own, Access::OwnerOnly) {
                let refusal = refusal.unwrap_err();
                assert!(refusal.contains("some.toml belongs to another user (uid 100"), "{refusal}");
            }
            assert_eq!(check(owner, own, Access::Anybody), [Ok(()), Ok(())], "{owner}, {own}");
        }
    }
}
