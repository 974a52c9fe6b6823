//! Platforms' documents on a command line: read, recognised, put into groups that belong together.

use super::exit::Failure;
use super::input::Input;
use autosim_policies::products::{Document, Form, ProductFile, Recognised};
use autosim_study::scenario::{Findings, Layer, Sources};
use serde_json::Value;
use std::path::Path;

/// Whether a text is a platform's document, or something else that is no TOML of ours: by the ending of its
/// name, else by how it begins.
pub(super) fn is_document(name: &str, text: &str) -> bool {
    let ending = Path::new(name).extension().map(|ending| ending.to_ascii_lowercase());
    let is = |known: &[&str]| {
        ending.as_ref().is_some_and(|ending| known.iter().any(|known| ending == *known))
    };
    if is(&["json", "yaml", "yml", "tf", "hcl"]) || is(&["toml"]) {
        return !is(&["toml"]);
    }
    if toml::from_str::<toml::Table>(text).is_ok() {
        return false;
    }
    let mut lines = text.lines().map(str::trim);
    let first = lines.find(|line| !line.is_empty() && !line.starts_with('#')).unwrap_or_default();
    // A table of TOML with a mistake further down begins with its name in brackets.
    let is_table = first.starts_with('[') && first.ends_with(']') && !first.contains('{');
    let is_json = first.starts_with(['{', '[']) && !is_table;
    let key = first.split(' ').next().unwrap_or_default();
    let is_yaml = key.ends_with(':') || first.starts_with("- ") || first == "---";
    is_json || is_yaml || Document::parse(text).is_err_and(|wrong| wrong.is_foreign)
}

/// A document, read and recognised.
pub(super) struct ReadDocument {
    name: String,
    text: String,
    stem: String,
    bodies: Vec<Value>,
    recognised: Recognised,
}

impl ReadDocument {
    /// Of a file's text; why it is none as findings in that file.
    pub(super) fn of(input: Input) -> Result<Self, Findings> {
        let Input { name, text, fallback_name: stem, .. } = input;
        let document = Document::parse(&text).map_err(|wrong| {
            let sources = Sources::new(name.clone(), text.clone());
            Findings::at(sources, wrong.at, wrong.message, wrong.remedy)
        })?;
        let bodies = document.bodies;
        let recognised = bodies.iter().filter_map(ProductFile::recognise);
        // The first of those of one weight.
        let best = recognised.reduce(|best, next| {
            if next.likeness.weight > best.likeness.weight { next } else { best }
        });
        match best {
            Some(recognised) => Ok(Self { name, text, stem, bodies, recognised }),
            None => Err(Findings::of_file(&name, no_product(&bodies), known_shapes())),
        }
    }

    /// The file's name.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// The product.
    fn kind(&self) -> &'static str {
        self.recognised.kind
    }

    /// Whether it may be a document of that product, if not of that alone.
    fn may_be(&self, kind: &str) -> bool {
        self.bodies.iter().any(|body| ProductFile::is_like(kind, body))
    }
}

/// What a document has that is no product's.
fn no_product(bodies: &[Value]) -> String {
    let keys = bodies.iter().find_map(Value::as_object).into_iter().flat_map(|map| map.keys());
    let mut keys: Vec<String> = keys.map(|key| format!("`{key}`")).collect();
    let more = if keys.len() > 5 { ", ..." } else { "" };
    keys.truncate(5);
    let has = if keys.is_empty() { "nothing".to_owned() } else { keys.join(", ") + more };
    format!("no product's document has this shape: it has {has}")
}

/// What the documents of each product have.
fn known_shapes() -> String {
    let product = |(kind, forms): &(&str, &[Form])| {
        let form = forms.iter().find(|form| !form.own.is_empty())?;
        let names: Vec<&str> = form.own.split_ascii_whitespace().take(3).collect();
        Some(format!("{kind}: {} with {}", form.what, names.join(", ")))
    };
    let known: Vec<String> = ProductFile::FORMS.iter().filter_map(product).collect();
    format!(
        "known are {}; a scenario may name the product itself: `[policies.NAME.PRODUCT]` with \
         `document = \"FILE\"`",
        known.join("; ")
    )
}

/// Documents of one product that belong together: one policy.
pub(super) struct Group {
    /// The product.
    kind: &'static str,
    documents: Vec<ReadDocument>,
}

impl Group {
    /// All of them as one policy.
    pub(super) fn together(documents: Vec<ReadDocument>) -> Result<Self, Failure> {
        let is_whole = |kind: &&str| documents.iter().all(|one| one.may_be(kind));
        if let Some(kind) = documents.iter().map(ReadDocument::kind).find(is_whole) {
            return Ok(Self { kind, documents });
        }
        let [first, others @ ..] = &documents[..] else { return Ok(Self { kind: "", documents }) };
        let other = others.iter().find(|one| !one.may_be(first.kind())).unwrap_or(first);
        Err(Failure::bad_input(format_args!(
            "{} is a document of {}, {} of {}: documents that belong together are of one product",
            first.name,
            first.kind(),
            other.name,
            other.kind()
        )))
    }

    /// Each a policy of its own, unless it belongs to documents before it.
    pub(super) fn apart(documents: Vec<ReadDocument>) -> Vec<Self> {
        let mut groups: Vec<Self> = Vec::new();
        for document in documents {
            let home = groups.iter_mut().rev().find_map(|group| {
                let kind = group.takes(&document)?;
                Some((group, kind))
            });
            match home {
                Some((group, kind)) => {
                    group.kind = kind;
                    group.documents.push(document);
                }
                None => groups.push(Self { kind: document.kind(), documents: vec![document] }),
            }
        }
        groups
    }

