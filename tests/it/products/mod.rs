//! Products as a scenario meets them: through the registry, by name.

mod properties;
mod registry;
mod scaleway;
mod scenarios;

use autosim_policies::products::{Loading, ProductFile, ProductPolicy};

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
