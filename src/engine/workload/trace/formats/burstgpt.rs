//! `burstgpt`: requests to a campus gateway of ChatGPT and GPT-4 (BurstGPT, 2023 to 2024).
//!
//! `Timestamp,Model,Request tokens,Response tokens,Total tokens,Log Type`, later releases with `Session ID` and `Elapsed
//! time`. Times count in seconds from midnight of the first day. A row without response tokens is a request that failed.

use crate::workload::trace::failure::TraceError;
use crate::workload::trace::format::{Format, Head, TraceFormat};
use crate::workload::trace::input::Input;
use crate::workload::trace::number::TimeUnit;
use crate::workload::trace::options::Options;
use crate::workload::trace::recording::Recording;
use crate::workload::trace::records::Kind;
use crate::workload::trace::requests::{self, FailedMark, Layout};

/// One row a request.
pub(crate) struct BurstGpt;

const LAYOUT: Layout = Layout {
    kind: Some(Kind::Table),
    time: &["Timestamp"],
    unit: Some(TimeUnit::Seconds),
    failed: Some(FailedMark {
        column: "Response tokens",
        is: |text| text == "0",
        told: "no response tokens",
    }),
    tokens: Some(("Request tokens", "Response tokens")),
    unsorted: true,
    ..Layout::PLAIN
};

impl TraceFormat for BurstGpt {
    fn sniff(&self, head: &Head) -> bool {
        head.has_all(&["Timestamp", "Request tokens", "Response tokens"])
    }
    fn read(&self, input: Input, options: &Options) -> Result<Recording, TraceError> {
        requests::read(input, options, Format::BurstGpt, &LAYOUT)
    }
}
