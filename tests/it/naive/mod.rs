//! A deliberately naive simulator: one ordered map of events, lists scanned from end to end, nothing
//! clever. It is written from the rules of `docs/MODEL.md` alone and shares only data types (specs, samplers,
//! streams) with the program, so that the two can be compared request by request.

mod cases;
mod clients;
mod closed;
mod control_cases;
mod failure_cases;
mod proxy_cases;
mod queue_cases;
mod scripted_cases;
mod world;

use autosim_engine::fleet::FleetSpec;

/// One small scenario; all times in nanoseconds.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    /// Key of every stream.
    pub(crate) seed: u64,
    /// (arrival, demand), in order of arrival.
    pub(crate) requests: Vec<(u64, u64)>,
    /// The fleet.
    pub(crate) fleet: FleetSpec,
    /// Time between controls; the first is one interval after the start.
    pub(crate) interval: u64,
    /// Instants of further controls, ascending.
    pub(crate) wakeups: Vec<u64>,
    /// Desired counts at the controls in order; the last one stays.
    pub(crate) script: Vec<u32>,
    /// Whether a proxy is in the path: at the start, and after each control in turn; empty = always.
    pub(crate) in_path: Vec<bool>,
    /// Desired count when a request arrives and nothing is live; `None` = no change.
    pub(crate) activate: Option<u32>,
    /// From decision to order.
    pub(crate) delay: u64,
    /// Arrivals from here on are not taken.
    pub(crate) end: u64,
    /// How long after `end` the run may go on.
    pub(crate) drain: u64,
}

/// How a request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fate {
    /// Served from `start` to `end` by the replica with this launch ordinal.
    Completed { start: u64, end: u64, replica: u64 },
    /// Refused at arrival.
    Rejected,
    /// Gave up waiting.
    TimedOut { at: u64 },
    /// Killed; `start` is `None` if it was still waiting at its replica.
    Lost { start: Option<u64>, at: u64 },
    /// None of these when the run ended.
    Unfinished,
}

/// A request's arrival and fate.
pub(crate) type Record = (u64, Fate);

/// An attempt at a request: arrival, start and end if there were any, what became of it.
pub(crate) type Try = (u64, Option<u64>, Option<u64>, &'static str);

/// Runs a case; one record a request, sorted.
pub(crate) fn simulate(case: &Case) -> Vec<Record> {
    simulate_tries(case).0
}

/// The same, and every attempt, sorted.
pub(crate) fn simulate_tries(case: &Case) -> (Vec<Record>, Vec<Try>) {
    let (mut records, mut tries, _) = world::World::new(case).run();
    records.sort_unstable();
    tries.sort_unstable();
    (records, tries)
}

/// One record a request with its class, sorted.
pub(crate) fn simulate_classes(case: &Case) -> Vec<(u8, Record)> {
    let (records, _, classes) = world::World::new(case).run();
    let mut all: Vec<(u8, Record)> = classes.into_iter().zip(records).collect();
    all.sort_unstable();
    all
}
