//! The pause after an action.

use super::Changes;
use autosim_engine::control::{Decision, Stage, Why};
use autosim_engine::units::{Span, Time};

/// No action for a while after the last one of either direction, counted from its decision (the
/// launch, not readiness). An action is allowed again exactly at the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Cooldown {
    /// Before a scale-out.
    pub up: Span,
    /// Before a scale-in.
    pub down: Span,
}

impl Cooldown {
    /// Back to `current` during the pause.
    #[must_use]
    pub fn apply(&self, decision: Decision, now: Time, current: u32, past: &Changes) -> Decision {
        let (name, pause) = match decision.desired.cmp(&current) {
            std::cmp::Ordering::Greater => ("cooldown before scale-out", self.up),
            std::cmp::Ordering::Less => ("cooldown before scale-in", self.down),
            std::cmp::Ordering::Equal => return decision,
        };
        let Some(last) = past.last() else { return decision };
        let end = last.at.after(pause);
        if now >= end {
            return decision;
        }
        let why = Why::Until { name, seconds_left: end.since(now).as_secs_f64() };
        decision.then(Stage::Cooldown, current, why)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use autosim_engine::control::Observation;

    #[test]
    fn actions_wait_for_their_pause_after_any_action_that_took_place() {
        let _shown = autosim_engine::marks::expect([
            "until cooldown before scale-out",
            "until cooldown before scale-in",
        ]);
        let cooldown = Cooldown { up: Span::from_secs(60), down: Span::from_secs(300) };
        let mut past = Changes::new(Span::ZERO);
        // time, current, wanted, expected
        for (at, current, wanted, expected) in [
            (0, 5, 6, 6),
            (30, 6, 8, 6), // 30 s after the launch
            (59, 6, 8, 6),
            (60, 6, 8, 8), // exactly at the end
            (70, 6, 9, 9), // the launch of 60 s did not take place: nothing to wait for
            (100, 9, 1, 9),
            (369, 9, 1, 9),
            (370, 9, 1, 1),
        ] {
            let now = Time::from_secs(at);
            past.note(now, current);
            let decision = Observation::of_count(current).propose(wanted, Why::Plain);
            let decision = cooldown.apply(decision, now, current, &past);
            assert_eq!(decision.desired, expected, "at {at} s");
        }
    }
}
