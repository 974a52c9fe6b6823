//! A policy of one's own: square-root staffing, beside target tracking on the same requests.
//!
//! It orders `R + beta sqrt(R)` replicas for an offered load of `R` (Halfin and Whitt 1981), from the
//! requests in service and waiting, and lets go only after they have not been needed for a while.
//!
//! ```console
//! $ cargo run --release --example own_policy
//! ```

#![allow(clippy::print_stdout)] // an example speaks to its reader

use autosim::{Answer, Decision, Figure, Metric, Observation, OwnPolicy, Policy, Rehearsal};
use autosim::{RehearsalError, Span, Stage, Time, Why};

#[derive(Clone)]
struct SquareRoot {
    beta: f64,
    patience: Span,
    /// When the count in force was last needed.
    needed_at: Time,
}

impl Policy for SquareRoot {
    fn observe(&mut self, seen: &Observation<'_>) -> Decision {
        let Some(load) = seen.readings[0].value else { return seen.hold() };
        let wanted = (load + self.beta * load.sqrt()).ceil().max(1.0) as u32;
        let decision = seen.propose(wanted, Why::Note("the load and a margin of its square root"));
        let idle = seen.now.since(self.needed_at);
        if wanted >= seen.desired {
            self.needed_at = seen.now;
        } else if idle < self.patience {
            let seconds_left = self.patience.as_secs_f64() - idle.as_secs_f64();
            let why = Why::Until { name: "patience", seconds_left };
            return decision.then(Stage::Cooldown, seen.desired, why);
        }
        decision
    }
}

fn compare() -> Result<Answer, RehearsalError> {
    let own = |beta| {
        let policy = SquareRoot { beta, patience: Span::from_secs(120), needed_at: Time::ZERO };
        OwnPolicy::new(policy).sees(Metric::OngoingRequests).every(Span::from_secs(10))
    };
    Rehearsal::poisson("200/s")
        .set("warmup", "5m")
        .set("replications", 2)
        .set("replica.cold_start", "5s")
        .set("replica.initial", 30)
        .own("thin", own(0.5))
        .own("ample", own(2.0))
        .policy("tracks", "target-tracking = { metric = 'cpu', target = '80%', max = 60 }")
        .run()
}

fn main() -> Result<(), RehearsalError> {
    for policy in compare()?.policies() {
        let mean = |figure| policy.estimate(figure).map_or(f64::NAN, |estimate| estimate.mean);
        let (waited, hours) = (100.0 * mean(Figure::WaitedShare), mean(Figure::ReadyHours));
        println!("{:6} {waited:5.1} % of requests waited, {hours:.1} replica-hours", policy.name);
    }
    Ok(())
}

#[test]
fn more_headroom_means_fewer_waits_and_more_replicas() {
    let answer = compare().unwrap();
    let mean = |policy, figure| answer.mean(policy, figure).unwrap();
    let waited = |policy| mean(policy, Figure::WaitedShare);
    assert!(waited("thin") > 2.0 * waited("ample"), "{} {}", waited("thin"), waited("ample"));
    assert!(mean("thin", Figure::ReadyHours) < mean("ample", Figure::ReadyHours));
}

#[test]
fn what_the_patience_was_worth_is_what_the_formula_wanted() {
    let answer = compare().unwrap();
    let decisions = &answer.results.policies[1].details[0].services[0].decisions;
    let mut held = 0;
    for record in decisions {
        if record.decision.reason().stage == Stage::Cooldown {
            held += 1;
            assert_eq!(record.without, [(Stage::Cooldown, record.decision.uncapped)]);
        }
    }
    assert!(held > 10, "the patience acted {held} times");
}
