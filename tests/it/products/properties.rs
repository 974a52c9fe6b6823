//! What holds of every product's documents, good or bad: reading one never gives up, what comes in goes
//! out and comes in again, a refusal names its code and a place that exists.

use super::{load, shipped};
use autosim_engine::control::Observation;
use autosim_engine::fault::Severity;
use autosim_engine::signal::{Census, Reading};
use autosim_engine::units::{Time, WallClock};
use autosim_policies::builtin::PolicyContext;
use autosim_policies::products::{Document, Loading, Origin, ProductFile, ProductPolicy};
use autosim_report::policy_toml;
use autosim_study::scenario::{LoadOptions, Sources, load_policies};
use proptest::prelude::*;
use serde_json::Value;

/// The shipped document of a product.
fn sample(kind: &str) -> Value {
    let text = std::fs::read_to_string(shipped(kind)).unwrap();
    let mut bodies = Document::parse(&text).unwrap().bodies;
    if bodies.len() == 1 { bodies.remove(0) } else { Value::Array(bodies) }
}

/// The keys and the texts of a document: what random ones are made of.
fn vocabulary(value: &Value, words: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (key, value) in members {
                words.push(key.clone());
                vocabulary(value, words);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| vocabulary(item, words)),
        Value::String(text) => words.push(text.clone()),
        _ => {}
    }
}

