//! The handle: what it samples, when it pushes, and what the controller makes of it.

use crate::products::ray_serve::aggregate::Aggregation;
use crate::products::ray_serve::{Begins, Handle, Timing};
use autosim_engine::signal::{Life, Probe, ReplicaLoad, Sensor};
use autosim_engine::units::{Span, Time};

fn load(number: u64, ongoing: u32) -> ReplicaLoad {
    let life = Life { number, placed_at: Time::ZERO, runs_from: Time::ZERO };
    ReplicaLoad { life, ready_since: Time::ZERO, ongoing, computing_ns: 0 }
}

fn at(seconds: f64) -> Time {
    Time::from_secs_f64(seconds)
}

/// A handle of the defaults, which begins at the start.
fn handle() -> Handle {
    Handle::new(Timing::of(10.0, 30.0), Aggregation::Mean, Begins::At(Time::ZERO))
}

/// Scrapes whenever the handle wants to until `until`, with the load of the instant: requests queued,
/// and of each replica its number and requests.
fn run(handle: &mut Handle, from: f64, until: f64, load: impl Fn(f64) -> (u64, Vec<(u64, u32)>)) {
    let mut now = handle.next_scrape(at(from)).unwrap();
    while now <= at(until) {
        let (queued, replicas) = load(now.as_secs_f64());
        scrape(handle, now, queued, &replicas);
        now = handle.next_scrape(now).unwrap();
    }
}

fn scrape(handle: &mut Handle, now: Time, queued: u64, replicas: &[(u64, u32)]) {
    let loads: Vec<ReplicaLoad> =
        replicas.iter().map(|&(number, ongoing)| load(number, ongoing)).collect();
    let busy = loads.iter().map(|load| u64::from(load.ongoing)).sum();
    let probe =
        Probe { at: now, arrivals: 1, queued, busy, replicas: Some(&loads), ..Probe::default() };
    handle.scrape(&probe);
}

fn value(handle: &mut Handle, now: f64) -> f64 {
    handle.reading(at(now)).value.unwrap()
}

fn assert_near(handle: &mut Handle, now: f64, expected: f64, why: &str) {
    let found = value(handle, now);
    assert!((found - expected).abs() < 1e-9, "{why}: {found} at {now} s, expected {expected}");
}

#[test]
fn samples_and_pushes_follow_the_two_settings() {
    for (interval, look_back, expected) in [
        (10.0, 30.0, vec![6.0, 10.0, 12.0, 18.0, 20.0, 24.0, 30.0, 36.0]),
        (10.0, 100.0, vec![10.0, 20.0, 30.0]),
        (2.0, 5.0, vec![1.0, 2.0, 3.0, 4.0]),
    ] {
        let mut handle =
            Handle::new(Timing::of(interval, look_back), Aggregation::Mean, Begins::At(Time::ZERO));
        let mut now = Time::ZERO;
        for expected in expected {
            now = handle.next_scrape(now).unwrap();
            assert_eq!(now, at(expected), "{interval} s, {look_back} s");
            scrape(&mut handle, now, 0, &[]);
        }
    }
}

#[test]
fn a_warm_handle_sends_stored_zeros_until_it_has_sampled_the_request() {
    let mut handle = handle();
    handle.fleet_changed(Time::ZERO, &[]);
    let queued = |now: f64| (u64::from(now > 6.5), Vec::new());
    run(&mut handle, 0.0, 6.0, queued);
    handle.found_nobody(at(6.5), 1);
    assert_eq!(value(&mut handle, 6.5), 0.0, "the sample of 6 s was zero");
    run(&mut handle, 6.0, 10.0, queued);
    assert_eq!(value(&mut handle, 10.0), 0.0, "so is the push of 10 s");
    run(&mut handle, 10.0, 12.0, queued);
    assert_eq!(value(&mut handle, 12.2), 0.0, "sampled and not sent");
    // Told late, a push holds what was stored when the request came.
    handle.found_nobody(at(11.9), 2);
    assert_eq!(value(&mut handle, 12.2), 0.0);
    handle.found_nobody(at(12.2), 2);
    assert!(value(&mut handle, 12.3) > 0.0);
}

#[test]
fn a_handle_of_the_first_request_has_no_zeros_to_send() {
    let begins = Begins::AtFirstRequest(Span::from_millis(100));
    let mut handle = Handle::new(Timing::of(10.0, 30.0), Aggregation::Mean, begins);
    assert_eq!(handle.next_scrape(at(7.3)), Some(at(7.4)));
    scrape(&mut handle, at(7.4), 1, &[]);
    assert!(value(&mut handle, 7.4) > 0.0);
    assert_eq!(handle.next_scrape(at(7.4)), Some(at(13.4)));
}

