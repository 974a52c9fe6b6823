//! Events that lie ahead and mostly do not hold any more when their time has come: ends of patience, for
//! most of those who wait are served long before. Kept in a heap they would make it deep and every request
//! pay for it; here they are appended to the bucket of their time, and only those that still hold when it
//! opens go to the heap (hashed timing wheels, Varghese and Lauck 1987).

use super::heap::PlaneEvent;
use crate::marks;

/// How many buckets there are.
const BUCKETS: u64 = 64;
/// Buckets in the length of time that is asked for while all are empty.
const PER_LENGTH: u64 = 16;
// The length of a bucket is rounded down to a power of two, so an event after that length is up to twice as
// many buckets ahead, and it still has one.
const _: () = assert!(2 * PER_LENGTH < BUCKETS);

/// Events by the bucket of their time; only those that still hold go to the heap.
#[derive(Debug, Clone, Default)]
pub(super) struct Later {
    buckets: Vec<Vec<PlaneEvent>>,
    /// Bucket number `at >> shift`, in turn; chosen anew while all are empty.
    shift: u32,
    /// The earliest instant that still belongs to a closed bucket; all of them do up to a whole turn later.
    opens_at: u64,
    held: usize,
}

impl Later {
    /// Keeps an event, unless it is too near or too far ahead.
    pub(super) fn put(&mut self, event: PlaneEvent, now: u64) -> bool {
        if event.at == u64::MAX {
            return false;
        }
        if self.held == 0 {
            self.shift = (event.at.saturating_sub(now) / PER_LENGTH).max(1).ilog2();
            self.buckets.resize_with(BUCKETS as usize, Vec::new);
            self.opens_at = ((now >> self.shift) + 1).saturating_mul(1 << self.shift);
        }
        let number = event.at >> self.shift;
        let ahead = number.checked_sub(self.opens_at >> self.shift);
        if ahead.is_none_or(|ahead| ahead >= BUCKETS) {
            marks::hit("too far ahead for all buckets", "");
            return false;
        }
        self.held += 1;
        self.buckets[(number % BUCKETS) as usize].push(event);
        true
    }

    /// When the next bucket must be opened; `u64::MAX` while all are empty.
    #[inline]
    pub(super) fn opens_at(&self) -> u64 {
        if self.held == 0 { u64::MAX } else { self.opens_at }
    }

    /// Opens the next bucket; give it back when it is empty.
    pub(super) fn open(&mut self) -> Vec<PlaneEvent> {
        let place = self.place();
        let bucket = self.buckets.get_mut(place).map(std::mem::take).unwrap_or_default();
        self.held -= bucket.len();
        bucket
    }

    /// The bucket keeps its room; the next one is due.
    pub(super) fn give_back(&mut self, bucket: Vec<PlaneEvent>) {
        let place = self.place();
        if let Some(own) = self.buckets.get_mut(place) {
            *own = bucket;
        }
        self.opens_at = self.opens_at.saturating_add(1 << self.shift);
    }

    fn place(&self) -> usize {
        ((self.opens_at >> self.shift) % BUCKETS) as usize
    }
}
