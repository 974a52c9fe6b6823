//! KEDA end to end, by hand: jobs in a queue, polls, passes of the autoscaler, pods.

use autosim_engine::simulation::{self, DecisionLog, Detail};
use autosim_study::scenario::{LoadOptions, Loaded, Sources, load};

/// Jobs of 50 s at these seconds, pods that start in 5 s and take one at a time, a ScaledObject that wants one of its
/// queue for each.
fn scenario(jobs: &str, spec: &str, rest: &str) -> Result<Loaded, String> {
    let folder = tempfile::tempdir().expect("a folder");
    let recording = format!("t\n{}\n", jobs.replace(' ', "\n"));
    std::fs::write(folder.path().join("jobs.csv"), recording).expect("it is written");
    let toml = format!(
        "duration = '5m'\n[workload.arrivals.main.replay]\nfile = 'jobs.csv'\ntime = 't'\ntime_unit = 's'\n\
         format = 'timestamps'\nspread = 'keep'\n[service]\nservice_time.constant = '50s'\nqueue.at_zero = 'wait'\n\
         [replica]\ncold_start.constant = '5s'\n{rest}\n[policies.own.keda]\nbody = \"\"\"\n\
         apiVersion: keda.sh/v1alpha1\nkind: ScaledObject\nmetadata: {{name: worker}}\nspec:\n  \
         scaleTargetRef: {{name: worker}}\n  cooldownPeriod: 60\n{spec}\"\"\"\n"
    );
    let options = LoadOptions {
        folder: folder.path().into(),
        fallback_name: "keda".into(),
        ..LoadOptions::default()
    };
    load(Sources::new("keda.toml", toml), &options).map_err(|found| found.render(false))
}

/// When the wanted count changed before the last half minute, in seconds, and to what.
fn changes(jobs: &str, spec: &str, rest: &str) -> Vec<(f64, u32)> {
    let loaded = scenario(jobs, spec, rest).unwrap_or_else(|found| panic!("{found}"));
    let detail = Detail { timeline: None, decisions: DecisionLog::All, supply: false };
    let outcome = simulation::run(loaded.scenario.setup(0, 0, None, detail)).expect("it ends");
    let decisions = outcome.services[0].decisions.iter();
    decisions
        .filter(|record| {
            record.decision.desired != record.before && record.at.as_secs_f64() < 270.0
        })
        .map(|record| (record.at.as_secs_f64(), record.decision.desired))
        .collect()
}

const JOBS: &str =
    "  triggers:\n  - {type: rabbitmq, name: jobs, metadata: {queueName: jobs, value: '1'}}\n";

/// Three jobs at 40 s. The poll at 60 s writes 1, whatever waits; it is ready at 65 s. The pass at 75 s sees three jobs
/// and makes it 3, the others ready at 80 s. Jobs end at 115 and 130 s; the autoscaler's window holds 3. The last
/// active poll is at 120 s, so that at 180 s puts all of them to sleep.
#[test]
fn a_poll_brings_one_the_autoscaler_the_rest_and_the_cooldown_takes_all() {
    assert_eq!(changes("40 41 42", JOBS, ""), [(60.0, 1), (75.0, 3), (180.0, 0)]);
    // Polls every 7 s: that at 42 s finds them, the jobs end at 97 and 100 s, 98 s was the last active poll.
    let often = format!("  pollingInterval: 7\n{JOBS}");
    assert_eq!(changes("40 41 42", &often, ""), [(42.0, 1), (45.0, 3), (161.0, 0)]);
}

/// A new object over idle pods: the poll at the start finds nothing.
#[test]
fn an_idle_workload_is_put_to_sleep_at_the_start_or_after_the_initial_cooldown() {
    let idle = |spec: &str| changes("299", spec, "initial = 2");
    assert_eq!(idle(JOBS), [(0.0, 0)]);
    assert_eq!(idle(&format!("  initialCooldownPeriod: 40\n{JOBS}")), [(60.0, 0)]);
}

/// The queue does not answer from 100 to 200 s. Without a fallback nothing changes until it does; the last active poll was
/// at 90 s, that at 210 s puts them to sleep. With one of 5 after more than two failures: passes at 105 and 120 s, the
/// poll at 120 s, and so 5 at 135 s. That poll and the later ones count as active: the last at 180 s, or at 210 s
/// nothing is found and 60 s have not passed, at 240 s they have.
#[test]
fn a_queue_that_does_not_answer_keeps_the_pods_or_brings_those_of_the_fallback() {
    let outage = "[[metric_outages]]\nat = '100s'\nlasts = '100s'\n";
    assert_eq!(changes("40 41 42", JOBS, outage), [(60.0, 1), (75.0, 3), (210.0, 0)]);
    let fallback = format!("  fallback: {{failureThreshold: 2, replicas: 5}}\n{JOBS}");
    let found = changes("40 41 42", &fallback, outage);
    assert_eq!(found, [(60.0, 1), (75.0, 3), (135.0, 5), (240.0, 0)]);
}

/// Prometheus scrapes every 30 s and finds a job at 60 and 90 s. From 100 to 200 s it has nothing: that is 0 for KEDA,
/// so the cooldown from 90 s on ends at 150 s, with a job in service; the one that waits is found at 210 s. Where
/// nothing is a failure, the pod is kept.
#[test]
fn a_query_that_finds_nothing_puts_a_busy_pod_to_sleep_unless_it_is_told_to_fail() {
    let rest = "grace = '10s'\n[[metric_outages]]\nat = '100s'\nlasts = '100s'\n\
                [policies.own.keda.knobs]\nmetrics.load = 'ongoing_requests'\n";
    let at = |more: &str| {
        let metadata = format!("{{query: up, threshold: '1'{more}}}");
        let trigger =
            format!("  triggers:\n  - {{type: prometheus, name: load, metadata: {metadata}}}\n");
        changes("40 90 91", &trigger, rest)
    };
    assert_eq!(at(""), [(60.0, 1), (150.0, 0), (210.0, 1)]);
    assert_eq!(at(", ignoreNullValues: 'false'"), [(60.0, 1)]);
}

#[test]
fn a_trigger_that_looks_at_nothing_there_is_stops_a_run_and_says_what_would_help() {
    let load =
        "  triggers:\n  - {type: prometheus, name: load, metadata: {query: up, threshold: '5'}}\n";
    let Err(refused) = scenario("1", load, "") else { panic!("it runs") };
    for part in [
        "policies.own.keda.knobs: the trigger `load` looks at nothing that a simulation has",
        "set policies.own.keda.knobs.metrics.load to a metric such as \"queued_requests\"",
    ] {
        assert!(refused.contains(part), "{refused}");
    }
    let knobs = "[policies.own.keda.knobs]\nmetrics.load = 'queued_requests'\n";
    assert!(scenario("1", load, knobs).is_ok());
}
