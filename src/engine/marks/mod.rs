//! # marks: which branches a test has been through
//!
//! **Is**: coverage marks. A rare branch says its name ([`hit`]), and the one test that shows it says that it
//! expects it ([`expect`]): it fails if the branch was not taken. Every reason that a decision gives is a mark
//! of its own. `tests/it/marks.rs` checks that each mark has exactly one such test.
//!
//! **Knows**: names, per thread.
//!
//! **Must not know**: anything else. Without debug assertions nothing of it is compiled: a mark in a plane costs
//! nothing.
//!
//! **Start at** [`expect`].

use std::cell::RefCell;

thread_local! {
    /// What the test on this thread expects and has not seen yet.
    static AWAITED: RefCell<Vec<&'static str>> = const { RefCell::new(Vec::new()) };
}

/// The branch `kind` is taken, or of several of a kind the one named `detail`.
#[inline(always)]
pub fn hit(kind: &str, detail: &str) {
    if cfg!(debug_assertions) {
        AWAITED.with_borrow_mut(|awaited| awaited.retain(|one| !is(one, kind, detail)));
    }
}

fn is(mark: &str, kind: &str, detail: &str) -> bool {
    mark.strip_prefix(kind).is_some_and(|rest| rest.trim_start() == detail)
}

/// Held by a test that expects marks; when it goes, all of them must have been hit.
#[derive(Debug)]
#[must_use = "hold it until the test ends"]
pub struct Expected(());

/// The marks that this test shows, and no other: a kind, its detail, or both with a blank between.
pub fn expect<const N: usize>(marks: [&'static str; N]) -> Expected {
    AWAITED.with_borrow_mut(|awaited| awaited.extend(marks));
    Expected(())
}

impl Drop for Expected {
    fn drop(&mut self) {
        let left = AWAITED.take();
        if cfg!(debug_assertions) && !std::thread::panicking() {
            assert!(left.is_empty(), "this test does not show {left:?}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_a_kind_or_a_detail_or_both() {
        for (mark, kind, detail, expected) in [
            ("limit max", "limit", "max", true),
            ("limit max", "limit", "min", false),
            ("no trigger", "", "no trigger", true),
            ("no_data", "no_data", "", true),
            ("no_data", "no", "data", false),
        ] {
            assert_eq!(is(mark, kind, detail), expected, "{mark}: {kind} {detail}");
        }
    }

    #[test]
    fn what_was_not_hit_fails_the_test_that_expects_it() {
        let outcome = std::thread::spawn(|| {
            let _expected = expect(["one", "other"]);
            hit("one", "");
        });
        let failure = outcome.join().unwrap_err();
        let message = failure.downcast_ref::<String>().unwrap();
        assert!(message.contains(r#"["other"]"#), "{message}");
        let _expected = expect(["one"]);
        hit("one", "");
    }
}
