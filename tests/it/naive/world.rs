//! The events and what they do.

mod classes;
mod failures;
mod proxy;
mod sharing;

use super::clients::{Tokens, User};
use super::closed::Person;
use super::{Case, Fate, Record, Try};
use autosim_engine::fleet::{
    AtZero, Balancing, Intervention, Overflow, Probes, RoutingRule, ScalePerRequest, Scaling,
    Slowdown, VictimOrder,
};
use autosim_engine::random::{Purpose, Streams};
use rand::Rng;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

/// What happens first at one instant (rule 1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rank {
    /// A slowdown begins or ends; it moves nothing at its instant.
    Pace,
    Complete,
    Gone,
    Ready,
    Timeout,
    ClientTimeout,
    Fail,
    Outage,
    Control,
    Actuate,
    Arrive,
    Person,
    Retry,
    PassOn,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Event {
    Complete { replica: usize, slot: usize, request: usize, plan: u64 },
    Kill { replica: usize },
    Fail { replica: usize },
    Outage { number: usize },
    Pace,
    Intervene { replicas: u32 },
    Expire { replica: usize, period: u64 },
    Ready { replica: usize },
    Timeout { request: usize },
    ClientTimeout { request: usize },
    Retry { user: usize },
    Begin { person: usize },
    Send { person: usize },
    Control { regular: bool },
    Launch,
    Actuate { desired: u32, in_path: bool },
    Arrive { request: usize },
    PassOn { request: usize },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Waits for the launch rate.
    Ordered,
    Starting,
    Ready,
    Draining,
    Gone,
}

pub(super) struct Slot {
    pub(super) serving: Option<usize>,
    pub(super) free_since: u64,
}

/// Replicas are kept in order of launch, for ever.
pub(super) struct Replica {
    state: State,
    ordinal: u64,
    /// Number of the launch, from 0; `None` for the initial fleet.
    launch: Option<u64>,
    pub(super) slots: Vec<Slot>,
    /// Waiting here: routed to it, or bound to it while it starts.
    pub(super) queue: Vec<usize>,
    served: bool,
    idle: bool,
    idle_periods: u64,
    /// How often it has been planned anew who is done when.
    plan: u64,
    worked_to: u64,
    /// When it fails, once it is ready.
    fails_at: Option<u64>,
    /// From when on it is not kept idle, under scale per request.
    kept_until: u64,
}

impl Replica {
    fn in_service(&self) -> usize {
        self.slots.iter().filter(|slot| slot.serving.is_some()).count()
    }
    fn present(&self) -> usize {
        self.in_service() + self.queue.len()
    }
    fn free_slot(&self) -> Option<usize> {
        self.slots.iter().position(|slot| slot.serving.is_none())
    }
}

/// One attempt at a request.
pub(super) struct Request {
    pub(super) user: usize,
    pub(super) arrival: u64,
    pub(super) demand: u64,
    pub(super) patience: Option<u64>,
    pub(super) route: u64,
    pub(super) start: Option<u64>,
    /// Service it has yet to receive, in 2^-32 ns.
    pub(super) work_left: u128,
    /// When it left, and how.
    pub(super) left: Option<(u64, &'static str)>,
}

pub(super) struct World<'a> {
    pub(super) case: &'a Case,
    pub(super) streams: Streams,
    pub(super) now: u64,
    events: BTreeMap<(u64, Rank, u64, u64), Event>,
    pushed: u64,
    pub(super) replicas: Vec<Replica>,
    pub(super) requests: Vec<Request>,
    pub(super) users: Vec<User>,
    /// First attempts so far.
    pub(super) first_attempts: u64,
    pub(super) people: Vec<Person>,
    pub(super) tokens_of_clients: Tokens,
    /// Waiting at the gateway (or in the central queue).
    pub(super) gateway: Vec<usize>,
    /// On their way through the proxy.
    pub(super) on_way: Vec<usize>,
    /// Whom the proxy handed over.
    pub(super) proxied: BTreeSet<usize>,
    /// Among the ready replicas, whose turn it is.
    turn: usize,
    in_path: bool,
    launches: u64,
    /// Launches permitted, each worth the time in which it is gained.
    tokens: u64,
    tokens_at: u64,
    last_used: Option<usize>,
    desired: u32,
    controls: usize,
    /// Everyone who began to wait, in order.
    joins: Vec<usize>,
    /// Who was put back.
    put_back: BTreeSet<usize>,
    /// The slowdown that lasts, if one does.
    pub(super) slowdown: Option<Slowdown>,
}

