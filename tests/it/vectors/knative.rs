//! Knative's autoscaler: numbers of its own tests.

use super::vectors;
use autosim_engine::units::{Span, Time};
use autosim_policies::products::Words;
use autosim_policies::products::knative::buckets::{Algorithm, Buckets, coefficient};
use autosim_policies::products::knative::decider::{Decider, LargestOf, Seen, Spec};
use autosim_policies::products::knative::reconciler::{Active, Rules, Status, ToZero};
use autosim_policies::products::knative::target::{ScaleBy, Wanted};
use serde_json::Value;

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}
fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}
fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text"))
}
fn count(value: &Value) -> u32 {
    number(value) as u32
}
fn span(value: &Value) -> Span {
    Span::from_secs_f64(number(value))
}

/// An instant of a case; some begin before their own zero, which is a multiple of every slot.
fn at(value: &Value) -> Time {
    Time::from_secs_f64(number(value) + 6000.0)
}

#[test]
fn windows_have_the_same_averages() {
    let Some(file) = vectors("knative", "aggregation_buckets.json") else { return };
    let cases = list(&file["cases"]);
    for case in cases {
        if let Some(expected) = case.get("expected_coefficient") {
            let found = coefficient(count(&case["buckets"]) as usize);
            assert!(
                (found - number(expected)).abs() <= number(&case["absolute_tolerance"]),
                "{case}"
            );
            continue;
        }
        let algorithm = Algorithm::named(text(&case["algorithm"])).expect("a known algorithm");
        let mut buckets =
            Buckets::new(algorithm, span(&case["window_s"]), span(&case["granularity_s"]));
        let mut now = Time::ZERO;
        for op in list(&case["ops"]) {
            now = op.get("t_s").map_or(now, at);
            match text(&op["op"]) {
                "record" => buckets.record(now, number(&op["value"])),
                "resize" => buckets.resize(now, span(&op["window_s"])),
                "average" => {
                    let (found, expected) = (buckets.average(now), number(&op["expected"]));
                    let exact = algorithm == Algorithm::Linear;
                    let off = if exact { 0.0 } else { 1e-9 };
                    assert!((found - expected).abs() <= off, "{found} in {op} of {}", case["id"]);
                }
                other => panic!("{other}"),
            }
        }
    }
    assert_eq!(cases.len(), 14);
}

#[test]
fn the_largest_of_a_window_is_the_same() {
    let Some(file) = vectors("knative", "scale_down_delay_window.json") else { return };
    let cases = list(&file["cases"]);
    for case in cases {
        let mut window = LargestOf::new(span(&case["window_s"]), span(&case["granularity_s"]));
        let records = list(&case["records"]).iter();
        let largest =
            records.map(|one| window.record(at(&one["t_s"]), count(&one["value"]))).last();
        assert_eq!(largest, Some(count(&case["expected"])), "{}", case["id"]);
    }
    assert_eq!(cases.len(), 7);
}

#[test]
fn targets_are_the_same() {
    let Some(file) = vectors("knative", "metric_target.json") else { return };
    let cases = list(&file["cases"]);
    for case in cases {
        let config = &case["config"];
        let metric = ScaleBy::named(text(&case["metric"])).expect("a known metric");
        let (default, fraction) = match metric {
            ScaleBy::Concurrency => {
                ("containerConcurrencyTargetDefault", "containerConcurrencyTargetFraction")
            }
            ScaleBy::Rps => ("rpsTargetDefault", "targetUtilization"),
        };
        let wanted = Wanted {
            metric,
            default: number(&config[default]),
            fraction: number(&config[fraction]),
            container_concurrency: count(&case["container_concurrency"]),
            target: case["target_annotation"].as_f64(),
            utilization_percent: case["target_utilization_percentage_annotation"].as_f64(),
        };
        let (found, expected) = (wanted.resolve(), &case["expected"]);
        assert_eq!(found.target, number(&expected["target_value"]), "{}", case["id"]);
        assert_eq!(found.total, number(&expected["total_value"]), "{}", case["id"]);
    }
    assert_eq!(cases.len(), 20);
}

fn spec(value: &Value) -> Spec {
    let of = |key: &str| number(&value[key]);
    Spec {
        target: of("target_value"),
        total: of("total_value"),
        burst_capacity: of("target_burst_capacity"),
        panic_threshold: of("panic_threshold"),
        max_scale_up_rate: of("max_scale_up_rate"),
        max_scale_down_rate: of("max_scale_down_rate"),
        stable_window: span(&value["stable_window_s"]),
        scale_down_delay: span(&value["scale_down_delay_s"]),
        reachable: value["reachable"] == true,
        activation_scale: count(&value["activation_scale"]),
    }
}

