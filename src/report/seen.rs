//! What a policy saw, in words and as a line: the name of its first signal and the targets it was
//! compared with.

use autosim_engine::control::Why;
use autosim_engine::simulation::DecisionRecord;

/// `requests_per_s_per_replica` as `requests per s per replica`; `_percent` as `, %`.
pub(super) fn words_of(signal: &str) -> String {
    match signal.strip_suffix("_percent") {
        Some(rest) => format!("{}, %", rest.replace('_', " ")),
        None => signal.replace('_', " "),
    }
}

/// Targets the first signal was compared with, from each instant (in seconds) on.
pub(super) fn targets(decisions: &[DecisionRecord]) -> Vec<(f64, f64)> {
    let mut targets: Vec<(f64, f64)> = Vec::new();
    for decision in decisions {
        let Some(seen) = decision.readings.first().and_then(|reading| reading.value) else {
            continue;
        };
        for step in decision.decision.trail.iter() {
            let Why::Ratio { value, target, .. } = step.why else { continue };
            let same = (value - seen).abs() <= 1e-6 * seen.abs();
            if same && targets.last().is_none_or(|last| last.1 != target) {
                let from = if targets.is_empty() { 0.0 } else { decision.at.as_secs_f64() };
                targets.push((from, target));
            }
        }
    }
    targets
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;

    #[test]
    fn signals_are_named_with_their_unit() {
        assert_eq!(words_of("cpu_percent"), "cpu, %");
        assert_eq!(words_of("requests_per_s_per_replica"), "requests per s per replica");
    }

    #[test]
    fn a_target_that_stays_is_one_line() {
        let results = sample::results();
        assert_eq!(targets(&results.policies[1].details[0].services[0].decisions), [(0.0, 60.0)]);
    }
}
