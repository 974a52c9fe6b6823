use super::*;
use crate::random::{Purpose, Streams};
use std::collections::BTreeSet;

fn law(toml: &str) -> Distribution {
    #[derive(serde::Deserialize)]
    struct Holder {
        law: Distribution,
    }
    toml::from_str::<Holder>(toml).unwrap_or_else(|error| panic!("{toml}: {error}")).law
}

fn faults(toml: &str) -> String {
    let mut faults = Faults::new();
    law(toml).check(&mut faults);
    faults.as_slice().iter().map(|fault| format!("{fault}\n")).collect()
}

fn draws(law: &Distribution, count: usize) -> Vec<u64> {
    let mut rng = Streams::new(7, 0, 0).sequential(Purpose::Demand, 0);
    let mut out = vec![0; count];
    law.sampler().fill(&mut rng, &mut out);
    out
}

/// Every law with its mean in seconds and cv, worked out by hand.
const LAWS: &[(&str, f64, f64)] = &[
    ("law.constant = '5s'", 5.0, 0.0),
    ("law.exponential = { mean = '100ms' }", 0.1, 1.0),
    ("law.lognormal = { mean = '45ms', cv = 1.2 }", 0.045, 1.2),
    // sigma = ln(70 / 25) / 2.32635 = 0.442588; mean = 25 exp(sigma^2 / 2).
    ("law.lognormal = { median = '25s', p99 = '70s' }", 27.5722, 0.46516),
    ("law.lognormal = { median = '2s', sigma = 0.5 }", 2.26630, 0.53294),
    ("law.lognormal = { median = '2s', cv = 1 }", 2.828_43, 1.0),
    ("law.gamma = { mean = '200ms', cv = 0.5 }", 0.2, 0.5),
    ("law.gamma = { mean = '200ms', cv = 2 }", 0.2, 2.0),
    ("law.erlang = { mean = '80ms', stages = 4 }", 0.08, 0.5),
    // Shape 0.5: Gamma(3) = 2, Gamma(5) = 24, cv^2 = 24 / 4 - 1 = 5.
    ("law.weibull = { scale = '1s', shape = 0.5 }", 2.0, 2.236_07),
    ("law.weibull = { mean = '3s', cv = 2.2360679775 }", 3.0, 2.236_07),
    // Bounded, alpha 1, range 100: mean = ln(100) / 0.99; second moment = 99 / 0.99 = 100.
    ("law.pareto = { minimum = '1s', maximum = '100s', alpha = 1 }", 4.651_69, 1.903_04),
    // Unbounded, alpha 3: mean 1.5, second moment 3.
    ("law.pareto = { minimum = '1s', alpha = 3 }", 1.5, 0.577_35),
    ("law.uniform = { min = '10ms', max = '50ms' }", 0.03, 0.384_90),
    ("law.hyperexponential = { mean = '1s', cv = 2 }", 1.0, 2.0),
    (
        "law.hyperexponential = { branches = [{weight=9, mean='1s'}, {weight=1, mean='11s'}] }",
        2.0,
        2.345_21,
    ),
    // Between 30 and 40 seconds.
    ("law.preset = 'k8s-pod-pull-1gb'", 35.0, 0.082_478),
    ("law.empirical = { values = ['1s', '2s', '6s'] }", 3.0, 0.720_08),
    ("law.empirical = { quantiles = [[0, '0s'], [0.5, '2s'], [1, '10s']] }", 3.5, 0.861_10),
    (
        "law.mixture = [{weight=1, law.constant='1s'}, {weight=3, law.exponential={mean='3s'}}]",
        2.5,
        1.095_45,
    ),
];

#[test]
fn every_law_is_among_them() {
    let tested: BTreeSet<&str> = LAWS.iter().map(|(toml, ..)| law(toml).kind()).collect();
    let all: BTreeSet<&str> = Distribution::VARIANTS.iter().copied().collect();
    assert_eq!(tested, all);
}

#[test]
fn closed_forms_equal_the_values_by_hand() {
    for (toml, mean, cv) in LAWS {
        let law = law(toml);
        assert_eq!(faults(toml), "", "{toml}");
        assert!((law.mean_s() / mean - 1.0).abs() < 1e-4, "{toml}: mean {}", law.mean_s());
        assert!((law.cv() - cv).abs() <= 1e-4 * cv.max(1.0), "{toml}: cv {}", law.cv());
    }
}

#[test]
fn draws_have_the_mean_and_spread_of_their_law() {
    const COUNT: usize = 200_000;
    for (toml, mean, cv) in LAWS {
        let law = law(toml);
        let sample: Vec<f64> = draws(&law, COUNT).iter().map(|&ns| ns as f64 * 1e-9).collect();
        let got = sample.iter().sum::<f64>() / COUNT as f64;
        let spread = sample.iter().map(|x| (x - got).powi(2)).sum::<f64>() / COUNT as f64;
        // Five standard errors of a mean; the spread of heavy tails converges slowly.
        let bound = 5.0 * mean * cv / (COUNT as f64).sqrt() + 1e-9;
        assert!((got - mean).abs() <= bound, "{toml}: sample mean {got}");
        assert!((spread.sqrt() / got - cv).abs() <= 0.06 * cv + 1e-9, "{toml}: {}", spread.sqrt());
    }
}

#[test]
fn filling_equals_drawing_one_by_one() {
    for (toml, ..) in LAWS {
        let sampler = law(toml).sampler();
        let mut rng = Streams::new(7, 0, 0).sequential(Purpose::Demand, 0);
        let single: Vec<u64> = (0..1000).map(|_| sampler.draw(&mut rng).0).collect();
        assert_eq!(draws(&law(toml), 1000), single, "{toml}");
    }
}

