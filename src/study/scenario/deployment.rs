//! The one effective service: what its policy, the policy's platform and the policy's variant make of what
//! the scenario says. Resolved once; cells, figures, references and warnings read nothing else.

use super::scripted::MetricOutage;
use super::{NamedPolicy, PolicyChoice, Scenario, Variant};
use autosim_engine::fleet::{
    AtZero, Balancing, ColdStage, FleetSpec, HandsOver, Overflow, PROVISION, PULL, Portion, Probes,
    Proxy, RoutingRule, ScalePerRequest, Scaling, VictimOrder,
};
use autosim_engine::random::Sampler;
use autosim_engine::signal::Resources;
use autosim_engine::units::{Span, Time};
use autosim_engine::workload::Workload;
use autosim_policies::builtin::keep_alive::{AtLimit, KeepAlive};
use autosim_policies::products::{LeavesFirst, MinReady, Platform, Readiness, RequestPath, Spread};

/// A service where one policy scales it.
#[derive(Debug, Clone)]
pub struct Deployment {
    /// Who scales it.
    pub policy: PolicyChoice,
    /// Its replicas.
    pub fleet: FleetSpec,
    /// How load turns into CPU and so on.
    pub resources: Resources,
    /// The policy decides how many replicas there are at the start; a plan may begin with more.
    pub(super) starts_by_policy: bool,
    /// Mean length of a cold start, in seconds.
    pub(super) mean_start_s: f64,
    /// Mean length of the part of it in which the replica runs, before it is looked at whether it is ready.
    pub(super) mean_boot_s: f64,
    /// Mean life of a replica that fails by itself, in seconds.
    pub(super) mean_life_s: Option<f64>,
}

/// One service as the scenario writes it, before anybody scales it.
pub(super) struct ServiceDraft {
    pub(super) name: String,
    /// How the keys of its tables begin: `services.web.`, or nothing where they stand at the root.
    pub(super) prefix: String,
    pub(super) workload: Workload,
    pub(super) fleet: FleetSpec,
    /// Replicas ready at the start; `None` = as many as the policy starts with by itself.
    pub(super) initial: Option<u32>,
    pub(super) resources: Resources,
    /// When scrapes of its policies' metrics bring no data.
    pub(super) metric_outages: Vec<MetricOutage>,
    pub(super) left_open: LeftOpen,
    pub(super) mean_start_s: f64,
    /// Mean length of the part of it in which the replica runs, before it is looked at whether it is ready.
    pub(super) mean_boot_s: f64,
    pub(super) mean_life_s: Option<f64>,
    /// Who scales it, for all services but the first.
    pub(super) policy: Option<PolicyChoice>,
}

/// A competing policy as the scenario writes it.
pub(super) struct PolicyDraft {
    pub(super) named: NamedPolicy,
    pub(super) variant: Variant,
}

/// Parts of a fleet that a scenario left open, so that a product's platform may fill them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct LeftOpen {
    /// Requests a replica serves at once.
    pub(super) concurrency: bool,
    /// How long a launch takes.
    pub(super) cold_start: bool,
    /// How long a leaving replica may finish.
    pub(super) grace: bool,
    /// Which replicas leave first.
    pub(super) victims: bool,
    /// What a request does that finds no live replica.
    pub(super) at_zero: bool,
    /// How requests find a slot.
    pub(super) balancing: bool,
}

impl ServiceDraft {
    /// A key of its tables.
    pub(super) fn key(&self, key: &str) -> String {
        format!("{}{key}", self.prefix)
    }

    /// Whether a policy of this service, the `index`-th, scales per request.
    pub(super) fn scales_per_request(&self, index: usize, policies: &[PolicyDraft]) -> bool {
        let per_request = |policy: &PolicyChoice| policy.keep_alive().is_some();
        match index {
            0 => policies.iter().any(|policy| per_request(&policy.named.spec)),
            _ => self.policy.as_ref().is_some_and(per_request),
        }
    }
}

impl Deployment {
    /// A drafted service under a policy: the platform fills what the scenario left open, the variant has the
    /// last word.
    pub(super) fn of(draft: &ServiceDraft, policy: PolicyChoice, variant: &Variant) -> Self {
        let mut fleet = draft.fleet.clone();
        let start = policy.natural_start().min(fleet.quota.unwrap_or(u32::MAX));
        fleet.initial = draft.initial.unwrap_or(start);
        let (mut mean_start_s, mut mean_boot_s) = (draft.mean_start_s, draft.mean_boot_s);
        if let Some(product) = policy.product() {
            let platform = product.platform();
            adopt(&mut fleet, draft.left_open, &platform);
            let own = platform.cold_start.filter(|_| draft.left_open.cold_start);
            if let Some(length) = own {
                (mean_start_s, mean_boot_s) = (length.as_secs_f64(), length.as_secs_f64());
            }
            if let Some(probes) = fleet.readiness {
                let found = probes.find(Span::from_secs_f64(mean_boot_s));
                mean_start_s += found.as_secs_f64() - mean_boot_s;
            }
        }
        if let Some(keep_alive) = policy.keep_alive() {
            fleet.balancing = Balancing::CentralQueue;
            fleet.scaling = Scaling::PerRequest(per_request(keep_alive));
        }
        variant.apply(&mut fleet);
        Self {
            policy,
            resources: Resources { concurrency: fleet.concurrency, ..draft.resources },
            fleet,
            starts_by_policy: draft.initial.is_none(),
            mean_start_s,
            mean_boot_s,
            mean_life_s: draft.mean_life_s,
        }
    }

