//! Panics of libraries on damaged input, which are faults of the input and none of ours.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

thread_local! {
    static GUARDED: Cell<bool> = const { Cell::new(false) };
}

/// What a library makes of input that may be damaged; `None` where it panics over it. What it worked on must not be used
/// again then.
pub fn guarded<T>(act: impl FnOnce() -> T) -> Option<T> {
    let before = GUARDED.replace(true);
    let made = catch_unwind(AssertUnwindSafe(act));
    GUARDED.set(before);
    made.ok()
}

/// A panic on this thread now is one that [`guarded`] answers for.
pub fn is_guarded() -> bool {
    GUARDED.get()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_of_a_library_is_no_result_and_the_guard_ends_with_it() {
        assert_eq!(guarded(|| (is_guarded(), guarded(is_guarded))), Some((true, Some(true))));
        assert_eq!(guarded(|| guarded(|| [1][std::hint::black_box(2)])), Some(None));
        assert!(!is_guarded());
    }
}
