//! `gatling`: text log of a simulation (`simulation.log`), of Gatling 3.4 and later 3.x.
//!
//! Rows of several kinds apart by tabs; those of `REQUEST` have start and end in milliseconds. Later releases write a
//! binary log.

use crate::workload::trace::failure::TraceError;
use crate::workload::trace::format::{Format, Head, TraceFormat};
use crate::workload::trace::input::Input;
use crate::workload::trace::options::Options;
use crate::workload::trace::recording::Recording;
use crate::workload::trace::records::Kind;
use crate::workload::trace::requests::{self, FailedMark, Layout};

/// Rows of runs, users and requests.
pub(crate) struct Gatling;

const LAYOUT: Layout = Layout {
    kind: Some(Kind::Headless(&["record", "group", "name", "start", "end", "outcome", "message"])),
    time: &["start"],
    ends: Some("end"),
    only: &[("record", "REQUEST")],
    failed: Some(FailedMark { column: "outcome", is: |text| text == "KO", told: "KO" }),
    unsorted: true,
    ..Layout::PLAIN
};

impl TraceFormat for Gatling {
    fn sniff(&self, head: &Head) -> bool {
        head.text.starts_with("RUN\t") && head.text.contains("\nREQUEST\t")
    }
    fn read(&self, input: Input, options: &Options) -> Result<Recording, TraceError> {
        requests::read(input, options, Format::Gatling, &LAYOUT)
    }
}
