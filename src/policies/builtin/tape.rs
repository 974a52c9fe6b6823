//! Test support: a policy from its TOML text, asked at given instants with given readings.

use super::{PolicyContext, PolicySpec};
use autosim_engine::control::{Autoscaler, Decision, Observation};
use autosim_engine::fault::Faults;
use autosim_engine::signal::{Census, Reading};
use autosim_engine::units::{Time, WallClock};

/// The only policy in `toml`, which says `KIND = {...}` or `[KIND]`.
pub(super) fn spec(toml: &str) -> PolicySpec {
    toml::from_str(toml).unwrap_or_else(|error| panic!("{error}\n{toml}"))
}

/// The TOML snippet in the documentation of every kind of a family, in their order.
pub(super) fn snippets<Family: schemars::JsonSchema>() -> Vec<String> {
    let schema = schemars::schema_for!(Family).to_value();
    let kinds = schema["oneOf"].as_array().unwrap();
    let snippet = |kind: &serde_json::Value| {
        let (_, parameters) = kind["properties"].as_object().unwrap().iter().next().unwrap();
        let path = parameters["$ref"].as_str().unwrap().trim_start_matches('#');
        let text = schema.pointer(path).unwrap()["description"].as_str().unwrap().to_owned();
        let start = text.find("```toml").expect("a snippet") + "```toml".len();
        text[start..].split("```").next().unwrap().to_owned()
    };
    kinds.iter().map(snippet).collect()
}

/// The faults of the policy in `toml`, as printed.
pub(super) fn faults(toml: &str) -> Vec<String> {
    let mut faults = Faults::new();
    spec(toml).check(&mut faults);
    faults.into_vec().iter().map(ToString::to_string).collect()
}

/// A run of a day from Monday, 2 March 2026, in Shanghai.
pub(super) fn context(initial: u32) -> PolicyContext {
    PolicyContext {
        clock: WallClock::parse("2026-03-02T00:00:00+08:00[Asia/Shanghai]").unwrap(),
        concurrency: 1,
        initial,
        end: Time::from_secs(86_400),
        plan: None,
        recorded: Default::default(),
        replication: 0,
        explains: true,
    }
}

/// A policy under test. Replicas are ready at once unless `ready` is set.
pub(super) struct Tape {
    pub(super) autoscaler: Autoscaler,
    pub(super) desired: u32,
    pub(super) ready: Option<u32>,
}

impl Tape {
    pub(super) fn new(toml: &str, initial: u32) -> Self {
        Self::with(toml, &context(initial))
    }

    pub(super) fn with(toml: &str, context: &PolicyContext) -> Self {
        let spec = spec(toml);
        let mut faults = Faults::new();
        spec.check(&mut faults);
        assert!(!faults.any_error(), "{:?}", faults.as_slice());
        Self { autoscaler: spec.autoscaler(context), desired: context.initial, ready: None }
    }

    /// A control at `at` seconds; the decision comes into force.
    pub(super) fn at(&mut self, at: u64, values: &[Option<f64>]) -> Decision {
        self.ask(at, values, false)
    }

    /// A first request at zero replicas.
    pub(super) fn activate(&mut self, at: u64, values: &[Option<f64>]) -> Decision {
        self.ask(at, values, true)
    }

    fn ask(&mut self, at: u64, values: &[Option<f64>], activation: bool) -> Decision {
        let now = Time::from_secs(at);
        assert_eq!(values.len(), self.autoscaler.signals.len(), "one value per signal");
        let readings: Vec<Reading> =
            values.iter().map(|&value| Reading { value, at: now }).collect();
        let ready = self.ready.unwrap_or(self.desired);
        let census = Census { starting: self.desired.saturating_sub(ready), ready, draining: 0 };
        let seen = Observation::new(now, census, self.desired, &readings);
        let decision = if activation {
            self.autoscaler.policy.activate(&seen)
        } else {
            self.autoscaler.policy.observe(&seen)
        };
        self.desired = decision.desired;
        decision
    }
}

/// The decisive stage's name and reason.
pub(super) fn reason(decision: &Decision) -> String {
    let step = decision.reason();
    format!("{}: {}", step.stage.name(), step.why)
}
