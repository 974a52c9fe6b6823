//! Which replica a request goes to (rule 4), by place in launch order.

use super::fewest::Fewest;
use crate::fleet::{Balancing, ReplicaId};

pub(in super::super) const RANDOM: u8 = 0;
pub(in super::super) const ROUND_ROBIN: u8 = 1;
pub(in super::super) const LEAST_OUTSTANDING: u8 = 2;
pub(in super::super) const POWER_OF_TWO: u8 = 3;

/// A replica as a balancer sees it; `now` never decreases from call to call. What a look finds out on
/// the way is told to a `T`.
pub trait Seen<T> {
    /// Requests in service and waiting once everything up to `now` has happened.
    fn present(&mut self, now: u64, told: &mut T) -> u32;
    /// Those present at `now`, and when the next of them leaves; `u64::MAX` without any.
    fn look(&mut self, now: u64, told: &mut T) -> (u32, u64);
}

/// The rule, and what it remembers.
#[derive(Debug, Clone)]
pub(in super::super) struct Router {
    pub(in super::super) rule: u8,
    /// Launch ordinals of ready replicas, ascending.
    pub(in super::super) ordinals: Vec<u64>,
    /// Ordinal of a replica, by its id.
    ordinal_of: Vec<u64>,
    /// Round robin: the last to be chosen, and the place of the next.
    last: Option<u64>,
    next: usize,
    fewest: Fewest,
}

impl Router {
    /// Without replicas.
    pub(in super::super) fn new(balancing: &Balancing) -> Self {
        let rule = match balancing {
            Balancing::RoundRobin => ROUND_ROBIN,
            Balancing::LeastOutstanding => LEAST_OUTSTANDING,
            Balancing::PowerOfTwo => POWER_OF_TWO,
            _ => RANDOM,
        };
        Self {
            rule,
            ordinals: Vec::new(),
            ordinal_of: Vec::new(),
            last: None,
            next: 0,
            fewest: Fewest::new(),
        }
    }

    /// The place of the replica for a request at `now` with this draw; some replica is ready.
    #[inline(always)]
    pub(in super::super) fn choose<const RULE: u8, L: Seen<T>, T>(
        &mut self,
        lines: &mut [L],
        now: u64,
        draw: u64,
        told: &mut T,
    ) -> usize {
        match RULE {
            ROUND_ROBIN => {
                let at = if self.next >= lines.len() { 0 } else { self.next };
                self.next = at + 1;
                self.last = Some(self.ordinals[at]);
                at
            }
            LEAST_OUTSTANDING => self.fewest.choose(lines, now, draw, told),
            POWER_OF_TWO => better_of_two(lines, now, draw, told),
            _ => scale(draw, lines.len()),
        }
    }

    /// A request joined the replica at `at`.
    #[inline(always)]
    pub(in super::super) fn joined<const RULE: u8, L: Seen<T>, T>(
        &mut self,
        lines: &mut [L],
        now: u64,
        at: usize,
        told: &mut T,
    ) {
        if RULE == LEAST_OUTSTANDING {
            self.fewest.joined(lines, now, at, told);
        }
    }

    /// Adds a replica; returns its place.
    pub(in super::super) fn add(&mut self, id: ReplicaId, ordinal: u64) -> usize {
        let at = self.ordinals.partition_point(|&other| other < ordinal);
        self.ordinals.insert(at, ordinal);
        if self.ordinal_of.len() <= id.index() {
            self.ordinal_of.resize(id.index() + 1, u64::MAX);
        }
        self.ordinal_of[id.index()] = ordinal;
        self.renew();
        at
    }

    /// Removes a replica; returns where it was and its ordinal.
    pub(in super::super) fn remove(&mut self, id: ReplicaId) -> Option<(usize, u64)> {
        let at = self.place(id)?;
        let ordinal = self.ordinals.remove(at);
        self.renew();
        Some((at, ordinal))
    }

    /// Where a replica is.
    pub(in super::super) fn place(&self, id: ReplicaId) -> Option<usize> {
        self.ordinals.binary_search(self.ordinal_of.get(id.index())?).ok()
    }

    fn renew(&mut self) {
        self.next = self.last.map_or(0, |last| self.ordinals.partition_point(|&o| o <= last));
        self.fewest.forget();
    }
}

/// The draw's upper half picks one, its lower half another; its last bit breaks ties.
#[inline(always)]
fn better_of_two<L: Seen<T>, T>(lines: &mut [L], now: u64, draw: u64, told: &mut T) -> usize {
    let count = lines.len() as u64;
    if count == 1 {
        return 0;
    }
    let first = ((draw >> 32) * count) >> 32;
    let mut second = ((draw & 0xffff_fffe) * (count - 1)) >> 32;
    second += u64::from(second >= first);
    let (first, second) = (first as usize, second as usize);
    let (a, b) = (lines[first].present(now, told), lines[second].present(now, told));
    if b < a || (a == b && draw & 1 == 1) { second } else { first }
}

/// A draw scaled to `0..count`.
#[inline(always)]
pub(super) fn scale(draw: u64, count: usize) -> usize {
    ((u128::from(draw) * count as u128) >> 64) as usize
}
