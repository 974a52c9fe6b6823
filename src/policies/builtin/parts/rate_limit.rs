//! How fast a count may change.

use super::{Changes, ceil_count};
use autosim_engine::control::{Decision, Stage, Why};
use autosim_engine::fault::Faults;
use autosim_engine::units::{Fraction, Span, Time};
use serde::{Deserialize, Serialize};

/// How much one limit allows in its period.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Amount {
    /// So many replicas.
    Count(u32),
    /// A share of the count at the period's start: rounded up when scaling out, and what remains
    /// rounded down when scaling in.
    Share(f64),
}

/// Which of several limits counts.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Select {
    /// The one that allows the largest change.
    #[default]
    Largest,
    /// The one that allows the smallest change.
    Smallest,
}

/// Limits of one direction, as the behaviours of the Kubernetes HPA: each allows an amount per period,
/// counted from the count at the period's start (the count now less the net change within the period).
#[derive(Debug, Clone, PartialEq)]
pub struct RateLimit {
    /// Amount and period of each.
    pub limits: Vec<(Amount, Span)>,
    /// Which of them counts.
    pub select: Select,
}

/// One direction's limit as a scenario writes it: `{ count = 4, percent = "100%", per = "15s" }`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RateLimitSpec {
    /// Replicas per period.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<u32>,
    /// Share of the count at the period's start, per period.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub percent: Option<Fraction>,
    /// The period.
    pub per: Span,
    /// Which counts if both are given.
    #[serde(default)]
    pub select: Select,
}

impl RateLimitSpec {
    /// Reports limits that say nothing.
    pub fn check(&self, faults: &mut Faults) {
        if self.count.is_none() && self.percent.is_none() {
            faults.error(
                "",
                "neither `count` nor `percent` is given",
                "for example { count = 4, per = \"1m\" }",
            );
        }
        if self.per.is_zero() {
            faults.error("per", "the period is zero", "a length of time such as \"15s\"");
        }
    }

    /// The limit it describes.
    pub fn limit(&self) -> RateLimit {
        let count = self.count.map(Amount::Count);
        let share = self.percent.map(|percent| Amount::Share(percent.get()));
        let limits = count.into_iter().chain(share).map(|amount| (amount, self.per)).collect();
        RateLimit { limits, select: self.select }
    }
}

impl RateLimit {
    /// The longest period: how far back changes must be remembered.
    pub fn memory(&self) -> Span {
        self.limits.iter().map(|&(_, per)| per).max().unwrap_or(Span::ZERO)
    }

    /// The highest count allowed now.
    fn ceiling(&self, now: Time, current: u32, past: &Changes) -> u32 {
        let of = |&(amount, per): &(Amount, Span)| {
            let start = start_of(now, current, past, per);
            match amount {
                Amount::Count(count) => start.saturating_add(count),
                Amount::Share(share) => ceil_count(f64::from(start) * (1.0 + share)),
            }
        };
        let allowed = self.limits.iter().map(of);
        let allowed = match self.select {
            Select::Largest => allowed.max(),
            Select::Smallest => allowed.min(),
        };
        allowed.unwrap_or(u32::MAX).max(current)
    }

    /// The lowest count allowed now.
    fn floor(&self, now: Time, current: u32, past: &Changes) -> u32 {
        let of = |&(amount, per): &(Amount, Span)| {
            let start = start_of(now, current, past, per);
            match amount {
                Amount::Count(count) => start.saturating_sub(count),
                // Plus a hair, so that 10 x (1 - 0.9) leaves 1 replica, not 0.
                Amount::Share(share) => (f64::from(start) * (1.0 - share) + 1e-9).floor() as u32,
            }
        };
        let allowed = self.limits.iter().map(of);
        let allowed = match self.select {
            Select::Largest => allowed.min(),
            Select::Smallest => allowed.max(),
        };
        allowed.unwrap_or(0).min(current)
    }
}

