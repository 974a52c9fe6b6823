//! Signals as policies name them: a metric and optional refinements.

use super::{Basis, GaugeMode, Metric, Missing, Signal, Statistic};
use crate::fault::Faults;
use crate::units::{Quantity, QuantityUnit, Span, TextError};
use std::fmt;
use std::str::FromStr;

/// The most samples a window, and readings a delay, may hold: a bound on memory.
const MOST_SAMPLES: u64 = 1_000_000;
/// The shortest time between scrapes: below it a run would be all scrapes.
const SHORTEST_RESOLUTION: Span = Span::from_millis(1);
/// Time between scrapes where nothing is said, unless the policy decides more often.
const DEFAULT_RESOLUTION: Span = Span::from_secs(15);
/// Window where nothing is said, of what is averaged over time.
const DEFAULT_WINDOW: Span = Span::from_secs(60);

/// A metric by name: `cpu`, `requests_per_s`, `ongoing_requests_per_replica`, or of another service of
/// the scenario, `checkout/queued_requests`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MetricRef {
    /// Another service; `None` = the policy's own.
    pub service: Option<String>,
    /// What is measured.
    pub metric: Metric,
    /// Divided by ready replicas.
    pub per_replica: bool,
}

const METRIC_EXPECTED: &str = "a metric such as \"cpu\", \"requests_per_s_per_replica\" or, of \
     another service, \"NAME/queued_requests\"";
const PER_REPLICA: &str = "_per_replica";

impl MetricRef {
    /// A total or average of the policy's own service.
    pub const fn own(metric: Metric) -> Self {
        Self { service: None, metric, per_replica: false }
    }

    /// Whether it is a total of the whole service: neither an average nor per replica.
    pub const fn is_total(&self) -> bool {
        !self.per_replica && !self.metric.is_average()
    }

    /// `quantity` in the metric's own unit, or what is wrong with it and what would be right.
    pub fn level(&self, quantity: Quantity) -> Result<f64, (String, String)> {
        use QuantityUnit::{PerSecond, Percent, Plain, Seconds};
        let (unit, scale, example) = match self.metric {
            Metric::UtilizationPercent
            | Metric::CpuPercent
            | Metric::MemoryPercent
            | Metric::GpuPercent => (Percent, 1.0, "\"60%\""),
            Metric::RequestsPerS | Metric::ErrorsPerS | Metric::BytesPerS => {
                (PerSecond, 1.0, "\"400/s\"")
            }
            Metric::RequestsPerMin | Metric::ErrorsPerMin => (PerSecond, 60.0, "\"90/min\""),
            Metric::InFlightRequests
            | Metric::QueuedRequests
            | Metric::OngoingRequests
            | Metric::Connections
            | Metric::Replicas => (Plain, 1.0, "0.7"),
            Metric::ResponseTimeMs
            | Metric::P50Ms
            | Metric::P90Ms
            | Metric::P95Ms
            | Metric::P99Ms => (Seconds, 1e3, "\"250ms\""),
            Metric::IdleS => (Seconds, 1.0, "\"10m\""),
        };
        if quantity.unit == unit {
            return Ok(quantity.value * scale);
        }
        Err((format!("`{quantity}` is not a level of {self}"), format!("for example {example}")))
    }
}

impl FromStr for MetricRef {
    type Err = TextError;
    fn from_str(text: &str) -> Result<Self, TextError> {
        let (service, name) = match text.rsplit_once('/') {
            Some(("", _)) => return Err(TextError::new(text, METRIC_EXPECTED)),
            Some((service, name)) => (Some(service.to_owned()), name),
            None => (None, text),
        };
        let (name, per_replica) =
            name.strip_suffix(PER_REPLICA).map_or((name, false), |name| (name, true));
        let metric: Metric = name.parse().map_err(|()| {
            let named = Metric::ALL.iter().map(|metric| metric.name()).chain(Metric::SHORT);
            let near = named
                .map(|known| (strsim::damerau_levenshtein(known, name), known))
                .filter(|&(distance, known)| distance <= known.len() / 3)
                .min();
            match near {
                Some((_, known)) => {
                    TextError::because(text, METRIC_EXPECTED, format!("did you mean `{known}`?"))
                }
                None => TextError::new(text, METRIC_EXPECTED),
            }
        })?;
        if per_replica && metric.is_average() {
            let why = format!("`{metric}` is per replica by nature; leave `{PER_REPLICA}` out");
            return Err(TextError::because(text, METRIC_EXPECTED, why));
        }
        Ok(Self { service, metric, per_replica })
    }
}

impl fmt::Display for MetricRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(service) = &self.service {
            write!(f, "{service}/")?;
        }
        write!(f, "{}{}", self.metric, if self.per_replica { PER_REPLICA } else { "" })
    }
}

crate::written_as_text!(MetricRef, "Metric", METRIC_EXPECTED, "string");

/// A metric with the refinements a policy's parameters may give it; what is absent is defaulted by
/// [`SignalSpec::resolve`].
#[derive(Debug, Clone, PartialEq)]
pub struct SignalSpec {
    /// What is measured, and of which service.
    pub metric: MetricRef,
    /// Window of the statistic. Default: 60 s, or the resolution if that is longer; for instantaneous
    /// gauges the resolution: the value now.
    pub window: Option<Span>,
    /// Time between scrapes. Default: 15 s, or the policy's interval or the window if shorter.
    pub resolution: Option<Span>,
    /// How samples become one value. Default: mean.
    pub statistic: Option<Statistic>,
    /// From scrape to publication. Default: none.
    pub delay: Option<Span>,
    /// Whether gauges are time integrals or instantaneous. Default: integral.
    pub gauge: Option<GaugeMode>,
    /// What an empty window reads as. Default: no data.
    pub missing: Option<Missing>,
}

