//! `tune`: the cheapest setting that holds; on several machines, `merge`.

mod answer;
mod asked;
mod cells;
pub(super) mod merge;
mod shards;

use super::effort::Effort;
use super::exit::{Exit, Failure};
use super::input::{ScenarioArgs, accept};
use super::progress::Bar;
use super::signals::stop_when_asked;
use super::terminal::Terminal;
use answer::AnswerArgs;
use autosim_engine::units::{Span, plural};
use autosim_report::Tuned;
use autosim_study::experiment::Estimate;
use autosim_study::scenario::{Beside, Findings, Loaded, Scenario};
use autosim_study::tune::{
    Axis, Cells, Family, Laboratory, MOST_FOLDS, MOST_FRESH, Plan, Question, Stop, Study, families,
    fingerprint, is_budget, prepare, sweep, tune,
};
use cells::CellFolder;
use shards::Record;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// Find the cheapest setting that keeps the SLO, and say how sure that is
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// The scenario, a TOML file; its policies, or those of --policy, are what varies. Or a study: a TOML file that names
    /// the scenario and says what these flags say
    #[arg(value_name = "SCENARIO|STUDY")]
    scenario: Option<PathBuf>,
    /// What varies and over which values: a key of a policy, a member of its document, or a key of the scenario;
    /// `POLICY:KEY=...` for one policy only; `min`, `max` and `target` mean what each platform calls so; may be
    /// repeated
    #[arg(long = "vary", value_name = "KEY=VALUES")]
    vary: Vec<Axis>,
    /// Judges the winner on this much of the end of the run, which the search does not see
    #[arg(long, value_name = "SPAN")]
    holdout: Option<Span>,
    /// Holds out so many stretches of that length, one before the other, and judges on each what was chosen on the days
    /// before it [default: 1]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=i64::from(MOST_FOLDS)))]
    folds: Option<u32>,
    /// Replications on fresh luck that the winner is judged on [default: those of the scenario]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=i64::from(MOST_FRESH)))]
    fresh: Option<u32>,
    /// Tries every setting
    #[arg(long)]
    whole: bool,
    /// Runs only these cells of the whole grid, for example 2/4: each machine takes one part, and `autosim merge` puts
    /// their folders of cells together
    #[arg(long, value_name = "I/N", value_parser = shard, conflicts_with_all = ["export", "out"])]
    shard: Option<(u64, u64)>,
    /// Stops the search after so many requests simulated now, for example 2e9: the best so far is told, not judged (exit
    /// 1), and the same command goes on from there
    #[arg(long, value_name = "REQUESTS", value_parser = requests)]
    budget: Option<f64>,
    #[command(flatten)]
    answer: AnswerArgs,
    #[command(flatten)]
    scenario_args: ScenarioArgs,
}

const EXAMPLES: &str = "\
Examples:
  autosim tune scenarios/quickstart.toml --policy target --vary target=40..90:2 --vary min=1,2,4
  autosim tune --trace traffic.csv --policy hpa.yaml --service svc.toml --slo 'p99<300ms' \\
      --vary averageUtilization=40..90:5 --vary minReplicas=2,4,8 --export tuned.yaml
  autosim tune scenarios/quickstart.toml --policy target --vary target=50..80:5 --vary window=1m,5m --whole
  autosim tune week.toml --policy hpa.yaml --vary target=40..90:1 --holdout 2d
  autosim tune week.toml --policy hpa.yaml --vary target=40..90:1 --holdout 1d --folds 3
  autosim tune study.toml --budget 2e9
Exit codes: 0 a setting holds, 1 none does or the search did not end, 2 bad input, 130 interrupted.
Ranges are FIRST..LAST:STEP, or FIRST..LAST:xFACTOR; lists have commas. The search tries settings on common
random numbers; the winner is judged on other luck, beside the policy that runs today and its neighbour that fails.
`autosim schema study` has the keys of a study.";

pub(super) fn requests(text: &str) -> Result<f64, String> {
    let count = text.replace('_', "").parse::<f64>().ok().filter(|count| is_budget(*count));
    count.ok_or_else(|| "a number of requests, for example 2e9".into())
}

fn shard(text: &str) -> Result<(u64, u64), String> {
    const MOST: u64 = 100_000;
    let parts = text.split_once('/');
    let parts = parts.and_then(|(own, of)| Some((own.parse().ok()?, of.parse().ok()?)));
    parts.filter(|(own, of)| *of <= MOST && (1..=*of).contains(own)).ok_or_else(|| {
        format!("expected I/N with I from 1 to N, for example 2/4, and N at most {MOST}") //
    })
}

