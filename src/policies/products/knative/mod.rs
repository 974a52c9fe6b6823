//! # knative: the autoscaler of Knative Serving
//!
//! **Is**: the KPA of Knative Serving of August 2026: windows over what pods and activators report
//! ([`buckets`]), the autoscaler's tick ([`decider`]), the reconciler with its way to zero ([`reconciler`]), the
//! three from tick to tick ([`revision`]), and a policy that feeds them ([`policy`]).
//!
//! **Knows**: Services of `serving.knative.dev/v1` with the ConfigMaps of the cluster beside them, and what the
//! webhooks say to wrong ones.
//!
//! **Must not know**: nodes, the scheduler, routes, the mesh.
//!
//! **Sources**: `pkg/autoscaler/{scaling,metrics,aggregation,config}`, `pkg/reconciler/autoscaling/kpa` and
//! `pkg/apis/autoscaling` of knative/serving; the numbers of its own tests.
//!
//! **Start at** [`decider::Decider::tick`], then [`reconciler::Rules::scale`].

mod annotations;
pub mod buckets;
mod check;
mod cluster;
pub mod decider;
mod defaults;
mod go;
mod knobs;
mod native;
pub mod policy;
pub mod reconciler;
pub mod revision;
mod sensor;
pub mod target;
mod tell;
#[cfg(test)]
mod tests;
mod unwise;

pub use knobs::Knobs;
pub use native::{Annotations, Cluster, Model, Settings};

use super::kubernetes::fields::{self, ApiServer, NO_MATCH, One};
use super::kubernetes::objects::{self, Envelope, Sought};
use super::kubernetes::product::{self, of_kind};
use super::{
    DocumentFault, DocumentFaults, FixedRule, Form, Happening, LeavesFirst, Likeness, Omitted,
    Platform, Product, Provenance, Reader, RequestPath, Words, Wrong,
};
use crate::builtin::PolicyContext;
use autosim_engine::control::Autoscaler;
use autosim_engine::units::Span;
use check::{Admission, GROUP, Service, VERSION};
use serde_json::{Value, json};

/// The class of Knative's own autoscaler.
pub const KPA: &str = "kpa.autoscaling.knative.dev";
/// The class that is handed over to Kubernetes' autoscaler.
pub const HPA: &str = "hpa.autoscaling.knative.dev";

/// Knative Serving's own autoscaler.
#[derive(Debug, Clone, Copy)]
pub struct Knative;

/// Kinds that have a template of revisions.
const TEMPLATED: [&str; 2] = ["Service", "Configuration"];
/// The kind of the cluster's settings.
const CONFIG_MAP: &str = "ConfigMap";

/// The forms documents come in.
const FORMS: &[Form] = &[Form {
    inside: "spec",
    beside: "apiVersion kind metadata status",
    ..Form::request("a Service of serving.knative.dev", "template traffic")
}];

/// Of several Services one is simulated.
const SOUGHT: Sought = Sought { what: "Service", kind: "Service", knob: "service" };

