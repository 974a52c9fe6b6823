//! The comparison as a table for a terminal of 80 columns.

use super::moments;
use super::number::{currency, group, human, plain};
use autosim_engine::stats::Estimate;
use autosim_engine::units::Time;
use autosim_study::experiment::{
    ClassEstimates, Compared, Comparison, CostBy, Figure, Results, Ruling,
};
use autosim_study::scenario::SloTerms;
use comfy_table::{
    CellAlignment, ColumnConstraint, ContentArrangement, ContentLineStyle, LineStyle,
};
use comfy_table::{Table, TableStyle};
use std::fmt::Write as _;

/// Columns of the narrowest terminal it must fit.
const WIDTH: u16 = 80;
/// Policies whose worst moment is told.
const WORST: usize = 3;

/// The answer on one screen: verdict, one row per policy with half the 95 % interval of p99 and of the
/// difference in cost, the worst moments, and what the marks stand for.
pub fn table(results: &Results, comparison: &Comparison) -> String {
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = write_table(&mut out, results, comparison);
    out
}

fn write_table(
    out: &mut String,
    results: &Results,
    comparison: &Comparison,
) -> Result<(), std::fmt::Error> {
    wrapped(out, &headline(results));
    if let Some(question) = &results.about.question {
        wrapped(out, question);
    }
    wrapped(out, &verdict(results, comparison));
    writeln!(out)?;
    for line in rows(results, comparison).lines() {
        writeln!(out, "{}", line.trim_end())?;
    }
    writeln!(out)?;
    for line in classes(comparison) {
        wrapped(out, &line);
    }
    for line in moments::lines(results, comparison, WORST) {
        wrapped(out, &line);
    }
    wrapped(out, &notes(results, comparison).join(" "));
    Ok(())
}

