//! Every row recorded from Ray Serve 2.60.0.

use super::vectors;
use autosim_engine::fault::Severity;
use autosim_policies::products::Words;
use autosim_policies::products::ray_serve::aggregate::{Aggregation, Merged, Point};
use autosim_policies::products::ray_serve::decision::{
    DelayClock, DelayState, Delayed, Delays, Factors, Limits, Rules, Seen, at_capacity, decide,
    raw_desired, scaled_desired,
};
use autosim_policies::products::ray_serve::{AutoscalingConfig, Knobs, Model, RayServe, Scaling};
use autosim_policies::products::{DocumentFaults, Product};
use serde_json::{Value, json};
use std::collections::BTreeMap;

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}
fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}
fn whole(value: &Value) -> i64 {
    value.as_i64().unwrap_or_else(|| panic!("{value} is no integer"))
}
fn optional(value: &Value) -> Option<f64> {
    (!value.is_null()).then(|| number(value))
}

fn model(config: &Value) -> Model {
    let mut faults = DocumentFaults::new();
    RayServe::read(std::slice::from_ref(config), &Knobs::default(), true, &mut faults)
        .unwrap_or_else(|| panic!("{:?}\n{config}", faults.as_slice()))
}
fn autoscaling(model: &Model) -> &AutoscalingConfig {
    match &model.scaling {
        Scaling::Auto(config) => config,
        Scaling::Fixed(_) => panic!("an autoscaling config alone scales"),
    }
}
fn delays(config: &AutoscalingConfig) -> Delays {
    Delays {
        upscale_s: config.upscale_delay_s,
        downscale_s: config.downscale_delay_s,
        downscale_to_zero_s: config.downscale_to_zero_delay_s,
        clock: DelayClock::Wall,
    }
}

#[test]
fn formula_and_factors_are_bit_equal() {
    let Some(file) = vectors("ray_serve", "formula.json") else { return };
    let rows = list(&file["rows"]);
    for row in rows {
        let running = whole(&row[1]) as u32;
        let raw = raw_desired(number(&row[0]), running, number(&row[2]));
        assert_eq!(raw.to_bits(), number(&row[5]).to_bits(), "{row}");
        let factors = Factors {
            up: optional(&row[3]).unwrap_or(1.0),
            down: optional(&row[4]).unwrap_or(1.0),
        };
        assert_eq!(scaled_desired(raw, running, factors), whole(&row[6]), "{row}");
    }
    assert_eq!(rows.len(), 1228);
}

#[test]
fn delays_keep_the_same_state_tick_by_tick() {
    let Some(file) = vectors("ray_serve", "delay.json") else { return };
    let mut ticks = 0;
    for case in list(&file["cases"]) {
        let model = model(&case["config"]);
        let delays = delays(autoscaling(&model));
        let mut state = DelayState::default();
        let mut target = whole(&case["initial_target"]);
        for row in list(&case["rows"]) {
            assert_eq!(target, whole(&row[2]), "{} {row}", case["name"]);
            if let Delayed::Fired(to) =
                state.decide(number(&row[0]), whole(&row[1]), target, &delays)
            {
                target = to;
            }
            let found = (target, state.counter, state.since_s.map(f64::to_bits));
            let since = optional(&row[5]).map(f64::to_bits);
            assert_eq!(found, (whole(&row[3]), whole(&row[4]), since), "{} {row}", case["name"]);
            ticks += 1;
        }
    }
    assert!(ticks > 100, "{ticks} rows");
}

#[test]
fn capacity_rounds_the_same() {
    let Some(file) = vectors("ray_serve", "capacity.json") else { return };
    let rows = list(&file["rows"]);
    for row in rows {
        let found = at_capacity(whole(&row[0]) as u32, optional(&row[1]));
        assert_eq!(i64::from(found), whole(&row[2]), "{row}");
    }
    assert_eq!(rows.len(), 117);
}

fn series(value: &Value) -> Vec<Point> {
    list(value).iter().map(|point| (number(&point[0]), number(&point[1]))).collect()
}

#[test]
fn reports_add_up_to_the_same_number() {
    let Some(file) = vectors("ray_serve", "aggregation.json") else { return };
    let cases = list(&file["cases"]);
    for case in cases {
        let running = list(&case["running_replicas"]);
        let mut sources = Vec::new();
        for handle in list(&case["handles"]) {
            sources.push(series(&handle["queued"]));
            for (replica, points) in handle["running"].as_object().expect("replicas by name") {
                if running.contains(&Value::from(replica.as_str())) {
                    sources.push(series(points));
                }
            }
        }
        let merged = Merged::of(sources.iter().map(Vec::as_slice));
        for (name, expected) in case["expected"].as_object().expect("totals") {
            let function = Aggregation::named(name).expect("a known function");
            let found = merged.at(number(&case["now"]), function);
            let expected = number(expected);
            let near = (found - expected).abs() <= 1e-9 * expected.abs().max(1e-9);
            assert!(near, "{} {name}: {found}, expected {expected}", case["name"]);
        }
    }
    assert_eq!(cases.len(), 41);
}

/// A fleet as the vectors' README prescribes it.
struct Fleet {
    ready_at: Vec<f64>,
    cold_start_s: f64,
}

