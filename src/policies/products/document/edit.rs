//! A text with other scalars in place of some of its own, everything else as it was: comments, order, style.

use super::Document;
use serde_json::Value;
use std::ops::Range;

/// A change that could not be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotEdited {
    /// The way to the member, as it was given.
    pub path: String,
    /// Why not.
    pub message: String,
    /// What would help.
    pub remedy: String,
}

impl NotEdited {
    fn new(path: &str, message: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { path: path.to_owned(), message: message.into(), remedy: remedy.into() }
    }
}

/// A change that can be made: which body, the way in it, what is there now and what comes in its place.
struct Edit {
    body: usize,
    path: String,
    place: Range<usize>,
    value: Value,
    text: String,
}

/// `spec.metrics[0].type` with dots alone.
fn dotted(path: &str) -> String {
    path.replace('[', ".").replace(']', "")
}

fn at<'v>(value: &'v Value, path: &str) -> Option<&'v Value> {
    let (pointer, end) = super::way(value, path);
    value.pointer(&pointer).filter(|_| end == path.len())
}

impl Document {
    /// `text`, which this was read from, with other scalars: the way to each and what it is to be. A member
    /// that is told elsewhere too, by an anchor, is refused: it would change there as well.
    ///
    /// # Errors
    /// Every change that cannot be made.
    pub fn edited(&self, text: &str, edits: &[(String, String)]) -> Result<String, Vec<NotEdited>> {
        let (mut good, mut bad) = (Vec::new(), Vec::new());
        for (path, value) in edits {
            match self.edit(text, path, value) {
                Ok(edit) => good.push(edit),
                Err(wrong) => bad.push(wrong),
            }
        }
        good.sort_by_key(|edit| edit.place.start);
        for pair in good.windows(2).filter(|pair| pair[0].place == pair[1].place) {
            let message = "it is changed twice";
            bad.push(NotEdited::new(&pair[1].path, message, "give it once"));
        }
        if !bad.is_empty() {
            return Err(bad);
        }
        let (mut out, mut expected) = (text.to_owned(), self.bodies.clone());
        for edit in good.iter().rev() {
            out.replace_range(edit.place.clone(), &edit.text);
            let body = expected.get_mut(edit.body);
            let there = body.and_then(|body| body.pointer_mut(&super::way(body, &edit.path).0));
            if let Some(there) = there {
                *there = edit.value.clone();
            }
        }
        match Self::parse(&out) {
            Ok(read) if read.bodies == expected => Ok(out),
            Ok(_) | Err(_) => {
                let message = "another member would change with it: an anchor tells both";
                let remedy = "write the value out in the file first";
                let all = good.iter().map(|edit| NotEdited::new(&edit.path, message, remedy));
                Err(all.collect())
            }
        }
    }

    /// The same, where a member that is not there is added to the object that would hold it, before its first one,
    /// with what is missing on the way to it. Whether the platform knows such a member is not asked.
    ///
    /// # Errors
    /// Every change that cannot be made.
    pub fn with(&self, text: &str, edits: &[(String, String)]) -> Result<String, Vec<NotEdited>> {
        let (there, absent): (Vec<_>, Vec<_>) =
            edits.iter().cloned().partition(|(path, _)| self.holder(path).is_none());
        let mut out = self.edited(text, &there)?;
        for (path, value) in absent {
            // The one before may have made the object that holds this one.
            let read = Self::parse_beside_others(&out);
            let read = read.map_err(|wrong| {
                vec![NotEdited::new(&path, wrong.message.clone(), wrong.remedy)] //
            })?;
            out = read.added(&out, &path, &value).map_err(|wrong| vec![wrong])?;
        }
        Ok(out)
    }