impl<'a> World<'a> {
    pub(super) fn new(case: &'a Case) -> Self {
        let streams = Streams::new(case.seed, 0, 0);
        let mut world = Self {
            case,
            streams,
            now: 0,
            events: BTreeMap::new(),
            pushed: 0,
            replicas: Vec::new(),
            requests: Vec::new(),
            users: Vec::new(),
            first_attempts: 0,
            people: Vec::new(),
            tokens_of_clients: Tokens::new(case),
            gateway: Vec::new(),
            on_way: Vec::new(),
            proxied: BTreeSet::new(),
            turn: 0,
            in_path: case.in_path.first().is_none_or(|&first| first),
            launches: 0,
            tokens: u64::MAX / 2,
            tokens_at: 0,
            last_used: None,
            desired: case.fleet.initial,
            controls: 0,
            joins: Vec::new(),
            put_back: BTreeSet::new(),
            slowdown: None,
        };
        let mut routing = streams.sequential(Purpose::Routing, 0);
        let mut patience = streams.sequential(Purpose::Patience, 0);
        for &(arrival, demand) in case.requests.iter().filter(|r| r.0 < case.end) {
            let law = case.fleet.queue.timeout.as_ref();
            let luck = world.users.len() as u64;
            let mut user = User::new(arrival, demand, luck, None);
            user.class = case.class_of(arrival, demand);
            world.users.push(user);
            world.requests.push(Request {
                user: world.users.len() - 1,
                arrival,
                demand,
                patience: law.map(|law| law.draw(&mut patience).0),
                route: routing.next_u64(),
                start: None,
                work_left: 0,
                left: None,
            });
            let request = world.requests.len() - 1;
            world.push(arrival, Rank::Arrive, request as u64, Event::Arrive { request });
        }
        world.expect_people();
        for replica in 0..case.fleet.initial {
            world.add_replica(State::Ready);
            world.begin_life(replica as usize);
        }
        world.plan_outages();
        world.plan_slowdowns();
        // Scale per request changes the fleet at arrivals, without a call to a policy (rule 31).
        if !case.fleet.scales_per_request() {
            world.push(case.interval, Rank::Control, 0, Event::Control { regular: true });
            for &at in case.wakeups.iter().filter(|&&at| at == 0 || at % case.interval != 0) {
                world.push(at, Rank::Control, 0, Event::Control { regular: false });
            }
            // After decisions of its instant have taken effect (rule 49).
            for &Intervention { at, replicas } in &case.fleet.interventions {
                world.push(at.0, Rank::Actuate, 2, Event::Intervene { replicas });
            }
        }
        world.settle();
        world
    }

    pub(super) fn run(mut self) -> (Vec<Record>, Vec<Try>, Vec<u8>) {
        let horizon = self.case.end.saturating_add(self.case.drain);
        while let Some((key, event)) = self.events.pop_first() {
            if key.0 > horizon {
                break;
            }
            self.now = key.0;
            self.handle(event);
            // All completions of an instant come before the starts they cause; cancellations as well (rule 1).
            while let Some(next) = self.events.first_entry()
                && (next.key().0, next.key().1) == (self.now, key.1)
                && matches!(key.1, Rank::Complete | Rank::ClientTimeout)
            {
                let event = next.remove();
                self.handle(event);
            }
            self.serve_waiting();
            self.settle();
        }
        let records = self.users.iter().map(|user| (user.arrival, user.fate)).collect();
        let tries = (0..self.requests.len()).map(|request| self.told(request)).collect();
        let classes = self.users.iter().map(|user| user.class).collect();
        (records, tries, classes)
    }

    pub(super) fn push(&mut self, at: u64, rank: Rank, order: u64, event: Event) {
        self.pushed += 1;
        self.events.insert((at, rank, order, self.pushed), event);
    }

