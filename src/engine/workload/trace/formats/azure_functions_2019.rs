//! `azure-functions-2019`: the two weeks of July 2019 that Azure published with "Serverless in the Wild" (ATC 2020).
//!
//! `HashOwner,HashApp,HashFunction,Trigger,1,2,...,1440`: a row a function, a column a minute of the day, a cell its
//! invocations. Samples begin at a later minute, or call it `minute_1`: minutes are found by name. There is no date.

use crate::units::{Span, plural};
use crate::workload::trace::columns::checked;
use crate::workload::trace::durations::Durations;
use crate::workload::trace::failure::TraceError;
use crate::workload::trace::format::{Format, Head, TraceFormat};
use crate::workload::trace::formats::prometheus;
use crate::workload::trace::input::Input;
use crate::workload::trace::number::finite;
use crate::workload::trace::options::{Options, Values};
use crate::workload::trace::parts::{Part, Ranking, largest};
use crate::workload::trace::recording::Recording;
use crate::workload::trace::records::{Column, Kind, Records};
use crate::workload::trace::series::{Point, Series, SeriesFile, is_chosen};
use crate::workload::trace::stamp::StampReader;

/// A row a function.
pub(crate) struct AzureFunctions2019;

/// Columns that name the function; a sample may lack one.
const LABELS: [&str; 4] = ["HashOwner", "HashApp", "HashFunction", "Trigger"];

/// Functions that are kept apart.
const MOST_FUNCTIONS: usize = 100_000;

impl TraceFormat for AzureFunctions2019 {
    fn sniff(&self, head: &Head) -> bool {
        head.has_all(&["HashFunction"]) && head.header.iter().any(|name| minute(name).is_some())
    }
    fn read(&self, input: Input, options: &Options) -> Result<Recording, TraceError> {
        options.only(Format::AzureFunctions2019, &["select", "by", "top", "durations"])?;
        let mut said = Vec::new();
        let (input, options, parts) = match options.top.is_some() || options.by.is_some() {
            true => of_the_largest(input, options, &mut said)?,
            false => (input, options.clone(), Vec::new()),
        };
        let (base, beside) = (input.origin.base(), input.origin.beside(DURATIONS));
        let mut records = Records::open(input, Kind::Table)?;
        let (labels, minutes) = (labels(&records)?, minutes(&records)?);
        let read = |path: &String| Durations::read(&base, path, &labels);
        let mut durations = options.durations.as_ref().map(read).transpose()?;
        let all_of_them = options.select.is_empty();
        let mut functions = Functions::default();
        while records.next()? {
            let function = function(&records, &labels, &minutes)?;
            if !parts.is_empty() && !is_wanted(&function, &options) {
                continue;
            }
            if let Some(durations) = &mut durations
                && is_wanted(&function, &options)
            {
                durations.join(&function);
            }
            functions.add(function, all_of_them, &records.path)?;
        }
        let stamps = StampReader::utc();
        let path = records.path.clone();
        let mut file =
            SeriesFile::new(path, Format::AzureFunctions2019, Values::Counts, &stamps, &options);
        file.numeric = true;
        file.assumptions = functions.told(&file.path);
        file.assumptions.extend(said);
        file.sha256 = records.finish()?;
        file.columns = std::mem::take(&mut records.header);
        file.series = functions.series;
        let interval = Some(Span::from_secs(60));
        let options = Options { interval, by: options.by.filter(|_| !all_of_them), ..options };
        let mut recording = file.into_recording(&options)?;
        recording.parts = parts;
        if let Some(durations) = durations {
            let (law, said) = durations.law(&recording.path)?;
            recording.assumptions.extend(said);
            recording.law = Some(law);
            recording.joined = Some((durations.path, durations.sha256));
        } else if let Some(beside) = beside {
            let path = &recording.path;
            recording.assumptions.push(format!(
                "{path}: durations = \"{beside}\" (--durations) draws service times from the file beside it"
            ));
        }
        Ok(recording)
    }
}

