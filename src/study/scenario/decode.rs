//! Reading a tree into a type with every fault reported, not only the first.
//!
//! Serde stops at the first error. So the error is noted, the key it points at is taken out of the
//! tree, and the rest is read again, until it fits or nothing more can be taken out. Keys keep their
//! places in the text throughout.

use super::findings::Finding;
use super::tree::{Places, remove};
use autosim_engine::fault::{Fault, Severity};
use serde::de::DeserializeOwned;
use toml::Spanned;
use toml::de::{DeTable, Deserializer};

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
    while findings.len() < MOST {
        let error = match T::deserialize(Deserializer::from(root.clone())) {
            Ok(value) => return Read { value: Some(value), findings, removed },
            Err(error) => error,
        };
        let places = Places::of(root.get_ref());
        let at = error.span().and_then(|span| culprit(&places, &span, error.message()));
        let path = at.as_ref().map_or(Vec::new(), |(path, _)| path.clone());
        let follows = missing_field(error.message()).is_some_and(|field| {
            // Taken out itself, or emptied of what it held.
            removed.iter().any(|gone| {
                gone.strip_prefix(&path[..])
                    .is_some_and(|rest| rest.first().is_some_and(|k| k == field))
            })
        });
        if !follows {
            let span = at.map(|(_, span)| span).or_else(|| error.span());
            findings.push(Finding::of(explain(&path, error.message()), span));
        }
        if path.is_empty() {
            break;
        }
        remove(root.get_mut(), &path);
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

/// Serde's words in ours.
fn explain(path: &[String], message: &str) -> Fault {
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
    if message.starts_with("wanted exactly 1 element, more than 1") {
        return fault(
            "several kinds are named here".into(),
            "keep exactly one; an override of another kind replaces the whole table: \
             `--set 'KEY={ kind = ... }'`"
                .into(),
        );
    }
    match message.split_once(", expected ") {
        Some((found, expected)) => fault(found.to_owned(), format!("expected {}", plain(expected))),
        None => match message.split_once("; expected ") {
            Some((found, expected)) => fault(found.to_owned(), format!("expected {expected}")),
            None => fault(message.to_owned(), String::new()),
        },
    }
}

/// What Rust calls a type, in a user's words.
fn plain(expected: &str) -> &str {
    match expected {
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number, not negative",
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

/// "Did you mean": the nearest of the known names, then all of them.
pub(super) fn nearest_of(found: &str, known: &[&str]) -> String {
    let score = |name: &&&str| (strsim::jaro_winkler(found, name) * 1e6) as u64;
    let nearest = known.iter().max_by_key(score).filter(|name| score(name) > 700_000);
    let list = known.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    match (nearest, known) {
        (_, []) => "nothing is expected here".into(),
        (_, [only]) => format!("did you mean `{only}`?"),
        (Some(nearest), _) => format!("did you mean `{nearest}`? Known: {list}"),
        (None, _) => format!("known: {list}"),
    }
}
