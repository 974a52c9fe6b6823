//! What has to be known to read the figures of a run, below its table and on its page.

use super::number::{currency, human, plain, significant};
use super::table::{per, replications, tail_name, whole};
use autosim_engine::stats::Estimate;
use autosim_engine::units::Time;
use autosim_study::experiment::{Compared, Comparison, Figure, Results, Start};
use autosim_study::scenario::Period;

/// What has to be known to read any figure of a run that was interrupted.
pub(super) const INCOMPLETE: &str = "INCOMPLETE: interrupted; only finished cells are shown.";

/// Note by note, those that are read first first.
pub(super) fn notes(results: &Results, comparison: &Comparison) -> Vec<String> {
    let about = &results.about;
    let mut notes = Vec::new();
    let several = comparison.policies.iter().any(|policy| policy.replications > 1);
    notes.push(if !about.draws {
        "Nothing is drawn: every replication would be the same, one was run.".to_owned()
    } else if several {
        format!(
            "±: half the 95 % interval of the mean over {} replications (Student t); differences \
             are paired.",
            results.replications_told()
        )
    } else {
        "One replication: points without intervals.".to_owned()
    });
    notes.extend(comparison.policies.iter().filter_map(start));
    if about.closed_loop_users > 0 {
        notes.push(CLOSED_LOOP.to_owned());
    }
    if comparison.policies.iter().any(|policy| policy.on_frontier) {
        notes.push("* none is both as cheap and as fast.".to_owned());
    }
    if comparison.policies.iter().any(Compared::has_traffic) {
        let tail = tail_name(results);
        notes.push(format!("{tail} counts failures as ∞, p50 leaves them out."));
    }
    notes.extend(undecided(comparison));
    let chance = |policy: &Compared| {
        let cost = policy.against(Figure::Cost);
        cost.and_then(|against| against.p_corrected).is_some_and(|p| p > 0.05)
    };
    if comparison.policies.iter().any(chance) {
        notes.push("~ may be chance (paired t test at 5 %, Holm-corrected).".to_owned());
    }
    for policy in comparison.policies.iter().filter(|policy| policy.sees_future) {
        notes.push(format!(
            "{} sees the future: a feasible reference, neither a choice nor a bound.",
            policy.name
        ));
    }
    notes.extend(extrapolated(results));
    if let Some(bound) = per(results, Estimate::of(&results.references.work_bound)) {
        notes.push(format!(
            "Work bound {} {}: nothing keeps the SLO for less.",
            human(bound.mean, 3),
            currency(about.price.currency())
        ));
    }
    notes.extend(failures(comparison));
    if !results.complete {
        notes.push(INCOMPLETE.to_owned());
    }
    notes
}

/// What has to be known to read any figure of a closed loop.
const CLOSED_LOOP: &str = "Closed loop: users send the next request only after the one before, so that a \
    slower service is offered less; policies do not meet the same arrivals, and requests that were never \
    sent are in no percentile.";

/// What the start of the run does to the figures of a policy.
fn start(policy: &Compared) -> Option<String> {
    let name = &policy.name;
    Some(match policy.start? {
        Start::NeverEnds => format!(
            "{name}: no steady state in sight (MSER-5): its figures depend on how long the run is."
        ),
        Start::Shows(warmup, change) => format!(
            "{name}: its start still shows after the warm-up (MSER-5); warmup = \"{warmup}\" leaves it out, and changes a \
             mean by {}{} %.",
            if change > 0.0 { "+" } else { "" },
            significant(100.0 * change, 2)
        ),
    })
}

/// Whose interval has the limit in it, and what would decide.
fn undecided(comparison: &Comparison) -> Option<String> {
    let open = |policy: &Compared| {
        let enough = policy.verdict.undecided?;
        Some(format!("{} {}", policy.name, replications(enough)))
    };
    let all: Vec<String> = comparison.policies.iter().filter_map(open).collect();
    (!all.is_empty()).then(|| {
        let all = all.join(", ");
        format!(
            "? not decided, the 95 % interval has the limit in it; replications that would: {all}."
        )
    })
}

/// What is to be known of figures that are told for longer, or shorter, than was measured.
fn extrapolated(results: &Results) -> Option<String> {
    let about = &results.about;
    let (period, measured) = (about.recipe.per?, about.window.end.since(about.window.warmup));
    let warmup = if about.window.warmup == Time::ZERO { "" } else { " after the warm-up" };
    let days = match period {
        Period::Hour | Period::Day => String::new(),
        Period::Week | Period::Month | Period::Year => {
            format!(" ({} days)", plain(period.hours() / 24.0, 4))
        }
    };
    let name = period.name();
    let measured = measured.told();
    Some(format!(
        "Per {name}{days}: costs and replica-hours are those of the {measured} measured{warmup}, as if all of it \
         were like them."
    ))
}

/// Where replicas failed: how many, and what was lost.
fn failures(comparison: &Comparison) -> Option<String> {
    let mean = |policy: &Compared, figure| policy.estimate(figure).map_or(0.0, |e| e.mean);
    if comparison.policies.iter().all(|policy| mean(policy, Figure::Failures) == 0.0) {
        return None;
    }
    let each: Vec<String> = comparison
        .policies
        .iter()
        .map(|policy| {
            let [failed, lost] =
                [Figure::Failures, Figure::Lost].map(|figure| whole(mean(policy, figure)));
            format!("{} {failed}, {lost}", policy.name)
        })
        .collect();
    let each = each.join("; ");
    Some(format!("Replicas failed, requests lost with replicas, per replication: {each}."))
}
