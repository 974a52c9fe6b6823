//! `man`: manual pages.

use super::exit::{Exit, Failure};
use super::terminal::Terminal;
use clap_mangen::Man;
use std::path::PathBuf;

/// Print the manual page, or write all pages into a folder
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// Writes `autosim.1` and a page per verb into this folder
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

const EXAMPLES: &str = "\
Examples:
  autosim man | man -l -
  autosim man --out ~/.local/share/man/man1";

pub(super) fn run(args: &Args, terminal: &Terminal) -> Result<Exit, Failure> {
    let command = super::command();
    match &args.out {
        None => {
            let mut page = Vec::new();
            Man::new(command).render(&mut page)?;
            terminal.print(&String::from_utf8_lossy(&page))?;
        }
        Some(folder) => {
            let refuse = |error: std::io::Error| {
                Failure::bad_input(format_args!("cannot write {}: {error}", folder.display()))
            };
            std::fs::create_dir_all(folder).map_err(refuse)?;
            clap_mangen::generate_to(command, folder).map_err(refuse)?;
        }
    }
    Ok(Exit::Good)
}
