//! Traffic as a flow: how many requests come in a time, rather than which ones (rule 45).
//!
//! Counts are made cell by cell of a minute: the sources' expected number, which follows the same path of
//! states as their requests would, and the noise of their dispersion. Within a cell a count is split by
//! halves down to seconds, each half with a generator of its own (a binomial split is what independent
//! arrivals do), and evenly below a second. What arrives between two instants is therefore the same
//! whoever asks, and for every policy.

use super::source::{Current, Luck};
use super::{Arrivals, Batch, Workload};
use crate::random::{Generator, Purpose, Strata, Streams};
use crate::units::Time;
use rand_distr::{Binomial, Distribution as _, Poisson, StandardNormal};
use std::sync::Arc;

/// Seconds of a cell.
const CELL: usize = 60;
const SECOND_NS: u64 = 1_000_000_000;
const CELL_NS: u64 = CELL as u64 * SECOND_NS;

/// Seconds whose expected numbers differ by less than this are played as one.
const SAME: f64 = 0.02;

/// Pieces of a varying rate are narrow if they are short.
const LONGEST_LINE_NS: u64 = 600 * SECOND_NS;

/// A stretch of nearly constant rate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stretch {
    /// Its first instant.
    pub from: Time,
    /// The first instant after it.
    pub until: Time,
    /// Expected requests.
    pub expected: f64,
    /// Requests that arrive.
    pub arrivals: u64,
    /// By how much their demands together differ from as many mean demands, in standard deviations of a
    /// single demand.
    pub excess: f64,
}

/// Why a source cannot be played as a flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoFlow {
    /// It has no rate apart from its requests.
    Requests,
    /// Its demands follow another law than those of the first source.
    OtherDemand,
    /// Its demands have no finite variance.
    EndlessVariance,
}

/// The traffic of one service in one cell of an experiment, as a flow.
pub struct Flow {
    parts: Vec<Feed>,
    strata: Arc<Strata>,
    dispersion: f64,
    streams: Streams,
    end: u64,
    at: u64,
    cell: Cell,
    /// Offset in the cell at which the last stretch ended, and what was reached there.
    last: (u64, (u64, f64)),
    /// Expected requests before the cell, of sources without dispersion: their counts add up exactly.
    carried: f64,
}

/// One source, read piece by piece; instants in scenario time.
struct Feed {
    current: Current,
    time_scale: f64,
    /// The piece in hand: rate per second of source time at its ends.
    from: u64,
    until: u64,
    rates: (f64, f64),
    /// The rate is a straight line between them, near enough.
    straight: bool,
}

/// What a minute holds.
#[derive(Default)]
struct Cell {
    start: u64,
    /// Expected requests before each second of the cell, and in all.
    before: Vec<f64>,
    count: u64,
    /// Of all its demands, see [`Stretch::excess`].
    excess: f64,
}

impl Workload {
    /// The sources, by position, that cannot be played as a flow.
    pub fn without_flow(&self, end: Time) -> Vec<(usize, NoFlow)> {
        let streams = Streams::new(0, 0, 0);
        let first = self.parts.first().and_then(|part| part.demand.as_ref());
        let why = |part: &super::stream::Part| {
            let Some(demand) = &part.demand else { return Some(NoFlow::Requests) };
            let luck = Luck::new(&streams, 0);
            if part.source.current(&luck, self.source_time(end)).is_none() {
                Some(NoFlow::Requests)
            } else if first.is_none_or(|first| first.law != demand.law) {
                Some(NoFlow::OtherDemand)
            } else {
                (!demand.law.cv().is_finite()).then_some(NoFlow::EndlessVariance)
            }
        };
        let parts = self.parts.iter().enumerate();
        parts.filter_map(|(index, part)| why(part).map(|why| (index, why))).collect()
    }

    /// The law of the demands of its first source, as points.
    pub fn strata(&self) -> Option<Strata> {
        let demand = self.parts.first()?.demand.as_ref()?;
        demand.law.cv().is_finite().then(|| Strata::of(&demand.law))
    }

