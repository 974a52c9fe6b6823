//! What clients do: wait for an attempt, give up, cancel, try again within a budget (rules 39, 40, 41).

use super::closed::{NO_USER, Users};
use super::heap::{PlaneEvent, STAMP_BITS, What};
use super::{EventPlane, FREE, Mode, Serving, Waiting};
use crate::fleet::dispatch::{Attempt, AttemptFate, Completion, Interruption, Resolved, Sink};
use crate::fleet::{ClientSpec, Fleet, FleetSpec, ReplicaId, RetrySpec};
use crate::random::{Generator, Purpose, Sampler, Streams, unit};
use crate::units::Time;
use rand::Rng as _;

/// No client waits.
pub(super) const NOBODY: u32 = u32::MAX;

/// Stamps of one request's attempts.
pub(super) const STAMPS: u64 = RetrySpec::MOST_ATTEMPTS as u64;

/// A million requests a second for a century: each has stamps of its own.
const MOST_REQUESTS: u64 = 1_000_000 * 86_400 * 365 * 100;
const _: () = assert!(MOST_REQUESTS <= (1 << STAMP_BITS) / STAMPS);

/// A whole retry in the budget, which counts millionths.
const ONE_RETRY: u64 = 1_000_000;
const _: () = assert!(u32::MAX as u64 <= u64::MAX / ONE_RETRY);

/// Where the attempt is that a client waits for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Whereabouts {
    /// In this place of the slab of those that wait.
    Waiting(u32),
    /// In this place of the slab of those in service.
    Serving(u32),
    /// Nowhere: it arrives just now, or is still to come.
    Away,
}

/// A request whose client waits for it.
#[derive(Debug, Clone, Copy)]
struct Client {
    /// Of the first attempt.
    arrival: u64,
    demand: u64,
    /// Key of the draws of its retries.
    luck: u64,
    /// Which user in a closed loop it is; [`NO_USER`] = none.
    user: u32,
    /// Of the attempt at hand; [`FREE`] = this place of the slab is not used.
    stamp: u64,
    whereabouts: Whereabouts,
    class: u8,
}

/// All clients of the service.
#[derive(Debug, Clone)]
pub(super) struct Clients {
    spec: ClientSpec,
    streams: Streams,
    patience: Option<Sampler>,
    slab: Vec<Client>,
    unused: Vec<u32>,
    /// Millionths of a retry left in the budget.
    tokens: u64,
    /// Requests between two attempts.
    away: u64,
    /// Replicas on which work was cancelled at this instant.
    vacated: Vec<ReplicaId>,
    /// Clients whose attempts were killed at this instant: stamp, place in the slab, start of service.
    pending: Vec<(u64, u32, u64)>,
}

/// An attempt that was killed with its replica.
#[derive(Debug, Clone, Copy)]
pub(super) struct Killed {
    pub(super) arrival: u64,
    /// When it had started; [`Time::NEVER`] = it waited.
    pub(super) start: u64,
    pub(super) client: u32,
    pub(super) class: u8,
}

/// Why an attempt failed.
#[derive(Debug, Clone, Copy)]
enum Failure {
    Refused,
    TimedOut,
    /// Killed; when it had started, if it had.
    Lost(Time),
}

impl Clients {
    pub(super) fn new(spec: &FleetSpec, streams: Streams) -> Option<Self> {
        let client = spec.client.or(spec.has_clients().then_some(ClientSpec::PATIENT))?;
        let budget = client.retries.and_then(|retries| retries.budget);
        Some(Self {
            spec: client,
            streams,
            patience: spec.queue.timeout.clone(),
            slab: Vec::new(),
            unused: Vec::new(),
            tokens: budget.map_or(0, |budget| u64::from(budget.burst) * ONE_RETRY),
            away: 0,
            vacated: Vec::new(),
            pending: Vec::new(),
        })
    }

    pub(super) fn draw_patience(&self, draws: &mut Generator) -> Option<u64> {
        self.patience.as_ref().map(|law| law.draw(draws).0)
    }

