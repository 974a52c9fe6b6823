//! What simulating takes of a computer, before it is done: time for whoever waits, memory for what is
//! refused. Rough by nature; nothing of it changes a figure.

use super::{Deployment, Scenario, Service};
use autosim_engine::fault::Faults;
use autosim_engine::fleet::dispatch::{MOST_FLEET_BYTES, burden};
use autosim_engine::simulation::{DecisionRecord, Interval};
use autosim_policies::builtin::PolicySpec;
use std::ops::Add;

/// What a cell takes, about.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Effort {
    /// Expected requests of all services.
    pub requests: f64,
    /// Processor time, seconds, on a core as in `docs/performance.md`.
    pub cpu_s: f64,
    /// Memory that grows with what the scenario asks for, bytes.
    pub memory_bytes: f64,
}

impl Add for Effort {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self {
            requests: self.requests + other.requests,
            cpu_s: self.cpu_s + other.cpu_s,
            memory_bytes: self.memory_bytes + other.memory_bytes,
        }
    }
}

/// The most memory that the cells of one policy may be sure to take.
const MOST_BYTES: f64 = MOST_FLEET_BYTES;
/// The most that all cells simulated at once may take.
pub const MOST_BYTES_TOGETHER: f64 = 2.0 * MOST_BYTES;
/// The most cells of a replication that go through their requests side by side: enough to draw them for an
/// eighth each, few enough that what they hold stays in the caches.
pub const MOST_TOGETHER: usize = 8;

/// Processor seconds of a control with its scrapes.
const CONTROL_S: f64 = 0.5e-6;
/// Processor seconds of a minute of a flow that keeps up, and of one that has more than it can serve and goes
/// in small steps.
const FLOW_MINUTE_S: [f64; 2] = [15e-6, 2e-3];
/// Processor seconds to start a replica, and one of its slots.
const START_S: [f64; 2] = [0.3e-6, 25e-9];
/// Bytes of a minute for which it is counted whether the SLO was kept.
const MINUTE_BYTES: f64 = 48.0;

impl Scenario {
    /// Why the timelines and decisions that are kept of a run would not fit memory, and what to do.
    pub fn kept_too_much(&self) -> Option<(String, &'static str)> {
        let kept = if self.recipe.all_timelines { self.distinct_replications() } else { 1 };
        let seconds = self.window.end.as_secs_f64();
        let intervals = seconds / self.timeline.as_secs_f64();
        let of = |policy, index| {
            let controls = match self.recipe.all_decisions {
                true => controls(self, self.deployment(policy, index)),
                false => 0.0,
            };
            (intervals * size_of::<Interval>() as f64, controls * DecisionRecord::BYTES as f64)
        };
        let cells = (0..self.policies.len())
            .flat_map(|policy| (0..self.services.len()).map(move |index| of(policy, index)));
        let (timelines, decisions) =
            cells.fold((0.0, 0.0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
        let bytes = (timelines + decisions) * f64::from(kept);
        let hint = match (self.recipe.all_decisions, kept) {
            (true, _) if decisions > timelines => {
                "`--decisions changes`, a shorter duration or longer intervals of control"
            }
            (_, 1) => "a longer `timeline`, or fewer policies at a time",
            _ => "`--timelines first`, or a longer `timeline`",
        };
        let most = MOST_BYTES_TOGETHER;
        (bytes > most).then(|| {
            let found = format!(
                "the timelines and decisions of {} policies would take about {} of memory; a run may take {}",
                self.policies.len(),
                gibibytes(bytes),
                gibibytes(most)
            );
            (found, hint)
        })
    }

    /// Of one cell of a policy, an index of [`Scenario::policies`].
    pub fn effort(&self, policy: usize) -> Effort {
        let of = |index| Sized::of(self, index, self.deployment(policy, index)).effort(self);
        (0..self.services.len()).map(of).fold(Effort::default(), Add::add)
    }
}

/// Replicas that are busy on average, if none ever waited.
pub(super) fn busy_replicas(scenario: &Scenario, service: &Service, one: &Deployment) -> f64 {
    let end = scenario.window.end;
    let work_s = service.workload.mean_demand_s(end) * service.workload.expected_requests(end);
    work_s / end.as_secs_f64() / f64::from(one.fleet.concurrency)
}

/// How often a policy is asked in a run, at regular intervals.
fn controls(scenario: &Scenario, deployment: &Deployment) -> f64 {
    let initial = deployment.fleet.initial;
    let every = scenario.autoscaler(deployment, initial, None).cadence.interval;
    let seconds = scenario.window.end.as_secs_f64();
    if every.is_zero() { 0.0 } else { seconds / every.as_secs_f64() }
}

/// A service under a policy, and how large its fleet will be.
struct Sized<'a> {
    service: &'a Service,
    deployment: &'a Deployment,
    contested: bool,
    /// As many as there are sure to be.
    least: f64,
    /// About as many as there will be.
    replicas: f64,
    overloaded: bool,
}

impl<'a> Sized<'a> {
    fn of(scenario: &'a Scenario, index: usize, deployment: &'a Deployment) -> Self {
        let service = &scenario.services[index];
        let Deployment { policy, fleet, .. } = deployment;
        let granted = |replicas: u32| f64::from(replicas.min(fleet.quota.unwrap_or(u32::MAX)));
        let floor = policy.built_in().map_or(0, |spec| spec.floor());
        let least = granted(fleet.initial.max(floor));
        let (busy, most) = (busy_replicas(scenario, service, deployment), granted(policy.most()));
        // Between the mean and a peak.
        let replicas = least.max((busy * 1.5).min(most));
        Self {
            service,
            deployment,
            contested: index == 0,
            least,
            replicas,
            overloaded: busy > most,
        }
    }

