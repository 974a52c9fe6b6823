//! `diff`: two finished runs beside each other.

use super::exit::{Exit, Failure};
use super::past_run::PastRun;
use super::terminal::Terminal;
use autosim_report::{Left, diff_json, diff_text, difference};
use std::path::{Path, PathBuf};

/// Compare two finished runs: what changed in inputs and results, where decisions part
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// The folder the first run left
    #[arg(value_name = "RUN_A")]
    a: PathBuf,
    /// The folder the second run left
    #[arg(value_name = "RUN_B")]
    b: PathBuf,
    /// Form of the difference
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Form of the difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
enum Format {
    /// For people
    #[default]
    Text,
    /// One object
    Json,
}

const EXAMPLES: &str = "\
Examples:
  autosim run scenarios/quickstart.toml --out before
  autosim run scenarios/quickstart.toml --set replica.cold_start=90s --out after
  autosim diff before after";

pub(super) fn run(args: &Args, terminal: &Terminal) -> Result<Exit, Failure> {
    let (a, b) = (left(&args.a, terminal)?, left(&args.b, terminal)?);
    let found = difference(&a, &b).map_err(|error| {
        Failure::bad_input(format_args!("a table of a run cannot be read: {error}"))
    })?;
    terminal.print(&match args.format {
        Format::Text => diff_text(&found),
        Format::Json => format!("{:#}\n", diff_json(&found)),
    })?;
    Ok(Exit::Good)
}

fn left(folder: &Path, terminal: &Terminal) -> Result<Left, Failure> {
    let manifest = PastRun::open(folder, terminal)?.manifest;
    let text = |name: &str| {
        let path = folder.join(name);
        std::fs::read_to_string(&path).map_err(|error| {
            Failure::bad_input(format_args!("cannot read {}: {error}", path.display()))
        })
    };
    Ok(Left { manifest, summary: text("summary.csv")?, decisions: text("decisions.csv")? })
}
