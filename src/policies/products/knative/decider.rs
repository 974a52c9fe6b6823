//! A tick of the autoscaler: from two averages and ready pods to the desired count and the spare capacity.
//!
//! `pkg/autoscaler/scaling/autoscaler.go` of Knative Serving, in its order of doubles:
//!
//! 1. Limits: at most `ceil(rate x r)`, at least `floor(r / rate)`, of r = max(1, ready).
//! 2. Pods for the stable and for the panic average, rounded up, within the limits.
//! 3. The activation scale, where there is demand.
//! 4. Panic: begins or goes on while the panic average needs `threshold` times the ready pods; ends a stable
//!    window after it last did.
//! 5. In panic the count never falls.
//! 6. Scale-down delay: the largest of the last counts.
//! 7. Spare capacity of the pods that are ready, less the capacity kept for bursts.

use autosim_engine::units::{Span, Time};
use std::collections::VecDeque;

/// From tick to tick.
pub const TICK: Span = Span::from_secs(2);

/// What a decider is told of its revision.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spec {
    /// What each pod is to take.
    pub target: f64,
    /// What each pod can take.
    pub total: f64,
    /// `target-burst-capacity`: 0 = none is kept, below 0 = without end.
    pub burst_capacity: f64,
    /// Panic pods over ready pods from which on there is panic.
    pub panic_threshold: f64,
    /// `max-scale-up-rate`.
    pub max_scale_up_rate: f64,
    /// `max-scale-down-rate`.
    pub max_scale_down_rate: f64,
    /// `window`.
    pub stable_window: Span,
    /// `scale-down-delay`.
    pub scale_down_delay: Span,
    /// Whether a route leads to it.
    pub reachable: bool,
    /// `activation-scale`; 0 and 1 = none.
    pub activation_scale: u32,
}

/// What is seen at a tick.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Seen {
    /// The instant.
    pub now: Time,
    /// Pods that are ready.
    pub ready: u32,
    /// The average over the stable window.
    pub stable: f64,
    /// The average over the panic window.
    pub panic: f64,
}

/// What a tick makes of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tick {
    /// Pods for the stable average, rounded up.
    pub stable_pods: f64,
    /// Pods for the panic average, rounded up.
    pub panic_pods: f64,
    /// The most and the least the rates allow.
    pub limits: (f64, f64),
    /// The stable count after limits and activation scale.
    pub stable: u32,
    /// Since when there is panic.
    pub panic_since: Option<Time>,
    /// The count that panic keeps, 0 without.
    pub panic_floor: u32,
    /// The largest of the last counts, where scale-down is delayed.
    pub delayed: Option<u32>,
    /// The answer.
    pub desired: u32,
    /// Spare capacity; below 0 the activator stays in the path.
    pub excess: f64,
}

/// The memory of an autoscaler.
#[derive(Debug, Clone, PartialEq)]
pub struct Decider {
    /// When the panic threshold was last reached, while there is panic.
    pub panic_since: Option<Time>,
    /// The largest count of the panic.
    pub max_panic_pods: u32,
    delay: Option<LargestOf>,
}

impl Decider {
    /// Created while so many pods are ready: more than one, and it begins in panic, so that a restart of the
    /// autoscaler takes none away.
    pub fn created(at: Time, ready: u32, scale_down_delay: Span) -> Self {
        let delay = (!scale_down_delay.is_zero()).then(|| LargestOf::new(scale_down_delay, TICK));
        Self { panic_since: (ready > 1).then_some(at), max_panic_pods: ready, delay }
    }

