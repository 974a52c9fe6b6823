//! The policy: readings in, counts, reasons and conditions out; and what its signals are of.

use super::{DEPLOYMENT, hpa, model, model_with, plain};
use crate::products::kubernetes_hpa::{Knobs, KubernetesHpa};
use crate::products::tape::{self, Tape};
use crate::products::{Happening, Product};
use autosim_engine::control::Decision;
use autosim_engine::fault::Faults;
use autosim_engine::signal::{Basis, Census, GaugeMode, Metric, Missing, Reading};
use autosim_engine::units::{Span, Time, WallClock};
use serde_json::{Value, json};

fn tape_with(text: &str, initial: u32, knobs: &Knobs) -> Tape {
    let context = tape::context("2026-03-02T00:00:00Z", initial);
    Tape::new::<KubernetesHpa>(&model_with(text, knobs), knobs, &context)
}

/// Pods are not looked at one by one, so that a reading is all there is.
fn tape(text: &str, initial: u32) -> Tape {
    tape_with(text, initial, &Knobs { per_pod: false, ..Knobs::default() })
}

/// A lag of which each pod takes ten, between these counts.
fn lag(bounds: &str, behavior: &str) -> String {
    hpa(&format!(
        "  {bounds}\n  metrics:\n  - type: External\n    external: {{metric: {{name: queued_requests}}, target: \
         {{type: AverageValue, averageValue: 10}}}}\n{behavior}"
    ))
}

/// The last stage that changed the count: its part and reason.
fn reason(decision: &Decision) -> String {
    let step = decision.reason();
    format!("{}: {}", step.stage.name(), step.why)
}

#[test]
fn every_stage_says_what_it_did() {
    let _shown = autosim_engine::marks::expect([
        "limit maxReplicas",
        "limit minReplicas",
        "limit scaleUp",
        "limit scaleDown",
        "recent highest",
        "recent lowest",
        "no_data",
        "total",
        "level",
        "scaling is disabled at zero replicas",
    ]);
    let free = "maxReplicas: 64";
    let slow = "  behavior: {scaleDown: {stabilizationWindowSeconds: 0, policies: [{type: Pods, value: 1, periodSeconds: 60}]}}\n";
    let patient = "  behavior: {scaleUp: {stabilizationWindowSeconds: 60}}\n";
    for (text, initial, value, count, why) in [
        (lag(free, ""), 4, Some(40.0), 4, "recommend: 40.0000 in all at 10 each"),
        (lag(free, ""), 4, Some(60.0), 6, "recommend: 60.0000 in all at 10 each"),
        (lag(free, ""), 4, Some(43.0), 4, "tolerance: 1.0750 against level 1"),
        (lag(free, ""), 4, Some(600.0), 8, "rate_limit: scaleUp 8"),
        (lag(free, slow), 4, Some(10.0), 3, "rate_limit: scaleDown 3"),
        (lag("maxReplicas: 5", ""), 4, Some(60.0), 5, "bounds: maxReplicas 5"),
        (lag("maxReplicas: 5", ""), 9, None, 5, "bounds: maxReplicas 5"),
        (lag("minReplicas: 6\n  maxReplicas: 9", ""), 2, None, 6, "bounds: minReplicas 6"),
        (lag(free, ""), 4, Some(10.0), 4, "stabilise: highest of the last 5m"),
        (lag(free, patient), 4, Some(60.0), 4, "stabilise: lowest of the last 1m"),
        (lag(free, ""), 4, None, 4, "recommend: no data"),
        (lag(free, ""), 0, Some(60.0), 0, "mode: scaling is disabled at zero replicas"),
    ] {
        let decision = tape(&text, initial).at(15, &[value]);
        assert_eq!((decision.desired, reason(&decision).as_str()), (count, why), "{text}");
    }
}

