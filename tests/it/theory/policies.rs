//! The policies of the cases, written out as the table states them.

use autosim_engine::control::{Autoscaler, Cadence, Decision, Observation, Policy, SignalRef, Why};
use autosim_engine::signal::{GaugeMode, Metric, Signal, Statistic};
use autosim_engine::units::{Span, Time};

/// A policy made of a function of what is seen.
#[derive(Clone)]
struct Rule<F>(F);

impl<F: Fn(&Observation<'_>) -> u32 + Send + Clone + 'static> Policy for Rule<F> {
    fn observe(&mut self, seen: &Observation<'_>) -> Decision {
        seen.propose((self.0)(seen), Why::Plain)
    }
}

const RARELY: Span = Span::from_secs(4_000_000_000);

fn autoscaler(
    rule: impl Fn(&Observation<'_>) -> u32 + Send + Clone + 'static,
    interval: Span,
    signals: Vec<SignalRef>,
    wakeups: Vec<Time>,
) -> Autoscaler {
    Autoscaler {
        policy: Box::new(Rule(rule)),
        signals,
        cadence: Cadence::every(interval),
        actuation_delay: Span::ZERO,
        wakeups,
    }
}

/// Never changes anything.
pub(super) fn none() -> Autoscaler {
    autoscaler(|seen| seen.desired, RARELY, Vec::new(), Vec::new())
}

/// Orders one replica at the very start.
pub(super) fn one_at_start() -> Autoscaler {
    autoscaler(|_| 1, RARELY, Vec::new(), vec![Time::ZERO])
}

/// In each block of `block`: `first` replicas until `at`, then `second`, and back near its end.
pub(super) fn plan(blocks: u64, block: Span, at: Span, first: u32, second: u32) -> Autoscaler {
    let back = block.0 * 3 / 4;
    let wakeups =
        (0..blocks).flat_map(|b| [Time(b * block.0 + at.0), Time(b * block.0 + back)]).collect();
    let rule = move |seen: &Observation<'_>| {
        let phase = seen.now.0 % block.0;
        if (at.0..back).contains(&phase) { second } else { first }
    };
    autoscaler(rule, RARELY, Vec::new(), wakeups)
}

/// Everything in the system at the instant of the control itself.
fn ongoing_now(period: Span) -> Vec<SignalRef> {
    let signal = Signal {
        statistic: Statistic::Last,
        gauge: GaugeMode::Instant,
        ..Signal::of(Metric::OngoingRequests, period, period)
    };
    vec![SignalRef::own(signal)]
}

fn ongoing(seen: &Observation<'_>) -> f64 {
    seen.readings[0].value.expect("a scrape precedes every control")
}

/// Every `period`: as many replicas as keep the requests in the system per replica at `target`.
pub(super) fn target(period: Span, target: f64, bounds: (u32, u32)) -> Autoscaler {
    let rule = move |seen: &Observation<'_>| {
        ((ongoing(seen) / target).ceil() as u32).clamp(bounds.0, bounds.1)
    };
    autoscaler(rule, period, ongoing_now(period), Vec::new())
}

/// Every `period`: one more above `up` requests a replica, one less at or below `down`.
pub(super) fn threshold(period: Span, up: f64, down: f64, bounds: (u32, u32)) -> Autoscaler {
    let rule = move |seen: &Observation<'_>| {
        let (n, k) = (ongoing(seen), seen.census.live());
        let wanted = if n > up * f64::from(k) {
            k + 1
        } else if n <= down * f64::from(k) {
            k - 1
        } else {
            k
        };
        wanted.clamp(bounds.0, bounds.1)
    };
    autoscaler(rule, period, ongoing_now(period), Vec::new())
}
