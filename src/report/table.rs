//! The comparison as a table for a terminal.

use super::columns::Columns;
use super::moments;
use super::notes::notes;
use super::number::{beside, currency, group, human, percentile_ms, plain, times};
use super::saving::saving;
use autosim_engine::simulation::Slo;
use autosim_engine::stats::Estimate;
use autosim_engine::units::{Time, plural};
use autosim_study::experiment::{
    ClassEstimates, Compared, Comparison, CostBy, Figure, MOST_REPLICATIONS, PolicyResults,
    Results, Ruling, Tail,
};
use std::fmt::Write as _;

/// Policies whose worst moment is told.
const WORST: usize = 3;

/// The answer on one screen of so many columns: verdict, one row per policy with half the 95 % interval of p99
/// and of the difference in cost, the worst moments, and what the marks stand for.
pub fn table(results: &Results, comparison: &Comparison, width: usize) -> String {
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = write_table(&mut out, results, comparison, width);
    out
}

fn write_table(
    out: &mut String,
    results: &Results,
    comparison: &Comparison,
    width: usize,
) -> Result<(), std::fmt::Error> {
    let columns = Columns::that_fit(results, comparison, width);
    let above = [Some(headline(results)), results.about.question.clone()];
    let above = above.into_iter().flatten().chain([verdict(results, comparison)]);
    above.for_each(|line| wrapped(out, &line, width));
    writeln!(out)?;
    for line in columns.table().lines() {
        writeln!(out, "{}", line.trim_end())?;
    }
    writeln!(out)?;
    let below = further_slos(results, comparison).into_iter().chain(classes(comparison));
    let below = below.chain(moments::lines(results, comparison, WORST));
    let notes = columns.left_out().into_iter().chain(notes(results, comparison));
    let notes = notes.collect::<Vec<_>>().join(" ");
    below.chain([notes]).for_each(|line| wrapped(out, &line, width));
    Ok(())
}

/// What was run, in one line.
pub(super) fn headline(results: &Results) -> String {
    let about = &results.about;
    let length = about.window.end.since(Time::ZERO);
    let requests = group(&results.simulated_requests.to_string());
    let many = if about.replications == 1 { "" } else { "s" };
    let replications = format!("{} replication{many}", results.replications_told());
    let seed = about.seed;
    let closed = match about.closed_loop_users {
        0 => String::new(),
        users => format!("closed loop of {}, ", plural(users, "user")),
    };
    let name = &about.name;
    // What was recorded has a date of its own; that of synthetic traffic stands in the scenario.
    let start = about.clock.start_told().filter(|_| about.dated_traffic);
    let from = start.map(|start| format!(" from {start}")).unwrap_or_default();
    let text = format!(
        "{name}: {length}{from}, {closed}{requests} requests in all, {replications}, seed {seed}"
    );
    match about.fidelity.fluid {
        true => format!("{text}; fidelity fluid: approximate, see docs/fluid.md for its errors"),
        false => text,
    }
}

/// The percentile of the SLO, or p99 without one: `p99.9`.
pub(super) fn tail_name(results: &Results) -> String {
    format!("p{}", human_quantile(results.about.slo.tail().map_or(0.99, |slo| slo.quantile)))
}

/// Something arrived, and so much of it fails under every policy that its percentile is infinite.
pub(super) fn all_infinite(comparison: &Comparison) -> bool {
    let mut busy = comparison.policies.iter().filter(|policy| policy.has_traffic()).peekable();
    busy.peek().is_some() && busy.all(|policy| policy.estimate(Figure::SloLatency).is_none())
}

/// The percentile of the SLO over all counted requests, failures infinitely late.
pub(super) fn tail(policy: &Compared) -> String {
    match policy.estimate(Figure::SloLatency) {
        None if policy.has_traffic() => "∞".to_owned(),
        known => {
            let limit = policy.verdict.latency.first().map(|one| one.slo.limit.as_millis_f64());
            spread(known, |mean| tail_ms(mean, limit))
        }
    }
}