    /// The traffic of one replication before `end` as a flow, the same for every policy (rule 45); `None`
    /// where [`Workload::without_flow`] names a source.
    pub fn flow(&self, streams: &Streams, end: Time) -> Option<Flow> {
        let mut parts = Vec::new();
        let (mut variance, mut expected) = (0.0, 0.0);
        for (index, part) in (0..).zip(&self.parts) {
            let until = self.source_time(end);
            let current = part.source.current(&Luck::new(streams, index), until)?;
            let weight = part.source.expected(until);
            variance += weight * current.dispersion;
            expected += weight;
            parts.push(Feed::new(current, self.time_scale));
        }
        Some(Flow {
            parts,
            strata: Arc::new(self.strata()?),
            dispersion: if expected > 0.0 { variance / expected } else { 1.0 },
            streams: *streams,
            end: end.0,
            at: 0,
            cell: Cell::default(),
            last: (0, (0, 0.0)),
            carried: 0.0,
        })
    }
}

impl Arrivals for Option<Box<Flow>> {
    fn fill(&mut self, batch: &mut Batch) {
        batch.clear();
    }
    fn take_flow(&mut self) -> Option<Box<Flow>> {
        self.take()
    }
}

impl Flow {
    /// The law of demands.
    pub fn strata(&self) -> &Arc<Strata> {
        &self.strata
    }

    /// Variance of counts over their mean: 1 for Poisson.
    pub fn dispersion(&self) -> f64 {
        self.dispersion
    }

    /// The next stretch, which begins where the last one ended and ends at `until` at the latest; after
    /// the end of the traffic nothing arrives.
    pub fn next(&mut self, until: Time) -> Stretch {
        let from = self.at;
        if from >= self.end {
            self.at = until.0.max(from);
            let nothing = Stretch { arrivals: 0, expected: 0.0, excess: 0.0, until, from: until };
            return Stretch { from: Time(from), until: Time(self.at), ..nothing };
        }
        if self.cell.before.is_empty() || from >= self.cell.start + CELL_NS {
            self.make_cell(from / CELL_NS * CELL_NS);
        }
        let latest = until.0.min(self.end).min(self.cell.start + CELL_NS);
        self.at = self.cell.same_until(from - self.cell.start).saturating_add(self.cell.start);
        self.at = self.at.min(latest).max(from);
        let (a, b) = (from - self.cell.start, self.at - self.cell.start);
        let first = if a == self.last.0 { self.last.1 } else { self.reached(a) };
        let last = self.reached(b);
        self.last = (b, last);
        Stretch {
            from: Time(from),
            until: Time(self.at),
            expected: self.cell.expected(b) - self.cell.expected(a),
            arrivals: last.0 - first.0,
            excess: last.1 - first.1,
        }
    }

    fn make_cell(&mut self, start: u64) {
        let mut seconds = [0.0; CELL];
        for feed in &mut self.parts {
            feed.add(start, &mut seconds);
        }
        let mut sum = 0.0;
        let mut before: Vec<f64> = std::mem::take(&mut self.cell.before);
        before.clear();
        before.push(0.0);
        before.extend(seconds.iter().map(|second| {
            sum += second;
            sum
        }));
        let mut rng = self.generator(start, 0);
        let count = if self.dispersion == 0.0 {
            let whole = (self.carried + sum).floor() - self.carried.floor();
            self.carried += sum;
            whole as u64
        } else {
            count(sum, self.dispersion, &mut rng)
        };
        let excess: f64 = StandardNormal.sample(&mut rng);
        self.cell = Cell { start, before, count, excess: excess * (count as f64).sqrt() };
        self.last = (0, (0, 0.0));
    }

    /// The generator of a part of a cell; part 0 is the whole.
    fn generator(&self, start: u64, part: u64) -> Generator {
        self.streams.keyed(Purpose::Flow, 0, ((start / CELL_NS) << 16) | part)
    }

    /// Requests of the cell before `offset`, and the excess of their demands.
    fn reached(&self, offset: u64) -> (u64, f64) {
        let second = (offset / SECOND_NS) as usize;
        let (count, excess) = self.by_second(second.min(CELL));
        let part = offset % SECOND_NS;
        if part == 0 || second >= CELL {
            return (count, excess);
        }
        let next = self.by_second(second + 1);
        let share = part as f64 / SECOND_NS as f64;
        let more = ((next.0 - count) as f64 * share) as u64;
        (count + more, excess + (next.1 - excess) * share)
    }

