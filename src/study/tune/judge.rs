//! The winner beside what it is to be held against: with another seed, and on the days held out.

use super::family::Family;
use super::laboratory::{Laboratory, Stop};
use super::outcome::{Outcome, Question};
use super::space::Point;
use crate::experiment::{Compared, Comparison, Progress, Results, Ruling, RunOptions, run};
use crate::scenario::{Layer, LoadOptions, Loaded, Scenario, Sources, load};

/// A run of its own that settles it.
#[derive(Debug)]
pub struct Judged {
    /// The run.
    pub results: Results,
    /// Its policies side by side.
    pub comparison: Comparison,
    /// Name of the winner in it.
    pub tuned: String,
    /// Names of the best settings of the other policies that vary.
    pub bests: Vec<String>,
    /// Name of the neighbour that does not hold.
    pub next: Option<String>,
    /// Name of the policy that runs today.
    pub today: Option<String>,
    /// Names of others that held in the search.
    pub others: Vec<String>,
}

impl Judged {
    /// A policy of it.
    pub fn policy(&self, name: &str) -> Option<&Compared> {
        self.comparison.policies.iter().find(|policy| policy.name == name)
    }

    /// How a policy of it came out.
    pub fn ruling(&self, name: &str) -> Option<Ruling> {
        self.policy(name).map(|policy| policy.verdict.ruling)
    }

    /// The cheapest of the others that held, and what it cost.
    pub fn cheapest_other(&self) -> Option<(f64, &str)> {
        let all = self.comparison.policies.iter().filter(|one| one.name != self.tuned);
        let held = all.filter(|one| one.verdict.ruling == Ruling::Met);
        let costs = held.filter_map(|one| Some((self.cost(one)?, one.name.as_str())));
        costs.min_by(|a, b| a.0.total_cmp(&b.0))
    }

    /// What the choice of the winner lets pass: how much less the cheapest of the others that held cost, as a share of
    /// the winner's cost; 0 where none did for less.
    pub fn regret(&self) -> Option<f64> {
        let own = self.policy(&self.tuned).and_then(|tuned| self.cost(tuned))?;
        let less = self.cheapest_other().map_or(0.0, |(least, _)| 1.0 - least / own);
        Some(less.max(0.0))
    }

    /// What a policy of it cost, on average.
    pub fn cost(&self, policy: &Compared) -> Option<f64> {
        policy.estimate(self.comparison.cost.figure()).map(|cost| cost.mean)
    }
}

/// Runs the winner, and whatever it is to be held against; `layers` say which days count.
pub(super) fn judge(
    laboratory: &Laboratory<'_>,
    outcome: &Outcome,
    winner: (usize, Point),
    (question, attempt): (&Question, u64),
    layers: &[Layer],
    progress: &dyn Progress,
) -> Result<Judged, Stop> {
    let mut bench = Bench::new(laboratory, winner, layers);
    let seed = laboratory.base.seed.wrapping_add(1_000_003 * (attempt + 1)) & (i64::MAX as u64);
    bench.set("seed", seed);
    bench.set("replications", u64::from(question.fresh));
    let tuned = bench.add(winner, "tuned")?;
    let mut bests = Vec::new();
    for other in outcome.bests().into_iter().filter(|other| *other != winner) {
        bests.extend(bench.add_beside(other, "tuned")?);
    }
    let failing = outcome.found[winner.0].failing.map(|point| (winner.0, point));
    let next = failing.map(|failing| bench.add_beside(failing, "next")).transpose()?.flatten();
    let mut others = Vec::new();
    if question.holdout.is_some() {
        for (at, other) in outcome.others().into_iter().enumerate() {
            others.extend(bench.add_beside(other, &format!("other-{}", at + 1))?);
        }
    }
    let today = outcome.today.and_then(|family| bench.add_as_it_is(family));
    let scenario = bench.scenario()?;
    let options = RunOptions {
        jobs: laboratory.jobs,
        all_timelines: false,
        all_decisions: false,
        limits: &[],
        cancel: laboratory.cancel,
    };
    let results = run(&scenario, &options, progress).map_err(Stop::Run)?;
    if !results.complete {
        return Err(Stop::Interrupted);
    }
    let comparison = Comparison::of(&results);
    Ok(Judged { results, comparison, tuned, bests, next, today, others })
}

/// A scenario that is put together of settings.
struct Bench<'a> {
    base: &'a Scenario,
    families: &'a [Family],
    /// What the winner changes for every policy: what changes it otherwise cannot stand beside.
    around: Vec<(String, String)>,
    sources: Sources,
    options: LoadOptions,
    names: Vec<String>,
}

impl<'a> Bench<'a> {
    fn new(laboratory: &Laboratory<'a>, winner: (usize, Point), layers: &[Layer]) -> Self {
        let (base, families) = (laboratory.base, laboratory.families);
        let around = families[winner.0].around(Some(winner.1));
        let (sources, mut options) = laboratory.restored();
        options.layers.extend(layers.iter().cloned());
        options.layers.extend(around.iter().map(|(key, value)| {
            Layer::value(format!("--vary {key}={value}"), key, value) //
        }));
        Self { base, families, around, sources, options, names: Vec::new() }
    }

    fn set(&mut self, key: &str, number: u64) {
        let number = number.to_string();
        self.options.layers.push(Layer::value(format!("--{key} {number}"), key, &number));
    }

    /// Adds a setting; its name.
    fn add(&mut self, (family, point): (usize, Point), suffix: &str) -> Result<String, Stop> {
        let family = &self.families[family];
        let plain = |c: char| if c.is_ascii_alphanumeric() || c == '_' { c } else { '-' };
        let mut name: String = family.policy.chars().map(plain).collect();
        name = format!("{name}-{suffix}");
        let is_taken = |name: &String| {
            self.names.contains(name) || self.base.policies.iter().any(|one| one.name == *name)
        };
        while is_taken(&name) {
            name.push('-');
        }
        let (layers, documents) = family.layers(&name, Some(point)).map_err(Stop::NotEdited)?;
        self.options.layers.extend(layers);
        self.options.documents.extend(documents);
        self.names.push(name.clone());
        Ok(name)
    }

    /// The same of one that may change what every policy meets: not if it would.
    fn add_beside(&mut self, other: (usize, Point), suffix: &str) -> Result<Option<String>, Stop> {
        match self.families[other.0].around(Some(other.1)) == self.around {
            true => self.add(other, suffix).map(Some),
            false => Ok(None),
        }
    }

    /// Adds a policy as the scenario has it, in what the scenario has around it, as the one to compare with.
    fn add_as_it_is(&mut self, family: usize) -> Option<String> {
        if !self.around.is_empty() {
            return None;
        }
        let name = self.families[family].policy.clone();
        let value = toml::Value::String(name.clone()).to_string();
        self.options.layers.push(Layer::value(format!("--base {name}"), "base", &value));
        self.names.push(name.clone());
        Some(name)
    }

    fn scenario(mut self) -> Result<Scenario, Stop> {
        self.options.choose_only(self.names);
        match load(self.sources, &self.options) {
            Ok(Loaded { scenario, .. }) => Ok(scenario),
            Err(findings) => Err(Stop::Refused(Box::new(findings))),
        }
    }
}
