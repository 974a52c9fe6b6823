//! From an object to a ScaledObject, or to what the API server refuses: the schema of the custom resource.

use super::Knobs;
use super::native::{Annotations, Fallback, ScaledObject};
use super::triggers;
use super::words::{CompositeType, FallbackBehavior};
use crate::products::kubernetes::fields::{NOT_SUPPORTED, Object, One, int32, invalid, word};
use crate::products::kubernetes::objects::Envelope;
use crate::products::kubernetes_hpa::check::behavior;
use crate::products::{Words, Wrong};

/// The kind of its documents.
pub(super) const KIND: &str = "ScaledObject";
/// The version that is served.
pub(super) const VERSION: &str = "keda.sh/v1alpha1";
/// Before the name of every annotation.
const PREFIX: &str = "autoscaling.keda.sh/";
const ROOT: &str = "apiVersion kind metadata spec status";
const SPEC: &str = "scaleTargetRef pollingInterval initialCooldownPeriod cooldownPeriod idleReplicaCount \
    minReplicaCount maxReplicaCount advanced triggers fallback";
/// `maxReplicaCount` where none is written.
const MOST: i32 = 100;

/// Members that a HorizontalPodAutoscaler has, and what a ScaledObject has for them.
pub(super) const MISPLACED: &[(&str, &str)] = &[
    ("minReplicas", "a member of a HorizontalPodAutoscaler; here: minReplicaCount"),
    ("maxReplicas", "a member of a HorizontalPodAutoscaler; here: maxReplicaCount"),
    ("metrics", "a member of a HorizontalPodAutoscaler; here: triggers"),
    ("behavior", "it goes into advanced.horizontalPodAutoscalerConfig.behavior"),
];

/// A ScaledObject as it was read, with what the webhook looks at besides.
pub(super) struct Typed {
    /// Its formula is not compiled yet.
    pub(super) scaled: ScaledObject,
    /// `minReplicaCount` as it is written.
    pub(super) min: Option<i32>,
    /// `useCachedMetrics` of each trigger.
    pub(super) cached: Vec<bool>,
    /// `advanced.horizontalPodAutoscalerConfig.name`.
    pub(super) hpa_name: Option<String>,
    pub(super) modifiers: Option<TypedModifiers>,
    /// `scaledobject.keda.sh/transfer-hpa-ownership`.
    pub(super) takes_over: bool,
}

/// `scalingModifiers` as they are written.
pub(super) struct TypedModifiers {
    pub(super) formula: String,
    pub(super) target: String,
    pub(super) activation: String,
    pub(super) metric_type: CompositeType,
}

/// Reads a ScaledObject; what is wrong goes to the reader's faults.
pub(super) fn read(envelope: &Envelope<'_>, knobs: &Knobs) -> Option<Typed> {
    envelope.object.report_unknown(ROOT);
    let (annotations, takes_over) = annotations(&envelope.object)?;
    let spec = envelope.object.get("spec");
    if spec.value.is_none() {
        spec.refuse(Wrong::Missing, "scaleTargetRef and triggers");
    }
    let spec = spec.value.and(spec.members(SPEC))?;
    let count = |name, least: i32| at_least(&spec.get(name), least);
    let (polling, cooldown) = (count("pollingInterval", 1), count("cooldownPeriod", 0));
    let initial_cooldown = count("initialCooldownPeriod", 0);
    let (min, max) = (count("minReplicaCount", 0), count("maxReplicaCount", 1));
    let idle = count("idleReplicaCount", 0);
    for (name, default) in DEFAULTS {
        spec.get(name).note(default);
    }
    if let (Some(min), Some(max)) = (min, max)
        && min.unwrap_or(0) > max.unwrap_or(MOST)
    {
        let message = "minReplicaCount must be less than or equal to maxReplicaCount";
        let help = format!("maxReplicaCount is {}", max.unwrap_or(MOST));
        spec.me.refuse(Wrong::Because(message), &help);
    }
    let target = target(&spec.get("scaleTargetRef"));
    let triggers = triggers_of(&spec.get("triggers"), knobs);
    let fallback = fallback(&spec.get("fallback"));
    let advanced = advanced(&spec.get("advanced"));
    let (target_kind, target_name) = target?;
    let (hpa_name, modifiers, behavior) = advanced?;
    let seconds = |read: Option<Option<i32>>, default: u32| {
        Some(read?.map_or(default, |seconds| seconds.unsigned_abs()))
    };
    let (triggers, cached) = triggers?.into_iter().map(|one| (one.trigger, one.cached)).unzip();
    Some(Typed {
        scaled: ScaledObject {
            name: envelope.name.to_owned(),
            namespace: envelope.namespace.to_owned(),
            target_kind,
            target_name,
            polling_s: seconds(polling, 30)?,
            cooldown_s: seconds(cooldown, 300)?,
            initial_cooldown_s: seconds(initial_cooldown, 0)?,
            min: min?.unwrap_or(0),
            max: max?.unwrap_or(MOST),
            idle: idle?,
            triggers,
            fallback: fallback?,
            modifiers: None,
            behavior,
            annotations,
        },
        min: min?,
        cached,
        hpa_name,
        modifiers,
        takes_over,
    })
}

