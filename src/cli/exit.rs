//! How a command can end.

use autosim_engine::fault::is_guarded;
use autosim_study::scenario::Findings;
use serde_json::{Value, json};
use std::process::ExitCode;

/// A normal end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Exit {
    /// Nothing to complain about.
    Good = 0,
    /// An assertion failed.
    Failed = 1,
    /// The input cannot be used, or the output not be left.
    BadInput = 2,
    /// Our fault.
    Ours = 3,
    /// Asked to stop; what was finished is written.
    Interrupted = 130,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

impl Exit {
    /// The one that more has to be done about.
    pub(super) fn worst(self, other: Self) -> Self {
        if other as u8 > self as u8 { other } else { self }
    }
}

/// Input that cannot be used, or output that cannot be left; it names file, line, key and remedy.
#[derive(Debug)]
pub(super) enum Failure {
    /// In words.
    Said(String),
    /// With the places of what is wrong.
    Found(Findings),
}

impl Failure {
    /// A complaint of one line.
    pub(super) fn bad_input(text: impl std::fmt::Display) -> Self {
        Self::Said(format!("error: {text}"))
    }

    /// For people.
    pub(super) fn text(&self, colour: bool) -> String {
        match self {
            Self::Said(text) => text.clone(),
            Self::Found(findings) => findings.render(colour),
        }
    }

    /// For a program: an array, as `findings` of `check --format json`.
    pub(super) fn findings(&self) -> Value {
        match self {
            Self::Said(text) => {
                let message = text.strip_prefix("error: ").unwrap_or(text);
                json!([{ "severity": "error", "message": message }])
            }
            Self::Found(findings) => json!(findings.located()),
        }
    }
}

impl From<Findings> for Failure {
    fn from(findings: Findings) -> Self {
        Self::Found(findings)
    }
}

impl From<std::io::Error> for Failure {
    /// Of writing to our own output.
    fn from(error: std::io::Error) -> Self {
        Self::bad_input(format_args!("cannot write the output: {error}"))
    }
}

/// A panic anywhere is a fault of ours: it is said so, with where, and the process ends with 3.
pub(super) fn report_panics_as_ours() {
    let default = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        // One of a library, over damaged input: that is refused.
        if is_guarded() {
            return;
        }
        default(info);
        let text =
            "This is a fault of autosim; please report it with the scenario and the lines above.";
        let _ = std::io::Write::write_all(&mut std::io::stderr(), format!("{text}\n").as_bytes());
        std::process::exit(i32::from(Exit::Ours as u8));
    }));
}
