//! Reads members as pydantic does in its lax mode, and refuses them in its words.

use crate::products::{DocumentFault, DocumentFaults};
use serde_json::{Map, Value};

/// A limit of a number, with pydantic's name and text for going beyond it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Limit {
    /// `gt=0`.
    AboveZero,
    /// `ge=0`.
    NotNegative,
    /// `ge=0, le=100`.
    Percent,
}

impl Limit {
    /// What is wrong with `value`; NaN is never within a limit.
    fn breach(self, value: f64) -> Option<(&'static str, &'static str)> {
        let (within, code, message) = match self {
            Self::AboveZero => (value > 0.0, "greater_than", "Input should be greater than 0"),
            Self::NotNegative | Self::Percent => {
                (value >= 0.0, "greater_than_equal", "Input should be greater than or equal to 0")
            }
        };
        match within {
            false => Some((code, message)),
            true if self == Self::Percent && value > 100.0 => {
                Some(("less_than_equal", "Input should be less than or equal to 100"))
            }
            true => None,
        }
    }
}

/// The members of one object, read one by one.
pub(super) struct Fields<'a> {
    members: &'a Map<String, Value>,
    faults: &'a mut DocumentFaults,
}

impl<'a> Fields<'a> {
    pub(super) fn new(members: &'a Map<String, Value>, faults: &'a mut DocumentFaults) -> Self {
        Self { members, faults }
    }

    pub(super) fn is_typed(&self, key: &str) -> bool {
        self.members.contains_key(key)
    }

    /// A whole number; what is left out is `default`.
    pub(super) fn count(&mut self, key: &str, default: u32, limit: Limit) -> u32 {
        let Some(value) = self.members.get(key) else { return default };
        let number = integer(value).and_then(|number| within(number as f64, limit).map(|_| number));
        self.take(key, number).map_or(default, saturate)
    }

    /// A whole number or null.
    pub(super) fn optional_count(&mut self, key: &str, limit: Limit) -> Option<u32> {
        match self.members.get(key) {
            None | Some(Value::Null) => None,
            Some(_) => Some(self.count(key, 0, limit)),
        }
    }

    /// A number; what is left out is `default`.
    pub(super) fn number(&mut self, key: &str, default: f64, limit: Limit) -> f64 {
        let Some(value) = self.members.get(key) else { return default };
        let number = float(value).and_then(|number| within(number, limit));
        self.take(key, number).unwrap_or(default)
    }

    /// A number or null; what is left out is `default`.
    pub(super) fn optional_number(
        &mut self,
        key: &str,
        default: Option<f64>,
        limit: Limit,
    ) -> Option<f64> {
        match self.members.get(key) {
            None => default,
            Some(Value::Null) => None,
            Some(_) => Some(self.number(key, 0.0, limit)),
        }
    }

    fn take<T>(&mut self, key: &str, read: Result<T, Wrong>) -> Option<T> {
        match read {
            Ok(value) => Some(value),
            Err((code, message)) => {
                refuse(self.faults, key, code, message);
                None
            }
        }
    }
}

/// pydantic's type and text of a fault.
type Wrong = (&'static str, &'static str);

/// Adds a fault in pydantic's words at `key`.
pub(super) fn refuse(
    faults: &mut DocumentFaults,
    key: &str,
    code: &'static str,
    message: impl Into<String>,
) {
    refuse_with(faults, key, code, message, "");
}

/// The same with a remedy.
pub(super) fn refuse_with(
    faults: &mut DocumentFaults,
    key: &str,
    code: &'static str,
    message: impl Into<String>,
    remedy: impl Into<String>,
) {
    let field = faults.path_to(key);
    faults.add(key, DocumentFault::error(code, None, field, message, remedy));
}

fn within(number: f64, limit: Limit) -> Result<f64, Wrong> {
    limit.breach(number).map_or(Ok(number), Err)
}

fn saturate(number: i128) -> u32 {
    u32::try_from(number.max(0)).unwrap_or(u32::MAX)
}

/// An integer as pydantic takes it: numbers without a fraction, booleans, text.
fn integer(value: &Value) -> Result<i128, Wrong> {
    match value {
        Value::Bool(yes) => Ok(i128::from(*yes)),
        Value::Number(number) => {
            if let Some(whole) = number.as_i64() {
                return Ok(i128::from(whole));
            }
            if let Some(whole) = number.as_u64() {
                return Ok(i128::from(whole));
            }
            match number.as_f64() {
                Some(number) if number.fract() == 0.0 => Ok(number as i128),
                _ => Err((
                    "int_from_float",
                    "Input should be a valid integer, got a number with a fractional part",
                )),
            }
        }
        Value::String(text) => integer_of(text.trim()).ok_or((
            "int_parsing",
            "Input should be a valid integer, unable to parse string as an integer",
        )),
        _ => Err(("int_type", "Input should be a valid integer")),
    }
}

/// Digits with single underscores between them and, perhaps, a fraction of zeros.
fn integer_of(text: &str) -> Option<i128> {
    let whole = match text.split_once('.') {
        Some((whole, zeros)) if !zeros.is_empty() && zeros.bytes().all(|b| b == b'0') => whole,
        Some(_) => return None,
        None => text,
    };
    let digits = whole.trim_start_matches(['+', '-']);
    if digits.is_empty() || digits.starts_with('_') || digits.ends_with('_') {
        return None;
    }
    if whole.contains("__") {
        return None;
    }
    whole.replace('_', "").parse().ok()
}

/// A float as pydantic takes it: numbers, booleans, text.
fn float(value: &Value) -> Result<f64, Wrong> {
    let unreadable =
        ("float_parsing", "Input should be a valid number, unable to parse string as a number");
    match value {
        Value::Bool(yes) => Ok(f64::from(u8::from(*yes))),
        Value::Number(number) => number.as_f64().ok_or(unreadable),
        Value::String(text) => text.trim().replace('_', "").parse().map_err(|_| unreadable),
        _ => Err(("float_type", "Input should be a valid number")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn integers_are_read_as_pydantic_reads_them() {
        for (value, expected) in [
            (json!(3), Ok(3)),
            (json!(3.0), Ok(3)),
            (json!("3"), Ok(3)),
            (json!(" 3.00 "), Ok(3)),
            (json!("1_000"), Ok(1000)),
            (json!("-1"), Ok(-1)),
            (json!(true), Ok(1)),
            (json!(2.5), Err("int_from_float")),
            (json!("2.5"), Err("int_parsing")),
            (json!("1__0"), Err("int_parsing")),
            (json!(""), Err("int_parsing")),
            (json!(null), Err("int_type")),
            (json!([1]), Err("int_type")),
        ] {
            assert_eq!(integer(&value).map_err(|wrong| wrong.0), expected, "{value}");
        }
    }

    #[test]
    fn floats_are_read_as_pydantic_reads_them() {
        for (value, expected) in [
            (json!(2), Ok(2.0)),
            (json!("2.5"), Ok(2.5)),
            (json!("Infinity"), Ok(f64::INFINITY)),
            (json!(false), Ok(0.0)),
            (json!("two"), Err("float_parsing")),
            (json!(null), Err("float_type")),
        ] {
            assert_eq!(float(&value).map_err(|wrong| wrong.0), expected, "{value}");
        }
        let not_a_number = within(f64::NAN, Limit::AboveZero);
        assert_eq!(not_a_number.map_err(|wrong| wrong.0), Err("greater_than"));
    }
}
