//! Small runs worked out by hand.

use super::*;
use crate::control::{Autoscaler, Cadence, Decision, Observation, Policy, Stage, Why};
use crate::fleet::dispatch::most_replicas;
use crate::fleet::{ColdStage, FleetSpec, Intervention, LaunchRate, OrderedBy};
use crate::marks;
use crate::random::Sampler;
use crate::signal::Resources;
use crate::units::{Span, Time};

/// Says what it is told at each control, then repeats the last.
#[derive(Clone)]
struct Script(std::collections::VecDeque<u32>);

impl Policy for Script {
    fn observe(&mut self, seen: &Observation<'_>) -> Decision {
        let wanted = if self.0.len() > 1 { self.0.pop_front() } else { self.0.front().copied() };
        seen.propose(wanted.unwrap_or(seen.desired), Why::Plain)
    }
    fn activate(&mut self, seen: &Observation<'_>) -> Decision {
        seen.propose(1, Why::Note("activation"))
    }
}

#[derive(Default)]
struct Heard(Vec<(u64, u64, u64)>);

impl Sink for Heard {
    fn completed(&mut self, c: &Completion) {
        self.0.push((c.arrival.0, c.start.0, c.end.0));
    }
}

/// Requests in whole seconds: (arrival, demand).
pub(super) fn setup(
    requests: &[(u64, u64)],
    fleet: FleetSpec,
    script: &[u32],
    end_s: u64,
) -> Setup {
    let ns = |&(a, d): &(u64, u64)| (Time::from_secs(a).0, Time::from_secs(d).0);
    let requests: Vec<_> = requests.iter().map(ns).collect();
    let end = Time::from_secs(end_s);
    Setup {
        services: vec![ServiceSetup {
            name: "service".into(),
            arrivals: Box::new(requests.into_iter()),
            fleet,
            resources: Resources::default(),
            autoscaler: Autoscaler {
                policy: Box::new(Script(script.iter().copied().collect())),
                signals: Vec::new(),
                cadence: Cadence::every(Span::from_secs(10)),
                actuation_delay: Span::ZERO,
                wakeups: Vec::new(),
            },
            limits: Limits { slo: vec![Slo::below(0.99, Span::from_secs(3))], asked: Vec::new() },
        }],
        window: Window { warmup: Time::ZERO, end, drain_limit: Span::from_secs(3600) },
        seed: 1,
        replication: 0,
        detail: Detail {
            timeline: Some(Span::from_secs(10)),
            decisions: DecisionLog::All,
            supply: true,
        },
        waiting_limit: 1000,
        stop_after: None,
        cancel: None,
    }
}

pub(super) fn cold(seconds: u64) -> Vec<ColdStage> {
    vec![ColdStage { name: "cold_start", length: Sampler::Constant(Span::from_secs(seconds).0) }]
}

fn heard(setup: Setup) -> (Vec<(u64, u64, u64)>, Outcome) {
    let mut heard = Heard::default();
    let outcome = run_told(setup, [], &mut heard).unwrap();
    heard.0.sort_unstable();
    let s = |(a, b, c): (u64, u64, u64)| (a / 1_000_000_000, b / 1_000_000_000, c / 1_000_000_000);
    (heard.0.into_iter().map(s).collect(), outcome)
}

#[test]
fn a_second_replica_takes_the_queue_the_instant_it_is_ready() {
    let fleet = FleetSpec { cold_start: cold(5), ..FleetSpec::default() };
    let (heard, outcome) = heard(setup(&[(0, 20), (1, 4), (15, 1), (16, 2)], fleet, &[2], 60));
    assert_eq!(heard, [(0, 0, 20), (1, 15, 19), (15, 19, 20), (16, 20, 22)]);
    let service = &outcome.services[0];
    assert_eq!(service.counts.within_slo, 0);
    assert_eq!(service.fleet.billed_ns, u128::from(Time::from_secs(60 + 50).0));
    assert_eq!(service.fleet.queued_ns, u128::from(Time::from_secs(14 + 4 + 4).0));
    assert_eq!(service.fleet.in_flight_ns, u128::from(Time::from_secs(27).0));
}