/// What was run, in one line.
pub(super) fn headline(results: &Results) -> String {
    let about = &results.about;
    let length = about.window.end.since(Time::ZERO);
    let requests = group(&results.simulated_requests.to_string());
    let plural = if about.replications == 1 { "" } else { "s" };
    let replications = format!("{} replication{plural}", results.replications_told());
    let seed = about.seed;
    let closed = match about.closed_loop_users {
        0 => String::new(),
        users => format!("closed loop of {} users, ", group(&users.to_string())),
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

/// The percentile an SLO is about, with the words above its column; p99 without an SLO. One that
/// is no column of its own is taken of all requests, failures infinitely late.
pub(super) fn slo_figure(results: &Results) -> (String, Figure) {
    let quantile = results.about.slo.and_then(|terms| terms.latency).map_or(0.99, |s| s.quantile);
    let words = format!("p{}\nms", human_quantile(quantile));
    let known = [
        ("p90\nms", Figure::LatencyP90),
        ("p95\nms", Figure::LatencyP95),
        ("p99\nms", Figure::LatencyP99),
        ("p99.9\nms", Figure::LatencyP999),
    ];
    let figure = known.iter().find(|(name, _)| *name == words).map(|(_, figure)| *figure);
    (words, figure.unwrap_or(Figure::SloLatency))
}

fn rows(results: &Results, comparison: &Comparison) -> Table {
    let currency = currency(results.about.price.currency());
    let (percentile, tail) = slo_figure(results);
    let mut table = Table::new();
    table
        .load_style(STYLE)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(WIDTH)
        .set_header([
            "policy".to_owned(),
            "SLO".to_owned(),
            "p50\nms".to_owned(),
            percentile,
            "fail\n%".to_owned(),
            "rep.-\nhours".to_owned(),
            format!("cost\n{currency}"),
            "cost against\nthe base".to_owned(),
            "act-\nions".to_owned(),
        ]);
    for (at, policy) in comparison.policies.iter().enumerate() {
        table.add_row(row(policy, tail, at == comparison.baseline));
    }
    for (at, column) in table.column_iter_mut().enumerate() {
        column.set_padding((u16::from(at > 0), 0));
        if at > 0 {
            // Only a name may be broken: figures are read as wholes.
            column.set_constraint(ColumnConstraint::ContentWidth);
        }
        if at > 1 {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}

const STYLE: TableStyle = TableStyle::new()
    .header_lines(ContentLineStyle::none())
    .header_separator(LineStyle::none().fill('─').junction('─'))
    .content_lines(ContentLineStyle::none());

fn row(policy: &Compared, tail: Figure, is_baseline: bool) -> Vec<String> {
    let mark = if policy.on_frontier { "*" } else { "" };
    vec![
        format!("{}{mark}", policy.name),
        slo(policy),
        mean(policy.estimate(Figure::LatencyP50)),
        with_interval(policy.estimate(tail)),
        policy.estimate(Figure::FailedShare).map_or("-".into(), |e| percent(e.mean)),
        mean(policy.estimate(Figure::BilledHours)),
        mean(policy.estimate(Figure::Cost)),
        if is_baseline { "base".to_owned() } else { against_baseline(policy) },
        policy.estimate(Figure::Actions).map_or("-".into(), |e| whole(e.mean)),
    ]
}

/// A mean count, to the nearest one.
fn whole(value: f64) -> String {
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
    if verdict.of > 1 { format!("{word} {}/{}", verdict.met_in, verdict.of) } else { word.into() }
}

fn mean(estimate: Option<Estimate>) -> String {
    estimate.map_or("-".into(), |estimate| human(estimate.mean, digits(estimate.mean)))
}

/// The mean and the half width of its interval with as many digits after the point.
pub(super) fn with_interval(estimate: Option<Estimate>) -> String {
    let Some(estimate) = estimate else { return "-".to_owned() };
    let mean = human(estimate.mean, digits(estimate.mean));
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
    let mean = format!("{chance}{:+.1}%", 100.0 * change.mean);
    match change.interval {
        None => mean,
        Some((low, high)) => format!("{mean} ±{:.1}", 50.0 * (high - low)),
    }
}

/// What has to be known to read any figure of a run that was interrupted.
pub(super) const INCOMPLETE: &str = "INCOMPLETE: interrupted; only finished cells are shown.";

/// What has to be known to read any figure of a closed loop.
const CLOSED_LOOP: &str = "Closed loop: users send the next request only after the one before, so that a \
    slower service is offered less; policies do not meet the same arrivals, and requests that were never \
    sent are in no percentile.";

pub(super) fn notes(results: &Results, comparison: &Comparison) -> Vec<String> {
    let about = &results.about;
    let mut notes = Vec::new();
    let several = comparison.policies.iter().any(|policy| policy.replications > 1);
    notes.push(if several {
        format!(
            "±: half the 95 % interval of the mean over {} replications (Student t); differences \
             are paired.",
            results.replications_told()
        )
    } else {
        "One replication: points without intervals.".to_owned()
    });
    if about.closed_loop_users > 0 {
        notes.push(CLOSED_LOOP.to_owned());
    }
    if comparison.policies.iter().any(|policy| policy.on_frontier) {
        notes.push("* no other policy is both as cheap and as fast.".to_owned());
    }
    if let (words, Figure::SloLatency) = slo_figure(results) {
        let name = words.split('\n').next().unwrap_or_default();
        notes.push(format!("{name} is of all requests, those that fail infinitely late (-)"));
    }
    let chance = |policy: &Compared| {
        let cost = policy.against(Figure::Cost);
        cost.and_then(|against| against.p_corrected).is_some_and(|p| p > 0.05)
    };
    if comparison.policies.iter().any(chance) {
        notes.push("~ may be chance (paired t test at 5 %, Holm-corrected).".to_owned());
    }
    for policy in comparison.policies.iter().filter(|policy| policy.sees_future) {
        notes.push(format!(
            "{} sees the future: a feasible reference, neither a choice nor a bound.",
            policy.name
        ));
    }
    if let Some(bound) = Estimate::of(&results.references.work_bound) {
        notes.push(format!(
            "Work bound {} {}: no policy that keeps the SLO can cost less.",
            human(bound.mean, 3),
            currency(about.price.currency())
        ));
    }
    notes.extend(failures(comparison));
    if !results.complete {
        notes.push(INCOMPLETE.to_owned());
    }
    notes
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

/// Where replicas failed: how many, and what was lost.
fn failures(comparison: &Comparison) -> Option<String> {
    let mean = |policy: &Compared, figure| policy.estimate(figure).map_or(0.0, |e| e.mean);
    if comparison.policies.iter().all(|policy| mean(policy, Figure::Failures) == 0.0) {
        return None;
    }
    let each: Vec<String> = comparison
        .policies
        .iter()
        .map(|policy| {
            let [failed, lost] =
                [Figure::Failures, Figure::Lost].map(|figure| whole(mean(policy, figure)));
            format!("{} {failed}, {lost}", policy.name)
        })
        .collect();
    let each = each.join("; ");
    Some(format!("Replicas failed, requests lost with replicas, per replication: {each}."))
}

pub(super) fn verdict(results: &Results, comparison: &Comparison) -> String {
    let Some(base) = comparison.policies.get(comparison.baseline) else {
        return "no policies".to_owned();
    };
    let Some(terms) = results.about.slo else {
        return format!("base for comparison: {} (no SLO is stated)", base.name);
    };
    let slo = slo_text(&terms);
    if base.verdict.ruling != Ruling::Met {
        return format!("verdict: no policy keeps {slo}; base for comparison: {}", base.name);
    }
    let price = base.estimate(comparison.cost.figure()).map_or(f64::NAN, |e| e.mean);
    let unit = match comparison.cost {
        CostBy::Money => currency(results.about.price.currency()),
        CostBy::BilledHours => "replica-hours".to_owned(),
    };
    let price = human(price, digits(price));
    format!("verdict: {} is the cheapest policy that keeps {slo}, at {price} {unit}", base.name)
}

/// `p99 < 300ms and errors < 0.1%`.
pub(super) fn slo_text(terms: &SloTerms) -> String {
    let latency = terms.latency.map(|slo| {
        format!("p{} < {}", human_quantile(slo.quantile), slo.limit) //
    });
    let errors = terms.errors.map(|share| format!("errors < {}%", human_quantile(share)));
    match (latency, errors) {
        (Some(latency), Some(errors)) => format!("{latency} and {errors}"),
        (Some(one), None) | (None, Some(one)) => one,
        (None, None) => "nothing".to_owned(),
    }
}

/// 0.99 as `99`, 0.999 as `99.9`.
pub(super) fn human_quantile(share: f64) -> String {
    plain(100.0 * share, 6)
}

/// Adds a line, broken at spaces to fit.
fn wrapped(out: &mut String, text: &str) {
    let mut column = 0;
    for word in text.split_whitespace() {
        let width = word.chars().count();
        if column > 0 && column + 1 + width > usize::from(WIDTH) {
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
    use autosim_engine::simulation::Slo;
    use autosim_engine::units::Span;

    #[test]
    fn it_fits_eighty_columns_and_answers_the_question() {
        let (results, comparison) = sample::comparison();
        let text = table(&results, &comparison);
        for line in text.lines() {
            assert!(line.chars().count() <= 80, "{} columns: {line}", line.chars().count());
        }
        assert!(text.lines().count() <= 24, "more than one screen:\n{text}");
        assert!(text.contains("is the cheapest policy that keeps p99 < 300ms"), "{text}");
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

    #[test]
    fn the_column_is_the_percentile_of_the_slo() {
        for (quantile, head, figure) in [
            (0.95, "p95", Figure::LatencyP95),
            (0.99, "p99", Figure::LatencyP99),
            (0.999, "p99.9", Figure::LatencyP999),
            (0.97, "p97", Figure::SloLatency),
        ] {
            let mut results = sample::results();
            let slo = Slo { quantile, limit: Span::from_millis(300) };
            results.about.slo = Some(SloTerms { latency: Some(slo), errors: None });
            let comparison = Comparison::of(&results);
            let text = table(&results, &comparison);
            let columns = |line: &str| -> Vec<String> {
                line.split_whitespace().map(str::to_owned).collect()
            };
            let line = |start: &str| text.lines().find(|line| line.starts_with(start)).unwrap();
            assert_eq!(columns(line("policy "))[3], head, "{text}");
            let page = crate::markdown(&results, &comparison);
            assert!(page.contains(&format!("| p50 ms | {head} ms |")), "{page}");
            assert!(
                page.contains(&with_interval(comparison.policies[1].estimate(figure))),
                "{page}"
            );
            let shown = with_interval(comparison.policies[1].estimate(figure));
            let mean = shown.split_whitespace().next().unwrap();
            let steady = columns(line("steady"));
            let after_verdict =
                steady.iter().position(|c| c == "met" || c == "MISSED").unwrap() + 3;
            assert_eq!(steady[after_verdict], mean, "{text}");
            assert_eq!(text.contains("infinitely late"), figure == Figure::SloLatency, "{text}");
        }
        let mut results = sample::results();
        results.about.slo = None;
        let text = table(&results, &Comparison::of(&results));
        assert!(text.contains(" p99 "), "{text}");
    }

    #[test]
    fn one_replication_says_that_it_has_no_intervals() {
        let mut results = sample::results();
        for policy in &mut results.policies {
            policy.rows.truncate(1);
        }
        let text = table(&results, &Comparison::of(&results));
        assert!(text.contains("points without intervals") && !text.contains('±'), "{text}");
    }

    #[test]
    fn long_and_wide_things_still_fit() {
        let mut results = sample::results();
        results.policies[1].name = "a-policy-with-a-rather-long-and-telling-name".into();
        results.about.price = "1234567 USD".parse().unwrap();
        let text = table(&results, &Comparison::of(&results));
        assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    }
}
