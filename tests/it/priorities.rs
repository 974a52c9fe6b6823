//! Known answers about classes of requests that are served by priority.

use autosim_study::experiment::{self, Figure, RunOptions, Silent};
use autosim_study::scenario::{LoadOptions, Sources, load};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// Mean waits by class in seconds, one per replication.
fn waits(rates: &[f64], servers: u32, service_time: &str, order: &str) -> Vec<Vec<f64>> {
    let mut text = format!(
        "duration = '60000s'\nwarmup = '2000s'\nreplications = 10\nseed = 7\n\
         [service]\nservice_time.{service_time}\nqueue.order = '{order}'\n\
         [policies.all.fixed]\nreplicas = {servers}\n[workload.priorities]\n"
    );
    for class in 0..rates.len() {
        text += &format!("class-{class} = {}\n", 10 * class);
    }
    for (class, rate) in rates.iter().enumerate() {
        text += &format!("[workload.arrivals.class-{class}.poisson]\nrate = '{rate}/s'\n");
    }
    let options = LoadOptions { fallback_name: "test".into(), ..LoadOptions::default() };
    let loaded = load(Sources::new("test.toml", text), &options);
    let scenario = loaded.map_err(|found| found.render(false)).unwrap().scenario;
    let options = RunOptions {
        jobs: 2,
        all_timelines: false,
        all_decisions: false,
        limits: &[],
        cancel: &Arc::new(AtomicBool::new(false)),
    };
    let results = experiment::run(&scenario, &options, &Silent).unwrap();
    let rows = &results.policies[0].rows;
    let of_class = |class: usize| {
        let wait = |row: &experiment::ServiceRow| row.classes[class].get(Figure::WaitMean);
        rows.iter().map(|row| wait(row).unwrap() / 1000.0).collect()
    };
    (0..rates.len()).map(of_class).collect()
}

#[track_caller]
fn agree(found: &[Vec<f64>], expected: &[f64]) {
    for (class, (found, expected)) in found.iter().zip(expected).enumerate() {
        let count = found.len() as f64;
        let mean = found.iter().sum::<f64>() / count;
        let variance = found.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (count - 1.0);
        let error = (variance / count).sqrt();
        let off = (mean - expected) / error;
        assert!(
            off.abs() < 4.0 && error < 0.04 * expected,
            "class {class}: {mean} is {off} standard errors off {expected}"
        );
    }
}

/// Cobham 1954: `delayed` is the mean time until a server is free, as all who must wait find it; loads are
/// those of one server.
fn cobham(delayed: f64, loads: &[f64]) -> Vec<f64> {
    let mut before = 0.0;
    let wait = |&load: &f64| {
        let (above, up_to) = (before, before + load);
        before = up_to;
        delayed / (1.0 - above) / (1.0 - up_to)
    };
    loads.iter().map(wait).collect()
}

/// The chance that all of `servers` are busy under an offered load (Erlang C).
fn erlang_c(servers: u32, load: f64) -> f64 {
    let mut blocked = 1.0;
    for n in 1..=servers {
        blocked = load * blocked / (f64::from(n) + load * blocked);
    }
    blocked / (1.0 - load / f64::from(servers) * (1.0 - blocked))
}

#[test]
fn one_server_waits_as_cobham_says() {
    // M/M/1: the time until the server is free is rho E[S^2] / (2 E[S]) = rho for a mean service of 1 s.
    let rates = [0.3, 0.3, 0.2];
    let found = waits(&rates, 1, "exponential = { mean = '1s' }", "priority");
    agree(&found, &cobham(0.8, &rates));
}

#[test]
fn varied_services_wait_longer_in_proportion() {
    // M/G/1 with a squared coefficient of variation of 0.5: lambda E[S^2] / 2.
    let rates = [0.4, 0.4];
    let found = waits(&rates, 1, "erlang = { mean = '1s', stages = 2 }", "priority");
    agree(&found, &cobham(0.8 * 1.5 / 2.0, &rates));
}

#[test]
fn several_servers_wait_as_cobham_says() {
    // M/M/3: a request waits with chance C(3, 2.4), then 1/3 s for each departure.
    let rates = [0.9, 0.9, 0.6];
    let found = waits(&rates, 3, "exponential = { mean = '1s' }", "priority");
    agree(&found, &cobham(erlang_c(3, 2.4) / 3.0, &rates.map(|rate| rate / 3.0)));
}

#[test]
fn without_an_order_by_class_all_wait_alike() {
    let rates = [0.9, 0.9, 0.6];
    let found = waits(&rates, 3, "exponential = { mean = '1s' }", "first-come");
    let wait = erlang_c(3, 2.4) / 3.0 / (1.0 - 0.8);
    agree(&found, &[wait; 3]);
}
