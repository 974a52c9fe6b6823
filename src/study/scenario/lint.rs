//! What is legal but unwise: warnings, each with what to do about it. They cost no run.

mod clients;

use super::file::{ReplicaFile, ScenarioFile};
use super::words::SpanOrLaw;
use super::{NamedPolicy, PolicyChoice, Scenario, Service, fleet};
use autosim_engine::fault::Faults;
use autosim_engine::fleet::{AtZero, FleetSpec};
use autosim_engine::units::{QuantityUnit, Span};
use autosim_policies::builtin::PolicySpec;

/// Looks a resolved scenario over.
pub(super) fn lint(scenario: &Scenario, file: &ScenarioFile, faults: &mut Faults) {
    promise(scenario, faults);
    if scenario.replications == 1 {
        faults.warn(
            "replications",
            "one replication shows no spread: there will be no intervals",
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
    let Some(first) = scenario.services.first() else { return };
    let replica = file.replica.as_ref().or_else(|| file.services.values().next()?.replica.as_ref());
    let start_s = replica.map_or(0.0, |replica| fleet::mean_start_s(replica.cold_start.as_ref()));
    mortality(file, replica, start_s, faults);
    faults.within("policies", |f| {
        for (index, policy) in scenario.policies.iter().enumerate() {
            let fleet = scenario.fleet(index);
            f.within(&*policy.name, |f| {
                overload(scenario, first, policy, f);
                limits(first, &fleet, &policy.spec, f);
                if let Some(spec) = policy.spec.built_in() {
                    f.within(spec.kind_name(), |f| reaction(spec, start_s, f));
                }
            });
        }
    });
}

/// A promise that the service times alone break.
fn promise(scenario: &Scenario, faults: &mut Faults) {
    let (Some(slo), Some(first)) =
        (scenario.slo.and_then(|slo| slo.latency), scenario.services.first())
    else {
        return;
    };
    let mean_s = first.workload.mean_demand_s(scenario.window.end);
    if mean_s > slo.limit.as_secs_f64() {
        let mean = Span::from_millis((mean_s * 1e3).round() as u64);
        faults.warn(
            "slo.latency",
            format!("the mean service time ({mean}) is above the promised {}", slo.limit),
            "no number of replicas can keep this promise; loosen it or serve faster",
        );
    }
}

/// Limits of the platform and of the policy that contradict each other.
fn limits(service: &Service, fleet: &FleetSpec, spec: &PolicyChoice, faults: &mut Faults) {
    let (kind, most) = (spec.kind_name(), spec.most());
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
    if let Some(initial) = service.initial
        && initial > most
    {
        faults.warn(
            kind,
            format!("it starts with {initial} replicas, more than the {most} it may want"),
            "lower `replica.initial` or raise its maximum",
        );
    }
    let sleeps = matches!(spec.built_in(), Some(PolicySpec::ScaleToZero(_)));
    if sleeps && fleet.queue.at_zero == AtZero::Reject {
        faults.warn(
            kind,
            "requests that find no replica are rejected (`queue.at_zero`)",
            "every request is lost until it wakes; `at_zero = \"wait\"` keeps them",
        );
    }
}

/// Replicas that fail sooner than they are replaced.
fn mortality(
    file: &ScenarioFile,
    replica: Option<&ReplicaFile>,
    start_s: f64,
    faults: &mut Faults,
) {
    let failures = replica.and_then(|replica| replica.failures.as_ref());
    let law = failures.and_then(|failures| failures.lifetime.as_ref());
    let Some(life_s) = law.map(|SpanOrLaw(law)| law.mean_s()).filter(|&life_s| life_s < start_s)
    else {
        return;
    };
    let own = "replica.failures.lifetime".to_owned();
    let key =
        file.services.keys().next().map_or(own.clone(), |name| format!("services.{name}.{own}"));
    let ready = 100.0 * life_s / (life_s + start_s);
    faults.warn(
        &key,
        format!(
            "a replica lives shorter than it takes to start: about {ready:.0}% of them are ready"
        ),
        "a longer life, unless that is what you study",
    );
}

/// A fleet that cannot carry the mean load even when every slot is always busy.
fn overload(scenario: &Scenario, service: &Service, policy: &NamedPolicy, faults: &mut Faults) {
    let end = scenario.window.end;
    let work_s = service.workload.mean_demand_s(end) * service.workload.expected_requests(end);
    let needed = work_s / end.as_secs_f64() / f64::from(service.fleet.concurrency);
    let most = policy.spec.most();
    if f64::from(most) < needed && service.workload.is_closed() {
        faults.warn(
            policy.spec.kind_name(),
            format!(
                "its users would keep {needed:.1} replicas busy if none of them waited, and it never has \
                 more than {most}: they will send less rather than fail"
            ),
            "raise its maximum, or read the rate rather than the latency",
        );
    } else if f64::from(most) < needed {
        faults.warn(
            policy.spec.kind_name(),
            format!(
                "overloaded by design: the mean load keeps {needed:.1} replicas busy, \
                 and it never has more than {most}"
            ),
            "raise its maximum, unless overload is what you study",
        );
    }
}

/// Control loops that cannot see what they did, or never do anything.
fn reaction(spec: &PolicySpec, start_s: f64, faults: &mut Faults) {
    match spec {
        PolicySpec::TargetTracking(tracking) => {
            let target = tracking.target;
            let percent = target.unit == QuantityUnit::Percent;
            if percent && target.value >= 100.0 && tracking.metric.metric.is_average() {
                faults.warn(
                    "target",
                    format!("a target of {target} is reached only when everything is saturated"),
                    "choose a target with headroom, for example \"60%\" or \"70%\"",
                );
            }
        }
        PolicySpec::Threshold(threshold) => {
            let cooldown = threshold.cooldown_up.unwrap_or(threshold.cooldown);
            if !cooldown.is_zero() && cooldown.as_secs_f64() < start_s {
                let start = Span::from_secs(start_s.round() as u64);
                faults.warn(
                    "cooldown",
                    format!(
                        "the cooldown ({cooldown}) ends before a replica is ready ({start} on \
                         average): the same need is answered twice"
                    ),
                    "make it longer than the cold start",
                );
            }
        }
        PolicySpec::ScaleToZero(wrapper) => {
            faults.within("policy", |f| {
                f.within(wrapper.policy.kind_name(), |f| reaction(&wrapper.policy, start_s, f));
            });
        }
        _ => {}
    }
}
