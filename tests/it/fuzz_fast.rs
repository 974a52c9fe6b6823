//! The first changes of every kind of file; `tests/fuzz_full.rs` tries thousands.

use super::fuzz::Reader;

#[test]
fn changed_files_are_taken_or_refused_by_name() {
    for reader in Reader::all() {
        reader.try_all(20);
    }
}
