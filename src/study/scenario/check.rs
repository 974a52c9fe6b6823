//! Sense: what no scenario may say, however well it is formed.

use super::Scenario;
use super::choice::{PolicyChoice, PolicyFile};
use super::decode::nearest_of;
use super::file::{ReplicaFile, ScenarioFile, ServiceEntry, ServiceFile};
use super::own::OwnPolicy;
use super::sharing;
use autosim_engine::fault::Faults;
use autosim_engine::units::{Span, Time, WallClock};

/// Slots of all replicas are kept in memory; more of them per replica than this is a typing error.
pub(super) const MOST_SLOTS: u32 = 1_000_000;
/// More replications than this are a typing error.
const MOST_REPLICATIONS: u32 = 100_000;

/// Policies of the calling program have names of their own, and sound signals.
fn own_policies(file: &ScenarioFile, own: &[(String, OwnPolicy)], faults: &mut Faults) {
    for (at, (name, policy)) in own.iter().enumerate() {
        faults.within("policies", |f| {
            file_name(name, name, f);
            if file.policies.contains_key(name) || own[..at].iter().any(|(other, _)| other == name)
            {
                f.error(name, "there are two policies of this name", "name one differently");
            }
            f.within(name, |f| policy.check(f));
        });
    }
}

/// What multiplies the traffic of every service; 1 in place of a factor that is none.
pub(super) fn traffic_scale(file: &ScenarioFile, faults: &mut Faults) -> f64 {
    let scale = file.traffic_scale.unwrap_or(1.0);
    if (1e-9..=1e9).contains(&scale) {
        return scale;
    }
    let message = format!("the scale is {scale}");
    faults.error("traffic_scale", message, "a positive number; 1 changes nothing");
    1.0
}

/// Everything about a scenario that can be said without its traffic; defaults are filled in.
pub(super) fn whole(
    file: &ScenarioFile,
    own: &[(String, OwnPolicy)],
    clock: &WallClock,
    faults: &mut Faults,
) {
    if let Some(name) = &file.name {
        file_name("name", name, faults);
    }
    times(file, clock, faults);
    if file.replications.is_some_and(|n| n == 0 || n > MOST_REPLICATIONS) {
        let found = file.replications.unwrap_or_default();
        faults.error(
            "replications",
            format!("{found} replications"),
            format!("give a number from 1 to {MOST_REPLICATIONS}"),
        );
    }
    if file.policies.is_empty() && own.is_empty() {
        faults.error(
            "policies",
            "there is no policy",
            "add at least one, for example `[policies.peak.fixed]` with `replicas = 10`",
        );
    }
    for name in file.policies.keys() {
        faults.within("policies", |f| file_name(name, name, f));
    }
    own_policies(file, own, faults);
    if file.services.is_empty() {
        service(file.service.as_ref(), faults);
        replica(file.replica.as_ref(), faults);
    }
    for (name, entry) in &file.services {
        faults.within("services", |f| {
            file_name(name, name, f);
            f.within(name, |f| {
                service(entry.service.as_ref(), f);
                replica(entry.replica.as_ref(), f);
            });
        });
    }
}

/// Who may scale which service.
pub(super) fn policy_of_service(index: usize, entry: &ServiceEntry, faults: &mut Faults) {
    match (index, &entry.policy) {
        (0, Some(_)) => faults.error(
            "policy",
            "the policies compete for the first service, so it has none of its own",
            "move it to `[policies.NAME. ...]`, or put another service first",
        ),
        (1.., None) => faults.error(
            "",
            "nobody scales this service",
            "give it a policy, for example `policy.fixed = { replicas = 4 }`",
        ),
        _ => {}
    }
}

/// A policy that is sound; `choice` is what it became when its documents were read.
pub(super) fn policy(
    policy: &PolicyFile,
    file: &ScenarioFile,
    faults: &mut Faults,
    choice: impl FnOnce() -> Option<PolicyChoice>,
) -> Option<PolicyChoice> {
    let choice = policy_alone(policy, faults, choice)?;
    services_read(&choice, file, faults);
    Some(choice)
}

/// As [`policy`], where the other services it reads are not known.
pub(super) fn policy_alone(
    policy: &PolicyFile,
    faults: &mut Faults,
    choice: impl FnOnce() -> Option<PolicyChoice>,
) -> Option<PolicyChoice> {
    match policy {
        PolicyFile::BuiltIn(spec) => spec.check(faults),
        PolicyFile::Product(product) => product.check(faults),
        PolicyFile::Program(program) => program.check(faults),
    }
    choice()
}