    /// The fleet of a cell whose policy plays `plan`, if it plays one: it begins where the plan does, if
    /// nothing else says where.
    pub(super) fn fleet_of_cell(&self, plan: Option<&[(Time, u32)]>) -> FleetSpec {
        let mut fleet = self.fleet.clone();
        let first = plan.and_then(|plan| plan.first()).filter(|(at, _)| *at == Time::ZERO);
        if let Some(&(_, planned)) = first.filter(|_| self.starts_by_policy) {
            fleet.initial = fleet.initial.max(planned.min(fleet.quota.unwrap_or(u32::MAX)));
        }
        fleet
    }
}

impl Scenario {
    /// A service (an index of [`Scenario::services`]) in the cells of a competing policy (an index of
    /// [`Scenario::policies`]).
    pub fn deployment(&self, policy: usize, service: usize) -> &Deployment {
        let own = self.services[service].own.as_ref();
        own.unwrap_or_else(|| &self.policies[policy].deployment)
    }

    /// Every deployment of a service: one for each competing policy, or the one of its own.
    pub(super) fn deployments_of(&self, service: usize) -> Vec<&Deployment> {
        match &self.services[service].own {
            Some(own) => vec![own],
            None => self.policies.iter().map(|policy| &policy.deployment).collect(),
        }
    }
}

/// Requests scale the fleet.
fn per_request(keep_alive: &KeepAlive) -> ScalePerRequest {
    ScalePerRequest {
        idle_expiry: keep_alive.idle_expiry.sampler(),
        max_lifetime: keep_alive.max_lifetime.as_ref().map(|law| law.sampler()),
        minimum: keep_alive.min,
        limit: keep_alive.max,
        overflow: match keep_alive.overflow {
            AtLimit::Wait => Overflow::Wait,
            AtLimit::Reject => Overflow::Reject,
        },
    }
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
    if let Some(Readiness { first, period, in_a_row }) = platform.readiness {
        fleet.readiness = Some(Probes { first, period, in_a_row });
        let runs = |stage: &ColdStage| ![PROVISION, PULL].contains(&stage.name);
        if !fleet.cold_start.last().is_some_and(runs) {
            fleet.cold_start.push(ColdStage { name: "boot", length: Sampler::Constant(0) });
        }
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
    if let Some(path) = platform.path.filter(|_| open.balancing) {
        lead(fleet, &path);
    }
    for rollout in fleet.rollouts.iter_mut().filter(|rollout| rollout.min_ready.is_none()) {
        rollout.min_ready = platform.min_ready.map(|min_ready| match min_ready {
            MinReady::Count(count) => Portion::Count(count),
            MinReady::Percent(percent) => Portion::Share(f64::from(percent) / 100.0),
        });
    }
}

/// Requests come by this path.
fn lead(fleet: &mut FleetSpec, path: &RequestPath) {
    fleet.balancing = Balancing::PerReplica(match path.direct {
        Spread::RoundRobin => RoutingRule::RoundRobin,
        Spread::Random => RoutingRule::Random,
        Spread::LeastRequest => RoutingRule::PowerOfTwoWithReplacement,
    });
    let hands_over = match path.at_once {
        None => HandsOver::Freely,
        Some(most) if path.in_turn => HandsOver::InTurn(most),
        Some(most) => HandsOver::ToFirst(most),
    };
    fleet.proxy = Some(Proxy { hands_over, latency: path.latency });
    let waiting = |most: u32| most.saturating_sub(fleet.concurrency);
    fleet.queue.replica_capacity = path.most_present.map(waiting);
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
             max_lifetime.constant = '2h'\n\
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
            let found: Vec<u32> =
                (0..3).map(|policy| scenario.deployment(policy, 0).fleet.initial).collect();
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
            assert_eq!(scenario.deployment(0, 0).fleet.queue.at_zero, expected);
            assert_eq!(scenario.deployment(0, 0).fleet.initial, 1);
        }
    }

    #[test]
    fn keep_alive_scales_its_own_cells_only() {
        let scenario = scenario("");
        assert_eq!(scenario.deployment(0, 0).fleet.scaling, Scaling::Controlled);
        let per_request = Scaling::PerRequest(ScalePerRequest {
            idle_expiry: Sampler::Constant(600_000_000_000),
            max_lifetime: Some(Sampler::Constant(7_200_000_000_000)),
            minimum: 2,
            limit: 1000,
            overflow: Overflow::Reject,
        });
        assert_eq!(scenario.deployment(1, 0).fleet.scaling, per_request);
    }
}
