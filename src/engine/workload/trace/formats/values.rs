//! `counts`, `rates` and `counters`: a column of times and one of values.

use crate::workload::trace::columns::{self, ColumnsLayout, number};
use crate::workload::trace::failure::TraceError;
use crate::workload::trace::format::{Format, Head, TraceFormat};
use crate::workload::trace::input::Input;
use crate::workload::trace::options::{Options, Values};
use crate::workload::trace::recording::Recording;
use crate::workload::trace::records::{Column, Records};
use crate::workload::trace::series::SeriesFile;

/// A column of times, a column of values.
pub(crate) struct ValueColumn(pub(crate) Values);

const COUNTS: &[&str] =
    &["count", "counts", "requests", "request_count", "invocations", "calls", "hits"];
const RATES: &[&str] = &[
    "rate",
    "rps",
    "qps",
    "requests/s",
    "req/s",
    "requests/sec",
    "requests/second",
    "requests_per_s",
    "requests_per_sec",
    "requests_per_second",
    "requests per second",
];

/// Names that surely are of such values; no counter's name is sure.
fn names(values: Values) -> &'static [&'static str] {
    match values {
        Values::Counts => COUNTS,
        Values::Rates => RATES,
        Values::Counters => &[],
    }
}

impl TraceFormat for ValueColumn {
    fn sniff(&self, head: &Head) -> bool {
        head.timed && head.has_any(names(self.0))
    }
    fn read(&self, input: Input, options: &Options) -> Result<Recording, TraceError> {
        let format = match self.0 {
            Values::Counts => Format::Counts,
            Values::Rates => Format::Rates,
            Values::Counters => Format::Counters,
        };
        let parts: &[&str] = if options.by.is_some() { &["select", "by", "top"] } else { &["by"] };
        options.only(format, &[columns::USED, &["value"], parts].concat())?;
        let layout = ColumnsLayout {
            format,
            values: self.0,
            columns: match self.0 {
                Values::Counts => |records, options| value_column(records, options, COUNTS),
                Values::Rates => |records, options| value_column(records, options, RATES),
                Values::Counters => |records, options| value_column(records, options, &[]),
            },
            only: None,
            cell: number,
            gap: |_| false,
        };
        let file = columns::read(input, options, &layout)?;
        if options.format.is_none() && self.0 == Values::Counts && looks_like_a_counter(&file) {
            let name = options.value.as_deref().unwrap_or("its values");
            let message = format!("{}: {name} never fall, as those of a counter do", file.path);
            let hint = "say which: --as counters (requests since the beginning) or --as counts (requests of each interval)";
            return Err(TraceError::at("format", message, hint));
        }
        file.into_recording(options)
    }
}

/// Values that never fall, from a first one that is more than they grow by.
fn looks_like_a_counter(file: &SeriesFile) -> bool {
    let Some(points) = file.series.first().map(|series| &series.points) else { return false };
    let (Some(first), Some(last)) = (points.first(), points.last()) else { return false };
    let rises = points.windows(2).all(|pair| pair[0].value <= pair[1].value);
    points.len() >= 4 && rises && last.value > first.value && first.value > last.value - first.value
}

fn value_column(
    records: &Records,
    options: &Options,
    names: &[&str],
) -> Result<Vec<Column>, TraceError> {
    if let Some(name) = &options.value {
        return Ok(vec![records.column("value", name)?]);
    }
    let named = match records.known("value", names)? {
        Some(column) => Some(column),
        None => records.known("value", &["value"])?,
    };
    named.map(|column| vec![column]).ok_or_else(|| {
        let message = format!("{}: no column has a usual name of a value", records.path);
        let hint = format!("state value = \"COLUMN\" (--value COLUMN); {}", records.columns_text());
        TraceError::at("value", message, hint)
    })
}
