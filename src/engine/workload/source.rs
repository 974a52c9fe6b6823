//! What a compiled source of arrivals can do.

use super::Batch;
use super::arrivals::Intensity;
use crate::random::{Generator, Purpose, Sampler, Streams};
use crate::units::{Span, Time};
use std::fmt;

/// Where in time a source sends, in nanoseconds of the source's own time: `[from, until)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Extent {
    /// First instant.
    pub(crate) from: u64,
    /// First instant no longer served.
    pub(crate) until: u64,
}

impl Extent {
    /// Everything.
    pub(crate) const ALL: Self = Self { from: 0, until: u64::MAX };

    /// The part before `end`.
    pub(crate) fn cut(self, end: u64) -> Self {
        Self { from: self.from.min(end), until: self.until.min(end) }
    }
    /// True at `at`.
    pub(crate) fn contains(self, at: u64) -> bool {
        self.from <= at && at < self.until
    }
    /// Length in seconds.
    pub(crate) fn seconds(self) -> f64 {
        self.until.saturating_sub(self.from) as f64 * 1e-9
    }
}

/// The generators of one source in one cell.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Luck<'a> {
    streams: &'a Streams,
    source: u32,
}

impl<'a> Luck<'a> {
    /// Those of source number `source`.
    pub(crate) const fn new(streams: &'a Streams, source: u32) -> Self {
        Self { streams, source }
    }
    /// The generator for one purpose.
    pub(crate) fn generator(&self, purpose: Purpose) -> Generator {
        self.streams.sequential(purpose, self.source)
    }
}

/// Instants in order; the end of the run is cut off by whoever reads.
pub(crate) trait Instants: Send {
    /// Appends up to `BATCH` arrival instants to an empty batch, never decreasing, all before the `end`
    /// given to [`Source::open`]; nothing appended = no more, ever. A source that knows its requests'
    /// demands appends those too.
    fn fill(&mut self, batch: &mut Batch);
    /// Why there are no more, if it is not that there are none.
    fn failure(&self) -> Option<&str> {
        None
    }
}

/// Users of a closed loop, whose requests are not known before the run: whoever serves them plays them.
#[derive(Debug, Clone, PartialEq)]
pub struct Users {
    /// How many.
    pub users: u32,
    /// How long each thinks before a request.
    pub think: Sampler,
    /// The mean of that, in seconds.
    pub think_s: f64,
    /// When the first one begins to think.
    pub from: Time,
    /// Over which they begin, evenly.
    pub ramp_up: Span,
    /// Nobody sends from here on; [`Time::NEVER`] = until the end of the run.
    pub until: Time,
}

/// A source, compiled: what every cell's stream is made from.
pub(crate) trait Source: fmt::Debug + Send + Sync {
    /// A stream of its instants before `end`.
    fn open(&self, luck: &Luck<'_>, end: u64) -> Box<dyn Instants>;
    /// Expected requests a second at an instant.
    fn rate_at(&self, at: u64) -> f64;
    /// Expected number of requests before `end`.
    fn expected(&self, end: u64) -> f64;
    /// The source as a flow before `end`; `None` where it has no rate that is known apart from its
    /// requests.
    fn current(&self, _luck: &Luck<'_>, _end: u64) -> Option<Current> {
        None
    }
    /// Mean demand in seconds of requests that bring their own.
    fn own_mean_demand_s(&self) -> Option<f64> {
        None
    }
    /// Whether its instants, and the demands it brings, depend on luck.
    fn draws(&self) -> bool {
        true
    }
    /// Users in a closed loop: such a source has no instants.
    fn users(&self) -> Option<Users> {
        None
    }
}

/// A source as a flow: its rate piece by piece, the first piece beginning where the extent does.
pub(crate) struct Current {
    /// Nothing outside of it.
    pub(crate) extent: Extent,
    /// The rate.
    pub(crate) intensity: Box<dyn Intensity>,
    /// Variance of a count over its mean: 1 for Poisson, 0 where counts are as recorded.
    pub(crate) dispersion: f64,
}

/// Nanoseconds of an instant stretched by `scale`.
pub(crate) fn stretch(at: u64, scale: f64) -> Time {
    Time((at as f64 * scale) as u64)
}