    /// The same before a second of the cell: down the halves.
    fn by_second(&self, second: usize) -> (u64, f64) {
        let (mut low, mut high) = (0, CELL);
        let (mut count, mut excess) = (self.cell.count, self.cell.excess);
        let mut passed = (0, 0.0);
        while second > low {
            if second >= high {
                return (passed.0 + count, passed.1 + excess);
            }
            let middle = usize::midpoint(low, high);
            let left = self.split(low, middle, high, count, excess);
            if second < middle {
                (count, excess, high) = (left.0, left.1, middle);
            } else {
                passed = (passed.0 + left.0, passed.1 + left.1);
                (count, excess, low) = (count - left.0, excess - left.1, middle);
            }
        }
        passed
    }

    /// The left half's part of `count` requests and their excess.
    fn split(&self, low: usize, middle: usize, high: usize, count: u64, excess: f64) -> (u64, f64) {
        let before = &self.cell.before;
        let whole = before[high] - before[low];
        let share = if whole > 0.0 { (before[middle] - before[low]) / whole } else { 0.5 };
        let mut rng = self.generator(self.cell.start, ((low as u64) << 8 | high as u64) + 1);
        let left = if self.dispersion == 1.0 {
            Binomial::new(count, share.clamp(0.0, 1.0)).map_or(0, |law| law.sample(&mut rng))
        } else {
            let normal: f64 = StandardNormal.sample(&mut rng);
            // Counts as recorded are spread by chance within their interval all the same.
            let factor = if self.dispersion == 0.0 { 1.0 } else { self.dispersion };
            let spread = (factor * count as f64 * share * (1.0 - share)).max(0.0).sqrt();
            (count as f64 * share + normal * spread).round().clamp(0.0, count as f64) as u64
        };
        let normal: f64 = StandardNormal.sample(&mut rng);
        let part = if count > 0 { left as f64 / count as f64 } else { 0.0 };
        let spread = (count as f64 * part * (1.0 - part)).max(0.0).sqrt();
        (left, excess * part + normal * spread)
    }
}

/// A count of a mean and a dispersion.
fn count(mean: f64, dispersion: f64, rng: &mut Generator) -> u64 {
    if mean <= 0.0 {
        return 0;
    }
    if dispersion == 1.0 {
        return Poisson::new(mean).map_or(0, |law| law.sample(rng) as u64);
    }
    let normal: f64 = StandardNormal.sample(rng);
    (mean + normal * (mean * dispersion).sqrt()).round().max(0.0) as u64
}

impl Cell {
    /// Expected requests before `offset`.
    fn expected(&self, offset: u64) -> f64 {
        let second = (offset / SECOND_NS) as usize;
        let share = (offset % SECOND_NS) as f64 / SECOND_NS as f64;
        match (self.before.get(second), self.before.get(second + 1)) {
            (Some(a), Some(b)) => a + (b - a) * share,
            (Some(a), None) => *a,
            _ => self.before.last().copied().unwrap_or(0.0),
        }
    }

    /// Up to where the rate is that at `offset`.
    fn same_until(&self, offset: u64) -> u64 {
        let first = (offset / SECOND_NS) as usize;
        let of = |second: usize| self.before[second + 1] - self.before[second];
        let rate = of(first.min(CELL - 1));
        let same = |second: &usize| (of(*second) - rate).abs() <= SAME * rate;
        let last = (first..CELL).take_while(same).last().unwrap_or(first);
        (last as u64 + 1) * SECOND_NS
    }
}

impl Feed {
    fn new(current: Current, time_scale: f64) -> Self {
        let from = scaled(current.extent.from, time_scale);
        Self { current, time_scale, from, until: from, rates: (0.0, 0.0), straight: true }
    }

    /// The next piece begins where the last one ended.
    fn next_piece(&mut self) {
        let start = if self.until == self.from { self.current.extent.from } else { self.source() };
        let piece = self.current.intensity.next();
        self.rates = if piece.low == piece.high {
            (piece.high, piece.high)
        } else {
            let last = piece.until.saturating_sub(1).max(start);
            (self.current.intensity.rate_at(start), self.current.intensity.rate_at(last))
        };
        self.straight = piece.low == piece.high || piece.until - start <= LONGEST_LINE_NS;
        self.from = self.until;
        self.until = scaled(piece.until, self.time_scale).max(self.from + 1);
    }

    /// The source time of the end of the piece.
    fn source(&self) -> u64 {
        if self.time_scale == 1.0 {
            self.until
        } else {
            (self.until as f64 / self.time_scale).round() as u64
        }
    }

