//! Workloads as a scenario writes them, resolved and drawn from.

use super::{Batch, ResolveContext, Workload, WorkloadSpec};
use crate::fault::Faults;
use crate::random::{Distribution, Streams};
use crate::units::{Span, Time, WallClock};
use crate::workload::SourceSpec;
use std::collections::BTreeSet;
use std::path::Path;
use strum::VariantNames as _;

pub(super) fn resolve_in(
    base_dir: &Path,
    toml: &str,
    clock: &WallClock,
    end: Time,
) -> (Option<Workload>, Vec<String>) {
    let spec: WorkloadSpec = toml::from_str(toml).unwrap_or_else(|error| panic!("{toml}\n{error}"));
    let law = Distribution::exponential(Span::from_millis(100));
    let context = ResolveContext {
        base_dir,
        clock,
        selects: false,
        end,
        service_time: Some(&law),
        service_time_stated: false,
    };
    let mut faults = Faults::new();
    let workload = spec.resolve(&context, &mut faults);
    let said: Vec<String> = faults.as_slice().iter().map(ToString::to_string).collect();
    assert_eq!(workload.is_none(), faults.any_error(), "{said:?}");
    (workload, said)
}

fn workload(toml: &str, end: Time) -> Workload {
    let (workload, said) = resolve_in(Path::new(""), toml, &WallClock::default(), end);
    workload.unwrap_or_else(|| panic!("{toml}: {said:?}"))
}

/// (arrival, demand) in nanoseconds.
type Requests = Vec<(u64, u64)>;

/// Every request of one replication.
pub(super) fn requests(workload: &Workload, replication: u32, end: Time) -> Requests {
    let mut arrivals = workload.requests(&Streams::new(1, replication, 0), end);
    let (mut all, mut batch) = (Vec::new(), Batch::new());
    loop {
        arrivals.fill(&mut batch);
        assert_eq!(batch.arrival_ns.len(), batch.demand_ns.len());
        if batch.is_empty() {
            break;
        }
        all.extend(batch.arrival_ns.iter().copied().zip(batch.demand_ns.iter().copied()));
    }
    assert!(all.is_sorted_by_key(|request| request.0), "arrivals go back in time");
    assert!(all.iter().all(|request| request.0 < end.0), "arrivals at or after the end");
    all
}

fn hours(count: u64) -> Time {
    Time::from_secs(count * 3600)
}

/// Sources with a Poisson number of requests, and its expected number in 24 hours.
const SOURCES: &[(&str, f64)] = &[
    ("a.poisson = { rate = '1/s' }", 86_400.0),
    ("a.poisson = { rate = '1/s', from = '06:00', until = '12h' }", 21_600.0),
    ("a.sinusoid = { mean = '1/s', amplitude = '0.8/s', period = '24s' }", 86_400.0),
    ("a.sinusoid = { mean = '1/s', amplitude = '1/s', period = '1us' }", 86_400.0),
    ("a.diurnal = { mean = '1/s', peak_to_mean = 1.8, peak_at = '20:30' }", 86_400.0),
    ("a.ramp = { from = '0/s', to = '2/s', start = '6h', length = '12h' }", 86_400.0),
    ("a.step = { from = '1/s', to = '3/s', at = '12:00' }", 172_800.0),
    (
        "a.spike = { at = '10:00', height = '9/s', rise = '2h', hold = '1h', fall = '4h' }",
        129_600.0,
    ),
    ("a.on-off = { rate = '2/s', on = '30s', off = '90s', phase = '17s' }", 43_200.0),
    (
        "a.levels = { points = [{at='1h',rate='1/s'},{at='3h',rate='3/s'}], between = 'step' }",
        10_800.0 + 226_800.0,
    ),
    ("a.levels = { points = [{at='0h',rate='0/s'},{at='12h',rate='2/s'}] }", 43_200.0 + 86_400.0),
    // Monday has weight 2 of a mean of 8 / 7.
    (
        "a.profile = { mean = '1/s', hours = [1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,13], \
         days = [2,1,1,1,1,1,1] }",
        86_400.0 * 2.0 / (8.0 / 7.0),
    ),
];

