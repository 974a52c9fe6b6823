//! `clairvoyant`: plays a plan made with knowledge of the traffic to come.

use super::PolicyContext;
use super::parts::{Bounds, ceil_count};
use super::timing;
use autosim_engine::control::{Autoscaler, Decision, Observation, Policy, Why};
use autosim_engine::fault::Faults;
use autosim_engine::units::{Fraction, Span, Time};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::sync::Arc;

/// Follows a plan computed beforehand from the same traffic: a feasible reference for what foresight is
/// worth, not a bound.
///
/// The plan says how many replicas are needed from which instant on; it is made by the experiment, from
/// the same streams, and handed over as data. The policy orders the highest need of the coming `lead`,
/// with `headroom` on top, at the very instants of the plan.
///
/// ```toml
/// [policies.oracle.clairvoyant]
/// headroom = "10%"
/// lead = "30s"
/// max = 60
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Clairvoyant {
    /// Replicas on top of the need, rounded up. Default 0 %.
    #[serde(default)]
    pub headroom: Fraction,
    /// How long before a need arises replicas are ordered, beyond the start-up time that the plan
    /// already allows for. Default 0 s.
    #[serde(default)]
    pub lead: Span,
    /// Fewest replicas. Default 1.
    #[serde(default = "timing::one")]
    pub min: u32,
    /// Most replicas. Default: as many as the plan asks for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<u32>,
}

impl Clairvoyant {
    fn bounds(&self) -> Bounds {
        Bounds { min: self.min, max: self.max.unwrap_or(u32::MAX) }
    }

    pub(super) fn check(&self, faults: &mut Faults) {
        self.bounds().check(faults);
    }

    pub(super) fn autoscaler(&self, context: &PolicyContext) -> Autoscaler {
        let plan = ahead(context.plan.as_deref().unwrap_or(&[]), self.lead);
        let wakeups = plan.iter().map(|&(at, _)| at).collect();
        Autoscaler {
            policy: Box::new(Player {
                plan: plan.into(),
                next: 0,
                factor: 1.0 + self.headroom.get(),
                bounds: self.bounds(),
            }),
            signals: Vec::new(),
            cadence: timing::Phase::Fixed.cadence(timing::minute()),
            actuation_delay: Span::ZERO,
            wakeups,
        }
    }
}

/// The plan that orders, at every instant, the highest need of the coming `lead`: rises come that much
/// earlier, falls stay where they are. `plan` ascends, counts hold from their instant on, and before its
/// first instant nothing is needed. Only changes are listed.
pub fn ahead(plan: &[(Time, u32)], lead: Span) -> Vec<(Time, u32)> {
    // The needs that arise or persist in [now, now + lead]: the front is the highest, and none is
    // outdone by a later one. Both ends of the window move over the plan's instants.
    let mut needs: VecDeque<(usize, u32)> = VecDeque::new();
    let mut instants: Vec<Time> = plan.iter().flat_map(|&(at, _)| [at.before(lead), at]).collect();
    instants.sort_unstable();
    instants.dedup();
    let (mut seen, mut orders) = (0, Vec::<(Time, u32)>::new());
    for now in instants {
        while let Some(&(at, need)) = plan.get(seen)
            && at <= now.after(lead)
        {
            while needs.back().is_some_and(|&(_, kept)| kept <= need) {
                needs.pop_back();
            }
            needs.push_back((seen, need));
            seen += 1;
        }
        // A need is over when the next entry of the plan has begun.
        while needs.front().is_some_and(|&(entry, _)| {
            plan.get(entry + 1).is_some_and(|&(replaced, _)| replaced <= now)
        }) {
            needs.pop_front();
        }
        let need = needs.front().map_or(0, |&(_, need)| need);
        if orders.last().is_none_or(|&(_, before)| before != need) {
            orders.push((now, need));
        }
    }
    orders
}

#[derive(Clone)]
struct Player {
    plan: Arc<[(Time, u32)]>,
    /// The first entry that lies ahead.
    next: usize,
    factor: f64,
    bounds: Bounds,
}

impl Policy for Player {
    fn observe(&mut self, seen: &Observation<'_>) -> Decision {
        while self.plan.get(self.next).is_some_and(|&(at, _)| at <= seen.now) {
            self.next += 1;
        }
        let Some(&(_, need)) = self.next.checked_sub(1).and_then(|entry| self.plan.get(entry))
        else {
            return self.bounds.apply(seen.hold());
        };
        let wanted = ceil_count(f64::from(need) * self.factor);
        let why = Why::Note("planned");
        self.bounds.apply(seen.propose(wanted, why))
    }

    fn activate(&mut self, seen: &Observation<'_>) -> Decision {
        self.observe(seen)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::builtin::tape::{Tape, context};

    fn plan(entries: &[(u64, u32)]) -> Vec<(Time, u32)> {
        entries.iter().map(|&(at, need)| (Time::from_secs(at), need)).collect()
    }

    #[test]
    fn rises_come_earlier_by_the_lead_and_falls_do_not() {
        let needs = plan(&[(0, 3), (100, 9), (130, 4), (150, 6), (300, 1)]);
        for (lead, expected) in [
            (0, vec![(0, 3), (100, 9), (130, 4), (150, 6), (300, 1)]),
            (10, vec![(0, 3), (90, 9), (130, 4), (140, 6), (300, 1)]),
            (30, vec![(0, 3), (70, 9), (130, 6), (300, 1)]),
            (100, vec![(0, 9), (130, 6), (300, 1)]),
        ] {
            assert_eq!(ahead(&needs, Span::from_secs(lead)), plan(&expected), "{lead} s");
        }
        assert_eq!(ahead(&[], Span::ZERO), []);
    }

    #[test]
    fn the_plan_is_played_with_headroom_within_bounds() {
        let _shown = autosim_engine::marks::expect(["planned"]);
        let mut context = context(2);
        context.plan = Some(plan(&[(0, 3), (100, 10), (200, 50), (300, 0)]).into());
        let mut tape = Tape::with("clairvoyant = { headroom = \"10%\", max = 40 }", &context);
        assert_eq!(tape.autoscaler.wakeups.len(), 4);
        for (at, uncapped, expected) in
            [(0, 4, 4), (60, 4, 4), (100, 11, 11), (199, 11, 11), (200, 55, 40), (300, 0, 1)]
        {
            let decision = tape.at(at, &[]);
            assert_eq!((decision.uncapped, decision.desired), (uncapped, expected), "at {at} s");
        }
    }
}
