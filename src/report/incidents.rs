//! What befell a service besides traffic and its policy, as pictures mark it.

use super::number::plain;
use super::seen::words_of;
use autosim_engine::fleet::OrderedBy;
use autosim_engine::simulation::Interval;
use autosim_engine::units::{Span, Time};
use autosim_study::experiment::{Scripted, ServiceDetails, Setting, What};
use strum::VariantArray;

/// Incidents of a kind nearer to each other than this part of the run are one mark.
const PARTS: u64 = 400;

/// What kind of thing it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, VariantArray)]
pub(super) enum Kind {
    Failure,
    Rollout,
    Slowdown,
    MetricOutage,
    Intervention,
    Resize,
}

impl Kind {
    /// All, in the order of their rows.
    pub(super) const ALL: &[Self] = Self::VARIANTS;

    /// In legends.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Failure => "replicas failed",
            Self::Rollout => "rollout",
            Self::Slowdown => "slowdown",
            Self::MetricOutage => "metric out",
            Self::Intervention => "count set from outside",
            Self::Resize => "cpu request changed",
        }
    }

    /// Its colour's name, in pictures as in `style.css`.
    pub(super) const fn ink(self) -> &'static str {
        match self {
            Self::Failure => "vermillion",
            Self::Rollout => "blue",
            Self::Slowdown => "orange",
            Self::MetricOutage => "purple",
            Self::Intervention => "green",
            Self::Resize => "sky",
        }
    }
}

/// Something that befell a service.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Incident {
    pub kind: Kind,
    pub from: Time,
    /// `from` if it was over at once.
    pub to: Time,
    /// In words: `2.5 times as slow`.
    pub what: String,
}

/// Everything that befell a service: what the scenario says, and replicas that failed by themselves; kind by
/// kind, in order of time.
pub(super) fn incidents(setting: Option<&Setting>, service: &ServiceDetails) -> Vec<Incident> {
    let scripted = setting.map_or(&[][..], |setting| &setting.scripted);
    let end = service.timeline.last().map_or(Time::ZERO, |last| last.at.after(last.length));
    let near = Span(end.0 / PARTS);
    let told = scripted.iter().filter_map(|one| told(one, scripted, service));
    let mut all: Vec<Incident> = failures(scripted, &service.timeline, near).chain(told).collect();
    all.sort_by_key(|one| (Kind::ALL.iter().position(|kind| *kind == one.kind), one.from));
    all
}

fn told(one: &Scripted, all: &[Scripted], service: &ServiceDetails) -> Option<Incident> {
    let (mut to, from) = (one.until, one.at);
    let (kind, what) = match &one.what {
        What::Rollout => {
            to = rolled_out(from, all, service);
            (Kind::Rollout, "every replica is replaced".to_owned())
        }
        // Its replicas are counted where they failed.
        What::Outage if fails(service, one) => return None,
        What::Outage => (Kind::Failure, "an outage that met no ready replica".to_owned()),
        What::Slowdown(factor, every) => {
            let which = if *every > 1 { format!("1 replica in {every} ") } else { String::new() };
            (Kind::Slowdown, format!("{which}{} times as slow", plain(*factor, 3)))
        }
        What::MetricOutage(signals) => {
            let names: Vec<String> = signals.iter().map(|name| words_of(name)).collect();
            (Kind::MetricOutage, format!("no data of {}", names.join(" and ")))
        }
        What::Intervention(count) => (Kind::Intervention, format!("count set to {count}")),
        What::Resize(cores) => {
            (Kind::Resize, format!("{} cores requested by each", plain(*cores, 3)))
        }
    };
    Some(Incident { kind, from, to, what })
}

/// When the last replica that a rollout ordered is ready.
fn rolled_out(from: Time, all: &[Scripted], service: &ServiceDetails) -> Time {
    let next = all.iter().find(|one| one.what == What::Rollout && one.at > from);
    let ordered = service.launches.kept.iter().filter(|launch| {
        let within = launch.ordered_at >= from && next.is_none_or(|n| launch.ordered_at < n.at);
        launch.by == OrderedBy::Rollout && within
    });
    ordered.filter_map(|launch| launch.ready_at).fold(from, Time::max)
}

