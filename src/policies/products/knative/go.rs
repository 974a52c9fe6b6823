//! Texts as Go reads them: `time.ParseDuration`, `strconv.ParseBool`.

use autosim_engine::units::Span;

/// Nanoseconds of each unit.
const UNITS: [(&str, f64); 8] = [
    ("ns", 1.0),
    ("us", 1e3),
    ("\u{b5}s", 1e3),
    ("\u{3bc}s", 1e3),
    ("ms", 1e6),
    ("s", 1e9),
    ("m", 6e10),
    ("h", 3.6e12),
];
/// No duration of Go is longer.
const LONGEST_NS: f64 = i64::MAX as f64;

/// A length of time in nanoseconds: `90s`, `1h30m`, `1.5m`, `-2s`, `0`.
pub(super) fn duration(text: &str) -> Option<i64> {
    let (sign, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (-1.0, rest),
        None => (1.0, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return Some(0);
    }
    let mut total = 0.0;
    loop {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, after) = rest.split_at(digits);
        let end = after.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(after.len());
        let (unit, beyond) = after.split_at(end);
        let (_, scale) = UNITS.iter().find(|(name, _)| *name == unit)?;
        // `5.` and `.5` are numbers to both, a point alone is one to none.
        total += number.parse::<f64>().ok()? * scale;
        if beyond.is_empty() {
            break;
        }
        rest = beyond;
    }
    (total < LONGEST_NS).then(|| (sign * total.round()) as i64)
}

/// The same where it is not negative.
pub(super) fn span(nanos: i64) -> Option<Span> {
    u64::try_from(nanos).ok().map(Span)
}

/// True or false.
pub(super) fn flag(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// | text | nanoseconds |
    #[test]
    fn durations_are_those_of_go() {
        for (text, nanos) in [
            ("90s", Some(90_000_000_000)),
            ("1h30m", Some(5_400_000_000_000)),
            ("1.5m", Some(90_000_000_000)),
            (".5s", Some(500_000_000)),
            ("5.s", Some(5_000_000_000)),
            ("-2s", Some(-2_000_000_000)),
            ("+2s", Some(2_000_000_000)),
            ("0", Some(0)),
            ("100\u{b5}s", Some(100_000)),
            ("10", None),
            ("", None),
            ("s", None),
            (".s", None),
            ("1 s", None),
            ("1d", None),
            ("1s2", None),
            ("1..5s", None),
            ("99999999999h", None),
        ] {
            assert_eq!(duration(text), nanos, "{text}");
        }
    }
}
