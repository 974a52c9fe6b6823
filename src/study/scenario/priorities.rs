//! Priorities of a scenario: what they cannot be combined with.

use super::deployment::{PolicyDraft, ServiceDraft};
use autosim_engine::fault::Faults;
use autosim_engine::fleet::{Discipline, WhenFull};

/// What can be said once services and policies are known.
pub(super) fn check(services: &[ServiceDraft], policies: &[PolicyDraft], faults: &mut Faults) {
    for (index, service) in services.iter().enumerate() {
        let (fleet, key) = (&service.fleet, |key| service.key(key));
        if fleet.classes == 1 {
            if fleet.queue.when_full == WhenFull::PushOut {
                let hint = "add `workload.priorities`, for example `{ batch = 1 }`";
                let message = "nobody is pushed out where all have the same priority";
                faults.error(&key("service.queue.when_full"), message, hint);
            }
            continue;
        }
        if matches!(fleet.discipline, Discipline::Sharing { .. }) {
            let hint = "serve with slots, or leave the priorities out";
            let message = "priorities, where requests share their replica";
            faults.error(&key("workload.priorities"), message, hint);
        }
        if service.scales_per_request(index, policies) {
            let hint = "leave out the priorities or the keep-alive policy";
            let message = "a policy of this service scales per request";
            faults.error(&key("workload.priorities"), message, hint);
        }
        if fleet.queue.when_full == WhenFull::PushOut && fleet.queue.capacity.is_none() {
            let hint = "add `capacity`";
            faults.error(
                &key("service.queue.when_full"),
                "a queue without limit is never full",
                hint,
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::scenario::Scenario;
    use autosim_engine::fleet::{QueueOrder, WhenFull};

    const POLICY: &str = "[policies.peak.fixed]\nreplicas = 7\n";

    fn read(rest: &str) -> Result<Scenario, String> {
        let sources = ["web", "app", "batch"]
            .map(|name| format!("[workload.arrivals.{name}.poisson]\nrate = '1/s'\n"));
        let text = format!("duration = '2h'\n{}{rest}", sources.concat());
        crate::scenario::sample::read(text)
    }

    #[test]
    fn sources_of_one_priority_are_one_class() {
        let queue = "[service.queue]\ncapacity = 9\nwhen_full = 'push-out'\n\
             [variants.peak.queue]\norder = 'first-come'\n\
             [policies.other.fixed]\nreplicas = 2\n";
        let priorities = "[workload.priorities]\nbatch = 7\nweb = 2\napp = 2\n";
        let scenario = read(&format!("{POLICY}{priorities}{queue}")).unwrap();
        let service = &scenario.services[0];
        let classes: Vec<(u32, String)> =
            service.workload.classes().iter().map(|one| (one.priority, one.name())).collect();
        assert_eq!(classes, [(2, "web+app".to_owned()), (7, "batch".to_owned())]);
        let [varied, fleet] = [0, 1].map(|policy| &scenario.deployment(policy, 0).fleet);
        assert_eq!((fleet.classes, fleet.queue.when_full), (2, WhenFull::PushOut));
        assert_eq!(varied.queue.order, QueueOrder::FirstCome);
        let plain = read(POLICY).unwrap();
        assert_eq!(plain.deployment(0, 0).fleet.classes, 1);
        assert!(plain.services[0].workload.classes().is_empty());
    }

    #[test]
    fn priorities_that_cannot_be_are_refused() {
        for (rest, part) in [
            ("[workload.priorities]\nbtach = 1\n", "no source `btach`"),
            ("[service.queue]\ncapacity = 3\nwhen_full = 'push-out'\n", "nobody is pushed out"),
            (
                "[workload.priorities]\nbatch = 1\n[service.queue]\nwhen_full = 'push-out'\n",
                "never full",
            ),
            (
                "[workload.priorities]\nbatch = 1\n[service]\ndiscipline = 'sharing'\n",
                "share their replica",
            ),
            (
                "[workload.priorities]\nbatch = 1\n\
                 [policies.faas.keep-alive]\nidle_expiry.constant = '10m'\n",
                "scales per request",
            ),
        ] {
            let found = read(&format!("{POLICY}{rest}")).unwrap_err();
            assert!(found.contains(part), "{part}\n{found}");
        }
    }
}
