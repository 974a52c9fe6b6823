//! Made-up results for the tests of this room: six policies, four replications, one day. Shapes are
//! plausible, figures are not simulated.

use autosim_engine::control::{Acts, Level, Observation, Stage, Why};
use autosim_engine::fleet::{Launch, Launches, OrderedBy};
use autosim_engine::signal::{Census, Reading};
use autosim_engine::simulation::{AskedBy, DecisionRecord, Slo, SloMinute, Window};
use autosim_engine::simulation::{
    ClientInterval, Counts, FleetTotals, Interval, LatencyTotals, Presence, ServiceOutcome,
};
use autosim_engine::stats::Histogram;
use autosim_engine::units::{Price, Span, Time, WallClock};
use autosim_study::experiment::{
    About, Comparison, Details, Facts, PolicyResults, References, Results, Row, Scripted,
    ServiceDetails, ServiceRow, Setting, What,
};
use autosim_study::scenario::{Fidelity, LoadOptions, Recipe, Scenario, SloTerms, Sources, load};

/// A small scenario, for tests that simulate.
pub(super) const TEXT: &str = r#"
name = "small"
duration = "10m"
warmup = "1m"
replications = 3
[slo]
latency = "p99 < 500ms"
[workload.arrivals.main.poisson]
rate = "40/s"
[service]
concurrency = 2
service_time.exponential.mean = "50ms"
[replica]
cold_start.constant = "25s"
initial = 3
[price]
per_replica_hour = "0.36 USD"
[policies.tight.fixed]
replicas = 2
[policies.roomy.fixed]
replicas = 4
"#;

/// What a text that is sound says.
pub(super) fn scenario(text: &str) -> Scenario {
    let options = LoadOptions { fallback_name: "test".into(), ..LoadOptions::default() };
    match load(Sources::new("test.toml", text), &options) {
        Ok(loaded) => loaded.scenario,
        Err(found) => panic!("{found:?}"),
    }
}

const REPLICATIONS: u32 = 4;
const MINUTES: u64 = 1440;

/// Name, kind, extra capacity, slowness of the tail, share that fails.
const POLICIES: [(&str, &str, f64, f64, f64); 6] = [
    ("peak", "fixed", 2.2, 1.0, 0.0),
    ("steady", "target-tracking", 1.35, 1.9, 0.0004),
    ("steps", "threshold", 1.5, 2.6, 0.002),
    ("office-hours", "scheduled", 1.42, 1.4, 0.0),
    ("night-sleeper", "scale-to-zero", 1.18, 60.0, 0.03),
    ("oracle", "clairvoyant", 1.1, 1.3, 0.0),
];

pub(super) fn results() -> Results {
    Results {
        about: about(),
        policies: (0..POLICIES.len()).map(policy).collect(),
        references: References { work_bound: vec![14.2; REPLICATIONS as usize] },
        complete: true,
        simulated_requests: 123_456_789,
    }
}

pub(super) fn comparison() -> (Results, Comparison) {
    let results = results();
    let comparison = Comparison::of(&results);
    (results, comparison)
}

/// The same, where clients give up and try again: every fourth request.
pub(super) fn with_clients() -> Results {
    let mut results = results();
    let details = results.policies.iter_mut().flat_map(|policy| &mut policy.details);
    for interval in details.flat_map(|details| &mut details.services[0].timeline) {
        interval.clients = Some(ClientInterval {
            retries: interval.arrivals / 4,
            unheard: interval.arrivals / 10,
            wasted_ns: u128::from(interval.arrivals) * 25_000_000,
            mean_thinking: None,
        });
    }
    results
}

fn slo() -> Slo {
    Slo::below(0.99, Span::from_millis(300))
}

fn price() -> Price {
    "0.096 USD".parse().unwrap_or(Price::FREE)
}

