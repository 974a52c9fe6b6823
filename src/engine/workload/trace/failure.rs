//! What is wrong with a trace file.

use std::fmt;

/// One thing wrong with a trace, with the option that would help.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraceError {
    /// The option it belongs to: `file`, `time`, `interval` ...
    pub key: &'static str,
    /// File, line, column and the value found.
    pub message: String,
    /// What would be right.
    pub hint: String,
}

impl TraceError {
    /// At an option.
    pub(crate) fn at(
        key: &'static str,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) -> Self {
        Self { key, message: message.into(), hint: hint.into() }
    }

    /// In the file itself.
    pub(crate) fn file(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::at("file", message, hint)
    }
}

impl fmt::Display for TraceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.message, self.hint)
    }
}

impl std::error::Error for TraceError {}

/// `path:line, column ` for messages.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) path: &'a str,
    pub(super) line: u64,
    pub(super) column: &'a str,
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} line {}", self.path, self.line)?;
        if self.column.is_empty() { Ok(()) } else { write!(f, ", column `{}`", self.column) }
    }
}
