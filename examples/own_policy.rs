//! A policy of one's own: square-root staffing, written against the public trait.
//!
//! It orders `R + beta sqrt(R)` replicas for an offered load of `R` (Halfin and Whitt 1981), from the
//! requests in service and waiting, and lets go only after they have not been needed for a while.
//!
//! ```console
//! $ cargo run --release --example own_policy
//! ```

#![allow(clippy::print_stdout)] // an example speaks to its reader

use autosim_engine::control::{
    Autoscaler, Cadence, Decision, Observation, Policy, SignalRef, Stage, Why,
};
use autosim_engine::fleet::{ColdStage, FleetSpec};
use autosim_engine::random::{Distribution, Sampler, Streams};
use autosim_engine::signal::{Metric, Resources, Signal};
use autosim_engine::simulation::{self, DecisionLog, Detail, Outcome, ServiceSetup, Setup, Window};
use autosim_engine::units::{Rate, Span, Time};
use autosim_engine::workload::Workload;

#[derive(Clone)]
struct SquareRoot {
    beta: f64,
    patience: Span,
    /// When the count in force was last needed.
    needed_at: Time,
}

impl Policy for SquareRoot {
    fn observe(&mut self, seen: &Observation<'_>) -> Decision {
        let Some(load) = seen.readings[0].value else {
            return seen.hold();
        };
        let wanted = (load + self.beta * load.sqrt()).ceil().max(1.0) as u32;
        let why = Why::Note("the load and a margin of its square root");
        let decision = seen.propose(wanted, why);
        if wanted >= seen.desired {
            self.needed_at = seen.now;
            return decision;
        }
        let idle = seen.now.since(self.needed_at);
        if idle < self.patience {
            let seconds_left = self.patience.as_secs_f64() - idle.as_secs_f64();
            let why = Why::Until { name: "patience", seconds_left };
            return decision.then(Stage::Cooldown, seen.desired, why);
        }
        decision
    }
}

fn run(beta: f64) -> Result<Outcome, simulation::Halt> {
    let end = Time::from_secs(3600);
    let demand = Distribution::Exponential { mean: Span::from_millis(100) };
    let workload = Workload::poisson(Rate::per_second(200.0).unwrap_or_default(), &demand);
    let cold_start = Sampler::Constant(Span::from_secs(5).0);
    let signal = Signal::of(Metric::OngoingRequests, Span::from_secs(30), Span::from_secs(10));
    let service = ServiceSetup {
        name: "service".to_owned(),
        arrivals: workload.requests(&Streams::new(1, 0, 0), end),
        fleet: FleetSpec {
            initial: 30,
            cold_start: vec![ColdStage { name: "cold_start", length: cold_start }],
            ..FleetSpec::default()
        },
        resources: Resources::default(),
        autoscaler: Autoscaler {
            policy: Box::new(SquareRoot {
                beta,
                patience: Span::from_secs(120),
                needed_at: Time::ZERO,
            }),
            signals: vec![SignalRef::own(signal)],
            cadence: Cadence { interval: Span::from_secs(10), random_phase: false },
            actuation_delay: Span::ZERO,
            wakeups: Vec::new(),
        },
        slo: None,
    };
    let setup = Setup {
        services: vec![service],
        window: Window { warmup: Time::from_secs(300), end, drain_limit: Span::from_secs(600) },
        seed: 1,
        replication: 0,
        detail: Detail { timeline: None, decisions: DecisionLog::All, supply: false },
        waiting_limit: 1_000_000,
        stop_after: None,
        cancel: None,
    };
    simulation::run(setup)
}

/// Share of requests that waited, and mean ready replicas.
fn summary(outcome: &Outcome) -> (f64, f64) {
    let service = &outcome.services[0];
    let waited = service.latency.waited as f64 / service.counts.completed as f64;
    (waited, service.fleet.ready_ns as f64 / service.fleet.window_ns as f64)
}

fn main() -> Result<(), simulation::Halt> {
    for beta in [0.5, 1.0, 1.5, 2.0] {
        let (waited, ready) = summary(&run(beta)?);
        println!("beta {beta}: {:5.1} % of requests waited, {ready:.1} replicas", 100.0 * waited);
    }
    Ok(())
}

#[test]
fn more_headroom_means_fewer_waits_and_more_replicas() {
    let (waited_little, ready_little) = summary(&run(0.5).unwrap());
    let (waited_much, ready_much) = summary(&run(2.0).unwrap());
    assert!(waited_little > 2.0 * waited_much, "{waited_little} {waited_much}");
    assert!(ready_little < ready_much);
}

#[test]
fn what_patience_is_worth_is_known() {
    let decisions = run(1.0).unwrap().services.remove(0).decisions;
    let held = |one: &&simulation::DecisionRecord| one.decision.reason().stage == Stage::Cooldown;
    let without: Vec<_> = decisions.iter().filter(held).collect();
    assert!(without.len() > 10, "patience acted only {} times", without.len());
    for one in without {
        assert_eq!(one.without, [(Stage::Cooldown, one.decision.uncapped)]);
    }
}
