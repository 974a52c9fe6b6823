//! Which replica a request goes to, where each has a queue of its own (rule 4 of the model).

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
}

impl Router {
    /// Without replicas.
    pub(super) fn new(balancing: &Balancing) -> Self {
        let rule = match balancing {
            Balancing::RoundRobin => Rule::RoundRobin { last: None },
            Balancing::LeastOutstanding => Rule::LeastOutstanding,
            Balancing::PowerOfTwo => Rule::PowerOfTwo,
            _ => Rule::Random,
        };
        Self { rule, ordinals: Vec::new(), ids: Vec::new(), present: Vec::new() }
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

    fn place(&self, ordinal: u64) -> Result<usize, usize> {
        self.ordinals.binary_search(&ordinal)
    }

    pub(super) fn set_present(&mut self, ordinal: u64, present: u32) {
        if let Ok(at) = self.place(ordinal) {
            self.present[at] = present;
        }
    }

    pub(super) fn add(&mut self, id: ReplicaId, ordinal: u64) {
        if let Err(at) = self.place(ordinal) {
            self.ordinals.insert(at, ordinal);
            self.ids.insert(at, id);
            self.present.insert(at, 0);
        }
    }

    pub(super) fn remove(&mut self, ordinal: u64) {
        if let Ok(at) = self.place(ordinal) {
            self.ordinals.remove(at);
            self.ids.remove(at);
            self.present.remove(at);
        }
    }
}

/// A draw scaled to `0..count`.
fn scale(draw: u64, count: usize) -> usize {
    ((u128::from(draw) * count as u128) >> 64) as usize
}
