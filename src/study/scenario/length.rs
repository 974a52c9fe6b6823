//! How long a run lasts that says nothing about it: as long as its recordings.

use super::deployment::ServiceDraft;
use super::file::ScenarioFile;
use autosim_engine::units::{Span, Time};
use autosim_engine::workload::{OPEN_END, SourceSpec, Workload};

/// Whether all traffic of a scenario is recorded, so that it has an end of its own.
pub(super) fn all_recorded(file: &ScenarioFile) -> bool {
    let mut workloads: Vec<_> = file.services.values().map(|entry| &entry.workload).collect();
    workloads.push(&file.workload);
    let mut sources =
        workloads.into_iter().flatten().flat_map(|workload| workload.arrivals.values());
    let mut any = false;
    let all = sources.all(|source| {
        any = true;
        matches!(source, SourceSpec::Replay(_))
    });
    any && all
}

/// The whole seconds until the last recorded request of all services has arrived.
pub(super) fn of_recordings(services: &[ServiceDraft]) -> Option<Span> {
    services.iter().map(|service| length(&service.workload)).max().filter(|span| !span.is_zero())
}

/// The least whole number of seconds in which everything arrives that ever does: the expected number of
/// requests never falls with time, so halving finds it.
fn length(workload: &Workload) -> Span {
    let all = workload.expected_requests(OPEN_END);
    let (mut short, mut enough) = (0, OPEN_END.0 / 1_000_000_000);
    while short < enough {
        let middle = short + (enough - short) / 2;
        if workload.expected_requests(Time::from_secs(middle)) < all {
            short = middle + 1;
        } else {
            enough = middle;
        }
    }
    Span::from_secs(enough)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recording_lasts_until_its_last_request_has_arrived() {
        for (arrivals_ms, seconds) in [(vec![0, 1500], 2), (vec![2000], 3), (vec![], 0)] {
            let requests = arrivals_ms
                .into_iter()
                .map(|ms| (Time::ZERO.after(Span::from_millis(ms)), Span::from_millis(1)));
            let workload = Workload::from_requests(requests.collect());
            assert_eq!(length(&workload), Span::from_secs(seconds));
        }
    }
}
