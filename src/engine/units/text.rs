//! How a unit type reads itself from text, and the error when it cannot.

use std::fmt;

/// Why a text is not the quantity it should be: what was found and what would be right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextError {
    /// What was found.
    pub found: String,
    /// What was expected, with an example.
    pub expected: &'static str,
    /// Anything more specific than "this is not one".
    pub why: Option<String>,
}

impl TextError {
    /// A text that is simply not of the expected kind.
    pub fn new(found: &str, expected: &'static str) -> Self {
        Self { found: found.to_owned(), expected, why: None }
    }

    /// As [`TextError::new`], with the specific reason.
    pub fn because(found: &str, expected: &'static str, why: impl Into<String>) -> Self {
        Self { found: found.to_owned(), expected, why: Some(why.into()) }
    }
}

impl fmt::Display for TextError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.why {
            Some(why) => write!(f, "`{}`: {why}; expected {}", self.found, self.expected),
            None => write!(f, "`{}` is not {}", self.found, self.expected),
        }
    }
}

impl std::error::Error for TextError {}

/// Splits `"0.096 USD"` or `"60%"` into the number and the rest; underscores group digits.
pub(crate) fn split_number(text: &str) -> Option<(f64, &str)> {
    let text = text.trim();
    let end = text
        .char_indices()
        .find(|&(at, c)| {
            let exponent_sign =
                (c == '+' || c == '-') && at > 0 && matches!(text.as_bytes()[at - 1], b'e' | b'E');
            let exponent = (c == 'e' || c == 'E')
                && at > 0
                && text[at + 1..].starts_with(|n: char| n.is_ascii_digit() || n == '-' || n == '+');
            !(c.is_ascii_digit()
                || c == '.'
                || c == '_'
                || exponent
                || exponent_sign
                || (at == 0 && (c == '-' || c == '+')))
        })
        .map_or(text.len(), |(at, _)| at);
    let number: f64 = text[..end].replace('_', "").parse().ok()?;
    number.is_finite().then(|| (number, text[end..].trim()))
}

/// Serde and JSON Schema for a type that files hold as text, through `FromStr` and `Display`: its name in
/// the schema, what is expected, its JSON types, examples where there are any. A bare number is read as
/// its text, or by the function named. Whoever uses it depends on serde and schemars.
#[macro_export]
macro_rules! written_as_text {
    ($type:ty, $name:literal, $expected:expr, $json:tt $(, examples $examples:tt)?) => {
        $crate::written_as_text!(
            $type, $name, $expected, $json $(, examples $examples)?,
            bare number |_, text: &str| text.parse()
        );
    };
    (
        $type:ty, $name:literal, $expected:expr, $json:tt $(, examples $examples:tt)?,
        bare number $bare:expr
    ) => {
        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
                out.collect_str(self)
            }
        }
        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                const BARE: fn(f64, &str) -> Result<$type, $crate::units::TextError> = $bare;
                struct Visit;
                impl serde::de::Visitor<'_> for Visit {
                    type Value = $type;
                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str($expected)
                    }
                    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<$type, E> {
                        text.parse().map_err(E::custom)
                    }
                    fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<$type, E> {
                        BARE(number as f64, &number.to_string()).map_err(E::custom)
                    }
                    fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<$type, E> {
                        BARE(number as f64, &number.to_string()).map_err(E::custom)
                    }
                    fn visit_f64<E: serde::de::Error>(self, number: f64) -> Result<$type, E> {
                        BARE(number, &number.to_string()).map_err(E::custom)
                    }
                }
                from.deserialize_any(Visit)
            }
        }
        impl schemars::JsonSchema for $type {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                $name.into()
            }
            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({
                    "type": $json,
                    "description": $expected
                    $(, "examples": $examples)?
                })
            }
        }
    };
}

/// `1 replica`, `2 replicas`, `12 345 policies`: a count of something, its name in the singular.
pub fn plural(count: u64, what: &str) -> String {
    let digits = count.to_string();
    let mut told = String::new();
    for (at, digit) in digits.char_indices() {
        // Four digits are read at a glance.
        if at > 0 && digits.len() > 4 && (digits.len() - at).is_multiple_of(3) {
            told.push(' ');
        }
        told.push(digit);
    }
    match (count, what.strip_suffix('y')) {
        (1, _) => format!("{told} {what}"),
        (_, Some(stem)) => format!("{told} {stem}ies"),
        (_, None) => format!("{told} {what}s"),
    }
}

/// `p99.9` as 99.9: above 0, at most 100, and as people write it: `p00099` is a slip.
pub fn percentile(text: &str) -> Option<f64> {
    let digits = text.strip_prefix('p')?;
    let (whole, part) = digits.split_once('.').unwrap_or((digits, "0"));
    let plain = |digits: &str| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    if !plain(whole) || !plain(part) || (whole.len() > 1 && whole.starts_with('0')) {
        return None;
    }
    digits.parse().ok().filter(|value| *value > 0.0 && *value <= 100.0)
}
