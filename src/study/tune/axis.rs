//! One thing that varies, and the values it takes.

use autosim_engine::units::Span;
use std::str::FromStr;

/// The most values of one axis.
const MOST_VALUES: usize = 10_000;

/// A key and the values it takes: `target=40..90:2`, `min=2,4,8`, `window=1..64:x2`, `metric=cpu,utilization`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Axis {
    /// The policy it is said of, as in `POLICY:KEY=...`; `None`: every policy that has the key.
    pub policy: Option<String>,
    /// A key of the policy, a member of its document, or a key of the scenario.
    pub key: String,
    /// As they are written into a scenario; numbers and durations from the smallest up.
    pub values: Vec<String>,
    /// Its values are numbers or durations: a value between two others is expected to do what lies between.
    pub ordered: bool,
    /// The place of the value that is in force today, if it is one of them.
    pub today: Option<usize>,
}

impl FromStr for Axis {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "expected KEY=VALUES, for example target=40..90:2 or min=2,4,8".to_owned();
        let (key, values) = text.split_once('=').ok_or_else(wrong)?;
        let (policy, key) = match key.split_once(':') {
            Some((policy, key)) => (Some(policy.trim().to_owned()), key.trim()),
            None => (None, key.trim()),
        };
        if key.is_empty() || policy.as_ref().is_some_and(String::is_empty) {
            return Err(wrong());
        }
        let mut all = Vec::new();
        for part in values.split(',').map(str::trim) {
            match part.split_once("..") {
                _ if part.is_empty() => return Err(format!("`{values}` has an empty value")),
                Some((first, rest)) => range(part, first, rest, &mut all)?,
                None => all.push(part.to_owned()),
            }
        }
        Self::of(policy, key, all)
    }
}

impl Axis {
    /// From its values; refuses one that is given twice, and too many of them.
    fn of(policy: Option<String>, key: &str, mut values: Vec<String>) -> Result<Self, String> {
        let sizes = sizes(&values);
        let ordered = sizes.is_some();
        if let Some(sizes) = sizes {
            let mut sorted: Vec<(f64, String)> = sizes.into_iter().zip(values).collect();
            sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
            if let Some(pair) = sorted.windows(2).find(|pair| pair[0].0 == pair[1].0) {
                return Err(format!("`{}` is given twice", pair[1].1));
            }
            values = sorted.into_iter().map(|(_, value)| value).collect();
        }
        let mut seen: Vec<&String> = values.iter().collect();
        seen.sort();
        if let Some(pair) = seen.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(format!("`{}` is given twice", pair[1]));
        }
        if values.len() > MOST_VALUES {
            return Err(too_many(values.len() as f64));
        }
        Ok(Self { policy, key: key.to_owned(), values, ordered, today: None })
    }
}

impl Axis {
    /// The same, with the value that is in force today.
    #[must_use]
    pub(super) fn from_today(mut self, value: &str) -> Self {
        let alike = |other: &String| match sizes(&[other.clone(), value.to_owned()]) {
            Some(both) => both[0] == both[1],
            None => other == value,
        };
        self.today = self.values.iter().position(alike);
        self
    }
}

fn too_many(count: f64) -> String {
    format!("{count:.0} values; at most {MOST_VALUES}: take a longer step")
}

/// A number with its unit: digits, scaled to a whole number, how many of them are decimals, and the rest.
fn parts(text: &str) -> Option<(i64, u32, &str)> {
    let unit = text.find(|c: char| !c.is_ascii_digit() && c != '.' && c != '-' && c != '_');
    let (number, unit) = text.split_at(unit.unwrap_or(text.len()));
    let number = number.replace('_', "");
    let decimals = number.split_once('.').map_or(0, |(_, decimals)| decimals.len());
    let decimals = u32::try_from(decimals).ok().filter(|decimals| *decimals <= 9)?;
    let scaled = number.replacen('.', "", 1).parse().ok()?;
    Some((scaled, decimals, unit.trim()))
}

/// How large values are beside each other: all durations, or all numbers of one unit; `None`: they are words.
fn sizes(values: &[String]) -> Option<Vec<f64>> {
    let number = |text: &String| {
        let (scaled, decimals, unit) = parts(text)?;
        Some((scaled as f64 / 10f64.powi(decimals as i32), unit.to_owned()))
    };
    let numbers: Option<Vec<(f64, String)>> = values.iter().map(number).collect();
    let alike = numbers.filter(|all| all.windows(2).all(|pair| pair[0].1 == pair[1].1));
    let duration = |text: &String| text.parse().ok().map(|Span(ns)| ns as f64 * 1e-9);
    match alike {
        Some(numbers) => Some(numbers.into_iter().map(|(number, _)| number).collect()),
        None => values.iter().map(duration).collect(),
    }
}

