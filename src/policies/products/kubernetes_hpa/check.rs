//! From objects to an autoscaler, or to what the API server refuses: defaults and validation of
//! `autoscaling/v2`, and of v1.

use super::Knobs;
use super::controller::Behavior;
use super::native::{BehaviorSpec, Hpa, MetricSpec, MetricTarget};
use super::rates::{Amount, ScalingPolicy, ScalingRules};
use super::words::{PolicyType, SelectPolicy, SourceKind, TargetType};
use crate::products::kubernetes::fields::{
    INVALID, NOT_SUPPORTED, Object, One, forbidden, int32, invalid, label, needed_text,
    path_segment, quantity, quoted, required, word,
};
use crate::products::kubernetes::objects::Envelope;
use crate::products::{Dialect, Place, Words, Wrong};
use autosim_engine::units::Span;

/// The kind of its documents.
pub(super) const KIND: &str = "HorizontalPodAutoscaler";
/// Members that other versions have elsewhere.
pub(super) const MISPLACED: &[(&str, &str)] = &[
    (
        "targetCPUUtilizationPercentage",
        "a member of autoscaling/v1; in v2: metrics: [{type: Resource, resource: {name: cpu, target: \
         {type: Utilization, averageUtilization: N}}}]",
    ),
    (
        "targetAverageUtilization",
        "a member of v2beta1; in v2: target: {type: Utilization, averageUtilization: N}",
    ),
    (
        "targetAverageValue",
        "a member of v2beta1; in v2: target: {type: AverageValue, averageValue: N}",
    ),
    ("targetValue", "a member of v2beta1; in v2: target: {type: Value, value: N}"),
    ("metricName", "a member of v2beta1; in v2: metric: {name: NAME}"),
];
const LONGEST_WINDOW_S: i32 = 3600;
const LONGEST_PERIOD_S: i32 = 1800;
const ROOT: &str = "apiVersion kind metadata spec status";

/// The versions that are served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Version {
    V1,
    V2,
}

/// Reads an autoscaler; what is wrong goes to the reader's faults.
pub(super) fn read(envelope: &Envelope<'_>, version: Version, knobs: &Knobs) -> Option<Hpa> {
    envelope.object.report_unknown(ROOT);
    let known = match version {
        Version::V1 => "scaleTargetRef minReplicas maxReplicas targetCPUUtilizationPercentage",
        Version::V2 => "scaleTargetRef minReplicas maxReplicas metrics behavior",
    };
    let spec = envelope.object.get("spec").members_if_any(known)?;
    let min = minimum(&spec, knobs);
    let max = maximum(&spec, min, knobs);
    let target = spec.get("scaleTargetRef");
    let (target_kind, target_name) = reference(&target, true, knobs);
    let metrics = match version {
        Version::V1 => of_v1(&spec),
        Version::V2 => metrics(&spec, knobs),
    };
    let elsewhere = |metric: &Option<MetricSpec>| {
        let kind = metric.as_ref().map(|metric| metric.kind);
        matches!(kind, Some(SourceKind::Object | SourceKind::External))
    };
    if min == Some(0) && !metrics.iter().any(elsewhere) {
        let message = "must specify at least one Object or External metric to support scaling to zero replicas";
        let help =
            "pods that are not there have no cpu: add a metric from elsewhere, or minReplicas 1";
        forbidden(&spec.get("metrics"), message, help);
    }
    let behavior = match version {
        Version::V1 => Some(None),
        Version::V2 => behavior(&spec),
    };
    Some(Hpa {
        name: envelope.name.to_owned(),
        namespace: envelope.namespace.to_owned(),
        target_kind: target_kind?.to_owned(),
        target_name: target_name?.to_owned(),
        min: min?,
        max: max?,
        metrics: metrics.into_iter().collect::<Option<Vec<MetricSpec>>>()?,
        behavior: behavior?,
    })
}

fn minimum(spec: &Object<'_>, knobs: &Knobs) -> Option<i32> {
    let member = spec.get("minReplicas");
    member.note(1);
    if member.value.is_none() {
        return Some(1);
    }
    let min = int32(&member)?;
    let (least, help) = match knobs.scales_to_zero() {
        true => (0, "0 or more"),
        false => (1, "1 or more: 0 needs the gate HPAScaleToZero, which is on since 1.37"),
    };
    if min < least {
        invalid(&member, &format!("must be greater than or equal to {least}"), help);
    }
    Some(min)
}

