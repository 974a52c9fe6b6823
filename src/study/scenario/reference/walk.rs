//! From the schema to sections: each definition is met once, in the order of a scenario file.

use super::describe::{alternatives, described, is_family, is_table, key, line, reference, word};
use super::{Reference, Section, VALUES, Word};
use serde_json::Value;
use std::collections::BTreeMap;

/// Almost every table has one, so the family of laws stands after all tables.
const LAW: &str = "Law";
/// What stands for the key of a law in its places.
const ANY_KEY: &str = "KEY";

/// The sections of a schema; the table at the top of a file is called `name`.
pub(super) fn sections(schema: &Value, name: &str) -> Reference {
    let mut walk = Walk {
        schema,
        sections: Vec::new(),
        known: BTreeMap::new(),
        homes: BTreeMap::from([(LAW, ANY_KEY)]),
        root: "",
        later: Vec::new(),
    };
    for (name, property) in members(&schema["properties"]) {
        walk.settle(name, property);
    }
    walk.table(schema, &At { name: name.into(), ..At::default() });
    walk.root = ANY_KEY;
    walk.definition(LAW, &At { path: ANY_KEY.into(), ..At::default() });
    for (definition, header) in std::mem::take(&mut walk.later) {
        walk.also_at(definition, header);
    }
    walk.values();
    walk.name_what_keys_see();
    Reference { sections: walk.sections }
}

/// Where a definition is met.
#[derive(Clone, Default)]
struct At {
    /// What its section is to be called.
    name: String,
    /// The dotted path of its table in a file.
    path: String,
    /// Whether there are several of it: `[[outages]]`.
    list: bool,
    /// How deep below the table of its family.
    depth: usize,
}

impl At {
    fn header(&self) -> String {
        match (self.path.as_str(), self.list) {
            ("", _) => String::new(),
            (path, true) => format!("[[{path}]]"),
            (path, false) => format!("[{path}]"),
        }
    }

    /// The value of a key.
    fn below(&self, key: &str) -> Self {
        match self.path.as_str() {
            "" => Self { name: key.into(), path: key.into(), ..Self::default() },
            path => Self {
                name: format!("{}.{key}", self.name),
                path: format!("{path}.{key}"),
                list: false,
                depth: self.depth + 1,
            },
        }
    }

    /// Any entry of a table whose keys are names.
    fn named(&self) -> Self {
        Self { path: format!("{}.NAME", self.path), ..self.clone() }
    }
}

struct Walk<'s> {
    schema: &'s Value,
    sections: Vec<Section>,
    /// The section of each definition met so far.
    known: BTreeMap<&'s str, usize>,
    /// The key at the top of the file below which a definition is described, where that is settled.
    homes: BTreeMap<&'s str, &'s str>,
    /// The key at the top of the file that is being walked.
    root: &'s str,
    /// Places met before their definition was.
    later: Vec<(&'s str, String)>,
}

impl<'s> Walk<'s> {
    /// A definition that a key at the top of the file holds is described there, whoever else has it.
    fn settle(&mut self, root: &'s str, value: &'s Value) {
        for schema in alternatives(value) {
            if let Some(definition) = reference(schema) {
                self.homes.entry(definition).or_insert(root);
                self.settle(root, &self.schema["$defs"][definition]);
            }
            self.settle(root, &schema["items"]);
            self.settle(root, &schema["additionalProperties"]);
        }
    }

    /// What a value may be, as far as it has sections.
    fn follow(&mut self, value: &'s Value, at: &At) {
        for schema in alternatives(value) {
            if let Some(definition) = reference(schema) {
                self.definition(definition, at);
            } else if is_table(schema) {
                self.table(schema, at);
            }
            self.follow(&schema["items"], &At { list: true, ..at.clone() });
            if schema["additionalProperties"].is_object() {
                self.follow(&schema["additionalProperties"], &at.named());
            }
        }
    }