    /// Of a member that is not there: the way to the object that would hold it, or what is missing on the way. `None`: it
    /// is there, or nothing would hold it.
    pub fn holder<'p>(&self, path: &'p str) -> Option<&'p str> {
        let bodies = || self.bodies.iter();
        if bodies().any(|value| at(value, &dotted(path)).is_some()) {
            return None;
        }
        let end = |value: &Value| {
            let (pointer, end) = super::way(value, path);
            let holds = end > 0 && value.pointer(&pointer).is_some_and(Value::is_object);
            holds.then_some(end)
        };
        bodies().filter_map(end).max().and_then(|end| path.get(..end))
    }

    fn added(&self, text: &str, path: &str, wanted: &str) -> Result<String, NotEdited> {
        let refuse = |message: &str, remedy: &str| Err(NotEdited::new(path, message, remedy));
        let Some(holder) = self.holder(path) else {
            return refuse("there is no such member", "add it to the file first");
        };
        let bodies = self.bodies.iter().enumerate();
        let holds: Vec<usize> = bodies
            .filter(|(_, value)| at(value, holder).is_some_and(Value::is_object))
            .map(|(body, _)| body)
            .collect();
        let [body] = holds[..] else {
            return refuse("several documents could hold it", "add it to the file first");
        };
        let keys: Vec<&str> = path[holder.len() + 1..].split('.').collect();
        let full = super::below(&self.prefixes[body], holder);
        let start = self.places.iter().find(|(known, _)| *known == full);
        let start = start.map_or(0, |(_, place)| place.start);
        // What is not there is read as JSON would read it.
        let value = replaced(&Value::Null, wanted).unwrap_or_default();
        let out = inserted(text, start, &keys, &value);
        let mut expected = self.bodies.clone();
        let mut below = expected[body].pointer_mut(&super::way(&self.bodies[body], holder).0);
        for key in &keys {
            below = below.map(|object| &mut object[*key]);
        }
        if let Some(below) = below {
            *below = value;
        }
        match Self::parse_beside_others(&out) {
            Ok(read) if read.bodies == expected => Ok(out),
            Ok(_) | Err(_) => {
                refuse("there is no room for it in the text", "add it to the file first")
            }
        }
    }

    fn edit(&self, text: &str, path: &str, wanted: &str) -> Result<Edit, NotEdited> {
        let way = dotted(path);
        let bodies = self.bodies.iter().enumerate();
        let found: Vec<(usize, &Value)> =
            bodies.filter_map(|(body, value)| Some((body, at(value, &way)?))).collect();
        let (body, there) = match found[..] {
            [one] => one,
            [] => {
                let remedy = "add the member to the file first: only what is there can be changed";
                return Err(NotEdited::new(path, "there is no such member", remedy));
            }
            _ => {
                let message = format!("{} documents have this member", found.len());
                return Err(NotEdited::new(path, message, "edit the file"));
            }
        };
        let Some(value) = replaced(there, wanted) else {
            let remedy = "give the way to one of its members";
            return Err(NotEdited::new(path, "it is a list or an object", remedy));
        };
        let full = super::below(&self.prefixes[body], &way);
        let place = self.places.iter().find(|(known, _)| *known == full);
        let place = place.map(|(_, place)| place.clone()).filter(|place| !place.is_empty());
        let place = place.ok_or_else(|| {
            NotEdited::new(path, "it has no place of its own in the text", "edit the file")
        })?;
        let written = written(&value, text.get(place.clone()).unwrap_or_default());
        Ok(Edit { body, path: way, place, value, text: written })
    }
}

/// A text with a member before the first one of the object that begins at `start`: in braces, or on lines of its own that
/// are indented as that one is.
fn inserted(text: &str, start: usize, keys: &[&str], value: &Value) -> String {
    let (before, after) = text.split_at(start);
    let (last, above) = keys.split_last().unwrap_or((&"", &[]));
    if let Some(inside) = after.strip_prefix('{') {
        let json = text.trim_start().starts_with(['{', '[']);
        let key = |key: &str| if json { Value::from(key).to_string() } else { key.to_owned() };
        let mut member = format!("{}: {value}", key(last));
        for above in above.iter().rev() {
            member = format!("{}: {{{member}}}", key(above));
        }
        let comma = if inside.trim_start().starts_with('}') { "" } else { ", " };
        return format!("{before}{{{member}{comma}{inside}");
    }
    let column = before.chars().rev().take_while(|c| *c != '\n').count();
    let mut member = String::new();
    for (depth, key) in above.iter().enumerate() {
        member += &format!("{key}:\n{}", " ".repeat(column + 2 * (depth + 1)));
    }
    let pad = " ".repeat(column);
    format!("{before}{member}{last}: {}\n{pad}{after}", written(value, ""))
}

/// What a scalar becomes; `None` of what is none. A text stays a text.
fn replaced(there: &Value, wanted: &str) -> Option<Value> {
    match there {
        Value::Array(_) | Value::Object(_) => None,
        Value::String(_) => Some(Value::String(wanted.to_owned())),
        Value::Null | Value::Bool(_) | Value::Number(_) => {
            let scalar = serde_json::from_str(wanted).ok();
            let scalar = scalar.filter(|value: &Value| !value.is_array() && !value.is_object());
            Some(scalar.unwrap_or_else(|| Value::String(wanted.to_owned())))
        }
    }
}