    fn effort(&self, scenario: &Scenario) -> Effort {
        let Deployment { fleet, .. } = self.deployment;
        let seconds = scenario.window.end.as_secs_f64();
        let requests = self.service.workload.expected_requests(scenario.window.end);
        let burden = burden(fleet, self.replicas);
        let controls = controls(scenario, self.deployment);
        let traffic_s = match scenario.fidelity.fluid {
            true => seconds / 60.0 * FLOW_MINUTE_S[usize::from(self.overloaded)],
            false => requests * burden.request_ns * 1e-9,
        };
        let slots = f64::from(fleet.concurrency);
        let starts_s = self.replicas * (START_S[0] + slots * START_S[1]);
        let looks_s = controls * (CONTROL_S + self.replicas * burden.look_ns * 1e-9);
        Effort {
            requests,
            cpu_s: traffic_s + starts_s + looks_s,
            memory_bytes: self.fleet_bytes(self.replicas) + self.minutes_bytes(scenario),
        }
    }

    fn fleet_bytes(&self, replicas: f64) -> f64 {
        let burden = burden(&self.deployment.fleet, replicas);
        let slots = f64::from(self.deployment.fleet.concurrency);
        replicas * (burden.replica_bytes + slots * burden.slot_bytes)
    }

    fn minutes_bytes(&self, scenario: &Scenario) -> f64 {
        let stated = !scenario.slo.latency.is_empty();
        let minutes = scenario.window.end.as_secs_f64() / 60.0;
        if stated && self.contested { minutes * MINUTE_BYTES } else { 0.0 }
    }
}

/// Refuses what is sure to take more memory than it may.
pub(super) fn check(scenario: &Scenario, faults: &mut Faults) {
    let before = faults.errors();
    fleets(scenario, faults);
    minutes(scenario, faults);
    if faults.errors() == before {
        side_by_side(scenario, faults);
    }
    if let Some((found, hint)) = scenario.kept_too_much() {
        faults.error("timeline", found, hint);
    }
}

fn fleets(scenario: &Scenario, faults: &mut Faults) {
    let competing = scenario.policies.iter();
    let competing = competing.map(|one| (0, format!("policies.{}", one.name), &one.deployment));
    let services = scenario.services.iter().enumerate();
    let others =
        services.filter_map(|(index, one)| Some((index, one.key("policy"), one.own.as_ref()?)));
    for (index, key, deployment) in competing.chain(others) {
        let sized = Sized::of(scenario, index, deployment);
        let bytes = sized.fleet_bytes(sized.least);
        if bytes > MOST_BYTES {
            let slots = deployment.fleet.concurrency;
            let found = format!(
                "{} replicas of {slots} slots would take about {} of memory; a policy may take {}",
                sized.least,
                gibibytes(bytes),
                gibibytes(MOST_BYTES),
            );
            let one = if sized.least > f64::from(slots) {
                let kind = deployment.policy.kind_name();
                let count = match deployment.policy.built_in() {
                    Some(PolicySpec::Fixed(_)) => ".replicas",
                    Some(_) | None => "",
                };
                format!("{key}.{kind}{count}")
            } else {
                scenario.services[index].key("service.concurrency")
            };
            faults.error(&one, found, "fewer replicas, or fewer requests at once at each");
        }
    }
}

fn minutes(scenario: &Scenario, faults: &mut Faults) {
    let Some(first) = scenario.policies.first() else { return };
    let bytes = Sized::of(scenario, 0, &first.deployment).minutes_bytes(scenario);
    if bytes > MOST_BYTES {
        let found = format!(
            "whether the SLO is kept is counted minute by minute: about {} of memory; a policy may take {}",
            gibibytes(bytes),
            gibibytes(MOST_BYTES),
        );
        faults.error("duration", found, "give a shorter duration, or no SLO on latency");
    }
}

/// Policies of a replication go side by side.
fn side_by_side(scenario: &Scenario, faults: &mut Faults) {
    let sure = |policy: usize| -> f64 {
        let of = |index| Sized::of(scenario, index, scenario.deployment(policy, index));
        (0..scenario.services.len())
            .map(of)
            .map(|sized| sized.fleet_bytes(sized.least) + sized.minutes_bytes(scenario))
            .sum()
    };
    let mut bytes: Vec<f64> = (0..scenario.policies.len()).map(sure).collect();
    bytes.sort_by(|a, b| b.total_cmp(a));
    let together: f64 = bytes.iter().take(MOST_TOGETHER).sum();
    if together > MOST_BYTES_TOGETHER {
        let found = format!(
            "{} policies side by side would take about {} of memory; a run may take {}",
            bytes.len().min(MOST_TOGETHER),
            gibibytes(together),
            gibibytes(MOST_BYTES_TOGETHER),
        );
        faults.error("policies", found, "run fewer at a time: `--policy NAME`");
    }
}

fn gibibytes(bytes: f64) -> String {
    format!("{:.1} GiB", bytes / f64::from(1 << 30))
}

#[cfg(test)]
mod tests {
    use crate::scenario::{Layer, LoadOptions, Sources, load};

