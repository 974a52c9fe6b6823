//! The built-in policies by the name a scenario gives them: one variant and one arm each.

use super::clairvoyant::Clairvoyant;
use super::combine::Combine;
use super::fixed::Fixed;
use super::keep_alive::KeepAlive;
use super::parts::Bounds;
use super::pid::Pid;
use super::scale_to_zero::ScaleToZero;
use super::scheduled::Scheduled;
use super::staffing::Staffing;
use super::target_tracking::TargetTracking;
use super::threshold::Threshold;
use super::timing;
use autosim_engine::control::Autoscaler;
use autosim_engine::fault::Faults;
use autosim_engine::units::{Span, Time, WallClock};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::sync::Arc;
use strum::{IntoStaticStr, VariantNames};

/// How deep policies may nest.
const MAX_DEPTH: u32 = 4;

/// A policy as a scenario names it: `[policies.NAME.KIND]`.
#[derive(
    Debug,
    Clone,
    PartialEq,
    Serialize,
    Deserialize,
    schemars::JsonSchema,
    IntoStaticStr,
    VariantNames,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
#[schemars(rename = "Policy")]
pub enum PolicySpec {
    /// A constant count.
    Fixed(Fixed),
    /// In proportion to a metric's distance from its target.
    TargetTracking(TargetTracking),
    /// By steps when a metric crosses a level.
    Threshold(Threshold),
    /// By a feedback loop on a metric.
    Pid(Pid),
    /// For the request rate, by a method of the literature.
    Staffing(Staffing),
    /// By the calendar, alone or over another policy.
    Scheduled(Scheduled),
    /// No replicas while nothing happens, around another policy.
    ScaleToZero(ScaleToZero),
    /// Scale per request.
    KeepAlive(KeepAlive),
    /// The largest or smallest recommendation of several.
    Combine(Combine),
    /// A plan made with knowledge of the traffic to come.
    Clairvoyant(Clairvoyant),
}

/// What a policy may know of its scenario when it is built.
#[derive(Debug, Clone)]
pub struct PolicyContext {
    /// Wall clock, for calendars.
    pub clock: WallClock,
    /// Slots of a replica.
    pub concurrency: u32,
    /// Replicas at the start.
    pub initial: u32,
    /// End of arrivals.
    pub end: Time,
    /// A plan computed beforehand from the same streams, for `clairvoyant`: how many replicas are
    /// wanted from which instants on, ascending, start-up times allowed for.
    pub plan: Option<Arc<[(Time, u32)]>>,
    /// In a dry run, what is played.
    pub recorded: Recorded,
    /// From 0.
    pub replication: u32,
    /// Decisions are kept: reasons will be read.
    pub explains: bool,
}

/// What a policy may know of the recording a dry run plays to it; nothing in a run.
#[derive(Debug, Clone, Default)]
pub struct Recorded {
    /// Every question is an evaluation: the rows say when, not the policy's clock.
    pub by_rows: bool,
    /// Columns of its own service. One that has a product's name for a metric holds exactly what its
    /// controller sees: nothing is added to it.
    pub columns: Vec<String>,
}

impl PolicySpec {
    /// Every kind's name.
    pub const KINDS: &[&str] = Self::VARIANTS;

