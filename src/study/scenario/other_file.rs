//! TOML files of other kinds than scenarios, read as strictly: every fault at once, each with its place.

use super::decode;
use super::findings::{Findings, place};
use super::load::{first_of, follows};
use super::sources::Sources;
use super::tree::Places;
use autosim_engine::fault::Faults;
use serde::de::DeserializeOwned;
use toml::de::DeTable;

/// Reads a file as `T` and lets `check` look at it. A fault of the key `decides`, the version of the form, makes all
/// others meaningless.
///
/// # Errors
/// Everything that is wrong with it.
pub fn read_file<T: DeserializeOwned>(
    sources: Sources,
    decides: &str,
    check: impl FnOnce(&T, &mut Faults),
) -> Result<T, Findings> {
    let text = sources.text().to_owned();
    let (root, errors) = DeTable::parse_recoverable(&text);
    if !errors.is_empty() {
        return Err(Findings::new(sources, first_of(&text, &errors)));
    }
    let places = Places::of(root.get_ref());
    let read = decode::read::<T>(root);
    let mut found = read.findings;
    if let Some(only) = found.iter().position(|finding| finding.fault.path == decides) {
        found = vec![found.swap_remove(only)];
    } else if let Some(value) = &read.value {
        let mut faults = Faults::new();
        check(value, &mut faults);
        let own = faults.into_vec().into_iter().filter(|fault| !follows(fault, &read.removed));
        found.extend(place(own.collect(), &places));
    }
    found.sort_by_key(|finding| finding.span.as_ref().map_or(usize::MAX, |span| span.start));
    match read.value {
        Some(value) if found.is_empty() => Ok(value),
        Some(_) | None => Err(Findings::new(sources, found)),
    }
}
