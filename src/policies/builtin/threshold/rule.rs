//! The texts of a threshold's rules: `"> 70%"` and `"+1"`.

use autosim_engine::control::Acts;
use autosim_engine::units::{Quantity, TextError};
use autosim_engine::written_as_text;
use std::fmt;
use std::str::FromStr;

/// How a metric is compared with a level.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// `>`
    Above,
    /// `>=`
    AtLeast,
    /// `<`
    Below,
    /// `<=`
    AtMost,
}

impl Comparison {
    /// Longest text first, so that `>=` is not read as `>`.
    const ALL: [(Self, &'static str); 4] =
        [(Self::AtLeast, ">="), (Self::AtMost, "<="), (Self::Above, ">"), (Self::Below, "<")];
}

/// A comparison with a level, written `"> 70%"` or `"<= 0.4"`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Condition {
    /// Above or below, the level itself included or not.
    pub comparison: Comparison,
    /// With what, in the metric's unit.
    pub level: Quantity,
}

const CONDITION_EXPECTED: &str =
    "a comparison (>, >=, < or <=) with a level, for example \"> 70%\" or \"<= 0.4\"";

impl Comparison {
    /// On which side of its level a rule acts.
    pub(super) const fn acts(self) -> Acts {
        match self {
            Self::Above | Self::AtLeast => Acts::Above,
            Self::Below | Self::AtMost => Acts::Below,
        }
    }
}

impl Condition {
    /// Whether it holds for `value`; `level` in the metric's own unit.
    pub fn holds(&self, value: f64, level: f64) -> bool {
        match self.comparison {
            Comparison::Above => value > level,
            Comparison::AtLeast => value >= level,
            Comparison::Below => value < level,
            Comparison::AtMost => value <= level,
        }
    }

    /// Whether it is about high values.
    pub const fn is_upper(&self) -> bool {
        matches!(self.comparison, Comparison::Above | Comparison::AtLeast)
    }

    /// Whether this one holds whenever `other` does.
    pub(super) fn covers(&self, other: &Self) -> bool {
        use Comparison::{Above, AtLeast, AtMost, Below};
        let (mine, theirs) = (self.level.value, other.level.value);
        match (self.comparison, other.comparison) {
            (Above, Above) | (AtLeast, Above | AtLeast) => mine <= theirs,
            (Above, AtLeast) => mine < theirs,
            (Below, Below) | (AtMost, Below | AtMost) => mine >= theirs,
            (Below, AtMost) => mine > theirs,
            (Above | AtLeast, Below | AtMost) | (Below | AtMost, Above | AtLeast) => false,
        }
    }
}

impl FromStr for Condition {
    type Err = TextError;
    fn from_str(text: &str) -> Result<Self, TextError> {
        let trimmed = text.trim();
        let found = Comparison::ALL.iter().find_map(|&(comparison, sign)| {
            let level = trimmed.strip_prefix(sign)?.trim().parse().ok()?;
            Some(Self { comparison, level })
        });
        found.ok_or_else(|| TextError::new(text, CONDITION_EXPECTED))
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = Comparison::ALL.iter().find(|(known, _)| *known == self.comparison);
        write!(f, "{} {}", sign.map_or("", |(_, sign)| sign), self.level)
    }
}

/// What a rule does to the count.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Adjustment {
    /// `"+2"`, `"-1"`: so many more or fewer.
    Delta(i32),
    /// `"+20%"`, `"-10%"`: so much of the count, rounded towards zero but at least one replica.
    Percent(f64),
    /// `"= 5"`: exactly so many.
    Exact(u32),
}

const ADJUSTMENT_EXPECTED: &str =
    "a step \"+2\" or \"-1\", a share \"+20%\" or \"-10%\", or \"= 5\"";

