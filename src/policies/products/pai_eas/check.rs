//! From a JSON body to an [`AutoScaler`], or to the platform's refusals.
//!
//! EAS publishes no table of errors of this operation; the codes are the common ones of Alibaba Cloud.

use super::Knobs;
use super::native::{AutoScaler, Behavior, MetricName, Strategy};
use crate::products::form::Form;
use crate::products::{Dialect, DocumentFault, Kind, Member, Members, Place, Reader, Words, Wrong};
use serde_json::{Value, json};
use std::ops::RangeInclusive;

/// The longest window of the Kubernetes autoscaler.
const LONGEST_WINDOW_S: u32 = 3600;
const MOST: u32 = i32::MAX as u32;
const NAMES: &str = "`qps`, `cpu` or `gpu[util]`";

/// The forms documents come in.
pub(super) const FORMS: &[Form] = &[
    Form {
        shared: "min max behavior",
        ..Form::request("the body of CreateServiceAutoScaler", "scaleStrategies")
    },
    Form {
        shared: "RequestId ServiceName Behavior",
        is_sent: false,
        ..Form::request(
            "the answer of DescribeServiceAutoScaler",
            "MinReplica MaxReplica ScaleStrategies CurrentMetrics",
        )
    },
    Form {
        inside: SERVICE_MEMBER,
        beside: "*",
        shared: "min max behavior",
        is_sent: false,
        ..Form::request("a service, whose `autoscaler` is the body", "scaleStrategies strategies")
    },
    Form {
        shared: "min max behavior",
        ..Form::request("the settings of the client tool", "strategies")
    },
];

/// Where a service's document holds what CreateServiceAutoScaler takes.
const SERVICE_MEMBER: &str = "autoscaler";

/// What a form calls the members of the body.
struct Names {
    min: &'static str,
    max: &'static str,
    strategies: &'static str,
    behavior: &'static str,
    /// What it has besides.
    others: &'static str,
}

const REQUEST: Names = Names {
    min: "min",
    max: "max",
    strategies: "scaleStrategies",
    behavior: "behavior",
    others: "",
};
const DESCRIBED: Names = Names {
    min: "MinReplica",
    max: "MaxReplica",
    strategies: "ScaleStrategies",
    behavior: "Behavior",
    others: " RequestId ServiceName CurrentMetrics CurrentValues",
};

/// The words of Alibaba Cloud's common errors.
#[derive(Debug)]
pub struct Common;

impl Dialect for Common {
    const FIRST: usize = 1;
    const PLACES: &'static [(&'static str, &'static str)] = &[
        ("the body itself", "min max scaleStrategies behavior"),
        ("an entry of `scaleStrategies`", "metricName threshold service"),
        ("`behavior`", "scaleUp scaleDown onZero"),
        ("`behavior.scaleUp` or `behavior.scaleDown`", "stabilizationWindowSeconds"),
        ("`behavior.onZero`", "scaleDownGracePeriodSeconds scaleUpActivationReplicas"),
    ];

    fn fault(&self, at: &Place<'_>, wrong: Wrong<'_>, help: &str) -> DocumentFault {
        let field = at.field.as_str();
        let (code, message) = match wrong {
            Wrong::Missing => (
                "MissingParameter",
                format!(
                    "The input parameter \"{field}\" that is mandatory for processing this request is \
                     not supplied."
                ),
            ),
            Wrong::Not(_) | Wrong::Because(_) | Wrong::Twice | Wrong::Own(..) => (
                "InvalidParameter",
                format!("The specified value of parameter \"{field}\" is not valid."),
            ),
        };
        DocumentFault::error(code, Some(400), field, message, help)
    }

    fn unknown(&self, key: &str, _: &str) -> (String, String) {
        let remedy = match key {
            "strategies" => "the client tool's shape; the API takes `scaleStrategies`, an array",
            _ => "it has no effect; remove it",
        };
        (format!("`{key}` is not a member the API knows"), remedy.to_owned())
    }

    fn lacking(&self, name: &str, _: &str) -> String {
        format!("add `{name}`")
    }
}

type One<'r> = Member<'r, Common>;
type Object<'r> = Members<'r, Common>;

