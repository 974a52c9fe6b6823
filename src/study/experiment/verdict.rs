//! Whether a policy kept the SLO.

use super::{Figure, Row};
use crate::scenario::{ErrorTerm, SloTerms};
use autosim_engine::simulation::Slo;
use autosim_engine::stats::Estimate;

/// More replications than this are not worth naming.
pub const MOST_REPLICATIONS: u32 = 10_000;

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

/// One SLO on latency.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct InTime {
    /// Which.
    pub slo: Slo,
    /// Share of all counted requests that completed in time.
    pub share: f64,
    /// Whether that is enough.
    pub kept: bool,
}

/// The ruling with what it rests on.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// Over all finished replications together.
    pub ruling: Ruling,
    /// SLO by SLO on latency, in the order of the SLO.
    pub latency: Vec<InTime>,
    /// Share of all counted requests that failed; `None` if nothing arrived.
    pub failed: Option<f64>,
    /// That on errors, and whether it was kept.
    pub errors: Option<(ErrorTerm, bool)>,
    /// Replications in which the SLO was kept on its own.
    pub met_in: u32,
    /// Replications with traffic.
    pub of: u32,
    /// The 95 % interval of what decides has the limit in it: so many replications would probably decide
    /// (at most [`MOST_REPLICATIONS`]). `None` where it is decided, or nothing can be said.
    pub undecided: Option<u32>,
}

impl Verdict {
    /// Judges the rows of one policy. An SLO on latency of quantile q holds if at least the share q of all
    /// counted requests completed in time, counted one by one (rule 7); one on errors if few enough failed.
    pub fn of(rows: &[&Row], terms: &SloTerms) -> Self {
        let rows: Vec<&Row> = rows.iter().copied().filter(|row| row.arrived() > 0).collect();
        let none = Self {
            ruling: Ruling::NotAsked,
            latency: Vec::new(),
            failed: None,
            errors: None,
            met_in: 0,
            of: 0,
            undecided: None,
        };
        if rows.is_empty() {
            return none;
        }
        let failed = Some(failed(&rows));
        if terms.is_empty() {
            return Self { failed, ..none };
        }
        let latency: Vec<InTime> = terms.latency.iter().map(|slo| in_time(&rows, *slo)).collect();
        let errors = terms.errors.map(|term| (term, failed.is_some_and(|f| term.is_kept(f))));
        let alone = rows.iter().filter(|&&row| is_kept(&[row], terms)).count();
        let kept = is_kept(&rows, terms);
        Self {
            ruling: if kept { Ruling::Met } else { Ruling::Missed },
            latency,
            failed,
            errors,
            met_in: alone as u32,
            of: rows.len() as u32,
            undecided: undecided(&rows, terms, kept),
        }
    }

    /// How much more was late, or failed, than the SLO allows: 1 = as much as may be.
    pub fn excess(&self) -> f64 {
        let late = self.latency.iter().map(|one| (1.0 - one.share) / (1.0 - one.slo.quantile));
        let failed = self.errors.and_then(|(term, _)| Some(self.failed? / term.limit.get()));
        late.chain(failed).fold(0.0, f64::max)
    }
}

fn failed(rows: &[&Row]) -> f64 {
    let total = |figure| rows.iter().filter_map(|row| row.get(figure)).sum::<f64>();
    let arrived = total(Figure::Arrived);
    (arrived - total(Figure::Completed)) / arrived
}

fn in_time(rows: &[&Row], slo: Slo) -> InTime {
    let arrived: u64 = rows.iter().map(|row| row.arrived()).sum();
    let within: u64 = rows.iter().filter_map(|row| row.within(slo.longest())).sum();
    InTime { slo, share: within as f64 / arrived as f64, kept: slo.is_kept(within, arrived) }
}

fn is_kept(rows: &[&Row], terms: &SloTerms) -> bool {
    terms.latency.iter().all(|slo| in_time(rows, *slo).kept)
        && terms.errors.is_none_or(|term| term.is_kept(failed(rows)))
}

/// How many replications would decide, if that is open: kept it is as open as the most open of its
/// terms, broken as the least open of the broken ones.
fn undecided(rows: &[&Row], terms: &SloTerms, kept: bool) -> Option<u32> {
    let first = terms.tail();
    let latency = terms.latency.iter().map(|slo| {
        let shown = figure(rows, |row| row.get(Figure::SloLatency));
        match shown.filter(|_| first == Some(*slo)) {
            Some(shown) => (in_time(rows, *slo).kept, open(shown, slo.limit.as_millis_f64())),
            None => {
                let share = |row: &Row| {
                    Some(row.within(slo.longest())? as f64 / row.arrived() as f64) //
                };
                let share = figure(rows, share);
                (in_time(rows, *slo).kept, share.and_then(|share| open(share, slo.quantile)))
            }
        }
    });
    let errors = terms.errors.map(|term| {
        let share = figure(rows, |row| row.get(Figure::FailedShare));
        (term.is_kept(failed(rows)), share.and_then(|share| open(share, term.limit.get())))
    });
    let all: Vec<(bool, Option<u32>)> = latency.chain(errors).collect();
    let broken = || all.iter().filter(|(kept, _)| !kept).map(|(_, open)| *open);
    match kept {
        true => all.iter().filter_map(|(_, open)| *open).max(),
        false => broken().collect::<Option<Vec<u32>>>()?.into_iter().min(),
    }
}

