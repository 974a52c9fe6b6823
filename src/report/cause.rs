//! Why requests failed: what happened to most of those of an interval, and the decision behind it.

use super::moments::failures;
use autosim_engine::simulation::Interval;
use autosim_engine::units::{Span, Time};
use autosim_study::experiment::ServiceDetails;

/// What happened to most of the requests that failed in an interval, and when the decision behind it was made
/// where that is not the newest one; `None` where nothing failed.
///
/// A request in service when its replica's grace ends was sentenced when the replica was told to leave, one grace
/// earlier; by then the newest decision may long be to scale out again.
pub(super) fn cause(
    interval: &Interval,
    service: &ServiceDetails,
) -> Option<(String, Option<Time>)> {
    let (all, lost) = (failures(interval), interval.losses);
    if all == 0 {
        return None;
    }
    let of = |count: u64| if count == all { "all".to_owned() } else { format!("{count} of {all}") };
    if lost < interval.timeouts.max(interval.rejections) {
        let (count, what) = match interval.timeouts > interval.rejections {
            true => (interval.timeouts, "gave up waiting"),
            false => (interval.rejections, "were refused: no room to wait"),
        };
        return Some((format!("in the worst interval {} {what}", of(count)), None));
    }
    if interval.failures > 0 {
        let failed = match interval.failures {
            1 => "a replica that failed".to_owned(),
            many => format!("{many} replicas that failed"),
        };
        return Some((format!("in the worst interval {} were lost with {failed}", of(lost)), None));
    }
    let told_to_leave = interval.at.after(interval.length).0.checked_sub(service.grace.0).map(Time);
    let decided = told_to_leave.and_then(|at| scale_in(service, at));
    let leaving = match service.grace {
        Span::ZERO => "replicas that left at once".to_owned(),
        grace => {
            format!("replicas that were told to leave, when their grace of {} ended", grace.told())
        }
    };
    let whose = match decided {
        Some(_) => "below is the scale-in behind it",
        None => "no scale-in came before: a rollout or an outage",
    };
    Some((
        format!("in the worst interval {} were lost in service on {leaving}; {whose}", of(lost)),
        decided,
    ))
}

/// The newest decision at or before an instant that lowered the count.
fn scale_in(service: &ServiceDetails, at: Time) -> Option<Time> {
    let before = service.decisions.iter().take_while(|one| one.at <= at);
    before.filter(|one| one.decision.desired < one.before).last().map(|one| one.at)
}
