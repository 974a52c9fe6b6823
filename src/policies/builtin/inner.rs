//! Policies inside a policy: each sees its own signals and decides at its own cadence.

use autosim_engine::control::{Autoscaler, Cadence, Decision, Policy, SignalRef, Why};
use autosim_engine::signal::Observation;
use autosim_engine::units::{Span, Time};

/// A policy inside another.
#[derive(Clone)]
pub(super) struct Inner {
    policy: Box<dyn Policy>,
    /// Its place among the readings.
    first: usize,
    count: usize,
    interval: Span,
    next: Time,
    wakeups: std::iter::Peekable<std::vec::IntoIter<Time>>,
    /// What it wanted last: desired and uncapped.
    last: Option<(u32, u32)>,
}

/// What several policies need together, to be asked as one.
pub(super) struct Together {
    pub(super) inners: Vec<Inner>,
    pub(super) signals: Vec<SignalRef>,
    /// The greatest common divisor of their intervals.
    pub(super) cadence: Cadence,
    /// The longest of theirs.
    pub(super) actuation_delay: Span,
    pub(super) wakeups: Vec<Time>,
}

impl Together {
    /// Joins `autoscalers`; at least one.
    pub(super) fn of(autoscalers: impl IntoIterator<Item = Autoscaler>) -> Self {
        let mut together = Self {
            inners: Vec::new(),
            signals: Vec::new(),
            cadence: Cadence { interval: Span::ZERO, random_phase: false },
            actuation_delay: Span::ZERO,
            wakeups: Vec::new(),
        };
        for autoscaler in autoscalers {
            together.add(autoscaler);
        }
        together.wakeups.sort_unstable();
        together.wakeups.dedup();
        together
    }

    fn add(&mut self, autoscaler: Autoscaler) {
        let Autoscaler { policy, signals, cadence, actuation_delay, wakeups } = autoscaler;
        self.wakeups.extend(&wakeups);
        self.inners.push(Inner {
            policy,
            first: self.signals.len(),
            count: signals.len(),
            interval: cadence.interval,
            next: Time::ZERO.after(cadence.interval),
            wakeups: wakeups.into_iter().peekable(),
            last: None,
        });
        self.signals.extend(signals);
        self.cadence.interval = common_step(self.cadence.interval, cadence.interval);
        self.cadence.random_phase |= cadence.random_phase;
        self.actuation_delay = self.actuation_delay.max(actuation_delay);
    }
}

/// The greatest common divisor of two intervals; zero counts as none.
pub(super) fn common_step(a: Span, b: Span) -> Span {
    let (mut a, mut b) = (a.0, b.0);
    while b > 0 {
        (a, b) = (b, a % b);
    }
    Span(a)
}

impl Inner {
    /// Its decision if its control is due, else its last one once more.
    pub(super) fn observe(&mut self, seen: &Observation<'_>) -> Decision {
        let mut woken = false;
        while self.wakeups.next_if(|&at| at <= seen.now).is_some() {
            woken = true;
        }
        if seen.now < self.next && !woken {
            let Some((desired, uncapped)) = self.last else {
                return Decision::hold(seen.desired);
            };
            let why = Why::Note("as at its last control");
            return Decision { uncapped, ..Decision::propose(seen.desired, desired, why) };
        }
        if seen.now >= self.next {
            self.next = seen.now.after(self.interval);
        }
        let decision = self.policy.observe(&self.own(seen));
        self.remember(decision)
    }

    /// Its decision at the first request at zero replicas.
    pub(super) fn activate(&mut self, seen: &Observation<'_>) -> Decision {
        let decision = self.policy.activate(&self.own(seen));
        self.remember(decision)
    }

    fn own<'a>(&self, seen: &Observation<'a>) -> Observation<'a> {
        let readings = seen.readings.get(self.first..self.first + self.count).unwrap_or(&[]);
        Observation { readings, ..*seen }
    }

    fn remember(&mut self, decision: Decision) -> Decision {
        self.last = Some((decision.desired, decision.uncapped));
        decision
    }
}
