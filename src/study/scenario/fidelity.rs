//! How requests are simulated: one by one, or as a flow; what a flow cannot model, what it was tested
//! with, and which of the two `auto` picks.

use super::file::{FidelityFile, ScenarioFile};
use super::{Competitor, Deployment, Scenario, Service};
use autosim_engine::control::Autoscaler;
use autosim_engine::fault::Faults;
use autosim_engine::fleet::{Discipline, FailureSpec, FleetSpec};
use autosim_engine::signal::Wants;
use autosim_engine::units::{Span, Time};
use autosim_engine::workload::NoFlow;

/// How the requests of a run are simulated, and why so.
#[derive(Debug, Clone, PartialEq)]
pub struct Fidelity {
    /// As a flow, by formulas, rather than one by one.
    pub fluid: bool,
    /// What `auto` picked and why, or what is outside of the tested range; empty where there is nothing
    /// to say.
    pub why: String,
}

impl Fidelity {
    /// Request by request.
    pub const EXACT: Self = Self { fluid: false, why: String::new() };

    /// `exact` or `fluid`.
    pub const fn name(&self) -> &'static str {
        if self.fluid { "fluid" } else { "exact" }
    }
}

/// A property of a scenario and the values of it among the pairs that `docs/fluid.md` tabulates.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tested {
    /// Words with the unit.
    pub what: &'static str,
    /// The least.
    pub least: f64,
    /// The most; infinite where more of it only helps.
    pub most: f64,
}

/// The range that the error table covers; `auto` never picks the flow outside of it.
pub const TESTED: [Tested; 7] = [
    Tested { what: "mean requests/s", least: 50.0, most: 1e6 },
    Tested { what: "slots of a replica", least: 1.0, most: 100.0 },
    Tested { what: "squared variation of service times", least: 0.0, most: 4.0 },
    Tested { what: "mean service time in s", least: 0.05, most: 2.0 },
    Tested { what: "control interval in s", least: 15.0, most: f64::INFINITY },
    Tested { what: "dispersion of arrivals", least: 0.0, most: 4.0 },
    Tested { what: "mean busy replicas", least: 1.8, most: f64::INFINITY },
];

/// More requests than this in all cells take the exact engine minutes.
const MANY_REQUESTS: f64 = 2e9;
/// More requests than this in one cell would take the exact engine days.
const TOO_MANY_REQUESTS: f64 = 1e12;

/// Something of a scenario that a flow does not model.
struct Obstacle {
    key: String,
    what: String,
}

/// Decides the fidelity of a resolved scenario and says it among its assumptions; the resolved form names
/// what was picked, so that a part of the run can be repeated.
pub(super) fn apply(scenario: &mut Scenario, file: &ScenarioFile, faults: &mut Faults) {
    scenario.fidelity = settle(scenario, file, faults);
    if scenario.fidelity.fluid {
        whole_minutes(scenario);
    }
    let Fidelity { fluid, why } = &scenario.fidelity;
    if *fluid {
        scenario.assumptions.push(
            "fidelity = fluid: an approximation, requests are a flow and not simulated one by one; \
             its measured errors are in docs/fluid.md"
                .into(),
        );
    }
    if !why.is_empty() {
        scenario.assumptions.push(why.clone());
    }
    if file.fidelity.is_some() {
        scenario.resolved["fidelity"] = scenario.fidelity.name().into();
    }
}

/// A flow ends its steps at whole minutes; intervals of the timeline must not add others, or figures would
/// depend on how finely they are drawn.
fn whole_minutes(scenario: &mut Scenario) {
    let whole = Span(scenario.timeline.0.max(1).next_multiple_of(Span::from_secs(60).0));
    if whole != scenario.timeline {
        scenario.timeline = whole;
        scenario.resolved["timeline"] = whole.to_string().into();
        scenario.assumptions.push(format!("a flow has timelines of whole minutes: {whole}"));
    }
}

