//! The look-back windows: step 8.
//!
//! Not [`crate::builtin::parts::Stabilise`], because EAS's list begins when the autoscaler is enabled
//! rather than at its first tick, begins anew when the service wakes, and has a second reading.

use super::WindowForm;
use autosim_engine::control::{Decision, Stage, Why};
use autosim_engine::units::{Span, Time};
use std::collections::VecDeque;

/// Past recommendations, before they were stabilised, and the two windows over them.
#[derive(Debug, Clone)]
pub(super) struct History {
    up: Span,
    down: Span,
    form: WindowForm,
    kept: VecDeque<(Time, u32)>,
}

impl History {
    pub(super) fn new(up: Span, down: Span, form: WindowForm) -> Self {
        Self { up, down, form, kept: VecDeque::new() }
    }

    /// Forgets everything, and takes `seed` for the first recommendation.
    pub(super) fn restart(&mut self, seed: Option<(Time, u32)>) {
        self.kept.clear();
        self.kept.extend(seed);
    }

    /// The stabilised decision; what was wanted is remembered.
    pub(super) fn apply(&mut self, decision: Decision, now: Time, current: u32) -> Decision {
        let wanted = decision.desired;
        let longest = self.up.max(self.down);
        while self.kept.front().is_some_and(|&(at, _)| at.after(longest) <= now) {
            self.kept.pop_front();
        }
        let to = match self.form {
            WindowForm::Extremes => self.clamp(now, current, wanted),
            WindowForm::Agreement => self.agree(now, current, wanted),
        };
        self.kept.push_back((now, wanted));
        if to == wanted {
            return decision;
        }
        let (window, extreme) = match wanted < current {
            true => (self.down, "highest"),
            false => (self.up, "lowest"),
        };
        let what = match self.form {
            WindowForm::Extremes => extreme,
            WindowForm::Agreement => "not all",
        };
        decision.then(Stage::Stabilise, to, Why::Recent { what, window_s: window.as_secs_f64() })
    }

    /// Recommendations younger than `window`: one exactly as old is out.
    fn within(&self, now: Time, window: Span) -> impl Iterator<Item = u32> {
        let young = move |&&(at, _): &&(Time, u32)| at.after(window) > now;
        self.kept.iter().filter(young).map(|&(_, count)| count)
    }

    fn clamp(&self, now: Time, current: u32, wanted: u32) -> u32 {
        let lowest = self.within(now, self.up).fold(wanted, u32::min);
        let highest = self.within(now, self.down).fold(wanted, u32::max);
        current.max(lowest).min(highest)
    }

    fn agree(&self, now: Time, current: u32, wanted: u32) -> u32 {
        let agreed = match wanted.cmp(&current) {
            std::cmp::Ordering::Greater => self.within(now, self.up).all(|past| past > current),
            std::cmp::Ordering::Less => self.within(now, self.down).all(|past| past < current),
            std::cmp::Ordering::Equal => true,
        };
        if agreed { wanted } else { current }
    }
}