fn maximum(spec: &Object<'_>, min: Option<i32>, knobs: &Knobs) -> Option<i32> {
    let member = spec.get("maxReplicas");
    let before = member.reader.errors();
    let max = int32(&member).or_else(|| (member.reader.errors() == before).then_some(0))?;
    let help = "the most replicas there may be: a whole number above 0";
    if max == 0 && knobs.kubernetes_minor >= 36 {
        required(&member, "must be greater than 0", help);
    } else if max < 1 {
        invalid(&member, "must be greater than 0", help);
    }
    if let Some(min) = min.filter(|&min| max < min) {
        let help = format!("at least {min}");
        invalid(&member, "must be greater than or equal to `minReplicas`", &help);
    }
    Some(max)
}

/// A reference to an object; `grouped`: its version must name a group.
fn reference<'r>(
    member: &One<'r>,
    grouped: bool,
    knobs: &Knobs,
) -> (Option<&'r str>, Option<&'r str>) {
    let Some(object) = member.members_if_any("apiVersion kind name") else { return (None, None) };
    let kind = needed_text(&object.get("kind"), "for example Deployment", path_segment);
    let name = needed_text(&object.get("name"), "the name of the workload", path_segment);
    let version = object.get("apiVersion");
    let text = version.text().unwrap_or_default();
    let needs_group = grouped && knobs.kubernetes_minor >= 34;
    if needs_group && kind != Some("ReplicationController") {
        let help = "for example apps/v1";
        match text.split('/').count() {
            1 => invalid(&version, "apiVersion must specify API group", help),
            2 => {}
            _ => invalid(&version, &format!("unexpected GroupVersion string: {text}"), help),
        }
    }
    (kind, name)
}

/// `targetCPUUtilizationPercentage`, and what stands in for it.
fn of_v1(spec: &Object<'_>) -> Vec<Option<MetricSpec>> {
    let member = spec.get("targetCPUUtilizationPercentage");
    member.note(80);
    let percent = match member.value {
        None => Some(80),
        Some(_) => int32(&member),
    };
    if percent.is_some_and(|percent| percent < 1) {
        let field = "spec.metrics[0].resource.target.averageUtilization";
        let help = "percent of the request, a whole number above 0";
        let at = Place { field: field.into(), ..member.at.clone() };
        let why = format!("{}: must be greater than 0", percent.unwrap_or_default());
        let fault = member.reader.dialect.fault(&at, Wrong::Because(&why), help);
        member.reader.add(&member.at.path, fault);
    }
    vec![percent.map(default_metric)]
}

/// cpu, at that many percent of the request.
fn default_metric(percent: i32) -> MetricSpec {
    MetricSpec {
        kind: SourceKind::Resource,
        name: "cpu".to_owned(),
        container: None,
        target: MetricTarget::Utilization(percent),
        stands_for: None,
    }
}

/// One for each of `metrics`, `None` for one that is wrong; cpu at 80 % where there are none.
fn metrics(spec: &Object<'_>, knobs: &Knobs) -> Vec<Option<MetricSpec>> {
    let member = spec.get("metrics");
    member.note("cpu at 80 % of the request");
    let before = member.reader.errors();
    let items = member.value.and(member.items()).unwrap_or_default();
    if items.is_empty() && member.reader.errors() == before {
        return vec![Some(default_metric(80))];
    }
    items.iter().map(|item| metric(item, knobs)).collect()
}

/// In the order in which the API server looks for them.
const SOURCES: [(SourceKind, &str); 5] = [
    (SourceKind::Object, "object"),
    (SourceKind::External, "external"),
    (SourceKind::Pods, "pods"),
    (SourceKind::Resource, "resource"),
    (SourceKind::ContainerResource, "containerResource"),
];

