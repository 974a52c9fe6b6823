//! A compact model of a recording in the words of a scenario: how its rate varies, how it bursts, how long requests
//! take. What is drawn from it is measured as the recording is, and what it misses is said.

mod compare;
mod service;
mod shape;

pub use compare::Compared;

use super::failure::TraceError;
use super::gathered::Stamps;
use super::inspect::{Inspection, describe, gone_through};
use super::options::Options;
use super::recording::{Recording, Rows, open};
use super::sorted::Runs;
use super::spread::Spread;
use super::statistics::Tally;
use super::streamed::{Kept, Streamable};
use crate::fault::Faults;
use crate::random::distribution::Gamma;
use crate::random::{Distribution, Streams};
use crate::units::{Rate, Span, Time, WallClock};
use crate::workload::arrivals::{Mmpp, Moment, Ramp, Renewal, State, StateOrder};
use crate::workload::{Batch, ResolveContext, SourceSpec, Workload, WorkloadSpec};
use compare::compare;
use indexmap::IndexMap;
use shape::Shape;
use std::path::Path;
use std::sync::Arc;

/// Most requests that are drawn to measure a model: one by one, or counted.
const MOST_DRAWN: (f64, f64) = (3e7, 2e9);
/// Fewer requests say nothing of how they vary.
const FEWEST: f64 = 100.0;
/// Windows in which bursts are looked for, at most.
const MOST_WINDOWS: u64 = 20_000_000;
/// Parts of a window for which its expected rate is looked up, at most.
const MOST_PARTS: u64 = 60;
const SECOND_NS: u64 = 1_000_000_000;
/// Bursts are modelled where the counts vary so much more than Poisson's, and more than by chance.
const EXCESS: f64 = 0.1;

/// A model of a recording.
#[derive(Debug, Clone)]
pub struct Model {
    /// Its sources, by name, each with what it was made from.
    pub arrivals: IndexMap<String, (SourceSpec, String)>,
    /// Law of the requests' service times with what it was made from, where the recording has them.
    pub service_time: Option<(Distribution, String)>,
    /// The wall clock at its start, where the recording has dates.
    pub clock: Option<WallClock>,
    /// How long the recording is.
    pub length: Span,
    /// What the recording cannot tell.
    pub unknown: Vec<String>,
    /// The recording's figures.
    pub original: Inspection,
    /// Those of requests drawn from the model.
    pub drawn: Inspection,
    /// Both, side by side.
    pub compared: Vec<Compared>,
}

/// Fits a model to a recording and measures it; `path` is relative to `base`, `seed` is what the requests that are
/// measured are drawn from.
pub fn fit(base: &Path, path: &str, options: &Options, seed: u64) -> Result<Model, TraceError> {
    let recording = open(base, path, &gone_through(options))?;
    let (requests, span_s) = recording.rows.requests_and_span();
    if requests < FEWEST || span_s <= 0.0 {
        let message = format!("{path} has {requests} requests in {span_s} s");
        let hint = format!("a model needs at least {FEWEST} requests, over some time");
        return Err(TraceError::file(message, hint));
    }
    let clock = recording.clock();
    let length = Span(recording.tally().0.span_ns().next_multiple_of(SECOND_NS));
    let mut unknown = Vec::new();
    let arrivals = arrivals(&recording, clock.as_ref(), &mut unknown);
    let service_time = service_time(&recording, &mut unknown);
    let playing =
        Playing { arrivals: &arrivals, service_time: service_time.as_ref(), clock: &clock };
    let workload = playing.workload(length)?;
    let end = measured(&workload, length, &recording, &mut unknown);
    recording.rows.failure()?;
    let drawn = describe(drawn(&workload, &recording, end, seed)?)?;
    let original = describe(if end.0 < length.0 { recording.until(end) } else { recording })?;
    let compared = compare(&original, &drawn);
    Ok(Model { arrivals, service_time, clock, length, unknown, original, drawn, compared })
}

impl Recording {
    /// The wall clock at its start.
    fn clock(&self) -> Option<WallClock> {
        let at = jiff::Timestamp::from_nanosecond(i128::from(self.rows.range().0)).ok()?;
        (!self.relative).then(|| WallClock::dated(at.to_zoned(self.zone.clone())))
    }

    /// Its first part; of intervals until then, the empty ones too.
    fn until(mut self, end: Time) -> Self {
        let until = self.rows.range().0.saturating_add_unsigned(end.0);
        match &mut self.rows {
            Rows::Events { starts, demands } => {
                starts.truncate(starts.partition_point(|&start| start < until));
                demands.iter_mut().for_each(|demands| demands.truncate(starts.len()));
            }
            Rows::Bins { starts, counts, step, .. } => {
                starts.truncate(starts.partition_point(|&start| start < until));
                counts.truncate(starts.len());
                let last = until.saturating_sub_unsigned(*step);
                if starts.last().is_some_and(|&start| start < last) {
                    starts.push(last);
                    counts.push(0.0);
                }
            }
            Rows::Streamed(file) => {
                let before = Stamps::of(file.rows().map(|row| row.0).take_while(|&at| at < until));
                (file.requests, file.range.1) = (before.count, before.latest.saturating_add(1));
            }
        }
        self
    }

