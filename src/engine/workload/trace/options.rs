//! What a user may say about how to read a trace.

use super::condition::Condition;
use super::failure::TraceError;
use super::format::Format;
use super::number::TimeUnit;
use super::spooled::Spooled;
use crate::units::Span;
use indexmap::IndexMap;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use std::num::NonZeroU32;

/// How to read a trace; everything left out is told from the file, and reported as an assumption.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Options {
    /// The format.
    pub format: Option<Format>,
    /// Name of the column of times.
    pub time: Option<String>,
    /// Unit of times that are numbers.
    pub time_unit: Option<TimeUnit>,
    /// Whether a time is the start or the end; `None`: as its format has it, else the start.
    pub time_is: Option<Edge>,
    /// Zone of civil times: `UTC`, `Europe/Berlin`, `+08:00`.
    pub zone: Option<String>,
    /// Name of the column of counts or rates.
    pub value: Option<String>,
    /// Length of the interval of a count or rate.
    pub interval: Option<Span>,
    /// What a missing interval means.
    pub missing: Option<Missing>,
    /// Service times from a column.
    pub service_time_column: Option<ServiceColumn>,
    /// Service times from several columns.
    pub service_time_linear: Option<Linear>,
    /// A file of durations that belongs to it, relative to the same folder.
    pub durations: Option<String>,
    /// What the values of a file of series are.
    pub values: Option<Values>,
    /// The series that are the traffic, together, where a file holds several: by name, by labels
    /// `{job="web"}`, or `*`; with `by` values of that column or label.
    pub select: Vec<String>,
    /// The column, or label, whose values tell the parts of the recording apart.
    pub by: Option<String>,
    /// Only so many parts are the traffic, together: those with the most requests.
    pub top: Option<NonZeroU32>,
    /// What becomes of requests that failed.
    pub failed: Option<Failures>,
    /// Only rows are requests that are so; all of them hold.
    pub conditions: Vec<Condition>,
    /// Sort rows by time.
    pub sort: bool,
    /// The most bytes that recorded requests may take in memory, 16 each, or 8 without service times of their
    /// own; those of a longer recording are read from its file again and again. `None` = no limit.
    pub memory_limit_bytes: Option<u64>,
    /// Requests that memory does not hold are copied in order to a temporary file, 16 bytes each, for whoever goes
    /// through them many times.
    pub copied: bool,
    /// What the file `-` is.
    pub standard_input: Option<Spooled>,
}

/// Which end of a request or interval its stamp is.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Edge {
    /// The beginning.
    #[default]
    Start,
    /// The end; a request's start is then its stamp minus its service time.
    End,
}

/// What the values of a series of intervals are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Values {
    /// Requests in the interval.
    Counts,
    /// Requests a second in the interval.
    Rates,
    /// Requests since the beginning: what was added since the sample before is counted.
    Counters,
}

/// What becomes of requests that a recording marks as failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Failures {
    /// They are played like the others.
    Keep,
    /// They are not played.
    LeaveOut,
}

/// What an interval without a row means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Missing {
    /// No requests.
    Zero,
    /// A straight line between its neighbours.
    Interpolate,
    /// As the interval before.
    Hold,
    /// A fault of the file.
    Error,
}

/// A column of service times.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ServiceColumn {
    /// Its name.
    pub column: String,
    /// Its unit.
    pub unit: TimeUnit,
}

/// A service time that is linear in columns: `base` + the sum of `per` times column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Linear {
    /// Part that every request has.
    #[serde(default)]
    pub base: Span,
    /// Time for each unit of a column.
    pub per: IndexMap<String, Span>,
}

impl Options {
    /// So that every part of the recording is told, where no number of them is stated.
    pub fn in_parts(self) -> Self {
        Self { top: self.top.or(Some(NonZeroU32::MAX)), ..self }
    }

    /// The zone of civil stamps.
    pub(super) fn time_zone(&self) -> Result<TimeZone, TraceError> {
        let Some(name) = &self.zone else { return Ok(TimeZone::UTC) };
        if name == "UTC" || name == "Z" {
            return Ok(TimeZone::UTC);
        }
        let fixed = || {
            let text = format!("1970-01-01T00:00:00{name}");
            let pieces = jiff::fmt::temporal::Pieces::parse(&text).ok()?;
            pieces.to_numeric_offset().map(TimeZone::fixed)
        };
        fixed().or_else(|| TimeZone::get(name).ok()).ok_or_else(|| {
            let hint = "give a zone such as \"UTC\", \"Europe/Berlin\" or \"+08:00\"";
            TraceError::at("zone", format!("`{name}` is not a known time zone"), hint)
        })
    }

    /// Refuses options that mean nothing to `format`; `used` names those that do.
    pub(super) fn only(&self, format: Format, used: &[&str]) -> Result<(), TraceError> {
        let given = [
            ("time", self.time.is_some()),
            ("time_unit", self.time_unit.is_some()),
            ("time_is", self.time_is.is_some()),
            ("zone", self.zone.is_some()),
            ("value", self.value.is_some()),
            ("interval", self.interval.is_some()),
            ("missing", self.missing.is_some()),
            ("service_time_column", self.service_time_column.is_some()),
            ("service_time_linear", self.service_time_linear.is_some()),
            ("durations", self.durations.is_some()),
            ("values", self.values.is_some()),
            ("select", !self.select.is_empty()),
            ("by", self.by.is_some()),
            ("top", self.top.is_some()),
            ("failed", self.failed.is_some()),
            ("where", !self.conditions.is_empty()),
            ("sort", self.sort),
        ];
        let unused = given.into_iter().find(|(name, given)| *given && !used.contains(name));
        unused.map_or(Ok(()), |(name, _)| {
            let message = format!("`{name}` means nothing to the format `{}`", format.name());
            let hint = match name {
                "where" => "it is for rows that are requests; of several series select (--select) takes some",
                "select" | "top" => {
                    "leave it out; where a column tells several series apart, name it: by = \"COLUMN\" (--by COLUMN)"
                }
                _ => "leave it out, or name another format",
            };
            Err(TraceError::at(name, message, hint))
        })
    }
}
