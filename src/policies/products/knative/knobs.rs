//! What the documents do not say.

use crate::products::knobs::knobs;

knobs! {
/// Choices about the cluster around a Knative Service.
///
/// ```toml
/// [policies.kn.knative]
/// document = "policies/knative.yaml"
/// knobs.service = "shop"
/// ```
pub struct Knobs {
    /// Which Service of several documents: `name` or `namespace/name`. Default: the only one.
    #[serde(skip_serializing_if = "Option::is_none")]
    service: Option<String> = None;
    /// Whether a route leads to the revision. Default true; false: minimum, scale-down delay and retention do not
    /// apply, and nothing limits how fast it shrinks.
    reachable: bool = true, "the newest revision of a Service takes its requests";
} check(self, _faults) {}
}
