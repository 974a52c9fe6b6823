//! The output folder. There is one way for all of them: files are written into a hidden folder inside and,
//! once all are whole, moved up one by one. The folder itself is never replaced, so it may be where a
//! command runs, a mount point or behind a link; its mode, its group and what is not ours stay. While files
//! are moved they are of two runs: a marker says so to whoever reads, and the next run finishes what a
//! killed one began.

mod lock;

use super::{OutputFile, manifest};
use lock::Lock;
use std::fs::{self, File};
use std::io::{self, BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};

/// Files on their way; worth nothing if the run that writes them is killed.
const UNFINISHED: &str = ".autosim-unfinished";
/// The marker: the same folder once all files are whole. It is there until they are moved up.
const MOVING: &str = ".autosim-moving";
/// Who holds it locked is the only one who writes.
const LOCK: &str = ".autosim-lock";
/// Another run may make the folder, or take away the empty one it made, just when this one is about to.
const ATTEMPTS: usize = 100;

/// Why results could not be left in a folder, or not be read from it.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// Something is there that we did not make.
    #[error(
        "{} holds files that autosim did not write (and no {} of ours); \
         choose a new or an empty folder with --out",
        .0.display(), manifest::NAME
    )]
    NotOurs(PathBuf),
    /// A file is in the way.
    #[error("{} is not a folder; choose another one with --out, or remove it", .0.display())]
    NotAFolder(PathBuf),
    /// A folder is where a file is to be.
    #[error("{} is a folder where a file is to be written; remove it, or choose another --out", .0.display())]
    NotAFile(PathBuf),
    /// A link to nothing.
    #[error(
        "{} is a link to {}, which does not exist; make that folder, or choose another with --out",
        .link.display(), .to.display()
    )]
    Dangling {
        /// The link.
        link: PathBuf,
        /// Where it leads.
        to: PathBuf,
    },
    /// The system refused.
    #[error(
        "cannot write {}: {why}; nothing was changed; mend that or choose another folder with --out",
        .path.display()
    )]
    Unwritable {
        /// Which file or folder.
        path: PathBuf,
        /// What the system says.
        why: io::Error,
    },
    /// The system refused when some files were already replaced.
    #[error(
        "cannot replace {}: {why}; some files of {} are of this run, others of the one before: mend that \
         and run again into it",
        .path.display(), .folder.display()
    )]
    Stuck {
        /// The output folder.
        folder: PathBuf,
        /// Which file.
        path: PathBuf,
        /// What the system says.
        why: io::Error,
    },
    /// Somebody who replaced files was killed, or is still at it.
    #[error(
        "the files of {} are of two runs: autosim is replacing them now, or was stopped while it did; \
         the next run into it puts that right",
        .0.display()
    )]
    OfTwoRuns(PathBuf),
}

/// Tells before a long run whether its results can be left in `folder`: it is missing, empty or ours, and
/// files can be made in it. Puts right what killed runs left there; of a missing folder nothing stays.
///
/// # Errors
/// As [`super::write_all`] would give.
pub fn check_folder(folder: &Path) -> Result<(), FolderError> {
    Held::take(folder).map(drop)
}

/// Tells whether all files of a folder are of one run.
///
/// # Errors
/// Its files are being replaced, or were when the run was killed.
pub fn check_whole(folder: &Path) -> Result<(), FolderError> {
    match folder.join(MOVING).exists() {
        true => Err(FolderError::OfTwoRuns(folder.to_owned())),
        false => Ok(()),
    }
}

/// Whether a run of ours is in a folder.
pub(super) fn holds_a_run(folder: &Path) -> bool {
    manifest::files(&folder.join(manifest::NAME)).is_some()
}

/// The folder beside another, for what must not replace its results: `DIR.partial`.
pub(super) fn beside(folder: &Path) -> PathBuf {
    // `.` and `..` have no name of their own.
    let named = match folder.file_name() {
        Some(_) => folder.to_owned(),
        None => folder.canonicalize().unwrap_or_else(|_| folder.to_owned()),
    };
    let mut name = named.file_name().unwrap_or_default().to_owned();
    name.push(".partial");
    named.with_file_name(name)
}

