//! Requests held in memory, shared by all cells.

use super::spread::{Group, Spread, round};
use crate::random::{Generator, Purpose};
use crate::workload::source::{Instants, Luck, Source};
use crate::workload::{BATCH, Batch};
use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

/// Recorded requests: arrivals in order, and their demands where the record has them.
#[derive(Debug, Clone)]
pub(crate) struct Events {
    arrivals: Arc<[u64]>,
    demands: Option<Arc<[u64]>>,
    how: Placing,
}

/// Half the window that the rate of recorded requests is averaged over.
const HALF_WINDOW_NS: u64 = 30_000_000_000;

impl Events {
    /// Requests with their demands; arrivals never decrease.
    pub(crate) fn of_requests(arrivals: Vec<u64>, demands: Vec<u64>) -> Self {
        Self::new(arrivals, Some(demands), 1.0)
    }

    /// Requests that each stand for `scale` of them; arrivals never decrease.
    pub(crate) fn new(arrivals: Vec<u64>, demands: Option<Vec<u64>>, scale: f64) -> Self {
        debug_assert!(arrivals.is_sorted());
        debug_assert!(demands.as_ref().is_none_or(|demands| demands.len() == arrivals.len()));
        let demands = demands.map(Into::into);
        let how = Placing { scale, spread: Spread::Keep, grid: 0 };
        Self { arrivals: arrivals.into(), demands, how }
    }

    /// Spreads the requests of one stamp over `grid` nanoseconds.
    pub(crate) fn spread_over(self, grid: u64, spread: Spread) -> Self {
        Self { how: Placing { grid, spread, ..self.how }, ..self }
    }
}

/// Recorded requests that are played, from memory or from a file.
pub(super) trait Replayed: fmt::Debug + Send + Sync {
    /// Whoever reads them.
    type Reader: Recorded + 'static;
    fn how(&self) -> Placing;
    /// Those before an instant, from the first on.
    fn read(&self, end: u64) -> Self::Reader;
    /// Neither thinned, copied nor spread.
    fn as_recorded(read: Self::Reader) -> Box<dyn Instants>;
    /// How many came before an instant.
    fn before(&self, end: u64) -> u64;
    /// Mean demand in seconds, where they have their own.
    fn mean_demand_s(&self) -> Option<f64>;
}

impl<R: Replayed> Source for R {
    fn open(&self, luck: &Luck<'_>, end: u64) -> Box<dyn Instants> {
        let (how, read) = (self.how(), self.read(end));
        match how.scale == 1.0 && how.spread == Spread::Keep {
            true => R::as_recorded(read),
            false => Box::new(Placed::new(read, how, luck, end)),
        }
    }
    fn rate_at(&self, at: u64) -> f64 {
        let (from, until) = (at.saturating_sub(HALF_WINDOW_NS), at.saturating_add(HALF_WINDOW_NS));
        let count = (self.before(until) - self.before(from)) as f64;
        count * self.how().scale / ((until - from) as f64 * 1e-9)
    }
    fn expected(&self, end: u64) -> f64 {
        self.before(end) as f64 * self.how().scale
    }
    fn draws(&self) -> bool {
        self.how().spread.draws() || self.how().scale.fract() != 0.0
    }
    fn own_mean_demand_s(&self) -> Option<f64> {
        self.mean_demand_s()
    }
}

impl Replayed for Events {
    type Reader = Held;
    fn how(&self) -> Placing {
        self.how
    }
    fn read(&self, end: u64) -> Held {
        let last = self.arrivals.partition_point(|&at| at < end);
        Held { events: self.clone(), next: 0, last }
    }
    fn as_recorded(read: Held) -> Box<dyn Instants> {
        Box::new(Replay(read))
    }
    fn before(&self, end: u64) -> u64 {
        self.arrivals.partition_point(|&at| at < end) as u64
    }
    fn mean_demand_s(&self) -> Option<f64> {
        let demands = self.demands.as_ref()?;
        let total: u128 = demands.iter().map(|&demand| u128::from(demand)).sum();
        Some(total as f64 * 1e-9 / demands.len().max(1) as f64)
    }
}

/// As recorded.
struct Replay(Held);

