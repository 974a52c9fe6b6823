//! Bodies that are taken, amended, refused and sent out again.

use super::{DOWN, GROUP, UP, array, group, with};
use crate::products::scaleway::{Ids, Knobs, Model, Scaleway};
use crate::products::tape::{documents, faults, model};
use crate::products::{DocumentFaults, Product};
use serde_json::{Value, json};

const TEMPLATE: &str = r#"{
    "name": "my_template", "commercial_type": "PLAY2-NANO",
    "volumes": {"0": {"name": "boot volume", "from_snapshot": {"snapshot_id": "<SNAPSHOT_ID>"},
                      "volume_type": "sbs", "boot": true}},
    "private_network_ids": ["<PRIVATE_NETWORK_ID>"], "project_id": "'\"$SCW_PROJECT_ID\"'"
}"#;

/// As the Go client writes it.
const SDK_GROUP: &str = r#"{
    "project_id": "105bdce1-64c0-48ab-899d-868455867ecf", "name": "sdk", "tags": [],
    "template_id": "5a36b3a9-45d7-4d61-89eb-1511d3a6d6e2",
    "capacity": {"max_replicas": 5, "min_replicas": 1, "cooldown_delay": "300.000000000s"},
    "loadbalancer": {"id": "a2ef857f-deee-485c-8a38-c83423671441",
        "backend_ids": ["a9c31e1f-0ba5-4cd3-bd40-3b44c7221901"],
        "private_network_id": "f1d18556-d4f9-4467-aa5a-833bfc74541b"}
}"#;

/// As the platform answers: sorted, with an `id`, without a zone.
const ANSWER: &str = r#"{
    "action": "scale_up", "id": "bdfdbec6-497f-46e1-85e8-adec3787694d",
    "instance_group_id": "91a8adf1-1e31-496a-8a06-f9e1ef22831e",
    "metric": {"aggregate": "aggregate_average", "managed_metric": "managed_metric_instance_cpu",
               "name": "cpu scale up", "operator": "operator_greater_than",
               "sampling_range_min": 5, "threshold": 70},
    "name": "scale up if cpu > 70", "priority": 1, "type": "flat_count", "value": 1
}"#;

const DOUBLE: &str = r#"{"name":"double","metric":{"name":"c",
    "managed_metric":"managed_loadbalancer_backend_throughput","operator":"operator_greater_than",
    "aggregate":"aggregate_max","sampling_range_min":10,"threshold":1250000.5},"action":"scale_up",
    "type":"percent_of_total_group","value":100,"priority":0,
    "instance_group_id":"91a8adf1-1e31-496a-8a06-f9e1ef22831e"}"#;

fn read(bodies: &[&str]) -> Model {
    model::<Scaleway>(&array(bodies), &Knobs::default())
}

fn errors(bodies: &[&str], strict: bool) -> Vec<String> {
    let found = faults::<Scaleway>(&array(bodies), &Knobs::default(), strict);
    found.into_iter().filter(|fault| fault.starts_with("Error")).collect()
}

fn warnings(bodies: &[&str]) -> Vec<String> {
    let found = faults::<Scaleway>(&array(bodies), &Knobs::default(), false);
    found.into_iter().filter(|fault| fault.starts_with("Warning")).collect()
}

/// The codes and arguments of what is refused, `required metric`.
fn refused(bodies: &[&str], strict: bool) -> Vec<String> {
    let short = |fault: &String| {
        let mut words = fault.split([' ', ':']).skip(1);
        let (code, _, field) = (words.next(), words.next(), words.next());
        format!("{} {}", code.unwrap(), field.unwrap())
    };
    errors(bodies, strict).iter().map(short).collect()
}

#[test]
fn bodies_of_every_kind_come_in_and_go_out_as_they_were_typed() {
    for body in [&group("300s"), UP, DOWN, TEMPLATE, SDK_GROUP, ANSWER, DOUBLE] {
        let first = read(&[body]);
        let out = Scaleway::export(&first);
        let mut expected = documents(body).remove(0);
        expected.as_object_mut().unwrap().shift_remove("id");
        assert_eq!(out, [expected.clone()]);
        let again = read(&[&out[0].to_string()]);
        assert_eq!(Scaleway::export(&again), [expected]);
    }
}

#[test]
fn documents_that_belong_together_keep_their_order() {
    let bodies = [TEMPLATE, &group("300s"), UP, DOWN];
    let whole = read(&bodies);
    assert_eq!((whole.policies.len(), whole.group.unwrap().max), (2, 5));
    assert_eq!(Scaleway::lacks(&whole), None);
    let out = Scaleway::export(&whole);
    let given: Vec<Value> = bodies.iter().flat_map(|body| documents(body)).collect();
    assert_eq!(out, given);
}

