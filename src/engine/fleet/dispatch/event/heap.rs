//! What will happen beside completions, in order.

use super::later::Later;
use crate::fleet::Rank;

/// Kinds of events, after the completions of their instant; each has its [`Rank`] there (rule 1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(super) enum What {
    /// A leaving replica's grace ends.
    Kill = Rank::Killed as u8,
    /// An idle replica is removed.
    IdleExpire = Rank::IdleExpired as u8,
    /// A replica started by a request is ready.
    Ready = Rank::Ready as u8,
    /// A request's patience ends.
    GiveUp = Rank::PatienceEnded as u8,
    /// A client has waited long enough for an attempt.
    ClientGivesUp = Rank::ClientGaveUp as u8,
    /// A replica that a request started fails.
    Fail = Rank::Failed as u8,
    /// A user in a closed loop begins, or has thought and sends.
    UserActs = Rank::UserActed as u8,
    /// A client tries again.
    Retry = Rank::Retried as u8,
    /// A request has been on its way through the proxy for long enough.
    PassOn = Rank::PassedOn as u8,
}

/// One event; `stamp` orders equals and tells whether it still holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct PlaneEvent {
    pub(super) at: u64,
    pub(super) what: What,
    pub(super) stamp: u64,
    pub(super) index: u32,
}

impl PlaneEvent {
    pub(super) fn new(at: u64, what: What, stamp: u64, index: u32) -> Self {
        Self { at, what, stamp, index }
    }
}

/// Low bits of an event's key that hold its stamp; the rank is above them, and above that the instant.
pub(super) const STAMP_BITS: u32 = 59;
const _: () = assert!((Rank::LAST as u64) < 1 << (u64::BITS - STAMP_BITS));

impl PlaneEvent {
    /// Instant, rank and stamp in one number: one comparison orders two events.
    #[inline]
    fn key(&self) -> u128 {
        let low = (self.what as u64) << STAMP_BITS | self.stamp;
        u128::from(self.at) << u64::BITS | u128::from(low)
    }
}

/// Children of a place.
const ARITY: usize = 4;

/// Events by time, rank and stamp: a heap of fours, half as deep as one of twos and as easy on caches
/// as its groups are long (LaMarca and Ladner 1996). Ends of patience wait beside it until they are near.
#[derive(Debug, Clone, Default)]
pub(super) struct EventHeap {
    near: Vec<PlaneEvent>,
    later: Later,
}

impl EventHeap {
    /// Events at the end of time never happen and are not kept.
    pub(super) fn push(&mut self, event: PlaneEvent) {
        if event.at == u64::MAX {
            return;
        }
        debug_assert!(event.stamp < 1 << STAMP_BITS);
        let heap = &mut self.near;
        let mut place = heap.len();
        heap.push(event);
        while place > 0 {
            let parent = (place - 1) / ARITY;
            if heap[parent].key() <= event.key() {
                break;
            }
            heap[place] = heap[parent];
            place = parent;
        }
        heap[place] = event;
    }

    /// An event at `event.at` that mostly does not hold any more when its time has come.
    pub(super) fn push_doubtful(&mut self, event: PlaneEvent, now: u64) {
        if !self.later.put(event, now) {
            self.push(event);
        }
    }

    /// When the next event is, or when doubtful ones have to be looked at, see [`EventHeap::draw_near`];
    /// `u64::MAX` without one.
    #[inline]
    pub(super) fn next_at(&self) -> u64 {
        self.first_at().min(self.later.opens_at())
    }

    #[inline]
    fn first_at(&self) -> u64 {
        self.near.first().map_or(u64::MAX, |event| event.at)
    }

    /// Takes up the doubtful events that come next, those that hold; false if there are none before the
    /// first of the others.
    pub(super) fn draw_near(&mut self, holds: impl Fn(&PlaneEvent) -> bool) -> bool {
        let found = self.later.opens_at() <= self.first_at() && self.later.opens_at() < u64::MAX;
        if found {
            let mut opened = self.later.open();
            opened.drain(..).filter(holds).for_each(|event| self.push(event));
            self.later.give_back(opened);
        }
        found
    }

