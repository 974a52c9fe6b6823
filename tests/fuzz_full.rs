//! Thousands of changes to every kind of file autosim reads, minutes:
//! `cargo test --release --test fuzz_full`; `CHANGES=40000` in the environment tries so many of each kind, the first of
//! them always the same.

#[path = "it/fuzz.rs"]
mod fuzz;

use fuzz::Reader;

#[test]
fn changed_files_are_taken_or_refused_by_name() {
    let changes = std::env::var("CHANGES").map_or(4000, |text| text.parse().unwrap());
    for reader in Reader::all() {
        reader.try_all(changes);
    }
}