/// A text that is not JSON.
pub(super) fn unreadable(message: &str) -> DocumentFault {
    let text = "The request body is not valid JSON.";
    DocumentFault::error("InvalidParameter", Some(400), "body", text, message)
}

/// Reads one body.
pub(super) fn read(
    document: usize,
    body: &Value,
    knobs: &Knobs,
    reader: &Reader<Common>,
) -> Option<AutoScaler> {
    let root = reader.document(document, body);
    if !body.is_object() {
        reader.add("", unreadable("a JSON object with `min`, `max` and `scaleStrategies`"));
        return None;
    }
    let before = reader.errors();
    let (object, names) = body_of(&root)?;
    let min = whole(&object.need(names.min), 0..=MOST);
    let max = maximum(&object.need(names.max), min.unwrap_or(0), knobs.max_cap);
    let strategies = strategies(&object, names);
    let behavior = behavior(&object, names, max.unwrap_or(MOST));
    let omitted = reader.take_omitted();
    if reader.errors() > before {
        return None;
    }
    let written = written(&object, names, &strategies);
    Some(AutoScaler { min: min?, max: max?, strategies, behavior: behavior?, written, omitted })
}

/// The members of the body, whatever form it comes in.
fn body_of<'r>(root: &One<'r>) -> Option<(Object<'r>, &'static Names)> {
    let members = root.object()?;
    let has = |names: &str| names.split(' ').any(|name| members.map.contains_key(name));
    let names = match has("min max scaleStrategies") {
        false if has("MinReplica MaxReplica ScaleStrategies") => &DESCRIBED,
        false if members.get(SERVICE_MEMBER).value.is_some_and(Value::is_object) => {
            return Some((members.get(SERVICE_MEMBER).members(&known(&REQUEST))?, &REQUEST));
        }
        true | false => &REQUEST,
    };
    members.report_unknown(&known(names));
    Some((members, names))
}

fn known(names: &Names) -> String {
    let Names { min, max, strategies, behavior, others } = names;
    format!("{min} {max} {strategies} {behavior}{others}")
}

/// The body as the API takes it, with aliases replaced by its names.
fn written(object: &Object<'_>, names: &Names, strategies: &[Strategy]) -> Value {
    let mut written = Value::Object(object.map.clone());
    if names.min != REQUEST.min {
        let typed = |name| object.map.get(name).cloned().unwrap_or_default();
        let (min, max, list) = (typed(names.min), typed(names.max), typed(names.strategies));
        written = json!({ "min": min, "max": max, "scaleStrategies": list });
        if let Some(behavior) = object.map.get(names.behavior).filter(|one| !one.is_null()) {
            written["behavior"] = behavior.get("behavior").unwrap_or(behavior).clone();
        }
    }
    let typed = written.get_mut("scaleStrategies").and_then(Value::as_array_mut);
    for (typed, read) in typed.into_iter().flatten().zip(strategies) {
        if let Some(name) = typed.get_mut("metricName")
            && name.as_str().is_some_and(|name| MetricName::named(name).is_none())
        {
            *name = read.metric.name().into();
        }
    }
    written
}

/// An integer within a range, as the API's types have it.
fn whole(member: &One<'_>, range: RangeInclusive<u32>) -> Option<u32> {
    let number = member.present(Kind::Whole)?.as_i64();
    let number = number.and_then(|number| u32::try_from(number).ok());
    let number = number.filter(|number| range.contains(number));
    if number.is_none() {
        let help = match (range.start(), range.end()) {
            (least, &MOST) => format!("an integer, at least {least}"),
            (least, most) => format!("an integer from {least} to {most}"),
        };
        member.refuse(Wrong::Not(Kind::Whole), &help);
    }
    number
}

fn maximum(member: &One<'_>, floor: u32, cap: u32) -> Option<u32> {
    let max = whole(member, 0..=MOST)?;
    let help = match max {
        max if max <= floor => format!("more than `min`, which is {floor}"),
        max if max > cap => format!("at most {cap}"),
        max => return Some(max),
    };
    member.refuse(Wrong::Because(&help), &help);
    None
}

