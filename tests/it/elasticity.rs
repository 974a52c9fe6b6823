//! The elasticity metrics of the literature against the fixtures that go with `AUTOSIM_SHARED`; where those are absent
//! the test says so. The same cases are written out where the metrics are.

use crate::recorded::shared;
use autosim_engine::stats::{Elasticity, Ilyushkin, Piece, Track};
use serde_json::Value;

fn track(params: &Value) -> Track {
    let series = |name: &str| -> Vec<f64> {
        params[name].as_array().unwrap().iter().map(|one| one.as_f64().unwrap()).collect()
    };
    let grid: Vec<(f64, f64)> = series("demand").into_iter().zip(series("supply")).collect();
    let length = params["step_seconds"].as_f64().unwrap();
    let piece = |&(demand, supply): &(f64, f64)| Piece { length, demand, supply };
    Track { pieces: grid.iter().map(piece).collect(), grid }
}

#[test]
fn elasticity_metrics_are_those_of_the_fixtures() {
    let test = "elasticity_metrics_are_those_of_the_fixtures";
    let Some(folder) = shared(test, "theory", "expected.json") else { return };
    let text = std::fs::read_to_string(folder.join("expected.json")).unwrap();
    let all: Value = serde_json::from_str(&text).unwrap();
    let cases = all["cases"].as_array().unwrap().iter();
    let cases: Vec<&Value> =
        cases.filter(|case| case["family"] == "elasticity metric fixture").collect();
    assert!(cases.len() >= 2, "{} fixtures", cases.len());
    for case in cases {
        let track = track(&case["params"]);
        let (e, i) = (Elasticity::of(&track).unwrap(), Ilyushkin::of(&track).unwrap());
        let supply = track.pieces.iter().map(|piece| piece.supply).sum::<f64>();
        for (metric, expected) in case["expected"].as_object().unwrap() {
            let got = match metric.as_str() {
                "theta_U_percent" => e.theta_under,
                "theta_O_percent" => e.theta_over,
                "tau_U_percent" => e.tau_under,
                "tau_O_percent" => e.tau_over,
                "upsilon_percent" => e.instability,
                "ilyushkin_k_percent" => i.above,
                "ilyushkin_k_prime_percent" => i.below,
                "ilyushkin_abar_U_percent" => i.accuracy_under,
                "ilyushkin_abar_O_percent" => i.accuracy_over,
                "mean_missing_replicas" => e.mean_missing,
                "mean_excess_replicas" => e.mean_excess,
                "mean_supply" => supply / track.pieces.len() as f64,
                "scaling_adjustments" => e.adjustments as f64,
                other => panic!("{}: nothing computes {other}", case["id"]),
            };
            let expected = expected.as_f64().unwrap();
            assert!((got - expected).abs() < 1e-6, "{} {metric}: {got}, {expected}", case["id"]);
        }
    }
}