/// Any JSON, mostly in the words of a product.
fn json(words: &[String]) -> BoxedStrategy<Value> {
    let word = prop_oneof![
        4 => prop::sample::select(words.to_vec()),
        1 => "[a-zA-Z0-9_<>$ ]{0,12}",
        1 => "-?[0-9]{1,12}([.][0-9]{1,3})?s?",
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (0u32..400).prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        (-1e12..1e12).prop_map(Value::from),
        word.clone().prop_map(Value::from),
    ];
    // A key is one step of a path: it has no dot and is not empty.
    let key =
        word.prop_map(|word| if word.is_empty() { "_".into() } else { word.replace('.', "_") });
    leaf.prop_recursive(4, 24, 6, move |below| {
        prop_oneof![
            1 => prop::collection::vec(below.clone(), 0..4).prop_map(Value::from),
            3 => prop::collection::vec((key.clone(), below), 0..8)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
    .boxed()
}

/// What is done to one member of a document.
#[derive(Debug, Clone)]
enum Change {
    Remove,
    Replace(Value),
    Add(String, Value),
}

fn change(words: &[String]) -> BoxedStrategy<Change> {
    let names: Vec<String> = words.iter().map(|word| word.replace('.', "_")).collect();
    prop_oneof![
        Just(Change::Remove),
        json(words).prop_map(Change::Replace),
        (0u32..20).prop_map(|number| Change::Replace(number.into())),
        (prop::sample::select(names), json(words)).prop_map(|(key, value)| Change::Add(key, value)),
    ]
    .boxed()
}

/// Does `change` to the member of that number, counted through the document.
fn apply(value: &mut Value, left: &mut usize, change: &Change) {
    match value {
        Value::Object(members) => {
            let keys: Vec<String> = members.keys().cloned().collect();
            for key in keys {
                if *left == 0 {
                    match change {
                        Change::Remove => {
                            members.shift_remove(&key);
                        }
                        Change::Replace(with) => {
                            members.insert(key, with.clone());
                        }
                        Change::Add(name, with) => {
                            members.insert(name.clone(), with.clone());
                        }
                    }
                    *left = usize::MAX;
                    return;
                }
                *left -= 1;
                if let Some(below) = members.get_mut(&key) {
                    apply(below, left, change);
                }
                if *left == usize::MAX {
                    return;
                }
            }
        }
        Value::Array(items) => {
            for item in items {
                apply(item, left, change);
                if *left == usize::MAX {
                    return;
                }
            }
        }
        _ => {}
    }
}

/// A few decisions on readings of all sizes, one minute apart.
fn drive(policy: &ProductPolicy) {
    let context = PolicyContext {
        clock: WallClock::default(),
        concurrency: 1,
        initial: 2,
        end: Time::from_secs(3600),
        plan: None,
        recorded: Default::default(),
        replication: 0,
        explains: true,
    };
    let mut autoscaler = policy.autoscaler(&context);
    let mut desired = context.initial;
    for minute in 0..30 {
        let now = Time::from_secs(60 * minute);
        let value = [Some(0.0), None, Some(1e9), Some(50.0)][minute as usize / 2 % 4];
        let readings = vec![Reading { value, at: now }; autoscaler.signals.len()];
        let census = Census { ready: desired, ..Census::default() };
        let seen = Observation::new(now, census, desired, &readings);
        let decision = autoscaler.policy.observe(&seen);
        assert!(!decision.trail.is_empty());
        desired = decision.desired.min(1_000_000);
    }
}

/// Whether the path leads to something in the body; a key may have points in it.
fn leads(body: &Value, path: &str) -> bool {
    let beyond = |key: &str| {
        let rest = path.strip_prefix(key)?;
        if rest.is_empty() { Some(rest) } else { rest.strip_prefix('.') }
    };
    let below = |key: &str, value: &Value| beyond(key).is_some_and(|rest| leads(value, rest));
    match body {
        _ if path.is_empty() => true,
        Value::Array(items) => {
            items.iter().enumerate().any(|(at, item)| below(&at.to_string(), item))
        }
        Value::Object(members) => members.iter().any(|(key, value)| below(key, value)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

/// Every error of a refusal names its code, and a place in the text.
fn judge(text: &str, loading: &Loading) {
    let errors =
        |found: &&autosim_policies::products::Found| found.fault.severity == Severity::Error;
    let refused: Vec<_> = loading.found.iter().filter(errors).collect();
    assert_eq!(loading.policy.is_none(), !refused.is_empty(), "{:?}\n{text}", loading.found);
    let Ok(document) = Document::parse(text) else { return };
    for found in &loading.found {
        // What is lacking altogether is autosim's to say, and has no place in the text.
        let Origin::File { file, span } = &found.origin else { continue };
        assert!(*file == 0 && text.get(span.clone()).is_some(), "{found:?}\n{text}");
        let body = document.bodies.get(found.fault.document);
        let path = found.fault.path.as_str();
        // To a member, or to one that is missing in something that is there.
        let above = path.rsplit_once('.').map_or("", |(above, _)| above);
        let there = body.is_some_and(|body| leads(body, path) || leads(body, above));
        assert!(there, "`{path}` {found:?}\n{text}");
    }
    for found in refused.iter().filter(|found| matches!(found.origin, Origin::File { .. })) {
        let fault = &found.fault;
        // A platform without codes of its own answers with a status.
        let coded = !fault.code.is_empty() || fault.status.is_some();
        assert!(coded && !fault.message.is_empty(), "{fault:?}\n{text}");
    }
}

/// The policy of a scenario that holds what `import` writes of it.
fn imported(policy: &ProductPolicy) -> ProductPolicy {
    let text = policy_toml("mine", policy);
    let read = load_policies(Sources::new("mine.toml", &text), &LoadOptions::default());
    let (policies, _) = read.unwrap_or_else(|found| panic!("{}\n{text}", found.render(false)));
    let [one] = policies.as_slice() else { panic!("{text}") };
    one.spec.product().unwrap_or_else(|| panic!("{text}")).clone()
}

/// Reads a document; where it is good, out and in again gives the same documents.
fn round(kind: &str, value: &Value, strict: bool) -> bool {
    let text = value.to_string();
    let loading = load(kind, &text, strict);
    judge(&text, &loading);
    let Some(policy) = loading.policy else { return false };
    let out = policy.export();
    let again = load(kind, &Value::Array(out.clone()).to_string(), strict);
    let second = again.policy.unwrap_or_else(|| panic!("{:#?}\n{out:#?}", again.found));
    assert_eq!(second.export(), out, "{text}");
    let as_text = load(kind, &policy.export_text(), strict).policy;
    assert_eq!(as_text.map(|policy| policy.export()), Some(out.clone()), "{text}");
    assert_eq!(imported(&policy).export(), out, "{text}");
    drive(&policy);
    drive(&second);
    true
}

#[test]
fn shipped_documents_go_out_and_come_in_again() {
    for kind in ProductFile::KINDS {
        assert!(round(kind, &sample(kind), false), "{kind}");
        let recognised = ProductFile::recognise(first(&sample(kind))).map(|one| one.kind);
        assert_eq!(recognised, Some(*kind));
    }
}

/// The document, or the first of several.
fn first(value: &Value) -> &Value {
    value.get(0).unwrap_or(value)
}

#[test]
fn any_json_is_taken_or_refused_with_a_code_and_a_place() {
    for kind in ProductFile::KINDS {
        let mut words = Vec::new();
        vocabulary(&sample(kind), &mut words);
        let config =
            ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) };
        proptest!(config, |(value in json(&words), strict in any::<bool>())| {
            round(kind, &value, strict);
            let _ = ProductFile::recognise(&value);
        });
    }
}

#[test]
fn good_documents_with_a_few_changes_are_taken_or_refused_with_a_code_and_a_place() {
    for kind in ProductFile::KINDS {
        let good = sample(kind);
        let mut words = Vec::new();
        vocabulary(&good, &mut words);
        let members = words.len();
        let config =
            ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) };
        let changes = prop::collection::vec((0..members, change(&words)), 1..4);
        let taken = std::cell::Cell::new(0u32);
        let refused = std::cell::Cell::new(0u32);
        proptest!(config, |(changes in changes)| {
            let mut value = good.clone();
            for (at, change) in &changes {
                apply(&mut value, &mut at.clone(), change);
            }
            let fate = if round(kind, &value, false) { &taken } else { &refused };
            fate.set(fate.get() + 1);
        });
        // Both fates are tried, or the changes are too small or too large to tell anything.
        assert!(taken.get() >= 20 && refused.get() >= 20, "{kind}: {taken:?} {refused:?}");
    }
}
