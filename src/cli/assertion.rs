//! Assertions on results: `[POLICY:]FIGURE<LIMIT`, for builds that are to fail.

use autosim_engine::simulation::Slo;
use autosim_engine::units::{Fraction, Price, Span};
use autosim_report::{percentile_ms, significant};
use autosim_study::experiment::{self, Compared, Comparison, Figure, PolicyResults, Results, Tail};
use autosim_study::scenario::{Competitor, ErrorTerm, LatencyTerm, SloTerms, nearest};
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
    /// Judged as the SLO would be: by counts, over all replications together.
    Latency(Slo),
    /// The share of all counted requests that failed, over all replications together.
    Errors(ErrorTerm),
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
        if is_percentile(claim) {
            let term: LatencyTerm =
                claim.trim().parse().map_err(|error| format!("{error}; {EXPECTED}"))?;
            let subject = Subject::Latency(term.0);
            return Ok(Self {
                text: whole,
                policy,
                subject,
                or_equal: term.0.or_equal,
                limit: 0.0,
            });
        }
        let (subject, limit) =
            claim.split_once('<').ok_or_else(|| format!("no `<` in it; {EXPECTED}"))?;
        let (or_equal, limit) = match limit.strip_prefix('=') {
            Some(limit) => (true, limit.trim()),
            None => (false, limit.trim()),
        };
        let subject = subject.trim();
        if subject == "errors" {
            let limit: Fraction = limit.parse().map_err(|error| format!("{error}; {EXPECTED}"))?;
            let subject = Subject::Errors(ErrorTerm { limit, or_equal });
            return Ok(Self { text: whole, policy, subject, or_equal, limit: 0.0 });
        }
        let subject = Subject::parse(subject)
            .ok_or_else(|| format!("`{subject}` is not a figure; {}{EXPECTED}", nearly(subject)))?;
        let limit = subject.limit(limit)?;
        Ok(Self { text: whole, policy, subject, or_equal, limit })
    }
}

/// A question after the figure that was meant, if any is near.
fn nearly(name: &str) -> String {
    let columns = Figure::ALL.iter().map(|figure| figure.column());
    let known: Vec<&str> = columns.chain(SHORT.map(|(short, _)| short)).collect();
    let near = nearest(name, &known, 0.85);
    near.map_or_else(String::new, |near| format!("did you mean `{near}`? "))
}

/// Figures that have a name of their own in a claim.
const SHORT: [(&str, Figure); 4] = [
    ("errors", Figure::FailedShare),
    ("mean", Figure::LatencyMean),
    ("max", Figure::LatencyMax),
    ("replica-hours", Figure::BilledHours),
];

impl Subject {
    fn parse(name: &str) -> Option<Self> {
        let short = SHORT.iter().find(|(short, _)| *short == name).map(|(_, figure)| *figure);
        let column = || Figure::ALL.iter().copied().find(|figure| figure.column() == name);
        short.or_else(column).map(Self::Figure)
    }