fn metric(item: &One<'_>, knobs: &Knobs) -> Option<MetricSpec> {
    let object = item.members("type object external pods resource containerResource")?;
    let member = object.get("type");
    let before = member.reader.errors();
    let kind: Option<SourceKind> = word(&member, NOT_SUPPORTED, "");
    let list = SourceKind::list();
    if kind.is_none() && member.reader.errors() == before {
        required(&member, "must specify a metric source type", &format!("one of {list}"));
        let said = format!("\"\": supported values: {}", quoted::<SourceKind>());
        member.refuse(Wrong::Own(NOT_SUPPORTED, &said), &format!("one of {list}"));
    }
    let present: Vec<(SourceKind, &str)> =
        SOURCES.into_iter().filter(|(_, name)| object.has(name)).collect();
    let read = present.first().and_then(|&(kind, name)| source(&object.get(name), kind, knobs));
    let own = SOURCES.into_iter().find(|(one, _)| Some(*one) == kind);
    if let Some((kind, name)) = own.filter(|(kind, _)| !present.iter().any(|(one, _)| one == kind))
    {
        let message = "must populate information for the given metric source";
        required(
            &object.get(name),
            message,
            &format!("a metric of type {kind} is told in `{name}`"),
        );
    }
    for (other, name) in
        present.iter().filter(|(other, _)| present.len() > 1 && Some(*other) != kind)
    {
        let help = format!("leave `{name}` out, or make it a metric of its own of type {other}");
        forbidden(&object.get(name), "must populate the given metric source only", &help);
    }
    read.filter(|read| Some(read.kind) == kind)
}

fn source(member: &One<'_>, kind: SourceKind, knobs: &Knobs) -> Option<MetricSpec> {
    let known = match kind {
        SourceKind::Resource => "name target",
        SourceKind::ContainerResource => "name container target",
        SourceKind::Pods | SourceKind::External => "metric target",
        SourceKind::Object => "describedObject metric target",
    };
    let object = member.members(known)?;
    if kind == SourceKind::Object {
        reference(&object.get("describedObject"), false, knobs);
    }
    let (name, container) = match kind {
        SourceKind::Resource | SourceKind::ContainerResource => {
            let name = needed_text(&object.get("name"), "cpu or memory", |_| None);
            let container = (kind == SourceKind::ContainerResource)
                .then(|| needed_text(&object.get("container"), "the name of a container", label));
            (name, container)
        }
        SourceKind::Pods | SourceKind::Object | SourceKind::External => {
            let metric = object.get("metric").members_if_any("name selector");
            let name = metric.and_then(|metric| {
                needed_text(&metric.get("name"), "the name of the metric", path_segment)
            });
            (name, None)
        }
    };
    let target = target(&object.get("target"), kind);
    let container = match container {
        None => None,
        Some(container) => Some(container?.to_owned()),
    };
    let stands_for = match kind {
        SourceKind::Resource | SourceKind::ContainerResource => None,
        SourceKind::Pods | SourceKind::Object | SourceKind::External => knobs.stands_for(name?),
    };
    Some(MetricSpec { kind, name: name?.to_owned(), container, target: target?, stands_for })
}

/// What a target says, each `None` where it is left out.
struct TypedTarget {
    kind: Option<TargetType>,
    utilization: Option<i32>,
    average: Option<i64>,
    value: Option<i64>,
}

fn target(member: &One<'_>, kind: SourceKind) -> Option<MetricTarget> {
    let object = member.members_if_any("type averageUtilization averageValue value")?;
    let before = member.reader.errors();
    let typed = typed_target(&object);
    refuse_combinations(&object, kind);
    if member.reader.errors() > before {
        return None;
    }
    let TypedTarget { kind: of, utilization, average, value } = typed;
    let average = average.map(MetricTarget::Average);
    let value = value.map(MetricTarget::Value);
    let found = match (kind, of) {
        (SourceKind::Resource | SourceKind::ContainerResource, _) => {
            average.or(utilization.map(MetricTarget::Utilization))
        }
        (SourceKind::Pods, _) => average,
        (SourceKind::External, _) => average.or(value),
        (SourceKind::Object, Some(TargetType::Value)) => value,
        (SourceKind::Object, Some(TargetType::AverageValue | TargetType::Utilization) | None) => {
            average
        }
    };
    if found.is_none() {
        let message =
            "the API server takes this target, and the controller cannot use it: the metric fails";
        object.get("type").warn(message, "write the member that `type` names");
    }
    Some(found.unwrap_or(MetricTarget::Useless))
}

