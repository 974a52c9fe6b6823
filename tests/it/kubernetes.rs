//! The HorizontalPodAutoscaler through the whole simulator: requests, pods, kubelet, metrics-server, controller.

use autosim_engine::simulation::{self, DecisionLog, DecisionRecord, Detail};
use autosim_study::scenario::{LoadOptions, Sources, load};
use std::fmt::Write as _;
use tempfile::TempDir;

/// Every decision of the first service, with requests at these instants and the rest of a scenario.
fn decisions(seconds: impl Iterator<Item = f64>, rest: &str) -> Vec<DecisionRecord> {
    let folder = TempDir::new().unwrap();
    let mut csv = "t\n".to_owned();
    for at in seconds {
        let _ = writeln!(csv, "{at:.4}");
    }
    std::fs::write(folder.path().join("requests.csv"), csv).unwrap();
    let toml = format!(
        "name = 'hpa'\nduration = '200s'\n[workload.arrivals.main.replay]\nfile = 'requests.csv'\n\
         time = 't'\ntime_unit = 's'\nformat = 'timestamps'\nspread = 'keep'\n{rest}"
    );
    let options = LoadOptions {
        folder: folder.path().into(),
        fallback_name: "hpa".into(),
        ..LoadOptions::default()
    };
    let loaded = load(Sources::new("hpa.toml", toml), &options)
        .unwrap_or_else(|found| panic!("{}", found.render(false)));
    let detail = Detail { timeline: None, decisions: DecisionLog::All, supply: false };
    let setup = loaded.scenario.setup(0, 0, None, detail);
    simulation::run(setup).unwrap().services.remove(0).decisions
}

/// A Deployment of one core a pod, and an autoscaler that wants half of it busy.
const SHOP: &str = r#"
[policies.shop.kubernetes-hpa]
body = """
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: shop}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: shop}
  minReplicas: 2
  maxReplicas: 20
  metrics:
  - type: Resource
    resource: {name: cpu, target: {type: Utilization, averageUtilization: 50}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
spec:
  replicas: 2
  template:
    spec:
      containers:
      - name: web
        resources: {requests: {cpu: "1"}, limits: {cpu: "1"}}
"""
"#;

/// `docs/products/kubernetes-hpa.md` goes through it: 10 requests/s of 102 ms on two pods, from 100 s on 16. The
/// kubelet looks every 10 s, metrics-server at 7, 22, 37, ... s, the controller every 15 s.
#[test]
fn from_a_rise_in_load_to_a_ready_pod_as_worked_out_by_hand() {
    let low = (0..1000).map(|n| f64::from(n) / 10.0);
    let high = (0..1760).map(|n| 100.0 + f64::from(n) / 16.0);
    let rest = format!(
        "[service]\nservice_time.constant = '102ms'\n[replica.cold_start]\n\
         provision.constant = '20s'\npull.constant = '5s'\nboot.constant = '10s'\n{SHOP}\
         [policies.shop.kubernetes-hpa.knobs]\nkubelet_phases = 1\n"
    );
    let log = decisions(low.chain(high), &rest);
    for (at_s, cpu, [pending, missing, initializing], replicas) in [
        // The kubelet has no point before 10 s, and metrics-server not two before 37 s.
        (15.0, None, [0.0, 2.0, 0.0], 2),
        (30.0, None, [0.0, 2.0, 0.0], 2),
        (45.0, Some(51.0), [0.0, 0.0, 0.0], 2),
        (105.0, Some(51.0), [0.0, 0.0, 0.0], 2),
        // Between the points of 90 and 110 s: half of it at 51 %, half at 81.6 %. ceil(2 x 66 / 50).
        (120.0, Some(66.3), [0.0, 0.0, 0.0], 3),
        // The third pod counts as idle: 163.2 / 3 is 54 %, within the tolerance.
        (135.0, Some(81.6), [1.0, 0.0, 0.0], 3),
        (150.0, Some(81.6), [0.0, 1.0, 0.0], 3),
        (165.0, Some(81.6), [0.0, 1.0, 0.0], 3),
        // Ready at 155 s, but its sample began at 150 s: 122.4 / 3 is 40 %, which would turn it round.
        (180.0, Some(61.2), [0.0, 0.0, 1.0], 3),
        (195.0, Some(54.4), [0.0, 0.0, 0.0], 3),
    ] {
        let record = log.iter().find(|record| record.at.as_secs_f64() == at_s).unwrap();
        let seen: Vec<Option<f64>> = record.readings.iter().map(|reading| reading.value).collect();
        let counts = [pending, missing, initializing].map(Some);
        assert_eq!(seen[1..], counts, "at {at_s} s");
        match (seen[0], cpu) {
            // Rounded up to whole millicores, pod by pod.
            (Some(seen), Some(cpu)) => assert!((seen - cpu).abs() < 0.2, "{seen} at {at_s} s"),
            (seen, cpu) => assert_eq!(seen, cpu, "at {at_s} s"),
        }
        assert_eq!(record.decision.desired, replicas, "at {at_s} s");
    }
}

