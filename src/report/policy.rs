//! A product's policy as a part of a scenario, with everything its documents leave unsaid.

use autosim_policies::products::ProductPolicy;
use serde_json::{Map, Value, json};

/// TOML that goes into a scenario as it is: documents, every knob, and in comments what the documents
/// leave out and why each knob is what it is.
pub fn policy_toml(name: &str, policy: &ProductPolicy) -> String {
    let (kind, parts) = parts(policy);
    let mut text = format!("# {} ({})\n", policy.product(), policy.provenance());
    let omitted = policy.omitted();
    if !omitted.is_empty() {
        text.push_str("# Left out of the document, and what the platform takes in its place:\n");
    }
    let several = bodies(&parts).len() > 1;
    for one in omitted {
        let which =
            if several { format!("document {}: ", one.document + 1) } else { String::new() };
        text.push_str(&format!("#   {which}{} = {}\n", one.path, one.value));
    }
    let (texts, tables) = documents(bodies(&parts));
    let mut members = vec![("strict", parts["strict"].clone())];
    members.extend(texts);
    text.push_str(&section(name, kind, &members));
    text.push_str("\n# Rules no public source settles; change one to see what it is worth.\n");
    for one in policy.assumptions() {
        text.push_str(&format!("#   {} = {}: {}\n", one.rule, one.value, one.why));
    }
    if parts["knobs"].as_object().is_some_and(|knobs| !knobs.is_empty()) {
        text.push_str(&section(name, kind, &[("knobs", parts["knobs"].clone())]));
    }
    if let Some(tables) = tables {
        text.push('\n');
        text.push_str(&section(name, kind, &[tables]));
    }
    text
}

/// The same as one object.
pub fn policy_json(name: &str, policy: &ProductPolicy) -> Value {
    let (kind, parts) = parts(policy);
    json!({
        "name": name,
        "product": policy.product(),
        "fidelity": policy.provenance(),
        "policies": { name: { kind: parts } },
        "left_out": policy.omitted(),
        "assumptions": policy.assumptions(),
    })
}

/// The product's name and what a scenario says below it.
fn parts(policy: &ProductPolicy) -> (&'static str, Map<String, Value>) {
    let kind = policy.kind_name();
    let mut whole = serde_json::to_value(policy).unwrap_or_default();
    match whole.get_mut(kind).map(Value::take) {
        Some(Value::Object(parts)) => (kind, parts),
        _ => (kind, Map::new()),
    }
}

fn bodies(parts: &Map<String, Value>) -> &[Value] {
    parts.get("bodies").and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// A key and what it holds.
type Member = (&'static str, Value);

/// The documents as JSON text, which stands beside other keys of the policy, where TOML has no word for
/// something (`null`, an integer beyond 64 bits); else as tables, which follow them.
fn documents(bodies: &[Value]) -> (Option<Member>, Option<Member>) {
    let sayable = |body: &Value| !has_null(body) && toml::Value::try_from(body).is_ok();
    let text = |body: &Value| Value::String(format!("{body:#}\n"));
    let all_sayable = bodies.iter().all(|body| body.is_object() && sayable(body));
    let said: Vec<Value> = match all_sayable {
        true => bodies.to_vec(),
        false => bodies.iter().map(text).collect(),
    };
    let member = match said.as_slice() {
        [one] => ("body", one.clone()),
        all => ("bodies", Value::Array(all.to_vec())),
    };
    if all_sayable { (None, Some(member)) } else { (Some(member), None) }
}

fn has_null(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.iter().any(has_null),
        Value::Object(members) => members.values().any(has_null),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

fn section(name: &str, kind: &str, members: &[(&str, Value)]) -> String {
    let members: Map<String, Value> =
        members.iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect();
    let whole = json!({ "policies": { name: { kind: members } } });
    toml::to_string_pretty(&whole).unwrap_or_default()
}