fn typed_target(object: &Object<'_>) -> TypedTarget {
    let member = object.get("type");
    let before = member.reader.errors();
    let must_be = "must be either Utilization, Value, or AverageValue";
    let kind = word(&member, INVALID, must_be);
    if kind.is_none() && member.reader.errors() == before {
        let help = format!("one of {}", TargetType::list());
        required(&member, "must specify a metric target type", &help);
        invalid(&member, must_be, &help);
    }
    let amount = |name| {
        let member = object.get(name);
        let quantity = quantity(&member)?;
        if !quantity.is_positive() {
            invalid(&member, "must be positive", "more than 0");
        }
        Some(quantity.milli())
    };
    let (value, average) = (amount("value"), amount("averageValue"));
    let member = object.get("averageUtilization");
    let utilization = int32(&member);
    if utilization.is_some_and(|percent| percent < 1) {
        let help = "percent of the request, a whole number above 0";
        invalid(&member, "must be greater than 0", help);
    }
    TypedTarget { kind, utilization, average, value }
}

/// Targets that do not go together, or are not enough.
fn refuse_combinations(object: &Object<'_>, kind: SourceKind) {
    let has = |name| object.has(name);
    let average = object.get("averageValue");
    match kind {
        SourceKind::Resource | SourceKind::ContainerResource => {
            let utilization = object.get("averageUtilization");
            if !has("averageUtilization") && !has("averageValue") {
                let message = "must set either a target raw value or a target utilization";
                required(&utilization, message, "for example averageUtilization: 60");
            } else if has("averageUtilization") && has("averageValue") {
                let message = "may not set both a target raw value and a target utilization";
                forbidden(&average, message, "leave one of the two out");
            }
        }
        SourceKind::Pods => {
            if !has("averageValue") {
                let message = "must specify a positive target averageValue";
                required(&average, message, "for example averageValue: 15");
            }
        }
        SourceKind::Object | SourceKind::External => {
            if !has("value") && !has("averageValue") {
                let message = "must set either a target value for metric or a per-pod target";
                required(&average, message, "for example averageValue: 15, or value: 900");
            } else if kind == SourceKind::External && has("value") && has("averageValue") {
                let message = "may not set both a target value for metric and a per-pod target";
                forbidden(&object.get("value"), message, "leave one of the two out");
            }
        }
    }
}

/// `behavior`; `Some(None)` where there is none.
pub(in crate::products) fn behavior(spec: &Object<'_>) -> Option<Option<BehaviorSpec>> {
    let member = spec.get("behavior");
    member.note("none: at most twice the count or 4 at once, in by the highest of five minutes");
    if member.value.is_none() {
        return Some(None);
    }
    let object = member.members("scaleUp scaleDown")?;
    let default = default_rules();
    let up = direction(&object.get("scaleUp"), default.up.policies, Some(0));
    let down = direction(&object.get("scaleDown"), default.down.policies, None);
    let (up, down) = (up?, down?);
    Some(Some(BehaviorSpec {
        down_window: down.written,
        up_tolerance: up.tolerance,
        down_tolerance: down.tolerance,
        rules: Behavior { up: up.rules, down: down.rules },
    }))
}

/// What `behavior: {}` says, but for the window of scaling in.
fn default_rules() -> Behavior {
    let policy = |amount| ScalingPolicy { amount, period: Span::from_secs(15) };
    let rules = |policies| ScalingRules { window: Span::ZERO, select: SelectPolicy::Max, policies };
    Behavior {
        up: rules(vec![policy(Amount::Pods(4)), policy(Amount::Percent(100))]),
        down: rules(vec![policy(Amount::Percent(100))]),
    }
}

impl Default for BehaviorSpec {
    /// `behavior: {}`.
    fn default() -> Self {
        let rules = default_rules();
        Self { rules, down_window: false, up_tolerance: None, down_tolerance: None }
    }
}

struct Direction {
    rules: ScalingRules,
    /// Its window is written.
    written: bool,
    tolerance: Option<f64>,
}

