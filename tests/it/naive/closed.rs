//! People in closed loops of the naive simulator: they think, send, wait, and think again
//! (rule 43).

use super::clients::User;
use super::world::{Event, Rank, Request, World};
use autosim_engine::fleet::LoopSpec;
use autosim_engine::random::Purpose;
use rand::Rng;

/// Somebody in a closed loop.
pub(super) struct Person {
    group: usize,
    sent: u64,
}

impl World<'_> {
    fn group(&self, person: usize) -> &LoopSpec {
        &self.case.fleet.loops[self.people[person].group]
    }

    fn leaves(&self, person: usize) -> u64 {
        self.group(person).until.0.min(self.case.end)
    }

    pub(super) fn expect_people(&mut self) {
        let loops = &self.case.fleet.loops;
        for (group, one) in loops.iter().enumerate() {
            for place in 0..u64::from(one.users) {
                let person = self.people.len();
                self.people.push(Person { group, sent: 0 });
                let begins = one.from.0 + one.ramp_up.0 * place / u64::from(one.users);
                self.push(begins, Rank::Person, person as u64, Event::Begin { person });
            }
        }
    }

    pub(super) fn think(&mut self, person: usize) {
        let key = (person as u32, self.people[person].sent);
        let mut draws = self.streams.keyed(Purpose::Think, key.0, key.1);
        let at = self.now + self.group(person).think.draw(&mut draws).0.max(1);
        if at < self.leaves(person) {
            self.push(at, Rank::Person, person as u64, Event::Send { person });
        }
    }

    pub(super) fn send(&mut self, person: usize) {
        let sent = self.people[person].sent;
        self.people[person].sent += 1;
        let mut draws = self.streams.keyed(Purpose::UserRequest, person as u32, sent);
        let demand = self.group(person).demand.draw(&mut draws).0.max(1);
        let route = draws.next_u64();
        let law = self.case.fleet.queue.timeout.as_ref();
        let patience = law.map(|law| law.draw(&mut draws).0);
        let luck = (1 << 63) + ((person as u64) << 40) + sent;
        let arrival = self.now;
        self.users.push(User::new(arrival, demand, luck, Some(person)));
        let user = self.users.len() - 1;
        self.users[user].class = self.group(person).class;
        let (start, left) = (None, None);
        let request = Request { user, arrival, demand, patience, route, start, work_left: 0, left };
        self.requests.push(request);
        self.first_attempt(self.requests.len() - 1);
    }
}

#[cfg(test)]
mod tests {
    use super::super::cases::told;
    use super::super::{Case, Fate};
    use autosim_engine::fleet::{ClientSpec, FleetSpec, LoopSpec, QueueSpec};
    use autosim_engine::random::Sampler;
    use autosim_engine::units::{Span, Time};

    fn people(users: u32, think: u64, demand: u64) -> LoopSpec {
        LoopSpec {
            users,
            think: Sampler::Constant(think),
            demand: Sampler::Constant(demand),
            from: Time::ZERO,
            ramp_up: Span::ZERO,
            until: Time::NEVER,
            class: 0,
        }
    }

    fn records(fleet: FleetSpec, requests: &[(u64, u64)], end: u64) -> Vec<(u64, Fate)> {
        let case = Case {
            seed: 1,
            requests: requests.to_vec(),
            fleet,
            interval: 1_000,
            wakeups: Vec::new(),
            script: vec![1],
            in_path: Vec::new(),
            activate: None,
            delay: 0,
            end,
            drain: 1_000,
        };
        told(&case)
    }

    fn done(start: u64, end: u64) -> Fate {
        Fate::Completed { start, end, replica: 0 }
    }

    /// (rule 43)
    #[test]
    fn the_next_request_comes_a_think_time_after_the_answer() {
        let fleet = FleetSpec { loops: vec![people(2, 5, 3)], ..FleetSpec::default() };
        // Both send at 5; the second is served after the first, and so on in turn.
        let expected = [(5, done(5, 8)), (5, done(8, 11)), (13, done(13, 16)), (16, done(16, 19))];
        assert_eq!(records(fleet, &[], 20), expected);
    }

    /// (rule 1)
    #[test]
    fn people_come_after_the_arrivals_of_their_instant() {
        let fleet = FleetSpec { loops: vec![people(1, 5, 3)], ..FleetSpec::default() };
        assert_eq!(records(fleet, &[(5, 4)], 9), [(5, done(5, 9)), (5, done(9, 12))]);
    }

    /// (rules 39, 43)
    #[test]
    fn who_is_refused_or_gives_up_thinks_too_while_the_work_goes_on() {
        let refused = (2, Fate::Rejected);
        let queue = QueueSpec { capacity: Some(0), ..QueueSpec::default() };
        let fleet = FleetSpec { queue, loops: vec![people(1, 2, 1)], ..FleetSpec::default() };
        assert_eq!(records(fleet, &[(0, 3)], 6), [(0, done(0, 3)), refused, (4, done(4, 5))]);
        let client = Some(ClientSpec { timeout: Span(2), cancels: false, retries: None });
        let fleet = FleetSpec { client, loops: vec![people(1, 1, 4)], ..FleetSpec::default() };
        let late = |at| Fate::TimedOut { at };
        assert_eq!(records(fleet, &[], 5), [(1, late(3)), (4, late(6))]);
    }

    /// (rules 12, 43)
    #[test]
    fn who_would_send_when_the_loop_ends_leaves_and_nobody_thinks_for_no_time() {
        let until = |until, think| {
            let until = Time(until);
            FleetSpec {
                loops: vec![LoopSpec { until, ..people(1, think, 3) }],
                ..FleetSpec::default()
            }
        };
        assert_eq!(records(until(13, 5), &[], 20), [(5, done(5, 8))]);
        assert_eq!(records(until(14, 5), &[], 20), [(5, done(5, 8)), (13, done(13, 16))]);
        assert_eq!(records(until(5, 0), &[], 20), [(1, done(1, 4))]);
    }
}
