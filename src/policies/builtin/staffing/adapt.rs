//! `adapt`: out at once and a little more, in by a fifteenth of what is spare.

use super::{Answer, Now, Rule};
use autosim_engine::control::Why;
use serde::{Deserialize, Serialize};

/// A load above the capacity is met at once and a little more, a capacity above the load is given back slowly.
///
/// At each decision what the load has above the capacity, times the present capacity over its mean so far, is added
/// to a repair; what it has below is first divided by 15. The whole part of the repair is carried out and the rest kept.
/// A load above the capacity brings up at least as many as are missing and two more, and replicas are released only down
/// to two above the load. The window over which the paper estimates, a hundredth of the capacity over its mean, is one
/// decision for every fleet below a hundred times its mean.
///
/// Ali-Eldin, Kihl, Tordsson and Elmroth, "Efficient provisioning of bursty scientific workloads on the cloud using
/// adaptive elasticity control", ScienceCloud 2012, as Ilyushkin et al. (ICPE 2017) compare it.
///
/// ```toml
/// method.adapt = {}
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Adapt {}

impl Adapt {
    pub(super) fn rule() -> Repair {
        Repair::default()
    }
}

/// By how much a decline is damped.
const DAMPING: f64 = 15.0;
/// Replicas above the load that remain.
const SPARE: u32 = 2;

#[derive(Clone, Default)]
pub(super) struct Repair {
    /// Sum of the capacities so far, and how many.
    capacity: (f64, f64),
    repair: f64,
}

impl Repair {
    /// The whole part of the repair, which is taken out of it.
    fn step(&mut self, load: f64, current: u32) -> i64 {
        let capacity = f64::from(current);
        self.capacity = (self.capacity.0 + capacity, self.capacity.1 + 1.0);
        let mean = self.capacity.0 / self.capacity.1;
        let missing = (load - capacity) * if mean > 0.0 { capacity / mean } else { 1.0 };
        self.repair += if missing < 0.0 { missing / DAMPING } else { missing };
        // Whole but for dust: fifteen fifteenths are one.
        let whole = (self.repair + 1e-9_f64.copysign(self.repair)).trunc();
        self.repair -= whole;
        whole as i64
    }
}

impl Rule for Repair {
    fn answer(&mut self, now: &Now<'_>) -> Answer {
        let current = now.current;
        let step = self.step(now.size.replicas(now.value), current);
        let repaired = u32::try_from(i64::from(current).saturating_add(step)).unwrap_or(0);
        let ample = now.load().saturating_add(SPARE);
        if now.load() > current {
            let why = Why::Note("the load is above the capacity");
            return Answer::count(now, repaired.max(ample), why);
        }
        let kept = repaired.max(ample).min(current);
        let why = match kept < current {
            true => Why::Note("a part of what is above the load"),
            false => Why::Note("nothing whole to release yet"),
        };
        Answer::count(now, kept, why)
    }
}

#[cfg(test)]
mod tests {
    use crate::builtin::tape::Tape;

    const TEXT: &str = "[staffing]\nmethod.adapt = {}\nmax = 90\n\
                        sizing.capacity = { per_replica = \"10/s\" }";

    #[test]
    fn what_is_missing_comes_at_once_and_a_fifteenth_of_what_is_spare_goes() {
        let _shown = autosim_engine::marks::expect([
            "the load is above the capacity",
            "a part of what is above the load",
            "nothing whole to release yet",
        ]);
        let mut tape = Tape::new(TEXT, 30);
        for (at, rate, expected, why) in [
            // 20 spare are -1.33: one goes, and 0.33 are kept.
            (60, 100.0, 29, "a part of what is above the load"),
            // 14 spare, times 29 over the mean of 29.5, are -0.92.
            (120, 150.0, 28, "a part of what is above the load"),
            (180, 250.0, 28, "nothing whole to release yet"),
            // 12 missing, times 28 over 28.75, are 11; with two above the load it is 14.
            (240, 400.0, 42, "the load is above the capacity"),
            // 18 missing, times 42 over 31.4, are 24.
            (300, 600.0, 66, "the load is above the capacity"),
        ] {
            let decision = tape.at(at, &[Some(rate)]);
            assert_eq!(decision.desired, expected, "at {at} s");
            assert_eq!(decision.trail[1].why.to_string(), why, "at {at} s");
        }
    }

    #[test]
    fn a_constant_load_is_approached_and_two_above_it_are_never_released() {
        let mut tape = Tape::new(TEXT, 60);
        let counts: Vec<u32> =
            (1..=200_u64).map(|minute| tape.at(minute * 60, &[Some(100.0)]).desired).collect();
        assert!(counts.is_sorted_by(|a, b| a >= b), "{counts:?}");
        // Each quarter of an hour a part of e of what is spare is left, and more where the mean lags behind.
        assert!((25..35).contains(&counts[14]), "{}", counts[14]);
        assert_eq!(counts.last(), Some(&12));
    }
}
