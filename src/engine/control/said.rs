//! The words of somebody else than autosim.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Mutex, PoisonError};

/// What a program gave as its reason. Reasons are copied with every decision, so the words are kept for as
/// long as the process lives, equal ones once: make one only of a decision that is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Said(&'static str);

impl Said {
    /// Longer words are cut there.
    pub const MOST_CHARS: usize = 200;

    /// These words, in one line.
    pub fn new(words: &str) -> Self {
        static KNOWN: Mutex<BTreeSet<&str>> = Mutex::new(BTreeSet::new());
        let printable = |c: char| if c.is_control() { ' ' } else { c };
        let words: String = words.trim().chars().take(Self::MOST_CHARS).map(printable).collect();
        let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(same) = known.get(words.as_str()) {
            return Self(same);
        }
        let kept: &'static str = words.leak();
        known.insert(kept);
        Self(kept)
    }
}

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_one_short_line_and_kept_once() {
        let long = "é".repeat(Said::MOST_CHARS + 1);
        for (words, kept) in [
            (" the queue grows\n", "the queue grows"),
            ("two\nlines \u{1b}[31m", "two lines  [31m"),
            (long.as_str(), &long[..2 * Said::MOST_CHARS]),
        ] {
            assert_eq!(Said::new(words).to_string(), kept);
            assert!(std::ptr::eq(Said::new(words).0, Said::new(kept).0));
        }
    }
}