impl Adjustment {
    /// The count it makes of `current`.
    pub fn apply(self, current: u32) -> u32 {
        match self {
            Self::Delta(delta) => current.saturating_add_signed(delta),
            Self::Percent(percent) => {
                // Plus a hair, so that 10 % of 70 is 7.
                let size = (f64::from(current) * percent.abs() / 100.0 + 1e-9).floor().max(1.0);
                let size = size as u32;
                if percent > 0.0 {
                    current.saturating_add(size)
                } else {
                    current.saturating_sub(size)
                }
            }
            Self::Exact(count) => count,
        }
    }

    pub(super) fn is_nothing(self) -> bool {
        self == Self::Delta(0) || self == Self::Percent(0.0)
    }
}

impl FromStr for Adjustment {
    type Err = TextError;
    fn from_str(text: &str) -> Result<Self, TextError> {
        let wrong = || TextError::new(text, ADJUSTMENT_EXPECTED);
        let trimmed = text.trim();
        if let Some(count) = trimmed.strip_prefix('=') {
            return count.trim().parse().map(Self::Exact).map_err(|_| wrong());
        }
        if !trimmed.starts_with(['+', '-']) {
            return Err(TextError::because(
                text,
                ADJUSTMENT_EXPECTED,
                "a step needs its sign, an exact count an `=`",
            ));
        }
        match trimmed.strip_suffix('%') {
            Some(percent) => match percent.trim().parse::<f64>() {
                Ok(percent) if percent.is_finite() => Ok(Self::Percent(percent)),
                _ => Err(wrong()),
            },
            None => trimmed.parse().map(Self::Delta).map_err(|_| wrong()),
        }
    }
}

impl fmt::Display for Adjustment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Delta(delta) => write!(f, "{delta:+}"),
            Self::Percent(percent) => write!(f, "{percent:+}%"),
            Self::Exact(count) => write!(f, "= {count}"),
        }
    }
}

written_as_text!(Condition, "Condition", CONDITION_EXPECTED, "string");
written_as_text!(Adjustment, "Adjustment", ADJUSTMENT_EXPECTED, "string");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_are_read_back_and_compared_as_written() {
        for (text, shown, below, at, above) in [
            ("> 70%", "> 70%", false, false, true),
            (">=70%", ">= 70%", false, true, true),
            ("<  70 %", "< 70%", true, false, false),
            ("<= 70%", "<= 70%", true, true, false),
        ] {
            let condition: Condition = text.parse().unwrap();
            assert_eq!(condition.to_string(), shown);
            let holds = [69.0, 70.0, 71.0].map(|value| condition.holds(value, 70.0));
            assert_eq!(holds, [below, at, above], "{text}");
        }
        for text in ["70%", "=> 70%", "> much", "= 5", ""] {
            assert!(text.parse::<Condition>().is_err(), "{text}");
        }
    }

    #[test]
    fn steps_shares_and_exact_counts_are_applied() {
        for (text, current, expected) in [
            ("+2", 5, 7),
            ("-2", 1, 0),
            ("+20%", 10, 12),
            ("+20%", 14, 16),
            ("+20%", 2, 3),
            ("-10%", 70, 63),
            ("-10%", 3, 2),
            ("-100%", 3, 0),
            ("= 5", 70, 5),
        ] {
            let adjustment: Adjustment = text.parse().unwrap();
            assert_eq!(adjustment.to_string(), text);
            assert_eq!(adjustment.apply(current), expected, "{text} of {current}");
        }
        for text in ["2", "20%", "= -1", "+", "+x%", "+1.5", "+NaN%"] {
            assert!(text.parse::<Adjustment>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_wider_condition_covers_a_narrower_one() {
        for (wide, narrow, expected) in [
            ("> 70", "> 90", true),
            ("> 90", "> 70", false),
            (">= 70", "> 70", true),
            ("> 70", ">= 70", false),
            ("<= 40", "< 40", true),
            ("< 40", "<= 40", false),
            ("> 70", "< 40", false),
        ] {
            let (wide, narrow): (Condition, Condition) =
                (wide.parse().unwrap(), narrow.parse().unwrap());
            assert_eq!(wide.covers(&narrow), expected, "{wide} {narrow}");
        }
    }
}
