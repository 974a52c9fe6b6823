//! Products as a scenario meets them: through the registry, by name.

mod properties;
mod registry;
mod scaleway;
mod scenarios;

use autosim_policies::products::{Loading, ProductFile, ProductPolicy};
use std::path::{Path, PathBuf};

/// The shipped document of the product called `kind`.
pub(crate) fn shipped(kind: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/policies");
    let mut files = ["json", "yaml"].iter().map(|end| folder.join(format!("{kind}.{end}")));
    files.find(|file| file.is_file()).unwrap_or_else(|| panic!("{kind} has no document"))
}

/// A policy of every product, named like it, with its shipped document, as lines of a scenario.
pub(crate) fn one_of_each() -> String {
    let policy = |kind: &&str| {
        let document = shipped(kind);
        format!("[policies.{kind}.{kind}]\ndocument = '{}'\n", document.display())
    };
    ProductFile::KINDS.iter().map(policy).collect()
}

/// Loads a text as the document of the product called `kind`.
pub(crate) fn load(kind: &str, text: &str, strict: bool) -> Loading {
    let file = ProductFile::of_files(kind, vec!["document.json".to_owned()], strict);
    file.unwrap_or_else(|| panic!("no product `{kind}`")).load(&[text.to_owned()])
}

/// The policy of a good document.
pub(crate) fn loaded(kind: &str, text: &str) -> ProductPolicy {
    let loading = load(kind, text, false);
    loading.policy.unwrap_or_else(|| panic!("{:#?}\n{text}", loading.found))
}