/// The same file once more, its parts selected that are wanted: functions, or what agrees in a label.
fn of_the_largest(
    input: Input,
    options: &Options,
    said: &mut Vec<String>,
) -> Result<(Input, Options, Vec<Part>), TraceError> {
    let mut records = Records::open(input, Kind::Table)?;
    let (labels, minutes) = (labels(&records)?, minutes(&records)?);
    if let Some(by) = options.by.as_ref().filter(|by| !labels.iter().any(|l| l.name == **by)) {
        let names: Vec<&str> = labels.iter().map(|label| label.name.as_str()).collect();
        let message = format!("{}: `{by}` is no column that names functions", records.path);
        return Err(TraceError::at("by", message, format!("they are {}", names.join(", "))));
    }
    let mut ranking = Ranking::default();
    while records.next()? {
        let mut function = function(&records, &labels, &minutes)?;
        if is_wanted(&function, options) {
            let ran = function.points.iter().map(|point| point.value).sum();
            if options.by.is_none() {
                // Functions of several apps may share a name.
                function.name = prometheus::written(&function.labels);
            }
            ranking.add(function.part(options.by.as_deref()), ran, 0, &records.path)?;
        }
    }
    let all = ranking.parts();
    let count = all.len();
    let parts = largest(all, options.top, &records.path, said);
    let select = match parts.len() == count {
        true => options.select.clone(),
        false => parts.iter().map(|part| part.name.clone()).collect(),
    };
    let again = records.origin.open_again()?;
    Ok((again, Options { select, top: None, ..options.clone() }, parts))
}

/// Whether a function is selected.
fn is_wanted(function: &Series, options: &Options) -> bool {
    let by = options.by.as_deref();
    let chosen = |wanted: &String| is_chosen(function, wanted, by);
    options.select.is_empty() || options.select.iter().any(chosen)
}

/// The columns that name functions.
fn labels(records: &Records) -> Result<Vec<Column>, TraceError> {
    LABELS.iter().filter_map(|name| records.known("select", &[name]).transpose()).collect()
}

/// How files of durations are called that belong to files of invocations: in the published data and its samples.
const DURATIONS: [(&str, &str); 2] = [
    ("invocations_per_function_md", "function_durations_percentiles"),
    ("invocations", "durations"),
];

/// Functions kept apart, to be chosen from, or added up on the way where all of them are wanted.
#[derive(Default)]
struct Functions {
    series: Vec<Series>,
    added: u64,
}

impl Functions {
    fn add(&mut self, function: Series, all: bool, path: &str) -> Result<(), TraceError> {
        self.added += 1;
        if let Some(sum) = self.series.first_mut().filter(|_| all) {
            let points = sum.points.iter_mut().zip(&function.points);
            points.for_each(|(sum, point)| sum.value += point.value);
            return Ok(());
        }
        if self.series.len() == MOST_FUNCTIONS {
            let message = format!("{path}: more than {MOST_FUNCTIONS} functions");
            return Err(TraceError::file(
                message,
                "leave out select: their sum takes no room, or cut it",
            ));
        }
        self.series.push(function);
        Ok(())
    }

    fn told(&self, path: &str) -> Vec<String> {
        let summed = self.series.len() == 1 && self.added > 1;
        let functions = plural(self.added, "function");
        summed
            .then(|| format!("{path}: the sum of {functions}; select = takes some"))
            .into_iter()
            .collect()
    }
}

/// The minute of the day that a column is of: `1` or `minute_1` from 00:00 on.
fn minute(name: &str) -> Option<i64> {
    let digits = name.strip_prefix("minute_").unwrap_or(name);
    digits.parse::<i64>().ok().filter(|minute| (0..=1440).contains(minute))
}

/// The columns of minutes with the instant each begins at.
fn minutes(records: &Records) -> Result<Vec<(Column, i64)>, TraceError> {
    let named = records.header.iter().filter_map(|name| Some((name, minute(name)?)));
    // Minutes count from 1, in some samples from 0.
    let first = i64::from(!records.header.iter().any(|name| minute(name) == Some(0)));
    let at = |minute: i64| (minute - first) * 60_000_000_000;
    named.map(|(name, minute)| Ok((records.column("format", name)?, at(minute)))).collect()
}

fn function(
    records: &Records,
    labels: &[Column],
    minutes: &[(Column, i64)],
) -> Result<Series, TraceError> {
    let mut series = Series::default();
    for column in labels {
        series.labels.push((column.name.clone(), records.field(column)?.to_owned()));
    }
    let name = series.labels.iter().find(|(label, _)| label == "HashFunction");
    series.name = name.map_or(String::new(), |(_, name)| name.clone());
    for (column, at) in minutes {
        let text = records.field(column)?;
        let value = finite(text).ok_or_else(|| "is not a number".to_owned());
        let value = value.and_then(|value| checked(value, Values::Counts)).map_err(|why| {
            let message = format!("{}: `{text}` {why}", records.place(column));
            TraceError::file(message, "a cell is how often the function ran in its minute")
        })?;
        series.points.push(Point { at: *at, value, line: records.line() });
    }
    Ok(series)
}
