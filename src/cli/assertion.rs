//! Assertions on results: `[POLICY:]FIGURE<LIMIT`, for builds that are to fail.

use autosim_engine::simulation::Slo;
use autosim_engine::units::{Currency, Fraction, Price, Span};
use autosim_report::{Baseline, percentile_ms, significant};
use autosim_study::experiment::{
    self, Compared, Comparison, Figure, Kind, PolicyResults, Results, Tail,
};
use autosim_study::scenario::{Competitor, ErrorTerm, LatencyTerm, Scenario, SloTerms, nearest};
use std::fmt;
use std::str::FromStr;

/// What must hold of a run.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Assertion {
    text: String,
    policy: Option<String>,
    subject: Subject,
    or_equal: bool,
    limit: Limit,
    /// What the limit is in, where it is money with a currency.
    currency: Option<Currency>,
}

/// What a figure may be at most.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Limit {
    /// In the unit of the figure; nothing where the subject has its own.
    At(f64),
    /// So many times what it is in the baseline.
    OfBaseline(f64),
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
    /// The policy.
    pub(super) policy: String,
    /// What was asserted, as it was written.
    pub(super) claim: String,
    /// Whether it holds.
    pub(super) ruling: Ruling,
    /// What was seen, or why that cannot be said.
    pub(super) seen: String,
}

impl Finding {
    /// One line about it.
    pub(super) fn line(&self) -> String {
        let Self { policy, claim, seen, .. } = self;
        format!("assertion {}: {policy}: {claim}: {seen}", self.ruling.word())
    }
}

impl Ruling {
    /// As it is told.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Holds => "holds",
            Self::Fails => "FAILS",
            Self::Undecided => "UNDECIDED",
        }
    }
}

const EXPECTED: &str = "expected for example 'p99<300ms', 'errors<0.1%', 'cost<12.50', \
     'billed_replica_hours<=100', 'cost<=1.05*baseline', 'slo', or one of these for one policy, \
     'steady:p99<300ms'";

/// What a claim about a baseline ends with.
const BASELINE: &str = "baseline";

impl FromStr for Assertion {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let (policy, claim) = match text.split_once(':') {
            Some((policy, claim)) => (Some(policy.trim().to_owned()), claim),
            None => (None, text),
        };
        let text = text.trim().to_owned();
        let itself = |subject, or_equal| {
            let (text, policy, limit) = (text.clone(), policy.clone(), Limit::At(0.0));
            Ok(Self { text, policy, subject, or_equal, limit, currency: None })
        };
        let of_baseline = claim.trim().ends_with(BASELINE);
        if claim.trim() == "slo" {
            return itself(Subject::Slo, true);
        }
        if is_percentile(claim) && !of_baseline {
            let term: LatencyTerm =
                claim.trim().parse().map_err(|error| format!("{error}; {EXPECTED}"))?;
            return itself(Subject::Latency(term.0), term.0.or_equal);
        }
        let (subject, limit) =
            claim.split_once('<').ok_or_else(|| format!("no `<` in it; {EXPECTED}"))?;
        let (or_equal, limit) = match limit.strip_prefix('=') {
            Some(limit) => (true, limit.trim()),
            None => (false, limit.trim()),
        };
        let subject = subject.trim();
        if subject == "errors" && !of_baseline {
            let limit: Fraction = limit.parse().map_err(|error| format!("{error}; {EXPECTED}"))?;
            return itself(Subject::Errors(ErrorTerm { limit, or_equal }), or_equal);
        }
        let figure = figure(subject)
            .ok_or_else(|| format!("`{subject}` is not a figure; {}{EXPECTED}", nearly(subject)))?;
        let currency = limit.parse::<Price>().ok().map(Price::currency);
        let currency = currency.filter(|_| figure.kind() == Kind::Money);
        let limit = Limit::of(figure, limit)?;
        Ok(Self { text, policy, subject: Subject::Figure(figure), or_equal, limit, currency })
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

/// The figure of that name: a column of `summary.csv`, one of [`SHORT`], or a percentile of latency.
fn figure(name: &str) -> Option<Figure> {
    let short = SHORT.iter().find(|(short, _)| *short == name).map(|(_, figure)| *figure);
    let of_latency = format!("latency_{}_ms", name.replace('.', "_"));
    let column = |name: &str| Figure::ALL.into_iter().find(|figure| figure.column() == name);
    short.or_else(|| column(name)).or_else(|| column(&of_latency))
}

impl Limit {
    /// In the unit of the figure, or `[FACTOR*]baseline`.
    fn of(figure: Figure, text: &str) -> Result<Self, String> {
        match text.strip_suffix(BASELINE) {
            Some(factor) => Self::factor(factor.trim()).map(Self::OfBaseline),
            None => Self::value(figure, text).map(Self::At),
        }
    }

