//! A reconcile of the KPA: bounds, initial scale, and the way to zero.
//!
//! `pkg/reconciler/autoscaling/kpa/{scaler,kpa}.go` of Knative Serving.

use autosim_engine::units::{Span, Time};

/// When a revision that was marked inactive is looked at again, if nothing else will do so.
const AGAIN: Span = Span::from_secs(3);

/// What a reconcile is told of its revision.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rules {
    /// `enable-scale-to-zero`.
    pub scale_to_zero: bool,
    /// `min-scale`.
    pub min: u32,
    /// `max-scale`; 0 = no limit.
    pub max: u32,
    /// `initial-scale`.
    pub initial: u32,
    /// `window`.
    pub stable_window: Span,
    /// `scale-to-zero-grace-period`.
    pub grace: Span,
    /// `scale-to-zero-pod-retention-period`.
    pub retention: Span,
    /// How long it may be activating: the progress deadline and half a minute.
    pub activation_timeout: Span,
    /// Whether a route leads to it.
    pub reachable: bool,
    /// Whether the activator's path is confirmed by a probe: not where it is always in the path.
    pub probes: bool,
}

/// The condition `Active` of a revision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Active {
    /// Its pods take requests.
    Yes,
    /// It has no traffic.
    No,
    /// It waits for pods.
    Activating,
}

/// What a reconcile finds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Status {
    /// The condition.
    pub active: Active,
    /// For how long it has been that.
    pub lasted: Span,
    /// Whether the initial scale was reached once.
    pub initial_reached: bool,
    /// For how long the activator has been in the path; `None` = it is not.
    pub proxying: Option<Span>,
    /// What a probe of the activator's path says.
    pub probe: bool,
}

/// What became of a count of zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ToZero {
    /// Scaling to zero is switched off: one pod.
    Off,
    /// It waits for pods, so long still.
    Activating(Span),
    /// It has waited for pods too long.
    GivenUp,
    /// Not active for a stable window yet: one pod, so long still.
    ActiveTooShort(Span),
    /// It is marked inactive, which brings the activator into the path; where it was there already, the next
    /// look comes after this.
    MarkedInactive(Option<Span>),
    /// The activator's path is not confirmed.
    Unconfirmed,
    /// Its last pod is kept so long still.
    Retained(Span),
    /// The activator has to be in the path so long still.
    Grace(Span),
    /// Nothing is in the way.
    Done,
}

/// The answer of a reconcile.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scaled {
    /// The count that is wanted now; below 0 = not known.
    pub want: i64,
    /// The count to be written, if any.
    pub write: Option<u32>,
    /// What became of a zero.
    pub to_zero: Option<ToZero>,
}

impl ToZero {
    /// When it has to be looked at again.
    pub const fn again_in(self) -> Option<Span> {
        match self {
            Self::Activating(left)
            | Self::ActiveTooShort(left)
            | Self::Retained(left)
            | Self::Grace(left)
            | Self::MarkedInactive(Some(left)) => Some(left),
            Self::Off
            | Self::GivenUp
            | Self::MarkedInactive(None)
            | Self::Unconfirmed
            | Self::Done => None,
        }
    }

    /// The count that is written in place of zero.
    const fn writes(self) -> Option<u32> {
        match self {
            Self::Off | Self::ActiveTooShort(_) => Some(1),
            Self::GivenUp | Self::Done => Some(0),
            Self::Activating(_)
            | Self::MarkedInactive(_)
            | Self::Unconfirmed
            | Self::Retained(_)
            | Self::Grace(_) => None,
        }
    }
}

impl Rules {
    /// The least count in force.
    pub fn least(&self, initial_reached: bool) -> u32 {
        let min = if self.reachable { self.min } else { 0 };
        match self.initial > 1 && !initial_reached && self.reachable {
            true => min.max(self.initial),
            false => min,
        }
    }

    /// Within the bounds; what is not known is less than everything.
    pub fn bounded(&self, desired: i64, initial_reached: bool) -> u32 {
        let least = i64::from(self.least(initial_reached));
        let most = if self.max > 0 { i64::from(self.max) } else { i64::from(u32::MAX) };
        // The minimum first: it wins.
        let count = if desired < least { least } else { desired.min(most) };
        u32::try_from(count.max(0)).unwrap_or(u32::MAX)
    }

    /// Pods that must be ready for it to be active.
    pub fn threshold(&self, initial_reached: bool) -> u32 {
        let min = if self.reachable { self.min } else { 0 };
        min.max(if initial_reached { 1 } else { self.initial })
    }

    /// From what the autoscaler wants (below 0 = not known) to what is written.
    pub fn scale(&self, desired: i64, found: &Status) -> Scaled {
        if desired < 0 && found.active != Active::Activating {
            return Scaled { want: desired, write: None, to_zero: None };
        }
        let count = self.bounded(desired, found.initial_reached);
        if count > 0 {
            return Scaled { want: i64::from(count), write: Some(count), to_zero: None };
        }
        let to_zero = self.to_zero(found);
        let write = to_zero.writes();
        let unwritten = if matches!(to_zero, ToZero::Activating(_)) { -1 } else { 0 };
        let want = write.map_or(unwritten, i64::from);
        Scaled { want, write, to_zero: Some(to_zero) }
    }