/// The other kinds of sources, likewise; the number that a closed loop plans with is sent by its users.
const OTHERS: &[(&str, f64)] = &[
    ("a.renewal = { gaps.exponential = { mean = '2s' } }", 43_200.0),
    ("a.mmpp = { states = [{rate='1/s',dwell='1m'},{rate='3/s',dwell='20s'}] }", 1.5 * 86_400.0),
    ("a.replay = { file = 'recorded.csv' }", 3.0),
    ("a.preset = { name = 'llm-chat-smooth', rate = '2/s' }", 2.0 * 86_400.0),
    ("a.closed-loop = { users = 5, think.constant = '900ms' }", 5.0 * 86_400.0),
];

#[test]
fn every_kind_of_source_brings_what_it_plans_with_and_repeats() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("recorded.csv"), "time_s\n1\n2\n3\n").unwrap();
    let mut seen = BTreeSet::new();
    for (source, expected) in SOURCES.iter().chain(OTHERS) {
        let spec: WorkloadSpec = toml::from_str(&format!("[arrivals]\n{source}")).unwrap();
        let kind = spec.arrivals["a"].kind();
        seen.insert(kind);
        let toml = format!("[arrivals]\n{source}");
        let clock = WallClock::default();
        let load = resolve_in(folder.path(), &toml, &clock, hours(24)).0.unwrap();
        let planned = load.expected_requests(hours(24));
        assert!((planned / expected - 1.0).abs() < 0.005, "{source}: planned {planned}");
        let drawn = requests(&load, 0, hours(24));
        assert!(drawn == requests(&load, 0, hours(24)), "{source}");
        let of_users: u32 = load.users().map(|(users, ..)| users.users).sum();
        assert_eq!(drawn.is_empty(), of_users > 0, "{source}");
        assert!(of_users > 0 || (drawn.len() as f64 / planned - 1.0).abs() < 0.1, "{source}");
    }
    let all: BTreeSet<&str> = SourceSpec::VARIANTS.iter().copied().collect();
    assert_eq!(seen, all);
}

#[test]
fn the_number_of_requests_is_as_expected() {
    for (source, expected) in SOURCES {
        let load = workload(&format!("[arrivals]\n{source}"), hours(24));
        let planned = load.expected_requests(hours(24));
        // The wave does not fit the day exactly where it is cut at midnight.
        assert!((planned / expected - 1.0).abs() < 0.002, "{source}: planned {planned}");
        let drawn = requests(&load, 0, hours(24)).len() as f64;
        assert!((drawn - expected).abs() < 5.0 * expected.sqrt(), "{source}: drawn {drawn}");
    }
}

#[test]
fn requests_follow_the_rate_through_the_day() {
    for (source, _) in SOURCES {
        let load = workload(&format!("[arrivals]\n{source}"), hours(24));
        let mut seen = [0.0; 48];
        const REPLICATIONS: u32 = 4;
        for replication in 0..REPLICATIONS {
            for (at, _) in requests(&load, replication, hours(24)) {
                seen[(at / (1800 * 1_000_000_000)) as usize] += 1.0 / f64::from(REPLICATIONS);
            }
        }
        for (slot, seen) in (0u64..).zip(seen) {
            // Every second of the half hour; off whole seconds, where rates jump.
            let at = |s: u64| Time(Time::from_secs(slot * 1800 + s).0 + 500_000_000);
            let expected: f64 = (0..1800).map(|s| load.rate_at(at(s))).sum();
            let bound = 5.0 * (expected / f64::from(REPLICATIONS)).sqrt() + 2.0;
            assert!((seen - expected).abs() < bound, "{source}: slot {slot}: {seen}, {expected}");
        }
    }
}

