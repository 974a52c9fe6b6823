//! A recording and its model, side by side.

use super::super::inspect::Inspection;
use crate::units::Span;
use serde::Serialize;

/// A figure of both.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Compared {
    /// What it is.
    pub what: String,
    /// The recording's.
    pub original: f64,
    /// That of what the model plays.
    pub model: f64,
    /// The model misses it: further apart than it should be.
    pub missed: bool,
}

/// How far apart figures may be: a factor.
const MEAN: f64 = 1.05;
const PEAK: f64 = 1.5;
const DISPERSION: f64 = 2.0;
const GAPS: f64 = 1.5;
const SERVICE_MEAN: f64 = 1.1;
const SERVICE_QUANTILE: f64 = 1.2;

/// Every figure that both have.
pub(super) fn compare(original: &Inspection, model: &Inspection) -> Vec<Compared> {
    let mut all = Vec::new();
    let mut add = |what: String, original: f64, model: f64, factor: f64| {
        let apart = (model / original).max(original / model);
        // Neither is anything: they agree.
        let missed = original != model && !(apart <= factor);
        all.push(Compared { what, original, model, missed });
    };
    // By how much the mean of as many requests, as uneven as these, is off by chance: three deviations.
    let most = original.windows.iter().map(|window| window.dispersion).fold(1.0, f64::max);
    let chance = 1.0 + 3.0 * (most / original.requests).sqrt();
    let mean = "requests a second".to_owned();
    add(mean, original.mean_per_s, model.mean_per_s, MEAN.max(chance));
    for window in &original.windows {
        let same = |other: &&super::super::Window| other.length_s == window.length_s;
        let Some(other) = model.windows.iter().find(same) else { continue };
        let length = Span::from_secs_f64(window.length_s);
        add(format!("most in {length}"), window.peak, other.peak, PEAK);
        let what = format!("dispersion in {length}");
        add(what, window.dispersion, other.dispersion, DISPERSION);
    }
    if let (Some(here), Some(there)) = (original.gap_cv, model.gap_cv) {
        add("variation of gaps".to_owned(), here, there, GAPS);
    }
    if let (Some(here), Some(there)) = (&original.service_time, &model.service_time) {
        add("service time, mean, s".to_owned(), here.mean_s, there.mean_s, SERVICE_MEAN);
        for (what, here, there) in [
            ("p50", here.p50_s, there.p50_s),
            ("p90", here.p90_s, there.p90_s),
            ("p99", here.p99_s, there.p99_s),
        ] {
            add(format!("service time, {what}, s"), here, there, SERVICE_QUANTILE);
        }
    }
    all
}