    const TEXT: &str = "duration = '1m'\nreplications = 2\n[workload.arrivals.main.poisson]\nrate = '100/s'\n\
        [service]\nconcurrency = 1\nservice_time.exponential.mean = '50ms'\n\
        [policies.peak.fixed]\nreplicas = 100\n";

    /// Key and message of what is refused.
    fn refused(set: &[(&str, &str)]) -> Vec<String> {
        let layers = set.iter().map(|(path, value)| Layer::value("--set", path, value)).collect();
        let options =
            LoadOptions { fallback_name: "test".into(), layers, ..LoadOptions::default() };
        let found = match load(Sources::new("test.toml", TEXT), &options) {
            Ok(loaded) => loaded.warnings,
            Err(found) => found,
        };
        let errors = found.located().into_iter().filter(|at| at.severity == "error");
        errors.map(|at| format!("{}:{} {}: {}", at.file, at.line, at.key, at.message)).collect()
    }

    #[test]
    fn what_is_sure_not_to_fit_memory_is_refused_at_its_key() {
        let slots = ("service.concurrency", "1000000");
        let many = ("policies.peak.fixed.replicas", "4294967295");
        let routed = ("service.balancing", "power-of-two");
        let minimum = "{ target-tracking = { metric = 'cpu', target = '60%', min = 2000000000, max = \
                       4000000000 } }";
        let planned = "{ scheduled = { entries = [{ from = '09:00', to = '10:00', replicas = 3000000000 }], \
                       initial = 3 } }";
        let initial = ("replica.initial", "1");
        let cases: &[(&[(&str, &str)], &str)] = &[
            (
                &[slots],
                "--set:1 service.concurrency: 100 replicas of 1000000 slots would take about 8.4 GiB",
            ),
            (
                &[many],
                "--set:1 policies.peak.fixed.replicas: 4294967295 replicas of 1 slots would take about 760.0 GiB",
            ),
            (&[many, routed], "4294967295 replicas of 1 slots"),
            (&[initial, ("policies.peak", minimum)], "2000000000 replicas of 1 slots"),
            (&[initial, ("policies.peak", planned)], "3000000000 replicas of 1 slots"),
        ];
        for (set, expected) in cases {
            let found = refused(set);
            assert!(found.len() == 1 && found[0].contains(expected), "{set:?}: {found:?}");
            assert!(found[0].ends_with("a policy may take 2.0 GiB"), "{found:?}");
        }
    }

