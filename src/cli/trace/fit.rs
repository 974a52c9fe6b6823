//! `trace fit`: a compact model of a recording, as the keys of a scenario.

use super::reading::ReadingArgs;
use crate::cli::exit::{Exit, Failure};
use crate::cli::presets::{law_keys, source_keys};
use crate::cli::terminal::Terminal;
use autosim_engine::units::WallClock;
use autosim_engine::workload::trace::{Compared, Model, fit, write_whole};
use autosim_report::{group, plain, significant};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// Make a compact model of a recording: a part of a scenario, with its figures beside the recording's
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// A recording of any format
    file: PathBuf,
    /// The file to write: traffic, service times, start and duration of a scenario
    #[arg(long, short, value_name = "FILE")]
    out: PathBuf,
    /// What is drawn from to measure the model
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    #[command(flatten)]
    reading: ReadingArgs,
}

const EXAMPLES: &str = "\
The model tells nothing of single requests, and may be shared. Its duration is the recording's; longer ones repeat its
week or day: --set duration=365d, and --set workload.rate_scale=1.5 for half as much again.
Examples:
  autosim trace fit requests.csv.gz --out model.toml
  autosim trace fit calls.csv --service-time duration:ms --out model.toml
  autosim trace generate model.toml --out synthetic.csv.gz";

pub(super) fn run(args: &Args, terminal: &Terminal) -> Result<Exit, Failure> {
    args.reading.refuse_to_replace(std::slice::from_ref(&args.file), &args.out)?;
    let path = args.file.display().to_string();
    let model = fit(Path::new(""), &path, &args.reading.options_of(&args.file)?, args.seed)
        .map_err(|fault| {
            Failure::bad_input(format_args!("{}\n  = help: {}", fault.message, fault.hint))
        })?;
    let name = args.out.display();
    let text = written(&model).map_err(Failure::bad_input)?;
    write_whole(&args.out, text.as_bytes())
        .map_err(|why| Failure::bad_input(format_args!("cannot write `{name}`: {why}")))?;
    terminal.print(&told(&model))?;
    Ok(Exit::Good)
}

/// The model as a part of a scenario, with what each part was made from.
fn written(model: &Model) -> Result<String, toml::ser::Error> {
    let file = Path::new(&model.original.path).file_name().unwrap_or_default().display();
    let mut out = format!("# Made by `autosim trace fit` from {file}.\n");
    for unknown in &model.unknown {
        out += &format!("# {unknown}.\n");
    }
    for compared in model.compared.iter().filter(|compared| compared.missed) {
        out += &format!("# {}.\n", missed(compared));
    }
    if let Some(clock) = &model.clock {
        out += &format!("start = \"{}\"\n", start(clock));
    }
    out += &format!("duration = \"{}\"\n", model.length);
    for (name, (source, told)) in &model.arrivals {
        out += &format!("\n# {told}.\n[workload.arrivals.{name}.{}]\n", source.kind());
        out += &source_keys(source)?;
    }
    if let Some((law, told)) = &model.service_time {
        out += &format!("\n# {told}.\n[service.service_time]\n");
        out += &law_keys(law)?;
    }
    Ok(out)
}

/// A start as scenarios have it.
pub(super) fn start(clock: &WallClock) -> String {
    let start = clock.start();
    let zone = start.time_zone().iana_name().filter(|name| *name != "UTC");
    let zone = zone.map_or_else(String::new, |name| format!("[{name}]"));
    format!("{}{zone}", start.strftime("%Y-%m-%dT%H:%M:%S%:z"))
}

/// Both columns of figures, and what to know of them.
fn told(model: &Model) -> String {
    let mut out = format!("{:<24}{:>14}{:>14}\n", "", "recording", "model");
    for compared in &model.compared {
        let mark = if compared.missed { "  missed" } else { "" };
        let (here, there) = (number(compared.original), number(compared.model));
        // Writing to a string cannot fail.
        let _ = writeln!(out, "{:<24}{here:>14}{there:>14}{mark}", compared.what);
    }
    for assumption in &model.original.assumptions {
        let _ = writeln!(out, "assumed: {assumption}");
    }
    for unknown in &model.unknown {
        let _ = writeln!(out, "warning: {unknown}");
    }
    for compared in model.compared.iter().filter(|compared| compared.missed) {
        let _ = writeln!(out, "warning: {}", missed(compared));
    }
    out
}

/// A figure that the model misses, in words.
fn missed(compared: &Compared) -> String {
    let (here, there) = (number(compared.original), number(compared.model));
    let what = &compared.what;
    format!("the model misses {what}: {there}, where the recording has {here}")
}

fn number(value: f64) -> String {
    group(&if value >= 1000.0 { plain(value, 0) } else { significant(value, 4) })
}