impl Fleet {
    fn adjust(&mut self, now_s: f64, target: i64) -> u32 {
        let target = target.max(0) as usize;
        while self.ready_at.len() < target {
            self.ready_at.push(now_s + self.cold_start_s);
        }
        while self.ready_at.len() > target {
            let starting = self.ready_at.iter().rposition(|&ready_at| ready_at > now_s + 1e-9);
            self.ready_at.remove(starting.unwrap_or(self.ready_at.len() - 1));
        }
        self.ready_at.iter().filter(|&&ready_at| ready_at <= now_s + 1e-9).count() as u32
    }
}

fn trace(case: &Value) -> usize {
    let model = model(&case["config"]);
    let config = autoscaling(&model);
    let direction = (case["target_capacity_direction"] == "UP")
        .then_some(autosim_policies::products::ray_serve::Direction::Up);
    let (lowest, highest) = model.limits(optional(&case["target_capacity"]), direction);
    let rules = Rules {
        target_ongoing_requests: config.target_ongoing_requests.expect("a target"),
        factors: Factors { up: config.up_factor(), down: config.down_factor() },
        delays: delays(config),
        limits: Limits { lowest, highest },
    };
    let mut state = DelayState::default();
    let mut target = whole(&case["initial_target"]);
    let running = whole(&case["initial_running"]) as usize;
    let mut fleet = Fleet {
        ready_at: vec![f64::NEG_INFINITY; running],
        cold_start_s: number(&case["cold_start_s"]),
    };
    let rows = &case["rows"];
    let initial = config.initial_replicas.map_or(-1, i64::from);
    assert_eq!(i64::from(rules.limits.clamp(initial)), target, "{}", case["name"]);
    for (step, total) in list(&rows["total"]).iter().enumerate() {
        let now_s = match case.get("t") {
            Some(times) => number(&times[step]),
            None => {
                let at = step as f64 * number(&case["period_s"]);
                format!("{at:.10}").parse().expect("a number")
            }
        };
        let at = |column: &str| &rows[column][step];
        let running = fleet.adjust(now_s, target);
        assert_eq!((i64::from(running), target), (whole(at("running")), whole(at("target"))));
        let custom = case.get("custom_raw_desired").and_then(|raw| optional(&raw[step]));
        let total_requests = number(total);
        let seen = Seen { now_s, total_requests, running, target, custom };
        let stages = decide(&rules, &mut state, &seen);
        let found = (stages.output, i64::from(stages.decision), state.counter);
        let expected = (whole(at("policy_output")), whole(at("decision")), whole(at("counter")));
        assert_eq!(found, expected, "{} step {step}", case["name"]);
        let since = optional(at("timestamp")).map(f64::to_bits);
        assert_eq!(state.since_s.map(f64::to_bits), since, "{} step {step}", case["name"]);
        target = i64::from(stages.decision);
    }
    list(&rows["total"]).len()
}

#[test]
fn closed_loops_decide_the_same_tick_by_tick() {
    let Some(file) = vectors("ray_serve", "traces_basic.json") else { return };
    let cases = list(&file["cases"]);
    let ticks: usize = cases.iter().map(trace).sum();
    assert_eq!(cases.len(), 18);
    assert!(ticks > 3000, "{ticks} ticks");
}

#[test]
fn documents_are_taken_and_refused_in_the_same_words() {
    let Some(file) = vectors("ray_serve", "validation.json") else { return };
    let same = |found: &Value, expected: &Value| {
        found == expected || found.is_number() && found.as_f64() == expected.as_f64()
    };
    let cases = list(&file["cases"]);
    for case in cases {
        let mut faults = DocumentFaults::new();
        let input = &case["input"];
        let model =
            RayServe::read(std::slice::from_ref(input), &Knobs::default(), false, &mut faults);
        assert_eq!(model.is_some(), case["ok"] == true, "{case}");
        let faults = faults.as_slice();
        let errors: Vec<Value> = faults
            .iter()
            .filter(|fault| fault.severity == Severity::Error)
            .map(|f| json!({ "field": f.field, "type": f.code, "message": f.message }))
            .collect();
        assert_eq!(errors.as_slice(), list(&case["errors"]), "{case}");
        let warned = |text: &str| faults.iter().any(|fault| fault.message.contains(text));
        for warning in list(&case["warnings"]) {
            let text = warning[1].as_str().expect("a text");
            let category = warning[0].as_str().expect("a category");
            assert!(warned(&format!("{category}: {text}")), "{case}\n{faults:?}");
        }
        for category in ["FutureWarning", "DeprecationWarning"] {
            let expected = list(&case["warnings"]).iter().any(|warning| warning[0] == category);
            assert_eq!(warned(category), expected, "{case}");
        }
        for key in list(&case["ignored_keys"]) {
            assert!(warned(&format!("`{}` is not", key.as_str().expect("a key"))), "{case}");
        }
        if let Some(model) = model {
            let members = autoscaling(&model).members();
            for (key, expected) in case["resolved"].as_object().into_iter().flatten() {
                assert!(same(&members[key], expected), "{key} of {case}");
            }
        }
    }
    assert_eq!(cases.len(), 51);
    for (input, key) in [
        (json!({}), "defaults"),
        (json!({"num_replicas": "auto"}), "default_for_num_replicas_auto"),
    ] {
        let members = autoscaling(&model(&input)).members();
        let expected: BTreeMap<_, _> = file[key].as_object().expect("members").iter().collect();
        assert_eq!(members.len(), expected.len());
        for (key, value) in expected {
            assert!(same(&members[key], value), "{key}: {}", members[key]);
        }
    }
}
