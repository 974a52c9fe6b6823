//! The timeline and the decisions of one service under one policy, few enough for a page.

use super::number::Short;
use crate::incidents::{Kind, incidents};
use crate::moments::{failures, worst};
use crate::reaction::{Reaction, reactions};
use crate::seen::{levels_told, words_of};
use crate::when::When;
use crate::{hours, minutes};
use autosim_engine::control::Stage;
use autosim_engine::simulation::{AskedBy, DecisionRecord, Interval};
use autosim_engine::units::Time;
use autosim_study::experiment::{About, PolicyResults, ServiceDetails, Setting};
use autosim_study::scenario::SloTerms;
use serde::Serialize;
use std::collections::BTreeMap;

/// Samples of a timeline and decisions, in all series of a page together: with fourteen curves about
/// three megabytes, and one more.
const SAMPLES: usize = 40_000;
const DECISIONS: usize = 8_000;
/// Columns of the strip of minutes.
const COLUMNS: usize = 2880;
/// Worst moments that are offered, and reactions that are drawn.
const MOMENTS: usize = 3;
const REACTIONS: usize = 12;

/// One service under one policy.
#[derive(Debug, Serialize)]
pub(super) struct Series {
    policy: usize,
    service: String,
    /// It has an SLO on latency.
    has_slo: bool,
    /// Seconds between samples.
    step: f64,
    /// Intervals behind each pair of samples: their smallest and largest value; 1: one sample each.
    merged: usize,
    /// End of the last interval, in seconds.
    end: f64,
    columns: BTreeMap<&'static str, Vec<Short>>,
    signal: Option<String>,
    /// It is a percentage: its scale is that of the utilization.
    percent: bool,
    signals: Vec<String>,
    levels: Vec<Level>,
    levels_told: String,
    incidents: Vec<Incident>,
    decisions: Vec<Mark>,
    /// Decisions that are not on the page: in `decisions.csv`.
    decisions_left_out: usize,
    moments: Vec<Words>,
    week: Option<Vec<DayRow>>,
    minutes: Option<Minutes>,
    reactions: Vec<Bars>,
    reactions_all: usize,
    /// Of each part, over all reactions that have it.
    reaction_parts: BTreeMap<&'static str, Usual>,
}

/// What a signal is held against; `each`: with n replicas desired it lies at n times the value.
#[derive(Debug, Serialize)]
struct Level {
    value: Short,
    each: bool,
}

/// What befell the service: its kind an index of the page's kinds, from when to when in seconds.
#[derive(Debug, Serialize)]
struct Incident {
    kind: usize,
    from: f64,
    to: f64,
    what: String,
}

/// A moment in words.
#[derive(Debug, Serialize)]
struct Words {
    from: f64,
    to: f64,
    when: String,
    what: String,
}

/// A day of the week, hour by hour.
#[derive(Debug, Serialize)]
struct DayRow {
    name: &'static str,
    hours: Vec<Option<Heat>>,
}

/// An hour of it.
#[derive(Debug, Serialize)]
struct Heat {
    /// Replica-hours.
    idle: Short,
    /// Requests, on average.
    waiting: Short,
    /// Requests.
    failed: Short,
}

/// The SLO by minute: minutes behind each column, the largest share late of each, and the columns in which
/// only an SLO beside the first was broken.
#[derive(Debug, Serialize)]
struct Minutes {
    each: usize,
    late: Vec<Short>,
    also: Vec<usize>,
    total: u32,
    broken: u32,
}

/// A reaction: instants in seconds; its parts with their ends, one after the other.
#[derive(Debug, Serialize)]
struct Bars {
    when: String,
    before: u32,
    after: u32,
    decided: f64,
    ordered: u32,
    cancelled: u32,
    first_ready: Option<f64>,
    ready: f64,
    calm: Option<f64>,
    lost: bool,
    start: f64,
    parts: Vec<Part>,
}

/// A part of a reaction.
#[derive(Debug, Serialize)]
struct Part {
    name: &'static str,
    end: f64,
}

/// How long a part takes, in seconds.
#[derive(Debug, Serialize)]
struct Usual {
    median: Short,
    p95: Short,
}

/// A decision, of which the strip shows a mark.
#[derive(Debug, Serialize)]
struct Mark {
    /// In seconds.
    at: f64,
    before: u32,
    after: u32,
    /// What the formula alone wanted.
    recommendation: u32,
    ready: u32,
    starting: u32,
    draining: u32,
    /// A request that found no replica asked for it.
    asked: bool,
    /// The stage that decided: an index of the page's stages.
    stage: usize,
    steps: Vec<Step>,
    seen: Vec<Seen>,
}