#[test]
fn replications_differ_and_repeat() {
    let sources: Vec<&str> = SOURCES.iter().map(|source| source.0).collect();
    let mmpp = "a.mmpp = { states = [{rate='1/s',dwell='1m'},{rate='9/s',dwell='10s'}] }";
    for source in sources.iter().chain([&mmpp]) {
        let load = workload(&format!("[arrivals]\n{source}"), hours(24));
        let first = requests(&load, 0, hours(24));
        assert!(first == requests(&load, 0, hours(24)), "{source}");
        assert!(first != requests(&load, 1, hours(24)), "{source}");
    }
}

#[test]
fn a_run_cut_short_sees_the_same_beginning() {
    for (source, _) in SOURCES {
        let load = workload(&format!("[arrivals]\n{source}"), hours(24));
        let mut long = requests(&load, 0, hours(24));
        let short = requests(&load, 0, hours(14));
        long.truncate(short.len());
        assert!(long == short, "{source}");
    }
}

#[test]
fn modulated_rates_reach_their_long_run_mean_and_are_bursty() {
    for source in [
        "a.mmpp = { states = [{rate='1.5/s',dwell='20s'},{rate='6/s',dwell='10s'}] }",
        "a.mmpp = { states = [{rate='0/s',dwell='5s'},{rate='2/s',dwell='5s'},{rate='7/s',\
         dwell='5s'}], order = 'random' }",
        "a.on-off = { rate = '9/s', on = '10s', off = '20s', dwell = 'exponential' }",
    ] {
        let load = workload(&format!("[arrivals]\n{source}"), hours(24));
        let drawn = requests(&load, 0, hours(24));
        assert!((load.expected_requests(hours(24)) - 3.0 * 86_400.0).abs() < 1.0, "{source}");
        assert!((drawn.len() as f64 / (3.0 * 86_400.0) - 1.0).abs() < 0.04, "{source}");
        let mut minutes = vec![0.0; 1440];
        for (at, _) in drawn {
            minutes[(at / 60_000_000_000) as usize] += 1.0;
        }
        let mean = minutes.iter().sum::<f64>() / 1440.0;
        let spread = minutes.iter().map(|n| (n - mean) * (n - mean)).sum::<f64>() / 1440.0;
        assert!(spread / mean > 3.0, "{source}: dispersion {}", spread / mean);
    }
}

#[test]
fn renewal_gaps_follow_their_law() {
    let clock = "a.renewal = { gaps.constant = '1s', first = '0s', count = 40 }";
    let load = workload(&format!("[arrivals]\n{clock}"), hours(24));
    let drawn = requests(&load, 0, hours(24));
    let expected: Vec<u64> = (0..40).map(|k| k * 1_000_000_000).collect();
    assert_eq!(drawn.iter().map(|request| request.0).collect::<Vec<_>>(), expected);
    assert_eq!(load.expected_requests(hours(24)), 40.0);

    let gamma = "rate_scale = 2\n[arrivals]\na.renewal = { gaps.gamma = { mean = '2s', cv = 3 } }";
    let drawn = requests(&workload(gamma, hours(24)), 0, hours(24));
    let gaps: Vec<f64> = drawn.windows(2).map(|p| (p[1].0 - p[0].0) as f64 * 1e-9).collect();
    let mean = gaps.iter().sum::<f64>() / gaps.len() as f64;
    let spread = gaps.iter().map(|gap| (gap - mean) * (gap - mean)).sum::<f64>();
    let cv = (spread / gaps.len() as f64).sqrt() / mean;
    assert!((mean - 1.0).abs() < 0.06 && (cv - 3.0).abs() < 0.15, "mean {mean}, cv {cv}");
}