    #[test]
    fn policies_side_by_side_share_what_a_run_may_take() {
        let large = ("policies.peak.fixed.replicas", "10000000");
        let others =
            ["b", "c", "d"].map(|name| (format!("policies.{name}.fixed.replicas"), "10000000"));
        let mut set = vec![large];
        set.extend(others.iter().map(|(path, value)| (path.as_str(), *value)));
        let found = refused(&set);
        let expected = "policies: 4 policies side by side would take about 7.1 GiB of memory; a run may take 4.0 GiB";
        assert!(found.len() == 1 && found[0].ends_with(expected), "{found:?}");
        assert_eq!(refused(&set[..2]), Vec::<String>::new());
    }

    #[test]
    fn what_is_kept_of_a_run_has_to_fit_memory_too() {
        let scenario = |set: &[(&str, &str)], all_timelines: bool, all_decisions: bool| {
            let layers =
                set.iter().map(|(path, value)| Layer::value("--set", path, value)).collect();
            let options =
                LoadOptions { fallback_name: "test".into(), layers, ..LoadOptions::default() };
            let loaded = load(Sources::new("test.toml", TEXT), &options);
            let mut scenario = loaded.map_err(|found| found.render(false)).unwrap().scenario;
            let recipe = &mut scenario.recipe;
            (recipe.all_timelines, recipe.all_decisions) = (all_timelines, all_decisions);
            scenario.kept_too_much()
        };
        let tracking =
            "{ target-tracking = { metric = 'cpu', target = '60%', max = 9, interval = '1s' } }";
        let year = [("duration", "365d"), ("policies.peak", tracking)];
        let fine = [("duration", "10d"), ("timeline", "1s"), ("replications", "90")];
        for (set, all_timelines, all_decisions, remedy) in [
            (&year[..], false, false, None),
            (&year, false, true, Some("--decisions changes")),
            (&fine, false, true, None),
            (&fine, true, false, Some("--timelines first")),
        ] {
            let told = scenario(set, all_timelines, all_decisions);
            let hint = told.as_ref().map(|(_, hint)| *hint);
            assert_eq!(hint.is_some(), remedy.is_some(), "{set:?} {told:?}");
            assert!(hint.is_none_or(|hint| hint.contains(remedy.unwrap())), "{hint:?}");
        }
    }

    #[test]
    fn what_fits_memory_is_not_refused() {
        let million = ("policies.peak.fixed.replicas", "1000000");
        let quota = [("replica.quota", "50"), ("policies.peak.fixed.replicas", "4294967295")];
        for set in [&[million][..], &quota, &[("service.concurrency", "1000")]] {
            assert_eq!(refused(set), Vec::<String>::new(), "{set:?}");
        }
    }
}
