//! What the system says of this process. Where it does not, there is nothing.

use std::fs;
use std::time::Duration;

/// Bytes of memory that it has, shared ones included.
pub(super) fn resident_bytes() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024)
}

/// Open files, sockets included.
pub(super) fn open_files() -> Option<u64> {
    // The list itself is one of them while it is read.
    let files = fs::read_dir("/proc/self/fd").ok()?.count();
    u64::try_from(files.saturating_sub(1)).ok()
}

/// Most files that it may have open.
#[cfg(unix)]
pub(crate) fn most_files() -> Option<u64> {
    rustix::process::getrlimit(rustix::process::Resource::Nofile).current
}

/// Nothing limits open files here.
#[cfg(not(unix))]
pub(crate) fn most_files() -> Option<u64> {
    None
}

/// How long processors have worked for it.
#[cfg(unix)]
pub(super) fn processor_time() -> Option<Duration> {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Some(Duration::new(u64::try_from(time.tv_sec).ok()?, u32::try_from(time.tv_nsec).ok()?))
}

/// Not known here.
#[cfg(not(unix))]
pub(super) fn processor_time() -> Option<Duration> {
    None
}