    fn definition(&mut self, definition: &'s str, at: &At) {
        let schema = &self.schema["$defs"][definition];
        if is_family(schema) || is_table(schema) {
            let header = match is_family(schema) {
                true => At { path: format!("{}.KIND", at.path), ..at.clone() }.header(),
                false => at.header(),
            };
            let elsewhere = self.homes.get(definition).is_some_and(|home| *home != self.root);
            if self.known.contains_key(definition) {
                self.also_at(definition, header);
            } else if elsewhere {
                self.later.push((definition, header));
            } else {
                self.known.insert(definition, self.sections.len());
                match is_family(schema) {
                    true => self.family(definition, schema, header, at),
                    false => self.table(schema, at),
                }
            }
        } else {
            self.follow(schema, at);
        }
    }

    /// Any key may hold a law: no place of it says more than that.
    fn also_at(&mut self, definition: &str, header: String) {
        if let Some(&section) = self.known.get(definition).filter(|_| definition != LAW) {
            self.sections[section].places.push(header);
        }
    }

    /// A table: its keys, then the tables below it.
    fn table(&mut self, table: &'s Value, at: &At) {
        let required: Vec<&str> =
            table["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let keys = members(&table["properties"]);
        let (meaning, examples) = described(table);
        self.sections.push(Section {
            name: at.name.clone(),
            places: vec![at.header()],
            meaning,
            examples,
            keys: keys
                .map(|(name, value)| key(self.schema, name, value, required.contains(&name)))
                .collect(),
            depth: at.depth,
            ..Section::default()
        });
        for (name, value) in members(&table["properties"]) {
            if at.path.is_empty() {
                self.root = name;
            }
            self.follow(value, &at.below(name));
        }
    }

    /// A family of kinds: their names, then each that has keys of its own.
    fn family(&mut self, definition: &str, family: &'s Value, header: String, at: &At) {
        let (meaning, examples) = described(family);
        let kinds = || {
            alternatives(family).flat_map(|one| {
                members(&one["properties"])
                    .map(move |(name, value)| (name, value, &one["description"]))
            })
        };
        self.sections.push(Section {
            name: word(definition),
            places: vec![header],
            meaning,
            examples,
            kinds: kinds()
                .map(|(kind, _, meaning)| Word { word: kind.into(), meaning: line(meaning) })
                .collect(),
            depth: at.depth,
            ..Section::default()
        });
        let own = |value| {
            let definition = reference(value).map(|definition| &self.schema["$defs"][definition]);
            described(definition.unwrap_or(value)).0
        };
        let meanings: Vec<String> = kinds().map(|(_, value, _)| own(value)).collect();
        for ((kind, value, meaning), own) in kinds().zip(&meanings) {
            let path = format!("{}.{kind}", at.path);
            let next = self.sections.len();
            self.follow(value, &At { name: kind.into(), path, list: false, depth: at.depth + 1 });
            // Kinds with the same keys share a description, which does not tell them apart.
            let shared = meanings.iter().filter(|meaning| *meaning == own).count() > 1;
            if let Some(section) = self.sections.get_mut(next).filter(|_| shared || own.is_empty())
            {
                section.meaning = format!("{}\n\n{own}", line(meaning)).trim_end().to_owned();
            }
        }
    }

    /// Definitions that are written as a text or a number: durations, rates, metrics.
    fn values(&mut self) {
        for (definition, schema) in members(&self.schema["$defs"]) {
            if schema["type"].is_string() && !is_table(schema) || schema["type"].is_array() {
                self.known.insert(definition, self.sections.len());
                let (meaning, _) = described(schema);
                let name = word(definition);
                self.sections.push(Section { name, meaning, ..Section::default() });
            }
        }
    }

    /// Keys were given definitions to see; a reader is given sections.
    fn name_what_keys_see(&mut self) {
        let name = |section: &Section| match section.is_value() {
            true => VALUES.to_owned(),
            false => section.name.clone(),
        };
        let names: Vec<String> = self.sections.iter().map(name).collect();
        for key in self.sections.iter_mut().flat_map(|section| &mut section.keys) {
            let section = |definition: String| self.known.get(definition.as_str());
            key.see = key.see.take().and_then(section).map(|&section| names[section].clone());
        }
    }
}

/// The members of a table of the schema; none where there is no table.
fn members(table: &Value) -> impl Iterator<Item = (&str, &Value)> {
    table.as_object().into_iter().flatten().map(|(name, value)| (name.as_str(), value))
}
