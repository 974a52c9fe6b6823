//! The formats there are: a variant and an arm each.

use super::failure::TraceError;
use super::formats::{
    ab, access_log, alb_log, azure_functions_2019, azure_functions_2021, burstgpt, cloudfront_log,
    cloudwatch, elb_log, envoy_log, gatling, grafana, haproxy_log, hey, jmeter, k6, lambda_report,
    locust, mooncake, per_second_counts, prometheus, timestamps, tsung, values, vegeta, w3c_log,
    worldcup98,
};
use super::input::Input;
use super::options::{Options, Values};
use super::recording::Recording;
use super::records::{Form, cells_of, header_of, keys_of, of_rows, separator};
use super::requests::is_time_name;
use serde::{Deserialize, Serialize};
use std::cell::OnceCell;
use strum::{IntoStaticStr, VariantArray};

/// A format of traces by name. Where none is stated, the first one in this order is taken that surely is the
/// file's.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    schemars::JsonSchema,
    IntoStaticStr,
    VariantArray,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Format {
    /// Numbers separated by blanks, one for each second.
    PerSecondCounts,
    /// Web server's log in the Common or Combined form: one line a request.
    AccessLog,
    /// Access log of an AWS Application Load Balancer.
    AlbLog,
    /// Access log of an AWS Classic Load Balancer.
    ElbLog,
    /// Access log of Envoy or Istio.
    EnvoyLog,
    /// HTTP log of HAProxy.
    HaproxyLog,
    /// Standard log of CloudFront.
    CloudfrontLog,
    /// Log whose directive names its fields, as IIS writes it.
    W3cLog,
    /// Reports of AWS Lambda: one line an invocation.
    LambdaReport,
    /// Binary log of the World Cup of 1998.
    #[serde(rename = "worldcup98")]
    #[strum(serialize = "worldcup98")]
    WorldCup98,
    /// Answer of Prometheus to a query: series of values.
    Prometheus,
    /// Answer of CloudWatch, `get-metric-data` or `get-metric-statistics`.
    Cloudwatch,
    /// LLM requests of Mooncake: a line of JSON each, with numbers of tokens.
    Mooncake,
    /// Azure Functions 2019: a function a row, a minute a column.
    #[serde(rename = "azure-functions-2019")]
    #[strum(serialize = "azure-functions-2019")]
    AzureFunctions2019,
    /// Azure Functions 2021: one row a request, with its end and duration.
    #[serde(rename = "azure-functions-2021")]
    #[strum(serialize = "azure-functions-2021")]
    AzureFunctions2021,
    /// LLM requests of BurstGPT: one row each, with numbers of tokens.
    #[serde(rename = "burstgpt")]
    #[strum(serialize = "burstgpt")]
    BurstGpt,
    /// Results of k6 as CSV or lines of JSON: several rows a request, one metric each.
    K6,
    /// Results of JMeter as CSV: one row a request.
    #[serde(rename = "jmeter")]
    #[strum(serialize = "jmeter")]
    JMeter,
    /// Text log of a simulation of Gatling.
    Gatling,
    /// Results of vegeta as CSV or lines of JSON.
    Vegeta,
    /// Results of hey as CSV.
    Hey,
    /// Results of ab as TSV (`-g`).
    #[serde(rename = "ab")]
    #[strum(serialize = "ab")]
    Ab,
    /// Dump of tsung: one row a request.
    #[serde(rename = "tsung")]
    #[strum(serialize = "tsung")]
    Tsung,
    /// Statistics history of Locust: one row a second.
    Locust,
    /// Series of a Grafana panel as CSV: a column each.
    Grafana,
    /// Number of requests of each interval: a table with columns of times and counts.
    Counts,
    /// Requests a second in each interval: a table with columns of times and rates.
    Rates,
    /// Requests since the beginning, at times: a table with columns of times and counters.
    Counters,
    /// One row a request: a table, or lines of JSON, with a column of times.
    Timestamps,
}

/// The beginning of a text, for [`TraceFormat::sniff`].
pub(super) struct Head {
    /// As far as it is looked at.
    pub(super) bytes: Vec<u8>,
    pub(super) text: String,
    pub(super) lines: Vec<String>,
    /// The names in the first line, or the keys of its first objects.
    pub(super) header: Vec<String>,
    /// It has a column of times: the stated one, or one with a usual name.
    pub(super) timed: bool,
    /// The form of its lines, once it is asked for.
    pub(super) form: OnceCell<Option<Form>>,
}

/// A reader of one format.
pub(super) trait TraceFormat: Sync {
    /// True for a format that is no text.
    fn is_binary(&self) -> bool {
        false
    }
    /// True if a text that begins like this is surely of this format.
    fn sniff(&self, head: &Head) -> bool;
    /// Reads the whole text.
    fn read(&self, input: Input, options: &Options) -> Result<Recording, TraceError>;
}

