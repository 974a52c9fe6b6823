//! Who is told what became of requests.

use crate::units::{Span, Time};

/// A request that was served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Completion {
    /// When it arrived, at its first attempt.
    pub arrival: Time,
    /// When it first held a slot; with several attempts, or work put back, when it did for the last time.
    pub start: Time,
    /// When it was done.
    pub end: Time,
    /// Launch ordinal of its replica; the initial fleet comes first. See [`Sink::names_replicas`].
    pub replica: u64,
    /// True if it arrived before its replica was ready (rule 20): it waited for a start.
    pub cold: bool,
}

/// Requests of a flow that were served alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parcel {
    /// How many, at least 1.
    pub count: u64,
    /// When they arrived, as the flow knows it: in the middle of a step.
    pub arrival: Time,
    /// When they were done, on average.
    pub end: Time,
    /// How long they waited.
    pub wait: Span,
    /// How long they were served.
    pub service: Span,
}

/// How an attempt left a service whose clients give up and try again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttemptFate {
    /// Served, and its client got the answer.
    Answered,
    /// Served, or still in the service at the end of the run, after its client had given up.
    Unheard,
    /// Cancelled by its client.
    Cancelled,
    /// Refused at arrival.
    Refused,
    /// Gave up waiting in the queue.
    TimedOut,
    /// Killed with its replica.
    Lost,
    /// Still in the service when the run ended, and awaited.
    Open,
}

/// One try at a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attempt {
    /// When it arrived.
    pub arrival: Time,
    /// When it first held a slot; [`Time::NEVER`] if it did not.
    pub start: Time,
    /// When it left; [`Time::NEVER`] if it did not.
    pub end: Time,
    /// What became of it.
    pub fate: AttemptFate,
}

/// What became of a request of one of several classes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resolved {
    /// Served: when it began for the last time, and when it was done.
    Completed(Time, Time),
    /// Refused at arrival, or pushed out of the queue.
    Rejected,
    /// Gave up waiting.
    TimedOut,
    /// Killed with its replica.
    Lost,
    /// None of these when the run ended.
    Unfinished,
}

/// Who is told what became of requests. Calls come once a fate is certain, not in order of time, but
/// never later than the next [`super::Plane::gauges`] at or after it.
pub trait Sink {
    /// Whether it reads [`Completion::replica`]; if not, planes may leave it at 0.
    #[inline]
    fn names_replicas(&self) -> bool {
        true
    }

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
    /// Its replica failed at `at` after it had been in service since `start`, and it waits again. One that
    /// is served later says when it began for the last time.
    fn interrupted(&mut self, arrival: Time, start: Time, at: Time) {
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
    /// The client of a request that first arrived at `arrival` tries again at `at`.
    fn retried(&mut self, arrival: Time, at: Time) {
        let _ = (arrival, at);
    }
    /// It was refused at `at` after it had waited, in favour of a request of a lower class.
    fn pushed_out(&mut self, arrival: Time, at: Time) {
        let _ = at;
        self.rejected(arrival);
    }
    /// The same as one of the calls above, by class; told beside it, and only of services with several.
    fn resolved(&mut self, class: u8, arrival: Time, what: Resolved) {
        let _ = (class, arrival, what);
    }
    /// Requests of a flow were served.
    fn flowed(&mut self, parcel: &Parcel) {
        let _ = parcel;
    }
    /// Requests of a flow were refused at arrival.
    fn refused(&mut self, count: u64, arrival: Time) {
        let _ = (count, arrival);
    }
    /// Requests of a flow that had not met their fate when the run ended.
    fn left_over(&mut self, count: u64, arrival: Time) {
        let _ = (count, arrival);
    }
    /// An attempt left; told only of services with a [`crate::fleet::ClientSpec`].
    fn attempt(&mut self, attempt: &Attempt) {
        let _ = attempt;
    }
}

impl Sink for () {
    #[inline]
    fn names_replicas(&self) -> bool {
        false
    }
}
