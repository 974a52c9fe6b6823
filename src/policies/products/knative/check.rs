//! From a Service to a revision, or to what the webhook would say against it: every fault at once.

use super::annotations;
use super::native::{Annotations, Cluster, TIMEOUT_S};
use super::unwise;
use crate::products::kubernetes::fields::{Object, One, bracketed};
use crate::products::kubernetes::objects::{Envelope, full_name};
use crate::products::words::words;
use crate::products::{DocumentFault, Words};
use autosim_engine::units::Span;

/// The group of Services.
pub(super) const GROUP: &str = "serving.knative.dev";
/// The version that is served.
pub(super) const VERSION: &str = "serving.knative.dev/v1";
/// Before the name of every annotation.
pub(super) const PREFIX: &str = "autoscaling.knative.dev/";
/// `containerConcurrency` is at most this.
const MOST_CONCURRENT: i64 = 1000;
/// `timeoutSeconds` is at most this.
const LONGEST_S: i64 = 600;

words! {
    /// Kinds of errors of Knative's webhooks.
    pub(super) enum Admission {
        /// `apis.ErrInvalidValue`.
        InvalidValue = "InvalidValue",
        /// `apis.ErrOutOfBoundsValue`.
        OutOfBounds = "OutOfBounds",
        /// `apis.ErrGeneric`.
        Generic = "Generic",
        /// `apis.ErrInvalidKeyName`.
        InvalidKey = "InvalidKey",
        /// `apis.ErrMissingField`.
        Missing = "Missing",
        /// A ConfigMap that cannot be used.
        Invalid = "Invalid",
    }
}

/// A refusal by a webhook.
pub(super) fn deny(member: &One<'_>, kind: Admission, message: &str, help: &str) {
    let field = bracketed(&member.at.field);
    let fault = DocumentFault::error(kind.name(), Some(400), field, message, help);
    member.reader.add(&member.at.path, fault);
}

/// What a Service or a Configuration says.
pub(super) struct Service {
    /// `namespace/name`, without the namespace if there is none.
    pub(super) name: String,
    pub(super) annotations: Annotations,
    pub(super) container_concurrency: u32,
    pub(super) timeout: Span,
}

/// Reads a Service or a Configuration.
pub(super) fn read(envelope: &Envelope<'_>, cluster: &Cluster) -> Option<Service> {
    let object = &envelope.object;
    misplaced(object);
    let spec = object.get("spec").members_if_any("template traffic")?;
    let traffic = spec.get("traffic");
    let shares = traffic.value.and_then(|_| traffic.items()).map_or(0, |shares| shares.len());
    if shares > 1 {
        let message = "traffic is split: here the newest revision has all of it";
        traffic.warn(message, "give the workload this revision's share");
    }
    let template = spec.get("template").members_if_any("metadata spec")?;
    let (member, annotations) = template_annotations(&template, envelope.name, cluster)?;
    let pod = template.get("spec");
    // An absent one is as good as an empty one.
    let pod = match pod.value {
        Some(_) => pod.object(),
        None => pod.members_if_any(""),
    };
    let pod = pod?;
    containers(&pod);
    let limit = within(&pod, "containerConcurrency", MOST_CONCURRENT);
    let timeout = within(&pod, "timeoutSeconds", LONGEST_S);
    if let (Some(own), Some(limit)) = (&annotations, limit) {
        unwise::look_over(&member, own, limit.unwrap_or(0), cluster);
    }
    pod.get("containerConcurrency").note(0);
    pod.get("timeoutSeconds").note(TIMEOUT_S);
    Some(Service {
        name: full_name(envelope.namespace, envelope.name),
        annotations: annotations?,
        container_concurrency: limit?.unwrap_or(0),
        timeout: Span::from_secs(timeout?.map_or(TIMEOUT_S, u64::from)),
    })
}

/// Annotations of the autoscaler on the Service itself have no effect there.
fn misplaced(object: &Object<'_>) {
    let metadata = object.get("metadata");
    let Some(metadata) = metadata.value.and_then(|_| metadata.object()) else { return };
    let annotations = metadata.get("annotations");
    let Some(annotations) = annotations.value.and_then(|_| annotations.object()) else { return };
    for key in annotations.map.keys().filter(|key| key.starts_with(PREFIX)) {
        let message = format!(
            "invalid key name {key:?}: autoscaling annotations must be put under \
             \"spec.template.metadata.annotations\" to work"
        );
        let help = "move it to spec.template.metadata.annotations";
        deny(&annotations.get(key), Admission::InvalidKey, &message, help);
    }
}

/// Where they stand, and what they say if they are good.
fn template_annotations<'r>(
    template: &Object<'r>,
    service: &str,
    cluster: &Cluster,
) -> Option<(One<'r>, Option<Annotations>)> {
    let known = "name namespace labels annotations creationTimestamp";
    let metadata = template.get("metadata").members_if_any(known)?;
    let member = metadata.get("annotations");
    let read = annotations::read(&member, service, cluster);
    Some((member, read))
}

/// One container with an image at least.
fn containers(pod: &Object<'_>) {
    let list = pod.get("containers");
    let items = list.value.map_or(Some(Vec::new()), |_| list.items());
    let Some(items) = items else { return };
    if items.is_empty() {
        let help = "a list with a container and its image";
        deny(&list, Admission::Missing, "missing field(s)", help);
    }
    for item in items {
        let Some(container) = item.object() else { continue };
        let image = container.get("image");
        if image.value.is_none_or(|image| image == "") {
            deny(&image, Admission::Missing, "missing field(s)", "the image of the container");
        } else {
            image.text();
        }
    }
}

/// A whole number from 0 on; `Some(None)` where it is left out.
fn within(pod: &Object<'_>, name: &'static str, most: i64) -> Option<Option<u32>> {
    let member = pod.get(name).hint("a whole number, without quotes");
    let Some(number) = member.optional(|member| member.whole())? else { return Some(None) };
    if !(0..=most).contains(&number) {
        let message = format!("expected 0 <= {number} <= {most}");
        deny(&member, Admission::OutOfBounds, &message, &format!("from 0 to {most}"));
        return None;
    }
    Some(u32::try_from(number).ok())
}
