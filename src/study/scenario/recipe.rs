//! What a scenario was put together from, kept so that it can be put together again.

use super::layer::Layer;
use super::load::LoadOptions;
use super::period::Period;
use super::products::Products;
use super::sources::Sources;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Every text of a scenario as it was written, and what was laid on it. Only recorded traffic is not in
/// it, which is found by its path and its hash.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// What messages call the text: the name of its file, without folders.
    pub name: String,
    /// The text of the scenario; empty where there is nothing but layers.
    pub text: String,
    /// The name of a scenario that gives none.
    fallback_name: String,
    /// Laid on it, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    layers: Vec<Layer>,
    /// Policies that were asked for by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    policies: Vec<String>,
    /// Documents of products, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    documents: BTreeMap<String, String>,
    /// Policies of a calling program, by name: what they do no recipe holds.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub own: Vec<String>,
    /// Timelines of every replication are kept.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub all_timelines: bool,
    /// Every decision is kept.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub all_decisions: bool,
    /// What costs are told for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per: Option<Period>,
}

impl Recipe {
    /// Of what [`load`](super::load()) is given.
    pub(super) fn of(sources: &Sources, options: &LoadOptions) -> Self {
        Self {
            name: file_name(sources.name()),
            text: sources.text().to_owned(),
            fallback_name: options.fallback_name.clone(),
            layers: options.layers.iter().map(|layer| layer.renamed(file_name)).collect(),
            policies: options.policies.clone(),
            own: options.own.iter().map(|(name, _)| name.clone()).collect(),
            ..Self::default()
        }
    }

    /// With one layer more.
    pub(super) fn lay(&mut self, layer: Layer) {
        self.layers.push(layer);
    }

    /// With the documents that were read for it.
    pub(super) fn with(self, products: &Products) -> Self {
        Self { documents: products.texts.iter().cloned().collect(), ..self }
    }

    /// What [`load`](super::load()) is to be given; relative paths start from `folder`.
    pub fn restored(&self, folder: PathBuf) -> (Sources, LoadOptions) {
        let documents = self.documents.iter().map(|(name, text)| (name.clone(), text.clone()));
        let options = LoadOptions {
            folder,
            fallback_name: self.fallback_name.clone(),
            layers: self.layers.clone(),
            policies: self.policies.clone(),
            documents: documents.collect(),
            own: Vec::new(),
            standard_input: None,
        };
        (Sources::new(self.name.clone(), self.text.clone()), options)
    }

    /// The text of a document by the name it has in the scenario.
    pub fn document(&self, name: &str) -> Option<&str> {
        self.documents.get(name).map(String::as_str)
    }

    /// Every text with its name, the scenario first.
    pub fn texts(&self) -> impl Iterator<Item = (&str, &str)> {
        let own = (!self.text.is_empty()).then_some((self.name.as_str(), self.text.as_str()));
        let layers = self.layers.iter().map(|layer| (layer.name(), layer.text()));
        let documents = self.documents.iter().map(|(name, text)| (name.as_str(), text.as_str()));
        own.into_iter().chain(layers).chain(documents)
    }
}

/// A name without the folders of this machine; a flag of a command line stays as it was given.
fn file_name(name: &str) -> String {
    let file = Path::new(name).file_name().filter(|_| !name.starts_with("--"));
    file.map_or_else(|| name.to_owned(), |file| file.to_string_lossy().into_owned())
}
