//! Bodies accepted and refused, and what is told.

use super::{body, model};
use crate::products::pai_eas::{Behavior, Knobs, PaiEas};
use crate::products::{Happening, Product, tape};
use autosim_engine::control::{Observation, Why};
use autosim_engine::signal::{Basis, Census, Metric, Reading};
use autosim_engine::units::{Time, WallClock};
use serde_json::{Value, json};

const PLAIN: &str = r#"{"min":2,"max":8,"scaleStrategies":[{"metricName":"qps","threshold":10}]}"#;
const FULL: &str = r#"{"min":2,"max":8,
    "scaleStrategies":[{"metricName":"qps","threshold":10,"service":"demo_svc"}],
    "behavior":{"scaleUp":{"stabilizationWindowSeconds":0},
                "scaleDown":{"stabilizationWindowSeconds":300},
                "onZero":{"scaleDownGracePeriodSeconds":600,"scaleUpActivationReplicas":1}}}"#;
const TWO: &str = r#"{"min":0,"max":10,"scaleStrategies":[{"metricName":"qps","threshold":4.5},
    {"metricName":"gpu[util]","threshold":70}],
    "behavior":{"onZero":{"scaleUpActivationReplicas":2}}}"#;
const UPPER: &str = r#"{"min":3,"max":8,"scaleStrategies":[{"metricName":"QPS","threshold":10}],
    "behavior":{"scaleDown":{"stabilizationWindowSeconds":150}}}"#;

fn faults(json: &str, strict: bool) -> Vec<String> {
    tape::faults::<PaiEas>(json, &Knobs::default(), strict)
}

fn omitted(json: &str) -> Vec<(String, Value)> {
    let omitted = PaiEas::defaults(&model(json));
    omitted.into_iter().map(|one| (one.path, one.value)).collect()
}

#[test]
fn good_bodies_are_read_strictly_and_come_out_as_they_went_in() {
    for json in [PLAIN, FULL, TWO, UPPER] {
        assert_eq!(faults(json, true), [""; 0]);
        let out = PaiEas::export(&model(json));
        assert_eq!(out, [serde_json::from_str::<Value>(json).unwrap()]);
        let again = PaiEas::export(&model(&out[0].to_string()));
        assert_eq!(again, out);
        assert!(PaiEas::likeness(&out[0]).is_some());
    }
    assert_eq!(PaiEas::services(&model(FULL)), ["demo_svc"]);
    let two = model(TWO);
    assert_eq!((two.min, two.max, two.strategies[0].threshold), (0, 10, 4.5));
    assert_eq!(two.behavior, Behavior { activation_replicas: 2, ..Behavior::default() });
    assert_eq!(model(UPPER).behavior.scale_down_window_s, 150);
}

#[test]
fn what_is_left_out_is_listed_with_the_defaults() {
    let all = [
        ("scaleStrategies.0.service", json!("the service itself")),
        ("behavior.scaleUp.stabilizationWindowSeconds", json!(0)),
        ("behavior.scaleDown.stabilizationWindowSeconds", json!(300)),
        ("behavior.onZero.scaleDownGracePeriodSeconds", json!(600)),
        ("behavior.onZero.scaleUpActivationReplicas", json!(1)),
    ]
    .map(|(path, value)| (path.to_owned(), value));
    assert_eq!(omitted(PLAIN), all);
    assert_eq!(omitted(&body(2, 8, "{}")), all, "an empty behavior is not one of zeros");
    assert_eq!(omitted(FULL), []);
    let empty = model(&body(2, 8, "{\"scaleDown\":{}}")).behavior;
    assert_eq!(empty, Behavior::default());
}

#[test]
fn a_later_body_replaces_the_earlier_one() {
    let both = format!("[{PLAIN},{UPPER}]");
    let model = model(&both);
    assert_eq!((model.min, PaiEas::export(&model).len()), (3, 1));
    assert!(PaiEas::defaults(&model).iter().all(|one| one.document == 1));
    let late = format!("[{PLAIN},{{\"min\":1}}]");
    assert_eq!(faults(&late, false).len(), 2, "an update is a whole body too");
}

fn with(change: impl FnOnce(&mut Value)) -> String {
    let mut value: Value = serde_json::from_str(PLAIN).unwrap();
    change(&mut value);
    value.to_string()
}

fn not_supplied(field: &str) -> String {
    format!(
        "Error MissingParameter 400 {field}: The input parameter \"{field}\" that is mandatory for \
         processing this request is not supplied."
    )
}

