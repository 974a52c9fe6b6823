//! What the plane knows of replicas: slots, queues, who is leaving.

use super::Ticket;
use super::classes::TicketQueue;
use crate::fleet::ReplicaId;
use std::collections::VecDeque;

/// An idle slot, ordered by when it was freed, then launch ordinal, then slot number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct SlotKey {
    pub(super) freed_at: u64,
    pub(super) ordinal: u64,
    pub(super) slot: u32,
    pub(super) replica: ReplicaId,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Status {
    Absent,
    Ready,
    Leaving,
}

#[derive(Debug, Clone)]
struct Server {
    ordinal: u64,
    status: Status,
    ready_at: u64,
    /// Its first request has yet to come.
    fresh: bool,
    /// Requests in service.
    busy: u32,
    queue: TicketQueue,
    /// Valid tickets in `queue`.
    queued: u32,
    /// The idle period it is in.
    idle_until: Option<u64>,
    /// Integral of `busy` up to an instant, slot-ns, where it is kept.
    work_ns: u128,
    counted_to: u64,
}

impl Server {
    /// Slot-ns since it was last counted.
    fn work_since(&self, now: u64) -> u128 {
        u128::from(now - self.counted_to) * u128::from(self.busy)
    }
}

/// All replicas that take or finish requests.
#[derive(Debug, Clone)]
pub(super) struct Servers {
    concurrency: u32,
    by_id: Vec<Server>,
    /// Idle slots where slots are told apart, in order: time never goes back, so that a slot that
    /// becomes idle goes to the end, or among those of the same instant.
    idle: VecDeque<SlotKey>,
    /// The first so many of them have outlived their expiry and stay.
    spent: usize,
    keeps_work: bool,
}

impl Servers {
    pub(super) fn new(concurrency: u32) -> Self {
        Self { concurrency, by_id: Vec::new(), idle: VecDeque::new(), spent: 0, keeps_work: false }
    }

    pub(super) fn concurrency(&self) -> u32 {
        self.concurrency
    }

    pub(super) fn add(&mut self, id: ReplicaId, ordinal: u64, now: u64) {
        while self.by_id.len() <= id.index() {
            self.by_id.push(Server {
                ordinal: 0,
                status: Status::Absent,
                ready_at: 0,
                fresh: false,
                busy: 0,
                queue: TicketQueue::default(),
                queued: 0,
                idle_until: None,
                work_ns: 0,
                counted_to: 0,
            });
        }
        let server = &mut self.by_id[id.index()];
        server.ordinal = ordinal;
        server.status = Status::Ready;
        server.ready_at = now;
        server.fresh = true;
        server.idle_until = None;
        (server.work_ns, server.counted_to) = (0, now);
    }

    fn get(&self, id: ReplicaId) -> &Server {
        &self.by_id[id.index()]
    }
    fn get_mut(&mut self, id: ReplicaId) -> &mut Server {
        &mut self.by_id[id.index()]
    }
    pub(super) fn ordinal(&self, id: ReplicaId) -> u64 {
        self.get(id).ordinal
    }
    pub(super) fn ready_at(&self, id: ReplicaId) -> u64 {
        self.get(id).ready_at
    }
    pub(super) fn is_ready(&self, id: ReplicaId) -> bool {
        self.get(id).status == Status::Ready
    }
    pub(super) fn is_leaving(&self, id: ReplicaId) -> bool {
        self.get(id).status == Status::Leaving
    }
    /// Whether `id` still names the replica of that ordinal.
    pub(super) fn is(&self, id: ReplicaId, ordinal: u64) -> bool {
        let server = self.get(id);
        server.status != Status::Absent && server.ordinal == ordinal
    }
    pub(super) fn busy(&self, id: ReplicaId) -> u32 {
        self.get(id).busy
    }
    /// In service and waiting there.
    pub(super) fn present(&self, id: ReplicaId) -> u32 {
        self.busy(id) + self.get(id).queued
    }
    /// Waiting there.
    pub(super) fn queued(&self, id: ReplicaId) -> u32 {
        self.get(id).queued
    }
    pub(super) fn has_free_slot(&self, id: ReplicaId) -> bool {
        self.busy(id) < self.concurrency
    }
    /// Its launch ordinal, and whether its first request has yet to come.
    pub(super) fn first_of(&mut self, id: ReplicaId) -> (u64, &mut bool) {
        let server = self.get_mut(id);
        (server.ordinal, &mut server.fresh)
    }

