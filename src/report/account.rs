//! A decision's account, as plain values: what `explain` prints, in words or as an object.

use super::cause::cause;
use super::moments::Moment;
use super::reaction::{Launched, Orders, Part, Reaction, reactions};
use super::when::When;
use autosim_engine::simulation::DecisionRecord;
use autosim_engine::units::Time;
use autosim_study::experiment::{About, Explanation, Results, ServiceDetails};
use serde::{Deserialize, Serialize};

/// One decision and what came of it. Times are seconds from the start.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Account {
    /// The moment of which it is the decision; `None` if it was not one that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) moment: Option<MomentTold>,
    pub(super) policy: String,
    pub(super) kind: String,
    pub(super) service: String,
    /// `fluid` where what it saw is that of a flow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) fidelity: Option<String>,
    /// From 1.
    pub(super) replication: u32,
    pub(super) time_s: f64,
    /// On the wall clock, where the date is known.
    pub(super) clock: Option<String>,
    /// In a file: when the policy was asked next; `None` = not within the run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) until_s: Option<f64>,
    /// `control` or `request`.
    pub(super) asked_by: String,
    pub(super) desired_before: u32,
    pub(super) ready: u32,
    pub(super) starting: u32,
    pub(super) draining: u32,
    pub(super) saw: Vec<Saw>,
    pub(super) stages: Vec<StageTold>,
    pub(super) desired: u32,
    pub(super) uncapped: u32,
    /// The stage that had the last word on the number.
    pub(super) decided_by: String,
    pub(super) without: Vec<Without>,
    /// What it ordered; `None` if it is not known or nothing.
    pub(super) launches: Option<LaunchesTold>,
    /// The reaction it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) reaction: Option<ReactionTold>,
}

/// A stretch of time in which users suffered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MomentTold {
    pub(super) from_s: f64,
    pub(super) to_s: f64,
    /// Requests that failed in it.
    pub(super) failed: u64,
    /// Requests that were late in it, at least.
    pub(super) late: f64,
    /// Why most of those that failed in its worst interval did, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) cause: Option<String>,
    /// When the decision that caused it was made, where that is not the newest one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) caused_s: Option<f64>,
}

/// Whose decisions are told.
pub(super) struct Whose<'a> {
    pub(super) about: &'a About,
    pub(super) policy: &'a str,
    pub(super) kind: &'a str,
    pub(super) service: &'a str,
    /// From 0.
    pub(super) replication: u32,
    pub(super) signals: &'a [String],
    pub(super) orders: Option<Orders<'a>>,
}

/// A signal as it was seen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Saw {
    pub(super) signal: String,
    pub(super) value: Option<f64>,
    pub(super) age_s: f64,
}

/// A stage of the decision.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct StageTold {
    pub(super) stage: String,
    pub(super) before: u32,
    pub(super) after: u32,
    pub(super) why: String,
}

/// What the decision would have been without a guard, from the same state.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Without {
    pub(super) guard: String,
    pub(super) desired: u32,
}

/// Launches that belong together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct LaunchesTold {
    pub(super) ordered: u32,
    pub(super) cancelled: u32,
    pub(super) first_ready_s: Option<f64>,
    pub(super) last_ready_s: Option<f64>,
    /// Of the launch that was ready last: its number, from 1, and where its time went.
    pub(super) slowest: Option<u64>,
    pub(super) parts: Vec<PartTold>,
}

/// A part of a reaction or of a launch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct PartTold {
    pub(super) part: String,
    pub(super) from_s: f64,
    pub(super) length_s: f64,
}

/// A reaction: decisions that belong together, from the rise of traffic to the end.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct ReactionTold {
    pub(super) before: u32,
    pub(super) after: u32,
    pub(super) decided_s: f64,
    pub(super) decided_last_s: f64,
    pub(super) ready_s: f64,
    /// When the SLO held again; `None` if it was never broken, or never held again.
    pub(super) slo_again_s: Option<f64>,
    /// The SLO was missed and did not hold again.
    pub(super) slo_lost: bool,
    pub(super) launches: Option<LaunchesTold>,
    pub(super) parts: Vec<PartTold>,
}

impl Account {
    /// What became known of a decision that was asked for.
    pub fn of(results: &Results, one: &Explanation) -> Self {
        let policy = results.policies.iter().find(|policy| policy.name == one.policy);
        let details = policy
            .and_then(|policy| policy.details.iter().find(|d| d.replication == one.replication));
        let service = details.and_then(|details| details.services.first());
        let all = service.map(|service| reactions(&results.about, service)).unwrap_or_default();
        let about = Whose {
            about: &results.about,
            policy: &one.policy,
            kind: policy.map_or("", |policy| &policy.kind),
            service: service.map_or("", |service| &service.service),
            replication: one.replication,
            signals: &one.signals,
            orders: service.map(Orders::of),
        };
        let mut account = Self::of_record(&about, &one.record);
        let told: Vec<ReactionTold> = all.iter().map(ReactionTold::of).collect();
        account.reaction = told.into_iter().find(|one| one.holds(account.time_s));
        account
    }

