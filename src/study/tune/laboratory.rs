//! Where settings are tried: each becomes a policy of a scenario beside others, all on the same requests.

use super::family::Family;
use super::plan::Trials;
use super::space::Point;
use super::standing::Sample;
use crate::experiment::{Cell, CellFigures, CostBy, Figure, Row, RunError, Verdict, run_lean};
use crate::scenario::{
    Beside, Findings, Layer, LoadOptions, Loaded, Scenario, SloTerms, Sources, load,
};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Finished cells, kept by what they are: whoever asks keeps them where they last.
pub trait Cells: Sync {
    /// What a cell showed, if it was finished before.
    fn find(&self, id: &str) -> Option<CellFigures>;
    /// Keeps what a cell showed.
    fn keep(&self, id: &str, figures: &CellFigures);
    /// So many cells are to be run now, and so many requests were simulated so far.
    fn begins(&self, _cells: usize, _requests: u64) {}
}

/// Why no more is tried.
#[derive(Debug)]
pub enum Stop {
    /// It was asked to; what is finished is kept.
    Interrupted,
    /// The requests that were allowed are spent.
    Budget,
    /// A setting that cannot be run: what is wrong with it.
    Refused(Box<Findings>),
    /// A member of a document that cannot be changed, in words.
    NotEdited(String),
    /// A simulation that could not go on.
    Run(RunError),
}

/// A setting of a family, or the policy as it is.
pub(super) type Subject = (usize, Option<Point>);
/// What a setting changes for every policy: keys of the scenario and their values.
type Around = Vec<(String, String)>;

/// What is tried, and what was seen.
pub struct Laboratory<'a> {
    /// The scenario whose policies vary.
    pub base: &'a Scenario,
    /// What stands beside its texts.
    pub beside: Beside,
    /// The program by what it does: cells that another one finished are not taken for its own.
    pub program: String,
    /// Laid on every setting: the days that are looked at.
    pub layers: Vec<Layer>,
    /// Its policies with what varies.
    pub families: &'a [Family],
    /// Finished cells.
    pub cells: &'a dyn Cells,
    /// Cells simulated at once.
    pub jobs: usize,
    /// Set from outside to stop.
    pub cancel: &'a Arc<AtomicBool>,
    /// Requests that may be simulated now.
    pub budget: Option<u64>,
    /// Only these cells are run: the first of two numbers counts from 1 to the second.
    pub shard: Option<(u64, u64)>,
    /// Values were checked: what the search sees is laid on every setting.
    pub(super) checked: bool,
    /// Something is drawn in some setting: replications differ. Known once settings were checked.
    pub draws: bool,
    /// Requests simulated in the cells of this search, finished before or now.
    pub requests: u64,
    /// Of those, simulated now.
    pub requests_now: u64,
    /// Cells that were finished before.
    pub found: usize,
    /// Cells run now.
    pub run: usize,
    identities: BTreeMap<Subject, String>,
    seen: BTreeMap<Subject, Vec<Finished>>,
    samples: BTreeMap<Subject, Vec<Sample>>,
}

/// A finished cell.
#[derive(Debug, Clone, PartialEq)]
pub struct Finished {
    /// Its identity: a hash of everything that its figures depend on, the program among it.
    pub id: String,
    /// What it showed.
    pub figures: CellFigures,
}

/// Settings that become one scenario: more would only make its texts long.
const MOST_IN_ONE: usize = 64;

impl<'a> Laboratory<'a> {
    /// Nothing was tried yet.
    pub fn new(
        base: &'a Scenario,
        beside: Beside,
        families: &'a [Family],
        cells: &'a dyn Cells,
        jobs: usize,
        cancel: &'a Arc<AtomicBool>,
    ) -> Self {
        Self {
            base,
            beside,
            program: env!("CARGO_PKG_VERSION").to_owned(),
            layers: Vec::new(),
            families,
            cells,
            jobs,
            cancel,
            budget: None,
            shard: None,
            checked: false,
            draws: base.draws(),
            requests: 0,
            requests_now: 0,
            found: 0,
            run: 0,
            identities: BTreeMap::new(),
            seen: BTreeMap::new(),
            samples: BTreeMap::new(),
        }
    }

    /// Another one, of the same settings on other days, in which nothing was tried yet.
    pub(super) fn on(&self, layers: Vec<Layer>) -> Self {
        let (beside, cells) = (self.beside.clone(), self.cells);
        Self {
            layers,
            program: self.program.clone(),
            budget: self.budget.map(|budget| budget.saturating_sub(self.requests_now)),
            shard: self.shard,
            checked: true,
            draws: self.draws,
            ..Self::new(self.base, beside, self.families, cells, self.jobs, self.cancel)
        }
    }

