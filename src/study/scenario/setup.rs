//! From a resolved scenario to the cells of its plan.

use super::{Deployment, Layer, Scenario, Service};
use autosim_engine::control::{Autoscaler, Cadence};
use autosim_engine::random::Streams;
use autosim_engine::simulation::{DecisionLog, Detail, Limits, ServiceSetup, Setup};
use autosim_engine::units::Time;
use autosim_engine::workload::Arrivals;
use autosim_policies::builtin::{PolicyContext, Recorded};
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
        let mut plan = plan;
        let services = (0..self.services.len())
            .map(|index| self.service_setup((policy, index), replication, plan.take(), detail));
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

    /// Whether anything is drawn: if not, one replication is like the other.
    pub fn draws(&self) -> bool {
        let mut deployments = (0..self.policies.len())
            .flat_map(|policy| (0..self.services.len()).map(move |service| (policy, service)));
        let drawn = |(policy, service)| {
            let deployment = self.deployment(policy, service);
            let autoscaler = self.autoscaler(deployment, deployment.fleet.initial, None);
            let Cadence { interval: _, random_phase, drift } = autoscaler.cadence;
            let drifts = autoscaler.signals.iter().any(|signal| !signal.drift.is_zero());
            random_phase || !drift.is_zero() || drifts || deployment.fleet.draws()
        };
        self.fidelity.fluid
            || self.services.iter().any(|service| service.workload.draws())
            || deployments.any(drawn)
    }

    /// Replications that are run: where nothing is drawn, one stands for all.
    pub fn distinct_replications(&self) -> u32 {
        if self.draws() { self.replications } else { 1 }
    }

    /// Has it run so often; whoever runs it again from what it leaves does too.
    pub fn set_replications(&mut self, replications: u32) {
        if self.resolved["replications"] != replications {
            self.replications = replications;
            self.resolved["replications"] = replications.into();
            self.recipe.lay(Layer::value(
                format!("--replications {replications}"),
                "replications",
                &replications.to_string(),
            ));
        }
    }

    fn service_setup(
        &self,
        (policy, index): (usize, usize),
        replication: u32,
        plan: Option<Arc<[(Time, u32)]>>,
        detail: Detail,
    ) -> ServiceSetup {
        let (service, deployment) = (&self.services[index], self.deployment(policy, index));
        let streams = Streams::new(self.seed, replication, index as u32);
        let fleet = deployment.fleet_of_cell(plan.as_deref());
        let explains = detail.decisions != DecisionLog::Off;
        let context = self.context(deployment, fleet.initial, plan);
        let context = PolicyContext { replication, explains, ..context };
        let mut autoscaler = deployment.policy.autoscaler(&context);
        for outage in &service.metric_outages {
            outage.befall(&mut autoscaler.signals);
        }
        ServiceSetup {
            name: service.name.clone(),
            arrivals: self.arrivals(service, &streams),
            autoscaler,
            resources: deployment.resources,
            limits: Limits {
                slo: if index == 0 { self.slo.latency.clone() } else { Vec::new() },
                asked: Vec::new(),
            },
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

    /// The policy of a deployment, fresh, that meets `initial` replicas.
    pub(super) fn autoscaler(
        &self,
        deployment: &Deployment,
        initial: u32,
        plan: Option<Arc<[(Time, u32)]>>,
    ) -> Autoscaler {
        deployment.policy.autoscaler(&self.context(deployment, initial, plan))
    }

    /// What that policy may know.
    fn context(
        &self,
        deployment: &Deployment,
        initial: u32,
        plan: Option<Arc<[(Time, u32)]>>,
    ) -> PolicyContext {
        PolicyContext {
            clock: self.clock.clone(),
            concurrency: deployment.fleet.concurrency,
            initial,
            end: self.window.end,
            plan,
            recorded: Recorded::default(),
            replication: 0,
            explains: false,
        }
    }
}
