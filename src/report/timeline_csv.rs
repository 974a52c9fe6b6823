//! `timeline.csv`: one row per policy, service and interval.

use super::number::plain;
use autosim_engine::simulation::Interval;
use autosim_study::experiment::Results;
use std::io::{self, Write};

const HEADER: [&str; 30] = [
    "policy",
    "service",
    "replication",
    "time_s",
    "interval_s",
    "arrivals",
    "rejections",
    "completions",
    "losses",
    "timeouts",
    "latency_p50_ms",
    "latency_p95_ms",
    "latency_p99_ms",
    "desired",
    "uncapped_desired",
    "ready",
    "starting",
    "draining",
    "queued",
    "in_flight",
    "utilization_share",
    "signal",
    "signal_value",
    "counted",
    "failures",
    "retries",
    "unheard_answers",
    "wasted_slot_s",
    "thinking_users",
    "fidelity",
];

/// Arrivals and rejections by arrival; completions, losses, timeouts and percentiles by the instant
/// they happen; replicas, queue and utilization are means over the interval. Where clients give up and try
/// again, arrivals are first attempts and completions those whose answer was heard; what attempts beyond
/// the first came to, and the users who think in closed loops, is in the last columns, empty elsewhere.
pub(super) fn write(results: &Results, out: &mut dyn Write) -> io::Result<()> {
    let mut csv = csv::Writer::from_writer(out);
    csv.write_record(HEADER)?;
    let window = results.about.window;
    for policy in &results.policies {
        for details in &policy.details {
            let replication = (details.replication + 1).to_string();
            for (at, service) in details.services.iter().enumerate() {
                let signal = policy.signals(at).first();
                let signal = signal.map_or("", String::as_str);
                for interval in &service.timeline {
                    let counted = interval.at >= window.warmup && interval.at < window.end;
                    let mut record = [policy.name.as_str(), &service.service, &replication]
                        .map(str::to_owned)
                        .to_vec();
                    record.extend(measured(interval));
                    record.push(signal.to_owned());
                    record.push(optional(interval.signal, 6));
                    record.push(counted.to_string());
                    record.push(interval.failures.to_string());
                    record.extend(of_clients(interval));
                    record.push(results.about.fidelity.name().to_owned());
                    csv.write_record(&record)?;
                }
            }
        }
    }
    csv.flush()
}

fn measured(interval: &Interval) -> Vec<String> {
    let mut record = vec![
        plain(interval.at.as_secs_f64(), 9),
        plain(interval.length.as_secs_f64(), 9),
        interval.arrivals.to_string(),
        interval.rejections.to_string(),
        interval.completions.to_string(),
        interval.losses.to_string(),
        interval.timeouts.to_string(),
    ];
    for at in 0..3 {
        let percentile = interval.percentiles.map(|percentiles| percentiles[at].as_millis_f64());
        record.push(optional(percentile, 4));
    }
    record.push(interval.desired.to_string());
    record.push(interval.uncapped.to_string());
    for mean in [
        interval.mean_ready,
        interval.mean_starting,
        interval.mean_draining,
        interval.mean_queued,
        interval.mean_in_flight,
    ] {
        record.push(plain(mean, 4));
    }
    record.push(optional(interval.utilization, 6));
    record
}

/// What clients did: empty where they only wait.
fn of_clients(interval: &Interval) -> [String; 4] {
    let Some(clients) = &interval.clients else { return Default::default() };
    [
        clients.retries.to_string(),
        clients.unheard.to_string(),
        plain(clients.wasted_ns as f64 / 1e9, 4),
        optional(clients.mean_thinking, 4),
    ]
}

fn optional(value: Option<f64>, decimals: usize) -> String {
    value.filter(|value| value.is_finite()).map_or_else(String::new, |value| plain(value, decimals))
}
