//! Figures under the names that literature and practice have for them, from totals that a run holds already.

use super::burn::{Burn, HOUR, SIX_HOURS, THREE_DAYS};
use super::{Facts, Figure, Row};
use autosim_engine::simulation::ServiceOutcome;
use autosim_engine::stats::{Elasticity, Track};
use autosim_engine::units::Span;

/// Of the norm that makes one number of five: papers differ, this is Euclid's.
const DEVIATION_EXPONENT: i32 = 2;

impl Row {
    /// Those of one service's outcome. Asked after the other figures are known.
    pub(super) fn standards(&mut self, outcome: &ServiceOutcome, facts: &Facts) {
        let fleet = &outcome.fleet;
        let hours = fleet.window_ns as f64 / 3.6e12;
        let per = |part: f64, whole: f64| (whole > 0.0).then(|| part / whole);
        let actions = (fleet.scale_outs + fleet.scale_ins) as f64;
        self.set(Figure::ActionsPerHour, per(actions, hours));
        self.set(Figure::WastedCapacity, per(fleet.idle_ns as f64, fleet.allocated_ns as f64));
        self.set(Figure::Apdex, apdex(outcome, facts));
        self.parts_of_cost(outcome, facts);
        let Some(slo) = facts.slo else { return };
        let burn = Burn::of(&outcome.slo_minutes, slo.quantile);
        self.set(Figure::BudgetBurn, burn.mean());
        self.set(Figure::BudgetBurnPeak, burn.peak(HOUR.long));
        for (figure, alert) in [
            (Figure::BurnHour, HOUR),
            (Figure::BurnSixHours, SIX_HOURS),
            (Figure::BurnThreeDays, THREE_DAYS),
        ] {
            self.set(figure, burn.mean().map(|_| burn.alerted(alert) as f64));
        }
    }

    fn parts_of_cost(&mut self, outcome: &ServiceOutcome, facts: &Facts) {
        let fleet = &outcome.fleet;
        let cost = |replica_ns: u128| facts.price.for_replica_ns(replica_ns).as_units_f64();
        let starting = if facts.billed_from_ready { 0 } else { fleet.starting_ns };
        let busy = fleet.ready_ns.saturating_sub(fleet.idle_ns);
        let parts = [
            (Figure::CostStarting, starting),
            (Figure::CostBusy, busy),
            (Figure::CostIdle, fleet.idle_ns),
            (Figure::CostDraining, fleet.draining_ns),
        ];
        let metered: u128 = parts.iter().map(|(_, part)| part).sum();
        for (figure, part) in parts {
            self.set(figure, Some(cost(part)));
        }
        let rounding = cost(fleet.billed_ns) - cost(metered);
        self.set(Figure::CostRounding, Some(rounding));
        let completed = outcome.counts.completed as f64;
        let thousand = (completed > 0.0).then(|| 1000.0 * cost(fleet.billed_ns) / completed);
        self.set(Figure::CostPerThousand, thousand);
    }

    /// Those of the need and the ready replicas.
    pub(super) fn standards_of_need(&mut self, track: &Track, e: &Elasticity) {
        let parts = [e.theta_under, e.theta_over, e.tau_under, e.tau_over, e.instability];
        self.set(Figure::Deviation, Some(norm(&parts, DEVIATION_EXPONENT)));
        let hours = track.length() / 3600.0;
        let changes = e.adjustments as f64 - track.changes_of_demand() as f64;
        self.set(Figure::Jitter, Some(changes / hours));
        self.set(Figure::AbsoluteError, Some((e.mean_missing + e.mean_excess) * hours));
        let response = track.response_to_the_largest_rise();
        self.set(Figure::Overshoot, response.map(|one| 100.0 * one.overshoot));
        let settling = response.and_then(|one| one.settling);
        self.set(Figure::Settling, settling.map(|seconds| seconds / 60.0));
        let peak_hours = track.peak_demand() * hours;
        let billed = self.get(Figure::BilledHours);
        self.set(Figure::HoursVsPeakStatic, billed.map(|billed| billed / peak_hours));
    }

