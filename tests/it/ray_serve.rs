//! Ray Serve end to end: recorded requests through replicas, handle, reports and controller, compared
//! with how live deployments behave.

use crate::vectors::text;
use autosim_engine::simulation::{self, DecisionLog, Detail};
use autosim_study::scenario::{Layer, LoadOptions, Sources, load};
use std::fmt::Write as _;
use std::path::Path;

/// A recording: requests at these seconds.
fn record(folder: &Path, seconds: impl Iterator<Item = f64>) {
    let mut text = "t\n".to_owned();
    for at in seconds {
        let _ = writeln!(text, "{at:.3}");
    }
    std::fs::write(folder.join("requests.csv"), text).expect("the recording is written");
}

/// A deployment that plays the recording from `at` seconds on.
fn scenario(at: f64, duration: &str, rest: &str) -> String {
    format!(
        "duration = '{duration}'\n[workload.arrivals.main.replay]\nfile = 'requests.csv'\n\
         time = 't'\ntime_unit = 's'\nformat = 'timestamps'\nspread = 'keep'\nat = '{at:.2}s'\n{rest}"
    )
}

/// When the wanted count changed, in seconds, and to what, where loops do not drift.
fn changes(folder: &Path, toml: &str) -> Vec<(f64, u32)> {
    let knob = |name| (format!("policies.ray.ray-serve.knobs.{name}"), "0s".to_owned());
    changes_with(folder, toml, &[knob("control_drift"), knob("metrics_drift")])
}

/// The same, with some keys set.
fn changes_with(folder: &Path, toml: &str, keys: &[(String, String)]) -> Vec<(f64, u32)> {
    let options = LoadOptions {
        folder: folder.into(),
        layers: keys.iter().map(|(path, value)| Layer::value(path, path, value)).collect(),
        fallback_name: "ray".into(),
        ..LoadOptions::default()
    };
    let loaded = load(Sources::new("ray.toml", toml), &options)
        .unwrap_or_else(|found| panic!("{}", found.render(false)));
    let detail = Detail { timeline: None, decisions: DecisionLog::All, supply: false };
    let setup = loaded.scenario.setup(0, 0, None, detail);
    let outcome = simulation::run(setup).expect("the run ends");
    let decisions = outcome.services[0].decisions.iter();
    decisions
        .filter(|record| record.decision.desired != record.before)
        .map(|record| (record.at.as_secs_f64(), record.decision.desired))
        .collect()
}

const ZERO: &str = "[service]\nservice_time.constant = '100ms'\n[replica]\ncold_start.constant = '3s'\n\
    [policies.ray.ray-serve.body]\nmin_replicas = 0\nmax_replicas = 4\n";

/// From the first request to the decision, for the recording begun at each tenth of a second of the
/// thirty in which samples (every 6 s) and pushes (every 10 s) come round.
fn reactions(folder: &Path, rest: &str) -> Vec<f64> {
    let mut found: Vec<f64> = (0..300)
        .map(|phase| {
            let at = 60.0 + 0.05 + f64::from(phase) / 10.0;
            let changes = changes(folder, &scenario(at, "2m", rest));
            assert_eq!(changes[0].1, 1, "{changes:?}");
            changes[0].0 - at
        })
        .collect();
    found.sort_by(f64::total_cmp);
    found
}

fn quantiles(sorted: &[f64]) -> [f64; 4] {
    let rounded = |at: usize| (sorted[at] * 100.0).round() / 100.0;
    [
        rounded(0),
        rounded(sorted.len() / 2),
        rounded(sorted.len() * 9 / 10),
        rounded(sorted.len() - 1),
    ]
}

#[test]
fn a_warm_handle_wakes_a_sleeping_deployment_with_the_next_sample_and_the_next_request() {
    let folder = tempfile::tempdir().expect("a folder");
    record(folder.path(), (0..120).map(|n| f64::from(n) / 4.0));
    let found = reactions(folder.path(), ZERO);
    let mean = found.iter().sum::<f64>() / found.len() as f64;
    assert_eq!(quantiles(&found), [0.05, 3.05, 5.55, 6.05]);
    assert!((mean - 3.1).abs() < 0.1, "{mean}");
    // Sampled and pushed every 2 s, as in the live measurement: within a cycle and a request.
    let quick = format!("{ZERO}metrics_interval_s = 2\nlook_back_period_s = 10\n");
    let found = reactions(folder.path(), &quick);
    assert_eq!(quantiles(&found), [0.05, 1.05, 1.85, 1.95]);
}

#[test]
fn a_lone_request_waits_for_a_sample_and_then_for_a_push() {
    let folder = tempfile::tempdir().expect("a folder");
    record(folder.path(), [0.0].into_iter());
    let found = reactions(folder.path(), ZERO);
    assert_eq!(quantiles(&found), [0.05, 7.05, 11.55, 13.95]);
}

#[test]
fn the_first_request_of_a_new_handle_is_seen_at_once() {
    let folder = tempfile::tempdir().expect("a folder");
    record(folder.path(), [0.0].into_iter());
    let fresh = ZERO.replace(
        "ray-serve.body]",
        "ray-serve.knobs]\nhandle = 'first-request'\n[policies.ray.ray-serve.body]",
    );
    let found = reactions(folder.path(), &fresh);
    assert!(found.iter().all(|&wait| wait <= 0.1), "{:?}", quantiles(&found));
}

