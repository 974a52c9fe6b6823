//! How long functions run, from a file of percentiles beside that of their counts (Azure Functions 2019).
//!
//! `HashOwner,HashApp,HashFunction,...,percentile_Average_0,_1,_25,_50,_75,_99,_100`, in milliseconds, of 30 second
//! averages, cold starts left out. Between percentiles a function's law is a straight line, from the 99th to the last two
//! lines that give it the mean of its column `Average`, as far as the percentiles allow. What draws for several functions
//! is their mixture over the whole file, weighted by invocations, as a table of quantiles.

use super::failure::TraceError;
use super::input::Input;
use super::number::finite;
use super::records::{Column, Kind, Records};
use super::series::Series;
use crate::random::Distribution;
use crate::random::distribution::Empirical;
use crate::units::{Span, plural};
use std::collections::BTreeMap;
use std::path::Path;

/// The columns of percentiles: share, name.
const PERCENTILES: [(f64, &str); 7] = [
    (0.0, "percentile_Average_0"),
    (0.01, "percentile_Average_1"),
    (0.25, "percentile_Average_25"),
    (0.5, "percentile_Average_50"),
    (0.75, "percentile_Average_75"),
    (0.99, "percentile_Average_99"),
    (1.0, "percentile_Average_100"),
];

/// The columns that name a function; a sample may lack one.
const KEYS: [&str; 3] = ["HashOwner", "HashApp", "HashFunction"];

/// Milliseconds at each of [`PERCENTILES`].
type Quantiles = [f64; PERCENTILES.len()];

/// Shares and milliseconds, straight lines between them.
type Law = [(f64, f64); PERCENTILES.len() + 1];

/// The durations of a file, and what the functions that ran draw from them.
pub(super) struct Durations {
    pub(super) path: String,
    pub(super) sha256: String,
    /// The columns that name a function here.
    keys: Vec<&'static str>,
    /// Percentiles and mean.
    known: BTreeMap<Vec<String>, (Quantiles, Option<f64>)>,
    /// How often the functions that are drawn from ran, times their means; where all have one.
    averages: Option<f64>,
    drawn: Vec<(Law, f64)>,
    without: u64,
    invocations_without: f64,
}

impl Durations {
    /// Reads the file `path`, relative to `base`, for functions that have these labels.
    pub(super) fn read(base: &Path, path: &str, labels: &[Column]) -> Result<Self, TraceError> {
        let at = |error: TraceError| TraceError { key: "durations", ..error };
        let mut records = Records::open(Input::open(base, path).map_err(at)?, Kind::Table)?;
        let column =
            |name: &&'static str| Ok(records.known("durations", &[name])?.map(|c| (*name, c)));
        let keys: Result<Vec<_>, TraceError> = KEYS.iter().map(column).collect();
        let labelled =
            |name: &str| labels.iter().any(|label| label.name.eq_ignore_ascii_case(name));
        let keys: Vec<_> = keys?.into_iter().flatten().filter(|(name, _)| labelled(name)).collect();
        if keys.is_empty() {
            let hint =
                format!("it must name functions by HashFunction; {}", records.columns_text());
            return Err(TraceError::at("durations", format!("{path} names no functions"), hint));
        }
        let percentiles = PERCENTILES.iter().map(|(_, name)| records.column("durations", name));
        let percentiles: Vec<Column> = percentiles.collect::<Result<_, _>>()?;
        let average = records.known("durations", &["Average"])?;
        let mut known = BTreeMap::new();
        while records.next()? {
            let cells = keys.iter().map(|(_, column)| records.field(column).map(str::to_owned));
            let function: Vec<String> = cells.collect::<Result<_, _>>().map_err(at)?;
            let quantiles = quantiles(&records, &percentiles).map_err(at)?;
            let mean = average.as_ref().and_then(|column| finite(records.field(column).ok()?));
            if known.insert(function, (quantiles, mean)).is_some() {
                let message =
                    format!("{}: a second row of one function", records.place(&keys[0].1));
                return Err(TraceError::at("durations", message, "keep one row for each function"));
            }
        }
        let keys = keys.into_iter().map(|(name, _)| name).collect();
        let (path, sha256) = (path.to_owned(), records.finish()?);
        let (drawn, without, invocations_without) = (Vec::new(), 0, 0.0);
        let averages = average.map(|_| 0.0);
        Ok(Self { path, sha256, keys, known, averages, drawn, without, invocations_without })
    }

    /// A function that ran.
    pub(super) fn join(&mut self, function: &Series) {
        let ran: f64 = function.points.iter().map(|point| point.value).sum();
        let label = |key: &&str| {
            let found = function.labels.iter().find(|(name, _)| name.eq_ignore_ascii_case(key));
            found.map_or(String::new(), |(_, value)| value.clone())
        };
        let key: Vec<String> = self.keys.iter().map(label).collect();
        match self.known.get(&key) {
            Some((quantiles, mean)) if ran > 0.0 => {
                self.drawn.push((bent(quantiles, *mean), ran));
                self.averages = self.averages.zip(*mean).map(|(sum, mean)| sum + mean * ran);
            }
            Some(_) => {}
            None => {
                self.without += u64::from(ran > 0.0);
                self.invocations_without += ran;
            }
        }
    }

