//! M of N samples.

use std::collections::VecDeque;

/// Counts how many of the last N samples breached; holds when at least M did.
#[derive(Debug, Clone)]
pub struct Breaches {
    need: u32,
    of: usize,
    hits: VecDeque<bool>,
}

impl Breaches {
    /// `need` of the last `of` samples; both at least 1.
    pub fn new(need: u32, of: u32) -> Self {
        Self { need, of: of as usize, hits: VecDeque::new() }
    }

    /// Takes one sample; how many of the last N breached.
    pub fn push(&mut self, breached: bool) -> u32 {
        self.hits.push_back(breached);
        if self.hits.len() > self.of {
            self.hits.pop_front();
        }
        self.hits.iter().filter(|&&hit| hit).count() as u32
    }

    /// How many are needed.
    pub const fn need(&self) -> u32 {
        self.need
    }
}