#[test]
fn from_nothing_to_many_costs_two_cold_starts_and_a_delay() {
    let folder = tempfile::tempdir().expect("a folder");
    // 20/s of a second each: twenty at once, so ten replicas at two each.
    record(folder.path(), (0..2400).map(|n| f64::from(n) / 20.0));
    let rest = "[service]\nservice_time.constant = '1s'\n[replica]\ncold_start.constant = '8s'\n\
        [policies.ray.ray-serve.body]\nmin_replicas = 0\nmax_replicas = 10\nupscale_delay_s = 5\n";
    let found = changes(folder.path(), &scenario(61.0, "150s", rest));
    // Sampled at 66 s, sent with the next request, seen at the tick after it.
    assert_eq!(found[0], (66.1, 1));
    // Ordered a tick later, running 8 s after that, and the delay begins then.
    let (at, count) = found[1];
    assert!((at - (66.1 + 0.1 + 8.0 + 5.0)).abs() <= 0.11, "{found:?}");
    assert_eq!(count, 10, "the backlog asks for all there may be");
}

#[test]
fn four_replicas_become_one_in_one_step_and_none_in_another() {
    let folder = tempfile::tempdir().expect("a folder");
    // Eight at once for two minutes.
    record(folder.path(), (0..960).map(|n| f64::from(n) / 8.0));
    let rest = "[service]\nservice_time.constant = '1s'\n[replica]\ncold_start.constant = '2s'\n\
        [policies.ray.ray-serve.body]\nmin_replicas = 0\nmax_replicas = 4\ninitial_replicas = 4\n\
        upscale_delay_s = 0\ndownscale_delay_s = 60\ndownscale_to_zero_delay_s = 20\n";
    let found = changes(folder.path(), &scenario(0.0, "400s", rest));
    let counts: Vec<u32> = found.iter().map(|&(_, count)| count).collect();
    assert_eq!(counts, [1, 0], "{found:?}");
    let [(one, _), (none, _)] = found[..] else { panic!("{found:?}") };
    // The load is gone at 121 s; the first report to say so ends at most ten seconds later.
    assert!((181.0..=192.0).contains(&one), "{found:?}");
    assert!((none - one - 20.0).abs() <= 0.21, "{found:?}");
}

#[test]
fn zero_takes_a_window_in_which_every_sample_is_zero() {
    let folder = tempfile::tempdir().expect("a folder");
    record(folder.path(), (0..200).map(|n| f64::from(n) / 4.0));
    let rest = "[service]\nservice_time.constant = '1s'\n[replica]\ncold_start.constant = '2s'\n\
        [policies.ray.ray-serve.body]\nmin_replicas = 0\nmax_replicas = 2\ninitial_replicas = 2\n\
        target_ongoing_requests = 4\ndownscale_delay_s = 0\n";
    let found = changes(folder.path(), &scenario(10.0, "150s", rest));
    let last = found[found.len() - 1];
    // The last request ends at 60.75 s, the last busy sample was at 60 s; it leaves the window with
    // the push at 90 s.
    assert_eq!(last, (90.0, 0), "{found:?}");
}

#[test]
fn a_wish_waits_behind_max_replicas_and_a_default_deployment_never_scales() {
    let folder = tempfile::tempdir().expect("a folder");
    record(folder.path(), (0..2000).map(|n| f64::from(n) / 20.0));
    let rest = "[service]\nservice_time.constant = '2s'\n[policies.ray.ray-serve.body]\n";
    assert_eq!(changes(folder.path(), &scenario(0.0, "100s", rest)), []);
    // A target capacity bounds it from below and above.
    let half = format!(
        "{}[policies.ray.ray-serve.knobs]\ntarget_capacity = 50\n",
        rest.replace("body]\n", "body]\nmin_replicas = 4\nmax_replicas = 6\nupscale_delay_s = 0\n")
    );
    let found = changes(folder.path(), &scenario(0.0, "100s", &half));
    assert_eq!(found.last().map(|change| change.1), Some(3), "{found:?}");
}

/// With even arrivals and constant service the samples of loops that do not drift lock in phase with the
/// requests; those of a live deployment do not, and ours drift as its do (rule 51).
#[test]
fn a_deployment_scales_in_about_when_the_live_one_did() {
    let Some(requests) = text("ray_serve", "live/requests.csv") else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let due = |line: &str| line.split(',').next()?.parse().ok();
    record(folder.path(), requests.lines().skip(1).map(|line| due(line).expect("seconds")));
    let rest = "[service]\nservice_time.constant = '200ms'\n[replica]\ncold_start.constant = '4.5s'\n\
        [policies.ray.ray-serve.body]\nmax_ongoing_requests = 5\n\
        [policies.ray.ray-serve.body.autoscaling_config]\nmin_replicas = 1\nmax_replicas = 4\n\
        target_ongoing_requests = 2\nupscale_delay_s = 3\ndownscale_delay_s = 8\n\
        look_back_period_s = 10\nmetrics_interval_s = 2\nupscaling_factor = 0.5\n\
        downscaling_factor = 0.6\n";
    let toml = scenario(0.0, "113s", rest);
    let scale_ins = |drift: bool| -> Vec<f64> {
        let of_seed = |seed: u32| {
            let seed = [("seed".to_owned(), seed.to_string())];
            let found = match drift {
                true => changes_with(folder.path(), &toml, &seed),
                false => changes(folder.path(), &toml),
            };
            found.windows(2).rev().find(|pair| pair[1].1 < pair[0].1).map_or(0.0, |pair| pair[1].0)
        };
        (1..=10).map(of_seed).collect()
    };
    // The live one did at 99.6 s.
    let found = scale_ins(true);
    let near = found.iter().filter(|at| (85.0..=115.0).contains(*at)).count();
    assert!(near >= 8, "{found:?}; without drift {:?}", scale_ins(false));
}
