//! The rules no public source settles.

use crate::products::Assumption;
use autosim_engine::fault::Faults;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

macro_rules! choice {
    ($(#[$doc:meta])* $name:ident { $(#[$first_doc:meta])* $first:ident $(, $(#[$other_doc:meta])* $other:ident)* $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum $name {
            $(#[$first_doc])*
            #[default]
            $first,
            $($(#[$other_doc])* $other,)*
        }
    };
}

choice! {
    /// Which replicas a metric is per replica of.
    ReplicaBasis {
        /// Starting ones too: a rate or a backlog is divided by all, so that the answer is the total over
        /// the threshold, and CPU or GPU that asks for more is that of all, starting ones idle.
        All,
        /// Ready ones: while replicas start, every tick asks for more.
        Ready,
    }
}
choice! {
    /// The unit of `threshold` for `cpu` and `gpu[util]`.
    ResourceUnit {
        /// 70 is 70 %.
        Percent,
        /// 0.7 is 70 %.
        Fraction,
    }
}
choice! {
    /// What is read of another service for a rate or a backlog.
    FollowedBasis {
        /// Its total over its own replicas.
        PerReplica,
        /// Its total.
        Total,
    }
}
choice! {
    /// Whether a ratio exactly at an end of the dead band is inside.
    BandEnds {
        /// Inside: no change.
        Included,
        /// Outside.
        Excluded,
    }
}
choice! {
    /// What a strategy without data does.
    MissingData {
        /// It is skipped, and the others may not scale in meanwhile.
        HoldScaleIn,
        /// It is skipped.
        Skip,
    }
}
choice! {
    /// How a stabilisation window works.
    WindowForm {
        /// In only to the highest, out only to the lowest recommendation within it.
        Extremes,
        /// To the newest recommendation, once all within it point the same way.
        Agreement,
    }
}
choice! {
    /// How fast the count may change.
    RatePolicy {
        /// As fast as wanted.
        None,
        /// As the Kubernetes autoscaler does by default: out by the larger of 100 % and 4 replicas per
        /// 15 s, in by 100 % per 15 s.
        K8sDefault,
    }
}
choice! {
    /// When the grace before zero begins.
    GraceClock {
        /// With the last request, beside the scale-in window; zero is reached from any count.
        Concurrent,
        /// When one replica is left: the scale-in window comes first.
        AfterScaleIn,
    }
}
choice! {
    /// When a request wakes a service without replicas.
    ZeroActivation {
        /// At the next tick.
        NextTick,
        /// At once.
        Immediate,
    }
}
choice! {
    /// What becomes of a request that finds no live replica, where the scenario says nothing.
    AtZero {
        /// It waits for the cold start.
        Queue,
        /// It fails.
        Fail,
    }
}

/// Rules of PAI-EAS that no public source settles.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Knobs {
    /// Seconds between evaluations. Default 15.
    pub eval_period_s: u32,
    /// Seconds a metric is averaged over. Default 15, one tick.
    pub metric_window_s: u32,
    /// Which replicas a metric is per replica of. Default `all`, starting ones included.
    pub replica_basis: ReplicaBasis,
    /// The unit of `threshold` for `cpu` and `gpu[util]`. Default `percent`.
    pub resource_unit: ResourceUnit,
    /// What a strategy with `service` reads of a rate or a backlog. Default `per_replica`.
    pub followed_basis: FollowedBasis,
    /// Whether a count outside `min` and `max` is corrected at once, as the only action of its tick.
    /// Default true; false: the metrics decide and the bounds come last.
    pub bounds_first: bool,
    /// Whether 0.9 and 1.1 are inside the dead band. Default `included`.
    pub band_ends: BandEnds,
    /// The dead band of `queue[avgbacklog]`, as a share of the threshold. Default 0.1, as for the others.
    pub queue_tolerance: f64,
    /// What a strategy without data does. Default `hold_scale_in`.
    pub missing_data: MissingData,
    /// How a stabilisation window works. Default `extremes`.
    pub window_form: WindowForm,
    /// Whether the count found when enabled, and the one a waking service gets, counts as a
    /// recommendation. Default true.
    pub seed_history: bool,
    /// How fast the count may change. Default `none`.
    pub rate_policy: RatePolicy,
    /// When the grace before zero begins. Default `concurrent`.
    pub grace_clock: GraceClock,
    /// When a request wakes a service without replicas. Default `next_tick`.
    pub zero_activation: ZeroActivation,
    /// What becomes of a request that finds no live replica, where the scenario's `queue.at_zero` says
    /// nothing. Default `queue`.
    pub at_zero: AtZero,
    /// The largest `max` the platform accepts. Default 1000; an older page says 3000.
    pub max_cap: u32,
}

impl Default for Knobs {
    fn default() -> Self {
        Self {
            eval_period_s: 15,
            metric_window_s: 15,
            replica_basis: ReplicaBasis::default(),
            resource_unit: ResourceUnit::default(),
            followed_basis: FollowedBasis::default(),
            bounds_first: true,
            band_ends: BandEnds::default(),
            queue_tolerance: 0.1,
            missing_data: MissingData::default(),
            window_form: WindowForm::default(),
            seed_history: true,
            rate_policy: RatePolicy::default(),
            grace_clock: GraceClock::default(),
            zero_activation: ZeroActivation::default(),
            at_zero: AtZero::default(),
            max_cap: 1000,
        }
    }
}

/// Why each knob's default is what it is, in the order of the knobs.
const WHYS: [(&str, &str); 16] = [
    ("eval_period_s", "the period of the Kubernetes autoscaler; EAS publishes none"),
    ("metric_window_s", "one tick; EAS publishes no window"),
    (
        "replica_basis",
        "as Kubernetes, which takes pods not yet ready for idle when it would scale out",
    ),
    ("resource_unit", "the console shows percent; the API says only \"number\""),
    ("followed_basis", "thresholds are per replica"),
    ("bounds_first", "the order of the Kubernetes autoscaler"),
    ("band_ends", "as Kubernetes today; the page says both \"above\" and \"or higher\""),
    ("queue_tolerance", "the general 10 %; the page on queues names no band"),
    ("missing_data", "as Kubernetes"),
    ("window_form", "same field and defaults as `behavior` of Kubernetes"),
    ("seed_history", "Kubernetes records an initial recommendation"),
    ("rate_policy", "the published example goes from 2 to 5 in one step, and no step is named"),
    ("grace_clock", "the page names no order"),
    ("zero_activation", "the wake-up path is not published"),
    ("at_zero", "the wake-up path is not published"),
    ("max_cap", "the console's limit"),
];

/// Rules that are assumed and have no alternative worth a knob.
const FIXED: [(&str, &str, &str); 2] = [
    ("error codes", "common codes of Alibaba Cloud", "no table of this operation is published"),
    ("waking tick", "the formula is not evaluated at it", "there is no replica to measure"),
];

impl Knobs {
    /// Reports what makes no sense.
    pub(super) fn check(&self, faults: &mut Faults) {
        let day = 86_400;
        for (key, value, most) in [
            ("eval_period_s", self.eval_period_s, day),
            ("metric_window_s", self.metric_window_s, day),
            ("max_cap", self.max_cap, i32::MAX as u32),
        ] {
            if !(1..=most).contains(&value) {
                faults.error(key, format!("{value} is out of range"), format!("from 1 to {most}"));
            }
        }
        if !(0.0..1.0).contains(&self.queue_tolerance) {
            let message = format!("{} is not a share", self.queue_tolerance);
            faults.error("queue_tolerance", message, "from 0 to less than 1");
        }
    }

    /// What is assumed.
    pub(super) fn assumptions(&self) -> Vec<Assumption> {
        let values = serde_json::to_value(self).unwrap_or_default();
        let in_force = |knob: &str| match &values[knob] {
            serde_json::Value::String(word) => word.clone(),
            other => other.to_string(),
        };
        let knobs = WHYS.iter().map(|&(knob, why)| Assumption {
            rule: knob.to_owned(),
            value: in_force(knob),
            why,
        });
        let fixed = FIXED.iter().map(|&(rule, value, why)| Assumption {
            rule: rule.to_owned(),
            value: value.to_owned(),
            why,
        });
        knobs.chain(fixed).collect()
    }
}
