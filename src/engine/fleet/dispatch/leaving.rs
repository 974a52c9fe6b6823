//! Requests at replicas that take no new ones: what becomes of each is known when its replica leaves
//! (rules 5, 24).

use super::{Completion, Gauges, Sink};
use crate::units::Time;

/// What becomes of a request at a replica, if that lives long enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Prospect {
    /// Served from the first to the second instant.
    Served(u64, u64),
    /// Gives up at its deadline.
    GivesUp,
}

/// A request at a replica.
#[derive(Debug, Clone, Copy)]
pub(super) struct Routed {
    pub(super) arrival: u64,
    pub(super) prospect: Prospect,
    /// Ordinal of its replica.
    pub(super) replica: u64,
    pub(super) cold: bool,
}

impl Routed {
    pub(super) fn completion(&self, start: u64, end: u64) -> Completion {
        Completion {
            arrival: Time(self.arrival),
            start: Time(start),
            end: Time(end),
            replica: self.replica,
            cold: self.cold,
        }
    }
}

/// How a request leaves a leaving replica.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// Served from the first to the second instant.
    Served(u64, u64),
    GaveUp,
    /// Killed; when it had started, [`Time::NEVER`] = it waited.
    Lost(Time),
}

/// What becomes of a request whose replica leaves at `now` and is killed at `kill` (rules 5, 24), where its
/// own patience ends at `gives_up`.
///
/// | prospect | and | fate | waits until | served from | until |
/// |---|---|---|---|---|---|
/// | served from start to end | end <= kill | served | start | start or now | end |
/// | | start <= kill < end | lost in service | start | start or now | kill |
/// | | kill < start | lost while it waits | kill | - | kill |
/// | gives up | before kill | gave up | its deadline | - | its deadline |
/// | | not before kill | lost while it waits | kill | - | kill |
fn last(prospect: Prospect, now: u64, gives_up: u64, kill: u64) -> (Fate, [u64; 3]) {
    match prospect {
        Prospect::Served(start, end) if end <= kill => {
            (Fate::Served(start, end), [start, start.max(now), end])
        }
        Prospect::Served(start, _) if start <= kill => {
            (Fate::Lost(Time(start)), [start, start.max(now), kill])
        }
        Prospect::GivesUp if gives_up < kill => (Fate::GaveUp, [gives_up; 3]),
        Prospect::Served(..) | Prospect::GivesUp => (Fate::Lost(Time::NEVER), [kill; 3]),
    }
}

#[derive(Debug, Clone, Copy)]
struct Last {
    request: Routed,
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
pub(super) struct Leaving {
    requests: Vec<Last>,
    waited_ns: u128,
    served_ns: u128,
}

impl Leaving {
    /// A request's replica leaves at `now` and is killed at `kill`; the request's own patience ends at
    /// `gives_up`. Returns until when it keeps its replica.
    pub(super) fn add(&mut self, request: Routed, now: u64, gives_up: u64, kill: u64) -> u64 {
        let (fate, [waits_until, served_from, until]) = last(request.prospect, now, gives_up, kill);
        let in_service = matches!(request.prospect, Prospect::Served(start, _) if start <= now);
        let waits_from = if in_service { waits_until } else { request.arrival };
        self.requests.push(Last { request, fate, waits_from, waits_until, served_from, until });
        until
    }

    /// Tells every fate that is certain by `barrier`.
    pub(super) fn file(&mut self, barrier: u64, sink: &mut impl Sink) {
        let (waited_ns, served_ns) = (&mut self.waited_ns, &mut self.served_ns);
        self.requests.retain(|last| {
            if last.until > barrier {
                return true;
            }
            let (waited, served) = last.spent(barrier);
            *waited_ns += waited;
            *served_ns += served;
            let (arrival, until) = (Time(last.request.arrival), Time(last.until));
            match last.fate {
                Fate::Served(start, end) => sink.completed(&last.request.completion(start, end)),
                Fate::GaveUp => sink.timed_out(arrival, until),
                Fate::Lost(start) => sink.lost(arrival, start, until),
            }
            false
        });
    }

    /// What ready replicas show at `now`, and leaving ones beside them.
    pub(super) fn beside(&self, ready: Gauges, now: u64) -> Gauges {
        let mut all = ready;
        all.in_flight_ns += self.served_ns;
        all.queued_ns += self.waited_ns;
        for last in &self.requests {
            let (waited, served) = last.spent(now);
            all.queued_ns += waited;
            all.in_flight_ns += served;
            let waits = last.waits_until > now;
            all.queued += u64::from(waits);
            all.in_flight += u64::from(!waits);
        }
        all
    }

    /// The run is over.
    pub(super) fn finish(&self, sink: &mut impl Sink) {
        for last in &self.requests {
            sink.unfinished(Time(last.request.arrival));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_of_the_table_of_last_fates_holds() {
        let (now, kill) = (100, 200);
        let lost = |start| Fate::Lost(start);
        for (prospect, gives_up, expected) in [
            // In service since before it leaves, and from later on.
            (Prospect::Served(90, 200), 0, (Fate::Served(90, 200), [90, 100, 200])),
            (Prospect::Served(150, 180), 0, (Fate::Served(150, 180), [150, 150, 180])),
            (Prospect::Served(90, 201), 0, (lost(Time(90)), [90, 100, 200])),
            (Prospect::Served(200, 230), 0, (lost(Time(200)), [200, 200, 200])),
            (Prospect::Served(201, 230), 0, (lost(Time::NEVER), [200; 3])),
            (Prospect::GivesUp, 199, (Fate::GaveUp, [199; 3])),
            (Prospect::GivesUp, 200, (lost(Time::NEVER), [200; 3])),
        ] {
            assert_eq!(last(prospect, now, gives_up, kill), expected, "{prospect:?} {gives_up}");
        }
    }

    #[test]
    fn service_counts_from_the_leave_and_a_wait_from_the_arrival() {
        let mut leaving = Leaving::default();
        let request = |arrival, prospect| Routed { arrival, prospect, replica: 0, cold: false };
        assert_eq!(leaving.add(request(80, Prospect::Served(90, 250)), 100, NONE, 200), 200);
        assert_eq!(leaving.add(request(85, Prospect::Served(120, 130)), 100, NONE, 200), 130);
        assert_eq!(leaving.add(request(95, Prospect::GivesUp), 100, 110, 200), 110);
        let seen = leaving.beside(Gauges::default(), 105);
        assert_eq!((seen.in_flight, seen.queued), (1, 2));
        assert_eq!((seen.in_flight_ns, seen.queued_ns), (5, 20 + 10));
        leaving.file(150, &mut ());
        let seen = leaving.beside(Gauges::default(), 150);
        assert_eq!((seen.in_flight, seen.queued), (1, 0));
        assert_eq!((seen.in_flight_ns, seen.queued_ns), (50 + 10, 35 + 15));
    }

    const NONE: u64 = u64::MAX;
}
