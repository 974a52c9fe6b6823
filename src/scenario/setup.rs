//! From a resolved scenario to the cells of its plan.

use super::{Scenario, Service};
use crate::engine::{Detail, ServiceSetup, Setup};
use crate::policy::{PolicyContext, PolicySpec};
use crate::random::Streams;
use crate::units::Time;
use std::sync::Arc;

/// Waiting requests a run may hold before it is halted: about a gigabyte.
const WAITING_LIMIT: u64 = 50_000_000;

impl Scenario {
    /// One cell: `policy` (an index of [`Scenario::policies`]) in replication `replication`, from 0.
    /// `plan` is what a clairvoyant policy plays.
    pub fn setup(
        &self,
        policy: usize,
        replication: u32,
        plan: Option<Arc<[(Time, u32)]>>,
        detail: Detail,
    ) -> Setup {
        let competing = &self.policies[policy].spec;
        let mut plan = plan;
        let services = self.services.iter().enumerate().map(move |(index, service)| {
            let own = service.policy.as_ref().filter(|_| index > 0);
            self.service_setup(index, service, own.unwrap_or(competing), replication, plan.take())
        });
        Setup {
            services: services.collect(),
            window: self.window,
            seed: self.seed,
            replication,
            detail,
            waiting_limit: WAITING_LIMIT,
            cancel: None,
        }
    }

    fn service_setup(
        &self,
        index: usize,
        service: &Service,
        spec: &PolicySpec,
        replication: u32,
        plan: Option<Arc<[(Time, u32)]>>,
    ) -> ServiceSetup {
        let streams = Streams::new(self.seed, replication, index as u32);
        let fleet = service.fleet.clone();
        let context = PolicyContext {
            clock: self.clock.clone(),
            concurrency: fleet.concurrency,
            initial: fleet.initial,
            end: self.window.end,
            plan,
        };
        ServiceSetup {
            name: service.name.clone(),
            arrivals: service.workload.requests(&streams, self.window.end),
            autoscaler: spec.autoscaler(&context),
            resources: service.resources,
            slo: self.slo.and_then(|slo| slo.latency).filter(|_| index == 0),
            fleet,
        }
    }
}
