//! `react`: a little above the load when it is reached, back when far above it.

use super::{Answer, Now, Rule};
use autosim_engine::control::Why;
use serde::{Deserialize, Serialize};

/// With a load of l replicas and s in force: s becomes l + 2 when l >= s or when s - l > 2, and is kept otherwise.
///
/// Chieu, Mohindra, Karve and Segal, "Dynamic scaling of web applications in a virtualized cloud computing
/// environment", ICEBE 2009, as Ilyushkin et al. (ICPE 2017) compare it.
///
/// ```toml
/// method.react = { spare = 2 }
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct React {
    /// Replicas above the load. Default 2.
    #[serde(default = "two")]
    pub spare: u32,
}

const fn two() -> u32 {
    2
}

impl Rule for React {
    fn answer(&mut self, now: &Now<'_>) -> Answer {
        let load = now.load();
        let ample = load.saturating_add(self.spare);
        match (load >= now.current, now.current > ample) {
            (true, _) => Answer::count(now, ample, Why::Note("the load reaches the count")),
            (false, true) => Answer::count(now, ample, Why::Note("far above the load")),
            (false, false) => Answer::count(now, now.current, Why::Note("a little above the load")),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::builtin::tape::Tape;

    /// | rate | s | then | why |
    #[test]
    fn it_keeps_two_above_the_load_and_gives_back_no_more_than_the_rest() {
        let _shown = autosim_engine::marks::expect([
            "the load reaches the count",
            "far above the load",
            "a little above the load",
        ]);
        for (rate, current, expected, why) in [
            (30.0, 3, 5, "the load reaches the count"),
            (41.0, 3, 7, "the load reaches the count"),
            (20.0, 3, 3, "a little above the load"),
            (20.0, 4, 4, "a little above the load"),
            (20.0, 5, 4, "far above the load"),
            (20.0, 9, 4, "far above the load"),
        ] {
            let text = "[staffing]\nmethod.react = {}\nmax = 40\n\
                        sizing.capacity = { per_replica = \"10/s\" }";
            let decision = Tape::new(text, current).at(60, &[Some(rate)]);
            assert_eq!(decision.desired, expected, "{rate}/s on {current}");
            assert_eq!(decision.trail[1].why.to_string(), why, "{rate}/s on {current}");
        }
    }
}