    pub(super) fn begin(&mut self, id: ReplicaId, now: u64) {
        let server = self.count_work(id, now);
        server.busy += 1;
        server.idle_until = None;
    }
    pub(super) fn end(&mut self, id: ReplicaId, now: u64) {
        self.count_work(id, now).busy -= 1;
    }

    #[inline(always)]
    fn count_work(&mut self, id: ReplicaId, now: u64) -> &mut Server {
        let keeps_work = self.keeps_work;
        let server = self.get_mut(id);
        if keeps_work {
            server.work_ns += server.work_since(now);
            server.counted_to = now;
        }
        server
    }

    /// Counts what replicas work from now on.
    pub(super) fn keep_work(&mut self) {
        self.keeps_work = true;
    }
    /// Integral of a replica's busy slots up to `now`, slot-ns.
    pub(super) fn work_ns(&self, id: ReplicaId, now: u64) -> u128 {
        let server = self.get(id);
        server.work_ns + server.work_since(now)
    }

    /// A request joins the replica's queue.
    pub(super) fn enqueue(&mut self, id: ReplicaId, class: u8, ticket: Ticket) {
        let server = self.get_mut(id);
        server.queue.push_back(class, ticket);
        server.queued += 1;
    }
    /// The next ticket of the replica's queue, valid or not; a valid one is still counted.
    pub(super) fn next_ticket(&mut self, id: ReplicaId) -> Option<Ticket> {
        self.get_mut(id).queue.pop_front()
    }
    /// A request of the replica's queue is served, gave up or is lost.
    pub(super) fn note_dequeued(&mut self, id: ReplicaId) {
        self.get_mut(id).queued -= 1;
    }

    pub(super) fn free_slot(&mut self, id: ReplicaId, slot: u32, now: u64) {
        let key = SlotKey { freed_at: now, ordinal: self.ordinal(id), slot, replica: id };
        self.idle.push_back(key);
        let mut at = self.idle.len() - 1;
        while at > 0 && self.idle[at - 1] > key {
            self.idle.swap(at - 1, at);
            at -= 1;
        }
    }
    pub(super) fn take_slot(&mut self, key: SlotKey) -> u32 {
        if self.idle.back() == Some(&key) {
            self.idle.pop_back();
            self.spent = self.spent.min(self.idle.len());
        } else if let Ok(at) = self.idle.binary_search(&key) {
            self.idle.remove(at);
            self.spent -= usize::from(at < self.spent);
        }
        key.slot
    }
    /// Some idle slot of one replica, which became idle lately.
    pub(super) fn idle_of(&self, id: ReplicaId) -> Option<SlotKey> {
        self.idle.iter().rev().find(|key| key.replica == id).copied()
    }
    /// The slot that has been idle for longest of those that may still expire.
    #[inline]
    pub(super) fn next_to_expire(&self) -> Option<SlotKey> {
        self.idle.get(self.spent).copied()
    }
    /// That slot stays.
    pub(super) fn outlive(&mut self) {
        self.spent += 1;
    }
    /// Marks the begin of an idle period; it holds until the replica serves again.
    pub(super) fn begin_idle(&mut self, id: ReplicaId, until: u64) {
        self.get_mut(id).idle_until = Some(until);
    }
    /// Whether that replica is in an idle period that ends at `until`.
    pub(super) fn idles_until(&self, id: ReplicaId, ordinal: u64, until: u64) -> bool {
        let server = self.get(id);
        server.status == Status::Ready
            && server.ordinal == ordinal
            && server.idle_until == Some(until)
    }
    /// Whether it is in an idle period.
    pub(super) fn is_idling(&self, id: ReplicaId) -> bool {
        self.get(id).idle_until.is_some()
    }
    pub(super) fn longest_idle(&self) -> Option<SlotKey> {
        self.idle.front().copied()
    }
    pub(super) fn newest_idle(&self) -> Option<SlotKey> {
        self.idle.back().copied()
    }

    /// No new requests from now on.
    pub(super) fn leave(&mut self, id: ReplicaId) {
        self.by_id[id.index()].status = Status::Leaving;
        if self.concurrency == 1 && self.next_to_expire().is_some_and(|key| key.replica == id) {
            self.idle.remove(self.spent);
        } else {
            self.idle.retain(|key| key.replica != id);
        }
    }

    pub(super) fn remove(&mut self, id: ReplicaId) {
        let server = self.get_mut(id);
        server.status = Status::Absent;
        server.queue.clear();
    }
}
