//! `classes.csv`: one row per policy, service and class of requests.

use super::number;
use autosim_study::experiment::{ClassEstimates, Comparison, Figure};
use std::io::{self, Write};

/// What is known of the requests of a class.
const FIGURES: [Figure; 20] = [
    Figure::Arrived,
    Figure::Completed,
    Figure::TimedOut,
    Figure::Rejected,
    Figure::Lost,
    Figure::Unfinished,
    Figure::FailedShare,
    Figure::LatencyMean,
    Figure::LatencyP50,
    Figure::LatencyP90,
    Figure::LatencyP95,
    Figure::LatencyP99,
    Figure::LatencyMax,
    Figure::SloLatency,
    Figure::WaitMean,
    Figure::WaitP50,
    Figure::WaitP95,
    Figure::WaitP99,
    Figure::WaitedShare,
    Figure::SloRequests,
];

/// Figures whose interval is printed beside their mean.
const WITH_INTERVAL: [Figure; 4] =
    [Figure::LatencyMean, Figure::LatencyP99, Figure::WaitMean, Figure::FailedShare];

/// Whether there is anything to write.
pub(super) fn any(comparison: &Comparison) -> bool {
    comparison.policies.iter().any(|policy| !policy.classes.is_empty())
}

/// Means over replications, with 95 % intervals.
pub(super) fn write(comparison: &Comparison, out: &mut dyn Write) -> io::Result<()> {
    let mut csv = csv::Writer::from_writer(out);
    csv.write_record(header())?;
    for policy in &comparison.policies {
        for one in &policy.classes {
            let mut record = vec![
                policy.name.clone(),
                one.service.clone(),
                one.class.priority.to_string(),
                one.class.name(),
                policy.replications.to_string(),
            ];
            record.extend(figures(one));
            csv.write_record(&record)?;
        }
    }
    csv.flush()
}

fn header() -> Vec<String> {
    let fixed = ["policy", "service", "priority", "sources", "replications"];
    let mut header: Vec<String> = fixed.map(String::from).into();
    header.extend(FIGURES.iter().map(|figure| figure.column().to_owned()));
    for figure in WITH_INTERVAL {
        header.push(format!("{}_ci95_low", figure.column()));
        header.push(format!("{}_ci95_high", figure.column()));
    }
    header
}

fn figures(one: &ClassEstimates) -> Vec<String> {
    let mut record = Vec::new();
    for figure in FIGURES {
        let mean = one.estimates.get(figure).map(|estimate| estimate.mean);
        record.push(number::figure(mean, figure.kind()));
    }
    for figure in WITH_INTERVAL {
        let known = one.estimates.get(figure).filter(|estimate| estimate.half_width.is_some());
        record.push(number::figure(known.map(|estimate| estimate.low()), figure.kind()));
        record.push(number::figure(known.map(|estimate| estimate.high()), figure.kind()));
    }
    record
}
