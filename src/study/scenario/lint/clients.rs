//! Clients that make an outage worse, or hide it.

use crate::scenario::file::{QueueFile, ScenarioFile};
use crate::scenario::words::SpanOrLaw;
use crate::scenario::{Competitor, Scenario, Service};
use autosim_engine::fault::Faults;
use autosim_engine::fleet::{ClientSpec, RetrySpec};
use autosim_engine::random::Distribution;
use autosim_engine::units::Span;

/// Clients and the queue they meet.
struct Meeting<'a> {
    service: &'a Service,
    /// Key of the clients' table; `None` = told of elsewhere, only the queue differs here.
    clients: Option<String>,
    client: ClientSpec,
    /// Key of the queue's table.
    queue: String,
    limits: Option<&'a QueueFile>,
    /// Where one policy runs, not everywhere.
    variant: bool,
}

/// Looks over everybody's clients.
pub(super) fn lint(scenario: &Scenario, file: &ScenarioFile, faults: &mut Faults) {
    for meeting in meetings(scenario, file) {
        let mut storms = false;
        if let Some(key) = &meeting.clients {
            let mean_s = meeting.service.workload.mean_demand_s(scenario.window.end);
            impatient(key, &meeting.client, mean_s, faults);
            storms = meeting.storms();
            if let Some(retries) = meeting.client.retries.filter(|retries| retries.attempts > 1) {
                let key = format!("{key}.retries");
                unlimited(&key, &retries, storms, faults);
                delays(&key, &retries, faults);
                hidden(&key, meeting.service, retries.attempts, faults);
            }
        }
        patient_queue(&meeting, storms, faults);
    }
}

/// What a service says of its queue.
fn queue_of<'a>(service: &Service, file: &'a ScenarioFile) -> Option<&'a QueueFile> {
    let given = match file.services.get(&service.name) {
        Some(entry) => entry.service.as_ref(),
        None => file.service.as_ref(),
    };
    given.and_then(|given| given.queue.as_ref())
}

/// The clients of each service, then those of variants, each with the queue they meet there.
fn meetings<'a>(scenario: &'a Scenario, file: &'a ScenarioFile) -> Vec<Meeting<'a>> {
    let own = |name: &str| file.variants.get(name).is_some_and(|given| given.client.is_some());
    let common = scenario.policies.iter().find(|policy| !own(&policy.name));
    let mut found = Vec::new();
    for service in &scenario.services {
        // Where every policy has clients of its own, nobody meets those of everywhere.
        let Some(deployment) = service.own.as_ref().or(common.map(|one| &one.deployment)) else {
            continue;
        };
        found.extend(deployment.fleet.client.map(|client| Meeting {
            service,
            clients: Some(service.key("client")),
            client,
            queue: service.key("service.queue"),
            limits: queue_of(service, file),
            variant: false,
        }));
    }
    let Some(first) = scenario.services.first() else { return found };
    for Competitor { name, deployment } in &scenario.policies {
        let Some(given) = file.variants.get(name) else { continue };
        let Some(client) = deployment.fleet.client else { continue };
        let key = |table: &str| format!("variants.{name}.{table}");
        let (queue, limits) = match &given.queue {
            Some(queue) => (key("queue"), Some(queue)),
            None if given.client.is_none() => continue, // the same as everywhere
            None => (first.key("service.queue"), queue_of(first, file)),
        };
        let clients = given.client.as_ref().map(|_| key("client"));
        found.push(Meeting { service: first, clients, client, queue, limits, variant: true });
    }
    found
}

impl Meeting<'_> {
    fn gives_up_unheard(&self) -> bool {
        self.client.timeout < Span::MAX && !self.client.cancels
    }

    /// Whether retries without limit multiply the load of a service that works on for nobody.
    fn storms(&self) -> bool {
        let retries = self.client.retries;
        let unlimited = retries.is_some_and(|one| one.attempts > 1 && one.budget.is_none());
        unlimited && self.gives_up_unheard()
    }
}

/// They leave before an idle service could answer.
fn impatient(key: &str, client: &ClientSpec, mean_s: f64, faults: &mut Faults) {
    let timeout = client.timeout;
    if timeout.as_secs_f64() < mean_s {
        let mean = Span::from_millis((mean_s * 1e3).round() as u64);
        faults.warn(
            &format!("{key}.timeout"),
            format!(
                "clients give up after {timeout}, before the mean service time ({mean}) is over"
            ),
            "no number of replicas answers them in time; let them wait longer or serve faster",
        );
    }
}

