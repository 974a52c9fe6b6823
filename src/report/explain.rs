//! One decision in words and numbers: what was seen, every stage, who had the last word, what each
//! guard was worth, and where the time went.

use super::moments::latency;
use super::number::plain;
use super::reaction::{Reaction, reactions};
use crate::experiment::{About, Explanation, Results, Stage};
use crate::units::{Span, Time};
use serde_json::{Map, Value, json};

/// An explanation for people, at most 100 columns wide.
pub fn explain_text(results: &Results, one: &Explanation) -> String {
    let about = &results.about;
    let (shown, decision) = (&one.shown, &one.decision);
    let mut text = format!(
        "{} ({}), replication {}, {}\n",
        one.policy,
        one.kind,
        one.replication + 1,
        when(about, shown.at)
    );
    if about.fidelity.fluid {
        line(&mut text, "fidelity", "fluid: what it saw is that of a flow, approximately");
    }
    let asked = if shown.activation { "a request at zero replicas" } else { "its control loop" };
    line(&mut text, "asked by", asked);
    let census = shown.census;
    line(
        &mut text,
        "counts",
        &format!(
            "{} desired, {} ready, {} starting, {} draining",
            shown.before, census.ready, census.starting, census.draining
        ),
    );
    for (name, reading) in one.signals.iter().zip(&shown.readings) {
        let seen = match reading.value {
            Some(value) => format!("{name} = {value}, {} old", age(shown.at.since(reading.at))),
            None => format!("{name}: no data"),
        };
        line(&mut text, "saw", &seen);
    }
    for step in decision.trail.iter() {
        let moved = if step.from == step.to { "=" } else { "->" };
        let why = step.why.in_full();
        let stage = step.stage.name();
        line(&mut text, stage, &format!("{} {moved} {}   {why}", step.from, step.to));
    }
    line(&mut text, "decided", &verdict(one));
    for (stage, other) in &one.without {
        let instead = match other.desired.cmp(&decision.desired) {
            std::cmp::Ordering::Equal => "the same: another stage gives the same number".to_owned(),
            _ => format!("{} instead of {}", other.desired, decision.desired),
        };
        line(&mut text, &format!("without {}", stage.name()), &instead);
    }
    if let Some(reaction) = reaction(results, one) {
        for (part, length) in split(&reaction) {
            line(&mut text, "reaction", &format!("{part}: {}", age(length)));
        }
    }
    text
}

/// The same as one object; numbers are those that were used, in full.
pub fn explain_json(results: &Results, one: &Explanation) -> Value {
    let (shown, decision) = (&one.shown, &one.decision);
    let seen: Map<String, Value> = one
        .signals
        .iter()
        .zip(&shown.readings)
        .map(|(name, reading)| {
            let age_s = shown.at.since(reading.at).as_secs_f64();
            (name.clone(), json!({ "value": reading.value, "age_s": age_s }))
        })
        .collect();
    let stages = decision.trail.iter().map(|step| {
        json!({
            "stage": step.stage.name(),
            "before": step.from,
            "after": step.to,
            "why": step.why.in_full(),
        })
    });
    let without = one
        .without
        .iter()
        .map(|(stage, other)| json!({ "guard": stage.name(), "desired": other.desired }));
    let reaction = reaction(results, one).map(|reaction| {
        let parts = split(&reaction).into_iter();
        let parts = parts.map(|(part, span)| (part.to_owned(), json!(span.as_secs_f64())));
        Value::Object(parts.collect())
    });
    json!({
        "policy": one.policy,
        "kind": one.kind,
        "replication": one.replication + 1,
        "time_s": shown.at.as_secs_f64(),
        "clock": results.about.clock.at(shown.at).map(|at| at.to_string()),
        "asked_by": if shown.activation { "request" } else { "control" },
        "desired_before": shown.before,
        "ready": shown.census.ready,
        "starting": shown.census.starting,
        "draining": shown.census.draining,
        "saw": seen,
        "stages": stages.collect::<Vec<_>>(),
        "desired": decision.desired,
        "uncapped": decision.uncapped,
        "decided_by": decision.reason().stage.name(),
        "without": without.collect::<Vec<_>>(),
        "reaction_s": reaction,
    })
}

