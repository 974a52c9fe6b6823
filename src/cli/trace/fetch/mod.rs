//! `trace fetch`: what a server holds, as a file that the other verbs read.

mod client;
mod instant;
mod netrc;
mod prometheus;

use crate::cli::exit::{Exit, Failure};
use crate::cli::terminal::Terminal;
use autosim_engine::units::Span;
use autosim_engine::workload::trace::write_whole;
use client::Client;
use std::path::PathBuf;

/// Fetch recorded traffic or telemetry over HTTP
///
/// Credentials come from the environment (AUTOSIM_HTTP_TOKEN, or AUTOSIM_HTTP_USER and AUTOSIM_HTTP_PASSWORD) or
/// from a netrc file (NETRC, or ~/.netrc), never from the command line, and are never printed or written. SSL_CERT_FILE
/// names the certificates of an authority of your own for https://.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    source: Source,
}

#[derive(Debug, clap::Subcommand)]
enum Source {
    Prometheus(prometheus::Args),
    Csv(CsvArgs),
}

/// Whom to ask, and how long to wait.
#[derive(Debug, clap::Args)]
struct Server {
    /// Where it is, http:// or https://
    #[arg(long, value_name = "URL")]
    url: String,
    /// How long an answer may take
    #[arg(long, value_name = "SPAN", default_value = "2m")]
    timeout: Span,
}

/// Fetch a file as it is, for example a CSV
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  autosim trace fetch csv --url http://127.0.0.1:8000/requests.csv.gz --out requests.csv.gz")]
struct CsvArgs {
    #[command(flatten)]
    server: Server,
    /// The file to write, whole or not at all
    #[arg(long, short, value_name = "FILE")]
    out: PathBuf,
}

pub(super) fn run(args: &Args, terminal: &Terminal) -> Result<Exit, Failure> {
    match &args.source {
        Source::Prometheus(args) => prometheus::run(args, terminal),
        Source::Csv(args) => csv(args, terminal),
    }
}

fn csv(args: &CsvArgs, terminal: &Terminal) -> Result<Exit, Failure> {
    let bytes = Client::new(&args.server)?.get(&args.server.url, &[], terminal)?;
    let begin = bytes.trim_ascii_start();
    let wrong = match begin.first() {
        None => Some("is empty".to_owned()),
        Some(b'<') => Some("is a page, not a table".to_owned()),
        Some(_) => {
            client::error_in(begin).map(|error| format!("is an error, not a table: {error}"))
        }
    };
    if let Some(what) = wrong {
        return Err(Failure::bad_input(format_args!(
            "--url: the answer {what}; give the address that the file itself comes from"
        )));
    }
    write_whole(&args.out, &bytes).map_err(|error| {
        Failure::bad_input(format_args!("--out: cannot write `{}`: {error}", args.out.display()))
    })?;
    let out = args.out.display();
    terminal.say(&format!("{} bytes in {out}; see `autosim trace inspect {out}`", bytes.len()));
    Ok(Exit::Good)
}