    /// The name a scenario gives its kind.
    pub fn kind_name(&self) -> &'static str {
        self.into()
    }

    /// Reports parameters that make no sense, at paths that begin with the kind.
    pub fn check(&self, faults: &mut Faults) {
        self.check_nested(1, faults);
    }

    pub(super) fn check_nested(&self, depth: u32, faults: &mut Faults) {
        faults.within(self.kind_name(), |faults| {
            if depth > MAX_DEPTH {
                faults.error("", "policies are nested too deep", "at most four levels");
                return;
            }
            match self {
                Self::Fixed(spec) => spec.check(faults),
                Self::TargetTracking(spec) => spec.check(faults),
                Self::Threshold(spec) => spec.check(faults),
                Self::Pid(spec) => spec.check(faults),
                Self::Staffing(spec) => spec.check(faults),
                Self::Scheduled(spec) => spec.check(depth, faults),
                Self::ScaleToZero(spec) => spec.check(depth, faults),
                Self::KeepAlive(spec) => {
                    if depth > 1 {
                        let hint = "it changes the fleet at arrivals, not at controls";
                        faults.error("", "keep-alive cannot be part of another policy", hint);
                    }
                    spec.check(faults);
                }
                Self::Combine(spec) => spec.check(depth, faults),
                Self::Clairvoyant(spec) => spec.check(faults),
            }
        });
    }

    /// The policy, fresh; call only after [`PolicySpec::check`] found nothing.
    pub fn autoscaler(&self, context: &PolicyContext) -> Autoscaler {
        match self {
            Self::Fixed(spec) => spec.autoscaler(context),
            Self::TargetTracking(spec) => spec.autoscaler(context),
            Self::Threshold(spec) => spec.autoscaler(context),
            Self::Pid(spec) => spec.autoscaler(context),
            Self::Staffing(spec) => spec.autoscaler(context),
            Self::Scheduled(spec) => spec.autoscaler(context),
            Self::ScaleToZero(spec) => spec.autoscaler(context),
            Self::KeepAlive(spec) => spec.autoscaler(context),
            Self::Combine(spec) => spec.autoscaler(context),
            Self::Clairvoyant(spec) => spec.autoscaler(context),
        }
    }

    /// Time between its controls.
    pub(super) fn interval(&self) -> Span {
        match self {
            Self::TargetTracking(spec) => spec.interval,
            Self::Threshold(spec) => spec.interval,
            Self::Pid(spec) => spec.interval,
            Self::Staffing(spec) => spec.interval,
            Self::Scheduled(spec) => {
                spec.policy.as_ref().map_or(timing::minute(), |p| p.interval())
            }
            Self::ScaleToZero(spec) => spec.policy.interval(),
            Self::Combine(spec) => spec.step(),
            Self::Fixed(_) | Self::KeepAlive(_) | Self::Clairvoyant(_) => timing::minute(),
        }
    }

    /// Other services whose metrics it reads, in order, without repeats.
    pub fn services(&self) -> Vec<String> {
        let mut names = Vec::new();
        self.collect_services(&mut names);
        names.sort_unstable();
        names.dedup();
        names
    }

    fn collect_services(&self, names: &mut Vec<String>) {
        match self {
            Self::TargetTracking(spec) => names.extend(spec.metric.service.clone()),
            Self::Threshold(spec) => names.extend(spec.metric.service.clone()),
            Self::Pid(spec) => names.extend(spec.metric.service.clone()),
            Self::ScaleToZero(spec) => {
                names.extend(spec.metric.service.clone());
                spec.policy.collect_services(names);
            }
            Self::Scheduled(spec) => {
                if let Some(policy) = &spec.policy {
                    policy.collect_services(names);
                }
            }
            Self::Combine(spec) => {
                spec.policies.values().for_each(|policy| policy.collect_services(names));
            }
            Self::Fixed(_) | Self::Staffing(_) | Self::KeepAlive(_) | Self::Clairvoyant(_) => {}
        }
    }

    /// The keep-alive parameters, if it is scale per request: the service's balancing follows them.
    pub const fn keep_alive(&self) -> Option<&KeepAlive> {
        match self {
            Self::KeepAlive(spec) => Some(spec),
            Self::Fixed(_)
            | Self::TargetTracking(_)
            | Self::Threshold(_)
            | Self::Pid(_)
            | Self::Staffing(_)
            | Self::Scheduled(_)
            | Self::ScaleToZero(_)
            | Self::Combine(_)
            | Self::Clairvoyant(_) => None,
        }
    }

    /// Whether it, or a policy inside it, plays a plan.
    pub fn needs_plan(&self) -> bool {
        match self {
            Self::Clairvoyant(_) => true,
            Self::ScaleToZero(spec) => spec.policy.needs_plan(),
            Self::Scheduled(spec) => spec.policy.as_ref().is_some_and(|inner| inner.needs_plan()),
            Self::Combine(spec) => spec.policies.values().any(Self::needs_plan),
            Self::Fixed(_)
            | Self::TargetTracking(_)
            | Self::Threshold(_)
            | Self::Pid(_)
            | Self::Staffing(_)
            | Self::KeepAlive(_) => false,
        }
    }

    /// Its own bounds, if a calendar can move them.
    pub(super) const fn bounds(&self) -> Option<Bounds> {
        match self {
            Self::TargetTracking(spec) => Some(Bounds { min: spec.min, max: spec.max }),
            Self::Threshold(spec) => Some(Bounds { min: spec.min, max: spec.max }),
            Self::Pid(spec) => Some(Bounds { min: spec.min, max: spec.max }),
            Self::Staffing(spec) => Some(Bounds { min: spec.min, max: spec.max }),
            Self::Fixed(_)
            | Self::Scheduled(_)
            | Self::ScaleToZero(_)
            | Self::KeepAlive(_)
            | Self::Combine(_)
            | Self::Clairvoyant(_) => None,
        }
    }

    /// The same policy without the bounds that [`PolicySpec::bounds`] names.
    pub(super) fn unbounded(&self) -> Cow<'_, Self> {
        let (min, max) = (0, u32::MAX);
        match self {
            Self::TargetTracking(spec) => {
                Cow::Owned(Self::TargetTracking(TargetTracking { min, max, ..spec.clone() }))
            }
            Self::Threshold(spec) => {
                Cow::Owned(Self::Threshold(Threshold { min, max, ..spec.clone() }))
            }
            Self::Pid(spec) => Cow::Owned(Self::Pid(Pid { min, max, ..spec.clone() })),
            Self::Staffing(spec) => {
                Cow::Owned(Self::Staffing(Staffing { min, max, ..spec.clone() }))
            }
            Self::Fixed(_)
            | Self::Scheduled(_)
            | Self::ScaleToZero(_)
            | Self::KeepAlive(_)
            | Self::Combine(_)
            | Self::Clairvoyant(_) => Cow::Borrowed(self),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::builtin::tape;

    #[derive(Deserialize)]
    struct File {
        policies: std::collections::BTreeMap<String, PolicySpec>,
    }

    /// The TOML snippet in every kind's documentation.
    fn snippets() -> Vec<String> {
        tape::snippets::<PolicySpec>()
    }

    #[test]
    fn the_snippet_of_every_kind_is_read_without_a_fault_and_builds() {
        let mut seen = Vec::new();
        for snippet in snippets() {
            let file: File =
                toml::from_str(&snippet).unwrap_or_else(|error| panic!("{error}\n{snippet}"));
            for spec in file.policies.values() {
                let mut faults = Faults::new();
                spec.check(&mut faults);
                assert!(faults.as_slice().is_empty(), "{:?}\n{snippet}", faults.as_slice());
                let autoscaler = spec.autoscaler(&tape::context(3));
                assert!(!autoscaler.cadence.interval.is_zero());
                assert!(autoscaler.wakeups.is_sorted_by(|a, b| a < b));
                seen.push(spec.kind_name());
            }
        }
        assert_eq!(seen, PolicySpec::KINDS);
    }

    #[test]
    fn what_is_written_is_read_back_equal() {
        for snippet in snippets() {
            let file: File = toml::from_str(&snippet).unwrap();
            for (name, spec) in file.policies {
                let text = toml::to_string(&spec).unwrap();
                let again: PolicySpec = toml::from_str(&text).unwrap();
                assert_eq!(again, spec, "{name}\n{text}");
            }
        }
    }

    #[test]
    fn unknown_keys_are_refused() {
        for snippet in snippets() {
            let file: File = toml::from_str(&snippet).unwrap();
            for spec in file.policies.values() {
                let text = format!("{}\n", toml::to_string(spec).unwrap());
                let text = text.replacen("]\n", "]\nminn = 3\n", 1);
                let error = toml::from_str::<PolicySpec>(&text).unwrap_err().to_string();
                assert!(error.contains("minn"), "{error}");
            }
        }
    }

    #[test]
    fn faults_name_the_path_and_nesting_has_an_end() {
        let nested = |inner: &str| format!("scale-to-zero = {{ policy = {{ {inner} }} }}");
        let text = nested("fixed = { replicas = 0 }");
        assert_eq!(
            tape::faults(&text),
            ["warning: scale-to-zero.policy.fixed.replicas: \
             no replica: every request waits forever (at least 1)"]
        );
        let mut text = "fixed = { replicas = 1 }".to_owned();
        for _ in 0..4 {
            text = nested(&text);
        }
        assert!(tape::faults(&text)[0].contains("nested too deep"));
        let text = nested("keep-alive = { idle_expiry = { constant = \"1s\" } }");
        assert!(tape::faults(&text)[0].contains("cannot be part of another policy"));
    }

    #[test]
    fn what_is_asked_of_every_kind_is_answered_by_its_own_parameters() {
        let mut reading = 0;
        for snippet in snippets() {
            let of_front = snippet.replace("metric = \"", "metric = \"front/");
            let file: File = toml::from_str(&of_front).unwrap();
            for (name, spec) in file.policies {
                let autoscaler = spec.autoscaler(&tape::context(3));
                let read: std::collections::BTreeSet<String> =
                    autoscaler.signals.into_iter().filter_map(|signal| signal.service).collect();
                assert!(spec.services().into_iter().eq(read), "services of {name}");
                assert_eq!(spec.interval(), autoscaler.cadence.interval, "interval of {name}");
                assert!(spec.natural_start() <= spec.most(), "range of {name}");
                reading += usize::from(!spec.services().is_empty());
            }
        }
        assert!(reading >= 4, "{reading}");
    }

    #[test]
    fn services_are_found_at_any_depth() {
        let spec = tape::spec(
            "[combine.policies.a.target-tracking]\n\
             metric = \"front/queued_requests_per_replica\"\ntarget = 1\nmax = 5\n\
             [combine.policies.b.scale-to-zero]\nmetric = \"edge/requests_per_s\"\n\
             policy.fixed.replicas = 1",
        );
        assert_eq!(spec.services(), ["edge", "front"]);
        assert!(!spec.needs_plan() && spec.keep_alive().is_none());
    }
}
