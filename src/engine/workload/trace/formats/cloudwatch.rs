//! `cloudwatch`: the answer of CloudWatch to `get-metric-data` or `get-metric-statistics`, as the AWS command line
//! prints it.
//!
//! `Timestamps` begin periods and mostly come newest first; a period without requests has none. Statistics are read
//! as requests where they are a `Sum` or a `SampleCount`.

use crate::workload::trace::columns::checked;
use crate::workload::trace::failure::TraceError;
use crate::workload::trace::format::{Format, Head, TraceFormat};
use crate::workload::trace::formats::prometheus::written;
use crate::workload::trace::input::Input;
use crate::workload::trace::options::{Options, Values};
use crate::workload::trace::recording::Recording;
use crate::workload::trace::series::{Point, Series, SeriesFile};
use crate::workload::trace::stamp::StampReader;
use indexmap::IndexMap;
use serde::Deserialize;
use serde_json::value::RawValue;

/// Series of sums by period.
pub(crate) struct Cloudwatch;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer<'a> {
    #[serde(borrow)]
    metric_data_results: Option<Vec<Results<'a>>>,
    label: Option<String>,
    #[serde(borrow)]
    datapoints: Option<Vec<Datapoint<'a>>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Results<'a> {
    #[serde(default)]
    id: String,
    #[serde(default)]
    label: String,
    #[serde(borrow)]
    timestamps: Vec<&'a RawValue>,
    values: Vec<f64>,
    status_code: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Datapoint<'a> {
    #[serde(borrow)]
    timestamp: &'a RawValue,
    sum: Option<f64>,
    sample_count: Option<f64>,
    average: Option<f64>,
    minimum: Option<f64>,
    maximum: Option<f64>,
    #[serde(default)]
    extended_statistics: IndexMap<String, f64>,
}

impl Datapoint<'_> {
    /// Its values with what they are of their period.
    fn statistics(&self) -> impl Iterator<Item = (&str, f64)> {
        let own = [
            ("Sum", self.sum),
            ("SampleCount", self.sample_count),
            ("Average", self.average),
            ("Minimum", self.minimum),
            ("Maximum", self.maximum),
        ];
        let own = own.into_iter().filter_map(|(name, value)| Some((name, value?)));
        own.chain(self.extended_statistics.iter().map(|(name, value)| (name.as_str(), *value)))
    }
}

impl TraceFormat for Cloudwatch {
    fn sniff(&self, head: &Head) -> bool {
        let text = head.text.trim_start();
        text.starts_with('{')
            && (text.contains("\"MetricDataResults\"") || text.contains("\"Datapoints\""))
    }
    fn read(&self, input: Input, options: &Options) -> Result<Recording, TraceError> {
        const USED: &[&str] = &["interval", "missing", "zone", "values", "select", "by", "top"];
        options.only(Format::Cloudwatch, USED)?;
        let path = input.path.clone();
        let (text, sha256) = input.into_text()?;
        let answer = answer(&text, &path)?;
        let values = options.values.unwrap_or(Values::Counts);
        let mut reader = Reader {
            stamps: StampReader::of_intervals(options.time_zone()?, None),
            values: Some(values),
            path: &path,
            said: Vec::new(),
        };
        let series = reader.series(answer)?;
        let Reader { stamps, said, .. } = reader;
        let mut file = SeriesFile::new(path.clone(), Format::Cloudwatch, values, &stamps, options);
        (file.series, file.sha256, file.assumptions) = (series, sha256, said);
        let told =
            "its values were taken for requests of each period (Sum); values = states otherwise";
        file.assumptions.push(format!("{path}: {told}"));
        file.assumptions.extend(stamps.offsets_told(options.zone.is_some(), &path));
        file.into_recording(options)
    }
}

fn answer<'a>(text: &'a str, path: &str) -> Result<Answer<'a>, TraceError> {
    serde_json::from_str(text).map_err(|error| {
        let message = format!("{path}: not a whole answer of CloudWatch: {error}");
        TraceError::file(message, "aws cloudwatch get-metric-data ... --output json writes one")
    })
}

/// All series of an answer, whatever they measure: of datapoints one for each statistic, which is a label.
pub(crate) fn measured(
    text: &str,
    stamps: StampReader,
    path: &str,
    said: &mut Vec<String>,
) -> Result<(Vec<Series>, StampReader), TraceError> {
    let mut reader = Reader { stamps, values: None, path, said: Vec::new() };
    let series = reader.series(answer(text, path)?)?;
    said.append(&mut reader.said);
    Ok((series, reader.stamps))
}

