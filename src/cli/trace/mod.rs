//! `trace`: look at recorded traffic, fetch it, make another file, services or a model of it, make synthetic traffic.

mod convert;
mod fetch;
mod fit;
mod generate;
mod inspect;
mod reading;
mod split;

pub(super) use reading::ReadingArgs;

use super::exit::{Exit, Failure};
use super::terminal::Terminal;

/// Inspect, fetch, convert or split recorded traffic, fit a model to it, or write synthetic traffic to a file
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    Inspect(Box<inspect::Args>),
    Fetch(Box<fetch::Args>),
    Convert(Box<convert::Args>),
    Split(Box<split::Args>),
    Fit(Box<fit::Args>),
    Generate(Box<generate::Args>),
}

pub(super) fn run(args: &Args, terminal: &Terminal) -> Result<Exit, Failure> {
    match &args.verb {
        Verb::Inspect(args) => inspect::run(args, terminal),
        Verb::Fetch(args) => fetch::run(args, terminal),
        Verb::Convert(args) => convert::run(args, terminal),
        Verb::Split(args) => split::run(args, terminal),
        Verb::Fit(args) => fit::run(args, terminal),
        Verb::Generate(args) => generate::run(args, terminal),
    }
}
