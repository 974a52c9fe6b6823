//! The library as a program uses it: defaults, faults told all at once, policies of one's own.

use autosim::{Decision, Metric, Observation, OwnPolicy, Policy, Rehearsal, Span, Stage, Why};

/// Wants as many replicas as requests are in the system, at most four.
#[derive(Clone)]
struct OneEach;

impl Policy for OneEach {
    fn observe(&mut self, seen: &Observation<'_>) -> Decision {
        let Some(load) = seen.readings[0].value else { return seen.hold() };
        let decision = seen.propose(load.ceil() as u32, Why::Note("one each"));
        let bounded = decision.desired.clamp(1, 4);
        decision.then(Stage::Bounds, bounded, Why::Note("at most four"))
    }
}

fn own() -> OwnPolicy {
    OwnPolicy::new(OneEach).sees(Metric::OngoingRequests)
}

fn refused(rehearsal: &Rehearsal) -> String {
    rehearsal.run().map(|_| ()).unwrap_err().to_string()
}

#[test]
fn everything_but_traffic_and_policies_has_a_default() {
    let answer = Rehearsal::poisson("20/s").set("replications", 1).own("own", own()).run().unwrap();
    assert_eq!(answer.policies().len(), 1);
    assert_eq!(answer.policies()[0].kind, "own");
    assert!(answer.mean("own", autosim::Figure::Completed).unwrap() > 70_000.0);
    assert!(answer.mean("nobody", autosim::Figure::Completed).is_none());
    assert!(answer.cheapest_that_holds().is_none(), "no SLO is stated");
}

#[test]
fn all_faults_are_told_at_once_and_name_what_said_them() {
    let text = refused(
        &Rehearsal::poisson("fast")
            .set("service.concurency", 3)
            .policy("peak", "fixed = { replicas = -1 }"),
    );
    for part in ["fast", "concurency", "did you mean `concurrency`", "replicas"] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[test]
fn an_own_policy_has_a_name_of_its_own_and_an_interval() {
    let base = || Rehearsal::poisson("1/s").policy("peak", "fixed = { replicas = 1 }");
    let twice = refused(&base().own("peak", own()));
    assert!(twice.contains("two policies of this name"), "{twice}");
    let never = refused(&base().own("never", own().every(Span::ZERO)));
    assert!(never.contains("shorter than"), "{never}");
    let nothing = refused(&Rehearsal::poisson("1/s"));
    assert!(nothing.contains("there is no policy"), "{nothing}");
}

#[test]
fn what_a_guard_of_an_own_policy_was_worth_is_known() {
    let answer = Rehearsal::poisson("80/s").set("replications", 1).own("own", own()).run().unwrap();
    let decisions = &answer.results.policies[0].details[0].services[0].decisions;
    let capped = decisions.iter().filter(|one| one.decision.uncapped > 4);
    let mut seen = 0;
    for record in capped {
        seen += 1;
        assert_eq!(record.without, [(Stage::Bounds, record.decision.uncapped)]);
    }
    assert!(seen > 100, "{seen} decisions were capped");
}

#[test]
fn minutes_at_the_cap_are_those_with_more_wanted_than_it_allows() {
    // 80 requests of 100 ms a second: a target of one each wants 8 replicas and more, for ever.
    let figures = |max: u32| {
        let policy = format!(
            "target-tracking = {{ metric = 'ongoing_requests_per_replica', target = 1, min = 1, max = {max} }}"
        );
        let answer = Rehearsal::poisson("80/s")
            .set("replications", 1)
            .set("duration", "60m")
            .set("warmup", "10m")
            .policy("target", &policy)
            .run()
            .unwrap();
        let columns = ["minutes_at_cap", "unmet_at_cap_replica_hours", "wanted_replicas_peak"];
        columns.map(|column| {
            let figure = autosim::Figure::ALL.into_iter().find(|one| one.column() == column);
            answer.mean("target", figure.unwrap()).unwrap()
        })
    };
    let [minutes, unmet, wanted] = figures(1000);
    assert_eq!([minutes, unmet], [0.0, 0.0]);
    assert!((9.0..60.0).contains(&wanted), "{wanted} wanted");
    let [minutes, unmet, wanted] = figures(2);
    assert_eq!(minutes, 50.0, "wanted more all the time");
    assert!(wanted > 8.0 && unmet > 50.0 / 60.0 * 6.0, "{wanted} wanted, {unmet} unmet");
}
