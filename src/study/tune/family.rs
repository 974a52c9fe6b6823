//! A policy and what may vary about it: from the keys that a user names to the places that hold them.

use super::{Axis, Point, Space};
use crate::scenario::{Layer, Scenario, json_schema, nearest_of, quoted_key};
use autosim_policies::products::Document;
use serde_json::Value;
use std::collections::BTreeMap;

/// A policy whose settings are tried, with the axes that mean something to it.
#[derive(Debug, Clone, PartialEq)]
pub struct Family {
    /// Its name in the scenario.
    pub policy: String,
    /// Its settings.
    pub space: Space,
    /// Where the values of each axis belong.
    places: Vec<Place>,
    /// Its documents in files.
    documents: Vec<DocumentFile>,
    /// Its kind, as a scenario names it.
    kind: String,
}

/// Documents: name and text.
type Texts = Vec<(String, String)>;

/// A document of a policy in a file.
#[derive(Debug, Clone, PartialEq)]
struct DocumentFile {
    /// The key that names it.
    key: &'static str,
    name: String,
    text: String,
}

/// Where a value belongs.
#[derive(Debug, Clone, PartialEq)]
enum Place {
    /// A key of the policy, from below its kind.
    Policy(String),
    /// A member of one of its documents: which of them, and the way to it.
    Document(usize, String),
    /// A key of the scenario, which changes what every policy meets.
    Scenario(String),
}

/// Keys of a scenario that a setting may not change, and why: they are the question, not an answer to it.
const FIXED: [(&str, &str); 18] = [
    ("slo", "it is what a setting has to keep"),
    ("price", "it is what a setting is chosen by"),
    ("duration", "settings are compared over the same time"),
    ("warmup", "settings are compared over the same time"),
    ("drain_limit", "settings are compared over the same time"),
    ("start", "settings are compared over the same time"),
    ("timeline", "it changes no figure"),
    ("workload", "settings are compared on the same traffic"),
    ("traffic_scale", "settings are compared on the same traffic"),
    ("services", "settings are compared in the same surroundings"),
    ("seed", "settings are compared on the same luck"),
    ("replications", "the search chooses them"),
    ("fidelity", "settings are compared by the same engine"),
    ("name", "it changes no figure"),
    ("question", "it changes no figure"),
    ("lesson", "it changes no figure"),
    ("base", "it changes no figure"),
    ("variants", "what differs where a policy runs is the policy's own"),
];

/// Words that stand for what each platform calls it.
const WORDS: [(&str, &[&str]); 3] = [
    (
        "min",
        &[
            "minReplicas",
            "minReplicaCount",
            "min_replicas",
            "min_containers",
            "min",
            "autoscaling.knative.dev/min-scale",
        ],
    ),
    (
        "max",
        &[
            "maxReplicas",
            "maxReplicaCount",
            "max_replicas",
            "max_containers",
            "max",
            "autoscaling.knative.dev/max-scale",
        ],
    ),
    (
        "target",
        &[
            "averageUtilization",
            "averageValue",
            "targetCPUUtilizationPercentage",
            "threshold",
            "target_ongoing_requests",
            "metricTargetAverageUtilization",
            "target",
            "autoscaling.knative.dev/target",
        ],
    ),
];

