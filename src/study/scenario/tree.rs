//! TOML trees with the place of every key and value: lookup by path, by place, overriding, removal.

use std::ops::Range;
use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};

/// Where a key and its value stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    /// Keys from the root; items of arrays by number.
    pub(super) path: Vec<String>,
    /// The key; for items of arrays the item.
    pub(super) key: Range<usize>,
    /// The value.
    pub(super) value: Range<usize>,
}

/// A tree without values, kept to look places up after the text was read.
#[derive(Debug, Clone, Default)]
pub(super) struct Places {
    all: Vec<Place>,
}

impl Places {
    /// Every key of a tree, parents before children.
    pub(super) fn of(root: &DeTable<'_>) -> Self {
        let mut all = Vec::new();
        collect_table(root, &mut Vec::new(), &mut all);
        Self { all }
    }

    /// The deepest key or value that has exactly this place.
    pub(super) fn at(&self, span: &Range<usize>) -> Option<(&Place, bool)> {
        let is_key = |place: &&Place| place.key == *span;
        let key = self.all.iter().rev().find(is_key).map(|place| (place, true));
        key.or_else(|| {
            self.all.iter().rev().find(|place| place.value == *span).map(|place| (place, false))
        })
    }

    /// The first key at a path.
    pub(super) fn first(&self, path: &[String]) -> Option<&Place> {
        self.all.iter().find(|place| place.path == path)
    }

    /// The key a dotted path names, or the nearest key above it that exists, and whether it was the key
    /// itself. Paths of checks may leave out the name of a kind (`policies.steady.max` for
    /// `policies.steady.target-tracking.max`), so a key that is the only one of its table is entered
    /// where that leads further.
    pub(super) fn nearest(&self, path: &str) -> Option<(&Place, bool)> {
        let mut best: Option<&Place> = None;
        let mut rest = path;
        let mut here: Vec<String> = Vec::new();
        while !rest.is_empty() {
            let Some((place, left)) = self.step(&here, rest) else {
                return best.map(|place| (place, false));
            };
            here.clone_from(&place.path);
            best = Some(place);
            rest = left;
        }
        best.map(|place| (place, true))
    }

    /// One key deeper: the longest child of `here` that `rest` begins with.
    fn step<'a, 'r>(&'a self, here: &[String], rest: &'r str) -> Option<(&'a Place, &'r str)> {
        let direct = |at: &[String]| {
            self.children(at)
                .filter_map(|place| {
                    let left = rest.strip_prefix(place.path.last()?.as_str())?;
                    let left = if left.is_empty() { left } else { left.strip_prefix('.')? };
                    Some((place, left))
                })
                .max_by_key(|(place, _)| place.path.last().map_or(0, String::len))
        };
        direct(here).or_else(|| {
            let mut children = self.children(here);
            match (children.next(), children.next()) {
                (Some(only), None) => direct(&only.path),
                _ => None,
            }
        })
    }

    fn children<'a>(&'a self, here: &[String]) -> impl Iterator<Item = &'a Place> + use<'a> {
        let here = here.to_vec();
        self.all
            .iter()
            .filter(move |place| place.path.split_last().is_some_and(|(_, front)| front == here))
    }
}

fn collect_table(table: &DeTable<'_>, path: &mut Vec<String>, all: &mut Vec<Place>) {
    for (key, value) in table {
        path.push(key.get_ref().to_string());
        all.push(Place { path: path.clone(), key: key.span(), value: value.span() });
        collect_value(value.get_ref(), path, all);
        path.pop();
    }
}

fn collect_value(value: &DeValue<'_>, path: &mut Vec<String>, all: &mut Vec<Place>) {
    match value {
        DeValue::Table(table) => collect_table(table, path, all),
        DeValue::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                path.push(index.to_string());
                all.push(Place { path: path.clone(), key: item.span(), value: item.span() });
                collect_value(item.get_ref(), path, all);
                path.pop();
            }
        }
        DeValue::String(_)
        | DeValue::Integer(_)
        | DeValue::Float(_)
        | DeValue::Boolean(_)
        | DeValue::Datetime(_) => {}
    }
}

/// Removes what a path names, and every table and array that becomes empty by it; an item of an array moves
/// those after it.
pub(super) fn remove(root: &mut DeTable<'_>, path: &[String]) {
    let [first, rest @ ..] = path else { return };
    let emptied = match root.get_mut(first.as_str()).map(Spanned::get_mut) {
        None => return,
        Some(value) => remove_in(value, rest),
    };
    if emptied {
        root.remove(first.as_str());
    }
}

/// Removes inside a value; true if it is to go as well.
fn remove_in(value: &mut DeValue<'_>, path: &[String]) -> bool {
    match (value, path) {
        (DeValue::Table(table), [_, ..]) => {
            remove(table, path);
            table.is_empty()
        }
        (DeValue::Array(items), [index, rest @ ..]) => remove_item(items, index, rest),
        _ => true,
    }
}

fn remove_item(items: &mut DeArray<'_>, index: &str, rest: &[String]) -> bool {
    let Some((at, item)) = index.parse().ok().and_then(|at: usize| Some((at, items.get_mut(at)?)))
    else {
        return true;
    };
    if remove_in(item.get_mut(), rest) {
        let kept = std::mem::replace(items, DeArray::new()).into_iter().enumerate();
        *items = kept.filter(|(place, _)| *place != at).map(|(_, item)| item).collect();
    }
    items.is_empty()
}

