//! What is legal but unwise: warnings, each with what to do about it. They cost no run.

mod calendar;
mod clients;
mod policy;

use super::effort::busy_replicas;
use super::file::ScenarioFile;
use super::{Competitor, Deployment, Scenario, Service};
use autosim_engine::fault::Faults;
use autosim_engine::units::{Known, Span};
use autosim_policies::builtin::PolicySpec;

/// Looks a resolved scenario over.
pub(super) fn lint(scenario: &Scenario, file: &ScenarioFile, faults: &mut Faults) {
    slo_that_cannot_be(scenario, faults);
    if scenario.replications == 1 && scenario.draws() {
        faults.warn(
            "replications",
            "one replication shows no spread: intervals need several",
            "give at least 2; 10 is the default",
        );
    }
    let (warmup, end) = (scenario.window.warmup, scenario.window.end);
    if warmup.0 > end.0 / 2 {
        let share = format!("{} of {}", Span(warmup.0), Span(end.0));
        faults.warn(
            "warmup",
            format!("more than half of the run is left out of the figures ({share})"),
            "run longer, or shorten the warm-up",
        );
    }
    clients::lint(scenario, file, faults);
    for (index, service) in scenario.services.iter().enumerate() {
        mortality(service, &scenario.deployments_of(index), faults);
        let Some(own) = &service.own else { continue };
        faults.within(service.key("policy"), |f| deployment(scenario, service, own, f));
    }
    let Some(contested) = scenario.services.first() else { return };
    for Competitor { name, deployment: one } in &scenario.policies {
        let key = format!("policies.{name}");
        faults.within(key, |f| deployment(scenario, contested, one, f));
    }
}

/// A service and the policy that scales it.
fn deployment(
    scenario: &Scenario,
    service: &Service,
    deployment: &Deployment,
    faults: &mut Faults,
) {
    overload(scenario, service, deployment, faults);
    limits(deployment, faults);
    policy::asleep(deployment, faults);
    grace(scenario, service, deployment, faults);
    if let Some(product) = deployment.policy.product() {
        let signals = scenario.autoscaler(deployment, deployment.fleet.initial, None).signals;
        policy::product(product, &signals, deployment, faults);
        if product.platform().dated && scenario.clock.known() != Known::Date {
            faults.warn(
                product.kind_name(),
                "its rules are in force from one date to another, but nobody says on which the run begins",
                "give the scenario a `start`, or leave the dates out",
            );
        }
    }
    if let Some(spec) = deployment.policy.built_in() {
        let mean_s = service.workload.mean_demand_s(scenario.window.end);
        policy::lint(spec, mean_s, deployment, faults);
        if scenario.clock.known() != Known::Date {
            calendar::without_date(spec, faults);
        }
    }
}

/// An SLO that the service times alone break.
fn slo_that_cannot_be(scenario: &Scenario, faults: &mut Faults) {
    let Some(first) = scenario.services.first() else { return };
    let end = scenario.window.end;
    let mean_s = first.workload.mean_demand_s(end);
    for (at, slo) in scenario.slo.latency.iter().enumerate() {
        let (late, share) = (first.workload.demands_above(slo.longest(), end), 1.0 - slo.quantile);
        let what = if at == 0 && mean_s > slo.limit.as_secs_f64() {
            let mean = Span::from_millis((mean_s * 1e3).round() as u64);
            format!("the mean service time ({mean}) is above the {} of the SLO", slo.limit)
        } else if late > share {
            // The law's points know the share no better than that.
            let late = format!("{:.1}", 100.0 * late);
            let share = (share * 1e6).round() / 1e4;
            format!(
                "about {late}% of the service times alone are above the {} of the SLO, which {share}% may exceed",
                slo.limit
            )
        } else {
            continue;
        };
        let remedy = "no number of replicas can keep this SLO; loosen it or serve faster";
        faults.warn("slo.latency", what, remedy);
    }
}

/// Limits of the platform and of the policy that contradict each other.
fn limits(Deployment { policy, fleet, .. }: &Deployment, faults: &mut Faults) {
    let (kind, most) = (policy.kind_name(), policy.most());
    if let Some(quota) = fleet.quota
        && most != u32::MAX
        && most > quota
    {
        faults.warn(
            kind,
            format!("it may want {most} replicas, but the quota grants {quota}"),
            "lower its maximum or raise `replica.quota`",
        );
    }
    if fleet.initial > most {
        faults.warn(
            kind,
            format!("it starts with {} replicas, more than the {most} it may want", fleet.initial),
            "lower `replica.initial` or raise its maximum",
        );
    }
}

/// A grace that most requests outlast: whoever is in service when a replica leaves is lost.
fn grace(
    scenario: &Scenario,
    service: &Service,
    Deployment { policy, fleet, .. }: &Deployment,
    faults: &mut Faults,
) {
    let mean_s = service.workload.mean_demand_s(scenario.window.end);
    let never_leaves = matches!(policy.built_in(), Some(PolicySpec::Fixed(_)));
    if never_leaves || fleet.grace.as_secs_f64() >= mean_s {
        return;
    }
    let mean = Span::from_millis((mean_s * 1e3).round() as u64);
    faults.warn(
        policy.kind_name(),
        format!(
            "a replica that leaves has {} of grace, and a request takes {mean} on average: most of those in \
             service at a scale-in are lost",
            fleet.grace
        ),
        "a longer grace (`replica.grace` goes before the platform's), or retries",
    );
}

/// Replicas that fail sooner than they are replaced.
fn mortality(service: &Service, deployments: &[&Deployment], faults: &mut Faults) {
    let ready = |one: &&Deployment| {
        let life_s = one.mean_life_s.filter(|&life_s| life_s < one.mean_start_s)?;
        Some(100.0 * life_s / (life_s + one.mean_start_s))
    };
    let Some(ready) = deployments.iter().filter_map(ready).min_by(f64::total_cmp) else { return };
    faults.warn(
        &service.key("replica.failures.lifetime"),
        format!(
            "a replica lives shorter than it takes to start: about {ready:.0}% of them are ready"
        ),
        "a longer life, unless that is what you study",
    );
}

/// A fleet that cannot carry the mean load even when every slot is always busy.
fn overload(scenario: &Scenario, service: &Service, deployment: &Deployment, faults: &mut Faults) {
    let policy = &deployment.policy;
    let needed = busy_replicas(scenario, service, deployment);
    let most = policy.most();
    if f64::from(most) < needed && service.workload.is_closed() {
        faults.warn(
            policy.kind_name(),
            format!(
                "its users would keep {needed:.1} replicas busy if none of them waited, and it never has \
                 more than {most}: they will send less rather than fail"
            ),
            "raise its maximum, or read the rate rather than the latency",
        );
    } else if f64::from(most) < needed {
        faults.warn(
            policy.kind_name(),
            format!(
                "overloaded by design: the mean load keeps {needed:.1} replicas busy, \
                 and it never has more than {most}"
            ),
            "raise its maximum, unless overload is what you study",
        );
    }
}

#[cfg(test)]
mod tests;