    fn tally(&self) -> (Tally<'_>, u64) {
        Tally::of(&self.rows)
    }
}

type Sources = IndexMap<String, (SourceSpec, String)>;

/// What a scenario would play.
struct Playing<'a> {
    arrivals: &'a Sources,
    service_time: Option<&'a (Distribution, String)>,
    clock: &'a Option<WallClock>,
}

impl Playing<'_> {
    fn workload(&self, length: Span) -> Result<Workload, TraceError> {
        let arrivals = self.arrivals.iter().map(|(name, one)| (name.clone(), one.0.clone()));
        let spec = WorkloadSpec {
            arrivals: arrivals.collect(),
            rate_scale: 1.0,
            time_scale: 1.0,
            priorities: IndexMap::new(),
        };
        let law = self.service_time.map_or(Distribution::Constant(Span::ZERO), |law| law.0.clone());
        let clock = self.clock.clone().unwrap_or_default();
        let context = ResolveContext {
            base_dir: Path::new(""),
            clock: &clock,
            selects: false,
            end: Time(length.0),
            service_time: Some(&law),
            service_time_stated: true,
        };
        let mut faults = Faults::new();
        spec.resolve(&context, &mut faults).ok_or_else(|| {
            let why: Vec<String> =
                faults.as_slice().iter().map(|fault| fault.message.clone()).collect();
            TraceError::file("its rates make no source", why.join("; "))
        })
    }
}

/// The sources: the shape of the rate, a trend, bursts.
fn arrivals(
    recording: &Recording,
    clock: Option<&WallClock>,
    unknown: &mut Vec<String>,
) -> Sources {
    let (tally, step) = recording.tally();
    if let Some(renewal) = renewal(&tally, step) {
        return renewal;
    }
    let shape = Shape::of(&tally, step, clock, unknown);
    let trend = shape::trend(&tally, step, &shape);
    let lowered = shape.lowered(trend.map_or(0.0, |(from, to)| f64::midpoint(from, to)));
    let mut sources = lowered.sources();
    if let Some((from, to)) = trend {
        let ramp = Ramp {
            from: rate(from),
            to: rate(to),
            start: Moment::Offset(Span::ZERO),
            length: Span(tally.span_ns()),
            until: None,
            service_time: None,
        };
        let told =
            "a straight line through the means of its weeks; it stays where it ends".to_owned();
        sources.insert("trend".to_owned(), (SourceSpec::Ramp(ramp), told));
    }
    let playing = Playing { arrivals: &sources, service_time: None, clock: &clock.cloned() };
    let Ok(plain) = playing.workload(Span(tally.span_ns())) else { return sources };
    let Some(bursts) = Bursts::of(&tally, step, |at| plain.rate_at(Time(at))) else {
        return sources;
    };
    let bursts = bursts.within(lowered.least());
    let mut all = lowered.lowered(bursts.mean).sources();
    all.extend(sources.into_iter().filter(|(name, _)| name == "trend"));
    all.insert("bursts".to_owned(), (SourceSpec::Mmpp(bursts.source()), bursts.told()));
    all
}

/// Independent gaps, where the dispersion of counts is what that of gaps makes it (Cox 1962, 3.3); `None` of intervals,
/// and where the gaps are nearly Poisson's.
fn renewal(tally: &Tally<'_>, step: u64) -> Option<Sources> {
    let cv = tally.gap_cv().filter(|cv| step == 0 && (cv - 1.0).abs() > 0.15 && *cv > 0.01)?;
    let minute = tally.window(Span::from_secs(60))?;
    // Many gaps must lie in a window.
    let of_gaps = minute.mean > 10.0 * cv && (0.5..1.5).contains(&(minute.dispersion / cv.powi(2)));
    if !of_gaps {
        return None;
    }
    let mean = span(Span(tally.span_ns()).as_secs_f64() / (tally.requests() - 1.0));
    let gaps = Distribution::Gamma(Gamma { mean, cv: rounded(cv, 4) });
    let spec =
        Renewal { gaps, first: None, count: None, from: None, until: None, service_time: None };
    let told =
        "mean and variation of its gaps: that of its counts in a minute is what they make it";
    let source = (SourceSpec::Renewal(spec), told.to_owned());
    Some([("gaps".to_owned(), source)].into_iter().collect())
}

/// A rate in few digits.
fn rate(per_second: f64) -> Rate {
    Rate::per_second(rounded(per_second.max(0.0), 5)).unwrap_or_default()
}

