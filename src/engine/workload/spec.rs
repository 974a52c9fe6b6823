//! What a scenario says about a service's traffic, and its resolution to a [`Workload`].

use super::arrivals::{Resolver, SourceSpec};
use super::stream::{Part, Workload};
use super::trace::{Recording, Spooled};
use crate::fault::Faults;
use crate::random::Distribution;
use crate::units::{Time, WallClock};
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// The traffic of a service: named sources that add up.
///
/// ```toml
/// [workload]
/// rate_scale = 3
///
/// [workload.arrivals.baseline.poisson]
/// rate = "40/s"
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WorkloadSpec {
    /// The sources, by name: `[workload.arrivals.NAME.KIND]`.
    pub arrivals: IndexMap<String, SourceSpec>,
    /// Multiplies every source's rate; 3 = three times the traffic.
    #[serde(default = "one")]
    pub rate_scale: f64,
    /// Stretches the traffic in time: 0.5 plays the same requests in half the time, so twice as fast.
    #[serde(default = "one")]
    pub time_scale: f64,
    /// By name of a source: who is served first while requests wait, 0 before 1 and so on. Sources that are
    /// not named have 0. A request in service is never interrupted.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub priorities: IndexMap<String, u32>,
}

fn one() -> f64 {
    1.0
}

/// Longer than any recording: 100 years. Where a run is as long as its recordings, they are resolved as if
/// it lasted so long.
pub const OPEN_END: Time = Time::from_secs(100 * 365 * 86_400);

/// What resolving a workload needs from its scenario.
#[derive(Debug, Clone, Copy)]
pub struct ResolveContext<'a> {
    /// Folder that relative file names start from.
    pub base_dir: &'a Path,
    /// Wall clock, for times of day.
    pub clock: &'a WallClock,
    /// Of dated recordings that is played which was recorded when the clock shows the same; otherwise each is
    /// played from its own beginning.
    pub selects: bool,
    /// End of arrivals; [`OPEN_END`] where recordings say it.
    pub end: Time,
    /// The law of the service time of every request whose source brings none of its own.
    pub service_time: Option<&'a Distribution>,
    /// It was stated: it wins over what the clients of recorded requests waited.
    pub service_time_stated: bool,
}

/// The recorded sources of a workload, read.
#[derive(Debug, Default)]
pub struct Recordings {
    /// By name of the source, in order.
    read: IndexMap<String, Recording>,
    clocks: Vec<(String, WallClock)>,
}

impl Recordings {
    /// The wall clock at the run's start as each dated recording has it, by name of the source.
    pub fn clocks(&self) -> &[(String, WallClock)] {
        &self.clocks
    }
}

impl WorkloadSpec {
    /// Reads the files, checks every parameter and compiles the sources; `None` after an error, which
    /// is then in `faults` with its path from the workload's own table.
    pub fn resolve(&self, context: &ResolveContext<'_>, faults: &mut Faults) -> Option<Workload> {
        let recordings = self.read(context.base_dir, None, faults);
        self.resolve_read(recordings, context, faults)
    }

    /// Reads the recorded sources, of which the file `-` is `standard_input`; what is wrong with them is then in `faults`.
    pub fn read(
        &self,
        base_dir: &Path,
        standard_input: Option<&Spooled>,
        faults: &mut Faults,
    ) -> Recordings {
        let mut found = Recordings::default();
        for (name, source) in &self.arrivals {
            let SourceSpec::Replay(replay) = source else { continue };
            let read = |f: &mut Faults| replay.read(base_dir, standard_input, f);
            if let Some(recording) = at_source(name, source, faults, read) {
                let clock = replay.own_clock(&recording, self.time_scale);
                found.clocks.extend(clock.map(|clock| (name.clone(), clock)));
                found.read.insert(name.clone(), recording);
            }
        }
        found
    }

    /// As [`WorkloadSpec::resolve`], with the recordings it would read.
    pub fn resolve_read(
        &self,
        mut recordings: Recordings,
        context: &ResolveContext<'_>,
        faults: &mut Faults,
    ) -> Option<Workload> {
        let before = faults.errors();
        self.check_scales(faults);
        self.check_priorities(faults);
        if self.arrivals.is_empty() {
            let hint = "add one, for example [workload.arrivals.baseline.poisson]";
            faults.error("arrivals", "no source of arrivals", hint);
        }
        let closed = |spec: &SourceSpec| matches!(spec, SourceSpec::ClosedLoop(_));
        if self.time_scale != 1.0 && self.arrivals.values().any(closed) {
            let hint = "change its think times and moments instead";
            faults.error("time_scale", "a closed loop has no requests to be stretched", hint);
        }
        if faults.errors() > before {
            return None;
        }
        let mut workload = Workload::empty(self.time_scale);
        for (name, spec) in &self.arrivals {
            let resolver = Resolver {
                context: *context,
                rate_scale: self.rate_scale,
                source_end: Time((context.end.0 as f64 / self.time_scale) as u64),
                time_scale: self.time_scale,
            };
            let recording = recordings.read.shift_remove(name);
            let resolve = |f: &mut Faults| resolver.resolve(spec, recording, f);
            if let Some(part) = at_source(name, spec, faults, resolve) {
                workload.add(name, part);
            }
        }
        (workload.classes, workload.class_of) = self.classes();
        let whole = workload.parts.len() == self.arrivals.len();
        (whole && faults.errors() == before).then_some(workload)
    }

    fn check_scales(&self, faults: &mut Faults) {
        for (key, scale) in [("rate_scale", self.rate_scale), ("time_scale", self.time_scale)] {
            if !(1e-9..=1e9).contains(&scale) {
                let message = format!("the scale is {scale}");
                faults.error(key, message, "a positive number; 1 changes nothing");
            }
        }
    }
}

/// What is wrong with a source stands under its name and kind.
fn at_source<T>(
    name: &str,
    spec: &SourceSpec,
    faults: &mut Faults,
    act: impl FnOnce(&mut Faults) -> T,
) -> T {
    faults.within("arrivals", |f| f.within(name, |f| f.within(spec.kind(), act)))
}

impl Workload {
    fn add(&mut self, name: &str, part: Part) {
        let said = part.assumptions.iter().map(|text| format!("{name}: {text}"));
        self.assumptions.extend(said);
        self.inputs.extend(part.inputs.iter().cloned());
        self.parts.push(part);
    }
}
