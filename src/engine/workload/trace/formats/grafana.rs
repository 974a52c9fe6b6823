//! `grafana`: a panel's data as CSV (Inspect, Data, Download CSV).
//!
//! `"Time","series","series"`, times of the browser's zone or milliseconds since 1970, a column for each series. With
//! "formatted data" a cell carries a prefix and a unit: `1.2 K`, `12.3 req/s`.

use crate::workload::trace::columns::{self, ColumnsLayout, number};
use crate::workload::trace::failure::TraceError;
use crate::workload::trace::format::{Format, Head, TraceFormat};
use crate::workload::trace::input::Input;
use crate::workload::trace::options::{Options, Values};
use crate::workload::trace::recording::Recording;

/// A row an instant, a column a series.
pub(crate) struct Grafana;

impl TraceFormat for Grafana {
    fn sniff(&self, head: &Head) -> bool {
        let quoted = head.lines.first().is_some_and(|line| line.starts_with("\"Time\""));
        let numbers = |row: &Vec<String>| {
            row.len() > 1 && row[1..].iter().all(|text| is_none(text) || cell(text).is_some())
        };
        // Whole rows are looked at only where the header may be Grafana's.
        let all_numbers = |rows: &[Vec<String>]| !rows.is_empty() && rows.iter().all(numbers);
        quoted && all_numbers(&head.rows())
    }
    fn read(&self, input: Input, options: &Options) -> Result<Recording, TraceError> {
        options.only(Format::Grafana, &[columns::USED, &["values", "select", "top"]].concat())?;
        let layout = ColumnsLayout {
            format: Format::Grafana,
            values: options.values.unwrap_or(Values::Rates),
            columns: |records, _| {
                records.header[1..].iter().map(|name| records.column("select", name)).collect()
            },
            only: None,
            cell,
            gap: is_none,
        };
        let mut file = columns::read(input, options, &layout)?;
        if options.values.is_none() {
            let said = "its values were taken for requests a second; values = states otherwise";
            file.assumptions.push(format!("{}: {said}", file.path));
        }
        file.into_recording(options)
    }
}

/// A cell without a value.
pub(crate) fn is_none(text: &str) -> bool {
    text.is_empty() || ["NaN", "null", "undefined"].contains(&text)
}

/// Prefixes of Grafana's short numbers.
const PREFIXES: [(&str, f64); 5] = [("K", 1e3), ("k", 1e3), ("Mil", 1e6), ("M", 1e6), ("Bil", 1e9)];
/// Its units of throughput a second, without and with a prefix; a minute is the sixtieth part.
const UNITS: [(&str, f64); 16] = [
    ("req/s", 1.0),
    ("reqps", 1.0),
    ("ops/s", 1.0),
    ("ops", 1.0),
    ("rps", 1.0),
    ("qps", 1.0),
    ("c/s", 1.0),
    ("cps", 1.0),
    ("calls/s", 1.0),
    ("rd/s", 1.0),
    ("wr/s", 1.0),
    ("/s", 1.0),
    ("req/min", 1.0 / 60.0),
    ("reqpm", 1.0 / 60.0),
    ("ops/m", 1.0 / 60.0),
    ("opm", 1.0 / 60.0),
];

/// The number of a cell, with its prefix and unit of throughput.
pub(crate) fn cell(text: &str) -> Option<f64> {
    if let Some(value) = number(text) {
        return Some(value);
    }
    let digits = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'.' | b'-' | b'e' | b'+');
    let end = text.bytes().position(|byte| !digits(byte))?;
    let (value, mut unit) = (number(&text[..end])?, text[end..].trim());
    let mut scale = 1.0;
    let suffix = UNITS.iter().find(|(suffix, _)| unit.ends_with(suffix));
    if let Some((suffix, factor)) = suffix {
        unit = unit.strip_suffix(suffix)?.trim();
        scale = *factor;
    }
    match PREFIXES.iter().find(|(prefix, _)| *prefix == unit) {
        Some((_, factor)) => Some(value * factor * scale),
        None if unit.is_empty() && suffix.is_some() => Some(value * scale),
        None => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_carry_prefixes_and_units_of_throughput() {
        for (text, value) in [
            ("20.5", Some(20.5)),
            ("1.2 K", Some(1200.0)),
            ("12.3 req/s", Some(12.3)),
            ("1.5 Kreq/s", Some(1500.0)),
            ("2 Mil", Some(2e6)),
            ("120 req/min", Some(2.0)),
            ("3e2", Some(300.0)),
            ("40 %", None),
            ("15 ms", None),
            ("web", None),
            ("", None),
        ] {
            assert_eq!(cell(text), value, "{text}");
        }
    }
}
