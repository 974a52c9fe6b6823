//! `autoscale`: out at once, in after an idle time; sized by the requests in the system.

use super::{Answer, Now, Rule};
use autosim_engine::fault::Faults;
use autosim_engine::units::{Rate, Span};
use serde::{Deserialize, Serialize};

/// Replicas come as soon as the load takes them, and a replica goes when it has been idle for `wait`. As requests are
/// packed on the replicas that come first, the last one is idle while the others are enough: the count falls only to the
/// highest need of the last `wait`. That is AutoScale--. With a `curve`, how much rate a replica bears while so
/// many requests are in it, the load is told from the requests in the system (AutoScale): work that becomes longer or
/// replicas that become slower are noticed, which a rate does not show.
///
/// Gandhi, Harchol-Balter, Raghunathan and Kozuch, "AutoScale: dynamic, robust capacity management for multi-tier data
/// centers", ACM TOCS 30(4), 2012. Not modelled: that requests are packed; idle times are those of a perfect packing,
/// whatever the balancing of the scenario.
///
/// ```toml
/// method.autoscale = { wait = "2m", curve = [[1, "6/s"], [10, "60/s"]] }
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Autoscale {
    /// How long a replica stays idle before it goes. Default 2 min.
    #[serde(default = "two_minutes")]
    pub wait: Span,
    /// Requests in a replica and the rate it then bears, ascending, linear between and beyond; beyond a
    /// last stretch that is level, in proportion to the requests. `per_replica` of the sizing is the rate at which it keeps the SLO. Default: it goes by the rate.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub curve: Vec<(f64, Rate)>,
}

const fn two_minutes() -> Span {
    Span::from_secs(120)
}

impl Autoscale {
    pub(super) fn check(&self, faults: &mut Faults) {
        let points = || self.curve.iter().map(|(jobs, rate)| (*jobs, rate.as_per_second()));
        let steps = std::iter::once((0.0, 0.0)).chain(points()).zip(points());
        let mut wrong = steps.filter(|(before, (jobs, rate))| {
            !(jobs.is_finite() && *jobs > before.0 && *rate >= before.1)
        });
        if let Some((before, (jobs, rate))) = wrong.next() {
            let message =
                format!("[{jobs}, {rate}/s] does not follow [{}, {}/s]", before.0, before.1);
            let hint = "more requests above zero at each point, and a rate that does not fall";
            faults.error("curve", message, hint);
        }
        if points().next_back().is_some_and(|(_, rate)| rate <= 0.0) {
            faults.error("curve", "no number of requests is any load", "[[10, \"60/s\"]]");
        }
    }

    pub(super) fn rule(&self) -> Load {
        let points = self.curve.iter().map(|(jobs, rate)| (*jobs, rate.as_per_second()));
        Load { curve: std::iter::once((0.0, 0.0)).chain(points).collect() }
    }
}

#[derive(Clone)]
pub(super) struct Load {
    /// From no request on.
    curve: Vec<(f64, f64)>,
}

impl Load {
    /// The rate that a replica bears with so many requests in it.
    fn rate(&self, jobs: f64) -> f64 {
        let within = self.curve.iter().position(|&(at, _)| at >= jobs);
        let right = within.unwrap_or(self.curve.len() - 1).max(1);
        let ((x0, y0), (x1, y1)) = (self.curve[right - 1], self.curve[right]);
        // A replica that bears no more, however many requests are in it: what is beyond the curve is other replicas' load.
        if jobs > x1 && y1 <= y0 {
            return y1 * jobs / x1;
        }
        y0 + (y1 - y0) * (jobs - x0) / (x1 - x0)
    }
}

impl Rule for Load {
    fn answer(&mut self, now: &Now<'_>) -> Answer {
        if self.curve.len() == 1 {
            return Answer::rate(now.value);
        }
        let replicas = f64::from(now.ready.max(1));
        Answer::rate(replicas * self.rate(now.value / replicas))
    }
}

#[cfg(test)]
mod tests {
    use crate::builtin::tape::{Tape, reason};

    fn tape(method: &str, initial: u32) -> Tape {
        let text = format!(
            "[staffing]\nmethod.autoscale = {{ {method} }}\nmax = 100\ninterval = \"20s\"\n\
             sizing.capacity = {{ per_replica = \"60/s\" }}"
        );
        Tape::new(&text, initial)
    }

    #[test]
    fn replicas_go_when_they_have_not_been_needed_for_the_wait() {
        let mut tape = tape("wait = \"2m\"", 3);
        for (at, rate, expected) in [
            (20, 170.0, 3),
            (40, 300.0, 5),
            (60, 100.0, 5),
            (140, 100.0, 5),
            (159, 200.0, 5),
            (160, 100.0, 4), // what was needed at 40 s is two minutes ago
            (279, 100.0, 2),
            (300, 170.0, 3),
        ] {
            let decision = tape.at(at, &[Some(rate)]);
            assert_eq!(decision.desired, expected, "at {at} s: {}", reason(&decision));
        }
    }

    #[test]
    fn a_curve_that_ends_level_still_asks_for_more() {
        let curve = "curve = [[1, \"6/s\"], [10, \"60/s\"], [20, \"60/s\"]]";
        let mut tape = tape(curve, 1);
        assert_eq!(tape.at(20, &[Some(20.0)]).desired, 1);
        // 100 requests in one replica are those of five with 20 each.
        assert_eq!(tape.at(40, &[Some(100.0)]).desired, 5);
    }

    #[test]
    fn work_that_becomes_twice_as_long_is_noticed_in_the_system_and_not_in_the_rate() {
        // Four replicas at 60/s each with 10 requests in each; then, at the same rate, each request takes twice as long.
        let curve = "curve = [[1, \"6/s\"], [10, \"60/s\"], [20, \"80/s\"]]";
        let mut by_jobs = tape(curve, 4);
        assert_eq!(by_jobs.at(20, &[Some(40.0)]).desired, 4);
        assert_eq!(by_jobs.at(40, &[Some(80.0)]).desired, 6, "4 x 80 / 60");
        assert_eq!(by_jobs.at(60, &[Some(120.0)]).desired, 8, "20 in each of six are 480/s");
        // Beyond the curve its last stretch goes on: 30 in each of eight are 8 x 100.
        assert_eq!(by_jobs.at(80, &[Some(240.0)]).desired, 14);
        let mut by_rate = tape("", 4);
        for at in [20, 40, 60] {
            assert_eq!(by_rate.at(at, &[Some(240.0)]).desired, 4);
        }
    }
}