/// Whether every service whose metrics a policy reads is there.
fn services_read(spec: &PolicyChoice, file: &ScenarioFile, faults: &mut Faults) {
    for service in spec.services() {
        if !file.services.contains_key(&service) {
            let known: Vec<&str> = file.services.keys().map(String::as_str).collect();
            let hint = match known.is_empty() {
                true => {
                    "the scenario has but one service: leave out the name before the `/`".into()
                }
                false => nearest_of(&service, &known),
            };
            faults.error(
                spec.kind_name(),
                format!("it reads a metric of the service `{service}`, which is not there"),
                hint,
            );
        }
    }
}

/// Names that become names of files.
fn file_name(key: &str, name: &str, faults: &mut Faults) {
    let good = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
    let dots = name.starts_with('.');
    if name.is_empty() || name.len() > 100 || dots || !name.chars().all(good) {
        faults.error(
            key,
            format!("`{name}` cannot name a file"),
            "use 1 to 100 letters, digits, `-`, `_` or `.`, and no dot at the start",
        );
    }
}

fn times(file: &ScenarioFile, clock: &WallClock, faults: &mut Faults) {
    let duration = file.duration.unwrap_or_default();
    let warmup = file.warmup.unwrap_or_default();
    if duration.is_zero() {
        faults.error("duration", "no time at all (0s)", "give a duration above zero");
    } else if warmup >= duration {
        faults.error(
            "warmup",
            format!("the warm-up ({warmup}) does not end before the run ({duration})"),
            "give a shorter warm-up or a longer duration",
        );
    }
    let whole = duration.0.checked_add(file.drain_limit.unwrap_or_default().0);
    if whole.is_none_or(|whole| whole > Span::MAX.0 / 4) {
        faults.error("duration", "longer than 146 years", "give a shorter duration");
    } else if clock.at(Time(whole.unwrap_or_default())).is_none() {
        faults.error("duration", "ends beyond the year 9999", "start earlier or run shorter");
    }
    if file.timeline.is_some_and(Span::is_zero) {
        faults.error("timeline", "no time at all (0s)", "give an interval, for example \"60s\"");
    } else if let Some(interval) = file.timeline
        && duration.0 / interval.0.max(1) > 1_000_000
    {
        faults.error(
            "timeline",
            format!("{interval} makes more than a million intervals of {duration}"),
            "give a longer interval",
        );
    }
}

fn service(service: Option<&ServiceFile>, faults: &mut Faults) {
    let Some(service) = service else { return };
    sharing::check(service, faults);
    if let Some(slots) = service.concurrency
        && !(1..=MOST_SLOTS).contains(&slots)
    {
        faults.error(
            "service.concurrency",
            format!("{slots} requests at once"),
            format!("give a number from 1 to {MOST_SLOTS}"),
        );
    }
}

/// A product may bring slots of its own; those of the scenario are looked at before.
pub(super) fn slots(scenario: &Scenario, faults: &mut Faults) {
    let competing = scenario.policies.iter();
    let competing = competing.map(|one| (format!("policies.{}", one.name), &one.deployment));
    let services = scenario.services.iter();
    let others = services.filter_map(|one| Some((one.key("policy"), one.own.as_ref()?)));
    for (key, deployment) in competing.chain(others) {
        let slots = deployment.fleet.concurrency;
        if slots > MOST_SLOTS {
            let kind = deployment.policy.kind_name();
            faults.error(
                &format!("{key}.{kind}"),
                format!("its replicas serve {slots} requests at once"),
                format!("autosim has at most {MOST_SLOTS}: `service.concurrency` says otherwise"),
            );
        }
    }
}

fn replica(replica: Option<&ReplicaFile>, faults: &mut Faults) {
    let Some(replica) = replica else { return };
    let initial = replica.initial.unwrap_or_default();
    if let Some(quota) = replica.quota {
        if quota == 0 {
            faults.error("replica.quota", "a quota of 0 serves nobody", "give 1 or more");
        } else if initial > quota {
            faults.error(
                "replica.initial",
                format!("{initial} replicas at the start exceed the quota of {quota}"),
                "start with fewer or raise the quota",
            );
        }
    }
}