    /// The same, as the decision of a moment.
    #[must_use]
    pub fn of_moment(self, moment: Option<MomentTold>) -> Self {
        Self { moment, ..self }
    }

    /// A decision without the reaction it belongs to.
    pub(super) fn of_record(whose: &Whose<'_>, record: &DecisionRecord) -> Self {
        let (shown, decision, when) = (record, &record.decision, When::of(whose.about));
        let ordered = whose.orders.as_ref().and_then(|orders| orders.by(record.at));
        let saw = whose.signals.iter().zip(&record.readings).map(|(name, reading)| Saw {
            signal: name.clone(),
            value: reading.value.filter(|value| value.is_finite()),
            age_s: record.at.since(reading.at).as_secs_f64(),
        });
        let stages = decision.trail.iter().map(|step| StageTold {
            stage: step.stage.name().to_owned(),
            before: step.from,
            after: step.to,
            why: step.why.in_full(|at| when.instant(at)),
        });
        let without = record
            .without
            .iter()
            .map(|(stage, desired)| Without { guard: stage.name().to_owned(), desired: *desired });
        Self {
            moment: None,
            policy: whose.policy.to_owned(),
            kind: whose.kind.to_owned(),
            service: whose.service.to_owned(),
            fidelity: whose.about.fidelity.fluid.then(|| "fluid".to_owned()),
            replication: whose.replication + 1,
            time_s: shown.at.as_secs_f64(),
            clock: clock(whose.about, shown.at),
            until_s: None,
            asked_by: <&str>::from(shown.asked_by).to_owned(),
            desired_before: shown.before,
            ready: shown.census.ready,
            starting: shown.census.starting,
            draining: shown.census.draining,
            saw: saw.collect(),
            stages: stages.collect(),
            desired: decision.desired,
            uncapped: decision.uncapped,
            decided_by: decision.reason().stage.name().to_owned(),
            without: without.collect(),
            launches: ordered.as_ref().and_then(launches),
            reaction: None,
        }
    }
}

impl ReactionTold {
    /// Whether a decision of an instant belongs to it.
    pub(super) fn holds(&self, time_s: f64) -> bool {
        self.decided_s <= time_s && time_s <= self.ready_s
    }

    pub(super) fn of(reaction: &Reaction) -> Self {
        let seconds = Time::as_secs_f64;
        Self {
            before: reaction.before,
            after: reaction.after,
            decided_s: seconds(reaction.decided),
            decided_last_s: seconds(reaction.decided_last),
            ready_s: seconds(reaction.ready),
            slo_again_s: reaction.calm.map(seconds),
            slo_lost: reaction.lost,
            launches: launches(&reaction.launched),
            parts: reaction.parts().iter().map(PartTold::of).collect(),
        }
    }
}

impl MomentTold {
    pub(super) fn of(moment: &Moment, service: &ServiceDetails) -> Self {
        let (from_s, to_s) = (moment.from.as_secs_f64(), moment.to.as_secs_f64());
        let (cause, decided) = cause(&moment.worst, service).unzip();
        let caused_s = decided.flatten().map(Time::as_secs_f64);
        Self { from_s, to_s, failed: moment.failed, late: moment.late, cause, caused_s }
    }
}

impl PartTold {
    fn of((part, from, to): &Part) -> Self {
        let length_s = to.since(*from).as_secs_f64();
        Self { part: (*part).to_owned(), from_s: from.as_secs_f64(), length_s }
    }
}

fn launches(found: &Launched) -> Option<LaunchesTold> {
    let slowest = found.slowest.as_ref();
    (found.ordered > 0).then(|| LaunchesTold {
        ordered: found.ordered,
        cancelled: found.cancelled,
        first_ready_s: found.first_ready.map(Time::as_secs_f64),
        last_ready_s: slowest.map(|one| one.ready.as_secs_f64()),
        slowest: slowest.map(|one| one.number + 1),
        parts: slowest
            .map(|one| one.parts().iter().map(PartTold::of).collect())
            .unwrap_or_default(),
    })
}

/// `2026-03-02T12:00:00+08:00`.
fn clock(about: &About, at: Time) -> Option<String> {
    about.clock.dated_at(at).map(|at| at.strftime("%FT%T%.f%:z").to_string())
}
