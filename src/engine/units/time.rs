//! Simulated time: integer nanoseconds from the scenario's start.

use super::text::TextError;
use std::fmt;
use std::ops::{Add, AddAssign, Sub};
use std::str::FromStr;

const NS_PER_S: u64 = 1_000_000_000;

/// An instant: nanoseconds since the scenario's start. [`Time::NEVER`] (584 years) sorts last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Time(pub u64);

/// A length of time in nanoseconds; never negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Span(pub u64);

impl Time {
    /// The scenario's start.
    pub const ZERO: Self = Self(0);
    /// Later than everything.
    pub const NEVER: Self = Self(u64::MAX);

    /// The instant `seconds` after the start; saturates at [`Time::NEVER`], negative becomes 0.
    pub fn from_secs_f64(seconds: f64) -> Self {
        Self((seconds * NS_PER_S as f64).round() as u64)
    }
    /// Whole seconds after the start.
    pub const fn from_secs(seconds: u64) -> Self {
        Self(seconds.saturating_mul(NS_PER_S))
    }
    /// Seconds since the start, for display and arithmetic on readings.
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / NS_PER_S as f64
    }
    /// Length since `earlier`; zero if `earlier` is later.
    pub const fn since(self, earlier: Self) -> Span {
        Span(self.0.saturating_sub(earlier.0))
    }
    /// `self + span`, saturating at [`Time::NEVER`].
    pub const fn after(self, span: Span) -> Self {
        Self(self.0.saturating_add(span.0))
    }
    /// `self - span`, saturating at the start.
    pub const fn before(self, span: Span) -> Self {
        Self(self.0.saturating_sub(span.0))
    }
}

impl Span {
    /// No time at all.
    pub const ZERO: Self = Self(0);
    /// Longer than any run.
    pub const MAX: Self = Self(u64::MAX);

    /// Rounded to the nanosecond; saturates, negative becomes 0.
    pub fn from_secs_f64(seconds: f64) -> Self {
        Self((seconds * NS_PER_S as f64).round() as u64)
    }
    /// Whole seconds; saturates.
    pub const fn from_secs(seconds: u64) -> Self {
        Self(seconds.saturating_mul(NS_PER_S))
    }
    /// Whole milliseconds; saturates.
    pub const fn from_millis(ms: u64) -> Self {
        Self(ms.saturating_mul(1_000_000))
    }
    /// Length in seconds.
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / NS_PER_S as f64
    }
    /// Length in milliseconds.
    pub fn as_millis_f64(self) -> f64 {
        self.0 as f64 / 1e6
    }
    /// The greatest common divisor: the longest step of which both are multiples. Zero counts as none.
    #[must_use]
    pub const fn common_step(self, other: Self) -> Self {
        let (mut a, mut b) = (self.0, other.0);
        while b > 0 {
            (a, b) = (b, a % b);
        }
        Self(a)
    }
    /// For people, who count no nanoseconds: `240 ms`, `8.3 s`, `1m 8s`, `12h`. Files have seconds, and
    /// [`fmt::Display`] every digit.
    pub fn told(self) -> String {
        let trimmed = |value: f64, decimals: usize, unit: &str| {
            let text = format!("{value:.decimals$}");
            let text = match text.contains('.') {
                true => text.trim_end_matches('0').trim_end_matches('.'),
                false => &text,
            };
            format!("{text} {unit}")
        };
        let (ms, seconds) = (self.as_millis_f64(), self.as_secs_f64());
        match self {
            Self::ZERO => "0 s".to_owned(),
            _ if seconds >= 59.5 => Self::from_secs(seconds.round() as u64).to_string(),
            _ if seconds >= 9.95 => trimmed(seconds, 0, "s"),
            _ if ms >= 999.5 => trimmed(seconds, 1, "s"),
            // Three digits that mean something.
            _ => trimmed(ms, (2.0 - ms.log10().floor()).clamp(0.0, 8.0) as usize, "ms"),
        }
    }
    /// True for [`Span::ZERO`].
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }
    /// A bare number is not a duration: it has no unit.
    pub(super) fn from_bare_number(_: f64, found: &str) -> Result<Self, TextError> {
        Err(TextError::because(
            found,
            SPAN_EXPECTED,
            format!("a duration needs a unit, for example \"{found}s\""),
        ))
    }
}

