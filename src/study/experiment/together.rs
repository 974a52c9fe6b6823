//! Cells of one replication, simulated side by side over requests that are drawn once: all policies meet
//! the same ones. No cell knows of it: every draw that belongs to a cell is its own.

use super::survey::{Survey, Surveyor};
use crate::scenario::Scenario;
use autosim_engine::random::Streams;
use autosim_engine::simulation::{Halt, Outcome, Setup, Simulation};
use autosim_engine::units::{Span, Time};
use autosim_engine::workload::{BATCH, Shared};

/// How many times a cell on its own stops to tell how far it is.
const STRETCHES: u64 = 200;
/// It stops at whole minutes, where a flow ends a step anyway: who runs beside it must not matter.
const MINUTE_NS: u64 = 60_000_000_000;

/// Requests drawn at a time: by the largest of the fleets, within limits (256 KiB and 4 MiB). Few in tests,
/// which are to see many stretches.
const PER_REPLICA: usize = 128;
const FEWEST: usize = if cfg!(test) { 2 * BATCH } else { 16 * BATCH };
const MOST: usize = if cfg!(test) { 8 * BATCH } else { 256 * BATCH };

/// What became of a group.
pub(super) struct Done {
    /// Cell by cell; `None` = it comes after one that could not go on.
    pub(super) outcomes: Vec<Option<Result<Outcome, Halt>>>,
    /// Of the requests they met, where it was asked for and all were drawn.
    pub(super) survey: Option<Survey>,
}

/// A cell on its way.
enum Runner {
    Runs(Box<Simulation>),
    Ended(Option<Result<Outcome, Halt>>),
}

/// Simulates cells of one replication, listed in the order of the plan; `advanced` hears how much of a cell
/// was done, in sum over all of them. After [`Halt::Interrupted`] nothing of the group is finished.
pub(super) fn simulate(
    scenario: &Scenario,
    replication: u32,
    setups: Vec<Setup>,
    surveyed: bool,
    advanced: &dyn Fn(f64),
) -> Done {
    let end = scenario.window.end;
    // A cell on its own draws for itself, and a flow has no requests to share.
    let shared = !scenario.fidelity.fluid && (setups.len() > 1 || surveyed);
    let mut traffic: Vec<Shared> = (0_u32..)
        .zip(scenario.services.iter().filter(|_| shared))
        .map(|(index, service)| {
            let streams = Streams::new(scenario.seed, replication, index);
            Shared::new(service.workload.requests(&streams, end))
        })
        .collect();
    let mut runners: Vec<Runner> = setups.into_iter().map(|one| join(one, &traffic)).collect();
    let mut surveyor = surveyed.then(|| Surveyor::new(scenario));
    let (mut horizon, mut before) = (Time::ZERO, 0.0);
    while runners.iter().any(|runner| matches!(runner, Runner::Runs(_))) {
        horizon = match shared {
            true => draw(&mut traffic, horizon, stretch(&runners), surveyor.as_mut()),
            false if horizon < end => {
                horizon.after(Span((end.0 / STRETCHES + 1).next_multiple_of(MINUTE_NS)))
            }
            false => Time::NEVER,
        };
        for at in 0..runners.len() {
            if runners[at].serve(horizon) {
                // What fails first in the order of the plan is told, however late it fails.
                runners[at + 1..].iter_mut().for_each(|later| *later = Runner::Ended(None));
                break;
            }
        }
        let now = horizon.min(end).0 as f64 / end.0.max(1) as f64;
        advanced((now - before) * runners.len() as f64);
        before = now;
    }
    let outcomes = runners.into_iter().map(Runner::outcome).collect();
    let survey = surveyor.filter(|_| horizon == Time::NEVER).map(Surveyor::finish);
    Done { outcomes, survey }
}

/// A cell that reads the traffic of the group in place of its own.
fn join(mut setup: Setup, traffic: &[Shared]) -> Runner {
    for (service, shared) in setup.services.iter_mut().zip(traffic) {
        service.arrivals = shared.reader();
    }
    match Simulation::new(setup) {
        Ok(simulation) => Runner::Runs(Box::new(simulation)),
        Err(halt) => Runner::Ended(Some(Err(halt))),
    }
}

/// How many requests are drawn at a time: so many that a cell whose memory must come back to the caches has
/// enough to do, and few enough that they stay in the caches themselves where that is soon done.
fn stretch(runners: &[Runner]) -> usize {
    let replicas = runners.iter().map(Runner::replicas).max().unwrap_or(0);
    replicas.saturating_mul(PER_REPLICA).clamp(FEWEST, MOST)
}

/// Draws until every service has requests beyond `reached`; returns how far all of them are drawn.
fn draw(
    traffic: &mut [Shared],
    reached: Time,
    stretch: usize,
    mut surveyor: Option<&mut Surveyor>,
) -> Time {
    let mut horizon = Time::NEVER;
    for (index, shared) in traffic.iter_mut().enumerate() {
        let drawn = shared.draw(reached, stretch, |batch| {
            if let Some(surveyor) = surveyor.as_mut().filter(|_| index == 0) {
                surveyor.add(batch);
            }
        });
        horizon = horizon.min(drawn);
    }
    horizon
}

impl Runner {
    /// Live ones, of all services together.
    fn replicas(&self) -> usize {
        match self {
            Self::Runs(simulation) => simulation.live_replicas(),
            Self::Ended(_) => 0,
        }
    }

    /// True if it could not go on.
    fn serve(&mut self, horizon: Time) -> bool {
        let Self::Runs(simulation) = self else { return false };
        match simulation.serve(horizon) {
            Ok(false) => return false,
            Ok(true) => {}
            Err(halt) => {
                *self = Self::Ended(Some(Err(halt)));
                return true;
            }
        }
        if let Self::Runs(simulation) = std::mem::replace(self, Self::Ended(None)) {
            *self = Self::Ended(Some(Ok(simulation.finish())));
        }
        false
    }

