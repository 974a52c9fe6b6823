//! Assertions on results: `[POLICY:]FIGURE<LIMIT`, for builds that are to fail.

use autosim_engine::units::{Fraction, Price, Span, percentile};
use autosim_study::experiment::{self, Comparison, Figure, PolicyResults, Results};
use autosim_study::scenario::Competitor;
use std::fmt;
use std::str::FromStr;

/// What must hold of a run.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Assertion {
    text: String,
    policy: Option<String>,
    subject: Subject,
    or_equal: bool,
    limit: f64,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Subject {
    /// The share q of all counted requests completed within the limit (milliseconds).
    Percentile(f64),
    /// A figure, mean over replications, below the limit.
    Figure(Figure),
    /// The SLO of the scenario is kept.
    Slo,
}

/// How an assertion came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ruling {
    Holds,
    Fails,
    /// The run was interrupted before anything could be known.
    Undecided,
}

/// How an assertion came out for one policy.
pub(super) struct Finding {
    /// Whether it holds.
    pub(super) ruling: Ruling,
    /// One line about it.
    pub(super) line: String,
}

const EXPECTED: &str = "expected for example 'p99<300ms', 'errors<0.1%', 'cost<12.50', \
     'billed_replica_hours<=100', 'slo', or one of these for one policy, 'steady:p99<300ms'";

impl FromStr for Assertion {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let (policy, claim) = match text.split_once(':') {
            Some((policy, claim)) => (Some(policy.trim().to_owned()), claim),
            None => (None, text),
        };
        let whole = text.trim().to_owned();
        if claim.trim() == "slo" {
            let subject = Subject::Slo;
            return Ok(Self { text: whole, policy, subject, or_equal: true, limit: 0.0 });
        }
        let (subject, limit) =
            claim.split_once('<').ok_or_else(|| format!("no `<` in it; {EXPECTED}"))?;
        let (or_equal, limit) = match limit.strip_prefix('=') {
            Some(limit) => (true, limit.trim()),
            None => (false, limit.trim()),
        };
        let subject = subject.trim();
        let subject = Subject::parse(subject)
            .ok_or_else(|| format!("`{subject}` is not a figure; {EXPECTED}"))?;
        let limit = subject.limit(limit)?;
        Ok(Self { text: whole, policy, subject, or_equal, limit })
    }
}

impl Subject {
    fn parse(name: &str) -> Option<Self> {
        if let Some(percentile) = percentile(name).filter(|percent| *percent < 100.0) {
            return Some(Self::Percentile(percentile));
        }
        let figure = match name {
            "errors" => Figure::FailedShare,
            "mean" => Figure::LatencyMean,
            "max" => Figure::LatencyMax,
            "replica-hours" => Figure::BilledHours,
            name => *Figure::ALL.iter().find(|figure| figure.column() == name)?,
        };
        Some(Self::Figure(figure))
    }

    /// The limit in the unit of the figure.
    fn limit(self, text: &str) -> Result<f64, String> {
        let span = |text: &str| text.parse().map(Span::as_millis_f64).map_err(|e| e.to_string());
        let number = |text: &str| {
            let value: Option<f64> = text.replace('_', "").parse().ok();
            value.filter(|v| v.is_finite()).ok_or_else(|| format!("`{text}` is not a number"))
        };
        match self {
            Self::Slo => Ok(0.0),
            Self::Percentile(_) => span(text),
            Self::Figure(figure) => {
                use autosim_study::experiment::Kind;
                match figure.kind() {
                    Kind::Milliseconds => span(text),
                    Kind::Share => {
                        text.parse::<Fraction>().map(Fraction::get).map_err(|e| e.to_string())
                    }
                    Kind::Money => text
                        .parse::<Price>()
                        .map(|price| price.for_hours(Span::from_secs(3600)).as_units_f64())
                        .or_else(|_| number(text)),
                    Kind::Count
                    | Kind::Hours
                    | Kind::Minutes
                    | Kind::Percent
                    | Kind::Replicas
                    | Kind::Ratio => number(text),
                }
            }
        }
    }
}

impl Assertion {
    /// Whether it is about no policy of a run; to be known before a long one.
    pub(super) fn names_nobody(&self, policies: &[Competitor]) -> bool {
        let name = self.policy.as_deref();
        name.is_some_and(|name| policies.iter().all(|policy| policy.name != name))
    }

    /// Judges it for every policy it is about; an error if there is no such policy.
    pub(super) fn judge(
        &self,
        results: &Results,
        comparison: &Comparison,
    ) -> Result<Vec<Finding>, String> {
        let about = |name: &str| self.policy.as_deref().is_none_or(|policy| policy == name);
        let pairs = results.policies.iter().zip(&comparison.policies);
        let found: Vec<Finding> = pairs
            .filter(|(policy, _)| about(&policy.name))
            .map(|(policy, compared)| {
                if policy.rows.is_empty() {
                    return self.undecided(&policy.name);
                }
                let value = match self.subject {
                    Subject::Percentile(percentile) => percentile_ms(policy, percentile),
                    Subject::Figure(figure) => compared.estimate(figure).map(|e| e.mean),
                    Subject::Slo => match compared.verdict.ruling {
                        experiment::Ruling::Met => Some(0.0),
                        experiment::Ruling::Missed | experiment::Ruling::NotAsked => None,
                    },
                };
                self.finding(&policy.name, value)
            })
            .collect();
        if found.is_empty() {
            return Err(self.no_such_policy());
        }
        Ok(found)
    }

    /// What is wrong with it then.
    pub(super) fn no_such_policy(&self) -> String {
        format!("assertion `{self}`: the run has no such policy")
    }

