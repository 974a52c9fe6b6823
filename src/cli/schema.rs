//! `schema`: the keys of a scenario file, or of a study, for editors and for people.

use super::exit::{Exit, Failure};
use super::terminal::Terminal;
use autosim_study::scenario::{Reference, SCENARIO_HEAD, json_schema};
use autosim_study::tune::study_schema;

/// Print the JSON Schema of a scenario file, or of a study, for editors; or what a part of a scenario takes, in plain text
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// What to describe: a table (`service`), a kind (`target-tracking`, `sae`), a key (`tolerance`), a kind of
    /// value (`duration`); or `study`
    kind: Option<String>,
    /// Of a study, the file that `autosim tune` takes, in place of a scenario
    #[arg(long, conflicts_with = "kind")]
    study: bool,
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
  autosim schema study
  autosim schema --study > study.schema.json
  autosim schema > scenario.schema.json
Editors with a TOML language server use the last one after this first line in a scenario:
  #:schema ./scenario.schema.json";

/// How the page of studies begins.
const STUDY_HEAD: &str = "\
# A study

Every key of a study, the file that `autosim tune` takes in place of flags; `docs/guide.md` shows one. The keys of the
scenario it names are in `docs/reference.md`.

This page is made from the JSON Schema by `autosim schema --study --markdown > docs/study.md`.

";

pub(super) fn run(args: &Args, terminal: &Terminal) -> Result<Exit, Failure> {
    let studies = || Reference::of(&study_schema(), "study");
    let part = |kind: &str| match kind {
        "study" => Ok(studies()),
        kind => Reference::of_scenarios().find(kind).map_err(Failure::bad_input),
    };
    let text = match (args.kind.as_deref(), args.markdown) {
        (Some(kind), false) => part(kind)?.text(),
        (Some(kind), true) => part(kind)?.markdown(),
        (None, true) if args.study => studies().page(STUDY_HEAD),
        (None, true) => Reference::of_scenarios().page(SCENARIO_HEAD),
        (None, false) if args.study => format!("{:#}\n", study_schema()),
        (None, false) => format!("{:#}\n", json_schema()),
    };
    terminal.print(&text)?;
    Ok(Exit::Good)
}
