//! # report: what a run leaves behind
//!
//! **Is**: the terminal table and its Markdown, the CSV and JSON files, the manifest, the plots and the
//! page of a finished run, and the folder that holds them: of one run, or marked as being replaced; a dry run
//! and a product's policy as text.
//!
//! **Knows**: results and comparisons as data, how to print a number.
//!
//! **Must not know**: the engine's workings, how scenario files are read, the terminal (it returns text), the clock.
//! Nothing it writes depends on when, where or on how many threads a run was made.
//!
//! **Start at** [`write_all`] and [`table()`].

#![warn(clippy::wildcard_enum_match_arm)]

mod account;
mod baseline;
mod cause;
mod classes_csv;
mod columns;
mod decisions_csv;
mod diff;
mod dry_run;
mod events;
mod explain;
mod figures_csv;
mod folder;
mod hours;
mod html;
mod incidents;
mod json;
mod junit;
mod launches_csv;
mod manifest;
mod markdown;
mod minutes;
mod moments;
mod notes;
mod number;
mod opening;
mod plot;
mod policy;
mod reaction;
mod saving;
mod seen;
mod stored;
mod table;
mod timeline_csv;
mod tuned;
mod when;

pub use account::{Account, MomentTold};
pub use baseline::Baseline;
pub use diff::{
    DiffError, Difference, Divergence, Left, Paired, Parting, Unpaired, Why, diff_json, diff_text,
    difference,
};
pub use dry_run::{dry_run_csv, dry_run_csv_header, dry_run_csv_rows, dry_run_json};
pub use explain::{explain_text, first_divergence, worst_moments};
pub use folder::{FolderError, check_folder, check_whole};
pub use hours::DAYS;
pub use json::summary_json;
pub use junit::{Case, Outcome, Suite, junit_xml};
pub use markdown::markdown;
pub use number::{group, percentile_ms, plain, significant};
pub use plot::RecordingPlot;
pub use policy::{policy_json, policy_toml};
pub use stored::Stored;
pub use table::table;
pub use tuned::Tuned;
pub use when::When;

use autosim_study::experiment::{Comparison, Results};
use autosim_study::tune::Judged;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Writes one file.
type Writer<'a> = Box<dyn Fn(&mut dyn Write) -> io::Result<()> + 'a>;

/// One file of the output folder.
pub(crate) struct OutputFile<'a> {
    /// Its name, without a folder.
    name: String,
    /// Writes all of it.
    write: Writer<'a>,
}

impl<'a> OutputFile<'a> {
    fn new(name: impl Into<String>, write: impl Fn(&mut dyn Write) -> io::Result<()> + 'a) -> Self {
        Self { name: name.into(), write: Box::new(write) }
    }
}

/// What was written, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The folder asked for, or the one beside it.
    pub folder: PathBuf,
    /// The files, sorted by name.
    pub files: Vec<PathBuf>,
}

/// Writes every file of a run into `folder`, a missing or empty one or one of ours, in place of those of the
/// run before; files that are not ours stay. An interrupted run does not replace another: it goes beside it,
/// into `folder.partial`.
///
/// # Errors
/// A folder that is not ours, or that cannot be written.
pub fn write_all(
    results: &Results,
    comparison: &Comparison,
    folder: &Path,
) -> Result<Written, FolderError> {
    write(results, comparison, None, &[], folder)
}

/// The same of the judgement of a tuning: its page shows the search too, and more files are beside those of the run, by
/// their names, without a folder, and texts.
///
/// # Errors
/// As [`write_all`].
pub fn write_tuned(
    tuned: Tuned<'_>,
    judged: &Judged,
    more: &[(String, String)],
    folder: &Path,
) -> Result<Written, FolderError> {
    write(&judged.results, &judged.comparison, Some(&tuned.search()), more, folder)
}

fn write(
    results: &Results,
    comparison: &Comparison,
    search: Option<&html::Search>,
    more: &[(String, String)],
    folder: &Path,
) -> Result<Written, FolderError> {
    let folder = match results.complete || !folder::holds_a_run(folder) {
        true => folder.to_owned(),
        false => folder::beside(folder),
    };
    let files = folder::replace(&folder, &files(results, comparison, search, more))?;
    Ok(Written { folder, files })
}

/// `summary.csv` as text, for `--format csv`.
pub fn summary_csv(results: &Results, comparison: &Comparison) -> String {
    let mut out = Vec::new();
    // Writing to memory cannot fail.
    let _ = figures_csv::summary(results, comparison, &mut out);
    String::from_utf8_lossy(&out).into_owned()
}

/// The registry of what a run leaves: one line per file.
fn files<'a>(
    results: &'a Results,
    comparison: &'a Comparison,
    search: Option<&'a html::Search>,
    more: &'a [(String, String)],
) -> Vec<OutputFile<'a>> {
    let mut files = vec![
        OutputFile::new("summary.csv", |out| figures_csv::summary(results, comparison, out)),
        OutputFile::new("replications.csv", |out| figures_csv::replications(results, out)),
        OutputFile::new("timeline.csv", |out| timeline_csv::write(results, out)),
        OutputFile::new("decisions.csv", |out| decisions_csv::write(results, out)),
        OutputFile::new(stored::DECISIONS, |out| stored::write_decisions(results, out)),
        OutputFile::new(stored::REACTIONS, |out| stored::write_reactions(results, out)),
        OutputFile::new(stored::MOMENTS, |out| stored::write_moments(results, out)),
        OutputFile::new("launches.csv", |out| launches_csv::write(results, out)),
        OutputFile::new(html::NAME, move |out| html::write(results, comparison, search, out)),
    ];
    if classes_csv::any(comparison) {
        let write = |out: &mut dyn Write| classes_csv::write(comparison, out);
        files.push(OutputFile::new("classes.csv", write));
    }
    files.extend(events::files(results));
    files.extend(plot::files(results, comparison));
    files.extend(more.iter().map(|(name, text)| {
        OutputFile::new(name.clone(), |out| out.write_all(text.as_bytes())) //
    }));
    let mut names: Vec<String> = files.iter().map(|file| file.name.clone()).collect();
    names.push(manifest::NAME.to_owned());
    names.sort();
    files.push(OutputFile::new(manifest::NAME, move |out| manifest::write(results, &names, out)));
    files
}

#[cfg(test)]
mod sample;

#[cfg(test)]
mod tests;