    fn handle(&mut self, event: Event) {
        match event {
            Event::Complete { replica, slot, request, plan } => {
                self.complete(replica, slot, request, plan);
            }
            Event::Kill { replica } => self.kill(replica),
            Event::Fail { replica } => self.fail(replica),
            Event::Outage { number } => self.outage(number),
            Event::Pace => self.change_pace(),
            Event::Intervene { replicas } => self.actuate(replicas),
            Event::Expire { replica, period } => self.expire(replica, period),
            Event::Ready { replica } => self.ready(replica),
            Event::Timeout { request } => self.time_out(request),
            Event::ClientTimeout { request } => self.client_gives_up(request),
            Event::Retry { user } => self.retry(user),
            Event::Begin { person } => self.think(person),
            Event::Send { person } => self.send(person),
            Event::Control { regular } => self.control(regular),
            Event::Launch => self.launch_ordered(),
            Event::Actuate { desired, in_path } => self.take_effect(desired, in_path),
            Event::Arrive { request } => self.first_attempt(request),
            Event::PassOn { request } => self.pass_on(request),
        }
    }

    // ---- replicas ----

    fn add_replica(&mut self, state: State) {
        let slot = || Slot { serving: None, free_since: self.now };
        self.replicas.push(Replica {
            state,
            ordinal: self.replicas.len() as u64,
            launch: None,
            slots: (0..self.places()).map(|_| slot()).collect(),
            queue: Vec::new(),
            served: false,
            idle: false,
            idle_periods: 0,
            plan: 0,
            worked_to: 0,
            fails_at: None,
            kept_until: u64::MAX,
        });
    }

    fn count(&self, states: &[State]) -> u32 {
        self.replicas.iter().filter(|r| states.contains(&r.state)).count() as u32
    }

    fn live(&self) -> u32 {
        self.count(&[State::Ordered, State::Starting, State::Ready])
    }

    /// How many more replicas the quota grants (rule 5).
    fn room(&self) -> u32 {
        let held = self.live() + self.count(&[State::Draining]);
        self.case.fleet.quota.map_or(u32::MAX, |quota| quota.saturating_sub(held))
    }

    /// (rules 17, 18)
    fn control(&mut self, regular: bool) {
        let last = self.case.script.len() - 1;
        let desired = self.case.script[self.controls.min(last)];
        self.controls += 1;
        let order = Event::Actuate { desired, in_path: self.said() };
        self.push(self.now + self.case.delay, Rank::Actuate, 1, order);
        if regular {
            self.push(self.now + self.case.interval, Rank::Control, 0, Event::Control { regular });
        }
    }

    fn actuate(&mut self, desired: u32) {
        self.desired = desired;
        let live = self.live();
        for _ in 0..desired.saturating_sub(live).min(self.room()) {
            self.add_replica(State::Ordered);
        }
        self.launch_ordered();
        for _ in desired..live {
            self.remove_one();
        }
    }

    /// Nanoseconds until the launch rate permits a launch: a bucket of `launches` tokens, full at the
    /// start, that gains one each `per / launches` (whole ns).
    fn launch_in(&mut self) -> u64 {
        let Some(rate) = self.case.fleet.launch_rate else { return 0 };
        let gap = rate.per.0 / u64::from(rate.launches);
        let gained = self.now - self.tokens_at;
        self.tokens = (self.tokens + gained).min(u64::from(rate.launches) * gap);
        self.tokens_at = self.now;
        gap.saturating_sub(self.tokens)
    }

    /// Launches what was ordered, in order, as far as the launch rate permits (rules 25, 26).
    fn launch_ordered(&mut self) {
        while let Some(replica) = self.replicas.iter().position(|r| r.state == State::Ordered) {
            let wait = self.launch_in();
            if wait > 0 {
                self.push(self.now + wait, Rank::Ready, u64::MAX, Event::Launch);
                return;
            }
            if let Some(rate) = self.case.fleet.launch_rate {
                self.tokens -= rate.per.0 / u64::from(rate.launches);
            }
            self.launch(replica);
        }
    }

    /// That of the launch, whenever it is (rule 2).
    fn cold_start(&self, launch: u64) -> u64 {
        let mut rng = self.streams.keyed(Purpose::ColdStart, 0, launch);
        let cold_start = self.case.fleet.cold_start.iter();
        let boot: u64 = cold_start.map(|stage| stage.length.draw(&mut rng).0).sum();
        // It is all boot here: the first probe at or after its end, and as many more as must be (rule 57).
        let Some(Probes { first, period, in_a_row }) = self.case.fleet.readiness else {
            return boot;
        };
        let (mut at, mut good) = (first.0, 0);
        loop {
            good += u32::from(at >= boot);
            if good == in_a_row {
                return at;
            }
            at += period.0;
        }
    }

