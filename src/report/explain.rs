//! One decision in words and numbers: what was seen, every stage, who had the last word, what each
//! guard was worth, what was ordered, and where the time went.

use super::account::{Account, LaunchesTold, MomentTold, PartTold, ReactionTold};
use super::moments::Moment;
use super::number::{group, plain, significant};
use super::reaction::{ACTUATION, DECISIONS, LAUNCH_RATE, LOOP, RISE, SLO_AGAIN, START};
use super::when::When;
use autosim_engine::control::Stage;
use autosim_engine::units::{Span, Time, plural};
use autosim_policies::stdio;
use autosim_study::experiment::Results;

/// An explanation for people, at most 100 columns wide.
pub fn explain_text(one: &Account, when: &When<'_>) -> String {
    let mut text = one.moment.as_ref().map(|one| suffered(one, when)).unwrap_or_default();
    let Account { policy, kind, replication, .. } = one;
    let at = when.in_full(Time::from_secs_f64(one.time_s));
    text += &format!("{policy} ({kind}), replication {replication}, {at}\n");
    if one.fidelity.is_some() {
        line(&mut text, "fidelity", "fluid: what it saw is that of a flow, approximately");
    }
    let asked = match one.asked_by.as_str() {
        "request" => "a request at zero replicas",
        "nobody" => "nobody: somebody else than the policy set the count",
        _ => "its control loop",
    };
    line(&mut text, "asked by", asked);
    let counts = format!(
        "{} desired, {} ready, {} starting, {} draining",
        one.desired_before, one.ready, one.starting, one.draining
    );
    line(&mut text, "counts", &counts);
    for saw in &one.saw {
        let name = &saw.signal;
        let seen = match saw.value {
            Some(value) => format!("{name} = {}, {} old", significant(value, 6), length(saw.age_s)),
            None => format!("{name}: no data"),
        };
        line(&mut text, "saw", &seen);
    }
    for step in &one.stages {
        let moved = if step.before == step.after { "=" } else { "->" };
        line(
            &mut text,
            &step.stage,
            &format!("{} {moved} {}   {}", step.before, step.after, step.why),
        );
    }
    line(&mut text, "decided", &verdict(one));
    for other in &one.without {
        let instead = match other.desired == one.desired {
            true => "the same: another stage gives the same number".to_owned(),
            false => format!("{} instead of {}", other.desired, one.desired),
        };
        line(&mut text, &format!("without {}", other.guard), &instead);
    }
    if one.kind == stdio::KIND {
        let why = "it cannot be asked again: what its own parts were worth nobody knows";
        line(&mut text, "the program", why);
    }
    if let Some(launches) = &one.launches {
        tell_launches(&mut text, "ordered", launches, one.time_s);
        tell_slowest(&mut text, launches);
    }
    if let Some(reaction) = &one.reaction {
        tell_reaction(&mut text, reaction);
    }
    text
}

/// The moment that is explained, from when to when.
fn suffered(moment: &MomentTold, when: &When<'_>) -> String {
    let [from, to] = [moment.from_s, moment.to_s].map(Time::from_secs_f64);
    let stretch = when.stretch(from, to);
    match (moment.failed, moment.late > 0.0) {
        (0, false) => format!("slowest interval: {stretch}, nobody failed or was late\n"),
        (failed, _) => {
            let cause = moment.cause.as_ref().map(|cause| format!("  {cause}\n"));
            let [failed, late] =
                [failed.to_string(), plain(moment.late.ceil(), 0)].map(|n| group(&n));
            let what = format!("moment: {stretch}, {failed} failed, at least {late} late\n");
            what + &cause.unwrap_or_default()
        }
    }
}

/// How many replicas, and when the first and the last of them was ready.
fn tell_launches(text: &mut String, label: &str, launches: &LaunchesTold, decided_s: f64) {
    let mut told = plural(launches.ordered.into(), "replica");
    if launches.cancelled > 0 {
        told += &format!(", {} cancelled", launches.cancelled);
    }
    let after = |at: f64| length(at - decided_s);
    match (launches.first_ready_s, launches.last_ready_s) {
        (Some(first), Some(last)) if first < last => {
            told += &format!(
                "; the first ready after {}, the last after {}",
                after(first),
                after(last)
            );
        }
        (_, Some(last)) => told += &format!("; ready after {}", after(last)),
        _ => {}
    }
    line(text, label, &told);
}

/// The parts of the launch that was ready last.
fn tell_slowest(text: &mut String, launches: &LaunchesTold) {
    let Some(number) = launches.slowest else { return };
    let parts = launches.parts.iter().filter(|part| part.length_s > 0.0);
    let parts: Vec<String> =
        parts.map(|part| format!("{} {}", short(&part.part), length(part.length_s))).collect();
    if !parts.is_empty() {
        line(text, "ready last", &format!("launch {number}: {}", parts.join(", ")));
    }
}

