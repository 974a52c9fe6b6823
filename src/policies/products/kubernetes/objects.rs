//! The envelope of every object: version, kind, name.

use super::fields::{ApiServer, BAD_REQUEST, Object, One, subdomain};
use crate::products::{DocumentFault, Reader, Wrong};
use serde_json::{Map, Value};

/// Members of `metadata`.
const METADATA: &str = "name generateName namespace selfLink uid resourceVersion generation \
    creationTimestamp deletionTimestamp deletionGracePeriodSeconds labels annotations ownerReferences \
    finalizers managedFields";

/// What the platform alone writes of an object's `metadata`.
const OUTPUT_ONLY: [&str; 6] =
    ["managedFields", "creationTimestamp", "uid", "resourceVersion", "generation", "selfLink"];

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

/// An object without what only the platform writes.
pub fn written(document: &Value) -> Value {
    let Value::Object(members) = document else { return document.clone() };
    let mut members: Map<String, Value> = members.clone();
    members.shift_remove("status");
    if let Some(Value::Object(metadata)) = members.get_mut("metadata") {
        metadata.retain(|key, _| !OUTPUT_ONLY.contains(&key.as_str()));
    }
    Value::Object(members)
}

/// Of which objects one is simulated, in words.
pub struct Sought {
    /// What each is called: `autoscaler`.
    pub what: &'static str,
    /// Its kind: `HorizontalPodAutoscaler`.
    pub kind: &'static str,
    /// The knob that names one of several.
    pub knob: &'static str,
}

/// The full name of an object.
pub fn full_name(namespace: &str, name: &str) -> String {
    if namespace.is_empty() { name.to_owned() } else { format!("{namespace}/{name}") }
}

/// The object that is simulated: the one `wanted`, by its full name or without its namespace, or the only one;
/// `None` where it cannot be told, which `reader` learns.
pub fn the_one<T>(
    found: Vec<T>,
    name: impl Fn(&T) -> String,
    wanted: Option<&str>,
    sought: &Sought,
    reader: &Reader<ApiServer>,
) -> Option<T> {
    let Sought { what, kind, knob } = sought;
    let names: Vec<String> = found.iter().map(&name).collect();
    let is_meant = |one: &T| {
        let full = name(one);
        wanted.is_none_or(|wanted| full == wanted || full.rsplit('/').next() == Some(wanted))
    };
    let mut meant: Vec<T> = found.into_iter().filter(is_meant).collect();
    let count = meant.len();
    if count == 1 {
        return meant.pop();
    }
    let remedy = match names.is_empty() {
        true => format!("add a {kind}"),
        false => format!("set the knob `{knob}` to one of: {}", names.join(", ")),
    };
    let fault = match (wanted, count) {
        (Some(wanted), 0) if !names.is_empty() => {
            DocumentFault::ours(format!("no {what} is called {wanted}"), remedy)
        }
        (_, 0) => DocumentFault::incomplete(format!("there is no {kind}"), remedy),
        (_, count) => {
            let lack = format!("{count} {what}s could be meant, and one is simulated");
            DocumentFault::incomplete(lack, remedy)
        }
    };
    reader.add("", fault);
    None
}
