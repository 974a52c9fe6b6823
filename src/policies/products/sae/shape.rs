//! The shapes a document may have: a request, a response, one of the two configurations alone. All
//! become the same parts, each with its place.

use super::refusal::{Api2019, One};
use crate::products::form::Form;
use crate::products::reader::{find, same_name};
use crate::products::{Kind, Reader, Wrong};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

pub(super) const APP: &str = "AppId";
pub(super) const NAME: &str = "ScalingRuleName";
pub(super) const KIND: &str = "ScalingRuleType";
pub(super) const TIMER: &str = "ScalingRuleTimer";
pub(super) const METRIC: &str = "ScalingRuleMetric";
pub(super) const ENABLE: &str = "ScalingRuleEnable";
pub(super) const MIN_READY: &str = "MinReadyInstances";
pub(super) const RATIO: &str = "MinReadyInstanceRatio";
pub(super) const IDLE: &str = "EnableIdle";

const REQUEST: [&str; 9] = [APP, NAME, KIND, TIMER, METRIC, ENABLE, MIN_READY, RATIO, IDLE];
const READ_ONLY: &str = "UpdateTime CreateTime LastDisableTime";
const ENVELOPE: &str = "RequestId TraceId Data Message ErrorCode Code Success";
const RULES: &str = "ApplicationScalingRules";
const LIST: &str = "ApplicationScalingRules CurrentPage PageSize TotalSize";
const OF_RESPONSE: &str = "Timer Metric AppId MinReadyInstances MinReadyInstanceRatio EnableIdle \
    UpdateTime CreateTime LastDisableTime";

/// The forms documents come in.
pub(super) const FORMS: &[Form] = &[
    Form {
        shared: "AppId MinReadyInstances MinReadyInstanceRatio EnableIdle",
        ..Form::request(
            "a request of CreateApplicationScalingRule",
            "ScalingRuleName ScalingRuleType ScalingRuleTimer ScalingRuleMetric ScalingRuleEnable",
        )
    },
    Form {
        inside: "Data",
        beside: ENVELOPE,
        shared: OF_RESPONSE,
        is_sent: false,
        ..Form::request(
            "the answer of DescribeApplicationScalingRule",
            "ScaleRuleName ScaleRuleType ScaleRuleEnabled",
        )
    },
    Form {
        inside: "Data",
        beside: ENVELOPE,
        shared: "CurrentPage PageSize TotalSize",
        is_sent: false,
        ..Form::request("the answer of DescribeApplicationScalingRules", RULES)
    },
    Form {
        shared: OF_RESPONSE,
        is_sent: false,
        ..Form::request(
            "a rule of DescribeApplicationScalingRules",
            "ScaleRuleName ScaleRuleType ScaleRuleEnabled",
        )
    },
    Form { shared: "period beginDate endDate", ..Form::request("a ScalingRuleTimer", "schedules") },
    Form {
        shared: "minReplicas maxReplicas MetricsStatus",
        ..Form::request("a ScalingRuleMetric", "metrics scaleUpRules scaleDownRules")
    },
];

/// What a response calls a member of a request.
fn in_response(name: &'static str) -> &'static str {
    match name {
        NAME => "ScaleRuleName",
        KIND => "ScaleRuleType",
        TIMER => "Timer",
        METRIC => "Metric",
        ENABLE => "ScaleRuleEnabled",
        same => same,
    }
}

/// A part of a rule and where it came from. Null stands for a text that could not be read.
#[derive(Debug, Clone)]
pub(super) struct Part {
    pub(super) document: usize,
    pub(super) path: String,
    pub(super) value: Value,
}

/// The parts of a rule by the names a request gives them.
pub(super) type Parts = BTreeMap<&'static str, Part>;

/// A part as a member of a request, in the document it came in.
pub(super) fn part<'r>(
    reader: &'r Reader<Api2019>,
    parts: &'r Parts,
    name: &'static str,
) -> One<'r> {
    let part = parts.get(name);
    let path = part.map_or(name, |part| &part.path);
    let mut member = reader.part(path, name, part.map(|part| &part.value));
    if let Some(part) = part.or(parts.values().next()) {
        member.at.document = part.document;
    }
    member
}

/// What kind of document a rule came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    Request,
    Response,
    /// One configuration without its request.
    Alone,
}

fn has(map: &Map<String, Value>, keys: &[&str]) -> bool {
    map.keys().any(|key| keys.iter().any(|known| same_name(known, key, true)))
}

fn is_rule_of_response(map: &Map<String, Value>) -> bool {
    has(map, &["Timer", "Metric"]) && has(map, &["ScaleRuleName", "ScaleRuleType"])
}

fn data(map: &Map<String, Value>) -> Option<&Map<String, Value>> {
    find(map, "Data").and_then(|(_, value)| value.as_object())
}