#[test]
fn updates_amend_what_they_address() {
    let other = with(ANSWER, &[("id", "\"5a36b3a9-45d7-4d61-89eb-1511d3a6d6e2\""), ("value", "3")]);
    let addressed =
        r#"{"id": "bdfdbec6-497f-46e1-85e8-adec3787694d", "metric": {"threshold": 65}}"#;
    let amended = read(&[
        &group("300s"),
        r#"{"capacity": {"max_replicas": 8}}"#,
        ANSWER,
        &other,
        addressed,
        r#"{"value": 2, "metric": {"threshold": 99, "operator": "", "aggregate": null}}"#,
    ]);
    assert_eq!((amended.group.unwrap().min, amended.group.unwrap().max), (1, 8));
    let policies = amended.policies.iter();
    let seen: Vec<(f64, u32)> = policies.map(|policy| (policy.threshold, policy.value)).collect();
    assert_eq!(seen, [(65.0, 1), (99.0, 2)]);
    let out = Scaleway::export(&amended);
    assert_eq!(out.len(), 3);
    assert_eq!(
        out[0]["capacity"],
        json!({
            "max_replicas": 8, "min_replicas": 1, "cooldown_delay": "300s"
        })
    );
    assert_eq!(out[1]["metric"]["operator"], "operator_greater_than");
}

