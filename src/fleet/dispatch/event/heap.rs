//! What will happen beside completions, in order.

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
    /// A client has waited long enough for an attempt.
    ClientGivesUp,
    /// A user in a closed loop begins, or has thought and sends.
    UserActs,
    /// A client tries again.
    Retry,
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

impl Event {
    /// Instant, kind and stamp in one number: one comparison orders two events.
    #[inline]
    fn key(&self) -> u128 {
        u128::from(self.at) << 64 | (self.what as u128) << 61 | u128::from(self.stamp)
    }
}

/// Children of a place.
const ARITY: usize = 4;

/// Events by time, kind and stamp: a heap of fours, half as deep as one of twos and as easy on caches
/// as its groups are long (LaMarca and Ladner 1996).
#[derive(Debug, Clone, Default)]
pub(super) struct EventHeap(Vec<Event>);

impl EventHeap {
    /// Events at the end of time never happen and are not kept.
    pub(super) fn push(&mut self, event: Event) {
        if event.at == u64::MAX {
            return;
        }
        debug_assert!(event.stamp < 1 << 61);
        let heap = &mut self.0;
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

    /// When the next event is; `u64::MAX` without one.
    #[inline]
    pub(super) fn next_at(&self) -> u64 {
        self.0.first().map_or(u64::MAX, |event| event.at)
    }

    /// The next event, if it is due.
    pub(super) fn pop_if(&mut self, due: impl Fn(&Event) -> bool) -> Option<Event> {
        let first = *self.0.first().filter(|event| due(event))?;
        let last = self.0.pop()?;
        let heap = &mut self.0[..];
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
fn smallest_child(heap: &[Event], place: usize) -> Option<usize> {
    let from = place * ARITY + 1;
    let children = heap.get(from..heap.len().min(from + ARITY))?;
    let keys = children.iter().zip(from..).map(|(child, at)| (child.key(), at));
    keys.reduce(|best, one| if one.0 < best.0 { one } else { best }).map(|best| best.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_come_by_time_then_kind_then_stamp() {
        use What::{ClientGivesUp, GiveUp, IdleExpire, Kill, Ready, Retry, UserActs};
        let kinds = [Kill, IdleExpire, Ready, GiveUp, ClientGivesUp, UserActs, Retry];
        let mut heap = EventHeap::default();
        let mut expected = Vec::new();
        let mut state = 1_u64;
        for stamp in 0..500 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let event = Event::new(state >> 59, kinds[(state >> 40) as usize % 7], stamp, 7);
            heap.push(event);
            expected.push(event);
        }
        heap.push(Event::new(u64::MAX, What::Ready, 1, 1));
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
