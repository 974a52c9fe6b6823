//! `staffing`: as many replicas as the request rate takes, by a method of the literature.

mod adapt;
mod autoscale;
mod conpaas;
mod hist;
mod holt_winters;
mod linear_regression;
mod method;
mod modified_offered_load;
mod moving_window;
mod react;
mod reactive;
mod reg;
mod regression;
mod sizing;

pub use method::{Method, Named};
pub use sizing::{Capacity, ErlangC, Sizing, SquareRoot};

use super::PolicyContext;
use super::parts::{Bounds, Stabilise};
use super::timing::{self, Phase};
use autosim_engine::control::{
    Autoscaler, Decision, Level, Observation, Policy, SignalRef, Stage, Why,
};
use autosim_engine::fault::Faults;
use autosim_engine::signal::{MetricRef, SignalSpec};
use autosim_engine::units::{Span, Time};
use serde::{Deserialize, Serialize};
use sizing::Sized;

/// Orders the replicas that the request rate takes. A method of the literature says which rate to prepare for, or
/// how to follow it; a sizing says how many replicas a rate takes.
///
/// What is measured is what arrives, never what waits, so that a backlog is no demand; but for `autoscale` with a
/// `curve`, which goes by the requests in the system. Without data the count in
/// force is kept, within min and max. A request that finds no live replica brings up `min` of them, at least one.
/// `docs/policies.md` has the sources, and a table of all of them on the same traffic.
///
/// ```toml
/// [policies.steady.staffing]
/// method.react = {}
/// sizing.capacity = { per_replica = "60/s" }
/// max = 40
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Staffing {
    /// Which rate to prepare for.
    pub method: Method,
    /// How many replicas a rate takes.
    pub sizing: Sizing,
    /// Fewest replicas. Default 1; 0 needs `scale-to-zero` around it.
    #[serde(default = "timing::one")]
    pub min: u32,
    /// Most replicas.
    pub max: u32,
    /// Time between decisions. Default 1 min.
    #[serde(default = "timing::minute")]
    pub interval: Span,
    /// Whether the first decision comes after one interval or a random part of another later.
    #[serde(default)]
    pub phase: Phase,
    /// Window in which requests are counted. Default 1 min.
    #[serde(default = "timing::minute")]
    pub window: Span,
    /// From the end of a window until it is seen. Default 0 s.
    #[serde(default)]
    pub delay: Span,
    /// From decision to order. Default 0 s.
    #[serde(default)]
    pub actuation_delay: Span,
}

impl Staffing {
    fn signal(&self) -> SignalSpec {
        SignalSpec {
            window: Some(self.window),
            delay: Some(self.delay),
            ..SignalSpec::plain(MetricRef::own(self.method.metric()))
        }
    }

    pub(super) fn check(&self, faults: &mut Faults) {
        timing::check_interval(self.interval, faults);
        self.signal().check(self.interval, faults);
        Bounds { min: self.min, max: self.max }.check(faults);
        faults.within("method", |faults| self.method.check(self.interval, faults));
        faults.within("sizing", |faults| self.sizing.check(faults));
    }

    pub(super) fn autoscaler(&self, context: &PolicyContext) -> Autoscaler {
        let signal = SignalRef::own(self.signal().resolve(self.interval));
        let each = self.sizing.each().filter(|_| !self.method.counts_jobs());
        let level = each.map(|each| Level { each: true, ..Level::target(each) });
        let scheme = Scheme {
            size: Sized::new(&self.sizing, context.concurrency),
            stabilise: Stabilise::new(self.method.wait(), Span::ZERO),
            bounds: Bounds { min: self.min, max: self.max },
        };
        Autoscaler {
            policy: self.method.policy(scheme, self.interval, context),
            signals: vec![signal.against(level)],
            cadence: self.phase.cadence(self.interval),
            actuation_delay: self.actuation_delay,
            wakeups: Vec::new(),
        }
    }
}

/// What a method is shown at a decision.
struct Now<'a> {
    at: Time,
    /// The measured value: requests per second, or requests in the system for a method that counts these.
    value: f64,
    /// The count in force.
    current: u32,
    /// Ready replicas.
    ready: u32,
    size: &'a Sized,
}

impl Now<'_> {
    /// Replicas that the measured rate takes.
    fn load(&self) -> u32 {
        self.size.count(self.value)
    }
}

/// What a method answers.
struct Answer {
    /// The rate to be sized for.
    rate: f64,
    /// Another count than that rate takes, and why.
    instead: Option<(u32, Why)>,
}

impl Answer {
    /// As many as that rate takes.
    const fn rate(rate: f64) -> Self {
        Self { rate, instead: None }
    }

    /// Another count than the measured rate takes.
    const fn count(now: &Now<'_>, count: u32, why: Why) -> Self {
        Self { rate: now.value, instead: Some((count, why)) }
    }
}