/// (rule 14)
#[test]
fn sources_add_up_in_order_with_luck_of_their_own() {
    let one = "a.poisson = { rate = '3/s' }";
    let other = "b.poisson = { rate = '5/s', service_time.constant = '7s' }";
    let alone = requests(&workload(&format!("[arrivals]\n{one}"), hours(1)), 0, hours(1));
    let both = workload(&format!("[arrivals]\n{one}\n{other}"), hours(1));
    let sum = requests(&both, 0, hours(1));
    let (of_b, of_a): (Requests, Requests) = sum.into_iter().partition(|r| r.1 == 7_000_000_000);
    assert_eq!(of_a, alone, "a second source must not change the first");
    assert!((of_b.len() as f64 - 18_000.0).abs() < 700.0);
    assert_eq!(both.expected_requests(hours(1)), 28_800.0);
    assert!((both.mean_demand_s(hours(1)) - (0.1 * 3.0 + 7.0 * 5.0) / 8.0).abs() < 1e-9);
}

/// (rule 14)
#[test]
fn equal_instants_go_in_the_order_of_sources() {
    let clock = |name: &str, service: &str| {
        format!(
            "{name}.renewal = {{ gaps.constant = '1ms', first = '0s', \
             service_time.constant = '{service}' }}\n"
        )
    };
    let sources = ["1ns", "2ns", "3ns"].map(|service| clock(&format!("s{service}"), service));
    let drawn =
        requests(&workload(&format!("[arrivals]\n{}", sources.concat()), hours(1)), 0, hours(1));
    assert_eq!(drawn.len(), 3 * 3_600_000);
    for (index, request) in (0u64..).zip(&drawn) {
        assert_eq!(*request, (index / 3 * 1_000_000, index % 3 + 1));
    }
}

#[test]
fn time_scale_stretches_the_same_requests() {
    let plain = "[arrivals]\na.poisson = { rate = '3/s', until = '10m' }";
    let plain = requests(&workload(plain, hours(1)), 0, hours(1));
    let slow = "time_scale = 2\n[arrivals]\na.poisson = { rate = '3/s', until = '10m' }";
    let load = workload(slow, hours(1));
    let slow = requests(&load, 0, hours(1));
    assert_eq!(slow, plain.iter().map(|r| (2 * r.0, r.1)).collect::<Vec<_>>());
    assert_eq!(load.rate_at(Time::from_secs(700)), 1.5);
    assert_eq!(load.expected_requests(hours(1)), 1800.0);
}

#[test]
fn given_requests_are_played_as_they_are() {
    let given = vec![(Time(5), Span(1)), (Time(3), Span(2)), (Time(5), Span(3))];
    let load = Workload::from_requests(given);
    assert_eq!(requests(&load, 0, Time(100)), [(3, 2), (5, 1), (5, 3)]);
    assert_eq!(requests(&load, 0, Time(5)), [(3, 2)]);
    assert_eq!(load.expected_requests(Time(100)), 3.0);
}

