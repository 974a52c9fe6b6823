//! `counts`: the number of requests of each interval.

use super::failure::TraceError;
use super::format::{Format, Head, TraceFormat};
use super::input::Input;
use super::options::Options;
use super::recording::Recording;
use super::series::{self, Meaning};

/// A column of times, a column of counts.
pub(super) struct Counts;

const COUNT_NAMES: &[&str] =
    &["count", "counts", "requests", "request_count", "invocations", "calls", "hits"];

impl TraceFormat for Counts {
    fn sniff(&self, head: &Head) -> bool {
        head.timed && head.has_any(COUNT_NAMES)
    }
    fn read(&self, input: Input, options: &Options) -> Result<Recording, TraceError> {
        series::read(input, options, Format::Counts, Meaning::Count, COUNT_NAMES)
    }
}
