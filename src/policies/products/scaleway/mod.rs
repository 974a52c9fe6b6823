//! # scaleway: Instance autoscaling, v1alpha1
//!
//! **What**: an instance group with its scaling policies and its template, bodies of
//! `/autoscaling/v1alpha1/zones/{zone}/...`. A machine of thresholds: about every five minutes each
//! policy compares an aggregate of a metric with its threshold, in order of priority; the first that
//! would change the count does, unless the one cooldown denies it.
//!
//! **Sources**: the public reference of the API (public beta), the types and errors of
//! `scaleway-sdk-go` (api/autoscaling/v1alpha1, scw/errors.go), traffic with the API recorded by
//! `terraform-provider-scaleway` in June 2025. The loop itself is not published: what the documentation
//! leaves open is a knob (`knobs.rs`). v1alpha2 is another algorithm and is refused by name.
//!
//! **Start at** `policy.rs`, whose steps are numbered.

mod advice;
mod check;
mod knobs;
mod members;
mod native;
mod policy;
mod read;
mod samples;
mod tell;
#[cfg(test)]
mod tests;

pub use knobs::{
    Actions, ConnectionsRate, CooldownEnd, CooldownFrom, Ids, Knobs, NetworkValue, NoSamples,
    NoopPolicy, Precision, Rounding, Ties, Victim,
};
pub use read::Model;

use super::{
    Assumption, DocumentFault, DocumentFaults, Fidelity, Happening, LeavesFirst, Omitted, Platform,
    Product,
};
use crate::builtin::PolicyContext;
use autosim_engine::control::Autoscaler;
use autosim_engine::fault::Faults;
use autosim_engine::units::Span;
use members::{Reason, is_error};
use native::Kind;
use serde_json::{Map, Value, json};

/// Scaleway's Instance autoscaling.
#[derive(Debug, Clone, Copy)]
pub struct Scaleway;

impl Product for Scaleway {
    const KIND: &'static str = "scaleway";
    const PRODUCT: &'static str = "Scaleway Instance autoscaling, v1alpha1";
    const FIDELITY: Fidelity = Fidelity::Documented;
    const AGGREGATES_ITSELF: bool = true;

    type Knobs = Knobs;
    type Model = Model;

    fn recognises(document: &Value) -> bool {
        read::recognises(document)
    }

    fn read(
        documents: &[Value],
        knobs: &Knobs,
        strict: bool,
        faults: &mut DocumentFaults,
    ) -> Option<Model> {
        read::read(documents, knobs, strict, faults)
    }

    fn lacks(model: &Model) -> Option<String> {
        let partial = model.bodies.iter().find(|body| body.partial);
        match (partial, model.group) {
            (Some(body), _) => {
                let kind = body.kind.name();
                Some(format!("an update of a {kind} was given, and no {kind} that it amends"))
            }
            (None, None) => {
                Some("there is no instance group: its capacity is not known".to_owned())
            }
            (None, Some(_)) => None,
        }
    }

    fn check_knobs(knobs: &Knobs, faults: &mut Faults) {
        knobs.check(faults);
    }

    fn export(model: &Model) -> Vec<Value> {
        let writable = |body: &native::Body| {
            let read_only = body.kind.read_only();
            let members = body.members.iter().filter(|(key, _)| !read_only.contains(&key.as_str()));
            Value::Object(members.map(|(key, value)| (key.clone(), value.clone())).collect())
        };
        model.bodies.iter().map(writable).collect()
    }

    fn defaults(model: &Model) -> Vec<Omitted> {
        let whole = model.bodies.iter().filter(|body| !body.partial);
        whole.flat_map(|body| omitted(model, body)).collect()
    }

    fn assumptions(_: &Model, knobs: &Knobs) -> Vec<Assumption> {
        assumptions(knobs)
    }

    fn platform(model: &Model, knobs: &Knobs) -> Platform {
        let (min, max) = model.group.map_or((0, u32::MAX), |group| (group.min, group.max));
        Platform {
            cold_start: Some(Span::from_secs(knobs.cold_start_s.into())),
            leaves_first: Some(match knobs.victim {
                Victim::Newest => LeavesFirst::Newest,
                Victim::Oldest => LeavesFirst::Oldest,
            }),
            ..Platform::between(min, max)
        }
    }

    fn autoscaler(model: &Model, knobs: &Knobs, context: &PolicyContext) -> Autoscaler {
        policy::autoscaler(model, knobs, context)
    }

    fn first_evaluation(_: &Model, knobs: &Knobs) -> Option<Span> {
        Some(Span::from_secs(knobs.tick_s.into()))
    }

    fn unreadable(message: &str) -> DocumentFault {
        let message = format!("the body is no JSON: {message}");
        DocumentFault::error(Reason::Format.code(), Some(400), "", message, "a JSON object")
    }

