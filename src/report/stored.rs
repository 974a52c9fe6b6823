//! What a run leaves for `explain` and for whoever likes lines of JSON: `decisions.jsonl`, `reactions.jsonl`
//! and `moments.jsonl`, written and read back. Numbers are in full, so that an explanation is the same
//! whether it is read here or the cell is run again.

use super::account::{Account, MomentTold, ReactionTold, Whose};
use super::explain::{Stand, parting};
use super::moments::worst;
use super::reaction::{Orders, reactions};
use autosim_engine::units::Time;
use autosim_study::experiment::{Details, PolicyResults, Results, ServiceDetails};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::fs;
use std::io::{self, Write};
use std::path::Path;

pub(super) const DECISIONS: &str = "decisions.jsonl";
pub(super) const REACTIONS: &str = "reactions.jsonl";
pub(super) const MOMENTS: &str = "moments.jsonl";

/// Of a policy's service in a replication at most so many decisions are written, the first ones: about ten
/// megabytes. Others are explained by running the cell again.
const MOST_DECISIONS: usize = 20_000;
/// At most so many moments, the worst ones.
const MOST_MOMENTS: usize = 1000;

/// A line of `reactions.jsonl`.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct ReactionLine {
    policy: String,
    service: String,
    replication: u32,
    /// `fluid` where it is that of a flow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    fidelity: Option<String>,
    #[serde(flatten)]
    told: ReactionTold,
}

/// A line of `moments.jsonl`: a stretch of bad intervals, and the worst of them.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct MomentLine {
    policy: String,
    service: String,
    replication: u32,
    /// `fluid` where it is that of a flow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    fidelity: Option<String>,
    #[serde(flatten)]
    told: MomentTold,
    worst_from_s: f64,
    worst_to_s: f64,
}

/// Every decision kept, with its whole trail.
pub(super) fn write_decisions(results: &Results, out: &mut dyn Write) -> io::Result<()> {
    for (policy, details, at, service) in all(results) {
        let whose = Whose {
            about: &results.about,
            policy: &policy.name,
            kind: &policy.kind,
            service: &service.service,
            replication: details.replication,
            signals: policy.signals(at),
            orders: Some(Orders::of(service)),
        };
        for record in service.decisions.iter().take(MOST_DECISIONS) {
            let mut account = Account::of_record(&whose, record);
            account.until_s = record.until.map(Time::as_secs_f64);
            line(out, &account)?;
        }
    }
    Ok(())
}

/// Every reaction of every service.
pub(super) fn write_reactions(results: &Results, out: &mut dyn Write) -> io::Result<()> {
    for (policy, details, _, service) in all(results) {
        for reaction in reactions(&results.about, service) {
            let told = ReactionTold::of(&reaction);
            let (policy, service) = (policy.name.clone(), service.service.clone());
            let (replication, fidelity) = (details.replication + 1, approximate(results));
            line(out, &ReactionLine { policy, service, replication, fidelity, told })?;
        }
    }
    Ok(())
}

/// The worst moments of the service the policies compete for, the worst first.
pub(super) fn write_moments(results: &Results, out: &mut dyn Write) -> io::Result<()> {
    for (policy, details, _, service) in all(results).filter(|(_, _, at, _)| *at == 0) {
        for moment in worst(&results.about, service, MOST_MOMENTS) {
            let interval = &moment.worst;
            let seconds = Time::as_secs_f64;
            let told = MomentLine {
                policy: policy.name.clone(),
                service: service.service.clone(),
                replication: details.replication + 1,
                fidelity: approximate(results),
                told: MomentTold::of(&moment, service),
                worst_from_s: seconds(interval.at),
                worst_to_s: seconds(interval.at.after(interval.length)),
            };
            line(out, &told)?;
        }
    }
    Ok(())
}

/// The fidelity, where it is not exact.
fn approximate(results: &Results) -> Option<String> {
    let fidelity = &results.about.fidelity;
    fidelity.fluid.then(|| fidelity.name().to_owned())
}

