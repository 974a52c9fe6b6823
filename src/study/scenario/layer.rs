//! What is laid on a scenario: values, parts of files, policies once more.

use super::tree::override_line;
use serde::{Deserialize, Serialize};

/// More TOML, laid on a scenario.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Layer {
    pub(super) name: String,
    pub(super) text: String,
    /// Tables down to this depth are joined, what is deeper is replaced; `None` = all are joined.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) depth: Option<usize>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) chooses_policies: bool,
    /// Before that, a policy is there once more: which, and by which name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) copies: Option<(String, String)>,
}

impl Layer {
    /// One value at a dotted path of keys: a TOML value, or bare text. Messages call it `name`, for
    /// example `--seed 7`.
    pub fn value(name: impl Into<String>, path: &str, value: &str) -> Self {
        Self {
            depth: Some(path.split('.').count()),
            ..Self::part(name, override_line(path, value))
        }
    }

    /// The policy `of` once more, as `name`, with what layers before this one laid on it.
    pub fn copy(of: &str, name: &str) -> Self {
        let copies = Some((of.to_owned(), name.to_owned()));
        Self { copies, ..Self::part(format!("the policy `{of}` as `{name}`"), "") }
    }

    /// A file that holds a part of a scenario.
    pub fn part(name: impl Into<String>, text: impl Into<String>) -> Self {
        let (name, text) = (name.into(), text.into());
        Self { name, text, depth: None, chooses_policies: false, copies: None }
    }

    /// The same, but its policies join those of the scenario.
    #[must_use]
    pub fn beside(self) -> Self {
        Self { chooses_policies: false, ..self }
    }

    /// A file whose policies are the ones to run.
    pub fn policies(name: impl Into<String>, text: impl Into<String>) -> Self {
        Self { chooses_policies: true, ..Self::part(name, text) }
    }

    /// The same by another name.
    pub(super) fn renamed(&self, name: impl Fn(&str) -> String) -> Self {
        Self { name: name(&self.name), ..self.clone() }
    }

    /// What messages call it.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// What it lays on a scenario, TOML.
    pub fn text(&self) -> &str {
        &self.text
    }
}
