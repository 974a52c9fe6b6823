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

/// Where a replica is in its life:
///
/// ```text
/// Starting -> Ready -> Draining -> Gone
///     |         \________________/ ^
///     \____________________________|   (cancelled; idle, failed or killed at once)
/// ```
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