    /// Counts what another one simulated as its own.
    pub(super) fn count(&mut self, other: &Self) {
        self.requests += other.requests;
        self.requests_now += other.requests_now;
        self.found += other.found;
        self.run += other.run;
    }

    /// The settings of one family.
    pub fn of(&mut self, family: usize) -> OfFamily<'_, 'a> {
        OfFamily { laboratory: self, family }
    }

    /// The rows of a setting, replication by replication.
    pub fn rows(&self, family: usize, point: Option<Point>) -> Vec<&Row> {
        self.finished(family, point).iter().map(|one| &one.figures.row).collect()
    }

    /// The identity of a setting that was tried: a hash of everything that was said of it.
    pub fn identity(&self, family: usize, point: Option<Point>) -> &str {
        self.identities.get(&(family, point)).map_or("", String::as_str)
    }

    /// The cells of a setting, replication by replication.
    pub fn finished(&self, family: usize, point: Option<Point>) -> &[Finished] {
        self.seen.get(&(family, point)).map_or(&[], Vec::as_slice)
    }

    /// Refuses what its documents or its policies would refuse: every value on its own, beside the first of the
    /// others, and the corners.
    ///
    /// # Errors
    /// Everything that is wrong with any of them.
    pub(super) fn check(&mut self) -> Result<(), Stop> {
        let families = self.families;
        for (index, family) in families.iter().enumerate() {
            let mut points: Vec<Point> = corners(family);
            for (axis, values) in family.space.axes.iter().enumerate() {
                points.extend((0..values.values.len()).map(|place| {
                    let mut places = vec![0; family.space.axes.len()];
                    places[axis] = place;
                    family.space.point(&places)
                }));
            }
            points.sort_unstable();
            points.dedup();
            // What is refused is refused within the first thousand; the rest is told when it is tried.
            points.truncate(1000);
            let mut by_surroundings: BTreeMap<Around, Vec<Subject>> = BTreeMap::new();
            for point in points {
                let around = family.around(Some(point));
                by_surroundings.entry(around).or_default().push((index, Some(point)));
            }
            for (around, subjects) in by_surroundings {
                self.draws |= self.scenario(&around, &subjects)?.draws();
            }
        }
        self.checked = true;
        Ok(())
    }

    /// A scenario with these settings as its only policies, in their order.
    fn scenario(
        &self,
        around: &[(String, String)],
        subjects: &[Subject],
    ) -> Result<Scenario, Stop> {
        let (sources, mut options) = self.restored();
        options.layers.extend(self.layers.iter().cloned());
        options.layers.extend(around.iter().map(|(key, value)| {
            Layer::value(format!("--vary {key}={value}"), key, value) //
        }));
        let mut names = Vec::new();
        for (family, point) in subjects {
            let name = self.families[*family].name(*point, |name| {
                names.iter().any(|taken| taken == name) || self.is_taken(name)
            });
            let made = self.families[*family].layers(&name, *point);
            let (layers, documents) = made.map_err(Stop::NotEdited)?;
            options.layers.extend(layers);
            options.documents.extend(documents);
            names.push(name);
        }
        options.choose_only(names);
        match load(sources, &options) {
            Ok(Loaded { scenario, .. }) => Ok(scenario),
            Err(findings) => Err(Stop::Refused(Box::new(findings.without_repeats()))),
        }
    }

    /// The base as it was put together, with the engine that it chose: how many settings stand side by side must not
    /// choose another.
    pub(super) fn restored(&self) -> (Sources, LoadOptions) {
        let Beside { folder, standard_input } = self.beside.clone();
        let (sources, mut options) = self.base.recipe.restored(folder);
        options.standard_input = standard_input;
        let fidelity = if self.base.fidelity.fluid { "fluid" } else { "exact" };
        if self.base.resolved["fidelity"] == "auto" {
            let said = format!("--set fidelity={fidelity}");
            options.layers.push(Layer::value(said, "fidelity", fidelity));
        }
        (sources, options)
    }

    fn is_taken(&self, name: &str) -> bool {
        self.base.policies.iter().any(|policy| policy.name == name)
    }

    /// Runs every subject until it has so many replications.
    ///
    /// # Errors
    /// Why it is over; what was finished is kept.
    pub fn run(&mut self, wanted: &[(Subject, u32)]) -> Result<(), Stop> {
        for (around, some) in self.batches(wanted) {
            self.run_some(&around, &some)?;
        }
        Ok(())
    }