/// The mean of the percentile, on its side of the limit.
pub(super) fn tail_ms(mean: f64, limit: Option<f64>) -> String {
    limit
        .map_or_else(|| human(mean, digits(mean)), |limit| beside(mean, limit, digits(mean), human))
}

/// A mean count, to the nearest one.
pub(super) fn whole(value: f64) -> String {
    group(&plain(value, 0))
}

/// A percentage with the digits that matter: `0`, `0.004`, `12.3`.
pub(super) fn percent(share: f64) -> String {
    let percent = 100.0 * share;
    if percent <= 0.0 { "0".to_owned() } else { human(percent, if percent < 1.0 { 1 } else { 3 }) }
}

pub(super) fn slo(policy: &Compared) -> String {
    let verdict = &policy.verdict;
    let word = match verdict.ruling {
        Ruling::NotAsked => return "-".to_owned(),
        Ruling::Met => "met",
        Ruling::Missed => "MISSED",
    };
    let open = if verdict.undecided.is_some() { "?" } else { "" };
    match verdict.of > 1 {
        true => format!("{word}{open} {}/{}", verdict.met_in, verdict.of),
        false => word.into(),
    }
}

pub(super) fn mean(estimate: Option<Estimate>) -> String {
    estimate.map_or("-".into(), |estimate| human(estimate.mean, digits(estimate.mean)))
}

/// The mean and the half width of its interval with as many digits after the point.
pub(super) fn with_interval(estimate: Option<Estimate>) -> String {
    spread(estimate, |mean| human(mean, digits(mean)))
}

fn spread(estimate: Option<Estimate>, told: impl Fn(f64) -> String) -> String {
    let Some(estimate) = estimate else { return "-".to_owned() };
    let mean = told(estimate.mean);
    match estimate.half_width {
        None => mean,
        Some(half) => {
            let decimals = mean.find('.').map_or(0, |at| mean.len() - at - 1);
            format!("{mean} ±{half:.decimals$}")
        }
    }
}

/// Four digits above a thousand, three below.
fn digits(value: f64) -> usize {
    if value.abs() >= 1000.0 { 4 } else { 3 }
}

/// Relative difference of cost, paired by replication; `~` where it may be chance.
pub(super) fn against_baseline(policy: &Compared) -> String {
    let Some(against) = policy.against(Figure::Cost) else { return "-".to_owned() };
    let Some(change) = against.change else { return "-".to_owned() };
    let chance = if against.p_corrected.is_some_and(|p| p > 0.05) { "~" } else { "" };
    let half = change.interval.map(|(low, high)| (high - low) / 2.0);
    let (mean, half) = match times(change.mean) {
        Some(factor) => (factor, half),
        None => (format!("{:+.1}%", 100.0 * change.mean), half.map(|half| 100.0 * half)),
    };
    let half = half.map_or_else(String::new, |half| format!(" ±{half:.1}"));
    format!("{chance}{mean}{half}")
}

/// Where there are several classes of requests: each by itself, of the service the policies compete for.
fn classes(comparison: &Comparison) -> Vec<String> {
    let figures =
        [("p50", Figure::LatencyP50), ("p95", Figure::LatencyP95), ("p99", Figure::LatencyP99)];
    let one = |of_class: &ClassEstimates| {
        let ms = figures.map(|(name, figure)| {
            format!("{name} {}", mean(of_class.estimates.get(figure))) //
        });
        let failed = of_class.estimates.get(Figure::FailedShare);
        let failed = failed.map_or("-".into(), |estimate| percent(estimate.mean));
        format!("{} {} ms, fail {failed} %", of_class.class.name(), ms.join(", "))
    };
    let of_policy = |policy: &Compared| {
        let first = policy.classes.first()?.service.as_str();
        let of_first = policy.classes.iter().filter(|of_class| of_class.service == first);
        let each: Vec<String> = of_first.map(one).collect();
        Some(format!("classes of {}: {}", policy.name, each.join("; ")))
    };
    comparison.policies.iter().filter_map(of_policy).collect()
}

/// `about 40`.
pub(super) fn replications(enough: u32) -> String {
    match enough < MOST_REPLICATIONS {
        true => format!("about {enough}"),
        false => format!("{} or more", group(&enough.to_string())),
    }
}

