//! Who is told what became of a service's requests: its record, and in tests whoever wants to hear of
//! every request.

use super::recorder::Recorder;
use crate::fleet::dispatch::{Attempt, Completion, Parcel, Resolved, Sink};
use crate::units::Time;

/// The sink of a service's plane. Runs that nobody observes (`OBSERVED` is false) pay nothing for it.
pub(super) struct Told<'a, const OBSERVED: bool> {
    /// The figures of the run.
    pub(super) recorder: Recorder,
    /// Hears the same; only the first service of a run has one, see [`super::run_told`].
    pub(super) observer: Option<&'a mut (dyn Sink + Send)>,
}

macro_rules! both {
    ($told:ident.$call:ident($($what:ident),*)) => {{
        $told.recorder.$call($($what),*);
        if OBSERVED && let Some(observer) = &mut $told.observer {
            observer.$call($($what),*);
        }
    }};
}

impl<const OBSERVED: bool> Sink for Told<'_, OBSERVED> {
    #[inline]
    fn names_replicas(&self) -> bool {
        OBSERVED && self.observer.as_ref().is_some_and(|observer| observer.names_replicas())
    }
    #[inline(always)]
    fn completed(&mut self, completion: &Completion) {
        both!(self.completed(completion));
    }
    fn rejected(&mut self, arrival: Time) {
        both!(self.rejected(arrival));
    }
    fn timed_out(&mut self, arrival: Time, at: Time) {
        both!(self.timed_out(arrival, at));
    }
    fn lost(&mut self, arrival: Time, start: Time, at: Time) {
        both!(self.lost(arrival, start, at));
    }
    fn interrupted(&mut self, arrival: Time, start: Time, at: Time) {
        both!(self.interrupted(arrival, start, at));
    }
    fn unfinished(&mut self, arrival: Time) {
        both!(self.unfinished(arrival));
    }
    fn launched(&mut self, arrival: Time) {
        both!(self.launched(arrival));
    }
    fn retried(&mut self, arrival: Time, at: Time) {
        both!(self.retried(arrival, at));
    }
    fn pushed_out(&mut self, arrival: Time, at: Time) {
        both!(self.pushed_out(arrival, at));
    }
    fn resolved(&mut self, class: u8, arrival: Time, what: Resolved) {
        both!(self.resolved(class, arrival, what));
    }
    fn flowed(&mut self, parcel: &Parcel) {
        both!(self.flowed(parcel));
    }
    fn refused(&mut self, count: u64, arrival: Time) {
        both!(self.refused(count, arrival));
    }
    fn left_over(&mut self, count: u64, arrival: Time) {
        both!(self.left_over(count, arrival));
    }
    fn attempt(&mut self, attempt: &Attempt) {
        both!(self.attempt(attempt));
    }
}
