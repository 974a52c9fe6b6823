//! `decisions.csv`: one row per decision kept, with what was seen and what every stage made of it.

use super::number::plain;
use autosim_engine::control::Stage;
use autosim_engine::simulation::{AskedBy, DecisionRecord};
use autosim_study::experiment::Results;
use std::io::{self, Write};

/// Columns: counts seen, the number after every stage that acted (empty: it did not), the reason, then
/// three columns for each signal of the policy that sees most.
pub(super) fn write(results: &Results, out: &mut dyn Write) -> io::Result<()> {
    let mut csv = csv::Writer::from_writer(out);
    let policies = &results.policies;
    let signals =
        policies.iter().flat_map(|p| &p.settings).map(|of| of.signals.len()).max().unwrap_or(0);
    csv.write_record(header(signals))?;
    for policy in policies {
        for details in &policy.details {
            for (at, service) in details.services.iter().enumerate() {
                let names = policy.signals(at);
                for decision in &service.decisions {
                    let mut record = vec![
                        policy.name.clone(),
                        service.service.clone(),
                        (details.replication + 1).to_string(),
                    ];
                    record.extend(decided(decision));
                    record.extend(seen(decision, names, signals));
                    record.push(results.about.fidelity.name().to_owned());
                    csv.write_record(&record)?;
                }
            }
        }
    }
    csv.flush()
}

fn header(signals: usize) -> Vec<String> {
    let mut header: Vec<String> = [
        "policy",
        "service",
        "replication",
        "time_s",
        "trigger",
        "ready",
        "starting",
        "draining",
        "desired_before",
        "desired",
        "uncapped_desired",
    ]
    .map(String::from)
    .into();
    header.extend(Stage::ALL.iter().map(|stage| format!("after_{}", stage.name())));
    header.push("reason_stage".into());
    header.push("reason".into());
    for n in 1..=signals {
        header.extend(["", "_value", "_age_s"].map(|part| format!("signal_{n}{part}")));
    }
    header.push("fidelity".into());
    header
}

fn decided(record: &DecisionRecord) -> Vec<String> {
    let decision = &record.decision;
    let mut out = vec![
        plain(record.at.as_secs_f64(), 9),
        trigger(record.asked_by).to_owned(),
        record.census.ready.to_string(),
        record.census.starting.to_string(),
        record.census.draining.to_string(),
        record.before.to_string(),
        decision.desired.to_string(),
        decision.uncapped.to_string(),
    ];
    for &stage in Stage::ALL {
        let last = decision.trail.iter().rev().find(|step| step.stage == stage);
        out.push(last.map_or_else(String::new, |step| step.to.to_string()));
    }
    let reason = decision.reason();
    out.push(reason.stage.name().to_owned());
    out.push(reason.why.to_string());
    out
}

const fn trigger(by: AskedBy) -> &'static str {
    match by {
        AskedBy::Control => "control",
        AskedBy::Request => "activation",
        AskedBy::Nobody => "outside",
    }
}

fn seen(record: &DecisionRecord, names: &[String], columns: usize) -> Vec<String> {
    let mut out = Vec::with_capacity(3 * columns);
    for (at, reading) in record.readings.iter().enumerate().take(columns) {
        out.push(names.get(at).cloned().unwrap_or_default());
        let value = reading.value.filter(|value| value.is_finite());
        out.push(value.map_or_else(String::new, |value| plain(value, 6)));
        let age = record.at.since(reading.at).as_secs_f64();
        out.push(if value.is_some() { plain(age, 9) } else { String::new() });
    }
    out.resize(3 * columns, String::new());
    out
}