/// Where several SLOs on latency hold together: each beside the first, by policy.
pub(super) fn further_slos(results: &Results, comparison: &Comparison) -> Vec<String> {
    let one = |(at, slo): (usize, &Slo)| {
        let of_policy = |(policy, results): (&Compared, &PolicyResults)| {
            let kept = policy.verdict.latency.get(at)?.kept;
            let word = if kept { "met" } else { "MISSED" };
            let tail = match results.tail(slo.quantile) {
                Tail::NoTraffic => return None,
                Tail::Infinite => "∞".to_owned(),
                Tail::Ms(ms) => format!("{} ms", percentile_ms(ms, *slo, kept)),
            };
            Some(format!("{} {tail} {word}", policy.name))
        };
        let each = comparison.policies.iter().zip(&results.policies).filter_map(of_policy);
        format!("{slo}: {}", each.collect::<Vec<_>>().join(", "))
    };
    results.about.slo.latency.iter().enumerate().skip(1).map(one).collect()
}

pub(super) fn verdict(results: &Results, comparison: &Comparison) -> String {
    let Some(base) = comparison.policies.get(comparison.baseline) else {
        return "no policies".to_owned();
    };
    let ran = |policy: &&Compared| policy.replications > 0;
    if base.replications > 0 && !comparison.policies.iter().filter(ran).any(Compared::has_traffic) {
        return "verdict: there was no traffic, no request arrived after the warm-up".to_owned();
    }
    let slo = &results.about.slo;
    if slo.is_empty() {
        return format!("base for comparison: {} (no SLO is stated)", base.name);
    }
    let Some(cheapest) = comparison.cheapest else {
        let nearest = nearest(comparison).map_or_else(String::new, |nearest| {
            let (name, missed) = (&nearest.name, missed(nearest));
            format!("; nearest is {name}, with {missed}{}", open(nearest))
        });
        let (name, nodes) = (&base.name, nodes(results, |_| true));
        return format!(
            "verdict: no policy keeps {slo}{nearest}; base for comparison: {name}{nodes}"
        );
    };
    let winner = &comparison.policies[cheapest];
    let figure = comparison.cost.figure();
    let price = per(results, winner.estimate(figure)).map_or(f64::NAN, |e| e.mean);
    let unit = match comparison.cost {
        CostBy::Money => currency(results.about.price.currency()),
        CostBy::BilledHours => "replica-hours".to_owned(),
    };
    let unit = match results.about.recipe.per {
        Some(period) => format!("{unit} per {}", period.name()),
        None => unit,
    };
    let saved = match saving(results, comparison, cheapest) {
        Some(saving) => format!("; against {}: {saving}", base.name),
        None if results.about.base.is_some() => "; it is the base".to_owned(),
        None => String::new(),
    };
    let (name, price, open) = (&winner.name, human(price, digits(price)), open(winner));
    let nodes = nodes(results, |one| one == name);
    format!(
        "verdict: {name} is the cheapest policy that keeps {slo}, at {price} {unit}{open}{saved}{nodes}"
    )
}

/// What a verdict leaves out where one of these policies places replicas on machines.
fn nodes(results: &Results, of: impl Fn(&str) -> bool) -> &'static str {
    match results.about.on_nodes.iter().any(|name| of(name)) {
        true => "; nodes are not modelled, a replica that starts finds its place at once",
        false => "",
    }
}

/// A cost, or replica-hours, for as long as was asked for.
pub(super) fn per(results: &Results, estimate: Option<Estimate>) -> Option<Estimate> {
    let about = &results.about;
    let factor = about.recipe.per.map_or(1.0, |period| period.factor(about.window));
    estimate.map(|estimate| estimate.times(factor))
}

/// What a verdict is worth whose interval has the limit in it.
fn open(policy: &Compared) -> String {
    policy.verdict.undecided.map_or_else(String::new, |enough| {
        format!(" (not decided: {} replications would decide)", replications(enough))
    })
}

