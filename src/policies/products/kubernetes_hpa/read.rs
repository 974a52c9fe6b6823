//! From objects to the autoscaler that is simulated and the workload it scales.

use super::check::{self, KIND, Version};
use super::native::{Hpa, MetricTarget, Model};
use super::{Knobs, sensor};
use crate::products::kubernetes::fields::{ApiServer, NO_MATCH, One};
use crate::products::kubernetes::objects::{self, Envelope, Sought};
use crate::products::kubernetes::workload::{self, Workload, WorkloadKind};
use crate::products::{DocumentFault, Omitted, Reader, Words, Wrong};
use serde_json::Value;

/// Of several autoscalers one is simulated.
const SOUGHT: Sought =
    Sought { what: "autoscaler", kind: "HorizontalPodAutoscaler", knob: "autoscaler" };

/// The model of objects that belong together.
pub(super) fn model(
    documents: &[Value],
    knobs: &Knobs,
    reader: &Reader<ApiServer>,
) -> Option<Model> {
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
    let name =
        |(_, hpa, _): &(usize, Hpa, Vec<Omitted>)| objects::full_name(&hpa.namespace, &hpa.name);
    let wanted = knobs.autoscaler.as_deref();
    let (at, hpa, omitted) = objects::the_one(autoscalers, name, wanted, &SOUGHT, reader)?;
    let workload = workloads.into_iter().find(|workload| scales(&hpa, workload));
    let written = documents.iter().map(objects::written).collect();
    let mut model = Model { hpa, workload, written, omitted };
    reader.turn_to(at);
    judge_metrics(&mut model, knobs, reader);
    Some(model)
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
