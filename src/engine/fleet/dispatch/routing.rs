//! Which replica a request goes to, where each has a queue of its own (rule 4).

use super::fewest::Fewest;
use crate::fleet::{ReplicaId, RoutingRule};

/// A replica as a balancer sees it; `now` never decreases from call to call. What a look finds out on
/// the way is told to a `T`.
pub(super) trait Seen<T> {
    /// Requests in service and waiting once everything up to `now` has happened.
    fn present(&mut self, now: u64, told: &mut T) -> u32;
    /// Those present at `now`, and when the next of them leaves; `u64::MAX` without any.
    fn look(&mut self, now: u64, told: &mut T) -> (u32, u64);
}

/// The rule, what it remembers, and the ready replicas by place: in launch order. A plane keeps what it
/// knows of each replica in an array of the same order.
#[derive(Debug, Clone)]
pub(super) struct Router {
    pub(super) rule: RoutingRule,
    /// Launch ordinals of ready replicas, ascending.
    pub(super) ordinals: Vec<u64>,
    ids: Vec<ReplicaId>,
    /// Place of a replica, by its id; [`NOWHERE`] if it takes no requests.
    places: Vec<u32>,
    /// Round robin: the last to be chosen, refused since or not (rule 19), and the place of the next.
    last: Option<u64>,
    next: usize,
    fewest: Fewest,
}

const NOWHERE: u32 = u32::MAX;

impl Router {
    /// Without replicas.
    pub(super) fn new(rule: RoutingRule) -> Self {
        Self {
            rule,
            ordinals: Vec::new(),
            ids: Vec::new(),
            places: Vec::new(),
            last: None,
            next: 0,
            fewest: Fewest::new(),
        }
    }

    /// The place of the replica for a request at `now` with this draw (rule 4); some replica is ready. Hot
    /// loops hand over `rule` as a constant, so that each has its own code; it is the router's own rule.
    #[inline(always)]
    pub(super) fn choose<L: Seen<T>, T>(
        &mut self,
        rule: RoutingRule,
        lines: &mut [L],
        now: u64,
        draw: u64,
        told: &mut T,
    ) -> usize {
        match rule {
            RoutingRule::Random => scale(draw, lines.len()),
            RoutingRule::RoundRobin => {
                let at = if self.next >= lines.len() { 0 } else { self.next };
                self.next = at + 1;
                self.last = Some(self.ordinals[at]);
                at
            }
            RoutingRule::LeastOutstanding => self.fewest.choose(lines, now, draw, told),
            RoutingRule::PowerOfTwo => better_of_two(lines, now, draw, told),
            RoutingRule::PowerOfTwoWithReplacement => {
                let count = lines.len() as u64;
                better(lines, now, pair(draw, count, count), draw, told)
            }
        }
    }

    /// A request joined the replica at `at`, which was chosen just before.
    #[inline(always)]
    pub(super) fn joined<L: Seen<T>, T>(
        &mut self,
        rule: RoutingRule,
        lines: &mut [L],
        now: u64,
        at: usize,
        told: &mut T,
    ) {
        if rule.follows() {
            self.fewest.joined(lines, now, at, told);
        }
    }

    /// The replica at `at` has so many requests present now, where the plane knows of every change.
    #[inline]
    pub(super) fn note_present(&mut self, at: usize, present: u32) {
        if self.rule.follows() {
            self.fewest.note_present(at, present);
        }
    }

    /// Adds a replica; returns its place.
    pub(super) fn add(&mut self, id: ReplicaId, ordinal: u64) -> usize {
        let at = self.ordinals.partition_point(|&other| other < ordinal);
        self.ordinals.insert(at, ordinal);
        self.ids.insert(at, id);
        if self.places.len() <= id.index() {
            self.places.resize(id.index() + 1, NOWHERE);
        }
        self.renew(at);
        at
    }

    /// Removes a replica; returns where it was and its ordinal.
    pub(super) fn remove(&mut self, id: ReplicaId) -> Option<(usize, u64)> {
        let at = self.place(id)?;
        let ordinal = self.ordinals.remove(at);
        self.ids.remove(at);
        self.places[id.index()] = NOWHERE;
        self.renew(at);
        Some((at, ordinal))
    }

    /// Where a replica is.
    #[inline]
    pub(super) fn place(&self, id: ReplicaId) -> Option<usize> {
        let place = *self.places.get(id.index())?;
        (place != NOWHERE).then_some(place as usize)
    }

    /// Which replica is there.
    pub(super) fn id(&self, at: usize) -> ReplicaId {
        self.ids[at]
    }

    /// Requests leave their replicas at other instants than was known.
    pub(super) fn forget(&mut self) {
        self.fewest.forget();
    }

    /// The replicas from `from` on are others.
    fn renew(&mut self, from: usize) {
        for (id, place) in self.ids[from..].iter().zip(from as u32..) {
            self.places[id.index()] = place;
        }
        self.next = self.last.map_or(0, |last| self.ordinals.partition_point(|&o| o <= last));
        self.fewest.forget();
    }
}

/// Of two different ones.
#[inline(always)]
fn better_of_two<L: Seen<T>, T>(lines: &mut [L], now: u64, draw: u64, told: &mut T) -> usize {
    let count = lines.len() as u64;
    if count == 1 {
        return 0;
    }
    let (first, mut second) = pair(draw, count, count - 1);
    second += usize::from(second >= first);
    better(lines, now, (first, second), draw, told)
}

/// The draw's upper half picks one of `first`, its lower half one of `second`; its last bit is left for ties.
#[inline(always)]
const fn pair(draw: u64, first: u64, second: u64) -> (usize, usize) {
    ((((draw >> 32) * first) >> 32) as usize, (((draw & 0xffff_fffe) * second) >> 32) as usize)
}

/// The one with fewer present; the draw's last bit breaks ties.
#[inline(always)]
fn better<L: Seen<T>, T>(
    lines: &mut [L],
    now: u64,
    (first, second): (usize, usize),
    draw: u64,
    told: &mut T,
) -> usize {
    let (a, b) = (lines[first].present(now, told), lines[second].present(now, told));
    if b < a || (a == b && draw & 1 == 1) { second } else { first }
}

/// A draw scaled to `0..count`.
#[inline(always)]
pub(super) fn scale(draw: u64, count: usize) -> usize {
    ((u128::from(draw) * count as u128) >> 64) as usize
}
