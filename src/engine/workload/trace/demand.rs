//! How long the service takes for a recorded request: where a row says it.

use super::failure::TraceError;
use super::number::{TimeUnit, decimal_ns, finite, with_a_point};
use super::options::{Edge, Options};
use super::records::{Column, Records};
use super::requests::{Layout, Took};
use crate::units::Span;

/// Where a row's service time comes from.
pub(super) enum Demand {
    Elsewhere,
    Column(Column, TimeUnit),
    /// What the format says each request took; without it, where its time is its end, zero.
    Took(Column, Took),
    Linear(f64, Vec<(Column, f64)>),
}

impl Demand {
    pub(super) fn of(
        records: &Records,
        options: &Options,
        layout: &Layout,
        time_is: Edge,
    ) -> Result<Self, TraceError> {
        match (&options.service_time_column, &options.service_time_linear) {
            (Some(_), Some(_)) => Err(TraceError::at(
                "service_time_linear",
                "`service_time_column` is given too",
                "keep one of them",
            )),
            (Some(from), None) => {
                Ok(Self::Column(records.column("service_time_column", &from.column)?, from.unit))
            }
            (None, Some(linear)) => {
                let term = |(name, per): (&String, &Span)| {
                    Ok((records.column("service_time_linear", name)?, per.0 as f64))
                };
                let terms: Result<_, TraceError> = linear.per.iter().map(term).collect();
                Ok(Self::Linear(linear.base.0 as f64, terms?))
            }
            (None, None) => {
                let found = layout.took.map(|took| {
                    let known = took
                        .columns
                        .iter()
                        .find_map(|name| records.known("time_is", &[name]).transpose());
                    known.transpose().map(|column| column.map(|column| Self::Took(column, took)))
                });
                match found.transpose()?.flatten() {
                    Some(took) => Ok(took),
                    None if time_is == Edge::End && layout.time_is == Edge::Start => {
                        Err(TraceError::at(
                            "time_is",
                            "the start of a request cannot be told from its end alone",
                            "state where its service time is: service_time_column = { column, unit }",
                        ))
                    }
                    None => Ok(Self::Elsewhere),
                }
            }
        }
    }

    pub(super) fn read(&self, records: &Records) -> Result<Option<u64>, TraceError> {
        match self {
            Self::Elsewhere => Ok(None),
            Self::Column(column, unit) => {
                let text = records.field(column)?;
                let ns = decimal_ns(text, *unit).and_then(|ns| u64::try_from(ns).ok());
                ns.map(Some).ok_or_else(|| no_length(records, column, text))
            }
            Self::Took(column, took) => {
                // A log writes a dash where nothing served the request, and lists the servers it tried, the
                // one that answered last.
                let text = match (records.field(column), records.is_log()) {
                    (Err(_), true) => return Ok(Some(0)),
                    (text, true) => text?.rsplit([',', ':']).next().unwrap_or_default().trim(),
                    (text, false) => text?,
                };
                if text == "-" || text == "-1" {
                    return Ok(Some(0));
                }
                let unit = took.with_point.filter(|_| text.contains('.')).unwrap_or(took.unit);
                let ns = decimal_ns(text, unit).and_then(|ns| u64::try_from(ns).ok());
                ns.map(Some).ok_or_else(|| no_length(records, column, text))
            }
            Self::Linear(base, terms) => {
                let mut ns = *base;
                for (column, per) in terms {
                    let text = records.field(column)?;
                    let value = finite(text).filter(|value| *value >= 0.0);
                    ns += per * value.ok_or_else(|| no_length(records, column, text))?;
                }
                Ok(Some(ns.round() as u64))
            }
        }
    }

    /// No column says it.
    pub(super) fn is_elsewhere(&self) -> bool {
        matches!(self, Self::Elsewhere)
    }

    /// What it is of a client's time.
    pub(super) fn waited(&self) -> bool {
        match self {
            Self::Took(_, took) => took.waited,
            Self::Elsewhere | Self::Column(..) | Self::Linear(..) => false,
        }
    }
}

fn no_length(records: &Records, column: &Column, text: &str) -> TraceError {
    let hint =
        "a service time cannot be missing or negative: remove the row, or state another column";
    TraceError::file(
        format!("{}: `{text}` is not a number of at least 0", records.place(column)),
        with_a_point(text).unwrap_or_else(|| hint.to_owned()),
    )
}