    /// The next event, if it is due; only after [`EventHeap::draw_near`] said no.
    pub(super) fn pop_if(&mut self, due: impl Fn(&PlaneEvent) -> bool) -> Option<PlaneEvent> {
        let first = *self.near.first().filter(|event| due(event))?;
        let last = self.near.pop()?;
        let heap = &mut self.near[..];
        let mut place = 0;
        while let Some(child) = smallest_child(heap, place) {
            if last.key() <= heap[child].key() {
                break;
            }
            heap[place] = heap[child];
            place = child;
        }
        if let Some(hole) = heap.get_mut(place) {
            *hole = last;
        }
        Some(first)
    }
}

#[inline]
fn smallest_child(heap: &[PlaneEvent], place: usize) -> Option<usize> {
    let from = place * ARITY + 1;
    let children = heap.get(from..heap.len().min(from + ARITY))?;
    let keys = children.iter().zip(from..).map(|(child, at)| (child.key(), at));
    keys.reduce(|best, one| if one.0 < best.0 { one } else { best }).map(|best| best.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubtful_events_come_in_the_same_order_and_only_those_that_hold() {
        let _shown = crate::marks::expect(["too far ahead for all buckets"]);
        let (mut heap, mut plain) = (EventHeap::default(), EventHeap::default());
        let (mut state, mut now, mut found) = (1_u64, 0, 0);
        let holds = |event: &PlaneEvent| !event.stamp.is_multiple_of(3);
        for stamp in 0..20_000 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            // Near, far, and now and then beyond all buckets.
            let ahead = (state >> 40) % if stamp % 50 == 0 { 100_000_000 } else { 10_000 };
            let event = PlaneEvent::new(now + ahead, What::GiveUp, stamp, 0);
            let sure = PlaneEvent::new(now + ahead / 7, What::Ready, stamp, 0);
            heap.push_doubtful(event, now);
            heap.push(sure);
            plain.push(event);
            plain.push(sure);
            now += (state >> 33) % if stamp % 1000 == 0 { 1_000_000 } else { 10 };
            loop {
                while heap.next_at() <= now && heap.draw_near(holds) {}
                let due = |event: &PlaneEvent| event.at <= now;
                let Some(expected) = plain.pop_if(due) else { break };
                if expected.what == What::GiveUp && !holds(&expected) {
                    if heap.near.first() == Some(&expected) {
                        heap.pop_if(due);
                    }
                    continue;
                }
                assert_eq!(heap.pop_if(due), Some(expected));
                found += 1;
            }
        }
        assert!(found > 20_000, "{found}");
    }

    #[test]
    fn events_come_by_time_then_rank_then_stamp() {
        use What::{ClientGivesUp, GiveUp, IdleExpire, Kill, Ready, Retry, UserActs};
        let kinds = [Kill, IdleExpire, Ready, GiveUp, ClientGivesUp, UserActs, Retry];
        let mut heap = EventHeap::default();
        let mut expected = Vec::new();
        let mut state = 1_u64;
        for stamp in 0..500 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let event = PlaneEvent::new(state >> 59, kinds[(state >> 40) as usize % 7], stamp, 7);
            heap.push(event);
            expected.push(event);
        }
        heap.push(PlaneEvent::new(u64::MAX, What::Ready, 1, 1));
        expected.sort_by_key(|event| (event.at, event.what, event.stamp));
        assert_eq!(heap.pop_if(|event| event.at > expected[0].at), None);
        let mut found = Vec::new();
        while let Some(event) = heap.pop_if(|_| true) {
            found.push(event);
        }
        assert_eq!(found, expected);
        assert_eq!(heap.next_at(), u64::MAX);
    }
}
