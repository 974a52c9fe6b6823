//! Bodies accepted and refused, and what is told.

use super::{body, model, seed, tape};
use crate::products::Words;
use crate::products::scalingo::{Knobs, MetricName, Scalingo};
use crate::products::{DocumentFaults, Happening, Product, tape as shared};
use autosim_engine::control::{Observation, Why};
use autosim_engine::signal::{Census, Metric};
use autosim_engine::units::{Time, WallClock};
use serde_json::{Value, json};

const ATTRIBUTES: &str = r#"{"id":"au-297f1134-8576-45ac-ab58-2100b6807683",
    "created_at":"2018-01-25T10:57:53.822973091Z","last_scale":"2018-04-11T18:22:12.485973091Z",
    "container_type":"web","min_containers":3,"max_containers":7,"metric":"rpm_per_container",
    "target":150,"alert_id_scale_up":"al-1","alert_id_scale_down":"al-2"}"#;
const LIST: &str = r#"{"autoscalers":[{"id":"au-297f1134-8576-45ac-ab58-2100b6807683",
    "app_id":"5af97be7ff688d0001228ffb","last_scale":"0001-01-01T00:00:00Z",
    "container_type":"web","min_containers":3,"max_containers":7,"metric":"rpm_per_container",
    "target":150,"disabled":false}]}"#;

fn faults(json: &str) -> Vec<String> {
    shared::faults::<Scalingo>(json, &Knobs::default(), false)
}

/// Export of what `json` says, which reads back to the same.
fn out(json: &str) -> Vec<Value> {
    let out = Scalingo::export(&model(json));
    let again = Scalingo::export(&model(&Value::Array(out.clone()).to_string()));
    assert_eq!(again, out);
    out
}

#[test]
fn good_bodies_come_out_as_creations() {
    let created: Value = serde_json::from_str(&seed()).unwrap();
    for json in [seed().as_str(), ATTRIBUTES, LIST] {
        assert_eq!(shared::faults::<Scalingo>(json, &Knobs::default(), true), [""; 0], "{json}");
        assert_eq!(out(json), std::slice::from_ref(&created));
        assert!(Scalingo::likeness(&serde_json::from_str(json).unwrap()).is_some());
    }
    for json in [
        body("worker", 2, 4, "cpu", 0.75),
        body("web", 2, 10, "p95_response_time", 1000.0),
        body("web", 2, 2, "rpm_per_container", 150.0),
    ] {
        assert_eq!(faults(&json), [""; 0]);
        assert_eq!(out(&json), [serde_json::from_str::<Value>(&json).unwrap()]);
    }
    assert!(Scalingo::likeness(&json!({"min": 1, "max": 2})).is_none());
}

