//! Replicas whose requests share: what a scenario says of it, and what it cannot be combined with.

use super::check::MOST_SLOTS;
use super::deployment::{PolicyDraft, ServiceDraft};
use super::file::{BalancingFile, DisciplineFile, ServiceFile};
use super::words::SpanOrLaw;
use autosim_engine::fault::Faults;
use autosim_engine::fleet::Discipline;
use autosim_engine::random::Distribution;

/// Whether requests share their replica.
pub(super) fn is_sharing(service: &ServiceFile) -> bool {
    service.discipline == Some(DisciplineFile::Sharing)
}

/// Fills in what is not said of sharing.
pub(super) fn fill(service: &mut ServiceFile, label: &str, assumptions: &mut Vec<String>) {
    if service.balancing.is_none() {
        assumptions.push(format!("{label}no balancing given: least outstanding"));
        service.balancing = Some(BalancingFile::LeastOutstanding);
    }
    let sharing = service.sharing.get_or_insert_default();
    if sharing.capacity.is_none() {
        assumptions.push(format!(
            "{label}no sharing capacity given: one request at full speed per replica"
        ));
        sharing.capacity = Some(1);
    }
    if sharing.limit.is_none() {
        assumptions
            .push(format!("{label}no sharing limit given: any number of requests share a replica"));
    }
}

/// Requests at full speed per replica, and what more of them do.
pub(super) fn discipline(service: &ServiceFile) -> (u32, Discipline) {
    if !is_sharing(service) {
        return (service.concurrency.unwrap_or(1), Discipline::Slots);
    }
    let sharing = service.sharing.unwrap_or_default();
    (sharing.capacity.unwrap_or(1), Discipline::Sharing { limit: sharing.limit })
}

/// What cannot be said together.
pub(super) fn check(service: &ServiceFile, faults: &mut Faults) {
    if !is_sharing(service) {
        if service.sharing.is_some() {
            let hint = "add `discipline = \"sharing\"`, or leave it out";
            faults.error("service.sharing", "requests do not share: they have slots", hint);
        }
        return;
    }
    if service.concurrency.is_some() {
        let hint =
            "say `sharing = { capacity = N, limit = M }`: N at full speed, at most M at once";
        faults.error("service.concurrency", "requests that share have no slots", hint);
    }
    if service.balancing == Some(BalancingFile::CentralQueue) {
        let hint =
            "least-outstanding comes closest; random, round-robin and power-of-two share too";
        faults.error("service.balancing", "requests share where they are, not in one queue", hint);
    }
    let queue = service.queue.clone().unwrap_or_default();
    if queue.capacity.is_some() {
        let hint = "leave it out; `queue.timeout` bounds the wait";
        faults.error("service.queue.capacity", "not with requests that share", hint);
    }
    if !matches!(queue.timeout, None | Some(SpanOrLaw(Distribution::Constant(_)))) {
        let hint = "give one span for all, for example \"10s\"";
        faults.error("service.queue.timeout", "not a law where requests share", hint);
    }
    amounts(service, faults);
}

fn amounts(service: &ServiceFile, faults: &mut Faults) {
    let sharing = service.sharing.unwrap_or_default();
    let capacity = sharing.capacity.unwrap_or(1);
    if !(1..=MOST_SLOTS).contains(&capacity) {
        let hint = format!("give a number from 1 to {MOST_SLOTS}");
        faults.error("service.sharing.capacity", format!("{capacity} at full speed"), hint);
    } else if let Some(limit) = sharing.limit.filter(|&limit| limit < capacity) {
        let hint = format!("give {capacity} or more, or none");
        let found = format!("{limit} at once never use a capacity of {capacity}");
        faults.error("service.sharing.limit", found, hint);
    }
}

/// Scale per request binds requests to slots.
pub(super) fn check_policies(
    services: &[ServiceDraft],
    policies: &[PolicyDraft],
    faults: &mut Faults,
) {
    for (index, service) in services.iter().enumerate() {
        if service.fleet.discipline == Discipline::Slots {
            continue;
        }
        if service.scales_per_request(index, policies) {
            let hint = "leave out the discipline or the keep-alive policy";
            let message = "a policy of this service scales per request";
            faults.error(&service.key("service.discipline"), message, hint);
        }
        check_clients(index, service, policies, faults);
    }
}

/// Clients that give up, and what a variant says of waiting, need slots.
fn check_clients(
    index: usize,
    service: &ServiceDraft,
    policies: &[PolicyDraft],
    faults: &mut Faults,
) {
    let hint = "leave it out, or serve with slots";
    if service.fleet.client.is_some() {
        let message = "clients that give up, not where requests share";
        faults.error(&service.key("client"), message, hint);
    }
    let changed = policies.iter().filter(|one| index == 0 && one.variant.changes_waiting());
    for policy in changed {
        let key = format!("variants.{}", policy.named.name);
        faults.error(&key, "no other client or queue where requests share", hint);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::Scenario;
    use autosim_engine::fleet::{Balancing, RoutingRule};

    const POLICY: &str = "[policies.one.fixed]\nreplicas = 2\n";

    fn read(text: &str) -> Result<Scenario, String> {
        let text = format!("{text}[workload.arrivals.main.poisson]\nrate = '9/s'\n");
        crate::scenario::sample::read(text)
    }

    #[test]
    fn sharing_is_read_and_what_is_left_out_is_said() {
        let text = "[service]\ndiscipline = 'sharing'\nsharing = { capacity = 4, limit = 9 }\n";
        let scenario = read(&format!("{text}{POLICY}")).unwrap();
        let fleet = &scenario.deployment(0, 0).fleet;
        assert_eq!(fleet.concurrency, 4);
        assert_eq!(fleet.discipline, Discipline::Sharing { limit: Some(9) });
        let scenario = read(&format!("[service]\ndiscipline = 'sharing'\n{POLICY}")).unwrap();
        let fleet = &scenario.deployment(0, 0).fleet;
        assert_eq!(fleet.concurrency, 1);
        assert_eq!(fleet.balancing, Balancing::PerReplica(RoutingRule::LeastOutstanding));
        assert_eq!(fleet.discipline, Discipline::Sharing { limit: None });
        let said = scenario.assumptions.join("\n");
        for part in ["no sharing capacity", "no sharing limit", "least outstanding"] {
            assert!(said.contains(part), "{part}\n{said}");
        }
        assert!(!said.contains("concurrency"), "{said}");
    }

    #[test]
    fn what_cannot_be_combined_is_refused() {
        let sharing = "[service]\ndiscipline = 'sharing'\n";
        for (text, part) in [
            ("concurrency = 3\n", "have no slots"),
            ("balancing = 'central-queue'\n", "not in one queue"),
            ("queue = { capacity = 9 }\n", "not with requests that share"),
            ("queue = { timeout = { exponential = { mean = '1s' } } }\n", "not a law"),
            ("sharing = { capacity = 0 }\n", "0 at full speed"),
            ("sharing = { capacity = 4, limit = 3 }\n", "never use a capacity of 4"),
        ] {
            let found = read(&format!("{sharing}{text}{POLICY}")).unwrap_err();
            assert!(found.contains(part), "{part}\n{found}");
        }
        let found =
            read(&format!("[service]\nsharing = {{ capacity = 2 }}\n{POLICY}")).unwrap_err();
        assert!(found.contains("they have slots"), "{found}");
        let policy = "[policies.faas.keep-alive]\nidle_expiry.constant = '10m'\n";
        let found = read(&format!("{sharing}{policy}")).unwrap_err();
        assert!(found.contains("scales per request"), "{found}");
    }
}
