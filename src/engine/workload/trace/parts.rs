//! The parts of a recording - its series, or the rows of each value of a column - and how much of it each of them is.

use super::condition::{self, column_of};
use super::failure::TraceError;
use super::options::Options;
use super::records::{Column, Records};
use crate::units::plural;
use indexmap::IndexMap;
use serde::Serialize;
use std::collections::BTreeSet;
use std::num::NonZeroU32;

/// More values than these tell no services apart, but requests.
const MOST_PARTS: usize = 100_000;
/// So many are named in a sentence.
const NAMED: usize = 8;

/// A part of a recording.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Part {
    /// What `select` calls it.
    pub name: String,
    /// Its requests.
    pub requests: f64,
    /// How much of the requests it is of all parts that `top` chooses from, those it leaves out too; 1 is all.
    #[serde(skip)]
    pub share: f64,
    /// Its first instant, in nanoseconds since 1970 or since the recording's own start.
    #[serde(skip)]
    pub first: i64,
}

/// Requests and first instant of each part, in the order of the file.
#[derive(Default)]
pub(super) struct Ranking(IndexMap<String, (f64, i64)>);

impl Ranking {
    /// More requests of a part, at an instant or later.
    pub(super) fn add(
        &mut self,
        name: &str,
        requests: f64,
        at: i64,
        path: &str,
    ) -> Result<(), TraceError> {
        if let Some((all, first)) = self.0.get_mut(name) {
            *all += requests;
            *first = at.min(*first);
            return Ok(());
        }
        if self.0.len() == MOST_PARTS {
            let message = format!("{path} has more than {MOST_PARTS} parts");
            let hint = "name a column of few values, such as a service's or a function's name";
            return Err(TraceError::at("by", message, hint));
        }
        self.0.insert(name.to_owned(), (requests, at));
        Ok(())
    }

    /// The most requests first; of equal parts that which comes first in the file.
    pub(super) fn parts(self) -> Vec<Part> {
        let all: f64 = self.0.values().map(|(requests, _)| requests).sum();
        let part = |(name, (requests, first)): (String, (f64, i64))| {
            let share = requests / all.max(1e-300);
            Part { name, requests, share, first }
        };
        let mut parts: Vec<Part> = self.0.into_iter().map(part).collect();
        parts.sort_by(|one, other| other.requests.total_cmp(&one.requests));
        parts
    }
}

/// The largest of ranked parts, all of them where no number is given; what is left out is said.
pub(super) fn largest(
    mut parts: Vec<Part>,
    top: Option<NonZeroU32>,
    path: &str,
    said: &mut Vec<String>,
) -> Vec<Part> {
    let Some(top) = top else { return parts };
    let percent = |share: f64| format!("{:.1} %", 100.0 * share);
    let count = parts.len();
    let top = usize::try_from(top.get()).unwrap_or(usize::MAX);
    let rest_share: f64 = parts.iter().skip(top).map(|part| part.share).sum();
    parts.truncate(top);
    let named = parts.iter().take(NAMED);
    let mut named: Vec<String> =
        named.map(|part| format!("`{}` ({})", part.name, percent(part.share))).collect();
    if parts.len() > NAMED {
        named.push(format!("{} more", parts.len() - NAMED));
    }
    let mut told =
        format!("{path}: the largest {} of {count} parts: {}", parts.len(), named.join(", "));
    if count > parts.len() {
        let rest = plural((count - parts.len()) as u64, "part");
        told += &format!("; {rest} with {} of the requests left out", percent(rest_share));
    }
    said.push(told);
    parts
}

/// The parts of rows that are requests: the values of a column.
pub(super) struct RowParts {
    column: Column,
    of_cell: condition::Part,
    /// Those that are wanted; empty: all.
    select: BTreeSet<String>,
    pub(super) ranking: Ranking,
    left_out: u64,
}

impl RowParts {
    /// `None` where nobody asks for parts.
    pub(super) fn of(records: &Records, options: &Options) -> Result<Option<Self>, TraceError> {
        let Some(by) = &options.by else {
            if options.top.is_none() && options.select.is_empty() {
                return Ok(None);
            }
            let path = &records.path;
            let message =
                format!("{path}: its rows are requests: which belong together is not said");
            let columns = records.columns_text();
            let hint = format!(
                "say which column tells the parts apart: by = \"COLUMN\" (--by COLUMN); {columns}"
            );
            return Err(TraceError::at("by", message, hint));
        };
        let (column, of_cell) = column_of(records, "by", by)?;
        let all = options.select.iter().any(|wanted| wanted == "*");
        let select = options.select.iter().filter(|_| !all).cloned().collect();
        Ok(Some(Self { column, of_cell, select, ranking: Ranking::default(), left_out: 0 }))
    }

    /// The part that the row is of; a field that it does not have is empty.
    fn name<'a>(&self, records: &'a Records) -> &'a str {
        self.of_cell.of(records.field(&self.column).unwrap_or_default())
    }

    /// Whether the row's part is wanted.
    pub(super) fn takes(&mut self, records: &Records) -> bool {
        let takes = self.select.is_empty() || self.select.contains(self.name(records));
        self.left_out += u64::from(!takes);
        takes
    }

    /// Counts the row, which starts at an instant.
    pub(super) fn count(&mut self, records: &Records, start: i64) -> Result<(), TraceError> {
        let name = self.name(records);
        self.ranking.add(name, 1.0, start, &records.path)
    }

    /// How many rows were left out, as a sentence.
    pub(super) fn told(&self, path: &str) -> Option<String> {
        let (rows, column) = (plural(self.left_out, "row"), &self.column.name);
        (self.left_out > 0).then(|| format!("{path}: {rows} of other parts by `{column}` left out"))
    }

    /// What is said where no row is of a part that is wanted.
    pub(super) fn none(&self, path: &str) -> Option<TraceError> {
        (self.left_out > 0).then(|| {
            let mut wanted: Vec<&str> = self.select.iter().map(String::as_str).collect();
            wanted.sort_unstable();
            let (column, wanted) = (&self.column.name, wanted.join("`, `"));
            let message = format!("{path}: no row has `{wanted}` as its `{column}`");
            TraceError::at("select", message, "`autosim trace inspect FILE --by COLUMN` lists them")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_parts_are_taken_and_the_rest_is_said() {
        let mut ranking = Ranking::default();
        for (name, requests) in [("a", 1.0), ("b", 6.0), ("c", 1.0), ("a", 2.0)] {
            ranking.add(name, requests, 5, "t").unwrap();
        }
        let parts = ranking.parts();
        for (top, names, told) in [
            (
                1,
                "b",
                "t: the largest 1 of 3 parts: `b` (60.0 %); 2 parts with 40.0 % of the requests left out",
            ),
            (9, "b a c", "t: the largest 3 of 3 parts: `b` (60.0 %), `a` (30.0 %), `c` (10.0 %)"),
        ] {
            let mut said = Vec::new();
            let taken = largest(parts.clone(), NonZeroU32::new(top), "t", &mut said);
            assert!((taken[0].share - 0.6).abs() < 1e-12, "of all, whatever is left out");
            let taken: Vec<&str> = taken.iter().map(|part| part.name.as_str()).collect();
            assert_eq!((taken.join(" ").as_str(), said.join("").as_str()), (names, told));
        }
    }
}
