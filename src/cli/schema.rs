//! `schema`: the scenario file as JSON Schema.

use super::exit::{Exit, Failure};
use super::terminal::Terminal;
use autosim_study::scenario::json_schema;

/// Print the JSON Schema of a scenario file, for editors
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {}

const EXAMPLES: &str = "\
Example:
  autosim schema > scenario.schema.json
Editors with a TOML language server use it after this first line in a scenario:
  #:schema ./scenario.schema.json";

pub(super) fn run(_: &Args, terminal: &Terminal) -> Result<Exit, Failure> {
    terminal.print(&format!("{:#}\n", json_schema()))?;
    Ok(Exit::Good)
}
