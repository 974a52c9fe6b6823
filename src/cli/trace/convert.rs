//! `trace convert`: recordings as another file.

use super::reading::{ReadingArgs, named};
use crate::cli::exit::{Exit, Failure};
use crate::cli::signals::stop_when_asked;
use crate::cli::terminal::Terminal;
use autosim_engine::units::{Span, plural};
use autosim_engine::workload::arrivals::TracePoint;
use autosim_engine::workload::trace::{
    Conversion, ConvertError, GenerateError, MEMORY_LIMIT_BYTES, Options, Spread, convert,
};
use autosim_report::{group, plain};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Write recorded traffic to another file: a part of it, more or less of it, as counts, several files as one
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// Recordings of any format; several become one: in order of time where they have dates, else one after the other
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The file to write: .csv or .jsonl, `.gz` and `.zst` behind that are packed; .parquet where that is built in
    #[arg(long, short, value_name = "FILE")]
    out: PathBuf,
    /// The first moment that is kept: an offset from the start, or a time as the recording has it
    #[arg(long, value_name = "MOMENT")]
    from: Option<TracePoint>,
    /// The first moment that is not kept any more
    #[arg(long, value_name = "MOMENT")]
    until: Option<TracePoint>,
    /// Multiplies the traffic: requests are thinned or copied by chance, counts multiplied
    #[arg(long, value_name = "FACTOR", default_value_t = 1.0)]
    scale: f64,
    /// Counts of intervals of this length, instead of a row for each request
    #[arg(long, value_name = "INTERVAL")]
    every: Option<Span>,
    /// How requests of one coarse stamp are placed: keep, uniform or even [default: as they are played]
    #[arg(long, value_name = "RULE", value_parser = named::<Spread>)]
    spread: Option<Spread>,
    /// Drops dates and clock: times count from the first moment that is kept
    #[arg(long, visible_alias = "anonymize")]
    anonymise: bool,
    /// What chance is drawn from
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    #[command(flatten)]
    reading: ReadingArgs,
}

const EXAMPLES: &str = "\
Only times and service times are written, whatever else stands in the recording; reading the new file gives the same
requests. Those of one second of a log are placed within it by chance (--seed), as they would be played.
Examples:
  autosim trace convert access.log.gz --out requests.csv.gz
  autosim trace convert requests.csv.gz --from '2026-03-02 08:00' --until '2026-03-02 12:00' --out morning.csv
  autosim trace convert requests.csv.gz --every 1m --out per-minute.csv
  autosim trace convert monday.log tuesday.log --scale 0.1 --anonymise --out share.jsonl.zst";

pub(super) fn run(args: &Args, terminal: &Terminal) -> Result<Exit, Failure> {
    args.reading.refuse_to_replace(&args.files, &args.out)?;
    let paths: Vec<String> = args.files.iter().map(|file| file.display().to_string()).collect();
    let is_standard = |file: &&PathBuf| file.as_path() == Path::new("-");
    let standard = args.files.iter().find(is_standard).or(args.files.first());
    let options = args.reading.options_of(standard.map_or(Path::new(""), PathBuf::as_path))?;
    let options = Options { memory_limit_bytes: Some(MEMORY_LIMIT_BYTES), ..options };
    let conversion = Conversion {
        from: args.from.clone(),
        until: args.until.clone(),
        rate_scale: args.scale,
        spread: args.spread,
        every: args.every,
        anonymise: args.anonymise,
        seed: args.seed,
    };
    let cancel = Arc::default();
    stop_when_asked(&cancel);
    let done = match convert(Path::new(""), &paths, &options, &conversion, &args.out, &cancel) {
        Ok(done) => done,
        Err(ConvertError::Writing(interrupted @ GenerateError::Interrupted)) => {
            terminal.say(&interrupted.to_string());
            return Ok(Exit::Interrupted);
        }
        Err(ConvertError::Writing(error)) => return Err(Failure::bad_input(error)),
        Err(ConvertError::Recording(fault)) => {
            let text = format!("{}\n  = help: {}", fault.message, fault.hint);
            return Err(Failure::bad_input(text));
        }
    };
    for sentence in &done.said {
        terminal.say(&format!("assumed: {sentence}"));
    }
    let requests = group(&plain(done.requests, 3));
    let noun = if requests == "1" { "request" } else { "requests" };
    terminal.say(&format!(
        "{requests} {noun} in {} of {}",
        plural(done.rows, "row"),
        args.out.display()
    ));
    Ok(Exit::Good)
}
