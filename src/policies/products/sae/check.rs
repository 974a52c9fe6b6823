//! The two configurations, `ScalingRuleTimer` and `ScalingRuleMetric`, checked as the platform does.

use super::native::{
    Bounds, Direction, MetricRule, MetricType, Period, Schedule, Set, Target, Timer,
};
use super::refusal::{
    BEGIN_AFTER_END, DATE_FORMAT, Object, One, TIME_CONFLICT, TIME_FORMAT, TOO_MANY_TIMES,
    integer_or_text, replicas,
};
use crate::products::{Kind, Words, Wrong};
use autosim_engine::units::Span;
use jiff::civil::{Date, Time as ClockTime};
use serde_json::Value;
use std::ops::RangeInclusive;

/// Neighbouring triggers must be further apart than this.
pub(super) const GAP_MINUTES: i32 = 5;
const MOST_TIMES: usize = 20;
const MINUTES_A_DAY: i32 = 24 * 60;

/// `special`: its entries move the bounds of a mix rule; else they set counts.
pub(super) fn timer(part: &One<'_>, special: bool) -> Option<Timer> {
    let timer = part.members("beginDate endDate period schedules")?;
    let dates = dates(&timer);
    let period = timer.need("period").hint("\"* * *\", \"* * Fri,Mon\" or \"1,2,31 * *\"");
    let period = period.read(Kind::Text, |value| Period::parse(value.as_str()?));
    let schedules = schedules(&timer, period == Some(Period::Daily), special);
    let (begin, end) = dates?;
    Some(Timer { begin, end, period: period?, schedules: schedules? })
}

fn dates(timer: &Object<'_>) -> Option<(Option<Date>, Option<Date>)> {
    let (begin, end) = (timer.get("beginDate"), timer.get("endDate"));
    begin.note(Value::Null);
    end.note(Value::Null);
    let (first, last) = (begin.value.is_some(), end.value.is_some());
    if timer.me.reader.dialect.knobs.both_dates && first != last {
        let lone = if first { begin.named("endDate") } else { end.named("beginDate") };
        lone.refuse(DATE_FORMAT, "give both dates, or neither");
        return None;
    }
    let (first, last) = (begin.optional(date), end.optional(date));
    if let (Some(Some(first)), Some(Some(last))) = (first, last)
        && first > last
    {
        end.refuse(BEGIN_AFTER_END, "an end on or after the beginning");
        return None;
    }
    Some((first?, last?))
}

fn date(member: &One<'_>) -> Option<Date> {
    let well_formed = |text: &&str| {
        text.len() == 10
            && text.bytes().enumerate().all(|(at, byte)| match at {
                4 | 7 => byte == b'-',
                _ => byte.is_ascii_digit(),
            })
    };
    let text = member.value.and_then(|value| value.as_str()).filter(well_formed);
    let date = text.and_then(|text| text.parse().ok());
    if date.is_none() {
        member.refuse(DATE_FORMAT, "a day such as \"2021-03-25\"");
    }
    date
}

/// The items of a list that must hold some; an empty one is as good as none.
fn filled<'r>(list: &One<'r>, remedy: &str) -> Option<Vec<One<'r>>> {
    let items = list.items()?;
    if items.is_empty() {
        list.refuse(Wrong::Missing, remedy);
        return None;
    }
    Some(items)
}

fn schedules(timer: &Object<'_>, daily: bool, special: bool) -> Option<Vec<Schedule>> {
    let remedy = "1 to 20 entries such as { \"atTime\": \"08:00\", \"targetReplicas\": 10 }";
    let list = timer.need("schedules").hint(remedy);
    let entries = filled(&list, remedy)?;
    if entries.len() > MOST_TIMES {
        list.refuse(TOO_MANY_TIMES, "at most 20 entries");
        return None;
    }
    let mut times = Vec::new();
    let read = |entry| schedule(entry, special, &mut times);
    // Collected first: every entry is read, whatever is wrong with those before it.
    let schedules: Vec<Option<Schedule>> = entries.iter().map(read).collect();
    let apart = distances(times, daily, timer.me.reader.dialect.knobs.gap_across_midnight);
    schedules.into_iter().collect::<Option<Vec<Schedule>>>().filter(|_| apart)
}