impl Instants for Replay {
    fn fill(&mut self, batch: &mut Batch) {
        let Held { events, next, last } = &mut self.0;
        let range = *next..(*last).min(*next + BATCH);
        batch.arrival_ns.extend_from_slice(&events.arrivals[range.clone()]);
        if let Some(demands) = &events.demands {
            batch.demand_ns.extend_from_slice(&demands[range.clone()]);
        }
        *next = range.end;
    }
}

/// Recorded requests in order, from memory or from a file.
pub(super) trait Recorded: Send {
    /// Arrival of the next one.
    fn peek(&mut self) -> Option<u64>;
    /// The next one: arrival, and demand if it has its own.
    fn take(&mut self) -> Option<(u64, Option<u64>)>;
    /// Why there are no more, if not because they were all taken.
    fn failure(&self) -> Option<&str> {
        None
    }
}

/// From memory.
pub(super) struct Held {
    events: Events,
    next: usize,
    last: usize,
}

impl Recorded for Held {
    fn peek(&mut self) -> Option<u64> {
        (self.next < self.last).then(|| self.events.arrivals[self.next])
    }
    fn take(&mut self) -> Option<(u64, Option<u64>)> {
        let arrival = self.peek()?;
        let demand = self.events.demands.as_ref().map(|demands| demands[self.next]);
        self.next += 1;
        Some((arrival, demand))
    }
}

/// What becomes of recorded requests.
#[derive(Debug, Clone, Copy)]
pub(super) struct Placing {
    /// How many requests each stands for, on average.
    pub(super) scale: f64,
    pub(super) spread: Spread,
    /// Distance of coarse stamps: how far their requests are spread.
    pub(super) grid: u64,
}

/// Thinned, copied or spread over the grid of their stamps.
pub(super) struct Placed<R> {
    recorded: R,
    how: Placing,
    end: u64,
    ended: bool,
    group: Group,
    /// (demand, copies left) of the group, in order.
    copies: VecDeque<(Option<u64>, u64)>,
    rng: Generator,
    rounding: Generator,
}

impl<R: Recorded> Placed<R> {
    pub(super) fn new(recorded: R, how: Placing, luck: &Luck<'_>, end: u64) -> Self {
        Self {
            recorded,
            how,
            end,
            ended: false,
            group: Group::EMPTY,
            copies: VecDeque::new(),
            rng: luck.generator(Purpose::Arrivals),
            rounding: luck.generator(Purpose::Rounding),
        }
    }

    /// Takes the next request, or all of the next stamp; `false` after the last.
    fn load(&mut self) -> bool {
        let Some(stamp) = self.recorded.peek().filter(|_| !self.ended) else { return false };
        let keep = self.how.spread == Spread::Keep;
        self.copies.clear();
        let mut total = 0;
        while let Some((_, demand)) = self.recorded.take() {
            let copies = round(self.how.scale, &mut self.rounding);
            if copies > 0 {
                self.copies.push_back((demand, copies));
                total += copies;
            }
            if keep || self.recorded.peek() != Some(stamp) {
                break;
            }
        }
        self.group = if keep {
            let gap = self.recorded.peek().map_or(0, |next| next - stamp);
            Group::copies(stamp, gap, total)
        } else {
            Group::new(self.how.spread, stamp, self.how.grid, total, &self.rng)
        };
        true
    }

    /// The demand of the request that the next place is of.
    fn take(&mut self) -> Option<Option<u64>> {
        let (demand, left) = self.copies.front_mut()?;
        let demand = *demand;
        *left -= 1;
        if *left == 0 {
            self.copies.pop_front();
        }
        Some(demand)
    }
}

impl<R: Recorded> Instants for Placed<R> {
    fn fill(&mut self, batch: &mut Batch) {
        while batch.arrival_ns.len() < BATCH {
            if self.group.is_done() {
                if !self.load() {
                    return;
                }
                continue;
            }
            let at = self.group.next(&mut self.rng);
            let Some(demand) = self.take().filter(|_| at < self.end) else {
                self.ended = true;
                self.group = Group::EMPTY;
                return;
            };
            batch.arrival_ns.push(at);
            batch.demand_ns.extend(demand);
        }
    }

    fn failure(&self) -> Option<&str> {
        self.recorded.failure()
    }
}
