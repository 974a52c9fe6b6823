//! What each pod is to take: `ResolveMetricTarget` of Knative Serving.

use crate::products::words::words;

/// No target is smaller.
pub const LEAST_TARGET: f64 = 0.01;

words! {
    /// What is counted: `metric`.
    pub enum ScaleBy {
        /// Requests in service or waiting.
        Concurrency = "concurrency",
        /// Requests that arrive in a second.
        Rps = "rps",
    }
}

/// What cluster, revision and its annotations say about the load of a pod.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Wanted {
    /// `metric`.
    pub metric: ScaleBy,
    /// What a pod takes where nothing else is said: the cluster's default for that metric.
    pub default: f64,
    /// The share of it that is aimed at: the cluster's for that metric.
    pub fraction: f64,
    /// `containerConcurrency`; 0 = no limit.
    pub container_concurrency: u32,
    /// `target`.
    pub target: Option<f64>,
    /// `target-utilization-percentage`.
    pub utilization_percent: Option<f64>,
}

/// What a pod can take, and what it is to take.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Target {
    /// Aimed at.
    pub target: f64,
    /// Taken at most, by which spare capacity is counted.
    pub total: f64,
}

impl Wanted {
    /// Both numbers.
    pub fn resolve(&self) -> Target {
        let limit = (self.metric == ScaleBy::Concurrency && self.container_concurrency > 0)
            .then_some(f64::from(self.container_concurrency));
        let total = match (self.target, limit) {
            (Some(target), Some(limit)) => target.min(limit),
            (Some(target), None) => target,
            (None, limit) => limit.unwrap_or(self.default),
        };
        let fraction = self.utilization_percent.map_or(self.fraction, |percent| percent / 100.0);
        Target { target: (total * fraction).max(LEAST_TARGET), total }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ScaleBy::{Concurrency, Rps};

    /// | metric | containerConcurrency | target | utilisation | aimed at | total |
    #[test]
    fn the_utilisation_multiplies_an_annotated_target_too() {
        for (metric, limit, target, percent, aimed, total) in [
            (Concurrency, 0, None, None, 70.0, 100.0),
            (Concurrency, 10, None, None, 7.0, 10.0),
            (Concurrency, 0, Some(10.0), None, 7.0, 10.0),
            (Concurrency, 8, Some(50.0), Some(80.0), 6.4, 8.0),
            (Concurrency, 8, Some(5.0), Some(100.0), 5.0, 5.0),
            (Concurrency, 0, Some(0.01), None, 0.01, 0.01),
            (Concurrency, 0, Some(3.0), None, 2.0999999999999996, 3.0),
            (Rps, 8, None, None, 140.0, 200.0),
            (Rps, 8, Some(50.0), None, 35.0, 50.0),
            (Rps, 0, None, Some(75.0), 150.0, 200.0),
        ] {
            let wanted = Wanted {
                metric,
                default: if metric == Rps { 200.0 } else { 100.0 },
                fraction: 0.7,
                container_concurrency: limit,
                target,
                utilization_percent: percent,
            };
            assert_eq!(wanted.resolve(), Target { target: aimed, total }, "{wanted:?}");
        }
    }
}
