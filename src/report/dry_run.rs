//! A dry run as rows or as JSON lines.

use super::number::plain;
use autosim_engine::control::Stage;
use autosim_study::dryrun::{Answer, DryRun};
use serde_json::{Map, Value, json};

/// One row per decision: counts, the reason, the number after every stage that acted (empty: it did
/// not), what was seen.
pub fn dry_run_csv(run: &DryRun) -> String {
    dry_run_csv_header(run) + &dry_run_csv_rows(run)
}

/// Its names of columns alone.
pub fn dry_run_csv_header(run: &DryRun) -> String {
    let mut header = vec!["time_s".to_owned()];
    header.extend(run.clock_times.then(|| "time".to_owned()));
    header.extend(["replicas_before", "desired", "reason"].map(String::from));
    header.extend(Stage::ALL.iter().map(|stage| format!("after_{}", stage.name())));
    header.extend(run.signals.iter().map(|name| format!("saw_{name}")));
    lines(std::iter::once(header))
}

/// Its rows without the names of columns.
pub fn dry_run_csv_rows(run: &DryRun) -> String {
    lines(run.answers.iter().map(|answer| row(run, answer)))
}

fn lines(mut rows: impl Iterator<Item = Vec<String>>) -> String {
    let mut csv = csv::Writer::from_writer(Vec::new());
    // Writing to memory does not fail.
    let written = rows.try_for_each(|row| csv.write_record(&row));
    let bytes = written.ok().and_then(|()| csv.into_inner().ok()).unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}

fn row(run: &DryRun, answer: &Answer) -> Vec<String> {
    let decision = &answer.decision;
    let mut row = vec![plain(answer.at.as_secs_f64(), 9)];
    row.extend(run.clock_times.then(|| clock_time(run, answer).unwrap_or_default()));
    row.extend([answer.before.to_string(), decision.desired.to_string(), reason(answer)]);
    for &stage in Stage::ALL {
        let last = decision.trail.iter().rev().find(|step| step.stage == stage);
        row.push(last.map_or_else(String::new, |step| step.to.to_string()));
    }
    let value = |value: f64| plain(value, 6);
    row.extend(answer.readings.iter().map(|seen| seen.value.map_or_else(String::new, value)));
    row
}

/// What the clock of the recording showed: `2026-03-02T08:00:00+08:00`.
fn clock_time(run: &DryRun, answer: &Answer) -> Option<String> {
    let at = run.clock.dated_at(answer.at).filter(|_| run.clock_times)?;
    Some(at.strftime("%FT%T%.f%:z").to_string())
}

/// The decisive stage and why: `stabilise: highest of the last 5m`.
fn reason(answer: &Answer) -> String {
    let step = answer.decision.reason();
    match step.why.to_string() {
        why if why.is_empty() => step.stage.name().to_owned(),
        why => format!("{}: {why}", step.stage.name()),
    }
}

/// One object per decision and line, with every stage before and after; `told` adds the platform's own
/// form where there is one.
pub fn dry_run_json(run: &DryRun, told: impl Fn(&Answer) -> Option<Value>) -> String {
    let mut lines = String::new();
    for answer in &run.answers {
        let decision = &answer.decision;
        let seen: Map<String, Value> = run
            .signals
            .iter()
            .zip(&answer.readings)
            .map(|(name, reading)| {
                let age = answer.at.since(reading.at).as_secs_f64();
                (name.clone(), json!({ "value": reading.value, "age_s": age }))
            })
            .collect();
        let stages: Vec<Value> = decision
            .trail
            .iter()
            .map(|step| {
                json!({
                    "stage": step.stage.name(),
                    "before": step.from,
                    "after": step.to,
                    "why": step.why.to_string(),
                })
            })
            .collect();
        let mut line = json!({
            "time_s": answer.at.as_secs_f64(),
            "replicas_before": answer.before,
            "ready": answer.census.ready,
            "desired": decision.desired,
            "reason": reason(answer),
            "activation": answer.activation,
            "saw": seen,
            "stages": stages,
        });
        if let (Some(time), Some(object)) = (clock_time(run, answer), line.as_object_mut()) {
            object.insert("time".into(), time.into());
        }
        if let (Some(told), Some(object)) = (told(answer), line.as_object_mut()) {
            object.insert("told".into(), told);
        }
        lines.push_str(&line.to_string());
        lines.push('\n');
    }
    lines
}
