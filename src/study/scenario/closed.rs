//! Closed loops of a scenario: from the traffic to the fleet that plays them, and what they cannot be
//! combined with.

use super::deployment::{PolicyDraft, ServiceDraft};
use super::{Scenario, Service};
use autosim_engine::fault::Faults;
use autosim_engine::fleet::{AtZero, Discipline, FleetSpec, LoopSpec, Overflow, Scaling};
use autosim_engine::units::{Span, Time};
use autosim_engine::workload::Workload;

/// More requests than these would not end within days.
const MOST_REQUESTS: f64 = 1e12;
/// More attempts than these that nobody waits for would take minutes, and say nothing that fewer do not.
const MOST_GIVEN_UP: f64 = 1e9;

/// The users of a service's traffic.
pub(super) fn loops(workload: &Workload) -> Vec<LoopSpec> {
    let users = workload.users().map(|(users, demand, class)| LoopSpec {
        users: users.users,
        think: users.think,
        demand,
        from: users.from,
        ramp_up: users.ramp_up,
        until: users.until,
        class,
    });
    users.collect()
}

/// How many users in closed loops send the traffic of a service.
pub(super) fn users(workload: &Workload) -> u64 {
    workload.users().map(|(users, ..)| u64::from(users.users)).sum()
}

/// What closed loops cannot be combined with.
pub(super) fn check(services: &[ServiceDraft], policies: &[PolicyDraft], faults: &mut Faults) {
    for service in services.iter().filter(|service| users(&service.workload) > 0) {
        let arrivals = service.key("workload.arrivals");
        let users = users(&service.workload);
        if users > LoopSpec::MOST_USERS.into() {
            let message = format!("{users} users in closed loops");
            faults.error(&arrivals, message, "at most 1000000 in all; fewer who think less");
        }
        if service.fleet.discipline != Discipline::Slots {
            let hint =
                "serve with slots, or let the traffic come from outside, for example `poisson`";
            faults.error(&arrivals, "a closed loop, where requests share their replica", hint);
        }
    }
    // Nothing of its traffic is known beforehand (rule 44).
    let first_is_closed = services.first().is_some_and(|service| users(&service.workload) > 0);
    let planned = policies.iter().map(|draft| &draft.named).filter(|one| one.spec.needs_plan());
    for policy in planned.filter(|_| first_is_closed) {
        faults.within("policies", |f| {
            f.error(
                &policy.name,
                "nobody can know the traffic of a closed loop before it is served",
                "leave the policy out, or let the traffic come from outside, for example `poisson`",
            );
        });
    }
}

/// Users who hardly think, and are refused at once or give up before they can be served, would try for
/// ever.
pub(super) fn check_endless(scenario: &Scenario, faults: &mut Faults) {
    for (index, service) in scenario.services.iter().enumerate() {
        if users(&service.workload) == 0 {
            continue;
        }
        let deployments = scenario.deployments_of(index);
        let fleets = || deployments.iter().map(|deployment| &deployment.fleet);
        let arrivals = service.key("workload.arrivals");
        let tries = tries(service, 1.0, 0.0, scenario.window.end);
        if fleets().any(refuses) && tries > MOST_REQUESTS {
            faults.error(
                &arrivals,
                format!("users who are refused at once would try about {tries:.1e} times"),
                "let them think longer, or let requests wait where they are refused now (queue.capacity, \
                 at_zero, overflow)",
            );
        }
        let hasty = fleets().filter_map(|fleet| given_up(service, fleet, scenario.window.end));
        if let Some((tries, timeout)) = hasty.max_by(|a, b| a.0.total_cmp(&b.0))
            && tries > MOST_GIVEN_UP
        {
            faults.error(
                &arrivals,
                format!("users who give up after {timeout} would try about {tries:.1e} times"),
                "at most 1e9: let them wait longer than it takes to serve them (client.timeout), think \
                 longer, or make fewer attempts",
            );
        }
    }
}

/// How often the users of a service try within a run, if a request takes `attempts`, which last
/// `attempts_s` in all.
fn tries(service: &Service, attempts: f64, attempts_s: f64, end: Time) -> f64 {
    let per_s = service.workload.users().map(|(users, ..)| {
        f64::from(users.users) * attempts / (users.think_s + attempts_s).max(1e-9)
    });
    per_s.sum::<f64>() * end.as_secs_f64()
}

/// How often users try who give up before the mean request can be served, and after how long; `None` if
/// they wait longer than that.
fn given_up(service: &Service, fleet: &FleetSpec, end: Time) -> Option<(f64, Span)> {
    let client = fleet.client?;
    let timeout_s = client.timeout.as_secs_f64();
    if timeout_s >= service.workload.mean_demand_s(end) {
        return None;
    }
    // A budget lets few of them try again.
    let retries = client.retries.filter(|retries| retries.budget.is_none());
    let attempts = retries.map_or(1, |retries| retries.attempts);
    let delays = (1..attempts).filter_map(|retry| Some(retries?.wait(retry, 0.5).as_secs_f64()));
    let attempts_s = f64::from(attempts) * timeout_s + delays.sum::<f64>();
    Some((tries(service, f64::from(attempts), attempts_s, end), client.timeout))
}