/// What stands in for what is left out of `spec`.
const DEFAULTS: [(&str, i64); 5] = [
    ("pollingInterval", 30),
    ("cooldownPeriod", 300),
    ("initialCooldownPeriod", 0),
    ("minReplicaCount", 0),
    ("maxReplicaCount", MOST as i64),
];

/// A whole number from `least` on; `Some(None)` where it is left out.
fn at_least(member: &One<'_>, least: i32) -> Option<Option<i32>> {
    let number = member.optional(int32)?;
    if number.is_some_and(|number| number < least) {
        let message = format!("should be greater than or equal to {least}");
        invalid(member, &message, &format!("{least} or more"));
        return None;
    }
    Some(number)
}

/// Kind and name of what is scaled.
fn target(member: &One<'_>) -> Option<(String, String)> {
    if member.value.is_none() {
        member.refuse(Wrong::Missing, "the name of the workload: scaleTargetRef: {name: worker}");
    }
    member.value?;
    let object = member.members("name apiVersion kind envSourceContainerName")?;
    let name = object.get("name");
    if name.value.is_none() {
        name.refuse(Wrong::Missing, "the name of the workload");
    }
    object.get("kind").note("Deployment");
    object.get("apiVersion").note("apps/v1");
    let kind = object.get("kind").optional(|kind| kind.text())?;
    object.get("apiVersion").optional(|version| version.text())?;
    let kind = kind.filter(|kind| !kind.is_empty()).unwrap_or("Deployment");
    Some((kind.to_owned(), name.text()?.to_owned()))
}

fn triggers_of(member: &One<'_>, knobs: &Knobs) -> Option<Vec<triggers::Read>> {
    let help = "at least one trigger";
    if member.value.is_none() {
        member.refuse(Wrong::Missing, help);
    }
    member.value?;
    let items = member.items()?;
    if items.is_empty() {
        member.refuse(Wrong::Because("should have at least 1 items"), help);
        return None;
    }
    let read = |(place, item)| triggers::read(item, place, knobs);
    items.iter().enumerate().map(read).collect::<Vec<_>>().into_iter().collect()
}

fn fallback(member: &One<'_>) -> Option<Option<Fallback>> {
    member.note("none: a trigger that fails changes nothing");
    if member.value.is_none() {
        return Some(None);
    }
    let object = member.members("failureThreshold replicas behavior")?;
    let needed = |name, help| {
        let member = object.get(name);
        if member.value.is_none() {
            member.refuse(Wrong::Missing, help);
        }
        at_least(&member, 0)?
    };
    let threshold = needed("failureThreshold", "how often a trigger may fail in a row");
    let replicas = needed("replicas", "how many replicas stand in for it");
    let behavior = object.get("behavior");
    behavior.note(FallbackBehavior::Static.name());
    let behavior = match behavior.value {
        None => Some(FallbackBehavior::Static),
        Some(_) => one_of(&behavior),
    };
    let threshold = threshold?.unsigned_abs();
    Some(Some(Fallback { threshold, replicas: replicas?, behavior: behavior? }))
}

