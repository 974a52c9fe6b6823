//! Launches kept one by one: who ordered each, what its cold start was made of, how it ended.

use super::replica::ReplicaId;
use crate::units::{Span, Time};

/// The most launches kept of a service, the first ones: a fleet that scales per request may see millions.
pub const MOST_LAUNCHES: usize = 10_000;

/// Who ordered a replica.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrderedBy {
    /// The decision of that instant; the order came an actuation delay later.
    Decision(Time),
    /// A rollout, in place of an old replica.
    Rollout,
    /// A failure, in place of the replica that failed.
    Failure,
    /// A request that found no idle slot, where requests scale the fleet.
    Request,
}

/// The number of the launch of that ordinal, from 0; `None` = of the `initial` replicas, which come first.
pub(super) fn launch_number(initial: u32, ordinal: u64) -> Option<u64> {
    ordinal.checked_sub(u64::from(initial))
}

/// One replica from its order to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Launch {
    /// Its place in the order of launches, from 0; the n-th draws the n-th cold start. One that was
    /// cancelled before the launch rate let it go leaves its number to the next.
    pub number: u64,
    /// Who ordered it.
    pub by: OrderedBy,
    /// When it was ordered.
    pub ordered_at: Time,
    /// When its cold start began: the order, or when the launch rate let it go.
    pub launched_at: Time,
    /// The stages of its cold start as drawn, in order.
    pub stages: Vec<(&'static str, Span)>,
    /// When it was ready; `None` if it was cancelled before, or the run ended before.
    pub ready_at: Option<Time>,
    /// When it was gone; `None` if it outlived the run.
    pub gone_at: Option<Time>,
}

impl Launch {
    /// When it was cancelled before it was ready.
    pub fn cancelled_at(&self) -> Option<Time> {
        self.gone_at.filter(|_| self.ready_at.is_none())
    }
}

/// The launches of a service.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Launches {
    /// The first [`MOST_LAUNCHES`], in order of their orders.
    pub kept: Vec<Launch>,
    /// How many more there were.
    pub left_out: u64,
}

/// Launches while they happen.
#[derive(Debug, Clone, Default)]
pub(super) struct LaunchBook {
    launches: Launches,
    /// By replica: the place of its launch, while it is kept and the replica exists.
    places: Vec<Option<usize>>,
}

impl LaunchBook {
    /// Whether there is no room for another.
    pub(super) fn is_full(&self) -> bool {
        self.launches.kept.len() >= MOST_LAUNCHES
    }
    /// One more that is not kept.
    pub(super) fn leave_out(&mut self) {
        self.launches.left_out += 1;
    }
    pub(super) fn add(&mut self, id: ReplicaId, launch: Launch) {
        if self.places.len() <= id.index() {
            self.places.resize(id.index() + 1, None);
        }
        self.places[id.index()] = Some(self.launches.kept.len());
        self.launches.kept.push(launch);
    }
    pub(super) fn ready(&mut self, now: Time, id: ReplicaId) {
        if let Some(place) = self.places.get(id.index()).copied().flatten() {
            self.launches.kept[place].ready_at = Some(now);
        }
    }
    pub(super) fn gone(&mut self, now: Time, id: ReplicaId) {
        if let Some(place) = self.places.get_mut(id.index()).and_then(Option::take) {
            self.launches.kept[place].gone_at = Some(now);
        }
    }
    pub(super) fn close(self) -> Launches {
        self.launches
    }
}
