//! The rules no public source settles.

use crate::products::knobs::{check_ranges, choices, knobs};

choices! { "snake_case":
    /// Which replicas a metric is per replica of.
    ReplicaBasis {
        /// Starting ones too: a rate or a backlog is divided by all, so that the answer is the total over
        /// the threshold, and CPU or GPU that asks for more is that of all, starting ones idle.
        All,
        /// Ready ones: while replicas start, every tick asks for more.
        Ready,
    }
    /// The unit of `threshold` for `cpu` and `gpu[util]`.
    ResourceUnit {
        /// 70 is 70 %.
        Percent,
        /// 0.7 is 70 %.
        Fraction,
    }
    /// What is read of another service for a rate or a backlog.
    FollowedBasis {
        /// Its total over its own replicas.
        PerReplica,
        /// Its total.
        Total,
    }
    /// Whether a ratio exactly at an end of the dead band is inside.
    BandEnds {
        /// Inside: no change.
        Included,
        /// Outside.
        Excluded,
    }
    /// What a strategy without data does.
    MissingData {
        /// It is skipped, and the others may not scale in meanwhile.
        HoldScaleIn,
        /// It is skipped.
        Skip,
    }
    /// How a stabilisation window works.
    WindowForm {
        /// In only to the highest, out only to the lowest recommendation within it.
        Extremes,
        /// To the newest recommendation, once all within it point the same way.
        Agreement,
    }
    /// How fast the count may change.
    RatePolicy {
        /// As fast as wanted.
        None,
        /// As the Kubernetes autoscaler does by default: out by the larger of 100 % and 4 replicas per
        /// 15 s, in by 100 % per 15 s.
        K8sDefault,
    }
    /// When the grace before zero begins.
    GraceClock {
        /// With the last request, beside the scale-in window; zero is reached from any count.
        Concurrent,
        /// When one replica is left: the scale-in window comes first.
        AfterScaleIn,
    }
    /// When a request wakes a service without replicas.
    ZeroActivation {
        /// At the next tick.
        NextTick,
        /// At once.
        Immediate,
    }
    /// What becomes of a request that finds no live replica, where the scenario says nothing.
    AtZero {
        /// It waits for the cold start.
        Queue,
        /// It fails.
        Fail,
    }
}

const DAY_S: u32 = 86_400;

knobs! {
/// Rules of PAI-EAS that no public source settles.
pub struct Knobs {
    /// Seconds between evaluations. Default 15.
    eval_period_s: u32 = 15, "the period of the Kubernetes autoscaler; EAS publishes none";
    /// Seconds a metric is averaged over. Default 15, one tick.
    metric_window_s: u32 = 15, "one tick; EAS publishes no window";
    /// Which replicas a metric is per replica of. Default `all`, starting ones included.
    replica_basis: ReplicaBasis = ReplicaBasis::All,
        "as Kubernetes, which takes pods not yet ready for idle when it would scale out";
    /// The unit of `threshold` for `cpu` and `gpu[util]`. Default `percent`.
    resource_unit: ResourceUnit = ResourceUnit::Percent,
        "the console shows percent; the API says only \"number\"";
    /// What a strategy with `service` reads of a rate or a backlog. Default `per_replica`.
    followed_basis: FollowedBasis = FollowedBasis::PerReplica, "thresholds are per replica";
    /// Whether a count outside `min` and `max` is corrected at once, as the only action of its tick.
    /// Default true; false: the metrics decide and the bounds come last.
    bounds_first: bool = true, "the order of the Kubernetes autoscaler";
    /// Whether 0.9 and 1.1 are inside the dead band. Default `included`.
    band_ends: BandEnds = BandEnds::Included,
        "as Kubernetes today; the page says both \"above\" and \"or higher\"";
    /// The dead band of `queue[avgbacklog]`, as a share of the threshold. Default 0.1, as for the others.
    queue_tolerance: f64 = 0.1, "the general 10 %; the page on queues names no band";
    /// What a strategy without data does. Default `hold_scale_in`.
    missing_data: MissingData = MissingData::HoldScaleIn, "as Kubernetes";
    /// How a stabilisation window works. Default `extremes`.
    window_form: WindowForm = WindowForm::Extremes,
        "same field and defaults as `behavior` of Kubernetes";
    /// Whether the count found when enabled, and the one a waking service gets, counts as a
    /// recommendation. Default true.
    seed_history: bool = true, "Kubernetes records an initial recommendation";
    /// How fast the count may change. Default `none`.
    rate_policy: RatePolicy = RatePolicy::None,
        "the published example goes from 2 to 5 in one step, and no step is named";
    /// When the grace before zero begins. Default `concurrent`.
    grace_clock: GraceClock = GraceClock::Concurrent, "the page names no order";
    /// When a request wakes a service without replicas. Default `next_tick`.
    zero_activation: ZeroActivation = ZeroActivation::NextTick,
        "the wake-up path is not published";
    /// What becomes of a request that finds no live replica, where the scenario's `queue.at_zero` says
    /// nothing. Default `queue`.
    at_zero: AtZero = AtZero::Queue, "the wake-up path is not published";
    /// The largest `max` the platform accepts. Default 1000; an older page says 3000.
    max_cap: u32 = 1000, "the console's limit";
} check(self, faults) {
    check_ranges(faults, &[
        ("eval_period_s", self.eval_period_s, 1..=DAY_S),
        ("metric_window_s", self.metric_window_s, 1..=DAY_S),
        ("max_cap", self.max_cap, 1..=i32::MAX as u32),
    ]);
    if !(0.0..1.0).contains(&self.queue_tolerance) {
        let message = format!("{} is not a share", self.queue_tolerance);
        faults.error("queue_tolerance", message, "from 0 to less than 1");
    }
}
}
