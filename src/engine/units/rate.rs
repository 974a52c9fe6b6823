//! Rates per second and shares.

use super::text::{TextError, split_number};
use std::fmt;
use std::str::FromStr;

/// Events per second; finite, not negative.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Default)]
pub struct Rate(f64);

const RATE_EXPECTED: &str =
    "a rate with a unit of time, for example \"400/s\", \"90/min\" or \"12/h\"";

impl Rate {
    /// Refuses negative and not finite values.
    pub fn per_second(value: f64) -> Option<Self> {
        (value.is_finite() && value >= 0.0).then_some(Self(value))
    }
    /// Events per second.
    pub const fn as_per_second(self) -> f64 {
        self.0
    }
    pub(super) fn from_bare_number(_: f64, found: &str) -> Result<Self, TextError> {
        Err(TextError::because(
            found,
            RATE_EXPECTED,
            format!("a rate needs a unit of time, for example \"{found}/s\""),
        ))
    }
}

impl FromStr for Rate {
    type Err = TextError;
    fn from_str(text: &str) -> Result<Self, TextError> {
        let wrong = || TextError::new(text, RATE_EXPECTED);
        let (number, unit) = split_number(text).ok_or_else(wrong)?;
        let seconds = match unit.strip_prefix('/').ok_or_else(wrong)?.trim() {
            "s" | "sec" | "second" => 1.0,
            "m" | "min" | "minute" => 60.0,
            "h" | "hour" => 3600.0,
            "d" | "day" => 86_400.0,
            _ => return Err(wrong()),
        };
        Self::per_second(number / seconds)
            .ok_or_else(|| TextError::because(text, RATE_EXPECTED, "a rate cannot be negative"))
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/s", self.0)
    }
}

crate::written_as_text!(Rate, "Rate", RATE_EXPECTED, "string", examples ["400/s", "90/min"], bare number Rate::from_bare_number);

/// A share; written `"60%"` or `0.6`. Not negative; callers check an upper bound where there is one.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Default)]
pub struct Fraction(f64);

const FRACTION_EXPECTED: &str = "a share, for example \"60%\" or 0.6";

impl Fraction {
    /// Refuses negative and not finite values.
    pub fn new(value: f64) -> Option<Self> {
        (value.is_finite() && value >= 0.0).then_some(Self(value))
    }
    /// 1.0 = 100 %.
    pub const fn get(self) -> f64 {
        self.0
    }
    /// 100.0 = 100 %.
    pub fn percent(self) -> f64 {
        self.0 * 100.0
    }
    pub(super) fn from_bare_number(value: f64, found: &str) -> Result<Self, TextError> {
        Self::new(value).ok_or_else(|| {
            TextError::because(found, FRACTION_EXPECTED, "a share cannot be negative")
        })
    }
}

impl FromStr for Fraction {
    type Err = TextError;
    fn from_str(text: &str) -> Result<Self, TextError> {
        let (number, unit) =
            split_number(text).ok_or_else(|| TextError::new(text, FRACTION_EXPECTED))?;
        match unit {
            "%" => Self::from_bare_number(number / 100.0, text),
            "" => Self::from_bare_number(number, text),
            _ => Err(TextError::new(text, FRACTION_EXPECTED)),
        }
    }
}

impl fmt::Display for Fraction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Rounded to nine digits so that 0.07 prints as 7%, not 7.000000000000001%; but what is written is
        // read again as the same share.
        let rounded = (self.0 * 1e11).round() / 1e9;
        if rounded / 100.0 == self.0 { write!(f, "{rounded}%") } else { write!(f, "{}", self.0) }
    }
}

crate::written_as_text!(Fraction, "Share", FRACTION_EXPECTED, ["string", "number"], examples ["60%"], bare number Fraction::from_bare_number);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_and_shares_are_read_with_their_unit() {
        for (text, per_second) in
            [("400/s", 400.0), ("90/min", 1.5), ("7_200 / h", 2.0), ("1e3/s", 1000.0)]
        {
            assert_eq!(text.parse::<Rate>().map(Rate::as_per_second), Ok(per_second), "{text}");
        }
        for (text, share) in [("60%", 0.6), ("0.6", 0.6), ("0.1 %", 0.001)] {
            assert_eq!(text.parse::<Fraction>().map(Fraction::get), Ok(share), "{text}");
        }
    }

    #[test]
    fn a_share_is_written_so_that_it_is_read_again_as_the_same() {
        for (share, text) in [(0.07, "7%"), (0.001, "0.1%"), (1.5, "150%"), (0.0, "0%")] {
            assert_eq!(Fraction(share).to_string(), text);
        }
        for share in
            [1.0 / 3.0, 0.123_456_789_012_345, 1e-15, 2.0 / 7.0, 1e9 / 7.0, f64::MIN_POSITIVE]
        {
            let written = serde_json::to_string(&Fraction(share)).unwrap();
            assert_eq!(
                serde_json::from_str::<Fraction>(&written).unwrap().get(),
                share,
                "{written}"
            );
        }
    }

    #[test]
    fn what_has_no_or_a_wrong_unit_is_refused() {
        for text in ["400", "400/x", "-4/s", "s", "NaN/s", "inf/s", "4 rps/s", "1//s", "1/ /s"] {
            assert!(text.parse::<Rate>().is_err(), "{text}");
        }
        for text in ["-1%", "sixty", "60s", "NaN"] {
            assert!(text.parse::<Fraction>().is_err(), "{text}");
        }
    }
}
