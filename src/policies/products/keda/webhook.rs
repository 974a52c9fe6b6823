//! What KEDA's admission webhook says against a ScaledObject that the schema takes: the first fault it comes to, without
//! a field. Here it stands at the member that it is about.

use super::check::{Typed, TypedModifiers};
use super::formula::{Formula, Refused};
use super::native::{Modifiers, ScaledObject, Source};
use super::words::{CompositeType, FallbackBehavior, TriggerKind};
use crate::products::kubernetes::fields::ApiServer;
use crate::products::kubernetes::workload::Workload;
use crate::products::kubernetes_hpa::MetricTarget;
use crate::products::{DocumentFault, Omitted, Reader, Words};

/// The code of its refusals.
pub(super) const CODE: &str = "Webhook";
/// Names are at most so long.
const LONGEST_NAME: usize = 63;

/// Another object that scales something.
pub(super) struct Other {
    /// Which document it is.
    pub(super) document: usize,
    pub(super) kind: &'static str,
    pub(super) name: String,
    pub(super) namespace: String,
    pub(super) target_kind: String,
    pub(super) target_name: String,
    /// The ScaledObject that owns it.
    pub(super) owner: Option<String>,
}

/// Why an object is refused: where, what is said, what would be right.
struct Denied {
    path: String,
    message: String,
    remedy: String,
}

fn denied<T>(path: &str, message: impl Into<String>, remedy: &str) -> Result<T, Denied> {
    Err(Denied { path: path.to_owned(), message: message.into(), remedy: remedy.to_owned() })
}

/// Asks the webhook about an object of the reader's present document; with its formula compiled if it is taken.
pub(super) fn admit(
    typed: Typed,
    workload: Option<&Workload>,
    others: &[Other],
    (document, omitted): (usize, &[Omitted]),
    reader: &Reader<ApiServer>,
) -> Option<ScaledObject> {
    let Typed { scaled, min, cached, hpa_name, modifiers, takes_over } = typed;
    let asked = resources(&scaled, workload)
        // Of two ScaledObjects the second is refused.
        .and_then(|()| alone(&scaled, "ScaledObject", others, |one| one.document >= document))
        .and_then(|()| modifiers.as_ref().map(|one| compiled(one, &scaled)).transpose())
        .and_then(|compiled| {
            let taken = |other: &Other| takes_over && hpa_name.as_ref() == Some(&other.name);
            alone(&scaled, "HorizontalPodAutoscaler", others, taken)?;
            idle(&scaled, min)?;
            fallback(&scaled, modifiers.as_ref())?;
            names(&scaled, &cached, hpa_name.as_deref())?;
            Ok(compiled)
        });
    match asked {
        Ok(modifiers) => {
            warn(&scaled, &cached, omitted, reader);
            Some(ScaledObject { modifiers, ..scaled })
        }
        Err(Denied { path, message, remedy }) => {
            let beyond = message.starts_with(BEYOND);
            let fault = match beyond {
                true => DocumentFault::ours(message, remedy),
                false => DocumentFault::error(CODE, Some(403), "", message, remedy),
            };
            reader.add(&path, fault);
            None
        }
    }
}

/// How a refusal of ours begins.
const BEYOND: &str = "of the language of formulas ";

/// Triggers of cpu and memory.
fn resources(scaled: &ScaledObject, workload: Option<&Workload>) -> Result<(), Denied> {
    for (at, trigger) in scaled.triggers.iter().enumerate() {
        let Source::Resource(metric) = &trigger.source else { continue };
        let path = format!("spec.triggers.{at}");
        let containers = workload.map_or(&[][..], |workload| &workload.containers);
        let named = |name: &str| metric.container.as_deref().is_none_or(|own| own == name);
        let bare = containers.iter().find(|one| {
            named(&one.name)
                && one.requests.of(&metric.name).is_none()
                && one.limits.of(&metric.name).is_none()
        });
        if let Some(container) = bare {
            let (name, container) = (&metric.name, &container.name);
            let message = format!(
                "the scaledobject has a {name} trigger but the container {container} doesn't have the {name} \
                 request defined"
            );
            return denied(&path, message, &format!("resources.requests.{name} of that container"));
        }
        if scaled.is_by_resources_alone() && scaled.min == 0 {
            let message = "scaledobject has only cpu/memory triggers AND minReplica is 0 (scale to zero doesn't work \
                           in this case)";
            return denied(
                &path,
                message,
                "minReplicaCount: 1, or a trigger from outside the pods",
            );
        }
    }
    Ok(())
}