    fn to_zero(self, found: &Status) -> ToZero {
        let left = |of: Span| Span(of.0.saturating_sub(found.lasted.0));
        match found.active {
            _ if !self.scale_to_zero => ToZero::Off,
            Active::Activating if found.lasted > self.activation_timeout => ToZero::GivenUp,
            Active::Activating => ToZero::Activating(left(self.activation_timeout)),
            Active::Yes if found.lasted >= self.stable_window => {
                ToZero::MarkedInactive(found.proxying.map(|_| AGAIN))
            }
            Active::Yes => ToZero::ActiveTooShort(left(self.stable_window)),
            Active::No if self.probes && !found.probe => ToZero::Unconfirmed,
            Active::No => {
                let retention = if self.reachable { self.retention } else { Span::ZERO };
                if found.lasted >= self.grace.max(retention) {
                    return ToZero::Done;
                }
                if found.lasted < retention {
                    return ToZero::Retained(left(retention));
                }
                let proxying = found.proxying.unwrap_or_default();
                match self.grace.0.checked_sub(proxying.0) {
                    None | Some(0) => ToZero::Done,
                    Some(rest) => ToZero::Grace(Span(rest)),
                }
            }
        }
    }
}

/// A revision's conditions, from reconcile to reconcile.
#[derive(Debug, Clone, PartialEq)]
pub struct Conditions {
    /// The condition `Active`.
    pub active: Active,
    /// Since when.
    pub since: Time,
    /// Whether the initial scale was reached once.
    pub initial_reached: bool,
    /// Since when the activator has been in the path; `None` = it is not.
    pub proxy_since: Option<Time>,
}

impl Conditions {
    /// Of a revision that is taken over with so many pods, of which so many are ready.
    pub fn taken_over(rules: &Rules, at: Time, pods: u32, ready: u32, excess: f64) -> Self {
        let reached = pods == 0 || ready >= rules.threshold(false);
        let active = match (pods, reached) {
            (0, _) => Active::No,
            (_, true) => Active::Yes,
            (_, false) => Active::Activating,
        };
        let serves = pods > 0 && excess >= 0.0;
        let proxy_since = (!serves).then_some(at);
        Self { active, since: at, initial_reached: reached, proxy_since }
    }

    /// Reconciles: what is written for what the autoscaler wants, and what that makes of the conditions.
    pub fn reconcile(
        &mut self,
        rules: &Rules,
        now: Time,
        desired: i64,
        ready: u32,
        excess: f64,
    ) -> Scaled {
        let found = Status {
            active: self.active,
            lasted: now.since(self.since),
            initial_reached: self.initial_reached,
            proxying: self.proxy_since.map(|since| now.since(since)),
            // In the path it answers the probe.
            probe: self.proxy_since.is_some(),
        };
        let scaled = rules.scale(desired, &found);
        self.proxy_since = match scaled.want > 0 && excess >= 0.0 {
            true => None,
            false => self.proxy_since.or(Some(now)),
        };
        self.become_active(rules, now, scaled.want, ready);
        scaled
    }

