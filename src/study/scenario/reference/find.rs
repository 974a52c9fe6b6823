//! Which part of the reference somebody asks for.

use super::{Reference, Section, VALUES};
use crate::scenario::decode::{nearest, nearest_of};
use std::fmt;

/// Nothing of the reference has this name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownKind {
    /// What was asked for.
    pub found: String,
    /// The nearest name, and all.
    pub hint: String,
}

impl fmt::Display for UnknownKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "nothing of a scenario is called `{}`; {}", self.found, self.hint)
    }
}

impl std::error::Error for UnknownKind {}

impl Reference {
    /// The sections of this name with the tables below them; else every table of this name wherever it
    /// stands (`retries`); else the keys of this name (`tolerance`, `service.queue.timeout`), each in a
    /// section that holds nothing else.
    pub fn find(&self, name: &str) -> Result<Self, UnknownKind> {
        let below = |section: &Section| {
            section.name.strip_prefix(name).is_some_and(|rest| rest.starts_with('.'))
        };
        let of = |section: &Section| {
            section.name == name || below(section) || name == VALUES && section.is_value()
        };
        let last = |section: &Section| section.name.rsplit('.').next() == Some(name);
        let matching = |is: &dyn Fn(&Section) -> bool| -> Vec<Section> {
            self.sections.iter().filter(|section| is(section)).cloned().collect()
        };
        let found = [matching(&of), matching(&last), self.keys_called(name)];
        match found.into_iter().find(|sections| !sections.is_empty()) {
            Some(sections) => Ok(Self { sections }),
            None => Err(UnknownKind { found: name.to_owned(), hint: self.nearly(name) }),
        }
    }

    /// Every name but those of tables below others.
    pub fn names(&self) -> Vec<&str> {
        let names = self.sections.iter().map(|section| section.name.as_str());
        names.filter(|name| !name.contains('.')).collect()
    }

    /// The nearest table, kind or key; of the tables alone there is a list.
    fn nearly(&self, name: &str) -> String {
        let keys = self.sections.iter().flat_map(|section| &section.keys);
        let keys: Vec<&str> = keys.map(|key| key.name.as_str()).collect();
        let names = self.names();
        match (nearest(name, &names, 0.9), nearest(name, &keys, 0.9)) {
            (None, Some(key)) => format!("did you mean `{key}`?"),
            (Some(_), _) | (None, None) => nearest_of(name, &names),
        }
    }

    fn keys_called(&self, name: &str) -> Vec<Section> {
        let only = |section: &Section| {
            let mut section = section.clone();
            let table = section.name.clone();
            section.keys.retain(|key| key.name == name || format!("{table}.{}", key.name) == name);
            section.meaning.clear();
            section.examples.clear();
            (!section.keys.is_empty()).then_some(section)
        };
        self.sections.iter().filter_map(only).collect()
    }
}
