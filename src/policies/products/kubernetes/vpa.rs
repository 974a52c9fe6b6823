//! A VerticalPodAutoscaler beside an autoscaler of counts: whether both answer one resource of the same pods.

use super::fields::ApiServer;
use crate::products::{DocumentFault, Reader};
use serde_json::Value;

/// What an autoscaler of counts goes by.
#[derive(Debug, Clone, Copy)]
pub struct GoesBy<'a> {
    /// Namespace, kind and name of the workload.
    pub workload: [&'a str; 3],
    /// `cpu` or `memory`.
    pub resource: &'a str,
    /// In percent of the request.
    pub of_request: bool,
}

/// Warns at `path` of every VerticalPodAutoscaler that changes what an autoscaler goes by.
pub fn warn(documents: &[Value], goes_by: GoesBy<'_>, path: &str, reader: &Reader<ApiServer>) {
    for vertical in documents.iter().filter(|one| changes(one, goes_by)) {
        let name = vertical["metadata"]["name"].as_str().unwrap_or_default();
        let resource = goes_by.resource;
        let message = match goes_by.of_request {
            true => format!(
                "the percent is of a {resource} request that the VerticalPodAutoscaler {name} moves"
            ),
            false => format!(
                "the VerticalPodAutoscaler {name} answers the same {resource} with larger pods"
            ),
        };
        let remedy = "leave the resource to one of them: controlledResources or updateMode \"Off\" there, or count by \
                      requests or a queue here; it is not simulated";
        reader.add(path, DocumentFault::warning(message, remedy));
    }
}

/// Whether an object is one that changes requests of that resource of that workload.
fn changes(object: &Value, goes_by: GoesBy<'_>) -> bool {
    let [namespace, kind, name] = goes_by.workload;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let (spec, own) = (&object["spec"], text(&object["metadata"]["namespace"]));
    let target = &spec["targetRef"];
    let same_space = own == namespace || own.is_empty() || namespace.is_empty();
    let is_it = object["kind"] == "VerticalPodAutoscaler"
        && text(&object["apiVersion"]).starts_with("autoscaling.k8s.io/")
        && target["kind"] == kind
        && target["name"] == name
        && same_space;
    let policies = spec["resourcePolicy"]["containerPolicies"].as_array();
    // Every container and both resources, unless a policy says otherwise.
    let controls = policies.is_none_or(|policies| {
        policies.iter().any(|policy| {
            let resources = policy["controlledResources"].as_array();
            policy["mode"] != "Off"
                && resources.is_none_or(|all| all.iter().any(|one| *one == goes_by.resource))
        })
    });
    is_it && spec["updatePolicy"]["updateMode"] != "Off" && controls
}
