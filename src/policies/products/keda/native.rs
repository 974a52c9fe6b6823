//! A ScaledObject in the platform's own words, and the HorizontalPodAutoscaler that KEDA makes of it.

use super::cron::Schedule;
use super::formula::Formula;
use super::words::{FallbackBehavior, TriggerKind};
use crate::products::Omitted;
use crate::products::kubernetes::workload::Workload;
use crate::products::kubernetes_hpa::sensor::Count;
use crate::products::kubernetes_hpa::words::{SelectPolicy, SourceKind};
use crate::products::kubernetes_hpa::{self, BehaviorSpec, Hpa, MetricSpec, MetricTarget};
use autosim_engine::signal::MetricRef;
use serde_json::Value;

/// A ScaledObject with the workload it scales, read and found good.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    /// The ScaledObject.
    pub scaled: ScaledObject,
    /// What it scales, if that stands beside it.
    pub workload: Option<Workload>,
    /// Every object as it was typed, without what only the platform writes.
    pub(super) written: Vec<Value>,
    /// Members left out, with what the platform takes in their place.
    pub(super) omitted: Vec<Omitted>,
}

/// A ScaledObject of `keda.sh/v1alpha1`, defaults filled in.
#[derive(Debug, Clone, PartialEq)]
pub struct ScaledObject {
    /// `metadata.name`.
    pub name: String,
    /// `metadata.namespace`; empty where there is none.
    pub namespace: String,
    /// `scaleTargetRef.kind`.
    pub target_kind: String,
    /// `scaleTargetRef.name`.
    pub target_name: String,
    /// `pollingInterval`, in seconds; at least 1.
    pub polling_s: u32,
    /// `cooldownPeriod`, in seconds.
    pub cooldown_s: u32,
    /// `initialCooldownPeriod`, in seconds.
    pub initial_cooldown_s: u32,
    /// `minReplicaCount`; 0 where it is left out.
    pub min: i32,
    /// `maxReplicaCount`.
    pub max: i32,
    /// `idleReplicaCount`.
    pub idle: Option<i32>,
    /// `triggers`.
    pub triggers: Vec<Trigger>,
    /// `fallback`.
    pub fallback: Option<Fallback>,
    /// `advanced.scalingModifiers`.
    pub modifiers: Option<Modifiers>,
    /// `advanced.horizontalPodAutoscalerConfig.behavior`.
    pub behavior: Option<BehaviorSpec>,
    /// What annotations pause or force.
    pub annotations: Annotations,
}

/// The annotations of a ScaledObject that bear on the count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Annotations {
    /// `paused`.
    pub paused: bool,
    /// `paused-replicas`: it is paused at this count.
    pub paused_replicas: Option<u32>,
    /// `paused-scale-in`.
    pub paused_in: bool,
    /// `paused-scale-out`.
    pub paused_out: bool,
    /// `force-activation`.
    pub forced: bool,
}

impl Annotations {
    /// Whether nothing scales at all.
    pub const fn is_paused(&self) -> bool {
        self.paused || self.paused_replicas.is_some()
    }
}

/// One of `triggers`.
#[derive(Debug, Clone, PartialEq)]
pub struct Trigger {
    /// `type`.
    pub kind: TriggerKind,
    /// `name`, if it has one.
    pub name: Option<String>,
    /// What it looks at.
    pub source: Source,
}

/// What a trigger looks at.
#[derive(Debug, Clone, PartialEq)]
pub enum Source {
    /// A number outside the pods, asked for by the operator and by the autoscaler.
    Metric(External),
    /// A calendar.
    Cron(Calendar),
    /// A resource of the pods, which the autoscaler alone looks at.
    Resource(MetricSpec),
}

/// A number outside the pods.
#[derive(Debug, Clone, PartialEq)]
pub struct External {
    /// The name of its metric: `s0-rabbitmq-jobs`.
    pub metric: String,
    /// What its value is held against, once the trigger is active.
    pub target: MetricTarget,
    /// The trigger is active above it.
    pub activation: f64,
    /// `useCachedMetrics`: the autoscaler is given what the last poll found.
    pub cached: bool,
    /// It returns 0 where its source has nothing, rather than fail.
    pub nothing_is_zero: bool,
    /// What it stands for in a simulation, if that is known.
    pub stands_for: Option<MetricRef>,
}

/// The hours of a trigger of type cron.
#[derive(Debug, Clone, PartialEq)]
pub struct Calendar {
    /// The name of its metric.
    pub metric: String,
    /// When it is active.
    pub schedule: Schedule,
    /// `desiredReplicas`: its value then.
    pub replicas: u32,
}

