//! Whether a policy kept the SLO.

use super::{Figure, Row};
use crate::scenario::SloTerms;

/// How it came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ruling {
    /// There is no SLO, or nothing arrived.
    NotAsked,
    /// Kept, over all replications together.
    Met,
    /// Broken.
    Missed,
}

/// The ruling with what it rests on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Verdict {
    /// Over all finished replications together.
    pub ruling: Ruling,
    /// Share of all counted requests that completed within the limit; `None` without an SLO on
    /// latency.
    pub within: Option<f64>,
    /// Share of all counted requests that failed.
    pub failed: Option<f64>,
    /// Replications in which the SLO was kept on its own.
    pub met_in: u32,
    /// Replications with traffic.
    pub of: u32,
}

impl Verdict {
    /// Judges the rows of one policy. A latency SLO of quantile q holds if at least the share q of
    /// all counted requests completed within the limit; an errors SLO if a smaller share failed.
    pub fn of(rows: &[&Row], terms: Option<&SloTerms>) -> Self {
        let total = |figure: Figure| rows.iter().filter_map(|row| row.get(figure)).sum::<f64>();
        let arrived = total(Figure::Arrived);
        let none = Self { ruling: Ruling::NotAsked, within: None, failed: None, met_in: 0, of: 0 };
        if arrived <= 0.0 {
            return none;
        }
        let failed = 1.0 - total(Figure::Completed) / arrived;
        let good: f64 = rows.iter().filter_map(|row| good(row)).sum();
        let within = terms.and_then(|terms| terms.latency).map(|_| good / arrived);
        let Some(terms) = terms.filter(|terms| terms.latency.is_some() || terms.errors.is_some())
        else {
            return Self { failed: Some(failed), ..none };
        };
        let alone: Vec<bool> = rows
            .iter()
            .filter(|row| row.get(Figure::Arrived).is_some_and(|arrived| arrived > 0.0))
            .map(|row| kept(terms, row.get(Figure::SloRequests), row.get(Figure::FailedShare)))
            .collect();
        Self {
            ruling: if kept(terms, within, Some(failed)) { Ruling::Met } else { Ruling::Missed },
            within,
            failed: Some(failed),
            met_in: alone.iter().filter(|&&kept| kept).count() as u32,
            of: alone.len() as u32,
        }
    }
}

/// Requests completed within the limit.
fn good(row: &Row) -> Option<f64> {
    Some(row.get(Figure::SloRequests)? * row.get(Figure::Arrived)?)
}

fn kept(terms: &SloTerms, within: Option<f64>, failed: Option<f64>) -> bool {
    // Shares are quotients of counts below 2^53; the slack keeps 0.99 x 100 = 99 from failing.
    let slack = 1e-12;
    let latency = terms.latency.is_none_or(|slo| {
        within.is_some_and(|within| within + slack >= slo.quantile) //
    });
    let errors = terms.errors.is_none_or(|limit| failed.is_some_and(|failed| failed < limit));
    latency && errors
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::figures::tests::{facts, outcome};

    fn judged(cells: &[(u64, u64)], errors: Option<f64>) -> Verdict {
        let facts = facts();
        let terms = SloTerms { latency: facts.slo, errors };
        let rows: Vec<Row> = cells.iter().map(|&(g, b)| Row::of(&outcome(g, b), &facts)).collect();
        Verdict::of(&rows.iter().collect::<Vec<_>>(), Some(&terms))
    }

    #[test]
    fn the_promise_is_judged_over_all_replications_together() {
        for (cells, errors, ruling, met_in) in [
            (vec![(100, 0), (100, 0)], None, Ruling::Met, 2),
            (vec![(99, 1)], None, Ruling::Met, 1),
            (vec![(98, 2)], None, Ruling::Missed, 0),
            (vec![(98, 2), (200, 0)], None, Ruling::Met, 1),
            (vec![(999, 1)], Some(0.001), Ruling::Missed, 0),
            (vec![(9999, 1)], Some(0.001), Ruling::Met, 1),
            (vec![(0, 0)], None, Ruling::NotAsked, 0),
        ] {
            let verdict = judged(&cells, errors);
            assert_eq!((verdict.ruling, verdict.met_in), (ruling, met_in), "{cells:?}");
        }
    }

    #[test]
    fn without_an_slo_there_is_no_ruling() {
        let row = Row::of(&outcome(10, 10), &facts());
        let verdict = Verdict::of(&[&row], None);
        assert_eq!((verdict.ruling, verdict.failed), (Ruling::NotAsked, Some(0.5)));
    }
}
