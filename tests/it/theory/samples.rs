//! The tests' own sink: exact samples, and states at stated instants.

use autosim_engine::simulation::{Completion, Sink};
use autosim_engine::units::{Span, Time};
use autosim_engine::workload::{Arrivals, Batch};

/// What is looked at beyond waits and response times.
#[derive(Debug, Clone, Default)]
pub(crate) enum Watch {
    #[default]
    Nothing,
    /// The wait of each request.
    Each,
    /// How many requests each replica holds (one slot a replica).
    Lengths { replicas: u64 },
    /// Requests in service at eight phases of a cycle of 24 s, and the cycle's first harmonic.
    Cycle { from: Time, cycles: u64 },
    /// State at instants of a block, over blocks one after another.
    Blocks { block: Span, blocks: u64, at: Vec<Span> },
}

/// Length of the cycle in ns.
const CYCLE: u64 = 24_000_000_000;

#[derive(Debug, Default)]
pub(crate) struct Samples {
    warmup: Time,
    keep: bool,
    watch: Watch,
    pub(crate) waits: Vec<u64>,
    pub(crate) sojourns: Vec<u64>,
    pub(crate) wait_sum: u128,
    pub(crate) sojourn_sum: u128,
    pub(crate) completed: u64,
    pub(crate) waited: u64,
    pub(crate) rejected: u64,
    pub(crate) timed_out: u64,
    pub(crate) timed_out_wait_sum: u128,
    pub(crate) unresolved: u64,
    pub(crate) last_end: Time,
    /// (replica, arrival, start, end).
    visits: Vec<(u64, u64, u64, u64)>,
    phases: [u64; 8],
    harmonic: (f64, f64),
    /// Waiting and in service, by block and instant.
    states: Vec<(u32, u32)>,
    /// Arrivals and demands of those to come, where response times are set against demands.
    demands: Vec<(u64, u64)>,
    pub(crate) slowdown_sum: f64,
    /// Waits by arrival.
    pub(crate) by_arrival: Vec<(u64, u64)>,
}

impl Samples {
    /// Counts requests from `warmup` on; `keep` = keeps each wait and response time.
    pub(crate) fn new(warmup: Time, keep: bool, watch: Watch) -> Self {
        let states = match &watch {
            Watch::Blocks { blocks, at, .. } => vec![(0, 0); *blocks as usize * at.len()],
            _ => Vec::new(),
        };
        Self { warmup, keep, watch, states, ..Self::default() }
    }

    /// Response times will be set against the demands of these requests.
    pub(crate) fn note_demands(&mut self, mut requests: Box<dyn Arrivals>) {
        let mut batch = Batch::new();
        loop {
            requests.fill(&mut batch);
            if batch.is_empty() {
                return;
            }
            let both = batch.arrival_ns.iter().zip(&batch.demand_ns);
            self.demands.extend(both.map(|(&arrival, &demand)| (arrival, demand)));
        }
    }

    /// Who arrived together is as good as one another: each finds the demand of the first.
    fn demand(&self, arrival: Time) -> Option<u64> {
        let place = self.demands.partition_point(|request| request.0 < arrival.0);
        self.demands.get(place).map(|request| request.1)
    }

    fn visit(&mut self, arrival: Time, start: Time, end: Time, replica: u64) {
        match &self.watch {
            Watch::Nothing => {}
            Watch::Each => self.by_arrival.push((arrival.0, start.0 - arrival.0)),
            Watch::Lengths { .. } => self.visits.push((replica, arrival.0, start.0, end.0)),
            &Watch::Cycle { from, cycles } => {
                let until = from.0 + cycles * CYCLE;
                let (start, end) = (start.0.max(from.0), end.0.min(until));
                self.cycle(start, end);
            }
            Watch::Blocks { block, at, .. } => {
                let index = arrival.0 / block.0;
                let begin = index * block.0;
                assert!(end.0 < begin + block.0, "a block leaks into the next");
                for (i, offset) in at.iter().enumerate() {
                    let (instant, cell) = (begin + offset.0, index as usize * at.len() + i);
                    let Some(state) = self.states.get_mut(cell) else { continue };
                    state.0 += u32::from(arrival.0 <= instant && instant < start.0);
                    state.1 += u32::from(start.0 <= instant && instant < end.0);
                }
            }
        }
    }

    fn cycle(&mut self, start: u64, end: u64) {
        if end <= start {
            return;
        }
        let step = CYCLE / 8;
        for tick in start.div_ceil(step)..end.div_ceil(step) {
            self.phases[(tick % 8) as usize] += 1;
        }
        let turn = std::f64::consts::TAU / CYCLE as f64;
        let (from, to) = ((start % CYCLE) as f64 * turn, (end - start) as f64 * turn);
        self.harmonic.0 += from.cos() - (from + to).cos();
        self.harmonic.1 += (from + to).sin() - from.sin();
    }

