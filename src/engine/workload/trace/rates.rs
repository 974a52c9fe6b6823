//! `rates`: requests a second in each interval.

use super::failure::TraceError;
use super::format::{Format, Head, TraceFormat};
use super::input::Input;
use super::options::Options;
use super::recording::Recording;
use super::series::{self, Meaning};

/// A column of times, a column of rates.
pub(super) struct Rates;

const RATE_NAMES: &[&str] = &["rate", "rps", "qps", "requests/s", "req/s", "requests_per_s"];

impl TraceFormat for Rates {
    fn sniff(&self, head: &Head) -> bool {
        head.timed && head.has_any(RATE_NAMES)
    }
    fn read(&self, input: Input, options: &Options) -> Result<Recording, TraceError> {
        series::read(input, options, Format::Rates, Meaning::PerSecond, RATE_NAMES)
    }
}