struct Reader<'a> {
    stamps: StampReader,
    /// What they are as traffic; `None`: they measure anything.
    values: Option<Values>,
    path: &'a str,
    said: Vec<String>,
}

impl Reader<'_> {
    fn series(&mut self, answer: Answer<'_>) -> Result<Vec<Series>, TraceError> {
        let mut all = Vec::new();
        for results in answer.metric_data_results.into_iter().flatten() {
            all.push(self.of_results(results)?);
        }
        if let Some(datapoints) = answer.datapoints {
            let label = answer.label.unwrap_or_else(|| "Datapoints".to_owned());
            match self.values {
                Some(_) => all.push(self.of_datapoints(label, datapoints)?),
                None => all.extend(self.of_statistics(&label, &datapoints)?),
            }
        }
        if all.is_empty() {
            let message = format!("{}: the answer holds no metric", self.path);
            return Err(TraceError::file(message, "ask for a RequestCount, statistic Sum"));
        }
        Ok(all)
    }

    fn of_results(&mut self, results: Results<'_>) -> Result<Series, TraceError> {
        let Results { id, label, timestamps, values, status_code } = results;
        let name = if label.is_empty() { id } else { label };
        if timestamps.len() != values.len() {
            let (stamps, values) = (timestamps.len(), values.len());
            let message = format!("{}: `{name}` has {stamps} times and {values} values", self.path);
            return Err(TraceError::file(message, "ask again: each value has its time"));
        }
        if status_code.is_some_and(|code| code == "PartialData") {
            let path = self.path;
            self.said
                .push(format!("{path}: `{name}` is one page of several: the rest may be missing"));
        }
        if self.values.is_some() && name.contains("PerTarget") {
            let path = self.path;
            self.said.push(format!(
                "{path}: `{name}` counts per target: rate_scale = the number of targets makes it the traffic"
            ));
        }
        let pairs = timestamps.into_iter().zip(values);
        let points = pairs.map(|(at, value)| self.point(&name, at, value));
        let points = points.collect::<Result<_, _>>()?;
        Ok(Series { name, points, ..Series::default() })
    }

    fn of_datapoints(
        &mut self,
        name: String,
        datapoints: Vec<Datapoint<'_>>,
    ) -> Result<Series, TraceError> {
        let points = datapoints.into_iter().map(|point| {
            let value = point.sum.or(point.sample_count).ok_or_else(|| {
                let message = format!("{}: a datapoint of `{name}` has no Sum", self.path);
                TraceError::file(message, "ask with --statistics Sum")
            })?;
            self.point(&name, point.timestamp, value)
        });
        let points = points.collect::<Result<_, _>>()?;
        Ok(Series { name, points, ..Series::default() })
    }

    fn of_statistics(
        &mut self,
        name: &str,
        datapoints: &[Datapoint<'_>],
    ) -> Result<Vec<Series>, TraceError> {
        let mut all: IndexMap<String, Series> = IndexMap::new();
        for one in datapoints {
            for (statistic, value) in one.statistics() {
                let point = self.point(name, one.timestamp, value)?;
                let series = all.entry(statistic.to_owned()).or_default();
                series.points.push(point);
            }
        }
        let label = |label: &str, value: &str| (label.to_owned(), value.to_owned());
        Ok(all
            .into_iter()
            .map(|(statistic, series)| {
                let labels = vec![label("__name__", name), label("statistic", &statistic)];
                Series { name: written(&labels), labels, ..series }
            })
            .collect())
    }

    fn point(&mut self, name: &str, at: &RawValue, value: f64) -> Result<Point, TraceError> {
        let text = at.get().trim_matches('"');
        let wrong = |why: &str| {
            let message = format!("{}: `{name}` at `{text}`: {value} {why}", self.path);
            TraceError::file(message, "ask for a metric that counts requests, statistic Sum")
        };
        let value = self.values.map_or(Ok(value), |values| checked(value, values));
        let value = value.map_err(|why| wrong(&why))?;
        let at = self.stamps.read(text).ok_or_else(|| wrong("is at no time"))?;
        Ok(Point { at, value, line: 0 })
    }
}
