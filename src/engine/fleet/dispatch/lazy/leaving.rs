//! Requests at replicas that take no new ones: what becomes of each is known when its replica leaves.

use super::line::Prospect;
use super::{Gauges, Request, Sink};
use crate::units::Time;

#[derive(Debug, Clone, Copy)]
enum Fate {
    Served,
    GaveUp,
    /// Killed in service.
    Lost,
    /// Killed while it waited.
    NeverServed,
}

#[derive(Debug, Clone, Copy)]
struct Last {
    request: Request,
    fate: Fate,
    /// The wait that counts here; that of requests in service counted before.
    waits_from: u64,
    /// Not after `until`.
    waits_until: u64,
    /// From when its service counts here: what came before counts as that of a ready replica.
    served_from: u64,
    until: u64,
}

impl Last {
    /// Time waited and time served here up to `now`.
    fn spent(&self, now: u64) -> (u128, u128) {
        let waited = self.waits_until.min(now) - self.waits_from;
        let served = self.until.min(now).saturating_sub(self.served_from);
        (u128::from(waited), u128::from(served))
    }
}

/// All of them.
#[derive(Debug, Clone, Default)]
pub(in super::super) struct Leaving {
    requests: Vec<Last>,
    waited_ns: u128,
    served_ns: u128,
}

impl Leaving {
    /// A request's replica leaves at `now` and is killed at `kill`; the request's own patience ends at
    /// `patience_ends`. Returns until when it keeps its replica.
    pub(in super::super) fn add(
        &mut self,
        request: &Request,
        now: u64,
        patience_ends: u64,
        kill: u64,
    ) -> u64 {
        let (fate, waits_until, served_from, until) = match request.prospect {
            Prospect::Served(start, end) if start <= kill => {
                let (fate, until) =
                    if end <= kill { (Fate::Served, end) } else { (Fate::Lost, kill) };
                (fate, start, start.max(now), until)
            }
            Prospect::GivesUp if patience_ends < kill => {
                (Fate::GaveUp, patience_ends, patience_ends, patience_ends)
            }
            _ => (Fate::NeverServed, kill, kill, kill),
        };
        let in_service = matches!(request.prospect, Prospect::Served(start, _) if start <= now);
        let waits_from = if in_service { waits_until } else { request.arrival };
        let request = *request;
        self.requests.push(Last { request, fate, waits_from, waits_until, served_from, until });
        until
    }

    /// Tells every fate that is certain by `barrier`.
    pub(in super::super) fn file(&mut self, barrier: u64, sink: &mut impl Sink) {
        let (waited_ns, served_ns) = (&mut self.waited_ns, &mut self.served_ns);
        self.requests.retain(|last| {
            if last.until > barrier {
                return true;
            }
            let (waited, served) = last.spent(barrier);
            *waited_ns += waited;
            *served_ns += served;
            let (arrival, until) = (Time(last.request.arrival), Time(last.until));
            match (last.fate, last.request.prospect) {
                (Fate::Served, Prospect::Served(start, end)) => {
                    sink.completed(&last.request.completion(start, end));
                }
                (Fate::Lost, Prospect::Served(start, _)) => sink.lost(arrival, Time(start), until),
                (Fate::GaveUp, _) => sink.timed_out(arrival, until),
                _ => sink.lost(arrival, Time::NEVER, until),
            }
            false
        });
    }

    /// What is under way at `now` and the integrals so far; `busy` is that of ready replicas.
    pub(in super::super) fn gauges(&self, now: u64) -> Gauges {
        let mut seen =
            Gauges { in_flight_ns: self.served_ns, queued_ns: self.waited_ns, ..Gauges::default() };
        for last in &self.requests {
            let (waited, served) = last.spent(now);
            seen.queued_ns += waited;
            seen.in_flight_ns += served;
            let waits = last.waits_until > now;
            seen.queued += u64::from(waits);
            seen.in_flight += u64::from(!waits);
        }
        seen
    }

    pub(in super::super) fn finish(&self, sink: &mut impl Sink) {
        for last in &self.requests {
            sink.unfinished(Time(last.request.arrival));
        }
    }
}