#[test]
fn updates_and_other_process_types_belong_to_an_app_and_a_second_of_a_type_is_an_alternative() {
    let value = |text: &str| serde_json::from_str::<Value>(text).unwrap();
    let web = value(&seed());
    for (document, joins) in [
        (value(r#"{"autoscaler":{"disabled":true}}"#), true),
        (value(&body("worker", 2, 4, "cpu", 0.75)), true),
        (value(&body("web", 2, 9, "cpu", 0.75)), false),
        (value(LIST), false),
    ] {
        assert_eq!(Scalingo::joins(std::slice::from_ref(&web), &document), joins, "{document}");
    }
}

#[test]
fn a_map_called_autoscaler_is_not_scalingos_by_that_alone() {
    for (text, ours) in [
        (r#"{"autoscaler":{"disabled":true}}"#, true),
        (r#"{"autoscaler":{"target":90,"metric":"cpu"}}"#, true),
        (r#"{"autoscaler":{"min":1,"max":4}}"#, false),
        (r#"{"autoscaler":{"target":90,"image":"x"}}"#, false),
        (r#"{"autoscaler":{"target":90},"image":"x"}"#, false),
        (r#"{"autoscaler":3}"#, false),
        (r#"{"autoscalers":[]}"#, false),
    ] {
        let value = serde_json::from_str(text).unwrap();
        assert_eq!(Scalingo::likeness(&value).is_some(), ours, "{text}");
    }
}

#[test]
fn an_old_autoscaler_goes_out_with_the_minimum_in_force() {
    let old = LIST.replace("\"min_containers\":3", "\"min_containers\":1");
    assert_eq!(out(&old)[0]["autoscaler"]["min_containers"], 2);
    let alone = old.replace("\"max_containers\":7", "\"max_containers\":1");
    assert_eq!(out(&alone)[0]["autoscaler"]["max_containers"], 2);
}

#[test]
fn a_minimum_that_is_the_maximum_never_moves() {
    let mut tape = tape(&body("web", 2, 2, "rpm_per_container", 150.0), 2);
    for (minute, value) in (1..).zip([900.0, 900.0, 900.0, 0.0, 0.0, 0.0, 0.0, 0.0]) {
        assert_eq!(tape.at(60 * minute, &[Some(value)]).desired, 2);
    }
}

#[test]
fn whole_targets_lose_their_point() {
    let json = seed().replace("150", "150.0");
    assert_eq!(out(&json)[0]["autoscaler"]["target"].to_string(), "150");
    assert_eq!(out(&seed().replace("150", "0.5"))[0]["autoscaler"]["target"].to_string(), "0.5");
}

#[test]
fn updates_amend_and_alone_are_not_enough() {
    for update in [
        r#"{"autoscaler":{"disabled":true}}"#,
        r#"{"autoscaler":{"min_containers":2,"max_containers":10}}"#,
    ] {
        assert_eq!(faults(update), [""; 0]);
        assert!(Scalingo::lacks(&model(update)).is_some());
    }
    assert_eq!(Scalingo::lacks(&model(&seed())), None);
    let amended = |update: &str| out(&format!("[{},{update}]", seed()));
    let disabled = amended(r#"{"autoscaler":{"disabled":true}}"#);
    let first: Value = serde_json::from_str(&seed()).unwrap();
    assert_eq!(disabled, [first, json!({"autoscaler": {"disabled": true}})]);
    let wider = amended(r#"{"autoscaler":{"min_containers":2,"max_containers":10}}"#);
    let expected: Value =
        serde_json::from_str(&body("web", 2, 10, "rpm_per_container", 150.0)).unwrap();
    assert_eq!(wider, [expected]);
    let named = amended(r#"{"autoscaler":{"container_type":"web","target":90.5}}"#);
    assert_eq!(named[0]["autoscaler"]["target"], 90.5);
}

#[test]
fn an_update_is_about_its_id_or_type_else_about_the_last_one() {
    let worker = body("worker", 2, 4, "cpu", 0.75);
    let both = |update: &str| format!("[{LIST},{worker},{update}]");
    let max = |update: &str| {
        let out = Scalingo::export(&model(&both(update)));
        out.iter()
            .map(|one| one["autoscaler"]["max_containers"].as_u64().unwrap())
            .collect::<Vec<_>>()
    };
    assert_eq!(max(r#"{"autoscaler":{"max_containers":9}}"#), [7, 9]);
    let id = "au-297f1134-8576-45ac-ab58-2100b6807683";
    assert_eq!(
        max(&format!("{{\"autoscaler\":{{\"id\":\"{id}\",\"max_containers\":9}}}}")),
        [9, 4]
    );
    assert_eq!(max(r#"{"autoscaler":{"container_type":"web","max_containers":9}}"#), [9, 4]);
    let named = faults(&both(r#"{"autoscaler":{"container_type":"web","max_containers":9}}"#));
    assert_eq!(named, ["Warning  - container_type: `container_type` is ignored"]);
    let stranger = format!("[{LIST},{{\"autoscaler\":{{\"id\":\"au-2\",\"disabled\":true}}}}]");
    assert_eq!(faults(&stranger), ["Error  404 autoscaler: not found"]);
}

#[test]
fn a_later_answer_about_the_same_autoscaler_replaces_it() {
    let later = LIST.replace("\"min_containers\":3", "\"min_containers\":5");
    assert_eq!(out(&format!("[{LIST},{later}]"))[0]["autoscaler"]["min_containers"], 5);
    assert_eq!(out(&format!("[{},{later}]", seed())).len(), 1);
    let other = LIST.replace("au-297f", "au-0000");
    let found = faults(&format!("[{LIST},{other}]"));
    assert_eq!(found, ["Error  422 container_type: already has an autoscaler"]);
}

fn with(change: impl FnOnce(&mut Value)) -> String {
    let mut value: Value = serde_json::from_str(&seed()).unwrap();
    change(&mut value["autoscaler"]);
    value.to_string()
}

fn refused(field: &str, message: &str) -> String {
    format!("Error  422 {field}: {message}")
}

#[test]
fn bad_bodies_are_refused_with_the_stated_error() {
    let without = |key: &str| with(|one| drop(one.as_object_mut().unwrap().remove(key)));
    let bare = serde_json::from_str::<Value>(&seed()).unwrap()["autoscaler"].to_string();
    let cases = [
        (
            r#"{"autoscaler":{"min_containers":1,"max_containers":10}}"#.to_owned(),
            refused("min_containers", "must be at least set to 2"),
        ),
        (bare, refused("autoscaler", "missing field")),
        ("7".into(), refused("autoscaler", "missing field")),
        ("{\"autoscaler\":3}".into(), refused("autoscaler", "is invalid")),
        (without("metric"), refused("metric", "missing field")),
        (without("container_type"), refused("container_type", "missing field")),
        (
            with(|one| one["min_containers"] = json!(8)),
            refused("max_containers", "must be greater than or equal to min_containers"),
        ),
        (
            with(|one| one["max_containers"] = json!(11)),
            refused("max_containers", "is above the limit"),
        ),
        (with(|one| one["metric"] = json!("ram")), refused("metric", "is not a valid metric")),
        (
            with(|one| one["container_type"] = json!("worker")),
            refused("metric", "is only available for web containers"),
        ),
        (with(|one| one["target"] = json!(0)), refused("target", "must be greater than 0")),
        (with(|one| one["target"] = json!(-5)), refused("target", "must be greater than 0")),
        (with(|one| one["target"] = json!("150")), refused("target", "is invalid")),
        (with(|one| one["min_containers"] = json!(2.5)), refused("min_containers", "is invalid")),
        (with(|one| one["metric"] = json!(5)), refused("metric", "is invalid")),
        (with(|one| one["max_containers"] = json!(-1)), refused("max_containers", "is invalid")),
        (r#"{"autoscaler":{"disabled":"yes"}}"#.into(), refused("disabled", "is invalid")),
        (
            format!("[{},{}]", seed(), seed()),
            refused("container_type", "already has an autoscaler"),
        ),
        (
            format!("[{},{{\"autoscaler\":{{\"max_containers\":2}}}}]", seed()),
            refused("max_containers", "must be greater than or equal to min_containers"),
        ),
        (
            with(|one| one["container_type"] = json!("nope")),
            "Error  404 container_type: not found".into(),
        ),
    ];
    for (json, expected) in cases {
        let found = faults(&json);
        let errors: Vec<&String> = found.iter().filter(|one| one.starts_with("Error")).collect();
        // A maximum of -1 is below the minimum too, but no count at all.
        assert_eq!(errors, [&expected], "{json}");
    }
}

#[test]
fn all_faults_of_a_body_come_together_as_the_platform_answers_them() {
    let json = with(|one| {
        one["min_containers"] = json!(1);
        one["metric"] = json!("foo");
    });
    let mut found = DocumentFaults::new();
    let bodies = shared::documents(&json);
    assert!(Scalingo::read(&bodies, &Knobs::default(), false, &mut found).is_none());
    let places: Vec<&str> = found.as_slice().iter().map(|one| one.path.as_str()).collect();
    assert_eq!(places, ["autoscaler.min_containers", "autoscaler.metric"]);
    let answer = Scalingo::refusal(&found.as_slice().iter().collect::<Vec<_>>());
    let expected = json!({"errors": {
        "min_containers": ["must be at least set to 2"],
        "metric": ["is not a valid metric"],
    }});
    assert_eq!(answer, expected);
}

#[test]
fn other_refusals_have_their_own_envelopes() {
    let fault = Scalingo::unreadable("trailing comma");
    assert_eq!(fault.status, Some(400));
    let expected =
        json!({"error": "There was a problem in the JSON you submitted: trailing comma"});
    assert_eq!(Scalingo::refusal(&[&fault]), expected);
    let mut found = DocumentFaults::new();
    let bodies = shared::documents(&with(|one| one["container_type"] = json!("nope")));
    let _ = Scalingo::read(&bodies, &Knobs::default(), false, &mut found);
    let answer = Scalingo::refusal(&found.as_slice().iter().collect::<Vec<_>>());
    assert_eq!(answer, json!({"resource": "container_type", "error": "not found"}));
}

#[test]
fn what_is_legal_and_unwise_is_a_warning() {
    for (json, field) in [
        (body("web", 2, 4, "cpu", 75.0), "target"),
        (body("web", 2, 4, "all", 500.0), "metric"),
        (body("web", 2, 4, "swap", 0.1), "metric"),
        (body("web", 2, 4, "p95_response_time", 0.5), "target"),
        (LIST.replace("\"min_containers\":3", "\"min_containers\":1"), "min_containers"),
        (LIST.replace("\"max_containers\":7", "\"max_containers\":12"), "max_containers"),
    ] {
        let found = faults(&json);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].starts_with(&format!("Warning  - {field}: ")), "{found:?}");
    }
}

#[test]
fn what_is_ignored_is_said_and_strictness_refuses_it() {
    let cases = [
        (with(|one| one["cooldown"] = json!(60)), "cooldown"),
        (with(|one| one["disabled"] = json!(true)), "disabled"),
    ];
    for (json, field) in cases {
        assert_eq!(faults(&json), [format!("Warning  - {field}: `{field}` is ignored")]);
        let strict = shared::faults::<Scalingo>(&json, &Knobs::default(), true);
        assert_eq!(strict, [format!("Error autosim - {field}: `{field}` is ignored")]);
        assert_eq!(out(&json).len(), 1, "it stays enabled");
    }
}

#[test]
fn what_is_left_out_is_listed() {
    let omitted = |json: &str| {
        let omitted = Scalingo::defaults(&model(json));
        omitted.into_iter().map(|one| (one.document, one.path, one.value)).collect::<Vec<_>>()
    };
    assert_eq!(omitted(&seed()), [(0, "autoscaler.disabled".to_owned(), json!(false))]);
    assert_eq!(omitted(ATTRIBUTES), [(0, "disabled".to_owned(), json!(false))]);
    assert_eq!(omitted(LIST), []);
}

#[test]
fn every_metric_is_read_in_the_platforms_unit() {
    for (name, metric, unit, per_replica) in [
        (MetricName::RpmPerContainer, Metric::RequestsPerMin, 1.0, true),
        (MetricName::P95ResponseTime, Metric::P95Ms, 1.0, false),
        (MetricName::Errors5xx, Metric::ErrorsPerMin, 1.0, false),
        (MetricName::Cpu, Metric::CpuPercent, 100.0, false),
        (MetricName::Memory, Metric::MemoryPercent, 100.0, false),
        (MetricName::Swap, Metric::MemoryPercent, 100.0, false),
        (MetricName::All, Metric::RequestsPerMin, 1.0, false),
    ] {
        let tape = tape(&body("web", 2, 4, name.name(), 1.5), 2);
        let [one] = &tape.autoscaler.signals[..] else { panic!("one signal") };
        assert_eq!(one.native.as_deref(), Some(name.name()));
        assert_eq!(one.sensor.is_some(), name == MetricName::Swap);
        let seen = (one.signal.metric, one.signal.unit, one.signal.per_replica);
        assert_eq!(seen, (metric, unit, per_replica), "{name:?}");
    }
}

#[test]
fn a_scaling_is_told_as_an_event() {
    let model = model(&seed());
    let clock = WallClock::parse("2026-03-02T08:00:00+01:00").unwrap();
    let told = |before: u32, after: u32| {
        let decision = Observation::of_count(before).propose(after, Why::Plain);
        let happening = Happening {
            at: Time::from_secs(120),
            clock: &clock,
            before,
            decision: &decision,
            census: Census::default(),
            readings: &[],
        };
        Scalingo::tell(&model, &Knobs::default(), &happening)
    };
    let event = told(3, 4).unwrap();
    assert_eq!(event["type"], "app_scaled");
    assert_eq!(event["created_at"], "2026-03-02T07:02:00Z");
    let expected = json!({"previous_containers": {"web": "3"}, "containers": {"web": "4"}});
    assert_eq!(event["type_data"], expected);
    assert_eq!(told(3, 3), None);
}

/// Counts at the ends of five low minutes from 10:00:00 on, under an answer last scaled then.
fn low_minutes(last_scale: &str, knobs: &Knobs) -> Vec<u32> {
    let json = LIST.replace("0001-01-01T00:00:00Z", last_scale);
    let context = shared::context("2026-03-02T10:00:00Z", 5);
    let mut tape = shared::Tape::new::<Scalingo>(&model(&json), knobs, &context);
    (1..6).map(|minute| tape.at(60 * minute, &[Some(10.0)]).desired).collect()
}

#[test]
fn the_last_scaling_of_an_answer_begins_the_pause() {
    let knobs = Knobs::default();
    let never = [5, 4, 4, 4, 3];
    // Half a minute before the start: the pause before a scale-in ends at 150 s.
    assert_eq!(low_minutes("2026-03-02T09:59:30Z", &knobs), [5, 5, 4, 4, 4]);
    assert_eq!(low_minutes("2026-03-02T17:59:30.5+08:00", &knobs), [5, 5, 4, 4, 4]);
    // To the second: a minute before, it ends with the second minute.
    assert_eq!(low_minutes("2026-03-02T09:59:00Z", &knobs), never);
    for other in ["0001-01-01T00:00:00Z", "2018-04-11T18:22:12Z", "2026-03-02T10:00:01Z"] {
        assert_eq!(low_minutes(other, &knobs), never, "{other}");
    }
    // Of which direction it was is not told.
    let own = Knobs { cooldown_cross: false, ..knobs };
    assert_eq!(low_minutes("2026-03-02T09:59:30Z", &own), never);
}

#[test]
fn what_the_platform_alone_writes_is_checked_too() {
    for (from, to, field) in [
        ("\"0001-01-01T00:00:00Z\"", "\"yesterday\"", "last_scale"),
        ("\"0001-01-01T00:00:00Z\"", "1520000000", "last_scale"),
        ("\"5af97be7ff688d0001228ffb\"", "7", "app_id"),
        ("\"disabled\":false", "\"updated_at\":\"2018-02-30T00:00:00Z\"", "updated_at"),
        ("\"disabled\":false", "\"alert_id_scale_up\":{}", "alert_id_scale_up"),
    ] {
        let json = LIST.replace(from, to);
        let found = faults(&json);
        assert_eq!(found, [format!("Error  422 {field}: is invalid")], "{to}");
    }
    let unsaid = LIST.replace("\"0001-01-01T00:00:00Z\"", "null");
    assert_eq!(faults(&unsaid), [""; 0]);
}