/// The candidate that misses the SLO by least.
pub(super) fn nearest(comparison: &Comparison) -> Option<&Compared> {
    let missed = |policy: &&Compared| policy.verdict.ruling == Ruling::Missed;
    let candidates = comparison.policies.iter().filter(|policy| !policy.sees_future);
    candidates.filter(missed).min_by(|a, b| a.verdict.excess().total_cmp(&b.verdict.excess()))
}

/// `1.07 % late or failed (p99 < 300ms allows 1 %)`, SLO by SLO.
fn missed(policy: &Compared) -> String {
    let verdict = &policy.verdict;
    let late = verdict.latency.iter().filter(|one| !one.kept).map(|one| {
        let (late, may) = (1.0 - one.share, 1.0 - one.slo.quantile);
        let (late, may) = apart(late, may);
        format!("{late} % late or failed ({} allows {may} %)", one.slo)
    });
    let errors = verdict.errors.filter(|(_, kept)| !kept).map(|(term, _)| {
        let (failed, _) = apart(verdict.failed.unwrap_or(1.0), term.limit.get());
        format!("{failed} % failed (the SLO is errors {term})")
    });
    late.chain(errors).collect::<Vec<_>>().join(" and ")
}

/// Two shares in percent, with as many digits as tell them apart.
fn apart(a: f64, b: f64) -> (String, String) {
    let words = |digits| (plain(100.0 * a, digits), plain(100.0 * b, digits));
    let told = (2..12).map(words).find(|(a, b)| a != b);
    told.unwrap_or_else(|| words(12))
}

/// 0.99 as `99`, 0.999 as `99.9`.
pub(super) fn human_quantile(share: f64) -> String {
    plain(100.0 * share, 6)
}

/// Longer lines of prose are hard to follow.
const PROSE: usize = 100;

