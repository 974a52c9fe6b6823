//! Whoever waits for answers: attempts of clients, and users in closed loops.

use super::Service;
use crate::fleet::dispatch::UserGauges;
use crate::simulation::outcome::{ClientInterval, UserTotals};
use crate::units::{Span, Time};

/// What clients and users have come to, cumulative since the start.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Audience {
    pub(super) users: UserGauges,
    retries: u64,
    unheard: u64,
    wasted_ns: u128,
}

impl Service {
    /// At the instant reached.
    pub(super) fn audience(&mut self, now: Time) -> Audience {
        let users = self.plane.users(now).unwrap_or_default();
        let Some(attempts) = &self.recorder.attempts else { return Audience::default() };
        Audience {
            users,
            retries: attempts.retries,
            unheard: attempts.unheard,
            wasted_ns: attempts.wasted_ns,
        }
    }

    /// Requests taken from outside and sent by users so far.
    pub(super) fn taken(&self) -> u64 {
        self.incoming.taken + self.plane.sent().0
    }

    /// When the last of them arrived.
    pub(super) fn last_arrival(&self) -> Time {
        self.incoming.last_arrival().max(self.plane.sent().1)
    }

    /// What they did in an interval of the timeline.
    pub(super) fn client_interval(
        &self,
        began: &Audience,
        ended: &Audience,
        length: Span,
    ) -> Option<ClientInterval> {
        let spec = self.fleet.spec();
        let mean = |before: u128, after: u128| (after - before) as f64 / length.0 as f64;
        spec.has_clients().then(|| ClientInterval {
            retries: ended.retries - began.retries,
            unheard: ended.unheard - began.unheard,
            wasted_ns: ended.wasted_ns - began.wasted_ns,
            mean_thinking: (!spec.loops.is_empty())
                .then(|| mean(began.users.thinking_ns, ended.users.thinking_ns)),
        })
    }

    /// What users in closed loops did within the window.
    pub(super) fn user_totals(&self) -> Option<UserTotals> {
        let (from, to) = (self.opened.audience.users, self.closed.audience.users);
        (!self.fleet.spec().loops.is_empty()).then(|| UserTotals {
            thinking_ns: to.thinking_ns - from.thinking_ns,
            waiting_ns: to.waiting_ns - from.waiting_ns,
        })
    }
}
