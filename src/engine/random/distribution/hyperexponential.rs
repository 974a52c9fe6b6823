//! `hyperexponential`: one of several exponentials.

use super::{Law, Sampler, checks};
use crate::fault::Faults;
use crate::units::Span;
use serde::{Deserialize, Serialize};

/// A choice of exponentials: two with balanced means (each brings half of the total time) by `mean` and
/// `cv`, or any by their `branches`.
///
/// ```toml
/// service_time.hyperexponential = { mean = "100ms", cv = 2 }
/// gaps.hyperexponential = { branches = [{ weight = 9, mean = "50ms" }, { weight = 1, mean = "2s" }] }
/// ```
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Hyperexponential {
    /// Mean.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mean: Option<Span>,
    /// Standard deviation over mean; at least 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cv: Option<f64>,
    /// The exponentials.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub branches: Vec<Branch>,
}

/// One exponential of several.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Branch {
    /// Chance relative to the other branches.
    pub weight: f64,
    /// Its mean.
    pub mean: Span,
}

impl Hyperexponential {
    /// (chance, mean in seconds) of each branch; chances add up to 1.
    fn parts(&self) -> Vec<(f64, f64)> {
        if let (Some(mean), Some(cv)) = (self.mean, self.cv) {
            let mean = mean.as_secs_f64();
            // Balanced means (Allen 1990): p1 x m1 = p2 x m2 = mean / 2.
            let cv2 = cv * cv;
            let often = f64::midpoint(1.0, ((cv2 - 1.0) / (cv2 + 1.0)).sqrt());
            // 1 - often loses digits at a large cv; their product is 1 / (2 (cv^2 + 1)).
            let rare = 1.0 / (2.0 * (cv2 + 1.0) * often);
            return vec![(often, mean / (2.0 * often)), (rare, mean / (2.0 * rare))];
        }
        let total: f64 = self.branches.iter().map(|branch| branch.weight).sum();
        let part = |branch: &Branch| (branch.weight / total, branch.mean.as_secs_f64());
        self.branches.iter().map(part).collect()
    }
}

impl Law for Hyperexponential {
    fn check(&self, faults: &mut Faults) {
        let by_moments = self.mean.is_some() || self.cv.is_some();
        checks::one_of(("mean", by_moments), ("branches", !self.branches.is_empty()), faults);
        if by_moments {
            match (self.mean, self.cv) {
                (Some(mean), _) => checks::positive("mean", mean, faults),
                _ => faults.error("mean", "no mean is given", "a cv needs a mean"),
            }
            match self.cv {
                Some(cv) if (1.0..=checks::MAX_CV).contains(&cv) => {}
                Some(cv) => {
                    let hint = "1 to 1000; below 1 use `gamma` or `erlang`";
                    faults.error("cv", format!("the value is {cv}"), hint);
                }
                None => faults.error("cv", "no cv is given", "a mean needs a cv"),
            }
        }
        faults.within("branches", |faults| {
            checks::weights(self.branches.iter().map(|branch| branch.weight), faults);
            for (index, branch) in self.branches.iter().enumerate() {
                checks::positive(&format!("{index}.mean"), branch.mean, faults);
            }
        });
    }
    fn mean_s(&self) -> f64 {
        self.parts().iter().map(|part| part.0 * part.1).sum()
    }
    fn variance_s2(&self) -> f64 {
        let second: f64 = self.parts().iter().map(|part| 2.0 * part.0 * part.1 * part.1).sum();
        (second - self.mean_s().powi(2)).max(0.0)
    }
    fn sampler(&self) -> Sampler {
        let mut below = 0.0;
        let add = |part: (f64, f64)| {
            below += part.0;
            (below, part.1 * 1e9)
        };
        Sampler::Hyperexponential(self.parts().into_iter().map(add).collect())
    }
}
