//! What the laws check alike.

use crate::fault::Faults;
use crate::units::Span;

/// The longest length of time, in seconds: 2^64 nanoseconds.
pub(super) const MAX_S: f64 = 1.8446744073709552e10;

/// The largest spread a law may have: above it a double has no digits left.
pub(super) const MAX_CV: f64 = 1000.0;

/// A length that must not be zero.
pub(super) fn positive(key: &str, span: Span, faults: &mut Faults) {
    if span.is_zero() {
        let hint = "give it some time; `constant = \"0s\"` is no time at all";
        faults.error(key, "the length is zero", hint);
    }
}

/// A number inside `(0, most]`; NaN is not.
pub(super) fn spread(key: &str, value: f64, most: f64, faults: &mut Faults) {
    if !(value > 0.0 && value <= most) {
        let hint = format!("above 0 and at most {most}; for no spread use `constant`");
        faults.error(key, format!("the value is {value}"), hint);
    }
}

/// Exactly one of two parameters.
pub(super) fn one_of(a: (&str, bool), b: (&str, bool), faults: &mut Faults) {
    match (a.1, b.1) {
        (true, true) => {
            let message = format!("both `{}` and `{}` are given", a.0, b.0);
            faults.error(b.0, message, "keep one of them");
        }
        (false, false) => {
            let message = format!("neither `{}` nor `{}` is given", a.0, b.0);
            faults.error("", message, "give one of them");
        }
        _ => {}
    }
}

/// Weights of alternatives: positive, finite.
pub(super) fn weights(given: impl Iterator<Item = f64>, faults: &mut Faults) {
    for (index, weight) in given.enumerate() {
        if !(weight > 0.0 && weight <= 1e9) {
            let message = format!("the weight is {weight}");
            let hint = "weights are relative: above 0, at most 1e9";
            faults.error(&format!("{index}.weight"), message, hint);
        }
    }
}
