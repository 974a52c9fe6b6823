//! The reference: every key of a scenario file, read from its JSON Schema.
//!
//! [`Reference::of_scenarios`] walks the schema in the order of a scenario file. A table of the file, a
//! family of kinds (`law`, `policy`) or a kind of value (`duration`) is a [`Section`]; each stands once, where
//! it is met first. `markdown` and `text` write the same sections.

mod describe;
mod find;
mod markdown;
mod text;
mod walk;

pub use find::UnknownKind;
pub use markdown::SCENARIO_HEAD;

/// What the kinds of values are called together.
const VALUES: &str = "values";

/// Every key of a scenario file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// In the order of a scenario file; laws and kinds of values last.
    pub sections: Vec<Section>,
}

/// A table of the file, a family of kinds, or a kind of value.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Section {
    /// What it is asked for by: `service.queue`, `target-tracking`, `duration`.
    pub name: String,
    /// Where in a file it may stand, as TOML headers: `[service.queue]`. Empty for a kind of value.
    pub places: Vec<String>,
    /// What it is, in sentences.
    pub meaning: String,
    /// TOML that uses it.
    pub examples: Vec<String>,
    /// Its keys, in the order of the schema.
    pub keys: Vec<Key>,
    /// The kinds to choose from, where it is a family of them.
    pub kinds: Vec<Word>,
    /// How deep below the table of its family it stands; 0 begins one.
    pub depth: usize,
}

/// One key of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// As a file writes it.
    pub name: String,
    /// What may be written: `whole number`, `duration`, `list of tables`.
    pub kind: String,
    /// The section that says more about that.
    pub see: Option<String>,
    /// The words to choose from, where there are but some.
    pub choices: Vec<Word>,
    /// What stands in for it, in words.
    pub default: Absent,
    /// The value that the reader of files puts there, as JSON, where it is told to by the schema.
    pub filled: Option<serde_json::Value>,
    /// What it is, in a line.
    pub meaning: String,
}

/// What it means that a key is absent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Absent {
    /// It may not be.
    Refused,
    /// This holds.
    Default(String),
    /// It is as if nothing had been said.
    Nothing,
}

/// A word of the file and what it means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// As a file writes it.
    pub word: String,
    /// In a line.
    pub meaning: String,
}

impl Reference {
    /// The reference of scenario files.
    pub fn of_scenarios() -> Self {
        Self::of(&super::json_schema(), "scenario")
    }

    /// The reference of files that a schema describes; `name` is what the table at the top of one is called.
    pub fn of(schema: &serde_json::Value, name: &str) -> Self {
        walk::sections(schema, name)
    }
}

impl Section {
    /// Whether it is a kind of value, and no table of a file.
    fn is_value(&self) -> bool {
        self.places.is_empty()
    }

    /// Where it stands, in a sentence; at most three places are named.
    fn where_it_stands(&self) -> String {
        const SHOWN: usize = 3;
        if self.places.iter().all(String::is_empty) {
            return "At the top of the file.".into();
        }
        let header = |place: &String| format!("`{place}`");
        let shown: Vec<String> = self.places.iter().take(SHOWN).map(header).collect();
        match self.places.len().saturating_sub(SHOWN) {
            0 => format!("In {}.", shown.join(", ")),
            1 => format!("In {} and 1 other place.", shown.join(", ")),
            more => format!("In {} and {more} other places.", shown.join(", ")),
        }
    }
}

#[cfg(test)]
mod tests;