    /// Of a policy that never ran.
    fn undecided(&self, policy: &str) -> Finding {
        let why = "the run was interrupted before it finished anything";
        let line = format!("assertion UNDECIDED: {policy}: {self}: {why}");
        Finding { ruling: Ruling::Undecided, line }
    }

    fn finding(&self, policy: &str, value: Option<f64>) -> Finding {
        let holds = value.is_some_and(|value| {
            value < self.limit || (self.or_equal && value == self.limit) //
        });
        let (ruling, word) = match holds {
            true => (Ruling::Holds, "holds"),
            false => (Ruling::Fails, "FAILS"),
        };
        let seen = match (self.subject, value) {
            (Subject::Slo, _) => String::new(),
            (Subject::Percentile(_), None) => ": too many requests failed".to_owned(),
            (_, None) => ": there is no such figure".to_owned(),
            (Subject::Percentile(_), Some(value)) => format!(": {value:.1} ms"),
            (Subject::Figure(figure), Some(value)) => {
                format!(": {} {}", figure.column(), significant(value))
            }
        };
        Finding { ruling, line: format!("assertion {word}: {policy}: {self}{seen}") }
    }
}

impl fmt::Display for Assertion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Six significant digits.
fn significant(value: f64) -> String {
    let magnitude = if value == 0.0 { 0 } else { value.abs().log10().floor() as i32 };
    let decimals = usize::try_from(5 - magnitude).unwrap_or(0).min(12);
    let text = format!("{value:.decimals$}");
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text,
    }
}

/// The response time within which a share of all counted requests completed, failures infinitely
/// late, over all replications together; `None` if that is infinite or nothing arrived.
fn percentile_ms(policy: &PolicyResults, percentile: f64) -> Option<f64> {
    let total = |figure: Figure| -> f64 {
        policy.first_service().filter_map(|row| row.row.get(figure)).sum()
    };
    let (arrived, completed) = (total(Figure::Arrived), total(Figure::Completed));
    // Counts are exact in a float; the slack keeps 0.99 x 100 from becoming 99.00000000000001.
    let rank = (percentile / 100.0 * arrived - 1e-9).ceil().max(1.0);
    if arrived <= 0.0 || rank > completed {
        return None;
    }
    policy.latency.quantile(rank / completed).map(Span::as_millis_f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<Assertion, String> {
        text.parse()
    }

    #[test]
    fn assertions_are_read_with_their_units() {
        for (text, subject, limit) in [
            ("p99<300ms", Subject::Percentile(99.0), 300.0),
            ("steady: p99.9 <= 2s", Subject::Percentile(99.9), 2000.0),
            ("errors<0.1%", Subject::Figure(Figure::FailedShare), 0.001),
            ("cost<12.50 USD", Subject::Figure(Figure::Cost), 12.5),
            ("cost<12.50", Subject::Figure(Figure::Cost), 12.5),
            ("billed_replica_hours<=100", Subject::Figure(Figure::BilledHours), 100.0),
            ("slo", Subject::Slo, 0.0),
        ] {
            let assertion = parsed(text);
            let read = assertion.map(|a| (a.subject, a.limit));
            assert_eq!(read, Ok((subject, limit)), "{text}");
        }
    }

    #[test]
    fn what_is_no_assertion_is_refused_with_an_example() {
        for text in ["p99", "p99<300", "p0<1s", "p00099<1s", "speed<3", "errors<-1%", "cost<much"] {
            assert!(parsed(text).is_err(), "{text}");
        }
        assert!(parsed("speed<3").unwrap_err().contains("'p99<300ms'"));
    }

    #[test]
    fn a_limit_itself_holds_only_where_it_is_allowed() {
        for (text, value, ruling) in [
            ("cost<1", Some(1.0), Ruling::Fails),
            ("cost<=1", Some(1.0), Ruling::Holds),
            ("cost<1", Some(0.9), Ruling::Holds),
            ("cost<1", None, Ruling::Fails),
        ] {
            let found = parsed(text).unwrap().finding("p", value);
            assert_eq!(found.ruling, ruling, "{text} {value:?}");
        }
    }

    #[test]
    fn of_a_policy_that_never_ran_nothing_is_decided() {
        use autosim_study::experiment::{RunOptions, Silent, run};
        use autosim_study::scenario::{LoadOptions, Sources, load};
        let text = "duration = '10m'\nslo.latency = 'p99 < 1s'\n[workload.arrivals.main.poisson]\n\
                    rate = '10/s'\n[policies.two.fixed]\nreplicas = 2\n";
        let options = LoadOptions { fallback_name: "test".into(), ..LoadOptions::default() };
        let scenario = load(Sources::new("s.toml", text), &options).unwrap().scenario;
        // Asked to stop before it began.
        let cancel = &std::sync::Arc::new(true.into());
        let options = RunOptions { jobs: 1, all_timelines: false, all_decisions: false, cancel };
        let results = run(&scenario, &options, &Silent).unwrap();
        let comparison = Comparison::of(&results);
        for text in ["p99<1ms", "slo", "errors<1%", "two:cost<=1"] {
            let found = parsed(text).unwrap().judge(&results, &comparison).unwrap();
            assert_eq!(found.len(), 1);
            assert_eq!(found[0].ruling, Ruling::Undecided, "{text}");
            assert!(found[0].line.starts_with("assertion UNDECIDED: two: "), "{}", found[0].line);
        }
    }

    #[test]
    fn digits_are_significant() {
        for (value, text) in [(0.0, "0"), (0.00123456789, "0.00123457"), (1234567.8, "1234568")] {
            assert_eq!(significant(value), text);
        }
    }
}