    fn launch(&mut self, replica: usize) {
        let launch = self.launches;
        self.launches += 1;
        let ready_at = self.now + self.cold_start(launch);
        let ordinal = u64::from(self.case.fleet.initial) + launch;
        let it = &mut self.replicas[replica];
        (it.state, it.launch, it.ordinal) = (State::Starting, Some(launch), ordinal);
        self.push(ready_at, Rank::Ready, ordinal, Event::Ready { replica });
    }

    fn ready(&mut self, replica: usize) {
        let it = &mut self.replicas[replica];
        if it.state == State::Starting {
            it.state = State::Ready;
            for slot in &mut it.slots {
                slot.free_since = self.now;
            }
            self.begin_life(replica);
        }
    }

    /// Not ready before ready, then by the order of victims (rules 5, 24).
    fn remove_one(&mut self) {
        let not_ready = |r: &Replica| matches!(r.state, State::Ordered | State::Starting);
        if let Some(newest) = self.replicas.iter().rposition(not_ready) {
            self.replicas[newest].state = State::Gone;
            return;
        }
        let ready = || {
            self.replicas.iter().enumerate().filter(|(_, r)| r.state == State::Ready).map(|x| x.0)
        };
        let victim = match self.case.fleet.victims {
            VictimOrder::Newest => ready().max(),
            VictimOrder::Oldest => ready().min(),
            VictimOrder::FewestInFlight => {
                ready().min_by_key(|&i| (self.replicas[i].in_service(), Reverse(i)))
            }
        };
        let Some(replica) = victim else { return };
        self.drain(replica);
    }

    fn expire(&mut self, replica: usize, period: u64) {
        let Scaling::PerRequest(ScalePerRequest { minimum, .. }) = self.case.fleet.scaling else {
            return;
        };
        let live = self.live();
        let it = &mut self.replicas[replica];
        if it.idle && it.idle_periods == period && it.state == State::Ready && live > minimum {
            it.state = State::Gone;
        }
    }

    /// After every event: drained replicas go, idle periods begin (rule 30).
    fn settle(&mut self) {
        for replica in 0..self.replicas.len() {
            let it = &mut self.replicas[replica];
            if it.state == State::Draining && it.present() == 0 {
                it.state = State::Gone;
            }
            let idle = it.state == State::Ready && it.present() == 0;
            if let Scaling::PerRequest(scale) = &self.case.fleet.scaling
                && idle
                && !it.idle
            {
                it.idle = true;
                it.idle_periods += 1;
                let (period, ordinal) = (it.idle_periods, it.ordinal);
                let key = (Purpose::IdleExpiry, ordinal as u32, period - 1);
                let mut rng = self.streams.keyed(key.0, key.1, key.2);
                let at = self.now.saturating_add(scale.idle_expiry.draw(&mut rng).0);
                let at = at.min(it.kept_until.max(self.now));
                self.push(at, Rank::Gone, ordinal, Event::Expire { replica, period });
            }
        }
    }

    // ---- requests ----

    fn waiting(&self) -> u64 {
        let at_replicas: usize = self.replicas.iter().map(|r| r.queue.len()).sum();
        (self.gateway.len() + self.on_way.len() + at_replicas) as u64
    }

    /// (rules 4, 6, 27, 28)
    pub(super) fn arrive(&mut self, request: usize) {
        let at_zero = self.live() == 0;
        let refused = at_zero && self.case.fleet.queue.at_zero == AtZero::Reject;
        if let Scaling::PerRequest(scale) = &self.case.fleet.scaling {
            self.arrive_per_request(request, scale.limit, scale.overflow);
            return;
        }
        match self.case.fleet.balancing {
            _ if refused => self.refuse(request),
            Balancing::CentralQueue => match self.longest_free_slot() {
                Some((replica, slot)) => self.start(request, replica, slot),
                None => self.wait(request, None),
            },
            Balancing::PerReplica(rule) => match self.case.fleet.proxy {
                Some(proxy) if self.in_path || !self.some_ready() => {
                    self.arrive_at_proxy(request, proxy);
                }
                _ => self.arrive_routed(request, rule),
            },
        }
        if at_zero
            && let Some(desired) = self.case.activate
            && desired != self.desired
        {
            if self.case.delay == 0 {
                self.take_effect(desired, self.said());
            } else {
                let at = self.now + self.case.delay;
                let order = Event::Actuate { desired, in_path: self.said() };
                self.push(at, Rank::Actuate, 1, order);
            }
        }
    }

