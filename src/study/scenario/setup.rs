//! From a resolved scenario to the cells of its plan.

use super::{LeftOpen, NamedPolicy, PolicyChoice, Scenario, Service};
use autosim_engine::control::Autoscaler;
use autosim_engine::fleet::{
    AtZero, Balancing, ColdStage, FleetSpec, Overflow, Portion, ScalePerRequest, Scaling,
    VictimOrder,
};
use autosim_engine::random::{Sampler, Streams};
use autosim_engine::signal::Resources;
use autosim_engine::simulation::{Detail, ServiceSetup, Setup};
use autosim_engine::units::Time;
use autosim_engine::workload::Arrivals;
use autosim_policies::builtin::keep_alive::AtLimit;
use autosim_policies::builtin::{PolicyContext, Recorded};
use autosim_policies::products::{self, LeavesFirst, Platform};
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
        let NamedPolicy { spec: competing, variant, .. } = &self.policies[policy];
        let mut plan = plan;
        let services = self.services.iter().enumerate().map(move |(index, service)| {
            let own = service.policy.as_ref().filter(|_| index > 0);
            let spec = own.unwrap_or(competing);
            let mut setup = self.service_setup(index, service, spec, replication, plan.take());
            if index == 0 {
                variant.apply(&mut setup.fleet);
            }
            setup
        });
        Setup {
            services: services.collect(),
            window: self.window,
            seed: self.seed,
            replication,
            detail,
            waiting_limit: WAITING_LIMIT,
            stop_after: None,
            cancel: None,
        }
    }

    fn service_setup(
        &self,
        index: usize,
        service: &Service,
        spec: &PolicyChoice,
        replication: u32,
        plan: Option<Arc<[(Time, u32)]>>,
    ) -> ServiceSetup {
        let streams = Streams::new(self.seed, replication, index as u32);
        let fleet = fleet_under(service, spec, plan.as_deref());
        let context = PolicyContext {
            clock: self.clock.clone(),
            concurrency: fleet.concurrency,
            initial: fleet.initial,
            end: self.window.end,
            plan,
            recorded: Recorded::default(),
        };
        ServiceSetup {
            name: service.name.clone(),
            arrivals: self.arrivals(service, &streams),
            autoscaler: spec.autoscaler(&context),
            resources: Resources { concurrency: fleet.concurrency, ..service.resources },
            slo: self.slo.and_then(|slo| slo.latency).filter(|_| index == 0),
            fleet,
        }
    }

    /// Requests one by one, or the flow in their place.
    fn arrivals(&self, service: &Service, streams: &Streams) -> Box<dyn Arrivals> {
        let flow = self.fidelity.fluid.then(|| service.workload.flow(streams, self.window.end));
        match flow.flatten() {
            Some(flow) => Box::new(Some(Box::new(flow))),
            None => service.workload.requests(streams, self.window.end),
        }
    }

    /// One of the competing policies, fresh; one that plays a plan has none.
    pub(super) fn autoscaler(&self, policy: usize) -> Autoscaler {
        let fleet = self.fleet(policy);
        self.policies[policy].spec.autoscaler(&PolicyContext {
            clock: self.clock.clone(),
            concurrency: fleet.concurrency,
            initial: fleet.initial,
            end: self.window.end,
            plan: None,
            recorded: Recorded::default(),
        })
    }

    /// The fleet of the first service as it is under one of the policies.
    pub fn fleet(&self, policy: usize) -> FleetSpec {
        let NamedPolicy { spec, variant, .. } = &self.policies[policy];
        let mut fleet = fleet_under(&self.services[0], spec, None);
        variant.apply(&mut fleet);
        fleet
    }
}

/// A policy decides where the fleet starts if nothing else does, and may let requests scale it.
pub(super) fn fleet_under(
    service: &Service,
    spec: &PolicyChoice,
    plan: Option<&[(Time, u32)]>,
) -> FleetSpec {
    let mut fleet = service.fleet.clone();
    let planned = plan.and_then(|plan| plan.first()).filter(|(at, _)| *at == Time::ZERO);
    let own = planned.map_or(0, |&(_, count)| count).max(spec.natural_start());
    fleet.initial = service.initial.unwrap_or(own.min(fleet.quota.unwrap_or(u32::MAX)));
    if let Some(product) = spec.product() {
        adopt(&mut fleet, service.left_open, &product.platform());
    }
    if let Some(keep_alive) = spec.keep_alive() {
        fleet.balancing = Balancing::CentralQueue;
        fleet.scaling = Scaling::PerRequest(ScalePerRequest {
            idle_expiry: keep_alive.idle_expiry.sampler(),
            minimum: keep_alive.min,
            limit: keep_alive.max,
            overflow: match keep_alive.overflow {
                AtLimit::Wait => Overflow::Wait,
                AtLimit::Reject => Overflow::Reject,
            },
        });
    }
    fleet
}

