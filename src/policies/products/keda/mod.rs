//! # keda: ScaledObjects of KEDA
//!
//! **Is**: KEDA of August 2026 (after 2.20.2): the operator's poll between nothing and one ([`operator`]), triggers with
//! fallback and formulas (`readings`, `formula`, `cron`), the HorizontalPodAutoscaler it makes of a ScaledObject
//! (`native.rs`), and both over one count (`policy.rs`).
//!
//! **Knows**: ScaledObjects of `keda.sh/v1alpha1` with the workload beside them, what the API server and KEDA's webhook
//! say to wrong ones, and the autoscaler of `kubernetes_hpa`.
//!
//! **Must not know**: nodes, the scheduler, what the sources of triggers are.
//!
//! **Sources**: `apis/keda/v1alpha1`, `pkg/scaling`, `pkg/scaling/executor`, `pkg/fallback`, `pkg/scalers`,
//! `controllers/keda` and the webhook of kedacore/keda.
//!
//! **Start at** [`policy::Scaler`].

mod check;
pub mod cron;
pub mod formula;
mod knobs;
mod native;
pub mod operator;
pub mod policy;
pub mod readings;
mod sensor;
mod tell;
#[cfg(test)]
mod tests;
mod triggers;
mod webhook;
pub mod words;

pub use knobs::Knobs;
pub use native::{
    Annotations, COMPOSITE, Calendar, External, Fallback, Model, Modifiers, ScaledObject, Source,
    Trigger,
};

use super::kubernetes::fields::{self, ApiServer, NO_MATCH, One};
use super::kubernetes::objects::{self, Envelope, Sought};
use super::kubernetes::product::{self, of_kind};
use super::kubernetes::workload::{self, Workload, WorkloadKind};
use super::kubernetes_hpa::KubernetesHpa;
use super::kubernetes_hpa::read::judge_resource;
use super::{
    Assumption, DocumentFault, DocumentFaults, FixedRule, Form, Happening, Likeness, Omitted,
    Platform, Product, Provenance, Reader, Unsourced, Words, Wrong,
};
use crate::builtin::PolicyContext;
use autosim_engine::control::Autoscaler;
use autosim_engine::units::Span;
use check::{KIND, Typed, VERSION};
use serde_json::{Value, json};
use webhook::Other;

/// ScaledObjects of KEDA.
#[derive(Debug, Clone, Copy)]
pub struct Keda;

/// The forms documents come in.
const FORMS: &[Form] = &[Form {
    inside: "spec",
    beside: "apiVersion kind metadata status",
    shared: "scaleTargetRef fallback advanced",
    ..Form::request(
        "a ScaledObject",
        "triggers pollingInterval cooldownPeriod initialCooldownPeriod idleReplicaCount minReplicaCount \
         maxReplicaCount",
    )
}];

/// Of several ScaledObjects one is simulated.
const SOUGHT: Sought = Sought { what: "ScaledObject", kind: KIND, knob: "scaled_object" };
/// Another kind that scales a workload.
const HPA: &str = "HorizontalPodAutoscaler";
/// Kinds that stand beside a ScaledObject and have no bearing on the count.
const CREDENTIALS: [&str; 3] = ["TriggerAuthentication", "ClusterTriggerAuthentication", "Secret"];