#[test]
fn the_far_ends_of_parameters_neither_panic_nor_wrap() {
    let longest = "5000000h";
    for toml in [
        format!("law.exponential = {{ mean = '{longest}' }}"),
        format!("law.lognormal = {{ median = '{longest}', sigma = 10 }}"),
        format!("law.gamma = {{ mean = '{longest}', cv = 100 }}"),
        "law.gamma = { mean = '1ns', cv = 0.0001 }".to_owned(),
        format!("law.weibull = {{ scale = '{longest}', shape = 0.1 }}"),
        format!("law.pareto = {{ minimum = '{longest}', alpha = 1.0001 }}"),
        format!("law.pareto = {{ minimum = '1ns', maximum = '{longest}', alpha = 0.001 }}"),
        "law.hyperexponential = { mean = '1h', cv = 1000 }".to_owned(),
        format!("law.erlang = {{ mean = '{longest}', stages = 4000000000 }}"),
    ] {
        let sample = draws(&law(&toml), 5000);
        assert!(sample.iter().any(|&ns| ns > 0), "{toml}");
        assert!(law(&toml).mean_s() > 0.0 && law(&toml).variance_s2() >= 0.0, "{toml}");
    }
    let saturated = law("law.lognormal = { median = '5000000h', sigma = 10 }");
    assert!(draws(&saturated, 5000).contains(&u64::MAX));
}

#[test]
fn what_makes_no_law_is_refused_with_path_value_and_remedy() {
    for (toml, parts) in [
        ("law.exponential = { mean = '0s' }", ["exponential.mean", "zero"]),
        ("law.lognormal = { mean = '1s' }", ["lognormal", "no spread"]),
        ("law.lognormal = { mean = '1s', cv = 1, sigma = 1 }", ["sigma", "cv, sigma"]),
        ("law.lognormal = { mean = '1s', median = '1s', cv = 1 }", ["median", "both"]),
        ("law.lognormal = { cv = 1 }", ["neither `mean` nor `median`", "give one"]),
        ("law.lognormal = { mean = '1s', p99 = '2s' }", ["p99", "needs a median"]),
        ("law.lognormal = { median = '2s', p99 = '2s' }", ["p99", "not above the median 2s"]),
        ("law.lognormal = { mean = '1s', cv = nan }", ["cv", "NaN"]),
        ("law.lognormal = { mean = '1s', cv = -1 }", ["cv", "-1"]),
        ("law.lognormal = { median = '5000000h', sigma = 9 }", ["lognormal", "584 years"]),
        ("law.gamma = { mean = '1s', cv = 0 }", ["gamma.cv", "use `constant`"]),
        ("law.gamma = { mean = '1s', cv = inf }", ["gamma.cv", "inf"]),
        ("law.erlang = { mean = '1s', stages = 0 }", ["erlang.stages", "at least 1"]),
        ("law.weibull = { mean = '1s', cv = 1, shape = 1 }", ["shape", "both `cv` and `shape`"]),
        ("law.weibull = { mean = '1s', scale = '1s', cv = 1 }", ["scale", "both"]),
        ("law.weibull = { mean = '1s', shape = nan }", ["shape", "NaN"]),
        ("law.weibull = { mean = '1s', cv = 1e9 }", ["cv", "1000000000"]),
        ("law.pareto = { minimum = '1s', alpha = 1 }", ["alpha", "infinite"]),
        ("law.pareto = { minimum = '1s', alpha = nan }", ["alpha", "NaN"]),
        ("law.pareto = { minimum = '2s', maximum = '1s', alpha = 2 }", ["maximum", "not above"]),
        ("law.uniform = { min = '2s', max = '2s' }", ["uniform.max", "use `constant`"]),
        ("law.hyperexponential = { mean = '1s', cv = 0.5 }", ["cv", "erlang"]),
        ("law.hyperexponential = { cv = 2 }", ["mean", "no mean"]),
        ("law.hyperexponential = {}", ["neither", "branches"]),
        (
            "law.hyperexponential = { branches = [{ weight = 0, mean = '1s' }] }",
            ["branches.0.weight", "relative"],
        ),
        ("law.empirical = {}", ["neither", "quantiles"]),
        ("law.empirical = { values = ['0s'] }", ["values", "zero"]),
        ("law.empirical = { quantiles = [[0, '1s'], [0.5, '2s']] }", ["quantiles", "0 to 1"]),
        ("law.empirical = { quantiles = [[0, '2s'], [1, '1s']] }", ["quantiles.1", "1s"]),
        ("law.empirical = { quantiles = [[0, '2s'], [nan, '1s'], [1, '3s']] }", ["1", "NaN"]),
        ("law.mixture = []", ["mixture", "empty"]),
        (
            "law.mixture = [{ weight = 1, law.exponential = { mean = '0s' } }]",
            ["mixture.0.law.exponential.mean", "zero"],
        ),
    ] {
        let found = faults(toml);
        assert!(parts.iter().all(|part| found.contains(part)), "{toml}: {found}");
    }
}

#[test]
fn unknown_laws_and_keys_are_refused() {
    for toml in ["law.normal = { mean = '1s' }", "law.gamma = { mean = '1s', cv = 1, p99 = '2s' }"]
    {
        assert!(toml::from_str::<std::collections::BTreeMap<String, Distribution>>(toml).is_err());
    }
}
