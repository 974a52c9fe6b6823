//! A platform's document, in JSON or YAML: its text, its value, and where in the text each member is.

mod edit;
mod wrapping;
mod yaml;

pub use edit::NotEdited;

use super::reader::below;
use jsonc_parser::ast::{ObjectProp, Value as Node};
use jsonc_parser::common::{Range as NodeRange, Ranged as _};
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};
use serde_json::Value;
use std::ops::Range;

/// Of every member: the path from the root of the text, its value's bytes.
type Places = Vec<(String, Range<usize>)>;

/// One document, or several that belong together in one text: an array of bodies, or those that something
/// of another kind, a manifest or a template, holds.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    /// The bodies in order.
    pub bodies: Vec<Value>,
    /// Of every body, the way to it from the root of the text.
    prefixes: Vec<String>,
    places: Places,
}

/// Why a text is no document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotADocument {
    /// What is wrong, as the reader of the format says it, or what it is instead.
    pub message: String,
    /// Where, in bytes.
    pub at: usize,
    /// What would be right.
    pub remedy: &'static str,
    /// Whether it is something else that is known by name, rather than broken.
    pub is_foreign: bool,
}

impl NotADocument {
    fn broken(message: impl Into<String>, at: usize) -> Self {
        let remedy = "a platform's document is JSON or YAML";
        Self { message: message.into(), at, remedy, is_foreign: false }
    }

    fn too_deep(remedy: &'static str, at: usize) -> Self {
        Self { remedy, ..Self::broken("nested too deeply", at) }
    }

    fn foreign(message: impl Into<String>, remedy: &'static str) -> Self {
        Self { message: message.into(), at: 0, remedy, is_foreign: true }
    }
}

impl Document {
    /// Reads a text in JSON, or in YAML: the first character other than space tells which, a brace or
    /// a bracket being JSON. Variables of a shell in a JSON body that was quoted for one, `"'"$NAME"'"`, are
    /// read as `"$NAME"`: published samples are full of them.
    ///
    /// # Errors
    /// Where the text stops being what it began as, and why; or what else it is.
    pub fn parse(text: &str) -> Result<Self, NotADocument> {
        let (value, places) = parsed(text)?;
        wrapping::open(value, places, text)
    }

    /// The same of a text that stands beside others of its product: a manifest that says nothing by itself is
    /// taken as it is.
    ///
    /// # Errors
    /// As [`Document::parse`].
    pub fn parse_beside_others(text: &str) -> Result<Self, NotADocument> {
        let (value, places) = parsed(text)?;
        wrapping::open(value.clone(), places.clone(), text).or_else(|wrong| {
            match wrapping::is_manifest(&value) {
                true => Ok(Self::of(value, places)),
                false => Err(wrong),
            }
        })
    }

    /// The document of a value that has no text of its own.
    pub fn of_value(value: Value) -> Self {
        let as_it_is = Self::of(value.clone(), Vec::new());
        wrapping::open(value, Vec::new(), "").unwrap_or(as_it_is)
    }

    fn of(value: Value, places: Places) -> Self {
        if let Value::Array(bodies) = value {
            let prefixes = (0..bodies.len()).map(|at| at.to_string()).collect();
            return Self { bodies, prefixes, places };
        }
        Self { bodies: vec![value], prefixes: vec![String::new()], places }
    }

    /// The bytes of a member of a body, or of the nearest thing above it that is there.
    pub fn place(&self, body: usize, path: &str) -> Option<Range<usize>> {
        let mut path = below(self.prefixes.get(body)?, path);
        loop {
            if let Some((_, place)) = self.places.iter().find(|(known, _)| *known == path) {
                return Some(place.clone());
            }
            let shorter = path.rfind('.').unwrap_or(0);
            if path.is_empty() {
                return None;
            }
            path.truncate(shorter);
        }
    }
}

/// How deep a JSON text may be nested, which is the parser's own limit.
const JSON_DEPTH: &str = "at most 127 objects and arrays inside each other";