/// (rule 49)
#[test]
fn a_count_set_from_outside_stands_among_the_decisions_and_is_an_action() {
    let _shown = marks::expect(["set from outside"]);
    let interventions = vec![Intervention { at: Time::from_secs(15), replicas: 5 }];
    let fleet = FleetSpec { initial: 2, interventions, ..FleetSpec::default() };
    let outcome = run(setup(&[(1, 1)], fleet, &[2], 60)).unwrap();
    let service = &outcome.services[0];
    let kept: Vec<_> = service.decisions[..3]
        .iter()
        .map(|one| (one.at.0 / 1_000_000_000, one.asked_by, one.before, one.decision.desired))
        .collect();
    let (control, nobody) = (AskedBy::Control, AskedBy::Nobody);
    assert_eq!(kept, [(10, control, 2, 2), (15, nobody, 2, 5), (20, control, 5, 2)]);
    assert_eq!((service.fleet.scale_outs, service.fleet.scale_ins), (1, 1));
    let launches: Vec<_> = service.launches.kept.iter().map(|launch| launch.by).collect();
    assert_eq!(launches, [OrderedBy::Decision(Time::from_secs(15)); 3]);
}

#[test]
fn a_request_at_zero_replicas_wakes_the_policy_at_its_instant() {
    let fleet = FleetSpec { initial: 0, cold_start: cold(5), ..FleetSpec::default() };
    let (heard, outcome) = heard(setup(&[(12, 1), (13, 1)], fleet, &[0, 1, 0], 60));
    assert_eq!(heard, [(12, 17, 18), (13, 18, 19)]);
    let decisions = &outcome.services[0].decisions;
    assert!(
        decisions.iter().any(|d| d.asked_by == AskedBy::Request && d.at == Time::from_secs(12))
    );
    assert_eq!(outcome.services[0].counts.served_cold, 2);
}

#[test]
fn scale_in_drains_and_kills_after_the_grace() {
    let fleet = FleetSpec { initial: 2, grace: Span::from_secs(3), ..FleetSpec::default() };
    // Both are busy at 10 s; the newer one leaves and may work until 13 s.
    let (heard, outcome) = heard(setup(&[(8, 9), (9, 5), (9, 1)], fleet, &[1], 60));
    assert_eq!(heard, [(8, 8, 17), (9, 17, 18)]);
    let service = &outcome.services[0];
    assert_eq!((service.counts.completed, service.counts.lost), (2, 1));
    assert_eq!(service.fleet.draining_ns, u128::from(Time::from_secs(3).0));
}

#[test]
fn timeline_intervals_add_up_to_the_totals() {
    let requests: Vec<_> = (0..50).map(|i| (i, 1 + i % 3)).collect();
    let fleet = FleetSpec { initial: 2, cold_start: cold(5), ..FleetSpec::default() };
    let (_, outcome) = heard(setup(&requests, fleet, &[2, 3, 1, 2], 60));
    let service = &outcome.services[0];
    let sum = |f: fn(&Interval) -> u64| service.timeline.iter().map(f).sum::<u64>();
    assert_eq!(sum(|i| i.arrivals), 50);
    assert_eq!(service.counts.arrived, 50);
    assert!(sum(|i| i.completions) <= service.counts.completed);
    let ready: f64 = service.timeline.iter().map(|i| i.mean_ready * i.length.as_secs_f64()).sum();
    assert!((ready - service.fleet.ready_ns as f64 / 1e9).abs() < 1e-6);
}

#[test]
fn too_many_waiting_halts_with_the_service_and_the_limit() {
    let requests: Vec<_> = (0..2000).map(|i| (i / 100, 50)).collect();
    let halted = run(setup(&requests, FleetSpec::default(), &[1], 60));
    let text = halted.unwrap_err().to_string();
    assert!(text.contains("service") && text.contains("1000 requests"), "{text}");
}

