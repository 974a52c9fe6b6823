//! Scenarios of the tests, read from text.

use super::{LoadOptions, Scenario, Sources, load};

/// The scenario of a text, or what is said of its faults.
pub(crate) fn read(text: impl Into<String>) -> Result<Scenario, String> {
    let options = LoadOptions { fallback_name: "test".into(), ..LoadOptions::default() };
    let loaded = load(Sources::new("test.toml", text.into()), &options);
    loaded.map(|loaded| loaded.scenario).map_err(|found| found.render(false))
}