    fn arrive_routed(&mut self, request: usize, rule: RoutingRule) {
        let Some(replica) = self.route(request, rule) else { return self.wait(request, None) };
        if let Some(slot) = self.replicas[replica].free_slot() {
            self.start(request, replica, slot);
        } else if self.is_full_at(replica) {
            self.refuse(request);
        } else {
            self.wait(request, Some(replica));
        }
        // A replica has had its turn even if the request is refused because the queue is full (rule 19).
        self.last_used = Some(replica);
    }

    /// (rule 29)
    fn arrive_per_request(&mut self, request: usize, limit: u32, overflow: Overflow) {
        if let Some((replica, slot)) = self.last_freed_slot() {
            return self.start(request, replica, slot);
        }
        let claimable = |r: &Replica| {
            matches!(r.state, State::Ordered | State::Starting) && r.queue.len() < r.slots.len()
        };
        if !self.gateway.is_empty() {
            self.wait(request, None);
        } else if let Some(replica) = self.replicas.iter().position(claimable) {
            self.wait(request, Some(replica));
        } else if self.live() < limit && self.room() > 0 {
            let at_once = self.launch_in() == 0 && self.cold_start(self.launches) == 0;
            if !at_once && self.is_full() {
                self.refuse(request);
                return;
            }
            self.add_replica(State::Ordered);
            let replica = self.replicas.len() - 1;
            self.launch_ordered();
            self.replicas[replica].queue.push(request);
            self.set_timeout(request);
        } else if overflow == Overflow::Wait {
            self.wait(request, None);
        } else {
            self.refuse(request);
        }
    }

    fn is_full(&self) -> bool {
        self.case.fleet.queue.capacity.is_some_and(|capacity| self.waiting() >= capacity)
    }

    /// Puts a request in a replica's queue or at the gateway, or refuses it if the queue is full.
    fn wait(&mut self, request: usize, replica: Option<usize>) {
        if self.is_full() && !self.push_out_for(request) {
            self.refuse(request);
            return;
        }
        self.join_queue(request, replica);
        self.joins.push(request);
        self.set_timeout(request);
    }

    fn set_timeout(&mut self, request: usize) {
        if let Some(patience) = self.requests[request].patience
            && let Some(at) = self.now.checked_add(patience)
        {
            let number = self.users[self.requests[request].user].number;
            self.push(at, Rank::Timeout, number, Event::Timeout { request });
        }
    }

    fn time_out(&mut self, request: usize) {
        if self.put_back.contains(&request) {
            return;
        }
        let queues = self.replicas.iter_mut().map(|replica| &mut replica.queue);
        let mut found = false;
        for queue in queues.chain([&mut self.gateway, &mut self.on_way]) {
            if let Some(place) = queue.iter().position(|&waiting| waiting == request) {
                queue.remove(place);
                found = true;
            }
        }
        if found {
            self.leave(request, "timed out", Fate::TimedOut { at: self.now });
        }
    }