#[test]
fn pods_of_a_simulation_are_ready_or_starting() {
    let _shown =
        autosim_engine::marks::expect(["pods without a value could turn it round", "ratio"]);
    let text = plain().replace("maxReplicas: 8", "maxReplicas: 80");
    // Of seven pods five are ready: at 90 % the others count as idle, at 30 % not at all.
    for (value, ready, expected) in [(90.0, 5, 7), (120.0, 5, 10), (70.0, 2, 7), (30.0, 5, 7)] {
        let mut tape = tape(&text, 7);
        tape.ready = Some(ready);
        let decision = tape.at(15, &[Some(value)]);
        assert_eq!(decision.desired, expected, "{value}");
        if value == 30.0 {
            assert_eq!(decision.trail[0].to, 3, "ceil(5 x 30 / 60)");
        }
    }
}

/// | cpu of those that count | pending, missing, set aside | pods | count | |
#[test]
fn pods_without_a_value_are_counted_by_the_metrics_api() {
    let text = plain().replace("maxReplicas: 8", "maxReplicas: 80");
    for (cpu, without, pods, count, why) in [
        (90.0, [0.0, 0.0, 0.0], 6, 9, "6 x 90 / 60"),
        (90.0, [1.0, 1.0, 0.0], 6, 6, "idle: 360 over 6 is 60"),
        (90.0, [0.0, 1.0, 0.0], 6, 8, "idle: 450 over 6 is 75, 6 x 75 / 60"),
        (20.0, [0.0, 0.0, 3.0], 6, 6, "in by 3 x 20 / 60, after five minutes"),
        (20.0, [0.0, 3.0, 0.0], 6, 6, "full: 360 over 6 is 60"),
    ] {
        let mut tape = tape_with(&text, pods, &Knobs::default());
        let values: Vec<_> = [cpu].iter().chain(&without).copied().map(Some).collect();
        let decision = tape.at(15, &values);
        assert_eq!(decision.desired, count, "{why}");
    }
    let context = tape::context("2026-03-02T00:00:00Z", 6);
    let autoscaler = KubernetesHpa::autoscaler(&model(&text), &Knobs::default(), &context);
    let names: Vec<String> = autoscaler.signals.iter().map(|signal| signal.name()).collect();
    assert_eq!(names, ["cpu_percent", "pods_pending", "pods_missing", "pods_initializing"]);
    let paths: Vec<_> =
        autoscaler.signals.iter().map(|one| one.part_of.map(|of| of.signal)).collect();
    assert_eq!(paths, [Some(1), None, Some(1), Some(1)]);
}

#[test]
fn the_largest_of_several_metrics_wins() {
    let _shown = autosim_engine::marks::expect(["chosen"]);
    let text = format!(
        "{}  - type: External\n    external: {{metric: {{name: queued_requests}}, target: {{type: AverageValue, averageValue: 10}}}}\n",
        plain()
    );
    let decision = tape(&text, 4).at(15, &[Some(60.0), Some(70.0)]);
    assert_eq!(decision.desired, 7);
    assert!(decision.trail.iter().any(|step| step.why.to_string() == "policy 2 of 2"));
    assert_eq!(tape(&text, 4).at(15, &[None, Some(70.0)]).desired, 7);
    assert_eq!(tape(&text, 4).at(15, &[None, Some(20.0)]).desired, 4);
}

/// A container without a request, a target the controller cannot use: the count stays for ever.
#[test]
fn a_metric_that_cannot_be_computed_keeps_the_count() {
    let bare = format!("{}{}", plain(), DEPLOYMENT.replace("cpu: ", "gpu: "));
    assert_eq!(tape(&bare, 4).at(15, &[Some(500.0)]).desired, 4);
    let knobs: Knobs =
        serde_json::from_value(json!({"requests": {"cpu": "1"}, "per_pod": false})).unwrap();
    assert_eq!(tape_with(&bare, 4, &knobs).at(15, &[Some(500.0)]).desired, 8);
}