/// The policies of a scenario with the axes that each of them has.
///
/// # Errors
/// Every axis that means nothing, or too much, and what would help.
pub fn families(scenario: &Scenario, axes: &[Axis]) -> Result<Vec<Family>, Vec<String>> {
    let mut faults = Vec::new();
    let mut used = vec![false; axes.len()];
    let mut all = Vec::new();
    for competitor in &scenario.policies {
        let policy = &competitor.deployment.policy;
        let files = scenario.documents.get(&format!("policies.{}", competitor.name));
        let read = |(key, name): &(&'static str, String)| {
            let text = scenario.recipe.document(name)?.to_owned();
            Some(DocumentFile { key, name: name.clone(), text })
        };
        let mut family = Family {
            policy: competitor.name.clone(),
            space: Space { axes: Vec::new() },
            places: Vec::new(),
            documents: files.into_iter().flatten().filter_map(read).collect(),
            kind: policy.kind_name().to_owned(),
        };
        for (axis, used) in axes.iter().zip(&mut used) {
            let own = |other: &Axis| other.policy.as_ref() == Some(&competitor.name);
            let is_others = axis.policy.is_some() && !own(axis);
            // What is said of one policy goes before what is said of all.
            let goes_before = |other: &Axis| own(other) && other.key == axis.key;
            if is_others || (axis.policy.is_none() && axes.iter().any(goes_before)) {
                *used |= !is_others;
                continue;
            }
            match family.place(axis, scenario) {
                Ok(None) => {}
                Ok(Some((place, _))) if family.places.contains(&place) => {
                    *used = true;
                    let policy = &competitor.name;
                    faults.push(format!(
                        "--vary {}: it varies already for `{policy}`: give it once",
                        axis.key
                    ));
                }
                Ok(Some((place, axis))) => {
                    *used = true;
                    family.places.push(place);
                    family.space.axes.push(axis);
                }
                Err(fault) => {
                    *used = true;
                    faults.push(fault);
                }
            }
        }
        if !policy.needs_plan() {
            all.push(family);
        }
    }
    let unused = axes.iter().zip(used).filter(|(_, used)| !used);
    faults.extend(unused.map(|(axis, _)| unknown(axis, scenario, &all)));
    let too_many = all.iter().filter(|family| family.space.size().is_none());
    faults.extend(too_many.map(|family| {
        format!(
            "`{}` would have {:.0} settings, at most {}: take longer steps, or vary fewer keys at once",
            family.policy,
            family.space.size_told(),
            super::MOST_POINTS
        )
    }));
    if faults.is_empty() { Ok(all) } else { Err(faults) }
}

/// What helps where no policy has the key of an axis.
fn unknown(axis: &Axis, scenario: &Scenario, families: &[Family]) -> String {
    let names: Vec<&str> = scenario.policies.iter().map(|one| one.name.as_str()).collect();
    if let Some(policy) = axis.policy.as_ref().filter(|name| !names.contains(&name.as_str())) {
        return format!(
            "--vary {policy}:{}: there is no policy `{policy}`; {}",
            axis.key,
            nearest_of(policy, &names)
        );
    }
    let mut keys: Vec<String> = families.iter().flat_map(|family| family.keys(scenario)).collect();
    keys.sort();
    keys.dedup();
    let known: Vec<&str> = keys.iter().map(String::as_str).collect();
    format!("--vary {}: no policy has such a key; {}", axis.key, nearest_of(&axis.key, &known))
}

impl Family {
    /// Where an axis belongs, its values with the unit the key has; `None` if the policy has no such key.
    fn place(&self, axis: &Axis, scenario: &Scenario) -> Result<Option<(Place, Axis)>, String> {
        let key = axis.key.as_str();
        let first = key.split('.').next().unwrap_or_default();
        if first == "policies" {
            let own = ["policies".to_owned(), self.policy.clone(), self.kind.clone()].join(".");
            let rest = key.strip_prefix(&own).and_then(|rest| rest.strip_prefix('.'));
            let known = self.own(scenario);
            return Ok(rest.map(|rest| {
                let value = known.iter().find(|(way, _)| way == rest).map(|(_, value)| value);
                (Place::Policy(rest.to_owned()), of_today(axis, value))
            }));
        }
        let in_root = json_schema()["properties"].get(first).is_some();
        if in_root && (key.contains('.') || !self.knows(key, scenario)) {
            if let Some((_, why)) = FIXED.iter().find(|(fixed, _)| *fixed == first) {
                return Err(format!("--vary {key}: `{first}` cannot vary: {why}"));
            }
            let pointer = format!("/{}", key.replace('.', "/"));
            let today = of_today(axis, scenario.resolved.pointer(&pointer));
            return Ok(Some((Place::Scenario(key.to_owned()), today)));
        }
        let members = self.members(key);
        match members.as_slice() {
            [] => {}
            [(document, way, value)] => {
                let place = Place::Document(*document, way.clone());
                return Ok(Some((place, of_today(axis, Some(value)))));
            }
            several => {
                let ways = several.iter().map(|(_, way, _)| way.as_str());
                return Err(self.ambiguous(axis, ways));
            }
        }
        let found = self.own_keys(key, scenario);
        let direct = found.iter().find(|(way, _)| *way == key);
        let (way, value) = match (direct, found.as_slice()) {
            (Some(direct), _) | (None, [direct]) => direct,
            (None, []) => return Ok(self.absent(axis)),
            (None, several) => {
                return Err(self.ambiguous(axis, several.iter().map(|(way, _)| way.as_str())));
            }
        };
        Ok(Some((Place::Policy(way.clone()), of_today(axis, Some(value)))))
    }

