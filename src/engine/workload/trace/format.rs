//! The formats there are: a variant and an arm each.

use super::failure::TraceError;
use super::input::Input;
use super::options::Options;
use super::recording::Recording;
use super::{counts, per_second_counts, rates, timestamps};
use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantArray};

/// A format of traces by name. Where none is stated, the first one in this order is taken that surely is the
/// file's.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    schemars::JsonSchema,
    IntoStaticStr,
    VariantArray,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Format {
    /// Numbers separated by blanks, one for each second.
    PerSecondCounts,
    /// Number of requests of each interval: CSV or TSV with columns of times and counts.
    Counts,
    /// Requests a second in each interval: CSV or TSV with columns of times and rates.
    Rates,
    /// One row a request: CSV or TSV with a column of times.
    Timestamps,
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
    /// True if a text that begins like this is surely of this format.
    fn sniff(&self, head: &Head) -> bool;
    /// Reads the whole text.
    fn read(&self, input: Input, options: &Options) -> Result<Recording, TraceError>;
}

impl Format {
    /// Every format.
    pub const ALL: &[Self] = Self::VARIANTS;

    /// As a scenario writes it.
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// Its reader.
    pub(super) const fn reader(self) -> &'static dyn TraceFormat {
        match self {
            Self::PerSecondCounts => &per_second_counts::PerSecondCounts,
            Self::Counts => &counts::Counts,
            Self::Rates => &rates::Rates,
            Self::Timestamps => &timestamps::Timestamps,
        }
    }
}

impl Head {
    /// True if there is nothing but whole numbers and blanks.
    pub(super) fn is_numeric(&self) -> bool {
        // The last number of the beginning may be cut off: any digits will do.
        let number = |text: &str| text.parse::<u64>().is_ok();
        self.lines.iter().all(|line| line.split_ascii_whitespace().all(number))
    }

    /// True if a column has one of `names`, whatever its case.
    pub(super) fn has_any(&self, names: &[&str]) -> bool {
        let is = |found: &String| names.iter().any(|name| found.eq_ignore_ascii_case(name));
        self.header.iter().any(is)
    }
}
