//! # kubernetes_hpa: the HorizontalPodAutoscaler of Kubernetes
//!
//! **Is**: the controller of `autoscaling/v2` as kube-controller-manager 1.37 has it: which pods count
//! ([`pods`]), from a metric to a count ([`calculator`]), windows over past recommendations ([`history`]), rates
//! ([`rates`]), a pass over all of them ([`controller`]), and a policy that feeds it readings ([`policy`]).
//!
//! **Knows**: autoscalers of `autoscaling/v2` and v1 with the workload beside them, in JSON or YAML, and what the
//! API server says to wrong ones.
//!
//! **Must not know**: nodes, the scheduler, other autoscalers.
//!
//! **Sources**: `pkg/controller/podautoscaler` and `pkg/apis/autoscaling` of kubernetes/kubernetes, for the rules
//! of 1.27 to 1.37; the numbers of its own tests.
//!
//! **Start at** [`controller::Controller::pass`].

pub mod calculator;
mod check;
pub mod controller;
pub mod history;
mod knobs;
mod native;
pub mod pods;
pub mod policy;
pub mod rates;
mod sensor;
mod tell;
#[cfg(test)]
mod tests;
pub mod words;

pub use knobs::Knobs;
pub use native::{BehaviorSpec, Hpa, MetricSpec, MetricTarget, Model};

use super::kubernetes::fields::{self, ApiServer, NO_MATCH, One};
use super::kubernetes::objects::{self, Envelope};
use super::kubernetes::workload::{self, Workload, WorkloadKind};
use super::{
    DocumentFault, DocumentFaults, FixedRule, Form, Happening, LeavesFirst, Likeness, Omitted,
    Platform, Product, Provenance, Reader, Words, Wrong, form,
};
use crate::builtin::PolicyContext;
use autosim_engine::control::Autoscaler;
use autosim_engine::units::Span;
use check::{KIND, Version};
use serde_json::{Map, Value};

/// The HorizontalPodAutoscaler of Kubernetes.
#[derive(Debug, Clone, Copy)]
pub struct KubernetesHpa;

/// The forms documents come in.
const FORMS: &[Form] = &[Form {
    inside: "spec",
    beside: "apiVersion kind metadata status",
    ..Form::request(
        "a HorizontalPodAutoscaler",
        "scaleTargetRef minReplicas maxReplicas metrics behavior targetCPUUtilizationPercentage",
    )
}];

/// What the platform alone writes of an object's `metadata`.
const OUTPUT_ONLY: [&str; 6] =
    ["managedFields", "creationTimestamp", "uid", "resourceVersion", "generation", "selfLink"];