    /// Where a member belongs that no document has, by the whole way to it: to the one that would hold it.
    fn absent(&self, axis: &Axis) -> Option<(Place, Axis)> {
        let way = axis.key.replace('[', ".").replace(']', "");
        let holds = |document: &DocumentFile| holder(document, &way).is_some();
        let document = self.documents.iter().position(holds)?;
        Some((Place::Document(document, way), axis.clone()))
    }

    /// Members that no document has yet: the way to each, and how much of it leads to what holds it.
    pub fn added(&self) -> Vec<(String, usize)> {
        let one = |place: &Place| match place {
            Place::Document(document, way) => {
                Some((way.clone(), holder(&self.documents[*document], way)?))
            }
            Place::Policy(_) | Place::Scenario(_) => None,
        };
        self.places.iter().filter_map(one).collect()
    }

    fn ambiguous<'a>(&self, axis: &Axis, ways: impl Iterator<Item = &'a str>) -> String {
        let mut ways: Vec<&str> = ways.collect();
        ways.dedup();
        if let [way] = ways[..] {
            return format!(
                "--vary {}: several documents of `{}` have {way}: put what is to vary into one of its own",
                axis.key, self.policy
            );
        }
        let ways = ways.into_iter();
        let ways: Vec<String> =
            ways.map(|way| format!("--vary {}:{way}=...", self.policy)).collect();
        format!(
            "--vary {}: `{}` has it several times: {}",
            axis.key,
            self.policy,
            ways.join(" or ")
        )
    }

    fn knows(&self, key: &str, scenario: &Scenario) -> bool {
        !self.members(key).is_empty() || !self.own_keys(key, scenario).is_empty()
    }

    /// Members of its documents that are called so: which document, the way, and what it is now.
    fn members(&self, key: &str) -> Vec<(usize, String, Value)> {
        let key = key.replace('[', ".").replace(']', "");
        let named = |key: &str| {
            let mut found = Vec::new();
            for (index, document) in self.documents.iter().enumerate() {
                let bodies = Document::parse_beside_others(&document.text).map(|read| read.bodies);
                for body in bodies.unwrap_or_default() {
                    let all = scalars(&body).into_iter().filter(|(way, _)| ends_with(way, key));
                    found.extend(all.map(|(way, value)| (index, way, value)));
                }
            }
            found
        };
        let found = named(&key);
        if !found.is_empty() {
            return found;
        }
        let words = WORDS.iter().find(|(word, _)| *word == key).map_or(&[][..], |(_, words)| words);
        words.iter().map(|word| named(word)).find(|found| !found.is_empty()).unwrap_or_default()
    }

    /// Keys of the policy that end so, from below its kind, and what they are now; not those of documents, nor items
    /// of lists.
    fn own_keys(&self, key: &str, scenario: &Scenario) -> Vec<(String, Value)> {
        let all = self.own(scenario).into_iter();
        all.filter(|(way, _)| ends_with(way, key)).collect()
    }

    fn own(&self, scenario: &Scenario) -> Vec<(String, Value)> {
        let policy = &scenario.resolved["policies"][self.policy.as_str()][self.kind.as_str()];
        let listed = |way: &String| {
            way.split('.').any(|key| key.parse::<usize>().is_ok() || key == "bodies") //
        };
        scalars(policy).into_iter().filter(|(way, _)| !listed(way)).collect()
    }

    /// Every key that can be named.
    fn keys(&self, scenario: &Scenario) -> Vec<String> {
        let own = self.own(scenario).into_iter().map(|(way, _)| way);
        let members = self.documents.iter().flat_map(|document| {
            let bodies = Document::parse_beside_others(&document.text).map(|read| read.bodies);
            bodies.unwrap_or_default().iter().flat_map(scalars).collect::<Vec<_>>()
        });
        own.chain(members.map(|(way, _)| way)).collect()
    }

    /// A name for the policy with a setting, which says its values and is not taken.
    pub(super) fn name(&self, point: Option<Point>, is_taken: impl Fn(&str) -> bool) -> String {
        // Names are at most 100 letters, digits and dashes.
        const LONGEST: usize = 80;
        let values = point.map_or_else(String::new, |point| format!("-{}", self.space.told(point)));
        let plain = |c: char| if c.is_ascii_alphanumeric() || c == '_' { c } else { '-' };
        let mut name: String = format!("{}{values}", self.policy).chars().map(plain).collect();
        name = name.replace("--", "-");
        name.truncate(LONGEST);
        let first = name.clone();
        let mut further = 1;
        while is_taken(&name) {
            further += 1;
            name = format!("{first}-{further}");
        }
        name
    }

    /// Layers that make the policy with a setting a policy called `name`, and the documents that they name.
    ///
    /// # Errors
    /// What cannot be changed in a document, in words.
    pub(super) fn layers(
        &self,
        name: &str,
        point: Option<Point>,
    ) -> Result<(Vec<Layer>, Texts), String> {
        let mut layers = vec![Layer::copy(&self.policy, name)];
        let Some(point) = point else { return Ok((layers, Vec::new())) };
        let mut edits: Vec<Vec<(String, String)>> = vec![Vec::new(); self.documents.len()];
        for (place, (key, value)) in self.places.iter().zip(self.space.values(point)) {
            let said = format!("--vary {key}={value}");
            match place {
                Place::Policy(way) => {
                    let path = format!("policies.{name}.{}.{way}", self.kind);
                    layers.push(Layer::value(said, &path, value));
                }
                Place::Document(document, way) => {
                    edits[*document].push((way.clone(), value.to_owned()));
                }
                Place::Scenario(_) => {}
            }
        }
        if edits.iter().all(Vec::is_empty) {
            return Ok((layers, Vec::new()));
        }
        let mut documents = Vec::new();
        let mut named: BTreeMap<&str, Vec<toml::Value>> = BTreeMap::new();
        for (file, edits) in self.documents.iter().zip(&edits) {
            let name = format!("{} ({})", file.name, self.space.told(point));
            documents.push((name.clone(), edited(&file.name, &file.text, edits)?));
            named.entry(file.key).or_default().push(name.into());
        }
        for (key, mut names) in named {
            let value = match key {
                "document" => names.remove(0),
                _ => toml::Value::Array(names),
            };
            let said = format!("--vary of `{}`", self.policy);
            let path = format!("policies.{name}.{}.{key}", self.kind);
            layers.push(Layer::value(said, &path, &value.to_string()));
        }
        Ok((layers, documents))
    }

    /// What a setting changes for every policy: keys of the scenario and their values.
    pub(super) fn around(&self, point: Option<Point>) -> Vec<(String, String)> {
        let Some(point) = point else { return Vec::new() };
        let places = self.places.iter().zip(self.space.values(point));
        let own = places.filter_map(|(place, (_, value))| match place {
            Place::Scenario(key) => Some((key.clone(), value.to_owned())),
            Place::Policy(_) | Place::Document(..) => None,
        });
        own.collect()
    }

    /// Its documents with the values of a setting in those members that vary, everything else as it was written: name
    /// and text; not those in which nothing varies.
    ///
    /// # Errors
    /// What cannot be changed, in words.
    pub fn exported(&self, point: Point) -> Result<Vec<(String, String)>, String> {
        let (_, texts) = self.layers(&self.policy, Some(point))?;
        let varies = |at: usize| {
            self.places.iter().any(|place| matches!(place, Place::Document(own, _) if *own == at))
        };
        let all = self.documents.iter().zip(texts).enumerate();
        let those = all.filter(|(at, _)| varies(*at));
        Ok(those.map(|(_, (file, (_, text)))| (file.name.clone(), text)).collect())
    }

    /// The flags that make a setting of the policy as it is: `--set` of a run, `--edit` of an export.
    pub fn flags(&self, point: Point) -> Vec<String> {
        let places = self.places.iter().zip(self.space.values(point));
        let flag = |(place, (_, value)): (&Place, (&str, &str))| match place {
            Place::Policy(way) => {
                let policy = quoted_key(&self.policy);
                for_a_shell("--set", &format!("policies.{policy}.{}.{way}={value}", self.kind))
            }
            Place::Scenario(key) => for_a_shell("--set", &format!("{key}={value}")),
            Place::Document(_, way) => for_a_shell("--edit", &format!("{way}={value}")),
        };
        places.map(flag).collect()
    }
}

