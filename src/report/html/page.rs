//! The words and tables of the page, for its template.

use super::data::data;
use super::search::Search;
use crate::manifest::to_repeat;
use crate::moments::lines;
use crate::notes::{INCOMPLETE, notes};
use crate::number::{currency, group, human, plain, times};
use crate::opening::opening;
use crate::table::{further_slos, tail_ms, tail_name, verdict};
use askama::Template;
use autosim_engine::control::Stage;
use autosim_engine::stats::Estimate;
use autosim_study::experiment::{About, Against, Compared, Comparison, Figure, Results, Ruling};
use std::io;

/// The page.
#[derive(Debug, Template)]
#[template(path = "report.html")]
pub(super) struct Page<'a> {
    name: &'a str,
    question: Option<&'a str>,
    verdict: String,
    incomplete: Option<&'static str>,
    search: Option<&'a Search>,
    worst: Vec<String>,
    facts: Vec<(&'static str, String)>,
    currency: String,
    rows: Vec<TableRow<'a>>,
    slo_text: Option<String>,
    tail: String,
    /// Some policy ran more than once: there are intervals.
    several: bool,
    notes: Vec<String>,
    /// `steady, the cheapest that keeps the SLO`.
    opening: String,
    policies: Vec<(&'a str, String)>,
    assumptions: &'a [String],
    inputs: &'a [(String, String)],
    texts: Vec<(&'a str, &'a str)>,
    resolved: String,
    stages: Vec<(&'static str, &'static str)>,
    not_modelled: &'static str,
    version: &'static str,
    style: &'static str,
    script: String,
    /// What it takes to run it again; `cli` finds it by the name of its element.
    run: String,
    data: String,
}

/// One policy in the table of the comparison.
#[derive(Debug)]
struct TableRow<'a> {
    name: &'a str,
    kind: &'a str,
    base: bool,
    frontier: bool,
    future: bool,
    /// `met`, `missed` or empty.
    slo: &'static str,
    met_in: String,
    cells: Vec<Cell>,
}

/// A figure, and below it the half width of its interval or nothing.
#[derive(Debug)]
struct Cell {
    value: String,
    spread: String,
    /// May be chance.
    chance: bool,
}

/// Policies whose worst moment is told at the top.
const WORST: usize = 3;

/// The parts of the script, in the order they are run: each uses only what is above it.
const SCRIPT: [&str; 9] = [
    include_str!("script/base.js"),
    include_str!("script/chart.js"),
    include_str!("script/label.js"),
    include_str!("script/frontier.js"),
    include_str!("script/timeline.js"),
    include_str!("script/decision.js"),
    include_str!("script/distribution.js"),
    include_str!("script/tables.js"),
    include_str!("script/start.js"),
];

/// Fills the page.
pub(super) fn page<'a>(
    results: &'a Results,
    comparison: &'a Comparison,
    search: Option<&'a Search>,
) -> io::Result<Page<'a>> {
    let about = &results.about;
    // `<` could end a script element; in JSON it may be written as an escape.
    let safe = |json: String| json.replace('<', "\\u003c");
    let data = safe(serde_json::to_string(&data(results, comparison))?);
    let run = safe(to_repeat(about).to_string());
    let name = |policy: &'a autosim_study::experiment::PolicyResults| {
        (policy.name.as_str(), format!("{:#}", policy.effective))
    };
    Ok(Page {
        name: &about.name,
        question: about.question.as_deref(),
        verdict: unbroken(&sentence(&verdict(results, comparison))),
        incomplete: (!results.complete).then_some(INCOMPLETE),
        search,
        worst: lines(results, comparison, WORST).iter().map(|line| unbroken(line)).collect(),
        facts: facts(results, comparison),
        currency: currency(about.price.currency()),
        rows: comparison
            .policies
            .iter()
            .enumerate()
            .map(|(at, policy)| row(policy, at == comparison.baseline))
            .collect(),
        slo_text: (!about.slo.is_empty()).then(|| about.slo.to_string()),
        tail: tail_name(results),
        several: comparison.policies.iter().any(|policy| policy.replications > 1),
        notes: further_slos(results, comparison)
            .into_iter()
            .chain(notes(results, comparison))
            .map(|note| unbroken(&note))
            .collect(),
        opening: opened(results, comparison),
        policies: results.policies.iter().map(name).collect(),
        assumptions: &about.assumptions,
        inputs: &about.inputs,
        texts: about.recipe.texts().collect(),
        resolved: format!("{:#}", about.resolved),
        stages: Stage::ALL.iter().map(|&stage| (stage.name(), meaning(stage))).collect(),
        not_modelled: NOT_MODELLED,
        version: env!("CARGO_PKG_VERSION"),
        style: include_str!("style.css"),
        script: SCRIPT.concat(),
        run,
        data,
    })
}

/// Numbers are not broken at their gaps, nor from their `%`.
fn unbroken(text: &str) -> String {
    let letters: Vec<char> = text.chars().collect();
    let digit = |at: Option<usize>| {
        at.and_then(|at| letters.get(at)).is_some_and(char::is_ascii_digit) //
    };
    let one = |(at, letter): (usize, &char)| {
        let number = *letter == ' ' && digit(at.checked_sub(1));
        let goes_on = digit(Some(at + 1)) || letters.get(at + 1) == Some(&'%');
        if number && goes_on { '\u{a0}' } else { *letter }
    };
    letters.iter().enumerate().map(one).collect()
}

fn opened(results: &Results, comparison: &Comparison) -> String {
    let (at, why) = opening(results, comparison);
    let name = comparison.policies.get(at).map_or("", |policy| &policy.name);
    format!("{name}, {why}")
}

