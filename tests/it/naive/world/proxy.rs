//! A proxy before replicas that have queues of their own (rules 54, 55, 56).

use super::{Event, Rank, State, World};
use autosim_engine::fleet::{HandsOver, Proxy, RoutingRule};

impl World<'_> {
    fn ready_ones(&self) -> Vec<usize> {
        (0..self.replicas.len()).filter(|&i| self.replicas[i].state == State::Ready).collect()
    }

    pub(super) fn some_ready(&self) -> bool {
        !self.ready_ones().is_empty()
    }

    /// What the policy says of the path with its newest decision.
    pub(super) fn said(&self) -> bool {
        let path = &self.case.in_path;
        path.is_empty() || path[self.controls % path.len()]
    }

    /// A decision takes effect.
    pub(super) fn take_effect(&mut self, desired: u32, in_path: bool) {
        self.in_path = in_path;
        self.actuate(desired);
    }

    pub(super) fn is_full_at(&self, replica: usize) -> bool {
        let most = self.case.fleet.queue.replica_capacity;
        most.is_some_and(|most| self.replicas[replica].queue.len() >= most as usize)
    }

    pub(super) fn arrive_at_proxy(&mut self, request: usize, proxy: Proxy) {
        if proxy.latency.0 > 0 {
            if self.is_full() && !self.push_out_for(request) {
                return self.refuse(request);
            }
            self.on_way.push(request);
            self.joins.push(request);
            self.set_timeout(request);
            let number = self.users[self.requests[request].user].number;
            let at = self.now + proxy.latency.0;
            self.push(at, Rank::PassOn, number, Event::PassOn { request });
        } else if self.gateway.is_empty()
            && let Some(replica) = self.choose(request, proxy)
        {
            self.proxied.insert(request);
            match self.replicas[replica].free_slot() {
                Some(slot) => self.start(request, replica, slot),
                None => self.wait(request, Some(replica)),
            }
        } else {
            self.wait(request, None);
        }
    }

    /// It has been on its way for long enough, if it still is.
    pub(super) fn pass_on(&mut self, request: usize) {
        if let Some(place) = self.on_way.iter().position(|&other| other == request) {
            self.on_way.remove(place);
            self.join_queue(request, None);
        }
    }

    /// Requests of the proxy's at a replica.
    fn held(&self, replica: usize) -> usize {
        let it = &self.replicas[replica];
        let serving = it.slots.iter().filter_map(|slot| slot.serving);
        serving.chain(it.queue.iter().copied()).filter(|one| self.proxied.contains(one)).count()
    }

    /// Whom it hands a request to, if it does not hold it.
    fn choose(&mut self, request: usize, proxy: Proxy) -> Option<usize> {
        let ready = self.ready_ones();
        let room = |most: u32| {
            let has = |&place: &usize| self.held(ready[place]) < most as usize;
            (0..ready.len()).filter(has).collect::<Vec<usize>>()
        };
        match proxy.hands_over {
            HandsOver::Freely => self.route_by(request, RoutingRule::PowerOfTwo, |i| self.held(i)),
            HandsOver::ToFirst(most) => room(most).first().map(|&place| ready[place]),
            HandsOver::InTurn(most) => {
                let turn = if self.turn < ready.len() { self.turn } else { 0 };
                let room = room(most);
                let after = room.iter().find(|&&place| place >= turn);
                let place = *after.or(room.first())?;
                self.turn = place + 1;
                Some(ready[place])
            }
        }
    }

    pub(super) fn hand_over(&mut self, proxy: Proxy) {
        while let Some(&request) = self.gateway.first()
            && let Some(replica) = self.choose(request, proxy)
        {
            self.gateway.remove(0);
            self.proxied.insert(request);
            self.join_queue(request, Some(replica));
            self.serve_at_replicas();
        }
    }
}
