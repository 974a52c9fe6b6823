//! The decisions of a policy that are kept.

use super::hindsight::Hindsight;
use crate::control::{Decision, Observation, Policy, Stage};
use crate::marks;
use crate::simulation::facts::RunFacts;
use crate::simulation::outcome::{AskedBy, DecisionRecord};
use crate::simulation::setup::DecisionLog;
use crate::units::Time;

/// Keeps those that were asked for.
pub(super) struct Log {
    keep: DecisionLog,
    end: Time,
    records: Vec<DecisionRecord>,
    left_out: u64,
    last_reason: Option<(Stage, u32)>,
    /// A copy of the policy, where decisions are kept.
    hindsight: Option<Hindsight>,
}

impl Log {
    pub(super) fn new(policy: &dyn Policy, run: &RunFacts) -> Self {
        Self {
            keep: run.log,
            end: run.window.end,
            records: Vec::new(),
            left_out: 0,
            last_reason: None,
            hindsight: (run.log != DecisionLog::Off).then(|| Hindsight::of(policy)),
        }
    }

    /// The policy is asked this now.
    pub(super) fn asked(&mut self, seen: &Observation<'_>, activation: bool) {
        if let Some(hindsight) = &mut self.hindsight {
            hindsight.asked(seen, activation);
        }
    }

    /// And this is its answer.
    pub(super) fn decided(&mut self, seen: &Observation<'_>, decision: Decision, by: AskedBy) {
        let reason = (decision.reason().stage, decision.desired);
        let changed = decision.desired != seen.desired || self.last_reason != Some(reason);
        self.last_reason = Some(reason);
        if let Some(last) = self.records.last_mut() {
            last.until.get_or_insert(seen.now);
        }
        let keep = match self.keep {
            DecisionLog::Off => false,
            DecisionLog::Changes => changed,
            DecisionLog::All | DecisionLog::Newest => true,
        };
        if !keep || seen.now >= self.end {
            return;
        }
        if self.keep == DecisionLog::Changes && self.records.len() >= DecisionRecord::MOST_CHANGES {
            marks::hit("no room for a change", "");
            self.left_out += 1;
            return;
        }
        let mut record = DecisionRecord {
            at: seen.now,
            census: seen.census,
            before: seen.desired,
            decision,
            readings: seen.readings.to_vec(),
            asked_by: by,
            without: Vec::new(),
            until: None,
        };
        if self.keep == DecisionLog::Newest {
            self.records.clear();
        } else if let Some(hindsight) = &self.hindsight {
            record.without = hindsight.without_guards(seen.now, &decision);
        }
        self.records.push(record);
    }

    /// What was kept, and how many changes were not. Of the newest decision it is worked out only now what its guards were worth.
    pub(super) fn finish(&mut self) -> (Vec<DecisionRecord>, u64) {
        if self.keep == DecisionLog::Newest
            && let (Some(hindsight), Some(last)) = (&self.hindsight, self.records.last_mut())
        {
            last.without = hindsight.without_guards(last.at, &last.decision);
        }
        (std::mem::take(&mut self.records), self.left_out)
    }
}