impl Format {
    /// Every format.
    pub const ALL: &[Self] = Self::VARIANTS;

    /// As a scenario writes it.
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// Its reader.
    pub(super) const fn reader(self) -> &'static dyn TraceFormat {
        match self {
            Self::PerSecondCounts => &per_second_counts::PerSecondCounts,
            Self::AccessLog => &access_log::AccessLog,
            Self::AlbLog => &alb_log::AlbLog,
            Self::ElbLog => &elb_log::ElbLog,
            Self::EnvoyLog => &envoy_log::EnvoyLog,
            Self::HaproxyLog => &haproxy_log::HaproxyLog,
            Self::CloudfrontLog => &cloudfront_log::CloudfrontLog,
            Self::W3cLog => &w3c_log::W3cLog,
            Self::LambdaReport => &lambda_report::LambdaReport,
            Self::WorldCup98 => &worldcup98::WorldCup98,
            Self::Prometheus => &prometheus::Prometheus,
            Self::Cloudwatch => &cloudwatch::Cloudwatch,
            Self::Mooncake => &mooncake::Mooncake,
            Self::AzureFunctions2019 => &azure_functions_2019::AzureFunctions2019,
            Self::AzureFunctions2021 => &azure_functions_2021::AzureFunctions2021,
            Self::BurstGpt => &burstgpt::BurstGpt,
            Self::K6 => &k6::K6,
            Self::JMeter => &jmeter::JMeter,
            Self::Gatling => &gatling::Gatling,
            Self::Vegeta => &vegeta::Vegeta,
            Self::Hey => &hey::Hey,
            Self::Ab => &ab::Ab,
            Self::Tsung => &tsung::Tsung,
            Self::Locust => &locust::Locust,
            Self::Grafana => &grafana::Grafana,
            Self::Counts => &values::ValueColumn(Values::Counts),
            Self::Rates => &values::ValueColumn(Values::Rates),
            Self::Counters => &values::ValueColumn(Values::Counters),
            Self::Timestamps => &timestamps::Timestamps,
        }
    }
}

impl Head {
    pub(super) fn of(input: &Input, options: &Options) -> Self {
        let text = input.head_text();
        let mut lines = input.first_lines();
        if lines.first().is_some_and(|line| line.starts_with("sep=")) {
            lines.remove(0);
        }
        let first = lines.first().map_or("", String::as_str);
        let header = match first.starts_with('{') {
            true => keys_of(&text),
            false => header_of(first),
        };
        let timed = options.time.is_some() || header.iter().any(|name| is_time_name(name));
        let form = OnceCell::new();
        Self { bytes: input.head.clone(), text, lines, header, timed, form }
    }

    /// True if there is nothing but whole numbers and blanks.
    pub(super) fn is_numeric(&self) -> bool {
        // The last number of the beginning may be cut off: any digits will do.
        let number = |text: &str| text.parse::<u64>().is_ok();
        self.lines.iter().all(|line| line.split_ascii_whitespace().all(number))
    }

    /// True if a column has one of `names`, whatever its case.
    pub(super) fn has_any(&self, names: &[&str]) -> bool {
        let is = |found: &String| names.iter().any(|name| found.eq_ignore_ascii_case(name));
        self.header.iter().any(is)
    }

    /// True if there are columns of all these names.
    pub(super) fn has_all(&self, names: &[&str]) -> bool {
        names.iter().all(|name| self.header.iter().any(|found| found == name))
    }

    /// The form of its lines, if it is a log.
    pub(super) fn form(&self) -> Option<Form> {
        *self.form.get_or_init(|| Form::of(&self.lines))
    }

    /// True for JSON, whether it is one object, on one line or several, or one a line.
    pub(super) fn is_json(&self) -> bool {
        self.text.trim_start().starts_with(['{', '['])
    }

    /// True for one object of JSON, or an array of them, over the whole text.
    pub(super) fn is_document(&self) -> bool {
        let first = self.text.trim_start();
        first.starts_with('[') || (first.starts_with('{') && self.header.is_empty())
    }

    /// The rows that it holds whole, cell by cell: those below the header, or lines of JSON.
    pub(super) fn rows(&self) -> Vec<Vec<String>> {
        let Some(header) = self.lines.first() else { return Vec::new() };
        let whole = self.text.rsplit_once('\n').map_or("", |(whole, _)| whole);
        if header.starts_with('{') {
            return cells_of(whole, &self.header);
        }
        let rows = of_rows(whole, separator(header)).into_iter();
        rows.skip_while(|row| *row != self.header).skip(1).collect()
    }
}