    /// A tick.
    pub fn tick(&mut self, spec: &Spec, seen: &Seen) -> Tick {
        let ready = f64::from(seen.ready).max(1.0);
        let most = (spec.max_scale_up_rate * ready).ceil();
        let least = if spec.reachable { (ready / spec.max_scale_down_rate).floor() } else { 0.0 };
        let stable_pods = (seen.stable / spec.target).ceil();
        let panic_pods = (seen.panic / spec.target).ceil();
        let allowed = |pods: f64| {
            let count = pods.max(least).min(most) as u32;
            // Only where there is demand.
            let activated = pods > 0.0 && spec.activation_scale > 1;
            if activated { count.max(spec.activation_scale) } else { count }
        };
        let (stable, panic) = (allowed(stable_pods), allowed(panic_pods));
        self.panic(panic_pods / ready >= spec.panic_threshold, spec, seen.now);
        let mut desired = stable;
        if self.panic_since.is_some() {
            self.max_panic_pods = self.max_panic_pods.max(stable).max(panic);
            desired = self.max_panic_pods;
        }
        let delay = self.delay.as_mut().filter(|_| spec.reachable);
        let delayed = delay.map(|window| window.record(seen.now, desired));
        Tick {
            stable_pods,
            panic_pods,
            limits: (most, least),
            stable,
            panic_since: self.panic_since,
            panic_floor: self.panic_since.map_or(0, |_| self.max_panic_pods),
            delayed,
            desired: delayed.unwrap_or(desired),
            excess: spec.excess(seen),
        }
    }

    fn panic(&mut self, over: bool, spec: &Spec, now: Time) {
        match self.panic_since {
            _ if over => self.panic_since = Some(now),
            Some(since) if since.after(spec.stable_window) < now => {
                self.panic_since = None;
                self.max_panic_pods = 0;
            }
            Some(_) | None => {}
        }
    }
}

impl Spec {
    /// Spare capacity at a tick.
    fn excess(&self, seen: &Seen) -> f64 {
        self.spare(f64::from(seen.ready) * self.total, seen.panic)
    }

    /// The same before the first tick, of a revision that begins with so many pods.
    pub fn initial_excess(&self, pods: u32) -> f64 {
        self.spare(f64::from(pods) * self.total, 0.0)
    }

    fn spare(&self, capacity: f64, load: f64) -> f64 {
        match self.burst_capacity {
            kept if kept > 0.0 => (capacity - kept - load).floor(),
            fixed => fixed,
        }
    }
}

/// The largest of the values of a window, in slots.
#[derive(Debug, Clone, PartialEq)]
pub struct LargestOf {
    slots: u64,
    granularity: Span,
    /// Slot and value, both in order: a value that an as large newer one follows is none any more.
    kept: VecDeque<(u64, u32)>,
}

impl LargestOf {
    /// Nothing recorded yet.
    pub fn new(window: Span, granularity: Span) -> Self {
        let slots = window.0.div_ceil(granularity.0.max(1)).max(1);
        Self { slots, granularity, kept: VecDeque::new() }
    }

