//! The shipped scenarios tell the stories they claim: order and shape, not digits.

use autosim_engine::simulation::Interval;
use autosim_engine::units::Time;
use autosim_study::experiment::{self, Comparison, Figure, Results, RunOptions, Silent};
use autosim_study::scenario::{LoadOptions, Sources, load};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// A finished scenario, asked by policy and figure.
struct Story(Comparison, Results);

impl Story {
    fn run(name: &str, replications: u32) -> Self {
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("scenarios");
        let text = std::fs::read_to_string(folder.join(format!("{name}.toml"))).unwrap();
        let options = LoadOptions { folder, fallback_name: name.into(), ..LoadOptions::default() };
        let mut loaded = match load(Sources::new(format!("{name}.toml"), text), &options) {
            Ok(loaded) => loaded,
            Err(findings) => panic!("{}", findings.render(false)),
        };
        loaded.scenario.replications = replications;
        let options = RunOptions {
            jobs: 2,
            all_timelines: false,
            all_decisions: false,
            limits: &[],
            cancel: &Arc::new(AtomicBool::new(false)),
        };
        let results = experiment::run(&loaded.scenario, &options, &Silent).unwrap();
        Self(Comparison::of(&results), results)
    }

    fn figure(&self, policy: &str, figure: Figure) -> f64 {
        let compared = self.0.policies.iter().find(|compared| compared.name == policy).unwrap();
        compared
            .estimate(figure)
            .unwrap_or_else(|| panic!("{policy} has no {}", figure.column()))
            .mean
    }

    /// The first service's intervals in the first replication.
    fn timeline(&self, policy: &str) -> &[Interval] {
        let found = self.1.policies.iter().find(|found| found.name == policy).unwrap();
        &found.details[0].services[0].timeline
    }

    /// The count in force up to that second.
    fn desired(&self, policy: &str, second: u64) -> u32 {
        let before = |interval: &&Interval| interval.at < Time::from_secs(second);
        self.timeline(policy).iter().take_while(before).last().unwrap().desired
    }

    /// Minutes in which more than one in a hundred requests failed.
    fn bad_minutes(&self, policy: &str) -> f64 {
        let is_bad = |i: &&Interval| 100 * (i.rejections + i.timeouts) > i.arrivals;
        let bad = self.timeline(policy).iter().filter(is_bad);
        bad.map(|interval| interval.length.as_secs_f64()).sum::<f64>() / 60.0
    }

    /// Of the requests of one source.
    fn of_class(&self, policy: &str, source: &str, figure: Figure) -> f64 {
        let compared = self.0.policies.iter().find(|compared| compared.name == policy).unwrap();
        let class = compared.classes.iter().find(|one| one.class.name() == source).unwrap();
        class.estimates.get(figure).unwrap().mean
    }

    fn figures<const N: usize>(&self, policies: [&str; N], figure: Figure) -> [f64; N] {
        policies.map(|policy| self.figure(policy, figure))
    }
}

#[track_caller]
fn falls(values: &[f64]) {
    assert!(values.windows(2).all(|pair| pair[0] > pair[1]), "{values:?} does not fall");
}

#[test]
fn quickstart_only_the_plan_and_the_peak_fleet_are_ready_for_noon() {
    let story = Story::run("quickstart", 1);
    falls(&story.figures(["steps", "target", "prepared"], Figure::LatencyP99));
    assert!(story.figure("steps", Figure::LatencyP99) > 1000.0);
    let [prepared, peak] = story.figures(["prepared", "peak"], Figure::LatencyP99);
    assert!(prepared < 300.0 && peak < 300.0, "{prepared} {peak}");
    let cost = story.figures(["peak", "prepared", "zero-at-night"], Figure::Cost);
    falls(&cost);
    assert!(cost[0] > 3.0 * cost[1], "{cost:?}");
}

