//! Does the guide name everything a scenario may name, and the model every rule of balancing?

use autosim_engine::fleet::RoutingRule;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// What a scenario chooses from by name, as the schema calls it.
const REGISTRIES: [&str; 7] =
    ["Arrivals", "Format", "Law", "BalancingFile", "Policy", "Product", "Program"];

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

/// The names of one registry: words, or keys with parameters behind them.
fn names<'a>(schema: &'a serde_json::Value, registry: &str) -> BTreeSet<&'a str> {
    let choices = schema["$defs"][registry]["oneOf"].as_array().expect(registry);
    let word = |one: &'a serde_json::Value| one["const"].as_str();
    let key = |one: &'a serde_json::Value| {
        one["properties"].as_object().and_then(|keys| keys.keys().next()).map(String::as_str)
    };
    choices.iter().map(|one| word(one).or_else(|| key(one)).expect(registry)).collect()
}

/// The words that are written as code, within a line or in a block of lines.
fn words_of_code(text: &str) -> BTreeSet<&str> {
    let code = text.split('`').skip(1).step_by(2);
    code.flat_map(|code| code.split(|c: char| !c.is_alphanumeric() && c != '-')).collect()
}

#[test]
fn the_guide_names_every_source_format_law_rule_policy_and_product() {
    let schema = serde_json::from_str(&read("docs/scenario.schema.json")).unwrap();
    let guide = read("docs/guide.md");
    let said = words_of_code(&guide);
    for registry in REGISTRIES {
        let unsaid: Vec<&str> = names(&schema, registry).difference(&said).copied().collect();
        assert!(unsaid.is_empty(), "docs/guide.md says nothing of {unsaid:?} ({registry})");
    }
}

#[test]
fn the_model_says_how_every_routing_rule_chooses() {
    let model = read("docs/MODEL.md");
    let said = words_of_code(&model);
    for rule in RoutingRule::ALL {
        assert!(said.contains(rule.name()), "rule 4 of docs/MODEL.md says nothing of {rule:?}");
    }
}

#[test]
fn words_are_found_in_code_and_not_in_prose() {
    let text = "By steps. `fixed`, `a.ramp = 1`:\n```toml\n[x.on-off]\n```\nand constant.";
    let found = words_of_code(text);
    assert!(["fixed", "ramp", "on-off"].iter().all(|word| found.contains(word)), "{found:?}");
    assert!(!found.contains("steps") && !found.contains("constant"), "{found:?}");
}