    /// Takes a value, of several in one slot the largest; the largest of the window.
    pub fn record(&mut self, at: Time, value: u32) -> u32 {
        let slot = at.0 / self.granularity.0.max(1);
        while self.kept.back().is_some_and(|last| last.1 <= value) {
            self.kept.pop_back();
        }
        while self.kept.front().is_some_and(|first| slot.saturating_sub(first.0) >= self.slots) {
            self.kept.pop_front();
        }
        // A larger one of the same slot is still there.
        if self.kept.back().is_none_or(|last| last.0 != slot) {
            self.kept.push_back((slot, value));
        }
        self.kept.front().map_or(value, |first| first.1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The defaults of Knative: 70 of 100 requests a pod.
    const DEFAULTS: Spec = Spec {
        target: 70.0,
        total: 100.0,
        burst_capacity: 211.0,
        panic_threshold: 2.0,
        max_scale_up_rate: 1000.0,
        max_scale_down_rate: 2.0,
        stable_window: Span::from_secs(60),
        scale_down_delay: Span::ZERO,
        reachable: true,
        activation_scale: 0,
    };

    /// Seconds, ready pods, stable and panic average; desired count, panic, spare capacity.
    type Row = (u64, u32, f64, f64, u32, bool, f64);

    /// A decider of one pod through these ticks.
    fn play(spec: &Spec, rows: &[Row]) {
        let mut decider = Decider::created(Time::ZERO, 1, spec.scale_down_delay);
        for &(at, ready, stable, panic, desired, panics, excess) in rows {
            let tick = decider.tick(spec, &Seen { now: Time::from_secs(at), ready, stable, panic });
            let found = (tick.desired, tick.panic_since.is_some(), tick.excess);
            assert_eq!(found, (desired, panics, excess), "at {at} s under {spec:?}");
        }
    }

    /// Specification, examples e1 and e2: panic pods are rounded up before they are compared.
    #[test]
    fn panic_begins_with_rounded_pods_and_ends_a_stable_window_after_the_last_crossing() {
        play(
            &DEFAULTS,
            &[
                (2, 2, 210.0, 210.0, 3, false, -221.0),
                (4, 2, 210.0, 281.0, 5, true, -292.0),
                (6, 5, 10.0, 10.0, 5, true, 279.0),
                (64, 5, 10.0, 10.0, 5, true, 279.0),
                (66, 5, 10.0, 10.0, 2, false, 279.0),
            ],
        );
        play(
            &DEFAULTS,
            &[(2, 1, 10.0, 70.0, 1, false, -181.0), (4, 1, 10.0, 70.1, 2, true, -182.0)],
        );
    }

    /// Steps 1 and 2: by the pods that are ready, at least one.
    #[test]
    fn rates_are_of_ready_pods_and_up_wins_over_down() {
        play(
            &DEFAULTS,
            &[
                (2, 10, 0.0, 0.0, 5, false, 789.0),
                (4, 5, 0.0, 0.0, 2, false, 289.0),
                (6, 1, 0.0, 0.0, 0, false, -111.0),
            ],
        );
        let slow = Spec { max_scale_up_rate: 1.1, ..DEFAULTS };
        play(
            &slow,
            &[(2, 0, 700.0, 70.0, 2, false, -281.0), (4, 10, 1400.0, 700.0, 11, false, 89.0)],
        );
        let unreachable = Spec { reachable: false, ..DEFAULTS };
        play(&unreachable, &[(2, 10, 70.0, 0.0, 1, false, 789.0)]);
    }

    /// Step 3: after the limits, and only where there is demand.
    #[test]
    fn the_activation_scale_asks_for_demand() {
        let spec = Spec { activation_scale: 3, max_scale_up_rate: 2.0, ..DEFAULTS };
        play(&spec, &[(2, 1, 0.0, 0.0, 0, false, -111.0), (4, 1, 1.0, 1.0, 3, false, -112.0)]);
    }

    /// Step 7: 0 keeps none, -1 keeps the activator in the path for ever.
    #[test]
    fn the_spare_capacity_is_counted_by_the_total_of_ready_pods() {
        for (burst_capacity, excess, initial) in
            [(211.0, 58.0, -111.0), (211.5, 58.0, -112.0), (0.0, 0.0, 0.0), (-1.0, -1.0, -1.0)]
        {
            let spec = Spec { burst_capacity, ..DEFAULTS };
            play(&spec, &[(2, 3, 30.0, 30.5, 1, false, excess)]);
            assert_eq!(spec.initial_excess(1), initial, "{burst_capacity}");
        }
    }

    /// Step 6 and `max.TimeWindow`: an entry as old as the window is out, one slot keeps its largest.
    #[test]
    fn a_delay_keeps_the_largest_count_of_its_window() {
        let spec = Spec { scale_down_delay: Span::from_secs(20), ..DEFAULTS };
        play(
            &spec,
            &[
                (2, 9, 600.0, 0.0, 9, false, 689.0),
                (20, 9, 300.0, 0.0, 9, false, 689.0),
                (22, 9, 300.0, 0.0, 5, false, 689.0),
            ],
        );
        let mut window = LargestOf::new(Span::from_secs(20), TICK);
        let largest = [(0, 3), (1, 2), (2, 1), (19, 1), (20, 1)]
            .map(|(at, value)| window.record(Time::from_secs(at), value));
        assert_eq!(largest, [3, 3, 3, 3, 1]);
    }

    /// Section 4, creation.
    #[test]
    fn more_than_one_ready_pod_begins_in_panic() {
        for (ready, panics) in [(0, false), (1, false), (2, true)] {
            let decider = Decider::created(Time::ZERO, ready, Span::ZERO);
            let found = (decider.panic_since.is_some(), decider.max_panic_pods);
            assert_eq!(found, (panics, ready));
        }
    }
}