/// An entry; its time is noted even if something else is wrong with it.
fn schedule<'r>(
    entry: &One<'r>,
    special: bool,
    times: &mut Vec<(ClockTime, One<'r>)>,
) -> Option<Schedule> {
    let known = if special { "atTime minReplicas maxReplicas" } else { "atTime targetReplicas" };
    let entry = entry.members(known)?;
    let member = entry.get("atTime").must("a time of day such as \"08:00\"");
    let at = member.present(Kind::Text).and_then(|value| clock(value.as_str()?));
    if at.is_none() && member.value.is_some() {
        member.refuse(TIME_FORMAT, "HH:mm, for example \"08:00\"");
    }
    times.extend(at.map(|at| (at, member)));
    let set = match special {
        true => bounds(&entry).map(Set::Bounds),
        false => {
            replicas(&entry.get("targetReplicas").must("a number of replicas")).map(Set::Count)
        }
    };
    Some(Schedule { at: at?, set: set? })
}

fn clock(text: &str) -> Option<ClockTime> {
    let (hour, minute) = text.split_once(':')?;
    let number = |part: &str| {
        let good = part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
        part.parse::<i8>().ok().filter(|_| good)
    };
    ClockTime::new(number(hour)?, number(minute)?, 0, 0).ok()
}

/// Whether the times of a day are far enough apart.
fn distances(mut times: Vec<(ClockTime, One<'_>)>, daily: bool, over_midnight: bool) -> bool {
    times.sort_by_key(|(time, _)| *time);
    let minute =
        |(time, _): &(ClockTime, One<'_>)| i32::from(time.hour()) * 60 + i32::from(time.minute());
    let pairs = times.windows(2);
    let close = pairs.filter(|pair| minute(&pair[1]) - minute(&pair[0]) <= GAP_MINUTES);
    let mut close: Vec<&One<'_>> = close.map(|pair| &pair[1].1).collect();
    if let [first, .., last] = &times[..]
        && daily
        && over_midnight
        && minute(first) + MINUTES_A_DAY - minute(last) <= GAP_MINUTES
    {
        close.push(&last.1);
    }
    for member in &close {
        member.refuse(TIME_CONFLICT, "times more than 5 minutes apart");
    }
    close.is_empty()
}

fn bounds(members: &Object<'_>) -> Option<Bounds> {
    let of = |name| replicas(&members.get(name).must("a number of replicas"));
    let (min, max) = (of("minReplicas"), of("maxReplicas"));
    let bounds = Bounds { min: min?, max: max? };
    if bounds.min > bounds.max {
        let why = Wrong::Because("it must not exceed maxReplicas");
        members.get("minReplicas").refuse(why, "a minimum at or below the maximum");
        return None;
    }
    Some(bounds)
}

pub(super) fn metric(part: &One<'_>) -> Option<MetricRule> {
    let known = "minReplicas maxReplicas metrics scaleUpRules scaleDownRules MetricsStatus";
    let rule = part.members(known)?;
    let bounds = bounds(&rule);
    let metrics = metrics(&rule);
    let (up, down) = (direction(&rule, "scaleUpRules"), direction(&rule, "scaleDownRules"));
    Some(MetricRule { bounds: bounds?, metrics: metrics?, up: up?, down: down? })
}

fn metrics(rule: &Object<'_>) -> Option<Vec<Target>> {
    let remedy = "at least one, for example \
         { \"metricType\": \"CPU\", \"metricTargetAverageUtilization\": 50 }";
    let entries = filled(&rule.need("metrics").hint(remedy), remedy)?;
    let mut seen = Vec::new();
    let targets: Vec<Option<Target>> =
        entries.iter().map(|entry| target(entry, &mut seen)).collect();
    targets.into_iter().collect()
}

fn target(entry: &One<'_>, seen: &mut Vec<MetricType>) -> Option<Target> {
    let known = "metricType metricTargetAverageUtilization slbId slbProject slbLogstore vport";
    let entry = entry.members(known)?;
    let names = format!("one of {}", MetricType::list());
    let kind: Option<MetricType> = entry.need("metricType").hint(names).word();
    let limit = limit(&entry, kind);
    let kind = kind?;
    let sound = source(&entry, kind);
    if seen.contains(&kind) {
        let why = Wrong::Because("each metric type may be there once");
        entry.get("metricType").refuse(why, "leave one of them out");
        return None;
    }
    seen.push(kind);
    if kind.is_response_time() {
        let message = format!("{} is a latency of the whole application", kind.name());
        let remedy = "more replicas may not lower it: the count can run away to the maximum";
        entry.me.warn(message, remedy);
    }
    sound.then_some(Target { kind, limit: limit? })
}

fn limit(entry: &Object<'_>, kind: Option<MetricType>) -> Option<u32> {
    let limit = entry.get("metricTargetAverageUtilization").must("a whole number above 0");
    let knobs = &entry.me.reader.dialect.knobs;
    let (most, why) = match kind.is_some_and(MetricType::is_percent) && knobs.percent_at_most_100 {
        true => (100, "it must be from 1 to 100"),
        false => (u32::MAX, "it must be above 0"),
    };
    within(&limit, limit.whole()?, 1..=most, why, "a whole number in that range")
}

/// A number within a range, or `why` it is not and what would be.
fn within(
    member: &One<'_>,
    number: i64,
    range: RangeInclusive<u32>,
    why: &str,
    remedy: &str,
) -> Option<u32> {
    let number = u32::try_from(number).ok().filter(|number| range.contains(number));
    if number.is_none() {
        member.refuse(Wrong::Because(why), remedy);
    }
    number
}

/// Where a load balancer's metric is read from; false if something required is missing.
fn source(entry: &Object<'_>, kind: MetricType) -> bool {
    let reader = entry.me.reader;
    let errors = reader.errors();
    let required = kind.of_balancer() && reader.dialect.knobs.slb_source_required;
    for (name, shown) in
        [("slbProject", "SlbProject"), ("slbLogstore", "SlbLogstore"), ("vport", "Vport")]
    {
        let member = entry.get(name);
        match (member.value, name) {
            (None, _) if required => {
                let remedy = "the log project, logstore and listener port of the load balancer";
                member.named(shown).refuse(Wrong::Missing, remedy);
            }
            (None, _) => {}
            (Some(_), "vport") => {
                if let Some(port) = integer_or_text(&member) {
                    let why = "it must be a port from 1 to 65535";
                    within(&member.named(shown), port, 1..=65_535, why, "the listener's port");
                }
            }
            (Some(_), _) => drop(member.text()),
        }
    }
    entry.get("slbId").text();
    reader.errors() == errors
}

fn direction<'r>(rule: &Object<'r>, name: &'r str) -> Option<Direction> {
    let known = "step disabled stabilizationWindowSeconds";
    let direction = rule.get(name).members_if_any(known)?;
    let step = direction.get("step");
    step.note(direction.me.reader.dialect.knobs.default_step);
    let step = step.optional(|step| {
        let remedy = "replicas per unit of time, 1 or more";
        within(step, integer_or_text(step)?, 1..=u32::MAX, "it must be at least 1", remedy)
    });
    let disabled = direction.get("disabled").or(false, One::flag);
    let window = direction.get("stabilizationWindowSeconds").or(0, |window| {
        let why = "it must be from 0 to 3600";
        within(window, window.whole()?, 0..=3600, why, "seconds in that range")
    });
    Some(Direction { step: step?, disabled: disabled?, window: Span::from_secs(window?.into()) })
}
