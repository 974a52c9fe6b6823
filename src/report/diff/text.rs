//! A difference in words, and as one object.

use super::{Difference, Divergence, Paired, Parting, Unpaired, Why};
use crate::number::{group, human, significant, times};
use crate::when::When;
use autosim_engine::units::{Span, Time};
use autosim_study::experiment::{Figure, Kind};
use serde_json::{Value, json};

/// A difference for people, with the `top` largest divergences of decisions. Of the results only means are
/// listed, not their intervals.
pub fn diff_text(found: &Difference, top: usize) -> String {
    let mut text = String::new();
    let mut section = |title: &str, lines: Vec<String>, none: &str| {
        text.push_str(&format!("{title}\n"));
        for line in &lines {
            text.push_str(&format!("  {line}\n"));
        }
        if lines.is_empty() {
            text.push_str(&format!("  {none}\n"));
        }
    };
    let none = match found.pairs.is_empty() {
        true => "nothing was compared: the runs have no policy in common (RUN:POLICY chooses two)",
        false => "no difference",
    };
    let inputs = found.inputs.iter().map(|(path, a, b)| format!("{path}: {a} -> {b}"));
    section("inputs", inputs.collect(), "no difference");
    let pairs = found.pairs.iter().filter(|pair| pair.why != Why::Name);
    let pairs = pairs.map(|Paired { a, b, why }| format!("{a} with {b}: {}", why.words()));
    let alone =
        found.alone.iter().map(|(name, which)| format!("not compared: {name}, of {}", run(*which)));
    let compared: Vec<String> = pairs.chain(alone).collect();
    if !compared.is_empty() {
        section("compared", compared, "");
    }
    let is_mean = |column: &str| !column.contains("_ci95_") && !column.contains("_vs_baseline");
    let results = found.results.iter().filter(|(_, column, ..)| is_mean(column));
    let results = results.map(|(policy, column, old, new)| {
        let change = relative(old, new).map_or_else(String::new, |c| format!(" ({c})"));
        let (column, old, new) = figures(column, old, new);
        format!("{policy}: {column}: {old} -> {new}{change}")
    });
    let when = When { clock: &found.clock, end: found.end };
    section("results", results.collect(), none);
    let parts = found.parts.iter().map(|part| {
        let Parting { policy, time_s, there, here } = part;
        let at = Time::from_secs_f64(time_s.parse().unwrap_or_default());
        format!("{policy}: from {} on: {} -> {}", when.instant(at), shown(there), shown(here))
    });
    section("decisions", parts.collect(), none);
    if top > 0 {
        let largest = found.divergences.iter().take(top).map(|one| {
            let Divergence { policy, from_s, to_s, furthest: (a, b), replica_hours } = one;
            let stretch = when.stretch(Time::from_secs_f64(*from_s), Time::from_secs_f64(*to_s));
            let hours = human(*replica_hours, 3);
            format!("{policy}: {stretch}, up to {a} -> {b}, {hours} replica-hours apart")
        });
        section("largest divergences", largest.collect(), none);
    }
    text
}

const fn run(which: Unpaired) -> &'static str {
    match which {
        Unpaired::A => "the first run",
        Unpaired::B => "the second run",
    }
}

fn shown(cell: &str) -> &str {
    if cell.is_empty() { "nothing" } else { cell }
}

fn relative(old: &str, new: &str) -> Option<String> {
    let (old, new): (f64, f64) = (old.parse().ok()?, new.parse().ok()?);
    let change = new / old - 1.0;
    let factor = || times(change).unwrap_or_else(|| format!("{:+.1} %", 100.0 * change));
    (old != 0.0).then(factor)
}

/// Two figures of a column in units people use, with as many digits as tell them apart.
fn figures<'a>(column: &'a str, old: &str, new: &str) -> (&'a str, String, String) {
    let both = [old, new];
    let told = |number: &dyn Fn(f64) -> String| {
        both.map(|cell| cell.parse().map_or_else(|_| shown(cell).to_owned(), number))
    };
    let known = Figure::ALL.iter().find(|figure| figure.column() == column);
    if let Some(unit) = known.and_then(|figure| seconds(figure.kind())) {
        let [a, b] = told(&|value| Span::from_secs_f64(value * unit).told());
        if a != b {
            return (column.strip_suffix("_ms").unwrap_or(column), a, b);
        }
    }
    let mut apart = (4..12).map(|digits| told(&|value| group(&significant(value, digits))));
    let [a, b] = apart.find(|[a, b]| a != b).unwrap_or_else(|| both.map(str::to_owned));
    (column, a, b)
}

/// What a figure of time counts, in seconds.
const fn seconds(kind: Kind) -> Option<f64> {
    match kind {
        Kind::Milliseconds => Some(1e-3),
        Kind::Minutes => Some(60.0),
        Kind::Count
        | Kind::Hours
        | Kind::Money
        | Kind::Percent
        | Kind::Ratio
        | Kind::Replicas
        | Kind::Share => None,
    }
}

/// The same as one object, with all divergences.
pub fn diff_json(found: &Difference) -> Value {
    let inputs = found.inputs.iter().map(|(path, a, b)| json!({ "key": path, "a": a, "b": b }));
    let pairs =
        found.pairs.iter().map(|pair| json!({ "a": pair.a, "b": pair.b, "why": pair.why.words() }));
    let results = found.results.iter().map(
        |(policy, column, a, b)| json!({ "policy": policy, "column": column, "a": a, "b": b }),
    );
    let parts = found.parts.iter().map(|part| {
        json!({
            "policy": part.policy,
            "time_s": part.time_s.parse::<f64>().ok(),
            "a": part.there,
            "b": part.here,
        })
    });
    let divergences = found.divergences.iter().map(|one| {
        json!({
            "policy": one.policy,
            "from_s": one.from_s,
            "to_s": one.to_s,
            "a": one.furthest.0,
            "b": one.furthest.1,
            "replica_hours": one.replica_hours,
        })
    });
    let alone = found.alone.iter().map(|(policy, which)| {
        let side = match which {
            Unpaired::A => "a",
            Unpaired::B => "b",
        };
        json!({ "policy": policy, "only": side })
    });
    json!({
        "inputs": inputs.collect::<Vec<_>>(),
        "compared": pairs.collect::<Vec<_>>(),
        "policies_of_one_run": alone.collect::<Vec<_>>(),
        "results": results.collect::<Vec<_>>(),
        "decisions_part": parts.collect::<Vec<_>>(),
        "divergences": divergences.collect::<Vec<_>>(),
    })
}