/// | metric | what is given and requested | unit |: autosim's percent is of what a replica was given.
#[test]
fn signals_are_in_the_controllers_units() {
    let resource = |name: &str, target: &str| {
        hpa(&format!(
            "  maxReplicas: 8\n  metrics:\n  - type: Resource\n    resource: {{name: {name}, target: {target}}}\n"
        ))
    };
    let percent = "{type: Utilization, averageUtilization: 60}";
    let each = "{type: AverageValue, averageValue: 1}";
    for (text, native, metric, unit) in [
        (resource("cpu", percent), "cpu_percent", Metric::CpuPercent, 1.0),
        (resource("cpu", percent) + DEPLOYMENT, "cpu_percent", Metric::CpuPercent, 0.5),
        (resource("cpu", each) + DEPLOYMENT, "cpu", Metric::CpuPercent, 250.0),
        (resource("cpu", each), "cpu", Metric::CpuPercent, 100.0),
        (
            resource("memory", each) + DEPLOYMENT,
            "memory",
            Metric::MemoryPercent,
            100.0 / 268_435_456.0,
        ),
    ] {
        let tape = tape(&text, 1);
        let signal = &tape.autoscaler.signals[0];
        assert_eq!(signal.native.as_deref(), Some(native), "{text}");
        assert_eq!((signal.signal.metric, signal.signal.unit), (metric, unit), "{text}");
    }
    let rps = "  maxReplicas: 8\n  metrics:\n  - type: Pods\n    pods: {metric: {name: rps}, target: {type: AverageValue, averageValue: 15}}\n";
    let knobs: Knobs =
        serde_json::from_value(json!({"metrics": {"rps": "front/requests_per_s"}})).unwrap();
    let tape = tape_with(&hpa(rps), 1, &knobs);
    let signal = &tape.autoscaler.signals[0];
    let of = &signal.signal;
    assert_eq!(
        (of.metric, of.per_replica, of.basis),
        (Metric::RequestsPerS, true, Basis::ReadyNow)
    );
    assert_eq!((of.window, of.resolution), (Span::from_secs(120), Span::from_secs(30)));
    assert_eq!(KubernetesHpa::services(&model_with(&hpa(rps), &knobs)), ["front"]);
}

/// | metric of the simulation | window, s | as it is at the scrape | what it reads without data |
#[test]
fn custom_metrics_are_gauges_or_rates_of_counters() {
    let text = hpa(
        "  maxReplicas: 8\n  metrics:\n  - type: External\n    external: {metric: {name: mine}, target: {type: Value, value: 15}}\n",
    );
    let (query, zero) = (Missing::NoData, Missing::Value(0.0));
    for (of, without, window_s, is_instant, missing) in [
        ("requests_per_s", json!("no-data"), 120, false, query),
        ("p95_ms", json!("hold"), 120, false, Missing::Hold),
        ("cpu", json!(0), 120, false, zero),
        ("utilization", json!(0), 30, true, zero),
        ("queued_requests", json!("no-data"), 30, true, query),
    ] {
        let knobs = json!({"metrics": {"mine": of}, "metrics_missing": without});
        let knobs: Knobs = serde_json::from_value(knobs).unwrap();
        let tape = tape_with(&text, 1, &knobs);
        let found = &tape.autoscaler.signals[0].signal;
        let told = (found.window, found.gauge == GaugeMode::Instant, found.missing);
        assert_eq!(told, (Span::from_secs(window_s), is_instant, missing), "{of}");
    }
}

/// | target | level in a picture | of each replica |
#[test]
fn the_target_of_a_metric_is_its_level() {
    let queue = |kind: &str, target: &str| {
        let of = "metric: {name: queued_requests}";
        let source = match kind {
            "Pods" => format!("pods: {{{of}, target: {target}}}"),
            _ => format!("external: {{{of}, target: {target}}}"),
        };
        hpa(&format!("  maxReplicas: 8\n  metrics:\n  - type: {kind}\n    {source}\n"))
    };
    let each = "{type: AverageValue, averageValue: 2500m}";
    for (text, value, of_each) in [
        (plain(), 60.0, false),
        (queue("Pods", each), 2.5, false),
        (queue("External", each), 2.5, true),
        (queue("External", "{type: Value, value: 2k}"), 2000.0, false),
    ] {
        let tape = tape(&text, 1);
        let [level] = tape.autoscaler.signals[0].levels[..] else { panic!("{text}") };
        assert_eq!((level.value, level.each), (value, of_each), "{text}");
    }
}