/// A flag as it is pasted into a shell.
fn for_a_shell(flag: &str, value: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.=%/:,".contains(c);
    match value.chars().all(plain) {
        true => format!("{flag} {value}"),
        false => format!("{flag} '{}'", value.replace('\'', r"'\''")),
    }
}

fn edited(file: &str, text: &str, edits: &[(String, String)]) -> Result<String, String> {
    let document = Document::parse_beside_others(text)
        .map_err(|wrong| format!("{file}: {}", wrong.message))?;
    document.with(text, edits).map_err(|all| {
        let line = |one: &autosim_policies::products::NotEdited| {
            format!("{file}: {}: {} ({})", one.path, one.message, one.remedy)
        };
        all.iter().map(line).collect::<Vec<_>>().join("; ")
    })
}

/// How much of the way to a member leads to what would hold it in a document; `None`: it is there, or nothing would.
fn holder(document: &DocumentFile, way: &str) -> Option<usize> {
    let read = Document::parse_beside_others(&document.text).ok()?;
    read.holder(way).map(str::len)
}

/// An axis beside what its key is now: which of its values that is. Its bare numbers have the percent sign of it.
fn of_today(axis: &Axis, value: Option<&Value>) -> Axis {
    let mut axis = axis.clone();
    if value.and_then(Value::as_str).is_some_and(|text| text.ends_with('%')) {
        let bare = |value: &&mut String| value.parse::<f64>().is_ok();
        axis.values.iter_mut().filter(bare).for_each(|value| value.push('%'));
    }
    match value {
        Some(Value::String(text)) => axis.with_today(text),
        Some(value) => axis.with_today(&value.to_string()),
        None => axis,
    }
}

/// Whether a way ends with a key, whole names compared.
fn ends_with(way: &str, key: &str) -> bool {
    way.strip_suffix(key).is_some_and(|before| before.is_empty() || before.ends_with('.'))
}

/// Every scalar below a value, with the way to it.
fn scalars(value: &Value) -> Vec<(String, Value)> {
    fn collect(value: &Value, way: &str, all: &mut Vec<(String, Value)>) {
        let below =
            |key: &str| if way.is_empty() { key.to_owned() } else { format!("{way}.{key}") };
        match value {
            Value::Object(members) => {
                members.iter().for_each(|(key, value)| collect(value, &below(key), all));
            }
            Value::Array(items) => {
                let numbered = items.iter().enumerate();
                numbered.for_each(|(at, value)| collect(value, &below(&at.to_string()), all));
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
                all.push((way.to_owned(), value.clone()));
            }
        }
    }
    let mut all = Vec::new();
    collect(value, "", &mut all);
    all
}
