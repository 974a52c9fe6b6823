//! The autoscaler of one service: it is asked, and what it decided is noted.

mod hindsight;
mod log;

use self::log::Log;
use super::drift::Lateness;
use super::facts::RunFacts;
use super::outcome::{AskedBy, BoundTotals, DecisionRecord};
use super::setup::Window;
use crate::control::{Autoscaler, Bound, Decision, Observation, Stage, Why};
use crate::units::Time;

/// An autoscaler with what is known of its decisions so far.
pub(super) struct Controller {
    pub(super) autoscaler: Autoscaler,
    /// Decisions on their way to the fleet.
    pub(super) orders_under_way: u32,
    /// What its formula alone wanted last.
    pub(super) uncapped: u32,
    /// Its first signal as it saw it last.
    pub(super) signal: Option<f64>,
    pub(super) actions: Actions,
    /// Of its regular controls.
    pub(super) lateness: Lateness,
    log: Log,
}

impl Controller {
    /// Of a service with `initial` replicas.
    pub(super) fn new(autoscaler: Autoscaler, initial: u32, index: u32, run: &RunFacts) -> Self {
        Self {
            lateness: Lateness::new(autoscaler.cadence.drift, &run.streams(index), 0),
            log: Log::new(&*autoscaler.policy, run),
            autoscaler,
            orders_under_way: 0,
            uncapped: initial,
            signal: None,
            actions: Actions::within(run.window),
        }
    }

    /// Asks the policy; returns the decision to actuate.
    pub(super) fn ask(&mut self, seen: &Observation<'_>, activation: bool) -> Decision {
        self.log.asked(seen, activation);
        let decision = match activation {
            true => self.autoscaler.policy.activate(seen),
            false => self.autoscaler.policy.observe(seen),
        };
        self.uncapped = decision.uncapped;
        self.signal = seen.readings.first().and_then(|reading| reading.value);
        self.actions.note_bound(seen.now, decision.bound());
        self.actions.note_wanted(seen.now, decision.uncapped);
        let by = if activation { AskedBy::Request } else { AskedBy::Control };
        self.log.decided(seen, decision, by);
        decision
    }

    /// Somebody else decides: the policy is not asked.
    pub(super) fn overrule(&mut self, seen: &Observation<'_>, replicas: u32) {
        let decision = seen.by(Stage::Mode, replicas, Why::Note("set from outside"));
        self.actions.note_bound(seen.now, None);
        self.log.decided(seen, decision, AskedBy::Nobody);
    }

    /// The decisions that were kept, and how many changes were not.
    pub(super) fn take_decisions(&mut self) -> (Vec<DecisionRecord>, u64) {
        self.log.finish()
    }
}

/// What decisions did within the window.
pub(super) struct Actions {
    window: Window,
    pub(super) scale_outs: u64,
    pub(super) scale_ins: u64,
    /// Opposite in direction to the one before.
    pub(super) reversals: u64,
    pub(super) bounds: BoundTotals,
    /// The bound the last decision ran into, and since when.
    at_bound: Option<(Time, Bound)>,
    last_direction: std::cmp::Ordering,
}

impl Actions {
    fn within(window: Window) -> Self {
        Self {
            window,
            scale_outs: 0,
            scale_ins: 0,
            reversals: 0,
            bounds: BoundTotals::default(),
            at_bound: None,
            last_direction: std::cmp::Ordering::Equal,
        }
    }

    /// From now on the decision in force is one that ran into this bound, or into none.
    pub(super) fn note_bound(&mut self, now: Time, bound: Option<Bound>) {
        let last = std::mem::replace(&mut self.at_bound, bound.map(|bound| (now, bound)));
        let Some((since, bound)) = last else { return };
        let (from, to) = (since.max(self.window.warmup), now.min(self.window.end));
        let length_ns = u128::from(to.since(from).0);
        match bound {
            Bound::Minimum => self.bounds.at_minimum_ns += length_ns,
            Bound::Maximum { more } => {
                self.bounds.at_maximum_ns += length_ns;
                self.bounds.unmet_ns += length_ns * u128::from(more);
            }
        }
    }

    /// A formula wants so many.
    fn note_wanted(&mut self, now: Time, wanted: u32) {
        if now >= self.window.warmup && now < self.window.end {
            self.bounds.wanted_peak = self.bounds.wanted_peak.max(wanted);
        }
    }

    /// A count takes effect: whether that is an action, and in which direction (rule 11).
    pub(super) fn note(&mut self, now: Time, before: u32, desired: u32) {
        let direction = desired.cmp(&before);
        if direction.is_eq() {
            return;
        }
        if now >= self.window.warmup && now < self.window.end {
            self.scale_outs += u64::from(direction.is_gt());
            self.scale_ins += u64::from(direction.is_lt());
            self.reversals += u64::from(direction == self.last_direction.reverse());
        }
        self.last_direction = direction;
    }
}
