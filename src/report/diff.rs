//! Two runs beside each other: what changed in their inputs and results, and where decisions part.

mod decided;
mod pairs;
mod text;

use autosim_engine::units::{Time, WallClock};
use decided::{Decided, Log, divergences, log, parting};
use pairs::pair;
use serde_json::Value;

pub use decided::{Divergence, Parting};
pub use pairs::{Paired, Unpaired, Why};
pub(crate) use pairs::{Row, rows};
pub use text::{diff_json, diff_text};

/// What a run left, as text.
#[derive(Debug, Clone, PartialEq)]
pub struct Left {
    /// `manifest.json`.
    pub manifest: Value,
    /// `summary.csv`.
    pub summary: String,
    /// `decisions.csv`.
    pub decisions: String,
    /// The one policy of it that is to be compared; `None` = all.
    pub policy: Option<String>,
}

/// What is different between two runs.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Difference {
    /// Keys of the resolved scenario, seeds and hashes: path, there, here. `null` = absent.
    pub inputs: Vec<(String, Value, Value)>,
    /// Which policy was compared with which.
    pub pairs: Vec<Paired>,
    /// Policy, column, there, here.
    pub results: Vec<(String, String, String, String)>,
    /// The first decision on which the two of a pair part.
    pub parts: Vec<Parting>,
    /// Where they wanted different numbers, the most replica-hours apart first.
    pub divergences: Vec<Divergence>,
    /// Policies that were compared with nothing.
    pub alone: Vec<(String, Unpaired)>,
    /// The wall clock of both; nothing is known of it where theirs differ.
    pub clock: WallClock,
    /// When the shorter one ends.
    pub end: Time,
}

/// Why two runs cannot be compared; nothing was.
#[derive(Debug, thiserror::Error)]
pub enum DiffError {
    /// A table of a run is none.
    #[error("a table of a run cannot be read: {0}")]
    Table(#[from] csv::Error),
    /// A policy was named that the run does not have.
    #[error("the run has no policy `{name}`: {known}")]
    NoSuchPolicy {
        /// As given.
        name: String,
        /// Those there are.
        known: String,
    },
    /// One side was named, and the other has several.
    #[error(
        "with which policy of the other run is `{name}` to be compared? write RUN:POLICY for both: {known}"
    )]
    WithWhich {
        /// Of the side that was named.
        name: String,
        /// Those of the other side.
        known: String,
    },
}

/// Compares two runs; `a` is the one before.
///
/// # Errors
/// A table that cannot be read, a policy that is not there.
pub fn difference(a: &Left, b: &Left) -> Result<Difference, DiffError> {
    let (there, here) = (rows(&a.summary)?, rows(&b.summary)?);
    let (pairs, alone) = pair(&there, &here, a.policy.as_deref(), b.policy.as_deref())?;
    let mut found = Difference { alone, ..Difference::default() };
    for key in ["autosim", "seed", "replications", "complete", "inputs"] {
        differing(key, &a.manifest[key], &b.manifest[key], &mut found.inputs);
    }
    let renamed = as_named_in_a(&pairs, &a.manifest["resolved"], &b.manifest["resolved"]);
    differing("resolved", &a.manifest["resolved"], &renamed, &mut found.inputs);
    let (old, new) = (log(&a.decisions)?, log(&b.decisions)?);
    let end_s = |side: &Left| side.manifest["end_s"].as_f64().unwrap_or(f64::INFINITY);
    let end_s = end_s(a).min(end_s(b));
    found.end = Time::from_secs_f64(end_s);
    let start = |side: &Left| WallClock::parse(side.manifest["start"].as_str()?).ok();
    found.clock = start(a).filter(|clock| start(b).as_ref() == Some(clock)).unwrap_or_default();
    for pair in &pairs {
        figures(pair, (&there, &here), &mut found.results);
        for (label, old, new) in logs(pair, &old, &new) {
            found.parts.extend(parting(&label, old, new));
            found.divergences.extend(divergences(&label, old, new, end_s));
        }
    }
    found.divergences.sort_by(|a, b| b.replica_hours.total_cmp(&a.replica_hours));
    found.pairs = pairs;
    Ok(found)
}

