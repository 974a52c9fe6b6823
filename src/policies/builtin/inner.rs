//! Policies inside a policy: each sees its own signals and decides at its own cadence.

use autosim_engine::control::{Autoscaler, Cadence, Decision, Observation, Policy, SignalRef, Why};
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
            cadence: Cadence::every(Span::ZERO),
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
        self.cadence.interval = self.cadence.interval.common_step(cadence.interval);
        self.cadence.random_phase |= cadence.random_phase;
        self.actuation_delay = self.actuation_delay.max(actuation_delay);
    }
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
                return seen.hold();
            };
            let why = Why::Note("as at its last control");
            return seen.propose(desired, why).with_uncapped(uncapped);
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
        seen.with_readings(readings)
    }

    fn remember(&mut self, decision: Decision) -> Decision {
        self.last = Some((decision.desired, decision.uncapped));
        decision
    }
}

#[cfg(test)]
mod tests {
    use crate::builtin::tape::{Tape, reason};

    #[test]
    fn between_its_controls_its_last_answer_counts() {
        let _shown = autosim_engine::marks::expect(["as at its last control"]);
        let inner = "metric = \"cpu\"\nmax = 9\nrules = [{ when = \"> 70%\", change = \"+1\" }]";
        let text = format!(
            "[combine.policies.slow.threshold]\ninterval = \"60s\"\n{inner}\n\
             [combine.policies.quick.threshold]\ninterval = \"20s\"\n{inner}"
        );
        let mut tape = Tape::new(&text, 1);
        assert_eq!(tape.at(60, &[Some(80.0), Some(0.0)]).desired, 2);
        let between = tape.at(80, &[Some(80.0), Some(0.0)]);
        assert_eq!(between.desired, 2);
        assert_eq!(reason(&between), "recommend: as at its last control");
    }
}
