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
pub(super) mod check;
pub mod controller;
pub mod history;
mod knobs;
pub mod metrics_server;
mod native;
pub mod pods;
pub mod policy;
pub mod rates;
pub(super) mod read;
pub(super) mod sensor;
pub(super) mod tell;
#[cfg(test)]
mod tests;
pub mod words;

pub use knobs::Knobs;
pub use native::{BehaviorSpec, Hpa, MetricSpec, MetricTarget, Model};

use super::kubernetes::fields::{self, ApiServer};
use super::kubernetes::objects;
use super::kubernetes::product::{self, of_kind};
use super::kubernetes::workload::WorkloadKind;
use super::{
    DocumentFault, DocumentFaults, FixedRule, Form, Happening, LeavesFirst, Likeness, Omitted,
    Platform, Product, Provenance, Reader, Readiness, Words, form,
};
use crate::builtin::PolicyContext;
use autosim_engine::control::Autoscaler;
use autosim_engine::units::Span;
use check::KIND;
use serde_json::Value;
use words::SelectPolicy;

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

impl Product for KubernetesHpa {
    const KIND: &'static str = "kubernetes-hpa";
    const PRODUCT: &'static str = "Kubernetes HorizontalPodAutoscaler (autoscaling/v2, 1.37)";
    const PROVENANCE: Provenance = Provenance::Source;
    const YAML: bool = true;
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
        let of = |what, weight| Some(of_kind(what, &["kind"], weight));
        match objects::kind_of(document) {
            Some(KIND) => of("a HorizontalPodAutoscaler", 100),
            Some(kind) if WorkloadKind::named(kind).is_some() => of("a workload", 50),
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
        ApiServer { misplaced: check::MISPLACED, by_schema: false }
    }

    fn model(documents: &[Value], knobs: &Knobs, reader: &Reader<ApiServer>) -> Option<Model> {
        read::model(documents, knobs, reader)
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
    fn platform(model: &Model, knobs: &Knobs) -> Platform {
        let rules = policy::rules(model, knobs);
        let scale_in_after = match &rules.behavior {
            None => Some(rules.downscale_window),
            Some(behavior) => {
                let down = &behavior.down;
                (down.select != SelectPolicy::Disabled).then_some(down.window)
            }
        };
        let least = model.hpa.min.max(1);
        let written = model.workload.as_ref().and_then(|workload| workload.replicas);
        let grace_s = model.workload.as_ref().map_or(30, |workload| workload.grace_s);
        let workload = model.workload.as_ref();
        let seconds = |count: u32| Span::from_secs(count.into());
        let probed = workload.and_then(|one| one.readiness).filter(|_| knobs.readiness_probes);
        let liveness = workload.and_then(|one| one.liveness);
        Platform {
            readiness: probed.map(|probe| Readiness {
                first: seconds(probe.initial_delay_s),
                period: seconds(probe.period_s),
                in_a_row: probe.successes,
            }),
            killed_unless_up: liveness.map(|probe| Span::from_secs(probe.fails_after_s())),
            grace: Some(Span::from_secs(grace_s.max(0) as u64)),
            leaves_first: Some(LeavesFirst::Newest),
            rejects_at_zero: true,
            scale_in_after,
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
        product::unreadable(message)
    }

    fn refusal(faults: &[&DocumentFault]) -> Value {
        fields::status("HorizontalPodAutoscaler.autoscaling", faults)
    }

    fn tell(model: &Model, _: &Knobs, happening: &Happening<'_>) -> Option<Value> {
        Some(tell::status(model, happening))
    }
}
