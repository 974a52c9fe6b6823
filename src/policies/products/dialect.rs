//! How a platform reads documents, and its words for what is wrong with them.

use super::DocumentFault;
use serde_json::Value;

/// What a member should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A text.
    Text,
    /// True or false.
    Flag,
    /// A whole number.
    Whole,
    /// A number.
    Number,
    /// A list.
    List,
    /// An object.
    Object,
}

impl Kind {
    /// What would be right, in plain words.
    pub const fn plain(self) -> &'static str {
        match self {
            Self::Text => "a text",
            Self::Flag => "true or false",
            Self::Whole => "a whole number",
            Self::Number => "a number",
            Self::List => "a list",
            Self::Object => "an object",
        }
    }
}

/// What is wrong with a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wrong<'w> {
    /// It must be there and is not.
    Missing,
    /// It is of another kind, or a text that cannot be read as what it should be.
    Not(Kind),
    /// It is of the right kind and out of range, or contradicts another: why.
    Because(&'w str),
    /// Its name is there in another case too.
    Twice,
    /// A refusal the platform has a code and a message of its own for.
    Own(&'w str, &'w str),
}

/// Where a member is.
#[derive(Debug, Clone)]
pub struct Place<'r> {
    /// Which of the documents that belong together, from 0.
    pub document: usize,
    /// Its name as the platform documents it; as typed where it is none of those; empty at the root.
    pub name: &'r str,
    /// Keys as typed and places in lists from 0, joined by dots.
    pub path: String,
    /// The same as the platform's answers count places.
    pub field: String,
}

/// How a platform reads documents, and its words for what is wrong with them.
pub trait Dialect {
    /// The number of the first item of a list in the platform's answers.
    const FIRST: usize = 0;
    /// Whether the case of keys does not matter, nor underscores in them.
    const ANY_CASE: bool = false;
    /// Where members belong: the place in words, and their names joined by spaces. A member that is in
    /// the wrong one is sent there.
    const PLACES: &'static [(&'static str, &'static str)] = &[];
    /// Whether null is a value, and not the same as absence.
    const NULL_IS_A_VALUE: bool = false;
    /// A refusal; `help` is what would be right, in our words.
    fn fault(&self, at: &Place<'_>, wrong: Wrong<'_>, help: &str) -> DocumentFault;

    /// The member as warnings name it.
    fn in_warnings<'p>(&self, at: &'p Place<'_>) -> &'p str {
        &at.field
    }

    /// What is said of a member that is none of `known` (names joined by spaces), and what to do.
    fn unknown(&self, key: &str, known: &str) -> (String, String);

    /// The same of a member whose name is typed in another case, where that is worth a word.
    fn respelt(&self, _key: &str, _name: &str) -> Option<(String, String)> {
        None
    }

    /// What strictness makes of something the platform lets pass otherwise; `None` = a refusal of our own.
    fn strictly(&self, _: &Place<'_>, _message: &str, _remedy: &str) -> Option<DocumentFault> {
        None
    }

    /// Whether a value is as good as none where there must be one.
    fn is_blank(&self, _value: &Value) -> bool {
        false
    }

    /// Whether a member that must be there may be left out all the same; `typed` and blank.
    fn may_lack(&self, _name: &str, _typed: bool) -> bool {
        false
    }

    /// Help where a member is missing, given the help for its kind.
    fn lacking(&self, _name: &str, help: &str) -> String {
        help.to_owned()
    }

    /// Help where a member is of another kind.
    fn help(&self, kind: Kind) -> &'static str {
        kind.plain()
    }

    /// A whole number as the platform reads it.
    fn whole(&self, value: &Value) -> Option<i64> {
        value.as_i64()
    }
}