/// The second scenario, with the policies that have another name in the first under that name.
fn as_named_in_a(pairs: &[Paired], a: &Value, b: &Value) -> Value {
    let mut renamed = b.clone();
    let Some(policies) = renamed["policies"].as_object_mut() else { return b.clone() };
    for Paired { a: old, b: new, .. } in pairs {
        if old != new
            && !policies.contains_key(old)
            && a["policies"].get(old).is_some()
            && let Some(policy) = policies.remove(new)
        {
            policies.insert(old.clone(), policy);
        }
    }
    renamed
}

/// The figures of a pair that differ, service by service; services of other names by their place.
fn figures(
    pair: &Paired,
    (there, here): (&[Row], &[Row]),
    found: &mut Vec<(String, String, String, String)>,
) {
    let of = |rows: &'_ [Row], policy: &str| -> Vec<Row> {
        rows.iter().filter(|row| row.policy == policy).cloned().collect()
    };
    let (old, new) = (of(there, &pair.a), of(here, &pair.b));
    for (place, before) in old.iter().enumerate() {
        let same = new.iter().find(|after| after.service == before.service);
        let Some(after) = same.or(new.get(place).filter(|_| old.len() == new.len())) else {
            continue;
        };
        let label = match before.service.as_str() {
            "" => pair.label(),
            service => format!("{}/{service}", pair.label()),
        };
        let mut differs = |column: &str, old: &str, new: &str| {
            if old != new && column != "policy" {
                found.push((label.clone(), column.to_owned(), old.to_owned(), new.to_owned()));
            }
        };
        let cell = |row: &Row, name: &str| {
            row.cells.iter().find(|(column, _)| column == name).map(|(_, value)| value.clone())
        };
        for (column, new) in &after.cells {
            if cell(before, column).is_none() {
                differs(column, "", new);
            }
        }
        for (column, old) in &before.cells {
            differs(column, old, &cell(after, column).unwrap_or_default());
        }
    }
}

