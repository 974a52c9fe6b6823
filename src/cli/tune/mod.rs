//! `tune`: the cheapest setting that holds.

mod cells;

use super::effort::Effort;
use super::execute::jobs;
use super::exit::{Exit, Failure};
use super::input::{ScenarioArgs, accept};
use super::progress::Bar;
use super::signals::stop_when_asked;
use super::terminal::Terminal;
use autosim_engine::units::{Span, plural};
use autosim_report::{Tuned, check_folder, table, write_with};
use autosim_study::experiment::Estimate;
use autosim_study::scenario::{Beside, Scenario};
use autosim_study::tune::{
    Axis, Family, Laboratory, Outcome, Plan, Question, Stop, families, fingerprint, sweep, tune,
};
use cells::CellFolder;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// Find the cheapest setting that keeps the SLO, and say how sure that is
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// The scenario, a TOML file; its policies, or those of --policy, are what varies
    #[arg(value_name = "SCENARIO")]
    scenario: Option<PathBuf>,
    /// What varies and over which values: a key of a policy, a member of its document, or a key of the scenario;
    /// `POLICY:KEY=...` for one policy only; `min`, `max` and `target` mean what each platform calls so; may be
    /// repeated
    #[arg(long = "vary", value_name = "KEY=VALUES", required = true)]
    vary: Vec<Axis>,
    /// Judges the winner on this much of the end of the run, which the search does not see
    #[arg(long, value_name = "SPAN")]
    holdout: Option<Span>,
    /// Replications on fresh luck that the winner is judged on [default: those of the scenario]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    fresh: Option<u32>,
    /// Tries every setting
    #[arg(long)]
    whole: bool,
    /// Runs only these cells of the whole grid, for example 2/4: each machine takes one part; when all folders of cells
    /// are put into one, the same command without it has the answer
    #[arg(long, value_name = "I/N", value_parser = shard, requires = "whole")]
    shard: Option<(u64, u64)>,
    /// Stops the search after so many requests simulated now, for example 2e9: the best so far is told, not judged (exit
    /// 1), and the same command goes on from there
    #[arg(long, value_name = "REQUESTS", value_parser = requests)]
    budget: Option<u64>,
    /// Where finished cells are kept, so that a search that was stopped goes on, and one that is asked again is
    /// quick [default: output/NAME.cells]
    #[arg(long, value_name = "DIR")]
    cells: Option<PathBuf>,
    /// Writes the winner's document with its values changed and everything else as it was, or, for a policy of
    /// autosim's own, the keys to set
    #[arg(long, value_name = "FILE")]
    export: Option<PathBuf>,
    /// Folder for the files of the judgement, settings.csv and settings.json [default: output/NAME-tuned]
    #[arg(long, short, value_name = "DIR")]
    out: Option<PathBuf>,
    /// What is printed on standard output
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Cells simulated at once [default: one per processor]
    #[arg(long, short, value_name = "N", value_parser = jobs)]
    jobs: Option<NonZeroUsize>,
    /// Says nothing on standard error but faults
    #[arg(long, short)]
    quiet: bool,
    #[command(flatten)]
    scenario_args: ScenarioArgs,
}

/// Form of the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
enum Format {
    /// For people
    #[default]
    Table,
    /// A row for every setting that was tried
    Csv,
    /// One object
    Json,
}

const EXAMPLES: &str = "\
Examples:
  autosim tune scenarios/quickstart.toml --policy target --vary target=40..90:2 --vary min=1,2,4
  autosim tune --trace traffic.csv --policy hpa.yaml --service svc.toml --slo 'p99<300ms' \\
      --vary averageUtilization=40..90:5 --vary minReplicas=2,4,8 --export tuned.yaml
  autosim tune scenarios/quickstart.toml --policy target --vary target=50..80:5 --vary window=1m,5m --whole
  autosim tune week.toml --policy hpa.yaml --vary target=40..90:1 --holdout 2d
