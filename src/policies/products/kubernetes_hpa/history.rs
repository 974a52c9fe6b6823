//! Past recommendations and the windows over them: `stabilizeRecommendation` of `horizontal.go`, without
//! `behavior` and with it.

use autosim_engine::units::{Span, Time};

/// Recommendations before they were stabilised, in the order they are stored in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recommendations {
    kept: Vec<(Time, i32)>,
}

impl Recommendations {
    /// These: when, and how many.
    pub fn of(kept: Vec<(Time, i32)>) -> Self {
        Self { kept }
    }

    /// The counts, in the order they are stored in.
    pub fn counts(&self) -> impl Iterator<Item = i32> + '_ {
        self.kept.iter().map(|&(_, count)| count)
    }

    /// Recommendations younger than `window`.
    fn within(&self, now: Time, window: Span) -> impl Iterator<Item = i32> + '_ {
        let young = move |&&(at, _): &&(Time, i32)| now.since(at) < window;
        self.kept.iter().filter(young).map(|&(_, count)| count)
    }

    /// Without `behavior`: no lower than any recommendation of the window, one exactly as old among them.
    pub fn highest(&mut self, now: Time, proposal: i32, window: Span) -> i32 {
        let highest = self.within(now, window + Span(1)).fold(proposal, i32::max);
        self.store(now, proposal, window);
        highest
    }

    /// With `behavior`: from `current` as far as all recommendations of each direction's window agree.
    pub fn agreed(&mut self, now: Time, current: i32, proposal: i32, up: Span, down: Span) -> i32 {
        let lowest = self.within(now, up).fold(proposal, i32::min);
        let highest = self.within(now, down).fold(proposal, i32::max);
        self.store(now, proposal, up.max(down));
        current.max(lowest).min(highest)
    }

    /// In the place of the last one older than `longest`, or at the end.
    fn store(&mut self, now: Time, proposal: i32, longest: Span) {
        let old = self.kept.iter_mut().rev().find(|(at, _)| now.since(*at) > longest);
        match old {
            Some(place) => *place = (now, proposal),
            None => self.kept.push((now, proposal)),
        }
    }

    /// The count there is, for a recommendation: a controller that has seen nothing yet.
    pub(super) fn seed(&mut self, now: Time, current: i32) {
        self.kept.push((now, current));
    }
}
