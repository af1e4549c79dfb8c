//! The data directory: the one place where a server keeps what outlives it. One process at a time has it.

use otc_protocol::limits::DATA_LOCK_WITHIN;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind};
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tracing::info;

/// Whoever holds this file has the directory.
const LOCK_FILE: &str = "lock";
/// Pause between two looks at a lock that another process holds.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// A directory that no other process uses while this lives.
#[derive(Debug)]
pub(crate) struct DataDir {
    directory: Directory,
    /// The lock is let go when the file is closed, whatever ends the process.
    _lock: File,
}

impl DataDir {
    /// Makes the directory if it is not there, and waits until an earlier server has let go of it.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        Self::open_within(path, DATA_LOCK_WITHIN)
    }

    fn open_within(path: &Path, patience: Duration) -> io::Result<Self> {
        let in_words = |what: &str, error: &io::Error| {
            io::Error::new(
                error.kind(),
                format!("cannot {what} the data directory {}: {error}", path.display()),
            )
        };
        create(path).map_err(|error| in_words("make", &error))?;
        let lock = file(&path.join(LOCK_FILE), OpenOptions::new().create(true).truncate(false).write(true))
            .map_err(|error| in_words("write into", &error))?;
        wait_for(&lock, path, patience).map_err(|error| in_words("lock", &error))?;
        Ok(Self { directory: Directory { path: path.to_owned() }, _lock: lock })
    }
}

impl Deref for DataDir {
    type Target = Directory;

    fn deref(&self) -> &Directory {
        &self.directory
    }
}

/// A directory within the data directory, or that itself.
#[derive(Clone, Debug)]
pub(crate) struct Directory {
    path: PathBuf,
}

impl Directory {
    /// A directory in it, which is made if it is not there.
    pub(crate) fn directory(&self, name: &str) -> io::Result<Self> {
        let path = self.path.join(name);
        let in_words = |error: io::Error| {
            io::Error::new(error.kind(), format!("cannot make the directory {}: {error}", path.display()))
        };
        create(&path).and_then(|()| self.sync()).map_err(in_words)?;
        Ok(Self { path })
    }

    /// What is in it, by name; what has no name in UTF-8 is not ours.
    pub(crate) fn names(&self) -> io::Result<Vec<String>> {
        let entries = std::fs::read_dir(&self.path)?;
        let names = entries.map(|entry| Ok(entry?.file_name().into_string().ok()));
        names.filter_map(io::Result::transpose).collect()
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Opens a file in it, which nobody else may read, as `options` say. A link is not followed.
    pub(crate) fn file(&self, name: &str, options: &mut OpenOptions) -> io::Result<File> {
        file(&self.path.join(name), options)
    }

    /// Removes a file; one that is not there is no error.
    pub(crate) fn remove(&self, name: &str) -> io::Result<()> {
        match std::fs::remove_file(self.path.join(name)) {
            Ok(()) => self.sync(),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Gives a file its name; one of that name makes way.
    pub(crate) fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        std::fs::rename(self.path.join(from), self.path.join(to))?;
        self.sync()
    }

    /// Makes sure that names that were given or taken stay so if the machine stops now.
    pub(crate) fn sync(&self) -> io::Result<()> {
        if cfg!(unix) { File::open(&self.path)?.sync_all() } else { Ok(()) }
    }
}

/// Whether a server could have this data directory, or make it. It is not taken, and another server may have it.
pub(crate) fn check(path: &Path) -> io::Result<()> {
    let there = path.ancestors().find(|path| path.as_os_str().is_empty() || path.exists());
    let there = there.filter(|path| !path.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let fault = if !there.is_dir() {
        format!("{} is not a directory", there.display())
    } else if let Err(error) = may_write(there) {
        let what = if there == path { "write into" } else { "make a directory in" };
        format!("this user may not {what} {}: {error}", there.display())
    } else {
        return Ok(());
    };
    Err(io::Error::other(format!("the data directory {} cannot be used: {fault}", path.display())))
}

#[cfg(unix)]
fn may_write(directory: &Path) -> io::Result<()> {
    use rustix::fs::{Access, AtFlags, CWD, accessat};
    let all = Access::READ_OK | Access::WRITE_OK | Access::EXEC_OK;
    Ok(accessat(CWD, directory, all, AtFlags::EACCESS)?)
}

#[cfg(not(unix))]
fn may_write(_: &Path) -> io::Result<()> {
    Err(io::Error::new(ErrorKind::Unsupported, "a data directory needs a Unix system"))
}

fn wait_for(lock: &File, path: &Path, patience: Duration) -> io::Result<()> {
    let start = Instant::now();
    let mut told = false;
    while !try_lock(lock)? {
        if start.elapsed() >= patience {
            let text = "another server uses it; stop that one, or give this one a directory of its own";
            return Err(io::Error::new(ErrorKind::WouldBlock, text));
        }
        if !told {
            info!(directory = %path.display(), "waiting for another server to let go of the data directory");
            told = true;
        }
        std::thread::sleep(LOOK_EVERY);
    }
    Ok(())
}

#[cfg(unix)]
fn try_lock(file: &File) -> io::Result<bool> {
    use rustix::fs::{FlockOperation, flock};
    use rustix::io::Errno;
    match flock(file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(true),
        Err(Errno::WOULDBLOCK) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

#[cfg(not(unix))]
fn try_lock(_: &File) -> io::Result<bool> {
    Err(io::Error::new(ErrorKind::Unsupported, "a data directory needs a Unix system"))
}

#[cfg(unix)]
fn create(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
    if !path.is_dir() {
        DirBuilder::new().recursive(true).mode(0o700).create(path)?;
    }
    let mode = std::fs::metadata(path)?.permissions().mode();
    if mode & 0o022 != 0 {
        let directory = path.display();
        tracing::warn!(%directory, mode = format_args!("{:o}", mode & 0o777), "others may write into the data directory: take that right from them (chmod 700)");
    }
    Ok(())
}

#[cfg(not(unix))]
fn create(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).create(path)
}

#[cfg(unix)]
fn file(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    use rustix::fs::OFlags;
    use std::os::unix::fs::OpenOptionsExt;
    // Neither a link nor a pipe may stand there in a file's place: the one leads elsewhere, the other makes the opening wait.
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits();
    #[allow(clippy::cast_possible_wrap, reason = "flags are small")]
    options.mode(0o600).custom_flags(flags as i32).open(path)
}

#[cfg(not(unix))]
fn file(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    options.open(path)
}

/// Whether the file is a plain one that this process's user has written and nobody else may change.
#[cfg(unix)]
pub(crate) fn is_ours(file: &File) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt;
    let metadata = file.metadata()?;
    let mine = metadata.uid() == rustix::process::geteuid().as_raw();
    Ok(metadata.is_file() && mine && metadata.mode() & 0o022 == 0)
}

/// Whether the file is a plain one.
#[cfg(not(unix))]
pub(crate) fn is_ours(file: &File) -> io::Result<bool> {
    Ok(file.metadata()?.is_file())
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_directory_that_another_server_keeps_is_an_error() {
        let path = std::env::temp_dir().join(format!("otc-data-{}", std::process::id()));
        let first = DataDir::open(&path).expect("a directory");
        let error = DataDir::open_within(&path, Duration::from_millis(100)).expect_err("it is in use");
        assert!(error.to_string().contains("another server uses it"), "{error}");
        drop(first);
        let again = DataDir::open_within(&path, Duration::ZERO);
        std::fs::remove_dir_all(&path).expect("our directory");
        again.expect("it has been let go of");
    }
}
