//! How a recording is read: flags that every verb shares that takes one.

use crate::cli::exit::Failure;
use crate::cli::input::{at_least_one, standard_input};
use autosim_engine::units::Span;
use autosim_engine::workload::trace::{
    Condition, Edge, Failures, Format, Missing, Options, ServiceColumn, TimeUnit, Values,
};
use serde::de::IntoDeserializer;
use serde::de::value::{Error as ValueError, StrDeserializer};
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

/// Of the flags, in help.
const HEADING: &str = "How a recorded trace is read";

/// How a recording is read; what is left out is told from the file.
#[derive(Debug, Clone, Default, clap::Args)]
pub(in crate::cli) struct ReadingArgs {
    /// Its format, for example timestamps, counts, rates or prometheus; the guide lists all [default: told from
    /// the file]
    #[arg(help_heading = HEADING, long = "as", value_name = "FORMAT", value_parser = named::<Format>)]
    format_of_trace: Option<Format>,
    /// Column of times
    #[arg(help_heading = HEADING, long, value_name = "COLUMN")]
    time: Option<String>,
    /// Unit of times that are numbers: s, ms, us or ns
    #[arg(help_heading = HEADING, long, value_name = "UNIT", value_parser = named::<TimeUnit>)]
    time_unit: Option<TimeUnit>,
    /// Whether a time is the start or the end of its row
    #[arg(help_heading = HEADING, long, value_name = "EDGE", value_parser = named::<Edge>)]
    time_is: Option<Edge>,
    /// Zone of times without one, for example UTC or Europe/Berlin
    #[arg(help_heading = HEADING, long, value_name = "ZONE")]
    zone: Option<String>,
    /// Column of counts, rates or counters
    #[arg(help_heading = HEADING, long, value_name = "COLUMN")]
    value: Option<String>,
    /// What the values of series are: counts, rates or counters [default: as its format has them]
    #[arg(help_heading = HEADING, long, value_name = "MEANING", value_parser = named::<Values>)]
    values: Option<Values>,
    /// The series that is the traffic, where a file holds several: a name, labels such as '{job="web"}', or '*'
    /// for their sum; with --by a value of that column; may be repeated
    #[arg(help_heading = HEADING, long, value_name = "SERIES")]
    select: Vec<String>,
    /// Column (or label of series) whose values tell the parts of the recording apart: a function, a path, a job
    #[arg(help_heading = HEADING, long, value_name = "COLUMN")]
    by: Option<String>,
    /// Only so many parts, together: the series, or values of --by, with the most requests
    #[arg(help_heading = HEADING, long, value_name = "N", value_parser = at_least_one::<NonZeroU32>)]
    top: Option<NonZeroU32>,
    /// Length of the interval of a count or rate
    #[arg(help_heading = HEADING, long, value_name = "SPAN")]
    interval: Option<Span>,
    /// What an interval without a row means: zero, interpolate, hold or error
    #[arg(help_heading = HEADING, long, value_name = "RULE", value_parser = named::<Missing>)]
    missing: Option<Missing>,
    /// Column of service times and its unit, for example duration:ms
    #[arg(help_heading = HEADING, long, value_name = "COLUMN:UNIT", value_parser = service_column)]
    service_time: Option<ServiceColumn>,
    /// File of durations that belongs to a trace of Azure Functions 2019: service times are drawn from it
    #[arg(help_heading = HEADING, long, value_name = "FILE")]
    durations: Option<String>,
    /// What becomes of requests that failed: keep or leave-out
    #[arg(help_heading = HEADING, long, value_name = "RULE", value_parser = named::<Failures>)]
    failed: Option<Failures>,
    /// Plays only rows that are so: a column, a sign (=, !=, <, <=, >, >=, or ~ and !~ for a regular expression) and
    /// a value, for example 'status!=404', method=GET or 'path!~^/health'; may be repeated
    #[arg(help_heading = HEADING, long = "where", value_name = "CONDITION")]
    conditions: Vec<Condition>,
    /// Sorts rows by time instead of refusing unsorted ones
    #[arg(help_heading = HEADING, long)]
    sort: bool,
}

/// A value by the name that scenario files use for it.
pub(super) fn named<T: for<'de> serde::Deserialize<'de>>(text: &str) -> Result<T, String> {
    let from: StrDeserializer<'_, ValueError> = text.into_deserializer();
    T::deserialize(from).map_err(|error| error.to_string())
}

fn service_column(text: &str) -> Result<ServiceColumn, String> {
    let (column, unit) =
        text.rsplit_once(':').ok_or("expected COLUMN:UNIT, for example duration:ms")?;
    Ok(ServiceColumn { column: column.to_owned(), unit: named(unit)? })
}