    fn factor(text: &str) -> Result<f64, String> {
        if text.is_empty() {
            return Ok(1.0);
        }
        let number = text.strip_suffix('*').map(str::trim_end).and_then(|text| text.parse().ok());
        number.filter(|factor: &f64| factor.is_finite() && *factor >= 0.0).ok_or_else(|| {
            format!("`{text}` is no factor of the baseline; write for example 1.05*baseline")
        })
    }

    fn value(figure: Figure, text: &str) -> Result<f64, String> {
        let number = |text: &str| {
            let value: Option<f64> = text.replace('_', "").parse().ok();
            value.filter(|v| v.is_finite()).ok_or_else(|| format!("`{text}` is not a number"))
        };
        match figure.kind() {
            Kind::Milliseconds => {
                text.parse().map(Span::as_millis_f64).map_err(|error| error.to_string())
            }
            Kind::Share => {
                text.parse::<Fraction>().map(Fraction::get).map_err(|error| error.to_string())
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

    /// The figure that is compared with the baseline.
    fn of_baseline(&self) -> Option<(Figure, f64)> {
        match (self.subject, self.limit) {
            (Subject::Figure(figure), Limit::OfBaseline(factor)) => Some((figure, factor)),
            (Subject::Figure(_) | Subject::Latency(_) | Subject::Errors(_) | Subject::Slo, _) => {
                None
            }
        }
    }

    /// Whether it is about a policy: the one it names, or else all but the one they are compared with.
    fn is_about(&self, policy: &str, base: Option<&str>) -> bool {
        match &self.policy {
            Some(named) => named == policy,
            None => self.of_baseline().is_none() || base != Some(policy),
        }
    }

    /// Judges it for every policy it is about; an error if there is no such policy.
    pub(super) fn judge(
        &self,
        results: &Results,
        comparison: &Comparison,
        baseline: Option<&Baseline>,
    ) -> Result<Vec<Finding>, String> {
        let base = results.about.base.as_deref().filter(|_| baseline.is_none());
        let pairs = results.policies.iter().zip(&comparison.policies);
        let found: Result<Vec<Finding>, String> = pairs
            .filter(|(policy, _)| self.is_about(&policy.name, base))
            .map(|(policy, compared)| {
                if policy.rows.is_empty() {
                    let why = "the run was interrupted before it finished anything";
                    return Ok(self.finding(&policy.name, Ruling::Undecided, why.to_owned()));
                }
                let outcome = match self.of_baseline() {
                    Some((figure, factor)) => {
                        let beside = match baseline {
                            Some(baseline) => Some(baseline.mean(&policy.name, figure)?),
                            None => comparison.policies[comparison.baseline]
                                .estimate(figure)
                                .map(|estimate| estimate.mean),
                        };
                        self.beside(compared, figure, factor, beside)
                    }
                    None => self.outcome(policy, compared, &results.about.slo),
                };
                // What cannot be said does not hold.
                let (holds, seen) = outcome.unwrap_or_else(|why| (false, why.to_owned()));
                let ruling = if holds { Ruling::Holds } else { Ruling::Fails };
                Ok(self.finding(&policy.name, ruling, seen))
            })
            .collect();
        match found {
            Ok(found) if found.is_empty() => Err(self.no_such_policy()),
            found => found,
        }
    }

    /// What is wrong with it then.
    pub(super) fn no_such_policy(&self) -> String {
        format!("assertion `{self}`: the run has no such policy")
    }

    /// Whether it holds, and what was seen; or why that cannot be said.
    fn outcome(
        &self,
        policy: &PolicyResults,
        compared: &Compared,
        slo: &SloTerms,
    ) -> Result<(bool, String), &'static str> {
        if !compared.has_traffic() {
            return Err(NO_TRAFFIC);
        }
        match self.subject {
            Subject::Latency(slo) => {
                let (arrived, in_time) =
                    policy.in_time(slo.longest()).ok_or("its limit was not counted against")?;
                let kept = slo.is_kept(in_time, arrived);
                Ok((kept, percentile(policy.tail(slo.quantile), slo, kept)))
            }
            Subject::Errors(term) => {
                let failed = compared.verdict.failed.ok_or(NO_FIGURE)?;
                Ok((term.is_kept(failed), format!("{} % failed", significant(100.0 * failed, 6))))
            }
            Subject::Figure(figure) => {
                let mean = compared.estimate(figure).ok_or(NO_FIGURE)?.mean;
                let Limit::At(limit) = self.limit else { return Err(NO_FIGURE) };
                Ok((
                    self.allows(mean, limit),
                    format!("{} {}", figure.column(), significant(mean, 6)),
                ))
            }
            Subject::Slo => match compared.verdict.ruling {
                experiment::Ruling::Met => Ok((true, slo.to_string())),
                experiment::Ruling::Missed => Ok((false, slo.to_string())),
                experiment::Ruling::NotAsked => Err("no SLO is stated"),
            },
        }
    }

    /// The same of a figure beside the baseline's: with the digits that a summary has, as those of a file have
    /// no more.
    fn beside(
        &self,
        compared: &Compared,
        figure: Figure,
        factor: f64,
        baseline: Option<f64>,
    ) -> Result<(bool, String), &'static str> {
        if !compared.has_traffic() {
            return Err(NO_TRAFFIC);
        }
        let mean = compared.estimate(figure).ok_or(NO_FIGURE)?.mean;
        let baseline = baseline.ok_or("the baseline has no such figure")?;
        let [mean, baseline] = [mean, baseline].map(|v| Baseline::as_written(v, figure.kind()));
        let [seen, was] = [mean, baseline].map(|value| significant(value, 6));
        let relative = match baseline == 0.0 {
            true => String::new(),
            false => format!(", {} times it", significant(mean / baseline, 4)),
        };
        let told = format!("{} {seen}, baseline {was}{relative}", figure.column());
        Ok((self.allows(mean, factor * baseline), told))
    }

    fn allows(&self, value: f64, limit: f64) -> bool {
        value < limit || (self.or_equal && value == limit)
    }

    fn finding(&self, policy: &str, ruling: Ruling, seen: String) -> Finding {
        Finding { policy: policy.to_owned(), claim: self.text.clone(), ruling, seen }
    }
}

/// Claims about money in another currency than the scenario's are none.
pub(super) fn check_currency(asserts: &[Assertion], scenario: &Scenario) -> Result<(), String> {
    let own = scenario.price.currency();
    let other = |one: &&Assertion| one.currency.is_some_and(|currency| currency != own);
    asserts.iter().find(other).map_or(Ok(()), |one| {
        Err(format!(
            "assertion `{one}`: prices of the scenario are in {own}; say it in that, or without"
        ))
    })
}

/// What claims about a baseline are judged by, known to be there before a long run: what a file holds, or
/// nothing where the policy of `--base` is meant.
pub(super) fn check_baseline(
    asserts: &[Assertion],
    scenario: &Scenario,
    baseline: Option<&Baseline>,
) -> Result<(), String> {
    let about: Vec<_> =
        asserts.iter().filter_map(|one| Some((one, one.of_baseline()?.0))).collect();
    let base = scenario.base.as_deref();
    match (about.first(), baseline) {
        (None, Some(_)) => Err("--baseline: no claim speaks of it; write for example --assert \
                 'cost<=1.05*baseline'"
            .to_owned()),
        (Some((one, _)), None) if base.is_none() => Err(format!(
            "assertion `{one}`: of which baseline? give --baseline FILE, the summary.csv that a run \
             left, or --base POLICY, a policy of this run"
        )),
        (Some(_), Some(baseline)) => about.iter().try_for_each(|(one, figure)| {
            let policies =
                scenario.policies.iter().filter(|policy| one.is_about(&policy.name, None));
            policies.map(|policy| baseline.mean(&policy.name, *figure)).try_for_each(|mean| {
                mean.map(drop).map_err(|why| format!("assertion `{one}`: {why}"))
            })
        }),
        (None | Some(_), None) => Ok(()),
    }
}

const NO_TRAFFIC: &str = "there was no traffic";
const NO_FIGURE: &str = "there is no such figure";

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
        Tail::NoTraffic => NO_TRAFFIC.to_owned(),
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
            assert_eq!(read, Ok((subject, Limit::At(limit))), "{text}");
        }
    }

    #[test]
    fn a_claim_about_the_baseline_has_a_factor() {
        for (text, figure, factor) in [
            ("cost<=1.05*baseline", Figure::Cost, 1.05),
            ("p99 < baseline", Figure::LatencyP99, 1.0),
            ("p99.9<2 * baseline", Figure::LatencyP999, 2.0),
            ("steady:errors<=baseline", Figure::FailedShare, 1.0),
        ] {
            assert_eq!(parsed(text).unwrap().of_baseline(), Some((figure, factor)), "{text}");
        }
        for text in ["cost<=5%*baseline", "cost<=-1*baseline", "cost<=1.05baseline", "p98<baseline"]
        {
            assert!(parsed(text).is_err(), "{text}");
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
            assert_eq!(parsed(text).unwrap().allows(value, 1.0), holds, "{text} {value:?}");
        }
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
            let found = parsed(text).unwrap().judge(&results, &comparison, None).unwrap();
            assert_eq!(found.len(), 1);
            assert_eq!(found[0].ruling, Ruling::Undecided, "{text}");
            let line = found[0].line();
            assert!(line.starts_with("assertion UNDECIDED: two: "), "{line}");
        }
    }
}
