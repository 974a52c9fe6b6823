//! The wall clock of a run: stated, else that of its recordings, else none.

use super::words::StartFile;
use autosim_engine::fault::Faults;
use autosim_engine::units::{Known, Span, WallClock};
use autosim_engine::workload::Recordings;

/// Recordings that begin closer together than this begin at the same time.
const TOGETHER: Span = Span::from_secs(1);

/// The clock of a run, and a sentence about it where it was not stated.
pub(super) fn of(
    start: Option<&StartFile>,
    traffic: &[Recordings],
    assumptions: &mut Vec<String>,
    faults: &mut Faults,
) -> WallClock {
    let recorded: Vec<&(String, WallClock)> = traffic.iter().flat_map(Recordings::clocks).collect();
    let first = recorded.first().map(|(_, clock)| clock);
    match (start, first) {
        (Some(start), _) => stated(start, first, faults).unwrap_or_default(),
        (None, Some(first)) => {
            warn_of_others(&recorded, faults);
            assumptions.push(format!(
                "no start given: the clock is the recording's own, from {}",
                words(first)
            ));
            first.clone()
        }
        (None, None) => {
            assumptions.push(
                "no start given: times are told from the start, and calendars take it for a Monday, 00:00 UTC"
                    .to_owned(),
            );
            WallClock::default()
        }
    }
}

/// The stated clock; dates without a zone are of that of the recording.
fn stated(
    start: &StartFile,
    recorded: Option<&WallClock>,
    faults: &mut Faults,
) -> Option<WallClock> {
    let (key, selects) = match start {
        StartFile::At(_) => ("start", true),
        StartFile::Relabel(_) => ("start.relabel", false),
    };
    let beside = recorded.cloned().unwrap_or_default();
    match WallClock::parse_beside(start.text(), &beside) {
        Ok(clock) if selects && recorded.is_some() && clock.known() != Known::Date => {
            let hint = "give a date in it, or none, or start = { relabel = \"Mon\" }";
            faults.error(key, "a weekday, but the recorded traffic has dates", hint);
            None
        }
        Ok(clock) => Some(clock),
        Err(error) => {
            let why = error.why.unwrap_or_else(|| "not a date and time".into());
            let hint = format!("expected {}", error.expected);
            faults.error(key, format!("`{}`: {why}", error.found), hint);
            None
        }
    }
}

/// Recordings that were not made at the same time are played side by side only if nobody minds.
fn warn_of_others(recorded: &[&(String, WallClock)], faults: &mut Faults) {
    let Some((name, first)) = recorded.first() else { return };
    let begin = first.start().timestamp();
    let apart = |clock: &WallClock| {
        clock.start().timestamp().duration_since(begin).unsigned_abs().as_nanos()
            > u128::from(TOGETHER.0)
    };
    for (other, clock) in recorded.iter().filter(|(_, clock)| apart(clock)) {
        faults.warn(
            "start",
            format!(
                "`{name}` was recorded from {} on, `{other}` from {}: each is played from its own beginning",
                words(first),
                words(clock)
            ),
            "a `start` that is in both plays them by one clock",
        );
    }
}

fn words(clock: &WallClock) -> String {
    clock.start_told().unwrap_or_default()
}