fn about() -> About {
    About {
        classes: vec![Vec::new()],
        name: "launch-day".into(),
        question: Some(
            "Which policy keeps p99 under 300 ms through a launch, and what does it cost?".into(),
        ),
        base: None,
        clock: WallClock::parse("2026-03-02T00:00:00+08:00").unwrap_or_default(),
        dated_traffic: false,
        seed: 1,
        replications: REPLICATIONS,
        draws: true,
        steady: false,
        window: Window {
            warmup: Time::from_secs(1800),
            end: Time::from_secs(60 * MINUTES),
            drain_limit: Span::from_secs(3600),
        },
        fidelity: Fidelity::EXACT,
        slo: SloTerms { latency: vec![slo()], errors: "< 0.1%".parse().ok() },
        price: price(),
        timeline: Span::from_secs(60),
        closed_loop_users: 0,
        assumptions: vec!["no queue capacity given: unlimited".into()],
        on_nodes: Vec::new(),
        folder: Some(String::new()),
        recipe: Recipe::default(),
        resolved: serde_json::json!({ "name": "launch-day", "seed": 1 }),
        inputs: vec![("traces/day.csv.gz".into(), "00ff".into())],
    }
}

/// Requests per second of minute `m`: a day with its peak in the evening and a spike at ten.
fn rate(m: u64) -> f64 {
    let phase = (m as f64 / MINUTES as f64 - 0.85) * std::f64::consts::TAU;
    let day = 400.0 * (1.0 + 0.8 * phase.cos());
    let spike = match m {
        600..615 => 900.0,
        598..600 | 615..635 => 450.0,
        _ => 0.0,
    };
    day + spike
}

fn policy(at: usize) -> PolicyResults {
    let (name, kind, ..) = POLICIES[at];
    let mut latency = Histogram::new();
    let rows = (0..REPLICATIONS)
        .map(|replication| {
            let outcome = outcome(at, replication);
            latency.merge(&outcome.latency.latency);
            let facts = Facts {
                concurrency: 8,
                price: price(),
                slo: Some(slo()),
                billed_from_ready: false,
            };
            let service = outcome.name.clone();
            let row = Row::of(&outcome, &facts);
            ServiceRow { replication, service_index: 0, service, row, classes: Vec::new() }
        })
        .collect();
    PolicyResults {
        name: name.into(),
        kind: kind.into(),
        sees_future: kind == "clairvoyant",
        effective: serde_json::json!({ kind: { "max": 60 } }),
        settings: vec![setting(at)],
        rows,
        latency,
        details: vec![Details {
            replication: 0,
            services: vec![ServiceDetails {
                product_events: Vec::new(),
                service: "service".into(),
                timeline: timeline(at),
                decisions: decisions(at),
                decisions_left_out: 0,
                launches: launches(at),
                slo_minutes: slo_minutes(at),
                grace: Span::MAX,
            }],
        }],
    }
}

fn setting(at: usize) -> Setting {
    if at == 0 {
        return Setting::default();
    }
    let levels = match POLICIES[at].1 {
        "threshold" => vec![Level::of(70.0, Acts::Above), Level::of(25.0, Acts::Below)],
        _ => vec![Level::target(60.0)],
    };
    Setting { signals: vec!["cpu_percent".into()], levels, percent: true, scripted: Vec::new() }
}

/// The same, where under every policy one thing of each kind befalls the service.
pub(super) fn with_incidents() -> Results {
    let mut results = results();
    let one = |minute: u64, lasts: u64, what| Scripted {
        at: Time::from_secs(60 * minute),
        until: Time::from_secs(60 * (minute + lasts)),
        what,
    };
    for policy in &mut results.policies {
        policy.settings[0].scripted = vec![
            one(120, 0, What::Rollout),
            one(240, 2, What::Outage),
            one(400, 30, What::Slowdown(2.5, 10)),
            one(700, 20, What::MetricOutage(vec!["cpu_percent".into()])),
            one(900, 0, What::Intervention(3)),
            one(950, 0, What::Resize(0.75)),
        ];
        let timeline = &mut policy.details[0].services[0].timeline;
        for (minute, failed) in [(240, 3), (241, 1), (1000, 1)] {
            timeline[minute].failures = failed;
        }
    }
    results
}