pub(super) fn run(args: &Args, terminal: &Terminal) -> Result<Exit, Failure> {
    let (study, loaded) = asked::asked(args)?;
    let tuning = Tuning::of(study, loaded, terminal)?;
    args.answer.refuse(&tuning)?;
    match args.shard {
        None => tuning.answer(&args.answer, terminal),
        Some(_) if !tuning.study.whole => Err(Failure::bad_input(
            "--shard divides the whole grid, and a search chooses as it goes: add --whole",
        )),
        Some(shard) => tuning.sweep(&args.answer, shard, terminal),
    }
}

/// What this program does, by its bytes: figures may differ from one build to the next.
fn program() -> String {
    let read = std::env::current_exe().and_then(std::fs::read);
    read.map_or_else(|_| env!("CARGO_PKG_VERSION").to_owned(), |bytes| fingerprint(&bytes))
}

/// What is tuned, and what is asked of it.
struct Tuning {
    scenario: Scenario,
    beside: Beside,
    families: Vec<Family>,
    study: Study,
}

impl Tuning {
    /// Refuses what cannot be searched.
    fn of(
        study: Study,
        loaded: Result<Loaded, Findings>,
        terminal: &Terminal,
    ) -> Result<Self, Failure> {
        let beside = loaded.as_ref().map_or_else(|_| Beside::default(), |one| one.beside.clone());
        let scenario = accept(loaded, terminal)?;
        let families = families(&scenario, &study.vary).map_err(|faults| {
            Failure::Said(faults.iter().map(|fault| format!("error: {fault}\n")).collect())
        })?;
        if scenario.slo.is_empty() {
            return Err(Failure::bad_input(
                "there is no SLO that a setting could keep, and the cheapest is none: state one with --slo \
                 'p99<300ms', or in the scenario",
            ));
        }
        if families.is_empty() {
            return Err(Failure::bad_input(
                "no policy can vary: those that see the future are references",
            ));
        }
        held_out(&study, &scenario)?;
        Ok(Self { scenario, beside, families, study })
    }

    fn question(&self) -> Question {
        let replications = self.scenario.replications;
        Question {
            plan: Plan {
                replications,
                most_replications: replications.saturating_mul(4).max(8),
                // Told by the settings themselves.
                draws: true,
                at_once: 4,
                whole: self.study.whole,
            },
            fresh: self.study.fresh.unwrap_or(replications),
            holdout: self.study.holdout,
            folds: self.study.folds.unwrap_or(1),
        }
    }

