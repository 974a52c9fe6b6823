//! `mooncake`: requests to a serving system of large language models (Mooncake, FAST 2025); other tools write it too.
//!
//! Lines of JSON, `{"timestamp": ms, "input_length": tokens, "output_length": tokens, "hash_ids": [...]}`. Times count in
//! milliseconds from the beginning, in two of the published files on a grid of three seconds.

use crate::workload::trace::failure::TraceError;
use crate::workload::trace::format::{Format, Head, TraceFormat};
use crate::workload::trace::input::Input;
use crate::workload::trace::number::TimeUnit;
use crate::workload::trace::options::Options;
use crate::workload::trace::recording::Recording;
use crate::workload::trace::records::Kind;
use crate::workload::trace::requests::{self, Layout};

/// One line a request.
pub(crate) struct Mooncake;

const LAYOUT: Layout = Layout {
    kind: Some(Kind::JsonLines),
    time: &["timestamp"],
    unit: Some(TimeUnit::Millis),
    tokens: Some(("input_length", "output_length")),
    unsorted: true,
    ..Layout::PLAIN
};

impl TraceFormat for Mooncake {
    fn sniff(&self, head: &Head) -> bool {
        // Others of the family, with chats, count in seconds.
        head.has_all(&["timestamp", "input_length", "output_length"]) && !head.has_any(&["chat_id"])
    }
    fn read(&self, input: Input, options: &Options) -> Result<Recording, TraceError> {
        requests::read(input, options, Format::Mooncake, &LAYOUT)
    }
}
