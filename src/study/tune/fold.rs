//! Folds with a rolling origin: the same search on less and less of the run, each judged on what follows, so that one
//! lucky stretch at the end does not speak for all of them.
//!
//! With a holdout of a day and three folds, a week is searched on days 1 to 4, 1 to 5 and 1 to 6, and judged on days 5, 6
//! and 7 (Hyndman and Athanasopoulos, Forecasting: Principles and Practice, section 5.10).

use super::judge::{Judged, judge};
use super::laboratory::{Laboratory, Stop};
use super::outcome::{Outcome, Question, searched};
use super::space::Point;
use crate::experiment::{Progress, Ruling};
use crate::scenario::Layer;
use autosim_engine::units::Span;

/// One of them: what was chosen on the days before, and how it did on days that the choice had not seen.
#[derive(Debug, Clone, PartialEq)]
pub struct Fold {
    /// Where what was searched ends, and what it is judged on begins, from the start of the run.
    pub split: Span,
    /// What was chosen; `None` where nothing held.
    pub chosen: Option<(usize, Point)>,
    /// It kept the SLO on the days after.
    pub kept: bool,
    /// Where it did, how much less the cheapest of those judged that held cost, as a share of its cost.
    pub regret: Option<f64>,
}

impl Fold {
    /// Of a judgement of what was chosen.
    pub(super) fn of(split: Span, chosen: (usize, Point), judged: &Judged) -> Self {
        let kept = judged.ruling(&judged.tuned) == Some(Ruling::Met);
        let regret = kept.then(|| judged.regret()).flatten();
        Self { split, chosen: Some(chosen), kept, regret }
    }
}

/// The days of the fold that lies so many before the last: what makes a run those that the search sees, what makes it
/// those after, and where they meet. Without a holdout all days are both.
pub(super) struct Days {
    pub(super) before: Vec<Layer>,
    pub(super) after: Vec<Layer>,
    pub(super) split: Span,
}

impl Days {
    pub(super) fn of(laboratory: &Laboratory<'_>, question: &Question, back: u32) -> Self {
        let end = laboratory.base.window.end.0;
        let Some(Span(holdout)) = question.holdout else {
            return Self { before: Vec::new(), after: Vec::new(), split: Span(end) };
        };
        let until = end.saturating_sub(holdout.saturating_mul(u64::from(back)));
        let split = Span(until.saturating_sub(holdout));
        let mut after = vec![value("warmup", split)];
        if back > 0 {
            after.push(value("duration", Span(until)));
        }
        Self { before: vec![value("duration", split)], after, split }
    }
}

fn value(key: &str, value: Span) -> Layer {
    let value = value.to_string();
    Layer::value(format!("--holdout: {key} {value}"), key, &value)
}

/// Searches and judges the folds before the last, the earliest first; fewer where what was allowed is spent.
pub(super) fn earlier(
    laboratory: &mut Laboratory<'_>,
    question: &Question,
    progress: &dyn Progress,
) -> Result<Vec<Fold>, Stop> {
    let mut all = Vec::new();
    for back in (1..question.folds).rev() {
        let mut own = laboratory.on(Days::of(laboratory, question, back).before);
        let ended = fold(&mut own, question, back, progress);
        laboratory.count(&own);
        match ended {
            Err(Stop::Budget) => break,
            ended => all.push(ended?),
        }
    }
    Ok(all)
}

fn fold(
    laboratory: &mut Laboratory<'_>,
    question: &Question,
    back: u32,
    progress: &dyn Progress,
) -> Result<Fold, Stop> {
    let Days { after, split, .. } = Days::of(laboratory, question, back);
    let (found, unfinished) = searched(laboratory, question)?;
    if unfinished {
        return Err(Stop::Budget);
    }
    let outcome = Outcome::of(laboratory, found);
    let Some(chosen) = outcome.best() else {
        return Ok(Fold { split, chosen: None, kept: false, regret: None });
    };
    let judged = judge(laboratory, &outcome, chosen, (question, 0), &after, progress)?;
    Ok(Fold::of(split, chosen, &judged))
}
