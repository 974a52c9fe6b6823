//! Knative end to end, by hand: requests through pods, what is reported of them each second, ticks and reconciles.

use autosim_engine::simulation::{self, DecisionLog, Detail};
use autosim_study::scenario::{LoadOptions, Sources, load};

/// When the wanted count changed, in seconds, and to what: requests of 100 ms at these seconds, pods that
/// start in 3 s.
fn changes(requests: &str, initial: u32, annotations: &str, spec: &str) -> Vec<(f64, u32)> {
    let folder = tempfile::tempdir().expect("a folder");
    let recording = format!("t\n{}\n", requests.replace(' ', "\n"));
    std::fs::write(folder.path().join("requests.csv"), recording).expect("it is written");
    let annotations = annotations.replace('$', "autoscaling.knative.dev");
    let toml = format!(
        "duration = '3m'\n[workload.arrivals.main.replay]\nfile = 'requests.csv'\ntime = 't'\n\
         time_unit = 's'\nformat = 'timestamps'\nspread = 'keep'\n\
         [service]\nservice_time.constant = '100ms'\n\
         [replica]\ncold_start.constant = '3s'\ninitial = {initial}\n\
         [policies.kn.knative]\nbody = '''\napiVersion: serving.knative.dev/v1\nkind: Service\n\
         metadata: {{name: shop}}\nspec:\n  template:\n    metadata: {{annotations: {{{annotations}}}}}\n    \
         spec: {{{spec} containers: [{{image: \"shop:1\"}}]}}\n'''\n"
    );
    let options = LoadOptions {
        folder: folder.path().into(),
        fallback_name: "kn".into(),
        ..LoadOptions::default()
    };
    let loaded = load(Sources::new("kn.toml", toml), &options)
        .unwrap_or_else(|found| panic!("{}", found.render(false)));
    let detail = Detail { timeline: None, decisions: DecisionLog::All, supply: false };
    let outcome = simulation::run(loaded.scenario.setup(0, 0, None, detail)).expect("it ends");
    let decisions = outcome.services[0].decisions.iter();
    decisions
        .filter(|record| record.decision.desired != record.before)
        .map(|record| (record.at.as_secs_f64(), record.decision.desired))
        .collect()
}

/// The first request counts as 1 at once: 1 / 0.7 is 2 pods, twice the one that is divided by at least: panic. It
/// waits 3 s and is served in 100 ms: reported as 0 (0.7 less the 1 before), 1, 1 and 0.4. Panic holds until the first
/// tick more than 60 s after 10.3 s, and gives back half; at 74 s nothing is left in the window, and the revision was
/// active for 60 s; the activator was in the path all the time, so it goes to zero at the next tick.
#[test]
fn a_request_onto_nothing_brings_what_its_report_asks_for_and_panic_keeps_it() {
    let found = changes("10.3 179", 0, "", "containerConcurrency: 1,");
    assert_eq!(found[..3], [(10.3, 2), (72.0, 1), (76.0, 0)]);
}

/// Nobody comes: inactive when it was active for a stable window. With the default burst capacity the activator was
/// in the path before; without any it comes into it then, and has to be there for 30 s.
#[test]
fn an_idle_pod_goes_a_stable_window_after_it_began_and_the_grace_of_the_activators_path() {
    let idle = |annotations| changes("179", 1, annotations, "");
    assert_eq!(idle("")[0], (62.0, 0));
    assert_eq!(idle("$/target-burst-capacity: \"0\"")[0], (90.0, 0));
    assert_eq!(idle("$/scale-to-zero-pod-retention-period: 75s")[0], (136.0, 0));
    assert_eq!(idle("$/min-scale: \"1\""), []);
}
