//! How a command can end.

use std::process::ExitCode;

/// A normal end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Exit {
    /// Nothing to complain about.
    Good = 0,
    /// An assertion failed.
    Failed = 1,
    /// The input cannot be used.
    BadInput = 2,
    /// Our fault.
    Ours = 3,
    /// Ctrl-C; what was finished is written.
    Interrupted = 130,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// An end that needs words.
#[derive(Debug)]
pub(super) enum Failure {
    /// The user's input; the text names file, line, key and remedy.
    BadInput(String),
    /// Nobody reads our output any more: success.
    ClosedPipe,
}

impl Failure {
    /// A complaint of one line.
    pub(super) fn bad_input(text: impl std::fmt::Display) -> Self {
        Self::BadInput(format!("error: {text}"))
    }
}

impl From<std::io::Error> for Failure {
    /// Of writing to our own output.
    fn from(error: std::io::Error) -> Self {
        match error.kind() == std::io::ErrorKind::BrokenPipe {
            true => Self::ClosedPipe,
            false => Self::bad_input(format_args!("cannot write the output: {error}")),
        }
    }
}

/// A panic anywhere is a fault of ours: it is said so, with where, and the process ends with 3.
pub(super) fn report_panics_as_ours() {
    let default = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        default(info);
        let text =
            "This is a fault of autosim; please report it with the scenario and the lines above.";
        let _ = std::io::Write::write_all(&mut std::io::stderr(), format!("{text}\n").as_bytes());
        std::process::exit(i32::from(Exit::Ours as u8));
    }));
}