    /// Those against others of the same replication: a policy that does not scale, one that knows the future, and
    /// the work bound.
    pub(super) fn set_against(
        &mut self,
        still: Option<&Self>,
        clairvoyant: Option<&Self>,
        work_bound: Option<f64>,
    ) {
        let ratio = |figure: Figure, other: Option<f64>| Some(self.get(figure)? / other?);
        let cost = ratio(Figure::Cost, work_bound);
        let hours =
            ratio(Figure::BilledHours, clairvoyant.and_then(|row| row.get(Figure::BilledHours)));
        let speedup = still.and_then(|still| self.speedup(still));
        self.set(Figure::CostVsWorkBound, cost);
        self.set(Figure::HoursVsClairvoyant, hours);
        self.set(Figure::ElasticSpeedup, speedup);
    }

    /// How many times smaller the errors are than those of a row that does not scale: the geometric mean of four
    /// ratios. An error that both have not is no difference; one that only the other has makes no number.
    fn speedup(&self, still: &Self) -> Option<f64> {
        let errors = [Figure::ThetaUnder, Figure::ThetaOver, Figure::TauUnder, Figure::TauOver];
        let mut product = 1.0;
        for figure in errors {
            let (own, others) = (self.get(figure)?, still.get(figure)?);
            product *= if own == 0.0 && others == 0.0 { 1.0 } else { others / own };
        }
        product.is_finite().then(|| product.powf(0.25))
    }
}

/// Minkowski's.
fn norm(parts: &[f64], exponent: i32) -> f64 {
    let sum: f64 = parts.iter().map(|part| part.powi(exponent)).sum();
    sum.powf(1.0 / f64::from(exponent))
}

/// Satisfied within the limit of the SLO, tolerating within four times that (by the histogram, to a bucket), of all.
fn apdex(outcome: &ServiceOutcome, facts: &Facts) -> Option<f64> {
    let (counts, limit) = (&outcome.counts, facts.slo?.longest());
    let tolerable = Span(limit.0.saturating_mul(4));
    let at_most: u64 = outcome
        .latency
        .latency
        .buckets()
        .filter(|(length, _)| *length <= tolerable)
        .map(|(_, count)| count)
        .sum();
    let satisfied = counts.within_slo;
    let tolerating = at_most.saturating_sub(satisfied);
    (counts.arrived > 0)
        .then(|| (satisfied as f64 + tolerating as f64 / 2.0) / counts.arrived as f64)
}

#[cfg(test)]
mod tests {
    use super::super::figures::tests::{facts, outcome};
    use super::*;
    use autosim_engine::stats::Piece;

    fn close(row: &Row, expected: &[(Figure, f64)]) {
        for (figure, expected) in expected {
            let got = row.get(*figure).unwrap_or_else(|| panic!("no {}", figure.column()));
            assert!((got - expected).abs() < 1e-9, "{}: {got}", figure.column());
        }
    }

    /// 990 good requests and 10 bad ones in an hour, 2 replicas ready and one slot busy, at 0.5 USD an hour; in the
    /// first minute all of 100 are in time, in the second 2 of 100 are not.
    #[test]
    fn standards_recompute_by_hand() {
        let mut outcome = outcome(990, 10);
        let hour = u128::from(outcome.fleet.window_ns);
        // Of the 2.5 hours billed, 0.1 are starting, 0.1 draining, 0.3 rounding.
        outcome.fleet.billed_ns = hour * 5 / 2;
        outcome.fleet.starting_ns = hour / 10;
        outcome.fleet.draining_ns = hour / 10;
        outcome.fleet.allocated_ns = hour * 22 / 10;
        // 40 of the completed took longer than 300 ms, but none four times that.
        outcome.counts.within_slo = 950;
        let row = Row::of(&outcome, &facts());
        close(
            &row,
            &[
                (Figure::ActionsPerHour, 3.0),
                (Figure::WastedCapacity, 1.0 / 2.2),
                (Figure::CostStarting, 0.05),
                (Figure::CostBusy, 0.5),
                (Figure::CostIdle, 0.5),
                (Figure::CostDraining, 0.05),
                (Figure::CostRounding, 0.15),
                (Figure::CostPerThousand, 1000.0 * 1.25 / 990.0),
                (Figure::Apdex, (950.0 + 20.0) / 1000.0),
                (Figure::BudgetBurn, 1.0),
                (Figure::BudgetBurnPeak, 1.0),
                (Figure::BurnHour, 0.0),
                (Figure::BurnThreeDays, 2.0),
            ],
        );
        let from_ready = Row::of(&outcome, &Facts { billed_from_ready: true, ..facts() });
        close(&from_ready, &[(Figure::CostStarting, 0.0), (Figure::CostRounding, 0.2)]);
        let without = Row::of(&outcome, &Facts { slo: None, ..facts() });
        assert_eq!((without.get(Figure::Apdex), without.get(Figure::BudgetBurn)), (None, None));
    }