#[test]
fn the_mean_weighs_by_time_and_stretches_the_last_value_until_the_next_push() {
    let mut handle = handle();
    handle.fleet_changed(Time::ZERO, &[1]);
    // One replica from the first sample on: 4 until 15 s, 10 after.
    let load = |now: f64| (0, vec![(1, if now < 15.0 { 4 } else { 10 })]);
    run(&mut handle, 0.0, 20.0, load);
    // Series begin at 6 s (replica) and 0 s (queue): from 6 s, 12 s of 4, then 10.
    let mean = |now: f64| (12.0 * 4.0 + (now - 18.0) * 10.0) / (now - 6.0);
    for now in [20.0, 20.1, 29.9] {
        assert!((value(&mut handle, now) - mean(now)).abs() < 1e-9, "{now}");
    }
    run(&mut handle, 20.0, 50.0, load);
    assert_near(&mut handle, 50.0, 10.0, "what is older than 30 s has left");
}

#[test]
fn a_new_replica_shrinks_the_window_to_its_own_life() {
    let mut handle = handle();
    handle.fleet_changed(Time::ZERO, &[1]);
    let load = |now: f64| match now < 29.0 {
        true => (0, vec![(1, 40)]),
        false => (0, vec![(1, 4), (2, 3)]),
    };
    run(&mut handle, 0.0, 29.0, load);
    assert!(value(&mut handle, 29.0) > 39.0);
    handle.fleet_changed(at(29.0), &[1, 2]);
    run(&mut handle, 29.0, 30.0, load);
    assert_near(&mut handle, 30.0, 7.0, "thirty seconds of forty are gone");
}

#[test]
fn an_idle_replica_has_no_series_before_its_first_request() {
    let mut handle = handle();
    handle.fleet_changed(Time::ZERO, &[1, 2]);
    // At the push of 20 s the second one is new to the handle and sends its value now.
    let load = |now: f64| (0, vec![(1, 8), (2, if now < 19.0 { 0 } else { 5 })]);
    run(&mut handle, 0.0, 18.0, load);
    assert_near(&mut handle, 18.0, 8.0, "one busy");
    run(&mut handle, 18.0, 20.0, load);
    assert_near(&mut handle, 20.0, 13.0, "two busy");
}

#[test]
fn a_replica_told_to_stop_counts_no_longer() {
    let mut handle = handle();
    handle.fleet_changed(Time::ZERO, &[1, 2]);
    run(&mut handle, 0.0, 20.0, |_| (1, vec![(1, 4), (2, 5)]));
    assert_near(&mut handle, 20.0, 10.0, "both count");
    handle.fleet_changed(at(20.1), &[1]);
    assert_near(&mut handle, 20.1, 5.0, "one has left");
}

#[test]
fn requests_that_wait_at_a_replica_are_not_queued_at_the_handle() {
    let mut handle = handle();
    handle.fleet_changed(Time::ZERO, &[1]);
    let load = [load(1, 9)];
    for now in [6.0, 10.0] {
        // Five in service, four more waiting at the replica and two at the gateway.
        let (busy, queued, replicas) = (5, 6, Some(&load[..]));
        handle.scrape(&Probe {
            at: at(now),
            arrivals: 20,
            queued,
            busy,
            replicas,
            ..Probe::default()
        });
    }
    assert_eq!(value(&mut handle, 10.0), 11.0);
}

#[test]
fn largest_and_smallest_are_of_the_window() {
    for (function, expected) in [(Aggregation::Max, 9.0), (Aggregation::Min, 2.0)] {
        let timing = Timing::of(10.0, 30.0);
        let mut handle = Handle::new(timing, function, Begins::At(Time::ZERO));
        handle.fleet_changed(Time::ZERO, &[1]);
        let load = |now: f64| (0, vec![(1, if now < 13.0 && now > 11.0 { 9 } else { 2 })]);
        run(&mut handle, 0.0, 20.0, load);
        assert_eq!(value(&mut handle, 20.0), expected, "{function}");
    }
}

#[test]
fn a_recording_is_sampled_and_pushed_like_live_load() {
    let mut handle = handle();
    handle.sample(at(0.0), Some(4.0));
    assert_near(&mut handle, 0.1, 4.0, "its first value is sent at once");
    handle.sample(at(15.0), Some(10.0));
    assert_near(&mut handle, 19.9, 4.0, "not sent yet");
    assert_near(&mut handle, 20.0, (18.0 * 4.0 + 2.0 * 10.0) / 20.0, "sent");
    handle.sample(at(30.0), None);
    // Pushed at 40 s: 4 from 12 s, 10 from 18 s.
    assert_near(&mut handle, 48.0, 9.0, "a missing sample leaves the last one in force");
}

/// Requests are gone at 30 s, and so are the metrics until 60 s (rule 48).
#[test]
fn while_its_metrics_are_out_the_controller_goes_on_with_the_last_report() {
    let mut handle = handle();
    handle.fleet_changed(at(0.0), &[1]);
    run(&mut handle, 0.0, 30.0, |_| (0, vec![(1, 4)]));
    let last = value(&mut handle, 30.0);
    let mut now = handle.next_scrape(at(30.0)).unwrap();
    while now < at(60.0) {
        handle.miss(&Probe { at: now, arrivals: 1, ..Probe::default() });
        now = handle.next_scrape(now).unwrap();
    }
    assert!(value(&mut handle, 59.0) >= last && last > 2.0, "{last}");
    run(&mut handle, 60.0, 100.0, |_| (0, Vec::new()));
    assert!(value(&mut handle, 100.0) < 0.1);
}