#[test]
fn ticks_keep_the_same_state() {
    let Some(file) = vectors("knative", "decider.json") else { return };
    let cases = list(&file["cases"]);
    for case in cases {
        if let Some(creation) = case.get("creation") {
            let decider = Decider::created(Time::ZERO, count(&creation["ready_pods"]), Span::ZERO);
            let found = (decider.panic_since.is_some(), decider.max_panic_pods);
            let expected = &case["expected_state"];
            let expected = (expected["panic"] == true, count(&expected["max_panic_pods"]));
            assert_eq!(found, expected, "{}", case["id"]);
            continue;
        }
        let mut spec = self::spec(&case["spec"]);
        let mut decider = Decider::created(Time::ZERO, 0, spec.scale_down_delay);
        let initial = &case["initial_state"];
        decider.max_panic_pods = count(&initial["max_panic_pods"]);
        let entered = &initial["panic_entered_at_s"];
        decider.panic_since = (!entered.is_null()).then(|| at(entered));
        for step in list(&case["steps"]) {
            if let Some(update) = step.get("spec_update") {
                spec = self::spec(update);
            }
            let expected = &step["expected"];
            if step["metric_error"] == true {
                assert_eq!(expected["valid"], false, "{step}");
                continue;
            }
            let tick = decider.tick(
                &spec,
                &Seen {
                    now: at(&step["t_s"]),
                    ready: count(&step["ready_pods"]),
                    stable: number(&step["stable_value"]),
                    panic: number(&step["panic_value"]),
                },
            );
            let panics = decider.panic_since.is_some();
            let found = (tick.desired, panics, decider.max_panic_pods, tick.excess);
            let excess = number(&expected["excess_burst_capacity"]);
            let most = count(&expected["max_panic_pods"]);
            let expected =
                (count(&expected["desired_pods"]), expected["panic"] == true, most, excess);
            assert_eq!(found, expected, "{} at {}", case["id"], step["t_s"]);
        }
    }
    assert_eq!(cases.len(), 40);
}

#[test]
fn a_reconcile_writes_the_same() {
    let Some(file) = vectors("knative", "scale_to_zero.json") else { return };
    let cases = list(&file["cases"]);
    for case in cases {
        let (config, pa) = (&case["config"], &case["pa"]);
        let active = match text(&pa["active"]) {
            "active" => Active::Yes,
            "inactive" => Active::No,
            "activating" => Active::Activating,
            other => panic!("{other}"),
        };
        let rules = Rules {
            scale_to_zero: config["enable_scale_to_zero"] == true,
            min: count(&config["min_scale"]),
            max: count(&config["max_scale"]),
            initial: count(&pa["initial_scale"]),
            stable_window: span(&pa["window_s"]),
            grace: span(&config["grace_s"]),
            retention: span(&pa["retention_s"]),
            activation_timeout: span(&pa["activation_timeout_s"]),
            reachable: pa["reachability"] != "unreachable",
            probes: number(&pa["target_burst_capacity"]) >= 0.0,
        };
        let proxies = active == Active::No || pa["sks_proxy_mode"] == true;
        let found = Status {
            active,
            lasted: span(&pa["status_age_s"]),
            initial_reached: pa["initial_scale_reached"] == true,
            proxying: proxies.then(|| span(&pa["proxy_for_s"])),
            probe: pa["activator_probe"] == true,
        };
        let desired = case["decider_desired"].as_i64().expect("a count");
        let scaled = rules.scale(desired, &found);
        let current = count(&case["current_replicas"]);
        let expected = &case["expected"];
        assert_eq!(Some(scaled.want), expected["returned"].as_i64(), "{}", case["id"]);
        let write = scaled.write.filter(|write| *write != current).map(u64::from);
        assert_eq!(write, expected["applied_replicas"].as_u64(), "{}", case["id"]);
        let again = scaled.to_zero.and_then(ToZero::again_in).is_some();
        assert_eq!(again, expected["requeue_scheduled"] == true, "{}", case["id"]);
        let probes = scaled.to_zero == Some(ToZero::Unconfirmed);
        assert_eq!(probes, expected["async_probe_started"] == true, "{}", case["id"]);
    }
    assert_eq!(cases.len(), 40);
}
