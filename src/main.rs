//! The `autosim` command.

#![warn(clippy::wildcard_enum_match_arm)]

mod cli;

fn main() -> std::process::ExitCode {
    cli::main()
}
