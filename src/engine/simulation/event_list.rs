//! What the simulation does and when: events in order of time, then of rank.

use crate::fleet::{FULL_SPEED, Rank, ReplicaId, Slowdown};
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
    /// A slowdown begins or ends: from now on work and CPU go on like this.
    Pace(Pace),
    /// Replicas request another amount of CPU: the resize of this number.
    Resize(u32),
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
    Actuate(Order),
    /// Somebody else sets this count.
    Intervene(u32),
}

/// What a decision came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Order {
    /// The desired count.
    pub(super) replicas: u32,
    /// Whether a proxy is in the path of requests.
    pub(super) in_path: bool,
}

/// What a rollout does at an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RolloutStep {
    /// The one of this number begins.
    Begin(u32),
    /// Replicas are ready: the next batch may be due.
    Continue,
}

/// How work goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pace {
    /// Of a request in service, in units of 2^-32 of full speed.
    pub(super) speed: u64,
    /// CPU of a busy slot, in units of 2^-32 of what it uses at full speed.
    cpu: u64,
    /// That of every so manieth replica in order of launch; 1 = of all.
    every: u32,
}

impl Pace {
    /// Outside of slowdowns.
    pub(super) const USUAL: Self = Self { speed: FULL_SPEED, cpu: FULL_SPEED, every: 1 };

    /// While that one lasts.
    pub(super) fn during(slowdown: &Slowdown) -> Self {
        let cpu = (FULL_SPEED as f64 * slowdown.cpu).round() as u64;
        Self { speed: slowdown.speed(), cpu, every: slowdown.every }
    }

    /// CPU of a busy slot of the replica of that launch ordinal.
    pub(super) const fn cpu_of(&self, ordinal: u64) -> u64 {
        if (ordinal + 1).is_multiple_of(self.every as u64) { self.cpu } else { FULL_SPEED }
    }
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
            Self::Pace(_) => Rank::PaceChanged,
            Self::Resize(_) => Rank::Resized,
            Self::Fail(..) => Rank::Failed,
            Self::Outage(_) => Rank::OutageBegan,
            Self::Rollout(_) => Rank::Rolled,
            Self::Scrape(_) => Rank::Scraped,
            Self::Control(_) => Rank::Controlled,
            Self::Actuate(_) => Rank::Actuated,
            Self::Intervene(_) => Rank::Overruled,
        }
    }

    /// Launch ordinal of replicas that fail or are ready; all others come as they were added.
    const fn ordinal(&self) -> u64 {
        match self {
            Self::Fail(ordinal, _) | Self::Ready(ordinal, _) => *ordinal,
            Self::Gone(_)
            | Self::Measure(_)
            | Self::Pace(_)
            | Self::Resize(_)
            | Self::Outage(_)
            | Self::Rollout(_)
            | Self::Scrape(_)
            | Self::Control(_)
            | Self::Actuate(_)
            | Self::Intervene(_) => 0,
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
