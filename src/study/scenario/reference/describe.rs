//! What one schema says: the kind of its values, its default, its sentences.

use super::{Absent, Key, Word};
use serde_json::Value;

/// The definition a schema refers to.
pub(super) fn reference(schema: &Value) -> Option<&str> {
    schema["$ref"].as_str()?.strip_prefix("#/$defs/")
}

/// The schemas a value may follow, without the one that says it may be absent.
pub(super) fn alternatives(schema: &Value) -> impl Iterator<Item = &Value> {
    let several = schema["anyOf"].as_array().or_else(|| schema["oneOf"].as_array());
    let itself = several.is_none().then_some(schema).filter(|schema| schema.is_object());
    let several = several.into_iter().flatten().filter(|one| one["type"] != "null");
    several.chain(itself)
}

/// A table with keys of its own, or with none to set.
pub(super) fn is_table(schema: &Value) -> bool {
    schema["properties"].is_object() || schema["additionalProperties"] == Value::Bool(false)
}

/// A choice of tables with one key each, their kind.
pub(super) fn is_family(schema: &Value) -> bool {
    schema["oneOf"].as_array().is_some_and(|kinds| kinds.iter().all(is_table))
}

/// One key of a table. What it sees is the name of a definition.
pub(super) fn key(root: &Value, name: &str, value: &Value, required: bool) -> Key {
    let (meaning, stated) = without_default(&line(&value["description"]));
    let default = match (required, stated, &value["default"]) {
        (true, ..) => Absent::Refused,
        (false, Some(stated), _) => Absent::Default(stated),
        (false, None, Value::Null) => Absent::Nothing,
        (false, None, Value::String(word)) => Absent::Default(word.clone()),
        (false, None, value) => Absent::Default(plain(value)),
    };
    let mut choices = Vec::new();
    let mut see = None;
    for definition in definitions(root, value) {
        see = see.or_else(|| Some(definition.to_owned()));
        choices.extend(words_to_choose(&root["$defs"][definition]));
    }
    let filled = value.get("default").cloned();
    let kind = kind(root, name, value);
    Key { name: name.into(), kind, see, choices, default, filled, meaning }
}

/// The definitions a value may follow, itself, as an entry of a list or table, or as one of a choice.
fn definitions<'s>(root: &'s Value, value: &'s Value) -> Vec<&'s str> {
    let mut found = Vec::new();
    for schema in alternatives(value) {
        let Some(definition) = reference(schema) else {
            for part in ["items", "additionalProperties"] {
                found.extend(definitions(root, &schema[part]));
            }
            continue;
        };
        match &root["$defs"][definition] {
            choice if choice["anyOf"].is_array() => found.extend(definitions(root, choice)),
            _ => found.push(definition),
        }
    }
    found
}

/// The words a choice offers; none where it is no choice of words.
fn words_to_choose(schema: &Value) -> Vec<Word> {
    let one = |schema: &Value| {
        let word = schema["const"].as_str()?.to_owned();
        Some(Word { word, meaning: line(&schema["description"]) })
    };
    schema["oneOf"].as_array().into_iter().flatten().filter_map(one).collect()
}

/// What may be written for a key: `duration`, `whole number of seconds, at least 1`, `list of tables`.
fn kind(root: &Value, name: &str, value: &Value) -> String {
    let mut kinds: Vec<String> = Vec::new();
    for schema in alternatives(value) {
        let kind = one_kind(root, name, schema);
        if !kinds.contains(&kind) {
            kinds.push(kind);
        }
    }
    kinds.join(" or ")
}

fn one_kind(root: &Value, name: &str, schema: &Value) -> String {
    if let Some(definition) = reference(schema) {
        let schema = &root["$defs"][definition];
        return if is_table(schema) {
            "table".into()
        } else if !words_to_choose(schema).is_empty() {
            "word".into()
        } else if schema["anyOf"].is_array() {
            kind(root, name, schema)
        } else {
            word(definition)
        };
    }
    if schema["items"].is_object() {
        return format!("list of {}", several(kind(root, name, &schema["items"])));
    }
    if let Some(members) = schema["prefixItems"].as_array() {
        let members: Vec<String> = members.iter().map(|one| kind(root, name, one)).collect();
        return format!("[{}]", members.join(", "));
    }
    if schema["additionalProperties"].is_object() {
        return format!("{} by name", several(kind(root, name, &schema["additionalProperties"])));
    }
    let types: Vec<&str> = match &schema["type"] {
        Value::Array(types) => types.iter().filter_map(Value::as_str).collect(),
        Value::String(one) => vec![one],
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => vec!["any"],
    };
    let types = types.into_iter().filter(|one| *one != "null");
    let types: Vec<String> = types.map(|one| simple(one, name, schema)).collect();
    types.join(" or ")
}

