//! Quantities of Kubernetes: `1.5Gi`, `250m`, `1e3`, `0.1` (`k8s.io/apimachinery/pkg/api/resource`).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fmt;
use std::str::FromStr;

/// A quantity, exact to a thousand-millionth; what is finer is rounded up, as Kubernetes does.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(try_from = "QuantityText", into = "String")]
#[schemars(with = "QuantityText")]
pub struct Quantity {
    nanos: i128,
}

/// A quantity as a scenario writes it: a text such as "500m" or "1.5Gi", or a number.
#[derive(Deserialize, JsonSchema)]
#[serde(untagged)]
#[schemars(rename = "Quantity")]
enum QuantityText {
    Text(String),
    Number(f64),
}

impl TryFrom<QuantityText> for Quantity {
    type Error = String;
    fn try_from(typed: QuantityText) -> Result<Self, String> {
        let text = match typed {
            QuantityText::Text(text) => text,
            QuantityText::Number(number) => number.to_string(),
        };
        let wrong = || format!("`{text}` is no quantity: write one such as \"500m\" or \"1.5Gi\"");
        text.parse().map_err(|NotAQuantity| wrong())
    }
}

impl From<Quantity> for String {
    fn from(quantity: Quantity) -> Self {
        quantity.to_string()
    }
}

/// A text is no quantity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotAQuantity;

const NANO: i128 = 1_000_000_000;
/// No quantity is larger.
const LARGEST: i128 = (i64::MAX as i128) * NANO;
/// A text that is longer says nothing more: it is cut off well beyond the largest and the smallest.
const MOST_DIGITS: usize = 64;

impl Quantity {
    /// In thousandths, rounded up.
    pub fn milli(self) -> i64 {
        let (whole, rest) = (self.nanos.div_euclid(1_000_000), self.nanos.rem_euclid(1_000_000));
        let milli = whole + i128::from(rest > 0);
        milli.clamp(i64::MIN.into(), i64::MAX.into()) as i64
    }

    /// Whether it is above zero.
    pub const fn is_positive(self) -> bool {
        self.nanos > 0
    }

    /// Whether it is below zero.
    pub const fn is_negative(self) -> bool {
        self.nanos < 0
    }

    /// As a double, the way Kubernetes makes one: the whole number of its canonical unit times that unit.
    pub fn as_f64(self) -> f64 {
        for (unit, scale) in [(NANO, 1.0), (1_000_000, 0.001), (1000, 1e-6)] {
            if self.nanos % unit == 0 {
                return (self.nanos / unit) as f64 * scale;
            }
        }
        self.nanos as f64 * 1e-9
    }

    /// Both together.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self { nanos: self.nanos.saturating_add(other.nanos) }
    }

    /// Of a member of a document: a text or a number.
    pub(crate) fn of(value: &Value) -> Option<Self> {
        match value {
            Value::String(text) => text.parse().ok(),
            Value::Number(number) => number.to_string().parse().ok(),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
        }
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let suffixes = [(NANO, ""), (1_000_000, "m"), (1000, "u"), (1, "n")];
        for (unit, suffix) in suffixes {
            if self.nanos % unit == 0 {
                return write!(f, "{}{suffix}", self.nanos / unit);
            }
        }
        Ok(())
    }
}

/// Powers of ten and of two that a suffix stands for.
fn scale(suffix: &str) -> Option<(i32, u32)> {
    Some(match suffix {
        "" => (0, 0),
        "n" => (-9, 0),
        "u" => (-6, 0),
        "m" => (-3, 0),
        "k" => (3, 0),
        "M" => (6, 0),
        "G" => (9, 0),
        "T" => (12, 0),
        "P" => (15, 0),
        "E" => (18, 0),
        "Ki" => (0, 10),
        "Mi" => (0, 20),
        "Gi" => (0, 30),
        "Ti" => (0, 40),
        "Pi" => (0, 50),
        "Ei" => (0, 60),
        exponent => (exponent.strip_prefix(['e', 'E'])?.parse().ok()?, 0),
    })
}

impl FromStr for Quantity {
    type Err = NotAQuantity;

    fn from_str(text: &str) -> Result<Self, NotAQuantity> {
        let (negative, unsigned) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let is_digit = |c: char| c.is_ascii_digit();
        let end = unsigned.find(|c: char| !is_digit(c) && c != '.').unwrap_or(unsigned.len());
        let (number, suffix) = unsigned.split_at(end);
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if whole.is_empty() && fraction.is_empty() || fraction.contains('.') {
            return Err(NotAQuantity);
        }
        let (tens, twos) = scale(suffix).ok_or(NotAQuantity)?;
        let nanos = nanos(whole, fraction, tens, twos).min(LARGEST);
        Ok(Self { nanos: if negative { -nanos } else { nanos } })
    }
}