/// A stage of a decision.
#[derive(Debug, Serialize)]
struct Step {
    stage: usize,
    from: u32,
    to: u32,
    why: String,
}

/// A reading, and how old it was in seconds.
#[derive(Debug, Serialize)]
struct Seen {
    value: Short,
    age: Short,
}

/// All services of a policy; `shares` series have to share the page.
pub(super) fn series(
    about: &About,
    (at, policy): (usize, &PolicyResults),
    shares: usize,
) -> Vec<Series> {
    let Some(details) = policy.details.first() else { return Vec::new() };
    // The SLO is about the service the policies compete for.
    let without_slo = About { slo: SloTerms::default(), ..about.clone() };
    let services = details.services.iter().enumerate();
    services
        .filter(|(_, service)| !service.timeline.is_empty())
        .map(|(index, service)| {
            let about = if index == 0 { about } else { &without_slo };
            let setting = policy.settings.get(index);
            one(about, at, service, setting.unwrap_or(&Setting::default()), shares.max(1))
        })
        .collect()
}

fn one(
    about: &About,
    policy: usize,
    service: &ServiceDetails,
    setting: &Setting,
    shares: usize,
) -> Series {
    let timeline = &service.timeline;
    let merged = merge(timeline.len(), SAMPLES / shares);
    let step = about.timeline.as_secs_f64();
    let step = if merged == 1 { step } else { step * merged as f64 / 2.0 };
    let end = timeline.last().map_or(0.0, |last| last.at.after(last.length).as_secs_f64());
    let (decisions, decisions_left_out) = marks(&service.decisions, DECISIONS / shares);
    let Setting { signals, levels, percent, .. } = setting;
    let seen = timeline.iter().any(|interval| interval.signal.is_some());
    let signal = signals.first().filter(|_| seen).map(|name| words_of(name));
    let all = reactions(about, service);
    Series {
        policy,
        service: service.service.clone(),
        has_slo: about.slo.tail().is_some(),
        step,
        merged,
        end,
        columns: columns(timeline, merged),
        signal,
        signals: signals.iter().map(|name| words_of(name)).collect(),
        percent: *percent,
        levels: levels.iter().map(|l| Level { value: l.value.into(), each: l.each }).collect(),
        levels_told: levels_told(levels),
        incidents: marked(setting, service),
        decisions,
        decisions_left_out,
        moments: moments(about, service),
        week: week(about, timeline),
        minutes: slo_minutes(about, service),
        reactions: longest(about, &all),
        reactions_all: all.len(),
        reaction_parts: summary(&all),
    }
}

/// Intervals behind each pair of samples.
fn merge(intervals: usize, samples: usize) -> usize {
    if intervals <= samples { 1 } else { (2 * intervals).div_ceil(samples.max(2)) }
}

fn columns(timeline: &[Interval], merged: usize) -> BTreeMap<&'static str, Vec<Short>> {
    let rate = |count: u64, i: &Interval| Some(count as f64 / i.length.as_secs_f64().max(1e-9));
    let percentile = |i: &Interval, at: usize| i.percentiles.map(|all| all[at].as_millis_f64());
    let mut columns = BTreeMap::new();
    let mut add = |name: &'static str, value: &dyn Fn(&Interval) -> Option<f64>| {
        let values: Vec<Option<f64>> = timeline.iter().map(value).collect();
        columns.insert(name, thinned(&values, merged));
    };
    add("arrivals", &|i| rate(i.arrivals, i));
    add("completions", &|i| rate(i.completions, i));
    add("failed", &|i| rate(failures(i), i));
    if timeline.iter().any(|i| i.clients.is_some_and(|clients| clients.retries > 0)) {
        let retries = |i: &Interval| i.clients.map_or(0, |clients| clients.retries);
        add("attempts", &|i| rate(i.arrivals + retries(i), i));
    }
    add("desired", &|i| Some(f64::from(i.desired)));
    add("uncapped", &|i| Some(f64::from(i.uncapped)));
    add("ready", &|i| Some(i.mean_ready));
    add("starting", &|i| Some(i.mean_starting));
    add("p50", &|i| percentile(i, 0));
    add("p95", &|i| percentile(i, 1));
    add("p99", &|i| percentile(i, 2));
    add("queued", &|i| Some(i.mean_queued));
    add("utilization", &|i| i.utilization.map(|share| 100.0 * share));
    if timeline.iter().any(|interval| interval.signal.is_some()) {
        add("signal", &|i| i.signal);
    }
    columns
}

