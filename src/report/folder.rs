//! The output folder: replaced as a whole, or not touched.

use super::{OutputFile, manifest};
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// Why results could not be left in a folder; nothing has changed then.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// Something is there that we did not make.
    #[error(
        "{} exists and was not written by autosim (it holds no {} of ours); \
         choose another folder with --out, or remove it yourself",
        .0.display(), manifest::NAME
    )]
    NotOurs(PathBuf),
    /// A file is in the way.
    #[error("{} is not a folder; choose another one with --out", .0.display())]
    NotAFolder(PathBuf),
    /// The system refused.
    #[error("cannot write {}: {why}; nothing was changed", .path.display())]
    Unwritable {
        /// Which file or folder.
        path: PathBuf,
        /// What the system says.
        why: io::Error,
    },
}

/// Tells before a long run whether its results can be left in `folder`: it is missing, empty or ours,
/// and a folder can be made beside it.
///
/// # Errors
/// As [`super::write_all`] would give.
pub fn check_folder(folder: &Path) -> Result<(), FolderError> {
    may_replace(folder)?;
    staging(folder).map(drop)
}

/// Writes the files into a new folder beside `folder`, then swaps the two.
pub(super) fn replace(
    folder: &Path,
    files: &[OutputFile<'_>],
) -> Result<Vec<PathBuf>, FolderError> {
    may_replace(folder)?;
    let staging = staging(folder)?;
    // A folder of its own inside: the temporary one is private, what users get follows their umask.
    let new = staging.path().join("new");
    fs::create_dir(&new).map_err(unwritable(folder))?;
    let mut written = Vec::new();
    for file in files {
        let path = folder.join(&file.name);
        write_file(&new.join(&file.name), file).map_err(unwritable(&path))?;
        written.push(path);
    }
    let old = staging.path().join("old");
    let had_one = folder.exists();
    if had_one {
        fs::rename(folder, &old).map_err(unwritable(folder))?;
    }
    if let Err(why) = fs::rename(&new, folder) {
        if had_one {
            // Best effort: what was there comes back.
            let _ = fs::rename(&old, folder);
        }
        return Err(unwritable(folder)(why));
    }
    written.sort();
    Ok(written)
}

fn write_file(path: &Path, file: &OutputFile<'_>) -> io::Result<()> {
    let mut out = BufWriter::new(File::create(path)?);
    (file.write)(&mut out)?;
    out.flush()?;
    // A full disk may show only here.
    out.get_ref().sync_all()
}

fn staging(folder: &Path) -> Result<tempfile::TempDir, FolderError> {
    let parent = match folder.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    fs::create_dir_all(parent).map_err(unwritable(parent))?;
    tempfile::Builder::new().prefix(".autosim-").tempdir_in(parent).map_err(unwritable(parent))
}

fn may_replace(folder: &Path) -> Result<(), FolderError> {
    let Ok(metadata) = fs::metadata(folder) else { return Ok(()) };
    if !metadata.is_dir() {
        return Err(FolderError::NotAFolder(folder.to_owned()));
    }
    let mut entries = fs::read_dir(folder).map_err(unwritable(folder))?;
    let ours =
        || fs::read_to_string(folder.join(manifest::NAME)).is_ok_and(|t| manifest::is_ours(&t));
    if entries.next().is_none() || ours() {
        Ok(())
    } else {
        Err(FolderError::NotOurs(folder.to_owned()))
    }
}

fn unwritable(path: &Path) -> impl FnOnce(io::Error) -> FolderError + use<> {
    let path = path.to_owned();
    |why| FolderError::Unwritable { path, why }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file<'a>(name: &str, text: &'a str) -> OutputFile<'a> {
        OutputFile::new(name, move |out| out.write_all(text.as_bytes()))
    }

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    const OURS: &str = r#"{ "autosim": "0.1.0" }"#;

    #[test]
    fn a_folder_of_ours_is_replaced_as_a_whole() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("output").join("launch");
        replace(&folder, &[file("a.csv", "1"), file(manifest::NAME, OURS)]).unwrap();
        let written = replace(&folder, &[file(manifest::NAME, OURS), file("b.csv", "2")]).unwrap();
        assert_eq!(names(&folder), ["b.csv", manifest::NAME]);
        assert_eq!(written, [folder.join("b.csv"), folder.join(manifest::NAME)]);
        assert_eq!(names(folder.parent().unwrap()), ["launch"], "nothing is left beside it");
    }

    #[test]
    fn an_empty_folder_is_taken_and_any_other_refused() {
        let home = tempfile::tempdir().unwrap();
        let empty = home.path().join("empty");
        fs::create_dir(&empty).unwrap();
        replace(&empty, &[file("a", "1")]).unwrap();
        // What was just written holds no manifest: it is not ours.
        let error = check_folder(&empty).unwrap_err().to_string();
        assert!(error.contains("not written by autosim"), "{error}");
        assert!(replace(&empty, &[file("b", "2")]).is_err());
        assert_eq!(names(&empty), ["a"]);
        let in_the_way = empty.join("a");
        assert!(matches!(check_folder(&in_the_way), Err(FolderError::NotAFolder(_))));
    }

    #[test]
    fn a_failure_while_writing_changes_nothing() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("run");
        replace(&folder, &[file(manifest::NAME, OURS)]).unwrap();
        let full = OutputFile::new("b", |_| Err(io::Error::other("no space left on device")));
        let error = replace(&folder, &[file("a", "1"), full]).unwrap_err().to_string();
        assert!(
            error.contains("no space left") && error.contains("nothing was changed"),
            "{error}"
        );
        assert_eq!(names(&folder), [manifest::NAME]);
        assert_eq!(names(home.path()), ["run"]);
    }
}
