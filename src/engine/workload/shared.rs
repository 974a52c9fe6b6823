//! One stream of requests, drawn once and read by several cells that go through it side by side.

use super::{Arrivals, BATCH, Batch};
use crate::units::Time;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A stream that is held in memory from the slowest reader to the horizon: a bounded stretch of it, as long
/// as the readers stop at every horizon.
pub struct Shared {
    arrivals: Box<dyn Arrivals>,
    batch: Batch,
    stretch: Arc<Mutex<Stretch>>,
    ended: bool,
}

/// Consecutive requests, and how many came before them.
#[derive(Default)]
struct Stretch {
    before: u64,
    requests: Batch,
    failure: Option<String>,
}

impl Shared {
    /// Nothing is drawn yet.
    pub fn new(arrivals: Box<dyn Arrivals>) -> Self {
        Self { arrivals, batch: Batch::new(), stretch: Arc::default(), ended: false }
    }

    /// The stream from its beginning; to be made before [`Shared::draw`] is called.
    pub fn reader(&self) -> Box<dyn Arrivals> {
        Box::new(Cursor { stretch: Arc::clone(&self.stretch), next: 0 })
    }

    /// Once every reader has taken the requests before `reached`: forgets those, draws `stretch` further ones
    /// or a few more if there are none after it, and shows them to `watch`. All requests before the instant returned, the
    /// next horizon, are then there to be read; it is later than `reached`.
    pub fn draw(&mut self, reached: Time, stretch: usize, mut watch: impl FnMut(&Batch)) -> Time {
        let wanted = stretch;
        let mut stretch = locked(&self.stretch);
        if !self.ended && stretch.last().is_none_or(|last| last <= reached) {
            stretch.forget(reached);
            while stretch.requests.len() < wanted || stretch.last() <= Some(reached) {
                self.arrivals.fill(&mut self.batch);
                if self.batch.is_empty() {
                    self.ended = true;
                    stretch.failure = self.arrivals.failure();
                    break;
                }
                watch(&self.batch);
                stretch.requests.arrival_ns.extend_from_slice(&self.batch.arrival_ns);
                stretch.requests.demand_ns.extend_from_slice(&self.batch.demand_ns);
                stretch.requests.class.extend_from_slice(&self.batch.class);
            }
        }
        if self.ended { Time::NEVER } else { stretch.last().unwrap_or(Time::NEVER) }
    }
}

impl Stretch {
    fn last(&self) -> Option<Time> {
        self.requests.arrival_ns.last().map(|&at| Time(at))
    }

    fn forget(&mut self, before: Time) {
        let count = self.requests.arrival_ns.partition_point(|&at| at < before.0);
        self.requests.arrival_ns.drain(..count);
        self.requests.demand_ns.drain(..count);
        if !self.requests.class.is_empty() {
            self.requests.class.drain(..count);
        }
        self.before += count as u64;
    }
}

fn locked(stretch: &Mutex<Stretch>) -> MutexGuard<'_, Stretch> {
    stretch.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Where one cell is in the stream.
struct Cursor {
    stretch: Arc<Mutex<Stretch>>,
    next: u64,
}

impl Arrivals for Cursor {
    fn fill(&mut self, batch: &mut Batch) {
        batch.clear();
        let stretch = locked(&self.stretch);
        debug_assert!(self.next >= stretch.before, "a reader stayed behind");
        let from = self.next.saturating_sub(stretch.before) as usize;
        let range = from..stretch.requests.len().min(from + BATCH);
        batch.arrival_ns.extend_from_slice(&stretch.requests.arrival_ns[range.clone()]);
        batch.demand_ns.extend_from_slice(&stretch.requests.demand_ns[range.clone()]);
        batch.class.extend_from_slice(stretch.requests.class.get(range).unwrap_or(&[]));
        self.next += batch.len() as u64;
    }

    fn failure(&self) -> Option<String> {
        locked(&self.stretch).failure.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STRETCH: usize = 4 * BATCH;

    /// `count` requests, three at each instant, told by their demands.
    fn requests(count: u64) -> Vec<(u64, u64)> {
        (0..count).map(|number| (number / 3, number)).collect()
    }

    /// Reads all requests before an instant, as the engine does.
    fn read(reader: &mut dyn Arrivals, batch: &mut Batch, before: Time, got: &mut Vec<(u64, u64)>) {
        loop {
            if batch.is_empty() {
                reader.fill(batch);
            }
            let count = batch.arrival_ns.partition_point(|&at| at < before.0);
            if count == 0 {
                return;
            }
            got.extend(batch.arrival_ns.drain(..count).zip(batch.demand_ns.drain(..count)));
        }
    }

    #[test]
    fn every_reader_gets_every_request_once_and_little_is_held() {
        for count in [0, 1, 3, 1000, 1024, 16 * 1024, 100_000] {
            let all = requests(count);
            let mut shared = Shared::new(Box::new(all.clone().into_iter()));
            let mut readers = [(); 3].map(|()| (shared.reader(), Batch::new(), Vec::new()));
            let (mut seen, mut reached, mut most) = (0, Time::ZERO, 0);
            while reached < Time::NEVER {
                let next = shared.draw(reached, STRETCH, |batch| seen += batch.len());
                assert!(next > reached, "{next:?}");
                reached = next;
                most = most.max(locked(&shared.stretch).requests.len());
                for (reader, batch, got) in &mut readers {
                    read(&mut **reader, batch, reached, got);
                }
            }
            assert_eq!(seen, all.len());
            assert!(readers.iter().all(|(_, _, got)| *got == all), "{count}");
            assert!(most <= STRETCH + BATCH, "{most}");
        }
    }

    #[test]
    fn requests_of_one_instant_are_drawn_until_it_is_past() {
        let all: Vec<_> = (0..50_000).map(|number| (7, number)).chain([(8, 0)]).collect();
        let mut shared = Shared::new(Box::new(all.into_iter()));
        assert_eq!(shared.draw(Time::ZERO, STRETCH, |_| ()), Time(7));
        assert_eq!(shared.draw(Time(7), STRETCH, |_| ()), Time(8));
        assert_eq!(shared.draw(Time(8), STRETCH, |_| ()), Time::NEVER);
    }
}
