//! Numbers in traces, read exactly.

/// Nanoseconds in one unit.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
pub enum TimeUnit {
    /// Seconds.
    #[serde(rename = "s")]
    Seconds,
    /// Milliseconds.
    #[serde(rename = "ms")]
    Millis,
    /// Microseconds.
    #[serde(rename = "us")]
    Micros,
    /// Nanoseconds.
    #[serde(rename = "ns")]
    Nanos,
}

impl TimeUnit {
    /// Powers of ten from a nanosecond.
    const fn digits(self) -> usize {
        match self {
            Self::Seconds => 9,
            Self::Millis => 6,
            Self::Micros => 3,
            Self::Nanos => 0,
        }
    }

    /// As it is written.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Seconds => "s",
            Self::Millis => "ms",
            Self::Micros => "us",
            Self::Nanos => "ns",
        }
    }
}

/// Nanoseconds of a decimal number of `unit`, without a detour through floats: digits below a nanosecond
/// are rounded down. `None` if it is no finite number or does not fit.
pub(super) fn decimal_ns(text: &str, unit: TimeUnit) -> Option<i64> {
    let text = text.trim();
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let plain = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    if !plain(whole) || !plain(fraction) {
        return by_float(text, unit);
    }
    let mut ns: i64 = 0;
    let kept = fraction.bytes().chain(std::iter::repeat(b'0')).take(unit.digits());
    for digit in whole.bytes().chain(kept) {
        ns = ns.checked_mul(10)?.checked_add(i64::from(digit - b'0'))?;
    }
    Some(if negative { -ns } else { ns })
}

/// Numbers with an exponent.
fn by_float(text: &str, unit: TimeUnit) -> Option<i64> {
    let value = finite(text)? * 10_f64.powi(i32::try_from(unit.digits()).ok()?);
    (value.abs() < 9.2e18).then(|| value.round() as i64)
}

/// A finite number.
pub(super) fn finite(text: &str) -> Option<f64> {
    text.trim().parse::<f64>().ok().filter(|value| value.is_finite())
}

/// What is right where a text would be a number with a point for its comma: what to write.
pub fn with_a_point(text: &str) -> Option<String> {
    let point = text.trim().replacen(',', ".", 1);
    finite(&point).filter(|_| text.contains(',')).map(|_| format!("decimals take a point: {point}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use TimeUnit::{Micros, Millis, Nanos, Seconds};

    #[test]
    fn decimals_are_read_to_the_nanosecond() {
        for (text, unit, ns) in [
            ("0.07949090003967285", Seconds, Some(79_490_900)),
            ("1590355883681.2112", Millis, Some(1_590_355_883_681_211_200)),
            ("804571201", Seconds, Some(804_571_201_000_000_000)),
            (" 12 ", Nanos, Some(12)),
            ("-1.5", Micros, Some(-1500)),
            ("1e3", Millis, Some(1_000_000_000)),
            (".5", Seconds, Some(500_000_000)),
            ("", Seconds, None),
            (".", Seconds, None),
            ("NaN", Seconds, None),
            ("inf", Seconds, None),
            ("1e300", Seconds, None),
            ("99999999999999999999", Nanos, None),
            ("12x", Seconds, None),
        ] {
            assert_eq!(decimal_ns(text, unit), ns, "{text}");
        }
    }
}