/// `whole.fraction x 10^tens x 2^twos` in thousand-millionths, rounded up.
fn nanos(whole: &str, fraction: &str, tens: i32, twos: u32) -> i128 {
    let digits = format!("{whole}{fraction}");
    let digits = digits.trim_start_matches('0');
    // The place of the point after the first of these digits that counts for a thousand-millionth.
    let shift = i64::from(tens) + 9 - fraction.len() as i64;
    let length = digits.len() as i64 + shift;
    if digits.is_empty() {
        return 0;
    }
    if length > MOST_DIGITS as i64 / 2 {
        return LARGEST;
    }
    let kept = length.clamp(0, digits.len() as i64) as usize;
    let (front, back) = digits.split_at(kept);
    let zeros = (length - kept as i64).clamp(0, MOST_DIGITS as i64) as u32;
    let parse =
        |text: &str| if text.is_empty() { 0 } else { text.parse::<i128>().unwrap_or(LARGEST) };
    let front = parse(front).saturating_mul(10_i128.checked_pow(zeros).unwrap_or(LARGEST));
    let rest_is_something = back.bytes().any(|digit| digit != b'0');
    if twos == 0 {
        return front.saturating_add(i128::from(rest_is_something));
    }
    // Multiplied before it is cut: 0.5Ki is 512.
    let places = back.len().min(9) as u32;
    let tail = parse(back.get(..places as usize).unwrap_or_default());
    let unit = 10_i128.pow(places);
    let finer = back.get(places as usize..).unwrap_or_default().bytes().any(|digit| digit != b'0');
    let exact = front.saturating_mul(unit).saturating_add(tail).saturating_add(i128::from(finer));
    let product = exact.checked_mul(1_i128 << twos).unwrap_or(i128::MAX);
    product / unit + i128::from(product % unit != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// | text | thousandths |
    #[test]
    fn quantities_are_exact_in_thousandths_rounded_up() {
        for (text, milli) in [
            ("0", 0),
            ("1", 1000),
            ("250m", 250),
            ("1e3", 1_000_000),
            ("1E3", 1_000_000),
            ("12e-1", 1200),
            ("0.1", 100),
            (".5", 500),
            ("5.", 5000),
            ("+2", 2000),
            ("-3", -3000),
            ("12500m", 12_500),
            ("2k", 2_000_000),
            ("200M", 200_000_000_000),
            ("1.5Gi", 1_610_612_736_000),
            ("0.5Ki", 512_000),
            ("0.001Ki", 1024),
            ("1E", 1_000_000_000_000_000_000_000 / 1000 * 1000),
            ("100u", 1),
            ("1n", 1),
            ("-1500u", -1),
            ("0.0000000001", 1),
            ("0.3", 300),
        ] {
            let wide = i128::from(i64::MAX).min(milli) as i64;
            assert_eq!(text.parse::<Quantity>().map(Quantity::milli), Ok(wide), "{text}");
        }
        let largest = "9".repeat(100).parse::<Quantity>().unwrap();
        assert_eq!(largest.milli(), i64::MAX);
        assert_eq!("1e2000000000".parse::<Quantity>().unwrap(), largest);
        assert_eq!("1e-2000000000".parse::<Quantity>().unwrap().to_string(), "1n");
    }

    #[test]
    fn what_is_no_quantity_is_refused() {
        for text in
            ["", "m", "512MB", "1 Gi", "60%", "1.2.3", "--1", "1e", "1gi", "0x10", "ten", "é"]
        {
            assert_eq!(text.parse::<Quantity>(), Err(NotAQuantity), "{text}");
        }
    }

    #[test]
    fn doubles_are_made_of_the_canonical_unit() {
        for (text, double) in [("50m", 50.0 * 0.001), ("0.3", 300.0 * 0.001), ("1000m", 1.0)] {
            assert_eq!(text.parse::<Quantity>().unwrap().as_f64(), double, "{text}");
        }
    }

    #[test]
    fn a_scenario_writes_a_text_or_a_number() {
        for (json, text) in [("\"500m\"", "500m"), ("0.5", "500m"), ("2", "2")] {
            let read: Quantity = serde_json::from_str(json).unwrap();
            assert_eq!(read.to_string(), text);
            assert_eq!(serde_json::to_value(read).unwrap(), text);
        }
        let wrong = serde_json::from_str::<Quantity>("\"512MB\"").unwrap_err().to_string();
        assert!(wrong.contains("`512MB` is no quantity"), "{wrong}");
    }
}