#[test]
fn launch_day_reacting_is_cheapest_and_late_for_minutes() {
    let story = Story::run("launch-day", 1);
    falls(&story.figures(["eager", "prepared", "steady", "foresight"], Figure::Cost));
    assert!(story.figure("foresight", Figure::SloLatency) < 1800.0);
    falls(&story.figures(["steps", "steady", "prepared"], Figure::LatencyP999));
    let minutes = story.figures(["prepared", "steady", "steps"], Figure::SloMinutes);
    falls(&minutes);
    assert!(minutes[0] > 0.999, "{minutes:?}");
}

#[test]
fn monday_morning_a_schedule_loses_nothing_and_is_cheaper_than_a_high_minimum() {
    let story = Story::run("monday-morning", 2);
    let failed = story.figures(["min-2", "min-10", "min-20", "min-40"], Figure::FailedShare);
    falls(&failed);
    assert!(failed[0] > 0.05, "{failed:?}");
    assert!(failed[3] < 0.001, "{failed:?}");
    assert!(story.figure("scheduled-floor", Figure::FailedShare) < 1e-6);
    falls(&story.figures(["min-40", "scheduled-floor"], Figure::BilledHours));
}

#[test]
fn lag_oscillation_old_readings_make_a_limit_cycle() {
    let story = Story::run("lag-oscillation", 2);
    let reversals =
        story.figures(["stale-and-nervous", "stale-but-patient", "fresh"], Figure::Reversals);
    assert!(reversals[0] >= 10.0 && reversals[0] > 3.0 * reversals[1], "{reversals:?}");
    falls(&story.figures(["stale-and-nervous", "stale-but-patient", "fresh"], Figure::FailedShare));
    let peaks =
        story.figures(["stale-and-nervous", "stale-but-patient", "fresh"], Figure::PeakReplicas);
    falls(&peaks);
    assert!(peaks[0] > 2.0 * 43.0, "{peaks:?} against an ideal of 43");
}

#[test]
fn scale_to_zero_herd_starts_hundreds_for_a_handful() {
    let story = Story::run("scale-to-zero-herd", 2);
    let peaks = story.figures(["zero", "min-2", "min-8"], Figure::PeakReplicas);
    assert!(peaks[0] > 300.0 && peaks[1] > 100.0, "{peaks:?}");
    assert!(peaks[2] < 20.0, "{peaks:?}");
    falls(&story.figures(["zero", "min-2", "min-8"], Figure::LatencyP99));
    falls(&story.figures(["zero", "min-8", "zero-limited"], Figure::BilledHours));
    // Knative itself: as many as it may, kept for a minute of panic; the rate limit is later and hardly less.
    let of_knative = ["knative", "knative-2", "knative-8"];
    let peaks = story.figures(of_knative, Figure::PeakReplicas);
    assert!(peaks[0] > 950.0 && peaks[1] > 500.0 && peaks[2] < 20.0, "{peaks:?}");
    falls(&story.figures(of_knative, Figure::LatencyP99));
    falls(&story.figures(["knative-rate", "knative", "knative-8"], Figure::LatencyP99));
    falls(&story.figures(["knative", "knative-rate", "zero", "knative-8"], Figure::BilledHours));
    let desired = story.timeline("knative").iter().filter(|one| one.desired > 950);
    let lasted = desired.map(|one| one.length.as_secs_f64()).sum::<f64>();
    assert!((60.0..90.0).contains(&lasted), "{lasted} s");
}

#[test]
fn stabilise_worst_of_both_cost_is_not_monotone_in_the_window() {
    let story = Story::run("stabilise-worst-of-both", 2);
    let hours = story.figures(
        ["window-900s", "window-1800s", "window-300s", "window-60s", "window-0s"],
        Figure::BilledHours,
    );
    falls(&hours);
    let late = story.figures(["window-900s", "window-1800s"], Figure::LatencyP95);
    assert!(late[0] > 5000.0 && late[1] < 1000.0, "{late:?}");
}

#[test]
fn cooldown_blocks_one_step_at_a_time_never_catches_up() {
    let story = Story::run("cooldown-blocks", 2);
    let failed = story
        .figures(["one-by-one", "short-cooldown", "four-at-a-time", "ratio"], Figure::FailedShare);
    falls(&failed);
    assert!(failed[0] > 4.0 * failed[1], "{failed:?}");
}