#[test]
fn a_launch_is_kept_with_its_stages_and_its_end() {
    let stage =
        |name, seconds| ColdStage { name, length: Sampler::Constant(Span::from_secs(seconds).0) };
    let fleet = FleetSpec {
        initial: 1,
        cold_start: vec![stage("pull", 6), stage("boot", 7)],
        launch_rate: Some(LaunchRate { launches: 1, per: Span::from_secs(4) }),
        ..FleetSpec::default()
    };
    // Ordered at 13 s: the first is ready at 26 s, the second would be at 30 s and is cancelled at 29 s.
    let mut setup = setup(&[(1, 1)], fleet, &[3, 3, 2], 60);
    setup.services[0].autoscaler.actuation_delay = Span::from_secs(3);
    setup.services[0].autoscaler.wakeups = vec![Time::from_secs(26)];
    let launches = run(setup).unwrap().services.remove(0).launches;
    let seconds = |at: Time| at.as_secs_f64();
    let told: Vec<_> = launches
        .kept
        .iter()
        .map(|one| {
            assert_eq!(one.stages, [("pull", Span::from_secs(6)), ("boot", Span::from_secs(7))]);
            let OrderedBy::Decision(decided) = one.by else { panic!("{one:?}") };
            (
                [decided, one.ordered_at, one.launched_at].map(seconds),
                [one.ready_at, one.cancelled_at(), one.gone_at].map(|at| at.map(seconds)),
            )
        })
        .collect();
    assert_eq!(launches.left_out, 0);
    assert_eq!(told[0], ([10.0, 13.0, 13.0], [Some(26.0), None, None]));
    assert_eq!(told[1].0, [10.0, 13.0, 17.0]);
    assert_eq!(told[1].1, [None, Some(29.0), Some(29.0)]);
    assert_eq!(launches.kept.len(), 2);
}

#[test]
fn a_run_that_stops_within_what_is_measured_ends_well() {
    let _shown =
        marks::expect(["an order that changes nothing", "stopped before the window closes"]);
    let requests: Vec<_> = (0..50).map(|i| (i, 1)).collect();
    let mut setup = setup(&requests, FleetSpec { initial: 2, ..FleetSpec::default() }, &[2], 60);
    setup.window.warmup = Time::from_secs(10);
    setup.detail.decisions = DecisionLog::Newest;
    setup.stop_after = Some(Time::from_secs(45));
    let service = run(setup).unwrap().services.remove(0);
    let decided: Vec<f64> = service.decisions.iter().map(|one| one.at.as_secs_f64()).collect();
    assert_eq!(decided, [40.0]);
    assert_eq!(service.fleet.ready_ns, 0, "nothing was measured to its end");
}

#[test]
fn a_policy_is_asked_once_at_an_instant() {
    let _shown =
        marks::expect(["a wakeup that is a regular control", "asked before the planes get there"]);
    let mut setup = setup(&[(1, 1)], FleetSpec::default(), &[1], 40);
    setup.services[0].autoscaler.wakeups = [5, 20, 25].map(Time::from_secs).to_vec();
    let decisions = run(setup).unwrap().services.remove(0).decisions;
    let asked: Vec<f64> = decisions.iter().map(|one| one.at.as_secs_f64()).collect();
    assert_eq!(asked, [5.0, 10.0, 20.0, 25.0, 30.0]);
}

/// Orders what its script says, but lets nobody go before half a minute has passed.
#[derive(Clone)]
struct Patient(Script);

impl Policy for Patient {
    fn observe(&mut self, seen: &Observation<'_>) -> Decision {
        let decision = self.0.observe(seen);
        if decision.desired >= seen.desired || seen.now > Time::from_secs(30) {
            return decision;
        }
        let seconds_left = 30.0 - seen.now.as_secs_f64();
        decision.then(Stage::Cooldown, seen.desired, Why::Until { name: "patience", seconds_left })
    }
}

