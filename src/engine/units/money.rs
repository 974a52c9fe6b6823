//! Money as integers: billionths of a unit of a named currency.

use super::text::{TextError, split_number};
use super::time::Span;
use std::fmt;
use std::str::FromStr;

const NANOS: f64 = 1e9;
const NS_PER_HOUR: u128 = 3_600_000_000_000;

/// A three-letter currency code such as `USD`; carried, never converted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Currency([u8; 3]);

impl Currency {
    /// United States dollar, the default.
    pub const USD: Self = Self(*b"USD");
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for letter in self.0 {
            write!(f, "{}", char::from(letter))?;
        }
        Ok(())
    }
}

/// An amount in billionths of its currency's unit; the currency is kept beside it, once per run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Money(pub i128);

impl Money {
    /// Units of the currency, for display and statistics.
    pub fn as_units_f64(self) -> f64 {
        self.0 as f64 / NANOS
    }
}

/// An amount with its currency, written `"0.096 USD"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Price {
    nanos: u64,
    currency: Currency,
}

const PRICE_EXPECTED: &str = "an amount with a currency, for example \"0.096 USD\"";

impl Price {
    /// No charge.
    pub const FREE: Self = Self { nanos: 0, currency: Currency::USD };

    /// The currency.
    pub const fn currency(self) -> Currency {
        self.currency
    }
    /// True if nothing is charged.
    pub const fn is_free(self) -> bool {
        self.nanos == 0
    }
    /// The amount for one hour, taken as a price per hour, for `billed` of it, rounded to the nearest
    /// billionth.
    pub fn for_hours(self, billed: Span) -> Money {
        self.for_replica_ns(u128::from(billed.0))
    }
    /// The same for a sum of many replicas' time in nanoseconds.
    pub fn for_replica_ns(self, replica_ns: u128) -> Money {
        let nanos =
            replica_ns.saturating_mul(u128::from(self.nanos)).saturating_add(NS_PER_HOUR / 2)
                / NS_PER_HOUR;
        Money(i128::try_from(nanos).unwrap_or(i128::MAX))
    }
    pub(super) fn from_bare_number(_: f64, found: &str) -> Result<Self, TextError> {
        Err(TextError::because(
            found,
            PRICE_EXPECTED,
            format!("a price needs a currency, for example \"{found} USD\""),
        ))
    }
}

impl FromStr for Price {
    type Err = TextError;
    fn from_str(text: &str) -> Result<Self, TextError> {
        let wrong = || TextError::new(text, PRICE_EXPECTED);
        let (number, unit) = split_number(text).ok_or_else(wrong)?;
        let code: [u8; 3] = unit.as_bytes().try_into().map_err(|_| wrong())?;
        if !code.iter().all(u8::is_ascii_uppercase) {
            return Err(wrong());
        }
        let nanos = (number * NANOS).round();
        if !(0.0..=1e18).contains(&nanos) {
            return Err(TextError::because(
                text,
                PRICE_EXPECTED,
                "a price is between 0 and a billion",
            ));
        }
        Ok(Self { nanos: nanos as u64, currency: Currency(code) })
    }
}

impl fmt::Display for Price {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.nanos as f64 / NANOS, self.currency)
    }
}

crate::written_as_text!(Price, "Money", PRICE_EXPECTED, "string", examples ["0.096 USD"], bare number Price::from_bare_number);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_price_per_hour_is_charged_by_the_nanosecond() {
        let price: Price = "0.096 USD".parse().unwrap();
        assert_eq!(price.for_hours(Span::from_secs(3600)), Money(96_000_000));
        assert_eq!(price.for_hours(Span::from_secs(90)), Money(2_400_000));
        assert_eq!(price.to_string(), "0.096 USD");
    }

    #[test]
    fn prices_without_currency_or_below_zero_are_refused() {
        for text in ["0.096", "-1 USD", "1 dollars", "1 usd", "x USD"] {
            assert!(text.parse::<Price>().is_err(), "{text}");
        }
    }
}
