//! The `autosim` command; see [`autosim::cli`].

fn main() -> std::process::ExitCode {
    autosim::cli::main()
}