/// A scalar as it goes into the text, in quotes where the one before was, or where it would be read as
/// something else without.
fn written(value: &Value, before: &str) -> String {
    let Value::String(wanted) = value else { return value.to_string() };
    if before.starts_with('\'') && !wanted.contains('\'') {
        return format!("'{wanted}'");
    }
    let plain = Document::parse(&format!("a: {wanted}\n"));
    let reads_the_same = plain.is_ok_and(|read| read.bodies[0]["a"] == *value);
    match before.starts_with(['"', '\'']) || !reads_the_same {
        true => value.to_string(),
        false => wanted.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
# Ours; ask the shop team.
spec: # what is wanted
  max: 8   # quota
  size: 'small'
  request: \"250m\"
  limit: 500m
  dev/x.y: \"1\"
  each: {a: 1, b: [2, 3]}
  shared: &s {value: 5}
  again: *s
---
kind: other
size: 1
";

    fn edited(edits: &[(&str, &str)]) -> Result<String, Vec<String>> {
        let edits: Vec<_> =
            edits.iter().map(|&(path, value)| (path.to_owned(), value.to_owned())).collect();
        let wrong = |all: Vec<NotEdited>| {
            all.into_iter().map(|one| format!("{}: {}", one.path, one.message)).collect()
        };
        Document::parse(TEXT).unwrap().edited(TEXT, &edits).map_err(wrong)
    }

    /// | change | line before | after |
    #[test]
    fn scalars_are_replaced_where_they_stand_and_all_else_stays() {
        for (path, value, before, after) in [
            ("spec.max", "12", "max: 8   # quota", "max: 12   # quota"),
            ("spec.size", "large", "'small'", "'large'"),
            ("spec.size", "it's", "'small'", "\"it's\""),
            ("spec.request", "1", "\"250m\"", "\"1\""),
            ("spec.limit", "750m", "limit: 500m", "limit: 750m"),
            // A key with a dot in it.
            ("spec.dev/x.y", "2", "dev/x.y: \"1\"", "dev/x.y: \"2\""),
            // A text that would be read as a number.
            ("spec.limit", "2", "limit: 500m", "limit: \"2\""),
            ("spec.each.b[1]", "9", "[2, 3]", "[2, 9]"),
            ("spec.each.a", "null", "{a: 1,", "{a: null,"),
            ("spec.max", "a lot", "max: 8", "max: a lot"),
            ("size", "2", "size: 1", "size: 2"),
        ] {
            assert_eq!(edited(&[(path, value)]), Ok(TEXT.replace(before, after)), "{path}");
        }
        let both = edited(&[("spec.limit", "1000m"), ("spec.max", "10")]).unwrap();
        assert_eq!(both, TEXT.replace("500m", "1000m").replace("max: 8", "max: 10"));
        let json = "{\"min\": 1,\n \"max\": 4}";
        let document = Document::parse(json).unwrap();
        let edits = [("max".to_owned(), "6".to_owned())];
        assert_eq!(document.edited(json, &edits), Ok(json.replace('4', "6")));
    }

    /// | change | what is added | before what |
    #[test]
    fn a_member_that_is_not_there_is_added_to_the_object_that_would_hold_it() {
        let add = |text: &str, edits: &[(&str, &str)]| {
            let edits: Vec<_> =
                edits.iter().map(|&(path, value)| (path.to_owned(), value.to_owned())).collect();
            Document::parse(text).unwrap().with(text, &edits)
        };
        for (path, value, added, before) in [
            ("spec.min", "2", "min: 2\n  ", "max: 8"),
            ("spec.a.b.c", "5m", "a:\n    b:\n      c: 5m\n  ", "max: 8"),
            ("spec.each.c", "7", "c: 7, ", "a: 1,"),
        ] {
            let expected = TEXT.replacen(before, &format!("{added}{before}"), 1);
            assert_eq!(add(TEXT, &[(path, value)]), Ok(expected), "{path}");
        }
        // Two below what is not there, beside one that is.
        let both =
            add(TEXT, &[("spec.up.low", "1"), ("spec.max", "9"), ("spec.up.high", "2")]).unwrap();
        assert_eq!(both, TEXT.replace("max: 8", "up:\n    high: 2\n    low: 1\n  max: 9"));
        for (json, added) in [
            ("{\"a\": {}}", "{\"a\": {\"b\": 2}}"),
            ("{\"a\": {\"c\": 1}}", "{\"a\": {\"b\": 2, \"c\": 1}}"),
        ] {
            assert_eq!(add(json, &[("a.b", "2")]).as_deref(), Ok(added));
        }
        for path in ["other.x", "spec.max.x", "spec.each.b.7", "spec.shared.x"] {
            assert!(add(TEXT, &[(path, "1")]).is_err(), "{path}");
        }
    }

    #[test]
    fn what_cannot_be_changed_in_its_place_is_refused_with_all_its_fellows() {
        let found =
            edited(&[("spec.min", "1"), ("spec.each", "1"), ("spec.max", "9"), ("spec.max", "10")]);
        let expected = [
            "spec.min: there is no such member",
            "spec.each: it is a list or an object",
            "spec.max: it is changed twice",
        ];
        assert_eq!(found, Err(expected.map(str::to_owned).into()));
        for path in ["spec.shared.value", "spec.again.value"] {
            let found = edited(&[(path, "6")]).unwrap_err();
            assert!(found[0].contains("an anchor tells both"), "{found:?}");
        }
    }
}
