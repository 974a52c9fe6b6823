//! What was done to the desired count and when, told by comparing it from one control to the next: so
//! an action that another policy, a bound or the platform prevented is not counted as one.

use autosim_engine::units::{Span, Time};
use std::collections::VecDeque;

/// One change of the desired count in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change {
    /// The control that decided it.
    pub at: Time,
    /// Before.
    pub from: u32,
    /// After.
    pub to: u32,
}

/// The changes of the last `keep`, and the last one of all.
#[derive(Debug, Clone, Default)]
pub struct Changes {
    keep: Span,
    noted: Option<(Time, u32)>,
    recent: VecDeque<Change>,
    last: Option<Change>,
}

impl Changes {
    /// None yet; those of the last `keep` will be remembered.
    pub fn new(keep: Span) -> Self {
        Self { keep, ..Self::default() }
    }

    /// Takes note of the count in force; called first at every control and activation. A difference is
    /// dated back to the call before, which is the one that decided it.
    pub fn note(&mut self, now: Time, desired: u32) {
        if let Some((at, from)) = self.noted
            && from != desired
        {
            let change = Change { at, from, to: desired };
            self.last = Some(change);
            self.recent.push_back(change);
        }
        self.noted = Some((now, desired));
        while self.recent.front().is_some_and(|change| change.at.after(self.keep) <= now) {
            self.recent.pop_front();
        }
    }

    /// The last change there was.
    pub const fn last(&self) -> Option<Change> {
        self.last
    }

    /// Replicas added less replicas removed in `(now - period, now]`.
    pub fn net(&self, now: Time, period: Span) -> i64 {
        let within = self.recent.iter().filter(|change| change.at.after(period) > now);
        within.map(|change| i64::from(change.to) - i64::from(change.from)).sum()
    }
}