fn start_of(now: Time, current: u32, past: &Changes, per: Span) -> u32 {
    let start = i64::from(current) - past.net(now, per);
    u32::try_from(start.max(0)).unwrap_or(u32::MAX)
}

/// Limits of both directions; `None` = as fast as wanted.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RateLimits {
    /// Scale-out.
    pub up: Option<RateLimit>,
    /// Scale-in.
    pub down: Option<RateLimit>,
}

impl RateLimits {
    /// How far back changes must be remembered.
    pub fn memory(&self) -> Span {
        let memory = |limit: &Option<RateLimit>| limit.as_ref().map_or(Span::ZERO, |l| l.memory());
        memory(&self.up).max(memory(&self.down))
    }

    /// The decision as far as it may go now.
    #[must_use]
    pub fn apply(&self, decision: Decision, now: Time, current: u32, past: &Changes) -> Decision {
        let wanted = decision.desired;
        let (name, allowed) = if wanted > current {
            let Some(limit) = &self.up else { return decision };
            ("highest allowed now", wanted.min(limit.ceiling(now, current, past)))
        } else {
            let Some(limit) = &self.down else { return decision };
            ("lowest allowed now", wanted.max(limit.floor(now, current, past)))
        };
        if allowed == wanted {
            return decision;
        }
        let why = Why::Limit { name, value: f64::from(allowed) };
        decision.then(Stage::RateLimit, allowed, why)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use autosim_engine::control::Observation;

    fn limits(up: &str, down: &str) -> RateLimits {
        let read = |text: &str| {
            let spec: Option<RateLimitSpec> =
                (!text.is_empty()).then(|| toml::from_str(text).unwrap());
            spec.map(|spec| spec.limit())
        };
        RateLimits { up: read(up), down: read(down) }
    }

    /// `rows`: time, wanted, expected; each answer comes into force.
    fn check(limits: &RateLimits, start: u32, rows: &[(u64, u32, u32)]) {
        let mut past = Changes::new(limits.memory());
        let mut current = start;
        for &(at, wanted, expected) in rows {
            let now = Time::from_secs(at);
            past.note(now, current);
            let decision = Observation::of_count(current).propose(wanted, Why::Plain);
            current = limits.apply(decision, now, current, &past).desired;
            assert_eq!(current, expected, "at {at} s");
        }
    }

    #[test]
    fn four_or_double_per_quarter_minute_grows_as_the_hpa_does() {
        let _shown = autosim_engine::marks::expect(["limit highest allowed now"]);
        let limits = limits("count = 4\npercent = \"100%\"\nper = \"15s\"", "");
        let rows =
            [(15, 99, 5), (30, 99, 10), (45, 99, 20), (50, 99, 20), (60, 99, 40), (75, 1, 1)];
        check(&limits, 1, &rows);
    }

    #[test]
    fn the_smallest_of_both_limits_and_the_period_hold() {
        let limits = limits(
            "count = 4\npercent = \"100%\"\nper = \"60s\"\nselect = \"smallest\"",
            "count = 2\nper = \"60s\"",
        );
        let rows = [(15, 99, 2), (30, 99, 2), (74, 99, 2), (75, 99, 4), (90, 99, 4), (135, 99, 8)];
        check(&limits, 1, &rows);
        // Scale-in: two a minute, counted net of what was added within it.
        check(&limits, 10, &[(15, 0, 8), (30, 0, 8), (75, 0, 6), (90, 9, 9), (100, 1, 6)]);
    }

    #[test]
    fn shares_leave_what_is_left_rounded_down_on_the_way_in() {
        let _shown = autosim_engine::marks::expect(["limit lowest allowed now"]);
        let limits = limits("", "percent = \"10%\"\nper = \"60s\"");
        check(&limits, 100, &[(60, 1, 90), (120, 1, 81), (180, 1, 72), (240, 1, 64)]);
    }
}