    /// Share of time that a replica holds at least `k` requests, k at least 2.
    pub(crate) fn share_with_at_least(&mut self, k: usize, window: Span) -> f64 {
        let Watch::Lengths { replicas } = self.watch else { return f64::NAN };
        self.visits.sort_unstable();
        // First come, first served on one slot: k are there while the (k-1)-th after the one in
        // service has come.
        let held = self.visits.windows(k).filter(|visits| visits[0].0 == visits[k - 1].0);
        let ns = held.map(|visits| {
            let ((_, _, start, end), (_, arrival, ..)) = (visits[0], visits[k - 1]);
            if arrival < self.warmup.0 { 0 } else { end.saturating_sub(arrival.max(start)) }
        });
        ns.map(|ns| ns as f64).sum::<f64>() / (window.0 as f64 * replicas as f64)
    }

    /// Mean number in service at phase number `phase` of eight.
    pub(crate) fn at_phase(&self, phase: usize) -> f64 {
        let Watch::Cycle { cycles, .. } = self.watch else { return f64::NAN };
        self.phases[phase] as f64 / cycles as f64
    }

    /// Amplitude of the first harmonic of the number in service, and how many seconds after the start
    /// of the cycle it peaks.
    pub(crate) fn first_harmonic(&self) -> (f64, f64) {
        let Watch::Cycle { cycles, .. } = self.watch else { return (f64::NAN, f64::NAN) };
        let per_cycle = std::f64::consts::PI * cycles as f64;
        let (sin, cos) = (self.harmonic.0 / per_cycle, self.harmonic.1 / per_cycle);
        (sin.hypot(cos), sin.atan2(cos) / std::f64::consts::TAU * 24.0)
    }

    /// Mean waiting, mean in service and the share with any waiting at an instant of the blocks.
    pub(crate) fn at_instant(&self, offset: Span) -> [f64; 3] {
        let Watch::Blocks { at, .. } = &self.watch else { return [f64::NAN; 3] };
        let Some(i) = at.iter().position(|instant| *instant == offset) else {
            return [f64::NAN; 3];
        };
        let states = self.states.iter().skip(i).step_by(at.len());
        let n = (self.states.len() / at.len()) as f64;
        let sums = states.fold([0.0; 3], |sums, &(waiting, serving)| {
            [
                sums[0] + f64::from(waiting),
                sums[1] + f64::from(serving),
                sums[2] + f64::from(u32::from(waiting > 0)),
            ]
        });
        sums.map(|sum| sum / n)
    }
}

impl Sink for Samples {
    fn completed(&mut self, c: &Completion) {
        if !matches!(self.watch, Watch::Nothing) {
            self.visit(c.arrival, c.start, c.end, c.replica);
        }
        if c.arrival < self.warmup {
            return;
        }
        let (wait, sojourn) = (c.start.0 - c.arrival.0, c.end.0 - c.arrival.0);
        self.completed += 1;
        if let Some(demand) = self.demand(c.arrival) {
            self.slowdown_sum += sojourn as f64 / demand.max(1) as f64;
        }
        self.waited += u64::from(wait > 0);
        self.wait_sum += u128::from(wait);
        self.sojourn_sum += u128::from(sojourn);
        self.last_end = self.last_end.max(c.end);
        if self.keep {
            self.waits.push(wait);
            self.sojourns.push(sojourn);
        }
    }
    fn rejected(&mut self, arrival: Time) {
        self.rejected += u64::from(arrival >= self.warmup);
    }
    fn timed_out(&mut self, arrival: Time, at: Time) {
        if arrival >= self.warmup {
            self.timed_out += 1;
            self.timed_out_wait_sum += u128::from((at - arrival).0);
        }
    }
    fn lost(&mut self, arrival: Time, _: Time, _: Time) {
        self.unresolved += u64::from(arrival >= self.warmup);
    }
    fn unfinished(&mut self, arrival: Time) {
        self.unresolved += u64::from(arrival >= self.warmup);
    }
}

/// The smallest value with at least the `q`-th share at or below it.
pub(crate) fn quantile(samples: &mut [u64], q: f64) -> f64 {
    if samples.is_empty() {
        return f64::NAN;
    }
    let rank = ((q * samples.len() as f64).ceil() as usize).clamp(1, samples.len());
    *samples.select_nth_unstable(rank - 1).1 as f64
}