impl Product for KubernetesHpa {
    const KIND: &'static str = "kubernetes-hpa";
    const PRODUCT: &'static str = "Kubernetes HorizontalPodAutoscaler (autoscaling/v2, 1.37)";
    const PROVENANCE: Provenance = Provenance::Source;
    const FIXED: &'static [FixedRule] = &[
        (
            "nodes",
            "always enough",
            "the scheduler and the cluster's own autoscaler are not modelled",
        ),
        ("lateness of a pass", "a hair", "what is exactly as old as its window is outside"),
    ];

    type Knobs = Knobs;
    type Dialect = ApiServer;
    type Model = Model;

    const FORMS: &'static [Form] = FORMS;

    fn likeness(document: &Value) -> Option<Likeness> {
        let kind = objects::kind_of(document);
        let of = |what, weight| {
            let signs = vec!["kind".to_owned()];
            Likeness { what, signs, is_sent: true, weight }
        };
        match kind {
            Some(KIND) => Some(of("a HorizontalPodAutoscaler", 100)),
            Some(kind) if WorkloadKind::named(kind).is_some() => Some(of("a workload", 50)),
            Some(_) => None,
            None => form::likeness(FORMS, false, document),
        }
    }

    /// A workload belongs to the autoscaler that names it, an autoscaler to workloads before it.
    fn joins(before: &[Value], document: &Value) -> bool {
        let is_autoscaler = |one: &Value| objects::kind_of(one) == Some(KIND);
        let names = |autoscaler: &Value| {
            let target = &autoscaler["spec"]["scaleTargetRef"];
            target["kind"] == document["kind"] && target["name"] == document["metadata"]["name"]
        };
        match is_autoscaler(document) {
            true => !before.iter().any(is_autoscaler),
            false => before.iter().filter(|one| is_autoscaler(one)).any(names),
        }
    }

    fn dialect(_: &Knobs, _: bool) -> ApiServer {
        ApiServer { misplaced: check::MISPLACED }
    }

    fn model(documents: &[Value], knobs: &Knobs, reader: &Reader<ApiServer>) -> Option<Model> {
        let before = reader.errors();
        let (mut autoscalers, mut workloads) = (Vec::new(), Vec::new());
        for (at, document) in documents.iter().enumerate() {
            match object(&reader.document(at, document), knobs) {
                Some(Found::Autoscaler(hpa)) => {
                    autoscalers.push((at, hpa, reader.take_omitted()));
                }
                Some(Found::Workload(workload)) => workloads.push(workload),
                Some(Found::Other) | None => {}
            }
        }
        reader.turn_to(0);
        if reader.errors() > before {
            return None;
        }
        let (at, hpa, omitted) = choose(autoscalers, knobs, reader)?;
        let workload = workloads.into_iter().find(|workload| scales(&hpa, workload));
        let written = documents.iter().map(written).collect();
        let mut model = Model { hpa, workload, written, omitted };
        reader.turn_to(at);
        judge_metrics(&mut model, knobs, reader);
        Some(model)
    }

    /// Faults are told at what is there: of a missing member at the object it is missing in, or above.
    fn read(
        documents: &[Value],
        knobs: &Knobs,
        strict: bool,
        faults: &mut DocumentFaults,
    ) -> Option<Model> {
        let reader = Reader::new(Self::dialect(knobs, strict), strict);
        let model = Self::model(documents, knobs, &reader);
        for mut fault in reader.into_faults().into_vec() {
            if let Some(document) = documents.get(fault.document) {
                fault.path = longest_way(document, &fault.path).to_owned();
            }
            faults.add(fault.document, &fault.path.clone(), fault);
        }
        model.filter(|_| faults.errors() == 0)
    }

    fn services(model: &Model) -> Vec<String> {
        let metrics = model.hpa.metrics.iter();
        let services = metrics.filter_map(|metric| metric.stands_for.as_ref()?.service.clone());
        let mut names: Vec<String> = services.collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    fn export(model: &Model) -> Vec<Value> {
        model.written.clone()
    }

    fn defaults(model: &Model) -> Vec<Omitted> {
        model.omitted.clone()
    }

    /// A workload starts with its own count, which is one where it says none; without a workload it is the
    /// minimum. A request that finds no pod fails: a Service without endpoints takes none.
    fn platform(model: &Model, _: &Knobs) -> Platform {
        let least = model.hpa.min.max(1);
        let written = model.workload.as_ref().and_then(|workload| workload.replicas);
        let grace_s = model.workload.as_ref().map_or(30, |workload| workload.grace_s);
        Platform {
            grace: Some(Span::from_secs(grace_s.max(0) as u64)),
            leaves_first: Some(LeavesFirst::Newest),
            rejects_at_zero: true,
            ..Platform::between(written.unwrap_or(least).max(0) as u32, model.hpa.max as u32)
        }
    }

    fn autoscaler(model: &Model, knobs: &Knobs, context: &PolicyContext) -> Autoscaler {
        policy::autoscaler(model, knobs, context)
    }

    /// The first pass is one period after the autoscaler was seen.
    fn first_evaluation(_: &Model, knobs: &Knobs) -> Option<Span> {
        Some(Span::from_secs(u64::from(knobs.sync_period_s)))
    }

    fn unreadable(message: &str) -> DocumentFault {
        let message = format!("error converting YAML to JSON: {message}");
        DocumentFault::ours(
            message,
            "an object in JSON or YAML, indented with spaces, each key once",
        )
    }

    fn refusal(faults: &[&DocumentFault]) -> Value {
        fields::status("HorizontalPodAutoscaler.autoscaling", faults)
    }

    fn tell(model: &Model, _: &Knobs, happening: &Happening<'_>) -> Option<Value> {
        Some(tell::status(model, happening))
    }
}

/// What a document is.
enum Found {
    Autoscaler(Hpa),
    Workload(Workload),
    /// Nothing that bears on the count.
    Other,
}

/// Reads one object.
fn object(root: &One<'_>, knobs: &Knobs) -> Option<Found> {
    let envelope = objects::open(root)?;
    if envelope.kind == KIND {
        let version = version(&envelope)?;
        return check::read(&envelope.with_metadata(), version, knobs).map(Found::Autoscaler);
    }
    if let Some(kind) = WorkloadKind::named(envelope.kind) {
        return workload::read(&envelope.with_metadata(), kind).map(Found::Workload);
    }
    let message =
        format!("an object of kind {} does not bear on the count: not read", envelope.kind);
    envelope.object.get("kind").warn(message, "");
    Some(Found::Other)
}

fn version(envelope: &Envelope<'_>) -> Option<Version> {
    match envelope.version {
        "autoscaling/v2" => return Some(Version::V2),
        "autoscaling/v1" => return Some(Version::V1),
        _ => {}
    }
    let remedy = match envelope.version {
        "autoscaling/v2beta1" => {
            "not served since 1.25: write autoscaling/v2, and each target as `target: {type: ..., ...}`"
        }
        "autoscaling/v2beta2" => {
            "not served since 1.26: write autoscaling/v2, the rest stays as it is"
        }
        _ => "write autoscaling/v2",
    };
    let message = format!("no matches for kind \"{KIND}\" in version \"{}\"", envelope.version);
    envelope.object.get("apiVersion").refuse(Wrong::Own(NO_MATCH, &message), remedy);
    None
}

