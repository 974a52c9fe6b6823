//! `merge`: the shards of a study as one.

use super::answer::AnswerArgs;
use super::cells::CellFolder;
use super::program;
use super::shards::{Gathered, Record};
use crate::cli::exit::{Exit, Failure};
use crate::cli::terminal::Terminal;
use autosim_study::experiment::CellFigures;
use autosim_study::tune::{Cells, cells_of};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// Put the shards of a study together: its tables, byte by byte as of one machine, and its answer
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct Args {
    /// Folders of cells, as `autosim tune --shard I/N --cells FOLDER` left them, in any order
    #[arg(value_name = "FOLDER", required = true)]
    folders: Vec<PathBuf>,
    /// Where relative paths of the scenario start here [default: where they started for the shards, if that was not their current folder]
    #[arg(long, value_name = "DIR")]
    folder: Option<PathBuf>,
    #[command(flatten)]
    answer: AnswerArgs,
}

const EXAMPLES: &str = "\
Examples:
  autosim tune study.toml --whole --shard 1/2 --cells here
  autosim tune study.toml --whole --shard 2/2 --cells there
  autosim merge here there --export tuned.yaml
Exit codes: 0 a setting holds, 1 none does, 2 bad input: a shard that is missing or not finished, cells that differ, that
are of another study or of another autosim; 130 interrupted.
What only the whole shows is simulated here: settings too close to the limit once more, and the judgement.";

/// No cell is known, none is kept.
struct Nothing;

impl Cells for Nothing {
    fn find(&self, _id: &str) -> Option<CellFigures> {
        None
    }

    fn keep(&self, _id: &str, _figures: &CellFigures) {}
}

pub(in crate::cli) fn run(args: &Args, terminal: &Terminal) -> Result<Exit, Failure> {
    let record = Record::common(&args.folders)?;
    let tuning = record.tuning(args.folder.as_deref(), terminal)?;
    args.answer.refuse(&tuning)?;
    let cancel = Arc::new(AtomicBool::new(false));
    let mut laboratory = tuning.laboratory(&Nothing, 1, &cancel);
    laboratory.program = program();
    let expected = cells_of(&mut laboratory, &tuning.question())?;
    drop(laboratory);
    let gathered = Gathered::of(&args.folders, &expected);
    gathered.refuse(&expected, record.shards())?;
    if !args.answer.quiet {
        terminal.say(&gathered.told(record.shards()));
    }
    let kept = CellFolder::open(&args.answer.cells(&tuning), false)?;
    gathered.put(&kept)?;
    tuning.answer(&args.answer, terminal)
}
