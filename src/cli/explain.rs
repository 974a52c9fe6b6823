//! `explain`: the reason for a decision of a finished run.

use super::exit::{Exit, Failure};
use super::input::at_least_one;
use super::moment::When;
use super::past_run::PastRun;
use super::terminal::Terminal;
use autosim_engine::units::Time;
use autosim_report::{Account, MomentTold, Stored, explain_text, first_divergence, worst_moments};
use autosim_study::experiment::{self, ExplainError, Moment, Results, RunOptions, Silent};
use autosim_study::scenario::Scenario;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// Explain a decision of a finished run: what was seen, every stage, what each guard was worth
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
#[command(group = clap::ArgGroup::new("moment").required(true))]
pub(super) struct Args {
    /// The folder the run left
    #[arg(value_name = "RUN")]
    run: PathBuf,
    /// Whose decision [default: the only policy's]
    #[arg(long, value_name = "NAME")]
    policy: Option<String>,
    /// The newest decision at this time: "2h 5m" or "+2h 5m" from the start; "12:01" or "Mon 12:00", the
    /// first one of the run; a date and time; "last", the newest of all
    #[arg(long, value_name = "TIME", group = "moment")]
    at: Option<When>,
    /// The decisions behind the moments at which users suffered most
    #[arg(long, value_name = "N", group = "moment", value_parser = at_least_one::<NonZeroU32>)]
    worst: Option<NonZeroU32>,
    /// Where it first decides otherwise than this policy; both are explained
    #[arg(long, value_name = "OTHER", group = "moment")]
    diverge: Option<String>,
    /// Which replication, from 1
    #[arg(long, value_name = "N", default_value = "1", value_parser = at_least_one::<NonZeroU32>)]
    replication: NonZeroU32,
    /// Where the scenario's relative paths start, if it was run from elsewhere or its inputs have moved
    #[arg(long, value_name = "DIR")]
    folder: Option<PathBuf>,
    /// Form of the explanation
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Form of the explanation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
enum Format {
    /// For people
    #[default]
    Text,
    /// An array of objects
    Json,
}

const EXAMPLES: &str = "\
Examples:
  autosim explain output/quickstart --policy target --at 10h
  autosim explain output/launch-day --policy steady --at 'Mon 12:00'
  autosim explain output/quickstart --policy target --worst 3
  autosim explain output/launch-day --policy steady --diverge prepared --format json
What the run kept is read from its folder; for the rest the cell is run again from the manifest.
The text is the same.";

pub(super) fn run(args: &Args, terminal: &Terminal) -> Result<Exit, Failure> {
    let past = PastRun::open(&args.run, terminal)?;
    let policy = past.policy(args.policy.as_deref())?;
    let mut names = vec![policy.clone()];
    if let Some(other) = &args.diverge {
        names.push(past.policy(Some(other))?);
    }
    let mut scenario = past.scenario(&names, args.folder.as_deref())?;
    if args.replication.get() > scenario.replications {
        return Err(Failure::bad_input(format_args!(
            "--replication {}: the run has {}",
            args.replication, scenario.replications
        )));
    }
    scenario.replications = args.replication.get();
    let found = match from_store(args, &scenario, &policy)? {
        Some(found) => {
            terminal.say("explained from what the run left");
            found
        }
        None => {
            terminal.say("the run did not keep this trail: its cell is run again");
            from_another_run(args, &scenario, &policy, terminal)?
        }
    };
    terminal.print(&render(args.format, &found, &scenario)?)?;
    Ok(Exit::Good)
}

/// From the files of the run, where everything that is asked for was kept.
fn from_store(
    args: &Args,
    scenario: &Scenario,
    policy: &str,
) -> Result<Option<Vec<Account>>, Failure> {
    let service = scenario.services.first().map_or("", |service| &service.name);
    let Some(stored) = Stored::open(&args.run, service, args.replication.get()) else {
        return Ok(None);
    };
    let worst = |count| stored.worst(policy, count);
    let parting = |other: &str| stored.divergence(policy, other);
    let Some(wanted) = moments(args, scenario, policy, worst, parting)? else { return Ok(None) };
    let one = |one: Wanted| Some(stored.at(&one.policy, one.at)?.of_moment(one.moment));
    Ok(wanted.into_iter().map(one).collect())
}

/// From the cell, run again.
fn from_another_run(
    args: &Args,
    scenario: &Scenario,
    policy: &str,
    terminal: &Terminal,
) -> Result<Vec<Account>, Failure> {
    let cancel = Arc::new(AtomicBool::new(false));
    let results = results(scenario, &cancel)?;
    let worst = |count| Some(worst_moments(&results, policy, count));
    let parting = |other: &str| Some(first_divergence(&results, policy, other));
    let wanted = moments(args, scenario, policy, worst, parting)?.unwrap_or_default();
    let mut found = Vec::new();
    for Wanted { policy: name, at, moment: suffered } in wanted {
        let Some(index) = scenario.policies.iter().position(|one| one.name == name) else {
            continue;
        };
        let moment = Moment { policy: index, replication: args.replication.get() - 1, at };
        match experiment::explain(scenario, moment, &cancel) {
            Ok(one) => found.push(Account::of(&results, &one).of_moment(suffered)),
            // Where two part, one of them may not have been asked yet.
            Err(early @ ExplainError::TooEarly(_)) if args.diverge.is_some() => {
                terminal.say(&format!("{name}: {early}"));
            }
            Err(error) => return Err(Failure::bad_input(error)),
        }
    }
    Ok(found)
}

/// The cells once more, with their timelines and decisions.
fn results(scenario: &Scenario, cancel: &Arc<AtomicBool>) -> Result<Results, Failure> {
    let jobs = std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get);
    let options =
        RunOptions { jobs, all_timelines: true, all_decisions: false, limits: &[], cancel };
    experiment::run(scenario, &options, &Silent).map_err(Failure::bad_input)
}