Exit codes: 0 a setting holds, 1 none does or the search did not end, 2 bad input, 130 interrupted.
Ranges are FIRST..LAST:STEP, or FIRST..LAST:xFACTOR; lists have commas. The search tries settings on common
random numbers; the winner is judged on other luck, beside the policy that runs today and its neighbour that fails.";

pub(super) fn requests(text: &str) -> Result<u64, String> {
    let count = text.replace('_', "").parse::<f64>().ok();
    let count = count.filter(|count| (1.0..1e18).contains(count));
    count.map(|count| count as u64).ok_or_else(|| "a number of requests, for example 2e9".into())
}

fn shard(text: &str) -> Result<(u64, u64), String> {
    let parts = text.split_once('/');
    let parts = parts.and_then(|(own, of)| Some((own.parse().ok()?, of.parse().ok()?)));
    parts.filter(|(own, of)| (1..=*of).contains(own)).ok_or_else(|| {
        "expected I/N with I from 1 to N, for example 2/4".to_owned() //
    })
}

pub(super) fn run(args: &Args, terminal: &Terminal) -> Result<Exit, Failure> {
    let loaded = args.scenario_args.load(args.scenario.as_deref())?;
    let beside = loaded.as_ref().map_or_else(|_| Beside::default(), |loaded| loaded.beside.clone());
    let scenario = accept(loaded, terminal)?;
    let all = families(&scenario, &args.vary).map_err(|faults| {
        Failure::Said(faults.iter().map(|fault| format!("error: {fault}\n")).collect())
    })?;
    args.refuse(&scenario, &all)?;
    let out = args.out.clone().unwrap_or_else(|| {
        Path::new("output").join(format!("{}-tuned", scenario.name)) //
    });
    check_folder(&out).map_err(Failure::bad_input)?;
    let cells = args.cells.clone();
    let cells =
        cells.unwrap_or_else(|| Path::new("output").join(format!("{}.cells", scenario.name)));
    let shown = terminal.interactive && !args.quiet;
    let kept = CellFolder::open(&cells, shown)?;
    let cancel = Arc::new(AtomicBool::new(false));
    stop_when_asked(&cancel);
    let question = args.question(&scenario);
    let jobs = args.jobs(&scenario);
    if !args.quiet {
        terminal.say(&announced(&scenario, &all, &question, jobs));
    }
    let effort = Effort::start();
    let mut laboratory = Laboratory::new(&scenario, beside, &all, &kept, jobs, &cancel);
    laboratory.program = program();
    laboratory.budget = args.budget;
    laboratory.shard = args.shard;
    if args.shard.is_some() {
        let swept = sweep(&mut laboratory, &question);
        kept.finish()?;
        return match swept {
            Ok(()) => args.swept(&kept, &laboratory, terminal),
            Err(stop) => stopped(stop, &kept, &laboratory, terminal),
        };
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
        let judged = outcome.judged.as_ref().map_or(0, |judged| judged.results.simulated_requests);
        terminal.say(&effort.line(laboratory.requests_now + judged));
    }
    let tuned = Tuned { laboratory: &laboratory, outcome: &outcome };
    args.print(tuned, terminal)?;
    args.leave(tuned, &out, terminal)?;
    lost?;
    let answered = outcome.winner.is_some() && !outcome.unfinished;
    Ok(if answered { Exit::Good } else { Exit::Failed })
}

/// What this program does, by its bytes: figures may differ from one build to the next.
fn program() -> String {
    let read = std::env::current_exe().and_then(std::fs::read);
    read.map_or_else(|_| env!("CARGO_PKG_VERSION").to_owned(), |bytes| fingerprint(&bytes))
}

