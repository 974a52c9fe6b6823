//! Whole experiments on a small scenario.

use super::*;
use crate::scenario::{LoadOptions, Scenario, Sources, load};
use autosim_engine::simulation::{self, DecisionLog, Detail, Slo};
use autosim_engine::units::Span;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

pub(super) const TEXT: &str = r#"
name = "small"
duration = "10m"
warmup = "1m"
replications = 3
[slo]
latency = "p99 < 500ms"
[workload.arrivals.main.poisson]
rate = "40/s"
[service]
concurrency = 2
service_time.exponential.mean = "50ms"
[replica]
cold_start.constant = "25s"
initial = 3
[price]
per_replica_hour = "0.36 USD"
[policies.tight.fixed]
replicas = 2
[policies.roomy.fixed]
replicas = 4
"#;

pub(super) fn scenario(text: &str) -> Scenario {
    let options = LoadOptions { fallback_name: "test".into(), ..LoadOptions::default() };
    match load(Sources::new("test.toml", text), &options) {
        Ok(loaded) => loaded.scenario,
        Err(found) => panic!("{found:?}"),
    }
}

fn run_with(jobs: usize, all: bool, progress: &dyn Progress, cancel: &Arc<AtomicBool>) -> Results {
    let options = RunOptions { jobs, all_timelines: all, all_decisions: all, limits: &[], cancel };
    run(&scenario(TEXT), &options, progress).unwrap()
}

#[test]
fn results_do_not_depend_on_how_many_cells_run_at_once() {
    let cancel = Arc::default();
    let one = run_with(1, true, &Silent, &cancel);
    assert!(one.complete);
    // Two divide the third replication; seven divide all of them.
    for jobs in [2, 3, 7] {
        assert_eq!(one, run_with(jobs, true, &Silent, &cancel), "{jobs} jobs");
    }
    let replications: Vec<usize> = one.policies.iter().map(|p| p.details.len()).collect();
    assert_eq!(replications, [3, 3]);
}

#[test]
fn policies_meet_the_same_requests_and_replications_do_not() {
    let results = run_with(2, false, &Silent, &Arc::default());
    let arrived = |policy: &PolicyResults| -> Vec<f64> {
        policy.first_service().filter_map(|row| row.row.get(Figure::Arrived)).collect()
    };
    let [tight, roomy] = &results.policies[..] else { panic!("two policies") };
    assert_eq!(arrived(tight), arrived(roomy));
    assert_ne!(arrived(tight)[0], arrived(tight)[1]);
    assert_eq!(roomy.details.len(), 1, "only the first replication keeps its timeline");
    // Nine minutes at 40/s.
    assert!((arrived(tight)[0] - 21_600.0).abs() < 800.0);
    // Four replicas for nine minutes at 0.36 an hour: 0.216; the fourth is ordered before the warm-up
    // ends.
    let cost = roomy.first_service().next().and_then(|row| row.row.get(Figure::Cost)).unwrap();
    assert!((cost - 0.216).abs() < 1e-9, "{cost}");
}

struct StopAfter<'a> {
    left: AtomicUsize,
    cancel: &'a AtomicBool,
}

impl Progress for StopAfter<'_> {
    fn begins(&self, _: usize, _: f64) {}
    fn finished(&self, &Glance { requests, .. }: &Glance<'_>) {
        assert!(requests > 0);
        if self.left.fetch_sub(1, Ordering::SeqCst) == 1 {
            self.cancel.store(true, Ordering::SeqCst);
        }
    }
}

#[test]
fn an_interruption_keeps_what_is_finished() {
    let cancel = Arc::new(AtomicBool::new(false));
    let stop = StopAfter { left: AtomicUsize::new(3), cancel: &cancel };
    let results = run_with(1, false, &stop, &cancel);
    assert!(!results.complete);
    let finished: Vec<usize> = results.policies.iter().map(|p| p.rows.len()).collect();
    // The policies of a replication go side by side: the second replication was whole.
    assert_eq!(finished, [2, 2]);
    let comparison = Comparison::of(&results);
    assert_eq!(comparison.policies[0].replications, 2);
}

