//! What the engine does and when: control events in order of time, then of rank.

use crate::fleet::ReplicaId;
use crate::units::Time;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Events of the control plane. The order of declaration is the order at one instant (rule 1): the world
/// first, then those who look at it, then those who change it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Event {
    /// A draining replica is gone.
    Gone(ReplicaId),
    /// A starting replica is ready; the launch ordinal orders equals.
    Ready(u64, ReplicaId),
    /// The measured window opens or closes, or a timeline interval ends.
    Measure(Measure),
    /// A ready replica fails; the launch ordinal orders equals and tells whether it is still that one.
    Fail(u64, ReplicaId),
    /// The outage of this number begins.
    Outage(u32),
    /// A rollout begins or goes on.
    Rollout(RolloutStep),
    /// A signal of the service's autoscaler is scraped.
    Scrape(u32),
    /// The autoscaler is asked.
    Control(Control),
    /// A decision takes effect.
    Actuate(u32),
}

/// What a rollout does at an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum RolloutStep {
    /// The one of this number begins.
    Begin(u32),
    /// Replicas are ready: the next batch may be due.
    Continue,
}

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Measure {
    /// A timeline interval ends.
    Interval,
    /// Warm-up is over.
    Open,
    /// Arrivals stop.
    Close,
}

/// Why the autoscaler is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Control {
    /// Its interval has passed.
    Periodic,
    /// It asked for this instant.
    Wakeup,
}

impl Event {
    /// True for what happens before requests give up at an instant.
    pub(super) const fn changes_world(&self) -> bool {
        matches!(self, Self::Gone(_) | Self::Ready(..))
    }

    fn rank(&self) -> u8 {
        match self {
            Self::Gone(_) => 0,
            Self::Ready(..) => 1,
            Self::Measure(_) => 2,
            Self::Fail(..) => 3,
            Self::Outage(_) => 4,
            Self::Rollout(_) => 5,
            Self::Scrape(_) => 6,
            Self::Control(_) => 7,
            Self::Actuate(_) => 8,
        }
    }
}

/// An event with its instant and its service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Entry {
    pub(super) at: Time,
    /// All services pass one rank before any begins the next.
    rank: u8,
    pub(super) service: u32,
    /// Launch ordinal of those that fail or are ready; all others in the order in which they were added.
    order: u64,
    sequence: u64,
    pub(super) event: Event,
}

/// The events to come.
#[derive(Debug, Default)]
pub(super) struct Calendar {
    entries: BinaryHeap<Reverse<Entry>>,
    sequence: u64,
}

impl Calendar {
    /// Adds an event; those at [`Time::NEVER`] never happen.
    pub(super) fn add(&mut self, at: Time, service: u32, event: Event) {
        if at != Time::NEVER {
            let (rank, sequence) = (event.rank(), self.sequence);
            self.sequence += 1;
            let order = match event {
                Event::Fail(ordinal, _) | Event::Ready(ordinal, _) => ordinal,
                _ => 0,
            };
            self.entries.push(Reverse(Entry { at, rank, service, order, sequence, event }));
        }
    }
    /// The instant of the next event.
    pub(super) fn next_at(&self) -> Option<Time> {
        self.entries.peek().map(|entry| entry.0.at)
    }
    /// The next event, if it is due at `now` and wanted.
    pub(super) fn pop(&mut self, now: Time, wanted: impl Fn(&Event) -> bool) -> Option<Entry> {
        let next = &self.entries.peek()?.0;
        if next.at == now && wanted(&next.event) {
            self.entries.pop().map(|entry| entry.0)
        } else {
            None
        }
    }
}