impl Product for Knative {
    const KIND: &'static str = "knative";
    const YAML: bool = true;
    const PRODUCT: &'static str =
        "Knative Serving, its own autoscaler (serving.knative.dev/v1, August 2026)";
    const PROVENANCE: Provenance = Provenance::Source;
    const TRAFFIC: &'static [&'static str] = &["concurrency", "rps"];
    const FIXED: &'static [FixedRule] = &[
        (
            "nodes",
            "always enough",
            "the scheduler and the cluster's own autoscaler are not modelled",
        ),
        (
            "reconcile",
            "right after every tick",
            "when events come in between depends on the cluster",
        ),
        (
            "sampling",
            "drawn by the numbers of pods and the second",
            "of more than three pods Knative asks some, at random",
        ),
    ];

    type Knobs = Knobs;
    type Dialect = ApiServer;
    type Model = Model;

    const FORMS: &'static [Form] = FORMS;

    fn likeness(document: &Value) -> Option<Likeness> {
        let of = |what, weight| Some(of_kind(what, &["apiVersion", "kind"], weight));
        match objects::kind_of(document)? {
            CONFIG_MAP if is_of_cluster(document) => of("a ConfigMap of Knative", 50),
            kind if TEMPLATED.contains(&kind) && is_serving(document) => {
                of("a Service of Knative", 100)
            }
            _ => None,
        }
    }

    /// The ConfigMaps of the cluster belong to a Service before or after them.
    fn joins(before: &[Value], document: &Value) -> bool {
        match is_serving(document) {
            true => !before.iter().any(is_serving),
            false => {
                before.iter().all(|one| one["metadata"]["name"] != document["metadata"]["name"])
            }
        }
    }

    fn dialect(_: &Knobs, _: bool) -> ApiServer {
        ApiServer { misplaced: &[], by_schema: false }
    }

    /// The ConfigMaps first, wherever they stand: they say what a Service may be.
    fn model(documents: &[Value], knobs: &Knobs, reader: &Reader<ApiServer>) -> Option<Model> {
        let before = reader.errors();
        let mut cluster = Cluster::default();
        let (maps, others): (Vec<usize>, Vec<usize>) = (0..documents.len())
            .partition(|&at| objects::kind_of(&documents[at]) == Some(CONFIG_MAP));
        for at in maps {
            config_map(&reader.document(at, &documents[at]), &mut cluster);
        }
        let mut services = Vec::new();
        for at in others {
            let service = service(&reader.document(at, &documents[at]), &cluster);
            services.extend(service.map(|service| (at, service, reader.take_omitted())));
        }
        reader.turn_to(0);
        if reader.errors() > before {
            return None;
        }
        let name = |(_, service, _): &(usize, Service, Vec<Omitted>)| service.name.clone();
        let wanted = knobs.service.as_deref();
        let (at, service, omitted) = objects::the_one(services, name, wanted, &SOUGHT, reader)?;
        let mut model = Model {
            name: service.name,
            annotations: service.annotations,
            container_concurrency: service.container_concurrency,
            timeout: service.timeout,
            cluster,
            typed: documents.iter().map(objects::written).collect(),
            omitted,
        };
        model.omitted.extend(defaults::of(&model, at));
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

    fn export(model: &Model) -> Vec<Value> {
        model.typed.clone()
    }

    fn defaults(model: &Model) -> Vec<Omitted> {
        model.omitted.clone()
    }

    /// A revision begins with its initial scale; a pod that goes has the time of a request.
    fn platform(model: &Model, knobs: &Knobs) -> Platform {
        let rules = model.settings(knobs.reachable).rules;
        let most = if rules.max > 0 { rules.max } else { u32::MAX };
        let limit = model.container_concurrency;
        Platform {
            concurrency: (limit > 0).then_some(limit),
            grace: Some(model.timeout),
            leaves_first: Some(LeavesFirst::Newest),
            path: Some(path(limit, knobs)),
            sleeps: rules.scale_to_zero && rules.least(true) == 0,
            ..Platform::between(rules.initial.max(rules.min), most.max(rules.initial))
        }
    }

    fn autoscaler(model: &Model, knobs: &Knobs, context: &PolicyContext) -> Autoscaler {
        policy::autoscaler(model.settings(knobs.reachable), context)
    }

    /// Every second is looked at, the first one too.
    fn first_evaluation(_: &Model, _: &Knobs) -> Option<Span> {
        Some(sensor::BUCKET)
    }

    fn unreadable(message: &str) -> DocumentFault {
        product::unreadable(message)
    }

    /// What the API server says itself, or what it passes on from the webhook.
    fn refusal(faults: &[&DocumentFault]) -> Value {
        let before: Vec<&DocumentFault> = faults
            .iter()
            .filter(|fault| Admission::named(&fault.code).is_none())
            .copied()
            .collect();
        if !before.is_empty() {
            return fields::status("Service.serving.knative.dev", &before);
        }
        let said: Vec<String> =
            faults.iter().map(|fault| format!("{}: {}", fault.message, fault.field)).collect();
        let webhook = match faults.iter().all(|fault| fault.code == Admission::Invalid.name()) {
            true => "config.webhook.serving.knative.dev",
            false => "validation.webhook.serving.knative.dev",
        };
        let message = format!(
            "admission webhook \"{webhook}\" denied the request: validation failed: {}",
            said.join("\n")
        );
        json!({
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": message,
            "reason": "BadRequest",
            "code": 400,
        })
    }

    fn tell(model: &Model, _: &Knobs, happening: &Happening<'_>) -> Option<Value> {
        tell::status(model, happening)
    }
}

