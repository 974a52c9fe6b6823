//! What users in closed loops do: think, send, wait for what becomes of it, think again (rule 43).

use super::clients::STAMPS;
use super::heap::{PlaneEvent, What};
use super::{EventPlane, NOBODY, Waiting};
use crate::fleet::dispatch::{Sink, UserGauges};
use crate::fleet::{Fleet, FleetSpec, LoopSpec};
use crate::random::{Purpose, Streams};
use crate::units::Time;
use rand::Rng as _;

/// The request is of no user in a closed loop.
pub(super) const NO_USER: u32 = u32::MAX;

/// Tells the draws of a user's retries from those of other requests, which are numbered from 0.
const USERS_RETRY: u64 = 1 << 63;
/// Low bits of such a key that hold the number of the user's request; the user is above them. One request a
/// microsecond for twelve days are 2^40.
const REQUEST_BITS: u32 = 40;
const _: () = assert!((LoopSpec::MOST_USERS as u64) << REQUEST_BITS < USERS_RETRY);

#[derive(Debug, Clone, Copy)]
struct User {
    /// Which loop it is in.
    of: u32,
    begun: bool,
    /// Requests sent so far.
    sent: u64,
}

/// The users of all closed loops of the service, numbered through.
#[derive(Debug, Clone)]
pub(super) struct Users {
    loops: Vec<LoopSpec>,
    streams: Streams,
    all: Vec<User>,
    gauges: UserGauges,
    /// The instant up to which the integrals of the gauges are.
    at: u64,
}

impl Users {
    pub(super) fn new(spec: &FleetSpec, streams: Streams) -> Option<Self> {
        let loops = spec.loops.clone();
        let users = (0..).zip(&loops).flat_map(|(of, one)| {
            (0..one.users).map(move |_| User { of, begun: false, sent: 0 }) //
        });
        let all: Vec<User> = users.collect();
        (!all.is_empty()).then(|| Self {
            all,
            loops,
            streams,
            gauges: UserGauges::default(),
            at: 0,
        })
    }

    /// Requests they have sent so far.
    pub(super) fn sent(&self) -> u64 {
        self.gauges.sent
    }

    /// The same, and when the last one was.
    pub(super) fn last_sent(&self) -> (u64, Time) {
        (self.gauges.sent, self.gauges.last_sent)
    }

    /// Gauges at the instant reached.
    pub(super) fn gauges_at(&mut self, now: Time) -> UserGauges {
        self.move_to(now.0);
        self.gauges
    }

    /// Time passes; integrals grow.
    fn move_to(&mut self, now: u64) {
        let length = u128::from(now - self.at);
        self.gauges.thinking_ns += length * u128::from(self.gauges.thinking);
        self.gauges.waiting_ns += length * u128::from(self.gauges.waiting);
        self.at = now;
    }

    fn until(&self, user: u32) -> u64 {
        self.loops[self.all[user as usize].of as usize].until.0
    }

    /// Begins to think, unless it is time to leave; when it acts next (rules 12, 43).
    fn think(&mut self, user: u32, now: u64) -> Option<PlaneEvent> {
        let User { of, sent, .. } = self.all[user as usize];
        let until = self.until(user);
        if now >= until {
            return None;
        }
        self.gauges.thinking += 1;
        let mut draws = self.streams.keyed(Purpose::Think, user, sent);
        let length = self.loops[of as usize].think.draw(&mut draws).0.max(1);
        Some(acts(now.saturating_add(length).min(until), user))
    }
}

fn acts(at: u64, user: u32) -> PlaneEvent {
    PlaneEvent::new(at, What::UserActs, user.into(), user)
}

impl EventPlane {
    /// Everybody's first event: users begin to think.
    pub(super) fn expect_users(&mut self) {
        let Some(users) = &self.users else { return };
        let mut number = 0;
        for one in &users.loops {
            for user in 0..one.users {
                let begins = one.begins(user);
                if begins < one.until {
                    self.heap.push(acts(begins.0, number));
                }
                number += 1;
            }
        }
    }

    /// A user begins to think, or has thought and sends.
    pub(super) fn user_acts(&mut self, event: PlaneEvent, fleet: &mut Fleet, sink: &mut impl Sink) {
        let Some(users) = &mut self.users else { return };
        let number = event.index;
        users.move_to(self.now);
        let user = &mut users.all[number as usize];
        if !std::mem::replace(&mut user.begun, true) {
            let next = users.think(number, self.now);
            next.into_iter().for_each(|next| self.heap.push(next));
            return;
        }
        users.gauges.thinking -= 1;
        if self.now < users.until(number) {
            self.user_sends(number, fleet, sink);
        }
    }

    fn user_sends(&mut self, number: u32, fleet: &mut Fleet, sink: &mut impl Sink) {
        let (Some(users), Some(clients)) = (&mut self.users, &self.clients) else { return };
        let User { of, sent, .. } = users.all[number as usize];
        let mut draws = users.streams.keyed(Purpose::UserRequest, number, sent);
        let demand = users.loops[of as usize].demand.draw(&mut draws).0.max(1);
        let routing = draws.next_u64();
        let patience = clients.draw_patience(&mut draws);
        users.all[number as usize].sent += 1;
        users.gauges.waiting += 1;
        users.gauges.sent += 1;
        users.gauges.last_sent = Time(self.now);
        let luck = USERS_RETRY | u64::from(number) << REQUEST_BITS | sent;
        let mut request = Waiting {
            arrival: self.now,
            demand,
            routing,
            stamp: self.next_stamp,
            client: NOBODY,
            replica: None,
            again: false,
            by_proxy: false,
            class: users.loops[of as usize].class,
        };
        self.next_stamp += STAMPS;
        self.welcome_as(&mut request, luck, number);
        let starved = self.admit(request, patience, fleet, sink);
        self.note_arrival(starved);
    }

    /// What a user waited for has met its fate.
    #[inline]
    pub(super) fn user_goes_on(&mut self, number: u32) {
        if number != NO_USER
            && let Some(users) = &mut self.users
        {
            users.move_to(self.now);
            users.gauges.waiting -= 1;
            let next = users.think(number, self.now);
            next.into_iter().for_each(|next| self.heap.push(next));
        }
    }
}
