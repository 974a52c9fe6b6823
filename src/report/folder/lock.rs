//! One writer at a time.

use same_file::Handle;
use std::fs::{self, File};
use std::io;
use std::path::PathBuf;

/// A locked file; it is gone when nobody holds it. The system unlocks that of a killed process.
pub(super) struct Lock {
    path: PathBuf,
    _held: Handle,
}

impl Lock {
    /// Waits until nobody else has it.
    pub(super) fn take(path: PathBuf) -> io::Result<Self> {
        loop {
            let mut options = File::options();
            let file = options.read(true).write(true).create(true).truncate(false).open(&path)?;
            // Where the file system knows no locks two runs at once are not kept apart, which is no reason
            // to lose the results of one.
            let _ = file.lock();
            let held = Handle::from_file(file)?;
            // Who had it before has removed the file; another may be there by now.
            if Handle::from_path(&path).is_ok_and(|there| there == held) {
                return Ok(Self { path, _held: held });
            }
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Best effort: a file that stays is taken by the next run.
        let _ = fs::remove_file(&self.path);
    }
}
