//! Finite sources: the machine-repair model M/M/c//N (Palm), its loss system (Engset), and the law of
//! interactive response times, N = X (R + Z) (Lazowska et al. 1984).

use super::judge::{REPLICATIONS, judge};
use super::policies;
use autosim_engine::fleet::{FleetSpec, LoopSpec, QueueSpec};
use autosim_engine::random::Distribution;
use autosim_engine::signal::Resources;
use autosim_engine::simulation::{
    DecisionLog, Detail, ServiceOutcome, ServiceSetup, Setup, Window, run,
};
use autosim_engine::units::{Span, Time};
use autosim_engine::workload::Workload;
use rayon::prelude::*;

/// From a mean to a law.
type Law = fn(Span) -> Distribution;

/// Mean time in service; all times of the models are in these.
const SERVICE: Span = Span::from_millis(100);

struct Model {
    users: u32,
    slots: u32,
    /// Mean think time over mean service time.
    think: f64,
    think_law: Law,
    service_law: Law,
    /// Those who find all slots busy wait, or are refused.
    waits: bool,
}

impl Model {
    fn think_s(&self) -> f64 {
        self.think * SERVICE.as_secs_f64()
    }

    fn run(&self, replication: u32) -> ServiceOutcome {
        // About twenty thousand requests, a tenth of them before the figures count.
        let pace = f64::from(self.users) / (self.think_s() + SERVICE.as_secs_f64());
        let most = f64::from(self.slots) / SERVICE.as_secs_f64();
        let end_s = 20_000.0 / pace.min(most);
        let think = (self.think_law)(Span::from_secs_f64(self.think_s()));
        let users = LoopSpec {
            users: self.users,
            think: think.sampler(),
            demand: (self.service_law)(SERVICE).sampler(),
            from: Time::ZERO,
            ramp_up: Span::ZERO,
            until: Time::NEVER,
            class: 0,
        };
        let capacity = if self.waits { None } else { Some(0) };
        let fleet = FleetSpec {
            initial: self.slots,
            queue: QueueSpec { capacity, ..QueueSpec::default() },
            loops: vec![users],
            ..FleetSpec::default()
        };
        let end = Time::from_secs_f64(end_s);
        let nothing = Workload::from_requests(Vec::new());
        let service = ServiceSetup {
            name: "service".to_owned(),
            arrivals: nothing.requests(&autosim_engine::random::Streams::new(1, 0, 0), end),
            fleet,
            resources: Resources::default(),
            autoscaler: policies::none(),
            limits: Default::default(),
        };
        let setup = Setup {
            services: vec![service],
            window: Window {
                warmup: Time::from_secs_f64(end_s / 10.0),
                end,
                drain_limit: Span::from_secs(1_000_000),
            },
            seed: 11,
            replication,
            detail: Detail { timeline: None, decisions: DecisionLog::Off, supply: false },
            waiting_limit: 1_000_000,
            stop_after: None,
            cancel: None,
        };
        let outcome = run(setup).expect("a closed loop halts no run");
        outcome.services.into_iter().next().expect("there is one service")
    }

    fn runs(&self) -> Vec<ServiceOutcome> {
        (0..REPLICATIONS).into_par_iter().map(|replication| self.run(replication)).collect()
    }

    /// Chances of 0, 1, 2 ... requests in service or waiting, from the balance of births and deaths.
    fn chances(&self, users: u32) -> Vec<f64> {
        let most = if self.waits { users } else { users.min(self.slots) };
        let mut weights = vec![1.0];
        for n in 0..most {
            let (up, down) = (f64::from(users - n) / self.think, f64::from(self.slots.min(n + 1)));
            weights.push(weights[n as usize] * up / down);
        }
        let sum: f64 = weights.iter().sum();
        weights.into_iter().map(|weight| weight / sum).collect()
    }