impl Product for Keda {
    const KIND: &'static str = "keda";
    const PRODUCT: &'static str = "KEDA ScaledObject (keda.sh/v1alpha1, August 2026)";
    const PROVENANCE: Provenance = Provenance::Source;
    const YAML: bool = true;
    /// Its two loops go by clocks of their own.
    const AGGREGATES_ITSELF: bool = true;
    const FIXED: &'static [FixedRule] = &[
        (
            "a pass and a poll at one instant",
            "the pass comes first",
            "KEDA makes the autoscaler before its own loop starts",
        ),
        (
            "an age of exactly the cooldown",
            "is over it",
            "the last active time is kept in whole seconds, cut",
        ),
        (
            "nodes",
            "always enough",
            "the scheduler and the cluster's own autoscaler are not modelled",
        ),
    ];

    type Knobs = Knobs;
    type Dialect = ApiServer;
    type Model = Model;

    const FORMS: &'static [Form] = FORMS;

    fn likeness(document: &Value) -> Option<Likeness> {
        match objects::kind_of(document) {
            Some(KIND) => Some(of_kind("a ScaledObject", &["kind"], 110)),
            Some(kind) if WorkloadKind::named(kind).is_some() => {
                Some(of_kind("a workload", &["kind"], 40))
            }
            Some(_) => None,
            None => super::form::likeness(FORMS, false, document),
        }
    }

    /// A workload belongs to the ScaledObject that names it.
    fn joins(before: &[Value], document: &Value) -> bool {
        let is_own = |one: &Value| objects::kind_of(one) == Some(KIND);
        let names = |scaled: &Value| {
            let target = &scaled["spec"]["scaleTargetRef"];
            let kind = target["kind"].as_str().unwrap_or("Deployment");
            kind == document["kind"] && target["name"] == document["metadata"]["name"]
        };
        match is_own(document) {
            true => !before.iter().any(is_own),
            false => before.iter().filter(|one| is_own(one)).any(names),
        }
    }

    fn dialect(_: &Knobs, _: bool) -> ApiServer {
        ApiServer { misplaced: check::MISPLACED, by_schema: true }
    }

    fn model(documents: &[Value], knobs: &Knobs, reader: &Reader<ApiServer>) -> Option<Model> {
        let before = reader.errors();
        let (mut all, mut workloads, mut others) = (Vec::new(), Vec::new(), Vec::new());
        for (at, document) in documents.iter().enumerate() {
            match object(&reader.document(at, document), knobs) {
                Some(Found::Scaled(typed)) => {
                    others.push(other(at, document, KIND));
                    all.push((at, *typed, reader.take_omitted()));
                }
                Some(Found::Workload(workload)) => workloads.push(workload),
                Some(Found::Autoscaler) => others.push(other(at, document, HPA)),
                Some(Found::Other) | None => {}
            }
        }
        reader.turn_to(0);
        if reader.errors() > before {
            return None;
        }
        let (at, typed, omitted) = the_admitted(all, &workloads, &others, knobs, reader)?;
        let of = |workload: &Workload| is_scaled(&typed, workload);
        let workload = workloads.into_iter().find(of);
        let written = documents.iter().map(objects::written).collect();
        let mut model = Model { scaled: typed, workload, written, omitted };
        reader.turn_to(at);
        judge(&mut model, documents, knobs, reader);
        Some(model)
    }

    fn read(
        documents: &[Value],
        knobs: &Knobs,
        strict: bool,
        faults: &mut DocumentFaults,
    ) -> Option<Model> {
        product::read::<Self>(documents, knobs, strict, faults)
    }

    fn services(model: &Model) -> Vec<String> {
        let services = model.scaled.triggers.iter().filter_map(|trigger| match &trigger.source {
            Source::Metric(of) => of.stands_for.as_ref()?.service.clone(),
            Source::Cron(_) | Source::Resource(_) => None,
        });
        let mut names: Vec<String> = services.collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    fn unsourced(model: &Model) -> Vec<Unsourced> {
        let blind = model.scaled.triggers.iter().filter(|trigger| match &trigger.source {
            Source::Metric(of) => of.stands_for.is_none(),
            Source::Cron(_) | Source::Resource(_) => false,
        });
        let told = |trigger: &Trigger| Unsourced {
            what: format!("the trigger `{}`", trigger.column()),
            knob: format!("metrics.{}", trigger.column()),
        };
        blind.map(told).collect()
    }

    fn export(model: &Model) -> Vec<Value> {
        model.written.clone()
    }

    fn defaults(model: &Model) -> Vec<Omitted> {
        model.omitted.clone()
    }

    fn assumptions(_: &Model, knobs: &Knobs) -> Vec<Assumption> {
        let own = super::knobs::assumptions(knobs, Self::FIXED);
        let of_hpa = super::knobs::assumptions(&knobs.hpa, &[]).into_iter();
        let below = |one: Assumption| Assumption { rule: format!("hpa.{}", one.rule), ..one };
        let own_alone = |one: &Assumption| !["metrics", "metrics_missing"].contains(&&*one.rule);
        own.into_iter().chain(of_hpa.filter(own_alone).map(below)).collect()
    }

    /// That of the autoscaler it makes; but a fleet starts with `minReplicaCount` where no workload says otherwise, and
    /// what a queue holds waits for replicas.
    fn platform(model: &Model, knobs: &Knobs) -> Platform {
        let scaled = &model.scaled;
        let written = model.workload.as_ref().and_then(|workload| workload.replicas);
        let start = written.unwrap_or(scaled.min).max(0) as u32;
        let annotations = scaled.annotations;
        // Where it is paused without a count it stays where it is.
        let least = match annotations.paused_replicas {
            Some(count) => count,
            None if annotations.paused => start,
            None => scaled.idle.unwrap_or(scaled.min).max(0) as u32,
        };
        let queues = scaled.triggers.iter().any(|trigger| trigger.kind.is_queue());
        Platform {
            start,
            most: (scaled.max.max(0) as u32).max(start).max(least),
            queues,
            rejects_at_zero: !queues,
            sleeps: least == 0,
            dated: scaled.triggers.iter().any(|one| matches!(one.source, Source::Cron(_))),
            ..KubernetesHpa::platform(&model.hpa(), &knobs.hpa)
        }
    }

    fn autoscaler(model: &Model, knobs: &Knobs, context: &PolicyContext) -> Autoscaler {
        policy::autoscaler(model, knobs, context)
    }

    /// The first poll is at once.
    fn first_evaluation(_: &Model, _: &Knobs) -> Option<Span> {
        Some(Span::ZERO)
    }

    fn unreadable(message: &str) -> DocumentFault {
        product::unreadable(message)
    }

    /// What the API server says itself, or what it passes on from the webhook.
    fn refusal(faults: &[&DocumentFault]) -> Value {
        let Some(denied) = faults.iter().find(|fault| fault.code == webhook::CODE) else {
            return fields::status("ScaledObject.keda.sh", faults);
        };
        let said = &denied.message;
        json!({
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": format!("admission webhook \"vscaledobject.kb.io\" denied the request: {said}"),
            "reason": "Forbidden",
            "code": 403,
        })
    }

    fn tell(model: &Model, _: &Knobs, happening: &Happening<'_>) -> Option<Value> {
        Some(tell::status(model, happening))
    }
}

