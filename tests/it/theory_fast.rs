//! A glance at every case of the table: enough to catch what is plainly wrong. The whole, with the
//! precision that proves it, is `cargo test --release --test theory_full`.

use crate::theory::{Effort, check_faas, run};

#[test]
fn every_case_of_the_table_is_met_at_a_glance() {
    if let Some(wrong) = run(Effort::Fast, |_| true) {
        assert!(wrong.is_empty(), "{wrong:#?}");
    }
}

#[test]
fn scale_per_request_agrees_with_the_exact_model_at_a_glance() {
    if let Some(wrong) = check_faas(Effort::Fast) {
        assert!(wrong.is_empty(), "{wrong:#?}");
    }
}