    /// Completions per second, and mean response time in seconds.
    fn exact(&self) -> (f64, f64) {
        let chances = self.chances(self.users);
        let of = |what: &dyn Fn(u32) -> f64| -> f64 {
            (0..).zip(&chances).map(|(n, chance)| what(n) * chance).sum()
        };
        let served = of(&|n| f64::from(n.min(self.slots))) / SERVICE.as_secs_f64();
        (served, of(&f64::from) / served)
    }
}

fn exponential(mean: Span) -> Distribution {
    Distribution::exponential(mean)
}
fn constant(mean: Span) -> Distribution {
    Distribution::Constant(mean)
}
fn spread(mean: Span) -> Distribution {
    Distribution::lognormal(mean, 1.5)
}

fn goodput(outcome: &ServiceOutcome) -> f64 {
    outcome.counts.completed as f64 / (outcome.fleet.window_ns as f64 / 1e9)
}
fn response_s(outcome: &ServiceOutcome) -> f64 {
    outcome.latency.latency_sum_ns as f64 / outcome.counts.completed as f64 / 1e9
}

#[track_caller]
fn agrees(values: impl Iterator<Item = f64>, expected: f64) {
    let values: Vec<f64> = values.collect();
    if let Err(wrong) = judge(&values, expected, 0.0, Some(0.05)) {
        panic!("{wrong:?}");
    }
}

#[test]
fn throughput_and_response_of_a_closed_loop_are_those_of_the_machine_repair_model() {
    let known = |users, slots, think| Model {
        users,
        slots,
        think,
        think_law: exponential,
        service_law: exponential,
        waits: true,
    };
    for (users, slots, think) in [(1, 1, 3.0), (10, 1, 12.0), (30, 4, 6.0), (60, 8, 5.0)] {
        let model = known(users, slots, think);
        let (throughput, response) = model.exact();
        let runs = model.runs();
        agrees(runs.iter().map(goodput), throughput);
        agrees(runs.iter().map(response_s), response);
    }
}

#[test]
fn where_nobody_waits_only_the_means_matter() {
    let laws: [(Law, Law); 3] = [(constant, spread), (spread, constant), (spread, spread)];
    for (think_law, service_law) in laws {
        let model = Model { users: 12, slots: 12, think: 4.0, think_law, service_law, waits: true };
        let (throughput, response) = model.exact();
        assert!((response - 0.1).abs() < 1e-12 && (throughput - 24.0).abs() < 1e-9);
        let runs = model.runs();
        agrees(runs.iter().map(goodput), throughput);
        agrees(runs.iter().map(response_s), response);
    }
}

#[test]
fn refusals_of_a_finite_source_are_engsets_whatever_the_laws() {
    for service_law in [exponential as Law, constant, spread] {
        let think_law = exponential;
        let model = Model { users: 15, slots: 4, think: 3.0, think_law, service_law, waits: false };
        // Who sends sees the others alone: one source fewer.
        let refused = *model.chances(14).last().expect("there are chances");
        let runs = model.runs();
        let share = |outcome: &ServiceOutcome| {
            outcome.counts.rejected as f64 / outcome.counts.arrived as f64 //
        };
        agrees(runs.iter().map(share), refused);
        agrees(runs.iter().map(goodput), model.exact().0);
    }
}

#[test]
fn users_are_as_many_as_those_who_think_and_those_who_wait() {
    for (users, slots, think_law) in [(40, 4, constant as Law), (25, 2, spread)] {
        let service_law = spread;
        let model = Model { users, slots, think: 8.0, think_law, service_law, waits: true };
        for replication in 0..4 {
            let outcome = model.run(replication);
            let spent = outcome.users.expect("there are users");
            let present = u128::from(users) * u128::from(outcome.fleet.window_ns);
            assert_eq!(spent.thinking_ns + spent.waiting_ns, present);
            // The same from outside: N = X (R + Z), but for the edges of the window.
            let law = goodput(&outcome) * (response_s(&outcome) + model.think_s());
            assert!((law / f64::from(users) - 1.0).abs() < 0.02, "{law} {users}");
        }
    }
}
