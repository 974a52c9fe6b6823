//! `locust`: statistics history of Locust (`--csv`, `_stats_history.csv`).
//!
//! A row a second, with `--csv-full-history` one for each name as well: only `Aggregated` rows are read. `Requests/s` is
//! an average of the last ten seconds; what `Total Request Count` grew by is exact.

use crate::workload::trace::columns::{self, ColumnsLayout, number};
use crate::workload::trace::failure::TraceError;
use crate::workload::trace::format::{Format, Head, TraceFormat};
use crate::workload::trace::input::Input;
use crate::workload::trace::options::{Options, Values};
use crate::workload::trace::recording::Recording;

/// A row a second, for all names together or one.
pub(crate) struct Locust;

const COUNTER: &str = "Total Request Count";

impl TraceFormat for Locust {
    fn sniff(&self, head: &Head) -> bool {
        head.has_all(&["Timestamp", "User Count", "Name", "Requests/s", COUNTER])
    }
    fn read(&self, input: Input, options: &Options) -> Result<Recording, TraceError> {
        options.only(Format::Locust, columns::USED)?;
        let layout = ColumnsLayout {
            format: Format::Locust,
            values: Values::Counters,
            columns: |records, _| Ok(vec![records.column("format", COUNTER)?]),
            only: Some(("Name", "Aggregated")),
            cell: number,
            gap: |_| false,
        };
        columns::read(input, options, &layout)?.into_recording(options)
    }
}
