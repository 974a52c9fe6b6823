//! The ends of a range, as a user says them.

use autosim_engine::units::Span;
use autosim_engine::workload::trace::StampReader;
use std::str::FromStr;

/// An instant: of the calendar, or so long before now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Instant {
    /// Nanoseconds since 1970.
    At(i64),
    Ago(Span),
}

const FORMS: &str = "write a date with a time of day (\"2026-03-02T08:00:00Z\"; UTC where no zone is said), seconds since \
                     1970, \"now\", or how long ago: \"-7d\"";

impl FromStr for Instant {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let behind_now = text.strip_prefix("now").unwrap_or(text);
        if text == "now" {
            return Ok(Self::Ago(Span::ZERO));
        }
        if let Some(ago) = behind_now.strip_prefix('-') {
            return ago.trim().parse().map(Self::Ago).map_err(|_| FORMS.to_owned());
        }
        let mut stamps = StampReader::utc();
        let at = stamps.read(text).filter(|&at| stamps.is_dated(at));
        at.map(Self::At).ok_or_else(|| FORMS.to_owned())
    }
}

impl Instant {
    /// In milliseconds since 1970.
    pub(super) fn millis(self, now_ns: i64) -> i64 {
        let ns = match self {
            Self::At(ns) => ns,
            Self::Ago(span) => now_ns.saturating_sub_unsigned(span.0),
        };
        ns.div_euclid(1_000_000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_dates_seconds_and_times_before_now() {
        let now = 1_772_409_600_000_000_000;
        for (text, millis) in [
            ("now", Some(1_772_409_600_000)),
            ("-1h", Some(1_772_406_000_000)),
            ("now-7d", Some(1_771_804_800_000)),
            ("2026-03-02T00:00:00Z", Some(1_772_409_600_000)),
            ("2026-03-02T01:00:00+01:00", Some(1_772_409_600_000)),
            ("2026-03-02", Some(1_772_409_600_000)),
            ("1772409600", Some(1_772_409_600_000)),
            ("1772409600.5", Some(1_772_409_600_500)),
            ("7d", None),
            ("-7 parsecs", None),
            ("12", None),
            ("yesterday", None),
        ] {
            let read = text.parse::<Instant>().ok().map(|instant| instant.millis(now));
            assert_eq!(read, millis, "{text}");
        }
    }
}