/// Nobody else scales its workload.
fn alone(
    scaled: &ScaledObject,
    kind: &str,
    others: &[Other],
    taken: impl Fn(&Other) -> bool,
) -> Result<(), Denied> {
    let same = |one: &&Other| {
        let space = one.namespace == scaled.namespace
            || one.namespace.is_empty()
            || scaled.namespace.is_empty();
        let owned = one.owner.as_ref() == Some(&scaled.name);
        let target = one.target_kind == scaled.target_kind && one.target_name == scaled.target_name;
        one.kind == kind && space && target && !owned && !taken(one)
    };
    let Some(other) = others.iter().find(same) else { return Ok(()) };
    let (what, workload) = (&scaled.target_kind, &scaled.target_name);
    let by = if other.kind == "ScaledObject" { "ScaledObject" } else { "hpa" };
    let message = format!(
        "the workload '{workload}' of type '{what}' is already managed by the {by} '{}'",
        other.name
    );
    denied(
        "spec.scaleTargetRef",
        message,
        "one autoscaler for a workload: leave one of the two out",
    )
}

/// The formula, read over the names of the triggers.
fn compiled(typed: &TypedModifiers, scaled: &ScaledObject) -> Result<Modifiers, Denied> {
    let path = |name: &str| format!("spec.advanced.scalingModifiers.{name}");
    if typed.formula.is_empty() {
        let message = "error ScalingModifiers.Formula is mandatory";
        return denied(&path("formula"), message, "a formula over the names of triggers");
    }
    if typed.target.is_empty() {
        let message =
            "error validating formula in ScalingModifiers: formula is given but target is empty";
        return denied(
            &path("formula"),
            message,
            "a target: how much of it each replica is to have",
        );
    }
    let named = scaled.triggers.iter().enumerate().filter_map(|(at, trigger)| {
        Some((at, trigger.name.as_deref()?)).filter(|_| !trigger.kind.is_resource())
    });
    let (places, names): (Vec<usize>, Vec<&str>) = named.unzip();
    let formula = Formula::parse(&typed.formula, &names).or_else(|why| match why {
        Refused::Compile(why) => {
            let message = format!("error validating formula in ScalingModifiers: {why}");
            let known = format!("names of triggers are: {}", names.join(", "));
            denied(&path("formula"), message, &known)
        }
        Refused::Beyond(what) => {
            let message = format!("{BEYOND}this is not emulated: {what}");
            denied(
                &path("formula"),
                message,
                "up to 1000 numbers, names, + - * / **, comparisons, ?:, ??, max and the like, no predicate in another",
            )
        }
    })?;
    let number = |text: &str| text.parse::<f64>().ok().filter(|number| number.is_finite());
    let target = number(&typed.target).map(|number| (number * 1000.0 + 1e-9).floor() as i64);
    let Some(target) = target.filter(|&target| target > 0) else {
        let message = format!(
            "error validating target in ScalingModifiers: {:?} must be a number greater than 0",
            typed.target
        );
        return denied(&path("target"), message, "a number above 0, in quotes");
    };
    let activation = match typed.activation.as_str() {
        "" => Some(0.0),
        text => number(text),
    };
    let Some(activation) = activation else {
        let message = format!(
            "error validating target in ScalingModifiers: activationTarget {:?} is no number",
            typed.activation
        );
        return denied(&path("activationTarget"), message, "a number, in quotes");
    };
    let target = match typed.metric_type {
        CompositeType::AverageValue => MetricTarget::Average(target),
        CompositeType::Value => MetricTarget::Value(target),
    };
    Ok(Modifiers { formula, names: places, target, activation })
}

