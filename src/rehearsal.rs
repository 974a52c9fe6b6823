//! Asking autosim from a program.

use autosim_study::experiment::{
    Compared, Comparison, Figure, Results, Ruling, RunError, RunOptions, Silent, run,
};
use autosim_study::scenario::{Layer, LoadOptions, OwnPolicy, Sources, load};
use std::fmt::Display;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// What a scenario is called that is made in a program.
const NAME: &str = "rehearsal";

/// Traffic, a service and policies that compete for it; what is not said has the defaults of a scenario
/// file (`docs/guide.md`). Nothing is checked before [`Rehearsal::run`], which tells all faults at once.
#[derive(Debug, Clone, Default)]
#[must_use = "nothing happens before `run`"]
pub struct Rehearsal {
    text: String,
    options: LoadOptions,
    jobs: Option<usize>,
}

impl Rehearsal {
    /// Requests that arrive at random with a constant mean rate, for example `"200/s"`, for an hour.
    pub fn poisson(rate: &str) -> Self {
        Self::of_scenario("").set("workload.arrivals.main.poisson.rate", rate)
    }

    /// Requests as a recording has them: any file that `[workload.arrivals.NAME.replay]` reads.
    pub fn replay(file: &str) -> Self {
        Self::of_scenario("").set("workload.arrivals.main.replay.file", file)
    }

    /// A scenario as its file has it, in TOML.
    pub fn of_scenario(text: impl Into<String>) -> Self {
        let options = LoadOptions { fallback_name: NAME.to_owned(), ..LoadOptions::default() };
        Self { text: text.into(), options, jobs: None }
    }

    /// Where relative paths start; by default the working directory.
    pub fn in_folder(mut self, folder: impl Into<PathBuf>) -> Self {
        self.options.folder = folder.into();
        self
    }

    /// Any key of a scenario, as `--set` takes it: `set("replica.cold_start", "25s")`.
    pub fn set(mut self, key: &str, value: impl Display) -> Self {
        let value = value.to_string();
        let name = format!("set(\"{key}\", \"{value}\")");
        self.options.layers.push(Layer::value(name, key, &value));
        self
    }

    /// A policy of autosim's own or of a product, as a scenario writes it below `[policies.NAME]`:
    /// `policy("peak", "fixed = { replicas = 12 }")`.
    pub fn policy(mut self, name: &str, kind: &str) -> Self {
        let text = format!("[policies.{name}]\n{kind}\n");
        self.options.layers.push(Layer::part(format!("policy(\"{name}\", ..)"), text));
        self
    }

    /// A policy of the program's own.
    pub fn own(mut self, name: &str, policy: OwnPolicy) -> Self {
        self.options.own.push((name.to_owned(), policy));
        self
    }

    /// Cells simulated at once; by default one per processor. Changes no figure.
    pub fn jobs(mut self, jobs: usize) -> Self {
        self.jobs = Some(jobs);
        self
    }

    /// Plays every policy in every replication (10, unless `replications` is set) on the same requests.
    ///
    /// # Errors
    /// Everything that is wrong with it, or the first simulation that could not go on.
    pub fn run(&self) -> Result<Answer, RehearsalError> {
        let sources = Sources::new(NAME, self.text.clone());
        let loaded = load(sources, &self.options)
            .map_err(|findings| RehearsalError::Refused(findings.render(false)))?;
        let available = || std::thread::available_parallelism().map_or(1, usize::from);
        let cancel = Arc::new(AtomicBool::new(false));
        let options = RunOptions {
            jobs: self.jobs.unwrap_or_else(available),
            all_timelines: false,
            all_decisions: true,
            limits: &[],
            cancel: &cancel,
        };
        let results = run(&loaded.scenario, &options, &Silent)?;
        let comparison = Comparison::of(&results);
        Ok(Answer { results, comparison, warnings: loaded.warnings.render(false) })
    }
}

/// Why there is no answer; the rehearsal is as it was and can be changed and run again.
#[derive(Debug, thiserror::Error)]
pub enum RehearsalError {
    /// What was asked cannot be: every fault, with its place and what would be right; nothing was simulated.
    #[error("{0}")]
    Refused(String),
    /// A simulation could not go on; nothing is kept of those that could.
    #[error(transparent)]
    Run(#[from] RunError),
}

/// What a rehearsal found.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Everything: a row of figures for every policy and replication, timeline, every decision and launch of
    /// the first replication.
    pub results: Results,
    /// The policies side by side.
    pub comparison: Comparison,
    /// What is legal but unwise, as text; empty if nothing is.
    pub warnings: String,
}

impl Answer {
    /// The policies in the order they were given, each with its estimates and its verdict.
    pub fn policies(&self) -> &[Compared] {
        &self.comparison.policies
    }

    /// The mean of a figure over the replications of a policy; none if there is no such policy or figure.
    pub fn mean(&self, policy: &str, figure: Figure) -> Option<f64> {
        let policy = self.policies().iter().find(|one| one.name == policy)?;
        policy.estimate(figure).map(|estimate| estimate.mean)
    }

    /// The cheapest policy that keeps the SLO; none if none does or there is no SLO.
    pub fn cheapest_that_holds(&self) -> Option<&Compared> {
        let base = self.policies().get(self.comparison.baseline)?;
        (base.verdict.ruling == Ruling::Met).then_some(base)
    }
}
