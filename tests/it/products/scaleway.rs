//! Scaleway: the samples of the reference as they are printed there, and the shipped document.

use super::{load, loaded};
use autosim_engine::fault::Severity;
use autosim_engine::fleet::VictimOrder;
use autosim_engine::random::Sampler;
use autosim_engine::units::Span;
use autosim_study::experiment::{self, Comparison, Figure, RunOptions, Silent};
use autosim_study::scenario::{LoadOptions, Scenario, Sources};
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// The text of an API reference; it is not part of the project, so a test without it says so.
fn reference(test: &str, file: &str) -> Option<String> {
    let shared = std::env::var_os("AUTOSIM_SHARED").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared")),
        Into::into,
    );
    let text = std::fs::read_to_string(shared.join("seeds").join(file)).ok();
    if text.is_none() {
        let line = format!("skipped: {test}: {file} absent (AUTOSIM_SHARED names its folder)\n");
        let _ = std::io::stderr().write_all(line.as_bytes());
    }
    text
}

/// The bodies of the `curl -d '...'` commands of a page, with the shell's quotes in them.
fn bodies(page: &str) -> Vec<String> {
    let starts = page.match_indices("-d '{").map(|(at, _)| at + "-d '".len());
    let ends = |at: usize| page[at..].find("}'").map(|length| page[at..at + length + 1].to_owned());
    starts.filter_map(ends).collect()
}

#[test]
fn the_bodies_of_the_reference_run_as_they_are_printed() {
    let Some(page) = reference("Scaleway's reference", "003_1c89563fd6e3b042.txt") else { return };
    let bodies = bodies(&page);
    assert_eq!(bodies.len(), 4);
    assert!(bodies[0].contains("\"'\"$SCW_PROJECT_ID\"'\""), "{}", bodies[0]);
    let policy = loaded("scaleway", &format!("[{}]", bodies.join(",")));
    let out = policy.export();
    assert_eq!(out.len(), 4);
    assert_eq!(out[0]["project_id"], "$SCW_PROJECT_ID");
    assert_eq!(out[1]["capacity"]["cooldown_delay"], "300s");
    let platform = policy.platform();
    assert_eq!((platform.start, platform.most), (1, 5));
    let strict = load("scaleway", &format!("[{}]", bodies.join(",")), true);
    assert!(strict.policy.is_none());
    for found in &strict.found {
        assert_eq!((found.fault.code.as_str(), found.fault.status), ("format", Some(400)));
    }
}

#[test]
fn the_shipped_document_is_sound_and_evaluated_every_five_minutes() {
    let text = include_str!("../../../scenarios/policies/scaleway.json");
    let loading = load("scaleway", text, false);
    assert!(loading.found.is_empty(), "{:#?}", loading.found);
    let policy = loading.policy.unwrap();
    assert_eq!(policy.first_evaluation().unwrap().as_secs_f64(), 300.0);
    assert!(policy.aggregates_itself() && policy.omitted().iter().all(|one| one.path == "tags"));
}

#[test]
fn a_fault_has_its_place_in_the_text_of_its_body() {
    let text = "[\n{\"metric\": {\"threshold\": 65}},\n{\"metric\": {\"threshold\": \"hot\"}}\n]";
    let loading = load("scaleway", text, false);
    let errors: Vec<_> =
        loading.found.iter().filter(|found| found.fault.severity == Severity::Error).collect();
    assert_eq!(errors.len(), 1, "{errors:?}");
    match &errors[0].origin {
        autosim_policies::products::Origin::File { file: 0, span } => {
            assert_eq!(&text[span.clone()], "\"hot\"");
        }
        other => panic!("{other:?}"),
    }
}

