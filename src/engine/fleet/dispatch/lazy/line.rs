//! A replica with its own queue, reduced to the instants at which its requests will leave it.
//!
//! Service is first come first served and a demand is known at arrival, so the start of a request is
//! known as soon as it joins: no event has to tell. What is past is dropped when the line is next
//! looked at.

use crate::fleet::dispatch::gateway::NONE;
use crate::fleet::dispatch::leaving::Prospect;
use crate::fleet::dispatch::routing::Seen;
use std::collections::VecDeque;

/// One replica's line; `now` never decreases from call to call.
pub(in super::super) trait Line: Seen<()> {
    /// Empty, of a replica with so many slots.
    fn new(slots: usize) -> Self;
    /// A request joins at `now` that would wait until `deadline`.
    fn join(&mut self, now: u64, demand: u64, deadline: u64) -> Prospect;
    /// Requests in service once everything up to `now` has happened.
    fn busy(&self, now: u64) -> u64;
    /// Service that is still to come once everything up to `now` has happened, in slot-ns. As long as there
    /// are k requests or more some k slots are busy, so the k-th slot is until the k-th of the last ends.
    fn ahead_ns(&self, now: u64) -> u128;
}

/// Ends kept within the line itself: with the pointer to the others they fill a cache line.
const INLINE: usize = 7;
const _: () = assert!(size_of::<SingleSlot>() == 64);

/// One slot and endless patience: ends never decrease, the last one is when the slot is free. One cache
/// line; only requests beyond the seventh reach into other memory.
#[derive(Debug, Clone)]
#[repr(align(64))]
pub(in super::super) struct SingleSlot {
    /// The latest ends, in order.
    ends: [u64; INLINE],
    /// Earlier ends that were still to come when a later one took their place.
    #[expect(
        clippy::box_collection,
        reason = "a word for the rare case keeps the line to 64 bytes"
    )]
    earlier: Option<Box<VecDeque<u64>>>,
}

impl SingleSlot {
    #[cold]
    fn earlier_present(&mut self, now: u64) -> u32 {
        let Some(earlier) = &mut self.earlier else { return 0 };
        while earlier.front().is_some_and(|&end| end <= now) {
            earlier.pop_front();
        }
        earlier.len() as u32
    }

    #[cold]
    fn note_earlier(&mut self, now: u64) {
        let end = self.ends[0];
        self.earlier_present(now);
        self.earlier.get_or_insert_default().push_back(end);
    }
}

impl Seen<()> for SingleSlot {
    #[inline(always)]
    fn present(&mut self, now: u64, (): &mut ()) -> u32 {
        let present: u32 = self.ends.iter().map(|&end| u32::from(end > now)).sum();
        if present == INLINE as u32 { present + self.earlier_present(now) } else { present }
    }

    #[inline(always)]
    fn look(&mut self, now: u64, (): &mut ()) -> (u32, u64) {
        let present = self.present(now, &mut ());
        let next = match INLINE.checked_sub(present as usize) {
            Some(place) => self.ends.get(place).copied(),
            None => self.earlier.as_ref().and_then(|earlier| earlier.front().copied()),
        };
        (present, next.unwrap_or(NONE))
    }
}

impl Line for SingleSlot {
    fn new(_: usize) -> Self {
        Self { ends: [0; INLINE], earlier: None }
    }

    #[inline(always)]
    fn join(&mut self, now: u64, demand: u64, _: u64) -> Prospect {
        if self.ends[0] > now {
            self.note_earlier(now);
        }
        let start = self.ends[INLINE - 1].max(now);
        let end = start.saturating_add(demand).min(NONE - 1);
        self.ends.copy_within(1.., 0);
        self.ends[INLINE - 1] = end;
        Prospect::Served(start, end)
    }

    fn busy(&self, now: u64) -> u64 {
        u64::from(self.ends[INLINE - 1] > now)
    }

    fn ahead_ns(&self, now: u64) -> u128 {
        u128::from(self.ends[INLINE - 1].saturating_sub(now))
    }
}