    /// The product that all of them are of if it belongs to these: theirs or its own, since a workload may be that of
    /// several kinds of autoscalers.
    fn takes(&self, document: &ReadDocument) -> Option<&'static str> {
        let before: Vec<Value> =
            self.documents.iter().flat_map(|one| one.bodies.iter().cloned()).collect();
        [self.kind, document.kind()].into_iter().find(|kind| {
            let joins = |body: &Value| ProductFile::joins(kind, &before, body);
            let mut all = self.documents.iter().chain([document]);
            all.all(|one| one.may_be(kind)) && document.bodies.iter().all(joins)
        })
    }

    /// The product.
    pub(super) fn kind(&self) -> &'static str {
        self.kind
    }

    /// What its first document of that product was taken for, and by what.
    pub(super) fn recognised(&self) -> String {
        let own = self.documents.iter().find(|one| one.kind() == self.kind);
        own.map_or_else(String::new, |one| one.recognised.to_string())
    }

    /// The names of its files.
    pub(super) fn names(&self) -> Vec<&str> {
        self.documents.iter().map(|one| one.name.as_str()).collect()
    }

    /// Name and text of each.
    pub(super) fn texts(&self) -> impl Iterator<Item = (String, String)> + '_ {
        self.documents.iter().map(|one| (one.name.clone(), one.text.clone()))
    }

    /// A name for the policy that is none of `taken`: the first file's.
    pub(super) fn policy_name(&self, taken: &[String]) -> String {
        let stem = self.documents.first().map_or("", |one| &one.stem);
        let good = |c: char| if c.is_alphanumeric() || c == '-' || c == '_' { c } else { '-' };
        let name: String = stem.chars().map(good).collect();
        let name = if name.is_empty() { "policy".to_owned() } else { name };
        let numbered = (2..).map(|number| format!("{name}-{number}"));
        let mut names = std::iter::once(name.clone()).chain(numbered);
        names.find(|name| !taken.contains(name)).unwrap_or(name)
    }

    /// A layer with the policy under this name.
    pub(super) fn layer(&self, name: &str, strict: bool) -> Layer {
        let text = |text: &str| toml::Value::String(text.to_owned()).to_string();
        let files: Vec<String> = self.names().into_iter().map(text).collect();
        let table = format!(
            "[policies.{}.{}]\ndocuments = [{}]\nstrict = {strict}\n",
            text(name),
            self.kind(),
            files.join(", ")
        );
        Layer::policies(format!("--policy {}", self.names().join(", ")), table)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_told_from_toml_by_name_or_by_how_they_begin() {
        for (name, yes) in [("a.json", true), ("b/c.YAML", true), ("x.tf", true), ("d.toml", false)]
        {
            assert_eq!(is_document(name, ""), yes, "{name}");
        }
        for (text, yes) in [
            ("{\"min\": 2}", true),
            ("  [\n {}]", true),
            ("[{\"a\":1}]", true),
            ("# rules\nmin: 2\nmax: 3\n", true),
            ("---\nmin: 2\n", true),
            ("resource \"a\" \"b\" {\n}", true),
            ("[policies.a.fixed]\nreplicas = 2", false),
            ("[policies.a.fixed]\nreplicas = = 2", false),
            ("name = 'x'", false),
            ("name = ", false),
            ("", false),
        ] {
            assert_eq!(is_document("-", text), yes, "{text}");
        }
    }

    fn read(name: &str, text: &str) -> ReadDocument {
        let input = Input::embedded(name, text, std::path::PathBuf::new());
        ReadDocument::of(input).unwrap_or_else(|wrong| panic!("{}", wrong.render(false)))
    }

    #[test]
    fn each_document_is_a_policy_unless_it_belongs_to_one_before() {
        let eas = r#"{"min":1,"max":9,"scaleStrategies":[{"metricName":"qps","threshold":10}]}"#;
        let ray = r#"{"max_replicas": 4}"#;
        let group = r#"{"project_id":"<P>","name":"g","template_id":"<T>","loadbalancer":{},
            "capacity":{"max_replicas":5,"min_replicas":1}}"#;
        let policy = r#"{"name":"up","instance_group_id":"<G>","metric":{}}"#;
        let documents = [
            ("a", eas),
            ("group", group),
            ("b", ray),
            ("up", policy),
            ("c", eas),
            ("group", group),
            ("down", policy),
        ];
        let groups = Group::apart(documents.map(|(name, text)| read(name, text)).into());
        let names: Vec<Vec<&str>> = groups.iter().map(Group::names).collect();
        let expected: [&[&str]; 5] = [&["a"], &["group", "up"], &["b"], &["c"], &["group", "down"]];
        assert_eq!(names, expected);
        assert_eq!(groups[4].policy_name(&["group".into()]), "group-2");
        let mixed = Group::together(vec![read("a", eas), read("b", ray)]);
        assert!(
            mixed.err().unwrap().text(false).contains("a is a document of pai-eas, b of ray-serve")
        );
    }

    #[test]
    fn what_is_no_products_document_is_told_with_what_it_has_and_what_they_have() {
        let input = Input::embedded("values", "autoscaler:\n  min: 1\n", std::path::PathBuf::new());
        let text = ReadDocument::of(input).err().unwrap().render(false);
        for part in ["it has `autoscaler`", "pai-eas: the body of CreateServiceAutoScaler with"] {
            assert!(text.contains(part), "{part}\n{text}");
        }
    }
}
