//! `schema`: the keys of a scenario file, for editors and for people.

use super::exit::{Exit, Failure};
use super::terminal::Terminal;
use autosim_study::scenario::{Reference, json_schema};

/// Print the JSON Schema of a scenario file, for editors; or what a part of a scenario takes, in plain text
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// What to describe: a table (`service`), a kind (`target-tracking`, `sae`), a key (`tolerance`), a kind of
    /// value (`duration`)
    kind: Option<String>,
    /// In Markdown; without KIND the whole reference
    #[arg(long)]
    markdown: bool,
}

const EXAMPLES: &str = "\
Examples:
  autosim schema scenario
  autosim schema target-tracking
  autosim schema sae.knobs
  autosim schema service.queue.timeout
  autosim schema --markdown > reference.md
  autosim schema > scenario.schema.json
Editors with a TOML language server use the last one after this first line in a scenario:
  #:schema ./scenario.schema.json";

pub(super) fn run(args: &Args, terminal: &Terminal) -> Result<Exit, Failure> {
    let part = |kind: &str| Reference::of_scenarios().find(kind).map_err(Failure::bad_input);
    let text = match (args.kind.as_deref(), args.markdown) {
        (Some(kind), false) => part(kind)?.text(),
        (Some(kind), true) => part(kind)?.markdown(),
        (None, true) => Reference::of_scenarios().page(),
        (None, false) => format!("{:#}\n", json_schema()),
    };
    terminal.print(&text)?;
    Ok(Exit::Good)
}