fn not_valid(field: &str) -> String {
    format!(
        "Error InvalidParameter 400 {field}: The specified value of parameter \"{field}\" is not \
         valid."
    )
}

#[test]
fn bad_bodies_are_refused_with_the_stated_error() {
    let cases: Vec<(String, String)> = vec![
        (with(|v| v["min"] = json!(8)), not_valid("max")),
        (with(|v| v["min"] = json!(9)), not_valid("max")),
        (with(|v| drop(v.as_object_mut().unwrap().remove("max"))), not_supplied("max")),
        (with(|v| v["max"] = Value::Null), not_supplied("max")),
        (with(|v| v["scaleStrategies"] = json!([])), not_supplied("scaleStrategies")),
        (
            with(|v| drop(v.as_object_mut().unwrap().remove("scaleStrategies"))),
            not_supplied("scaleStrategies"),
        ),
        (
            with(|v| v["scaleStrategies"] = json!([{"metricName": "qps"}])),
            not_supplied("scaleStrategies.1.threshold"),
        ),
        (
            with(|v| v["scaleStrategies"] = json!([{"threshold": 1}])),
            not_supplied("scaleStrategies.1.metricName"),
        ),
        (
            with(|v| v["scaleStrategies"][0]["metricName"] = json!("rps")),
            not_valid("scaleStrategies.1.metricName"),
        ),
        (
            with(|v| v["scaleStrategies"][0]["threshold"] = json!(0)),
            not_valid("scaleStrategies.1.threshold"),
        ),
        (
            with(|v| v["scaleStrategies"][0]["threshold"] = json!(-5)),
            not_valid("scaleStrategies.1.threshold"),
        ),
        (
            with(|v| v["scaleStrategies"][0]["threshold"] = json!(1e39)),
            not_valid("scaleStrategies.1.threshold"),
        ),
        (with(|v| v["scaleStrategies"][0] = json!("qps")), not_valid("scaleStrategies.1")),
        (with(|v| v["scaleStrategies"] = json!({"qps": 10})), not_valid("scaleStrategies")),
        (
            with(|v| v["scaleStrategies"][0]["service"] = json!(7)),
            not_valid("scaleStrategies.1.service"),
        ),
        (with(|v| v["min"] = json!(-1)), not_valid("min")),
        (with(|v| v["min"] = json!("2")), not_valid("min")),
        (with(|v| v["min"] = json!(2.5)), not_valid("min")),
        (with(|v| v["max"] = json!(5000)), not_valid("max")),
        ("7".into(), "Error InvalidParameter 400 body: The request body is not valid JSON.".into()),
    ];
    for (json, expected) in cases {
        assert_eq!(faults(&json, false), [expected], "{json}");
    }
}