/// A decision to be explained.
struct Wanted {
    policy: String,
    /// The newest one at this instant.
    at: Time,
    /// Whose decision it is, where the worst moments are asked for.
    moment: Option<MomentTold>,
}

/// Whose decisions are to be explained, and when; `None` if `worst` or `parting` cannot say.
fn moments(
    args: &Args,
    scenario: &Scenario,
    policy: &str,
    worst: impl Fn(usize) -> Option<Vec<(Time, MomentTold)>>,
    parting: impl Fn(&str) -> Option<Option<Time>>,
) -> Result<Option<Vec<Wanted>>, Failure> {
    let own = |at: Time, moment| Wanted { policy: policy.to_owned(), at, moment };
    if let Some(at) = &args.at {
        let time = at.within(scenario).map_err(Failure::bad_input)?;
        return Ok(Some(vec![own(time, None)]));
    }
    if let Some(count) = args.worst {
        let times = worst(count.get() as usize);
        let wanted = |(at, moment)| own(at, Some(moment));
        return Ok(times.map(|times| times.into_iter().map(wanted).collect()));
    }
    let other = args.diverge.clone().unwrap_or_default();
    let Some(at) = parting(&other) else { return Ok(None) };
    let at = at.ok_or_else(|| {
        Failure::bad_input(format_args!("{policy} and {other} never want different numbers"))
    })?;
    Ok(Some(vec![own(at, None), Wanted { policy: other, at, moment: None }]))
}

fn render(format: Format, found: &[Account], scenario: &Scenario) -> Result<String, Failure> {
    match format {
        Format::Text => {
            let when = autosim_report::When { clock: &scenario.clock, end: scenario.window.end };
            let texts: Vec<String> = found.iter().map(|one| explain_text(one, &when)).collect();
            Ok(texts.join("\n"))
        }
        Format::Json => {
            let text = serde_json::to_string_pretty(found).map_err(Failure::bad_input)?;
            Ok(text + "\n")
        }
    }
}