/// A number with so many digits that count.
fn rounded(value: f64, digits: i32) -> f64 {
    if value == 0.0 || !value.is_finite() {
        return value;
    }
    let unit = 10f64.powi(digits - 1 - value.abs().log10().floor() as i32);
    (value * unit).round() / unit
}

fn span(seconds: f64) -> Span {
    Span::from_secs_f64(rounded(seconds, 4))
}

/// What varies beyond a Poisson stream of the modelled rate: a rate that comes and goes.
#[derive(Debug, Clone, Copy)]
struct Bursts {
    /// Mean rate, requests a second.
    mean: f64,
    /// Standard deviation of the rate.
    deviation: f64,
    /// How fast it is forgotten, a second.
    decay: f64,
    /// Index of dispersion beyond 1 in the shorter and the longer window, and their lengths.
    excess: [(f64, f64); 2],
}

impl Bursts {
    /// From the dispersion about the modelled rate in two windows; `None` where there is no more than Poisson's.
    fn of(tally: &Tally<'_>, step: u64, rate_at: impl Fn(u64) -> f64) -> Option<Self> {
        let seconds = (tally.span_ns() / SECOND_NS).div_ceil(MOST_WINDOWS).max(1);
        let short = (seconds * SECOND_NS).next_multiple_of(step.max(1));
        let long = if short == SECOND_NS { 60 * SECOND_NS } else { 10 * short };
        let [short, long] = [short, long].map(|length| (length, beyond(tally, length, &rate_at)));
        let ((w1, e1), (w2, e2)) = ((short.0, short.1?), (long.0, long.1?));
        // By how much the dispersion of so many Poisson counts is off by chance: three deviations.
        let chance = |length: u64| 3.0 * (2.0 / tally.whole(Span(length)) as f64).sqrt();
        if [(w1, e1), (w2, e2)].iter().all(|(w, excess)| *excess <= EXCESS.max(chance(*w))) {
            return None;
        }
        let e2 = e2.max(e1);
        let [s1, s2] = [w1, w2].map(|ns| Span(ns).as_secs_f64());
        // The variance of the integral of a rate that is forgotten exponentially (Cox and Isham 1980, 2.5): excess =
        // deviation^2 w / mean of all * shape(decay w).
        let ratio = (e2 / e1.max(1e-9)).clamp(1.0, s2 / s1);
        let of = |decay: f64| s2 * held(decay * s2) / (s1 * held(decay * s1));
        let (mut slow, mut fast) = (1e-3 / s2, 1e3 / s1);
        for _ in 0..100 {
            let middle = (slow * fast).sqrt();
            if of(middle) > ratio { slow = middle } else { fast = middle }
        }
        let decay = (slow * fast).sqrt().clamp(0.2 / s2, 10.0 / s1);
        let all = tally.requests() / Span(tally.span_ns()).as_secs_f64();
        let deviation = (e2 * all / (s2 * held(decay * s2))).sqrt();
        Some(Self { mean: deviation, deviation, decay, excess: [(s1, e1), (s2, e2)] })
    }

    /// Taken out of a rate of which the least is this; half of it stays.
    fn within(self, least: f64) -> Self {
        Self { mean: self.deviation.min(least / 2.0), ..self }
    }

    /// Two states, the lower one silent.
    fn source(&self) -> Mmpp {
        let share = self.mean.powi(2) / (self.mean.powi(2) + self.deviation.powi(2));
        let state = |rate_per_s: f64, others: f64| State {
            rate: rate(rate_per_s),
            dwell: span(1.0 / (self.decay * others)).max(Span::from_millis(1)),
        };
        Mmpp {
            states: vec![state(0.0, share), state(self.mean / share, 1.0 - share)],
            order: StateOrder::Cycle,
            from: None,
            until: None,
            service_time: None,
        }
    }

    fn told(&self) -> String {
        let [(short, e1), (long, e2)] = self.excess;
        let (short, long) = (Span::from_secs_f64(short), Span::from_secs_f64(long));
        format!(
            "what varies beyond Poisson: about the rates above the index of dispersion is {} in {short} and {} in {long}",
            rounded(1.0 + e1, 4),
            rounded(1.0 + e2, 4)
        )
    }
}

/// How much of a deviation is left of the mean over `x` times of its decay; 1 for a short time.
fn held(x: f64) -> f64 {
    if x < 1e-4 { 1.0 - x / 3.0 } else { 2.0 * (x - 1.0 + (-x).exp()) / (x * x) }
}

