//! The lines: what a program is told, and what it answers. `docs/stdio.md` has them in words.

use super::{Observed, Stdio};
use crate::builtin::PolicyContext;
use autosim_engine::control::Observation;
use autosim_engine::signal::Metric;
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The version of the lines. It is raised when a program that understood the last one might not understand the
/// next.
pub(super) const VERSION: u32 = 1;

/// A line to the program. Each is answered by one line.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Line<'a> {
    /// First: what will be shown.
    Hello {
        version: u32,
        observes: Vec<Shown>,
        interval_s: f64,
        min: u32,
        max: u32,
        parameters: &'a Map<String, Value>,
    },
    /// Second: a replication begins, nothing has been seen.
    Reset { replication: u32, start: String, end_s: f64, initial: u32, slots: u32 },
    /// Then, at every evaluation: how many replicas are wanted?
    Observe {
        at_s: f64,
        asked_by: &'static str,
        desired: u32,
        starting: u32,
        ready: u32,
        draining: u32,
        readings: IndexMap<&'a str, Option<f64>>,
    },
}

/// A metric that will be shown.
#[derive(Debug, Serialize)]
pub(super) struct Shown {
    name: String,
    metric: String,
    unit: &'static str,
    window_s: f64,
    delay_s: f64,
}

impl Line<'_> {
    /// As it is written, with its end.
    pub(super) fn text(&self) -> String {
        let mut text = serde_json::to_string(self).unwrap_or_default();
        text.push('\n');
        text
    }
}

/// The first line of a policy's program.
pub(super) fn hello(spec: &Stdio) -> Line<'_> {
    let shown = |one: &Observed| {
        let signal = one.signal().resolve(spec.interval);
        Shown {
            name: one.name(),
            metric: one.metric.to_string(),
            unit: unit(one.metric.metric),
            window_s: signal.window.as_secs_f64(),
            delay_s: signal.delay.as_secs_f64(),
        }
    };
    Line::Hello {
        version: VERSION,
        observes: spec.observes.iter().map(shown).collect(),
        interval_s: spec.interval.as_secs_f64(),
        min: spec.min,
        max: spec.max,
        parameters: &spec.parameters,
    }
}

/// The second line.
pub(super) fn reset(context: &PolicyContext) -> Line<'static> {
    Line::Reset {
        replication: context.replication + 1,
        start: context.clock.start().strftime("%FT%T%:z").to_string(),
        end_s: context.end.as_secs_f64(),
        initial: context.initial,
        slots: context.concurrency,
    }
}

/// The line of an evaluation, or of a request that found no live replica.
pub(super) fn observe<'a>(
    names: &'a [String],
    seen: &Observation<'_>,
    activation: bool,
) -> Line<'a> {
    let readings = names.iter().map(String::as_str).zip(seen.readings);
    Line::Observe {
        at_s: seen.now.as_secs_f64(),
        asked_by: if activation { "request" } else { "control" },
        desired: seen.desired,
        starting: seen.census.starting,
        ready: seen.census.ready,
        draining: seen.census.draining,
        readings: readings.map(|(name, reading)| (name, reading.value)).collect(),
    }
}

/// The answer to `hello`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub(super) struct Greeting {
    pub(super) version: u32,
}

/// The answer to `reset`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub(super) struct Begun {}

/// The answer to `observe`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub(super) struct Wanted {
    pub(super) count: u32,
    #[serde(default)]
    pub(super) reason: String,
}

/// What a value of a metric counts.
const fn unit(metric: Metric) -> &'static str {
    match metric {
        Metric::RequestsPerS | Metric::ErrorsPerS => "1/s",
        Metric::RequestsPerMin | Metric::ErrorsPerMin => "1/min",
        Metric::InFlightRequests | Metric::QueuedRequests | Metric::OngoingRequests => "requests",
        Metric::UtilizationPercent
        | Metric::CpuPercent
        | Metric::MemoryPercent
        | Metric::GpuPercent => "percent",
        Metric::Connections => "connections",
        Metric::ResponseTimeMs | Metric::P50Ms | Metric::P90Ms | Metric::P95Ms | Metric::P99Ms => {
            "ms"
        }
        Metric::BytesPerS => "bytes/s",
        Metric::Replicas => "replicas",
        Metric::IdleS => "s",
    }
}