/// Whether a request may be refused at the instant it arrives.
fn refuses(fleet: &FleetSpec) -> bool {
    let overflows =
        matches!(&fleet.scaling, Scaling::PerRequest(scale) if scale.overflow == Overflow::Reject);
    fleet.queue.capacity.is_some() || fleet.queue.at_zero == AtZero::Reject || overflows
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: &str = "[policies.one.fixed]\nreplicas = 2\n";
    const USERS: &str = "[workload.arrivals.main.closed-loop]\nusers = 9\nthink.constant = '1s'\n";

    fn read(rest: &str) -> Result<Scenario, String> {
        let text = format!("duration = '1h'\n{rest}{POLICY}");
        crate::scenario::sample::read(text)
    }

    #[test]
    fn users_reach_the_fleet_and_the_loop_is_said_aloud() {
        let scenario =
            read(&format!("{USERS}from = '1m'\nramp_up = '9s'\nservice_time.constant = '2s'\n"));
        let scenario = scenario.unwrap();
        let users = LoopSpec {
            users: 9,
            think: autosim_engine::random::Sampler::Constant(1_000_000_000),
            demand: autosim_engine::random::Sampler::Constant(2_000_000_000),
            from: Time::from_secs(60),
            ramp_up: Span::from_secs(9),
            until: Time::NEVER,
            class: 0,
        };
        assert_eq!(scenario.deployment(0, 0).fleet.loops, [users]);
        let said = scenario.assumptions.join("\n");
        assert!(said.contains("main: a closed loop of 9 users"), "{said}");
    }

    /// (rule 44)
    #[test]
    fn what_a_closed_loop_cannot_be_combined_with_is_refused() {
        for (rest, part) in [
            ("[service]\ndiscipline = 'sharing'\n", "requests share their replica"),
            ("[policies.plan]\nclairvoyant = {}\n", "before it is served"),
            (
                "[workload.arrivals.more.closed-loop]\nusers = 999999\nthink.constant = '1s'\n",
                "1000008 users",
            ),
        ] {
            let found = read(&format!("{USERS}{rest}")).unwrap_err();
            assert!(found.contains(part), "{part}\n{found}");
        }
    }

    #[test]
    fn users_who_would_be_refused_for_ever_are_refused() {
        let rushed = USERS.replace("'1s'", "'0s'");
        let full = "[service]\nqueue.capacity = 3\n";
        let found = read(&format!("{rushed}{full}")).unwrap_err();
        assert!(found.contains("refused at once") && found.contains("3.2e13 times"), "{found}");
        assert!(read(&rushed).is_ok());
        assert!(read(&format!("{USERS}{full}")).is_ok());
        let by_variant = format!("{rushed}[variants.one]\nqueue.at_zero = 'reject'\n");
        assert!(read(&by_variant).unwrap_err().contains("refused at once"));
    }

    #[test]
    fn users_who_would_give_up_for_ever_are_refused() {
        let rushed = USERS.replace("'1s'", "'0s'");
        let serving = "[service]\nservice_time.constant = '100ms'\n";
        let of = |client: &str| read(&format!("{rushed}{serving}{client}"));
        let found = of("[client]\ntimeout = '1us'\n").unwrap_err();
        for part in ["give up after 1us", "about 3.2e10 times", "client.timeout", "test.toml:"] {
            assert!(found.contains(part), "{part}\n{found}");
        }
        assert!(of("[client]\ntimeout = '1us'\ncancels = true\n").is_err());
        // Nine users for an hour: 2.2e8 tries. Retries make more of them, those with a budget do not.
        assert!(of("[client]\ntimeout = '150us'\n").is_ok());
        let think = rushed.replace("'0s'", "'100us'");
        let retries = "[client]\ntimeout = '20us'\nretries.attempts = 64\n";
        assert!(read(&format!("{think}{serving}{retries}")).unwrap_err().contains("e9 times"));
        assert!(read(&format!("{think}{serving}{retries}retries.budget = '10%'\n")).is_ok());
        // Patience for a service time: they are answered.
        assert!(of("[client]\ntimeout = '100ms'\n").is_ok());
    }

    #[test]
    fn a_law_that_is_wrong_is_not_said_to_be_missing_too() {
        let found = read(&USERS.replace("'1s'", "'-1s'")).unwrap_err();
        assert!(found.contains("think.constant") && found.contains("negative"), "{found}");
        assert!(!found.contains("is missing"), "{found}");
    }
}
