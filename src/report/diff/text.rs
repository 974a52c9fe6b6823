//! A difference in words, and as one object.

use super::{Difference, Divergence, Paired, Parting, Unpaired, Why};
use crate::number::{human, plain};
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
        format!("{policy}: {column}: {} -> {}{change}", shown(old), shown(new))
    });
    section("results", results.collect(), none);
    let parts = found.parts.iter().map(|part| {
        let Parting { policy, time_s, there, here } = part;
        format!("{policy}: from {time_s} s on: {} -> {}", shown(there), shown(here))
    });
    section("decisions", parts.collect(), none);
    if top > 0 {
        let largest = found.divergences.iter().take(top).map(|one| {
            let Divergence { policy, from_s, to_s, furthest: (a, b), replica_hours } = one;
            let (from, to) = (plain(*from_s, 3), plain(*to_s, 3));
            let hours = human(*replica_hours, 3);
            format!("{policy}: {from} s to {to} s, up to {a} -> {b}, {hours} replica-hours apart")
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
    (old != 0.0).then(|| format!("{:+.1} %", 100.0 * (new / old - 1.0)))
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
