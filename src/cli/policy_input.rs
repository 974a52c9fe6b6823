//! From arguments to a policy: TOML of ours, or a platform's own documents.

use super::exit::Failure;
use super::input::{Input, Role};
use super::terminal::Terminal;
use autosim_engine::fault::Severity;
use autosim_policies::products::{Document, DocumentFault, ProductFile};
use autosim_study::scenario::{Findings, Layer, LoadOptions, NamedPolicy, Sources, load_policies};
use std::path::Path;

/// One policy, for the verbs that deal with policies alone.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct PolicyArgs {
    /// A platform's own document (JSON or YAML; documents that belong together: one JSON array, or
    /// repeat), or a TOML file with `[policies.NAME.KIND]`; `-` reads standard input
    #[arg(long = "policy", value_name = "FILE", required = true)]
    policies: Vec<String>,
    /// Which policy of a TOML file that holds several
    #[arg(long, value_name = "NAME")]
    named: Option<String>,
    /// Sets one key of the policy, for example target=60% or knobs.tolerance=0.2; a bare name is a
    /// knob where the policy is a product's; may be repeated
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = super::input::key_value)]
    set: Vec<(String, String)>,
    /// Refuse what the platform lets pass by kindness: unknown keys, aliases
    #[arg(long)]
    strict: bool,
}

/// Whether a name is that of a platform's document rather than of TOML.
pub(super) fn is_document(name: &str) -> bool {
    let ending = Path::new(name).extension().map(|ending| ending.to_ascii_lowercase());
    ending.is_some_and(|ending| ["json", "yaml", "yml"].iter().any(|known| ending == *known))
}

/// Whether a text is a platform's document whatever it is called: TOML begins with neither.
fn looks_like_one(text: &str) -> bool {
    text.trim_start().starts_with(['{', '['])
        && !text
            .lines()
            .next()
            .is_some_and(|line| line.trim_end().ends_with(']') && !line.contains('{'))
}

/// Documents that belong together, as they were read.
#[derive(Default)]
pub(super) struct Documents {
    pub(super) texts: Vec<(String, String)>,
    stem: String,
}

impl Documents {
    /// Reads one more.
    pub(super) fn read(&mut self, name: &str) -> Result<(), Failure> {
        self.add(Input::read(Path::new(name), Role::Policy)?);
        Ok(())
    }

    fn add(&mut self, input: Input) {
        if self.texts.is_empty() {
            self.stem = input.fallback_name;
        }
        self.texts.push((input.name, input.text));
    }

    /// The product whose documents these are, by their shape.
    pub(super) fn kind(&self) -> Result<&'static str, Failure> {
        let Some((name, text)) = self.texts.first() else {
            return Err(Failure::bad_input("no document was given"));
        };
        let document = Document::parse(text).map_err(|wrong| {
            let sources = Sources::new(name.clone(), text.clone());
            let hint = "a platform's document is JSON or YAML";
            let wrong = Findings::at(sources, wrong.at, wrong.message, hint);
            Failure(wrong.render(false))
        })?;
        document.bodies.iter().find_map(ProductFile::recognise).ok_or_else(|| {
            let known = ProductFile::KINDS.join(", ");
            Failure::bad_input(format_args!(
                "{name} has the shape of no product's document; known products: {known}; a \
                 scenario may name the product itself: `[policies.NAME.PRODUCT]` with \
                 `document = \"FILE\"`"
            ))
        })
    }

    /// A layer with one policy, named after the first file; `None` without documents.
    pub(super) fn layer(&self, strict: bool) -> Result<Option<Layer>, Failure> {
        if self.texts.is_empty() {
            return Ok(None);
        }
        let kind = self.kind()?;
        let text = |text: &str| toml::Value::String(text.to_owned()).to_string();
        let files: Vec<String> = self.texts.iter().map(|(name, _)| text(name)).collect();
        let table = format!(
            "[policies.{}.{kind}]\ndocuments = [{}]\nstrict = {strict}\n",
            text(&self.policy_name()),
            files.join(", ")
        );
        let name = format!("--policy {}", self.texts[0].0);
        Ok(Some(Layer::policies(name, table)))
    }

    /// A name that can be part of a file's.
    fn policy_name(&self) -> String {
        let good = |c: char| if c.is_alphanumeric() || c == '-' || c == '_' { c } else { '-' };
        let name: String = self.stem.chars().map(good).collect();
        if name.is_empty() { "policy".to_owned() } else { name }
    }
}

impl PolicyArgs {
    /// Documents that belong together.
    pub(super) fn of(documents: &[String], set: &[(String, String)], strict: bool) -> Self {
        Self { policies: documents.to_vec(), named: None, set: set.to_vec(), strict }
    }

