//! Known answers about replicas that fail and are replaced.

use autosim_engine::control::{Autoscaler, Cadence, Decision, Observation, Policy, Why};
use autosim_engine::fleet::{ColdStage, FailedWork, FailureSpec, FleetSpec};
use autosim_engine::random::Sampler;
use autosim_engine::signal::Resources;
use autosim_engine::simulation::{
    Completion, DecisionLog, Detail, ServiceOutcome, ServiceSetup, Setup, Sink, Window, run_told,
};
use autosim_engine::units::{Span, Time};

/// Response times in seconds.
#[derive(Default)]
struct Lengths(Vec<f64>);

impl Sink for Lengths {
    fn completed(&mut self, completion: &Completion) {
        self.0.push(completion.end.since(completion.arrival).as_secs_f64());
    }
}

/// Wants what there is.
#[derive(Clone)]
struct Keep;

impl Policy for Keep {
    fn observe(&mut self, seen: &Observation<'_>) -> Decision {
        seen.propose(seen.desired, Why::Plain)
    }
}

/// A fleet for so long; what the engine counted, and response times.
fn simulate(fleet: FleetSpec, requests: Vec<(u64, u64)>, end: Time) -> (ServiceOutcome, Vec<f64>) {
    let service = ServiceSetup {
        name: "service".to_owned(),
        arrivals: Box::new(requests.into_iter()),
        fleet,
        resources: Resources::default(),
        autoscaler: Autoscaler {
            policy: Box::new(Keep),
            signals: Vec::new(),
            cadence: Cadence::every(Span::ZERO),
            actuation_delay: Span::ZERO,
            wakeups: Vec::new(),
        },
        limits: Default::default(),
    };
    let setup = Setup {
        services: vec![service],
        window: Window { warmup: Time(end.0 / 20), end, drain_limit: Span(end.0) },
        seed: 3,
        replication: 0,
        detail: Detail { timeline: None, decisions: DecisionLog::Off, supply: false },
        waiting_limit: 1_000_000,
        stop_after: None,
        cancel: None,
    };
    let mut lengths = Lengths::default();
    let outcome = run_told(setup, [], &mut lengths).expect("nothing halts a small run");
    (outcome.services.into_iter().next().expect("there is one service"), lengths.0)
}

fn fleet(initial: u32, life_s: f64, repair: Sampler, work: FailedWork) -> FleetSpec {
    let lifetime = Some(Sampler::Exponential { mean_ns: life_s * 1e9 });
    FleetSpec {
        initial,
        cold_start: vec![ColdStage { name: "cold_start", length: repair }],
        failures: FailureSpec { lifetime, work, ..FailureSpec::default() },
        ..FleetSpec::default()
    }
}

#[test]
fn replaced_replicas_are_ready_for_the_share_that_renewal_theory_says() {
    // Alternating renewal process: up / (up + down) of the time, with the variance of Cox, Renewal Theory
    // (1962): (sd_down^2 up^2 + sd_up^2 down^2) / (up + down)^3 per unit of time.
    let repair = Sampler::Uniform { min_ns: 20e9, width_ns: 260e9 };
    let fleet = fleet(40, 600.0, repair, FailedWork::Lost);
    let (outcome, _) = simulate(fleet, Vec::new(), Time::from_secs(400_000));
    let (up_s, down_s) = (600.0, 150.0);
    let (var_up, var_down) = (up_s * up_s, 260.0 * 260.0 / 12.0);
    let cycle_s: f64 = up_s + down_s;
    let replica_s = 40.0 * outcome.fleet.window_ns as f64 / 1e9;
    let share = outcome.fleet.ready_ns as f64 / 1e9 / replica_s;
    let variance = var_down * up_s * up_s + var_up * down_s * down_s;
    let error = (variance / cycle_s.powi(3) / replica_s).sqrt();
    let off = (share - up_s / cycle_s) / error;
    assert!(off.abs() < 4.0 && error < 0.002, "{share} is {off} standard errors off");
    // As many failures as cycles; their variance is that of the cycle.
    let error = ((var_up + var_down) * replica_s / cycle_s.powi(3)).sqrt();
    let off = (outcome.fleet.failures as f64 - replica_s / cycle_s) / error;
    assert!(off.abs() < 4.0, "{} failures are {off} standard errors off", outcome.fleet.failures);
}

#[test]
fn work_put_back_takes_as_long_as_repeating_it_does() {
    // A job of length d begins anew after each failure (rate r) and repair (constant c): on average it
    // takes (1/r + c) (exp(r d) - 1) from its start (Gaver 1962, preemptive-repeat-identical). One that
    // comes when the only replica is down waits for the rest of the repair first, c/2 on average.
    let (mean_life_s, repair_s, job_s) = (10.0, 3.0, 8.0);
    let fleet = fleet(1, mean_life_s, Sampler::Constant(3_000_000_000), FailedWork::Requeued);
    // So far apart that hardly any meets the one before.
    let (gap_s, jobs) = (300, 10_000);
    let at = |n: u64| Time::from_secs(gap_s * n).0;
    let requests = (1..=jobs).map(|n| (at(n), Span::from_secs(8).0)).collect();
    let (outcome, lengths) = simulate(fleet, requests, Time(at(jobs + 1)));
    assert_eq!((outcome.counts.lost, lengths.len() as u64), (0, jobs));
    let down = repair_s / (mean_life_s + repair_s);
    let repeats = (mean_life_s + repair_s) * ((job_s / mean_life_s).exp() - 1.0);
    let expected = repeats + down * repair_s / 2.0;
    let count = lengths.len() as f64;
    let mean = lengths.iter().sum::<f64>() / count;
    let variance = lengths.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (count - 1.0);
    let error = (variance / count).sqrt();
    let off = (mean - expected) / error;
    assert!(
        off.abs() < 4.0 && error < 0.02 * mean,
        "{mean} is {off} standard errors off {expected}"
    );
}