impl ReadingArgs {
    /// For whoever reads a file at once; `-` is standard input.
    pub(super) fn options_of(&self, file: &Path) -> Result<Options, Failure> {
        Ok(Options { standard_input: standard_input(file)?, ..self.options() })
    }

    /// A file that is read is not written over, however it is spelt and through whichever link.
    pub(super) fn refuse_to_replace(&self, files: &[PathBuf], out: &Path) -> Result<(), Failure> {
        // What is not there yet is none of them.
        let Ok(target) = out.canonicalize() else { return Ok(()) };
        let is_target = |file: &Path| file.canonicalize().is_ok_and(|path| path == target);
        let mut files = files.iter().map(PathBuf::as_path).filter(|file| *file != Path::new("-"));
        let recording = files.any(is_target);
        let durations = self.durations.as_deref().is_some_and(|file| is_target(Path::new(file)));
        let what = match (recording, durations) {
            (true, _) => "recording",
            (false, true) => "file of durations",
            (false, false) => return Ok(()),
        };
        Err(Failure::bad_input(format_args!(
            "`--out` is the {what} itself\n  = help: name another file"
        )))
    }

    fn options(&self) -> Options {
        Options {
            format: self.format_of_trace,
            time: self.time.clone(),
            time_unit: self.time_unit,
            time_is: self.time_is,
            zone: self.zone.clone(),
            value: self.value.clone(),
            values: self.values,
            select: self.select.clone(),
            by: self.by.clone(),
            top: self.top,
            interval: self.interval,
            missing: self.missing,
            service_time_column: self.service_time.clone(),
            service_time_linear: None,
            durations: self.durations.clone(),
            failed: self.failed,
            conditions: self.conditions.clone(),
            sort: self.sort,
            memory_limit_bytes: None,
            copied: false,
            standard_input: None,
        }
    }

    /// The keys of a replay in a scenario that say the same.
    pub(in crate::cli) fn keys(&self) -> toml::Table {
        let text = |text: &Option<String>| text.clone().map(toml::Value::String);
        let list = |texts: Vec<String>| {
            let list: Vec<toml::Value> = texts.into_iter().map(toml::Value::String).collect();
            (!list.is_empty()).then_some(toml::Value::Array(list))
        };
        let conditions = self.conditions.iter().map(Condition::to_string).collect();
        let keys = [
            ("format", self.format_of_trace.and_then(written)),
            ("time", text(&self.time)),
            ("time_unit", self.time_unit.and_then(written)),
            ("time_is", self.time_is.and_then(written)),
            ("zone", text(&self.zone)),
            ("value", text(&self.value)),
            ("values", self.values.and_then(written)),
            ("select", list(self.select.clone())),
            ("by", text(&self.by)),
            ("top", self.top.and_then(written)),
            ("interval", self.interval.and_then(written)),
            ("missing", self.missing.and_then(written)),
            ("service_time_column", self.service_time.clone().and_then(written)),
            ("durations", text(&self.durations)),
            ("failed", self.failed.and_then(written)),
            ("where", list(conditions)),
            ("sort", self.sort.then_some(toml::Value::Boolean(true))),
        ];
        keys.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))).collect()
    }
}

fn written<T: serde::Serialize>(value: T) -> Option<toml::Value> {
    toml::Value::try_from(value).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser as _;

    #[derive(clap::Parser)]
    struct Alone {
        #[command(flatten)]
        reading: ReadingArgs,
    }

    #[test]
    fn names_are_those_of_scenario_files() {
        assert_eq!(named::<Format>("per-second-counts"), Ok(Format::PerSecondCounts));
        assert!(named::<Format>("perseconds").unwrap_err().contains("per-second-counts"));
        let column = service_column("a:b:ms").unwrap();
        assert_eq!((column.column.as_str(), column.unit), ("a:b", named("ms").unwrap()));
    }

    #[test]
    fn every_flag_is_a_key_of_a_replay() {
        let flags = "x --as rates --time t --time-unit ms --time-is end --zone UTC --value v --values counts \
                     --select a --select {b=\"c\"} --by f --top 3 --interval 1m --missing hold --service-time d:ms --durations d.csv \
                     --failed leave-out --where a!=b --where c~d --sort";
        let args = Alone::parse_from(flags.split_ascii_whitespace()).reading;
        let mut keys = args.keys();
        assert_eq!(keys.len(), 17, "{keys}");
        keys.insert("file".to_owned(), toml::Value::String("f".to_owned()));
        let replay: autosim_engine::workload::arrivals::Replay = keys.try_into().unwrap();
        let options = Options { memory_limit_bytes: None, ..replay.options() };
        assert_eq!(options, args.options());
    }
}
