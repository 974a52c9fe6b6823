//! Thousands of changes to every kind of file autosim reads, minutes:
//! `cargo test --release --test fuzz_full`.

#[path = "it/fuzz.rs"]
mod fuzz;

use fuzz::Reader;

#[test]
fn changed_files_are_taken_or_refused_by_name() {
    for reader in Reader::all() {
        reader.try_all(4000);
    }
}
