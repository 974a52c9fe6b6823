//! Every case of the table of exactly known answers, about 7 billion requests:
//! `cargo test --release --test theory_full`.

#[allow(dead_code, reason = "the glance is for the normal test run")]
#[path = "it/theory/mod.rs"]
mod theory;

use theory::{Effort, check_faas, run};

#[test]
fn every_case_of_the_table_is_met() {
    if let Some(wrong) = run(Effort::Full, |_| true) {
        assert!(wrong.is_empty(), "{wrong:#?}");
    }
}

#[test]
fn scale_per_request_meets_its_published_validation() {
    if let Some(wrong) = check_faas(Effort::Full) {
        assert!(wrong.is_empty(), "{wrong:#?}");
    }
}
