//! From objects to the autoscaler that is simulated and the workload it scales.

use super::check::{self, KIND, Version};
use super::native::{Hpa, MetricTarget, Model};
use super::{Knobs, sensor};
use crate::products::kubernetes::fields::{ApiServer, NO_MATCH, One};
use crate::products::kubernetes::objects::{self, Envelope, Sought};
use crate::products::kubernetes::product;
use crate::products::kubernetes::vpa::{self, GoesBy};
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
    let is_scaled =
        |one: &Workload| one.is_called(&hpa.namespace, &hpa.target_kind, &hpa.target_name);
    let workload = workloads.into_iter().find(is_scaled);
    let written = documents.iter().map(objects::written).collect();
    let mut model = Model { hpa, workload, written, omitted };
    reader.turn_to(at);
    judge_metrics(&mut model, documents, knobs, reader);
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
    product::not_read(&envelope);
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

/// Says of each metric what a simulation makes of it; one that the controller cannot compute always fails.
fn judge_metrics(
    model: &mut Model,
    documents: &[Value],
    knobs: &Knobs,
    reader: &Reader<ApiServer>,
) {
    for at in 0..model.hpa.metrics.len() {
        let path = format!("spec.metrics.{at}");
        let metric = &model.hpa.metrics[at];
        let name = &metric.name;
        if metric.is_resource(name) {
            judge_resource(model, at, (&path, "knobs"), documents, (knobs, reader));
        } else if metric.stands_for.is_none() {
            let message = format!(
                "nothing in a simulation is called `{name}`: in a run the metric has no data"
            );
            let remedy = format!(
                "set knobs.metrics.{name} to a metric such as \"requests_per_s\"; `decide` reads a column `{name}`"
            );
            reader.add(&path, DocumentFault::warning(message, remedy));
        }
    }
}

/// The same of a resource of pods, which a document tells at `path`; the knobs are a table called `table`.
pub(in crate::products) fn judge_resource(
    model: &mut Model,
    at: usize,
    (path, table): (&str, &str),
    documents: &[Value],
    (knobs, reader): (&Knobs, &Reader<ApiServer>),
) {
    let (hpa, metric) = (&model.hpa, &model.hpa.metrics[at]);
    let goes_by = GoesBy {
        workload: [&hpa.namespace, &hpa.target_kind, &hpa.target_name],
        resource: &metric.name,
        of_request: matches!(metric.target, MetricTarget::Utilization(_)),
    };
    vpa::warn(documents, goes_by, path, reader);
    let (name, container) = (metric.name.as_str(), metric.container.as_deref());
    let requests = model.workload.as_ref().map(|workload| {
        workload.amounts(container, |one| one.requests).or(knobs.requests).of(name)
    });
    let is_guessed = sensor::Pod::of(metric, model, knobs).is_guessed;
    let (message, remedy, useless) = match (metric.target, requests) {
        (MetricTarget::Utilization(_), Some(None)) => {
            let reason = metric.kind.failure();
            let message = format!(
                "missing request for {name}: the metric fails ({reason}) and the count stays"
            );
            let remedy = format!(
                "every container needs resources.requests.{name}; {table}.requests.{name} if a LimitRange sets it"
            );
            (message, remedy, true)
        }
        (MetricTarget::Utilization(_), None) if is_guessed => {
            let message = format!(
                "percent of the {name} request, which nothing beside it tells: taken for what a replica is given"
            );
            let remedy = format!(
                "give its Deployment, or --set {table}.requests.{name}=... and {table}.limits.{name}=..."
            );
            (message, remedy, false)
        }
        (MetricTarget::Average(_), _) if is_guessed => {
            let message = format!(
                "an amount of {name} per pod, and nothing tells how much a replica is given: taken for {}",
                if name == "cpu" { "1 core" } else { "1Gi" }
            );
            (message, format!("give its Deployment, or --set {table}.limits.{name}=..."), false)
        }
        (
            MetricTarget::Utilization(_)
            | MetricTarget::Average(_)
            | MetricTarget::Value(_)
            | MetricTarget::Useless,
            _,
        ) => return,
    };
    reader.add(path, DocumentFault::warning(message, remedy));
    if useless {
        model.hpa.metrics[at].target = MetricTarget::Useless;
    }
}
