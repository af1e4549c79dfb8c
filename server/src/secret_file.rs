//! Files with secrets in them: nobody but their owner may read them.

use otc_protocol::limits::CONFIG_FILE_BYTES;
use std::fmt;
use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::path::Path;

/// Whether files with secrets may be readable by others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Access {
    /// They may not.
    #[default]
    OwnerOnly,
    /// They may: in a container, whatever mounts the file chooses its mode.
    Anybody,
}

/// Refuses a file that others may read, write or run.
pub(crate) fn check(file: &File, path: &Path, access: Access) -> Result<(), SecretFileError> {
    let mode = mode(file).map_err(|error| SecretFileError::Unreadable(path.display().to_string(), error))?;
    check_mode(mode, path, access)
}

fn check_mode(mode: u32, path: &Path, access: Access) -> Result<(), SecretFileError> {
    if access == Access::OwnerOnly && mode & 0o077 != 0 {
        return Err(SecretFileError::Open(path.display().to_string(), mode & 0o777));
    }
    Ok(())
}

/// A file's text, and who may have read it.
pub(crate) struct TextFile {
    pub(crate) text: String,
    mode: u32,
}

impl TextFile {
    pub(crate) fn read(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        let mode = mode(&file)?;
        let mut text = Vec::new();
        let length = file.take(CONFIG_FILE_BYTES + 1).read_to_end(&mut text)?;
        if u64::try_from(length).unwrap_or(u64::MAX) > CONFIG_FILE_BYTES {
            return Err(io::Error::new(ErrorKind::FileTooLarge, "it is too large to be one"));
        }
        // The error would repeat the bytes.
        let text = String::from_utf8(text)
            .map_err(|_| io::Error::new(ErrorKind::InvalidData, "it is not text in UTF-8"))?;
        Ok(Self { text, mode })
    }

    /// Refuses a file that others may read, write or run.
    pub(crate) fn check(&self, path: &Path, access: Access) -> Result<(), SecretFileError> {
        check_mode(self.mode, path, access)
    }
}

/// The text of a file with secrets.
pub(crate) fn read(path: &Path, access: Access) -> Result<String, SecretFileError> {
    let file = TextFile::read(path)
        .map_err(|error| SecretFileError::Unreadable(path.display().to_string(), error))?;
    file.check(path, access)?;
    Ok(file.text)
}

#[cfg(unix)]
fn mode(file: &File) -> io::Result<u32> {
    use std::os::unix::fs::MetadataExt;
    Ok(file.metadata()?.mode())
}

/// Here the directory decides who may read a file, not the file.
#[cfg(not(unix))]
#[allow(clippy::unnecessary_wraps, reason = "it can fail elsewhere")]
fn mode(_: &File) -> io::Result<u32> {
    Ok(0)
}

/// Why a file with secrets is not used.
#[derive(Debug)]
pub enum SecretFileError {
    /// It cannot be read.
    Unreadable(String, io::Error),
    /// Others may read it: its name and mode.
    Open(String, u32),
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
        std::fs::write(&path, vec![b'x'; 5 << 20]).unwrap();
        assert!(read_with(0o600, Access::OwnerOnly).unwrap_err().contains("too large"));
        std::fs::write(&path, b"hush\xff").unwrap();
        let refusal = read_with(0o600, Access::OwnerOnly).unwrap_err();
        assert!(refusal.contains("UTF-8") && !refusal.contains("hush"), "{refusal}");
        std::fs::remove_file(&path).unwrap();
        assert!(read(&path, Access::OwnerOnly).unwrap_err().to_string().contains("cannot read"));
    }
}