fn direction(
    member: &One<'_>,
    default: Vec<ScalingPolicy>,
    window_s: Option<i32>,
) -> Option<Direction> {
    let known = "stabilizationWindowSeconds selectPolicy policies tolerance";
    let object = member.members_if_any(known)?;
    let before = member.reader.errors();
    let window = object.get("stabilizationWindowSeconds");
    match window_s {
        Some(default) => window.note(default),
        None => window.note("the flag's, 300"),
    }
    let seconds = int32(&window);
    let help = "from 0 to 3600 seconds";
    if seconds.is_some_and(|seconds| seconds < 0) {
        invalid(&window, "must be greater than or equal to zero", help);
    } else if seconds.is_some_and(|seconds| seconds > LONGEST_WINDOW_S) {
        invalid(&window, "must be less than or equal to 3600", help);
    }
    let select = object.get("selectPolicy");
    select.note("Max");
    let select = match select.value.is_some() {
        true => select_policy(&select),
        false => Some(SelectPolicy::Max),
    };
    let policies = object.get("policies");
    policies.note(match default.len() {
        1 => "100 % in 15 s",
        _ => "the larger of 4 pods and 100 % in 15 s",
    });
    let policies = match policies.value.is_some() {
        true => scaling_policies(&policies),
        false => Some(default),
    };
    let tolerance = object.get("tolerance");
    let quantity = quantity(&tolerance);
    if quantity.is_some_and(|quantity| quantity.is_negative()) {
        invalid(&tolerance, "must be greater than or equal to 0", "a share such as 0.05");
    }
    let rules = ScalingRules {
        window: Span::from_secs(seconds.or(window_s).unwrap_or(0).max(0) as u64),
        select: select?,
        policies: policies?,
    };
    let (written, tolerance) = (seconds.is_some(), quantity.map(|one| one.as_f64()));
    (member.reader.errors() == before).then_some(Direction { rules, written, tolerance })
}

fn select_policy(member: &One<'_>) -> Option<SelectPolicy> {
    let before = member.reader.errors();
    let word = word(member, NOT_SUPPORTED, "");
    if word.is_none() && member.reader.errors() == before {
        let said = format!("\"\": supported values: {}", quoted::<SelectPolicy>());
        let help = format!("one of {}", SelectPolicy::list());
        member.refuse(Wrong::Own(NOT_SUPPORTED, &said), &help);
    }
    word
}

fn scaling_policies(member: &One<'_>) -> Option<Vec<ScalingPolicy>> {
    let items = member.items()?;
    if items.is_empty() {
        let help = "at least one, or leave `policies` out for the default ones";
        required(member, "must specify at least one Policy", help);
    }
    items.iter().map(scaling_policy).collect::<Vec<_>>().into_iter().collect()
}

fn scaling_policy(item: &One<'_>) -> Option<ScalingPolicy> {
    let object = item.members("type value periodSeconds")?;
    let before = item.reader.errors();
    let member = object.get("type");
    let kind: Option<PolicyType> = word(&member, NOT_SUPPORTED, "");
    if kind.is_none() && item.reader.errors() == before {
        let said = format!("\"\": supported values: {}", quoted::<PolicyType>());
        member.refuse(Wrong::Own(NOT_SUPPORTED, &said), "Pods or Percent");
    }
    let positive = |name, help| {
        let member = object.get(name);
        let before = member.reader.errors();
        let number = int32(&member).unwrap_or(0);
        if number < 1 && member.reader.errors() == before {
            invalid(&member, "must be greater than zero", help);
        }
        number
    };
    let value = positive("value", "so many pods, or percent without a sign");
    let period = positive("periodSeconds", "from 1 to 1800 seconds");
    if period > LONGEST_PERIOD_S {
        let message = "must be less than or equal to 1800";
        invalid(&object.get("periodSeconds"), message, "from 1 to 1800 seconds");
    }
    let amount = match kind? {
        PolicyType::Pods => Amount::Pods(value),
        PolicyType::Percent => Amount::Percent(value),
    };
    let period = Span::from_secs(period.max(0) as u64);
    (item.reader.errors() == before).then_some(ScalingPolicy { amount, period })
}
