//! A number in whatever unit the metric it is compared with has.

use super::text::{TextError, split_number};
use super::{Rate, Span};
use std::fmt;
use std::str::FromStr;

/// The unit a [`Quantity`] was written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QuantityUnit {
    /// A bare number: concurrency, counts, ratios.
    Plain,
    /// `"60%"`.
    Percent,
    /// `"400/s"`, converted to events per second.
    PerSecond,
    /// `"250ms"`, converted to seconds.
    Seconds,
}

/// A target, threshold or level of a metric: `0.7`, `"60%"`, `"400/s"` or `"250ms"`. Whoever reads it
/// checks that the unit fits the metric.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Quantity {
    /// In `unit`; percent as 60.0 for 60 %.
    pub value: f64,
    /// The unit it was written in.
    pub unit: QuantityUnit,
}

const QUANTITY_EXPECTED: &str =
    "a number, or one with the metric's unit, for example 0.7, \"60%\", \"400/s\" or \"250ms\"";

impl Quantity {
    /// A bare number.
    pub const fn plain(value: f64) -> Self {
        Self { value, unit: QuantityUnit::Plain }
    }
    pub(super) fn from_bare_number(value: f64, found: &str) -> Result<Self, TextError> {
        if value.is_finite() {
            Ok(Self::plain(value))
        } else {
            Err(TextError::new(found, QUANTITY_EXPECTED))
        }
    }
}

impl FromStr for Quantity {
    type Err = TextError;
    fn from_str(text: &str) -> Result<Self, TextError> {
        let wrong = || TextError::new(text, QUANTITY_EXPECTED);
        let (value, unit) = split_number(text).ok_or_else(wrong)?;
        if unit.is_empty() {
            Ok(Self::plain(value))
        } else if unit == "%" {
            Ok(Self { value, unit: QuantityUnit::Percent })
        } else if unit.starts_with('/') {
            text.parse::<Rate>()
                .map(|rate| Self { value: rate.as_per_second(), unit: QuantityUnit::PerSecond })
        } else {
            let span = text.parse::<Span>().map_err(|_| wrong())?;
            Ok(Self { value: span.as_secs_f64(), unit: QuantityUnit::Seconds })
        }
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.unit {
            QuantityUnit::Plain => write!(f, "{}", self.value),
            QuantityUnit::Percent => write!(f, "{}%", self.value),
            QuantityUnit::PerSecond => write!(f, "{}/s", self.value),
            QuantityUnit::Seconds => write!(f, "{}", Span::from_secs_f64(self.value)),
        }
    }
}

crate::written_as_text!(Quantity, "Quantity", QUANTITY_EXPECTED, ["string", "number"], examples ["60%", "400/s", "250ms"], bare number Quantity::from_bare_number);