type Kept<'a> = (&'a PolicyResults, &'a Details, usize, &'a ServiceDetails);

/// Every service of every replication of which something was kept.
fn all(results: &Results) -> impl Iterator<Item = Kept<'_>> {
    let policies = results.policies.iter();
    let kept = policies.flat_map(|policy| policy.details.iter().map(move |one| (policy, one)));
    kept.flat_map(|(policy, details)| {
        let services = details.services.iter().enumerate();
        services.map(move |(at, service)| (policy, details, at, service))
    })
}

fn line(out: &mut dyn Write, value: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *out, value)?;
    out.write_all(b"\n")
}

/// What a run left of one replication of one service.
#[derive(Debug)]
pub struct Stored {
    decisions: Vec<Account>,
    reactions: Vec<ReactionLine>,
    moments: Vec<MomentLine>,
}

impl Stored {
    /// Reads what a folder holds of a service in a replication (from 1); `None` if a file is missing or is
    /// not ours.
    pub fn open(folder: &Path, service: &str, replication: u32) -> Option<Self> {
        let mut decisions: Vec<Account> = lines(&folder.join(DECISIONS))?;
        let mut reactions: Vec<ReactionLine> = lines(&folder.join(REACTIONS))?;
        let mut moments: Vec<MomentLine> = lines(&folder.join(MOMENTS))?;
        decisions.retain(|one| one.service == service && one.replication == replication);
        reactions.retain(|one| one.service == service && one.replication == replication);
        moments.retain(|one| one.service == service && one.replication == replication);
        Some(Self { decisions, reactions, moments })
    }

    fn of<'a>(&'a self, policy: &'a str) -> impl Iterator<Item = &'a Account> {
        self.decisions.iter().filter(move |one| one.policy == policy)
    }

    /// The newest decision at or before an instant, if it is the one that was kept.
    pub fn at(&self, policy: &str, at: Time) -> Option<Account> {
        let at_s = at.as_secs_f64();
        let newest = self.of(policy).take_while(|one| one.time_s <= at_s).last()?;
        if newest.until_s.is_some_and(|until| until <= at_s) {
            return None;
        }
        let reaction = self.reactions.iter().filter(|one| one.policy == policy);
        let mut reaction = reaction.filter(|one| one.told.holds(newest.time_s));
        let reaction = reaction.next().map(|one| one.told.clone());
        Some(Account { until_s: None, reaction, ..newest.clone() })
    }

    /// The moments worth explaining, the worst first: the end of the worst interval of each, and the moment;
    /// `None` if more are asked for than were kept.
    pub fn worst(&self, policy: &str, count: usize) -> Option<Vec<(Time, MomentTold)>> {
        let moments = self.moments.iter().filter(|one| one.policy == policy);
        let one = |one: &MomentLine| {
            let decided_s = one.told.caused_s.unwrap_or(one.worst_to_s);
            (Time::from_secs_f64(decided_s), one.told.clone())
        };
        let all: Vec<(Time, MomentTold)> = moments.map(one).collect();
        let enough = !all.is_empty() && (count <= all.len() || all.len() < MOST_MOMENTS);
        enough.then(|| all.into_iter().take(count).collect())
    }

    /// When two policies first want different numbers, if ever; `None` if it cannot be said from what was
    /// kept.
    pub fn divergence(&self, one: &str, other: &str) -> Option<Option<Time>> {
        let stands = |policy| {
            let stand = |one: &Account| -> Stand {
                (Time::from_secs_f64(one.time_s), one.desired_before, one.desired)
            };
            let all: Vec<Stand> = self.of(policy).map(stand).collect();
            (!all.is_empty() && all.len() < MOST_DECISIONS).then_some(all)
        };
        Some(parting(&stands(one)?, &stands(other)?))
    }
}

fn lines<T: DeserializeOwned>(file: &Path) -> Option<Vec<T>> {
    let text = fs::read_to_string(file).ok()?;
    text.lines().map(|line| serde_json::from_str(line).ok()).collect()
}
