//! The shapes a document may have: a request, a response, one of the two configurations alone. All
//! become the same parts, each with its place.

use super::refusal::{Checker, Members, Place, find};
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
/// Members of a response that are those of a request under another name.
const RESPONSE: [(&str, &str); 9] = [
    ("AppId", APP),
    ("ScaleRuleName", NAME),
    ("ScaleRuleType", KIND),
    ("Timer", TIMER),
    ("Metric", METRIC),
    ("ScaleRuleEnabled", ENABLE),
    ("MinReadyInstances", MIN_READY),
    ("MinReadyInstanceRatio", RATIO),
    ("EnableIdle", IDLE),
];
const READ_ONLY: [&str; 3] = ["UpdateTime", "CreateTime", "LastDisableTime"];
const ENVELOPE: [&str; 7] =
    ["RequestId", "TraceId", "Data", "Message", "ErrorCode", "Code", "Success"];
const LIST: [&str; 4] = ["ApplicationScalingRules", "CurrentPage", "PageSize", "TotalSize"];

/// A part of a rule and where it came from. Null stands for a text that could not be read.
#[derive(Debug, Clone)]
pub(super) struct Part {
    pub(super) document: usize,
    pub(super) path: String,
    pub(super) value: Value,
}

impl Part {
    pub(super) fn place(&self) -> Place<'_> {
        Place { path: self.path.clone(), value: &self.value }
    }
}

/// The parts of a rule by the names a request gives them.
pub(super) type Parts = BTreeMap<&'static str, Part>;

/// What kind of document a rule came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    Request,
    Response,
    /// One configuration without its request.
    Alone,
}

fn has(map: &Map<String, Value>, keys: &[&str]) -> bool {
    map.keys().any(|key| keys.iter().any(|known| known.eq_ignore_ascii_case(key)))
}

fn is_timer(map: &Map<String, Value>) -> bool {
    has(map, &["schedules"]) && has(map, &["period", "beginDate", "endDate"])
}

fn is_metric(map: &Map<String, Value>) -> bool {
    let bounded = has(map, &["minReplicas", "maxReplicas", "scaleUpRules", "scaleDownRules"]);
    find(map, "metrics").is_some_and(|(_, metrics)| metrics.is_array()) && bounded
}

fn is_rule_of_response(map: &Map<String, Value>) -> bool {
    has(map, &["Timer", "Metric"]) && has(map, &["ScaleRuleName", "ScaleRuleType"])
}

fn data(map: &Map<String, Value>) -> Option<(&str, &Map<String, Value>)> {
    let (key, value) = find(map, "Data")?;
    Some((key, value.as_object()?))
}

/// Whether a document has one of the shapes.
pub(super) fn recognises(document: &Value) -> bool {
    let Some(map) = document.as_object() else { return false };
    let wrapped = data(map)
        .is_some_and(|(_, map)| is_rule_of_response(map) || has(map, &["ApplicationScalingRules"]));
    has(map, &[NAME, KIND, TIMER, METRIC])
        || wrapped
        || is_rule_of_response(map)
        || is_timer(map)
        || is_metric(map)
}

