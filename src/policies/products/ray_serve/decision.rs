//! One decision of the controller as pure functions on numbers, in the order and the floating point of
//! Ray Serve 2.60.0: formula, factors, delays, bounds. Times are seconds as 64-bit floats, as they are
//! there.

/// Slack of the comparison of a waiting time with its delay, in seconds.
const DELAY_SLACK_S: f64 = 1e-6;

/// Gains of the two directions.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Factors {
    /// Of a recommendation for more replicas than run.
    pub up: f64,
    /// Of a recommendation for fewer, or for as many.
    pub down: f64,
}

/// How long a recommendation must last before it comes true, in seconds; infinite means never.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Delays {
    /// A recommendation for more.
    pub upscale_s: f64,
    /// A recommendation for fewer.
    pub downscale_s: f64,
    /// A recommendation for fewer while one is wanted; `None` = `downscale_s`.
    pub downscale_to_zero_s: Option<f64>,
    /// How the waiting is measured.
    pub clock: DelayClock,
}

/// How a delay is measured.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum DelayClock {
    /// By the wall clock since the first tick of the recommendation: 2.60.
    Wall,
    /// By counting ticks, `int(delay / interval)` of them, as releases up to 2.49 did.
    Ticks {
        /// The controller's nominal interval in seconds.
        interval_s: f64,
    },
}

/// What the delays remember from tick to tick.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct DelayState {
    /// Ticks of the recommendation so far; positive for more replicas, negative for fewer.
    pub counter: i64,
    /// When the recommendation was first seen, in seconds.
    pub since_s: Option<f64>,
}

/// What the delays made of a recommendation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Delayed {
    /// The recommendation is what is wanted already.
    Same,
    /// The recommendation comes true.
    Fired(i64),
    /// The recommendation waits.
    Waits {
        /// Whether it is a recommendation for more.
        up: bool,
        /// The delay in force, in seconds.
        delay_s: f64,
        /// How long it has waited, in seconds.
        waited_s: f64,
    },
}

/// Smallest and largest count, as the target capacity leaves them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Smallest.
    pub lowest: u32,
    /// Largest; it wins against `lowest` only where it is larger.
    pub highest: u32,
}

/// What a deployment decides by.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rules {
    /// `target_ongoing_requests`.
    pub target_ongoing_requests: f64,
    /// Gains.
    pub factors: Factors,
    /// Delays.
    pub delays: Delays,
    /// Bounds.
    pub limits: Limits,
}

/// What a deployment decides on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Seen {
    /// The controller's clock, in seconds.
    pub now_s: f64,
    /// Requests running and queued.
    pub total_requests: f64,
    /// Replicas that run.
    pub running: u32,
    /// Replicas wanted so far.
    pub target: i64,
    /// What a custom policy returned in place of the formula.
    pub custom: Option<f64>,
}

/// A decision with its stages.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stages {
    /// Which way it was made.
    pub path: Path,
    /// The formula's answer, before rounding.
    pub raw: f64,
    /// With the factors, rounded.
    pub scaled: i64,
    /// After the delays, before the bounds.
    pub output: i64,
    /// After the bounds.
    pub decision: u32,
}

/// Which way a decision was made.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Path {
    /// Requests and no replica running: the policy is not asked.
    FastFromZero,
    /// No replica running: what is wanted is kept.
    NothingRuns,
    /// Through the delays.
    Delays(Delayed),
}

/// Step 2: how many replicas the load asks for. In exactly this order of operations: the result differs
/// from `total / target` in the last bits, and rounding up makes replicas of them.
pub fn raw_desired(total_requests: f64, running: u32, target_ongoing_requests: f64) -> f64 {
    let running = f64::from(running);
    running * (total_requests / (target_ongoing_requests * running))
}

/// Step 3: the formula's answer with the gain of its direction, rounded up. A recommendation for fewer that
/// rounding would swallow takes one off.
pub fn scaled_desired(raw: f64, running: u32, factors: Factors) -> i64 {
    if running == 0 {
        return raw.ceil() as i64;
    }
    let count = f64::from(running);
    let change = raw - count;
    let factor = if change > 0.0 { factors.up } else { factors.down };
    // No change times an infinite gain is no number: there the loop fails and the count stays.
    let change = if change == 0.0 { 0.0 } else { factor * change };
    let scaled = (count + change).ceil();
    if raw.ceil() < count && scaled == count {
        return scaled as i64 - 1;
    }
    scaled as i64
}

impl DelayState {
    /// Step 5: what comes of the recommendation for `desired` replicas while `target` are wanted.
    pub fn decide(&mut self, now_s: f64, desired: i64, target: i64, delays: &Delays) -> Delayed {
        let mut desired = desired.max(0);
        if desired == target {
            *self = Self::default();
            return Delayed::Same;
        }
        let up = desired > target;
        if up && self.counter < 0 || !up && self.counter > 0 {
            *self = Self::default();
        }
        self.counter += if up { 1 } else { -1 };
        let delay_s = match (up, target) {
            (true, _) => delays.upscale_s,
            (false, 1) => delays.downscale_to_zero_s.unwrap_or(delays.downscale_s),
            (false, _) => {
                desired = desired.max(1);
                delays.downscale_s
            }
        };
        let since = *self.since_s.get_or_insert(now_s);
        let waited_s = now_s - since;
        let fires = match delays.clock {
            DelayClock::Wall => waited_s + DELAY_SLACK_S >= delay_s,
            DelayClock::Ticks { interval_s } => {
                self.counter.unsigned_abs() as f64 > (delay_s / interval_s).trunc()
            }
        };
        if !fires {
            return Delayed::Waits { up, delay_s, waited_s };
        }
        *self = Self::default();
        Delayed::Fired(desired)
    }
}

