//! For a while the work of a service takes longer (rules 46, 47).

use crate::units::Time;

/// Full speed, in units of 2^-32 of it.
pub const FULL_SPEED: u64 = 1 << 32;

/// A while in which what is in service goes on more slowly, everywhere or at some replicas.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Slowdown {
    /// From here on.
    pub at: Time,
    /// Up to here, exclusive.
    pub until: Time,
    /// So many times as long does work take at a slot; at least 1.
    pub factor: f64,
    /// CPU of a busy slot, as a multiple of what it uses at full speed.
    pub cpu: f64,
    /// It befalls every so manieth replica in order of launch; at least 1, which is all. More only with slots, and
    /// not with scale per request.
    pub every: u32,
}

impl Slowdown {
    /// Whether it befalls the replica of that launch ordinal.
    pub const fn befalls(&self, ordinal: u64) -> bool {
        (ordinal + 1).is_multiple_of(self.every as u64)
    }

    /// Units of work done in a nanosecond, at least 1: a whole number of 2^-32 of full speed, rounded up.
    pub fn speed(&self) -> u64 {
        ((FULL_SPEED as f64 / self.factor).ceil() as u64).clamp(1, FULL_SPEED)
    }
}

/// The slowdowns of a service, in order and apart from each other.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Slowdowns(Vec<Slowdown>);

impl Slowdowns {
    /// Of slowdowns in order, none of which begins before the one before it ends.
    pub fn new(slowdowns: Vec<Slowdown>) -> Self {
        debug_assert!(slowdowns.is_sorted_by(|one, next| one.until <= next.at));
        Self(slowdowns)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// One by one.
    pub fn iter(&self) -> impl Iterator<Item = &Slowdown> {
        self.0.iter()
    }

    /// Those that have not ended at `now`.
    pub fn after(&self, now: Time) -> &[Slowdown] {
        &self.0[self.0.partition_point(|slowdown| slowdown.until <= now)..]
    }

    /// Whether some replicas slow down and others do not.
    pub fn are_partial(&self) -> bool {
        self.0.iter().any(|slowdown| slowdown.every > 1)
    }

    /// How long a slot of the replica of that launch ordinal is held from `start` on by work that takes `demand`
    /// at full speed (rule 46).
    pub fn held(&self, start: u64, demand: u64, ordinal: u64) -> u64 {
        let (mut now, mut left) = (start, u128::from(demand) << 32);
        for slowdown in self.after(Time(start)).iter().filter(|one| one.befalls(ordinal)) {
            let before = u128::from(slowdown.at.0.saturating_sub(now)) << 32;
            if left <= before {
                break;
            }
            left -= before;
            now = now.max(slowdown.at.0);
            let speed = u128::from(slowdown.speed());
            let within = u128::from(slowdown.until.0 - now) * speed;
            if left <= within {
                return now - start + left.div_ceil(speed) as u64;
            }
            left -= within;
            now = slowdown.until.0;
        }
        let rest = u64::try_from(left.div_ceil(FULL_SPEED.into())).unwrap_or(u64::MAX);
        (now - start).saturating_add(rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// (rule 46)
    #[test]
    fn work_goes_on_at_a_fraction_of_its_speed_while_a_slowdown_lasts() {
        let from_to = |at, until, factor| Slowdown {
            at: Time(at),
            until: Time(until),
            factor,
            cpu: 1.0 / factor,
            every: 1,
        };
        let twice = Slowdowns::new(vec![from_to(100, 200, 4.0), from_to(200, 260, 3.0)]);
        for (start, demand, held) in [
            (0, 100, 100),
            (0, 110, 140),
            (0, 125, 200),
            // 25 of the first, 5 of the second.
            (100, 30, 115),
            (180, 5, 20),
            // 5 in 20 ns, 20 in 60 ns, the rest at full speed.
            (180, 35, 90),
            (190, 1, 4),
            (259, 1, 2),
            (260, 7, 7),
            (0, u64::MAX, u64::MAX),
        ] {
            assert_eq!(twice.held(start, demand, 3), held, "{demand} from {start}");
        }
        assert_eq!(Slowdowns::default().held(5, 7, 3), 7);
        // The third replica, the sixth, and so on.
        let third = Slowdowns::new(vec![Slowdown { every: 3, ..from_to(100, 200, 4.0) }]);
        let found = [0, 1, 2, 3, 4, 5].map(|ordinal| third.held(120, 10, ordinal));
        assert_eq!(found, [10, 10, 40, 10, 10, 40]);
    }
}