#[test]
fn cap_saturation_a_maximum_below_the_need_fails_silently() {
    let story = Story::run("cap-saturation", 2);
    let failed = story.figures(["max-40", "max-90"], Figure::FailedShare);
    assert!(failed[0] > 0.1 && failed[1] < 0.001, "{failed:?}");
    falls(&story.figures(["max-40", "max-60", "max-90"], Figure::MinutesAtCap));
    falls(&story.figures(["max-60", "max-90"], Figure::LatencyP99));
}

#[test]
fn worker_follows_web_the_wave_is_seen_earlier_upstream() {
    let story = Story::run("worker-follows-web", 2);
    let p99 = story.figures(["own-load", "web-traffic"], Figure::LatencyP99);
    assert!(p99[0] > 5.0 * p99[1], "{p99:?}");
    let hours = story.figures(["own-load", "web-traffic"], Figure::BilledHours);
    assert!(hours[1] < 1.2 * hours[0], "{hours:?}");
}

#[test]
fn keep_alive_longer_is_warmer_and_dearer() {
    let story = Story::run("keep-alive-cost", 2);
    let order = ["one-minute", "five-minutes", "ten-minutes", "one-hour"];
    falls(&story.figures(order, Figure::ColdStarts));
    let mut hours = story.figures(order, Figure::BilledHours);
    hours.reverse();
    falls(&hours);
}

#[test]
fn retry_storm_the_spike_ends_and_the_outage_does_not() {
    let story = Story::run("retry-storm", 1);
    let stuck = ["storm", "max-15", "backoff", "cancel"];
    for (policy, failed) in stuck.iter().zip(story.figures(stuck, Figure::FailedShare)) {
        assert!(failed > 0.7, "{policy} fails {failed}");
    }
    let stuck = story.figures(stuck, Figure::Amplification);
    assert!(stuck.iter().all(|&attempts| attempts > 3.0), "{stuck:?}");
    assert!(story.figure("storm", Figure::Utilization) > 0.9);
    assert!(story.figure("storm", Figure::WastedWork) > 0.8);
    let order = ["storm", "max-40", "budget", "no-retries", "shed"];
    falls(&story.figures(order, Figure::FailedShare));
    let mut goodput = story.figures(order, Figure::Goodput);
    goodput.reverse();
    falls(&goodput);
    assert!(story.figure("no-retries", Figure::FailedShare) < 0.15);
    assert!(story.figure("shed", Figure::FailedShare) < 0.03);
    assert!(story.figure("max-40", Figure::PeakReplicas) > 28.0);
}

#[test]
fn long_jobs_killed_an_empty_queue_does_not_mean_idle_workers() {
    let story = Story::run("long-jobs-killed", 2);
    assert!(story.figure("killed", Figure::Lost) > 60.0);
    let saved = ["tried-again", "half-an-hour", "counts-work"];
    assert_eq!(story.figures(saved, Figure::FailedShare), [0.0; 3]);
    falls(&story.figures(saved, Figure::BilledHours));
    falls(&story.figures(["tried-again", "half-an-hour"], Figure::WastedHours));
    assert_eq!(story.figures(["half-an-hour", "counts-work"], Figure::WastedHours), [0.0; 2]);
    assert!(story.figure("killed", Figure::WastedWork) > 0.2);
}

