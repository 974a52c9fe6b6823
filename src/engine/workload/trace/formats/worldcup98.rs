//! `worldcup98`: the binary logs of the web site of the World Cup of 1998 (Internet Traffic Archive), `wc_dayN_M.gz`.
//!
//! Twenty bytes a request, in order of time, to the second, UTC.

use crate::units::Span;
use crate::workload::trace::failure::TraceError;
use crate::workload::trace::format::{Format, Head, TraceFormat};
use crate::workload::trace::input::Input;
use crate::workload::trace::number::TimeUnit;
use crate::workload::trace::options::Options;
use crate::workload::trace::recording::Recording;
use crate::workload::trace::records::{Kind, is_world_cup};
use crate::workload::trace::requests::{self, Layout};

/// One record a request.
pub(crate) struct WorldCup98;

const LAYOUT: Layout = Layout {
    kind: Some(Kind::WorldCup),
    time: &["time"],
    unit: Some(TimeUnit::Seconds),
    grid: Some(Span::from_secs(1)),
    ..Layout::PLAIN
};

impl TraceFormat for WorldCup98 {
    fn is_binary(&self) -> bool {
        true
    }
    fn sniff(&self, head: &Head) -> bool {
        is_world_cup(&head.bytes)
    }
    fn read(&self, input: Input, options: &Options) -> Result<Recording, TraceError> {
        requests::read(input, options, Format::WorldCup98, &LAYOUT)
    }
}
