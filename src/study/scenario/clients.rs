//! Clients of a scenario: when they give up, whether that ends the work, how they try again.

use autosim_engine::fault::Faults;
use autosim_engine::fleet::{ClientSpec, RetryBudget, RetrySpec};
use autosim_engine::units::{Fraction, Span};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What clients do beside sending. Default: they wait for ever and never try again.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ClientFile {
    /// How long a client waits for an attempt, queue and service together. Default: for ever.
    pub timeout: Option<Span>,
    /// Whether giving up ends the work; without, the service goes on for nobody. Default: false.
    pub cancels: Option<bool>,
    /// How clients try again after an attempt that was refused, lost, or given up. Default: they do not.
    pub retries: Option<RetriesFile>,
}

/// How clients try again.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RetriesFile {
    /// The most attempts at one request, the first included, at most 64. Default: 3.
    pub attempts: Option<u32>,
    /// From a failure to the second attempt. Default: 0s, at once.
    pub delay: Option<Span>,
    /// Every further delay is so many times as long as the one before; 2 = exponential backoff. Default:
    /// 1, a fixed delay.
    pub factor: Option<f64>,
    /// No delay is longer. Default: no limit.
    pub max_delay: Option<Span>,
    /// The share of each delay that is drawn uniformly; 100% = from nothing to all of it. Default: 0%.
    pub jitter: Option<Fraction>,
    /// Retries of all clients together as a share of their requests. Default: no limit.
    pub budget: Option<Fraction>,
    /// The most retries the budget saves up; it starts with so many. Default: 10.
    pub budget_burst: Option<u32>,
}

const DEFAULT_ATTEMPTS: u32 = 3;
const DEFAULT_BURST: u32 = 10;

/// The clients of one service; sound only if no error was added to `faults`.
pub(super) fn build(given: &ClientFile, faults: &mut Faults) -> ClientSpec {
    if given.timeout.is_some_and(Span::is_zero) {
        faults.error("timeout", "a client that does not wait (0s)", "give a timeout above zero");
    }
    if given.cancels == Some(true) && given.timeout.is_none() {
        let hint = "add `timeout`, for example \"2s\"";
        faults.error("cancels", "clients without a timeout never give up", hint);
    }
    ClientSpec {
        timeout: given.timeout.unwrap_or(Span::MAX),
        cancels: given.cancels.unwrap_or(false),
        retries: given
            .retries
            .as_ref()
            .map(|given| faults.within("retries", |f| retries(given, f))),
    }
}

fn retries(given: &RetriesFile, faults: &mut Faults) -> RetrySpec {
    let attempts = given.attempts.unwrap_or(DEFAULT_ATTEMPTS);
    if !(1..=RetrySpec::MOST_ATTEMPTS).contains(&attempts) {
        let hint = format!("give a number from 1 to {}", RetrySpec::MOST_ATTEMPTS);
        faults.error("attempts", format!("{attempts} attempts"), hint);
    }
    let factor = given.factor.unwrap_or(1.0);
    if !(1.0..=1e6).contains(&factor) {
        let hint = "give a number from 1 (a fixed delay) on, for example 2";
        faults.error("factor", format!("{factor} makes no delay longer"), hint);
    }
    let jitter = given.jitter.map_or(0.0, Fraction::get);
    if jitter > 1.0 {
        faults.error("jitter", format!("{}% of a delay", 100.0 * jitter), "give at most \"100%\"");
    }
    let budget = given.budget.map(Fraction::get);
    if budget.is_some_and(|share| share > RetrySpec::MOST_ATTEMPTS.into()) {
        let hint = "give a share of the requests, for example \"10%\"";
        faults.error("budget", "more retries than there can be attempts", hint);
    }
    if budget.is_none() && given.budget_burst.is_some() {
        let hint = "add `budget`, for example \"10%\"";
        faults.error("budget_burst", "there is no budget", hint);
    }
    RetrySpec {
        attempts,
        delay: given.delay.unwrap_or_default(),
        factor,
        max_delay: given.max_delay.unwrap_or(Span::MAX),
        jitter,
        budget: budget.map(|share| RetryBudget {
            millionths: (share * 1e6).round() as u64,
            burst: given.budget_burst.unwrap_or(DEFAULT_BURST),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::Scenario;
    use autosim_engine::fleet::VictimOrder;
    use autosim_engine::random::Sampler;

    fn read(rest: &str) -> Result<Scenario, String> {
        let text = format!(
            "duration = '1m'\n[workload.arrivals.main.poisson]\nrate = '1/s'\n\
             [policies.one.fixed]\nreplicas = 7\n[policies.two.fixed]\nreplicas = 7\n{rest}"
        );
        crate::scenario::sample::read(text)
    }

    #[test]
    fn a_policy_may_meet_clients_of_its_own() {
        let scenario = read(
            "[client]\ntimeout = '2s'\nretries = { attempts = 4 }\n\
             [variants.two.client]\ntimeout = '1s'\ncancels = true\n\
             retries = { delay = '100ms', factor = 2, max_delay = '5s', jitter = '50%', budget = '10%' }\n",
        )
        .unwrap();
        let retries = RetrySpec {
            attempts: 4,
            delay: Span::ZERO,
            factor: 1.0,
            max_delay: Span::MAX,
            jitter: 0.0,
            budget: None,
        };
        let one =
            ClientSpec { timeout: Span::from_secs(2), cancels: false, retries: Some(retries) };
        assert_eq!(scenario.deployment(0, 0).fleet.client, Some(one));
        let retries = RetrySpec {
            attempts: 3,
            delay: Span::from_millis(100),
            factor: 2.0,
            max_delay: Span::from_secs(5),
            jitter: 0.5,
            budget: Some(RetryBudget { millionths: 100_000, burst: 10 }),
        };
        let two = ClientSpec { timeout: Span::from_secs(1), cancels: true, retries: Some(retries) };
        assert_eq!(scenario.deployment(1, 0).fleet.client, Some(two));
        assert_eq!(read("").unwrap().deployment(0, 0).fleet.client, None);
    }

    #[test]
    fn a_policy_may_meet_a_queue_and_a_grace_of_its_own() {
        let scenario = read(
            "[service]\nqueue.capacity = 9\n[replica]\ngrace = '30s'\n\
             [variants.two]\nqueue.timeout = '1s'\ngrace = '30m'\nscale_in = 'oldest'\n",
        )
        .unwrap();
        let [one, two] = [0, 1].map(|policy| &scenario.deployment(policy, 0).fleet);
        assert_eq!((one.queue.capacity, two.queue.capacity), (Some(9), None));
        assert_eq!((one.grace, two.grace), (Span::from_secs(30), Span::from_secs(1800)));
        assert_eq!((&one.queue.timeout, one.victims), (&None, VictimOrder::FewestInFlight));
        assert_eq!(two.queue.timeout, Some(Sampler::Constant(1_000_000_000)));
        assert_eq!(two.victims, VictimOrder::Oldest);
    }

    #[test]
    fn clients_that_cannot_be_are_reported_together() {
        let found = read(
            "[client]\ncancels = true\nretries = { attempts = 65, factor = 0.5, jitter = 2 }\n\
             [variants.tow.client]\n[variants.two.client]\ntimeout = '0s'\nretries = { budget_burst = 3 }\n",
        )
        .unwrap_err();
        for part in [
            "never give up",
            "65 attempts",
            "0.5 makes no delay longer",
            "200% of a delay",
            "does not wait",
            "there is no budget",
            "no policy `tow`",
        ] {
            assert!(found.contains(part), "{part} is not in {found}");
        }
    }
}