#[test]
fn closed_loop_a_test_that_waits_hides_the_overload_that_production_meets() {
    let story = Story::run("closed-loop", 1);
    // Per second, from a minute after the start and after the change, to its end.
    let part = |policy: &str, from_s: f64, count: fn(&Interval) -> u64| {
        let within = |i: &&Interval| (from_s..from_s + 500.0).contains(&i.at.as_secs_f64());
        let timeline = story.timeline(policy).iter();
        timeline.filter(within).map(count).sum::<u64>() as f64 / 500.0
    };
    let (closed, open) = (60.0, 690.0);
    for (policy, offered) in [("short", 300.0), ("enough", 400.0)] {
        let rate = part(policy, closed, |i| i.arrivals);
        assert!((rate / offered - 1.0).abs() < 0.02, "{policy}: {rate}");
        assert_eq!(part(policy, closed, |i| i.timeouts), 0.0, "{policy}");
        let rate = part(policy, open, |i| i.arrivals);
        assert!((rate / 400.0 - 1.0).abs() < 0.02, "{policy}: {rate}");
    }
    let slowest = |i: &Interval| i.percentiles.map_or(0, |all| all[2].0 / 1_000_000);
    let of_test = story.timeline("short").iter().filter(|i| i.at.as_secs_f64() < 600.0);
    assert!(of_test.map(slowest).max().unwrap() < 1000);
    assert_eq!(part("short", open, |i| i.completions), 0.0);
    assert_eq!(story.figure("enough", Figure::FailedShare), 0.0);
    assert!(story.figure("short", Figure::WastedWork) > 0.45);
}

#[test]
fn batch_behind_interactive_an_order_of_service_is_no_order_at_the_door() {
    let story = Story::run("batch-behind-interactive", 1);
    let of = |source: &'static str, figure| {
        ["mixed", "behind", "pushed-out", "more"]
            .map(|policy| story.of_class(policy, source, figure))
    };
    let p95 = of("interactive", Figure::LatencyP95);
    assert!(p95[0] > 30_000.0 && p95[1..].iter().all(|&ms| ms < 500.0), "{p95:?}");
    let people = of("interactive", Figure::FailedShare);
    falls(&people[..3]);
    assert!(people[1] > 0.03 && people[2..] == [0.0; 2], "{people:?}");
    let jobs = of("batch", Figure::FailedShare);
    assert!(jobs[2] > jobs[0] && jobs[2] > 0.15 && jobs[3] == 0.0, "{jobs:?}");
    falls(&story.figures(["more", "pushed-out"], Figure::BilledHours));
}

#[test]
fn wrong_metric_cpu_falls_while_users_wait() {
    let story = Story::run("wrong-metric", 1);
    // Before the incident, in it, and ten minutes after the backend has healed.
    let counts = |policy| [20, 39, 49].map(|minute| story.desired(policy, 60 * minute));
    let [before, within, after] = counts("cpu");
    assert!((18..=23).contains(&before) && within <= 7, "{before} {within} {after}");
    let [before, within, after] = counts("slots");
    assert!((20..=25).contains(&before) && within > 75, "{before} {within} {after}");
    assert_eq!(counts("requests").map(|count| count.clamp(20, 24)), counts("requests"));
    falls(&story.figures(["cpu", "requests", "slots"], Figure::FailedShare));
    let failed = story.figures(["cpu", "slots"], Figure::FailedShare);
    assert!(failed[0] > 0.3 && failed[1] < 0.12, "{failed:?}");
}

#[test]
fn zone_loss_what_is_left_must_carry_the_load() {
    let story = Story::run("zone-loss", 1);
    let [full, spare] = story.figures(["at-80", "at-60"], Figure::FailedShare);
    assert!(full > 0.005 && spare == 0.0, "{full} {spare}");
    // A third of each: what was there before is three times as many.
    for policy in ["at-80", "at-60"] {
        let failed = story.figure(policy, Figure::Failures);
        assert!((7.0..=13.0).contains(&failed), "{policy}: {failed}");
    }
    assert_eq!(story.figures(["at-80", "at-60"], Figure::Lost), [0.0; 2], "all was put back");
    falls(&story.figures(["at-60", "at-80"], Figure::BilledHours));
    assert!(story.figure("at-60", Figure::LatencyP99) < 300.0);
}