    /// The limit in the unit of the figure.
    fn limit(self, text: &str) -> Result<f64, String> {
        let span = |text: &str| text.parse().map(Span::as_millis_f64).map_err(|e| e.to_string());
        let number = |text: &str| {
            let value: Option<f64> = text.replace('_', "").parse().ok();
            value.filter(|v| v.is_finite()).ok_or_else(|| format!("`{text}` is not a number"))
        };
        match self {
            Self::Slo | Self::Latency(_) | Self::Errors(_) => Ok(0.0),
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

    /// The limit that requests are to be counted against.
    pub(super) fn longest(&self) -> Option<Span> {
        match self.subject {
            Subject::Latency(slo) => Some(slo.longest()),
            Subject::Errors(_) | Subject::Figure(_) | Subject::Slo => None,
        }
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
            .map(|(policy, compared)| match policy.rows.is_empty() {
                true => self.undecided(&policy.name),
                false => {
                    let outcome = self.outcome(policy, compared, &results.about.slo);
                    self.finding(&policy.name, outcome)
                }
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

    /// Whether it holds, and what was seen; or why that cannot be said.
    fn outcome(
        &self,
        policy: &PolicyResults,
        compared: &Compared,
        slo: &SloTerms,
    ) -> Result<(bool, String), &'static str> {
        if !compared.has_traffic() {
            return Err("there was no traffic");
        }
        match self.subject {
            Subject::Latency(slo) => {
                let (arrived, in_time) =
                    policy.in_time(slo.longest()).ok_or("its limit was not counted against")?;
                let kept = slo.is_kept(in_time, arrived);
                Ok((kept, percentile(policy.tail(slo.quantile), slo, kept)))
            }
            Subject::Errors(term) => {
                let failed = compared.verdict.failed.ok_or("there is no such figure")?;
                Ok((term.is_kept(failed), format!("{} % failed", significant(100.0 * failed, 6))))
            }
            Subject::Figure(figure) => {
                let mean = compared.estimate(figure).ok_or("there is no such figure")?.mean;
                Ok((self.allows(mean), format!("{} {}", figure.column(), significant(mean, 6))))
            }
            Subject::Slo => match compared.verdict.ruling {
                experiment::Ruling::Met => Ok((true, slo.to_string())),
                experiment::Ruling::Missed => Ok((false, slo.to_string())),
                experiment::Ruling::NotAsked => Err("no SLO is stated"),
            },
        }
    }

    fn allows(&self, value: f64) -> bool {
        value < self.limit || (self.or_equal && value == self.limit)
    }

    /// What cannot be said does not hold.
    fn finding(&self, policy: &str, outcome: Result<(bool, String), &str>) -> Finding {
        let (ruling, word, seen) = match outcome {
            Ok((true, seen)) => (Ruling::Holds, "holds", seen),
            Ok((false, seen)) => (Ruling::Fails, "FAILS", seen),
            Err(why) => (Ruling::Fails, "FAILS", why.to_owned()),
        };
        Finding { ruling, line: format!("assertion {word}: {policy}: {self}: {seen}") }
    }
}

/// A claim about a percentile: `p` and a digit.
fn is_percentile(claim: &str) -> bool {
    let name = claim.trim().strip_prefix('p');
    name.is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
}

/// The percentile in words.
fn percentile(tail: Tail, slo: Slo, kept: bool) -> String {
    match tail {
        Tail::Ms(ms) => format!("{} ms", percentile_ms(ms, slo, kept)),
        Tail::Infinite => "too many requests failed".to_owned(),
        Tail::NoTraffic => "there was no traffic".to_owned(),
    }
}

impl fmt::Display for Assertion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<Assertion, String> {
        text.parse()
    }

    #[test]
    fn assertions_are_read_with_their_units() {
        let up_to_two_seconds = Slo { or_equal: true, ..Slo::below(0.95, Span::from_secs(2)) };
        for (text, subject, limit) in [
            ("p99<300ms", Subject::Latency(Slo::below(0.99, Span::from_millis(300))), 0.0),
            ("steady: p95 <= 2s", Subject::Latency(up_to_two_seconds), 0.0),
            ("errors<0.1%", Subject::Errors("< 0.1%".parse().unwrap()), 0.0),
            ("failed_share<=0%", Subject::Figure(Figure::FailedShare), 0.0),
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
        for (text, value, holds) in
            [("cost<1", 1.0, false), ("cost<=1", 1.0, true), ("cost<1", 0.9, true)]
        {
            assert_eq!(parsed(text).unwrap().allows(value), holds, "{text} {value:?}");
        }
        // What cannot be said does not hold.
        let found = parsed("p99<1s").unwrap().finding("p", Err("there was no traffic"));
        assert_eq!(found.ruling, Ruling::Fails);
        assert_eq!(found.line, "assertion FAILS: p: p99<1s: there was no traffic");
    }

    #[test]
    fn the_percentile_shown_lies_where_the_requests_were_counted() {
        let slo = Slo::below(0.99, Span::from_secs(1));
        for (tail, kept, shown) in [
            (Tail::Ms(1002.4), true, "999.999999 ms"),
            (Tail::Ms(999.1), false, "1000 ms"),
            (Tail::Ms(700.0), true, "700 ms"),
            (Tail::Infinite, false, "too many requests failed"),
        ] {
            assert_eq!(percentile(tail, slo, kept), shown, "{tail:?} {kept}");
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
        let options =
            RunOptions { jobs: 1, all_timelines: false, all_decisions: false, limits: &[], cancel };
        let results = run(&scenario, &options, &Silent).unwrap();
        let comparison = Comparison::of(&results);
        for text in ["p99<1ms", "slo", "errors<1%", "two:cost<=1"] {
            let found = parsed(text).unwrap().judge(&results, &comparison).unwrap();
            assert_eq!(found.len(), 1);
            assert_eq!(found[0].ruling, Ruling::Undecided, "{text}");
            assert!(found[0].line.starts_with("assertion UNDECIDED: two: "), "{}", found[0].line);
        }
    }
}
