//! The service and replica tables as a fleet.

use super::file::{
    AtZeroFile, BalancingFile, BilledFrom, CpuFile, OrderFile, PriceFile, QueueFile, ReplicaFile,
    ResourcesFile, ScaleInFile, ServiceFile, WhenFullFile,
};
use super::words::{ColdStartFile, SpanOrLaw};
use super::{failures, sharing};
use autosim_engine::fault::Faults;
use autosim_engine::fleet::{
    AtZero, Balancing, Billing, ColdStage, FleetSpec, LaunchRate, PROVISION, PULL, QueueOrder,
    QueueSpec, RoutingRule, Scaling, Slowdowns, VictimOrder, WhenFull,
};
use autosim_engine::random::{Distribution, Sampler};
use autosim_engine::signal::Resources;
use autosim_engine::units::{Fraction, Span};

/// More cores than any machine has.
const MOST_CORES: f64 = 1e6;

/// The fleet and the resource model of one service; sound only if no error was added to `faults`.
pub(super) fn build(
    service: &ServiceFile,
    replica: &ReplicaFile,
    price: Option<&PriceFile>,
    faults: &mut Faults,
) -> (FleetSpec, Resources) {
    let (concurrency, discipline) = sharing::discipline(service);
    let cold_demand = faults.within("service", |f| {
        f.within("first_request", |f| sampler(service.first_request.as_ref(), f))
    });
    let queue =
        faults.within("service", |f| f.within("queue", |f| queue(service.queue.as_ref(), f)));
    let cold_start = faults.within("replica", |f| {
        f.within("cold_start", |f| cold_start(replica.cold_start.as_ref(), f))
    });
    let fleet = FleetSpec {
        concurrency,
        discipline,
        initial: replica.initial.unwrap_or(1),
        cold_start,
        readiness: None,
        cold_demand,
        quota: replica.quota,
        launch_rate: replica
            .launch_rate
            .map(|rate| LaunchRate { launches: rate.launches, per: rate.per }),
        grace: replica.grace.unwrap_or(Span::MAX),
        victims: victims(service.scale_in),
        billing: billing(price),
        scaling: Scaling::Controlled,
        balancing: balancing(service.balancing),
        proxy: None,
        queue,
        client: None,
        loops: Vec::new(),
        rollouts: Vec::new(),
        failures: faults.within("replica", |f| failures::build(replica.failures.as_ref(), f)),
        slowdowns: Slowdowns::default(),
        interventions: Vec::new(),
        resizes: Vec::new(),
        classes: 1,
    };
    let given = replica.resources.clone().unwrap_or_default();
    let resources =
        faults.within("replica", |f| f.within("resources", |f| resources(&given, concurrency, f)));
    let cpu = service.cpu.map_or(resources.cpu_of_request, Fraction::get);
    if cpu > 1.0 {
        let found = format!("a request takes {}% of its service time", cpu * 100.0);
        faults.error("service.cpu", found, "at most \"100%\": one core while it is served");
    }
    let resources = Resources { cpu_of_request: cpu, ..resources };
    (fleet, resources)
}

fn sampler(law: Option<&SpanOrLaw>, faults: &mut Faults) -> Option<Sampler> {
    law.and_then(|SpanOrLaw(law)| checked(law, faults))
}

/// The sampler of a law that is sound.
pub(super) fn checked(law: &Distribution, faults: &mut Faults) -> Option<Sampler> {
    let errors = faults.errors();
    law.check(faults);
    (faults.errors() == errors).then(|| law.sampler())
}

fn cold_start(given: Option<&ColdStartFile>, faults: &mut Faults) -> Vec<ColdStage> {
    match given {
        None => Vec::new(),
        Some(ColdStartFile::Whole(SpanOrLaw(Distribution::Constant(Span::ZERO)))) => Vec::new(),
        Some(ColdStartFile::Whole(SpanOrLaw(law))) => checked(law, faults)
            .map(|length| ColdStage { name: "cold_start", length })
            .into_iter()
            .collect(),
        Some(ColdStartFile::Stages(stages)) => stages
            .iter()
            .filter_map(|(name, SpanOrLaw(law))| {
                let length = faults.within(*name, |f| checked(law, f))?;
                Some(ColdStage { name, length })
            })
            .collect(),
    }
}

/// Mean length of a cold start, all stages together, in seconds.
/// Mean length of a cold start in seconds, and of the part of it in which the replica runs.
pub(super) fn mean_start_s(given: Option<&ColdStartFile>) -> [f64; 2] {
    match given {
        None => [0.0; 2],
        Some(ColdStartFile::Whole(SpanOrLaw(law))) => [law.mean_s(); 2],
        Some(ColdStartFile::Stages(stages)) => {
            let sum = |all: bool| {
                let part =
                    stages.iter().filter(|(name, _)| all || ![PROVISION, PULL].contains(name));
                part.map(|(_, SpanOrLaw(law))| law.mean_s()).sum()
            };
            [sum(true), sum(false)]
        }
    }
}

