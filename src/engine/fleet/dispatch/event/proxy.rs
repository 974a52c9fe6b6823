//! A proxy before replicas with queues of their own: who it holds, and to whom it hands over (rules 54, 55).

use super::heap::{PlaneEvent, What};
use super::routing::Present;
use super::{EventPlane, Place, Waiting};
use crate::fleet::dispatch::routing::Router;
use crate::fleet::dispatch::{Directly, Sink};
use crate::fleet::{HandsOver, Proxy, ReplicaId, RoutingRule};

/// How many of its requests are at each ready replica, by place: in launch order.
#[derive(Debug, Clone)]
pub(super) struct Handing {
    proxy: Proxy,
    /// Knows the places, and chooses where there is no limit.
    router: Router,
    held: Vec<Present>,
    /// A bit for each place that has room, and how many have.
    room: Vec<u64>,
    with_room: u32,
    /// The place whose turn it is.
    next: usize,
    /// What came to each replica directly, by its id, and to all.
    direct: Vec<Direct>,
    to_all: Direct,
}

/// Requests at replicas that did not come by way of the proxy.
#[derive(Debug, Clone, Copy, Default)]
struct Direct {
    present: u32,
    /// Up to when it is counted.
    to: u64,
    passed: Directly,
}

impl Direct {
    fn up_to(&self, now: u64) -> Directly {
        let more = u128::from(now - self.to) * u128::from(self.present);
        Directly { present_ns: self.passed.present_ns + more, ..self.passed }
    }

    fn come(&mut self, now: u64) {
        self.passed = Directly { arrivals: self.passed.arrivals + 1, ..self.up_to(now) };
        (self.present, self.to) = (self.present + 1, now);
    }

    fn leave(&mut self, now: u64) {
        self.passed = self.up_to(now);
        (self.present, self.to) = (self.present - 1, now);
    }
}

const BITS: usize = u64::BITS as usize;

impl Handing {
    /// Without replicas.
    pub(super) fn new(proxy: Proxy) -> Self {
        Self {
            proxy,
            router: Router::new(RoutingRule::PowerOfTwo),
            held: Vec::new(),
            room: Vec::new(),
            with_room: 0,
            next: 0,
            direct: Vec::new(),
            to_all: Direct::default(),
        }
    }

    pub(super) fn draws(&self) -> bool {
        self.proxy.hands_over.draws()
    }

    /// The replica for a request with this draw, and one request of its own more for it; `None` if it has to wait.
    fn choose(&mut self, draw: u64) -> Option<ReplicaId> {
        if self.with_room == 0 {
            return None;
        }
        let at = match self.proxy.hands_over {
            HandsOver::Freely => {
                self.router.choose(RoutingRule::PowerOfTwo, &mut self.held, 0, draw, &mut ())
            }
            HandsOver::ToFirst(_) => self.first_from(0)?,
            HandsOver::InTurn(_) => {
                let from = if self.next < self.held.len() { self.next } else { 0 };
                let at = self.first_from(from).or_else(|| self.first_from(0))?;
                self.next = at + 1;
                at
            }
        };
        self.hold(at, self.held[at].0 + 1);
        Some(self.router.id(at))
    }

    /// The first place from there on that has room.
    fn first_from(&self, from: usize) -> Option<usize> {
        let first = from / BITS;
        let masked = self.room.get(first)? & (u64::MAX << (from % BITS));
        if masked != 0 {
            return Some(first * BITS + masked.trailing_zeros() as usize);
        }
        let later = self.room[first + 1..].iter().position(|&word| word != 0)?;
        let word = first + 1 + later;
        Some(word * BITS + self.room[word].trailing_zeros() as usize)
    }

    /// So many of its requests are at that place now.
    fn hold(&mut self, at: usize, count: u32) {
        self.held[at] = Present(count);
        let (word, bit) = (at / BITS, 1u64 << (at % BITS));
        let (had, has) = (self.room[word] & bit != 0, self.has_room(count));
        if had != has {
            self.room[word] ^= bit;
            self.with_room = self.with_room + u32::from(has) - u32::from(had);
        }
    }

    fn has_room(&self, held: u32) -> bool {
        match self.proxy.hands_over {
            HandsOver::Freely => true,
            HandsOver::ToFirst(most) | HandsOver::InTurn(most) => held < most,
        }
    }