fn tell_reaction(text: &mut String, reaction: &ReactionTold) {
    let mut told = format!("{} -> {}", reaction.before, plural(reaction.after.into(), "replica"));
    let lasted = reaction.decided_last_s - reaction.decided_s;
    if lasted > 0.0 {
        told += &format!(", decided within {}", length(lasted));
    }
    line(text, "reaction", &told);
    if let Some(launches) = &reaction.launches {
        tell_launches(text, "  it ordered", launches, reaction.decided_s);
    }
    // What took no time is left out, but for the two parts every reaction has.
    let worth =
        |part: &&PartTold| part.length_s > 0.0 || [LOOP, START].contains(&part.part.as_str());
    for part in reaction.parts.iter().filter(worth) {
        line(text, &format!("  {}", length(part.length_s)), &in_words(&part.part));
    }
    if let Some(slo) = reaction.slo_again_s {
        let after = length(slo - reaction.decided_s);
        line(text, &format!("  {after}"), "from the first decision until the SLO held again");
    }
    if reaction.slo_lost {
        line(text, "  -", "the SLO did not hold again");
    }
}

/// A part of a reaction in a sentence.
fn in_words(part: &str) -> String {
    match part {
        RISE => "from the rise of traffic until it was in the metric".to_owned(),
        LOOP => "from the metric to the first decision".to_owned(),
        DECISIONS => "until the decision that ordered the replica that was ready last".to_owned(),
        ACTUATION => "actuation delay: from that decision to the order".to_owned(),
        LAUNCH_RATE => "held back by the launch rate".to_owned(),
        START => "from the last decision until nothing was starting".to_owned(),
        SLO_AGAIN => "from ready until the SLO held again".to_owned(),
        stage => format!("{}, a stage of its cold start", short(stage)),
    }
}

/// A part of a launch in a word or two.
fn short(part: &str) -> String {
    part.replace('_', " ")
}

/// The number and whose it is.
fn verdict(one: &Account) -> String {
    let change = match one.desired.cmp(&one.desired_before) {
        std::cmp::Ordering::Equal => "no change".to_owned(),
        std::cmp::Ordering::Greater => format!("{} more", one.desired - one.desired_before),
        std::cmp::Ordering::Less => format!("{} fewer", one.desired_before - one.desired),
    };
    let by = &one.decided_by;
    let formula = match by == Stage::Recommend.name() {
        true => "the formula's own answer",
        false => "not the formula's answer",
    };
    let count = plural(one.desired.into(), "replica");
    format!("{count}, {change}; the last word was {by}'s ({formula})")
}

fn line(text: &mut String, label: &str, rest: &str) {
    text.push_str(&format!("  {label:<18} {rest}\n"));
}

fn length(seconds: f64) -> String {
    Span::from_secs_f64(seconds).told()
}

/// The moments worth explaining, when users suffered most, the worst first: the instant whose newest decision
/// is behind it - the end of its worst interval, or the scale-in that killed requests - and the moment.
pub fn worst_moments(results: &Results, policy: &str, count: usize) -> Vec<(Time, MomentTold)> {
    let found = results.policies.iter().find(|one| one.name == policy);
    let service = found.and_then(|one| one.details.last()?.services.first());
    let Some(service) = service else { return Vec::new() };
    let one = |one: Moment| {
        let told = MomentTold::of(&one, service);
        let end = one.worst.at.after(one.worst.length);
        (told.caused_s.map_or(end, Time::from_secs_f64), told)
    };
    super::moments::worst(&results.about, service, count).into_iter().map(one).collect()
}

/// When two policies first want different numbers, in the last replication kept of both; `None` if they
/// never do.
pub fn first_divergence(results: &Results, one: &str, other: &str) -> Option<Time> {
    let stands = |name: &str| -> Option<Vec<Stand>> {
        let policy = results.policies.iter().find(|policy| policy.name == name)?;
        let decisions = &policy.details.last()?.services.first()?.decisions;
        Some(decisions.iter().map(|one| (one.at, one.before, one.decision.desired)).collect())
    };
    parting(&stands(one)?, &stands(other)?)
}

/// What a policy wanted from an instant on: when, the count before, the count.
pub(super) type Stand = (Time, u32, u32);

/// The first instant at which two policies want different counts.
pub(super) fn parting(one: &[Stand], other: &[Stand]) -> Option<Time> {
    let mut instants: Vec<Time> = one.iter().chain(other).map(|(at, ..)| *at).collect();
    instants.sort_unstable();
    let wanted = |stands: &[Stand], at: Time| {
        let next = stands.partition_point(|stand| stand.0 <= at);
        match next.checked_sub(1) {
            Some(last) => Some(stands[last].2),
            None => stands.first().map(|first| first.1),
        }
    };
    instants.into_iter().find(|&at| wanted(one, at) != wanted(other, at))
}
