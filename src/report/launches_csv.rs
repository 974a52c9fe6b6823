//! `launches.csv`: one row per replica ordered, with the stages of its cold start.

use super::number::plain;
use autosim_engine::fleet::{Launch, OrderedBy};
use autosim_engine::units::Time;
use autosim_study::experiment::Results;
use std::io::{self, Write};

/// Stages a scenario knows; a column each, whether they occur or not.
const STAGES: [&str; 5] = ["provision", "pull", "boot", "warm_up", "cold_start"];

/// Seconds from the start; lengths of stages in seconds. Empty: it did not happen, or has no such stage.
pub(super) fn write(results: &Results, out: &mut dyn Write) -> io::Result<()> {
    let mut csv = csv::Writer::from_writer(out);
    let stages = stages(results);
    csv.write_record(header(&stages))?;
    for policy in &results.policies {
        for details in &policy.details {
            let replication = (details.replication + 1).to_string();
            for service in &details.services {
                for launch in &service.launches.kept {
                    let mut record = [policy.name.as_str(), &service.service, &replication]
                        .map(str::to_owned)
                        .to_vec();
                    record.extend(row(launch, &stages));
                    record.push(results.about.fidelity.name().to_owned());
                    csv.write_record(&record)?;
                }
            }
        }
    }
    csv.flush()
}

/// The known stages, then any other that was drawn.
fn stages(results: &Results) -> Vec<&'static str> {
    let mut names = STAGES.to_vec();
    let details = results.policies.iter().flat_map(|policy| &policy.details);
    let launches = details.flat_map(|one| &one.services).flat_map(|one| &one.launches.kept);
    for (name, _) in launches.flat_map(|launch| &launch.stages) {
        if !names.contains(name) {
            names.push(name);
        }
    }
    names
}

fn header(stages: &[&str]) -> Vec<String> {
    let before =
        ["policy", "service", "replication", "launch", "ordered_by", "decided_s", "ordered_s"];
    let mut header: Vec<String> = before.map(String::from).into();
    header.push("launched_s".into());
    header.extend(stages.iter().map(|stage| format!("{stage}_s")));
    header.extend(["ready_s", "cancelled_s", "gone_s", "fidelity"].map(String::from));
    header
}

fn row(launch: &Launch, stages: &[&'static str]) -> Vec<String> {
    let seconds = |at: Time| plain(at.as_secs_f64(), 9);
    let maybe = |at: Option<Time>| at.map(seconds).unwrap_or_default();
    let (by, decided) = match launch.by {
        OrderedBy::Decision(at) => ("decision", seconds(at)),
        OrderedBy::Rollout => ("rollout", String::new()),
        OrderedBy::Request => ("request", String::new()),
        OrderedBy::Failure => ("failure", String::new()),
    };
    let mut out = vec![(launch.number + 1).to_string(), by.to_owned(), decided];
    out.extend([launch.ordered_at, launch.launched_at].map(seconds));
    for stage in stages {
        let found = launch.stages.iter().find(|(name, _)| name == stage);
        out.push(found.map_or_else(String::new, |(_, span)| plain(span.as_secs_f64(), 9)));
    }
    let cancelled = launch.cancelled_at();
    out.extend([launch.ready_at, cancelled].map(maybe));
    out.push(maybe(launch.gone_at.filter(|_| cancelled.is_none())));
    out
}
