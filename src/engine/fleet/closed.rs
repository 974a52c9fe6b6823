//! Users in closed loops: who sends the next request only after the one before (rule 43).

use crate::random::Sampler;
use crate::units::{Span, Time};

/// Users who think, send a request, wait for what becomes of it - an answer, or the failure of its last
/// attempt - and think again. What they offer depends on how fast they are answered.
#[derive(Debug, Clone, PartialEq)]
pub struct LoopSpec {
    /// How many; of all loops of a service together at most [`LoopSpec::MOST_USERS`].
    pub users: u32,
    /// How long a user thinks before each request, the first included; at least a nanosecond.
    pub think: Sampler,
    /// Demand of each request.
    pub demand: Sampler,
    /// When the first user begins to think.
    pub from: Time,
    /// Over which the users begin, evenly; zero = all at once.
    pub ramp_up: Span,
    /// Nobody sends from here on.
    pub until: Time,
    /// Class of the requests, 0 = served first.
    pub class: u8,
}

impl LoopSpec {
    /// More users than these are not told apart.
    pub const MOST_USERS: u32 = 1_000_000;

    /// When user number `user` (from 0) begins to think (rule 43).
    pub fn begins(&self, user: u32) -> Time {
        let ahead = u128::from(self.ramp_up.0) * u128::from(user) / u128::from(self.users.max(1));
        self.from.after(Span(ahead as u64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_begin_evenly_over_the_ramp() {
        let mut users = LoopSpec {
            users: 4,
            think: Sampler::Constant(1),
            demand: Sampler::Constant(1),
            from: Time(50),
            ramp_up: Span(10),
            until: Time::NEVER,
            class: 0,
        };
        let begins = |users: &LoopSpec| [0, 1, 2, 3].map(|user| users.begins(user).0);
        assert_eq!(begins(&users), [50, 52, 55, 57]);
        users.ramp_up = Span::ZERO;
        assert_eq!(begins(&users), [50; 4]);
    }
}
