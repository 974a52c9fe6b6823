//! From arguments to a policy: TOML of ours, a platform's own documents, or a name.

use super::documents::{Group, ReadDocument, is_document};
use super::exit::Failure;
use super::input::{Input, Role};
use super::named::{Named, named, names};
use super::terminal::Terminal;
use autosim_policies::products::{Document, NotEdited, ProductFile};
use autosim_study::scenario::{
    Layer, LoadOptions, NamedPolicy, Sources, load_policies, quoted_key,
};
use std::path::{Path, PathBuf};

/// One policy, for the verbs that deal with policies alone.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct PolicyArgs {
    /// A platform's own document (JSON or YAML; documents that belong together: one JSON array, or
    /// repeat), a TOML file with `[policies.NAME.KIND]`, fixed:12, or the name of a policy that comes
    /// with autosim; `-` reads standard input
    #[arg(long = "policy", value_name = "NAME|FILE", required = true)]
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
    /// Documents are one policy whether or not each could be one.
    #[arg(skip)]
    together: bool,
}

/// A policy that is still to be read, with what can be said about it beforehand.
struct Given {
    sources: Sources,
    options: LoadOptions,
    /// Every policy's name and kind.
    policies: Vec<(String, String)>,
}

impl Given {
    fn toml(name: String, text: String, folder: PathBuf) -> Self {
        let root = toml::from_str::<toml::Table>(&text).unwrap_or_default();
        let policies = root.get("policies").and_then(toml::Value::as_table);
        let policies = policies.into_iter().flatten().map(|(name, policy)| {
            let kinds = policy.as_table().into_iter().flat_map(toml::Table::keys);
            (name.clone(), kinds.last().cloned().unwrap_or_default())
        });
        let policies = policies.collect();
        let options = LoadOptions { folder, ..LoadOptions::default() };
        Self { sources: Sources::new(name, text), options, policies }
    }

    fn documents(group: &Group, strict: bool) -> Self {
        let name = group.policy_name(&[]);
        let options = LoadOptions {
            layers: vec![group.layer(&name, strict)],
            documents: group.texts().collect(),
            ..LoadOptions::default()
        };
        let policies = vec![(name, group.kind().to_owned())];
        Self { sources: Sources::new("the command line", ""), options, policies }
    }
}

/// One `--set` laid on a policy. A bare key is a knob where the policy is a product's; a key that begins
/// with `policies.` is the way from the root of a scenario.
pub(super) fn set_layer(name: &str, kind: &str, (key, value): &(String, String)) -> Layer {
    let product = ProductFile::KINDS.contains(&kind);
    let bare = product && !key.contains('.') && key != "strict";
    let below = if bare { "knobs." } else { "" };
    let path = match key.starts_with("policies.") {
        true => key.clone(),
        false => format!("policies.{}.{kind}.{below}{key}", quoted_key(name)),
    };
    Layer::value(format!("--set {key}={value}"), &path, value)
}

impl PolicyArgs {
    /// Documents that belong together.
    pub(super) fn of(documents: &[String], set: &[(String, String)], strict: bool) -> Self {
        let (policies, set) = (documents.to_vec(), set.to_vec());
        Self { policies, named: None, set, strict, together: true }
    }

    /// The policy, its warnings shown; or everything wrong with it as a failure.
    pub(super) fn load(&self, terminal: &Terminal) -> Result<NamedPolicy, Failure> {
        self.judge(self.given()?, terminal)
    }

    /// The text of its one document with other scalars in it, judged like one that is given.
    pub(super) fn load_edited(
        &self,
        edits: &[(String, String)],
        terminal: &Terminal,
    ) -> Result<String, Failure> {
        let mut given = self.given()?;
        let [(name, text)] = given.options.documents.as_mut_slice() else {
            let what = "--edit changes the text of one document: give one, in JSON or YAML";
            return Err(Failure::bad_input(what));
        };
        let document = Document::parse(text)
            .map_err(|wrong| Failure::bad_input(format_args!("{name}: {}", wrong.message)))?;
        *text = document.edited(text, edits).map_err(|all| {
            let line = |one: NotEdited| {
                format!("{name}: --edit {}: {} ({})", one.path, one.message, one.remedy)
            };
            Failure::bad_input(all.into_iter().map(line).collect::<Vec<_>>().join("\n"))
        })?;
        let edited = text.clone();
        self.judge(given, terminal)?;
        Ok(edited)
    }

    fn judge(&self, given: Given, terminal: &Terminal) -> Result<NamedPolicy, Failure> {
        let Given { sources, mut options, policies } = given;
        let chosen = match (&self.named, policies.as_slice()) {
            (Some(name), all) => {
                options.policies = vec![name.clone()];
                all.iter().find(|(known, _)| known == name)
            }
            (None, [only]) => Some(only),
            // What cannot be read is told below.
            (None, []) => None,
            (None, several) => {
                let names: Vec<&str> = several.iter().map(|(name, _)| name.as_str()).collect();
                return Err(Failure::bad_input(format_args!(
                    "the file holds several policies; choose one with --named: {}",
                    names.join(", ")
                )));
            }
        };
        if let Some((name, kind)) = chosen {
            options.layers.extend(self.set.iter().map(|set| set_layer(name, kind, set)));
        }
        match load_policies(sources, &options) {
            Ok((policies, warnings)) => {
                if !warnings.is_empty() {
                    terminal.say(&warnings.render(terminal.colour));
                }
                policies.into_iter().next().ok_or_else(|| {
                    Failure::bad_input("the file holds no policy: `[policies.NAME.KIND]`")
                })
            }
            Err(findings) => Err(findings.into()),
        }
    }

    fn given(&self) -> Result<Given, Failure> {
        let (mut documents, mut tables) = (Vec::new(), Vec::new());
        for policy in &self.policies {
            let path = Path::new(policy);
            match named(policy)
                .map_err(|text| Failure::bad_input(format_args!("--policy {text}")))?
            {
                Some(Named::Table(_, text)) if !path.is_file() => {
                    tables.push(Given::toml(format!("--policy {policy}"), text, PathBuf::new()));
                }
                Some(Named::Document(input)) if !path.is_file() => {
                    documents.push(ReadDocument::of(input)?);
                }
                Some(_) | None => {
                    let input = Input::find(path, Role::Policy)?;
                    if is_document(policy, &input.text) {
                        documents.push(ReadDocument::of(input)?);
                    } else {
                        tables.push(Given::toml(input.name, input.text, input.folder));
                    }
                }
            }
        }
        let mut groups = match self.together && !documents.is_empty() {
            true => vec![Group::together(documents)?],
            false => Group::apart(documents),
        };
        match (tables.len(), groups.len()) {
            (1, 0) => Ok(tables.remove(0)),
            (0, 1) => Ok(Given::documents(&groups.remove(0), self.strict)),
            (_, 0) | (0, _) => {
                let names: Vec<String> = match groups.is_empty() {
                    true => self.policies.clone(),
                    false => groups.iter().map(|group| group.names().join(" with ")).collect(),
                };
                Err(Failure::bad_input(format_args!(
                    "--policy: these are {} policies, one is asked at a time: {}; `autosim run` compares \
                     several",
                    names.len(),
                    names.join("; ")
                )))
            }
            (_, _) => Err(Failure::bad_input(format_args!(
                "--policy: give either a TOML file, documents of one product, or a name ({}), not \
                 several of them",
                names()
            ))),
        }
    }
}
