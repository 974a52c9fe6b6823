//! The answer of a tuning: printed, left in a folder, written as the winner's document.

use super::Tuning;
use crate::cli::execute::jobs;
use crate::cli::exit::Failure;
use crate::cli::terminal::Terminal;
use autosim_report::{Tuned, check_folder, table, write_tuned};
use autosim_study::experiment::Estimate;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

/// Where finished cells are, and where the answer goes.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct AnswerArgs {
    /// Where finished cells are kept, so that a search that was stopped goes on, and one that is asked again is
    /// quick [default: output/NAME.cells]
    #[arg(long, value_name = "DIR")]
    cells: Option<PathBuf>,
    /// Writes the winner's document with its values changed and everything else as it was, or, for a policy of
    /// autosim's own, the keys to set
    #[arg(long, value_name = "FILE")]
    export: Option<PathBuf>,
    /// Folder for the files of the judgement, settings.csv, cells.csv and settings.json [default:
    /// output/NAME-tuned]
    #[arg(long, short, value_name = "DIR")]
    out: Option<PathBuf>,
    /// What is printed on standard output
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Cells simulated at once [default: one per processor]
    #[arg(long, short, value_name = "N", value_parser = jobs)]
    jobs: Option<NonZeroUsize>,
    /// Says nothing on standard error but faults
    #[arg(long, short)]
    pub(super) quiet: bool,
}

/// Form of the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
enum Format {
    /// For people
    #[default]
    Table,
    /// A row for every setting that was tried
    Csv,
    /// One object
    Json,
}

/// What a document is called with its values changed.
fn tuned_name(name: &str) -> String {
    let file = Path::new(name).file_name().map(|file| file.to_string_lossy());
    format!("tuned-{}", file.unwrap_or_default())
}

impl AnswerArgs {
    /// Refuses what cannot be written, before anything is simulated.
    pub(super) fn refuse(&self, tuning: &Tuning) -> Result<(), Failure> {
        if let Some(folder) = self.export.as_deref().and_then(Path::parent)
            && !folder.as_os_str().is_empty()
            && !folder.is_dir()
        {
            return Err(Failure::bad_input(format_args!(
                "--export: there is no folder {}",
                folder.display()
            )));
        }
        check_folder(&self.out(tuning)).map_err(Failure::bad_input)
    }

    fn out(&self, tuning: &Tuning) -> PathBuf {
        let named = || Path::new("output").join(format!("{}-tuned", tuning.scenario.name));
        self.out.clone().unwrap_or_else(named)
    }

    /// Where finished cells are.
    pub(super) fn cells(&self, tuning: &Tuning) -> PathBuf {
        let named = || Path::new("output").join(format!("{}.cells", tuning.scenario.name));
        self.cells.clone().unwrap_or_else(named)
    }

    /// Cells simulated at once.
    pub(super) fn jobs(&self, tuning: &Tuning) -> usize {
        let jobs = self.jobs.or_else(|| std::thread::available_parallelism().ok());
        Estimate::jobs_that_fit(&tuning.scenario, jobs.map_or(1, NonZeroUsize::get))
    }

    /// Prints the answer and leaves its files.
    pub(super) fn give(
        &self,
        tuning: &Tuning,
        tuned: Tuned<'_>,
        terminal: &Terminal,
    ) -> Result<(), Failure> {
        terminal.print(&match self.format {
            Format::Csv => tuned.csv(),
            Format::Json => format!("{:#}\n", tuned.json()),
            Format::Table => {
                let (before, after) = tuned.text();
                let judged = tuned.outcome.judged.as_ref();
                let judged = judged.map_or_else(String::new, |judged| {
                    format!("\n{}", table(&judged.results, &judged.comparison, terminal.width))
                });
                format!("{before}{judged}{after}{}", apply(tuned))
            }
        })?;
        self.leave(tuned, &self.out(tuning), terminal)
    }

    /// Writes the files of the judgement with every setting beside them, and the winner's document.
    fn leave(&self, tuned: Tuned<'_>, out: &Path, terminal: &Terminal) -> Result<(), Failure> {
        if let Some(judged) = &tuned.outcome.judged {
            let mut beside = vec![
                ("settings.csv".to_owned(), tuned.csv()),
                ("cells.csv".to_owned(), tuned.cells_csv()),
                ("settings.json".to_owned(), format!("{:#}\n", tuned.json())),
            ];
            beside.extend(tuned.pictures().map_err(Failure::bad_input)?);
            for (family, point) in tuned.outcome.bests() {
                let changed = tuned.laboratory.families[family].exported(point);
                let changed = changed.map_err(Failure::bad_input)?.into_iter();
                beside.extend(changed.map(|(name, text)| (tuned_name(&name), text)));
            }
            let written = write_tuned(tuned, judged, &beside, out);
            let written = written.map_err(Failure::bad_input)?;
            if !self.quiet {
                terminal.say(&format!(
                    "{} files in {}",
                    written.files.len(),
                    written.folder.display()
                ));
            }
        }
        self.export(tuned, terminal)
    }

    fn export(&self, tuned: Tuned<'_>, terminal: &Terminal) -> Result<(), Failure> {
        let Some(path) = &self.export else { return Ok(()) };
        let Some((family, point)) = tuned.outcome.winner else {
            return Err(Failure::bad_input(format_args!(
                "--export {}: nothing holds, so there is nothing to write",
                path.display()
            )));
        };
        let family = &tuned.laboratory.families[family];
        let documents = family.exported(point).map_err(Failure::bad_input)?;
        let text = match documents.as_slice() {
            [] => family.flags(point).join("\n") + "\n",
            [(_, text)] => text.clone(),
            several => {
                let names: Vec<&str> = several.iter().map(|(name, _)| name.as_str()).collect();
                return Err(Failure::bad_input(format_args!(
                    "--export {}: {} documents change ({}): `autosim export --edit` writes one at a time",
                    path.display(),
                    names.len(),
                    names.join(", ")
                )));
            }
        };
        let failed =
            |error| Failure::bad_input(format_args!("--export {}: {error}", path.display()));
        std::fs::write(path, text).map_err(failed)?;
        let flags = family.flags(point);
        let beside: Vec<&String> =
            flags.iter().filter(|flag| !flag.starts_with("--edit")).collect();
        if !documents.is_empty() && !beside.is_empty() {
            let beside: Vec<&str> = beside.into_iter().map(String::as_str).collect();
            terminal.say(&format!("not part of the document: {}", beside.join(" ")));
        }
        if !self.quiet {
            terminal.say(&format!("the winner's document is in {}", path.display()));
        }
        Ok(())
    }
}

/// How the winner is put to use.
fn apply(tuned: Tuned<'_>) -> String {
    let Some((family, point)) = tuned.outcome.winner else { return String::new() };
    let family = &tuned.laboratory.families[family];
    let (edits, sets): (Vec<String>, Vec<String>) =
        family.flags(point).into_iter().partition(|flag| flag.starts_with("--edit"));
    let mut text = String::new();
    if !sets.is_empty() {
        text += &format!("\nTo run with it: autosim run ... {}\n", sets.join(" "));
    }
    if !edits.is_empty() {
        text += &format!(
            "\nTo change the document: autosim export --policy FILE {}\n",
            edits.join(" ")
        );
    }
    text
}