    fn free_slots(&self) -> impl Iterator<Item = (usize, usize)> + '_ {
        let ready = self.replicas.iter().enumerate().filter(|(_, r)| r.state == State::Ready);
        ready.flat_map(|(i, r)| {
            let free = r.slots.iter().enumerate().filter(|(_, slot)| slot.serving.is_none());
            free.map(move |(slot, _)| (i, slot))
        })
    }

    fn longest_free_slot(&self) -> Option<(usize, usize)> {
        self.free_slots().min_by_key(|&(i, s)| (self.replicas[i].slots[s].free_since, i, s))
    }

    fn last_freed_slot(&self) -> Option<(usize, usize)> {
        self.free_slots().max_by_key(|&(i, s)| (self.replicas[i].slots[s].free_since, i, s))
    }

    /// The ready replica a request goes to, if there is any (rule 4).
    fn route(&self, request: usize, rule: RoutingRule) -> Option<usize> {
        self.route_by(request, rule, |i| self.replicas[i].present())
    }

    /// The same by another count of the requests at each.
    fn route_by(
        &self,
        request: usize,
        rule: RoutingRule,
        present: impl Fn(usize) -> usize,
    ) -> Option<usize> {
        let ready: Vec<usize> =
            (0..self.replicas.len()).filter(|&i| self.replicas[i].state == State::Ready).collect();
        let n = ready.len() as u64;
        if n == 0 {
            return None;
        }
        let draw = self.requests[request].route;
        let pick = |count: usize| ((u128::from(draw) * count as u128) >> 64) as usize;
        Some(match rule {
            RoutingRule::Random => ready[pick(ready.len())],
            RoutingRule::RoundRobin => {
                let after = ready.iter().find(|&&i| self.last_used.is_none_or(|last| i > last));
                *after.unwrap_or(&ready[0])
            }
            RoutingRule::LeastOutstanding => {
                let least = ready.iter().map(|&i| present(i)).min();
                let best: Vec<usize> =
                    ready.into_iter().filter(|&i| Some(present(i)) == least).collect();
                best[pick(best.len())]
            }
            RoutingRule::PowerOfTwo if n == 1 => ready[0],
            RoutingRule::PowerOfTwo | RoutingRule::PowerOfTwoWithReplacement => {
                let first = ((draw >> 32) * n) >> 32;
                let second = if rule == RoutingRule::PowerOfTwo {
                    let other = ((draw & 0xffff_fffe) * (n - 1)) >> 32;
                    other + u64::from(other >= first)
                } else {
                    ((draw & 0xffff_fffe) * n) >> 32
                };
                let (first, second) = (ready[first as usize], ready[second as usize]);
                let second_wins = match present(second).cmp(&present(first)) {
                    std::cmp::Ordering::Less => true,
                    std::cmp::Ordering::Equal => draw & 1 == 1,
                    std::cmp::Ordering::Greater => false,
                };
                if second_wins { second } else { first }
            }
        })
    }

    /// Starts whatever can start now.
    fn serve_waiting(&mut self) {
        let scales = self.case.fleet.scales_per_request();
        if let Balancing::PerReplica(rule) = self.case.fleet.balancing
            && !scales
            && self.case.fleet.proxy.is_none()
        {
            while let Some(&request) = self.gateway.first()
                && let Some(replica) = self.route(request, rule)
            {
                self.gateway.remove(0);
                self.join_queue(request, Some(replica));
                self.last_used = Some(replica);
            }
        }
        self.serve_at_replicas();
        if let Some(proxy) = self.case.fleet.proxy
            && !scales
        {
            self.hand_over(proxy);
            return;
        }
        while !self.gateway.is_empty()
            && let Some((replica, slot)) = match scales {
                true => self.last_freed_slot(),
                false => self.longest_free_slot(),
            }
        {
            let request = self.gateway.remove(0);
            self.start(request, replica, slot);
        }
    }

    /// Who waits at a replica takes what is free there.
    fn serve_at_replicas(&mut self) {
        for replica in 0..self.replicas.len() {
            while matches!(self.replicas[replica].state, State::Ready | State::Draining)
                && !self.replicas[replica].queue.is_empty()
                && let Some(slot) = self.replicas[replica].free_slot()
            {
                let request = self.replicas[replica].queue.remove(0);
                self.start(request, replica, slot);
            }
        }
    }

    fn start(&mut self, request: usize, replica: usize, slot: usize) {
        let it = &mut self.replicas[replica];
        // Whatever is served holds its slot for at least a nanosecond (rule 12).
        let mut demand = self.requests[request].demand.max(1);
        if let (false, Some(launch), Some(law)) =
            (it.served, it.launch, &self.case.fleet.cold_demand)
        {
            demand = law.draw(&mut self.streams.keyed(Purpose::ColdDemand, 0, launch)).0.max(1);
        }
        (it.served, it.idle) = (true, false);
        self.requests[request].start = Some(self.now);
        self.work(replica);
        self.requests[request].work_left = u128::from(demand) << 32;
        self.replicas[replica].slots[slot].serving = Some(request);
        self.plan(replica);
    }
}