#[test]
fn metric_outage_an_answer_of_0_is_believed_and_no_answer_is_not() {
    let story = Story::run("metric-outage-scale-in", 1);
    // The metric is out from 1200 to 1800 s; the window of scaling in is 300 s.
    let counts = |policy| [1190, 1480, 1530, 1790].map(|at| story.desired(policy, at));
    assert_eq!(counts("reads-zero")[2..], [3, 3]);
    assert!(counts("reads-zero")[..2].iter().all(|count| (55..=64).contains(count)));
    assert_eq!(counts("reads-nothing")[1..], [counts("reads-nothing")[0]; 3]);
    assert_eq!(counts("floor")[2..], [40; 2]);
    assert!(counts("second-metric")[3] > 45);
    // Back at two fifths more at a time, and beyond the mark.
    assert!(story.desired("reads-zero", 2040) < 40);
    assert!(story.figure("reads-zero", Figure::PeakReplicas) > 70.0);
    let overload = story.bad_minutes("reads-zero");
    assert!((11.0..15.0).contains(&overload), "{overload} minutes for 10 without the metric");
    let failed = story.figures(["reads-nothing", "floor", "second-metric"], Figure::FailedShare);
    assert!(failed.iter().all(|&share| share < 0.001), "{failed:?}");
}

#[test]
fn deploy_resets_replicas_without_a_behavior_the_controller_remembers_the_fleet() {
    let story = Story::run("deploy-resets-replicas", 1);
    let counts = |policy| [1190, 1205, 1280].map(|at| story.desired(policy, at));
    assert!(matches!(counts("says-3"), [58, 3, ..=8]), "{:?}", counts("says-3"));
    assert!(matches!(counts("no-behavior"), [58, 3, 58..=100]), "{:?}", counts("no-behavior"));
    assert!(matches!(counts("says-40"), [58, 40, 50..=64]), "{:?}", counts("says-40"));
    assert_eq!(story.figure("says-nothing", Figure::ScaleIns), 0.0);
    let minutes = ["says-3", "no-behavior"].map(|policy| story.bad_minutes(policy));
    assert!(minutes[0] > 10.0 && (1.5..4.0).contains(&minutes[1]), "{minutes:?}");
    assert!(story.figure("says-3", Figure::PeakReplicas) > 65.0);
    let failed = story.figures(["says-40", "says-nothing"], Figure::FailedShare);
    assert!(failed.iter().all(|&share| share < 0.001), "{failed:?}");
}

#[test]
fn startup_cpu_burn_whoever_counts_what_starts_orders_more_of_it() {
    let story = Story::run("startup-cpu-burn", 1);
    let peaks = story.figures(["set-aside", "flags-of-0", "own-metric"], Figure::PeakReplicas);
    assert_eq!(peaks[0].clamp(12.0, 14.0), peaks[0]);
    assert_eq!(peaks[1..], [60.0; 2], "the maximum");
    // Load rises at 600 s.
    let [flags, own] = ["flags-of-0", "own-metric"].map(|policy| {
        (600..1200).step_by(5).find(|&at| story.desired(policy, at) == 60).unwrap() - 600
    });
    assert!(flags <= 150 && own <= 200, "{flags} {own}");
    let cost = story.figures(["own-metric", "set-aside"], Figure::Cost);
    assert!(cost[0] > 1.35 * cost[1], "{cost:?}");
    let p99 = story.figures(["own-metric", "set-aside"], Figure::LatencyP99);
    assert!(p99[1] < 1.1 * p99[0], "and nobody is served faster: {p99:?}");
}

#[test]
fn hpa_vpa_fight_a_share_of_a_request_that_moves_has_no_end() {
    let story = Story::run("hpa-vpa-fight", 1);
    // At the start, before the first change and between the others, four minutes apart.
    let counts = |policy| {
        let minutes = [0, 3, 7, 11, 15, 19, 23, 27, 31];
        minutes.map(|minute| story.desired(policy, 60 * minute + 10))
    };
    assert_eq!(counts("utilization"), [10, 15, 19, 24, 30, 38, 48, 60, 75]);
    assert_eq!(counts("average-value")[1..], [15; 8]);
    let p99 = story.figures(["utilization", "average-value"], Figure::LatencyP99);
    assert_eq!(p99[0], p99[1], "for nothing");
}
