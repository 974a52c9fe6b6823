//! The decisions of two policies beside each other: where they part, and where they are furthest apart.

use crate::number::plain;
use std::collections::BTreeMap;

/// The first decision on which two policies differ.
#[derive(Debug, Clone, PartialEq)]
pub struct Parting {
    /// The policy, or both, and the service.
    pub policy: String,
    /// Seconds from the start.
    pub time_s: String,
    /// What it decided there, with the reason; empty if it decided nothing then.
    pub there: String,
    /// What it decided here.
    pub here: String,
}

/// A stretch of time in which one of two policies wanted more than the other.
#[derive(Debug, Clone, PartialEq)]
pub struct Divergence {
    /// The policy, or both, and the service.
    pub policy: String,
    /// Seconds from the start.
    pub from_s: f64,
    /// Seconds from the start.
    pub to_s: f64,
    /// What was wanted there and here where they were furthest apart.
    pub furthest: (u32, u32),
    /// How far apart they were, over the stretch.
    pub replica_hours: f64,
}

/// A decision of the first replication that changed the number or the stage that decided.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Decided {
    time_s: String,
    before: Option<u32>,
    desired: u32,
    /// The number with the reason.
    what: String,
}

/// By policy and service.
pub(super) type Log = BTreeMap<(String, String), Vec<Decided>>;

/// Reads `decisions.csv`.
pub(super) fn log(decisions: &str) -> Result<Log, csv::Error> {
    let mut csv = csv::Reader::from_reader(decisions.as_bytes());
    let header = csv.headers()?.clone();
    let mut rows = Log::new();
    let mut last: BTreeMap<(String, String), (String, String)> = BTreeMap::new();
    for record in csv.records() {
        let record = record?;
        let cell = |name: &str| {
            let at = header.iter().position(|column| column == name);
            at.and_then(|at| record.get(at)).unwrap_or_default()
        };
        if cell("replication") != "1" {
            continue;
        }
        let (desired, stage) = (cell("desired"), cell("reason_stage"));
        let whose = (cell("policy").to_owned(), cell("service").to_owned());
        let kept = (desired.to_owned(), stage.to_owned());
        // As the shorter of the two logs: what changed neither number nor stage tells nothing apart.
        if last.insert(whose.clone(), kept.clone()).as_ref() != Some(&kept) {
            rows.entry(whose).or_default().push(Decided {
                time_s: cell("time_s").to_owned(),
                before: cell("desired_before").parse().ok(),
                desired: desired.parse().unwrap_or_default(),
                what: match cell("reason") {
                    "" => format!("{desired} ({stage})"),
                    reason => format!("{desired} ({stage}: {reason})"),
                },
            });
        }
    }
    Ok(rows)
}

impl Decided {
    fn at(&self) -> Option<f64> {
        self.time_s.parse().ok()
    }
}

/// Where the two part, if they do.
pub(super) fn parting(policy: &str, old: &[Decided], new: &[Decided]) -> Option<Parting> {
    let same = |(a, b): &(&Decided, &Decided)| a.time_s == b.time_s && a.what == b.what;
    let same = old.iter().zip(new).take_while(same).count();
    let (old, new) = (old.get(same), new.get(same));
    let (at_old, at_new) = (old.and_then(Decided::at), new.and_then(Decided::at));
    let first = at_old.into_iter().chain(at_new).reduce(f64::min)?;
    let then = |row: Option<&Decided>, at: Option<f64>| match at {
        Some(at) if at <= first => row.map_or_else(String::new, |row| row.what.clone()),
        _ => String::new(),
    };
    Some(Parting {
        policy: policy.to_owned(),
        time_s: plain(first, 9),
        there: then(old, at_old),
        here: then(new, at_new),
    })
}

/// Every stretch in which the same one of the two wanted more.
pub(super) fn divergences(
    policy: &str,
    old: &[Decided],
    new: &[Decided],
    end_s: f64,
) -> Vec<Divergence> {
    let first = |log: &[Decided]| log.first().and_then(|one| one.before);
    let mut wanted = (first(old), first(new));
    let step = |one: &Decided, is_new: bool| Some((one.at()?, is_new, one.desired));
    let mut steps: Vec<(f64, bool, u32)> = old.iter().filter_map(|one| step(one, false)).collect();
    steps.extend(new.iter().filter_map(|one| step(one, true)));
    steps.sort_by(|a, b| a.0.total_cmp(&b.0));
    steps.push((end_s, true, 0));
    let mut found: Vec<Divergence> = Vec::new();
    let (mut from_s, mut open) = (0.0, false);
    for (at, is_new, desired) in steps {
        let at = at.min(end_s);
        if let (Some(there), Some(here)) = wanted
            && there != here
            && at > from_s
        {
            let apart = f64::from(there.abs_diff(here));
            let last = found.last_mut().filter(|last| {
                open && (last.furthest.0 > last.furthest.1) == (there > here) //
            });
            let hours = apart * (at - from_s) / 3600.0;
            match last {
                Some(last) => {
                    (last.to_s, last.replica_hours) = (at, last.replica_hours + hours);
                    if there.abs_diff(here) > last.furthest.0.abs_diff(last.furthest.1) {
                        last.furthest = (there, here);
                    }
                }
                None => found.push(Divergence {
                    policy: policy.to_owned(),
                    from_s,
                    to_s: at,
                    furthest: (there, here),
                    replica_hours: hours,
                }),
            }
            open = true;
        } else if at > from_s {
            open = false;
        }
        from_s = at;
        if is_new { wanted.1 = Some(desired) } else { wanted.0 = Some(desired) }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stretches_are_as_far_apart_as_replica_hours_say() {
        let one = |time: &str, before, desired| Decided {
            time_s: time.to_owned(),
            before: Some(before),
            desired,
            what: String::new(),
        };
        let old = [one("3600", 2, 4), one("10800", 4, 2)];
        let new = [one("7200", 2, 9), one("14400", 9, 2)];
        let found = divergences("p", &old, &new, 18_000.0);
        let told: Vec<_> =
            found.iter().map(|d| (d.from_s, d.to_s, d.furthest, d.replica_hours)).collect();
        // 2 apart for an hour; then the other way round, 5 and 7 apart for an hour each.
        assert_eq!(told, [(3600.0, 7200.0, (4, 2), 2.0), (7200.0, 14_400.0, (2, 9), 12.0)]);
        assert_eq!(divergences("p", &old, &old, 18_000.0), []);
        // What was wanted before the first decision is not known without its column.
        let unknown = [Decided { before: None, ..one("9000", 0, 3) }];
        let found = divergences("p", &unknown, &[one("3600", 2, 3)], 18_000.0);
        assert_eq!(found, []);
    }
}
