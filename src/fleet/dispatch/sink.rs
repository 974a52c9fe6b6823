//! Who is told what became of requests.

use crate::units::Time;

/// A request that was served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Completion {
    /// When it arrived.
    pub arrival: Time,
    /// When it first held a slot.
    pub start: Time,
    /// When it was done.
    pub end: Time,
    /// Launch ordinal of its replica; the initial fleet comes first. See [`Sink::NAMES_REPLICAS`].
    pub replica: u64,
    /// True if it arrived before its replica was ready: it waited for a start.
    pub cold: bool,
}

/// Who is told what became of requests. Calls come once a fate is certain, not in order of time, but
/// never later than the next [`super::Plane::gauges`] at or after it.
pub trait Sink {
    /// Whether it reads [`Completion::replica`]; if not, planes may leave it at 0.
    const NAMES_REPLICAS: bool = true;

    /// Served.
    fn completed(&mut self, completion: &Completion) {
        let _ = completion;
    }
    /// Refused at arrival.
    fn rejected(&mut self, arrival: Time) {
        let _ = arrival;
    }
    /// Gave up waiting.
    fn timed_out(&mut self, arrival: Time, at: Time) {
        let _ = (arrival, at);
    }
    /// Killed with its replica, in service or waiting there (`start` is then [`Time::NEVER`]).
    fn lost(&mut self, arrival: Time, start: Time, at: Time) {
        let _ = (arrival, start, at);
    }
    /// Had not met its fate when the run ended.
    fn unfinished(&mut self, arrival: Time) {
        let _ = arrival;
    }
    /// Its arrival launched a replica (scale per request).
    fn launched(&mut self, arrival: Time) {
        let _ = arrival;
    }
}

impl Sink for () {
    const NAMES_REPLICAS: bool = false;
}

/// Two sinks hear the same.
impl<A: Sink, B: Sink> Sink for (&mut A, &mut B) {
    const NAMES_REPLICAS: bool = A::NAMES_REPLICAS || B::NAMES_REPLICAS;

    #[inline(always)]
    fn completed(&mut self, completion: &Completion) {
        self.0.completed(completion);
        self.1.completed(completion);
    }
    fn rejected(&mut self, arrival: Time) {
        self.0.rejected(arrival);
        self.1.rejected(arrival);
    }
    fn timed_out(&mut self, arrival: Time, at: Time) {
        self.0.timed_out(arrival, at);
        self.1.timed_out(arrival, at);
    }
    fn lost(&mut self, arrival: Time, start: Time, at: Time) {
        self.0.lost(arrival, start, at);
        self.1.lost(arrival, start, at);
    }
    fn unfinished(&mut self, arrival: Time) {
        self.0.unfinished(arrival);
        self.1.unfinished(arrival);
    }
    fn launched(&mut self, arrival: Time) {
        self.0.launched(arrival);
        self.1.launched(arrival);
    }
}