    /// Bodies are sent one by one, so the answer is the one to the first that is refused. A missing
    /// resource is answered without a type, as recorded.
    fn refusal(faults: &[&DocumentFault]) -> Value {
        let refused = |fault: &&&DocumentFault| is_error(fault) && fault.status.is_some();
        let first = faults.iter().filter(refused).map(|fault| fault.document).min();
        let of_first: Vec<&&DocumentFault> =
            faults.iter().filter(refused).filter(|f| Some(f.document) == first).collect();
        let argument = |fault: &&&DocumentFault| Reason::of_code(&fault.code).is_some();
        let details: Vec<Value> = of_first
            .iter()
            .copied()
            .filter(|fault| argument(fault))
            .map(|fault| {
                json!({
                    "argument_name": fault.field,
                    "reason": fault.code,
                    "help_message": fault.remedy,
                })
            })
            .collect();
        match of_first.first() {
            Some(missing) if details.is_empty() => json!({ "message": missing.message }),
            Some(_) => json!({
                "type": "invalid_arguments",
                "message": "invalid argument(s)",
                "details": details,
            }),
            None => Value::Object(Map::new()),
        }
    }

    fn tell(model: &Model, _: &Knobs, happening: &Happening<'_>) -> Option<Value> {
        tell::event(model, happening)
    }
}

/// What a body leaves to the platform.
fn omitted(model: &Model, body: &native::Body) -> Vec<Omitted> {
    let cooldown = json!(format!("{}s", model.default_cooldown_s));
    let members: &[(&str, Value)] = match body.kind {
        Kind::Group => &[("tags", json!([])), ("capacity.cooldown_delay", cooldown)],
        Kind::Template => &[("tags", json!([])), ("private_network_ids", json!([]))],
        Kind::Policy => &[("priority", json!(model.default_priority))],
    };
    let absent = |path: &str| match read::at_path(&body.members, path) {
        Some(value) => value.is_null(),
        None => true,
    };
    let omitted = members.iter().filter(|(path, _)| absent(path));
    omitted
        .map(|(path, value)| Omitted {
            document: body.document,
            path: (*path).to_owned(),
            value: value.clone(),
        })
        .collect()
}

/// Why each knob has the default it has, in the order of the knobs.
const WHY: [(&str, &str); 25] = [
    ("tick_s", "scaling is said to occur every 5 minutes; the phase is not published"),
    ("tick_jitter_s", "real evaluations are not exact; none is the plain case"),
    ("sample_s", "the distance of samples is not published"),
    ("no_samples", "a condition on nothing cannot hold"),
    ("network_value", "CPU is a mean over the group; its neighbours are taken alike"),
    ("network_in_share", "a scenario gives one number for both directions"),
    (
        "connections_rate",
        "described as accumulated and named a rate; a growing counter has no threshold",
    ),
    ("requests_per_connection", "without keep-alive every request opens one"),
    ("threshold", "32 bits in the API; that it is widened is assumed"),
    ("default_priority", "zero is what an omitted number is on the wire"),
    ("ties", "not published; order of creation is stable"),
    ("actions_per_tick", "one shared cooldown would deny a second action"),
    ("noop_policy", "a policy that changes nothing should not block one that would"),
    ("percent_up", "not published; upwards never too little"),
    ("percent_down", "not published; downwards never too much"),
    ("percent_least", "not published; a policy that fires should do something"),
    ("set_total_guard", "the direction is part of the policy"),
    ("correct_bounds", "a supervisor appears among the sources of events"),
    ("correction_obeys_cooldown", "a correction is no policy's action; not published"),
    ("default_cooldown_s", "every published sample has it"),
    ("cooldown_from", "\"after a scaling action\": taken from its start"),
    ("cooldown_end", "not published"),
    ("cold_start_s", "an effect is said to show after two to three minutes"),
    ("victim", "not published"),
    ("ids", "published samples hold placeholders"),
];

fn assumptions(knobs: &Knobs) -> Vec<Assumption> {
    let Ok(Value::Object(values)) = serde_json::to_value(knobs) else { return Vec::new() };
    let of_knob = |(rule, why): (&str, &'static str)| {
        let value = match values.get(rule) {
            Some(Value::String(word)) => word.clone(),
            Some(value) => value.to_string(),
            None => String::new(),
        };
        Assumption { rule: rule.to_owned(), value, why }
    };
    let fixed = [
        ("first count", "min_replicas", "not published; a scenario's `initial` replaces it"),
        (
            "a denied action",
            "ends the evaluation; weaker policies are not tried",
            "one shared cooldown would deny them too",
        ),
        ("a correction", "is the only action of its evaluation", "not published"),
        ("a sample", "the mean since the sample before, of running Instances", "not published"),
    ];
    let of_rule = |(rule, value, why): (&str, &str, &'static str)| Assumption {
        rule: rule.to_owned(),
        value: value.to_owned(),
        why,
    };
    WHY.into_iter().map(of_knob).chain(fixed.into_iter().map(of_rule)).collect()
}
