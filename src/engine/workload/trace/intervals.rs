//! From points in order of time to intervals with their counts.

use super::MAX_ROWS;
use super::failure::TraceError;
use super::options::{Edge, Missing, Options, Values};
use super::recording::Rows;
use super::series::{Point, usual_gap};
use crate::units::Span;

/// Points of one series.
pub(super) struct Raw {
    /// In order of time.
    pub(super) points: Vec<Point>,
    pub(super) path: String,
}

impl Raw {
    /// The intervals, and the start of the last.
    pub(super) fn into_rows(
        mut self,
        values: Values,
        options: &Options,
        said: &mut Vec<String>,
    ) -> Result<(Rows, i64), TraceError> {
        let step = self.step(options, said)?;
        if options.time_is == Some(Edge::End) {
            for point in &mut self.points {
                point.at = point.at.saturating_sub_unsigned(step);
            }
        }
        let last = self.points.last().map_or(0, |point| point.at);
        Ok((self.into_bins(step, values, options, said)?, last))
    }

    /// The usual distance between points, or the stated interval; refuses two points of one interval.
    fn step(&self, options: &Options, said: &mut Vec<String>) -> Result<u64, TraceError> {
        if self.points.is_empty() {
            let message = format!("{} has no values", self.path);
            return Err(TraceError::file(
                message,
                "a trace has at least one interval, one row below its header",
            ));
        }
        let usual = (self.points.len() > 1).then(|| usual_gap(&self.points));
        let step = match (options.interval, usual) {
            (Some(interval), _) => interval.0,
            (None, Some(usual)) => {
                let path = &self.path;
                said.push(format!("{path}: an interval is {}, told from its rows", Span(usual)));
                usual
            }
            (None, None) => {
                let message = format!("{}: one row does not tell its interval", self.path);
                return Err(TraceError::at("interval", message, "state interval = \"1m\""));
            }
        };
        if step == 0 {
            let message = format!("{}: the interval is zero", self.path);
            let hint = "state interval = \"1m\"; where a column tells rows of one time apart, name it: by = \"COLUMN\" (--by COLUMN)";
            return Err(TraceError::at("interval", message, hint));
        }
        self.refuse_overlap(step)?;
        Ok(step)
    }

    /// Two rows closer than half an interval are two values of one interval.
    fn refuse_overlap(&self, step: u64) -> Result<(), TraceError> {
        let mut pairs = self.points.windows(2);
        let close = pairs.find(|pair| pair[1].at.abs_diff(pair[0].at) < step.div_ceil(2));
        let Some(pair) = close else { return Ok(()) };
        let apart = Span(pair[1].at.abs_diff(pair[0].at));
        let where_ = match pair[0].line {
            0 => self.path.clone(),
            line => format!("{} lines {line} and {}", self.path, pair[1].line),
        };
        let message = format!("{where_}: rows {apart} apart, but an interval is {}", Span(step));
        let hint = "merge such rows, or state another interval; where a column tells several series apart, name it: by = \"COLUMN\" \
                    (--by COLUMN); where the clock was put back, state its zone";
        Err(TraceError::at("file", message, hint))
    }

    /// Intervals in order; the missing ones filled as the options say.
    fn into_bins(
        self,
        step: u64,
        values: Values,
        options: &Options,
        said: &mut Vec<String>,
    ) -> Result<Rows, TraceError> {
        let mut fill = Fill { starts: Vec::new(), counts: Vec::new(), missing: 0 };
        let per = |length: u64| match values {
            Values::Counts | Values::Counters => 1.0,
            Values::Rates => length as f64 * 1e-9,
        };
        for (index, &Point { at: start, value, line }) in self.points.iter().enumerate() {
            let next = self.points.get(index + 1);
            let gap = next.map_or(step, |next| next.at.abs_diff(start));
            let absent = gap.saturating_add(step / 2) / step - 1;
            let length = if absent == 0 { gap } else { step };
            fill.starts.push(start);
            fill.counts.push(value * per(length));
            if absent > 0 {
                let after = next.map_or(0.0, |next| next.value);
                let whole = Gap { start, step, absent, before: value, after, per: per(step) };
                fill.gap(&whole, options, || format!("{} line {line}", self.path))?;
            }
        }
        if fill.missing > 0 {
            let how = match options.missing {
                None => "read as zero; missing = states otherwise",
                Some(_) => "filled as stated",
            };
            said.push(format!("{}: {} intervals are missing, {how}", self.path, fill.missing));
        }
        let Fill { starts, counts, missing } = fill;
        Ok(Rows::Bins { starts, counts, step, missing })
    }
}

struct Fill {
    starts: Vec<i64>,
    counts: Vec<f64>,
    missing: u64,
}

/// Missing intervals after a row.
struct Gap {
    start: i64,
    step: u64,
    absent: u64,
    before: f64,
    after: f64,
    /// Requests per unit of value.
    per: f64,
}

impl Fill {
    fn gap(
        &mut self,
        gap: &Gap,
        options: &Options,
        place: impl Fn() -> String,
    ) -> Result<(), TraceError> {
        self.missing += gap.absent;
        let value = |k: u64| match options.missing {
            Some(Missing::Interpolate) => {
                let share = k as f64 / (gap.absent + 1) as f64;
                Some(gap.before + (gap.after - gap.before) * share)
            }
            Some(Missing::Hold) => Some(gap.before),
            _ => None,
        };
        if options.missing == Some(Missing::Error) {
            let message = format!("{}: {} intervals are missing after it", place(), gap.absent);
            let hint = "add them, or set missing to zero, interpolate or hold";
            return Err(TraceError::at("missing", message, hint));
        }
        if value(1).is_none() {
            return Ok(());
        }
        let room = MAX_ROWS.saturating_sub(self.starts.len()) as u64;
        if gap.absent > room {
            let message = format!("{}: {} intervals are missing after it", place(), gap.absent);
            return Err(TraceError::at("missing", message, "too many to fill; use zero"));
        }
        for k in 1..=gap.absent {
            let Some(value) = value(k) else { continue };
            self.starts.push(gap.start.saturating_add_unsigned(k * gap.step));
            self.counts.push(value * gap.per);
        }
        Ok(())
    }
}