/// What cannot be is in `faults`.
fn settle(scenario: &Scenario, file: &ScenarioFile, faults: &mut Faults) -> Fidelity {
    let asked = file.fidelity.unwrap_or_default();
    let requests: f64 = expected(scenario).sum();
    match asked {
        FidelityFile::Exact => {
            refuse_too_many(scenario, faults);
            Fidelity::EXACT
        }
        FidelityFile::Fluid => {
            for obstacle in obstacles(scenario, file) {
                let hint = "run it with fidelity = \"exact\", or leave this out";
                faults.error(&obstacle.key, format!("{} in a flow", obstacle.what), hint);
            }
            let outside = outside(scenario);
            let why = match outside.is_empty() {
                true => String::new(),
                false => format!("outside of the tested range: {}", outside.join(", ")),
            };
            if !why.is_empty() {
                let hint = "the errors in docs/fluid.md need not hold";
                faults.warn("fidelity", why.clone(), hint);
            }
            Fidelity { fluid: true, why }
        }
        FidelityFile::Auto => {
            let cells = scenario.policies.len() as f64 * f64::from(scenario.replications);
            let choice = choose(scenario, file, requests * cells);
            if !choice.fluid {
                refuse_too_many(scenario, faults);
            }
            choice
        }
    }
}

fn choose(scenario: &Scenario, file: &ScenarioFile, requests: f64) -> Fidelity {
    let obstacle = obstacles(scenario, file).into_iter().next();
    let outside = outside(scenario);
    let (fluid, why) = if requests <= MANY_REQUESTS {
        (false, format!("{requests:.1e} requests are few enough to simulate each"))
    } else if let Some(obstacle) = obstacle {
        (false, format!("{} in a flow ({})", obstacle.what, obstacle.key))
    } else if !outside.is_empty() {
        (false, format!("outside of the tested range of a flow: {}", outside.join(", ")))
    } else {
        let why = "are more than can be simulated one by one in minutes, and everything is within \
                   the tested range of a flow";
        (true, format!("{requests:.1e} requests {why}"))
    };
    let name = if fluid { "fluid" } else { "exact" };
    Fidelity { fluid, why: format!("auto picked {name}: {why}") }
}

fn expected(scenario: &Scenario) -> impl Iterator<Item = f64> {
    let end = scenario.window.end;
    scenario.services.iter().map(move |service| service.workload.expected_requests(end))
}

fn refuse_too_many(scenario: &Scenario, faults: &mut Faults) {
    for (service, expected) in scenario.services.iter().zip(expected(scenario)) {
        if expected > TOO_MANY_REQUESTS {
            let key = service.key("workload.arrivals");
            let message = format!("about {expected:.1e} requests would arrive");
            let hint = "lower the rates or the duration, or set fidelity = \"fluid\": 1e12 would \
                        take days";
            faults.error(&key, message, hint);
        }
    }
}

fn obstacles(scenario: &Scenario, file: &ScenarioFile) -> Vec<Obstacle> {
    let mut found = Vec::new();
    let mut add = |key: &str, what: &str| {
        if !found.iter().any(|one: &Obstacle| one.key == key) {
            found.push(Obstacle { key: key.to_owned(), what: what.to_owned() });
        }
    };
    if scenario.services.len() > 1 {
        add("services", "several services are not modelled");
        return found;
    }
    let Some(service) = scenario.services.first() else { return found };
    let names = file.workload.iter().flat_map(|workload| &workload.arrivals);
    let names: Vec<String> = names.map(|(name, spec)| format!("{name}.{}", spec.kind())).collect();
    for (index, why) in service.workload.without_flow(scenario.window.end) {
        let name = names.get(index).map_or("", String::as_str);
        let what = match why {
            NoFlow::Requests => "a source of single requests has no rate to be played",
            NoFlow::OtherDemand => "sources with service times of their own are not modelled",
            NoFlow::EndlessVariance => "service times without a finite variance are not modelled",
        };
        add(&format!("workload.arrivals.{name}"), what);
    }
    let longest_s = service
        .workload
        .strata()
        .and_then(|strata| strata.points.last().map(|point| point.1))
        .unwrap_or(0.0);
    for Competitor { name, deployment } in &scenario.policies {
        let autoscaler = scenario.autoscaler(deployment, deployment.fleet.initial, None);
        of_fleet(&deployment.fleet, longest_s, name, &mut add);
        of_policy(&autoscaler, deployment.policy.needs_plan(), name, &mut add);
    }
    found
}

