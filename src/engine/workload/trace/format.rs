//! The formats there are: a variant and a line each.

use super::failure::TraceError;
use super::input::Input;
use super::options::Options;
use super::recording::Recording;
use super::{counts, per_second_counts, rates, timestamps};
use serde::{Deserialize, Serialize};

/// A format of traces by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// One row a request: CSV or TSV with a column of times.
    Timestamps,
    /// Number of requests of each interval: CSV or TSV with columns of times and counts.
    Counts,
    /// Requests a second in each interval: CSV or TSV with columns of times and rates.
    Rates,
    /// Numbers separated by blanks, one for each second.
    PerSecondCounts,
}

/// The first lines of a text, for [`TraceFormat::sniff`].
pub(super) struct Head {
    pub(super) lines: Vec<String>,
    /// The names in the first line.
    pub(super) header: Vec<String>,
    /// It has a column of times: the stated one, or one with a usual name.
    pub(super) timed: bool,
}

/// A reader of one format.
pub(super) trait TraceFormat: Sync {
    /// Its name.
    fn format(&self) -> Format;
    /// True if a text that begins like this is surely of this format.
    fn sniff(&self, head: &Head) -> bool;
    /// Reads the whole text.
    fn read(&self, input: Input, options: &Options) -> Result<Recording, TraceError>;
}

/// Every format; sniffed in this order.
pub(super) const FORMATS: &[&dyn TraceFormat] =
    &[&per_second_counts::PerSecondCounts, &counts::Counts, &rates::Rates, &timestamps::Timestamps];

impl Format {
    /// As a scenario writes it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Timestamps => "timestamps",
            Self::Counts => "counts",
            Self::Rates => "rates",
            Self::PerSecondCounts => "per-second-counts",
        }
    }

    /// Its reader.
    pub(super) fn reader(self) -> Option<&'static dyn TraceFormat> {
        FORMATS.iter().copied().find(|reader| reader.format() == self)
    }
}

impl Head {
    /// True if a column has one of `names`, whatever its case.
    pub(super) fn has_any(&self, names: &[&str]) -> bool {
        let is = |found: &String| names.iter().any(|name| found.eq_ignore_ascii_case(name));
        self.header.iter().any(is)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_format_has_a_reader() {
        for format in [Format::Timestamps, Format::Counts, Format::Rates, Format::PerSecondCounts] {
            assert!(format.reader().is_some_and(|reader| reader.format() == format));
        }
        assert_eq!(FORMATS.len(), 4);
    }
}
