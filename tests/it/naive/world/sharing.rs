//! How work gets done: each request in service is given its part of it whenever anyone comes or goes, or the
//! pace changes (rules 21, 46).

use super::super::Fate;
use super::{Event, Rank, Slot, World};
use autosim_engine::fleet::{Discipline, Slowdown};

impl World<'_> {
    /// Most requests in service at a replica.
    pub(super) fn places(&self) -> usize {
        match self.case.fleet.discipline {
            Discipline::Slots => self.case.fleet.concurrency as usize,
            Discipline::Sharing { limit: Some(limit) } => limit as usize,
            Discipline::Sharing { limit: None } => self.case.requests.len(),
        }
    }

    /// How much of its service each request of a replica receives in a nanosecond, in 2^-32 ns, rounded
    /// up.
    fn speed(&self, replica: usize) -> u128 {
        let capacity = self.case.fleet.concurrency as usize;
        let sharers = self.replicas[replica].in_service().max(capacity);
        let share = ((capacity as u128) << 32).div_ceil(sharers as u128);
        (share * self.pace(replica)).div_ceil(1 << 32)
    }

    /// What a request that has its slot to itself receives there in a nanosecond, in 2^-32 ns (rule 46).
    fn pace(&self, replica: usize) -> u128 {
        let place = self.replicas[replica].ordinal + 1;
        let slowed = self.slowdown.filter(|one| place.is_multiple_of(u64::from(one.every)));
        (2_f64.powi(32) / slowed.map_or(1.0, |one| one.factor)).ceil() as u128
    }

    pub(super) fn plan_slowdowns(&mut self) {
        for slowdown in self.case.fleet.slowdowns.iter() {
            for at in [slowdown.at, slowdown.until] {
                self.push(at.0, Rank::Pace, 0, Event::Pace);
            }
        }
    }

    /// A slowdown begins or ends: everyone in service goes on at another speed (rule 46).
    pub(super) fn change_pace(&mut self) {
        let serving = (0..self.replicas.len()).filter(|&replica| !self.serving(replica).is_empty());
        let serving: Vec<usize> = serving.collect();
        serving.iter().for_each(|&replica| self.work(replica));
        let holds = |one: &&Slowdown| one.at.0 <= self.now && self.now < one.until.0;
        self.slowdown = self.case.fleet.slowdowns.iter().find(holds).copied();
        serving.iter().for_each(|&replica| self.plan(replica));
    }

    fn serving(&self, replica: usize) -> Vec<(usize, usize)> {
        let slots = self.replicas[replica].slots.iter().enumerate();
        slots.filter_map(|(slot, it)| Some((slot, it.serving?))).collect()
    }

    /// Everyone in service there receives what is due since the last time.
    pub(super) fn work(&mut self, replica: usize) {
        let received =
            u128::from(self.now - self.replicas[replica].worked_to) * self.speed(replica);
        for (_, request) in self.serving(replica) {
            let left = &mut self.requests[request].work_left;
            *left = left.saturating_sub(received);
        }
        self.replicas[replica].worked_to = self.now;
    }

    /// When each would be done if nobody came or went.
    pub(super) fn plan(&mut self, replica: usize) {
        self.replicas[replica].plan += 1;
        let (plan, speed) = (self.replicas[replica].plan, self.speed(replica));
        for (slot, request) in self.serving(replica) {
            let after = self.requests[request].work_left.div_ceil(speed) as u64;
            let event = Event::Complete { replica, slot, request, plan };
            self.push(self.now + after, Rank::Complete, 0, event);
        }
    }

    pub(super) fn complete(&mut self, replica: usize, slot: usize, request: usize, plan: u64) {
        let it = &self.replicas[replica];
        if it.plan != plan || it.slots[slot].serving != Some(request) {
            return; // planned anew, or lost before
        }
        self.work(replica);
        let it = &mut self.replicas[replica];
        it.slots[slot] = Slot { serving: None, free_since: self.now };
        let start = self.requests[request].start.unwrap_or(self.now);
        let fate = Fate::Completed { start, end: self.now, replica: it.ordinal };
        self.leave(request, "answered", fate);
        self.plan(replica);
    }
}