/// `40..90:2`, `0.5..2:0.1`, `30s..10m:30s` and `1..64:x2`: both ends belong to it if a step leads there.
fn range(whole: &str, first: &str, rest: &str, all: &mut Vec<String>) -> Result<(), String> {
    let wrong = |why: &str| Err(format!("`{whole}` {why}"));
    let (last, step) = rest.split_once(':').unwrap_or((rest, "1"));
    let (factor, step) = match step.strip_prefix('x') {
        Some(factor) => (true, factor),
        None => (false, step),
    };
    let (Some(from), Some(to), Some(by)) = (parts(first), parts(last), parts(step)) else {
        return wrong("is no range: FIRST..LAST:STEP, for example 40..90:2 or 1..64:x2");
    };
    let units = [from.2, to.2, by.2];
    let unit = units.into_iter().find(|unit| !unit.is_empty()).unwrap_or("");
    if units.iter().any(|other| !other.is_empty() && *other != unit) {
        return wrong("has several units: give its ends and its step in one");
    }
    let decimals = from.1.max(to.1).max(by.1);
    let scale = |(scaled, own, _): (i64, u32, &str)| scaled.checked_mul(10i64.pow(decimals - own));
    let (Some(from), Some(to)) = (scale(from), scale(to)) else {
        return wrong("has numbers too large to count with");
    };
    if from > to {
        return wrong("runs backwards: the smaller end comes first");
    }
    let next: Box<dyn Fn(i64) -> Option<i64>> = match (factor, scale(by)) {
        (true, _) if by.0 as f64 / 10f64.powi(by.1 as i32) > 1.0 && from > 0 => {
            let by = by.0 as f64 / 10f64.powi(by.1 as i32);
            Box::new(move |at| Some(((at as f64 * by).round() as i64).max(at.checked_add(1)?)))
        }
        (true, _) => return wrong("needs a factor above 1 and a first value above 0"),
        (false, Some(by)) if by > 0 => {
            let count = (to.abs_diff(from) / by.unsigned_abs()) as f64 + 1.0;
            if count > MOST_VALUES as f64 {
                return Err(format!("`{whole}`: {}", too_many(count)));
            }
            Box::new(move |at| at.checked_add(by))
        }
        (false, _) => return wrong("needs a step above 0"),
    };
    let mut at = Some(from);
    while let Some(value) = at.filter(|value| *value <= to) {
        if all.len() > MOST_VALUES {
            return Err(format!("`{whole}`: {}", too_many(all.len() as f64)));
        }
        all.push(written(value, decimals) + unit);
        at = next(value);
    }
    Ok(())
}

/// A scaled number with its decimals, those at its end that are zero left out.
fn written(scaled: i64, decimals: u32) -> String {
    if decimals == 0 {
        return scaled.to_string();
    }
    let one = 10u64.pow(decimals);
    let (whole, rest) = (scaled.unsigned_abs() / one, scaled.unsigned_abs() % one);
    let sign = if scaled < 0 { "-" } else { "" };
    let rest = format!("{rest:0width$}", width = decimals as usize);
    match rest.trim_end_matches('0') {
        "" => format!("{sign}{whole}"),
        rest => format!("{sign}{whole}.{rest}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_axis_is_written_as_a_list_or_as_ranges() {
        for (text, key, values, ordered) in [
            ("target=40..90:10", "target", "40 50 60 70 80 90", true),
            ("target=40%..45%:2%", "target", "40% 42% 44%", true),
            ("target=40..44:2%", "target", "40% 42% 44%", true),
            ("min=8,2,4", "min", "2 4 8", true),
            ("min=1..3", "min", "1 2 3", true),
            ("k=0.5..0.7:0.1", "k", "0.5 0.6 0.7", true),
            ("k=9..10:0.5", "k", "9 9.5 10", true),
            ("w=1..64:x4", "w", "1 4 16 64", true),
            ("w=1..3:x1.1", "w", "1 1.1 1.2 1.3 1.4 1.5 1.7 1.9 2.1 2.3 2.5 2.8", true),
            ("window=30s..2m:30s", "window", "", false),
            ("window=30s,1m,90s", "window", "30s 1m 90s", true),
            ("metric=cpu,utilization", "metric", "cpu utilization", false),
            ("hpa:min=2", "min", "2", true),
            ("spec.metrics[0].x=1,2", "spec.metrics[0].x", "1 2", true),
        ] {
            match text.parse::<Axis>() {
                Ok(axis) => {
                    assert_eq!(axis.values.join(" "), values, "{text}");
                    assert_eq!((axis.key.as_str(), axis.ordered), (key, ordered), "{text}");
                }
                Err(why) => assert!(values.is_empty() && why.contains("units"), "{text}: {why}"),
            }
        }
        assert_eq!("hpa:min=2".parse::<Axis>().unwrap().policy.as_deref(), Some("hpa"));
    }

    #[test]
    fn an_axis_without_values_or_with_too_many_is_refused() {
        for (text, part) in [
            ("target", "expected KEY=VALUES"),
            ("=1", "expected KEY=VALUES"),
            (":k=1", "expected KEY=VALUES"),
            ("t=", "empty value"),
            ("t=1,,2", "empty value"),
            ("t=90..40:2", "backwards"),
            ("t=1..2:0", "a step above 0"),
            ("t=1..2:-1", "a step above 0"),
            ("t=0..1000000000", "1000000001 values; at most 10000"),
            ("t=0..8:x2", "a first value above 0"),
            ("t=1..8:x1", "a factor above 1"),
            ("t=a..b", "is no range"),
            ("t=1,1.0", "given twice"),
            ("t=1m,60s", "given twice"),
            ("t=a,b,a", "given twice"),
            ("t=1..9223372036854775807:0.5", "too large"),
        ] {
            let refused = text.parse::<Axis>().unwrap_err();
            assert!(refused.contains(part), "{text}: {refused}");
        }
    }
}