/// `fallback`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fallback {
    /// A trigger is in fallback once it has failed more often in a row.
    pub threshold: u32,
    /// `replicas`.
    pub replicas: i32,
    /// `behavior`.
    pub behavior: FallbackBehavior,
}

/// `advanced.scalingModifiers`: one number made of all triggers from outside the pods.
#[derive(Debug, Clone, PartialEq)]
pub struct Modifiers {
    /// `formula`, over the triggers of the places in `names`.
    pub formula: Formula,
    /// For each name of the formula the place of its trigger.
    pub names: Vec<usize>,
    /// `target`.
    pub target: MetricTarget,
    /// `activationTarget`.
    pub activation: f64,
}

/// The name of the metric that a formula makes.
pub const COMPOSITE: &str = "composite-metric";
/// Columns that every recording may have, besides those of pods.
const COLUMNS: [&str; 3] = ["time", "time_s", "replicas"];
/// What each replica has of a trigger of type cron: a thousand milli-units.
const ONE_EACH: MetricTarget = MetricTarget::Average(1000);

impl Trigger {
    /// The metric that the autoscaler asks KEDA for: its name and target; `None` of a resource.
    pub fn metric(&self) -> Option<(&str, MetricTarget)> {
        match &self.source {
            Source::Metric(of) => Some((&of.metric, of.target)),
            Source::Cron(of) => Some((&of.metric, ONE_EACH)),
            Source::Resource(_) => None,
        }
    }

    /// Its name in a recording: its own, or that of its metric.
    pub fn column(&self) -> String {
        match (&self.source, &self.name) {
            (Source::Resource(of), _) => of.column(),
            (Source::Metric(_) | Source::Cron(_), Some(name)) => name.clone(),
            (Source::Metric(of), None) => of.metric.clone(),
            (Source::Cron(of), None) => of.metric.clone(),
        }
    }

    /// That name where a recording has it for something else.
    pub(super) fn column_of_ours(&self) -> Option<String> {
        let column = self.column();
        let counts = Count::ALL.iter().map(|(_, name)| *name);
        let mut ours = COLUMNS.into_iter().chain(counts);
        let is_read = matches!(self.source, Source::Metric(_));
        (is_read && ours.any(|name| name == column)).then_some(column)
    }
}

impl ScaledObject {
    /// The autoscaler that KEDA makes of it.
    pub fn hpa(&self) -> Hpa {
        let external = |name: &str, target| MetricSpec {
            kind: SourceKind::External,
            name: name.to_owned(),
            container: None,
            target,
            stands_for: None,
        };
        let composite = self.modifiers.as_ref().map(|one| external(COMPOSITE, one.target));
        let of_trigger = |trigger: &Trigger| match (&trigger.source, trigger.metric()) {
            (Source::Resource(of), _) => Some(of.clone()),
            (_, Some(_)) if self.modifiers.is_some() => None,
            (_, metric) => metric.map(|(name, target)| external(name, target)),
        };
        let mut metrics: Vec<MetricSpec> =
            composite.into_iter().chain(self.triggers.iter().filter_map(of_trigger)).collect();
        // By the word of their type, as KEDA lists them.
        metrics.sort_by_key(|metric| metric.kind.to_string());
        Hpa {
            name: format!("keda-hpa-{}", self.name),
            namespace: self.namespace.clone(),
            target_kind: self.target_kind.clone(),
            target_name: self.target_name.clone(),
            min: self.min.max(1),
            max: self.max,
            metrics,
            behavior: self.behavior_in_force(),
        }
    }

    /// An annotation that pauses one direction disables it, in a `behavior` that may not have been there.
    fn behavior_in_force(&self) -> Option<BehaviorSpec> {
        let Annotations { paused_in, paused_out, .. } = self.annotations;
        if !paused_in && !paused_out {
            return self.behavior.clone();
        }
        let mut behavior = self.behavior.clone().unwrap_or_default();
        if paused_in {
            behavior.rules.down.select = SelectPolicy::Disabled;
        }
        if paused_out {
            behavior.rules.up.select = SelectPolicy::Disabled;
        }
        Some(behavior)
    }

    /// Whether nothing but cpu and memory triggers it.
    pub fn is_by_resources_alone(&self) -> bool {
        self.triggers.iter().all(|trigger| trigger.kind.is_resource())
    }
}

impl Model {
    /// The autoscaler that KEDA makes, with the workload.
    pub(super) fn hpa(&self) -> kubernetes_hpa::Model {
        kubernetes_hpa::Model::generated(self.scaled.hpa(), self.workload.clone())
    }
}
