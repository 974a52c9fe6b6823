//! `mmpp`: a Markov-modulated Poisson process.

use super::{Intensity, Moment, Piece, Resolver, Thinning};
use crate::fault::Faults;
use crate::random::{Distribution, Generator, Purpose, unit};
use crate::units::{Rate, Span};
use crate::workload::source::{Current, Extent, Instants, Luck, Source};
use crate::workload::stream::Part;
use rand_distr::{Distribution as _, Exp1};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Poisson arrivals whose rate jumps between states; the stay in a state is exponential. The state at
/// the start is drawn from the long-run shares, so the stream is stationary from the first request.
///
/// ```toml
/// [workload.arrivals.bursty.mmpp]
/// states = [{ rate = "10/s", dwell = "10m" }, { rate = "100/s", dwell = "60s" }]
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Mmpp {
    /// The states.
    pub states: Vec<State>,
    /// Which state follows.
    #[serde(default)]
    pub order: StateOrder,
    /// Nothing before this moment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Moment>,
    /// Nothing from this moment on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Moment>,
    /// Law of its requests' service times; default: the service's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_time: Option<Distribution>,
}

/// One state.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct State {
    /// Requests a second while in it.
    pub rate: Rate,
    /// Mean stay.
    pub dwell: Span,
}

/// Which state follows another.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum StateOrder {
    /// The next of the list, the first after the last.
    #[default]
    Cycle,
    /// Any other, with equal chance.
    Random,
}

/// States that change more often would cost more than the requests do.
pub(super) const SHORTEST_STAY: Span = Span::from_millis(1);
/// States of one process.
const MOST_STATES: usize = 1000;

impl Mmpp {
    pub(super) fn resolve(&self, resolver: &Resolver<'_>, faults: &mut Faults) -> Option<Part> {
        let before = faults.errors();
        if !(2..=MOST_STATES).contains(&self.states.len()) {
            let message = format!("{} states are given", self.states.len());
            faults.error("states", message, format!("give 2 to {MOST_STATES}"));
        }
        if self.states.iter().all(|state| state.rate.as_per_second() == 0.0) {
            faults.error("states", "every rate is zero", "give one state a positive rate");
        }
        let mut states = Vec::with_capacity(self.states.len());
        for (index, state) in self.states.iter().enumerate() {
            let key = format!("states.{index}.rate");
            let rate = resolver.rate_or_zero(&key, state.rate, faults).unwrap_or(0.0);
            if state.dwell < SHORTEST_STAY {
                let key = format!("states.{index}.dwell");
                let message = format!("the mean stay is {}", state.dwell);
                faults.error(&key, message, "at least 1ms; drop a state that has no time");
            }
            states.push((rate, state.dwell.0 as f64));
        }
        let extent = resolver.extent(self.from, self.until, faults);
        let demand = resolver.demand(self.service_time.as_ref(), faults);
        let source = Modulated { states: states.into(), order: self.order, extent: extent? };
        let demand = demand?;
        (faults.errors() == before).then(|| Part::synthetic(source, demand))
    }
}

/// The compiled process: (requests a second, mean stay in nanoseconds) of each state.
#[derive(Debug)]
pub(super) struct Modulated {
    pub(super) states: Arc<[(f64, f64)]>,
    pub(super) order: StateOrder,
    pub(super) extent: Extent,
}

impl Modulated {
    /// The same states at the same instants in every reading.
    fn path(&self, luck: &Luck<'_>, from: u64) -> Path {
        let mut rng = luck.generator(Purpose::Modulation);
        let state = stationary(&self.states, &mut rng);
        let states = Arc::clone(&self.states);
        Path { states, order: self.order, state, first: true, at: from, rng }
    }

    fn mean_rate(&self) -> f64 {
        let time: f64 = self.states.iter().map(|state| state.1).sum();
        self.states.iter().map(|state| state.0 * state.1).sum::<f64>() / time
    }
}

impl Source for Modulated {
    fn open(&self, luck: &Luck<'_>, end: u64) -> Box<dyn Instants> {
        let extent = self.extent.cut(end);
        let path = self.path(luck, extent.from);
        let rng = luck.generator(Purpose::Arrivals);
        Box::new(Thinning::new(path, rng, extent.from, extent.until))
    }
    fn current(&self, luck: &Luck<'_>, end: u64) -> Option<Current> {
        let extent = self.extent.cut(end);
        let intensity = Box::new(self.path(luck, extent.from));
        Some(Current { extent, intensity, dispersion: 1.0 })
    }
    fn rate_at(&self, at: u64) -> f64 {
        if self.extent.contains(at) { self.mean_rate() } else { 0.0 }
    }
    fn expected(&self, end: u64) -> f64 {
        self.extent.cut(end).seconds() * self.mean_rate()
    }
}

/// A state with a chance proportional to its mean stay: both orders visit all states equally often.
fn stationary(states: &[(f64, f64)], rng: &mut Generator) -> usize {
    let total: f64 = states.iter().map(|state| state.1).sum();
    let mut left = unit(rng) * total;
    for (index, state) in states.iter().enumerate() {
        left -= state.1;
        if left < 0.0 {
            return index;
        }
    }
    states.len() - 1
}

/// The path through the states, drawn on the way.
struct Path {
    states: Arc<[(f64, f64)]>,
    order: StateOrder,
    state: usize,
    first: bool,
    at: u64,
    rng: Generator,
}

impl Path {
    fn leave(&mut self) {
        let count = self.states.len();
        self.state = match self.order {
            StateOrder::Cycle => (self.state + 1) % count,
            StateOrder::Random => {
                let other = (unit(&mut self.rng) * (count - 1) as f64) as usize;
                (self.state + 1 + other) % count
            }
        };
    }
}

impl Intensity for Path {
    fn next(&mut self) -> Piece {
        if self.first {
            self.first = false;
        } else {
            self.leave();
        }
        let (rate, dwell) = self.states[self.state];
        let stay: f64 = Exp1.sample(&mut self.rng);
        // At least a nanosecond, so that time always goes on.
        self.at = self.at.saturating_add((stay * dwell).round().max(1.0) as u64);
        Piece { until: self.at, low: rate, high: rate }
    }
    fn rate_at(&self, _: u64) -> f64 {
        self.states[self.state].0
    }
}
