//! The forms documents come in, told apart by the names of their members.

use super::reader::same_name;
use serde_json::{Map, Value};

/// A form a product's documents come in. A document has it if one of its `own` names is there and more of
/// its names are known than are not; without `own` names every name must be known.
#[derive(Debug, Clone, Copy)]
pub struct Form {
    /// What it is, in a few words: "the body of CreateServiceAutoScaler".
    pub what: &'static str,
    /// The way to the object that holds the names, joined by dots; `*` is the first member, whatever its
    /// name. Empty: the document itself.
    pub inside: &'static str,
    /// What may stand beside the first step of that way, joined by spaces; `*` is anything.
    pub beside: &'static str,
    /// Names that give it away, joined by spaces.
    pub own: &'static str,
    /// Names it may have besides.
    pub shared: &'static str,
    /// Whether it is sent to the platform, which then answers; what the platform itself wrote is not.
    pub is_sent: bool,
}

/// How much a document is like a form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Likeness {
    /// What the form is.
    pub what: &'static str,
    /// The names that gave it away, as they are in the document.
    pub signs: Vec<String>,
    /// Whether it is sent to the platform.
    pub is_sent: bool,
    /// Known names less unknown ones, those of its own counted thrice.
    pub weight: i64,
}

impl Form {
    /// A form that is sent to the platform, recognised at its root by these names.
    pub const fn request(what: &'static str, own: &'static str) -> Self {
        Self { what, inside: "", beside: "", own, shared: "", is_sent: true }
    }

    /// How much `document` is like it; `None` if it has not this form.
    fn likeness(&self, document: &Value, any_case: bool) -> Option<Likeness> {
        let root = document.as_object()?;
        let body = self.body(document)?;
        let listed = |names: &str, key: &str| {
            names.split_ascii_whitespace().any(|name| same_name(name, key, any_case))
        };
        let named = |names: &str| -> Vec<String> {
            body.keys().filter(|key| listed(names, key)).cloned().collect()
        };
        let (own, shared) = (named(self.own), named(self.shared));
        let known = own.len() + shared.len();
        let strangers = body.len() - known.min(body.len()) + self.strangers_beside(root, listed);
        let has_it = match self.own.is_empty() {
            true => known > 0 && strangers == 0,
            false => !own.is_empty() && known > strangers,
        };
        let count = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        has_it.then(|| Likeness {
            what: self.what,
            weight: count(known + 2 * own.len()).saturating_sub(count(strangers)),
            signs: if own.is_empty() { shared } else { own },
            is_sent: self.is_sent,
        })
    }

    fn body<'v>(&self, document: &'v Value) -> Option<&'v Map<String, Value>> {
        let mut steps = self.inside.split('.').filter(|step| !step.is_empty());
        let found = steps.try_fold(document, |value, step| match (value, step) {
            (Value::Array(items), step) => items.get(step.parse::<usize>().ok()?),
            (Value::Object(map), "*") => map.values().next(),
            (Value::Object(map), step) => map.get(step),
            _ => None,
        });
        found?.as_object()
    }

    fn strangers_beside(
        &self,
        root: &Map<String, Value>,
        listed: impl Fn(&str, &str) -> bool,
    ) -> usize {
        let wrapper = self.inside.split('.').next().unwrap_or_default();
        if wrapper.is_empty() || self.beside == "*" {
            return 0;
        }
        root.keys().filter(|key| *key != wrapper && !listed(self.beside, key)).count()
    }
}

/// The form of `forms` that `document` is most like.
pub(super) fn likeness(
    forms: &'static [Form],
    any_case: bool,
    document: &Value,
) -> Option<Likeness> {
    let all = forms.iter().filter_map(|form| form.likeness(document, any_case));
    // The first of those of one weight.
    all.reduce(|best, next| if next.weight > best.weight { next } else { best })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const FORMS: &[Form] = &[
        Form { shared: "min max", ..Form::request("a request", "rules") },
        Form {
            inside: "wrapper",
            beside: "id",
            shared: "min max",
            is_sent: false,
            ..Form::request("an answer", "rules")
        },
        Form { inside: "update", shared: "min max", ..Form::request("an update", "") },
    ];

    #[test]
    fn a_form_is_told_by_names_of_its_own_and_by_what_stands_beside_them() {
        for (document, expected) in [
            (json!({"rules": [], "min": 1, "max": 2}), Some(("a request", 5))),
            (json!({"RULES": []}), None),
            (json!({"min": 1, "max": 2}), None),
            // As many strangers as acquaintances.
            (json!({"rules": [], "image": 1}), None),
            (json!({"wrapper": {"rules": []}, "id": 7}), Some(("an answer", 3))),
            (json!({"wrapper": {"rules": []}, "a": 1, "b": 2}), None),
            (json!({"update": {"min": 1}}), Some(("an update", 1))),
            (json!({"update": {"min": 1, "tag": 2}}), None),
            (json!({"update": {"min": 1}, "image": 2}), None),
            (json!([1]), None),
        ] {
            let found = likeness(FORMS, false, &document);
            let found = found.map(|found| (found.what, found.weight));
            assert_eq!(found, expected, "{document}");
        }
        assert!(likeness(FORMS, true, &json!({"RULES": []})).is_some());
    }
}