/// The number and whose it is.
fn verdict(one: &Explanation) -> String {
    let decision = &one.decision;
    let by = decision.reason().stage.name();
    let change = match decision.desired.cmp(&one.shown.before) {
        std::cmp::Ordering::Equal => "no change".to_owned(),
        std::cmp::Ordering::Greater => format!("{} more", decision.desired - one.shown.before),
        std::cmp::Ordering::Less => format!("{} fewer", one.shown.before - decision.desired),
    };
    let formula = match decision.reason().stage {
        Stage::Recommend => "the formula's own answer",
        _ => "not the formula's answer",
    };
    format!("{} replicas, {change}; the last word was {by}'s ({formula})", decision.desired)
}

fn line(text: &mut String, label: &str, rest: &str) {
    text.push_str(&format!("  {label:<18} {rest}\n"));
}

/// Seconds from the start and the wall clock.
fn when(about: &About, at: Time) -> String {
    let clock = about.clock.at(at);
    let clock = clock.map_or_else(String::new, |at| format!(" ({})", at.strftime("%F %T %:z")));
    format!("{} s{clock}", plain(at.as_secs_f64(), 3))
}

fn age(span: Span) -> String {
    match span {
        Span::ZERO => "0 s".to_owned(),
        short if short < Span::from_secs(10) => latency(short),
        long => long.to_string(),
    }
}

/// The reaction this decision belongs to.
fn reaction(results: &Results, one: &Explanation) -> Option<Reaction> {
    let policy = results.policies.iter().find(|policy| policy.name == one.policy)?;
    let details = policy.details.iter().find(|details| details.replication == one.replication)?;
    let at = one.shown.at;
    let found = reactions(&results.about, details.services.first()?);
    found.into_iter().find(|reaction| reaction.decided <= at && at <= reaction.ready)
}

/// Where the time of a reaction went; instants from the timeline are as fine as its intervals.
fn split(reaction: &Reaction) -> Vec<(&'static str, Span)> {
    let mut parts = Vec::new();
    if let Some(rise) = reaction.rise {
        parts.push((
            "from the rise of traffic until it was in the metric",
            reaction.seen.since(rise),
        ));
    }
    parts.push(("from the metric to the first decision", reaction.decided.since(reaction.seen)));
    parts.push(("from the first to the last decision", {
        reaction.decided_last.since(reaction.decided)
    }));
    parts.push(("from the last decision until all were ready", {
        reaction.ready.since(reaction.decided_last)
    }));
    if let Some(calm) = reaction.calm {
        parts.push(("from the first decision until the promise held again", {
            calm.since(reaction.decided)
        }));
    }
    parts
}

/// The instants worth explaining: when users suffered most, the worst first.
pub fn worst_moments(results: &Results, policy: &str, count: usize) -> Vec<Time> {
    let found = results.policies.iter().find(|one| one.name == policy);
    let service = found.and_then(|one| one.details.last()?.services.first());
    let moments = service.map(|service| super::moments::worst(&results.about, service, count));
    moments.into_iter().flatten().map(|moment| moment.worst.at.after(moment.worst.length)).collect()
}

/// When two policies first want different numbers, in the last replication kept of both; `None` if they
/// never do.
pub fn first_divergence(results: &Results, one: &str, other: &str) -> Option<Time> {
    let wanted = |name: &str| {
        let policy = results.policies.iter().find(|policy| policy.name == name)?;
        Some(&policy.details.last()?.services.first()?.decisions)
    };
    let (one, other) = (wanted(one)?, wanted(other)?);
    let mut instants: Vec<Time> = one.iter().chain(other).map(|record| record.at).collect();
    instants.sort_unstable();
    let at_instant = |decisions: &[crate::experiment::DecisionRecord], at: Time| {
        let next = decisions.partition_point(|record| record.at <= at);
        match next.checked_sub(1) {
            Some(last) => Some(decisions[last].decision.desired),
            None => decisions.first().map(|first| first.before),
        }
    };
    instants.into_iter().find(|&at| at_instant(one, at) != at_instant(other, at))
}