/// What it would take, before it begins.
fn announced(scenario: &Scenario, all: &[Family], question: &Question, jobs: usize) -> String {
    let size: f64 = all.iter().map(|family| family.space.size_told()).sum();
    let one = Estimate::of(scenario, jobs);
    let (requests, elapsed_s) =
        (one.requests / one.cells.max(1) as f64, one.elapsed_s / one.cells.max(1) as f64);
    let replications = f64::from(question.plan.replications);
    let whole = question.plan.whole;
    let searched =
        if whole { size * replications } else { size.min(45.0 * all.len() as f64) * 2.0 };
    let judged = f64::from(question.fresh) * (all.len() as f64 + 2.0);
    let cells = searched + judged;
    let about = if whole { "" } else { "usually " };
    format!(
        "{}; {about}about {cells:.0} cells of {} each, {} in all",
        plural(size.round() as u64, "setting"),
        plural(requests.round() as u64, "request"),
        super::effort::duration(cells * elapsed_s)
    )
}

/// What a document is called with its values changed.
fn tuned_name(name: &str) -> String {
    let file = Path::new(name).file_name().map(|file| file.to_string_lossy());
    format!("tuned-{}", file.unwrap_or_default())
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
        Stop::Budget => Err(Failure::bad_input("--budget: it is spent")),
        Stop::Refused(findings) => Err((*findings).into()),
        Stop::NotEdited(text) => Err(Failure::bad_input(text)),
        Stop::Run(error) => Err(Failure::bad_input(error)),
    }
}

impl Args {
    fn jobs(&self, scenario: &Scenario) -> usize {
        let jobs = self.jobs.or_else(|| std::thread::available_parallelism().ok());
        Estimate::jobs_that_fit(scenario, jobs.map_or(1, NonZeroUsize::get))
    }

    fn question(&self, scenario: &Scenario) -> Question {
        let replications = scenario.replications;
        Question {
            plan: Plan {
                replications,
                most_replications: replications.saturating_mul(4).max(8),
                // Told by the settings themselves.
                draws: true,
                at_once: 4,
                whole: self.whole,
            },
            fresh: self.fresh.unwrap_or(scenario.replications),
            holdout: self.holdout,
        }
    }

    /// Refuses what cannot be searched.
    fn refuse(&self, scenario: &Scenario, all: &[Family]) -> Result<(), Failure> {
        if scenario.slo.is_empty() {
            return Err(Failure::bad_input(
                "there is no SLO that a setting could keep, and the cheapest is none: state one with --slo \
                 'p99<300ms', or in the scenario",
            ));
        }
        if all.is_empty() {
            return Err(Failure::bad_input(
                "no policy can vary: those that see the future are references",
            ));
        }
        if let Some(folder) = self.export.as_deref().and_then(Path::parent)
            && !folder.as_os_str().is_empty()
            && !folder.is_dir()
        {
            return Err(Failure::bad_input(format_args!(
                "--export: there is no folder {}",
                folder.display()
            )));
        }
        if let Some(holdout) = self.holdout {
            let window = scenario.window;
            let measured = window.end.0.saturating_sub(window.warmup.0);
            if holdout.0 == 0 || holdout.0 >= measured {
                return Err(Failure::bad_input(format_args!(
                    "--holdout {holdout}: of {} something must be left on either side",
                    Span(measured)
                )));
            }
        }
        Ok(())
    }

    /// What a shard says when it is done.
    fn swept(
        &self,
        kept: &CellFolder,
        laboratory: &Laboratory<'_>,
        terminal: &Terminal,
    ) -> Result<Exit, Failure> {
        let (own, of) = self.shard.unwrap_or((1, 1));
        terminal.print(&format!(
            "shard {own} of {of}: {} run, {} there before, in {}\n",
            plural(laboratory.run as u64, "cell"),
            laboratory.found,
            kept.folder().display()
        ))?;
        Ok(Exit::Good)
    }

