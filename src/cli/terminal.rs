//! Standard output for results, standard error for everything else.

use super::exit::Failure;
use std::io::{IsTerminal as _, Write as _};

/// What is known of the two outputs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Terminal {
    /// Messages may be coloured.
    pub(super) colour: bool,
    /// Messages are read by a person now: progress makes sense.
    pub(super) interactive: bool,
}

impl Terminal {
    /// Of this process.
    pub(super) fn of_process() -> Self {
        let interactive = std::io::stderr().is_terminal();
        let plain = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let dumb = std::env::var_os("TERM").is_some_and(|value| value == "dumb");
        Self { colour: interactive && !plain("NO_COLOR") && !dumb, interactive }
    }

    /// Results: text to standard output, whole. If that is closed there is nobody to tell, and the command
    /// goes on: how it ends does not depend on who reads.
    pub(super) fn print(&self, text: &str) -> Result<(), Failure> {
        let mut out = std::io::stdout().lock();
        match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
            Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error.into()),
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// Anything else, to standard error. If that is closed there is nobody to tell.
    pub(super) fn say(&self, text: &str) {
        let _ = writeln!(std::io::stderr().lock(), "{}", text.trim_end());
    }

    /// Why the command failed.
    pub(super) fn complain(&self, text: &str) {
        self.say(text);
    }
}
