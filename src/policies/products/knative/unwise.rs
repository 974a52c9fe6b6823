//! What Knative takes and does as told, and what is hardly meant: warnings at the annotation that says it.

use super::annotations::find;
use super::decider::TICK;
use super::native::{Annotations, Cluster, Model, Settings};
use super::target::ScaleBy;
use crate::products::kubernetes::fields::{Object, One};

/// Looks a revision over that was found good; `annotations` are those of its template.
pub(super) fn look_over(
    annotations: &One<'_>,
    own: &Annotations,
    container_concurrency: u32,
    cluster: &Cluster,
) {
    let model = Model::of_revision(own.clone(), container_concurrency, cluster.clone());
    let said = Said {
        all: annotations,
        object: annotations.value.and_then(|_| annotations.object()),
        settings: model.settings(true),
    };
    target(&said, own, container_concurrency);
    panic_window(&said);
    delay(&said);
    initial(&said);
    last_pod(&said, cluster);
}

struct Said<'a, 'r> {
    all: &'a One<'r>,
    object: Option<Object<'r>>,
    settings: Settings,
}

impl Said<'_, '_> {
    /// Says it at the first of these annotations that is there, or at all of them.
    fn warn(&self, names: &[&'static str], message: String, remedy: &str) {
        let object = self.object.as_ref();
        let found = object.and_then(|object| names.iter().find_map(|name| find(object, name)));
        found.as_ref().unwrap_or(self.all).warn(message, remedy);
    }
}

/// More than a pod takes at once is never in a pod.
fn target(said: &Said<'_, '_>, own: &Annotations, limit: u32) {
    let spec = &said.settings.spec;
    let by_concurrency = said.settings.metric == ScaleBy::Concurrency && limit > 0;
    if let Some(target) = own.target.filter(|&target| by_concurrency && target > limit.into()) {
        let message = format!(
            "a target of {target} with containerConcurrency {limit}: {} requests a pod are aimed at",
            spec.target
        );
        said.warn(&["target"], message, "at most containerConcurrency, or leave it out");
    }
}

/// A tick that looks at less than the time since the last one.
fn panic_window(said: &Said<'_, '_>) {
    let window = said.settings.panic_window;
    if window < TICK {
        let message = format!(
            "the panic window is {window}, and a tick comes every {TICK}: it does not see every second one"
        );
        let remedy = "a longer window, or more of it: panic-window-percentage";
        said.warn(&["panic-window-percentage", "window"], message, remedy);
    }
}

/// The largest of the counts of one tick is that count.
fn delay(said: &Said<'_, '_>) {
    let delay = said.settings.spec.scale_down_delay;
    if !delay.is_zero() && delay <= TICK {
        let message =
            format!("a scale-down-delay of {delay} is that of one tick: it delays nothing");
        said.warn(&["scale-down-delay"], message, "longer than 2s, or leave it out");
    }
}

/// The initial scale goes before the maximum.
fn initial(said: &Said<'_, '_>) {
    let rules = &said.settings.rules;
    if rules.max > 0 && rules.initial > rules.max {
        let message = format!(
            "it begins with {} pods (initial-scale), more than max-scale={}, until they were ready once",
            rules.initial, rules.max
        );
        said.warn(&["initial-scale", "max-scale"], message, "at most max-scale");
    }
}

/// How long the last pod stays.
fn last_pod(said: &Said<'_, '_>, cluster: &Cluster) {
    let (spec, rules) = (&said.settings.spec, &said.settings.rules);
    let retention = rules.retention;
    if retention.is_zero() {
        return;
    }
    let names = ["scale-to-zero-pod-retention-period"];
    if rules.min > 0 || !rules.scale_to_zero {
        let why = if rules.min > 0 { "min-scale" } else { "enable-scale-to-zero" };
        let message =
            format!("a retention of {retention} without effect: the last pod stays ({why})");
        said.warn(&names, message, "leave it out");
    } else if spec.burst_capacity == 0.0 && retention <= cluster.grace {
        let message = format!(
            "a retention of {retention} without effect: with target-burst-capacity 0 the activator comes into the path \
             with inactivity, and has to be there for {} (scale-to-zero-grace-period)",
            cluster.grace
        );
        said.warn(&names, message, "longer than the grace, or leave it out");
    }
}
