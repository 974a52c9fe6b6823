//! Knative over whole sequences.

use super::{Case, Model, Stepped, Told, count, for_each};
use autosim_engine::units::{Span, Time};
use autosim_policies::products::Happening;
use autosim_policies::products::knative::buckets::Buckets;
use autosim_policies::products::knative::reconciler::Active;
use autosim_policies::products::knative::revision::Revision;
use autosim_policies::products::knative::{Knative, Settings};
use serde_json::{Value, json};

/// A revision with the windows of what lands in each second.
struct Kpa {
    settings: Settings,
    reachable: bool,
    stable: Buckets,
    panic: Buckets,
    count: u32,
    revision: Revision,
}

fn ready(case: &Case<'_, Kpa>, step: usize, of: u32) -> u32 {
    case.cell(step, "ready").filter(|cell| !cell.is_null()).map_or(of, count)
}

impl Stepped for Kpa {
    type Product = Knative;
    const TOLD: &'static [&'static str] =
        &["desired_pods", "panic", "excess_burst_capacity", "activator", "active"];
    const KEY: &'static str = "stages";

    fn of(case: &Case<'_, Self>) -> Self {
        let reachable = case.knobs.reachable;
        let settings = case.model(&case.value["document"]).settings(reachable);
        let second = Span::from_secs(1);
        let window = |length| Buckets::new(settings.algorithm, length, second);
        let (stable, panic) = (window(settings.spec.stable_window), window(settings.panic_window));
        let count = case.initial();
        let (spec, rules) = (settings.spec, settings.rules);
        let revision = Revision::taken_over(spec, rules, Time::ZERO, count, ready(case, 0, count));
        Self { settings, reachable, stable, panic, count, revision }
    }

    fn adopt(&mut self, model: Model<Self>, now: Time) {
        self.settings = model.settings(self.reachable);
        let Settings { spec, rules, panic_window, .. } = self.settings;
        (self.revision.spec, self.revision.rules) = (spec, rules);
        self.stable.resize(now, spec.stable_window);
        self.panic.resize(now, panic_window);
    }

    fn step(&mut self, case: &Case<'_, Self>, step: usize) -> Told {
        let (now, name) = (case.at(step), self.settings.metric.to_string());
        let value = case.cell(step, &name).and_then(Value::as_f64);
        let by_samples = case.value["as"] == "samples";
        let averages = if by_samples {
            if let Some(value) = value {
                self.stable.record(now, value);
                self.panic.record(now, value);
            }
            let known = !self.settings.rules.probes || !self.stable.is_empty(now);
            known.then(|| (self.stable.average(now), self.panic.average(now)))
        } else {
            let panic = case.cell(step, &format!("panic_{name}"));
            value.zip(panic.map_or(value, Value::as_f64))
        };
        let pokes = self.revision.desired == 0 && value.is_some_and(|value| value > 0.0);
        if !by_samples || case.at_s(step).is_multiple_of(2) || pokes {
            let ready = ready(case, step, self.count);
            let scaled = self.revision.tick(now, ready, averages).scaled;
            self.count = scaled.write.unwrap_or(self.count);
        }
        (self.count, stages(&self.revision))
    }
}

fn stages(revision: &Revision) -> Vec<Value> {
    let active = match revision.active() {
        Active::Yes => "active",
        Active::No => "inactive",
        Active::Activating => "activating",
    };
    vec![
        json!(revision.desired),
        json!(revision.decider.panic_since.is_some()),
        json!(revision.excess),
        json!(if revision.proxies() { "proxy" } else { "serve" }),
        json!(active),
    ]
}

#[test]
fn sequences_decide_the_same_tick_by_tick_with_their_stages() {
    for_each::<Kpa>("knative.json", 22, |case| case.stepped());
}

/// `open`: with the count each row starts from.
fn played(case: &Case<'_, Kpa>, open: bool) {
    let (run, policy) = case.played(&case.rows(open), case.value["as"] == "readings");
    let told = run.answers.iter().map(|answer| {
        let happening = Happening {
            at: answer.at,
            clock: &run.clock,
            before: answer.before,
            decision: &answer.decision,
            census: answer.census,
            readings: &answer.readings,
        };
        let told = policy.product().expect("a product").tell(&happening).expect("a status");
        let stages = Kpa::TOLD.iter().map(|stage| told[stage].clone());
        (answer.decision.desired, stages.collect())
    });
    case.judge(&told.collect::<Vec<_>>());
}

/// One has updates, which no recording has.
#[test]
fn recordings_of_the_same_sequences_are_answered_the_same() {
    for_each::<Kpa>("knative.json", 22, |case| {
        if case.value.get("updates").is_none() {
            played(case, false);
            played(case, true);
        }
    });
}