impl SignalSpec {
    /// The metric alone, everything else by default.
    pub const fn plain(metric: MetricRef) -> Self {
        Self {
            metric,
            window: None,
            resolution: None,
            statistic: None,
            delay: None,
            gauge: None,
            missing: None,
        }
    }

    /// Reports windows that cannot be.
    pub fn check(&self, interval: Span, faults: &mut Faults) {
        for (key, span) in [("window", self.window), ("resolution", self.resolution)] {
            if let Some(span) = span.filter(|&span| span < SHORTEST_RESOLUTION) {
                let hint = "a length of time such as \"15s\"";
                faults.error(key, format!("{span} is shorter than {SHORTEST_RESOLUTION}"), hint);
                return;
            }
        }
        if interval.is_zero() {
            return;
        }
        let signal = self.resolve(interval);
        if signal.window < signal.resolution {
            faults.error(
                "window",
                format!("{} is shorter than the resolution {}", signal.window, signal.resolution),
                "a window holds at least one sample",
            );
        }
        for (key, span) in [("window", signal.window), ("delay", signal.delay)] {
            if span.0 / signal.resolution.0 > MOST_SAMPLES {
                faults.error(
                    key,
                    format!("{span} at a resolution of {} is too many samples", signal.resolution),
                    format!("at most {MOST_SAMPLES}; raise `resolution`"),
                );
            }
        }
    }

    /// With every default, for a policy that decides every `interval`.
    pub fn resolve(&self, interval: Span) -> Signal {
        let gauge = self.gauge.unwrap_or(GaugeMode::Integral);
        let shortest = DEFAULT_RESOLUTION.min(interval).min(self.window.unwrap_or(Span::MAX));
        let resolution = self.resolution.unwrap_or(shortest);
        let window = self.window.unwrap_or(match gauge {
            GaugeMode::Integral => DEFAULT_WINDOW.max(resolution),
            GaugeMode::Instant => resolution,
        });
        Signal {
            metric: self.metric.metric,
            per_replica: self.metric.per_replica,
            basis: Basis::ReadyOverWindow,
            unit: 1.0,
            resolution,
            window,
            statistic: self.statistic.unwrap_or(Statistic::Mean),
            delay: self.delay.unwrap_or(Span::ZERO),
            gauge,
            missing: self.missing.unwrap_or(Missing::NoData),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_are_read_with_service_suffix_and_short_name() {
        for (text, full) in [
            ("cpu", "cpu_percent"),
            ("requests_per_s_per_replica", "requests_per_s_per_replica"),
            ("checkout/queued_requests", "checkout/queued_requests"),
            ("a/b/p95_ms", "a/b/p95_ms"),
        ] {
            assert_eq!(text.parse::<MetricRef>().unwrap().to_string(), full, "{text}");
        }
        for (text, part) in [
            ("cpu_per_replica", "by nature"),
            ("ongoing_request", "did you mean `ongoing_requests`"),
            ("cpuu", "did you mean `cpu`"),
            ("/cpu", "is not a metric"),
            ("happiness", "is not a metric"),
        ] {
            let error = text.parse::<MetricRef>().unwrap_err().to_string();
            assert!(error.contains(part), "{text}: {error}");
        }
    }

    #[test]
    fn levels_need_the_unit_of_the_metric() {
        for (metric, quantity, level) in [
            ("cpu", "60%", Some(60.0)),
            ("cpu", "0.6", None),
            ("requests_per_min", "90/min", Some(90.0)),
            ("requests_per_s", "90/min", Some(1.5)),
            ("requests_per_s", "20", None),
            ("p95_ms", "250ms", Some(250.0)),
            ("ongoing_requests_per_replica", "0.7", Some(0.7)),
            ("ongoing_requests", "70%", None),
        ] {
            let metric: MetricRef = metric.parse().unwrap();
            assert_eq!(metric.level(quantity.parse().unwrap()).ok(), level, "{metric} {quantity}");
        }
    }

    #[test]
    fn defaults_follow_the_interval_and_the_gauge() {
        let spec = |window: Option<u64>, gauge| SignalSpec {
            window: window.map(Span::from_secs),
            gauge,
            ..SignalSpec::plain(MetricRef::own(Metric::OngoingRequests))
        };
        for (spec, interval, resolution, window) in [
            (spec(None, None), 60, 15, 60),
            (spec(None, None), 10, 10, 60),
            (spec(Some(6), None), 60, 6, 6),
            (spec(None, Some(GaugeMode::Instant)), 1, 1, 1),
        ] {
            let signal = spec.resolve(Span::from_secs(interval));
            assert_eq!(
                (signal.resolution, signal.window),
                (Span::from_secs(resolution), Span::from_secs(window))
            );
        }
    }

    #[test]
    fn impossible_windows_are_reported() {
        let second = Some(Span::from_secs(1));
        for (window, resolution, errors) in [
            (Some(Span::ZERO), None, 1),
            (None, Some(Span::ZERO), 1),
            (second, Some(Span::from_secs(2)), 1),
            (second, Some(Span(1)), 1),
            (Some(Span::from_secs(90_000)), Some(Span::from_millis(1)), 1),
            (second, second, 0),
        ] {
            let spec =
                SignalSpec { window, resolution, ..SignalSpec::plain("cpu".parse().unwrap()) };
            let mut faults = Faults::new();
            spec.check(Span::from_secs(15), &mut faults);
            assert_eq!(faults.errors(), errors, "{:?}", faults.as_slice());
        }
    }
}
