//! Rollouts of a scenario: when replicas are replaced and how many stay ready.

use super::file::RolloutFile;
use autosim_engine::fault::Faults;
use autosim_engine::fleet::{Portion, Rollout};
use autosim_engine::units::{Quantity, QuantityUnit, Time, WallClock};
use autosim_engine::workload::arrivals::Moment;

/// The rollouts of one service; sound only if no error was added to `faults`.
pub(super) fn build(
    given: &[RolloutFile],
    clock: &WallClock,
    end: Time,
    faults: &mut Faults,
) -> Vec<Rollout> {
    let mut rollouts = Vec::new();
    faults.within("rollouts", |faults| {
        for (number, rollout) in given.iter().enumerate() {
            faults.within(number.to_string(), |faults| {
                rollouts.extend(one(rollout, clock, end, faults));
            });
        }
    });
    rollouts
}

fn one(given: &RolloutFile, clock: &WallClock, end: Time, faults: &mut Faults) -> Option<Rollout> {
    let wanted = given.min_ready.map(|quantity| (quantity, portion(quantity)));
    if let Some((quantity, None)) = wanted {
        let hint = "a whole number of replicas such as 3, or a share up to \"100%\"";
        faults.error("min_ready", format!("`{quantity}` replicas"), hint);
    }
    let at = within_run(given.at, clock, end, faults);
    Some(Rollout { at: at?, min_ready: wanted.and_then(|(_, min_ready)| min_ready) })
}

/// The instant of a key `at`.
pub(super) fn within_run(
    given: Moment,
    clock: &WallClock,
    end: Time,
    faults: &mut Faults,
) -> Option<Time> {
    let at = given.after_start(clock).filter(|&at| at < end);
    if at.is_none() {
        let hint = "an offset from the start such as \"2h\", or a time of day such as \"14:00\"";
        faults.error("at", format!("{given} is not within the run"), hint);
    }
    at
}

/// So many replicas, or a share of them.
pub(super) fn portion(quantity: Quantity) -> Option<Portion> {
    let Quantity { value, unit } = quantity;
    match unit {
        QuantityUnit::Plain => {
            let whole = value.fract() == 0.0 && (0.0..=1e9).contains(&value);
            whole.then_some(Portion::Count(value as u32))
        }
        QuantityUnit::Percent => {
            (0.0..=100.0).contains(&value).then_some(Portion::Share(value / 100.0))
        }
        QuantityUnit::PerSecond | QuantityUnit::Seconds => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::Scenario;

    fn read(rest: &str) -> Result<Scenario, String> {
        let text = format!(
            "start = '2026-03-02T11:00:00+08:00'\nduration = '2h'\n\
             [workload.arrivals.main.poisson]\nrate = '1/s'\n{rest}"
        );
        crate::scenario::sample::read(text)
    }

    const FIXED: &str = "[policies.peak.fixed]\nreplicas = 7\n";

    #[test]
    fn a_rollout_has_an_instant_and_a_minimum() {
        let rollouts = "[[rollouts]]\nat = '12:30'\nmin_ready = '50%'\n\
             [[rollouts]]\nat = '5m'\nmin_ready = 3\n[[rollouts]]\nat = '6m'\n";
        let scenario = read(&format!("{FIXED}{rollouts}")).unwrap();
        let minute = |minutes: u64| Time::from_secs(60 * minutes);
        let expected = [
            Rollout { at: minute(90), min_ready: Some(Portion::Share(0.5)) },
            Rollout { at: minute(5), min_ready: Some(Portion::Count(3)) },
            Rollout { at: minute(6), min_ready: None },
        ];
        assert_eq!(scenario.deployment(0, 0).fleet.rollouts, expected);
        assert!(scenario.assumptions.iter().any(|one| one.contains("no min_ready given")));
    }

    #[test]
    fn a_products_document_says_how_many_stay_ready_where_the_scenario_does_not() {
        let policy = "[[rollouts]]\nat = '5m'\n[[rollouts]]\nat = '9m'\nmin_ready = 1\n\
             [policies.own.sae]\nbody = { AppId = 'a', ScalingRuleName = 'r', \
             MinReadyInstanceRatio = 60, ScalingRuleTimer = { period = '* * *', \
             schedules = [{ atTime = '08:00', targetReplicas = 4 }] } }\n";
        let scenario = read(&format!("{policy}{FIXED}")).unwrap();
        let found = |policy: usize| -> Vec<Option<Portion>> {
            scenario
                .deployment(policy, 0)
                .fleet
                .rollouts
                .iter()
                .map(|rollout| rollout.min_ready)
                .collect()
        };
        assert_eq!(found(0), [Some(Portion::Share(0.6)), Some(Portion::Count(1))]);
        assert_eq!(found(1), [None, Some(Portion::Count(1))]);
    }

    #[test]
    fn rollouts_that_cannot_be_are_reported_together() {
        let found = read(&format!(
            "{FIXED}[[rollouts]]\nat = '3h'\nmin_ready = 1.5\n\
             [[rollouts]]\nat = '1h'\nmin_ready = '101%'\n"
        ))
        .unwrap_err();
        for part in ["3h is not within the run", "`1.5` replicas", "`101%` replicas"] {
            assert!(found.contains(part), "{part}\n{found}");
        }
        let keep_alive = "[policies.faas.keep-alive]\nidle_expiry.constant = '10m'\n\
             [[rollouts]]\nat = '1h'\n";
        let found = read(keep_alive).unwrap_err();
        assert!(found.contains("scales per request"), "{found}");
    }
}
