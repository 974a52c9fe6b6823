//! Replicas that drain, are killed and fail (rules 24, 32, 33, 34, 35).

use super::super::Fate;
use super::{Event, Rank, State, World};
use autosim_engine::fleet::{FailedWork, Portion, Restart, ScalePerRequest, Scaling};
use autosim_engine::random::{Purpose, Sampler, Streams};
use rand::Rng;

impl World<'_> {
    /// It is ready now: how long will it live?
    pub(super) fn begin_life(&mut self, replica: usize) {
        let it = &self.replicas[replica];
        let ordinal = it.ordinal;
        let (launched, number) = it.launch.map_or((0, ordinal), |launch| (1, launch));
        let streams: Streams = self.streams;
        let draw =
            |law: &Sampler, purpose| law.draw(&mut streams.keyed(purpose, launched, number)).0;
        if let Scaling::PerRequest(ScalePerRequest { max_lifetime: Some(law), .. }) =
            &self.case.fleet.scaling
        {
            let life = draw(law, Purpose::MaxLifetime);
            self.replicas[replica].kept_until = self.now.saturating_add(life);
        }
        if let Some(law) = &self.case.fleet.failures.lifetime {
            let at = self.now + draw(law, Purpose::Lifetime).max(1);
            self.replicas[replica].fails_at = Some(at);
            self.push(at, Rank::Fail, ordinal, Event::Fail { replica });
        }
    }

    pub(super) fn plan_outages(&mut self) {
        for (number, outage) in self.case.fleet.failures.outages.iter().enumerate() {
            self.push(outage.at.0, Rank::Outage, number as u64, Event::Outage { number });
        }
    }

    /// It takes no new requests, and is killed when its grace ends or it fails.
    pub(super) fn drain(&mut self, replica: usize) {
        let graced = self.now.checked_add(self.case.fleet.grace.0);
        let it = &mut self.replicas[replica];
        it.state = State::Draining;
        let ordinal = it.ordinal;
        if let Some(end) = [graced, it.fails_at].into_iter().flatten().min() {
            self.push(end, Rank::Gone, ordinal, Event::Kill { replica });
        }
    }

    pub(super) fn kill(&mut self, replica: usize) {
        let it = &self.replicas[replica];
        if it.state == State::Draining {
            let fails = it.fails_at == Some(self.now);
            self.end(&[replica], fails);
        }
    }

    pub(super) fn fail(&mut self, replica: usize) {
        if self.replicas[replica].state == State::Ready {
            self.end(&[replica], true);
            match self.case.fleet.scaling {
                Scaling::Controlled => self.replace(1),
                Scaling::PerRequest(ScalePerRequest { minimum, limit, .. }) => {
                    // Those who wait take what is free first (rule 52).
                    self.serve_waiting();
                    let live = self.live();
                    let waits = !self.gateway.is_empty();
                    if (live < minimum || waits && live < limit) && self.room() > 0 {
                        self.add_replica(State::Ordered);
                        self.launch_ordered();
                    }
                }
            }
        }
    }

    pub(super) fn outage(&mut self, number: usize) {
        let outage = self.case.fleet.failures.outages[number];
        let mut ready: Vec<usize> =
            (0..self.replicas.len()).filter(|&i| self.replicas[i].state == State::Ready).collect();
        let count = match outage.kill {
            Portion::Count(count) => count as usize,
            Portion::Share(share) => (ready.len() as f64 * share - 1e-9).ceil() as usize,
        };
        ready.sort_by_key(|&i| {
            let it = &self.replicas[i];
            let (launched, launch) = it.launch.map_or((0, it.ordinal), |launch| (1, launch));
            let source = 2 * number as u32 + launched;
            self.streams.keyed(Purpose::Outage, source, launch).next_u64()
        });
        ready.truncate(count);
        let notice = outage.notice.0.min(self.case.fleet.grace.0);
        if notice == 0 {
            self.end(&ready, true);
        }
        for &replica in ready.iter().filter(|_| notice > 0) {
            let fails_at = &mut self.replicas[replica].fails_at;
            let told = self.now + notice;
            *fails_at = Some(fails_at.map_or(told, |at| at.min(told)));
            self.drain(replica);
        }
        self.settle();
        self.replace(ready.len() as u32);
    }

    fn replace(&mut self, failed: u32) {
        if self.case.fleet.failures.restart == Restart::Replaced {
            let missing = self.desired.saturating_sub(self.live());
            for _ in 0..failed.min(missing).min(self.room()) {
                self.add_replica(State::Ordered);
            }
            self.launch_ordered();
        }
    }

    /// They are gone, and what they held is lost, or put back if they failed.
    fn end(&mut self, replicas: &[usize], fail: bool) {
        let (mut served, mut waited) = (Vec::new(), Vec::new());
        for &replica in replicas {
            let it = &mut self.replicas[replica];
            it.state = State::Gone;
            served.extend(it.slots.iter_mut().filter_map(|slot| slot.serving.take()));
            waited.append(&mut it.queue);
        }
        if fail && self.case.fleet.failures.work == FailedWork::Requeued {
            for &request in &served {
                self.requests[request].start = None;
                self.put_back.insert(request);
            }
            let place = |&request: &usize| (self.number(request), request);
            served.sort_by_key(place);
            waited.sort_by_key(place);
            served.append(&mut waited);
            self.proxied.retain(|request| !served.contains(request));
            for &request in served.iter().rev() {
                self.head_queue(request);
            }
            return;
        }
        served.append(&mut waited);
        served.sort_by_key(|&request| self.number(request));
        for request in served {
            let start = self.requests[request].start;
            self.leave(request, "lost", Fate::Lost { start, at: self.now });
        }
    }

    /// The number of the user whose request it is, in order of first arrival.
    fn number(&self, request: usize) -> u64 {
        self.users[self.requests[request].user].number
    }
}
