//! What will happen beside completions, in order.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

/// Kinds of events; the order of declaration is the order at one instant (rule 1 of the model), after
/// the completions of that instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum What {
    /// A leaving replica's grace ends.
    Kill,
    /// An idle replica is removed.
    IdleExpire,
    /// A replica started by a request is ready.
    Ready,
    /// A request's patience ends.
    GiveUp,
}

/// One event; `stamp` orders equals and tells whether it still holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Event {
    pub(super) at: u64,
    pub(super) what: What,
    pub(super) stamp: u64,
    pub(super) index: u32,
}

impl Event {
    pub(super) fn new(at: u64, what: What, stamp: u64, index: u32) -> Self {
        Self { at, what, stamp, index }
    }
}

impl Ord for Event {
    /// Reversed: the heap's greatest is the earliest.
    fn cmp(&self, other: &Self) -> Ordering {
        (other.at, other.what, other.stamp).cmp(&(self.at, self.what, self.stamp))
    }
}

impl PartialOrd for Event {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Events by time, kind and stamp.
#[derive(Debug, Clone, Default)]
pub(super) struct EventHeap(BinaryHeap<Event>);

impl EventHeap {
    /// Events at the end of time never happen and are not kept.
    pub(super) fn push(&mut self, event: Event) {
        if event.at != u64::MAX {
            self.0.push(event);
        }
    }
    /// When the next event is; `u64::MAX` without one.
    #[inline]
    pub(super) fn next_at(&self) -> u64 {
        self.0.peek().map_or(u64::MAX, |event| event.at)
    }
    pub(super) fn pop_if(&mut self, due: impl Fn(&Event) -> bool) -> Option<Event> {
        if self.0.peek().is_some_and(due) { self.0.pop() } else { None }
    }
}