#[test]
fn an_update_alone_comes_in_and_says_what_it_lacks() {
    for (body, kind) in [
        (r#"{"capacity": {"max_replicas": 8}}"#, "group"),
        (r#"{"metric": {"threshold": 65}}"#, "policy"),
        (r#"{"loadbalancer": {"backend_ids": ["<BACKEND_ID>"]}}"#, "group"),
        (r#"{"commercial_type": "PLAY2-MICRO"}"#, "template"),
    ] {
        let update = read(&[body]);
        assert!(Scaleway::lacks(&update).unwrap().contains(kind), "{body}");
        assert_eq!(Scaleway::export(&update), documents(body));
    }
    let alone = Scaleway::lacks(&read(&[UP])).unwrap();
    assert!(alone.contains("no instance group"), "{alone}");
}

#[test]
fn updates_that_cannot_be_are_refused() {
    let capped = r#"{"capacity": {"max_replicas": 0}}"#;
    assert_eq!(refused(&[&group("300s"), capped], false), ["constraint capacity.min_replicas"]);
    let unknown = r#"{"id": "5a36b3a9-45d7-4d61-89eb-1511d3a6d6e2", "metric": {"threshold": 65}}"#;
    let answer = errors(&[ANSWER, unknown], false);
    assert_eq!(answer, ["Error not_found 404 id: policy not Found"]);
    let early = errors(&[r#"{"value": 3}"#, UP], false);
    assert_eq!(early, ["Error not_found 404 : policy not Found"]);
    assert_eq!(
        refused(&[UP, r#"{"metric": {"threshold": "65"}}"#], false),
        ["format metric.threshold"]
    );
    assert_eq!(refused(&[UP, r#"{"value": 2, "name": ""}"#], false), ["required name"]);
    let empty = r#"{"volumes": {"0": {"from_empty": {"size": 5}}}}"#;
    assert_eq!(refused(&[TEMPLATE, empty], false), ["constraint volumes.0"]);
    let moved = r#"{"loadbalancer": {"id": "<OTHER>", "backend_ids": []}, "id": "<GROUP>"}"#;
    let named = with(&group("300s"), &[("id", "\"<GROUP>\"")]);
    let warned = warnings(&[&named, moved, UP, DOWN]);
    assert!(warned[0].contains("loadbalancer.id cannot be changed"), "{warned:?}");
}

#[test]
fn policies_are_refused_with_the_argument_and_the_reason() {
    let cockpit = ("metric.cockpit_metric_name", "\"mine\"");
    for (changes, expected) in [
        (vec![("metric", "")], "required metric"),
        (vec![("metric.operator", "\"greater_than\"")], "format metric.operator"),
        (vec![("metric.operator", "\"operator_unknown\"")], "constraint metric.operator"),
        (vec![("metric.aggregate", "\"aggregate_unknown\"")], "constraint metric.aggregate"),
        (vec![("type", "\"percent\"")], "format type"),
        (vec![("type", "\"unknown_type\"")], "constraint type"),
        (vec![("action", "")], "required action"),
        (vec![("action", "\"\"")], "required action"),
        (vec![("action", "\"unknown_action\"")], "constraint action"),
        (vec![("value", "0")], "constraint value"),
        (vec![("value", "-1")], "format value"),
        (vec![("value", "1.5")], "format value"),
        (vec![("value", "4294967296")], "format value"),
        (vec![("metric.sampling_range_min", "0")], "constraint metric.sampling_range_min"),
        (vec![("metric.threshold", "\"70\"")], "format metric.threshold"),
        (vec![("metric.threshold", "1e39")], "format metric.threshold"),
        (vec![cockpit], "constraint metric"),
        (vec![("metric.managed_metric", ""), cockpit], "constraint metric.cockpit_metric_name"),
        (vec![("metric.managed_metric", "")], "required metric"),
        (
            vec![("metric.managed_metric", "\"managed_metric_instance_memory\"")],
            "format metric.managed_metric",
        ),
        (
            vec![("metric.managed_metric", "\"managed_metric_unknown\"")],
            "constraint metric.managed_metric",
        ),
        (vec![("instance_group_id", "\"mine\"")], "format instance_group_id"),
        (vec![("instance_group_id", "")], "required instance_group_id"),
        (vec![("priority", "\"1\"")], "format priority"),
        (vec![("name", "7")], "format name"),
    ] {
        assert_eq!(refused(&[&with(UP, &changes)], false), [expected], "{changes:?}");
    }
}

#[test]
fn groups_are_refused_with_the_argument_and_the_reason() {
    let whole = group("300s");
    for (changes, expected) in [
        (vec![("capacity.min_replicas", "6")], "constraint capacity.min_replicas"),
        (vec![("capacity.cooldown_delay", "300")], "format capacity.cooldown_delay"),
        (vec![("capacity.cooldown_delay", "\"5m\"")], "format capacity.cooldown_delay"),
        (vec![("capacity.cooldown_delay", "\"-1s\"")], "constraint capacity.cooldown_delay"),
        (vec![("capacity.cooldown_delay", "\"1.1234567890s\"")], "format capacity.cooldown_delay"),
        (vec![("template_id", "")], "required template_id"),
        (
            vec![("template_id", ""), ("instance_template_id", "\"<TEMPLATE_ID>\"")],
            "required template_id",
        ),
        (vec![("capacity", "")], "required capacity"),
        (vec![("capacity.max_replicas", "")], "required capacity.max_replicas"),
        (vec![("loadbalancer.backend_ids", "")], "required loadbalancer.backend_ids"),
        (vec![("loadbalancer.backend_ids", "[\"x\"]")], "format loadbalancer.backend_ids.0"),
        (vec![("tags", "\"blue\"")], "format tags"),
        (vec![("name", "\"\"")], "required name"),
    ] {
        assert_eq!(refused(&[&with(&whole, &changes)], false), [expected], "{changes:?}");
    }
}

#[test]
fn templates_are_refused_with_the_argument_and_the_reason() {
    let volume = |json: &str| with(TEMPLATE, &[("volumes", json)]);
    for (body, expected) in [
        (volume(r#"{"0": {"perf_iops": 1, "from_empty": {"size": 1}}}"#), "volumes.0.perf_iops"),
        (volume(r#"{"0": {"volume_type": "sbs"}}"#), "volumes.0"),
        (
            volume(
                r#"{"0": {"from_empty": {"size": 1}, "from_snapshot": {"snapshot_id": "<S>"}}}"#,
            ),
            "volumes.0",
        ),
        (
            volume(r#"{"0": {"volume_type": "unknown_volume_type", "from_empty": {"size": 1}}}"#),
            "volumes.0.volume_type",
        ),
    ] {
        assert_eq!(refused(&[&body], false), [format!("constraint {expected}")], "{body}");
    }
    for (changes, expected) in [
        (("commercial_type", ""), "required commercial_type"),
        (("cloud_init", "\"#cloud\""), "format cloud_init"),
        (("public_ips_v4_count", "-1"), "format public_ips_v4_count"),
        (("image_id", "\"ubuntu\""), "format image_id"),
        (("volumes", "[]"), "format volumes"),
    ] {
        assert_eq!(refused(&[&with(TEMPLATE, &[changes])], false), [expected], "{changes:?}");
    }
    let volumes = r#"{"0": {"from_empty": {}}}"#;
    assert_eq!(refused(&[&volume(volumes)], false), ["required volumes.0.from_empty.size"]);
}

#[test]
fn all_faults_of_all_bodies_are_told_at_once() {
    let wrong = with(UP, &[("action", ""), ("value", "0"), ("metric.threshold", "\"hot\"")]);
    let group = with(&group("5m"), &[("template_id", "")]);
    assert_eq!(
        refused(&[&group, &wrong], false),
        [
            "required template_id",
            "format capacity.cooldown_delay",
            "format metric.threshold",
            "required action",
            "constraint value",
        ]
    );
}

#[test]
fn the_next_version_is_refused_by_name() {
    let next = r#"{"name": "g", "project_id": "<P>", "scaling_policy_spec": {"minimum_size": 1,
        "maximum_size": 5, "cpu_target": {"target_avg_percent": 60}}}"#;
    let mut found = DocumentFaults::new();
    assert!(Scaleway::read(&documents(next), &Knobs::default(), false, &mut found).is_none());
    // Nothing that the platform would answer: there is a version that takes it.
    let [fault] = found.as_slice() else { panic!("{found:?}") };
    assert!(!fault.is_the_platforms() && fault.field == "scaling_policy_spec", "{fault:?}");
    assert!(fault.message.contains("v1alpha2") && fault.remedy.contains("`capacity`"), "{fault:?}");
    let mixed = with(&group("300s"), &[("minimum_size", "1")]);
    assert_eq!(
        errors(&[&mixed], false),
        ["Error autosim - minimum_size: `minimum_size` makes this a body of v1alpha2"]
    );
}

#[test]
fn a_policy_of_another_group_is_not_found() {
    let named = with(&group("300s"), &[("id", "\"5a36b3a9-45d7-4d61-89eb-1511d3a6d6e2\"")]);
    let answer = errors(&[&named, ANSWER], false);
    assert_eq!(answer, ["Error not_found 404 instance_group_id: group not Found"]);
    let own = with(ANSWER, &[("instance_group_id", "\"5a36b3a9-45d7-4d61-89eb-1511d3a6d6e2\"")]);
    assert_eq!(errors(&[&named, &own, UP], false), [""; 0]);
    let template = with(TEMPLATE, &[("id", "\"a2ef857f-deee-485c-8a38-c83423671441\"")]);
    let answer = errors(&[&template, SDK_GROUP], false);
    assert_eq!(answer, ["Error not_found 404 template_id: template not Found"]);
}

#[test]
fn what_is_no_document_of_a_group_is_refused() {
    for (body, code) in [("5", "format"), (r#"{"name": "x"}"#, "unknown"), ("{}", "unknown")] {
        let found = errors(&[body], false);
        assert!(
            found.len() == 1 && found[0].starts_with(&format!("Error {code} 400")),
            "{found:?}"
        );
    }
    let second = errors(&[&group("300s"), &group("300s")], false);
    assert!(second.len() == 1 && second[0].contains("a second group"), "{second:?}");
}

#[test]
fn kindness_ends_where_strictness_begins() {
    let seconds = group("300");
    let taken = read(&[&seconds]);
    assert_eq!(taken.group.unwrap().cooldown.as_secs_f64(), 300.0);
    assert_eq!(Scaleway::export(&taken)[0]["capacity"]["cooldown_delay"], "300s");
    assert!(warnings(&[&seconds])[0].contains("capacity.cooldown_delay"));
    let misspelt = with(UP, &[("priorty", "3")]);
    let warned = warnings(&[&misspelt]);
    assert!(warned.len() == 1 && warned[0].contains("priorty"), "{warned:?}");
    assert_eq!(refused(&[&misspelt], true), ["autosim priorty", "format instance_group_id"]);
    let bare = with(SDK_GROUP, &[("capacity.cooldown_delay", "\"300\"")]);
    assert_eq!(refused(&[&bare], true), ["format capacity.cooldown_delay"]);
    assert_eq!(errors(&[SDK_GROUP, ANSWER, DOUBLE], true), [""; 0]);
}

#[test]
fn placeholders_pass_for_identifiers_unless_these_are_strict() {
    assert_eq!(errors(&[&group("300s"), TEMPLATE, UP], false), [""; 0]);
    let strict = Knobs { ids: Ids::Strict, ..Knobs::default() };
    let found = faults::<Scaleway>(&array(&[&group("300s"), TEMPLATE]), &strict, false);
    let formats: Vec<&String> =
        found.iter().filter(|f| f.starts_with("Error format 400")).collect();
    assert_eq!(formats.len(), 8, "{found:#?}");
    assert_eq!(refused(&[&group("300s")], true).len(), 5);
}

#[test]
fn what_is_legal_and_unwise_is_said() {
    let long = ("metric.sampling_range_min", "15");
    for (bodies, part) in [
        (vec![group("300s"), UP.to_owned()], "only grows"),
        (vec![group("300s"), DOWN.to_owned()], "only shrinks"),
        (vec![group("300s")], "no policy: the group never changes"),
        (vec![group("299s"), UP.into(), DOWN.into()], "a cooldown of 4m 59s does nothing"),
        (vec![group("300s"), with(UP, &[long]), DOWN.into()], "looks back 15m"),
        (
            vec![group("300s"), with(UP, &[("metric.threshold", "30")]), DOWN.into()],
            "goes the other way, holds too",
        ),
        (
            vec![group("300s"), with(UP, &[("metric.threshold", "101")]), DOWN.into()],
            "the threshold is 101",
        ),
        (
            vec![
                group("300s"),
                with(UP, &[("type", "\"set_total_group\""), ("value", "6")]),
                DOWN.into(),
            ],
            "a total of 6 is outside",
        ),
    ] {
        let bodies: Vec<&str> = bodies.iter().map(String::as_str).collect();
        let found = warnings(&bodies);
        assert!(found.len() == 1 && found[0].contains(part), "{part}: {found:?}");
        assert_eq!(errors(&bodies, false), [""; 0]);
    }
    assert_eq!(warnings(&[&group("300s"), UP, DOWN]), [""; 0]);
}

#[test]
fn refusals_are_the_platforms_own_bodies() {
    let answer = |bodies: &[&str]| {
        let mut found = DocumentFaults::new();
        let _ = Scaleway::read(&documents(&array(bodies)), &Knobs::default(), false, &mut found);
        let all: Vec<_> = found.as_slice().iter().collect();
        Scaleway::refusal(&all)
    };
    let wrong = with(UP, &[("value", "0"), ("misspelt", "1")]);
    assert_eq!(
        answer(&[&wrong, &with(DOWN, &[("action", "")])]),
        json!({
            "type": "invalid_arguments",
            "message": "invalid argument(s)",
            "details": [{"argument_name": "value", "reason": "constraint", "help_message": "at least 1"}],
        })
    );
    assert_eq!(
        answer(&[ANSWER, r#"{"id": "<OTHER>", "value": 3}"#]),
        json!({
            "message": "policy not Found"
        })
    );
    assert_eq!(answer(&[UP]), json!({}));
    let text = Scaleway::unreadable("trailing comma");
    assert_eq!((text.code.as_str(), text.status), ("format", Some(400)));
}

#[test]
fn members_that_were_left_out_are_shown_with_what_stands_for_them() {
    let capacity = r#"{"max_replicas": 5, "min_replicas": 1}"#;
    let bodies = [GROUP.replace("CAPACITY", capacity), with(UP, &[("priority", "")])];
    let bodies: Vec<&str> = bodies.iter().map(String::as_str).collect();
    let found = read(&bodies);
    let shown: Vec<(usize, String, Value)> = Scaleway::defaults(&found)
        .into_iter()
        .map(|omitted| (omitted.document, omitted.path, omitted.value))
        .collect();
    assert_eq!(
        shown,
        [
            (0, "tags".into(), json!([])),
            (0, "capacity.cooldown_delay".into(), json!("300s")),
            (1, "priority".into(), json!(0)),
        ]
    );
    assert_eq!(
        (found.group.unwrap().cooldown.as_secs_f64(), found.policies[0].priority),
        (300.0, 0)
    );
}

#[test]
fn all_that_is_about_a_group_belongs_with_it_but_another_group() {
    let body = |text: &str| documents(text)[0].clone();
    let (first, up) = (body(&group("300s")), body(UP));
    let update = body(r#"{"capacity": {"max_replicas": 8}}"#);
    for (before, document, joins) in [
        (vec![first.clone()], &up, true),
        (vec![first.clone()], &update, true),
        (vec![up.clone(), body(TEMPLATE)], &first, true),
        (vec![first.clone(), up.clone()], &first, false),
    ] {
        assert_eq!(Scaleway::joins(&before, document), joins, "{before:?} {document}");
    }
}

#[test]
fn its_documents_are_known_by_their_shape() {
    for body in [
        &group("300s"),
        UP,
        TEMPLATE,
        ANSWER,
        r#"{"capacity": {"max_replicas": 8}}"#,
        r#"{"metric": {"threshold": 65}}"#,
        r#"{"scaling_policy_spec": {}}"#,
    ] {
        assert!(Scaleway::likeness(&documents(body)[0]).is_some(), "{body}");
    }
    for body in [
        "[]",
        "5",
        "{}",
        r#"{"metric": "RPM"}"#,
        r#"{"min": 1, "max": 5, "value": 3}"#,
        r#"{"min_replicas": 1, "max_replicas": 5}"#,
    ] {
        let value: Value = serde_json::from_str(body).unwrap();
        assert!(Scaleway::likeness(&value).is_none(), "{body}");
    }
}