/// Any number of slots, patience of one length.
#[derive(Debug, Clone)]
pub(in super::super) struct ManySlots {
    slots: usize,
    /// Ends of all that are or will be served, ascending.
    ends: VecDeque<u64>,
    /// Deadlines of those that will give up, ascending.
    deadlines: VecDeque<u64>,
}

impl ManySlots {
    fn pass(&mut self, now: u64) {
        for queue in [&mut self.ends, &mut self.deadlines] {
            while queue.front().is_some_and(|&at| at <= now) {
                queue.pop_front();
            }
        }
    }
}

impl Seen<()> for ManySlots {
    fn present(&mut self, now: u64, (): &mut ()) -> u32 {
        self.pass(now);
        (self.ends.len() + self.deadlines.len()) as u32
    }

    fn look(&mut self, now: u64, (): &mut ()) -> (u32, u64) {
        let present = self.present(now, &mut ());
        let first = |queue: &VecDeque<u64>| queue.front().copied().unwrap_or(NONE);
        (present, first(&self.ends).min(first(&self.deadlines)))
    }
}

impl Line for ManySlots {
    fn new(slots: usize) -> Self {
        let room = 2 * slots.min(32);
        Self { slots, ends: VecDeque::with_capacity(room), deadlines: VecDeque::new() }
    }

    fn join(&mut self, now: u64, demand: u64, deadline: u64) -> Prospect {
        self.pass(now);
        // It starts when all but `slots - 1` of those before it have left.
        let ahead = self.ends.len().checked_sub(self.slots);
        let start = ahead.and_then(|place| self.ends.get(place)).map_or(now, |&end| end.max(now));
        if start > deadline {
            self.deadlines.push_back(deadline);
            return Prospect::GivesUp;
        }
        let end = start.saturating_add(demand).min(NONE - 1);
        let place = self.ends.partition_point(|&other| other <= end);
        self.ends.insert(place, end);
        Prospect::Served(start, end)
    }

    fn busy(&self, now: u64) -> u64 {
        self.ends.iter().filter(|&&end| end > now).count().min(self.slots) as u64
    }

    fn ahead_ns(&self, now: u64) -> u128 {
        let last = self.ends.iter().rev().take(self.slots);
        last.map(|end| u128::from(end.saturating_sub(now))).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_single_slot_serves_in_order_and_remembers_a_long_queue() {
        let mut line = SingleSlot::new(1);
        for request in 0..20 {
            let served = Prospect::Served(10 * request, 10 * request + 10);
            assert_eq!(line.join(0, 10, NONE), served);
        }
        for now in 0..201 {
            let next = if now < 200 { (now / 10 + 1) * 10 } else { NONE };
            assert_eq!(line.look(now, &mut ()), (20 - now as u32 / 10, next), "at {now}");
        }
        assert_eq!(line.join(500, 1, NONE), Prospect::Served(500, 501));
        assert_eq!(line.present(500, &mut ()), 1);
    }

    #[test]
    fn many_slots_agree_with_one_where_there_is_one() {
        let (mut one, mut many) = (SingleSlot::new(1), ManySlots::new(1));
        let (mut now, mut state) = (0, 1_u64);
        for _ in 0..5_000 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            now += state >> 60;
            assert_eq!(one.look(now, &mut ()), many.look(now, &mut ()));
            let demand = 1 + (state >> 33) % 15;
            assert_eq!(one.join(now, demand, NONE), many.join(now, demand, NONE));
            assert_eq!(one.look(now, &mut ()), many.look(now, &mut ()));
        }
    }

    #[test]
    fn who_would_start_after_the_deadline_gives_up_and_holds_no_slot() {
        let mut line = ManySlots::new(2);
        assert_eq!(line.join(0, 10, 3), Prospect::Served(0, 10));
        assert_eq!(line.join(0, 20, 3), Prospect::Served(0, 20));
        assert_eq!(line.join(1, 5, 9), Prospect::GivesUp);
        assert_eq!(line.join(1, 5, 10), Prospect::Served(10, 15));
        assert_eq!(
            (line.present(1, &mut ()), line.present(9, &mut ()), line.present(10, &mut ())),
            (4, 3, 2)
        );
        assert_eq!(line.join(10, 1, 99), Prospect::Served(15, 16));
    }
}
