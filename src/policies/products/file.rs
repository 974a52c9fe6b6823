//! A product's policy as a scenario writes it: documents and knobs.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The platform's own documents, pasted unchanged into files or into the scenario, and the rules no
/// public source settles.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DocumentsFile<K: Default> {
    /// A file with the document in JSON or YAML, or with an array of documents that belong together;
    /// relative to the scenario.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document: Option<String>,
    /// Several files, in order of creation.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub documents: Vec<String>,
    /// The document itself, written in the scenario: as a table, or as the platform's own text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<Value>,
    /// Several documents, in order of creation.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bodies: Vec<Value>,
    /// Refuses what the platform lets pass by kindness: unknown keys, aliases. Default: false, a warning.
    #[serde(default)]
    pub strict: bool,
    /// The rules no public source settles.
    #[serde(default)]
    pub knobs: K,
}