fn idle(scaled: &ScaledObject, min: Option<i32>) -> Result<(), Denied> {
    // One that is written as 0 counts as 1.
    let min = min.map_or(0, |min| min.max(1));
    let Some(idle) = scaled.idle.filter(|&idle| idle >= min) else { return Ok(()) };
    let message = format!("IdleReplicaCount={idle} must be less than MinReplicaCount={min}");
    let remedy = "idleReplicaCount: 0, with a minReplicaCount of 1 or more";
    denied("spec.idleReplicaCount", message, remedy)
}

fn fallback(scaled: &ScaledObject, modifiers: Option<&TypedModifiers>) -> Result<(), Denied> {
    let Some(fallback) = scaled.fallback else { return Ok(()) };
    let path = "spec.fallback";
    if modifiers.is_none() && scaled.is_by_resources_alone() {
        let message = "at least one trigger (that is not cpu or memory) has to have the `AverageValue` or `Value` \
                       type for the fallback to be enabled";
        return denied(
            path,
            message,
            "the autoscaler reads cpu and memory itself: leave fallback out",
        );
    }
    if modifiers.is_none() && fallback.behavior == FallbackBehavior::ScalingModifiers {
        let message = "fallback behavior scalingModifiers needs a formula in ScalingModifiers";
        return denied("spec.fallback.behavior", message, "another behavior, or a formula");
    }
    Ok(())
}

fn names(scaled: &ScaledObject, cached: &[bool], hpa: Option<&str>) -> Result<(), Denied> {
    let mut seen: Vec<&str> = Vec::new();
    for (at, trigger) in scaled.triggers.iter().enumerate() {
        let by_itself = trigger.kind.is_resource() || trigger.kind == TriggerKind::Cron;
        if by_itself && cached.get(at) == Some(&true) {
            let kind = trigger.kind.name();
            let message =
                format!("property \"useCachedMetrics\" is not supported for {kind:?} scaler");
            let path = format!("spec.triggers.{at}.useCachedMetrics");
            return denied(&path, message, "leave useCachedMetrics out");
        }
        let Some(name) = trigger.name.as_deref() else { continue };
        if seen.contains(&name) {
            let message = format!(
                "triggerName {name:?} is defined multiple times in the ScaledObject/ScaledJob, but it must be unique"
            );
            return denied(&format!("spec.triggers.{at}.name"), message, "another name");
        }
        seen.push(name);
    }
    let made = format!("keda-hpa-{}", scaled.name);
    for (path, name) in [("metadata.name", &*scaled.name), ("metadata.name", hpa.unwrap_or(&made))]
    {
        if name.len() > LONGEST_NAME {
            let message =
                format!("the name {name:?} must not be longer than {LONGEST_NAME} characters");
            let remedy =
                "a shorter one, or one for the HPA: advanced.horizontalPodAutoscalerConfig.name";
            return denied(path, message, remedy);
        }
    }
    Ok(())
}

/// What it lets pass and says a word about.
fn warn(scaled: &ScaledObject, cached: &[bool], omitted: &[Omitted], reader: &Reader<ApiServer>) {
    if scaled.min == 0 || scaled.idle.is_some() {
        return;
    }
    let omitted = |name: &str| omitted.iter().any(|one| one.path == format!("spec.{name}"));
    if !omitted("cooldownPeriod") {
        let message = "cooldownPeriod is for scaling to zero, which minReplicaCount rules out: it has no effect";
        let remedy =
            "to scale in more slowly: advanced.horizontalPodAutoscalerConfig.behavior.scaleDown";
        reader.add("spec.cooldownPeriod", DocumentFault::warning(message, remedy));
    }
    if !omitted("pollingInterval") && !cached.contains(&true) {
        let message = "pollingInterval is for scaling from zero, which minReplicaCount rules out: the autoscaler asks \
                       every 15 s by itself";
        let remedy =
            "leave it out, or useCachedMetrics: true for triggers that bear no more questions";
        reader.add("spec.pollingInterval", DocumentFault::warning(message, remedy));
    }
}