#[test]
fn what_makes_no_source_is_refused_with_path_and_remedy() {
    refused(&[
        ("[arrivals]", ["arrivals: no source", "poisson"]),
        ("rate_scale = 0\n[arrivals]\na.poisson = { rate = '1/s' }", ["rate_scale", "positive"]),
        ("time_scale = nan\n[arrivals]\na.poisson = { rate = '1/s' }", ["time_scale", "NaN"]),
        ("[arrivals]\na.poisson = { rate = '0/s' }", ["arrivals.a.poisson.rate", "zero"]),
        ("[arrivals]\na.poisson = { rate = '9e9/s' }", ["rate", "1e9/s"]),
        (
            "[arrivals]\na.poisson = { rate = '1/s', from = '2h', until = '1h' }",
            ["until", "not after"],
        ),
        (
            "[arrivals]\na.poisson = { rate = '1/s', service_time.exponential = { mean = '0s' } }",
            ["a.poisson.service_time.exponential.mean", "zero"],
        ),
        ("[arrivals]\na.renewal = { gaps.constant = '0s' }", ["gaps", "never end"]),
        (
            "[arrivals]\na.renewal = { gaps.gamma = { mean = '1s', cv = 0 } }",
            ["gaps.gamma.cv", "0"],
        ),
        (
            "[arrivals]\na.sinusoid = { mean = '1/s', amplitude = '2/s', period = '1m' }",
            ["amplitude", "negative"],
        ),
        (
            "[arrivals]\na.sinusoid = { mean = '1/s', amplitude = '1/s', period = '0s' }",
            ["period", "microsecond"],
        ),
        (
            "[arrivals]\na.diurnal = { mean = '1/s', peak_to_mean = 3, peak_at = '20:30' }",
            ["peak_to_mean", "profile"],
        ),
        (
            "[arrivals]\na.diurnal = { mean = '1/s', peak_to_mean = 1.5, peak_at = 'noon' }",
            ["peak_at", "20:30"],
        ),
        ("[arrivals]\na.profile = { mean = '1/s', hours = [1, 2] }", ["hours", "exactly 24"]),
        ("[arrivals]\na.mmpp = { states = [] }", ["states", "2 to"]),
        (
            "[arrivals]\na.mmpp = { states = [{rate='1/s',dwell='0s'},{rate='1/s',dwell='1s'}] }",
            ["states.0.dwell", "stay is 0s"],
        ),
        (
            "[arrivals]\na.on-off = { rate = '1/s', on = '0s', off = '1s' }",
            ["on-off.on", "length is 0s"],
        ),
        ("[arrivals]\na.spike = { at = '1h', height = '1/s' }", ["hold", "no length"]),
        (
            "[arrivals]\na.levels = { points = [{at='2h',rate='1/s'},{at='1h',rate='1/s'}] }",
            ["points.1.at", "sort"],
        ),
        ("[arrivals]\na.levels = { points = [] }", ["points", "positive"]),
    ]);
}

/// Each is refused, in words that hold both parts.
#[track_caller]
fn refused(cases: &[(&str, [&str; 2])]) {
    for (toml, parts) in cases {
        let (_, said) = resolve_in(Path::new(""), toml, &WallClock::default(), hours(24));
        let found = said.join("\n");
        assert!(parts.iter().all(|part| found.contains(part)), "{toml}: {found}");
        assert!(found.contains("error"), "{toml}: {found}");
    }
}

#[test]
fn what_makes_no_closed_loop_is_refused() {
    refused(&[
        (
            "[arrivals]\na.closed-loop = { users = 0, think.constant = '1s' }",
            ["closed-loop.users: 0 users", "1000000"],
        ),
        (
            "rate_scale = 3\n[arrivals]\na.closed-loop = { users = 400000, think.constant = '1s' }",
            ["users: 1200000", "rate_scale"],
        ),
        (
            "[arrivals]\na.closed-loop = { users = 1, think.exponential = { mean = '0s' } }",
            ["a.closed-loop.think.exponential.mean", "zero"],
        ),
        (
            "time_scale = 2\n[arrivals]\na.closed-loop = { users = 1, think.constant = '1s' }",
            ["time_scale", "think times"],
        ),
    ]);
}

#[test]
fn a_moment_beyond_the_end_is_a_warning() {
    let toml =
        "[arrivals]\na.poisson.rate = '1/s'\nb.spike = { at='25h', height='1/s', hold='1h' }";
    let (_, said) = resolve_in(Path::new(""), toml, &WallClock::default(), hours(24));
    assert!(said.len() == 1 && said[0].starts_with("warning: arrivals.b.spike.at"), "{said:?}");
}

#[test]
fn a_specification_is_read_back_as_written() {
    for (source, _) in SOURCES {
        let toml = format!("[arrivals]\n{source}");
        let spec: WorkloadSpec = toml::from_str(&toml).unwrap();
        let json = serde_json::to_string(&spec).unwrap();
        assert_eq!(serde_json::from_str::<WorkloadSpec>(&json).unwrap(), spec, "{json}");
    }
}

