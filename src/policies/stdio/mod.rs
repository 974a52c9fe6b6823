//! # stdio: a program in any language as a policy
//!
//! **Is**: a policy that is a process of its own: autosim writes a line of JSON to its standard input, it
//! answers with one on its standard output. The lines are in `protocol.rs`, the process in `program.rs`.
//!
//! **Knows**: observations and numbers, the contract `autosim_engine::control`; processes, their pipes, and how
//! long to wait for them.
//!
//! **Must not know**: what an answer is made of, the fleet, requests, the engine's loop, products, scenarios,
//! the terminal.
//!
//! **Start at** [`Stdio`].

mod policy;
mod program;
mod protocol;
mod tail;
#[cfg(test)]
mod tests;

use crate::builtin::parts::Bounds;
use crate::builtin::{PolicyContext, check_interval};
use autosim_engine::control::{Autoscaler, Cadence, SignalRef};
use autosim_engine::fault::Faults;
use autosim_engine::signal::{GaugeMode, Metric, MetricRef, Missing, SignalSpec, Statistic};
use autosim_engine::units::Span;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::path::Path;

/// What its kind is called.
pub const KIND: &str = "stdio";

/// A policy that is a program, as a scenario names it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "Program")]
pub enum ProgramFile {
    /// A program in any language, asked line by line.
    Stdio(Stdio),
}

/// A program in any language decides: it is started for every replication and asked at every evaluation, by a
/// line of JSON on its standard input; it answers by a line on its standard output.
///
/// ```toml
/// [policies.mine.stdio]
/// command = ["python3", "policy.py"]
/// observes = [{ metric = "ongoing_requests" }, { metric = "cpu", window = "5m" }]
/// max = 40
/// parameters = { target = 0.7 }
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Stdio {
    /// The program and its arguments. It runs in the scenario's folder, with the rights of whoever runs autosim;
    /// a program with a `/` in its name is found from there, any other as a shell finds it.
    pub command: Vec<String>,
    /// What it is shown. Default: `requests_per_s`, `ongoing_requests`, `cpu_percent`.
    #[serde(default = "usual")]
    pub observes: Vec<Observed>,
    /// Fewest replicas, whatever it answers. Default 1.
    #[serde(default = "one")]
    pub min: u32,
    /// Most replicas, whatever it answers.
    pub max: u32,
    /// Time between evaluations. Default 15 s.
    #[serde(default = "quarter_minute")]
    pub interval: Span,
    /// From decision to order. Default 0 s.
    #[serde(default)]
    pub actuation_delay: Span,
    /// How long it may take for an answer, by the clock on the wall; for the first one, a minute at least. Default
    /// 10 s.
    #[serde(default = "ten_seconds")]
    pub timeout: Span,
    /// Handed to it when it is started: settings of its own, which `--set` and `tune` can change.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub parameters: Map<String, Value>,
}

/// A metric that a program is shown.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Observed {
    /// What is measured.
    pub metric: MetricRef,
    /// What the program is told it is called. Default: the metric's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Window of the metric. Default 60 s; for instantaneous gauges the value now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<Span>,
    /// Time between samples of the metric. Default 15 s, or the interval or window if shorter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolution: Option<Span>,
    /// How samples become one value. Default mean.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub statistic: Option<Statistic>,
    /// From sample to publication. Default 0 s.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delay: Option<Span>,
    /// Whether gauges are exact means over time or values now. Default `integral`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gauge: Option<GaugeMode>,
    /// What stands in for a window without data. Default `no-data`: the program is shown null.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missing: Option<Missing>,
}

fn usual() -> Vec<Observed> {
    [Metric::RequestsPerS, Metric::OngoingRequests, Metric::CpuPercent]
        .map(|metric| Observed {
            metric: MetricRef::own(metric),
            name: None,
            window: None,
            resolution: None,
            statistic: None,
            delay: None,
            gauge: None,
            missing: None,
        })
        .into()
}

const fn one() -> u32 {
    1
}

const fn quarter_minute() -> Span {
    Span::from_secs(15)
}

const fn ten_seconds() -> Span {
    Span::from_secs(10)
}

impl Observed {
    /// What the program is told it is called.
    fn name(&self) -> String {
        self.name.clone().unwrap_or_else(|| self.metric.to_string())
    }

    fn signal(&self) -> SignalSpec {
        SignalSpec {
            metric: self.metric.clone(),
            window: self.window,
            resolution: self.resolution,
            statistic: self.statistic,
            delay: self.delay,
            gauge: self.gauge,
            missing: self.missing,
        }
    }
}

impl ProgramFile {
    /// Every kind's name.
    pub const KINDS: &[&str] = &[KIND];

    /// The name a scenario gives its kind.
    pub const fn kind_name(&self) -> &'static str {
        match self {
            Self::Stdio(_) => KIND,
        }
    }

    /// Its parameters.
    pub const fn spec(&self) -> &Stdio {
        match self {
            Self::Stdio(spec) => spec,
        }
    }

    /// Reports parameters that make no sense, at paths that begin with the kind.
    pub fn check(&self, faults: &mut Faults) {
        faults.within(self.kind_name(), |faults| self.spec().check(faults));
    }
}

impl Stdio {
    fn check(&self, faults: &mut Faults) {
        if self.command.first().is_none_or(String::is_empty) {
            let hint = "the program and its arguments, for example [\"python3\", \"policy.py\"]";
            faults.error("command", "no program is named", hint);
        }
        if let Some(at) = self.command.iter().position(|word| word.contains('\0')) {
            let hint = "no word of a command can hold one";
            faults.error(&format!("command.{at}"), "it holds a zero byte", hint);
        }
        check_interval(self.interval, faults);
        if self.timeout < Span::from_millis(1) {
            let hint = "a length of time such as \"10s\"";
            faults.error("timeout", format!("{} leaves no time to answer", self.timeout), hint);
        }
        self.bounds().check(faults);
        faults.within("observes", |faults| {
            let mut names: Vec<String> = Vec::new();
            for (at, observed) in self.observes.iter().enumerate() {
                let name = observed.name();
                faults.within(at.to_string(), |faults| {
                    observed.signal().check(self.interval, faults);
                    if names.contains(&name) {
                        let message = format!("another one is called `{name}` too");
                        faults.error("name", message, "give each a `name` of its own");
                    }
                });
                names.push(name);
            }
        });
    }

    const fn bounds(&self) -> Bounds {
        Bounds { min: self.min, max: self.max }
    }

    /// Other services whose metrics it is shown.
    pub fn services(&self) -> Vec<String> {
        self.observes.iter().filter_map(|one| one.metric.service.clone()).collect()
    }

    /// The fleet it starts with by itself.
    pub fn natural_start(&self) -> u32 {
        self.min.max(1)
    }

    /// The policy, its program not started yet: that is done when it is asked first. `folder` is where the
    /// program runs.
    pub fn autoscaler(&self, folder: &Path, context: &PolicyContext) -> Autoscaler {
        let signal = |one: &Observed| {
            SignalRef::of(one.metric.service.clone(), one.signal().resolve(self.interval))
        };
        Autoscaler {
            policy: Box::new(policy::Asking::new(self, folder, context)),
            signals: self.observes.iter().map(signal).collect(),
            cadence: Cadence::every(self.interval),
            actuation_delay: self.actuation_delay,
            wakeups: Vec::new(),
        }
    }
}
