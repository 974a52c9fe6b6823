//! Reading a tree into a type with every fault reported, not only the first.
//!
//! Serde stops at the first error. So the error is noted, the key it points at is taken out of the
//! tree, and the rest is read again, until it fits or nothing more can be taken out. Keys keep their
//! places in the text throughout, so that items of arrays are told by their numbers in the file.

use super::findings::Finding;
use super::tree::{Places, remove, replace};
use autosim_engine::fault::{Fault, Severity};
use serde::de::DeserializeOwned;
use toml::Spanned;
use toml::de::{DeTable, DeValue, Deserializer};

/// More faults than this in one file help nobody.
const MOST: usize = 100;

/// What could be read of a tree, what was wrong with it, and the paths that were taken out.
pub(super) struct Read<T> {
    pub(super) value: Option<T>,
    pub(super) findings: Vec<Finding>,
    pub(super) removed: Vec<Vec<String>>,
}

/// Reads as much of `root` as fits `T`.
pub(super) fn read<T: DeserializeOwned>(mut root: Spanned<DeTable<'_>>) -> Read<T> {
    let mut findings = Vec::new();
    let mut removed: Vec<Vec<String>> = Vec::new();
    let written = Places::of(root.get_ref());
    while findings.len() < MOST {
        let error = match T::deserialize(Deserializer::from(root.clone())) {
            Ok(value) => return Read { value: Some(value), findings, removed },
            Err(error) => error,
        };
        let places = Places::of(root.get_ref());
        let at = error.span().and_then(|span| culprit(&places, &span, error.message()));
        let here = at.as_ref().map_or(Vec::new(), |(path, _)| path.clone());
        let path = at
            .as_ref()
            .and_then(|(_, span)| written.at(span))
            .map_or_else(|| here.clone(), |(place, _)| place.path.clone());
        let follows = missing_field(error.message()).is_some_and(|field| {
            // Taken out itself, or emptied of what it held.
            removed.iter().any(|gone| {
                gone.strip_prefix(&path[..])
                    .is_some_and(|rest| rest.first().is_some_and(|k| k == field))
            })
        });
        if !follows {
            let span = at.map(|(_, span)| span).or_else(|| error.span());
            let kinds = kinds_of::<T>(&root, &here, error.message());
            findings.push(Finding::of(explain(&path, &kinds, error.message()), span));
        }
        if here.is_empty() {
            break;
        }
        remove(root.get_mut(), &here);
        // What is left of an array has other numbers than the file: nothing is said of it later.
        let item = path.iter().position(|key| key.parse::<usize>().is_ok());
        removed.extend(item.map(|at| path[..at].to_vec()));
        removed.push(path);
    }
    Read { value: None, findings, removed }
}

/// The key an error is about. An unknown kind is sometimes reported at the table that holds it.
fn culprit(
    places: &Places,
    span: &std::ops::Range<usize>,
    message: &str,
) -> Option<(Vec<String>, std::ops::Range<usize>)> {
    let (place, _) = places.at(span)?;
    if let Some(name) = quoted_after(message, "unknown variant ") {
        let path = format!("{}.{name}", place.path.join("."));
        if let Some((child, true)) = places.nearest(&path) {
            return Some((child.path.clone(), child.key.clone()));
        }
    }
    Some((place.path.clone(), span.clone()))
}

/// The kinds there are, where a value names none at all: what is said of a name that is not among them.
fn kinds_of<T: DeserializeOwned>(
    root: &Spanned<DeTable<'_>>,
    path: &[String],
    message: &str,
) -> Vec<String> {
    if message != NO_KIND {
        return Vec::new();
    }
    let mut asked = root.clone();
    replace(asked.get_mut(), path, DeValue::String("?".into()));
    let answer = T::deserialize(Deserializer::from(asked)).err();
    let answer = answer.as_ref().map_or("", |error| error.message());
    match answer.strip_prefix("unknown variant `?`, ") {
        Some(known) => names_in(known).into_iter().map(str::to_owned).collect(),
        None => Vec::new(),
    }
}

/// What is said of a value that is neither the name of a kind nor its table.
const NO_KIND: &str = "wanted string or table";