/// `None` if some replication has no such figure.
fn figure(rows: &[&Row], get: impl Fn(&Row) -> Option<f64>) -> Option<Estimate> {
    Estimate::of(&rows.iter().map(|row| get(row)).collect::<Option<Vec<f64>>>()?)
}

/// How many replications with this spread have an interval that leaves the limit out, if this one does not.
fn open(estimate: Estimate, limit: f64) -> Option<u32> {
    let within = estimate.low() < limit && limit < estimate.high();
    within.then(|| estimate.replications_for((estimate.mean - limit).abs(), MOST_REPLICATIONS))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::figures::tests::{facts, outcome};

    fn judged(cells: &[(u64, u64)], errors: Option<&str>) -> Verdict {
        let facts = facts();
        let errors = errors.map(|text| text.parse().unwrap());
        let terms = SloTerms { latency: facts.slo.into_iter().collect(), errors };
        let rows: Vec<Row> = cells.iter().map(|&(g, b)| Row::of(&outcome(g, b), &facts)).collect();
        Verdict::of(&rows.iter().collect::<Vec<_>>(), &terms)
    }

    #[test]
    fn the_slo_is_judged_over_all_replications_together() {
        for (cells, errors, ruling, met_in) in [
            (vec![(100, 0), (100, 0)], None, Ruling::Met, 2),
            (vec![(99, 1)], None, Ruling::Met, 1),
            (vec![(98, 2)], None, Ruling::Missed, 0),
            (vec![(98, 2), (200, 0)], None, Ruling::Met, 1),
            (vec![(999, 1)], Some("< 0.1%"), Ruling::Missed, 0),
            (vec![(999, 1)], Some("<= 0.1%"), Ruling::Met, 1),
            (vec![(9999, 1)], Some("< 0.1%"), Ruling::Met, 1),
            (vec![(0, 0)], None, Ruling::NotAsked, 0),
        ] {
            let verdict = judged(&cells, errors);
            assert_eq!((verdict.ruling, verdict.met_in), (ruling, met_in), "{cells:?}");
        }
    }

    /// (rule 7)
    #[test]
    fn several_slos_hold_together_each_from_counts_of_its_own() {
        let limits = [(0.99, 300), (0.5, 110)];
        let slos =
            limits.map(|(q, ms)| Slo::below(q, autosim_engine::units::Span::from_millis(ms)));
        let terms = SloTerms { latency: slos.to_vec(), errors: None };
        for (in_time, kept) in
            [([99, 50], [true, true]), ([99, 49], [true, false]), ([98, 98], [false, true])]
        {
            let mut outcome = outcome(100, 0);
            outcome.within = slos.iter().map(|slo| slo.longest()).zip(in_time).collect();
            let row = Row::of(&outcome, &facts());
            let verdict = Verdict::of(&[&row], &terms);
            assert_eq!(verdict.latency.iter().map(|one| one.kept).collect::<Vec<_>>(), kept);
            assert_eq!(verdict.ruling == Ruling::Met, kept == [true, true], "{in_time:?}");
        }
    }

    #[test]
    fn an_interval_with_the_limit_in_it_decides_nothing() {
        // Shares that fail, some beyond what p99 can hold: what decides are the shares in time.
        for (cells, ruling, undecided) in [
            (vec![(1000, 0), (1000, 0), (970, 30)], Ruling::Met, Some(true)),
            (vec![(995, 5), (1000, 0), (960, 40)], Ruling::Missed, Some(true)),
            (vec![(950, 50), (951, 49), (949, 51)], Ruling::Missed, None),
            (vec![(1000, 0), (1000, 0), (1000, 0)], Ruling::Met, None),
            (vec![(985, 15)], Ruling::Missed, None),
        ] {
            let verdict = judged(&cells, None);
            assert_eq!(verdict.ruling, ruling, "{cells:?}");
            let more = verdict.undecided.map(|enough| enough > cells.len() as u32);
            assert_eq!(more, undecided, "{cells:?}: {:?}", verdict.undecided);
        }
    }

    #[test]
    fn what_is_broken_for_certain_is_decided_whatever_else_is_open() {
        let open = [(1000, 0), (1000, 0), (970, 30)];
        assert_eq!(judged(&open, Some("< 50%")).ruling, Ruling::Met);
        assert!(judged(&open, Some("< 50%")).undecided.is_some());
        let certain = [(900, 100), (901, 99), (899, 101)];
        let verdict = judged(&certain, Some("< 10%"));
        assert_eq!((verdict.ruling, verdict.undecided), (Ruling::Missed, None));
        assert!((verdict.excess() - 10.0).abs() < 0.1, "{}", verdict.excess());
    }

    #[test]
    fn without_an_slo_there_is_no_ruling() {
        let row = Row::of(&outcome(10, 10), &facts());
        let verdict = Verdict::of(&[&row], &SloTerms::default());
        assert_eq!((verdict.ruling, verdict.failed), (Ruling::NotAsked, Some(0.5)));
    }
}