/// Two samples for each bucket of intervals: its smallest and its largest value, in order of time.
fn thinned(values: &[Option<f64>], merged: usize) -> Vec<Short> {
    if merged == 1 {
        return values.iter().map(|value| Short(*value)).collect();
    }
    let mut out = Vec::with_capacity(2 * values.len().div_ceil(merged));
    for bucket in values.chunks(merged) {
        let known = || bucket.iter().enumerate().filter_map(|(at, value)| Some((at, (*value)?)));
        let low = known().min_by(|a, b| a.1.total_cmp(&b.1));
        let high = known().max_by(|a, b| a.1.total_cmp(&b.1));
        let (Some(low), Some(high)) = (low, high) else {
            out.extend([Short(None); 2]);
            continue;
        };
        let (first, second) = if low.0 <= high.0 { (low, high) } else { (high, low) };
        out.extend([Short::from(first.1), Short::from(second.1)]);
    }
    out
}

/// Decisions that changed the count - the largest changes, if there are too many - then as many of the
/// others as there is room for; and how many are left out.
fn marks(decisions: &[DecisionRecord], most: usize) -> (Vec<Mark>, usize) {
    let size = |d: &&DecisionRecord| d.before.abs_diff(d.decision.desired);
    let mut by_size: Vec<&DecisionRecord> = decisions.iter().collect();
    by_size.sort_by_key(|decision| std::cmp::Reverse(size(decision)));
    by_size.truncate(most);
    by_size.sort_by_key(|decision| decision.at);
    let left_out = decisions.len() - by_size.len();
    (by_size.into_iter().map(mark).collect(), left_out)
}

fn mark(record: &DecisionRecord) -> Mark {
    let decision = &record.decision;
    let stage = |stage: Stage| Stage::ALL.iter().position(|s| *s == stage).unwrap_or_default();
    let steps = decision.trail.iter().map(|step| Step {
        stage: stage(step.stage),
        from: step.from,
        to: step.to,
        why: step.why.to_string(),
    });
    let seen = record.readings.iter().map(|reading| {
        let age = reading.value.map(|_| record.at.since(reading.at).as_secs_f64());
        Seen { value: Short(reading.value), age: Short(age) }
    });
    Mark {
        at: record.at.as_secs_f64(),
        before: record.before,
        after: decision.desired,
        recommendation: decision.uncapped,
        ready: record.census.ready,
        starting: record.census.starting,
        draining: record.census.draining,
        asked: record.asked_by == AskedBy::Request,
        stage: stage(decision.reason().stage),
        steps: steps.collect(),
        seen: seen.collect(),
    }
}

fn marked(setting: &Setting, service: &ServiceDetails) -> Vec<Incident> {
    let one = |incident: crate::incidents::Incident| Incident {
        kind: Kind::ALL.iter().position(|kind| *kind == incident.kind).unwrap_or_default(),
        from: incident.from.as_secs_f64(),
        to: incident.to.as_secs_f64(),
        what: incident.what,
    };
    incidents(Some(setting), service).into_iter().map(one).collect()
}

fn moments(about: &About, service: &ServiceDetails) -> Vec<Words> {
    let words = |moment: crate::moments::Moment| Words {
        from: moment.from.as_secs_f64(),
        to: moment.to.as_secs_f64(),
        when: moment.when(about),
        what: moment.what(),
    };
    worst(about, service, MOMENTS).into_iter().map(words).collect()
}

fn week(about: &About, timeline: &[Interval]) -> Option<Vec<DayRow>> {
    let week = hours::week(about, timeline)?;
    let cell = |hour: hours::Hour| Heat {
        idle: hour.mean_idle().into(),
        waiting: hour.mean_waiting().into(),
        failed: hour.mean_failed().into(),
    };
    let row = |day: hours::Day| DayRow {
        name: day.name,
        hours: day.hours.into_iter().map(|hour| hour.map(cell)).collect(),
    };
    Some(week.days.into_iter().map(row).collect())
}

