//! Numbers of the page's data: few digits, because a page has few pixels and should be small.

use serde::{Serialize, Serializer};

/// Four significant digits, from 1000 on to the nearest whole number, whole ones without a point; `null` where there is none.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Short(pub Option<f64>);

impl From<f64> for Short {
    fn from(value: f64) -> Self {
        Self(Some(value))
    }
}

impl From<Option<f64>> for Short {
    fn from(value: Option<f64>) -> Self {
        Self(value)
    }
}

impl Serialize for Short {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Some(value) = self.0.filter(|value| value.is_finite()) else {
            return serializer.serialize_none();
        };
        let rounded = rounded(value);
        if rounded.fract() == 0.0 && rounded.abs() < 1e15 {
            serializer.serialize_i64(rounded as i64)
        } else {
            serializer.serialize_f64(rounded)
        }
    }
}

fn rounded(value: f64) -> f64 {
    if value == 0.0 || value.abs() < 1e-12 {
        return 0.0;
    }
    let magnitude = value.abs().log10().floor() as i32;
    let places = 3 - magnitude;
    if places <= 0 {
        // Whole numbers stay whole: a count of 12 345 is not worth a rounding.
        return value.round();
    }
    let scale = 10f64.powi(places);
    (value * scale).round() / scale
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_digits_and_no_idle_points() {
        for (value, text) in [
            (12.0, "12"),
            (12.3456, "12.35"),
            (0.000_123_456, "0.0001235"),
            (123_456.7, "123457"),
            (-0.5, "-0.5"),
            (f64::NAN, "null"),
            (1e-300, "0"),
        ] {
            assert_eq!(serde_json::to_string(&Short::from(value)).unwrap(), text);
        }
        assert_eq!(serde_json::to_string(&Short(None)).unwrap(), "null");
    }
}
