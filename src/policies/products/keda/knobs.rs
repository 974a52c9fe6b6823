//! What the documents do not say.

use crate::products::knobs::knobs;
use crate::products::kubernetes_hpa;
use autosim_engine::fault::Faults;
use autosim_engine::signal::{MetricRef, Missing};
use std::collections::BTreeMap;

knobs! {
/// Choices about the cluster around a ScaledObject.
///
/// ```toml
/// [policies.worker.keda]
/// document = "policies/keda.yaml"
/// knobs.metrics.backlog = "queued_requests"
/// ```
pub struct Knobs {
    /// Which ScaledObject of several, by its name or `NAMESPACE/NAME`. Default: the only one.
    #[serde(skip_serializing_if = "Option::is_none")]
    scaled_object: Option<String> = None;
    /// The metric of the simulation that a trigger looks at, by the trigger's name or that of its metric:
    /// `{ backlog = "queued_requests" }`. Queues, lists and lags stand for the requests of the service by themselves; a
    /// trigger of type prometheus or metrics-api for the metric that has its name.
    metrics: BTreeMap<String, MetricRef> = BTreeMap::new(),
        "a queue holds the requests of the service: what is being worked on too, unless the trigger says otherwise";
    /// The autoscaler that KEDA makes: flags of kube-controller-manager and the way of cpu and memory to it.
    #[serde(skip_serializing_if = "is_as_usual")]
    hpa: kubernetes_hpa::Knobs = kubernetes_hpa::Knobs::default();
} check(self, faults) {
    faults.within("hpa", |faults| {
        self.hpa.check(faults);
        self.refuse_what_is_elsewhere(faults);
    });
}
}

fn is_as_usual(hpa: &kubernetes_hpa::Knobs) -> bool {
    *hpa == kubernetes_hpa::Knobs::default()
}

impl Knobs {
    fn refuse_what_is_elsewhere(&self, faults: &mut Faults) {
        if self.hpa.autoscaler.is_some() {
            let message = "KEDA makes one autoscaler of each ScaledObject";
            faults.error("autoscaler", message, "`knobs.scaled_object` says which");
        }
        if self.hpa.metrics_missing != Missing::NoData {
            let message = "KEDA asks the sources of its triggers itself";
            let hint = "`ignoreNullValues` of a trigger of type prometheus says what nothing is";
            faults.error("metrics_missing", message, hint);
        }
        if !self.hpa.metrics.is_empty() {
            let message = "KEDA gives the autoscaler its metrics";
            faults.error("metrics", message, "`knobs.metrics` says what triggers stand for");
        }
    }
}