    fn print(&self, tuned: Tuned<'_>, terminal: &Terminal) -> Result<(), Failure> {
        terminal.print(&match self.format {
            Format::Csv => tuned.csv(),
            Format::Json => format!("{:#}\n", tuned.json()),
            Format::Table => {
                let (before, after) = tuned.text();
                let judged = tuned.outcome.judged.as_ref();
                let judged = judged.map_or_else(String::new, |judged| {
                    format!("\n{}", table(&judged.results, &judged.comparison, terminal.width))
                });
                format!("{before}{judged}{after}{}", self.apply(tuned))
            }
        })
    }

    /// How the winner is put to use.
    fn apply(&self, tuned: Tuned<'_>) -> String {
        let Some((family, point)) = tuned.outcome.winner else { return String::new() };
        let family = &tuned.laboratory.families[family];
        let (edits, sets): (Vec<String>, Vec<String>) =
            family.flags(point).into_iter().partition(|flag| flag.starts_with("--edit"));
        let mut text = String::new();
        if !sets.is_empty() {
            text += &format!("\nTo run with it: autosim run ... {}\n", sets.join(" "));
        }
        if !edits.is_empty() {
            text += &format!(
                "\nTo change the document: autosim export --policy FILE {}\n",
                edits.join(" ")
            );
        }
        text
    }

    /// Writes the files of the judgement with every setting beside them, and the winner's document.
    fn leave(&self, tuned: Tuned<'_>, out: &Path, terminal: &Terminal) -> Result<(), Failure> {
        if let Some(judged) = &tuned.outcome.judged {
            let mut beside = vec![
                ("settings.csv".to_owned(), tuned.csv()),
                ("settings.json".to_owned(), format!("{:#}\n", tuned.json())),
            ];
            beside.extend(tuned.pictures().map_err(Failure::bad_input)?);
            for (family, point) in tuned.outcome.bests() {
                let changed = tuned.laboratory.families[family].exported(point);
                let changed = changed.map_err(Failure::bad_input)?.into_iter();
                beside.extend(changed.map(|(name, text)| (tuned_name(&name), text)));
            }
            let written = write_with(&judged.results, &judged.comparison, &beside, out);
            let written = written.map_err(Failure::bad_input)?;
            if !self.quiet {
                terminal.say(&format!(
                    "{} files in {}",
                    written.files.len(),
                    written.folder.display()
                ));
            }
        }
        self.export(tuned.outcome, tuned.laboratory, terminal)
    }

    fn export(
        &self,
        outcome: &Outcome,
        laboratory: &Laboratory<'_>,
        terminal: &Terminal,
    ) -> Result<(), Failure> {
        let Some(path) = &self.export else { return Ok(()) };
        let Some((family, point)) = outcome.winner else {
            return Err(Failure::bad_input(format_args!(
                "--export {}: nothing holds, so there is nothing to write",
                path.display()
            )));
        };
        let family = &laboratory.families[family];
        let documents = family.exported(point).map_err(Failure::bad_input)?;
        let text = match documents.as_slice() {
            [] => family.flags(point).join("\n") + "\n",
            [(_, text)] => text.clone(),
            several => {
                let names: Vec<&str> = several.iter().map(|(name, _)| name.as_str()).collect();
                return Err(Failure::bad_input(format_args!(
                    "--export {}: {} documents change ({}): `autosim export --edit` writes one at a time",
                    path.display(),
                    names.len(),
                    names.join(", ")
                )));
            }
        };
        let failed =
            |error| Failure::bad_input(format_args!("--export {}: {error}", path.display()));
        std::fs::write(path, text).map_err(failed)?;
        let flags = family.flags(point);
        let beside: Vec<&String> =
            flags.iter().filter(|flag| !flag.starts_with("--edit")).collect();
        if !documents.is_empty() && !beside.is_empty() {
            let beside: Vec<&str> = beside.into_iter().map(String::as_str).collect();
            terminal.say(&format!("not part of the document: {}", beside.join(" ")));
        }
        if !self.quiet {
            terminal.say(&format!("the winner's document is in {}", path.display()));
        }
        Ok(())
    }
}