/// Adds a line, broken at spaces to fit.
fn wrapped(out: &mut String, text: &str, columns: usize) {
    let columns = columns.min(PROSE);
    let mut column = 0;
    for word in text.split_whitespace() {
        let width = word.chars().count();
        if column > 0 && column + 1 + width > columns {
            out.push('\n');
            column = 0;
        }
        if column > 0 {
            out.push(' ');
            column += 1;
        }
        out.push_str(word);
        column += width;
    }
    out.push('\n');
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;
    use autosim_engine::units::Span;
    use autosim_study::scenario::SloTerms;

    #[test]
    fn it_fits_eighty_columns_and_answers_the_question() {
        let (results, comparison) = sample::comparison();
        let text = table(&results, &comparison, 80);
        for line in text.lines() {
            assert!(line.chars().count() <= 80, "{} columns: {line}", line.chars().count());
        }
        assert!(text.lines().count() <= 24, "more than one screen:\n{text}");
        assert!(text.contains("is the cheapest policy that keeps p99 < 300ms"), "{text}");
        assert!(!text.contains("nodes are not modelled"), "{text}");
        let (mut on_nodes, winner) = (results.clone(), comparison.cheapest.unwrap());
        on_nodes.about.on_nodes = vec![comparison.policies[winner].name.clone()];
        let told = verdict(&on_nodes, &comparison);
        assert!(
            told.ends_with("nodes are not modelled, a replica that starts finds its place at once"),
            "{told}"
        );
        for part in [
            "night-sleeper",
            "MISSED",
            "±",
            "base",
            "Work bound",
            "peak*",
            "worst of steady: Mon 09:58",
        ] {
            assert!(text.contains(part), "{part} is missing in\n{text}");
        }
    }

    /// (rule 7)
    #[test]
    fn the_column_is_the_slos_percentile_of_all_requests() {
        for (quantile, name) in [(0.95, "p95"), (0.99, "p99"), (0.999, "p99.9"), (0.97, "p97")] {
            let mut results = sample::results();
            let slo = Slo::below(quantile, Span::from_millis(300));
            results.about.slo = SloTerms { latency: vec![slo], errors: None };
            let comparison = Comparison::of(&results);
            let text = table(&results, &comparison, 80);
            let columns = |start: &str| -> Vec<String> {
                let line = text.lines().find(|line| line.starts_with(start)).unwrap();
                line.split_whitespace().map(str::to_owned).collect()
            };
            assert_eq!(columns("policy ")[3], name, "{text}");
            let page = crate::markdown(&results, &comparison);
            assert!(page.contains(&format!("| p50 ms, done | {name} ms |")), "{page}");
            let shown = with_interval(comparison.policies[1].estimate(Figure::SloLatency));
            assert!(page.contains(&shown), "{page}");
            let steady = columns("steady");
            let verdict = steady.iter().position(|cell| cell.starts_with("me") || cell == "MISSED");
            let mean = shown.split_whitespace().next().unwrap();
            assert_eq!(steady[verdict.unwrap() + 3], mean, "{text}");
            // Three in a hundred of its requests fail: whatever those that were done took.
            assert!(columns("night-sleeper").contains(&"∞".to_owned()), "{text}");
            assert!(said(&results).contains(&format!("{name} counts failures as ∞")), "{text}");
        }
    }

    fn said(results: &Results) -> String {
        let text = table(results, &Comparison::of(results), 80);
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn where_nothing_keeps_the_slo_the_nearest_is_named_with_what_it_misses() {
        let mut results = sample::results();
        results.policies.retain(|policy| ["steps", "night-sleeper"].contains(&&*policy.name));
        let text = said(&results);
        let part = "no policy keeps p99 < 300ms and errors < 0.1%; nearest is steps, with ";
        assert!(text.contains(part), "{text}");
        assert!(text.contains("% late or failed (p99 < 300ms allows 1 %)"), "{text}");
        assert!(text.contains("0.2 % failed (the SLO is errors < 0.1%)"), "{text}");
        assert_eq!(apart(0.010_000_4, 0.01), ("1.00004".into(), "1".into()));
    }

    #[test]
    fn a_verdict_whose_interval_has_the_limit_in_it_is_not_decided() {
        let (results, mut comparison) = sample::comparison();
        assert!(!said(&results).contains("not decided"));
        let base = comparison.baseline;
        comparison.policies[base].verdict.undecided = Some(41);
        comparison.policies[base + 1].verdict.undecided = Some(MOST_REPLICATIONS);
        let text = table(&results, &comparison, 80);
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        for part in [
            "USD (not decided: about 41 replications would decide)",
            "steady* met? 4/4",
            "? not decided, the 95 % interval has the limit in it",
            "replications that would: steady about 41, steps 10 000 or more.",
        ] {
            assert!(text.contains(part), "{part} is missing in {text}");
        }
    }

    #[test]
    fn slos_beside_the_first_have_a_line_each() {
        let mut results = sample::results();
        results.about.slo.latency.push(Slo::below(0.5, Span::from_millis(1)));
        let text = said(&results);
        assert!(text.contains("p50 < 1ms: peak "), "{text}");
        assert!(text.contains("ms MISSED") && text.contains("no policy keeps p99 < 300ms and p50"));
    }

    #[test]
    fn without_traffic_that_is_what_is_said() {
        let mut results = sample::results();
        for policy in &mut results.policies {
            policy.rows.iter_mut().for_each(|row| row.row = sample::no_traffic());
            policy.latency.clear();
        }
        let text = said(&results);
        assert!(text.contains("verdict: there was no traffic"), "{text}");
        assert!(!text.contains("no policy keeps") && !text.contains('∞'), "{text}");
        results.about.slo = SloTerms::default();
        assert!(said(&results).contains("verdict: there was no traffic"));
    }

    #[test]
    fn one_replication_says_that_it_has_no_intervals() {
        let mut results = sample::results();
        for policy in &mut results.policies {
            policy.rows.truncate(1);
        }
        let text = table(&results, &Comparison::of(&results), 80);
        assert!(text.contains("points without intervals") && !text.contains('±'), "{text}");
    }

    #[test]
    fn identical_replications_are_run_once_and_said_so() {
        let mut results = sample::results();
        (results.about.draws, results.about.replications) = (false, 1);
        results.policies.iter_mut().for_each(|policy| policy.rows.truncate(1));
        let text = said(&results);
        assert!(text.contains("every replication would be the same, one was run"), "{text}");
        assert!(!text.contains('±') && !text.contains("/1"), "{text}");
    }
}