#[test]
fn a_bad_behavior_is_refused_with_the_stated_error() {
    let behavior = |text: &str| body(2, 8, text);
    let cases = [
        (
            behavior(r#"{"scaleDown":{"stabilizationWindowSeconds":-1}}"#),
            not_valid("behavior.scaleDown.stabilizationWindowSeconds"),
        ),
        (
            behavior(r#"{"scaleUp":{"stabilizationWindowSeconds":3601}}"#),
            not_valid("behavior.scaleUp.stabilizationWindowSeconds"),
        ),
        (
            behavior(r#"{"onZero":{"scaleUpActivationReplicas":0}}"#),
            not_valid("behavior.onZero.scaleUpActivationReplicas"),
        ),
        (
            behavior(r#"{"onZero":{"scaleUpActivationReplicas":9}}"#),
            not_valid("behavior.onZero.scaleUpActivationReplicas"),
        ),
        (
            behavior(r#"{"onZero":{"scaleDownGracePeriodSeconds":-1}}"#),
            not_valid("behavior.onZero.scaleDownGracePeriodSeconds"),
        ),
        (behavior("{\"onZero\":4}"), not_valid("behavior.onZero")),
        (behavior("[]"), not_valid("behavior")),
    ];
    for (json, expected) in cases {
        assert_eq!(faults(&json, false), [expected], "{json}");
    }
}

#[test]
fn settings_of_the_client_tool_are_refused_as_what_they_are() {
    let client = r#"{"min":2,"max":8,"strategies":{"qps":10}}"#;
    let found = faults(client, false);
    assert_eq!(found[1..], [not_supplied("scaleStrategies")]);
    assert!(found[0].starts_with("Warning") && found[0].contains("`strategies`"), "{found:?}");
    assert!(PaiEas::likeness(&serde_json::from_str(client).unwrap()).is_some());
    assert!(
        PaiEas::likeness(&json!({"minReplicas": 1, "maxReplicas": 3, "metrics": []})).is_none()
    );
}

#[test]
fn the_answer_of_describe_and_the_member_of_a_service_are_read_as_the_body() {
    let body = json!({"min": 2, "max": 8,
        "scaleStrategies": [{"metricName": "QPS", "threshold": 10}],
        "behavior": {"scaleDown": {"stabilizationWindowSeconds": 150}}});
    let described = json!({"RequestId": "1", "ServiceName": "foo", "MinReplica": 2, "MaxReplica": 8,
        "Behavior": {"behavior": body["behavior"]}, "ScaleStrategies": body["scaleStrategies"],
        "CurrentMetrics": [{"metricName": "qps", "value": 7}]});
    let mut plainly = described.clone();
    plainly["Behavior"] = body["behavior"].clone();
    let service = json!({"metadata": {"name": "foo", "instance": 1}, "containers": [],
        "cloud": {}, "autoscaler": body});
    for (document, what) in [
        (&body, "the body of CreateServiceAutoScaler"),
        (&described, "the answer of DescribeServiceAutoScaler"),
        (&plainly, "the answer of DescribeServiceAutoScaler"),
        (&service, "a service, whose `autoscaler` is the body"),
    ] {
        let text = document.to_string();
        assert_eq!(faults(&text, true), [""; 0], "{text}");
        assert_eq!(PaiEas::likeness(document).unwrap().what, what);
        let read = tape::model::<PaiEas>(&text, &Knobs::default());
        assert_eq!((read.min, read.max, read.behavior.scale_down_window_s), (2, 8, 150));
        assert_eq!(PaiEas::export(&read), std::slice::from_ref(&body));
    }
    // Two strange names for two known ones are no service of EAS.
    assert!(PaiEas::likeness(&json!({"autoscaler": {"min": 1, "max": 4}})).is_none());
}

#[test]
fn a_member_in_the_wrong_place_is_sent_to_the_right_one() {
    let json = r#"{"min":2,"max":8,"stabilizationWindowSeconds":60,
        "scaleStrategies":[{"metricName":"qps","threshold":10,"onZero":{}}]}"#;
    let mut found = crate::products::DocumentFaults::new();
    assert!(PaiEas::read(&tape::documents(json), &Knobs::default(), false, &mut found).is_some());
    let remedies: Vec<&str> = found.as_slice().iter().map(|fault| fault.remedy.as_str()).collect();
    assert_eq!(
        remedies,
        [
            "`stabilizationWindowSeconds` belongs in `behavior.scaleUp` or `behavior.scaleDown`: move \
             it there",
            "`onZero` belongs in `behavior`: move it there",
        ]
    );
}

#[test]
fn all_faults_of_a_body_come_together_with_their_places() {
    let json = r#"{"min":"2","scaleStrategies":[{"metricName":"qps","threshold":1},
        {"metricName":"rps","threshold":0,"service":""},{"metricName":"QPS","threshold":2}],
        "behavior":{"scaleUp":{"stabilizationWindowSeconds":1.5}}}"#;
    let mut found = crate::products::DocumentFaults::new();
    let bodies = tape::documents(json);
    assert!(PaiEas::read(&bodies, &Knobs::default(), false, &mut found).is_none());
    let places: Vec<&str> = found.as_slice().iter().map(|fault| fault.path.as_str()).collect();
    let expected = [
        "min",
        "max",
        "scaleStrategies.1.metricName",
        "scaleStrategies.1.threshold",
        "scaleStrategies.1.service",
        "scaleStrategies.2.metricName",
        "behavior.scaleUp.stabilizationWindowSeconds",
    ];
    assert_eq!(places, expected);
    assert_eq!(found.as_slice()[5].field, "scaleStrategies.3.metricName");
    assert!(found.as_slice()[5].remedy.contains("strategy 1"));
    let answer = PaiEas::refusal(&found.as_slice().iter().collect::<Vec<_>>());
    assert_eq!(answer["Code"], "InvalidParameter");
    let keys: Vec<&String> = answer.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["RequestId", "HostId", "Code", "Message", "Recommend"]);
}

#[test]
fn what_the_platform_lets_pass_is_a_warning_and_strictness_refuses_it() {
    let cases = [
        (
            with(|v| v["scaleStrategies"][0]["metricName"] = json!("gpu")),
            "scaleStrategies.1.metricName",
        ),
        (
            with(|v| v["scaleStrategies"][0]["metricName"] = json!("qps1k")),
            "scaleStrategies.1.metricName",
        ),
        (
            with(|v| v["scaleStrategies"][0]["metricName"] = json!("queue[avgbacklog]")),
            "scaleStrategies.1.metricName",
        ),
        (with(|v| v["note"] = json!("mine")), "note"),
        (with(|v| v["scaleStrategies"][0]["weight"] = json!(1)), "scaleStrategies.1.weight"),
        (body(2, 8, "{\"onzero\":{}}"), "behavior.onzero"),
    ];
    for (json, field) in cases {
        let lenient = faults(&json, false);
        assert_eq!(lenient.len(), 1, "{lenient:?}");
        assert!(lenient[0].starts_with(&format!("Warning  - {field}: ")), "{lenient:?}");
        // In our words: the platform takes it.
        let refused = lenient[0].replacen("Warning  -", "Error autosim -", 1);
        assert_eq!(faults(&json, true), [refused]);
    }
    let alias = with(|v| v["scaleStrategies"][0]["metricName"] = json!("gpu"));
    let out = PaiEas::export(&model(&alias));
    assert_eq!(out[0]["scaleStrategies"][0]["metricName"], "gpu[util]");
}

#[test]
fn a_text_that_is_not_json_is_an_invalid_parameter() {
    let fault = PaiEas::unreadable("trailing comma");
    assert_eq!((fault.code.as_str(), fault.status), ("InvalidParameter", Some(400)));
    assert_eq!(fault.remedy, "trailing comma");
}

#[test]
fn a_strategy_reads_its_metric_of_its_service_in_the_platforms_unit() {
    let json = r#"{"min":0,"max":9,"scaleStrategies":[
        {"metricName":"qps","threshold":1,"service":"front"},
        {"metricName":"qps1k","threshold":1},{"metricName":"queue[avgbacklog]","threshold":1},
        {"metricName":"cpu","threshold":1},{"metricName":"gpu[util]","threshold":1}]}"#;
    let tape = super::tape(json, 1);
    let seen: Vec<_> = tape
        .autoscaler
        .signals
        .iter()
        .map(|one| {
            let signal = &one.signal;
            let per = signal.per_replica.then_some(signal.basis);
            (one.service.as_deref(), one.native.as_deref(), signal.metric, per, signal.unit)
        })
        .collect();
    let live = Some(Basis::LiveNow);
    let expected = [
        (Some("front"), Some("qps"), Metric::RequestsPerS, live, 1.0),
        (None, Some("qps1k"), Metric::RequestsPerS, live, 0.001),
        (None, Some("queue[avgbacklog]"), Metric::QueuedRequests, live, 1.0),
        (None, Some("cpu"), Metric::CpuPercent, None, 1.0),
        (None, Some("gpu[util]"), Metric::GpuPercent, None, 1.0),
        (None, None, Metric::IdleS, None, 1.0),
    ];
    assert_eq!(seen, expected);
}

#[test]
fn what_happened_is_told_as_describe_answers() {
    let model = model(FULL);
    let decision = Observation::of_count(2).propose(5, Why::Plain);
    let clock = WallClock::default();
    let readings = [Reading { value: Some(23.0), at: Time::ZERO }];
    let mut happening = Happening {
        at: Time::ZERO,
        clock: &clock,
        before: 2,
        decision: &decision,
        census: Census::default(),
        readings: &readings,
    };
    let told = PaiEas::tell(&model, &Knobs::default(), &happening).unwrap();
    let current = json!([{"metricName": "qps", "value": 23, "service": "demo_svc"}]);
    assert_eq!(told["CurrentMetrics"], current);
    assert_eq!((&told["MinReplica"], &told["MaxReplica"]), (&json!(2), &json!(8)));
    let written: Value = serde_json::from_str(FULL).unwrap();
    assert_eq!(told["ScaleStrategies"], written["scaleStrategies"]);
    assert_eq!(told["Behavior"]["behavior"], written["behavior"]);
    happening.readings = &[Reading { value: None, at: Time::ZERO }];
    let told = PaiEas::tell(&model, &Knobs::default(), &happening).unwrap();
    assert_eq!(told["CurrentMetrics"], json!([]));
}