    fn of_track(pieces: &[(f64, f64, f64)]) -> Row {
        let mut row = Row::of(&outcome(10, 0), &facts());
        let piece = |&(length, demand, supply): &(f64, f64, f64)| Piece { length, demand, supply };
        let grid = pieces.iter().map(|(_, demand, supply)| (*demand, *supply)).collect();
        row.add_elasticity(&Track { pieces: pieces.iter().map(piece).collect(), grid });
        row
    }

    /// Need of 2, then 6; supply follows after ten minutes, overshoots to 9, and is at 6 after half an hour.
    #[test]
    fn a_step_of_need_has_an_overshoot_and_a_time_to_settle() {
        let row = of_track(&[
            (1800.0, 2.0, 2.0),
            (600.0, 6.0, 2.0),
            (1200.0, 6.0, 9.0),
            (3600.0, 6.0, 6.0),
        ]);
        close(
            &row,
            &[
                (Figure::Overshoot, 50.0),
                (Figure::Settling, 30.0),
                // Two changes of supply, one of need, in two hours.
                (Figure::Jitter, (2.0 - 1.0) / 2.0),
                // Four missing for ten minutes, three too many for twenty.
                (Figure::AbsoluteError, 4.0 / 6.0 + 1.0),
                // Two replicas were billed for an hour; six for two would be the peak's.
                (Figure::HoursVsPeakStatic, 2.0 / 12.0),
            ],
        );
    }

    #[test]
    fn the_deviation_is_the_euclidean_norm_of_five() {
        let row = of_track(&[(1.0, 4.0, 3.0), (1.0, 4.0, 6.0)]);
        // theta 12.5 and 25, tau 50 and 50, instability 100.
        let expected = (12.5_f64 * 12.5 + 25.0 * 25.0 + 2.0 * 2500.0 + 10_000.0).sqrt();
        close(&row, &[(Figure::Deviation, expected)]);
    }

    #[test]
    fn elastic_speedup_is_the_geometric_mean_of_four_ratios() {
        let still = of_track(&[(1.0, 4.0, 2.0), (1.0, 2.0, 4.0)]);
        // Half the errors, half as long.
        let scales =
            of_track(&[(1.0, 4.0, 3.5), (3.0, 4.0, 4.0), (1.0, 2.0, 2.5), (3.0, 2.0, 2.0)]);
        let (mut row, mut alike) = (scales.clone(), still.clone());
        row.set_against(Some(&still), None, None);
        // theta 25 -> 12.5 / 8 and 50 -> 25 / 8, tau 50 -> 12.5 each.
        close(&row, &[(Figure::ElasticSpeedup, (16.0_f64 * 16.0 * 4.0 * 4.0).powf(0.25))]);
        alike.set_against(Some(&still), Some(&still), Some(0.25));
        close(
            &alike,
            &[
                (Figure::ElasticSpeedup, 1.0),
                (Figure::HoursVsClairvoyant, 1.0),
                (Figure::CostVsWorkBound, 4.0),
            ],
        );
        // No error where the other has some is no number.
        let mut perfect = of_track(&[(1.0, 4.0, 4.0)]);
        perfect.set_against(Some(&still), None, None);
        assert_eq!(perfect.get(Figure::ElasticSpeedup), None);
    }
}