/// Index of dispersion beyond 1 in windows about an expected rate; `None` where fewer than ten fit.
fn beyond(tally: &Tally<'_>, length: u64, rate_at: impl Fn(u64) -> f64) -> Option<f64> {
    let whole = tally.whole(Span(length));
    if whole < 10 {
        return None;
    }
    // The rate is no straight line over a long window.
    let parts = length.div_ceil(60 * SECOND_NS).min(MOST_PARTS);
    let part = length / parts;
    let seconds = Span(length).as_secs_f64() / parts as f64;
    let expected = |index: u64| {
        let at = |one: u64| index * length + one * part + part / 2;
        (0..parts).map(|one| rate_at(at(one)) * seconds).sum::<f64>()
    };
    let (mut next, mut squares, mut sum) = (0, 0.0, 0.0);
    let mut add = |index: u64, count: f64| {
        let mean = expected(index);
        squares += (count - mean).powi(2);
        sum += mean;
    };
    tally.each_window(Span(length), |index, count| {
        let index = index.min(whole);
        (next..index).for_each(|empty| add(empty, 0.0));
        if index < whole {
            add(index, count);
        }
        next = index + 1;
    });
    (next..whole).for_each(|empty| add(empty, 0.0));
    (sum > 0.0).then(|| squares / sum - 1.0)
}

/// The law of service times, where the recording has them.
fn service_time(
    recording: &Recording,
    unknown: &mut Vec<String>,
) -> Option<(Distribution, String)> {
    if let (Some(law), Some((file, _))) = (&recording.law, &recording.joined) {
        return Some((
            law.clone(),
            format!("the law of {file}, for the functions that are in the traffic"),
        ));
    }
    let Some(times) = recording.rows.times() else {
        unknown.push("it says nothing of service times: state service.service_time".to_owned());
        return None;
    };
    if recording.waited {
        let waited = "service times are what clients waited, queueing included: an upper bound";
        unknown.push(waited.to_owned());
    }
    service::law(&times)
}

/// Until when requests are drawn.
fn measured(
    workload: &Workload,
    length: Span,
    like: &Recording,
    unknown: &mut Vec<String>,
) -> Time {
    let expected = workload.expected_requests(Time(length.0));
    let step = like.tally().1;
    let most = if step > 0 { MOST_DRAWN.1 } else { MOST_DRAWN.0 };
    // Intervals are held, those without requests too.
    let held = if step > 0 { step.saturating_mul(MOST_WINDOWS) } else { u64::MAX };
    if expected <= most && length.0 <= held {
        return Time(length.0);
    }
    let part = ((length.0 as f64 * (most / expected).min(1.0)) as u64).min(held);
    let unit = SECOND_NS.next_multiple_of(step.max(1));
    let part = Span((part / unit).max(1) * unit);
    unknown.push(format!(
        "recording and model were measured over their first {part} only: all would take long"
    ));
    Time(part.0)
}

/// A recording of what the model plays, of the same form.
fn drawn(
    workload: &Workload,
    like: &Recording,
    end: Time,
    seed: u64,
) -> Result<Recording, TraceError> {
    let mut requests = workload.requests(&Streams::new(seed, 0, 0), end);
    let step = match &like.rows {
        Rows::Bins { step, .. } => Some(*step),
        Rows::Events { .. } | Rows::Streamed(_) => None,
    };
    let zero = like.rows.range().0;
    let at = |ns: u64| zero.saturating_add_unsigned(ns);
    let (mut starts, mut counts, mut batch) = (vec![], vec![], Batch::new());
    let mut runs = Runs::new(0)?;
    if let Some(step) = step {
        let bins = end.0.div_ceil(step);
        starts.extend((0..bins).map(|bin| at(bin * step)));
        counts.resize(starts.len(), 0.0);
    }
    loop {
        requests.fill(&mut batch);
        if batch.is_empty() {
            break;
        }
        match step {
            Some(step) => {
                batch.arrival_ns.iter().for_each(|&ns| counts[(ns / step) as usize] += 1.0);
            }
            None => {
                for (&ns, &demand) in batch.arrival_ns.iter().zip(&batch.demand_ns) {
                    runs.add(at(ns), demand)?;
                }
            }
        }
    }
    let rows = match step {
        Some(step) => Rows::Bins { starts, counts, step, missing: 0 },
        None => {
            let (sorted, stamps) = runs.merged()?;
            Rows::Streamed(Box::new(Streamable {
                kept: Kept::Sorted(Arc::new(sorted)),
                grid: None,
                requests: stamps.count,
                range: (stamps.first, stamps.latest.saturating_add(1)),
                own_demands: like.rows.has_demands(),
                failed: Arc::default(),
            }))
        }
    };
    Ok(Recording {
        path: "the model".to_owned(),
        sha256: String::new(),
        format: like.format,
        columns: Vec::new(),
        rows,
        relative: like.relative,
        zone: like.zone.clone(),
        inversions: 0,
        waited: false,
        law: None,
        joined: None,
        grid: None,
        spread: Spread::Keep,
        parts: Vec::new(),
        assumptions: Vec::new(),
    })
}