    fn add(&mut self, request: &Waiting, luck: u64, user: u32) -> u32 {
        if let Some(budget) = self.spec.retries.and_then(|retries| retries.budget) {
            let full = u64::from(budget.burst) * ONE_RETRY;
            self.tokens = (self.tokens + budget.millionths).min(full);
        }
        let client = Client {
            arrival: request.arrival,
            demand: request.demand,
            luck,
            user,
            stamp: request.stamp,
            whereabouts: Whereabouts::Away,
            class: request.class,
        };
        match self.unused.pop() {
            Some(at) => {
                self.slab[at as usize] = client;
                at
            }
            None => {
                self.slab.push(client);
                self.unused.reserve(self.slab.len());
                (self.slab.len() - 1) as u32
            }
        }
    }

    /// The client turns to other things.
    fn forget(&mut self, at: u32) -> Client {
        let client = self.slab[at as usize];
        self.slab[at as usize].stamp = FREE;
        self.unused.push(at);
        client
    }

    /// How long until the next attempt, if there is to be one (rule 40); the budget pays for it (rule 41).
    fn next_attempt(&mut self, stamp: u64, luck: u64) -> Option<u64> {
        let retries = self.spec.retries?;
        let retry = (stamp % STAMPS) as u32 + 1;
        if retry >= retries.attempts.min(RetrySpec::MOST_ATTEMPTS) {
            return None;
        }
        if retries.budget.is_some() {
            self.tokens = self.tokens.checked_sub(ONE_RETRY)?;
        }
        let draw = match retries.jitter > 0.0 {
            true => unit(&mut self.streams.keyed(Purpose::Backoff, retry, luck)),
            false => 0.0,
        };
        Some(retries.wait(retry, draw).0)
    }
}

impl EventPlane {
    /// A new request's client begins to wait.
    #[inline]
    pub(super) fn welcome(&mut self, request: &mut Waiting) {
        if self.clients.is_some() {
            // Numbered among those that come from outside: the same for every policy.
            let users_sent = self.users.as_ref().map_or(0, |users| Users::sent(users));
            self.welcome_as(request, request.stamp / STAMPS - users_sent, NO_USER);
        }
    }

    pub(super) fn welcome_as(&mut self, request: &mut Waiting, luck: u64, user: u32) {
        if let Some(clients) = &mut self.clients {
            request.client = clients.add(request, luck, user);
            self.await_answer(request);
        }
    }

    /// Its client waits for each attempt anew, queue and service together (rule 39).
    fn await_answer(&mut self, request: &Waiting) {
        let Some(clients) = &self.clients else { return };
        let until = request.arrival.saturating_add(clients.spec.timeout.0);
        self.heap.push(PlaneEvent::new(until, What::ClientGivesUp, request.stamp, request.client));
    }

    #[inline]
    pub(super) fn note_place(&mut self, client: u32, whereabouts: Whereabouts) {
        if client != NOBODY
            && let Some(clients) = &mut self.clients
        {
            clients.slab[client as usize].whereabouts = whereabouts;
        }
    }

    /// When the request was first tried: it is one, however many attempts it takes (rule 42).
    pub(super) fn first_arrival(&self, request: &Waiting) -> Time {
        let client = self.clients.as_ref().and_then(|all| all.slab.get(request.client as usize));
        Time(client.map_or(request.arrival, |client| client.arrival))
    }

    pub(super) fn away(&self) -> u64 {
        self.clients.as_ref().map_or(0, |clients| clients.away)
    }

    /// Whether those that wait may leave the queue before they are served.
    pub(super) fn may_give_up(&self) -> bool {
        self.patience || self.clients.as_ref().is_some_and(|clients| clients.spec.cancels)
    }

    // ---- how attempts end ----

    /// The service refuses an attempt that arrives now.
    pub(super) fn refuse(&mut self, request: &Waiting, sink: &mut impl Sink) {
        let arrival = Time(request.arrival);
        if self.clients.is_none() {
            sink.rejected(arrival);
            return self.tell_class(request.class, request.arrival, Resolved::Rejected, sink);
        }
        let fate = AttemptFate::Refused;
        sink.attempt(&Attempt { arrival, start: Time::NEVER, end: Time(self.now), fate });
        self.failed(request.client, Failure::Refused, sink);
    }

    pub(super) fn tell_timed_out(&mut self, request: &Waiting, sink: &mut impl Sink) {
        let (arrival, end) = (Time(request.arrival), Time(self.now));
        if self.clients.is_none() {
            sink.timed_out(arrival, end);
            return self.tell_class(request.class, request.arrival, Resolved::TimedOut, sink);
        }
        let fate = AttemptFate::TimedOut;
        sink.attempt(&Attempt { arrival, start: Time::NEVER, end, fate });
        self.failed(request.client, Failure::TimedOut, sink);
    }