/// The autoscaler that is simulated: the one asked for, or the only one.
fn choose(
    found: Vec<(usize, Hpa, Vec<Omitted>)>,
    knobs: &Knobs,
    reader: &Reader<ApiServer>,
) -> Option<(usize, Hpa, Vec<Omitted>)> {
    let full = |hpa: &Hpa| match hpa.namespace.as_str() {
        "" => hpa.name.clone(),
        namespace => format!("{namespace}/{}", hpa.name),
    };
    let names: Vec<String> = found.iter().map(|(_, hpa, _)| full(hpa)).collect();
    let wanted = knobs.autoscaler.as_deref();
    let is_meant = |hpa: &Hpa| wanted.is_none_or(|name| full(hpa) == name || hpa.name == name);
    let mut meant: Vec<_> = found.into_iter().filter(|(_, hpa, _)| is_meant(hpa)).collect();
    if meant.len() == 1 {
        return meant.pop();
    }
    let remedy = match names.is_empty() {
        true => "add a HorizontalPodAutoscaler".to_owned(),
        false => format!("set the knob `autoscaler` to one of: {}", names.join(", ")),
    };
    let fault = match (wanted, meant.len()) {
        (Some(wanted), 0) if !names.is_empty() => {
            DocumentFault::ours(format!("no autoscaler is called {wanted}"), remedy)
        }
        (_, 0) => DocumentFault::incomplete("there is no HorizontalPodAutoscaler", remedy),
        (_, count) => {
            let lack = format!("{count} autoscalers could be meant, and one is simulated");
            DocumentFault::incomplete(lack, remedy)
        }
    };
    reader.add("", fault);
    None
}

fn scales(hpa: &Hpa, workload: &Workload) -> bool {
    let same_space = hpa.namespace == workload.namespace
        || hpa.namespace.is_empty()
        || workload.namespace.is_empty();
    hpa.target_kind == workload.kind.name() && hpa.target_name == workload.name && same_space
}

/// Says of each metric what a simulation makes of it; one that the controller cannot compute always fails.
fn judge_metrics(model: &mut Model, knobs: &Knobs, reader: &Reader<ApiServer>) {
    let mut metrics = std::mem::take(&mut model.hpa.metrics);
    for (at, metric) in metrics.iter_mut().enumerate() {
        let path = format!("spec.metrics.{at}");
        let (name, kind) = (metric.name.clone(), metric.kind);
        let warn = |message: String, remedy: &str| {
            reader.add(&path, DocumentFault::warning(message, remedy));
        };
        let of_pods = metric.is_resource(&name);
        if !of_pods {
            if metric.stands_for.is_none() {
                let message = format!(
                    "nothing in a simulation is called `{name}`: in a run the metric has no data"
                );
                let remedy = format!(
                    "set knobs.metrics.{name} to a metric such as \"requests_per_s\"; `decide` reads a column `{name}`"
                );
                warn(message, &remedy);
            }
            continue;
        }
        let container = metric.container.as_deref();
        let requests = model.workload.as_ref().map(|workload| {
            workload.amounts(container, |one| one.requests).or(knobs.requests).of(&name)
        });
        let pod = sensor::Pod::of(metric, model, knobs);
        match (metric.target, requests) {
            (MetricTarget::Utilization(_), Some(None)) => {
                let message = format!(
                    "missing request for {name}: the metric fails ({}) and the count stays",
                    kind.failure()
                );
                let remedy = format!(
                    "every container needs resources.requests.{name}; knobs.requests.{name} if a LimitRange sets it"
                );
                warn(message, &remedy);
                metric.target = MetricTarget::Useless;
            }
            (MetricTarget::Utilization(_), None) if pod.is_guessed => {
                let message = format!(
                    "percent of the {name} request, which nothing beside it tells: taken for what a replica is given"
                );
                let remedy = format!(
                    "give its Deployment, or --set knobs.requests.{name}=... and knobs.limits.{name}=..."
                );
                warn(message, &remedy);
            }
            (MetricTarget::Average(_), _) if pod.is_guessed => {
                let message = format!(
                    "an amount of {name} per pod, and nothing tells how much a replica is given: taken for {}",
                    if name == "cpu" { "1 core" } else { "1Gi" }
                );
                warn(message, &format!("give its Deployment, or --set knobs.limits.{name}=..."));
            }
            _ => {}
        }
    }
    model.hpa.metrics = metrics;
}

/// An object without what only the platform writes.
fn written(document: &Value) -> Value {
    let Value::Object(members) = document else { return document.clone() };
    let mut members: Map<String, Value> = members.clone();
    members.shift_remove("status");
    if let Some(Value::Object(metadata)) = members.get_mut("metadata") {
        metadata.retain(|key, _| !OUTPUT_ONLY.contains(&key.as_str()));
    }
    Value::Object(members)
}

/// As much of a way as there is.
fn longest_way<'p>(document: &Value, path: &'p str) -> &'p str {
    let (mut value, mut end) = (document, 0);
    for part in path.split('.') {
        let next = match value {
            Value::Array(items) => part.parse().ok().and_then(|at: usize| items.get(at)),
            other => other.get(part),
        };
        let Some(next) = next else { break };
        value = next;
        end += part.len() + usize::from(end > 0);
    }
    &path[..end.min(path.len())]
}