fn slo_minutes(about: &About, service: &ServiceDetails) -> Option<Minutes> {
    let slo = about.slo.tail()?;
    if service.slo_minutes.is_empty() {
        return None;
    }
    let (each, columns) = minutes::columns(&service.slo_minutes, slo.quantile, COLUMNS);
    let only_also = |column: &minutes::Column| {
        let late = column.late.unwrap_or(0.0);
        column.broken > 0 && !minutes::is_broken(late, slo.quantile)
    };
    Some(Minutes {
        each,
        late: columns.iter().map(|column| Short(column.late)).collect(),
        also: (0..columns.len()).filter(|&at| only_also(&columns[at])).collect(),
        total: columns.iter().map(|column| column.minutes).sum(),
        broken: columns.iter().map(|column| column.broken).sum(),
    })
}

fn longest(about: &About, all: &[Reaction]) -> Vec<Bars> {
    let mut all: Vec<&Reaction> = all.iter().collect();
    all.sort_by_key(|reaction| std::cmp::Reverse(reaction.length()));
    all.truncate(REACTIONS);
    all.sort_by_key(|reaction| reaction.decided);
    let seconds = Time::as_secs_f64;
    let part = |(name, _, to): (&'static str, Time, Time)| Part { name, end: seconds(to) };
    let bars = |reaction: &&Reaction| Bars {
        when: When::of(about).instant(reaction.decided),
        before: reaction.before,
        after: reaction.after,
        decided: seconds(reaction.decided),
        ordered: reaction.launched.ordered,
        cancelled: reaction.launched.cancelled,
        first_ready: reaction.launched.first_ready.map(seconds),
        ready: seconds(reaction.ready),
        calm: reaction.calm.map(seconds),
        lost: reaction.lost,
        start: seconds(reaction.start()),
        parts: reaction.parts().into_iter().map(part).collect(),
    };
    all.iter().map(bars).collect()
}

/// The median and the 95th percentile of each part over all reactions that have it.
fn summary(all: &[Reaction]) -> BTreeMap<&'static str, Usual> {
    let mut lengths: BTreeMap<&'static str, Vec<f64>> = BTreeMap::new();
    for (part, from, to) in all.iter().flat_map(Reaction::parts) {
        lengths.entry(part).or_default().push(to.since(from).as_secs_f64());
    }
    let of = |mut seconds: Vec<f64>| {
        seconds.sort_by(f64::total_cmp);
        let rank = |share: f64| (share * seconds.len() as f64).ceil() as usize;
        let at = |share: f64| seconds.get(rank(share).saturating_sub(1)).copied();
        Usual { median: Short(at(0.5)), p95: Short(at(0.95)) }
    };
    lengths.into_iter().map(|(part, seconds)| (part, of(seconds))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;

    #[test]
    fn thinning_keeps_both_extremes_in_order_and_gaps() {
        let values = [3.0, 9.0, 1.0, 5.0, 5.0, 5.0].map(Some);
        let thin: Vec<Option<f64>> = thinned(&values, 3).iter().map(|short| short.0).collect();
        assert_eq!(thin, [Some(9.0), Some(1.0), Some(5.0), Some(5.0)]);
        assert_eq!(thinned(&[None, None, None], 3), [Short(None); 2]);
        assert_eq!(merge(100, 100), 1);
        assert!(2 * 10_080usize.div_ceil(merge(10_080, 4000)) <= 4000);
    }

    #[test]
    fn the_largest_changes_are_kept_and_the_rest_is_counted() {
        let results = sample::results();
        let decisions = &results.policies[1].details[0].services[0].decisions;
        let (kept, left_out) = marks(decisions, 5);
        assert_eq!((kept.len(), left_out), (5, decisions.len() - 5));
        let size = |mark: &Mark| mark.before.abs_diff(mark.after);
        let least = kept.iter().map(size).min().unwrap();
        let largest = decisions.iter().map(|d| d.before.abs_diff(d.decision.desired)).max();
        assert_eq!(kept.iter().map(size).max(), largest);
        assert!(
            decisions.iter().filter(|d| d.before.abs_diff(d.decision.desired) > least).count() < 5
        );
        assert!(kept.is_sorted_by(|a, b| a.at <= b.at));
    }

    #[test]
    fn a_mark_has_the_whole_trail_and_the_age_of_what_was_seen() {
        let results = sample::results();
        let decisions = &results.policies[1].details[0].services[0].decisions;
        let record = decisions.iter().find(|d| d.decision.trail.len() > 1).unwrap();
        let found = mark(record);
        assert_eq!(found.steps.len(), record.decision.trail.len());
        assert_eq!(found.steps.last().map(|step| step.to), Some(found.after));
        assert_eq!(found.seen[0].age, Short::from(15.0));
    }
}