/// Serde's words in ours; `kinds` are those that could stand here.
fn explain(path: &[String], kinds: &[String], message: &str) -> Fault {
    let path = path.join(".");
    let fault = |message: String, hint: String| Fault {
        path: path.clone(),
        message,
        hint,
        severity: Severity::Error,
    };
    if let Some(name) = missing_field(message) {
        return fault(format!("`{name}` is missing"), format!("add `{name} = ...`"));
    }
    for (start, what) in [
        ("unknown field ", "unknown key"),
        ("unexpected keys in table: ", "unknown key"),
        ("unknown variant ", "unknown name"),
    ] {
        if let Some(rest) = message.strip_prefix(start) {
            let (found, known) = rest.split_once(", ").unwrap_or((rest, ""));
            let found = found.trim_matches('`');
            return fault(format!("{what} `{found}`"), nearest_of(found, &names_in(known)));
        }
    }
    if message == NO_KIND {
        let list = kinds.iter().map(|kind| format!("`{kind}`")).collect::<Vec<_>>().join(", ");
        let hint = if kinds.is_empty() { String::new() } else { format!("known: {list}") };
        return fault("it names no kind".into(), hint);
    }
    if message.starts_with("wanted exactly 1 element, more than 1") {
        return fault(
            "several kinds are named here".into(),
            "keep exactly one; an override of another kind replaces the whole table: \
             `--set 'KEY={ kind = ... }'`"
                .into(),
        );
    }
    // How wide a number was read is no matter of the reader's.
    let message = message.replace("` as i128", "`").replace("` as u128", "`");
    match message.split_once(", expected ") {
        Some((found, expected)) => fault(found.to_owned(), format!("expected {}", plain(expected))),
        None => match message.split_once("; expected ") {
            Some((found, expected)) => fault(found.to_owned(), format!("expected {expected}")),
            None => fault(message.clone(), String::new()),
        },
    }
}

/// What Rust calls a type, in a user's words.
fn plain(expected: &str) -> &str {
    match expected {
        "u8" => "a whole number, not negative and at most 255",
        "u16" => "a whole number, not negative and at most 65535",
        "u32" => "a whole number, not negative and at most 4294967295",
        "u64" | "usize" => "a whole number, not negative and at most 18446744073709551615",
        "i8" | "i16" | "i32" | "i64" => "a whole number",
        "f64" | "f32" => "a number",
        "a boolean" => "true or false",
        "a string" => "text in quotes",
        "a map" => "a table",
        "a sequence" => "an array",
        other => other.strip_prefix("struct ").map_or(other, |_| "a table"),
    }
}

fn missing_field(message: &str) -> Option<&str> {
    quoted_after(message, "missing field ")
}

fn quoted_after<'a>(message: &'a str, start: &str) -> Option<&'a str> {
    message.strip_prefix(start)?.strip_prefix('`')?.split('`').next()
}

/// The names between backticks, or after `available keys:`.
fn names_in(text: &str) -> Vec<&str> {
    match text.strip_prefix("available keys: ") {
        Some(list) => list.split(", ").collect(),
        None => text.split('`').skip(1).step_by(2).collect(),
    }
}

/// The nearest of the known names, if it is near at all: a likeness of 1 is the name itself.
pub fn nearest<'a>(found: &str, known: &[&'a str], likeness: f64) -> Option<&'a str> {
    // A name is never that long, and the comparison takes the product of both lengths.
    let found: String = found.chars().take(200).collect();
    let of = |name: &&'a str| strsim::jaro_winkler(&found, name);
    let near = known.iter().copied().filter(|name| of(name) > likeness);
    near.max_by(|a, b| of(a).total_cmp(&of(b)))
}

/// "Did you mean": the nearest of the known names, then all of them.
pub fn nearest_of(found: &str, known: &[&str]) -> String {
    let nearest = nearest(found, known, 0.7);
    let list = known.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    match (nearest, known) {
        (_, []) => "nothing is expected here".into(),
        (_, [only]) => format!("did you mean `{only}`?"),
        (Some(nearest), _) => format!("did you mean `{nearest}`? Known: {list}"),
        (None, _) => format!("known: {list}"),
    }
}
