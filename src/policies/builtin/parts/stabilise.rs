//! The rolling window of past recommendations.

use autosim_engine::control::{Decision, Stage, Why};
use autosim_engine::units::{Span, Time};
use std::collections::VecDeque;

/// Scale in only to the highest recommendation of the `down` window, out only to the lowest of the `up`
/// window (as Kubernetes does). Windows are half open, `(now - window, now]`, and hold the present
/// recommendation too. The count in force at the first control counts as a recommendation made then, so
/// that a fleet is not cut before the window has been lived through.
#[derive(Debug, Clone)]
pub struct Stabilise {
    highest: Rolling,
    lowest: Rolling,
    seeded: bool,
}

impl Stabilise {
    /// Windows for scale-in and for scale-out; zero = none.
    pub fn new(down: Span, up: Span) -> Self {
        Self {
            highest: Rolling::new(down, |kept, new| kept > new),
            lowest: Rolling::new(up, |kept, new| kept < new),
            seeded: false,
        }
    }

    /// With windows for scale-in and for scale-out, and a count to remember from an instant before the
    /// first control, or nothing at all: the count found there is then no recommendation.
    pub fn remembering(down: Span, up: Span, past: Option<(Time, u32)>) -> Self {
        let mut stabilise = Self { seeded: true, ..Self::new(down, up) };
        if let Some((at, count)) = past {
            stabilise.highest.push(at, count);
            stabilise.lowest.push(at, count);
        }
        stabilise
    }

    /// Remembers the recommendation and gives the stabilised count.
    #[must_use]
    pub fn apply(&mut self, decision: Decision, now: Time, current: u32) -> Decision {
        let wanted = decision.desired;
        if !self.seeded {
            self.seeded = true;
            self.highest.push(now, current);
            self.lowest.push(now, current);
        }
        let highest = self.highest.push(now, wanted);
        let lowest = self.lowest.push(now, wanted);
        if highest < current {
            let window_s = self.highest.window.as_secs_f64();
            let why = Why::Recent { what: "highest", window_s };
            step(decision, highest, why)
        } else if lowest > current {
            let window_s = self.lowest.window.as_secs_f64();
            step(decision, lowest, Why::Recent { what: "lowest", window_s })
        } else {
            let down = wanted < current;
            let rolling = if down { &self.highest } else { &self.lowest };
            let what = if down { "highest" } else { "lowest" };
            let why = Why::Recent { what, window_s: rolling.window.as_secs_f64() };
            step(decision, current, why)
        }
    }
}

/// A step only if the number changes.
fn step(decision: Decision, to: u32, why: Why) -> Decision {
    if to == decision.desired { decision } else { decision.then(Stage::Stabilise, to, why) }
}

/// The extreme of a sliding window: a queue whose front is the extreme, in which no entry is outdone
/// by a later one.
#[derive(Debug, Clone)]
struct Rolling {
    window: Span,
    outdoes: fn(u32, u32) -> bool,
    queue: VecDeque<(Time, u32)>,
}

impl Rolling {
    fn new(window: Span, outdoes: fn(u32, u32) -> bool) -> Self {
        Self { window, outdoes, queue: VecDeque::new() }
    }

    fn push(&mut self, now: Time, value: u32) -> u32 {
        while self.queue.back().is_some_and(|&(_, kept)| !(self.outdoes)(kept, value)) {
            self.queue.pop_back();
        }
        self.queue.push_back((now, value));
        while self.queue.len() > 1
            && self.queue.front().is_some_and(|&(at, _)| at.after(self.window) <= now)
        {
            self.queue.pop_front();
        }
        self.queue.front().map_or(value, |&(_, extreme)| extreme)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use autosim_engine::control::Observation;

    /// `rows`: time, current, wanted, expected.
    fn check(down: u64, up: u64, rows: &[(u64, u32, u32, u32)]) {
        let mut stabilise = Stabilise::new(Span::from_secs(down), Span::from_secs(up));
        for &(at, current, wanted, expected) in rows {
            let decision = Observation::of_count(current).propose(wanted, Why::Plain);
            let decision = stabilise.apply(decision, Time::from_secs(at), current);
            assert_eq!(decision.desired, expected, "at {at} s");
            assert_eq!(decision.trail.len(), 1 + usize::from(wanted != expected));
        }
    }

    #[test]
    fn without_windows_every_wish_passes() {
        check(0, 0, &[(10, 5, 1, 1), (20, 1, 9, 9), (30, 9, 9, 9)]);
    }

    #[test]
    fn scale_in_waits_until_the_highest_wish_has_left_the_window() {
        let _shown = autosim_engine::marks::expect(["recent highest"]);
        let rows = [
            (10, 5, 2, 5), // the fleet found counts as a recommendation
            (20, 5, 4, 5),
            (69, 5, 3, 5),
            (70, 5, 3, 4), // half open: the recommendation of 10 s is gone, 4 is the highest
            (79, 4, 1, 4),
            (80, 4, 1, 3),
            (90, 3, 8, 8), // out at once
            (100, 8, 1, 8),
        ];
        check(60, 0, &rows);
    }

    #[test]
    fn scale_out_waits_for_the_lowest_wish_of_its_window() {
        let _shown = autosim_engine::marks::expect(["recent lowest"]);
        let rows = [(10, 2, 9, 2), (20, 2, 5, 2), (40, 2, 7, 5), (50, 5, 9, 7), (55, 7, 1, 1)];
        check(0, 30, &rows);
    }

    proptest::proptest! {
        #[test]
        fn it_equals_the_hpa_rule_over_all_wishes_kept(
            down in 0_u64..8,
            up in 0_u64..8,
            recommendations in proptest::collection::vec((1_u64..4, 0_u32..9), 1..40),
        ) {
            let span = Span::from_secs;
            let mut stabilise = Stabilise::new(span(down), span(up));
            let (mut now, mut current, mut kept) = (0, 4, Vec::new());
            for (gap, recommendation) in recommendations {
                now += gap;
                if kept.is_empty() {
                    kept.push((now, current));
                }
                kept.push((now, recommendation));
                let within = |window| {
                    move |&&(at, _): &&(u64, u32)| at + window > now
                };
                let highest = kept.iter().filter(within(down)).map(|&(_, n)| n).fold(recommendation, u32::max);
                let lowest = kept.iter().filter(within(up)).map(|&(_, n)| n).fold(recommendation, u32::min);
                let expected = current.max(lowest).min(highest);
                let decision = Observation::of_count(current).propose(recommendation, Why::Plain);
                current = stabilise.apply(decision, Time::from_secs(now), current).desired;
                proptest::prop_assert_eq!(current, expected);
            }
        }
    }

    #[test]
    fn memory_holds_only_what_may_still_decide() {
        let mut stabilise = Stabilise::new(Span::from_secs(300), Span::ZERO);
        for at in 0..100_000_u64 {
            let wanted = (at % 7) as u32;
            let decision = Observation::of_count(3).propose(wanted, Why::Plain);
            let _ = stabilise.apply(decision, Time::from_secs(at), 3);
        }
        assert!(stabilise.highest.queue.len() <= 300 && stabilise.lowest.queue.len() == 1);
    }
}