    /// `computeActiveCondition`.
    fn become_active(&mut self, rules: &Rules, now: Time, want: i64, ready: u32) {
        let threshold = rules.threshold(self.initial_reached);
        let enough = ready >= threshold;
        self.initial_reached |= enough;
        let active = match enough {
            _ if want == 0 || threshold == 0 => Active::No,
            // What is inactive stays so until something is wanted.
            _ if want < 0 && self.active == Active::No => Active::No,
            true => Active::Yes,
            false => Active::Activating,
        };
        if active != self.active {
            (self.active, self.since) = (active, now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The defaults of Knative.
    const DEFAULTS: Rules = Rules {
        scale_to_zero: true,
        min: 0,
        max: 0,
        initial: 1,
        stable_window: seconds(60),
        grace: seconds(30),
        retention: Span::ZERO,
        activation_timeout: seconds(630),
        reachable: true,
        probes: true,
    };

    const fn seconds(count: u64) -> Span {
        Span::from_secs(count)
    }

    /// A revision that was like this for so long, in the path of an activator for so long.
    fn status(active: Active, lasted: u64, proxying: Option<u64>) -> Status {
        let proxying = proxying.map(seconds);
        let lasted = seconds(lasted);
        Status { active, lasted, initial_reached: true, proxying, probe: true }
    }

    /// Section 5, step 5: | rules | found | written | what became of the zero |
    #[test]
    fn zero_is_written_after_a_stable_window_and_the_grace() {
        let kept = Rules { retention: seconds(50), ..DEFAULTS };
        let unreachable = Rules { reachable: false, ..kept };
        let off = Rules { scale_to_zero: false, ..DEFAULTS };
        let always = Rules { probes: false, ..DEFAULTS };
        let unconfirmed = Status { probe: false, ..status(Active::No, 99, Some(99)) };
        for (rules, found, write, to_zero) in [
            (off, status(Active::No, 99, Some(99)), Some(1), ToZero::Off),
            (DEFAULTS, status(Active::Yes, 59, None), Some(1), ToZero::ActiveTooShort(seconds(1))),
            (DEFAULTS, status(Active::Yes, 60, None), None, ToZero::MarkedInactive(None)),
            (DEFAULTS, status(Active::Yes, 60, Some(9)), None, ToZero::MarkedInactive(Some(AGAIN))),
            (DEFAULTS, status(Active::No, 2, Some(2)), None, ToZero::Grace(seconds(28))),
            (DEFAULTS, status(Active::No, 2, Some(30)), Some(0), ToZero::Done),
            (DEFAULTS, status(Active::No, 30, Some(2)), Some(0), ToZero::Done),
            (kept, status(Active::No, 40, Some(90)), None, ToZero::Retained(seconds(10))),
            (kept, status(Active::No, 50, None), Some(0), ToZero::Done),
            (unreachable, status(Active::No, 40, None), Some(0), ToZero::Done),
            (DEFAULTS, unconfirmed, None, ToZero::Unconfirmed),
            (always, unconfirmed, Some(0), ToZero::Done),
            (DEFAULTS, status(Active::Activating, 630, None), None, ToZero::Activating(Span::ZERO)),
            (DEFAULTS, status(Active::Activating, 631, None), Some(0), ToZero::GivenUp),
        ] {
            let scaled = rules.scale(0, &found);
            assert_eq!((scaled.write, scaled.to_zero), (write, Some(to_zero)), "{found:?}");
        }
    }

    /// Section 5, steps 1 and 2: | desired (-1 = not known) | active | initial reached | written |
    #[test]
    fn bounds_and_the_initial_scale_come_first() {
        let rules = Rules { min: 2, max: 6, initial: 4, ..DEFAULTS };
        let lost = Rules { reachable: false, ..rules };
        for (rules, desired, active, initial_reached, write) in [
            (rules, -1, Active::Yes, true, None),
            (rules, -1, Active::Activating, false, Some(4)),
            (rules, 0, Active::Yes, true, Some(2)),
            (rules, 9, Active::Yes, true, Some(6)),
            (rules, 3, Active::Activating, false, Some(4)),
            (lost, 1, Active::Yes, false, Some(1)),
            (Rules { min: 0, initial: 1, ..rules }, -1, Active::Activating, false, None),
        ] {
            let found = Status { initial_reached, ..status(active, 0, None) };
            assert_eq!(rules.scale(desired, &found).write, write, "{desired} {active:?} {rules:?}");
        }
    }

    /// Section 9, examples e3 to e5: active from the start, nothing wanted from 90 s on, a reconcile every 2 s;
    /// the instants of the first mark and of the zero.
    #[test]
    fn the_way_to_zero_takes_what_the_activator_has_not_served_yet() {
        let kept = Rules { retention: seconds(75), ..DEFAULTS };
        for (rules, excess, inactive_at, zero_at) in
            [(DEFAULTS, -111.0, 90, 92), (DEFAULTS, 0.0, 90, 120), (kept, -111.0, 90, 166)]
        {
            let mut conditions = Conditions::taken_over(&rules, Time::ZERO, 1, 1, excess);
            let (mut marked, mut zero) = (None, None);
            for at in (2..200).step_by(2) {
                let desired = i64::from(at < 90);
                let now = Time::from_secs(at);
                let scaled = conditions.reconcile(&rules, now, desired, 1, excess);
                marked = marked.or((conditions.active == Active::No).then_some(at));
                zero = zero.or((scaled.write == Some(0)).then_some(at));
            }
            assert_eq!((marked, zero), (Some(inactive_at), Some(zero_at)), "{excess}");
        }
    }

    /// Section 9, example e10: held at the initial scale until it was ready once.
    #[test]
    fn it_is_activating_until_the_initial_scale_is_ready() {
        let rules = Rules { initial: 4, ..DEFAULTS };
        let mut conditions = Conditions::taken_over(&rules, Time::ZERO, 4, 0, -1.0);
        let mut states = Vec::new();
        for (number, ready) in (1..).zip([0, 0, 1, 2, 3, 3, 4, 4]) {
            let now = Time::from_secs(2 * number);
            let scaled = conditions.reconcile(&rules, now, 1, ready, -1.0);
            states.push((scaled.write.unwrap_or_default(), conditions.active));
        }
        let held = vec![(4, Active::Activating); 6];
        let after = [(4, Active::Yes), (1, Active::Yes)];
        assert_eq!(states, held.into_iter().chain(after).collect::<Vec<_>>());
    }

    /// Section 5, step 8, and section 6: | pods | ready | spare | condition | in the path |
    #[test]
    fn a_running_revision_is_taken_over_as_it_stands() {
        for (pods, ready, excess, active, proxies) in [
            (0, 0, 189.0, Active::No, true),
            (2, 1, -111.0, Active::Yes, true),
            (2, 0, 0.0, Active::Activating, false),
        ] {
            let found = Conditions::taken_over(&DEFAULTS, Time::ZERO, pods, ready, excess);
            assert_eq!((found.active, found.proxy_since.is_some()), (active, proxies), "{pods}");
        }
    }
}
