//! Do the policies of the literature do in a run what their papers say of them?

use autosim::{Answer, Figure, Rehearsal};

fn of(answer: &Answer, policy: &str, figure: Figure) -> f64 {
    answer.mean(policy, figure).unwrap_or_else(|| panic!("{policy}: no {}", figure.column()))
}

/// The servers of Gandhi et al., ACM TOCS 30(4), 2012: 60 requests a second each within 500 ms at the 95th percentile,
/// ten in each at most, 260 s until one is up, two minutes of idleness until one goes.
const GANDHI: &str = "
    replications = 1
    slo.latency = 'p95 < 500ms'
    service = { concurrency = 10, service_time.exponential.mean = '150ms' }
    replica = { cold_start = '260s', initial = 12 }
    [policies.always-on.fixed]
    replicas = 13
    [policies.reactive.staffing]
    method.reactive = {}
    sizing.capacity.per_replica = '60/s'
    interval = '20s'
    window = '20s'
    max = 38
    [policies.delayed-off.staffing]
    method.autoscale = { wait = '2m' }
    sizing.capacity.per_replica = '60/s'
    interval = '20s'
    window = '20s'
    max = 38
    [policies.autoscale.staffing]
    method.autoscale = { wait = '2m', curve = [[9, '60/s'], [10, '66/s']] }
    sizing.capacity.per_replica = '60/s'
    interval = '20s'
    window = '20s'
    max = 38
    ";

/// Load that varies within minutes and over hours, 700 requests a second at its peak.
#[test]
fn waiting_before_switching_off_keeps_the_slo_for_less_and_reacting_alone_does_not() {
    let answer = Rehearsal::of_scenario(GANDHI)
        .set("duration", "6h")
        .set(
            "workload.arrivals.hours.sinusoid",
            "{ mean = '300/s', amplitude = '160/s', period = '6h' }",
        )
        .set(
            "workload.arrivals.minutes.sinusoid",
            "{ mean = '120/s', amplitude = '110/s', period = '3m' }",
        )
        .run()
        .unwrap();
    let p95 = |policy| of(&answer, policy, Figure::LatencyP95);
    let hours = |policy| of(&answer, policy, Figure::ReadyHours);
    assert!(p95("reactive") > 10.0 * 500.0, "{}", p95("reactive"));
    for waits in ["delayed-off", "autoscale"] {
        assert!(p95(waits) < 1.1 * 500.0, "{waits}: {}", p95(waits));
        assert!(hours(waits) < 0.7 * hours("always-on"), "{waits}: {}", hours(waits));
    }
}

/// The same rate, and from the 30th minute on each request takes twice as long.
#[test]
fn requests_that_take_twice_as_long_are_noticed_by_those_in_the_system_and_not_by_their_rate() {
    let answer = Rehearsal::of_scenario(GANDHI)
        .set("duration", "2h")
        .set("warmup", "1h")
        .set("slowdowns", "[{ at = '30m', lasts = '90m', factor = 2 }]")
        .set("workload.arrivals.main.poisson.rate", "300/s")
        .run()
        .unwrap();
    let in_time = |policy| of(&answer, policy, Figure::SloRequests);
    assert!(in_time("delayed-off") < 0.05, "{}", in_time("delayed-off"));
    // Twice the mean of 150 ms has 81 % within 500 ms without any wait.
    assert!(in_time("autoscale") > 0.7, "{}", in_time("autoscale"));
}

/// An hour that repeats, and replicas that take three minutes: a forecast orders them before they are needed.
#[test]
fn a_forecast_of_what_repeats_misses_less_than_any_reaction() {
    let sized = "sizing.capacity.per_replica = '7/s', max = 60";
    let forecast =
        format!("staffing = {{ method.holt-winters = {{ season = '1h', lead = '5m' }}, {sized} }}");
    let tracking = "target-tracking = { metric = 'cpu', target = '70%', max = 60 }";
    let answer = Rehearsal::of_scenario("")
        .set("duration", "5h")
        .set("warmup", "2h")
        .set("replications", 1)
        .set("slo.latency", "p95 < 500ms")
        .set("replica.cold_start", "3m")
        .set(
            "workload.arrivals.main.sinusoid",
            "{ mean = '60/s', amplitude = '50/s', period = '1h' }",
        )
        .policy("reactive", &format!("staffing = {{ method.reactive = {{}}, {sized} }}"))
        .policy("forecast", &forecast)
        .policy("tracking", tracking)
        .policy("predictive", &format!("combine.policies = {{ a.{forecast}, b.{tracking} }}"))
        .run()
        .unwrap();
    let missing = |policy| of(&answer, policy, Figure::ThetaUnder);
    assert!(missing("forecast") < 0.2 * missing("reactive"), "{}", missing("forecast"));
    assert!(missing("predictive") < 0.2 * missing("tracking"), "{}", missing("predictive"));
    assert!(missing("predictive") <= missing("forecast"), "the larger of both");
}
