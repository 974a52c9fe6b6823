//! `completions`: for shells.

use super::exit::{Exit, Failure};
use super::terminal::Terminal;
use clap_complete::Shell;

/// Print completions for a shell
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// Which shell
    shell: Shell,
}

const EXAMPLES: &str = "\
Examples:
  autosim completions bash > ~/.local/share/bash-completion/completions/autosim
  autosim completions zsh > ~/.zfunc/_autosim
  autosim completions fish > ~/.config/fish/completions/autosim.fish";

pub(super) fn run(args: &Args, terminal: &Terminal) -> Result<Exit, Failure> {
    let mut out = Vec::new();
    clap_complete::generate(args.shell, &mut super::command(), "autosim", &mut out);
    terminal.print(&String::from_utf8_lossy(&out))?;
    Ok(Exit::Good)
}
