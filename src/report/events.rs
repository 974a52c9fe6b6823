//! `events-POLICY.jsonl`: what a product would have shown of its decisions, in its own form.

use super::OutputFile;
use autosim_study::experiment::{PolicyResults, Results};
use serde_json::json;
use std::io::{self, Write};

/// One file per product's policy that has something to show.
pub(super) fn files(results: &Results) -> Vec<OutputFile<'_>> {
    let shows = |policy: &&PolicyResults| {
        let mut services = policy.details.iter().flat_map(|details| &details.services);
        services.any(|service| !service.product_events.is_empty())
    };
    let file = |policy| OutputFile::new(name(policy), move |out| write(policy, out));
    results.policies.iter().filter(shows).map(file).collect()
}

fn name(policy: &PolicyResults) -> String {
    format!("events-{}.jsonl", policy.name)
}

fn write(policy: &PolicyResults, out: &mut dyn Write) -> io::Result<()> {
    for details in &policy.details {
        for service in &details.services {
            for event in &service.product_events {
                let line = json!({
                    "replication": details.replication + 1,
                    "service": service.service,
                    "time_s": event.at.as_secs_f64(),
                    "told": event.what,
                });
                writeln!(out, "{line}")?;
            }
        }
    }
    Ok(())
}