    fn outcome(self) -> Option<Result<Outcome, Halt>> {
        match self {
            Self::Runs(_) => None,
            Self::Ended(outcome) => outcome,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::cells::plan_of;
    use crate::experiment::survey::survey;
    use crate::scenario::{Layer, LoadOptions, Sources, load};
    use autosim_engine::simulation::{self, DecisionLog, Detail};
    use std::path::Path;
    use std::sync::atomic::AtomicBool;

    /// A shipped scenario, shortened.
    fn shipped(name: &str, changes: &[(&str, &str)]) -> Scenario {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios");
        let text = std::fs::read_to_string(folder.join(format!("{name}.toml"))).unwrap();
        let layers = changes.iter().map(|(key, value)| Layer::value(*key, key, value)).collect();
        let options =
            LoadOptions { folder, fallback_name: "test".into(), layers, ..LoadOptions::default() };
        load(Sources::new(name, text), &options).map_err(|e| e.render(false)).unwrap().scenario
    }

    fn setups(scenario: &Scenario, replication: u32) -> Vec<Setup> {
        let detail =
            Detail { timeline: Some(scenario.timeline), decisions: DecisionLog::All, supply: true };
        let one = |policy| {
            let plan = plan_of(scenario, policy, replication);
            scenario.setup(policy, replication, plan, detail)
        };
        (0..scenario.policies.len()).map(one).collect()
    }

    #[test]
    fn cells_side_by_side_leave_the_same_bytes_as_each_alone() {
        for (name, changes) in [
            // Thinned shapes, activation from zero.
            (
                "quickstart",
                &[("start", "2026-03-02T11:50:00+01:00"), ("duration", "12m"), ("warmup", "1m")][..],
            ),
            // Two services, each with traffic of its own.
            ("worker-follows-web", &[("duration", "40m"), ("warmup", "1m")]),
            // Replicas replaced; a product's sensors.
            ("rollout", &[("workload.rate_scale", "0.2")]),
            // Clients that try again, variants of the fleet, policy by policy.
            ("retry-storm", &[("duration", "15m")]),
            // Users who wait for answers, beside no other traffic.
            ("closed-loop", &[("duration", "15m")]),
            // A plan made from the future.
            (
                "launch-day",
                &[("start", "2026-03-02T19:55:00+08:00"), ("duration", "15m"), ("warmup", "1m")],
            ),
            // Planes that differ from policy to policy, gaps without requests.
            ("keep-alive-cost", &[("duration", "6h")]),
            ("scale-to-zero-herd", &[]),
            ("bench/general-15", &[("duration", "60s")]),
            ("bench/least-outstanding-15", &[("duration", "60s")]),
            ("bench/processor-sharing-15", &[("duration", "60s")]),
        ] {
            let scenario = shipped(name, changes);
            let replication = 1;
            let mut all = setups(&scenario, replication);
            if all.len() == 1 {
                all.extend(setups(&scenario, replication));
            }
            let cells = all.len();
            let together = simulate(&scenario, replication, all, true, &|_| ());
            let (mut alone, mut requests) = (Vec::new(), 0);
            while alone.len() < cells {
                for setup in setups(&scenario, replication) {
                    let outcome = simulation::run(setup);
                    requests += outcome.as_ref().map_or(0, |outcome| outcome.simulated_requests);
                    alone.push(Some(outcome));
                }
            }
            assert!(requests > 1000, "{name}");
            assert_eq!(together.outcomes.len(), alone.len());
            for (at, (together, alone)) in together.outcomes.iter().zip(&alone).enumerate() {
                // Not `assert_eq`: a difference would print megabytes.
                assert!(format!("{together:?}") == format!("{alone:?}"), "{name}, cell {at}");
            }
            let surveyed = survey(&scenario, replication, &AtomicBool::new(false));
            assert!(format!("{:?}", together.survey) == format!("{surveyed:?}"), "{name}");
        }
    }

    #[test]
    fn the_first_in_the_order_of_the_plan_that_fails_is_told_and_nothing_after_it() {
        let text = "duration = '10m'\n[workload.arrivals.main.poisson]\nrate = '10/s'\n\
                    [policies.enough.fixed]\nreplicas = 4\n[policies.late.fixed]\nreplicas = 1\n\
                    [policies.early.fixed]\nreplicas = 1\n[policies.last.fixed]\nreplicas = 4\n";
        let options = LoadOptions { fallback_name: "test".into(), ..LoadOptions::default() };
        let scenario = load(Sources::new("test.toml", text), &options).unwrap().scenario;
        let outcomes = |limits: [u64; 4]| {
            let mut all = setups(&scenario, 0);
            all.iter_mut().zip(limits).for_each(|(setup, limit)| setup.waiting_limit = limit);
            let done = simulate(&scenario, 0, all, true, &|_| ());
            let word = |outcome: Option<Result<Outcome, Halt>>| match outcome {
                None => "-",
                Some(Ok(_)) => "done",
                Some(Err(_)) => "failed",
            };
            (done.outcomes.into_iter().map(word).collect::<Vec<_>>(), done.survey.is_some())
        };
        let enough = 1_000_000;
        assert_eq!(outcomes([enough; 4]), (vec!["done"; 4], true));
        assert_eq!(outcomes([enough, 40, 20, enough]), (vec!["done", "failed", "-", "-"], true));
        assert_eq!(
            outcomes([enough, enough, 20, enough]),
            (vec!["done", "done", "failed", "-"], true)
        );
    }
}
