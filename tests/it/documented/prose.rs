//! Every key that a document names is one of a scenario, a word of the command line, or a name in what a
//! run leaves; every TOML block is a part of a scenario.

use super::{blocks, code, command, pages, root};
use crate::house::tree::File;
use autosim_engine::signal::Metric;
use autosim_study::scenario::{Reference, json_schema};
use autosim_study::tune::{Study, study_schema};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

/// Words in inline code that are of other worlds: programs, products' documents, states.
const OTHERS: &[&str] = &[
    // Words of balancers and products.
    "least_conn",
    "leastconn",
    "nohup",
    "app_scaled",
    "qps",
    // Who orders launches and sets counts besides the policy.
    "outside",
    "request",
];

/// The schema with nothing required: what a part of a scenario may hold.
fn of_parts(mut schema: Value) -> Value {
    fn loosen(schema: &mut Value) {
        match schema {
            Value::Object(members) => {
                if members.get("required").is_some_and(Value::is_array) {
                    members.remove("required");
                }
                members.values_mut().for_each(loosen);
            }
            Value::Array(list) => list.iter_mut().for_each(loosen),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    loosen(&mut schema);
    schema
}

/// What is wrong with a block of TOML as a part of a scenario.
fn wrong_block(block: &str, schema: &jsonschema::Validator) -> Vec<String> {
    let table: toml::Table = match toml::from_str(block) {
        Ok(table) => table,
        Err(error) => return vec![error.message().to_owned()],
    };
    let instance = serde_json::to_value(table).unwrap();
    schema
        .iter_errors(&instance)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect()
}

#[test]
fn every_block_of_toml_is_a_part_of_a_scenario_or_a_study() {
    let schema = jsonschema::validator_for(&of_parts(json_schema())).unwrap();
    let studies = jsonschema::validator_for(&study_schema()).unwrap();
    let (mut seen, mut wrong) = (0, Vec::new());
    for page in pages() {
        for block in blocks(&page.text, "toml") {
            seen += 1;
            let schema = if Study::is_meant(block) { &studies } else { &schema };
            let faults = wrong_block(block, schema);
            wrong.extend(faults.iter().map(|fault| format!("{}: {fault} in\n{block}", page.path)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(seen >= 15, "only {seen} blocks");
}

#[test]
fn a_block_that_is_no_part_of_a_scenario_is_noticed() {
    let schema = jsonschema::validator_for(&of_parts(json_schema())).unwrap();
    for (block, wrong) in [
        ("[service]\nconcurrency = 8\n", false),
        ("[service]\nconcurency = 8\n", true),
        ("[service]\nconcurrency = \"8\"\n", true),
        ("[service\n", true),
        ("[policies.a.target-tracking]\ntarget = '60%'\n", false),
        ("[policies.a.target-traking]\ntarget = '60%'\n", true),
    ] {
        assert_eq!(!wrong_block(block, &schema).is_empty(), wrong, "{block}");
    }
}

/// Everything that inline code may name.
struct Known {
    reference: Reference,
    words: BTreeSet<String>,
}

impl Known {
    fn all() -> Self {
        let mut reference = Reference::of_scenarios();
        reference.sections.extend(Reference::of(&study_schema(), "study").sections);
        let mut words: BTreeSet<String> = OTHERS.iter().map(|word| (*word).to_owned()).collect();
        for section in &reference.sections {
            words.extend(section.name.split('.').map(str::to_owned));
            words.extend(section.kinds.iter().map(|kind| kind.word.clone()));
            for key in &section.keys {
                words.insert(key.name.clone());
                words.extend(key.choices.iter().map(|choice| choice.word.clone()));
            }
        }
        for (verb, flags) in command::verbs() {
            words.extend(verb.split(' ').map(str::to_owned));
            words.extend(flags);
        }
        for metric in Metric::ALL {
            let name = metric.name();
            words.extend([name.to_owned(), format!("{name}_per_replica")]);
            // `cpu`, as scenarios write `cpu_percent`.
            words.extend(name.strip_suffix("_percent").map(str::to_owned));
        }
        for value in reference.sections.iter().filter(|section| section.places.is_empty()) {
            words.extend(value.meaning.split('"').skip(1).step_by(2).map(str::to_owned));
        }
        words.extend(pages().iter().map(|page| page.path.rsplit('/').next().unwrap().to_owned()));
        words.extend(named_in_the_quickstart());
        words.extend(left_by_a_run());
        Self { reference, words }
    }

    /// `queue.timeout`: a key or table by the end of its path.
    fn has_path(&self, path: &str) -> bool {
        let ends = |name: &str| name == path || name.ends_with(&format!(".{path}"));
        self.reference.sections.iter().any(|section| {
            ends(&section.name)
                || section.keys.iter().any(|key| {
                    ends(&format!("{}.{}", section.name, key.name))
                        || section.places.iter().any(|place| {
                            ends(&format!("{}.{}", place.trim_matches(['[', ']']), key.name))
                        })
                })
        })
    }

    /// What is wrong with inline code; nothing where it is of another form than a key.
    fn wrong(&self, span: &str, all_words: bool) -> Option<String> {
        let key_like = |text: &str| {
            let first = text.starts_with(|c: char| c.is_ascii_lowercase());
            first
                && text
                    .chars()
                    .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '-'))
        };
        if let Some((key, _)) = span.split_once(" = ") {
            if !key.split('.').all(key_like) {
                return None;
            }
            let last = key.rsplit('.').next().unwrap_or(key);
            let known = self.has_path(key) || !key.contains('.') && self.words.contains(last);
            return match toml::from_str::<toml::Table>(span) {
                Err(error) => Some(format!("`{span}`: {}", error.message())),
                Ok(_) if !known => Some(format!("`{span}`: no key `{key}`")),
                Ok(_) => None,
            };
        }
        if !all_words || !span.split('.').all(key_like) {
            return None;
        }
        let known = self.words.contains(span) || self.has_path(span);
        (!known).then(|| format!("`{span}` is no key, word of the command line, column or file"))
    }
}

/// Files, columns and members that a run and a search leave, of scenarios in which everything is used.
fn left_by_a_run() -> BTreeSet<String> {
    let folder = tempfile::tempdir().unwrap();
    let mut words = BTreeSet::new();
    fs::write(folder.path().join("all.toml"), EVERYTHING).unwrap();
    for verb in ["run", "tune --vary steady:target=50,90 --slo p50<2s"] {
        let output = Command::new(env!("CARGO_BIN_EXE_autosim"))
            .args(verb.split(' ').chain(["all.toml", "--out", "out", "--quiet"]))
            .current_dir(folder.path())
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        for entry in fs::read_dir(folder.path().join("out")).unwrap() {
            let path = entry.unwrap().path();
            words.insert(path.file_name().unwrap().to_str().unwrap().to_owned());
            words.extend(names_in(&path));
        }
    }
    words
}

/// The policies of the quickstart and the files it leaves of each.
fn named_in_the_quickstart() -> Vec<String> {
    let text = fs::read_to_string(root().join("scenarios/quickstart.toml")).unwrap();
    let scenario: toml::Table = toml::from_str(&text).unwrap();
    let policies = scenario["policies"].as_table().unwrap().keys();
    policies.flat_map(|name| [name.clone(), format!("timeline-{name}.svg")]).collect()
}

/// A scenario whose results have every column.
const EVERYTHING: &str = "
duration = '6h'
replications = 1
rollouts = [{ at = '1h' }]
outages = [{ at = '2h', kill = 1 }]
[slo]
latency = 'p99 < 300ms'
[workload.arrivals.main.step]
from = '1/s'
to = '30/s'
at = '3h'
[workload.arrivals.batch.poisson]
rate = '1/s'
[workload.priorities]
batch = 1
[service]
concurrency = 1
service_time.exponential = { mean = '50ms' }
[replica.cold_start]
provision = '5s'
pull = '5s'
boot = '5s'
warm_up = '5s'
[client]
timeout = '2s'
retries = { attempts = 2 }
[policies.small.fixed]
replicas = 2
[policies.steady.target-tracking]
metric = 'utilization'
target = '60%'
max = 8
";

/// Columns of a table, members of JSON.
fn names_in(path: &Path) -> BTreeSet<String> {
    fn members(value: &Value, names: &mut BTreeSet<String>) {
        match value {
            Value::Object(object) => {
                for (name, value) in object {
                    names.insert(name.clone());
                    members(value, names);
                }
            }
            Value::Array(list) => list.iter().for_each(|value| members(value, names)),
            Value::String(word) => _ = names.insert(word.clone()),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
    let ending = path.extension().and_then(|ending| ending.to_str());
    let mut names = BTreeSet::new();
    match ending {
        Some("csv") => {
            let text = fs::read_to_string(path).unwrap();
            names.extend(text.lines().next().unwrap_or_default().split(',').map(str::to_owned));
            // Words in cells too: what a launch was ordered by.
            names.extend(text.lines().skip(1).flat_map(|line| line.split(',')).map(str::to_owned));
        }
        Some("json" | "jsonl") => {
            let text = fs::read_to_string(path).unwrap();
            let values = serde_json::Deserializer::from_str(&text).into_iter::<Value>();
            values.for_each(|value| members(&value.unwrap(), &mut names));
        }
        Some(_) | None => {}
    }
    names
}

/// Pages about scenarios: every word in inline code is judged. The others speak of code, or of platforms'
/// documents; of them only `key = value` is judged.
const ABOUT_SCENARIOS: [&str; 4] = ["README.md", "docs/guide.md", "docs/fluid.md", "docs/MODEL.md"];

/// What is wrong with the inline code of a page.
fn wrong_code(page: &File, known: &Known) -> Vec<String> {
    let all_words = ABOUT_SCENARIOS.contains(&page.path.as_str());
    let spans: BTreeSet<String> = code(&page.text).into_iter().collect();
    let wrong = spans.iter().filter_map(|span| known.wrong(span, all_words));
    wrong.map(|wrong| format!("{}: {wrong}", page.path)).collect()
}

#[test]
fn every_key_named_in_prose_exists() {
    let known = Known::all();
    let wrong: Vec<String> = pages().iter().flat_map(|page| wrong_code(page, &known)).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(root().join("docs/guide.md").exists());
}

#[test]
fn a_key_that_is_none_is_noticed() {
    let known = Known::all();
    let text = "`replications`, `replikations`, `queue.timeout`, `queue.time_out`, `p99_ms`, `wasted_slots`,\n\
                `fidelity = \"fluid\"`, `fidelty = \"fluid\"`, `fidelity = fluid`, `summary.csv`, `sum.csv`, `Plane::load`";
    let page = File::new("docs/guide.md", text);
    let wrong = wrong_code(&page, &known);
    let named: Vec<&str> = wrong.iter().filter_map(|one| one.split('`').nth(1)).collect();
    assert_eq!(
        named,
        [
            "fidelity = fluid",
            "fidelty = \"fluid\"",
            "queue.time_out",
            "replikations",
            "sum.csv",
            "wasted_slots"
        ]
    );
    let page = File::new("docs/DESIGN.md", text);
    assert_eq!(wrong_code(&page, &known).len(), 2, "of other pages only keys with a value");
}
