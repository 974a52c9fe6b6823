//! Reads members as pydantic does in its lax mode, and refuses them in its words.

use super::check::{APPLICATION, AUTOSCALING, CONFIG, DEPLOYMENT, DEPLOYMENT_REST};
use crate::products::reader::nearest;
use crate::products::{Dialect, DocumentFault, Kind, Member, Members, Place, Wrong};
use serde_json::Value;

/// A limit of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Limit {
    /// `gt=0`.
    AboveZero,
    /// `ge=0`.
    NotNegative,
    /// `ge=0, le=100`.
    Percent,
    /// `gt=0, le=1`.
    Share,
}

/// The words of pydantic's `ValidationError`; what Ray lets pass and autosim does not is ours.
#[derive(Debug)]
pub struct Pydantic;

pub(super) type One<'r> = Member<'r, Pydantic>;
pub(super) type Object<'r> = Members<'r, Pydantic>;

impl Dialect for Pydantic {
    const PLACES: &'static [(&'static str, &'static str)] = &[
        ("`autoscaling_config`", AUTOSCALING),
        ("the deployment", DEPLOYMENT),
        ("the deployment", DEPLOYMENT_REST),
        ("the application", APPLICATION),
        ("the root of the config", CONFIG),
    ];
    const NULL_IS_A_VALUE: bool = true;

    fn fault(&self, at: &Place<'_>, wrong: Wrong<'_>, help: &str) -> DocumentFault {
        let (code, message) = match wrong {
            Wrong::Missing => ("missing", "Field required"),
            Wrong::Not(Kind::Text) => ("string_type", "Input should be a valid string"),
            Wrong::Not(Kind::Flag) => ("bool_type", "Input should be a valid boolean"),
            Wrong::Not(Kind::Whole) => ("int_type", "Input should be a valid integer"),
            Wrong::Not(Kind::Number) => ("float_type", "Input should be a valid number"),
            Wrong::Not(Kind::List) => ("list_type", "Input should be a valid list"),
            Wrong::Not(Kind::Object) | Wrong::Twice => {
                ("model_type", "Input should be a valid dictionary")
            }
            Wrong::Because(why) => ("value_error", why),
            Wrong::Own(code, message) => (code, message),
        };
        DocumentFault::error(code, None, &at.field, message, help)
    }

    fn in_warnings<'p>(&self, _: &'p Place<'_>) -> &'p str {
        ""
    }

    /// Ray ignores what it does not know without a word.
    fn unknown(&self, key: &str, known: &str) -> (String, String) {
        let near = match key {
            "target_num_ongoing_requests_per_replica" => Some("target_ongoing_requests"),
            "max_concurrent_queries" => Some("max_ongoing_requests"),
            _ => nearest(key, known, key.len() / 3),
        };
        let remedy = near.map_or("leave it out".into(), |near| format!("did you mean `{near}`?"));
        (format!("`{key}` is not a member Ray knows; it is ignored silently"), remedy)
    }

    fn help(&self, _: Kind) -> &'static str {
        ""
    }
}

/// A whole number.
pub(super) fn count(member: &One<'_>, limit: Limit) -> Option<u32> {
    let number = member.try_read(Kind::Whole, |value| {
        let number = integer(value)?;
        within(number as f64, limit).map(|_| number)
    });
    number.map(|number| u32::try_from(number.max(0)).unwrap_or(u32::MAX))
}

/// A number.
pub(super) fn number(member: &One<'_>, limit: Limit) -> Option<f64> {
    member.try_read(Kind::Number, |value| within(float(value)?, limit))
}

/// NaN is never within a limit.
fn within(number: f64, limit: Limit) -> Result<f64, Wrong<'static>> {
    let (low, high) = match limit {
        Limit::AboveZero => (number > 0.0, true),
        Limit::NotNegative => (number >= 0.0, true),
        Limit::Percent => (number >= 0.0, number <= 100.0),
        Limit::Share => (number > 0.0, number <= 1.0),
    };
    let (code, message) = match limit {
        _ if low && high => return Ok(number),
        Limit::Percent if low => ("less_than_equal", "Input should be less than or equal to 100"),
        Limit::Share if low => ("less_than_equal", "Input should be less than or equal to 1"),
        Limit::AboveZero | Limit::Share => ("greater_than", "Input should be greater than 0"),
        Limit::NotNegative | Limit::Percent => {
            ("greater_than_equal", "Input should be greater than or equal to 0")
        }
    };
    Err(Wrong::Own(code, message))
}

/// An integer as pydantic takes it: numbers without a fraction, booleans, text.
fn integer(value: &Value) -> Result<i128, Wrong<'static>> {
    match value {
        Value::Bool(yes) => Ok(i128::from(*yes)),
        Value::Number(number) => {
            let whole = number.as_i64().map(i128::from).or(number.as_u64().map(i128::from));
            let float = number.as_f64().filter(|number| number.fract() == 0.0);
            whole.or(float.map(|number| number as i128)).ok_or(Wrong::Own(
                "int_from_float",
                "Input should be a valid integer, got a number with a fractional part",
            ))
        }
        Value::String(text) => integer_of(text.trim()).ok_or(Wrong::Own(
            "int_parsing",
            "Input should be a valid integer, unable to parse string as an integer",
        )),
        Value::Null | Value::Array(_) | Value::Object(_) => Err(Wrong::Not(Kind::Whole)),
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
fn float(value: &Value) -> Result<f64, Wrong<'static>> {
    let unreadable = Wrong::Own(
        "float_parsing",
        "Input should be a valid number, unable to parse string as a number",
    );
    match value {
        Value::Bool(yes) => Ok(f64::from(u8::from(*yes))),
        Value::Number(number) => number.as_f64().ok_or(unreadable),
        Value::String(text) => text.trim().replace('_', "").parse().map_err(|_| unreadable),
        Value::Null | Value::Array(_) | Value::Object(_) => Err(Wrong::Not(Kind::Number)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// pydantic's name of what is wrong.
    fn code(wrong: Wrong<'_>) -> String {
        Pydantic
            .fault(
                &Place { document: 0, name: "", path: String::new(), field: String::new() },
                wrong,
                "",
            )
            .code
    }

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
            assert_eq!(integer(&value).map_err(code), expected.map_err(str::to_owned), "{value}");
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
            assert_eq!(float(&value).map_err(code), expected.map_err(str::to_owned), "{value}");
        }
        let not_a_number = within(f64::NAN, Limit::AboveZero);
        assert_eq!(not_a_number.map_err(code), Err("greater_than".to_owned()));
    }
}
