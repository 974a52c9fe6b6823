//! Knative end to end, by hand: requests through pods, what is reported of them each second, ticks and reconciles.

use autosim_engine::simulation::{
    self, Completion, DecisionLog, Detail, ServiceOutcome, Sink, run_told,
};
use autosim_engine::units::Time;
use autosim_study::scenario::{LoadOptions, Scenario, Sources, load};

/// Requests at these seconds, `AT` for 100 ms or `AT:SERVICE_S`; pods start in 3 s; what the Service says, and the rest.
fn scenario(requests: &str, annotations: &str, spec: &str, rest: &str) -> Scenario {
    let folder = tempfile::tempdir().expect("a folder");
    let row = |one: &str| {
        let (at, service_s) = one.split_once(':').unwrap_or((one, "0.1"));
        format!("{at},{service_s}\n")
    };
    let rows: String = requests.split(' ').map(row).collect();
    std::fs::write(folder.path().join("requests.csv"), format!("t,s\n{rows}")).expect("written");
    let annotations = annotations.replace('$', "autoscaling.knative.dev");
    let toml = format!(
        "duration = '3m'\n[workload.arrivals.main.replay]\nfile = 'requests.csv'\ntime = 't'\n\
         time_unit = 's'\nformat = 'timestamps'\nspread = 'keep'\n\
         service_time_column = {{ column = 's', unit = 's' }}\n\
         [replica]\ncold_start.constant = '3s'\n{rest}\n\
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
    loaded.scenario
}

fn detail(decisions: DecisionLog) -> Detail {
    Detail { timeline: None, decisions, supply: false }
}

/// When the wanted count changed, in seconds, and to what.
fn changes(requests: &str, initial: u32, annotations: &str, spec: &str) -> Vec<(f64, u32)> {
    let rest = format!("initial = {initial}");
    let scenario = scenario(requests, annotations, spec, &rest);
    let setup = scenario.setup(0, 0, None, detail(DecisionLog::All));
    let outcome = simulation::run(setup).expect("it ends");
    let decisions = outcome.services[0].decisions.iter();
    decisions
        .filter(|record| record.decision.desired != record.before)
        .map(|record| (record.at.as_secs_f64(), record.decision.desired))
        .collect()
}

/// Pods that served, by arrival, with how long each request waited in seconds; and how many were refused.
fn served(scenario: &Scenario) -> (Vec<(u64, f64)>, u64) {
    #[derive(Default)]
    struct Told(Vec<(Time, u64, f64)>);
    impl Sink for Told {
        fn completed(&mut self, done: &Completion) {
            let waited = done.start.since(done.arrival).as_secs_f64();
            self.0.push((done.arrival, done.replica, waited));
        }
    }
    let mut told = Told::default();
    let setup = scenario.setup(0, 0, None, detail(DecisionLog::Off));
    let outcome = run_told(setup, [], &mut told).expect("it ends");
    told.0.sort_by(|a, b| a.partial_cmp(b).expect("numbers"));
    let ServiceOutcome { counts, .. } = &outcome.services[0];
    (told.0.into_iter().map(|(_, pod, waited)| (pod, waited)).collect(), counts.rejected)
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

/// Two pods of one request each, a long request and three short ones: in turn, the second of these comes to the pod
/// that is busy until 11 s; the activator has it served by the other one.
///
/// | burst capacity | spare | way | waits of the four |
#[test]
fn out_of_the_activators_path_a_request_may_wait_behind_a_long_one() {
    let requests = "1:10 1.1 1.5 1.9";
    let with = |burst: &str, rest: &str| {
        let annotations =
            format!("$/min-scale: \"2\", $/max-scale: \"2\", $/target-burst-capacity: \"{burst}\"");
        served(&scenario(requests, &annotations, "containerConcurrency: 1,", rest)).0
    };
    let held = [(0, 0.0), (1, 0.0), (1, 0.0), (1, 0.0)];
    // 2 - 3 < 0; without end; and nothing kept: 0 is no less than 0.
    assert_eq!(with("3", ""), held);
    assert_eq!(with("-1", ""), held);
    assert_eq!(with("0", ""), [(0, 0.0), (1, 0.0), (0, 9.5), (1, 0.0)]);
    // A balancing of the scenario's holds whoever is in the path.
    assert_eq!(with("0", "[service]\nbalancing = 'central-queue'\n"), held);
}

/// One pod that serves one: with it ten wait in its queue-proxy, and two are refused; at the activator all wait.
#[test]
fn the_queue_of_a_pod_holds_ten_times_what_it_serves_and_the_activators_has_no_end() {
    let requests = vec!["1"; 13].join(" ");
    let with = |burst: &str| {
        let annotations =
            format!("$/min-scale: \"1\", $/max-scale: \"1\", $/target-burst-capacity: \"{burst}\"");
        let scenario = scenario(&requests, &annotations, "containerConcurrency: 1,", "");
        let (served, refused) = served(&scenario);
        (served.len(), refused)
    };
    assert_eq!(with("0"), (11, 2));
    assert_eq!(with("-1"), (13, 0));
}

/// Up to 3 at once the oldest pod with room has the next request, from 4 on the next one in turn.
#[test]
fn the_activator_fills_pods_or_goes_round_them() {
    let pods = |limit: &str| {
        let annotations = "$/min-scale: \"2\", $/max-scale: \"2\"";
        let spec = format!("containerConcurrency: {limit},");
        let served = served(&scenario("1:9 2:9 3:9", annotations, &spec, "")).0;
        served.iter().map(|(pod, _)| *pod).collect::<Vec<_>>()
    };
    assert_eq!(pods("3"), [0, 0, 0]);
    assert_eq!(pods("2"), [0, 0, 1]);
    assert_eq!(pods("4"), [0, 1, 0]);
}

#[test]
fn the_activators_latency_is_that_of_its_path_alone() {
    let with = |burst: &str| {
        let annotations =
            format!("$/min-scale: \"1\", $/max-scale: \"1\", $/target-burst-capacity: \"{burst}\"");
        let knobs = "[policies.kn.knative.knobs]\nactivator_latency = '5ms'\n";
        served(&scenario("1 2", &annotations, "containerConcurrency: 1,", knobs)).0
    };
    assert_eq!(with("-1"), [(0, 0.005), (0, 0.005)]);
    assert_eq!(with("0"), [(0, 0.0), (0, 0.0)]);
}

#[test]
fn a_flow_has_no_activator_and_a_balancing_of_the_scenarios_keeps_it_out() {
    let fluid = |service: &str| {
        let toml = format!(
            "duration = '10m'\nfidelity = 'fluid'\n[workload.arrivals.main.poisson]\nrate = '90/s'\n\
             [service]\nservice_time.exponential.mean = '100ms'\n{service}\n\
             [policies.kn.knative]\nbody = '''\napiVersion: serving.knative.dev/v1\nkind: Service\n\
             metadata: {{name: shop}}\nspec:\n  template:\n    spec: {{containers: [{{image: shop}}]}}\n'''\n"
        );
        let options = LoadOptions { fallback_name: "kn".into(), ..LoadOptions::default() };
        load(Sources::new("kn.toml", toml), &options).err().map(|found| found.render(false))
    };
    let refused = fluid("").expect("it is refused");
    assert!(refused.contains("service.balancing: a product's proxy"), "{refused}");
    assert_eq!(fluid("balancing = 'central-queue'"), None);
}

/// | annotations | what the autoscaler of Kubernetes is told |
#[test]
fn the_class_of_kubernetes_is_refused_with_the_autoscaler_that_knative_makes_of_it() {
    let loaded = |policy: &str| {
        let toml = format!(
            "duration = '10m'\n[workload.arrivals.main.poisson]\nrate = '9/s'\n[policies.{policy}]\nbody = '''\n"
        );
        move |body: &str| {
            let options = LoadOptions { fallback_name: "kn".into(), ..LoadOptions::default() };
            let found = load(Sources::new("kn.toml", format!("{toml}{body}\n'''\n")), &options);
            found.err().map(|found| found.render(false))
        }
    };
    let (knative, hpa) = (loaded("kn.knative"), loaded("kn.kubernetes-hpa"));
    let cpu = r#""averageUtilization":61"#;
    let memory = r#""averageValue":"200Mi""#;
    for (annotations, expected) in [
        ("$/target: \"60.5\", $/min-scale: \"2\", $/max-scale: \"9\"", cpu),
        ("$/target: \"200\", $/metric: memory", memory),
        ("$/target: \"5\", $/metric: jobs", r#""metric":{"name":"jobs"}"#),
        ("$/max-scale: \"9\"", r#""maxReplicas":9"#),
    ] {
        let annotations = format!("$/class: hpa.$, {annotations}");
        let annotations = annotations.replace('$', "autoscaling.knative.dev");
        let refused = knative(&format!(
            "apiVersion: serving.knative.dev/v1\nkind: Service\nmetadata: {{name: shop}}\nspec:\n  template:\n    \
             metadata: {{annotations: {{{annotations}}}}}\n    spec: {{containers: [{{image: shop}}]}}"
        ));
        let refused = refused.expect("it is refused");
        let made = refused.lines().find_map(|line| Some(&line[line.find("{\"apiVersion")?..]));
        let made = made.unwrap_or_else(|| panic!("{refused}"));
        assert!(made.contains(expected), "{made}");
        assert_eq!(hpa(made), None, "{made}");
    }
}
