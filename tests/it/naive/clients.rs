//! Clients of the naive simulator: they give up, cancel and try again (rules 39, 40, 41).

use super::world::{Event, Rank, Request, World};
use super::{Case, Fate, Try};
use autosim_engine::fleet::ClientSpec;
use autosim_engine::random::Purpose;
use rand::Rng;

/// Who wants something, and keeps at it.
pub(super) struct User {
    pub(super) arrival: u64,
    demand: u64,
    /// Number in order of first arrival.
    pub(super) number: u64,
    /// Key of the draws of retries.
    luck: u64,
    /// Who in a closed loop waits for it.
    person: Option<usize>,
    retries: u32,
    /// The attempt it waits for.
    waits_for: Option<usize>,
    pub(super) fate: Fate,
    pub(super) class: u8,
}

impl User {
    pub(super) fn new(arrival: u64, demand: u64, luck: u64, person: Option<usize>) -> Self {
        let fate = Fate::Unfinished;
        Self {
            arrival,
            demand,
            number: 0,
            luck,
            person,
            retries: 0,
            waits_for: None,
            fate,
            class: 0,
        }
    }
}

/// The budget of all clients, in millionths of a retry.
pub(super) struct Tokens(u128);

impl Tokens {
    pub(super) fn new(case: &Case) -> Self {
        let retries = case.fleet.client.and_then(|client| client.retries);
        let burst = retries.and_then(|retries| retries.budget).map_or(0, |budget| budget.burst);
        Self(u128::from(burst) * 1_000_000)
    }
}