    fn laboratory<'a>(
        &'a self,
        cells: &'a dyn Cells,
        jobs: usize,
        cancel: &'a Arc<AtomicBool>,
    ) -> Laboratory<'a> {
        let (scenario, beside) = (&self.scenario, self.beside.clone());
        let mut laboratory = Laboratory::new(scenario, beside, &self.families, cells, jobs, cancel);
        laboratory.program = program();
        laboratory.budget = self.study.budget.map(|requests| requests as u64);
        laboratory
    }

    /// Searches, judges and tells.
    fn answer(&self, args: &AnswerArgs, terminal: &Terminal) -> Result<Exit, Failure> {
        let kept = CellFolder::open(&args.cells(self), terminal.interactive && !args.quiet)?;
        let cancel = Arc::new(AtomicBool::new(false));
        stop_when_asked(&cancel);
        let (question, jobs) = (self.question(), args.jobs(self));
        let effort = Effort::start();
        let mut laboratory = self.laboratory(&kept, jobs, &cancel);
        prepare(&mut laboratory, &question)?;
        if !args.quiet {
            terminal.say(&self.announced(&question, jobs));
        }
        let ended = tune(&mut laboratory, &question, &Bar::new(false));
        let lost = kept.finish();
        let outcome = match ended {
            Ok(outcome) => outcome,
            Err(stop) => {
                lost?;
                return stopped(stop, &kept, &laboratory, terminal);
            }
        };
        if !args.quiet {
            let judged =
                outcome.judged.as_ref().map_or(0, |judged| judged.results.simulated_requests);
            terminal.say(&effort.line(laboratory.requests_now + judged));
        }
        let tuned = Tuned { laboratory: &laboratory, outcome: &outcome };
        args.give(self, tuned, terminal)?;
        lost?;
        let all_folds = question.folds == 1 || outcome.folds.len() == question.folds as usize;
        let answered = outcome.winner.is_some() && !outcome.unfinished && all_folds;
        Ok(if answered { Exit::Good } else { Exit::Failed })
    }

    /// Runs one shard of the whole grid.
    fn sweep(
        &self,
        args: &AnswerArgs,
        (own, of): (u64, u64),
        terminal: &Terminal,
    ) -> Result<Exit, Failure> {
        let folder = args.cells(self);
        let record = Record::of(self, of, &folder)?;
        let mut kept = CellFolder::open(&folder, terminal.interactive && !args.quiet)?;
        record.leave()?;
        let cancel = Arc::new(AtomicBool::new(false));
        stop_when_asked(&cancel);
        kept.stop_when_lost(&cancel);
        let mut laboratory = self.laboratory(&kept, args.jobs(self), &cancel);
        laboratory.shard = Some((own, of));
        let swept = sweep(&mut laboratory, &self.question());
        kept.finish()?;
        match swept {
            Ok(()) => {
                terminal.print(&format!(
                    "shard {own} of {of}: {} run, {} there before, in {}\n",
                    plural(laboratory.run as u64, "cell"),
                    laboratory.found,
                    kept.folder().display()
                ))?;
                Ok(Exit::Good)
            }
            Err(stop) => stopped(stop, &kept, &laboratory, terminal),
        }
    }

    /// What it would take, before it begins.
    fn announced(&self, question: &Question, jobs: usize) -> String {
        let all = &self.families;
        let size: f64 = all.iter().map(|family| family.space.size_told()).sum();
        let one = Estimate::of(&self.scenario, jobs);
        let (requests, elapsed_s) =
            (one.requests / one.cells.max(1) as f64, one.elapsed_s / one.cells.max(1) as f64);
        let replications = f64::from(question.plan.replications);
        let whole = question.plan.whole;
        let searched =
            if whole { size * replications } else { size.min(45.0 * all.len() as f64) * 2.0 };
        let judged = f64::from(question.fresh) * (all.len() as f64 + 2.0);
        let cells = (searched + judged) * f64::from(question.folds);
        let about = if whole { "" } else { "usually " };
        format!(
            "{}; {about}about {cells:.0} cells of {} each, {} in all",
            plural(size.round() as u64, "setting"),
            plural(requests.round() as u64, "request"),
            super::effort::duration(cells * elapsed_s)
        )
    }
}

/// Refuses days held out that leave nothing to search, or nothing to judge on.
fn held_out(study: &Study, scenario: &Scenario) -> Result<(), Failure> {
    let folds = study.folds.unwrap_or(1);
    let Some(holdout) = study.holdout else {
        return match folds {
            1 => Ok(()),
            _ => Err(Failure::bad_input(
                "--folds: nothing is held out; say with --holdout how long each stretch is",
            )),
        };
    };
    let window = scenario.window;
    let measured = window.end.0.saturating_sub(window.warmup.0);
    let all = holdout.0.saturating_mul(u64::from(folds));
    if holdout.0 > 0 && all < measured {
        return Ok(());
    }
    let folds = if folds > 1 { format!(" --folds {folds}") } else { String::new() };
    Err(Failure::bad_input(format_args!(
        "--holdout {holdout}{folds}: of {} something must be left on either side",
        Span(measured)
    )))
}

/// How a search ends that found no answer.
fn stopped(
    stop: Stop,
    kept: &CellFolder,
    laboratory: &Laboratory<'_>,
    terminal: &Terminal,
) -> Result<Exit, Failure> {
    match stop {
        Stop::Interrupted => {
            let cells = plural(kept.kept() + laboratory.found as u64, "finished cell");
            let folder = kept.folder().display();
            terminal.say(&format!(
                "interrupted; {cells} in {folder}: the same command goes on from there"
            ));
            Ok(Exit::Interrupted)
        }
        stop @ (Stop::Budget | Stop::Refused(_) | Stop::NotEdited(_) | Stop::Run(_)) => {
            Err(stop.into())
        }
    }
}

impl From<Stop> for Failure {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::Interrupted => Self::bad_input("interrupted"),
            Stop::Budget => Self::bad_input(
                "--budget: it is spent; what is finished is kept, and the same command goes on from there",
            ),
            Stop::Refused(findings) => (*findings).into(),
            Stop::NotEdited(text) => Self::bad_input(text),
            Stop::Run(error) => Self::bad_input(error),
        }
    }
}