/// Ten requests a second, each a tenth of a second of work and a thousand bytes, on two Instances of one
/// slot until `end`; a group of 1 to 9 with one policy that adds one above `threshold`.
fn steady(metric: &str, threshold: f64, end: &str, replica: &str, knobs: &str) -> Scenario {
    let text = format!(
        "duration = '{end}'\nreplications = 1\n\
         [workload.arrivals.clock.renewal]\ngaps.constant = '100ms'\n\
         [service]\nconcurrency = 1\nservice_time.constant = '100ms'\n\
         [replica]\ninitial = 2\nresources.bytes_per_request = 1000\n{replica}\n\
         [policies.group.scaleway]\nknobs = {{ {knobs} }}\n\
         [[policies.group.scaleway.bodies]]\n\
         project_id = '<P>'\nname = 'group'\ntemplate_id = '<T>'\n\
         capacity = {{ min_replicas = 1, max_replicas = 9, cooldown_delay = '300s' }}\n\
         loadbalancer = {{ id = '<L>', backend_ids = ['<B>'] }}\n\
         [[policies.group.scaleway.bodies]]\n\
         name = 'up'\naction = 'scale_up'\ntype = 'flat_count'\nvalue = 1\n\
         instance_group_id = '<G>'\n\
         [policies.group.scaleway.bodies.metric]\nname = 'm'\nmanaged_metric = '{metric}'\n\
         operator = 'operator_greater_than'\naggregate = 'aggregate_average'\n\
         sampling_range_min = 5\nthreshold = {threshold:?}\n"
    );
    let options = LoadOptions { fallback_name: "steady".into(), ..LoadOptions::default() };
    match autosim_study::scenario::load(Sources::new("steady.toml", text), &options) {
        Ok(loaded) => loaded.scenario,
        Err(findings) => panic!("{}", findings.render(false)),
    }
}

fn peak(scenario: &Scenario) -> f64 {
    let options = RunOptions {
        jobs: 1,
        all_timelines: false,
        all_decisions: false,
        limits: &[],
        cancel: &Arc::new(AtomicBool::new(false)),
    };
    let compared = Comparison::of(&experiment::run(scenario, &options, &Silent).unwrap());
    compared.policies[0].estimate(Figure::PeakReplicas).unwrap().mean
}

#[test]
fn every_metric_is_what_the_simulated_service_shows_of_it() {
    for (metric, knobs, value) in [
        ("managed_metric_instance_cpu", "", 50.0),
        ("managed_metric_instance_network_in", "", 2500.0),
        ("managed_metric_instance_network_in", "network_in_share = 0.2", 1000.0),
        ("managed_metric_instance_network_out", "network_in_share = 0.2", 4000.0),
        ("managed_metric_instance_network_out", "network_value = 'total'", 5000.0),
        ("managed_loadbalancer_backend_throughput", "", 10_000.0),
        ("managed_loadbalancer_backend_connections_rate", "", 10.0),
        ("managed_loadbalancer_backend_connections_rate", "requests_per_connection = 4", 2.5),
        ("managed_loadbalancer_backend_connections_rate", "connections_rate = 'open'", 1.0),
    ] {
        for (share, expected) in [(0.98, 3.0), (1.02, 2.0)] {
            let scenario = steady(metric, share * value, "310s", "", knobs);
            assert_eq!(peak(&scenario), expected, "{metric} {knobs} at {share} of {value}");
        }
    }
}

#[test]
fn the_first_action_is_at_five_minutes_and_the_next_waits_for_the_cooldown() {
    let metric = "managed_loadbalancer_backend_throughput";
    // With Instances that take 200 s to start, a cooldown from readiness begins at the sample of 540 s.
    let slow = "cold_start.constant = '200s'";
    for (end, knobs, expected) in [
        ("299s", "", 2.0),
        ("301s", "", 3.0),
        ("599s", "", 3.0),
        ("601s", "", 4.0),
        ("601s", "cooldown_end = 'denied'", 3.0),
        ("601s", "tick_jitter_s = 60", 3.0),
        ("601s", "cooldown_from = 'ready'", 3.0),
        ("899s", "cooldown_from = 'ready'", 3.0),
        ("901s", "cooldown_from = 'ready'", 4.0),
        ("601s", "tick_s = 60", 4.0),
    ] {
        let scenario = steady(metric, 1.0, end, slow, knobs);
        assert_eq!(peak(&scenario), expected, "until {end}, {knobs}");
    }
}

#[test]
fn what_the_scenario_leaves_open_the_platform_brings() {
    let metric = "managed_metric_instance_cpu";
    for (replica, knobs, victims, cold_start_s) in [
        ("", "", VictimOrder::Newest, 120),
        ("", "victim = 'oldest', cold_start_s = 30", VictimOrder::Oldest, 30),
        ("cold_start.constant = '5s'", "", VictimOrder::Newest, 5),
    ] {
        let scenario = steady(metric, 70.0, "1h", replica, knobs);
        let fleet = &scenario.deployment(0, 0).fleet;
        assert_eq!(fleet.victims, victims, "{knobs}");
        let length = Sampler::Constant(Span::from_secs(cold_start_s).0);
        assert_eq!(fleet.cold_start[0].length, length, "{replica} {knobs}");
    }
}
