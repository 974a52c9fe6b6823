//! Two runs beside each other: what changed in their inputs and results, and where decisions part.

use super::number::plain;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// What a run left, as text.
#[derive(Debug, Clone, PartialEq)]
pub struct Left {
    /// `manifest.json`.
    pub manifest: Value,
    /// `summary.csv`.
    pub summary: String,
    /// `decisions.csv`.
    pub decisions: String,
}

/// What is different between two runs.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Difference {
    /// Keys of the resolved scenario, seeds and hashes: path, there, here. `null` = absent.
    pub inputs: Vec<(String, Value, Value)>,
    /// Policy, column, there, here.
    pub results: Vec<(String, String, String, String)>,
    /// Where the decisions of policies of both runs part.
    pub parts: Vec<Parting>,
    /// Policies of only one of the runs, and which one: `a` or `b`.
    pub alone: Vec<(String, char)>,
}

/// The first decision on which two runs of a policy differ.
#[derive(Debug, Clone, PartialEq)]
pub struct Parting {
    /// The policy.
    pub policy: String,
    /// Seconds from the start.
    pub time_s: String,
    /// What it decided there, with the reason; empty if it decided nothing then.
    pub there: String,
    /// What it decided here.
    pub here: String,
}

/// Compares two runs; `a` is the one before.
///
/// # Errors
/// A table that cannot be read.
pub fn difference(a: &Left, b: &Left) -> Result<Difference, csv::Error> {
    let mut found = Difference::default();
    for key in ["autosim", "seed", "replications", "complete", "inputs", "resolved"] {
        differing(key, &a.manifest[key], &b.manifest[key], &mut found.inputs);
    }
    let (there, here) = (by_policy(&a.summary)?, by_policy(&b.summary)?);
    for name in there.keys().filter(|name| !here.contains_key(*name)) {
        found.alone.push((name.clone(), 'a'));
    }
    for name in here.keys().filter(|name| !there.contains_key(*name)) {
        found.alone.push((name.clone(), 'b'));
    }
    for (name, before) in &there {
        let Some(after) = here.get(name) else { continue };
        let columns = after.iter().filter(|(known, _)| !before.iter().any(|(c, _)| c == known));
        for (column, new) in columns {
            found.results.push((name.clone(), column.clone(), String::new(), new.clone()));
        }
        for (column, old) in before {
            let new = after.iter().find(|(known, _)| known == column).map_or("", |(_, new)| new);
            if old != new {
                found.results.push((name.clone(), column.clone(), old.clone(), new.to_owned()));
            }
        }
    }
    found.parts = partings(&a.decisions, &b.decisions)?;
    Ok(found)
}

/// Paths at which two values differ.
fn differing(path: &str, a: &Value, b: &Value, found: &mut Vec<(String, Value, Value)>) {
    match (a, b) {
        (a, b) if a == b => {}
        (Value::Object(old), Value::Object(new)) => {
            let added = new.keys().filter(|key| !old.contains_key(*key));
            for key in old.keys().chain(added) {
                let null = &Value::Null;
                let (a, b) = (old.get(key).unwrap_or(null), new.get(key).unwrap_or(null));
                differing(&format!("{path}.{key}"), a, b, found);
            }
        }
        (Value::Array(old), Value::Array(new)) if old.len() == new.len() => {
            for (at, (a, b)) in old.iter().zip(new).enumerate() {
                differing(&format!("{path}.{at}"), a, b, found);
            }
        }
        _ => {
            let path = path.strip_prefix("resolved.").unwrap_or(path);
            found.push((path.to_owned(), a.clone(), b.clone()));
        }
    }
}

/// Rows of a summary by policy: column and cell, in order.
type ByPolicy = BTreeMap<String, Vec<(String, String)>>;

fn by_policy(summary: &str) -> Result<ByPolicy, csv::Error> {
    let mut csv = csv::Reader::from_reader(summary.as_bytes());
    let header = csv.headers()?.clone();
    let mut rows = ByPolicy::new();
    for record in csv.records() {
        let record = record?;
        let cells = header.iter().zip(&record).map(|(c, v)| (c.to_owned(), v.to_owned()));
        let cells: Vec<(String, String)> = cells.collect();
        let cell = |name: &str| cells.iter().find(|(c, _)| c == name).map(|(_, v)| v.clone());
        let service = cell("service").filter(|name| !name.is_empty());
        let policy = cell("policy").unwrap_or_default();
        let name = service.map_or_else(|| policy.clone(), |name| format!("{policy}/{name}"));
        rows.insert(name, cells);
    }
    Ok(rows)
}

/// Decisions of the first replication by policy and service: time, what was decided.
fn decided(decisions: &str) -> Result<BTreeMap<String, Vec<(String, String)>>, csv::Error> {
    let mut csv = csv::Reader::from_reader(decisions.as_bytes());
    let header = csv.headers()?.clone();
    let place = |name: &str| header.iter().position(|column| column == name);
    let places =
        ["policy", "service", "replication", "time_s", "desired", "reason_stage", "reason"]
            .map(place);
    let mut rows: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
    let mut last: BTreeMap<String, (String, String)> = BTreeMap::new();
    for record in csv.records() {
        let record = record?;
        let cell = |at: usize| places[at].and_then(|at| record.get(at)).unwrap_or_default();
        if cell(2) != "1" {
            continue;
        }
        let what = format!("{} ({}: {})", cell(4), cell(5), cell(6));
        let row = (cell(3).to_owned(), what);
        let kept = (cell(4).to_owned(), cell(5).to_owned());
        let policy = format!("{}/{}", cell(0), cell(1));
        // As the shorter of the two logs: what changed neither number nor stage tells nothing apart.
        if last.insert(policy.clone(), kept.clone()).as_ref() != Some(&kept) {
            rows.entry(policy).or_default().push(row);
        }
    }
    Ok(rows)
}