fn unlimited(key: &str, retries: &RetrySpec, storms: bool, faults: &mut Faults) {
    if storms {
        faults.warn(
            key,
            format!(
                "up to {} attempts without a budget, while work given up goes on: once answers are late \
                 such clients keep them late",
                retries.attempts
            ),
            "add `budget = \"10%\"`, or `cancels = true` to the client, unless a retry storm is what \
             you study",
        );
    }
}

/// The queue keeps requests whose clients have gone.
fn patient_queue(meeting: &Meeting<'_>, storms: bool, faults: &mut Faults) {
    if !meeting.gives_up_unheard() {
        return;
    }
    let timeout = meeting.client.timeout;
    let patience: Option<&Distribution> =
        meeting.limits.and_then(|queue| queue.timeout.as_ref()).map(|SpanOrLaw(law)| law);
    match patience {
        Some(law) if law.mean_s() > timeout.as_secs_f64() => {
            let mean = Span::from_millis((law.mean_s() * 1e3).round() as u64);
            faults.warn(
                &format!("{}.timeout", meeting.queue),
                format!(
                    "requests wait up to {mean} in the queue, and their clients leave after {timeout}: \
                     what is served in between is for nobody"
                ),
                "make it shorter than the client's timeout, or let clients cancel (`cancels = true`)",
            );
        }
        // A bounded queue bounds the wait; storms and the clients of everywhere are told once.
        None if !storms
            && !meeting.variant
            && meeting.limits.is_none_or(|queue| queue.capacity.is_none()) =>
        {
            faults.warn(
                &format!("{}.timeout", meeting.clients.as_deref().unwrap_or("client")),
                format!(
                    "clients leave after {timeout}, but the queue keeps their requests: once it is as \
                     long, everything served is for nobody"
                ),
                "give the queue a timeout below theirs (`service.queue.timeout`), or let them cancel \
                 (`cancels = true`)",
            );
        }
        _ => {}
    }
}

/// Clients that failed together come back together; limits that do nothing.
fn delays(key: &str, retries: &RetrySpec, faults: &mut Faults) {
    if !retries.delay.is_zero() && retries.jitter == 0.0 {
        faults.warn(
            &format!("{key}.delay"),
            format!(
                "{} without jitter: clients that fail together come back together",
                retries.delay
            ),
            "add `jitter = \"100%\"`",
        );
    }
    if retries.max_delay < retries.delay {
        faults.warn(
            &format!("{key}.max_delay"),
            format!("{} cuts every delay, the first of {} too", retries.max_delay, retries.delay),
            "make it longer than the delay, or leave it out",
        );
    }
}

/// A closed loop pays for its retries with its own rate.
fn hidden(key: &str, service: &Service, attempts: u32, faults: &mut Faults) {
    if service.workload.is_closed() {
        faults.warn(
            key,
            format!(
                "users of a closed loop send nothing else while they try up to {attempts} times: how \
                 retries amplify load from outside does not show"
            ),
            "let the traffic come from outside, for example `poisson` or `replay`, to see that",
        );
    }
}

#[cfg(test)]
mod tests {
    use crate::scenario::{LoadOptions, Sources, load};

    const OPEN: &str = "[workload.arrivals.main.poisson]\nrate = '1/s'\n";
    const CLOSED: &str = "[workload.arrivals.main.closed-loop]\nusers = 3\nthink.constant = '1s'\n";
    const BOUNDED: &str = "[service]\nqueue.timeout = '1s'\n";

    fn warnings(rest: &str) -> Vec<(String, String)> {
        let text = format!(
            "duration = '1m'\nreplications = 2\n[policies.one.fixed]\nreplicas = 7\n\
             [policies.two.fixed]\nreplicas = 7\n{rest}"
        );
        let options = LoadOptions { fallback_name: "test".into(), ..LoadOptions::default() };
        let loaded = load(Sources::new("test.toml", text), &options);
        let found = loaded.map_err(|found| found.render(false)).unwrap().warnings;
        let told = found.located().into_iter();
        told.map(|fault| (fault.key.to_owned(), format!("{} {}", fault.message, fault.remedy)))
            .collect()
    }

