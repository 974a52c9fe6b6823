//! A signal and its parts, with their text forms.

use super::Metric;
use crate::units::{Span, TextError, percentile};
use std::fmt;
use std::str::FromStr;

/// How the samples of a window become one value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Statistic {
    /// Time-weighted mean; of a quantile metric, the quantile of the whole window.
    Mean,
    /// Largest sample.
    Max,
    /// Smallest sample.
    Min,
    /// Sum of samples.
    Sum,
    /// Plain mean of samples, each counted once whatever it stands for.
    MeanOfSamples,
    /// Newest sample that has data.
    Last,
    /// The q-th percentile of samples (the smallest sample with at least the q-th share at or below
    /// it), q in (0, 1].
    Percentile(f64),
}

const STATISTIC_EXPECTED: &str = "a statistic: \"mean\", \"max\", \"min\", \"sum\", \"mean-of-samples\", \"last\" or a percentile such as \"p95\"";

impl FromStr for Statistic {
    type Err = TextError;
    fn from_str(text: &str) -> Result<Self, TextError> {
        match text {
            "mean" => Ok(Self::Mean),
            "max" => Ok(Self::Max),
            "min" => Ok(Self::Min),
            "sum" => Ok(Self::Sum),
            "mean-of-samples" => Ok(Self::MeanOfSamples),
            "last" => Ok(Self::Last),
            other => percentile(other)
                .map(|percent| Self::Percentile(percent / 100.0))
                .ok_or_else(|| TextError::new(text, STATISTIC_EXPECTED)),
        }
    }
}

impl fmt::Display for Statistic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mean => f.write_str("mean"),
            Self::Max => f.write_str("max"),
            Self::Min => f.write_str("min"),
            Self::Sum => f.write_str("sum"),
            Self::MeanOfSamples => f.write_str("mean-of-samples"),
            Self::Last => f.write_str("last"),
            // Rounded so that 0.07 prints as p7.
            Self::Percentile(q) => write!(f, "p{}", (q * 1e11).round() / 1e9),
        }
    }
}

/// What a scrape takes of a gauge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GaugeMode {
    /// The exact mean since the last scrape.
    Integral,
    /// The value at the scrape.
    Instant,
}

const GAUGE_EXPECTED: &str = "\"integral\" (exact mean over time) or \"instant\" (value now)";

impl FromStr for GaugeMode {
    type Err = TextError;
    fn from_str(text: &str) -> Result<Self, TextError> {
        match text {
            "integral" => Ok(Self::Integral),
            "instant" => Ok(Self::Instant),
            _ => Err(TextError::new(text, GAUGE_EXPECTED)),
        }
    }
}

impl fmt::Display for GaugeMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Integral => "integral",
            Self::Instant => "instant",
        })
    }
}

/// What stands in for a window without data.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Missing {
    /// No data: the reading's value is `None`.
    NoData,
    /// A constant, in the metric's unit.
    Value(f64),
    /// The last value there was, with its own age.
    Hold,
}

const MISSING_EXPECTED: &str = "\"no-data\", \"hold\" or a number in the metric's unit";

impl FromStr for Missing {
    type Err = TextError;
    fn from_str(text: &str) -> Result<Self, TextError> {
        let number = |text: &str| text.parse().ok().filter(|value: &f64| value.is_finite());
        match text {
            "no-data" => Ok(Self::NoData),
            "hold" => Ok(Self::Hold),
            other => {
                number(other).map(Self::Value).ok_or_else(|| TextError::new(text, MISSING_EXPECTED))
            }
        }
    }
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoData => f.write_str("no-data"),
            Self::Hold => f.write_str("hold"),
            Self::Value(value) => write!(f, "{value}"),
        }
    }
}

/// Which replicas a per-replica value is divided by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Basis {
    /// The mean of ready replicas over the window.
    ReadyOverWindow,
    /// The replicas ready at the scrape.
    ReadyNow,
    /// The replicas live at the scrape: starting plus ready.
    LiveNow,
}

/// A metric as an autoscaler sees it.
#[derive(Debug, Clone, PartialEq)]
pub struct Signal {
    /// What is measured.
    pub metric: Metric,
    /// Divided by replicas (has no effect on averages).
    pub per_replica: bool,
    /// By which replicas.
    pub basis: Basis,
    /// The platform's unit in the metric's own, never zero: 100 where a platform writes 0.75 for 75 %.
    /// A value is divided by it.
    pub unit: f64,
    /// Time between scrapes; never zero.
    pub resolution: Span,
    /// Window of the statistic, half open: the samples taken in `(t - window, t]`; at least the
    /// resolution.
    pub window: Span,
    /// How samples become one value.
    pub statistic: Statistic,
    /// From the scrape until the reading is published.
    pub delay: Span,
    /// Mean since the last scrape or value now; counters ignore it.
    pub gauge: GaugeMode,
    /// What an empty window reads as.
    pub missing: Missing,
}

impl Signal {
    /// A total of the whole service, or an average: its mean over `window`, scraped every `resolution`,
    /// seen at once, in the metric's own unit.
    pub const fn of(metric: Metric, window: Span, resolution: Span) -> Self {
        Self {
            metric,
            per_replica: false,
            basis: Basis::ReadyOverWindow,
            unit: 1.0,
            resolution,
            window,
            statistic: Statistic::Mean,
            delay: Span::ZERO,
            gauge: GaugeMode::Integral,
            missing: Missing::NoData,
        }
    }

    /// A gauge as it is at the newest scrape.
    #[must_use]
    pub const fn as_it_is(self) -> Self {
        Self { gauge: GaugeMode::Instant, statistic: Statistic::Last, ..self }
    }

    /// Divided by replicas.
    #[must_use]
    pub const fn per(self, basis: Basis) -> Self {
        Self { per_replica: true, basis, ..self }
    }
}

crate::written_as_text!(Statistic, "Statistic", STATISTIC_EXPECTED, "string");
crate::written_as_text!(GaugeMode, "Gauge", GAUGE_EXPECTED, "string");
crate::written_as_text!(Missing, "MissingSample", MISSING_EXPECTED, ["string", "number"]);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_a_signal_are_read_back_as_written() {
        for text in
            ["mean", "mean-of-samples", "max", "min", "sum", "last", "p95", "p99.9", "p7", "p100"]
        {
            assert_eq!(text.parse::<Statistic>().unwrap().to_string(), text);
        }
        for text in ["no-data", "hold", "0", "-1.5"] {
            assert_eq!(text.parse::<Missing>().unwrap().to_string(), text);
        }
        assert_eq!("instant".parse(), Ok(GaugeMode::Instant));
    }

    #[test]
    fn what_is_no_statistic_is_refused() {
        for text in ["p0", "p101", "p", "average", "", "pNaN"] {
            assert!(text.parse::<Statistic>().is_err(), "{text}");
        }
        assert!("NaN".parse::<Missing>().is_err());
    }
}