/// With more requests than this at once in a pod the activator goes round its pods; else it fills them one by one.
const FILLED_ONE_BY_ONE: u32 = 3;
/// So many requests wait in a pod for each that it serves at once, in its queue-proxy.
const QUEUE_DEPTH: u32 = 10;

/// The activator and the pods' queue-proxies (`pkg/activator/net`, `pkg/queue`).
fn path(limit: u32, knobs: &Knobs) -> RequestPath {
    let limited = (limit > 0).then_some(limit);
    RequestPath {
        direct: knobs.ingress.spread(),
        at_once: limited,
        in_turn: limit > FILLED_ONE_BY_ONE,
        latency: knobs.activator_latency,
        most_present: limited.map(|limit| limit + QUEUE_DEPTH * limit),
    }
}

/// Whether it is a Service or a Configuration of Knative, of whatever version.
fn is_serving(document: &Value) -> bool {
    let version = document["apiVersion"].as_str().unwrap_or_default();
    let kind = objects::kind_of(document).unwrap_or_default();
    version.split('/').next() == Some(GROUP) && TEMPLATED.contains(&kind)
}

/// Whether it is one of the ConfigMaps of Knative's own namespace that bear on counts.
fn is_of_cluster(document: &Value) -> bool {
    let name = &document["metadata"]["name"];
    [cluster::AUTOSCALER, cluster::DEPLOYMENT].iter().any(|known| name == known)
}

/// Reads one of the cluster's ConfigMaps.
fn config_map(root: &One<'_>, cluster: &mut Cluster) {
    let Some(envelope) = objects::open(root).map(Envelope::with_metadata) else { return };
    if envelope.version != "v1" {
        return no_match(&envelope, "write v1");
    }
    if ![cluster::AUTOSCALER, cluster::DEPLOYMENT].contains(&envelope.name) {
        let message =
            format!("the ConfigMap {} does not bear on the count: not read", envelope.name);
        return envelope.object.get("kind").warn(message, "");
    }
    if !["", cluster::NAMESPACE].contains(&envelope.namespace) {
        let message = format!("Knative reads this map in {}: not read", cluster::NAMESPACE);
        return envelope.object.get("metadata").warn(message, "");
    }
    match envelope.name {
        cluster::AUTOSCALER => cluster::read_autoscaler(&envelope.object, cluster),
        _ => cluster::read_deployment(&envelope.object, cluster),
    }
}

fn no_match(envelope: &Envelope<'_>, remedy: &str) {
    let (kind, version) = (envelope.kind, envelope.version);
    let message = format!("no matches for kind \"{kind}\" in version \"{version}\"");
    envelope.object.get("apiVersion").refuse(Wrong::Own(NO_MATCH, &message), remedy);
}

/// Reads a Service.
fn service(root: &One<'_>, cluster: &Cluster) -> Option<Service> {
    let envelope = objects::open(root)?;
    let group = envelope.version.split('/').next();
    if group != Some(GROUP) || !TEMPLATED.contains(&envelope.kind) {
        product::not_read(&envelope);
        return None;
    }
    if envelope.version != VERSION {
        no_match(&envelope, &format!("write {VERSION}"));
        return None;
    }
    check::read(&envelope.with_metadata(), cluster)
}
