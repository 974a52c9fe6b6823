//! The ConfigMaps of the cluster. The webhook names the first fault it finds: first what cannot be read, then what
//! may not be, in the order of `pkg/autoscaler/config`.

use super::check::{Admission, deny};
use super::go;
use super::native::Cluster;
use super::target::LEAST_TARGET;
use crate::products::kubernetes::fields::{Object, One};
use crate::products::reader::nearest;
use autosim_engine::units::Span;

/// The name of the map of the autoscaler.
pub(super) const AUTOSCALER: &str = "config-autoscaler";
/// The name of the map of deployments.
pub(super) const DEPLOYMENT: &str = "config-deployment";
/// Where both are.
pub(super) const NAMESPACE: &str = "knative-serving";
/// The shortest and the longest window in seconds.
pub(super) const WINDOW_S: (u64, u64) = (6, 3600);

/// Keys of the map of the autoscaler, in the order they are read.
const KEYS: &str = "pod-autoscaler-class enable-scale-to-zero allow-zero-initial-scale \
    max-scale-up-rate max-scale-down-rate container-concurrency-target-percentage \
    container-concurrency-target-default requests-per-second-target-default target-burst-capacity \
    panic-window-percentage activator-capacity panic-threshold-percentage initial-scale min-scale \
    max-scale max-scale-limit stable-window scale-down-delay scale-to-zero-grace-period \
    scale-to-zero-pod-retention-period";
/// Keys of the map of deployments that have nothing to do with counts.
const DEPLOYMENT_KEYS: &str = "progress-deadline queue-sidecar-image registries-skipping-tag-resolving \
    digest-resolution-timeout queue-sidecar-cpu-request queue-sidecar-cpu-limit \
    queue-sidecar-memory-request queue-sidecar-memory-limit queue-sidecar-ephemeral-storage-request \
    queue-sidecar-ephemeral-storage-limit queue-sidecar-token-audiences queue-sidecar-rootca \
    concurrency-state-endpoint default-affinity-type runtime-class-name pod-is-always-schedulable";

/// A fault: the key, what is said, and what would be right.
type Wrong = (&'static str, String, &'static str);

/// The texts of `data`; `None` where one of them is none, which is refused.
fn texts<'r>(object: &Object<'r>, known: &str) -> Option<Object<'r>> {
    let member = object.get("data");
    member.value?;
    let data = member.object()?;
    let before = member.reader.errors();
    for key in data.map.keys() {
        let value = data.get(key);
        value.hint("a text; put quotes around what looks like a number").text();
        // Examples are kept beside the values.
        if !key.starts_with('_') && !known.split_ascii_whitespace().any(|name| name == key) {
            let near = nearest(key, known, key.len() / 3);
            let remedy = near
                .map_or("it has no effect".to_owned(), |near| format!("did you mean `{near}`?"));
            data.get(key)
                .warn(format!("`{key}` is no key of this ConfigMap: it is ignored"), &remedy);
        }
    }
    (member.reader.errors() == before).then_some(data)
}

/// Reads `config-deployment` into `cluster`.
pub(super) fn read_deployment(object: &Object<'_>, cluster: &mut Cluster) {
    const KEY: &str = "progress-deadline";
    let Some(data) = texts(object, DEPLOYMENT_KEYS) else { return };
    let member = data.get(KEY);
    let Some(text) = member.value.and_then(|value| value.as_str()) else { return };
    let second = 1_000_000_000;
    match go::duration(text) {
        Some(nanos) if nanos > 0 && nanos % second == 0 => {
            cluster.progress_deadline = go::span(nanos).unwrap_or_default();
        }
        Some(nanos) if nanos > 0 => {
            invalid(&member, "ProgressDeadline must be rounded to a whole second", "such as 600s");
        }
        Some(_) => invalid(&member, "ProgressDeadline must be a positive duration", "such as 600s"),
        None => {
            let message = format!("failed to parse \"{KEY}\": invalid duration {text:?}");
            invalid(&member, &message, "such as 600s");
        }
    }
}

fn invalid(member: &One<'_>, message: &str, help: &str) {
    deny(member, Admission::Invalid, message, help);
}

/// Reads `config-autoscaler` into `cluster`, which stays as it is if something is wrong.
pub(super) fn read_autoscaler(object: &Object<'_>, cluster: &mut Cluster) {
    let Some(data) = texts(object, KEYS) else { return };
    let mut read = cluster.clone();
    let mut values = Values { data: &data, wrong: None };
    values.read(&mut read);
    match values.wrong.or_else(|| judge(&read)) {
        None => *cluster = read,
        Some((key, message, help)) => invalid(&data.get(key), &message, help),
    }
}

/// Values as Go parses them; the first that it cannot is kept.
struct Values<'o, 'r> {
    data: &'o Object<'r>,
    wrong: Option<Wrong>,
}

impl Values<'_, '_> {
    fn set<T>(
        &mut self,
        key: &'static str,
        into: &mut T,
        what: &'static str,
        read: impl Fn(&str) -> Option<T>,
    ) {
        let Some(text) = self.data.get(key).value.and_then(|value| value.as_str()) else { return };
        match read(text) {
            Some(value) => *into = value,
            None if self.wrong.is_none() => {
                self.wrong =
                    Some((key, format!("failed to parse {key:?}: {text:?} is not {what}"), what));
            }
            None => {}
        }
    }

    fn flag(&mut self, key: &'static str, into: &mut bool) {
        self.set(key, into, "true or false", go::flag);
    }

    fn number(&mut self, key: &'static str, into: &mut f64) {
        // What is not a number, or without end, would decide nothing.
        let read = |text: &str| text.parse::<f64>().ok().filter(|number| number.is_finite());
        self.set(key, into, "a number", read);
    }

