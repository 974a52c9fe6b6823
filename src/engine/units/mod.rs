//! # units: the quantities everything else is written in
//!
//! **Is**: `Time`, `Span`, `Rate`, `Fraction`, `Money`, `Quantity` - integers or checked floats with a
//! unit in the type, their text form (what a scenario file may say) and their display.
//!
//! **Knows**: arithmetic that cannot overflow silently, parsing with a message that names what would
//! be right.
//!
//! **Must not know**: requests, replicas, policies, files, what time it is.
//!
//! **Start at** [`Time`] and [`Span`].

mod clock;
mod money;
mod quantity;
mod rate;
mod text;
mod time;

pub(crate) use clock::time_of_day;
pub use clock::{DayTime, Known, WallClock, instant_of};
pub use money::{Currency, Money, Price};
pub use quantity::{Quantity, QuantityUnit};
pub use rate::{Fraction, Rate};
pub use text::{TextError, percentile, plural};
pub use time::{Span, Time};
