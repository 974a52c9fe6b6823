//! `trace generate`: the traffic of a scenario as a file.

use crate::cli::exit::{Exit, Failure};
use crate::cli::input::{ScenarioArgs, accept};
use crate::cli::signals::stop_when_asked;
use crate::cli::terminal::Terminal;
use autosim_engine::random::Streams;
use autosim_engine::units::{Span, plural};
use autosim_engine::workload::trace::{Form, GenerateError, generate};
use autosim_study::scenario::{Layer, Loaded, Scenario};
use std::path::PathBuf;
use std::sync::Arc;

/// Write the traffic of a scenario to a trace file
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// The scenario, a TOML file with a `workload`; without one the traffic comes from --set
    #[arg(value_name = "SCENARIO")]
    scenario: Option<PathBuf>,
    /// The file to write; `.gz` and `.zst` are packed
    #[arg(long, short, value_name = "FILE")]
    out: PathBuf,
    /// One row per interval of this length with its number of requests, instead of one per request
    #[arg(long, value_name = "INTERVAL")]
    counts: Option<Span>,
    /// Which replication's requests
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    replication: u32,
    /// Whose traffic, where the scenario has several services
    #[arg(long, value_name = "NAME")]
    of: Option<String>,
    #[command(flatten)]
    scenario_args: ScenarioArgs,
}

const EXAMPLES: &str = "\
Examples:
  autosim trace generate scenarios/launch-day.toml --out launch.csv.gz
  autosim trace generate scenarios/launch-day.toml --counts 1m --out launch-per-minute.csv
  autosim trace generate --set duration=1h --out steady.csv \\
      --set 'workload.arrivals.main.poisson={rate=\"40/s\"}'";

pub(super) fn run(args: &Args, terminal: &Terminal) -> Result<Exit, Failure> {
    if let Some(trace) = &args.scenario_args.trace {
        return Err(Failure::bad_input(format_args!(
            "`--trace`: a recording is converted, not generated\n  = help: autosim trace convert {} --out {}",
            trace.display(),
            args.out.display()
        )));
    }
    // A trace needs no policy; one that is never asked stands in.
    let stand_in = Layer::value("trace generate", "policies.trace-generate.fixed.replicas", "1");
    let loaded = args.scenario_args.load_or_empty(args.scenario.as_deref(), vec![stand_in])?;
    let loaded = loaded.map(|loaded| Loaded {
        warnings: loaded.warnings.without("policies.trace-generate"),
        ..loaded
    });
    let scenario = accept(loaded, terminal)?;
    let (index, service) = chosen(args, &scenario)?;
    if service.workload.users().next().is_some() {
        return Err(Failure::bad_input(
            "the requests of a closed loop depend on how they are served: there is nothing to write down",
        ));
    }
    let streams = Streams::new(scenario.seed, args.replication - 1, index);
    let form = args.counts.map_or(Form::Timestamps, Form::Counts);
    let cancel = Arc::default();
    stop_when_asked(&cancel);
    let end = scenario.window.end;
    let done = match generate(&service.workload, &streams, end, &args.out, form, &cancel) {
        Ok(done) => done,
        Err(interrupted @ GenerateError::Interrupted) => {
            terminal.say(&interrupted.to_string());
            return Ok(Exit::Interrupted);
        }
        Err(error) => return Err(Failure::bad_input(error)),
    };
    terminal.say(&format!(
        "{} in {} of {}",
        plural(done.requests, "request"),
        plural(done.rows, "row"),
        args.out.display()
    ));
    Ok(Exit::Good)
}

/// The service whose traffic is written, with its number in the scenario.
fn chosen<'a>(
    args: &Args,
    scenario: &'a Scenario,
) -> Result<(u32, &'a autosim_study::scenario::Service), Failure> {
    let numbered = (0u32..).zip(&scenario.services);
    let wanted = |name: &str| args.of.as_deref().is_none_or(|of| of == name);
    let mut found = numbered.filter(|(_, service)| wanted(&service.name));
    found.next().ok_or_else(|| {
        let names: Vec<&str> = scenario.services.iter().map(|s| s.name.as_str()).collect();
        let of = args.of.as_deref().unwrap_or_default();
        Failure::bad_input(format_args!(
            "there is no service `{of}`; there are: {}",
            names.join(", ")
        ))
    })
}
