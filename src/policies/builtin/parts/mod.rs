//! The guards and helpers that policies are made of: one file each. A guard takes a decision, what was
//! seen and its own memory, and gives the decision back with one more step if it changed the number.

mod bounds;
mod breaches;
pub mod calendar;
mod changes;
mod cooldown;
mod count;
mod rate_limit;
mod stabilise;
mod tolerance;

pub use bounds::Bounds;
pub use breaches::Breaches;
pub use changes::{Change, Changes};
pub use cooldown::Cooldown;
pub use count::ceil_count;
pub use rate_limit::{Amount, RateLimit, RateLimitSpec, RateLimits, Select};
pub use stabilise::Stabilise;
pub use tolerance::Tolerance;