impl Checker<'_> {
    /// The rules of a document, in parts.
    pub(super) fn parts(&mut self, document: usize, value: &Value) -> Vec<(Shape, Parts)> {
        let Some(map) = value.as_object() else {
            self.obviously(
                "",
                METRIC,
                "a request, a response or a configuration, as a JSON object",
            );
            return Vec::new();
        };
        let root = Place { path: String::new(), value };
        if let Some((key, inner)) = data(map) {
            let _ = self.members(&root, "Data", &ENVELOPE);
            let place = Place { path: key.to_owned(), value: &map[key] };
            let Some((key, Value::Array(rules))) = find(inner, LIST[0]) else {
                return self.response(document, &place).into_iter().collect();
            };
            let _ = self.members(&place, "Data", &LIST);
            let rules = rules.iter().enumerate().filter_map(|(at, value)| {
                let path = format!("{}.{key}.{at}", place.path);
                self.response(document, &Place { path, value })
            });
            return rules.collect();
        }
        let alone = |name: &'static str| {
            let part = Part { document, path: String::new(), value: value.clone() };
            vec![(Shape::Alone, Parts::from([(name, part)]))]
        };
        if has(map, &REQUEST[1..]) && !is_rule_of_response(map) {
            self.request(document, &root).into_iter().collect()
        } else if is_rule_of_response(map) {
            self.response(document, &root).into_iter().collect()
        } else if has(map, &["schedules", "period"]) {
            alone(TIMER)
        } else if has(map, &["metrics", "minReplicas", "maxReplicas"]) {
            alone(METRIC)
        } else {
            self.request(document, &root).into_iter().collect()
        }
    }

    fn request(&mut self, document: usize, root: &Place<'_>) -> Option<(Shape, Parts)> {
        let members = self.members(root, NAME, &REQUEST)?;
        let mut parts = Parts::new();
        for name in REQUEST {
            let Some(member) = members.get(name) else { continue };
            let mut part = Part { document, path: member.path, value: member.value.clone() };
            if let (TIMER | METRIC, Value::String(text)) = (name, &part.value) {
                part.value = serde_json::from_str(text).unwrap_or_else(|error| {
                    let remedy = format!("the text holds no JSON: {error}");
                    self.obviously(&part.path, name, remedy);
                    Value::Null
                });
            }
            parts.insert(name, part);
        }
        Some((Shape::Request, parts))
    }

    fn response(&mut self, document: usize, place: &Place<'_>) -> Option<(Shape, Parts)> {
        let known: Vec<&str> = RESPONSE.iter().map(|(name, _)| *name).chain(READ_ONLY).collect();
        let members: Members<'_> = self.members(place, "Data", &known)?;
        let mut parts = Parts::new();
        for (response, request) in RESPONSE {
            let Some(member) = members.get(response) else { continue };
            if member.value.as_object().is_some_and(Map::is_empty) {
                continue;
            }
            let part = Part { document, path: member.path, value: member.value.clone() };
            parts.insert(request, part);
        }
        Some((Shape::Response, parts))
    }
}

/// What goes out again for a rule that came in this shape.
pub(super) fn body(shape: Shape, typed: &Value, parts: &Parts) -> Value {
    match shape {
        Shape::Request => typed.clone(),
        Shape::Alone => writable(typed),
        Shape::Response => {
            let text = |part: &Part| Value::String(lower_keys(&writable(&part.value)).to_string());
            let member = |&name: &&'static str| {
                let part = parts.get(name)?;
                let value = match name {
                    TIMER | METRIC => text(part),
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
        let there = body.keys().find(|typed| typed.eq_ignore_ascii_case(key)).cloned();
        body.insert(there.unwrap_or_else(|| key.clone()), value.clone());
    }
}

/// Without what only the platform writes.
fn writable(value: &Value) -> Value {
    let Some(map) = value.as_object() else { return value.clone() };
    let kept = map.iter().filter(|(key, _)| !key.eq_ignore_ascii_case("MetricsStatus"));
    Value::Object(kept.map(|(key, value)| (key.clone(), value.clone())).collect())
}

/// Keys as requests write them: `AtTime` becomes `atTime`.
fn lower_keys(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let lower = |(key, value): (&String, &Value)| {
                let mut letters = key.chars();
                let first = letters.next().map(|first| first.to_ascii_lowercase());
                (first.into_iter().chain(letters).collect(), lower_keys(value))
            };
            Value::Object(map.iter().map(lower).collect())
        }
        Value::Array(items) => Value::Array(items.iter().map(lower_keys).collect()),
        other => other.clone(),
    }
}

/// Whether a timer's entries move bounds rather than set counts.
pub(super) fn is_special(timer: &Value) -> bool {
    let found = timer.as_object().and_then(|map| find(map, "schedules"));
    let entries = found.and_then(|(_, entries)| entries.as_array()).map_or(&[][..], Vec::as_slice);
    let given =
        |names: &[&str]| entries.iter().filter_map(Value::as_object).any(|entry| has(entry, names));
    given(&["minReplicas", "maxReplicas"]) && !given(&["targetReplicas"])
}
