//! What the simulation does and when: events in order of time, then of rank.

use crate::fleet::{Rank, ReplicaId};
use crate::units::Time;
use std::collections::BTreeMap;

/// Events of the control plane: the world first, then those who look at it, then those who change it.
/// Their order at one instant is that of their [`Rank`] (rule 1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RolloutStep {
    /// The one of this number begins.
    Begin(u32),
    /// Replicas are ready: the next batch may be due.
    Continue,
}

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Measure {
    /// A timeline interval ends.
    Interval,
    /// Warm-up is over.
    Open,
    /// Arrivals stop.
    Close,
}

/// Why the autoscaler is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Control {
    /// Its interval has passed.
    Periodic,
    /// It asked for this instant.
    Wakeup,
}

impl Event {
    /// When at its instant it happens.
    pub(super) const fn rank(&self) -> Rank {
        match self {
            Self::Gone(_) => Rank::Gone,
            Self::Ready(..) => Rank::Ready,
            Self::Measure(_) => Rank::Measured,
            Self::Fail(..) => Rank::Failed,
            Self::Outage(_) => Rank::OutageBegan,
            Self::Rollout(_) => Rank::Rolled,
            Self::Scrape(_) => Rank::Scraped,
            Self::Control(_) => Rank::Controlled,
            Self::Actuate(_) => Rank::Actuated,
        }
    }

    /// Launch ordinal of replicas that fail or are ready; all others come as they were added.
    const fn ordinal(&self) -> u64 {
        match self {
            Self::Fail(ordinal, _) | Self::Ready(ordinal, _) => *ordinal,
            Self::Gone(_)
            | Self::Measure(_)
            | Self::Outage(_)
            | Self::Rollout(_)
            | Self::Scrape(_)
            | Self::Control(_)
            | Self::Actuate(_) => 0,
        }
    }
}

/// What orders events; no two are equal: instant, rank, service (all services pass one rank before any begins
/// the next), launch ordinal, and the order in which they were added.
type Key = (Time, Rank, u32, u64, u64);

/// The events to come.
#[derive(Debug, Default)]
pub(super) struct EventList {
    events: BTreeMap<Key, Event>,
    added: u64,
}

impl EventList {
    /// Adds an event; those at [`Time::NEVER`] never happen.
    pub(super) fn add(&mut self, at: Time, service: u32, event: Event) {
        if at != Time::NEVER {
            self.events.insert((at, event.rank(), service, event.ordinal(), self.added), event);
            self.added += 1;
        }
    }

    /// The instant of the next event.
    pub(super) fn next_at(&self) -> Option<Time> {
        self.events.first_key_value().map(|(key, _)| key.0)
    }

    /// The next event and its service, if it is due at `now` and its rank is wanted.
    pub(super) fn pop(
        &mut self,
        now: Time,
        wanted: impl Fn(Rank) -> bool,
    ) -> Option<(usize, Event)> {
        let next = self.events.first_entry()?;
        let &(at, rank, service, ..) = next.key();
        (at == now && wanted(rank)).then(|| (service as usize, next.remove()))
    }
}