impl Add<Span> for Time {
    type Output = Self;
    fn add(self, span: Span) -> Self {
        self.after(span)
    }
}
impl AddAssign<Span> for Time {
    fn add_assign(&mut self, span: Span) {
        *self = self.after(span);
    }
}
impl Sub for Time {
    type Output = Span;
    fn sub(self, earlier: Self) -> Span {
        debug_assert!(earlier <= self, "negative span: {self:?} - {earlier:?}");
        self.since(earlier)
    }
}
impl Add for Span {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

const SPAN_EXPECTED: &str =
    "a duration with a unit, for example \"90s\", \"250ms\", \"1h 30m\" or \"2 days\"";

impl FromStr for Span {
    type Err = TextError;
    fn from_str(text: &str) -> Result<Self, TextError> {
        // Underscores group digits, as in rates and in TOML itself.
        let plain = text.trim().replace('_', "");
        let span: jiff::Span = plain.parse().map_err(|_| TextError::new(text, SPAN_EXPECTED))?;
        if span.is_negative() {
            return Err(TextError::because(text, SPAN_EXPECTED, "a duration cannot be negative"));
        }
        let length = span.to_duration(jiff::SpanRelativeTo::days_are_24_hours()).map_err(|_| {
            TextError::because(
                text,
                SPAN_EXPECTED,
                "months and years have no fixed length; use days or weeks",
            )
        })?;
        u64::try_from(length.as_nanos())
            .map(Self)
            .map_err(|_| TextError::because(text, SPAN_EXPECTED, "longer than 584 years"))
    }
}

impl fmt::Display for Span {
    /// The shortest exact text: `1h 30m`, `2m 5s`, `250ms`, `1.5s`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == 0 {
            return f.write_str("0s");
        }
        let (days, rest) = (self.0 / (86_400 * NS_PER_S), self.0 % (86_400 * NS_PER_S));
        let (hours, rest) = (rest / (3600 * NS_PER_S), rest % (3600 * NS_PER_S));
        let (minutes, ns) = (rest / (60 * NS_PER_S), rest % (60 * NS_PER_S));
        let mut gap = "";
        for (count, unit) in [(days, "d"), (hours, "h"), (minutes, "m")] {
            if count > 0 {
                write!(f, "{gap}{count}{unit}")?;
                gap = " ";
            }
        }
        match ns {
            0 => Ok(()),
            ns if ns >= NS_PER_S && ns % 1_000_000 == 0 => {
                write!(f, "{gap}{}s", ns as f64 / NS_PER_S as f64)
            }
            ns if ns >= NS_PER_S => {
                write!(f, "{gap}{}s", ns / NS_PER_S)?;
                write!(f, " {}", Self(ns % NS_PER_S))
            }
            ns if ns % 1_000_000 == 0 => write!(f, "{gap}{}ms", ns / 1_000_000),
            ns if ns % 1000 == 0 => write!(f, "{gap}{}us", ns / 1000),
            ns => write!(f, "{gap}{ns}ns"),
        }
    }
}

crate::written_as_text!(Span, "Duration", SPAN_EXPECTED, "string", examples ["90s", "1h 30m", "250ms"], bare number Span::from_bare_number);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_with_their_unit() {
        for (text, ns) in [
            ("90s", 90 * NS_PER_S),
            ("1h 30m", 5400 * NS_PER_S),
            ("250ms", 250_000_000),
            ("2 days", 172_800 * NS_PER_S),
            ("1d", 86_400 * NS_PER_S),
            ("2 weeks", 14 * 86_400 * NS_PER_S),
            ("1.5s", 1_500_000_000),
            ("0s", 0),
            ("490_000s", 490_000 * NS_PER_S),
        ] {
            assert_eq!(text.parse::<Span>(), Ok(Span(ns)), "{text}");
        }
    }

    #[test]
    fn what_is_not_a_duration_is_refused_with_the_reason() {
        for (text, part) in [
            ("90", "duration with a unit"),
            ("-5s", "negative"),
            ("5 min ago", "negative"),
            ("1 month", "no fixed length"),
            ("", "duration with a unit"),
        ] {
            let error = text.parse::<Span>().unwrap_err().to_string();
            assert!(error.contains(part), "{text}: {error}");
        }
    }

    #[test]
    fn people_are_told_as_many_digits_as_they_count() {
        for (seconds, text) in [
            (0.0, "0 s"),
            (0.000_012_34, "0.0123 ms"),
            (0.0123, "12.3 ms"),
            (0.240_04, "240 ms"),
            (0.9996, "1 s"),
            (8.299_999_999_999_999, "8.3 s"),
            (43.24, "43 s"),
            (59.6, "1m"),
            (68.4, "1m 8s"),
            (43_200.0, "12h"),
            (129_600.2, "1d 12h"),
        ] {
            assert_eq!(Span::from_secs_f64(seconds).told(), text, "{seconds}");
        }
    }

    #[test]
    fn display_is_read_back_as_the_same_span() {
        for ns in [0, 1, 1_500, 250_000_000, 1_500_000_000, 90 * NS_PER_S, 86_461_000_000_001] {
            let text = Span(ns).to_string();
            assert_eq!(text.parse::<Span>(), Ok(Span(ns)), "{text}");
        }
    }
}
