//! `weibull`: heavy tails with shape below 1, almost regular far above.

use super::{Law, Sampler, checks};
use crate::fault::Faults;
use crate::units::Span;
use serde::{Deserialize, Serialize};
use statrs::function::gamma::ln_gamma;

/// Weibull, by `mean` or `scale`, and `cv` or `shape`.
///
/// ```toml
/// gaps.weibull = { mean = "1.25s", cv = 2.9 }
/// gaps.weibull = { scale = "422ms", shape = 0.418 }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Weibull {
    /// Mean.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mean: Option<Span>,
    /// The length that 63.2 % of draws do not exceed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scale: Option<Span>,
    /// Standard deviation over mean.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cv: Option<f64>,
    /// Shape; 1 is the exponential law.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shape: Option<f64>,
}

const SHAPES: std::ops::RangeInclusive<f64> = 0.1..=100.0;

/// ln of the n-th moment of the law with scale 1: ln Gamma(1 + n / shape).
fn ln_moment(n: f64, shape: f64) -> f64 {
    ln_gamma(1.0 + n / shape)
}

/// Squared coefficient of variation.
fn cv2_of_shape(shape: f64) -> f64 {
    (ln_moment(2.0, shape) - 2.0 * ln_moment(1.0, shape)).exp_m1()
}

/// The shape with a coefficient of variation, by bisection (it falls as the shape grows).
fn shape_of_cv(cv: f64) -> f64 {
    let (mut low, mut high) = (SHAPES.start().ln(), SHAPES.end().ln());
    for _ in 0..100 {
        let middle = f64::midpoint(low, high);
        if cv2_of_shape(middle.exp()) > cv * cv {
            low = middle;
        } else {
            high = middle;
        }
    }
    f64::midpoint(low, high).exp()
}

impl Weibull {
    /// Shape, and scale in seconds.
    fn parameters(&self) -> (f64, f64) {
        let shape = self.shape.or(self.cv.map(shape_of_cv)).unwrap_or(1.0);
        let mean = self.mean.map_or(0.0, Span::as_secs_f64);
        let from_mean = || mean / ln_moment(1.0, shape).exp();
        (shape, self.scale.map_or_else(from_mean, Span::as_secs_f64))
    }
}

impl Law for Weibull {
    fn check(&self, faults: &mut Faults) {
        checks::one_of(("mean", self.mean.is_some()), ("scale", self.scale.is_some()), faults);
        checks::one_of(("cv", self.cv.is_some()), ("shape", self.shape.is_some()), faults);
        for (key, span) in [("mean", self.mean), ("scale", self.scale)] {
            if let Some(span) = span {
                checks::positive(key, span, faults);
            }
        }
        if let Some(shape) = self.shape.filter(|shape| !SHAPES.contains(shape)) {
            faults.error("shape", format!("the value is {shape}"), "0.1 to 100");
        }
        let (least, most) = (cv2_of_shape(*SHAPES.end()).sqrt(), cv2_of_shape(*SHAPES.start()));
        let most = most.sqrt().min(checks::MAX_CV);
        if let Some(cv) = self.cv.filter(|cv| !(least..=most).contains(cv)) {
            let hint = format!("{least:.3} to {most:.0}; for no spread use `constant`");
            faults.error("cv", format!("the value is {cv}"), hint);
        }
    }

    fn mean_s(&self) -> f64 {
        let (shape, scale) = self.parameters();
        self.mean.map_or_else(|| scale * ln_moment(1.0, shape).exp(), Span::as_secs_f64)
    }

    fn variance_s2(&self) -> f64 {
        cv2_of_shape(self.parameters().0) * self.mean_s().powi(2)
    }

    fn sampler(&self) -> Sampler {
        let (shape, scale) = self.parameters();
        Sampler::Weibull { scale_ns: scale * 1e9, power: 1.0 / shape }
    }
}