/// Writes the files, the manifest among them, in place of those that the run before left in `folder`.
pub(super) fn replace(
    folder: &Path,
    files: &[OutputFile<'_>],
) -> Result<Vec<PathBuf>, FolderError> {
    let _held = Held::take(folder)?;
    let unfinished = folder.join(UNFINISHED);
    let staged = stage(&unfinished, folder, files);
    if staged.is_err() {
        // Best effort: what stays is swept by the next run.
        let _ = fs::remove_dir_all(&unfinished);
    }
    let mut written = staged?;
    fs::rename(&unfinished, folder.join(MOVING)).map_err(unwritable(folder))?;
    move_up(folder)?;
    written.sort();
    Ok(written)
}

/// A folder that nobody else writes into. What had to be made for it goes again if nothing is in it then.
struct Held {
    made: Vec<PathBuf>,
    lock: Option<Lock>,
}

impl Held {
    /// Waits for who writes there now.
    fn take(folder: &Path) -> Result<Self, FolderError> {
        let passing = [ErrorKind::NotFound, ErrorKind::AlreadyExists];
        for _ in 0..ATTEMPTS {
            match Self::try_take(folder) {
                Err(FolderError::Unwritable { why, .. }) if passing.contains(&why.kind()) => {}
                done => return done,
            }
        }
        Self::try_take(folder)
    }

    fn try_take(folder: &Path) -> Result<Self, FolderError> {
        let made = missing(folder)?;
        if made.is_empty() {
            may_take(folder)?;
        }
        let mut held = Self { made, lock: None };
        fs::create_dir_all(folder).map_err(unwritable(folder))?;
        held.lock = Some(Lock::take(folder.join(LOCK)).map_err(unwritable(folder))?);
        tidy(folder)?;
        Ok(held)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.lock = None;
        for folder in &self.made {
            // Only an empty folder goes.
            let _ = fs::remove_dir(folder);
        }
    }
}

/// The folders that are to be made, the innermost first; an error if that cannot be.
fn missing(folder: &Path) -> Result<Vec<PathBuf>, FolderError> {
    let mut missing = Vec::new();
    for one in folder.ancestors().filter(|one| !one.as_os_str().is_empty()) {
        match fs::metadata(one) {
            Ok(found) if found.is_dir() => break,
            Ok(_) => return Err(FolderError::NotAFolder(one.to_owned())),
            Err(why) if [ErrorKind::NotFound, ErrorKind::NotADirectory].contains(&why.kind()) => {
                if let Ok(to) = fs::read_link(one) {
                    return Err(FolderError::Dangling { link: one.to_owned(), to });
                }
                missing.push(one.to_owned());
            }
            Err(why) => return Err(unwritable(one)(why)),
        }
    }
    Ok(missing)
}

/// A folder of ours, or one with nothing in it.
fn may_take(folder: &Path) -> Result<(), FolderError> {
    // The last is the file system's own, at the root of a mounted one.
    let no_matter = [UNFINISHED, MOVING, LOCK, "lost+found"];
    for entry in fs::read_dir(folder).map_err(unwritable(folder))? {
        let name = entry.map_err(unwritable(folder))?.file_name();
        if !no_matter.iter().any(|known| name == *known) {
            // In this order: a run that ends now leaves its manifest before the marker goes.
            let ours = folder.join(MOVING).exists() || holds_a_run(folder);
            return if ours { Ok(()) } else { Err(FolderError::NotOurs(folder.to_owned())) };
        }
    }
    Ok(())
}

/// Puts right what killed runs left: whole results are moved up, unfinished ones removed.
fn tidy(folder: &Path) -> Result<(), FolderError> {
    if folder.join(MOVING).exists() {
        move_up(folder)?;
    }
    let unfinished = folder.join(UNFINISHED);
    match unfinished.exists() {
        true => fs::remove_dir_all(&unfinished).map_err(unwritable(&unfinished)),
        false => Ok(()),
    }
}

/// Writes all files into a new folder; returns where they are going to be.
fn stage(
    into: &Path,
    folder: &Path,
    files: &[OutputFile<'_>],
) -> Result<Vec<PathBuf>, FolderError> {
    fs::create_dir(into).map_err(unwritable(folder))?;
    let mut written = Vec::new();
    for file in files {
        let (new, path) = (into.join(&file.name), folder.join(&file.name));
        write_file(&new, file).map_err(unwritable(&path))?;
        if let Ok(old) = fs::symlink_metadata(&path) {
            if old.is_dir() {
                return Err(FolderError::NotAFile(path));
            }
            if old.is_file() {
                // Modes stay; some file systems have none.
                let _ = fs::set_permissions(&new, old.permissions());
            }
        }
        written.push(path);
    }
    Ok(written)
}

fn write_file(path: &Path, file: &OutputFile<'_>) -> io::Result<()> {
    let mut out = BufWriter::new(File::create(path)?);
    (file.write)(&mut out)?;
    out.flush()?;
    // A full disk may show only here.
    out.get_ref().sync_all()
}

/// Files of the run before go, those of the new one come up, its manifest last: begun again after any of
/// these steps it ends the same.
fn move_up(folder: &Path) -> Result<(), FolderError> {
    let moving = folder.join(MOVING);
    let stuck = |path: &Path| {
        let (folder, path) = (folder.to_owned(), path.to_owned());
        |why| FolderError::Stuck { folder, path, why }
    };
    if let Some(new) = manifest::files(&moving.join(manifest::NAME)) {
        let old = manifest::files(&folder.join(manifest::NAME)).unwrap_or_default();
        for path in old.iter().filter(|name| !new.contains(name)).map(|name| folder.join(name)) {
            if fs::symlink_metadata(&path).is_ok_and(|found| !found.is_dir()) {
                fs::remove_file(&path).map_err(stuck(&path))?;
            }
        }
        for entry in fs::read_dir(&moving).map_err(stuck(&moving))? {
            let name = entry.map_err(stuck(&moving))?.file_name();
            if name != manifest::NAME {
                let path = folder.join(&name);
                fs::rename(moving.join(&name), &path).map_err(stuck(&path))?;
            }
        }
        let path = folder.join(manifest::NAME);
        fs::rename(moving.join(manifest::NAME), &path).map_err(stuck(&path))?;
    }
    fs::remove_dir(&moving).map_err(stuck(&moving))
}

fn unwritable(path: &Path) -> impl FnOnce(io::Error) -> FolderError + use<> {
    let path = path.to_owned();
    |why| FolderError::Unwritable { path, why }
}

#[cfg(test)]
mod tests;