#[test]
fn an_interruption_of_one_replication_keeps_the_policies_that_are_finished() {
    // More than go side by side: the first six are finished before the others are begun.
    let policy = |at: u32| format!("[policies.p{at}.fixed]\nreplicas = {}\n", 12 - at);
    let policies: String = (0..12).map(policy).collect();
    let text = TEXT.split("[policies").next().unwrap_or_default();
    let text = text.replace("replications = 3", "replications = 1") + &policies;
    let cancel = Arc::new(AtomicBool::new(false));
    let stop = StopAfter { left: AtomicUsize::new(6), cancel: &cancel };
    let options = RunOptions {
        jobs: 1,
        all_timelines: false,
        all_decisions: false,
        limits: &[],
        cancel: &cancel,
    };
    let results = run(&scenario(&text), &options, &stop).unwrap();
    let finished: Vec<usize> = results.policies.iter().map(|p| p.rows.len()).collect();
    assert_eq!(finished, [1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0]);
    assert!(!results.complete);
    let comparison = Comparison::of(&results);
    assert_eq!(comparison.baseline, 5, "the cheapest of those that ran");
    assert_eq!(comparison.policies[5].verdict.ruling, Ruling::Met);
    assert_eq!(comparison.policies[6].verdict.ruling, Ruling::NotAsked);
}

#[test]
fn the_cheapest_policy_that_keeps_the_slo_is_the_baseline() {
    let results = run_with(2, false, &Silent, &Arc::default());
    let comparison = Comparison::of(&results);
    let [tight, roomy] = &comparison.policies[..] else { panic!("two policies") };
    assert_eq!(comparison.baseline, 0);
    assert_eq!((tight.verdict.ruling, roomy.verdict.ruling), (Ruling::Met, Ruling::Met));
    let cost = roomy.against(Figure::Cost).unwrap();
    assert!((cost.paired.difference.mean - 0.108).abs() < 1e-9);
    assert!(tight.against.is_empty());
    let faster = roomy.against(Figure::LatencyP99).unwrap();
    assert!(faster.paired.difference.high() < 0.0 && faster.p_corrected.unwrap() < 0.05);
}

#[test]
fn a_clairvoyant_keeps_the_slo_and_no_one_pays_less_than_the_work() {
    let policies = "[policies.oracle.clairvoyant]\n[policies.roomy.fixed]\nreplicas = 12\n";
    let text = TEXT.split("[policies").next().unwrap_or_default().replace(
        "[workload.arrivals.main.poisson]\nrate = \"40/s\"",
        "[workload.arrivals.main.spike]\nat = \"3m\"\nheight = \"150/s\"\nrise = \"1m\"\nhold = \"2m\"\n\
         fall = \"1m\"\n[workload.arrivals.base.poisson]\nrate = \"20/s\"",
    );
    let options = RunOptions {
        jobs: 2,
        all_timelines: false,
        all_decisions: true,
        limits: &[],
        cancel: &Arc::default(),
    };
    let results = run(&scenario(&(text + policies)), &options, &Silent).unwrap();
    let comparison = Comparison::of(&results);
    let [oracle, roomy] = &comparison.policies[..] else { panic!("two policies") };
    assert_eq!(oracle.verdict.ruling, Ruling::Met, "{:?}", oracle.verdict);
    assert!(oracle.sees_future && !oracle.on_frontier && roomy.on_frontier);
    assert_eq!(comparison.baseline, 1);
    let cost = |policy: &Compared| policy.estimate(Figure::Cost).unwrap().min;
    assert!(cost(oracle) < cost(roomy));
    assert_eq!(results.references.work_bound.len(), 3);
    assert!(results.references.work_bound.iter().all(|&bound| 0.0 < bound && bound < cost(oracle)));
    // Replicas were there before the load was: decisions rise ahead of the spike.
    let decisions = &results.policies[0].details[0].services[0].decisions;
    let first_rise = decisions.iter().find(|d| d.decision.desired > d.before).map(|d| d.at);
    assert!(
        first_rise.is_some_and(|at| at < autosim_engine::units::Time::from_secs(210)),
        "{first_rise:?}"
    );
}

