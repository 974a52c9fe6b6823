//! `pareto`: a power law.

use super::{Law, Sampler, checks};
use crate::fault::Faults;
use crate::units::Span;
use serde::{Deserialize, Serialize};

/// Pareto: the chance to exceed x falls as (minimum / x)^alpha; with a `maximum` it is the bounded law,
/// conditioned to lie below it.
///
/// ```toml
/// service_time.pareto = { minimum = "10ms", maximum = "60s", alpha = 1.3 }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Pareto {
    /// The shortest length.
    pub minimum: Span,
    /// The longest length; needed where `alpha` is 1 or less.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maximum: Option<Span>,
    /// Exponent of the tail; the smaller, the heavier.
    pub alpha: f64,
}

impl Pareto {
    /// Longest length over the shortest; infinite without a maximum.
    fn range(&self) -> f64 {
        let maximum = self.maximum.map_or(f64::INFINITY, Span::as_secs_f64);
        maximum / self.minimum.as_secs_f64()
    }

    /// The n-th moment of the law with minimum 1.
    fn moment(&self, n: f64) -> f64 {
        let (alpha, range) = (self.alpha, self.range());
        let inside = 1.0 - range.powf(-alpha);
        let excess = n - alpha;
        if range.is_infinite() {
            return if excess < 0.0 { -alpha / excess } else { f64::INFINITY };
        }
        // alpha / inside x the integral of x^(excess - 1) from 1 to range, safe where excess is 0.
        let integral = if (excess * range.ln()).abs() < 1e-9 {
            range.ln()
        } else {
            (excess * range.ln()).exp_m1() / excess
        };
        alpha * integral / inside
    }
}

impl Law for Pareto {
    fn check(&self, faults: &mut Faults) {
        checks::positive("minimum", self.minimum, faults);
        checks::spread("alpha", self.alpha, 1000.0, faults);
        match self.maximum {
            Some(maximum) if maximum <= self.minimum => {
                let message = format!("the maximum {maximum} is not above the minimum");
                faults.error("maximum", message, format!("give more than {}", self.minimum));
            }
            None if self.alpha <= 1.0 => {
                let message = format!("with alpha = {} the mean is infinite", self.alpha);
                faults.error("alpha", message, "give a maximum, or an alpha above 1");
            }
            _ => {}
        }
    }
    fn mean_s(&self) -> f64 {
        self.minimum.as_secs_f64() * self.moment(1.0)
    }
    fn variance_s2(&self) -> f64 {
        let (first, second) = (self.moment(1.0), self.moment(2.0));
        // The difference of moments near a constant may round below zero.
        (second - first * first).max(0.0) * self.minimum.as_secs_f64().powi(2)
    }
    fn sampler(&self) -> Sampler {
        Sampler::Pareto {
            minimum_ns: self.minimum.0 as f64,
            inside: 1.0 - self.range().powf(-self.alpha),
            power: -1.0 / self.alpha,
        }
    }
}