/// The row of a replication in which nothing arrived.
pub(super) fn no_traffic() -> Row {
    let none = ServiceOutcome {
        counts: Counts::default(),
        latency: LatencyTotals::default(),
        ..outcome(0, 0)
    };
    Row::of(
        &none,
        &Facts { concurrency: 8, price: price(), slo: Some(slo()), billed_from_ready: false },
    )
}

/// A small number that depends on all its arguments, in [0, 1).
fn wobble(a: u64, b: u64, c: u64) -> f64 {
    let mixed = (a * 7919 + b * 104_729 + c * 1_299_709 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed >> 11) as f64 / (1u64 << 53) as f64
}

fn outcome(at: usize, replication: u32) -> ServiceOutcome {
    let (_, _, capacity, tail, failing) = POLICIES[at];
    let mut latency = LatencyTotals::default();
    let completed = 20_000;
    for n in 0..completed {
        // Quantile function of a heavy-tailed law, stretched by `tail` beyond the 90th percentile.
        let u = (n as f64 + wobble(n, at as u64, u64::from(replication))) / completed as f64;
        let stretch = if u > 0.9 { 1.0 + (u - 0.9) * 10.0 * (tail - 1.0) } else { 1.0 };
        let length = Span::from_secs_f64(0.03 * (1.0 - u).max(1e-5).powf(-0.35) * stretch);
        let wait = Span(if n % 7 == 0 { length.0 / 3 } else { 0 });
        latency.latency.record(length);
        latency.wait.record(wait);
        latency.latency_sum_ns += u128::from(length.0);
        latency.wait_sum_ns += u128::from(wait.0);
        latency.latency_max = latency.latency_max.max(length);
        latency.wait_max = latency.wait_max.max(wait);
        latency.waited += u64::from(!wait.is_zero());
    }
    let limit = slo().limit;
    let within: u64 = latency.latency.buckets().filter(|(s, _)| *s <= limit).map(|(_, n)| n).sum();
    let timed_out = (completed as f64 * failing) as u64;
    let hours = 24.0 * 9.0 * capacity * (1.0 + 0.02 * wobble(1, 2, u64::from(replication)));
    let replica_ns = (hours * 3.6e12) as u128;
    ServiceOutcome {
        within: vec![(slo().longest(), within)],
        classes: Vec::new(),
        name: "service".into(),
        counts: Counts {
            arrived: completed + timed_out,
            completed,
            timed_out,
            within_slo: within,
            ..Counts::default()
        },
        latency,
        fleet: FleetTotals {
            window_ns: 84_600_000_000_000,
            billed_ns: replica_ns,
            ready_ns: replica_ns * 19 / 20,
            starting_ns: replica_ns / 20,
            busy_ns: replica_ns * 4,
            launches: 20 * at as u64,
            scale_outs: 9 * at as u64 + u64::from(replication),
            scale_ins: 8 * at as u64,
            reversals: 3 * at as u64,
            peak_live: 40,
            ..FleetTotals::default()
        },
        presence: Presence::default(),
        slo_minutes: Vec::new(),
        timeline: Vec::new(),
        decisions: Vec::new(),
        decisions_left_out: 0,
        supply: Vec::new(),
        launches: Launches::default(),
        users: None,
    }
}

/// Replicas a policy has in minute `m`.
fn wanted(at: usize, m: u64) -> f64 {
    let (_, kind, capacity, ..) = POLICIES[at];
    let need = |m: u64| rate(m) / 55.0;
    match kind {
        "fixed" => 32.0,
        "clairvoyant" => (need(m + 1).max(need(m)) * capacity).ceil(),
        _ => (need(m.saturating_sub(3)) * capacity).ceil().clamp(2.0, 30.0),
    }
}