fn strategies(object: &Object<'_>, names: &'static Names) -> Vec<Strategy> {
    let list = object.need(names.strategies).hint("an array of strategies");
    let Some(items) = list.items() else { return Vec::new() };
    if items.is_empty() {
        list.refuse(Wrong::Missing, "at least one strategy");
    }
    let mut read: Vec<(usize, Strategy)> = Vec::new();
    for (number, item) in (1..).zip(items) {
        let item = item.hint("an object with `metricName` and `threshold`");
        let Some(object) = item.members("metricName threshold service") else { continue };
        let Some(strategy) = strategy(&object) else { continue };
        let same = |other: &Strategy| {
            (other.metric, &other.service) == (strategy.metric, &strategy.service)
        };
        if let Some((first, _)) = read.iter().find(|(_, other)| same(other)) {
            let help = format!("strategy {first} reads the same metric: keep one of them");
            object.get("metricName").refuse(Wrong::Twice, &help);
        }
        read.push((number, strategy));
    }
    read.into_iter().map(|(_, strategy)| strategy).collect()
}

fn strategy(object: &Object<'_>) -> Option<Strategy> {
    let metric = object.need("metricName").hint(format!("a text: {NAMES}"));
    let metric = metric.text().and_then(|name| named(&metric, name));
    // The API carries it in 32 bits: what is no finite number there is none.
    let sound = |number: &f64| (*number as f32).is_finite() && (*number as f32) > 0.0;
    let threshold = object.need("threshold").hint("a number above 0");
    let threshold = threshold.read(Kind::Number, |value| value.as_f64().filter(sound));
    let service =
        object.get("service").hint("the name of a service; leave it out for the service itself");
    let name = |value: &Value| value.as_str().filter(|name| !name.is_empty()).map(str::to_owned);
    service.note("the service itself");
    let service = service.optional(|service| service.read(Kind::Text, name));
    Some(Strategy { metric: metric?, threshold: threshold?, service: service? })
}

fn named(member: &One<'_>, name: &str) -> Option<MetricName> {
    if name.eq_ignore_ascii_case("gpu") {
        let message = format!("`{name}` is not in the list of metrics; read as `gpu[util]`");
        member.tolerate(message, "write `gpu[util]`");
        return Some(MetricName::GpuUtil);
    }
    let Some(metric) = MetricName::named(name) else {
        member.refuse(Wrong::Because(NAMES), NAMES);
        return None;
    };
    if !metric.in_api() {
        let message = format!("`{name}` is a metric of the client tool, not in the API's list");
        member.tolerate(message, "the API lists `qps`, `cpu` and `gpu[util]`");
    }
    Some(metric)
}

/// `behavior`, with the defaults of what is left out.
fn behavior(object: &Object<'_>, names: &'static Names, max: u32) -> Option<Behavior> {
    let behavior = object.get(names.behavior);
    let described = behavior.value.is_some_and(|value| value.get("behavior").is_some());
    let behavior = match described {
        true => behavior.members("behavior")?.get("behavior"),
        false => behavior,
    };
    let behavior = behavior.members_if_any("scaleUp scaleDown onZero")?;
    let default = Behavior::default();
    let window = |part, default: u32| {
        let window = "stabilizationWindowSeconds";
        let part = behavior.get(part).members_if_any(window)?;
        part.get(window).or(default, |one| whole(one, 0..=LONGEST_WINDOW_S))
    };
    let up = window("scaleUp", default.scale_up_window_s);
    let down = window("scaleDown", default.scale_down_window_s);
    let known = "scaleDownGracePeriodSeconds scaleUpActivationReplicas";
    let zero = behavior.get("onZero").members_if_any(known)?;
    let grace = zero.get("scaleDownGracePeriodSeconds");
    let grace = grace.or(default.grace_s, |one| whole(one, 0..=MOST));
    let replicas = zero.get("scaleUpActivationReplicas");
    let replicas = replicas.or(default.activation_replicas, |one| whole(one, 1..=max));
    Some(Behavior {
        scale_up_window_s: up?,
        scale_down_window_s: down?,
        grace_s: grace?,
        activation_replicas: replicas?,
    })
}
