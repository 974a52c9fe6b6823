//! Where each replica has a queue of its own: which one a request goes to (rule 4).

use crate::fleet::dispatch::routing::{Router, Seen};
use crate::fleet::{ReplicaId, RoutingRule};

/// Requests present at a replica, at any time since the last change.
#[derive(Debug, Clone, Copy)]
pub(super) struct Present(pub(super) u32);

impl Seen<()> for Present {
    #[inline(always)]
    fn present(&mut self, _: u64, (): &mut ()) -> u32 {
        self.0
    }
    /// Nobody leaves unless the plane says so.
    fn look(&mut self, _: u64, (): &mut ()) -> (u32, u64) {
        (self.0, u64::MAX)
    }
}

/// What is present does not depend on the instant.
const ANY: u64 = 0;

/// The ready replicas, and how many requests are present at each.
#[derive(Debug, Clone)]
pub(super) struct Routed {
    router: Router,
    present: Vec<Present>,
}

impl Routed {
    /// Without replicas.
    pub(super) fn new(rule: RoutingRule) -> Self {
        Self { router: Router::new(rule), present: Vec::new() }
    }

    /// Whether it needs a random draw per request.
    pub(super) fn draws(&self) -> bool {
        self.router.rule.draws()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.present.is_empty()
    }

    /// The replica for a request with this draw; `None` if none is ready.
    pub(super) fn choose(&mut self, draw: u64) -> Option<ReplicaId> {
        if self.is_empty() {
            return None;
        }
        let at = match self.router.rule {
            RoutingRule::LeastOutstanding => self.fewest(draw),
            rule @ (RoutingRule::Random
            | RoutingRule::RoundRobin
            | RoutingRule::PowerOfTwo
            | RoutingRule::PowerOfTwoWithReplacement) => {
                self.router.choose(rule, &mut self.present, ANY, draw, &mut ())
            }
        };
        Some(self.router.id(at))
    }

    /// Not inlined, for the sake of the other rules.
    #[inline(never)]
    fn fewest(&mut self, draw: u64) -> usize {
        self.router.choose(RoutingRule::LeastOutstanding, &mut self.present, ANY, draw, &mut ())
    }

    #[inline]
    pub(super) fn set_present(&mut self, id: ReplicaId, present: u32) {
        if let Some(at) = self.router.place(id) {
            self.present[at] = Present(present);
            self.router.note_present(at, present);
        }
    }

    pub(super) fn add(&mut self, id: ReplicaId, ordinal: u64) {
        let at = self.router.add(id, ordinal);
        self.present.insert(at, Present(0));
    }

    pub(super) fn remove(&mut self, id: ReplicaId) {
        if let Some((at, _)) = self.router.remove(id) {
            self.present.remove(at);
        }
    }
}