fn timeline(at: usize) -> Vec<Interval> {
    let tail = POLICIES[at].3;
    (0..MINUTES)
        .map(|m| {
            let arrivals = (rate(m) * 60.0 * (0.97 + 0.06 * wobble(m, 0, 0))) as u64;
            let desired = wanted(at, m);
            let ready = wanted(at, m.saturating_sub(1)).min(desired);
            let short = (rate(m) / 55.0 - ready).max(0.0) / ready;
            let served = (arrivals as f64 * (1.0 - 0.3 * short.min(1.0))) as u64;
            let base = 0.04 * (1.0 + 0.1 * wobble(m, 1, at as u64));
            let slow = |f: f64| Span::from_secs_f64(base * f * (1.0 + short * 40.0));
            let load = rate(m) / 55.0 / ready;
            Interval {
                at: Time::from_secs(60 * m),
                length: Span::from_secs(60),
                arrivals,
                rejections: 0,
                completions: served,
                losses: 0,
                failures: 0,
                timeouts: arrivals - served,
                percentiles: Some([slow(1.0), slow(2.4), slow(3.0 + tail.ln())]),
                desired: desired as u32,
                uncapped: if at == 0 { 32 } else { (rate(m) / 55.0 * 1.4).ceil() as u32 },
                mean_ready: ready,
                mean_starting: desired - ready,
                mean_draining: 0.0,
                mean_queued: short * 1000.0,
                mean_in_flight: ready * load,
                utilization: Some(load.min(1.0)),
                signal: (at > 0).then(|| 100.0 * load.min(1.0) * (0.95 + 0.1 * wobble(m, 3, 0))),
                clients: None,
            }
        })
        .collect()
}

/// Minutes of arrival after the warm-up: what was served late is what the timeline cannot serve.
fn slo_minutes(at: usize) -> Vec<SloMinute> {
    let late =
        |i: &Interval| i.timeouts + i.percentiles.map_or(0, |p| u64::from(p[2] > slo().limit));
    let counted = timeline(at).into_iter().skip(30);
    counted
        .map(|i| SloMinute {
            arrived: i.arrivals as u32,
            within: i.arrivals.saturating_sub(late(&i)) as u32,
            also_broken: false,
        })
        .collect()
}

fn decisions(at: usize) -> Vec<DecisionRecord> {
    let mut out = Vec::new();
    for m in 1..MINUTES {
        let (before, after) = (wanted(at, m - 1) as u32, wanted(at, m) as u32);
        if at == 0 || before == after {
            continue;
        }
        let value = 60.0 * f64::from(after) / f64::from(before);
        let (seen, why) =
            (Observation::of_count(before), Why::Ratio { base: before, value, target: 60.0 });
        let decision = seen.propose(after, why);
        let decision = match m % 5 {
            0 => decision.then(Stage::Stabilise, after, Why::Note("window")),
            _ if after == 30 => {
                let limit = Why::Limit { name: "max", value: 30.0 };
                seen.propose(35, why).then(Stage::Bounds, 30, limit)
            }
            _ => decision,
        };
        out.push(DecisionRecord {
            at: Time::from_secs(60 * m),
            census: Census { starting: 0, ready: before, draining: 0 },
            before,
            decision,
            readings: vec![Reading { value: Some(value), at: Time::from_secs(60 * m - 15) }],
            asked_by: AskedBy::Control,
            without: Vec::new(),
            until: None,
        });
    }
    out
}

/// What every scale-out ordered: provisioned, pulled and booted in about a minute.
fn launches(at: usize) -> Launches {
    let mut kept = Vec::new();
    for record in decisions(at) {
        for _ in record.before..record.decision.desired {
            let number = kept.len() as u64;
            let seconds =
                |least: f64, n: u64| Span::from_secs_f64(least + 8.0 * wobble(number, n, 7));
            let stages = vec![
                ("provision", seconds(25.0, 1)),
                ("pull", seconds(12.0, 2)),
                ("boot", seconds(4.0, 3)),
            ];
            let ordered_at = record.at.after(Span::from_secs(2));
            let length = stages.iter().fold(Span::ZERO, |sum, (_, span)| sum + *span);
            kept.push(Launch {
                number,
                by: OrderedBy::Decision(record.at),
                ordered_at,
                launched_at: ordered_at,
                stages,
                ready_at: Some(ordered_at.after(length)),
                gone_at: None,
            });
        }
    }
    Launches { kept, left_out: 0 }
}
