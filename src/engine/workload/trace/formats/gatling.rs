//! `gatling`: text log of a simulation (`simulation.log`), of Gatling 3.0 and later 3.x.
//!
//! Rows of several kinds apart by tabs; those of `REQUEST` have start and end in milliseconds, before 3.4 behind the
//! number of a user. The last field of the first row is the version. Later releases write a binary log.

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

/// Before 3.4.
const WITH_USERS: Layout = Layout {
    kind: Some(Kind::Headless(&[
        "record", "user", "group", "name", "start", "end", "outcome", "message",
    ])),
    ..LAYOUT
};

/// The layout of a log that begins so.
fn layout(head: &str) -> &'static Layout {
    let version = head.lines().next().unwrap_or_default().rsplit('\t').next().unwrap_or_default();
    match ["3.0", "3.1", "3.2", "3.3"].iter().any(|old| {
        version
            .trim()
            .strip_prefix(old)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    }) {
        true => &WITH_USERS,
        false => &LAYOUT,
    }
}

impl TraceFormat for Gatling {
    fn sniff(&self, head: &Head) -> bool {
        head.text.starts_with("RUN\t") && head.text.contains("\nREQUEST\t")
    }
    fn read(&self, input: Input, options: &Options) -> Result<Recording, TraceError> {
        let layout = layout(&input.head_text());
        requests::read(input, options, Format::Gatling, layout)
    }
}
