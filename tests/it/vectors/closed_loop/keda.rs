//! KEDA over whole sequences: polls of the operator, passes of the autoscaler it made.

use super::{Case, Model, Stepped, Told, conditions, for_each, reason};
use autosim_engine::control::{Decision, Observation, Policy};
use autosim_engine::signal::{Census, Reading};
use autosim_engine::units::{Time, WallClock};
use autosim_policies::products::keda::Keda;
use autosim_policies::products::keda::policy::{Scaler, condition};

struct Scaled {
    model: Model<Self>,
    scaler: Scaler,
    count: u32,
}

fn told(decision: &Decision) -> Told {
    let [_, active, limited, _] = conditions(decision);
    (decision.desired, vec![reason(condition(decision.state)), active, limited])
}

impl Stepped for Scaled {
    type Product = Keda;
    const TOLD: &'static [&'static str] = &["Active", "ScalingActive", "ScalingLimited"];
    const KEY: &'static str = "reasons";

    fn of(case: &Case<'_, Self>) -> Self {
        let model = case.model(&case.value["document"]);
        let clock = WallClock::parse(super::text(&case.value["start_utc"])).expect("a clock");
        let scaler = Scaler::new(&model, &case.knobs, &clock, &case.columns);
        Self { model, scaler, count: case.initial() }
    }

    fn adopt(&mut self, model: Model<Self>, now: Time) {
        self.scaler.adopt(&model, now);
        self.model = model;
    }

    /// Everything since the step before, with the values of this one.
    fn step(&mut self, case: &Case<'_, Self>, step: usize) -> Told {
        let cells = case.seen(step, case.before(step));
        let signals = case.signals(&self.model);
        let ready = case.cell(step, "ready").map(super::count);
        loop {
            let now = self.scaler.next().map_or(case.at(step), |next| next.min(case.at(step)));
            let reading = |name: &String| {
                let at = case.columns.iter().position(|column| column == name).expect("a column");
                Reading { value: cells[at], at: now }
            };
            let readings: Vec<Reading> = signals.iter().map(reading).collect();
            let ready = ready.unwrap_or(self.count);
            let census = Census { ready, ..Census::default() };
            let decision =
                self.scaler.observe(&Observation::new(now, census, self.count, &readings));
            self.count = decision.desired;
            if now == case.at(step) {
                return told(&decision);
            }
        }
    }
}

#[test]
fn sequences_decide_the_same_with_the_conditions_of_both() {
    for_each::<Scaled>("keda.json", 19, |case| case.stepped());
}

/// Each row as often as anything may happen before the next, so that the values of a row are those of the time up to it;
/// two have updates, which no recording has.
#[test]
fn recordings_of_the_same_sequences_are_answered_the_same() {
    for_each::<Scaled>("keda.json", 19, |case| {
        if case.value.get("updates").is_some() {
            return;
        }
        let own = case.rows(false);
        let finer = 5;
        let mut csv = case.header(false);
        for step in 0..case.steps() {
            let before = step.checked_sub(1).map_or(0, |last| case.at_s(last) + finer);
            for at_s in (before..=case.at_s(step)).step_by(finer as usize) {
                csv += &case.row(at_s, step, false);
            }
        }
        let csv = if case.columns.is_empty() { own } else { csv };
        let answers = case.played(&csv, false).0.answers;
        let of_step = |step| {
            let at = case.at(step);
            let last = answers.iter().rev().find(|answer| answer.at <= at).expect("an answer");
            told(&last.decision)
        };
        case.judge(&(0..case.steps()).map(of_step).collect::<Vec<_>>());
    });
}
