//! Classes of requests: who is served first, and who is pushed out (rules 22, 23).

use super::super::{Case, Fate};
use super::World;
use autosim_engine::fleet::{QueueOrder, WhenFull};

impl Case {
    /// The class of a request from outside: any that varies, so that it need not be kept.
    pub(crate) fn class_of(&self, arrival: u64, demand: u64) -> u8 {
        ((arrival / 3 + demand) % u64::from(self.fleet.classes)) as u8
    }
}

impl World<'_> {
    fn class(&self, request: usize) -> u8 {
        self.users[self.requests[request].user].class
    }

    fn rank(&self, request: usize) -> u8 {
        match self.case.fleet.queue.order {
            QueueOrder::Priority => self.class(request),
            QueueOrder::FirstCome => 0,
        }
    }

    /// Behind all that are served before it.
    pub(super) fn join_queue(&mut self, request: usize, replica: Option<usize>) {
        let queue = replica.map_or(&self.gateway, |replica| &self.replicas[replica].queue);
        let ahead = queue.iter().filter(|&&other| self.rank(other) <= self.rank(request)).count();
        match replica {
            Some(replica) => self.replicas[replica].queue.insert(ahead, request),
            None => self.gateway.insert(ahead, request),
        }
    }

    /// Before all of its class at the gateway.
    pub(super) fn head_queue(&mut self, request: usize) {
        let before = |&&other: &&usize| self.rank(other) < self.rank(request);
        let ahead = self.gateway.iter().filter(before).count();
        self.gateway.insert(ahead, request);
    }

    /// Whether somebody of a higher class makes room.
    pub(super) fn push_out_for(&mut self, request: usize) -> bool {
        let queues =
            self.replicas.iter().map(|replica| &replica.queue).chain([&self.gateway, &self.on_way]);
        let waiting: Vec<usize> = queues.flatten().copied().collect();
        let order = |&other: &usize| self.joins.iter().position(|&joined| joined == other);
        let victim = waiting
            .into_iter()
            .filter(|other| !self.put_back.contains(other))
            .max_by_key(|other| (self.class(*other), order(other)));
        let pushes = self.case.fleet.queue.when_full == WhenFull::PushOut;
        match victim.filter(|&other| pushes && self.class(other) > self.class(request)) {
            None => false,
            Some(victim) => {
                self.gateway.retain(|&other| other != victim);
                self.on_way.retain(|&other| other != victim);
                for replica in &mut self.replicas {
                    replica.queue.retain(|&other| other != victim);
                }
                self.leave(victim, "refused", Fate::Rejected);
                true
            }
        }
    }
}