    pub(super) fn tell_served(&mut self, serving: &Serving, id: ReplicaId, sink: &mut impl Sink) {
        let mut completion = Completion {
            arrival: Time(serving.arrival),
            start: Time(serving.start),
            end: Time(self.now),
            replica: self.servers.ordinal(id),
            cold: serving.cold,
        };
        if let Some(clients) = &mut self.clients {
            let Completion { arrival, start, end, .. } = completion;
            if serving.client == NOBODY {
                let fate = AttemptFate::Unheard;
                return sink.attempt(&Attempt { arrival, start, end, fate });
            }
            sink.attempt(&Attempt { arrival, start, end, fate: AttemptFate::Answered });
            let client = clients.forget(serving.client);
            completion.arrival = Time(client.arrival);
            self.user_goes_on(client.user);
        }
        sink.completed(&completion);
        if self.classes.is_some() {
            let Completion { arrival, start, end, .. } = completion;
            sink.resolved(serving.class, arrival, Resolved::Completed(start, end));
        }
    }

    /// Killed; its client learns of it in [`EventPlane::clients_lost_theirs`].
    pub(super) fn tell_lost(&mut self, killed: Killed, sink: &mut impl Sink) {
        let Killed { arrival, start, client, class } = killed;
        let (arrival, end) = (Time(arrival), Time(self.now));
        let Some(clients) = &mut self.clients else {
            sink.lost(arrival, Time(start), end);
            return self.tell_class(class, arrival.0, Resolved::Lost, sink);
        };
        sink.attempt(&Attempt { arrival, start: Time(start), end, fate: AttemptFate::Lost });
        if client != NOBODY {
            clients.pending.push((clients.slab[client as usize].stamp, client, start));
        }
    }

    /// Clients of what was killed, in order of arrival of their requests (rules 13, 41).
    pub(super) fn clients_lost_theirs(&mut self, sink: &mut impl Sink) {
        let Some(clients) = &mut self.clients else { return };
        let mut pending = std::mem::take(&mut clients.pending);
        pending.sort_unstable();
        for (_, client, start) in pending.drain(..) {
            self.failed(client, Failure::Lost(Time(start)), sink);
        }
        if let Some(clients) = &mut self.clients {
            clients.pending = pending;
        }
    }

    /// An attempt failed while its client waited: there will be another, or the request has met its fate.
    fn failed(&mut self, client: u32, failure: Failure, sink: &mut impl Sink) {
        if client == NOBODY {
            return;
        }
        let now = Time(self.now);
        let Some(clients) = &mut self.clients else { return };
        let Client { stamp, luck, .. } = clients.slab[client as usize];
        if let Some(delay) = clients.next_attempt(stamp, luck) {
            clients.slab[client as usize].stamp = stamp + 1;
            clients.slab[client as usize].whereabouts = Whereabouts::Away;
            clients.away += 1;
            let at = self.now.saturating_add(delay);
            self.heap.push(PlaneEvent::new(at, What::Retry, stamp + 1, client));
            return;
        }
        let Client { arrival, user, class, .. } = clients.forget(client);
        self.user_goes_on(user);
        let first = Time(arrival);
        let what = match failure {
            Failure::Refused => {
                sink.rejected(first);
                Resolved::Rejected
            }
            Failure::TimedOut => {
                sink.timed_out(first, now);
                Resolved::TimedOut
            }
            Failure::Lost(start) => {
                sink.lost(first, start, now);
                Resolved::Lost
            }
        };
        self.tell_class(class, arrival, what, sink);
    }

    // ---- what clients do ----

    /// All clients who give up at this instant do; then slots they vacated are filled.
    pub(super) fn clients_give_up(
        &mut self,
        first: PlaneEvent,
        fleet: &mut Fleet,
        sink: &mut impl Sink,
    ) {
        let mut next = Some(first);
        while let Some(event) = next {
            self.client_gives_up(event, sink);
            let same = |other: &PlaneEvent| other.at == first.at && other.what == first.what;
            next = self.heap.pop_if(same);
        }
        while let Some(id) = self.clients.as_mut().and_then(|clients| clients.vacated.pop()) {
            while matches!(self.mode, Mode::Routed(_))
                && self.servers.has_free_slot(id)
                && let Some(ticket) = self.next_at(id)
            {
                let request = self.take_waiting(ticket);
                self.servers.note_dequeued(id);
                self.start(id, None, &request);
            }
            self.retire_if_done(id, fleet);
        }
    }

