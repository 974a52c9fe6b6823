//! Finished cells in a folder: one small file each, by the hash of everything that its figures depend on.

use crate::cli::exit::Failure;
use autosim_engine::units::plural;
use autosim_study::experiment::CellFigures;
use autosim_study::tune::Cells;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

/// The folder, and a line that says how far it is.
pub(super) struct CellFolder {
    folder: PathBuf,
    bar: ProgressBar,
    /// Cells that were written.
    kept: AtomicU64,
    /// The first file that could not be written.
    lost: Mutex<Option<(PathBuf, io::Error)>>,
    /// Set when a cell is lost: where finished cells are all there is to gain, more of them are none.
    stop: Option<Arc<AtomicBool>>,
}

/// A file that says whose folder it is.
const MARK: &str = "autosim-cells.txt";
const MARKED: &str = "Finished cells of autosim, one file each, named by what they depend on. They may be deleted: \
                      what is missing is run again.\n";

impl CellFolder {
    /// Opens a folder that is missing, empty or ours.
    pub(super) fn open(folder: &Path, shown: bool) -> Result<Self, Failure> {
        let failed = |error: io::Error| {
            Failure::bad_input(format_args!(
                "--cells {}: {error}; name a folder that can be written",
                folder.display()
            ))
        };
        std::fs::create_dir_all(folder).map_err(failed)?;
        let mark = folder.join(MARK);
        let is_empty = std::fs::read_dir(folder).map_err(failed)?.next().is_none();
        if !mark.is_file() && !is_empty {
            return Err(Failure::bad_input(format_args!(
                "--cells {}: it holds files that are not cells; name an empty folder, or one that holds cells",
                folder.display()
            )));
        }
        std::fs::write(&mark, MARKED).map_err(failed)?;
        let target =
            if shown { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(Some(0), target);
        if let Ok(style) = ProgressStyle::with_template("{bar:20} {pos}/{len} cells  {wide_msg}") {
            bar.set_style(style);
        }
        bar.enable_steady_tick(std::time::Duration::from_millis(250));
        let (kept, lost) = (AtomicU64::new(0), Mutex::new(None));
        Ok(Self { folder: folder.to_owned(), bar, kept, lost, stop: None })
    }

    /// Sets this when a cell cannot be kept.
    pub(super) fn stop_when_lost(&mut self, stop: &Arc<AtomicBool>) {
        self.stop = Some(Arc::clone(stop));
    }

    /// Takes the line off the screen; a cell that could not be kept is said.
    pub(super) fn finish(&self) -> Result<(), Failure> {
        self.bar.finish_and_clear();
        match self.lost.lock().unwrap_or_else(PoisonError::into_inner).take() {
            None => Ok(()),
            Some((path, error)) => Err(Failure::bad_input(format_args!(
                "cannot write {}: {error}; {} written before it, nothing of which is lost: make room, and the same \
                 command goes on from there",
                path.display(),
                plural(self.kept(), "cell")
            ))),
        }
    }

    /// Cells that were written by this command.
    pub(super) fn kept(&self) -> u64 {
        self.kept.load(Ordering::Relaxed)
    }

    /// Where they are.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Puts a cell of another folder into this one, as it is.
    pub(super) fn adopt(&self, id: &str, bytes: &[u8]) {
        let path = cell_path(&self.folder, id);
        if std::fs::read(&path).is_ok_and(|there| there == bytes) {
            return;
        }
        self.write(&path, bytes);
    }

    /// A file is whole or not there: it is written beside its place, by a name that no other process has, and moved.
    fn write(&self, path: &Path, bytes: &[u8]) {
        match write_whole(path, bytes) {
            Ok(()) => _ = self.kept.fetch_add(1, Ordering::Relaxed),
            Err(error) => {
                let mut lost = self.lost.lock().unwrap_or_else(PoisonError::into_inner);
                lost.get_or_insert((path.to_owned(), error));
                if let Some(stop) = &self.stop {
                    stop.store(true, Ordering::Relaxed);
                }
            }
        }
    }
}

/// Where a cell is in a folder of them.
pub(super) fn cell_path(folder: &Path, id: &str) -> PathBuf {
    folder.join(format!("{id}.json"))
}

/// Names of files on their way end so.
pub(super) const HALF: &str = "half";

/// Writes a file beside its place and moves it there; several processes may do so at once.
pub(super) fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let clock = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let own = format!("{}-{}.{HALF}", std::process::id(), clock.as_nanos());
    let half = path.with_extension(own);
    let written = std::fs::write(&half, bytes).and_then(|()| std::fs::rename(&half, path));
    if written.is_err() {
        let _ = std::fs::remove_file(&half);
    }
    written
}

impl Cells for CellFolder {
    fn find(&self, id: &str) -> Option<CellFigures> {
        // What is cut short, or of another version, is as good as missing.
        let text = std::fs::read_to_string(cell_path(&self.folder, id)).ok()?;
        serde_json::from_str(&text).ok()
    }

    fn keep(&self, id: &str, figures: &CellFigures) {
        self.bar.inc(1);
        let text = serde_json::to_string(figures).unwrap_or_default();
        self.write(&cell_path(&self.folder, id), text.as_bytes());
    }

    fn begins(&self, cells: usize, requests: u64) {
        self.bar.inc_length(cells as u64);
        self.bar.set_message(format!("{} so far", plural(requests, "request")));
    }
}
