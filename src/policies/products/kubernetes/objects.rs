//! The envelope of every object: version, kind, name.

use super::fields::{BAD_REQUEST, Object, One, subdomain};
use crate::products::Wrong;
use serde_json::Value;

/// Members of `metadata`.
const METADATA: &str = "name generateName namespace selfLink uid resourceVersion generation \
    creationTimestamp deletionTimestamp deletionGracePeriodSeconds labels annotations ownerReferences \
    finalizers managedFields";

/// What is on an object, before what is in it.
pub struct Envelope<'r> {
    /// The object.
    pub object: Object<'r>,
    /// `apiVersion`.
    pub version: &'r str,
    /// `kind`.
    pub kind: &'r str,
    /// `metadata.name`; empty where it is wrong or generated.
    pub name: &'r str,
    /// `metadata.namespace`; empty where there is none.
    pub namespace: &'r str,
}

/// `kind` of a document, whatever else is wrong with it.
pub fn kind_of(document: &Value) -> Option<&str> {
    document.get("kind")?.as_str()
}

/// The envelope of a document; `None` if it says too little to go on, which is refused.
pub fn open<'r>(root: &One<'r>) -> Option<Envelope<'r>> {
    let object = root.object()?;
    let kind = object.get("kind").text().unwrap_or_default();
    let version = object.get("apiVersion").text().unwrap_or_default();
    for (name, text) in [("apiVersion", version), ("kind", kind)] {
        if text.is_empty() {
            let message = format!("Object '{name}' is missing");
            let help = "an object begins with `apiVersion` and `kind`";
            object.get(name).refuse(Wrong::Own(BAD_REQUEST, &message), help);
        }
    }
    if kind.is_empty() || version.is_empty() {
        return None;
    }
    Some(Envelope { object, version, kind, name: "", namespace: "" })
}

impl<'r> Envelope<'r> {
    /// Reads `metadata`.
    #[must_use]
    pub fn with_metadata(self) -> Self {
        let Some(metadata) = self.object.get("metadata").members_if_any(METADATA) else {
            return self;
        };
        let member = metadata.get("name");
        let before = member.reader.errors();
        let name = member.text().unwrap_or_default();
        let generated = metadata.get("generateName").text().unwrap_or_default();
        if name.is_empty() && generated.is_empty() && member.reader.errors() == before {
            let help = "a name such as `shop`";
            super::fields::required(&member, "name or generateName is required", help);
        } else if let Some(message) = subdomain(name).filter(|_| !name.is_empty()) {
            super::fields::invalid(&member, message, "lower case letters, digits, - and .");
        }
        let namespace = metadata.get("namespace").text().unwrap_or_default();
        Self { name, namespace, ..self }
    }
}