fn of_fleet(fleet: &FleetSpec, longest_s: f64, policy: &str, add: &mut impl FnMut(&str, &str)) {
    if fleet.client.is_some() {
        add("client", "clients that give up and try again are not modelled");
    }
    if fleet.queue.capacity.is_some() {
        add("service.queue.capacity", "queues with a limit are not modelled");
    }
    if fleet.queue.timeout.is_some() {
        add("service.queue.timeout", "requests that give up waiting are not modelled");
    }
    if fleet.cold_demand.is_some() {
        add("service.first_request", "first requests of their own length are not modelled");
    }
    if !fleet.loops.is_empty() {
        add("workload.arrivals", "users in closed loops are not modelled");
    }
    if fleet.classes > 1 {
        add("workload.arrivals", "classes of requests are not modelled");
    }
    if fleet.classes > 1 {
        add("workload.priorities", "requests of several priorities are not modelled");
    }
    if fleet.failures != FailureSpec::default() {
        add("replica.failures", "replicas that fail are not modelled");
    }
    if !fleet.rollouts.is_empty() {
        add("rollouts", "rollouts were not tested");
    }
    if !fleet.slowdowns.is_empty() {
        add("slowdowns", "work that goes on more slowly for a while is not modelled");
    }
    if fleet.scales_per_request() {
        add(&format!("policies.{policy}"), "scale per request is not modelled");
    }
    if fleet.proxy.is_some() {
        let what = "a product's proxy, which a balancing of the scenario's keeps out of the path of requests, is not \
                    modelled";
        add("service.balancing", what);
    }
    if matches!(fleet.discipline, Discipline::Sharing { limit: Some(_) }) {
        add("service.sharing.limit", "a limit of those who share is not modelled");
    }
    if fleet.grace.as_secs_f64() < longest_s {
        add("replica.grace", "requests killed with their replica are not modelled");
    }
}

fn of_policy(
    autoscaler: &Autoscaler,
    planned: bool,
    policy: &str,
    add: &mut impl FnMut(&str, &str),
) {
    let key = format!("policies.{policy}");
    let one_by_one = |signal: &autosim_engine::control::SignalRef| {
        signal.sensor.as_ref().is_some_and(|s| s.wants() > Wants::Totals)
    };
    if planned {
        add(&key, "a plan made from the requests to come is not modelled");
    } else if autoscaler.signals.iter().any(one_by_one) {
        let what = "a product that looks at its replicas one by one (of an HPA the knob `per_pod`) is not modelled";
        add(&key, what);
    }
}

/// What lies outside of the tested range, in words.
fn outside(scenario: &Scenario) -> Vec<String> {
    let Some(service) = scenario.services.first() else { return Vec::new() };
    let mut found: Vec<String> = Vec::new();
    for Competitor { deployment, .. } in &scenario.policies {
        let values = properties(scenario, service, deployment);
        for (tested, value) in TESTED.iter().zip(values) {
            let inside = value >= tested.least * 0.999 && value <= tested.most * 1.001;
            let range = match tested.most.is_finite() {
                true => format!("{} to {}", tested.least, tested.most),
                false => format!("{} or more", tested.least),
            };
            let text = format!("{} is {value:.3}, tested with {range}", tested.what);
            if !inside && !found.contains(&text) {
                found.push(text);
            }
        }
    }
    found
}

/// In the order of [`TESTED`].
fn properties(
    scenario: &Scenario,
    service: &Service,
    deployment: &Deployment,
) -> [f64; TESTED.len()] {
    let end = scenario.window.end;
    let seconds = end.since(Time::ZERO).as_secs_f64();
    let strata = service.workload.strata();
    let (mean_s, cv2) = strata.map_or((0.0, f64::INFINITY), |law| (law.mean_s, law.cv2));
    let autoscaler = scenario.autoscaler(deployment, deployment.fleet.initial, None);
    let cadence = autoscaler.cadence.interval;
    let streams = autosim_engine::random::Streams::new(scenario.seed, 0, 0);
    let dispersion = service.workload.flow(&streams, end).map_or(0.0, |flow| flow.dispersion());
    let rate = service.workload.expected_requests(end) / seconds;
    let slots = f64::from(deployment.fleet.concurrency);
    [
        rate,
        slots,
        cv2,
        mean_s,
        if cadence.is_zero() { f64::INFINITY } else { cadence.as_secs_f64() },
        dispersion,
        rate * mean_s / slots,
    ]
}
