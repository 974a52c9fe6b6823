//! What became of attempts where clients give up and try again: what signals see (rule 16), the stays that
//! Little's law is about, and work for nothing (rule 42).

use super::outcome::Presence;
use super::recorder::Counters;
use super::setup::Window;
use crate::fleet::dispatch::{Attempt, AttemptFate};
use crate::stats::Histogram;
use crate::units::{Span, Time};

/// The account of all attempts, counted or not.
#[derive(Debug)]
pub(super) struct Attempts {
    window: Window,
    /// As a load balancer counts: every answer is a completion, heard or not (rule 16).
    pub(super) seen: Counters,
    /// Retries of all requests so far, and when the last one was.
    pub(super) retries: u64,
    pub(super) last_retry: Time,
    /// Answers nobody waited for any more.
    pub(super) unheard: u64,
    /// In service for nothing since the start, slot-ns.
    pub(super) wasted_ns: u128,
    system_ns: u128,
    queued_ns: u128,
}

impl Attempts {
    pub(super) fn new(window: Window) -> Self {
        Self {
            window,
            seen: Counters::default(),
            retries: 0,
            last_retry: Time::ZERO,
            unheard: 0,
            wasted_ns: 0,
            system_ns: 0,
            queued_ns: 0,
        }
    }

    pub(super) fn retried(&mut self, at: Time) {
        self.retries += 1;
        self.last_retry = at;
    }

    /// Files one; returns the time it was served for nothing (rule 42), within the window, ns.
    pub(super) fn file(&mut self, attempt: &Attempt, latency: Option<&mut Histogram>) -> u128 {
        let Attempt { arrival, start, end, fate } = *attempt;
        self.system_ns += within(self.window, arrival, end);
        self.queued_ns += within(self.window, arrival, start.min(end));
        let answered = matches!(fate, AttemptFate::Answered | AttemptFate::Unheard);
        if answered && end != Time::NEVER {
            let length = Span(end.0 - arrival.0);
            self.seen.completions += 1;
            self.seen.latency_sum_ns += u128::from(length.0);
            if let Some(latency) = latency {
                latency.record(length);
            }
        }
        match fate {
            AttemptFate::Refused => self.seen.rejections += 1,
            AttemptFate::TimedOut => self.seen.timeouts += 1,
            AttemptFate::Lost => self.seen.lost += 1,
            AttemptFate::Unheard => self.unheard += u64::from(end != Time::NEVER),
            AttemptFate::Answered | AttemptFate::Cancelled | AttemptFate::Open => {}
        }
        if matches!(fate, AttemptFate::Answered | AttemptFate::Open) {
            return 0;
        }
        if end != Time::NEVER {
            self.wasted_ns += u128::from(end.since(start).0);
        }
        within(self.window, start, end)
    }

    /// The attempts' own account of the time they spent; `interrupted_ns` of what was before their starts
    /// they were in service.
    pub(super) fn presence(&self, wasted_ns: u128, interrupted_ns: u128) -> Presence {
        let queued_ns = Some(self.queued_ns.saturating_sub(interrupted_ns));
        Presence { system_ns: self.system_ns, queued_ns, wasted_ns }
    }
}

/// How much of the time from `from` to `to` lies in the window, ns.
pub(super) fn within(window: Window, from: Time, to: Time) -> u128 {
    u128::from(to.min(window.end).since(from.max(window.warmup)).0)
}
