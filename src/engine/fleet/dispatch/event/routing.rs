//! Which replica a request goes to, where each has a queue of its own (rule 4).

use crate::fleet::{Balancing, ReplicaId};

#[derive(Debug, Clone, Copy)]
enum Rule {
    Random,
    RoundRobin { last: Option<u64> },
    LeastOutstanding,
    PowerOfTwo,
}

/// Ready replicas in launch order and how many requests are present at each.
#[derive(Debug, Clone)]
pub(super) struct Router {
    rule: Rule,
    ordinals: Vec<u64>,
    ids: Vec<ReplicaId>,
    present: Vec<u32>,
    /// Where a replica is in these, by its id; `NOWHERE` if it takes no requests.
    places: Vec<u32>,
}

const NOWHERE: u32 = u32::MAX;

impl Router {
    /// Without replicas.
    pub(super) fn new(balancing: &Balancing) -> Self {
        let rule = match balancing {
            Balancing::RoundRobin => Rule::RoundRobin { last: None },
            Balancing::LeastOutstanding => Rule::LeastOutstanding,
            Balancing::PowerOfTwo => Rule::PowerOfTwo,
            _ => Rule::Random,
        };
        Self {
            rule,
            ordinals: Vec::new(),
            ids: Vec::new(),
            present: Vec::new(),
            places: Vec::new(),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// The replica for a request with this draw; `None` if none is ready.
    pub(super) fn choose(&mut self, draw: u64) -> Option<ReplicaId> {
        let count = self.ids.len();
        if count == 0 {
            return None;
        }
        let at = match &mut self.rule {
            Rule::Random => scale(draw, count),
            Rule::RoundRobin { last } => {
                let next = last.map_or(0, |last| self.ordinals.partition_point(|&o| o <= last));
                let at = if next == count { 0 } else { next };
                *last = Some(self.ordinals[at]);
                at
            }
            Rule::LeastOutstanding => self.least(draw),
            Rule::PowerOfTwo => self.better_of_two(draw),
        };
        Some(self.ids[at])
    }

    fn least(&self, draw: u64) -> usize {
        let fewest = self.present.iter().copied().min().unwrap_or(0);
        let ties = self.present.iter().filter(|&&present| present == fewest).count();
        let wanted = scale(draw, ties);
        let mut tied = self.present.iter().enumerate().filter(|&(_, &present)| present == fewest);
        tied.nth(wanted).map_or(0, |(at, _)| at)
    }

    /// The draw's upper half picks one, its lower half another; its last bit breaks ties.
    fn better_of_two(&self, draw: u64) -> usize {
        let count = self.ids.len() as u64;
        if count == 1 {
            return 0;
        }
        let first = ((draw >> 32) * count) >> 32;
        let mut second = ((draw & 0xffff_fffe) * (count - 1)) >> 32;
        second += u64::from(second >= first);
        let (first, second) = (first as usize, second as usize);
        let (a, b) = (self.present[first], self.present[second]);
        if b < a || (a == b && draw & 1 == 1) { second } else { first }
    }

    #[inline]
    pub(super) fn set_present(&mut self, id: ReplicaId, present: u32) {
        let place = self.places.get(id.index()).copied().unwrap_or(NOWHERE);
        if let Some(known) = self.present.get_mut(place as usize) {
            *known = present;
        }
    }

    pub(super) fn add(&mut self, id: ReplicaId, ordinal: u64) {
        let at = self.ordinals.partition_point(|&other| other < ordinal);
        self.ordinals.insert(at, ordinal);
        self.ids.insert(at, id);
        self.present.insert(at, 0);
        if self.places.len() <= id.index() {
            self.places.resize(id.index() + 1, NOWHERE);
        }
        self.renumber(at);
    }

    pub(super) fn remove(&mut self, id: ReplicaId) {
        let Some(place) = self.places.get_mut(id.index()) else { return };
        let at = std::mem::replace(place, NOWHERE) as usize;
        if at < self.ids.len() {
            self.ordinals.remove(at);
            self.ids.remove(at);
            self.present.remove(at);
            self.renumber(at);
        }
    }

    fn renumber(&mut self, from: usize) {
        for (at, id) in self.ids.iter().enumerate().skip(from) {
            self.places[id.index()] = at as u32;
        }
    }
}

/// A draw scaled to `0..count`.
fn scale(draw: u64, count: usize) -> usize {
    ((u128::from(draw) * count as u128) >> 64) as usize
}