    fn client_gives_up(&mut self, event: PlaneEvent, sink: &mut impl Sink) {
        let Some(clients) = &self.clients else { return };
        let client = clients.slab[event.index as usize];
        if client.stamp != event.stamp {
            return; // answered, or failed, meanwhile
        }
        match (client.whereabouts, clients.spec.cancels) {
            (Whereabouts::Away, _) => return,
            (Whereabouts::Waiting(at), false) => self.waiting[at as usize].client = NOBODY,
            (Whereabouts::Serving(at), false) => self.serving[at as usize].client = NOBODY,
            (Whereabouts::Waiting(at), true) => {
                let request = self.take_unserved((at, event.stamp));
                self.tell_cancelled(request.arrival, Time::NEVER, sink);
            }
            (Whereabouts::Serving(at), true) => {
                let serving = self.serving[at as usize];
                self.vacate(at as usize, &serving);
                self.tell_cancelled(serving.arrival, Time(serving.start), sink);
            }
        }
        self.failed(event.index, Failure::TimedOut, sink);
    }

    fn tell_cancelled(&self, arrival: u64, start: Time, sink: &mut impl Sink) {
        let (arrival, end) = (Time(arrival), Time(self.now));
        sink.attempt(&Attempt { arrival, start, end, fate: AttemptFate::Cancelled });
    }

    /// Work in service ends undone.
    fn vacate(&mut self, at: usize, serving: &Serving) {
        let Some(id) = serving.replica else { return };
        self.release(at, id);
        if !matches!(self.mode, Mode::Routed(_)) && self.servers.is_ready(id) {
            self.servers.free_slot(id, serving.slot, self.now);
            self.freed.push(id);
        } else if let Some(clients) = &mut self.clients {
            clients.vacated.push(id);
        }
    }

    /// The next attempt arrives.
    pub(super) fn retry(&mut self, event: PlaneEvent, fleet: &mut Fleet, sink: &mut impl Sink) {
        let Some(clients) = &mut self.clients else { return };
        clients.away -= 1;
        let client = clients.slab[event.index as usize];
        let attempt = (event.stamp % STAMPS) as u32;
        let mut draws = clients.streams.keyed(Purpose::Retry, attempt, client.luck);
        let routing = draws.next_u64();
        let patience = clients.draw_patience(&mut draws);
        let request = Waiting {
            arrival: self.now,
            demand: client.demand,
            routing,
            stamp: event.stamp,
            client: event.index,
            replica: None,
            again: false,
            by_proxy: false,
            class: client.class,
        };
        sink.retried(Time(client.arrival), Time(self.now));
        self.await_answer(&request);
        let starved = self.admit(request, patience, fleet, sink);
        self.note_arrival(starved);
    }

    /// One of the plane's own arrivals was taken: whoever moves time on may have to be told.
    pub(super) fn note_arrival(&mut self, starved: bool) {
        let now = Time(self.now);
        if self.gauges.queued > self.waiting_limit {
            self.interruption = Some(Interruption::TooMany(now));
        } else if starved {
            self.interruption = Some(Interruption::Starved(now));
        }
    }

    /// The run is over: attempts that are still here, and requests without a fate.
    pub(super) fn finish_clients(&self, sink: &mut impl Sink) {
        let fate = |client| match client {
            NOBODY => AttemptFate::Unheard,
            _ => AttemptFate::Open,
        };
        for serving in self.serving.iter().filter(|serving| serving.replica.is_some()) {
            let (arrival, start) = (Time(serving.arrival), Time(serving.start));
            let fate = fate(serving.client);
            sink.attempt(&Attempt { arrival, start, end: Time::NEVER, fate });
        }
        for request in self.waiting.iter().filter(|request| request.stamp != FREE) {
            let (arrival, fate) = (Time(request.arrival), fate(request.client));
            sink.attempt(&Attempt { arrival, start: Time::NEVER, end: Time::NEVER, fate });
        }
        let clients = self.clients.iter().flat_map(|clients| &clients.slab);
        for client in clients.filter(|client| client.stamp != FREE) {
            sink.unfinished(Time(client.arrival));
            self.tell_class(client.class, client.arrival, Resolved::Unfinished, sink);
        }
    }
}