/// How far a path (keys and places in lists, joined by dots) leads in a value: as a pointer of JSON, and in bytes of
/// the path. A key may have dots in it.
pub(super) fn way(value: &Value, path: &str) -> (String, usize) {
    let (mut value, mut rest, mut pointer, mut end) = (value, path, String::new(), 0);
    while !rest.is_empty() {
        let is_step = |key: &&str| {
            rest.strip_prefix(*key).is_some_and(|after| after.is_empty() || after.starts_with('.'))
        };
        let found = match value {
            Value::Object(members) => {
                // Of two that are steps the longer.
                let step = members.keys().map(String::as_str).filter(is_step).max();
                step.and_then(|step| Some((step, members.get(step)?)))
            }
            Value::Array(items) => {
                let step = rest.split('.').next().unwrap_or_default();
                step.parse().ok().and_then(|at: usize| Some((step, items.get(at)?)))
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
        };
        let Some((step, next)) = found else { break };
        pointer += &format!("/{}", step.replace('~', "~0").replace('/', "~1"));
        end = path.len() - rest.len() + step.len();
        rest = rest.get(step.len() + 1..).unwrap_or_default();
        value = next;
    }
    (pointer, end)
}

/// The value of a text, with the place of every member.
fn parsed(text: &str) -> Result<(Value, Places), NotADocument> {
    wrapping::refuse_other_languages(text)?;
    if text.trim_start().starts_with("{{") {
        // No object of JSON begins so.
        return Err(wrapping::template_of_helm(0));
    }
    match text.trim_start().chars().next() {
        None => {
            let hint = "a platform's document is JSON or YAML";
            Err(NotADocument::foreign("the document is empty", hint))
        }
        Some('{' | '[') => parse_json(text),
        Some(_) => yaml::parse(text).map_err(|wrong| match text.contains("{{") {
            true => wrapping::template_of_helm(wrong.at),
            false => wrong,
        }),
    }
}

fn parse_json(text: &str) -> Result<(Value, Places), NotADocument> {
    serde_json::from_str(text).map(|value| (value, places(text))).or_else(|error| {
        let value = serde_json::from_str(&without_shell(text, "\"", "\"")).map_err(|_| {
            let at = byte_of(text, error.line(), error.column());
            match plain(&error) {
                deep if deep == "recursion limit exceeded" => {
                    NotADocument::too_deep(JSON_DEPTH, at)
                }
                message => NotADocument::broken(message, at),
            }
        })?;
        // Replaced by as many bytes, so that every place is that of the text.
        Ok((value, places(&without_shell(text, "\"''", "''\""))))
    })
}

/// The parser's message without its place, which is given apart.
fn plain(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.split(" at line ").next().unwrap_or(&text).to_owned()
}

fn byte_of(text: &str, line: usize, column: usize) -> usize {
    let start =
        text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum::<usize>();
    (start + column.saturating_sub(1)).min(text.len())
}

/// Every member's path and bytes.
fn places(text: &str) -> Vec<(String, Range<usize>)> {
    let mut places = Vec::new();
    if let Ok(parsed) = parse_to_ast(text, &CollectOptions::default(), &ParseOptions::default())
        && let Some(root) = &parsed.value
    {
        collect(root, String::new(), &mut places);
    }
    places
}

/// The text with `opening` and `closing` in place of the quotes around a shell's variable.
fn without_shell(text: &str, opening: &str, closing: &str) -> String {
    const QUOTE: &str = "\"'\"";
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("\"'\"$") {
        let (before, after) = (&rest[..at], &rest[at + QUOTE.len()..]);
        let word = |c: char| c.is_ascii_alphanumeric() || "_{}".contains(c);
        let end = after.char_indices().skip(1).find(|&(_, c)| !word(c));
        let end = end.map_or(after.len(), |(end, _)| end);
        out.push_str(before);
        match after[end..].strip_prefix(QUOTE) {
            Some(beyond) => {
                out.extend([opening, &after[..end], closing]);
                rest = beyond;
            }
            None => {
                out.push_str(QUOTE);
                rest = after;
            }
        }
    }
    out + rest
}

fn collect(node: &Node<'_>, path: String, places: &mut Places) {
    let below = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
    match node {
        Node::Object(object) => {
            for ObjectProp { name, value, .. } in &object.properties {
                collect(value, below(name.as_str()), places);
            }
        }
        Node::Array(array) => {
            for (at, item) in array.elements.iter().enumerate() {
                collect(item, below(&at.to_string()), places);
            }
        }
        Node::StringLit(_) | Node::NumberLit(_) | Node::BooleanLit(_) | Node::NullKeyword(_) => {}
    }
    let NodeRange { start, end } = node.range();
    places.push((path, start..end));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_found_where_they_stand_and_missing_ones_at_what_holds_them() {
        let text = "{\"a\": {\"b\": [10, 20]},\n \"c\": 5}";
        let document = Document::parse(text).unwrap();
        let at = |path: &str| document.place(0, path).map(|place| &text[place]);
        assert_eq!(at("a.b.1"), Some("20"));
        assert_eq!(at("c"), Some("5"));
        assert_eq!(at("a.x.y"), Some("{\"b\": [10, 20]}"));
        assert_eq!(at("z"), Some(text));
    }

    #[test]
    fn a_document_without_anything_is_called_empty() {
        for text in ["", " \n\n"] {
            assert_eq!(Document::parse(text).unwrap_err().message, "the document is empty");
        }
    }

    /// | path | pointer | as much of it as there is |
    #[test]
    fn a_way_ends_at_what_is_there_and_keys_may_have_dots() {
        let value = serde_json::json!({"spec": {"a.b/c": "1", "a": [{"x": 1}]}});
        for (path, pointer, found) in [
            ("", "", ""),
            ("spec.a.0.x", "/spec/a/0/x", "spec.a.0.x"),
            ("spec.a.1.x", "/spec/a", "spec.a"),
            ("spec.a.b/c", "/spec/a.b~1c", "spec.a.b/c"),
            ("spec.a.b/d", "/spec/a", "spec.a"),
            ("spec.z", "/spec", "spec"),
            ("status", "", ""),
        ] {
            let (way, end) = way(&value, path);
            assert_eq!((way.as_str(), &path[..end]), (pointer, found), "{path}");
        }
    }

    #[test]
    fn an_array_is_several_bodies() {
        let text = "[{\"a\": 1}, {\"a\": 2}]";
        let document = Document::parse(text).unwrap();
        assert_eq!(document.bodies.len(), 2);
        assert_eq!(document.place(1, "a").map(|place| &text[place]), Some("2"));
        assert_eq!(document.place(1, "").map(|place| &text[place]), Some("{\"a\": 2}"));
    }

    #[test]
    fn variables_of_a_shell_are_texts_and_leave_every_place_as_it_is() {
        let text = "{\"a\": \"'\"$PROJECT_ID\"'\",\n \"b\": [\"'\"${X}\"'\", 5]}";
        let document = Document::parse(text).unwrap();
        assert_eq!(document.bodies[0]["a"], "$PROJECT_ID");
        assert_eq!(document.bodies[0]["b"][0], "${X}");
        assert_eq!(document.place(0, "a").map(|place| &text[place]), Some("\"'\"$PROJECT_ID\"'\""));
        assert_eq!(document.place(0, "b.1").map(|place| &text[place]), Some("5"));
        for wrong in ["{\"a\": \"'\"$X\"}", "{\"a\": \"'\"X\"'\"}", "{\"a\": \"'\"$\u{e9}"] {
            assert!(Document::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn nesting_has_a_limit_that_is_told_with_its_place() {
        let json = |depth: usize| "{\"a\":".repeat(depth) + "1" + &"}".repeat(depth);
        let flow = |depth: usize| format!("a: {}{}", "[".repeat(depth - 1), "]".repeat(depth - 1));
        let block = |depth: usize| {
            let line = |at: usize| format!("{}a:\n", " ".repeat(at));
            (0..depth).map(line).collect::<String>()
        };
        for (text, at, most) in
            [(&json as &dyn Fn(usize) -> String, "{", 127), (&flow, "[", 32), (&block, "a:", 32)]
        {
            assert!(Document::parse(&text(most)).is_ok(), "{most} of {at}");
            for depth in [most + 1, 2 * most, 5000] {
                let text = text(depth);

                let wrong = Document::parse(&text).unwrap_err();
                assert_eq!(wrong.message, "nested too deeply", "{depth} of {at}");
                assert!(wrong.remedy.starts_with(&format!("at most {most} ")), "{}", wrong.remedy);
                assert!(text[wrong.at..].starts_with(at), "{depth} of {at}: byte {}", wrong.at);
            }
        }
    }

    #[test]
    fn what_is_not_json_is_told_with_its_place() {
        let text = "{\"min\": 1,\n \"max\": 10,\n}";
        let wrong = Document::parse(text).unwrap_err();
        assert_eq!(&text[wrong.at..], "}");
        assert!(wrong.message.contains("trailing comma"), "{}", wrong.message);
        assert_eq!(Document::parse("").unwrap_err().at, 0);
    }
}