    /// The law of a request of any of the functions that ran; and what is said of it.
    pub(super) fn law(&self, trace: &str) -> Result<(Distribution, Vec<String>), TraceError> {
        let path = &self.path;
        if self.drawn.is_empty() {
            let message = format!("{path} has durations of no function that ran in {trace}");
            return Err(TraceError::at("durations", message, "give the file of the same day"));
        }
        let functions = plural(self.drawn.len() as u64, "function");
        let table = mixture(&self.drawn);
        let mean: f64 = table
            .windows(2)
            .map(|pair| (pair[1].0 - pair[0].0) * (pair[0].1 + pair[1].1) / 2.0)
            .sum();
        let mut said = vec![format!(
            "{path}: service times are drawn from the durations of {functions}, weighted by how often each ran in the \
             whole file, as one table of quantiles with a mean of {mean:.1} ms"
        )];
        let ran: f64 = self.drawn.iter().map(|(_, ran)| ran).sum();
        if let Some(average) = self.averages.map(|sum| sum / ran)
            && (mean / average - 1.0).abs() > 0.1
        {
            said.push(format!(
                "{path}: its column Average has a mean of {average:.1} ms, {:.2} times as much: its percentiles leave no \
                 room for that",
                average / mean
            ));
        }
        if self.without > 0 {
            let share = 100.0 * self.invocations_without / (ran + self.invocations_without);
            let without = plural(self.without, "function");
            said.push(format!(
                "{path}: {without} with {share:.2} % of the invocations have no durations there: they draw like the others"
            ));
        }
        let quantiles = table.iter().map(|&(share, ms)| (share, milliseconds(ms))).collect();
        let law = match table.last() {
            Some(&(_, 0.0)) => Distribution::Constant(Span::ZERO),
            _ => Distribution::Empirical(Empirical { values: Vec::new(), quantiles }),
        };
        Ok((law, said))
    }
}

fn milliseconds(ms: f64) -> Span {
    Span::from_secs_f64(ms * 1e-3)
}

fn quantiles(records: &Records, columns: &[Column]) -> Result<Quantiles, TraceError> {
    let mut found = [0.0; PERCENTILES.len()];
    let mut least = 0.0;
    for (column, quantile) in columns.iter().zip(&mut found) {
        let text = records.field(column)?;
        // A century is longer than any function runs.
        let value = finite(text).filter(|value| (0.0..3.2e12).contains(value));
        *quantile = value.filter(|value| *value >= least).ok_or_else(|| {
            let message = format!(
                "{}: `{text}` is no duration in milliseconds, or below the percentile before",
                records.place(column)
            );
            TraceError::file(message, "percentiles are numbers of at least 0 that do not shrink")
        })?;
        least = *quantile;
    }
    Ok(found)
}

/// The law of a function: how long its longest one in a hundred ran is between two percentiles that may be far apart;
/// its mean says where. A corner on the other diagonal than that of the straight line leaves both lines rising.
fn bent(quantiles: &Quantiles, mean: Option<f64>) -> Law {
    let last = PERCENTILES.len() - 1;
    let shares = PERCENTILES.map(|(share, _)| share);
    let pieces = shares.windows(2).zip(quantiles.windows(2)).take(last - 1);
    let below: f64 =
        pieces.map(|(share, ms)| (share[1] - share[0]) * f64::midpoint(ms[0], ms[1])).sum();
    let (from, to) = (quantiles[last - 1], quantiles[last]);
    let rest = shares[last] - shares[last - 1];
    let corner = match mean {
        Some(mean) if to > from => {
            let of_rest = ((mean - below) / rest).clamp(from, to);
            let share = shares[last] - rest * (of_rest - from) / (to - from);
            (share.max(shares[last - 1]), of_rest)
        }
        Some(_) | None => (shares[last - 1], from),
    };
    let mut law = [corner; PERCENTILES.len() + 1];
    for (at, point) in shares.into_iter().zip(*quantiles).enumerate() {
        law[if at == last { last + 1 } else { at }] = point;
    }
    law
}

