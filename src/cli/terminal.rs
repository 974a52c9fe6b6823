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
    /// Columns of what results are printed on; where that is no terminal, 80.
    pub(super) width: usize,
}

/// Columns where there is no terminal: what is printed into a file never depends on who does it.
const WIDTH: usize = 80;
/// A terminal that says it is narrower says nothing.
const NARROWEST: usize = 40;

impl Terminal {
    /// Of this process.
    pub(super) fn of_process() -> Self {
        let interactive = std::io::stderr().is_terminal();
        let plain = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let dumb = std::env::var_os("TERM").is_some_and(|value| value == "dumb");
        let colour = interactive && !plain("NO_COLOR") && !dumb;
        Self { colour, interactive, width: width() }
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

/// Of the terminal on standard output; `COLUMNS` has the last word there.
fn width() -> usize {
    let out = std::io::stdout();
    if !out.is_terminal() {
        return WIDTH;
    }
    let stated = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    stated.or_else(|| measured(&out)).filter(|&width| width >= NARROWEST).unwrap_or(WIDTH)
}

/// Some terminals know their columns and not their rows, so that both together are not asked for.
#[cfg(unix)]
fn measured(out: &std::io::Stdout) -> Option<usize> {
    Some(usize::from(rustix::termios::tcgetwinsize(out).ok()?.ws_col))
}

#[cfg(not(unix))]
fn measured(_: &std::io::Stdout) -> Option<usize> {
    None
}