/// A method at work: a function of what it has been shown.
trait Rule {
    fn answer(&mut self, now: &Now<'_>) -> Answer;
}

/// What stands around every method.
#[derive(Clone)]
struct Scheme {
    size: Sized,
    /// The time a replica stays idle.
    stabilise: Stabilise,
    bounds: Bounds,
}

#[derive(Clone)]
struct Planner<R> {
    rule: R,
    scheme: Scheme,
}

impl<R: Rule + Clone + Send + 'static> Policy for Planner<R> {
    fn observe(&mut self, seen: &Observation<'_>) -> Decision {
        let Scheme { size, stabilise, bounds } = &mut self.scheme;
        let Some(value) = seen.readings.first().and_then(|reading| reading.value) else {
            return bounds.apply(seen.propose(seen.desired, Why::NoData));
        };
        let (current, ready) = (seen.desired, seen.census.ready);
        let answer = self.rule.answer(&Now { at: seen.now, value, current, ready, size });
        let decision = seen.propose(size.count(answer.rate), size.why(answer.rate));
        let decision = match answer.instead {
            None => decision,
            Some((count, why)) => decision.then(Stage::Mode, count, why).with_uncapped(count),
        };
        bounds.apply(stabilise.apply(decision, seen.now, current))
    }

    fn activate(&mut self, seen: &Observation<'_>) -> Decision {
        let bounds = self.scheme.bounds;
        let why = Why::Note("first request finds no replica");
        bounds.apply(seen.by(Stage::Mode, bounds.min.max(1), why))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::builtin::PolicySpec;
    use crate::builtin::tape::{self, Tape, faults, reason};

    fn text(method: &str, more: &str) -> String {
        format!(
            "[staffing]\nmethod.{method}\nsizing.capacity = {{ per_replica = \"10/s\" }}\nmax = 20\n{more}"
        )
    }

    #[test]
    fn the_snippet_of_every_method_and_sizing_is_read_without_a_fault() {
        let methods = tape::snippets::<Method>();
        assert_eq!(methods.len(), Named::ALL.len());
        let method = |snippet: String| snippet + "sizing.capacity.per_replica = \"8/s\"";
        let sizing = |snippet: String| snippet + "method.reactive = {}";
        let sizings = tape::snippets::<Sizing>().into_iter().map(sizing);
        let all: Vec<String> = methods.into_iter().map(method).chain(sizings).collect();
        for (at, snippet) in all.into_iter().enumerate() {
            let text = format!("[staffing]\nmax = 40\n{snippet}");
            assert!(faults(&text).is_empty(), "{:?}\n{text}", faults(&text));
            let PolicySpec::Staffing(spec) = tape::spec(&text) else { panic!("{text}") };
            let named = Named::ALL.get(at).copied().unwrap_or(Named::Reactive);
            assert_eq!(Named::from(&spec.method), named, "{text}");
        }
    }

    #[test]
    fn without_data_the_count_is_kept_and_a_first_request_brings_up_the_minimum() {
        let _shown = autosim_engine::marks::expect(["no_data", "first request finds no replica"]);
        let mut tape = Tape::new(&text("reactive = {}", "min = 2"), 7);
        let kept = tape.at(60, &[None]);
        assert_eq!((kept.desired, reason(&kept)), (7, "recommend: no data".into()));
        assert_eq!(tape.at(120, &[Some(95.0)]).desired, 10);
        assert_eq!(tape.at(180, &[Some(5000.0)]).desired, 20, "the maximum");
        assert_eq!(tape.at(240, &[Some(0.0)]).desired, 2, "the minimum");
        assert_eq!(tape.activate(250, &[None]).desired, 2);
    }

    #[test]
    fn what_cannot_be_is_told_at_its_key() {
        for (method, more, fault) in [
            ("reactive = {}", "min = 30", "staffing.min: min 30 is above max 20"),
            ("reactive = {}", "interval = \"0s\"", "staffing.interval: "),
            ("moving-window = { windows = 0 }", "", "staffing.method.moving-window.windows: "),
            ("linear-regression = { windows = 1 }", "", "linear-regression.windows: "),
            ("hist = { quantile = \"150%\" }", "", "staffing.method.hist.quantile: "),
            ("holt-winters = { season = \"90s\" }", "", "staffing.method.holt-winters.season: "),
            ("holt-winters = { level = 2 }", "", "staffing.method.holt-winters.level: "),
            ("reg = { samples = 2 }", "", "staffing.method.reg.samples: "),
            ("autoscale = { curve = [[10, \"60/s\"], [5, \"70/s\"]] }", "", "autoscale.curve: "),
            ("modified-offered-load = { service_time = \"0s\" }", "", "load.service_time: "),
        ] {
            let found = faults(&text(method, more));
            assert!(found.len() == 1 && found[0].contains(fault), "{method} {more}: {found:?}");
        }
    }
}