/// What a document is.
enum Found {
    Scaled(Box<Typed>),
    Workload(Workload),
    Autoscaler,
    /// Nothing that bears on the count.
    Other,
}

/// Reads one object.
fn object(root: &One<'_>, knobs: &Knobs) -> Option<Found> {
    let envelope = objects::open(root)?;
    if envelope.kind == KIND {
        if envelope.version != VERSION {
            let message =
                format!("no matches for kind \"{KIND}\" in version \"{}\"", envelope.version);
            let version = envelope.object.get("apiVersion");
            version.refuse(Wrong::Own(NO_MATCH, &message), &format!("write {VERSION}"));
            return None;
        }
        let typed = check::read(&envelope.with_metadata(), knobs)?;
        return Some(Found::Scaled(Box::new(typed)));
    }
    if let Some(kind) = WorkloadKind::named(envelope.kind) {
        return workload::read(&envelope.with_metadata(), kind).map(Found::Workload);
    }
    if envelope.kind == HPA {
        return Some(Found::Autoscaler);
    }
    if !CREDENTIALS.contains(&envelope.kind) {
        not_read(&envelope);
    }
    Some(Found::Other)
}

fn not_read(envelope: &Envelope<'_>) {
    if envelope.kind == "ScaledJob" {
        let message = "a ScaledJob starts jobs, which are no replicas: not read";
        return envelope.object.get("kind").warn(message, "");
    }
    product::not_read(envelope);
}