/// The decisions of a pair, service by service, where either took any.
fn logs<'a>(
    pair: &Paired,
    old: &'a Log,
    new: &'a Log,
) -> Vec<(String, &'a [Decided], &'a [Decided])> {
    let of = |log: &'a Log, policy: &str| -> Vec<(&'a str, &'a [Decided])> {
        let own = log.iter().filter(|((name, _), _)| name == policy);
        own.map(|((_, service), all)| (service.as_str(), all.as_slice())).collect()
    };
    let (old, new) = (of(old, &pair.a), of(new, &pair.b));
    let one = |(place, (service, before)): (usize, &(&str, &'a [Decided]))| {
        let same = new.iter().find(|(name, _)| name == service);
        let (_, after) = same.or(new.get(place).filter(|_| old.len() == new.len()))?;
        Some((format!("{}/{service}", pair.label()), *before, *after))
    };
    old.iter().enumerate().filter_map(one).collect()
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

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

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
            policy: None,
        }
    }

    #[test]
    fn equal_runs_have_no_difference() {
        let one = left(3, "1.5", "a,s,1,10,3,recommend,x\n");
        let found = difference(&one, &one).unwrap();
        let (pairs, end) = (found.pairs.clone(), found.end);
        let nothing = Difference { pairs, end, ..Difference::default() };
        assert_eq!(found, nothing);
        assert_eq!(diff_text(&found, 5).matches("no difference").count(), 4);
    }

    #[test]
    fn inputs_results_and_the_first_other_decision_are_named() {
        let one = left(3, "1.5", "a,s,1,10,3,recommend,x\na,s,1,20,4,bounds,y\na,s,2,5,9,mode,z\n");
        let other = left(4, "3", "a,s,1,10,3,recommend,x\na,s,1,20,5,recommend,w\n");
        let text = diff_text(&difference(&one, &other).unwrap(), 0);
        assert_eq!(
            text,
            "inputs\n  policies.a.fixed.replicas: 3 -> 4\n\
             results\n  a: cost: 1.5 -> 3 (+100.0 %)\n\
             decisions\n  a/s: from 20s on: 4 (bounds: y) -> 5 (recommend: w)\n"
        );
    }

    #[test]
    fn figures_and_instants_are_told_as_people_count() {
        let summary = |values: &str| {
            format!("policy,latency_p99_ms,cost,minutes_at_cap,failed_share\na,{values}\n")
        };
        let log = "a,s,1,43200.000000001,4,bounds,y\n";
        let later = "a,s,1,50000,4,bounds,y\n";
        let (mut one, mut other) = (left(3, "1", log), left(3, "1", later));
        one.summary = summary("1033.4567,1.5,20,0.1");
        other.summary = summary("43000.1234,1.5000004,48.5,4.2");
        for side in [&mut one, &mut other] {
            side.manifest["start"] = json!("2026-03-02T00:00:00+08:00");
            side.manifest["end_s"] = json!(86_400.0);
        }
        let text = diff_text(&difference(&one, &other).unwrap(), 1);
        for part in [
            "a: latency_p99: 1 s -> 43 s (×41.6)\n",
            "a: cost: 1.5 -> 1.5000004 (+0.0 %)\n",
            "a: minutes_at_cap: 20m -> 48m 30s (+142.5 %)\n",
            "a: failed_share: 0.1 -> 4.2 (×42.0)\n",
            "a/s: from Mon 12:00:00 on: 4 (bounds: y) -> nothing\n",
        ] {
            assert!(text.contains(part), "{part}\n{text}");
        }
        // Two runs with clocks of their own have no time of day in common.
        other.manifest["start"] = json!("2026-03-03T00:00:00+08:00");
        let text = diff_text(&difference(&one, &other).unwrap(), 1);
        assert!(text.contains("a/s: from 12h on: 4"), "{text}");
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

    #[test]
    fn policies_of_other_names_are_compared_and_what_is_not_is_said() {
        let old = left(3, "1.5", "a,s,1,10,3,recommend,x\n");
        let mut new = left(4, "3", "b,s,1,10,5,recommend,x\n");
        new.summary = new.summary.replace("a,3", "b,3");
        new.manifest["resolved"]["policies"] = json!({ "b": { "fixed": { "replicas": 4 } } });
        let text = diff_text(&difference(&old, &new).unwrap(), 0);
        assert_eq!(
            text,
            "inputs\n  policies.a.fixed.replicas: 3 -> 4\n\
             compared\n  a with b: the only one of each run\n\
             results\n  a -> b: cost: 1.5 -> 3 (+100.0 %)\n\
             decisions\n  a -> b/s: from 10s on: 3 (recommend: x) -> 5 (recommend: x)\n"
        );
        // Nothing to pair: no difference would be a lie.
        let three = "policy,kind,cost\nb,x,1\nc,x,1\nd,x,1\n".to_owned();
        let strangers = Left { summary: three, ..new };
        let text = diff_text(&difference(&old, &strangers).unwrap(), 3);
        assert_eq!(text.matches("nothing was compared").count(), 3, "{text}");
        assert!(text.contains("not compared: a, of the first run\n"), "{text}");
        assert!(text.contains("not compared: d, of the second run\n"), "{text}");
        let chosen = Left { policy: Some("c".into()), ..strangers };
        let text = diff_text(&difference(&old, &chosen).unwrap(), 0);
        assert!(text.contains("a with c: as asked\n") && text.contains("a -> c: cost"), "{text}");
        assert!(text.contains("not compared: b, of the second run\n"), "{text}");
    }
}