fn partings(a: &str, b: &str) -> Result<Vec<Parting>, csv::Error> {
    let (there, here) = (decided(a)?, decided(b)?);
    let mut found = Vec::new();
    for (policy, old) in &there {
        let Some(new) = here.get(policy) else { continue };
        let same = old.iter().zip(new).take_while(|(a, b)| a == b).count();
        let (old, new) = (old.get(same), new.get(same));
        let seconds = |row: Option<&(String, String)>| row.and_then(|(time, _)| time.parse().ok());
        let (at_old, at_new): (Option<f64>, Option<f64>) = (seconds(old), seconds(new));
        let Some(first) = at_old.into_iter().chain(at_new).reduce(f64::min) else { continue };
        let then = |row: Option<&(String, String)>, at: Option<f64>| match at {
            Some(at) if at <= first => row.map_or_else(String::new, |(_, what)| what.clone()),
            _ => String::new(),
        };
        found.push(Parting {
            policy: policy.clone(),
            time_s: plain(first, 9),
            there: then(old, at_old),
            here: then(new, at_new),
        });
    }
    Ok(found)
}

/// A difference for people. Of the results only means are listed, not their intervals.
pub fn diff_text(found: &Difference) -> String {
    let mut text = String::new();
    let mut section = |title: &str, lines: Vec<String>| {
        text.push_str(&format!("{title}\n"));
        for line in &lines {
            text.push_str(&format!("  {line}\n"));
        }
        if lines.is_empty() {
            text.push_str("  no difference\n");
        }
    };
    let which = |side: char| if side == 'a' { "the first run" } else { "the second run" };
    let alone = found.alone.iter().map(|(name, side)| format!("{name}: only in {}", which(*side)));
    let inputs = found.inputs.iter().map(|(path, a, b)| format!("{path}: {a} -> {b}"));
    section("inputs", inputs.chain(alone).collect());
    let is_mean = |column: &str| !column.contains("_ci95_") && !column.contains("_vs_baseline");
    let results = found.results.iter().filter(|(_, column, ..)| is_mean(column));
    section(
        "results",
        results
            .map(|(policy, column, old, new)| {
                let change = relative(old, new).map_or_else(String::new, |c| format!(" ({c})"));
                format!("{policy}: {column}: {} -> {}{change}", shown(old), shown(new))
            })
            .collect(),
    );
    let parts = found.parts.iter().map(|part| {
        let Parting { policy, time_s, there, here } = part;
        format!("{policy}: from {time_s} s on: {} -> {}", shown(there), shown(here))
    });
    section("decisions", parts.collect());
    text
}

fn shown(cell: &str) -> &str {
    if cell.is_empty() { "nothing" } else { cell }
}

fn relative(old: &str, new: &str) -> Option<String> {
    let (old, new): (f64, f64) = (old.parse().ok()?, new.parse().ok()?);
    (old != 0.0).then(|| format!("{:+.1} %", 100.0 * (new / old - 1.0)))
}

/// The same as one object.
pub fn diff_json(found: &Difference) -> Value {
    let inputs = found.inputs.iter().map(|(path, a, b)| json!({ "key": path, "a": a, "b": b }));
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
    let alone = found.alone.iter().map(|(policy, side)| json!({ "policy": policy, "only": side }));
    json!({
        "inputs": inputs.collect::<Vec<_>>(),
        "policies_of_one_run": alone.collect::<Vec<_>>(),
        "results": results.collect::<Vec<_>>(),
        "decisions_part": parts.collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn left(max: u32, cost: &str, decisions: &str) -> Left {
        Left {
            manifest: json!({
                "autosim": "0.1.0", "seed": 1,
                "resolved": { "policies": { "a": { "fixed": { "replicas": max } } }, "seed": 1 },
            }),
            summary: format!("policy,cost,cost_ci95_half\na,{cost},0.5\n"),
            decisions: format!(
                "policy,service,replication,time_s,desired,reason_stage,reason\n{decisions}"
            ),
        }
    }

    #[test]
    fn equal_runs_have_no_difference() {
        let one = left(3, "1.5", "a,s,1,10,3,recommend,x\n");
        let found = difference(&one, &one).unwrap();
        assert_eq!(found, Difference::default());
        assert_eq!(diff_text(&found).matches("no difference").count(), 3);
    }

    #[test]
    fn inputs_results_and_the_first_other_decision_are_named() {
        let one = left(3, "1.5", "a,s,1,10,3,recommend,x\na,s,1,20,4,bounds,y\na,s,2,5,9,mode,z\n");
        let other = left(4, "3", "a,s,1,10,3,recommend,x\na,s,1,20,5,recommend,w\n");
        let text = diff_text(&difference(&one, &other).unwrap());
        assert_eq!(
            text,
            "inputs\n  policies.a.fixed.replicas: 3 -> 4\n\
             results\n  a: cost: 1.5 -> 3 (+100.0 %)\n\
             decisions\n  a/s: from 20 s on: 4 (bounds: y) -> 5 (recommend: w)\n"
        );
    }

    #[test]
    fn a_decision_that_one_run_never_took_is_nothing_there() {
        let one = left(3, "1", "a,s,1,10,3,recommend,x\n");
        let other = left(3, "1", "");
        let found = difference(&one, &other).unwrap();
        assert_eq!(found.parts, []);
        let other = left(3, "1", "a,s,1,30,2,mode,idle\n");
        let parts = difference(&one, &other).unwrap().parts;
        assert_eq!((parts[0].time_s.as_str(), parts[0].here.as_str()), ("10", ""));
    }
}
