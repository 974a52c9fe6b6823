//! What a service writes down of its policy's decisions.

use super::{DecisionLog, Service};
use crate::control::Decision;
use crate::signal::Census;
use crate::simulation::outcome::DecisionRecord;
use crate::units::Time;

impl Service {
    pub(super) fn note_decision(
        &mut self,
        now: Time,
        census: Census,
        decision: Decision,
        activation: bool,
    ) {
        self.uncapped = decision.uncapped;
        let capped = decision.uncapped > decision.desired;
        self.note_capped(now, capped);
        let reason = (decision.reason().stage, decision.desired);
        let changed = decision.desired != self.desired || self.last_reason != Some(reason);
        self.last_reason = Some(reason);
        if let Some(last) = self.decisions.last_mut() {
            last.until.get_or_insert(now);
        }
        let keep = match self.log {
            DecisionLog::Off => false,
            DecisionLog::Changes => changed,
            DecisionLog::All | DecisionLog::Newest => true,
        };
        if !keep || now >= self.window.end {
            return;
        }
        let mut record = DecisionRecord {
            at: now,
            census,
            before: self.desired,
            decision,
            readings: self.readings.clone(),
            activation,
            without: Vec::new(),
            until: None,
        };
        if self.log == DecisionLog::Newest {
            self.decisions.clear();
        } else if let Some(hindsight) = &self.hindsight {
            record.without = hindsight.without_guards(now, &decision);
        }
        self.decisions.push(record);
    }

    /// Of the newest decision it is worked out only now what its guards were worth.
    pub(super) fn note_hindsight(&mut self) {
        if self.log == DecisionLog::Newest
            && let (Some(hindsight), Some(last)) = (&self.hindsight, self.decisions.last_mut())
        {
            last.without = hindsight.without_guards(last.at, &last.decision);
        }
    }

    pub(super) fn note_capped(&mut self, now: Time, capped: bool) {
        if let Some(since) = self.capped_since.take() {
            let (from, to) = (since.max(self.window.warmup), now.min(self.window.end));
            self.totals.capped_ns += u128::from(to.since(from).0);
        }
        self.capped_since = capped.then_some(now);
    }

    /// A count takes effect: whether that is an action, and in which direction (rule 11).
    pub(super) fn note_action(&mut self, now: Time, desired: u32) {
        let direction = match desired.cmp(&self.desired) {
            std::cmp::Ordering::Equal => return,
            std::cmp::Ordering::Greater => 1,
            std::cmp::Ordering::Less => -1,
        };
        if now >= self.window.warmup && now < self.window.end {
            self.totals.scale_outs += u64::from(direction > 0);
            self.totals.scale_ins += u64::from(direction < 0);
            self.totals.reversals += u64::from(direction == -self.last_direction);
        }
        self.last_direction = direction;
    }
}
