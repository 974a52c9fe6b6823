//! What is said about a product besides its decisions.

use autosim_engine::control::Decision;
use autosim_engine::signal::{Census, Reading};
use autosim_engine::units::{Span, Time, WallClock};
use serde::Serialize;
use serde_json::Value;

/// How well the rules of a product are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Provenance {
    /// Read from its source and compared with its outputs.
    Source,
    /// Taken from its documentation; what that leaves open is assumed and said so.
    Documented,
    /// Concluded from its behaviour.
    Inferred,
}

impl std::fmt::Display for Provenance {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Source => "source",
            Self::Documented => "documented",
            Self::Inferred => "inferred",
        })
    }
}

/// A rule that no public source settles, and the choice in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Assumption {
    /// The knob that holds it, or the rule in two or three words.
    pub rule: String,
    /// The choice in force.
    pub value: String,
    /// Why this one.
    pub why: &'static str,
}

/// A number as JSON; a whole one without a point.
pub(super) fn number(value: f64) -> Value {
    let whole = value as i64;
    if whole as f64 == value { whole.into() } else { value.into() }
}

/// A value as text: a word without its quotes, nothing as `none`.
pub(super) fn text_of(value: &Value) -> String {
    if value.is_null() {
        return "none".to_owned();
    }
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// A member a document left out.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Omitted {
    /// Which of the documents, from 0.
    pub document: usize,
    /// Keys joined by dots, as in the document.
    pub path: String,
    /// What the platform takes in its place.
    pub value: Value,
}

/// Something that a product looks at and nothing in a simulation stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsourced {
    /// What it is, in the product's words: "the trigger `load`".
    pub what: String,
    /// The knob that says what it stands for, below `knobs`.
    pub knob: String,
}

/// What a platform brings besides its autoscaler; `None` = nothing in particular.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Platform {
    /// Replicas it starts with by itself.
    pub start: u32,
    /// The most it can ever want; `u32::MAX` where nothing limits it.
    pub most: u32,
    /// Requests a replica takes at once.
    pub concurrency: Option<u32>,
    /// From order to ready.
    pub cold_start: Option<Span>,
    /// Who finds out that a replica is ready.
    pub readiness: Option<Readiness>,
    /// How long after it began to run a replica is killed that does not work by then.
    pub killed_unless_up: Option<Span>,
    /// How long a leaving replica may finish its requests.
    pub grace: Option<Span>,
    /// Which replicas leave first, busy or not.
    pub leaves_first: Option<LeavesFirst>,
    /// How long fewer replicas are needed before any is removed.
    pub scale_in_after: Option<Span>,
    /// Its calendar is in force on stated dates only.
    pub dated: bool,
    /// Whether nothing is left of it where nobody comes for a while, until somebody comes.
    pub sleeps: bool,
    /// Whether it counts a queue, in which work is to wait.
    pub queues: bool,
    /// Whether a request that finds no live replica fails rather than waits.
    pub rejects_at_zero: bool,
    /// Replicas that stay ready while others are replaced.
    pub min_ready: Option<MinReady>,
    /// How requests reach replicas, where the scenario names no balancing.
    pub path: Option<RequestPath>,
}

/// A proxy before the replicas, in the path of requests or not, as the policy says; replicas have queues of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestPath {
    /// How requests are spread that reach replicas directly.
    pub direct: Spread,
    /// Requests of the proxy that are at a replica at a time at most; `None` = it holds nobody back.
    pub at_once: Option<u32>,
    /// It goes round the replicas that have room, rather than to the oldest of them.
    pub in_turn: bool,
    /// How long a request is on its way through the proxy.
    pub latency: Span,
    /// Requests in service and waiting at a replica beyond which it refuses those that come directly.
    pub most_present: Option<u32>,
}

/// How a balancer spreads requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spread {
    /// In turn.
    RoundRobin,
    /// To any replica alike.
    Random,
    /// To the one with fewer requests of two drawn, which may be the same.
    LeastRequest,
}

/// When a replica that starts is asked whether it is ready.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Readiness {
    /// For the first time, since it began to run.
    pub first: Span,
    /// From one time to the next; never zero.
    pub period: Span,
    /// So many times in a row it must be; at least 1.
    pub in_a_row: u32,
}

/// Which replicas leave first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LeavesFirst {
    /// The newest.
    Newest,
    /// The oldest.
    Oldest,
}

/// How many replicas stay ready while others are replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MinReady {
    /// So many.
    Count(u32),
    /// So many percent of those there are, rounded up.
    Percent(u32),
}

impl Platform {
    /// Between `start` and `most` replicas, nothing in particular otherwise.
    pub const fn between(start: u32, most: u32) -> Self {
        Self {
            start,
            most,
            concurrency: None,
            cold_start: None,
            readiness: None,
            killed_unless_up: None,
            grace: None,
            leaves_first: None,
            scale_in_after: None,
            dated: false,
            min_ready: None,
            path: None,
            queues: false,
            rejects_at_zero: false,
            sleeps: false,
        }
    }
}

/// A decision as it happened.
#[derive(Debug, Clone, Copy)]
pub struct Happening<'a> {
    /// The instant of the decision, from the start.
    pub at: Time,
    /// The wall clock it happened by.
    pub clock: &'a WallClock,
    /// The count before.
    pub before: u32,
    /// The decision.
    pub decision: &'a Decision,
    /// Replica counts at the decision.
    pub census: Census,
    /// What was seen, in the order of the autoscaler's signals.
    pub readings: &'a [Reading],
}