    /// Adds its expected requests of the minute from `start` on.
    fn add(&mut self, start: u64, seconds: &mut [f64; CELL]) {
        let end = start + CELL_NS;
        let last = scaled(self.current.extent.until, self.time_scale).min(end);
        let mut at = start.max(scaled(self.current.extent.from, self.time_scale));
        while at < last {
            if at >= self.until {
                self.next_piece();
                continue;
            }
            let until = self.until.min(last);
            self.add_piece(at, until, start, seconds);
            at = until;
        }
    }

    /// Within a piece the rate is taken as a straight line, unless it is a long one.
    fn add_piece(&self, mut at: u64, until: u64, start: u64, seconds: &mut [f64; CELL]) {
        let length = (self.until - self.from) as f64;
        while at < until {
            let second = ((at - start) / SECOND_NS) as usize;
            let next = (start + (second as u64 + 1) * SECOND_NS).min(until);
            let middle = (at - self.from) as f64 + (next - at) as f64 / 2.0;
            let rate = if self.straight {
                self.rates.0 + (self.rates.1 - self.rates.0) * (middle / length).min(1.0)
            } else {
                let instant = (self.from as f64 + middle) / self.time_scale;
                self.current.intensity.rate_at(instant as u64)
            };
            seconds[second] += rate / self.time_scale * (next - at) as f64 * 1e-9;
            at = next;
        }
    }
}

fn scaled(at: u64, scale: f64) -> u64 {
    if scale == 1.0 { at } else { (at as f64 * scale) as u64 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Distribution;
    use crate::units::{Rate, Span};

    fn flow(rate: f64, seed: u64, seconds: u64) -> Flow {
        let rate = Rate::per_second(rate).unwrap();
        let workload = Workload::poisson(rate, &Distribution::exponential(Span::from_millis(10)));
        workload.flow(&Streams::new(seed, 0, 0), Time::from_secs(seconds)).unwrap()
    }

    /// What arrived by each of the instants, looked at in steps of `step_ms` besides.
    fn arrived(mut flow: Flow, step_ms: u64, looks_s: &[u64]) -> Vec<u64> {
        let mut sum = 0;
        let mut at = Time::ZERO;
        let mut seen = Vec::new();
        for &look in looks_s {
            while at < Time::from_secs(look) {
                let next = (at + Span::from_millis(step_ms)).min(Time::from_secs(look));
                let stretch = flow.next(next);
                (sum, at) = (sum + stretch.arrivals, stretch.until);
            }
            seen.push(sum);
        }
        seen
    }

    /// (rule 45)
    #[test]
    fn what_arrives_by_an_instant_does_not_depend_on_who_looks_when() {
        let looks = [7, 60, 95, 100, 180];
        let alone = arrived(flow(50.0, 1, 180), 1_000_000, &looks);
        for step_ms in [300, 1000, 7000, 15_000] {
            assert_eq!(arrived(flow(50.0, 1, 180), step_ms, &looks), alone, "{step_ms}");
        }
        assert_ne!(arrived(flow(50.0, 2, 180), 7000, &looks), alone);
    }

    #[test]
    fn counts_have_the_mean_and_the_variance_of_their_dispersion() {
        for length in [1, 10, 60] {
            let mut flow = flow(40.0, 3, 60_000);
            let (mut sum, mut squares, mut n) = (0.0, 0.0, 0.0);
            while flow.at < flow.end {
                let until = Time(flow.at + length * SECOND_NS);
                let mut count = 0.0;
                while flow.at < until.0 {
                    count += flow.next(until).arrivals as f64;
                }
                (sum, squares, n) = (sum + count, squares + count * count, n + 1.0);
            }
            let (mean, expected) = (sum / n, 40.0 * length as f64);
            let variance = squares / n - mean * mean;
            assert!((mean / expected - 1.0).abs() < 0.005, "{length} s: {mean}");
            assert!((variance / mean - 1.0).abs() < 0.15, "{length} s: {}", variance / mean);
        }
    }

    #[test]
    fn nothing_arrives_after_the_end() {
        let mut flow = flow(1000.0, 1, 90);
        let before: u64 =
            std::iter::repeat_with(|| flow.next(Time::from_secs(90)).arrivals).take(40).sum();
        assert!((80_000..100_000).contains(&before), "{before}");
        let after = flow.next(Time::from_secs(1000));
        assert_eq!((after.arrivals, after.until), (0, Time::from_secs(1000)));
    }
}