/// The rules of a document, in parts.
pub(super) fn parts(
    reader: &Reader<Api2019>,
    document: usize,
    value: &Value,
) -> Vec<(Shape, Parts)> {
    let root = reader.document(document, value);
    let Some(map) = value.as_object() else {
        let help = "a request, a response or a configuration, as a JSON object";
        root.named(METRIC).refuse(Wrong::Not(Kind::Object), help);
        return Vec::new();
    };
    if let Some(inner) = data(map) {
        let Some(envelope) = root.named("Data").members(ENVELOPE) else { return Vec::new() };
        let data = envelope.get("Data");
        if !find(inner, RULES).is_some_and(|(_, rules)| rules.is_array()) {
            return response(document, &data).into_iter().collect();
        }
        let rules = data.members(LIST).and_then(|list| list.get(RULES).named("Data").items());
        return rules.iter().flatten().filter_map(|rule| response(document, rule)).collect();
    }
    let alone = |name: &'static str| {
        let part = Part { document, path: String::new(), value: value.clone() };
        vec![(Shape::Alone, Parts::from([(name, part)]))]
    };
    if has(map, &REQUEST[1..]) && !is_rule_of_response(map) {
        request(document, &root.named(NAME)).into_iter().collect()
    } else if is_rule_of_response(map) {
        response(document, &root.named("Data")).into_iter().collect()
    } else if has(map, &["schedules", "period"]) {
        alone(TIMER)
    } else if has(map, &["metrics", "minReplicas", "maxReplicas"]) {
        alone(METRIC)
    } else {
        request(document, &root.named(NAME)).into_iter().collect()
    }
}

fn request(document: usize, root: &One<'_>) -> Option<(Shape, Parts)> {
    let members = root.members(&REQUEST.join(" "))?;
    let mut parts = Parts::new();
    for name in REQUEST {
        let member = members.get(name);
        let Some(mut value) = member.value.cloned() else { continue };
        if let (TIMER | METRIC, Value::String(text)) = (name, &value) {
            value = serde_json::from_str(text).unwrap_or_else(|error| {
                let help = format!("the text holds no JSON: {error}");
                member.refuse(Wrong::Not(Kind::Object), &help);
                Value::Null
            });
        }
        parts.insert(name, Part { document, path: member.at.path, value });
    }
    Some((Shape::Request, parts))
}

fn response(document: usize, rule: &One<'_>) -> Option<(Shape, Parts)> {
    let members = rule.members(&format!("{} {READ_ONLY}", REQUEST.map(in_response).join(" ")))?;
    let mut parts = Parts::new();
    for name in REQUEST {
        let member = members.get(in_response(name));
        let empty = |value: &&Value| value.as_object().is_some_and(Map::is_empty);
        let Some(value) = member.value.filter(|value| !empty(value)) else { continue };
        parts.insert(name, Part { document, path: member.at.path, value: value.clone() });
    }
    Some((Shape::Response, parts))
}

/// What goes out again for a rule that came in this shape.
pub(super) fn body(shape: Shape, typed: &Value, parts: &Parts) -> Value {
    match shape {
        Shape::Request => typed.clone(),
        Shape::Alone => writable(typed),
        Shape::Response => {
            let member = |&name: &&'static str| {
                let part = parts.get(name)?;
                let value = match name {
                    TIMER | METRIC => lower_keys(&writable(&part.value)).to_string().into(),
                    _ => part.value.clone(),
                };
                Some((name.to_owned(), value))
            };
            Value::Object(REQUEST.iter().filter_map(member).collect())
        }
    }
}

/// Puts the members of an update into what goes out, under the keys that are there.
pub(super) fn amend(body: &mut Value, update: &Value) {
    let (Some(body), Some(update)) = (body.as_object_mut(), update.as_object()) else { return };
    for (key, value) in update {
        let there = body.keys().find(|typed| same_name(typed, key, true)).cloned();
        body.insert(there.unwrap_or_else(|| key.clone()), value.clone());
    }
}

/// Without what only the platform writes.
fn writable(value: &Value) -> Value {
    let mut value = value.clone();
    if let Some(map) = value.as_object_mut() {
        map.retain(|key, _| !same_name("MetricsStatus", key, true));
    }
    value
}

/// Keys as requests write them: `AtTime` becomes `atTime`.
fn lower_keys(value: &Value) -> Value {
    if let Some(items) = value.as_array() {
        return items.iter().map(lower_keys).collect();
    }
    let Some(map) = value.as_object() else { return value.clone() };
    let lower = |(key, value): (&String, &Value)| {
        let mut letters = key.chars();
        let first = letters.next().map(|first| first.to_ascii_lowercase());
        (first.into_iter().chain(letters).collect::<String>(), lower_keys(value))
    };
    map.iter().map(lower).collect()
}

/// Whether a timer's entries move bounds rather than set counts.
pub(super) fn is_special(timer: &Value) -> bool {
    let found = timer.as_object().and_then(|map| find(map, "schedules"));
    let entries = found.and_then(|(_, entries)| entries.as_array()).map_or(&[][..], Vec::as_slice);
    let given =
        |names: &[&str]| entries.iter().filter_map(Value::as_object).any(|entry| has(entry, names));
    given(&["minReplicas", "maxReplicas"]) && !given(&["targetReplicas"])
}