#[test]
fn knobs_are_the_flags_of_the_controller() {
    let with = |knobs: Value| serde_json::from_value::<Knobs>(knobs).unwrap();
    let counts = |knobs: Value, text: &str, values: &[f64]| -> Vec<u32> {
        let mut tape = tape_with(text, 10, &with(knobs));
        (1..).zip(values).map(|(pass, &value)| tape.at(15 * pass, &[Some(value)]).desired).collect()
    };
    let free = lag("maxReplicas: 64", "");
    let own = lag("maxReplicas: 64", "  behavior: {scaleUp: {tolerance: 0.5}}\n");
    assert_eq!(counts(json!({"tolerance": 0.3}), &free, &[130.0, 131.0]), [10, 14]);
    assert_eq!(counts(json!({"downscale_stabilization_s": 15}), &free, &[50.0, 50.0]), [10, 5]);
    assert_eq!(counts(json!({}), &own, &[140.0]), [10]);
    assert_eq!(counts(json!({"configurable_tolerance": false}), &own, &[140.0]), [14]);
    assert_eq!(counts(json!({"kubernetes_minor": 34}), &own, &[140.0]), [14]);
    // 1.1 is outside 0.1 by its last bit.
    assert_eq!(counts(json!({"kubernetes_minor": 32}), &free, &[110.0]), [11]);
    assert_eq!(counts(json!({}), &free, &[110.0]), [10]);
    let tape = tape_with(&free, 1, &with(json!({"sync_period_s": 30})));
    assert_eq!(tape.autoscaler.cadence.interval, Span::from_secs(30));
    let knobs = with(json!({"sync_period_s": 30}));
    let first = KubernetesHpa::first_evaluation(&model(&free), &knobs);
    assert_eq!(first, Some(Span::from_secs(30)));
    let tape = tape_with(&plain(), 1, &with(json!({"metrics_resolution_s": 60, "per_pod": false})));
    let signal = &tape.autoscaler.signals[0].signal;
    assert_eq!((signal.window, signal.resolution), (Span::from_secs(60), Span::from_secs(60)));
    let tape = tape_with(&free, 1, &with(json!({"scrape_interval_s": 5})));
    assert_eq!(tape.autoscaler.signals[0].signal.resolution, Span::from_secs(5));
    let mut faults = Faults::new();
    KubernetesHpa::check_knobs(
        &with(json!({"kubernetes_minor": 20, "tolerance": 1.0})),
        &mut faults,
    );
    let paths: Vec<String> = faults.into_vec().into_iter().map(|fault| fault.path).collect();
    assert_eq!(paths, ["kubernetes_minor", "tolerance"]);
}

#[test]
fn the_status_shows_metrics_and_conditions() {
    let model = model(&plain());
    let mut tape = tape(&plain(), 4);
    let decision = tape.at(15, &[Some(97.4)]);
    let at = Time::from_secs(15);
    let told = KubernetesHpa::tell(
        &model,
        &Knobs::default(),
        &Happening {
            at,
            clock: &WallClock::default(),
            before: 4,
            decision: &decision,
            census: Census { ready: 4, ..Census::default() },
            readings: &[Reading { value: Some(97.4), at }],
        },
    )
    .unwrap();
    let current = json!([{"type": "Resource", "resource": {"name": "cpu", "current": {"averageUtilization": 97}}}]);
    assert_eq!((&told["currentReplicas"], &told["desiredReplicas"]), (&json!(4), &json!(7)));
    assert_eq!(told["currentMetrics"], current);
    let conditions: Vec<String> = told["conditions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| format!("{} {} {}", one["type"], one["status"], one["reason"]).replace('"', ""))
        .collect();
    let expected = [
        "AbleToScale True SucceededRescale",
        "ScalingActive True ValidMetricFound",
        "ScalingLimited False DesiredWithinRange",
        "ScaledToZero False NotScaledToZero",
    ];
    assert_eq!(conditions, expected);
}