#[test]
fn without_any_service_time_a_source_is_refused() {
    let spec: WorkloadSpec = toml::from_str("[arrivals]\na.poisson = { rate = '1/s' }").unwrap();
    let (clock, base_dir) = (WallClock::default(), Path::new(""));
    let context = ResolveContext {
        base_dir,
        clock: &clock,
        selects: false,
        end: hours(1),
        service_time: None,
        service_time_stated: false,
    };
    let mut faults = Faults::new();
    assert!(spec.resolve(&context, &mut faults).is_none());
    assert!(faults.as_slice()[0].message.contains("no service time"));
}

#[test]
fn users_of_a_closed_loop_are_handed_over_and_bring_no_requests_of_their_own() {
    let toml = "rate_scale = 2\n[arrivals]\n\
        a.closed-loop = { users = 5, think.constant = '900ms', ramp_up = '10s', from = '1m' }\n\
        b.closed-loop = { users = 1, think.constant = '2s', until = '1h' }";
    let workload = workload(toml, hours(24));
    assert_eq!(requests(&workload, 0, hours(24)), []);
    let users: Vec<_> = workload.users().map(|(users, ..)| users).collect();
    let [a, b] = &users[..] else { panic!("{users:?}") };
    assert_eq!((a.users, a.from, a.until), (10, Time::from_secs(60), Time::NEVER));
    assert_eq!((a.ramp_up, a.think_s), (Span::from_secs(10), 0.9));
    assert_eq!((b.users, b.from, b.until), (2, Time::ZERO, hours(1)));
    // Ten users, one request a second each if none waits; the other two one in 2.1 s.
    assert_eq!(workload.rate_at(Time::from_secs(65)), 0.5 * 10.0 + 2.0 / 2.1);
    let expected = workload.expected_requests(Time::from_secs(160));
    assert!((expected - (95.0 * 10.0 + 160.0 * 2.0 / 2.1)).abs() < 1e-6, "{expected}");
    assert_eq!(workload.assumptions().len(), 2);
}

#[test]
fn what_repeats_itself_is_counted_by_its_cycles() {
    let sources = [
        "a.diurnal = { mean = '10/s', peak_to_mean = 1.8, peak_at = '20:30', until = '10d' }",
        "a.on-off = { rate = '7/s', on = '90s', off = '11m', phase = '5s' }",
        "a.profile = { mean = '3/s', hours = [0,0,0,0,0,1,2,3,4,5,6,7,8,9,8,7,6,5,4,3,2,1,0,0], \
         days = [1,1,1,1,1,0,3] }",
    ];
    let clock = WallClock::parse("2026-03-02T00:00:00+01:00[Europe/Berlin]").unwrap();
    for source in sources {
        let of = |length: Time| {
            let toml = format!("[arrivals]\n{source}");
            let load = resolve_in(std::path::Path::new(""), &toml, &clock, length).0.unwrap();
            (load.expected_requests(length), load)
        };
        // Day by day there is no whole cycle of a week, and none of many days.
        let (whole, load) = of(hours(24 * 60));
        let days = (0..60).map(|day| hours(24 * day)).map(|at| load.expected_requests(at));
        let days: Vec<f64> = days.chain([whole]).collect();
        let rates = (0..60 * 24 * 60).map(|minute| load.rate_at(Time::from_secs(minute * 60 + 30)));
        let counted = rates.sum::<f64>() * 60.0;
        assert!((whole / counted - 1.0).abs() < 2e-3, "{source}: {whole}, counted {counted}");
        assert!(days.is_sorted(), "{source}");
    }
    // A hundred years are no work.
    let begun = std::time::Instant::now();
    let load = workload(
        "[arrivals]\na.on-off = { rate = '7/s', on = '1ms', off = '1ms' }",
        hours(876_000),
    );
    assert!(
        (load.expected_requests(hours(876_000)) / (3.5 * 876_000.0 * 3600.0) - 1.0).abs() < 1e-9
    );
    assert!(begun.elapsed().as_secs() < 10);
}