/// What a platform brings, where the scenario says nothing.
fn adopt(fleet: &mut FleetSpec, open: LeftOpen, platform: &Platform) {
    if let Some(concurrency) = platform.concurrency.filter(|_| open.concurrency) {
        fleet.concurrency = concurrency;
    }
    if let Some(length) = platform.cold_start.filter(|_| open.cold_start) {
        let length = Sampler::Constant(length.0);
        fleet.cold_start = vec![ColdStage { name: "cold_start", length }];
    }
    if let Some(grace) = platform.grace.filter(|_| open.grace) {
        fleet.grace = grace;
    }
    if let Some(first) = platform.leaves_first.filter(|_| open.victims) {
        fleet.victims = match first {
            LeavesFirst::Newest => VictimOrder::Newest,
            LeavesFirst::Oldest => VictimOrder::Oldest,
        };
    }
    if platform.rejects_at_zero && open.at_zero {
        fleet.queue.at_zero = AtZero::Reject;
    }
    for rollout in fleet.rollouts.iter_mut().filter(|rollout| rollout.min_ready.is_none()) {
        rollout.min_ready = platform.min_ready.map(|min_ready| match min_ready {
            products::MinReady::Count(count) => Portion::Count(count),
            products::MinReady::Percent(percent) => Portion::Share(f64::from(percent) / 100.0),
        });
    }
}

#[cfg(test)]
mod tests {
    use crate::scenario::{LoadOptions, Scenario, Sources, load};
    use autosim_engine::fleet::{Overflow, ScalePerRequest, Scaling};
    use autosim_engine::random::Sampler;

    fn scenario(replica: &str) -> Scenario {
        let text = format!(
            "duration = '1m'\n[workload.arrivals.main.poisson]\nrate = '1/s'\n[replica]\n{replica}\n\
             [policies.peak.fixed]\nreplicas = 7\n\
             [policies.faas.keep-alive]\nidle_expiry.constant = '10m'\nmin = 2\noverflow = 'reject'\n\
             [policies.asleep.scale-to-zero.policy.target-tracking]\n\
             metric = 'ongoing_requests_per_replica'\ntarget = 1\nmin = 3\nmax = 9\n"
        );
        let options = LoadOptions { fallback_name: "test".into(), ..LoadOptions::default() };
        let loaded = load(Sources::new("test.toml", text), &options);
        loaded.map_err(|found| found.render(false)).unwrap().scenario
    }

    #[test]
    fn a_policy_starts_with_its_own_fleet_unless_the_scenario_names_one() {
        for (replica, initial) in
            [("", [7, 2, 3]), ("quota = 5", [5, 2, 3]), ("initial = 4", [4; 3])]
        {
            let scenario = scenario(replica);
            let found: Vec<u32> = (0..3).map(|policy| scenario.fleet(policy).initial).collect();
            assert_eq!(found, initial, "{replica}");
        }
    }

    #[test]
    fn a_platform_rejects_at_zero_unless_the_scenario_says_otherwise() {
        use autosim_engine::fleet::AtZero;
        for (own_word, expected) in
            [("", AtZero::Reject), ("[service]\nqueue.at_zero = 'wait'\n", AtZero::Wait)]
        {
            let text = format!(
                "duration = '1m'\n[workload.arrivals.main.poisson]\nrate = '1/s'\n{own_word}\
                 [policies.eas.pai-eas]\nknobs.at_zero = 'fail'\n[policies.eas.pai-eas.body]\n\
                 min = 0\nmax = 4\nscaleStrategies = [{{ metricName = 'qps', threshold = 1 }}]\n"
            );
            let options = LoadOptions { fallback_name: "test".into(), ..LoadOptions::default() };
            let loaded = load(Sources::new("test.toml", text), &options);
            let scenario = loaded.map_err(|found| found.render(false)).unwrap().scenario;
            assert_eq!(scenario.fleet(0).queue.at_zero, expected);
            assert_eq!(scenario.fleet(0).initial, 1);
        }
    }

    #[test]
    fn keep_alive_scales_its_own_cells_only() {
        let scenario = scenario("");
        assert_eq!(scenario.fleet(0).scaling, Scaling::Controlled);
        let per_request = Scaling::PerRequest(ScalePerRequest {
            idle_expiry: Sampler::Constant(600_000_000_000),
            minimum: 2,
            limit: 1000,
            overflow: Overflow::Reject,
        });
        assert_eq!(scenario.fleet(1).scaling, per_request);
    }
}