/// One of an enumeration of the schema.
fn one_of<W: Words>(member: &One<'_>) -> Option<W> {
    let before = member.reader.errors();
    let found = word(member, NOT_SUPPORTED, "");
    if found.is_none() && member.reader.errors() == before {
        let said = format!("\"\": supported values: {}", W::list());
        let help = format!("one of {}", W::list());
        member.refuse(Wrong::Own(NOT_SUPPORTED, &said), &help);
    }
    found
}

type Advanced =
    (Option<String>, Option<TypedModifiers>, Option<crate::products::kubernetes_hpa::BehaviorSpec>);

fn advanced(member: &One<'_>) -> Option<Advanced> {
    let known = "horizontalPodAutoscalerConfig restoreToOriginalReplicaCount scalingModifiers";
    let object = member.members_if_any(known)?;
    object.get("restoreToOriginalReplicaCount").optional(|member| member.flag())?;
    let hpa = object.get("horizontalPodAutoscalerConfig").members_if_any("behavior name")?;
    let name = hpa.get("name").optional(|name| name.text())?;
    let name = name.filter(|name| !name.is_empty()).map(str::to_owned);
    let (modifiers, behavior) = (modifiers(&object.get("scalingModifiers")), behavior(&hpa));
    Some((name, modifiers?, behavior?))
}

fn modifiers(member: &One<'_>) -> Option<Option<TypedModifiers>> {
    let object = member.members_if_any("formula target activationTarget metricType")?;
    if object.map.is_empty() {
        return Some(None);
    }
    let text = |name| {
        let text = object.get(name).optional(|member| member.text())?;
        Some(text.unwrap_or_default().to_owned())
    };
    let (formula, target) = (text("formula"), text("target"));
    let activation = text("activationTarget");
    let metric_type = object.get("metricType");
    metric_type.note(CompositeType::AverageValue.name());
    let metric_type = match metric_type.value {
        None => Some(CompositeType::AverageValue),
        Some(_) => one_of(&metric_type),
    };
    let (formula, target, activation) = (formula?, target?, activation?);
    Some(Some(TypedModifiers { formula, target, activation, metric_type: metric_type? }))
}

/// The annotations that pause or force, and whether it takes another autoscaler over.
fn annotations(object: &Object<'_>) -> Option<(Annotations, bool)> {
    let metadata = object.get("metadata");
    let Some(metadata) = metadata.value.and_then(|_| metadata.object()) else {
        return Some((Annotations::default(), false));
    };
    let member = metadata.get("annotations");
    let Some(map) = member.value.and_then(|_| member.object()) else {
        return Some((Annotations::default(), false));
    };
    let (mut read, mut takes_over) = (Annotations::default(), false);
    for key in map.map.keys() {
        let member = map.get(key);
        let Some(own) = key.strip_prefix(PREFIX) else {
            let text = member.value.and_then(|value| value.as_str());
            takes_over |=
                key == "scaledobject.keda.sh/transfer-hpa-ownership" && text == Some("true");
            continue;
        };
        let text = member.text()?;
        match own {
            "paused" => read.paused = holds(text),
            "paused-scale-in" => read.paused_in = holds(text),
            "paused-scale-out" => read.paused_out = holds(text),
            "force-activation" => read.forced = holds(text),
            "paused-replicas" => {
                read.paused_replicas = paused_replicas(text);
                if read.paused_replicas.is_none() {
                    let message = format!("`{text}` is no number of replicas");
                    member.decline(message, "a whole number from 0 to 2147483647, in quotes");
                }
            }
            _ => member.warn(format!("KEDA knows no annotation {key}"), KNOWN_ANNOTATIONS),
        }
    }
    Some((read, takes_over))
}

/// KEDA reads a whole number of 32 bits, and `scale` takes none below 0.
fn paused_replicas(text: &str) -> Option<u32> {
    text.parse::<i32>().ok()?.try_into().ok()
}

const KNOWN_ANNOTATIONS: &str =
    "known are paused, paused-replicas, paused-scale-in, paused-scale-out and force-activation";

/// Any word that is no false of Go is true.
fn holds(text: &str) -> bool {
    !["0", "f", "F", "false", "FALSE", "False"].contains(&text)
}
