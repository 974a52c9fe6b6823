//! `closed-loop`: users who send the next request only after the one before.

use super::{Moment, Resolver};
use crate::fault::Faults;
use crate::random::{Distribution, Sampler};
use crate::units::{Span, Time};
use crate::workload::Batch;
use crate::workload::source::{Extent, Instants, Luck, Source, Users};
use crate::workload::stream::Part;
use serde::{Deserialize, Serialize};

/// Users who think, send a request, wait for what becomes of it, and think again. What they offer depends
/// on how fast they are answered: it falls as the service slows.
///
/// ```toml
/// [workload.arrivals.staff.closed-loop]
/// users = 500
/// think.exponential = { mean = "5s" }
/// ramp_up = "1m"
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ClosedLoop {
    /// How many, at most a million; `workload.rate_scale` multiplies them.
    pub users: u32,
    /// Law of the time from what became of one request to the next; passes before the first one too.
    pub think: Distribution,
    /// Over which the users begin to think, evenly; default: 0s, all at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ramp_up: Option<Span>,
    /// When the first one begins; default: 0s, the start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Moment>,
    /// Nobody sends from this moment on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Moment>,
    /// Law of its requests' service times; default: the service's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_time: Option<Distribution>,
}

/// More users are not told apart.
pub(crate) const MOST_USERS: f64 = 1e6;

impl ClosedLoop {
    pub(super) fn resolve(&self, resolver: &Resolver<'_>, faults: &mut Faults) -> Option<Part> {
        let before = faults.errors();
        faults.within("think", |faults| self.think.check(faults));
        let users = (f64::from(self.users) * resolver.rate_scale).round();
        if !(1.0..=MOST_USERS).contains(&users) {
            let message = format!("{users} users, `rate_scale` included");
            faults.error("users", message, "give a number from 1 to 1000000");
        }
        let extent = resolver.extent(self.from, self.until, faults);
        let demand = resolver.demand(self.service_time.as_ref(), faults);
        let (extent, demand) = (extent?, demand?);
        if faults.errors() > before {
            return None;
        }
        let source = Compiled {
            users: users as u32,
            think: self.think.sampler(),
            think_s: self.think.mean_s(),
            demand_s: demand.mean_s(),
            extent,
            ramp_up: self.ramp_up.unwrap_or_default(),
        };
        let mut part = Part::synthetic(source, demand);
        part.assumptions.push(format!(
            "a closed loop of {users} users: what they offer falls as answers slow, so that policies do \
             not meet the same arrivals, only the same think times and service times, user by user"
        ));
        Some(part)
    }
}

#[derive(Debug)]
struct Compiled {
    users: u32,
    think: Sampler,
    think_s: f64,
    demand_s: f64,
    extent: Extent,
    ramp_up: Span,
}

impl Compiled {
    /// Users who have begun at an instant.
    fn begun(&self, at: u64) -> f64 {
        let share = at.saturating_sub(self.extent.from) as f64 / (self.ramp_up.0 as f64).max(1.0);
        f64::from(self.users) * share.min(1.0)
    }

    /// Requests a second of a user who never waits in a queue.
    fn pace(&self) -> f64 {
        1.0 / (self.think_s + self.demand_s).max(1e-9)
    }
}

/// None of its requests is known before the run.
struct Unknown;

impl Instants for Unknown {
    fn fill(&mut self, _: &mut Batch) {}
}

impl Source for Compiled {
    fn open(&self, _: &Luck<'_>, _: u64) -> Box<dyn Instants> {
        Box::new(Unknown)
    }
    /// If nobody ever waited in a queue.
    fn rate_at(&self, at: u64) -> f64 {
        if self.extent.contains(at) { self.begun(at) * self.pace() } else { 0.0 }
    }
    /// As many as nobody's waiting in a queue would make: the most to expect.
    fn expected(&self, end: u64) -> f64 {
        let extent = self.extent.cut(end);
        let ramp_s = self.ramp_up.as_secs_f64().min(extent.seconds());
        let absent_s = ramp_s * (1.0 - 0.5 * ramp_s / self.ramp_up.as_secs_f64().max(1e-9));
        f64::from(self.users) * (extent.seconds() - absent_s).max(0.0) * self.pace()
    }
    fn draws(&self) -> bool {
        !self.think.is_constant()
    }
    fn users(&self) -> Option<Users> {
        Some(Users {
            users: self.users,
            think: self.think.clone(),
            think_s: self.think_s,
            from: Time(self.extent.from),
            ramp_up: self.ramp_up,
            until: Time(self.extent.until),
        })
    }
}
