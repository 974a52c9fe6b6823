//! The table of exactly known answers.

use super::judge::REPLICATIONS;
use serde_json::Value;
use std::path::PathBuf;

/// One case of the table.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    pub(crate) id: String,
    pub(crate) params: Value,
    pub(crate) configure: Value,
    /// Metric and exact value.
    pub(crate) expected: Vec<(String, f64)>,
    /// `steady`, `periodic`, `ensemble` or `deterministic`.
    pub(crate) kind: String,
    /// Relative standard error of a metric in one run of a million requests, where known.
    noise: Value,
    /// Declared bias of the exact answer itself, by metric; `*` = all.
    bias: Value,
}

/// Families that need parts this model does not have: event-driven launchers, and fixtures of metrics.
const NOT_MODELLED: [&str; 3] = ["setup_", "delayedoff_", "metric_fixture_"];

impl Case {
    fn parse(value: &Value) -> Option<Self> {
        let expected = value["expected"].as_object()?;
        Some(Self {
            id: value["id"].as_str()?.to_owned(),
            params: value["params"].clone(),
            configure: value["configure"].clone(),
            expected: expected
                .iter()
                .map(|(name, value)| Some((name.clone(), value.as_f64()?)))
                .collect::<Option<_>>()?,
            kind: value["run"]["kind"].as_str()?.to_owned(),
            noise: value["check"]["rel_se_1e6"].clone(),
            bias: value["extra_rel_bias"].clone(),
        })
    }

    /// A number among the parameters.
    pub(crate) fn param(&self, name: &str) -> f64 {
        self.params[name].as_f64().unwrap_or_else(|| panic!("{}: no parameter {name}", self.id))
    }

    /// A number among the parameters, or what stands in for it.
    pub(crate) fn param_or(&self, name: &str, default: f64) -> f64 {
        self.params[name].as_f64().unwrap_or(default)
    }

    pub(crate) fn is(&self, prefix: &str) -> bool {
        self.id.starts_with(prefix)
    }

    /// Declared relative bias of a metric's exact value.
    pub(crate) fn bias(&self, metric: &str) -> f64 {
        self.bias[metric].as_f64().or(self.bias["*"].as_f64()).unwrap_or(0.0)
    }

    /// The relative half width at which a metric proves something.
    pub(crate) fn precision(&self, metric: &str) -> f64 {
        let busy =
            self.expected.iter().any(|(name, value)| name == "utilization" && *value >= 0.95);
        if metric.contains("p99") || busy { 0.05 } else { 0.02 }
    }

    /// Requests needed over all replications for that half width at `z` standard errors.
    pub(crate) fn requests_needed(&self, z: f64) -> f64 {
        let need = |(metric, _): &(String, f64)| {
            let noise = self.noise[metric.as_str()].as_f64().unwrap_or(0.0);
            1e6 * (z * noise / self.precision(metric)).powi(2)
        };
        self.expected.iter().map(need).fold(0.0, f64::max)
    }

    /// Relative standard error of a metric in one run of `requests`, where known.
    pub(crate) fn relative_error(&self, metric: &str, requests: f64) -> Option<f64> {
        Some(self.noise[metric].as_f64()? * (1e6 / requests).sqrt())
    }

    /// Share of the requests served that waited, where it is known: all who leave have waited.
    pub(crate) fn share_that_waits(&self) -> Option<f64> {
        let value = |name: &str| {
            self.expected.iter().find(|(metric, _)| metric == name).map(|(_, value)| *value)
        };
        let left = value("p_abandon").unwrap_or(0.0);
        Some((value("p_wait")? - left) / (1.0 - left))
    }

    /// Independent runs of the case.
    pub(crate) fn replications(&self) -> u32 {
        if self.kind == "deterministic" { 1 } else { REPLICATIONS }
    }
}

/// Where reference material is found.
pub(crate) fn shared() -> PathBuf {
    std::env::var_os("AUTOSIM_SHARED").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared")),
        PathBuf::from,
    )
}

/// The cases that the model covers; `None`, said aloud, if the table is not there.
#[allow(clippy::print_stderr, reason = "a skipped test must say so")]
pub(crate) fn load() -> Option<Vec<Case>> {
    let path = shared().join("theory/expected.json");
    let Ok(text) = std::fs::read_to_string(&path) else {
        eprintln!("SKIPPED: the table of exact answers is not there: theory/expected.json");
        return None;
    };
    let table: Value = serde_json::from_str(&text).expect("the table is JSON");
    let cases = table["cases"].as_array().expect("the table has cases");
    let all: Vec<Case> =
        cases.iter().map(|value| Case::parse(value).expect("a case has every field")).collect();
    Some(
        all.into_iter().filter(|case| !NOT_MODELLED.iter().any(|prefix| case.is(prefix))).collect(),
    )
}