    pub(super) fn add(&mut self, id: ReplicaId, ordinal: u64, now: u64) {
        if self.direct.len() <= id.index() {
            self.direct.resize(id.index() + 1, Direct::default());
        }
        self.direct[id.index()] = Direct { to: now, ..Direct::default() };
        let at = self.router.add(id, ordinal);
        self.held.insert(at, Present(0));
        self.renew();
    }

    pub(super) fn remove(&mut self, id: ReplicaId) {
        if let Some((at, _)) = self.router.remove(id) {
            self.held.remove(at);
            self.renew();
        }
    }

    /// Places have changed.
    fn renew(&mut self) {
        self.room.clear();
        self.room.resize(self.held.len().div_ceil(BITS), 0);
        self.with_room = 0;
        for at in 0..self.held.len() {
            self.hold(at, self.held[at].0);
        }
    }

    /// A request came to that replica past the proxy.
    pub(super) fn passed(&mut self, id: ReplicaId, now: u64) {
        self.direct[id.index()].come(now);
        self.to_all.come(now);
    }

    /// A request has left that replica, where it was served or waited.
    fn left(&mut self, id: ReplicaId, by_proxy: bool, now: u64) {
        if !by_proxy {
            self.direct[id.index()].leave(now);
            self.to_all.leave(now);
        } else if let Some(at) = self.router.place(id) {
            self.hold(at, self.held[at].0 - 1);
        }
    }

    /// What came directly, to that replica or to all.
    pub(super) fn direct(&self, now: u64, replica: Option<ReplicaId>) -> Directly {
        replica.map_or(self.to_all, |id| self.direct[id.index()]).up_to(now)
    }
}

impl EventPlane {
    /// A request comes to the proxy.
    pub(super) fn admit_by_proxy(
        &mut self,
        request: Waiting,
        patience: Option<u64>,
        sink: &mut impl Sink,
    ) {
        let latency = self.handing.as_ref().map_or(0, |handing| handing.proxy.latency.0);
        if latency > 0 {
            if let Some((at, stamp)) = self.wait_at(Place::Bound, request, patience, sink) {
                let until = self.now.saturating_add(latency);
                self.heap.push(PlaneEvent::new(until, What::PassOn, stamp, at));
            }
            return;
        }
        if self.gateway_is_empty()
            && let Some(handing) = &mut self.handing
            && let Some(id) = handing.choose(request.routing)
        {
            let request = Waiting { by_proxy: true, ..request };
            if self.servers.has_free_slot(id) {
                self.start(id, None, &request);
            } else if self.wait_at(Place::At(id), request, patience, sink).is_none() {
                self.note_left(id, true);
            }
            return;
        }
        self.wait_at(Place::Gateway, request, patience, sink);
    }

    /// A request has been on its way through the proxy for long enough, unless it gave up.
    pub(super) fn pass_on(&mut self, event: PlaneEvent) {
        let ticket = (event.index, event.stamp);
        if self.ticket_is_valid(ticket) {
            let level = self.level(self.waiting[event.index as usize].class);
            self.gateway.push_back(level, ticket);
        }
    }

    /// The proxy hands over what it holds, as long as some replica has room.
    pub(super) fn hand_over(&mut self) {
        if self.handing.is_none() {
            return;
        }
        while !self.gateway_is_empty() {
            let Some((at, _)) = self.gateway.front() else { return };
            let draw = self.waiting[at as usize].routing;
            let Some(id) = self.handing.as_mut().and_then(|handing| handing.choose(draw)) else {
                return;
            };
            let Some(ticket) = self.gateway.pop_front() else { return };
            self.waiting[ticket.0 as usize].by_proxy = true;
            if self.servers.has_free_slot(id) {
                let request = self.take_waiting(ticket);
                self.start(id, None, &request);
            } else {
                self.queue_at(id, ticket);
            }
        }
    }

    /// A request has left its replica, to which the proxy handed it over or not.
    #[inline]
    pub(super) fn note_left(&mut self, id: ReplicaId, by_proxy: bool) {
        if let Some(handing) = &mut self.handing {
            handing.left(id, by_proxy, self.now);
        }
    }
}