#[test]
fn what_a_guard_is_worth_is_known_of_any_policy() {
    let fleet = FleetSpec { initial: 5, ..FleetSpec::default() };
    let mut setup = setup(&[(1, 1)], fleet, &[], 60);
    setup.services[0].autoscaler.policy = Box::new(Patient(Script([4, 2, 3, 1].into())));
    let service = run(setup).unwrap().services.remove(0);
    let told = service.decisions.iter().map(|one| (one.decision.desired, one.without.clone()));
    let held = |without| (5, vec![(Stage::Cooldown, without)]);
    let expected = [held(4), held(2), held(3), (1, vec![])];
    assert_eq!(told.take(4).collect::<Vec<_>>(), expected);
}

/// Other than it found, whatever that is.
#[derive(Clone)]
struct Restless;

impl Policy for Restless {
    fn observe(&mut self, seen: &Observation<'_>) -> Decision {
        seen.propose(3 - seen.desired, Why::Plain)
    }
    fn activate(&mut self, seen: &Observation<'_>) -> Decision {
        self.observe(seen)
    }
}

#[test]
fn of_endless_changes_the_first_are_kept_and_the_others_counted() {
    let _shown = marks::expect(["no room for a change"]);
    let mut setup = setup(&[], FleetSpec::default(), &[], 260);
    setup.services[0].autoscaler.policy = Box::new(Restless);
    setup.services[0].autoscaler.cadence = Cadence::every(Span::from_millis(1));
    setup.detail = Detail { timeline: None, decisions: DecisionLog::Changes, supply: false };
    let service = run(setup).unwrap().services.remove(0);
    let most = DecisionRecord::MOST_CHANGES;
    assert_eq!((service.decisions.len(), service.decisions_left_out), (most, 259_999 - 250_000));
    // The last that is kept says until when it held.
    assert_eq!(service.decisions[most - 1].until, Some(Time(250_001_000_000)));
}

#[test]
fn a_fleet_does_not_grow_beyond_the_memory_it_is_granted() {
    let fleet = |quota| FleetSpec { concurrency: 4, quota, ..FleetSpec::default() };
    let most = most_replicas(&fleet(None));
    assert_eq!(most, ((2u64 << 30) / 460) as u32);
    let told = run(setup(&[(1, 1)], fleet(None), &[2, 3, 4_000_000_000], 60));
    let expected =
        Halt::TooManyReplicas { service: "service".into(), replicas: 4_000_000_000, at_s: 30 };
    assert_eq!(told, Err(expected));
    assert!(run(setup(&[(1, 1)], fleet(Some(9)), &[2, 3, 4_000_000_000], 60)).is_ok());
}

/// Can decide until it is asked the second time, by a control or by a request.
#[derive(Clone)]
struct Failing(u32);

impl Policy for Failing {
    fn observe(&mut self, seen: &Observation<'_>) -> Decision {
        self.0 += 1;
        seen.hold()
    }
    fn activate(&mut self, seen: &Observation<'_>) -> Decision {
        self.observe(seen)
    }
    fn failure(&self) -> Option<&str> {
        (self.0 > 1).then_some("out of ideas")
    }
}

/// | replicas at the start | requests, and their demand | asked the second time |
#[test]
fn a_policy_that_can_decide_no_more_halts_the_run_when_it_is_asked() {
    for (initial, requests, at_s) in
        [(1, &[(1, 1)][..], 20), (0, &[(3, 1), (7, 1)], 7), (0, &[(59, 1)], 20)]
    {
        let fleet = FleetSpec { initial, ..FleetSpec::default() };
        let mut setup = setup(requests, fleet, &[], 60);
        setup.services[0].autoscaler.policy = Box::new(Failing(0));
        let (at, why) = (Time::from_secs(at_s), "out of ideas".into());
        let expected = Halt::Undecided { service: "service".into(), at, why };
        assert_eq!(run(setup), Err(expected), "{requests:?}");
    }
}