/// The quantiles (share, milliseconds) of a mixture of laws with weights: fine where few requests are, at the end.
fn mixture(laws: &[(Law, f64)]) -> Vec<(f64, f64)> {
    let total: f64 = laws.iter().map(|(_, weight)| weight).sum();
    // (milliseconds, how much steeper the share grows from there on, how much it jumps there)
    let mut steps: Vec<(f64, f64, f64)> = Vec::with_capacity(laws.len() * 14);
    for (law, weight) in laws {
        for pair in law.windows(2) {
            let share = (pair[1].0 - pair[0].0) * weight / total;
            let (from, to) = (pair[0].1, pair[1].1);
            if from == to {
                steps.push((from, 0.0, share));
            } else {
                let slope = share / (to - from);
                steps.extend([(from, slope, 0.0), (to, -slope, 0.0)]);
            }
        }
    }
    steps.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut wanted = shares().into_iter().peekable();
    let (mut at, mut share, mut slope) = (steps.first().map_or(0.0, |step| step.0), 0.0, 0.0_f64);
    let mut table: Vec<(f64, f64)> = Vec::new();
    for (next, steeper, jump) in steps {
        let reached = share + slope.max(0.0) * (next - at);
        while let Some(want) = wanted.next_if(|want| *want < reached) {
            table.push((want, (at + (want - share) / slope).clamp(at, next)));
        }
        (at, share, slope) = (next, reached + jump, slope + steeper);
        while let Some(want) = wanted.next_if(|want| *want < share) {
            table.push((want, at));
        }
    }
    // What rounding has left.
    table.extend(wanted.map(|want| (want, at)));
    table
}

/// A thousandth apart, a ten-thousandth from 99 % on, a hundred-thousandth from 99.9 % on.
fn shares() -> Vec<f64> {
    let coarse = (0..990).map(|step| f64::from(step) * 1e-3);
    let fine = (9900..9990).map(|step| f64::from(step) * 1e-4);
    let finest = (99_900..=100_000).map(|step| f64::from(step) * 1e-5);
    coarse.chain(fine).chain(finest).map(|share: f64| share.min(1.0)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Exact mean of straight lines between points.
    fn mean(law: &[(f64, f64)]) -> f64 {
        law.windows(2).map(|p| (p[1].0 - p[0].0) * f64::midpoint(p[0].1, p[1].1)).sum()
    }

    #[test]
    fn a_law_has_the_mean_that_is_said_of_it_as_far_as_its_percentiles_allow() {
        let long = [0.0, 10.0, 20.0, 100.0, 200.0, 5000.0, 60_000.0];
        // Up to the 99th percentile: 0.05 + 3.6 + 15 + 37.5 + 624; behind it 50 to 600.
        for (average, expected) in [
            (None, 680.15 + 325.0),
            (Some(800.0), 800.0),
            (Some(1005.15), 1005.15),
            (Some(1200.0), 1200.0),
            (Some(500.0), 680.15 + 50.0),
            (Some(2000.0), 680.15 + 600.0),
        ] {
            let law = bent(&long, average);
            assert!((mean(&law) - expected).abs() < 1e-6, "{average:?}: {}", mean(&law));
            assert!(law.is_sorted_by(|a, b| a.0 <= b.0 && a.1 <= b.1), "{law:?}");
            for (share, ms) in PERCENTILES.map(|(share, _)| share).into_iter().zip(long) {
                assert!(law.contains(&(share, ms)), "{law:?}");
            }
            // A jump at the 99th percentile lies between two shares of the table.
            let reached = average.is_none_or(|average| average <= expected);
            let table = mean(&mixture(&[(law, 1.0)]));
            assert!(!reached || (table / expected - 1.0).abs() < 2e-3, "{average:?}: {table}");
        }
        assert_eq!(mean(&bent(&[5.0; 7], Some(9.0))), 5.0);
    }

    #[test]
    fn a_mixture_has_the_quantiles_and_the_mean_of_its_parts() {
        let constant = bent(&[5.0; 7], None);
        let long = bent(&[0.0, 10.0, 20.0, 100.0, 200.0, 5000.0, 60_000.0], None);
        for (laws, at, expected) in [
            // A law alone is itself.
            (vec![(long, 7.0)], 0.25, 20.0),
            (vec![(long, 7.0)], 0.5, 100.0),
            (vec![(long, 7.0)], 0.6, 140.0),
            (vec![(long, 7.0)], 1.0, 60_000.0),
            (vec![(constant, 1.0)], 0.3, 5.0),
            // Three in four are 5 ms; the others are below 5 ms in half a percent of the cases.
            (vec![(constant, 3.0), (long, 1.0)], 0.5, 5.0),
            (vec![(constant, 3.0), (long, 1.0)], 0.75 + 0.25 * 0.6, 140.0),
            (vec![(constant, 3.0), (long, 1.0)], 0.001, 4.0),
        ] {
            let table = mixture(&laws);
            assert!(table.is_sorted_by(|a, b| a.0 < b.0 && a.1 <= b.1), "{laws:?}");
            let near = table.iter().min_by(|a, b| (a.0 - at).abs().total_cmp(&(b.0 - at).abs()));
            let found = near.unwrap().1;
            assert!((found - expected).abs() <= expected * 1e-6, "{laws:?} at {at}: {found}");
            let weight: f64 = laws.iter().map(|(_, weight)| weight).sum();
            let exact: f64 = laws.iter().map(|(law, w)| mean(law) * w / weight).sum();
            let found = mean(&table);
            assert!((found / exact - 1.0).abs() < 2e-3, "{laws:?}: mean {found}, exactly {exact}");
        }
    }
}
