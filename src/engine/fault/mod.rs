//! # fault: what is wrong with an input, as data
//!
//! **Is**: [`Fault`] - one thing wrong, where (a path of keys), what was found and what would be right -
//! and [`Faults`], the collector that every check writes to, so that all faults of an input are
//! reported together.
//!
//! **Knows**: paths of keys, severity.
//!
//! **Must not know**: files, line numbers (the `scenario` room turns a path into a line and column),
//! terminals.
//!
//! **Start at** [`Faults::error`].

mod guarded;

pub use guarded::{guarded, is_guarded};

use std::fmt;

/// Whether a fault stops the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The input cannot be used.
    Error,
    /// Legal, but probably not what was meant.
    Warning,
}

/// One thing wrong with an input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Keys from the root, joined by dots: `policies.steady.target-tracking.max`.
    pub path: String,
    /// What is wrong, with the value found.
    pub message: String,
    /// What would be right; empty if the message says it all.
    pub hint: String,
    /// Whether it stops the run.
    pub severity: Severity,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = match self.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        write!(f, "{word}: {}: {}", self.path, self.message)?;
        if !self.hint.is_empty() {
            write!(f, " ({})", self.hint)?;
        }
        Ok(())
    }
}

/// Collects faults while a check walks an input; `within` keeps the path of keys.
#[derive(Debug, Default)]
pub struct Faults {
    found: Vec<Fault>,
    path: Vec<String>,
}

impl Faults {
    /// Nothing found yet, at the root.
    pub fn new() -> Self {
        Self::default()
    }

    /// Runs `check` one key deeper.
    pub fn within<T>(&mut self, key: impl Into<String>, check: impl FnOnce(&mut Self) -> T) -> T {
        self.path.push(key.into());
        let result = check(self);
        self.path.pop();
        result
    }

    /// An error at `key` below the current path (empty: at the path itself).
    pub fn error(&mut self, key: &str, message: impl Into<String>, hint: impl Into<String>) {
        self.add(Severity::Error, key, message.into(), hint.into());
    }

    /// A warning at `key` below the current path (empty: at the path itself).
    pub fn warn(&mut self, key: &str, message: impl Into<String>, hint: impl Into<String>) {
        self.add(Severity::Warning, key, message.into(), hint.into());
    }

    /// Adds a fault that carries its own full path.
    pub fn push(&mut self, fault: Fault) {
        self.found.push(fault);
    }

    fn add(&mut self, severity: Severity, key: &str, message: String, hint: String) {
        let mut path = self.path.join(".");
        if !key.is_empty() {
            if !path.is_empty() {
                path.push('.');
            }
            path.push_str(key);
        }
        self.found.push(Fault { path, message, hint, severity });
    }

    /// True if any fault stops the run.
    pub fn any_error(&self) -> bool {
        self.found.iter().any(|fault| fault.severity == Severity::Error)
    }

    /// How many errors were found so far; compare before and after a part to see if it was sound.
    pub fn errors(&self) -> usize {
        self.found.iter().filter(|fault| fault.severity == Severity::Error).count()
    }

    /// Everything found, in the order found.
    pub fn into_vec(self) -> Vec<Fault> {
        self.found
    }

    /// Everything found so far.
    pub fn as_slice(&self) -> &[Fault] {
        &self.found
    }
}