/// The same steady load: 51 % of a core, and 68 % of three quarters of one, which is what pods request from the
/// instant of a pass on, its sample long taken. ceil(2 x 68 / 50) (rule 53).
#[test]
fn a_resize_is_seen_by_the_pass_of_its_instant_and_of_all_samples() {
    let steady = (0..2000).map(|n| f64::from(n) / 10.0);
    let rest = format!(
        "[service]\nservice_time.constant = '102ms'\n[[resizes]]\nat = '105s'\ncores = 0.75\n{SHOP}\
         [policies.shop.kubernetes-hpa.knobs]\nkubelet_phases = 1\n"
    );
    let log = decisions(steady, &rest);
    let told = |at_s: f64| {
        let record = log.iter().find(|record| record.at.as_secs_f64() == at_s).unwrap();
        (record.readings[0].value.unwrap().round(), record.decision.desired)
    };
    assert_eq!([90.0, 105.0].map(told), [(51.0, 2), (68.0, 3)]);
}

/// `docs/products/kubernetes-hpa.md` goes through it: 50 requests/s of 100 ms in turn on ten pods of one core, of which
/// the tenth is two and a half times as slow from 100 s on. It is busy all the time then, the others half of it.
#[test]
fn one_slow_pod_in_ten_behind_round_robin_as_worked_out_by_hand() {
    let steady = |per_pod: bool| {
        let requests = (0..10_000).map(|n| f64::from(n) / 50.0);
        let shop = SHOP.replace("replicas: 2", "replicas: 10");
        let shop = shop.replace("averageUtilization: 50", "averageUtilization: 48");
        let rest = format!(
            "[service]\nservice_time.constant = '100ms'\nbalancing = 'round-robin'\n\
             [replica.cold_start]\nprovision.constant = '20s'\npull.constant = '5s'\nboot.constant = '10s'\n\
             [[slowdowns]]\nat = '100s'\nlasts = '100s'\nfactor = 2.5\nof = 'cpu'\nevery = 10\n{shop}\
             [policies.shop.kubernetes-hpa.knobs]\nkubelet_phases = 1\nper_pod = {per_pod}\n"
        );
        decisions(requests, &rest)
    };
    let (pods, mean) = (steady(true), steady(false));
    let told = |log: &[DecisionRecord], at_s: f64| {
        let record = log.iter().find(|record| record.at.as_secs_f64() == at_s).unwrap();
        (record.readings[0].value.unwrap(), record.decision.desired)
    };
    for (at_s, of_pods, of_mean) in [
        // Points of 80 and 90 s; of the mean, the last 15 s, a third of them with the slow one.
        (105.0, (50.0, 10), (51.67, 10)),
        // Points of 90 and 110 s: the slow one 75 %. Of the mean, ceil(10 x 55 / 48).
        (120.0, (52.5, 10), (55.0, 12)),
        // (9 x 50 + 100) / 10.
        (135.0, (55.0, 12), (55.0, 12)),
        // The two that start count as idle: 550 / 12 is 45 %, which would turn it round.
        (150.0, (55.0, 12), (55.0, 12)),
        (165.0, (55.0, 12), (49.0, 12)),
        // Two set aside: their samples began before they were ready.
        (180.0, (55.0, 12), (46.5, 12)),
        // (11 x 41.7 + 100) / 12.
        (195.0, (46.5, 12), (46.5, 12)),
    ] {
        for (log, (reading, count)) in [(&pods, of_pods), (&mean, of_mean)] {
            let (found, desired) = told(log, at_s);
            assert!((found - reading).abs() < 0.3, "{found} and not {reading} at {at_s} s");
            assert_eq!(desired, count, "at {at_s} s");
        }
    }
}