const NOT_MODELLED: &str =
    "Not modelled: nodes under the replicas, calls between services, memory limits.";

fn meaning(stage: Stage) -> &'static str {
    match stage {
        Stage::Recommend => "the formula",
        Stage::Tolerance => "the dead band around the target",
        Stage::Stabilise => "the window of past recommendations",
        Stage::RateLimit => "how fast the count may change",
        Stage::Cooldown => "the pause after an action",
        Stage::Bounds => "minimum and maximum",
        Stage::Schedule => "a calendar's entry",
        Stage::Mode => "a mode: idle, activation",
        Stage::Combine => "the choice among several policies",
    }
}

/// `verdict: x` as `X.`.
fn sentence(text: &str) -> String {
    let text = text.strip_prefix("verdict: ").unwrap_or(text);
    let mut letters = text.chars();
    let first = letters.next().map(|letter| letter.to_string()).unwrap_or_default();
    // A policy's name keeps its letters.
    let ours = text.starts_with("no ") || text.starts_with("there ");
    let first = if ours { first.to_uppercase() } else { first };
    format!("{first}{}.", letters.as_str())
}

/// What was run, in a few words each.
/// Whether the figures are exact for their requests.
fn fidelity(about: &About) -> String {
    match about.fidelity.fluid {
        true => "fluid: approximate, by formulas".to_owned(),
        false => "exact: request by request".to_owned(),
    }
}

fn facts(results: &Results, comparison: &Comparison) -> Vec<(&'static str, String)> {
    let about = &results.about;
    let requests = group(&results.simulated_requests.to_string());
    let mut facts = vec![("fidelity", fidelity(about))];
    facts.extend(about.clock.start_told().map(|start| ("traffic from", start)));
    facts.extend([
        ("length", about.window.end.since(autosim_engine::units::Time::ZERO).to_string()),
        ("policies", comparison.policies.len().to_string()),
        ("replications", results.replications_told()),
        ("requests simulated", requests),
    ]);
    if about.closed_loop_users > 0 {
        facts.push(("closed loop, users", group(&about.closed_loop_users.to_string())));
    }
    if !results.complete {
        facts.push(("interrupted", "only finished cells are shown".to_owned()));
    }
    facts
}

fn row(policy: &Compared, base: bool) -> TableRow<'_> {
    let verdict = &policy.verdict;
    let slo = match verdict.ruling {
        Ruling::NotAsked => "",
        Ruling::Met => "met",
        Ruling::Missed => "missed",
    };
    let met_in = if slo.is_empty() || verdict.of < 2 {
        String::new()
    } else {
        let open = if verdict.undecided.is_some() { ", not decided" } else { "" };
        format!("{}/{}{open}", verdict.met_in, verdict.of)
    };
    let mut cells: Vec<Cell> = [
        (Figure::SloLatency, 1.0),
        (Figure::LatencyP50, 1.0),
        (Figure::LatencyP95, 1.0),
        (Figure::LatencyP99, 1.0),
        (Figure::FailedShare, 100.0),
        (Figure::SloMinutes, 100.0),
        (Figure::BilledHours, 1.0),
        (Figure::IdleHours, 1.0),
        (Figure::Cost, 1.0),
    ]
    .map(|(figure, scale)| figure_cell(policy.estimate(figure), scale))
    .into();
    match policy.estimate(Figure::SloLatency) {
        None if policy.has_traffic() => cells[0] = text("∞"),
        Some(tail) => {
            let limit = policy.verdict.latency.first().map(|one| one.slo.limit.as_millis_f64());
            cells[0].value = tail_ms(tail.mean, limit);
        }
        None => {}
    }
    for figure in [Figure::Cost, Figure::LatencyP99] {
        cells.push(if base { text("base") } else { change_cell(policy.against(figure)) });
    }
    for figure in [Figure::Actions, Figure::Reversals, Figure::PeakReplicas] {
        let count = policy.estimate(figure).map(|estimate| group(&plain(estimate.mean, 0)));
        cells.push(text(count.as_deref().unwrap_or("-")));
    }
    TableRow {
        name: &policy.name,
        kind: &policy.kind,
        base,
        frontier: policy.on_frontier,
        future: policy.sees_future,
        slo,
        met_in,
        cells,
    }
}

fn text(value: &str) -> Cell {
    Cell { value: value.to_owned(), spread: String::new(), chance: false }
}

fn figure_cell(estimate: Option<Estimate>, scale: f64) -> Cell {
    let Some(estimate) = estimate else { return text("-") };
    let mean = scale * estimate.mean;
    let value = if mean == 0.0 { "0".to_owned() } else { human(mean, 3) };
    let decimals = value.find('.').map_or(0, |at| value.len() - at - 1);
    let spread = estimate.half_width.map(|half| format!("±{:.decimals$}", scale * half));
    Cell { value, spread: spread.unwrap_or_default(), chance: false }
}

/// The relative difference to the base, paired by replication.
fn change_cell(against: Option<&Against>) -> Cell {
    let Some(against) = against else { return text("-") };
    let Some(change) = against.change else { return text("-") };
    let half = change.interval.map(|(low, high)| (high - low) / 2.0);
    let (value, spread) = match times(change.mean) {
        Some(factor) => (factor, half.map(|half| format!("±{half:.1}"))),
        None => {
            let percent = format!("{:+.1} %", 100.0 * change.mean);
            (percent, half.map(|half| format!("±{:.1} %", 100.0 * half)))
        }
    };
    Cell {
        value,
        spread: spread.unwrap_or_default(),
        chance: against.p_corrected.is_some_and(|p| p > 0.05),
    }
}
