//! Services and ConfigMaps, taken and refused.

use super::{service, with_map};
use crate::products::knative::target::ScaleBy;
use crate::products::knative::{Knative, Knobs, Model};
use crate::products::{Product, tape};
use autosim_engine::units::Span;
use serde_json::{Value, json};

fn model(json: &str) -> Model {
    tape::model::<Knative>(json, &Knobs::default())
}

fn faults(json: &str) -> Vec<String> {
    tape::faults::<Knative>(json, &Knobs::default(), false)
}

/// Errors alone, as `code field`, with what stands before the name of an annotation cut off.
fn errors(json: &str) -> Vec<String> {
    let line = |fault: String| {
        let (code, rest) = fault.strip_prefix("Error ")?.split_once(' ')?;
        let field = rest.split(": ").next()?.split_once(' ')?.1;
        let short =
            field.replace("spec.template.metadata.annotations.autoscaling.knative.dev/", "");
        Some(format!("{code} {short}"))
    };
    faults(json).into_iter().filter_map(line).collect()
}

/// Section 10 and `ValidateAnnotations`: | annotation | value | errors |
#[test]
fn every_annotation_is_judged_as_the_webhook_does() {
    for (name, value, expected) in [
        ("min-scale", "two", "InvalidValue"),
        ("min-scale", "-1", "OutOfBounds"),
        ("min-scale", "2147483648", "OutOfBounds"),
        ("min-scale", "2.0", "InvalidValue"),
        ("max-scale", "", "InvalidValue"),
        ("initial-scale", "0", "InvalidValue"),
        ("initial-scale", "-1", "InvalidValue"),
        ("initial-scale", "x", "InvalidValue"),
        ("activation-scale", "1", "Generic"),
        ("activation-scale", "x", "InvalidValue"),
        ("target", "0.001", "Generic"),
        ("target", "ten", "InvalidValue"),
        ("target-utilization-percentage", "0", "OutOfBounds"),
        ("target-utilization-percentage", "101", "OutOfBounds"),
        ("target-utilization-percentage", "70%", "InvalidValue"),
        ("target-burst-capacity", "-2", "InvalidValue"),
        ("panic-window-percentage", "0.5", "OutOfBounds"),
        ("panic-threshold-percentage", "109", "OutOfBounds"),
        ("panic-threshold-percentage", "1001", "OutOfBounds"),
        ("window", "5s", "OutOfBounds"),
        ("window", "2h", "OutOfBounds"),
        ("window", "6500ms", "Generic"),
        ("window", "60", "InvalidValue"),
        ("scale-down-delay", "-1s", "OutOfBounds"),
        ("scale-down-delay", "1500ms", "Generic"),
        ("scale-to-zero-pod-retention-period", "61m", "OutOfBounds"),
        ("metric", "cpu", "InvalidValue"),
        ("class", "other.knative.dev", "InvalidValue"),
        ("class", "hpa.autoscaling.knative.dev", "autosim"),
        ("class", "mine", "autosim"),
    ] {
        let json = service(&format!(r#""$/{name}": "{value}""#), "");
        let field = if expected == "autosim" {
            format!("{expected} ")
        } else {
            format!("{expected} {name}")
        };
        let found = errors(&json);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].starts_with(field.trim_end()), "{name} {value}: {found:?}");
    }
    for (name, value) in [
        ("target-burst-capacity", "-1"),
        ("scale-to-zero-pod-retention-period", "1500ms"),
        ("scale-down-delay", "0"),
        ("target", "1e2"),
        ("metric-aggregation-algorithm", "median"),
    ] {
        let json = service(&format!(r#""$/{name}": "{value}""#), "");
        assert_eq!(errors(&json), [""; 0], "{name} {value}");
    }
}

#[test]
fn annotations_are_judged_by_one_another_and_all_at_once() {
    let kpa =
        r#""$/class": "kpa.autoscaling.knative.dev", "$/metric-aggregation-algorithm": "median""#;
    for (annotations, expected) in [
        (
            r#""$/min-scale": "3", "$/max-scale": "2""#,
            vec!["Generic max-scale", "Generic min-scale"],
        ),
        (r#""$/min-scale": "3", "$/activation-scale": "2""#, vec!["Generic activation-scale"]),
        (r#""$/max-scale": "3", "$/activation-scale": "4""#, vec!["Generic activation-scale"]),
        (kpa, vec!["InvalidValue metric-aggregation-algorithm"]),
        (r#""$/minScale": "x""#, vec!["InvalidValue minScale"]),
        (
            r#""$/window": "1s", "$/target": "x", "$/metric": "y""#,
            vec!["InvalidValue metric", "InvalidValue target", "OutOfBounds window"],
        ),
    ] {
        assert_eq!(errors(&service(annotations, "")), expected, "{annotations}");
    }
    // The dashed spelling wins.
    let both = service(r#""$/minScale": "7", "$/min-scale": "2""#, "");
    assert_eq!(model(&both).annotations.min, Some(2));
}

#[test]
fn the_rest_of_a_service_is_judged_where_it_bears_on_replicas() {
    for (json, expected) in [
        (
            service("", r#""containerConcurrency": -1"#),
            "OutOfBounds spec.template.spec.containerConcurrency",
        ),
        (
            service("", r#""containerConcurrency": 1001"#),
            "OutOfBounds spec.template.spec.containerConcurrency",
        ),
        (
            service("", r#""containerConcurrency": "4""#),
            "BadRequest spec.template.spec.containerConcurrency",
        ),
        (service("", r#""timeoutSeconds": 601"#), "OutOfBounds spec.template.spec.timeoutSeconds"),
        (
            service("", "").replace(r#"{"image": "shop:1"}"#, ""),
            "Missing spec.template.spec.containers",
        ),
        (
            service("", "").replace(r#""image": "shop:1""#, ""),
            "Missing spec.template.spec.containers[0].image",
        ),
        (service("", "").replace("dev/v1\"", "dev/v1alpha1\""), "NotFound apiVersion"),
        (service("", "").replace(r#""name": "shop""#, ""), "FieldValueRequired metadata.name"),
        (service(r#""$/min-scale": 2"#, ""), "BadRequest min-scale"),
        (
            service("", "").replace(
                r#""name": "shop""#,
                r#""name": "shop", "annotations": {"autoscaling.knative.dev/min-scale": "1"}"#,
            ),
            "InvalidKey metadata.annotations.autoscaling.knative.dev/min-scale",
        ),
    ] {
        assert_eq!(errors(&json), [expected], "{json}");
    }
    let unknown = faults(&service(r#""$/minscale": "2", "other/x": "1""#, ""));
    assert_eq!(unknown.len(), 1, "{unknown:?}");
    assert!(unknown[0].starts_with("Warning") && unknown[0].contains("minscale"), "{unknown:?}");
    let split = service("", "")
        .replace(r#""spec": {"template""#, r#""spec": {"traffic": [{}, {}], "template""#);
    let split = faults(&split);
    assert!(split.len() == 1 && split[0].contains("spec.traffic: traffic is split"), "{split:?}");
}

/// Section 1 and `config.NewConfigFromMap`: the first fault alone.
#[test]
fn a_map_of_the_cluster_is_refused_by_its_first_fault() {
    for (data, key) in [
        (r#""max-scale-down-rate": "1""#, "max-scale-down-rate"),
        (r#""max-scale-up-rate": "1.0""#, "max-scale-up-rate"),
        (r#""stable-window": "5s""#, "stable-window"),
        (r#""stable-window": "6500ms""#, "stable-window"),
        (r#""enable-scale-to-zero": "no""#, "enable-scale-to-zero"),
        (r#""scale-to-zero-grace-period": "0s""#, "scale-to-zero-grace-period"),
        (r#""scale-to-zero-pod-retention-period": "-1s""#, "scale-to-zero-pod-retention-period"),
        (r#""target-burst-capacity": "-2""#, "target-burst-capacity"),
        (
            r#""container-concurrency-target-percentage": "0""#,
            "container-concurrency-target-percentage",
        ),
        (
            r#""container-concurrency-target-default": "0.001""#,
            "container-concurrency-target-default",
        ),
        (r#""requests-per-second-target-default": "0""#, "requests-per-second-target-default"),
        (r#""panic-window-percentage": "101""#, "panic-window-percentage"),
        (r#""initial-scale": "0""#, "initial-scale"),
        (r#""max-scale-limit": "5""#, "max-scale"),
        (r#""activator-capacity": "0.5""#, "activator-capacity"),
        (r#""scale-down-delay": "1500ms""#, "scale-down-delay"),
        // What cannot be read comes before what may not be.
        (r#""max-scale-up-rate": "0", "stable-window": "x""#, "stable-window"),
    ] {
        assert_eq!(errors(&with_map("", data)), [format!("Invalid data.{key}")], "{data}");
    }
    let limit = r#""max-scale-limit": "5", "max-scale": "5""#;
    for (annotation, expected) in [
        (r#""$/max-scale": "6""#, vec!["OutOfBounds max-scale"]),
        (r#""$/max-scale": "0""#, vec!["Generic max-scale"]),
        (r#""$/max-scale": "5""#, vec![]),
    ] {
        assert_eq!(errors(&with_map(annotation, limit)), expected, "{annotation}");
    }
    let zero = with_map(r#""$/initial-scale": "0""#, r#""allow-zero-initial-scale": "true""#);
    assert_eq!(errors(&zero), [""; 0]);
    let handed = with_map("", r#""pod-autoscaler-class": "hpa.autoscaling.knative.dev""#);
    assert_eq!(errors(&handed).len(), 1);
}

/// Section 1 and 2: annotations before the map before Knative's own.
#[test]
fn what_is_left_out_is_the_clusters_or_knatives_own() {
    let settings = |json: &str| model(json).settings(true);
    let usual = settings(&service("", ""));
    let of = |json: &str| {
        let found = settings(json);
        (found.spec.target, found.spec.total, found.spec.stable_window, found.panic_window)
    };
    let s = Span::from_secs;
    assert_eq!(of(&service("", "")), (70.0, 100.0, s(60), s(6)));
    assert_eq!(usual.metric, ScaleBy::Concurrency);
    let map = r#""stable-window": "40s", "container-concurrency-target-percentage": "50""#;
    assert_eq!(of(&with_map("", map)), (50.0, 100.0, s(40), s(4)));
    assert_eq!(of(&with_map(r#""$/window": "20s""#, map)), (50.0, 100.0, s(20), s(2)));
    assert_eq!(of(&service("", r#""containerConcurrency": 10"#)), (7.0, 10.0, s(60), s(6)));
    let model = model(&service(r#""$/target": "50""#, ""));
    let omitted = |name: &str| {
        let found = model.omitted.iter().find(|one| one.path.ends_with(name));
        found.map(|one| one.value.clone())
    };
    assert_eq!(omitted("/window"), Some(json!("60s")));
    assert_eq!(omitted("/target-burst-capacity"), Some(json!(211)));
    assert_eq!(omitted("/target"), None);
    assert_eq!(omitted("timeoutSeconds"), Some(json!(300)));
}

#[test]
fn one_of_several_services_is_chosen_by_a_knob() {
    let other = service("", "").replace("shop", "bar");
    let both = format!("[{}, {other}]", service("", ""));
    let of = |service: Option<&str>| {
        let knobs = Knobs { service: service.map(str::to_owned), ..Knobs::default() };
        tape::faults::<Knative>(&both, &knobs, false)
    };
    assert_eq!(of(Some("bar")), [""; 0]);
    assert!(of(None)[0].contains("2 Services could be meant"), "{:?}", of(None));
    assert!(of(Some("baz"))[0].contains("no Service is called baz"), "{:?}", of(Some("baz")));
    let alone = faults(
        r#"{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "config-autoscaler"}}"#,
    );
    assert!(alone[0].contains("there is no Service"), "{alone:?}");
}

#[test]
fn a_document_goes_out_as_it_came_in() {
    let json = with_map(r#""$/min-scale": "1""#, r#""stable-window": "40s""#);
    let found = model(&json);
    let typed: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(Value::from(Knative::export(&found)), typed);
    let platform = Knative::platform(&found, &Knobs::default());
    assert_eq!((platform.start, platform.most, platform.concurrency), (1, u32::MAX, None));
    assert_eq!(platform.grace, Some(Span::from_secs(300)));
}

/// Taken as told, and hardly meant: | annotations | spec | where it is said | what |
#[test]
fn what_has_no_effect_or_another_than_was_meant_is_pointed_out() {
    let limit = r#""containerConcurrency": 8"#;
    for (annotations, spec, place, expected) in [
        (r#""$/target": "10""#, limit, "target", "containerConcurrency 8: 5.6 requests a pod"),
        (r#""$/target": "8""#, limit, "", ""),
        (r#""$/target": "10""#, "", "", ""),
        (r#""$/target": "10", "$/metric": "rps""#, limit, "", ""),
        (r#""$/panic-window-percentage": "2""#, "", "panic-window-percentage", "window is 1s"),
        (r#""$/window": "10s""#, "", "window", "window is 1s"),
        (r#""$/window": "15s""#, "", "", ""),
        (r#""$/scaleDownDelay": "2s""#, "", "scaleDownDelay", "it delays nothing"),
        (r#""$/scale-down-delay": "3s""#, "", "", ""),
        (
            r#""$/initial-scale": "5", "$/max-scale": "3""#,
            "",
            "initial-scale",
            "begins with 5 pods",
        ),
        (r#""$/initial-scale": "5""#, "", "", ""),
        (
            r#""$/scale-to-zero-pod-retention-period": "5m", "$/min-scale": "1""#,
            "",
            "scale-to-zero-pod-retention-period",
            "the last pod stays (min-scale)",
        ),
        (
            r#""$/scale-to-zero-pod-retention-period": "30s", "$/target-burst-capacity": "0""#,
            "",
            "scale-to-zero-pod-retention-period",
            "has to be there for 30s",
        ),
        (r#""$/scale-to-zero-pod-retention-period": "30s""#, "", "", ""),
    ] {
        let found = faults(&service(annotations, spec));
        if expected.is_empty() {
            assert_eq!(found, [""; 0], "{annotations}");
            continue;
        }
        assert_eq!(found.len(), 1, "{annotations}: {found:?}");
        let told = found[0].starts_with("Warning") && found[0].contains(expected);
        assert!(told && found[0].contains(&format!("dev/{place}:")), "{annotations}: {found:?}");
    }
}
