//! The `autosim` command.

fn main() {}
