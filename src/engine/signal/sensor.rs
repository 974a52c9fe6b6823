//! What turns scrapes into readings: the pipeline, or a product's own metric path.

use super::{Pipeline, Probe, Reading, Resources, Shown, Wants};
use crate::units::Time;

/// A metric path from scrapes to readings. Most signals use [`Pipeline`]; a product whose path is not
/// window, statistic and delay brings its own.
pub trait Sensor: Send {
    /// How the service it is taken from turns load into resources; told once, before the first scrape.
    fn resources(&mut self, _: Resources) {}

    /// Replicas request so many cores each from now on (rule 53): for one that tells CPU in percent of the request.
    fn resized(&mut self, cores: f64) {
        let _ = cores;
    }

    /// Whether that changes what it tells.
    fn tells_of_requests(&self) -> bool {
        false
    }

    /// Takes a scrape; scrapes come in order of time, one every `resolution` of the signal, or when
    /// [`Sensor::next_scrape`] says.
    fn scrape(&mut self, probe: &Probe<'_>);

    /// A scrape while the metric is out (rule 48): it sees nothing of the probe but the time. Default: as if
    /// there had been no scrape.
    fn miss(&mut self, probe: &Probe<'_>) {
        let _ = probe;
    }

    /// When it wants its first scrape (asked at the start) or the next one (asked after each); `None` =
    /// after the signal's resolution.
    fn next_scrape(&self, _now: Time) -> Option<Time> {
        None
    }

    /// Takes a recorded sample instead of a scrape, in the platform's unit. For replaying recordings;
    /// not mixed with scrapes.
    fn sample(&mut self, at: Time, value: Option<f64>);

    /// What is known at `now`.
    fn reading(&mut self, now: Time) -> Reading;

    /// What there is at a control, before its readings: replicas exactly and without delay, as the platform's
    /// own interface shows them. Told to those that want [`Wants::Work`].
    fn inspect(&mut self, probe: &Probe<'_>) {
        let _ = probe;
    }

    /// Another thing that is known at `now` beside the reading: of a metric path that yields several, the
    /// number that a [`PartOf`](crate::control::PartOf) names.
    fn part(&mut self, now: Time, part: u32) -> Reading {
        let _ = part;
        self.reading(now)
    }

    /// Which replicas the scrape at `now` is to show, where it wants them at all.
    fn shown(&self, now: Time) -> Shown {
        let _ = now;
        Shown::All
    }

    /// What scrapes must show of replicas.
    fn wants(&self) -> Wants {
        Wants::Totals
    }

    /// The ready replicas are now these, ascending by number; told before the reading that follows a
    /// change.
    fn fleet_changed(&mut self, _now: Time, _ready: &[u64]) {}

    /// Whether it wants to be told of a request that finds no live replica; nothing else by that.
    fn hears_of_nobody(&self) -> bool {
        self.wants() > Wants::Totals
    }

    /// A request arrived at `now` while no replica was ready; `waiting` counts it. Told at the arrival
    /// while none is live either, else, to whoever wants replicas, of the last such request at the next
    /// control.
    fn found_nobody(&mut self, _now: Time, _waiting: u64) {}
}

impl Sensor for Pipeline {
    fn scrape(&mut self, probe: &Probe<'_>) {
        self.scrape(probe);
    }
    fn miss(&mut self, probe: &Probe<'_>) {
        self.miss(probe);
    }
    fn sample(&mut self, at: Time, value: Option<f64>) {
        self.sample(at, value);
    }
    fn reading(&mut self, now: Time) -> Reading {
        self.reading(now)
    }
}