impl Limits {
    /// Step 6: `count` within the bounds.
    pub fn clamp(&self, count: i64) -> u32 {
        let highest = i64::from(self.highest);
        u32::try_from(count.min(highest).max(i64::from(self.lowest))).unwrap_or(u32::MAX)
    }
}

/// A count under a target capacity in percent: rounded half up, and at least one unless it or the
/// capacity is zero.
pub fn at_capacity(count: u32, capacity_percent: Option<f64>) -> u32 {
    match capacity_percent {
        None => count,
        Some(100.0) => count,
        Some(capacity) if capacity == 0.0 || count == 0 => 0,
        Some(capacity) => ((f64::from(count) * capacity / 100.0).round() as u32).max(1),
    }
}

/// Steps 1 to 6: one decision; `state` is what the delays remember.
pub fn decide(rules: &Rules, state: &mut DelayState, seen: &Seen) -> Stages {
    let Seen { now_s, total_requests, running, target, custom } = *seen;
    if running == 0 && total_requests > 0.0 {
        let raw = rules.factors.up;
        let scaled = raw.ceil() as i64;
        let output = scaled.max(target);
        let decision = rules.limits.clamp(output);
        return Stages { path: Path::FastFromZero, raw, scaled, output, decision };
    }
    let formula = match running {
        0 => target as f64,
        running => raw_desired(total_requests, running, rules.target_ongoing_requests),
    };
    let raw = custom.unwrap_or(formula);
    let scaled = scaled_desired(raw, running, rules.factors);
    let (path, output) = if running == 0 && scaled > 0 {
        (Path::NothingRuns, scaled)
    } else {
        let delayed = state.decide(now_s, scaled, target, &rules.delays);
        let output = if let Delayed::Fired(desired) = delayed { desired } else { target };
        (Path::Delays(delayed), output)
    };
    Stages { path, raw, scaled, output, decision: rules.limits.clamp(output) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Factors = Factors { up: 1.0, down: 1.0 };

    #[test]
    fn the_order_of_operations_decides_about_a_replica() {
        for (total, running, target, raw, scaled, naive) in [
            (3.9, 3, 0.3, 13.000000000000002, 14, 13.0),
            (0.30000000000000004, 3, 0.1, 3.0, 3, 4.0),
            (12.6, 27, 0.7, 18.000000000000004, 19, 18.0),
            (0.0, 1, 2.0, 0.0, 0, 0.0),
            (0.001, 1, 2.0, 0.0005, 1, 1.0),
        ] {
            let found: f64 = raw_desired(total, running, target);
            assert_eq!(found.to_bits(), f64::to_bits(raw), "{total} on {running} at {target}");
            assert_eq!(scaled_desired(found, running, PLAIN), scaled);
            assert_eq!((total / target).ceil(), naive, "{total} at {target}");
        }
    }

    #[test]
    fn a_small_gain_still_takes_one_off_and_a_large_one_goes_below_zero() {
        let with = |up, down| Factors { up, down };
        for (raw, running, factors, scaled) in [
            (3.0, 4, with(1.0, 0.1), 3),
            (3.5, 4, with(1.0, 0.1), 4),
            (4.1, 4, with(0.1, 1.0), 5),
            (10.0, 4, with(0.5, 1.0), 7),
            (0.3, 1, with(1.0, 2.0), 0),
            (0.0, 4, with(1.0, 2.0), -4),
        ] {
            assert_eq!(scaled_desired(raw, running, factors), scaled, "{raw} on {running}");
        }
    }

    #[test]
    fn only_the_last_step_to_zero_is_apart() {
        let delays = Delays {
            upscale_s: 0.0,
            downscale_s: 1.0,
            downscale_to_zero_s: Some(0.0),
            clock: DelayClock::Wall,
        };
        let mut state = DelayState::default();
        let waits = |waited_s| Delayed::Waits { up: false, delay_s: 1.0, waited_s };
        assert_eq!(state.decide(10.0, 0, 4, &delays), waits(0.0));
        assert_eq!(state.decide(10.5, 2, 4, &delays), waits(0.5));
        assert_eq!(state.decide(11.0, 0, 4, &delays), Delayed::Fired(1));
        assert_eq!(state.decide(11.1, 0, 1, &delays), Delayed::Fired(0));
    }

    #[test]
    fn counted_ticks_fall_short_where_a_division_does() {
        for (delay_s, ticks) in [(0.3, 3), (0.2, 3), (0.0, 1), (1.0, 11)] {
            let clock = DelayClock::Ticks { interval_s: 0.1 };
            let delays =
                Delays { upscale_s: delay_s, downscale_s: 9.0, downscale_to_zero_s: None, clock };
            let mut state = DelayState::default();
            let fired =
                (1..).find(|_| matches!(state.decide(0.0, 2, 1, &delays), Delayed::Fired(2)));
            assert_eq!(fired, Some(ticks), "{delay_s}");
        }
    }

    #[test]
    fn capacity_rounds_half_up_and_keeps_one() {
        for (count, capacity, expected) in [
            (10, None, 10),
            (10, Some(100.0), 10),
            (10, Some(0.0), 0),
            (0, Some(50.0), 0),
            (5, Some(50.0), 3),
            (1, Some(1.0), 1),
            (10, Some(33.3), 3),
        ] {
            assert_eq!(at_capacity(count, capacity), expected, "{count} at {capacity:?}");
        }
    }
}