impl World<'_> {
    fn client(&self) -> Option<ClientSpec> {
        self.case.fleet.client
    }

    pub(super) fn first_attempt(&mut self, request: usize) {
        if let Some(budget) =
            self.client().and_then(|client| client.retries).and_then(|retries| retries.budget)
        {
            let tokens = self.tokens_of_clients.0 + u128::from(budget.millionths);
            self.tokens_of_clients.0 = tokens.min(u128::from(budget.burst) * 1_000_000);
        }
        let user = self.requests[request].user;
        self.users[user].number = self.first_attempts;
        self.first_attempts += 1;
        self.attempt(request);
    }

    fn attempt(&mut self, request: usize) {
        let user = self.requests[request].user;
        self.users[user].waits_for = Some(request);
        if let Some(client) = self.client()
            && let Some(at) = self.now.checked_add(client.timeout.0)
        {
            let event = Event::ClientTimeout { request };
            self.push(at, Rank::ClientTimeout, self.users[user].number, event);
        }
        self.arrive(request);
    }

    pub(super) fn retry(&mut self, user: usize) {
        let User { demand, retries, luck, .. } = self.users[user];
        let mut draws = self.streams.keyed(Purpose::Retry, retries, luck);
        let route = draws.next_u64();
        let law = self.case.fleet.queue.timeout.as_ref();
        let patience = law.map(|law| law.draw(&mut draws).0);
        let arrival = self.now;
        let (start, left) = (None, None);
        let request = Request { user, arrival, demand, patience, route, start, work_left: 0, left };
        self.requests.push(request);
        self.attempt(self.requests.len() - 1);
    }

    pub(super) fn refuse(&mut self, request: usize) {
        self.leave(request, "refused", Fate::Rejected);
    }

    /// An attempt leaves the service; its client hears of it if it still waits.
    pub(super) fn leave(&mut self, request: usize, how: &'static str, fate: Fate) {
        let user = self.requests[request].user;
        let heard = self.users[user].waits_for == Some(request);
        let how = if how == "answered" && !heard { "unheard" } else { how };
        self.requests[request].left = Some((self.now, how));
        if heard {
            self.hear(user, fate);
        }
    }

    /// A request has the fate of its last attempt (rule 42).
    fn hear(&mut self, user: usize, fate: Fate) {
        self.users[user].waits_for = None;
        if matches!(fate, Fate::Completed { .. }) || !self.try_again(user) {
            self.users[user].fate = fate;
            if let Some(person) = self.users[user].person {
                self.think(person);
            }
        }
    }

    fn try_again(&mut self, user: usize) -> bool {
        let Some(rule) = self.client().and_then(|client| client.retries) else { return false };
        let retry = self.users[user].retries + 1;
        if retry == rule.attempts {
            return false;
        }
        if rule.budget.is_some() {
            if self.tokens_of_clients.0 < 1_000_000 {
                return false;
            }
            self.tokens_of_clients.0 -= 1_000_000;
        }
        self.users[user].retries = retry;
        let User { luck, number, .. } = self.users[user];
        let draw = self.streams.keyed(Purpose::Backoff, retry, luck).next_u64() >> 11;
        let draw = draw as f64 / (1_u64 << 53) as f64;
        let whole = rule.delay.0 as f64 * rule.factor.powi(retry as i32 - 1);
        let delay = whole.min(rule.max_delay.0 as f64) * (1.0 - rule.jitter * draw);
        self.push(self.now + delay as u64, Rank::Retry, number, Event::Retry { user });
        true
    }

    pub(super) fn client_gives_up(&mut self, request: usize) {
        let user = self.requests[request].user;
        if self.users[user].waits_for != Some(request) {
            return;
        }
        if self.client().is_some_and(|client| client.cancels) {
            self.cancel(request);
            self.requests[request].left = Some((self.now, "cancelled"));
        }
        self.hear(user, Fate::TimedOut { at: self.now });
    }

    fn cancel(&mut self, request: usize) {
        self.gateway.retain(|&other| other != request);
        self.on_way.retain(|&other| other != request);
        for replica in &mut self.replicas {
            replica.queue.retain(|&other| other != request);
            for slot in &mut replica.slots {
                if slot.serving == Some(request) {
                    (slot.serving, slot.free_since) = (None, self.now);
                }
            }
        }
    }

    /// What became of an attempt.
    pub(super) fn told(&self, request: usize) -> Try {
        let Request { user, arrival, start, left, .. } = self.requests[request];
        let awaited = self.users[user].waits_for == Some(request);
        let how = left.map_or(if awaited { "open" } else { "unheard" }, |(_, how)| how);
        (arrival, start, left.map(|(at, _)| at), how)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Fate;
    use super::super::cases::{self, case};
    use autosim_engine::fleet::{
        ClientSpec, FailureSpec, FleetSpec, Outage, Portion, QueueSpec, RetryBudget, RetrySpec,
    };
    use autosim_engine::units::{Span, Time};

    fn fates(requests: &[(u64, u64)], capacity: Option<u64>, client: ClientSpec) -> Vec<Fate> {
        let queue = QueueSpec { capacity, ..QueueSpec::default() };
        let fleet = FleetSpec { queue, client: Some(client), ..FleetSpec::default() };
        cases::fates(&case(fleet, requests, &[1]))
    }

    fn done(start: u64, end: u64) -> Fate {
        Fate::Completed { start, end, replica: 0 }
    }

    /// (rules 1, 39)
    #[test]
    fn work_given_up_goes_on_unless_it_is_cancelled() {
        let client = |cancels| ClientSpec { timeout: Span(5), cancels, retries: None };
        let late = |at| Fate::TimedOut { at };
        assert_eq!(fates(&[(0, 10), (1, 1)], None, client(false)), [late(5), late(6)]);
        // Cancelled at 5, and the other one is done at the very instant its client gives up.
        assert_eq!(fates(&[(0, 10), (1, 1)], None, client(true)), [late(5), done(5, 6)]);
        assert_eq!(fates(&[(0, 10), (1, 2)], None, client(true)), [late(5), late(6)]);
    }

    /// (rules 40, 41, 42)
    #[test]
    fn a_retry_comes_after_its_delay_and_is_paid_by_the_budget() {
        let budget = Some(RetryBudget { millionths: 500_000, burst: 1 });
        let retries = |budget| RetrySpec {
            attempts: 2,
            delay: Span(2),
            factor: 1.0,
            max_delay: Span::MAX,
            jitter: 0.0,
            budget,
        };
        let client = |budget| ClientSpec {
            timeout: Span::MAX,
            cancels: false,
            retries: Some(retries(budget)),
        };
        let requests = [(0, 3), (1, 3), (2, 1)];
        let refused = Fate::Rejected;
        // The second attempts come at 3, when the slot is free, and at 4, when it is not.
        let both = [done(0, 3), done(3, 6), refused];
        assert_eq!(fates(&requests, Some(0), client(None)), both);
        assert_eq!(fates(&requests, Some(0), client(budget)), both);
        let requests = [(0, 3), (1, 1), (2, 1)];
        let all = [done(0, 3), done(3, 4), done(4, 5)];
        assert_eq!(fates(&requests, Some(0), client(None)), all);
        // Half a retry is not enough for the third.
        assert_eq!(fates(&requests, Some(0), client(budget)), [all[0], all[1], refused]);
    }

    /// (rule 41)
    #[test]
    fn clients_whose_attempts_were_killed_together_ask_in_order_of_arrival() {
        let outages = vec![Outage { at: Time(8), kill: Portion::Count(1), notice: Span::ZERO }];
        let budget = Some(RetryBudget { millionths: 0, burst: 1 });
        let retries = RetrySpec {
            attempts: 2,
            delay: Span::ZERO,
            factor: 1.0,
            max_delay: Span::MAX,
            jitter: 0.0,
            budget,
        };
        let fleet = FleetSpec {
            concurrency: 2,
            cold_start: cases::cold(4),
            failures: FailureSpec { outages, ..FailureSpec::default() },
            client: Some(ClientSpec { retries: Some(retries), ..ClientSpec::PATIENT }),
            ..FleetSpec::default()
        };
        // The budget pays for one of them: the first to arrive.
        let expected = [cases::done(12, 32, 1), Fate::Lost { start: Some(1), at: 8 }];
        assert_eq!(cases::fates(&case(fleet, &[(0, 20), (1, 20)], &[1])), expected);
    }
}
