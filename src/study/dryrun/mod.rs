//! # dryrun: what a policy would have decided
//!
//! **Is**: a recording of readings or samples (a table of metrics over time, or series merged into one),
//! the match between its columns and the signals a policy sees, and the replay: no requests, no replicas, no engine.
//!
//! **Knows**: policies, products, signals, the names of columns, how recordings write times.
//!
//! **Must not know**: the engine, the fleet, files (a reader is handed to it), terminals.
//!
//! **Start at** [`play`].

mod columns;
mod live;
mod play;
mod player;
mod recording;
mod series;
#[cfg(test)]
mod tests;

pub use live::Live;
pub use play::{Answer, DryRun, Question, Tally, play};
pub use recording::Recording;
pub use series::Mapping;