/// Two services that Ray Serve scales, whose document lets a replica serve five requests at once.
fn of_rays(concurrency: &str) -> String {
    let ray = "ray-serve.body = { name = 'D', max_ongoing_requests = 5, autoscaling_config = \
               { min_replicas = 1, max_replicas = 9, target_ongoing_requests = 2 } }\n";
    let service = |name: &str| {
        format!(
            "[services.{name}.workload.arrivals.main.poisson]\nrate = '20/s'\n\
             [services.{name}.service]\nservice_time.exponential.mean = '200ms'\n{concurrency}"
        )
    };
    format!(
        "duration = '10m'\nreplications = 2\nslo.latency = 'p99 < 3s'\n\
         price.per_replica_hour = '0.36 USD'\n{}{}[services.back.policy]\n{ray}\
         [policies.one]\n{ray}[policies.other]\n{ray}",
        service("front"),
        service("back")
    )
}

#[test]
fn slots_a_product_brings_count_like_slots_the_scenario_gives() {
    let of = |concurrency: &str| {
        let options = RunOptions {
            jobs: 1,
            all_timelines: false,
            all_decisions: false,
            limits: &[],
            cancel: &Arc::default(),
        };
        run(&scenario(&of_rays(concurrency)), &options, &Silent).unwrap()
    };
    let (brought, given) = (of(""), of("concurrency = 5\n"));
    assert_eq!(brought.references, given.references);
    assert_eq!(brought.references.work_bound.len(), 2);
    for (brought, given) in brought.policies.iter().zip(&given.policies) {
        assert_eq!(brought.rows, given.rows);
        let back = brought.rows.iter().find(|row| row.service == "back").unwrap();
        let utilization = back.row.get(Figure::Utilization).unwrap();
        assert!((0.2..0.9).contains(&utilization), "{utilization}");
        assert!(brought.rows[0].row.get(Figure::ThetaOver).is_some());
    }
}

#[test]
fn the_need_of_each_policy_is_one_of_its_own_replicas() {
    // Ray's replicas serve five at once, the others one.
    let fixed = "[policies.single.fixed]\nreplicas = 30\n";
    let scenario = scenario(&format!("{}{fixed}", of_rays("")));
    let survey = survey::survey(&scenario, 0, &AtomicBool::new(false)).unwrap();
    let needs = reference::needs(&scenario, &survey);
    let most = |policy: usize| needs[policy].iter().max().copied().unwrap();
    assert_eq!(most(0), most(1));
    assert_eq!((most(2) > 5, most(2).div_ceil(5)), (true, most(0)));
    // Scale per request finds an idle slot wherever it is; behind round robin others wait for theirs.
    let apart = of_rays("balancing = 'round-robin'\nconcurrency = 1\n");
    let faas = "[policies.faas.keep-alive]\nidle_expiry.constant = '10m'\n";
    let apart = self::scenario(&format!("{apart}{faas}{fixed}"));
    let needs = reference::needs(&apart, &survey);
    let sum = |policy: usize| needs[policy].iter().sum::<u32>();
    assert!(sum(2) < sum(3) && sum(3) == sum(0), "{} {}", sum(2), sum(3));
    // Nobody can pay for less than those who serve the most at once.
    let bound = reference::work_bound(&scenario, &survey);
    let alone = self::scenario(&of_rays(""));
    assert_eq!(bound, reference::work_bound(&alone, &survey));
}

/// Nothing of it is drawn.
const CERTAIN: &str = r#"
duration = "4m"
warmup = "0s"
replications = 10
[slo]
latency = "p99 < 2s"
[workload.arrivals.main.renewal]
gaps.constant = "40ms"
[service]
service_time.constant = "100ms"
queue.timeout = "3s"
[replica]
cold_start.constant = "7s"
[policies.tracking.target-tracking]
metric = "utilization"
target = "50%"
max = 9
"#;