    /// Identities of the cells that [`Laboratory::run`] would need, and of nothing else: none is run.
    ///
    /// # Errors
    /// A setting that cannot be run.
    pub fn ids(&self, wanted: &[(Subject, u32)]) -> Result<Vec<String>, Stop> {
        let mut all = Vec::new();
        for (around, some) in self.batches(wanted) {
            let batch = self.batch(&around, &some)?;
            all.extend(batch.cells.into_iter().map(|(_, id)| id));
        }
        Ok(all)
    }

    /// What does not have so many replications yet, in parts that can become one scenario.
    fn batches(&self, wanted: &[(Subject, u32)]) -> Vec<(Around, Vec<(Subject, u32)>)> {
        let mut by_surroundings: BTreeMap<Around, Vec<(Subject, u32)>> = BTreeMap::new();
        for &(subject, replications) in wanted {
            if self.have(subject) < replications {
                let around = self.families[subject.0].around(subject.1);
                by_surroundings.entry(around).or_default().push((subject, replications));
            }
        }
        let parts = |(around, all): (Around, Vec<(Subject, u32)>)| {
            let some = all.chunks(MOST_IN_ONE).map(<[_]>::to_vec);
            some.map(move |some| (around.clone(), some)).collect::<Vec<_>>()
        };
        by_surroundings.into_iter().flat_map(parts).collect()
    }

    fn have(&self, subject: Subject) -> u32 {
        self.seen.get(&subject).map_or(0, Vec::len) as u32
    }

    fn batch(&self, around: &[(String, String)], wanted: &[(Subject, u32)]) -> Result<Batch, Stop> {
        let subjects: Vec<Subject> = wanted.iter().map(|(subject, _)| *subject).collect();
        let scenario = self.scenario(around, &subjects)?;
        let surroundings = surroundings(&scenario);
        let (mut settings, mut cells) = (Vec::new(), Vec::new());
        for (policy, (subject, replications)) in wanted.iter().enumerate() {
            let setting = setting_id(&surroundings, &scenario, policy);
            cells.extend((self.have(*subject)..*replications).map(|replication| {
                (Cell { replication, policy }, cell_id(&setting, replication, &self.program))
            }));
            settings.push((*subject, setting));
        }
        Ok(Batch { scenario, settings, cells })
    }

    fn run_some(
        &mut self,
        around: &[(String, String)],
        wanted: &[(Subject, u32)],
    ) -> Result<(), Stop> {
        if self.budget.is_some_and(|budget| self.requests_now >= budget) {
            return Err(Stop::Budget);
        }
        let Batch { scenario, settings, cells } = self.batch(around, wanted)?;
        self.identities.extend(settings);
        let mut done: BTreeMap<Cell, CellFigures> = BTreeMap::new();
        let mut missing = Vec::new();
        for (cell, id) in &cells {
            match self.cells.find(id) {
                Some(figures) => _ = done.insert(*cell, figures),
                None if self.is_ours(id) => missing.push(*cell),
                None => {}
            }
        }
        self.found += done.len();
        let ids: BTreeMap<Cell, String> = cells.into_iter().collect();
        self.cells.begins(missing.len(), self.requests);
        let now: Mutex<BTreeMap<Cell, CellFigures>> = Mutex::default();
        let ended = run_lean(&scenario, &missing, self.jobs, self.cancel, &|cell, figures| {
            self.cells.keep(&ids[&cell], &figures);
            now.lock().unwrap_or_else(PoisonError::into_inner).insert(cell, figures);
        });
        let now = now.into_inner().unwrap_or_else(PoisonError::into_inner);
        self.run += now.len();
        self.requests_now += now.values().map(|one| one.simulated_requests).sum::<u64>();
        done.extend(now);
        let subjects: Vec<Subject> = wanted.iter().map(|(subject, _)| *subject).collect();
        self.take(&scenario, &subjects, done, ids);
        ended.map_err(Stop::Run)?;
        match self.cancel.load(Ordering::Relaxed) {
            true => Err(Stop::Interrupted),
            false => Ok(()),
        }
    }

    fn is_ours(&self, id: &str) -> bool {
        self.shard.is_none_or(|(own, of)| shard_of(id, of) == own)
    }