/// An object as far as it scales something.
fn other(at: usize, document: &Value, kind: &'static str) -> Other {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let (metadata, target) = (&document["metadata"], &document["spec"]["scaleTargetRef"]);
    let mut owners = metadata["ownerReferences"].as_array().into_iter().flatten();
    let owner = owners.find(|owner| owner["kind"] == KIND);
    Other {
        document: at,
        kind,
        name: text(&metadata["name"]),
        namespace: text(&metadata["namespace"]),
        target_kind: target["kind"].as_str().unwrap_or("Deployment").to_owned(),
        target_name: text(&target["name"]),
        owner: owner.map(|owner| text(&owner["name"])),
    }
}

fn is_scaled(scaled: &ScaledObject, workload: &Workload) -> bool {
    workload.is_called(&scaled.namespace, &scaled.target_kind, &scaled.target_name)
}

/// The ScaledObject that is simulated, once the webhook has taken all of them.
fn the_admitted(
    all: Vec<(usize, Typed, Vec<Omitted>)>,
    workloads: &[Workload],
    others: &[Other],
    knobs: &Knobs,
    reader: &Reader<ApiServer>,
) -> Option<(usize, ScaledObject, Vec<Omitted>)> {
    let before = reader.errors();
    let mut admitted = Vec::new();
    for (at, typed, omitted) in all {
        reader.turn_to(at);
        let workload = workloads.iter().find(|workload| is_scaled(&typed.scaled, workload));
        let scaled = webhook::admit(typed, workload, others, (at, &omitted), reader);
        admitted.extend(scaled.map(|scaled| (at, scaled, omitted)));
    }
    reader.turn_to(0);
    if reader.errors() > before {
        return None;
    }
    let name = |(_, scaled, _): &(usize, ScaledObject, Vec<Omitted>)| {
        objects::full_name(&scaled.namespace, &scaled.name)
    };
    objects::the_one(admitted, name, knobs.scaled_object.as_deref(), &SOUGHT, reader)
}

/// Says of each trigger what a simulation makes of it.
fn judge(model: &mut Model, documents: &[Value], knobs: &Knobs, reader: &Reader<ApiServer>) {
    let names = |trigger: &Trigger| match &trigger.source {
        Source::Metric(of) => trigger.name.clone().into_iter().chain([of.metric.clone()]).collect(),
        Source::Cron(_) | Source::Resource(_) => Vec::new(),
    };
    let names: Vec<String> = model.scaled.triggers.iter().flat_map(names).collect();
    for knob in knobs.metrics.keys().filter(|knob| !names.contains(knob)) {
        let message = format!("the knob `metrics.{knob}` names no trigger");
        let remedy = match names.is_empty() {
            true => {
                "triggers of type cron, cpu and memory look at nothing else: leave the knob out"
                    .to_owned()
            }
            false => format!("names are: {}", names.join(" or ")),
        };
        reader.add("spec.triggers", DocumentFault::ours(message, remedy));
    }
    for (at, trigger) in model.scaled.triggers.iter().enumerate() {
        if let Some(column) = trigger.column_of_ours() {
            let message = format!(
                "the column `{column}` of a recording is time or a count of pods: the trigger has none of its own"
            );
            let fault = DocumentFault::warning(message, "another name for the trigger");
            reader.add(&format!("spec.triggers.{at}.name"), fault);
        }
    }
    let mut hpa = model.hpa();
    for at in 0..model.scaled.triggers.len() {
        let trigger = &mut model.scaled.triggers[at];
        let (path, name) = (format!("spec.triggers.{at}"), trigger.column());
        match &mut trigger.source {
            Source::Metric(of) if of.stands_for.is_none() => {
                let message = format!(
                    "nothing in a simulation is called `{name}`: a run refuses the trigger"
                );
                let remedy = format!(
                    "set knobs.metrics.{name} to a metric such as \"queued_requests\"; `decide` reads a column `{name}`"
                );
                reader.add(&path, DocumentFault::warning(message, remedy));
            }
            Source::Resource(metric) => {
                let place = hpa.hpa.metrics.iter().position(|one| one == metric);
                let Some(place) = place else { continue };
                let at = (&*path, "knobs.hpa");
                judge_resource(&mut hpa, place, at, documents, (&knobs.hpa, reader));
                metric.target = hpa.hpa.metrics[place].target;
            }
            Source::Metric(_) | Source::Cron(_) => {}
        }
    }
}