/// (rule 2)
#[test]
fn where_nothing_is_drawn_one_replication_is_run_and_stands_for_all() {
    let counted = |scenario: &Scenario, replication: u32| {
        let detail =
            Detail { timeline: Some(scenario.timeline), decisions: DecisionLog::All, supply: true };
        format!("{:?}", simulation::run(scenario.setup(0, replication, None, detail)))
    };
    let jitter =
        "[client]\ntimeout = '1s'\nretries = { attempts = 3, delay = '300ms', jitter = '100%' }\n";
    for (from, to, draws) in [
        ("", "", false),
        ("queue.timeout", "balancing = 'round-robin'\nqueue.timeout", false),
        ("queue.timeout", "balancing = 'random'\nqueue.timeout", true),
        ("queue.timeout = '3s'", "queue.timeout.exponential.mean = '1s'", true),
        ("[replica]", &format!("{jitter}[replica]"), true),
        ("gaps.constant = '40ms'", "gaps.exponential.mean = '40ms'", true),
        ("service_time.constant = '100ms'", "service_time.exponential.mean = '100ms'", true),
        ("cold_start.constant = '7s'", "cold_start.exponential.mean = '7s'", true),
        ("max = 9", "max = 9\nphase = 'random'", true),
    ] {
        let text = CERTAIN.replace('"', "'");
        assert!(text.contains(from), "{from}");
        let scenario = scenario(&text.replacen(from, to, 1));
        assert_eq!(scenario.draws(), draws, "{to}");
        assert_eq!(counted(&scenario, 0) != counted(&scenario, 7), draws, "{to}");
        if !draws {
            let options = RunOptions {
                jobs: 2,
                all_timelines: true,
                all_decisions: true,
                limits: &[],
                cancel: &Arc::default(),
            };
            let results = run(&scenario, &options, &Silent).unwrap();
            assert_eq!((results.about.replications, results.policies[0].rows.len()), (1, 1));
            assert!(results.complete && !results.about.draws);
        }
    }
}

/// (rule 7)
#[test]
fn an_slo_is_judged_by_counts_wherever_it_is_asked() {
    // Every request takes exactly so long; the histogram's bucket of 999 ms begins below and ends above 1 s.
    for (takes, below, up_to) in
        [("999ms", true, true), ("1s", false, true), ("1001ms", false, false)]
    {
        let (second, half) = (Span::from_secs(1), Span::from_millis(500));
        let slos = [Slo::below(0.99, second), Slo { or_equal: true, ..Slo::below(0.99, second) }];
        for (slo, kept) in slos.into_iter().zip([below, up_to]) {
            let text = CERTAIN.replace("100ms", takes).replace("40ms", "2s");
            let text = text.replace("p99 < 2s", &slo.to_string());
            let options = RunOptions {
                jobs: 1,
                all_timelines: false,
                all_decisions: false,
                limits: &[half, slo.longest()],
                cancel: &Arc::default(),
            };
            let results = run(&scenario(&text), &options, &Silent).unwrap();
            let verdict = Comparison::of(&results).policies.remove(0).verdict;
            assert_eq!(verdict.ruling == Ruling::Met, kept, "{takes} {slo}");
            let policy = &results.policies[0];
            let (arrived, in_time) = policy.in_time(slo.longest()).unwrap();
            assert_eq!(slo.is_kept(in_time, arrived), kept, "{takes} {slo}");
            assert_eq!(policy.in_time(half), Some((119, 0)));
            assert_eq!(policy.in_time(Span::from_secs(7)), None);
            let row = &policy.rows[0].row;
            let [shown, tail, most] = [Figure::SloLatency, Figure::LatencyP99, Figure::LatencyMax]
                .map(|figure| row.get(figure).unwrap());
            assert!(tail <= most && policy.tail(0.99) == Tail::Ms(tail), "{tail} {most}");
            assert_eq!(shown <= slo.longest().as_millis_f64(), kept, "{takes} {slo}: {shown}");
            let minutes = &policy.details[0].services[0];
            let shown = minutes.timeline.iter().filter_map(|interval| interval.percentiles);
            assert!(shown.flatten().all(|one| one.as_millis_f64() <= most), "{takes}");
        }
    }
}