    /// Keeps what was seen, as far as it goes without a gap.
    fn take(
        &mut self,
        scenario: &Scenario,
        subjects: &[Subject],
        done: BTreeMap<Cell, CellFigures>,
        mut ids: BTreeMap<Cell, String>,
    ) {
        let cost = CostBy::of(scenario.price).figure();
        for (cell, figures) in done {
            let subject = subjects[cell.policy];
            let seen = self.seen.entry(subject).or_default();
            if seen.len() == cell.replication as usize {
                self.requests += figures.simulated_requests;
                self.samples.entry(subject).or_default().push(sample(
                    &figures.row,
                    &scenario.slo,
                    cost,
                ));
                let id = ids.remove(&cell).unwrap_or_default();
                seen.push(Finished { id, figures });
            }
        }
    }
}

/// Settings that become one scenario, and the cells they need.
struct Batch {
    scenario: Scenario,
    /// With their identities.
    settings: Vec<(Subject, String)>,
    /// With their identities.
    cells: Vec<(Cell, String)>,
}

/// Which of so many shards, from 1, a cell belongs to: by its identity, which is the same everywhere.
pub fn shard_of(id: &str, of: u64) -> u64 {
    let number = id.get(..16).and_then(|start| u64::from_str_radix(start, 16).ok());
    number.unwrap_or(0) % of.max(1) + 1
}

/// Settings at the ends of all axes, of few axes.
fn corners(family: &Family) -> Vec<Point> {
    let axes = &family.space.axes;
    if axes.len() > 6 {
        return Vec::new();
    }
    (0..1usize << axes.len())
        .map(|bits| {
            let place = |(at, axis): (usize, &super::Axis)| match bits >> at & 1 {
                0 => 0,
                _ => axis.values.len() - 1,
            };
            family.space.point(&axes.iter().enumerate().map(place).collect::<Vec<_>>())
        })
        .collect()
}

/// What a replication showed, as the search weighs it.
fn sample(row: &Row, slo: &SloTerms, cost: Figure) -> Sample {
    // Without requests there is no evidence.
    let verdict = Verdict::of(&[row], slo);
    let late = verdict.latency.iter().map(|one| (1.0 - one.share) / (1.0 - one.slo.quantile));
    let failed = verdict.errors.zip(verdict.failed);
    let failed = failed.map(|((term, _), failed)| failed / term.limit.get());
    let excess = late.chain(failed);
    Sample { cost: row.get(cost).unwrap_or(0.0), excess: excess.collect() }
}

/// What a setting's figures depend on beside its policy: all of the scenario that changes a figure, the files it read
/// among it.
fn surroundings(scenario: &Scenario) -> Value {
    let mut resolved = scenario.resolved.clone();
    if let Some(all) = resolved.as_object_mut() {
        for key in [
            "name",
            "question",
            "lesson",
            "base",
            "policies",
            "variants",
            "replications",
            "timeline",
        ] {
            all.remove(key);
        }
    }
    let recorded =
        scenario.inputs.iter().filter(|(name, _)| scenario.recipe.document(name).is_none());
    let recorded: Vec<&String> = recorded.map(|(_, hash)| hash).collect();
    json!({ "scenario": resolved, "recorded": recorded })
}

/// The identity of a setting: a hash of everything that was said of it, whichever program runs it.
fn setting_id(surroundings: &Value, scenario: &Scenario, policy: usize) -> String {
    let name = &scenario.policies[policy].name;
    let content = json!({
        "around": surroundings,
        "policy": scenario.resolved["policies"][name.as_str()],
        "variant": scenario.resolved["variants"][name.as_str()],
    });
    fingerprint(content.to_string().as_bytes())
}

/// The identity of a cell: a setting, a replication, and the program that runs it.
fn cell_id(setting: &str, replication: u32, program: &str) -> String {
    fingerprint(format!("{setting} {replication} {program}").as_bytes())
}

/// What tells bytes from all others, in 32 digits.
pub fn fingerprint(bytes: &[u8]) -> String {
    let hash = Sha256::digest(bytes);
    hash.iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

/// The settings of one family.
pub struct OfFamily<'l, 'a> {
    laboratory: &'l mut Laboratory<'a>,
    family: usize,
}

impl Trials for OfFamily<'_, '_> {
    type Stop = Stop;

    fn run(&mut self, wanted: &[(Point, u32)]) -> Result<(), Stop> {
        let subjects = wanted.iter().map(|(point, count)| ((self.family, Some(*point)), *count));
        self.laboratory.run(&subjects.collect::<Vec<_>>())
    }

    fn samples(&self, point: Point) -> &[Sample] {
        let samples = self.laboratory.samples.get(&(self.family, Some(point)));
        samples.map_or(&[], Vec::as_slice)
    }

    fn points(&self) -> Vec<Point> {
        let own = self.laboratory.samples.keys().filter(|(family, _)| *family == self.family);
        own.filter_map(|(_, point)| *point).collect()
    }
}