pub(super) fn queue(given: Option<&QueueFile>, faults: &mut Faults) -> QueueSpec {
    let Some(given) = given else { return QueueSpec::default() };
    QueueSpec {
        capacity: given.capacity,
        replica_capacity: None,
        timeout: faults.within("timeout", |f| sampler(given.timeout.as_ref(), f)),
        at_zero: match given.at_zero {
            Some(AtZeroFile::Reject) => AtZero::Reject,
            Some(AtZeroFile::Wait) | None => AtZero::Wait,
        },
        order: match given.order {
            Some(OrderFile::FirstCome) => QueueOrder::FirstCome,
            Some(OrderFile::Priority) | None => QueueOrder::Priority,
        },
        when_full: match given.when_full {
            Some(WhenFullFile::PushOut) => WhenFull::PushOut,
            Some(WhenFullFile::Refuse) | None => WhenFull::Refuse,
        },
    }
}

pub(super) const fn victims(given: Option<ScaleInFile>) -> VictimOrder {
    match given {
        Some(ScaleInFile::Newest) => VictimOrder::Newest,
        Some(ScaleInFile::Oldest) => VictimOrder::Oldest,
        Some(ScaleInFile::FewestInFlight) | None => VictimOrder::FewestInFlight,
    }
}

const fn balancing(given: Option<BalancingFile>) -> Balancing {
    match given {
        Some(BalancingFile::Random) => Balancing::PerReplica(RoutingRule::Random),
        Some(BalancingFile::RoundRobin) => Balancing::PerReplica(RoutingRule::RoundRobin),
        Some(BalancingFile::LeastOutstanding) => {
            Balancing::PerReplica(RoutingRule::LeastOutstanding)
        }
        Some(BalancingFile::PowerOfTwo) => Balancing::PerReplica(RoutingRule::PowerOfTwo),
        Some(BalancingFile::PowerOfTwoWithReplacement) => {
            Balancing::PerReplica(RoutingRule::PowerOfTwoWithReplacement)
        }
        Some(BalancingFile::CentralQueue) | None => Balancing::CentralQueue,
    }
}

fn billing(price: Option<&PriceFile>) -> Billing {
    let given = price.and_then(|price| price.billing.clone()).unwrap_or_default();
    Billing {
        from_ready: given.from == Some(BilledFrom::Ready),
        increment: given.increment.unwrap_or_default(),
        minimum: given.minimum.unwrap_or_default(),
    }
}

fn resources(given: &ResourcesFile, concurrency: u32, faults: &mut Faults) -> Resources {
    let base = Resources::default();
    let cpu = given.cpu.clone().unwrap_or_default();
    let CpuFile { idle, full, cores, starting, counts_starting } = cpu;
    let percent = |given: Option<Fraction>, default: f64| given.map_or(default, Fraction::percent);
    let memory = given.memory.clone().unwrap_or_default();
    let gpu = given.gpu.clone().unwrap_or_default();
    let connections = given.connections.clone().unwrap_or_default();
    let resources = Resources {
        concurrency,
        cpu_idle_percent: percent(idle, base.cpu_idle_percent),
        cpu_full_percent: percent(full, base.cpu_full_percent),
        cpu_of_request: base.cpu_of_request,
        cores,
        cpu_starting_percent: percent(starting, base.cpu_starting_percent),
        cpu_counts_starting: counts_starting.unwrap_or(base.cpu_counts_starting),
        memory_idle_percent: percent(memory.idle, base.memory_idle_percent),
        memory_full_percent: percent(memory.full, base.memory_full_percent),
        gpu_idle_percent: percent(gpu.idle, base.gpu_idle_percent),
        gpu_full_percent: percent(gpu.full, base.gpu_full_percent),
        connections_per_replica: connections.per_replica.unwrap_or(base.connections_per_replica),
        connections_per_request: connections.per_request.unwrap_or(base.connections_per_request),
        bytes_per_request: given.bytes_per_request.unwrap_or(base.bytes_per_request),
    };
    check_resources(&resources, faults);
    resources
}

fn check_resources(resources: &Resources, faults: &mut Faults) {
    for (key, idle, full) in [
        ("cpu", resources.cpu_idle_percent, resources.cpu_full_percent),
        ("memory", resources.memory_idle_percent, resources.memory_full_percent),
        ("gpu", resources.gpu_idle_percent, resources.gpu_full_percent),
    ] {
        if idle > full {
            faults.error(
                key,
                format!("idle ({idle}%) is above full ({full}%)"),
                "give an idle share at or below the full one",
            );
        }
    }
    if let Some(cores) = resources.cores.filter(|&cores| !(cores > 0.0 && cores <= MOST_CORES)) {
        let hint = "a number of cores such as 2 or 0.5";
        faults.error("cpu.cores", format!("{cores} cores"), hint);
    }
    for (key, value) in [
        ("connections.per_replica", resources.connections_per_replica),
        ("connections.per_request", resources.connections_per_request),
        ("bytes_per_request", resources.bytes_per_request),
    ] {
        if !value.is_finite() || value < 0.0 {
            faults.error(key, format!("{value} is no amount"), "give a number at or above 0");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_routing_rule_has_its_word() {
        for &rule in RoutingRule::ALL {
            let text = format!(
                "duration = '1m'\nservice.balancing = '{}'\n[workload.arrivals.main.poisson]\n\
                 rate = '1/s'\n[policies.one.fixed]\nreplicas = 1\n",
                rule.name()
            );
            let scenario = crate::scenario::sample::read(&text).unwrap();
            let balancing = scenario.deployment(0, 0).fleet.balancing;
            assert_eq!(balancing, Balancing::PerReplica(rule));
        }
    }
}
