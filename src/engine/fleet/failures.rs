//! How replicas in service fail: by themselves after a drawn life, or several at once in an outage
//! (rules 32, 33, 34, 35).

use super::launches::launch_number;
use super::{Fleet, Portion, ReplicaId, State};
use crate::random::{Purpose, Sampler};
use crate::units::{Span, Time};
use rand::Rng as _;

/// What may befall replicas that are ready or draining. One that fails is gone at that instant, and with
/// it what it held.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FailureSpec {
    /// From ready to failure, drawn per launch and for each replica of the initial fleet; at least a
    /// nanosecond. `None` = none fails by itself.
    pub lifetime: Option<Sampler>,
    /// Several fail at once.
    pub outages: Vec<Outage>,
    /// What becomes of the requests of a failed replica.
    pub work: FailedWork,
    /// What takes its place.
    pub restart: Restart,
}

/// What becomes of the requests that a failed replica held, in service or waiting there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FailedWork {
    /// They are lost.
    #[default]
    Lost,
    /// They are put back at the head of the queue, in order of arrival, those that were in service first,
    /// to begin anew; where every replica has a queue they are routed anew.
    Requeued,
}

/// What takes the place of a failed replica.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Restart {
    /// Another one is launched at once, as long as fewer are live than were ordered.
    #[default]
    Replaced,
    /// Nothing until the policy's next order.
    Left,
}

/// Several replicas fail at an instant, as when a zone is lost or spot capacity is reclaimed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Outage {
    /// The instant at which they fail.
    pub at: Time,
    /// How many of the ready replicas; which ones is drawn.
    pub kill: Portion,
    /// They are told so long before: from `at` on they drain, and those still there after the notice, or
    /// after their grace if that is shorter, fail. Zero = no notice.
    pub notice: Span,
}

impl FailureSpec {
    /// Whether any replica may fail.
    pub fn any(&self) -> bool {
        self.lifetime.is_some() || !self.outages.is_empty()
    }
}

impl Fleet {
    /// When the replica of that ordinal fails that is ready from `now` on: the same for every policy
    /// (rules 2, 12, 32).
    pub(super) fn failure_at(&self, now: Time, ordinal: u64) -> Time {
        let Some(law) = &self.spec().failures.lifetime else { return Time::NEVER };
        let (launched, number) = self.launch_of(ordinal);
        let mut rng = self.streams().keyed(Purpose::Lifetime, launched, number);
        now.after(law.draw(&mut rng).max(Span(1)))
    }

    /// 0 for the initial fleet, 1 for what was launched, and its number there.
    pub(super) fn launch_of(&self, ordinal: u64) -> (u32, u64) {
        match launch_number(self.spec().initial, ordinal) {
            Some(launch) => (1, launch),
            None => (0, ordinal),
        }
    }

    /// The ready replicas that the outage of this number takes, in launch order. Each replica draws for
    /// itself, so that the n-th launch meets the same luck under every policy (rules 2, 35).
    pub fn outage_victims(&self, number: u32) -> Vec<ReplicaId> {
        let mut ready = self.ready();
        let Some(outage) = self.spec().failures.outages.get(number as usize) else {
            return Vec::new();
        };
        let count = outage.kill.of(ready.len() as u32);
        ready.sort_by_cached_key(|&id| {
            let (launched, launch) = self.launch_of(self.ordinal(id));
            let source = number << 1 | launched;
            self.streams().keyed(Purpose::Outage, source, launch).next_u64()
        });
        ready.truncate(count as usize);
        ready.sort_by_key(|&id| self.ordinal(id));
        ready
    }

    /// Whether the replica of that ordinal is still ready under this id.
    pub fn is_ready(&self, id: ReplicaId, ordinal: u64) -> bool {
        self.ordinal(id) == ordinal && matches!(self.state(id), State::Ready { .. })
    }

    /// A ready replica fails; what it held is settled next, then it is gone.
    pub fn fail(&mut self, now: Time, id: ReplicaId) {
        self.count_failure();
        self.drain(now, id);
    }

    /// A ready replica is told that it will fail after `notice`. It takes no new requests; returns when
    /// it will be killed.
    pub fn reclaim(&mut self, now: Time, id: ReplicaId, notice: Span) -> Time {
        self.count_failure();
        self.bring_failure_forward(id, now.after(notice));
        self.drain(now, id)
    }
}