    #[test]
    fn each_way_to_make_an_outage_worse_is_a_warning_with_its_place_and_remedy() {
        for (traffic, rest, key, parts) in [
            (
                OPEN,
                "[client]\ntimeout = '50ms'\ncancels = true\n",
                "client.timeout",
                ["100ms", "serve faster"],
            ),
            (
                OPEN,
                "[service]\nqueue.timeout = '1s'\n[client]\ntimeout = '2s'\nretries.attempts = 4\n",
                "client.retries",
                ["up to 4 attempts", "budget"],
            ),
            (
                OPEN,
                "[service]\nqueue.timeout = '9s'\n[client]\ntimeout = '2s'\n",
                "service.queue.timeout",
                ["up to 9s", "cancels"],
            ),
            (OPEN, "[client]\ntimeout = '2s'\n", "client.timeout", ["for nobody", "queue.timeout"]),
            (
                OPEN,
                "[client]\nretries.delay = '3s'\n",
                "client.retries.delay",
                ["come back together", "jitter"],
            ),
            (
                OPEN,
                "[client]\nretries = { delay = '3s', max_delay = '1s', jitter = '50%' }\n",
                "client.retries.max_delay",
                ["1s cuts every delay", "leave it out"],
            ),
            (
                CLOSED,
                "[client]\nretries.attempts = 2\n",
                "client.retries",
                ["closed loop", "replay"],
            ),
            (
                OPEN,
                "[client]\ntimeout = '2s'\ncancels = true\n[variants.two.client]\ntimeout = '10ms'\n\
                 cancels = true\n",
                "variants.two.client.timeout",
                ["10ms", "wait longer"],
            ),
            (
                OPEN,
                "[service]\nqueue.timeout = '1s'\n[client]\ntimeout = '2s'\n\
                 retries = { delay = '1s', jitter = '9%', budget = '1%' }\n\
                 [variants.two]\nqueue.timeout = '3s'\n",
                "variants.two.queue.timeout",
                ["up to 3s", "shorter"],
            ),
        ] {
            let found = warnings(&format!("{traffic}{rest}"));
            assert_eq!(found.len(), 1, "{rest}: {found:?}");
            assert_eq!(found[0].0, key, "{rest}");
            assert!(parts.iter().all(|part| found[0].1.contains(part)), "{rest}: {found:?}");
        }
    }

    #[test]
    fn clients_that_do_no_harm_are_no_warning() {
        for rest in [
            "",
            "[client]\n",
            "[client]\ntimeout = '2s'\n",
            "[client]\ntimeout = '2s'\nretries = { budget = '10%', delay = '1s', jitter = '100%' }\n",
            "[client]\ntimeout = '2s'\nretries.attempts = 1\n",
            "[client]\ntimeout = '2s'\ncancels = true\nretries.attempts = 3\n",
            "[variants.one]\ngrace = '3s'\n",
            // Nobody meets the clients of everywhere.
            "[client]\ntimeout = '1ms'\n[variants.one.client]\n[variants.two.client]\n",
        ] {
            let found = warnings(&format!("{OPEN}{BOUNDED}{rest}"));
            assert!(found.is_empty(), "{rest}: {found:?}");
        }
        let bounded = "[service]\nqueue.capacity = 5\n[client]\ntimeout = '2s'\n";
        assert!(warnings(&format!("{OPEN}{bounded}")).is_empty());
        assert!(warnings(&format!("{CLOSED}{BOUNDED}[client]\ntimeout = '2s'\n")).is_empty());
    }

    #[test]
    fn a_closed_loop_beyond_the_fleet_is_said_to_slow_down_rather_than_to_fail() {
        let users = "[workload.arrivals.main.closed-loop]\nusers = 99\nthink.constant = '1s'\n";
        let found = warnings(users);
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(
            found[0].1.contains("9.0 replicas busy") && found[0].1.contains("send less"),
            "{found:?}"
        );
        let both = format!("{users}[workload.arrivals.more.poisson]\nrate = '1/s'\n");
        assert!(warnings(&both)[0].1.contains("overloaded by design"));
    }
}