/// Whether an outage is seen in the timeline.
fn fails(service: &ServiceDetails, outage: &Scripted) -> bool {
    let failed = |interval: &Interval| interval.failures > 0 && meets(interval, outage);
    service.timeline.iter().any(failed)
}

fn meets(interval: &Interval, outage: &Scripted) -> bool {
    outage.at < interval.at.after(interval.length) && outage.until >= interval.at
}

/// Intervals in which replicas failed; neighbours are one.
fn failures<'a>(
    scripted: &'a [Scripted],
    timeline: &[Interval],
    near: Span,
) -> impl Iterator<Item = Incident> + 'a {
    let mut stretches: Vec<(Time, Time, u64)> = Vec::new();
    for interval in timeline.iter().filter(|interval| interval.failures > 0) {
        let to = interval.at.after(interval.length);
        match stretches.last_mut() {
            Some(last) if interval.at.since(last.1) <= near => {
                (last.1, last.2) = (to, last.2 + interval.failures);
            }
            _ => stretches.push((interval.at, to, interval.failures)),
        }
    }
    stretches.into_iter().map(move |(from, to, count)| {
        let planned = |one: &Scripted| one.what == What::Outage && one.at < to && one.until >= from;
        let outage = if scripted.iter().any(planned) { "outage: " } else { "" };
        let many = if count == 1 { "" } else { "s" };
        let what = format!("{outage}{} replica{many} failed", plain(count as f64, 0));
        Incident { kind: Kind::Failure, from, to, what }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;
    use autosim_engine::fleet::Launch;

    #[test]
    fn what_befell_a_service_is_one_list_by_kind_and_time() {
        let mut results = sample::with_incidents();
        let policy = &mut results.policies[1];
        let service = &mut policy.details[0].services[0];
        let new = Launch {
            by: OrderedBy::Rollout,
            ordered_at: Time::from_secs(7200),
            ready_at: Some(Time::from_secs(7500)),
            ..service.launches.kept[0].clone()
        };
        service.launches.kept.push(new);
        let found = incidents(policy.settings.first(), service);
        let told: Vec<(Kind, u64, u64, &str)> = found
            .iter()
            .map(|one| (one.kind, one.from.0 / 1_000_000_000, one.to.0 / 1_000_000_000, &*one.what))
            .collect();
        let minutes = |from: u64, to: u64| (60 * from, 60 * to);
        let expected = [
            (Kind::Failure, minutes(240, 242), "outage: 4 replicas failed"),
            (Kind::Failure, minutes(1000, 1001), "1 replica failed"),
            (Kind::Rollout, minutes(120, 125), "every replica is replaced"),
            (Kind::Slowdown, minutes(400, 430), "1 replica in 10 2.5 times as slow"),
            (Kind::MetricOutage, minutes(700, 720), "no data of cpu, %"),
            (Kind::Intervention, minutes(900, 900), "count set to 3"),
            (Kind::Resize, minutes(950, 950), "0.75 cores requested by each"),
        ];
        assert_eq!(told, expected.map(|(kind, (from, to), what)| (kind, from, to, what)));
    }

    #[test]
    fn an_outage_that_met_nobody_is_told_too() {
        let mut results = sample::with_incidents();
        let policy = &mut results.policies[1];
        let service = &mut policy.details[0].services[0];
        service.timeline.iter_mut().for_each(|interval| interval.failures = 0);
        let found = incidents(policy.settings.first(), service);
        assert_eq!(found[0].what, "an outage that met no ready replica");
    }

    #[test]
    fn failures_close_to_each_other_are_one_mark() {
        let mut results = sample::results();
        let service = &mut results.policies[1].details[0].services[0];
        service.timeline.iter_mut().for_each(|interval| interval.failures = 1);
        let found = incidents(None, service);
        assert_eq!((found.len(), found[0].what.as_str()), (1, "1440 replicas failed"));
        assert_eq!(incidents(None, &sample::results().policies[0].details[0].services[0]), []);
    }
}
