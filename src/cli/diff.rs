//! `diff`: two finished runs beside each other.

use super::exit::{Exit, Failure};
use super::past_run::PastRun;
use super::terminal::Terminal;
use autosim_report::{Left, diff_json, diff_text, difference};
use std::path::Path;

/// Compare two finished runs: what changed in inputs and results, where decisions part
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// The folder the first run left; `RUN:POLICY` compares one policy of it
    #[arg(value_name = "RUN_A")]
    a: String,
    /// The folder the second run left
    #[arg(value_name = "RUN_B")]
    b: String,
    /// Lists so many stretches in which decisions were furthest apart, by replica-hours
    #[arg(long, value_name = "N", default_value_t = 0)]
    top: usize,
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
  autosim diff before after --top 3
  autosim diff before:old after:new";

pub(super) fn run(args: &Args, terminal: &Terminal) -> Result<Exit, Failure> {
    let (a, b) = (left(&args.a, terminal)?, left(&args.b, terminal)?);
    let found = difference(&a, &b).map_err(Failure::bad_input)?;
    terminal.print(&match args.format {
        Format::Text => diff_text(&found, args.top),
        Format::Json => format!("{:#}\n", diff_json(&found)),
    })?;
    Ok(Exit::Good)
}

/// What a folder holds, or of `FOLDER:POLICY` one policy of it.
fn left(run: &str, terminal: &Terminal) -> Result<Left, Failure> {
    let (folder, policy) = match run.rsplit_once(':').filter(|_| !Path::new(run).is_dir()) {
        Some((folder, policy)) => (Path::new(folder), Some(policy.to_owned())),
        None => (Path::new(run), None),
    };
    let manifest = PastRun::open(folder, terminal)?.manifest;
    let text = |name: &str| {
        let path = folder.join(name);
        std::fs::read_to_string(&path).map_err(|error| {
            Failure::bad_input(format_args!("cannot read {}: {error}", path.display()))
        })
    };
    let (summary, decisions) = (text("summary.csv")?, text("decisions.csv")?);
    Ok(Left { manifest, summary, decisions, policy })
}