/// Writes `value` where a path leads, if it leads anywhere.
pub(super) fn replace<'t>(root: &mut DeTable<'t>, path: &[String], value: DeValue<'t>) {
    let [first, rest @ ..] = path else { return };
    let mut here = root.get_mut(first.as_str()).map(Spanned::get_mut);
    for key in rest {
        here = match here {
            Some(DeValue::Table(table)) => table.get_mut(key.as_str()).map(Spanned::get_mut),
            Some(DeValue::Array(items)) => {
                key.parse().ok().and_then(|at: usize| items.get_mut(at)).map(Spanned::get_mut)
            }
            Some(_) | None => None,
        };
    }
    if let Some(here) = here {
        *here = value;
    }
}

/// Lays `over` on `base`: tables on the way are joined, what is at the end of `path` is replaced.
pub(super) fn overlay<'t>(base: &mut DeTable<'t>, over: DeTable<'t>, depth: usize) {
    for (key, value) in over {
        let name = key.get_ref().to_string();
        let span = value.span();
        match (base.get_mut(name.as_str()).map(Spanned::get_mut), value.into_inner()) {
            (Some(DeValue::Table(under)), DeValue::Table(over)) if depth > 1 => {
                overlay(under, over, depth - 1);
            }
            (_, value) => {
                base.remove(name.as_str());
                base.insert(key, Spanned::new(span, value));
            }
        }
    }
}

/// A policy, and what is different where it runs, once more under another name.
pub(super) fn copy_policy(root: &mut DeTable<'_>, of: &str, name: &str) {
    for table in ["policies", "variants"] {
        let Some(DeValue::Table(table)) = root.get_mut(table).map(Spanned::get_mut) else {
            continue;
        };
        if let Some((key, value)) = table.get_key_value(of) {
            let (span, value) = (key.span(), value.clone());
            table.insert(Spanned::new(span, name.to_owned().into()), value);
        }
    }
}

/// A name as one key of a dotted path.
pub fn quoted_key(name: &str) -> String {
    let bare = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    match name.chars().all(bare) {
        true => name.to_owned(),
        false => toml::Value::String(name.into()).to_string(),
    }
}

/// A value at a dotted path of plain keys, for overrides: the text of a TOML line.
pub(super) fn override_line(path: &str, value: &str) -> String {
    let as_toml = format!("x = {value}");
    let is_toml = DeTable::parse(&as_toml).is_ok_and(|table| table.get_ref().len() == 1);
    if is_toml {
        format!("{path} = {value}")
    } else {
        format!("{path} = {}", toml::Value::String(value.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "a = 1\n[b.c]\nd = [ { e = 2 } ]\n[policies.x.fixed]\nreplicas = 3\n";

    fn path(place: Option<(&Place, bool)>) -> (String, bool) {
        place.map_or((String::new(), false), |(place, exact)| (place.path.join("."), exact))
    }

    #[test]
    fn a_path_finds_its_key_or_the_nearest_above() {
        let root = DeTable::parse(TEXT).unwrap();
        let places = Places::of(root.get_ref());
        for (asked, found, exact) in [
            ("a", "a", true),
            ("b.c.d.0.e", "b.c.d.0.e", true),
            ("b.c.missing", "b.c", false),
            ("policies.x.replicas", "policies.x.fixed.replicas", true),
            ("policies.x.fixed.replicas", "policies.x.fixed.replicas", true),
            ("nothing", "", false),
        ] {
            assert_eq!(path(places.nearest(asked)), (found.to_owned(), exact), "{asked}");
        }
    }

    #[test]
    fn removal_takes_emptied_tables_along() {
        let mut root = DeTable::parse(TEXT).unwrap();
        remove(root.get_mut(), &["policies".into(), "x".into(), "fixed".into(), "replicas".into()]);
        assert_eq!(
            format!("{:?}", root.get_ref().keys().map(|key| key.get_ref()).collect::<Vec<_>>()),
            "[\"a\", \"b\"]"
        );
    }

    #[test]
    fn an_override_replaces_what_it_names_and_keeps_the_rest() {
        let mut root = DeTable::parse("[s]\nlaw = { constant = 1 }\nn = 1\n").unwrap();
        let over = DeTable::parse("s.law = { exponential = 2 }").unwrap();
        overlay(root.get_mut(), over.into_inner(), 2);
        let text = format!("{:?}", Places::of(root.get_ref()).all);
        assert!(text.contains("exponential") && !text.contains("constant"), "{text}");
        assert!(text.contains("\"n\""), "{text}");
    }

    #[test]
    fn bare_words_of_an_override_become_text() {
        for (value, line) in [
            ("8", "k = 8"),
            ("400/s", "k = \"400/s\""),
            ("power-of-two", "k = \"power-of-two\""),
            ("{ constant = \"1s\" }", "k = { constant = \"1s\" }"),
            ("1\ny = 2", "k = \"\"\"\n1\ny = 2\"\"\""),
        ] {
            assert_eq!(override_line("k", value), line);
        }
    }
}