    /// The policy, its warnings shown; or everything wrong with it as a failure.
    pub(super) fn load(&self, terminal: &Terminal) -> Result<NamedPolicy, Failure> {
        let (sources, mut options) = self.sources()?;
        let plain = load_policies(sources.clone(), &options);
        let name = match &plain {
            Ok((policies, _)) => self.choose(policies)?.name.clone(),
            Err(findings) => return Err(Failure(findings.render(terminal.colour))),
        };
        let kind = plain.iter().flat_map(|(all, _)| all).find(|one| one.name == name);
        let product = kind.is_some_and(|one| one.spec.product().is_some());
        let kind = kind.map_or("", |one| one.spec.kind_name());
        for (key, value) in &self.set {
            let bare = product && !key.contains('.') && key != "strict";
            let below = if bare { "knobs." } else { "" };
            let path = format!("policies.{}.{kind}.{below}{key}", quoted(&name));
            options.layers.push(Layer::value(format!("--set {key}={value}"), &path, value));
        }
        match load_policies(sources, &options) {
            Ok((policies, warnings)) => {
                if !warnings.is_empty() {
                    terminal.say(&warnings.render(terminal.colour));
                }
                Ok(self.choose(&policies)?.clone())
            }
            Err(findings) => Err(Failure(findings.render(terminal.colour))),
        }
    }

    fn sources(&self) -> Result<(Sources, LoadOptions), Failure> {
        let mut documents = Documents::default();
        let mut toml = None;
        for name in &self.policies {
            let input = Input::read(Path::new(name), Role::Policy)?;
            match is_document(name) || looks_like_one(&input.text) {
                true => documents.add(input),
                false => toml = Some(input),
            }
        }
        let only_named: Vec<String> = self.named.iter().cloned().collect();
        match (toml, documents.layer(self.strict)?) {
            (Some(_), Some(_)) => Err(Failure::bad_input(
                "--policy: give either a TOML file or documents of one product, not both",
            )),
            (Some(input), None) => {
                let options = LoadOptions {
                    folder: input.folder,
                    policies: only_named,
                    ..LoadOptions::default()
                };
                Ok((Sources::new(input.name, input.text), options))
            }
            (None, layer) => {
                let options = LoadOptions {
                    layers: layer.into_iter().collect(),
                    documents: documents.texts,
                    ..LoadOptions::default()
                };
                Ok((Sources::new("the command line", ""), options))
            }
        }
    }

    fn choose<'a>(&self, policies: &'a [NamedPolicy]) -> Result<&'a NamedPolicy, Failure> {
        match policies {
            [only] => Ok(only),
            [] => Err(Failure::bad_input("the file holds no policy: `[policies.NAME.KIND]`")),
            several => {
                let names: Vec<&str> = several.iter().map(|one| one.name.as_str()).collect();
                Err(Failure::bad_input(format_args!(
                    "the file holds several policies; choose one with --named: {}",
                    names.join(", ")
                )))
            }
        }
    }
}

/// What a platform would make of a document.
pub(super) struct DocumentVerdict {
    /// The product, by its shape.
    pub(super) kind: &'static str,
    /// Whether it would be taken.
    pub(super) sound: bool,
    /// Errors and warnings with their places.
    pub(super) findings: Findings,
    /// The body of the refusal.
    pub(super) answer: Option<serde_json::Value>,
}

impl DocumentVerdict {
    /// Of the document in a file; an update alone is a document too.
    pub(super) fn of(name: &str, strict: bool) -> Result<Self, Failure> {
        let mut documents = Documents::default();
        documents.read(name)?;
        let kind = documents.kind()?;
        let (name, text) = documents.texts.remove(0);
        let known = ProductFile::of_files(kind, vec![name.clone()], strict);
        let Some(file) = known else {
            return Err(Failure::bad_input(format_args!("there is no product `{kind}`")));
        };
        let mut found = file.load(std::slice::from_ref(&text)).found;
        for one in found.iter_mut().filter(|one| one.fault.is_incompleteness()) {
            one.fault.severity = Severity::Warning;
        }
        let faults = found.iter().map(|found| &found.fault);
        let refused: Vec<&DocumentFault> =
            faults.filter(|fault| fault.severity == Severity::Error).collect();
        let answer = (!refused.is_empty()).then(|| file.refusal(&refused));
        let findings = Findings::of_document(&name, &text, &found);
        Ok(Self { kind, sound: answer.is_none(), findings, answer })
    }
}

/// A name as one key of a dotted path.
fn quoted(name: &str) -> String {
    let bare = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if name.chars().all(bare) {
        name.to_owned()
    } else {
        toml::Value::String(name.into()).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_told_from_toml_by_name_or_by_their_first_sign() {
        for (name, yes) in [("a.json", true), ("b/c.YAML", true), ("d.toml", false), ("-", false)] {
            assert_eq!(is_document(name), yes, "{name}");
        }
        for (text, yes) in [
            ("{\"min\": 2}", true),
            ("  [\n {}]", true),
            ("[{\"a\":1}]", true),
            ("[policies.a.fixed]\nreplicas = 2", false),
            ("name = 'x'", false),
        ] {
            assert_eq!(looks_like_one(text), yes, "{text}");
        }
    }
}
