//! One replica's life, as one state machine.

use crate::units::Time;

/// Names a replica while it exists; numbers are reused after it is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ReplicaId(pub(super) u32);

impl ReplicaId {
    /// Its place in arrays kept beside the fleet.
    #[inline]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// Where a replica is in its life. What may happen to it, and where it is then:
///
/// | it is | ready, at its instant | ready, at another one | cancelled | drained, failed, reclaimed | gone |
/// |---|---|---|---|---|---|
/// | starting | ready | as it was | gone | - | - |
/// | ready | as it was | as it was | - | draining | - |
/// | draining | as it was | as it was | - | - | gone |
/// | gone | as it was | as it was | - | - | - |
///
/// An order begins a new life, under the number of a replica that is gone where there is one. What has a
/// dash is a mistake of the caller: it asserts, and changes nothing in a build without assertions. A replica
/// that fails or is idle for too long drains and is gone in one instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Ordered, not yet able to serve; an order that waits for the launch rate is here too.
    Starting {
        /// When it will be ready.
        ready_at: Time,
    },
    /// Takes requests.
    Ready {
        /// Since when.
        since: Time,
    },
    /// Takes no new requests, finishes those it has, unless it fails.
    Draining {
        /// Since when it was ready.
        ready_since: Time,
    },
    /// Does not exist.
    Gone,
}

/// One replica.
#[derive(Debug, Clone, Copy)]
pub(super) struct Replica {
    /// Number in the order of launches; the initial fleet comes first.
    pub(super) ordinal: u64,
    /// Start of the launch: the order, or when the launch rate let it go.
    pub(super) launched_at: Time,
    pub(super) state: State,
    /// When it fails, once it was ready; [`Time::NEVER`] = not by itself.
    pub(super) fails_at: Time,
}