/// `table` as `tables`; a text or a duration is told apart by "list of" alone.
fn several(kind: String) -> String {
    match kind.as_str() {
        "table" => "tables".into(),
        "word" => "words".into(),
        _ => kind,
    }
}

fn simple(one: &str, name: &str, schema: &Value) -> String {
    let unit = match name {
        _ if name.ends_with("_s") => " of seconds",
        _ if name.ends_with("_bytes") || name.starts_with("bytes_") => " of bytes",
        _ => "",
    };
    match one {
        "integer" => format!("whole number{unit}{}", range(schema)),
        "number" => format!("number{unit}{}", range(schema)),
        "boolean" => "true or false".into(),
        "string" => "text".into(),
        "array" => "list".into(),
        "object" => "table".into(),
        _ => "table or text".into(),
    }
}

/// `, from 1 to 100`. That a count is not negative is said by no one.
fn range(schema: &Value) -> String {
    let bound =
        |name: &str| schema[name].as_f64().filter(|bound| name != "minimum" || *bound != 0.0);
    match (bound("minimum"), bound("maximum")) {
        (Some(least), Some(most)) => format!(", from {least} to {most}"),
        (Some(least), None) => format!(", at least {least}"),
        (None, Some(most)) => format!(", at most {most}"),
        (None, None) => String::new(),
    }
}

/// A value as a reader expects it: `1` for `1.0`.
fn plain(value: &Value) -> String {
    match value {
        Value::Number(number) => {
            number.as_f64().map_or_else(|| number.to_string(), |n| n.to_string())
        }
        Value::Array(list) => {
            format!("[{}]", list.iter().map(plain).collect::<Vec<_>>().join(", "))
        }
        Value::Null | Value::Bool(_) | Value::String(_) | Value::Object(_) => value.to_string(),
    }
}

/// The sentences of a description without the one that states the default, and what that states.
pub(super) fn without_default(description: &str) -> (String, Option<String>) {
    for (before, label) in [
        (". ", "Default: "),
        (". ", "Default "),
        ("; ", "default: "),
        ("", "Default: "),
        ("", "Default "),
    ] {
        let begins = format!("{before}{label}");
        let found = match before {
            "" => description.starts_with(label).then_some(0),
            _ => description.find(&begins),
        };
        let Some(at) = found else { continue };
        let rest = &description[at + begins.len()..];
        let end = rest.find(". ").unwrap_or_else(|| rest.trim_end_matches('.').len());
        let after = rest[end..].trim_start_matches(['.', ' ']);
        let kept = [description[..at].trim_end_matches('.'), after];
        let kept: Vec<&str> = kept.into_iter().filter(|part| !part.is_empty()).collect();
        let mut meaning = kept.join(". ");
        if !meaning.is_empty() && !meaning.ends_with('.') {
            meaning.push('.');
        }
        return (meaning, Some(rest[..end].to_owned()));
    }
    (description.to_owned(), None)
}

/// A description in one line.
pub(super) fn line(description: &Value) -> String {
    description.as_str().unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The sentences of a description, and its examples in TOML.
pub(super) fn described(schema: &Value) -> (String, Vec<String>) {
    let text = schema["description"].as_str().unwrap_or_default();
    let mut prose = String::new();
    let mut examples = Vec::new();
    for (at, part) in text.split("```").enumerate() {
        match at % 2 {
            0 => prose += part,
            _ => examples.push(part.trim_start_matches("toml").trim().to_owned()),
        }
    }
    (prose.trim().to_owned(), examples)
}

/// The name of a definition as a word of the reference: `LatencySlo` is `latency-slo`.
pub(super) fn word(definition: &str) -> String {
    let mut word = String::new();
    for letter in definition.chars() {
        if letter.is_ascii_uppercase() && !word.is_empty() {
            word.push('-');
        }
        word.push(letter.to_ascii_lowercase());
    }
    word
}