    /// Below zero it is refused later, in its order.
    fn count(&mut self, key: &'static str, into: &mut u32, below: &mut Vec<&'static str>) {
        let mut number = i64::from(*into);
        self.set(key, &mut number, "a whole number", |text| {
            text.parse::<i32>().ok().map(i64::from)
        });
        match u32::try_from(number) {
            Ok(count) => *into = count,
            Err(_) => below.push(key),
        }
    }

    fn span(&mut self, key: &'static str, into: &mut Span, below: &mut Vec<&'static str>) {
        let mut nanos = i64::try_from(into.0).unwrap_or(i64::MAX);
        self.set(key, &mut nanos, "a duration such as 60s", go::duration);
        match go::span(nanos) {
            Some(span) => *into = span,
            None => below.push(key),
        }
    }

    /// In the order of `NewConfigFromMap`.
    fn read(&mut self, to: &mut Cluster) {
        self.set("pod-autoscaler-class", &mut to.class, "a class", |text| Some(text.to_owned()));
        self.flag("enable-scale-to-zero", &mut to.scale_to_zero);
        self.flag("allow-zero-initial-scale", &mut to.allow_zero_initial_scale);
        self.number("max-scale-up-rate", &mut to.max_scale_up_rate);
        self.number("max-scale-down-rate", &mut to.max_scale_down_rate);
        let mut percent = to.concurrency_fraction;
        self.number("container-concurrency-target-percentage", &mut percent);
        // Up to one it is a share.
        to.concurrency_fraction = if percent > 1.0 { percent / 100.0 } else { percent };
        self.number("container-concurrency-target-default", &mut to.concurrency_default);
        self.number("requests-per-second-target-default", &mut to.rps_default);
        self.number("target-burst-capacity", &mut to.burst_capacity);
        self.number("panic-window-percentage", &mut to.panic_window_percent);
        self.number("activator-capacity", &mut to.activator_capacity);
        self.number("panic-threshold-percentage", &mut to.panic_threshold_percent);
        let mut below = Vec::new();
        self.count("initial-scale", &mut to.initial, &mut below);
        self.count("min-scale", &mut to.min, &mut below);
        self.count("max-scale", &mut to.max, &mut below);
        self.count("max-scale-limit", &mut to.max_limit, &mut below);
        self.span("stable-window", &mut to.stable_window, &mut below);
        self.span("scale-down-delay", &mut to.scale_down_delay, &mut below);
        self.span("scale-to-zero-grace-period", &mut to.grace, &mut below);
        self.span("scale-to-zero-pod-retention-period", &mut to.retention, &mut below);
        if let (None, Some(key)) = (&self.wrong, below.first()) {
            self.wrong = Some((key, format!("{key} cannot be negative"), "at least 0"));
        }
    }
}

/// `validate`, in its order.
fn judge(read: &Cluster) -> Option<Wrong> {
    let whole = |span: Span| span.0.is_multiple_of(1_000_000_000);
    let window_s = (Span::from_secs(WINDOW_S.0), Span::from_secs(WINDOW_S.1));
    let least = read.concurrency_fraction * read.concurrency_default;
    let bounds_of_max = u32::from(read.max_limit > 0)..=match read.max_limit {
        0 => u32::MAX,
        limit => limit,
    };
    let rules: [(bool, &'static str, &'static str); 16] = [
        (!read.grace.is_zero(), "scale-to-zero-grace-period", "must be positive"),
        (
            whole(read.scale_down_delay),
            "scale-down-delay",
            "must be specified with at most second precision",
        ),
        (
            read.burst_capacity >= 0.0 || read.burst_capacity == -1.0,
            "target-burst-capacity",
            "must be either non-negative or -1 (for unlimited)",
        ),
        (
            read.concurrency_fraction > 0.0 && read.concurrency_fraction <= 1.0,
            "container-concurrency-target-percentage",
            "is outside of valid range of (0, 100]",
        ),
        (
            least >= LEAST_TARGET,
            "container-concurrency-target-default",
            "and container-concurrency-target-percentage yield a target concurrency below 0.01",
        ),
        (
            read.rps_default >= LEAST_TARGET,
            "requests-per-second-target-default",
            "must be at least 0.01",
        ),
        (read.activator_capacity >= 1.0, "activator-capacity", "must be at least 1"),
        (read.max_scale_up_rate > 1.0, "max-scale-up-rate", "must be greater than 1.0"),
        (read.max_scale_down_rate > 1.0, "max-scale-down-rate", "must be greater than 1.0"),
        (
            (window_s.0..=window_s.1).contains(&read.stable_window),
            "stable-window",
            "must be in [6s; 1h0m0s] range",
        ),
        (
            whole(read.stable_window),
            "stable-window",
            "must be specified with at most second precision",
        ),
        (
            (1.0..=100.0).contains(&read.panic_window_percent),
            "panic-window-percentage",
            "must be in [1, 100] interval",
        ),
        (
            read.initial > 0 || read.allow_zero_initial_scale,
            "initial-scale",
            "must be at least 0 (or at least 1 when allow-zero-initial-scale is false)",
        ),
        (bounds_of_max.contains(&read.max), "max-scale", "must be in [1, max-scale-limit] range"),
        (read.max == 0 || read.min <= read.max, "min-scale", "must not be above max-scale"),
        (read.scale_down_delay <= window_s.1, "scale-down-delay", "must be at most 1h0m0s"),
    ];
    let broken = rules.into_iter().find(|(holds, ..)| !holds)?;
    Some((broken.1, format!("{} {}", broken.1, broken.2), broken.2))
}
