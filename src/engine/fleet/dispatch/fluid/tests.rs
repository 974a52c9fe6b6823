//! The plane alone: conservation, queues that grow and drain, gauges.

use super::*;
use crate::fleet::dispatch::Parcel;
use crate::random::Distribution;

#[derive(Default)]
struct Heard {
    completed: u64,
    refused: u64,
    left: u64,
    wait_s: f64,
    longest_s: f64,
}

impl Sink for Heard {
    fn flowed(&mut self, parcel: &Parcel) {
        self.completed += parcel.count;
        self.wait_s += parcel.wait.as_secs_f64() * parcel.count as f64;
        self.longest_s = self.longest_s.max(parcel.wait.as_secs_f64());
    }
    fn refused(&mut self, count: u64, _: Time) {
        self.refused += count;
    }
    fn left_over(&mut self, count: u64, _: Time) {
        self.left += count;
    }
}

/// A fleet of single slots with exponential service of 100 ms, one central queue.
struct Rig {
    plane: FluidPlane,
    fleet: Fleet,
    heard: Heard,
    arrived: u64,
    at: Time,
}

impl Rig {
    fn new(replicas: u32, spec: FleetSpec) -> Self {
        let streams = Streams::new(1, 0, 0);
        let service = Strata::of(&Distribution::exponential(Span::from_millis(100)));
        let mut plane = FluidPlane::new(&spec, Arc::new(service), 1.0, streams);
        let mut fleet = Fleet::new(spec, streams, (Time::ZERO, Time::NEVER));
        for _ in 0..replicas {
            let id = fleet.add_initial();
            plane.join(Time::ZERO, id, &fleet, &mut ());
        }
        Self { plane, fleet, heard: Heard::default(), arrived: 0, at: Time::ZERO }
    }

    /// So many seconds of requests at a rate, taken ten seconds at a time.
    fn play(&mut self, rate: u64, seconds: u64) -> &mut Self {
        for _ in 0..seconds / 10 {
            let arrivals = rate * 10;
            self.at += Span::from_secs(10);
            let inflow =
                Inflow { until: self.at, expected: arrivals as f64, arrivals, excess: 0.0 };
            self.plane.flow(&inflow, &self.fleet, &mut self.heard);
            self.arrived += arrivals;
        }
        self
    }

    fn add(&mut self, replicas: u32) -> &mut Self {
        for _ in 0..replicas {
            let id = self.fleet.add_initial();
            self.plane.join(self.at, id, &self.fleet, &mut self.heard);
        }
        self
    }
}

#[test]
fn every_request_is_completed_present_refused_or_left() {
    for rates in [[50, 80, 50], [50, 300, 10], [0, 120, 400]] {
        let mut rig = Rig::new(10, FleetSpec::default());
        for rate in rates {
            rig.play(rate, 120);
            let known =
                rig.heard.completed + rig.plane.waiting.iter().map(|c| c.count).sum::<u64>();
            assert_eq!(known, rig.arrived, "{rates:?}");
            let present = rig.arrived - rig.heard.completed;
            assert!((present as f64 - rig.plane.pace.present()).abs() <= 1.0, "{rates:?}");
        }
        rig.plane.finish(rig.at, &mut rig.heard);
        assert_eq!(rig.heard.completed + rig.heard.left, rig.arrived);
    }
}

#[test]
fn a_settled_fleet_waits_as_erlang_says() {
    let mut rig = Rig::new(10, FleetSpec::default());
    rig.play(80, 6000);
    // M/M/10 at 80 %: C = 0.40918, mean wait C s / (c (1 - u)) = 20.459 ms.
    let mean_s = rig.heard.wait_s / rig.heard.completed as f64;
    assert!((mean_s / 0.020_459 - 1.0).abs() < 0.03, "{mean_s}");
    let gauges = rig.plane.gauges(rig.at, &mut rig.heard);
    let busy = gauges.busy_ns as f64 / rig.at.0 as f64;
    let queued = gauges.queued_ns as f64 / rig.at.0 as f64;
    assert!((busy / 8.0 - 1.0).abs() < 0.01, "{busy}");
    assert!((queued / 1.6367 - 1.0).abs() < 0.03, "{queued}");
}

#[test]
fn an_overload_grows_as_a_flow_and_drains_when_help_comes() {
    let mut rig = Rig::new(10, FleetSpec::default());
    // 100 requests a second too many for 60 s.
    rig.play(50, 60).play(200, 60);
    let present = rig.plane.pace.present();
    assert!((present / 6000.0 - 1.0).abs() < 0.03, "{present}");
    // 30 replicas serve 300/s: 100/s more than come, so the queue is gone within a minute and a bit.
    rig.add(20).play(200, 50);
    assert!(rig.plane.pace.present() > 900.0, "{}", rig.plane.pace.present());
    rig.play(200, 30);
    assert!(rig.plane.pace.present() < 30.0, "{}", rig.plane.pace.present());
    // The last to come before the help waited for 6000 others at 300/s: 20 s at most. The first in the
    // overload waited for service at 100/s; nobody waits much longer than half the overload.
    assert!((15.0..45.0).contains(&rig.heard.longest_s), "{}", rig.heard.longest_s);
}

#[test]
fn a_short_excess_is_neither_endless_nor_forgotten() {
    let mut rig = Rig::new(100, FleetSpec::default());
    rig.play(990, 10).play(1010, 10);
    let after = rig.plane.pace.present();
    assert!((105.0..400.0).contains(&after), "{after}");
}

#[test]
fn nobody_is_served_without_replicas() {
    let reject = FleetSpec {
        queue: crate::fleet::QueueSpec { at_zero: AtZero::Reject, ..Default::default() },
        ..FleetSpec::default()
    };
    for (spec, refused) in [(FleetSpec::default(), 0), (reject, 600)] {
        let mut rig = Rig::new(0, spec);
        rig.play(10, 60);
        assert_eq!((rig.heard.completed, rig.heard.refused), (0, refused));
        assert_eq!(rig.plane.gauges(rig.at, &mut rig.heard).queued, 600 - refused);
    }
}

#[test]
fn gauges_fluctuate_around_their_mean_as_a_poisson_number_does() {
    let mut rig = Rig::new(400, FleetSpec::default());
    let (mut sum, mut squares, n) = (0.0, 0.0, 2000.0);
    for _ in 0..2000 {
        rig.play(1000, 10);
        let busy = rig.plane.gauges(rig.at, &mut rig.heard).busy as f64;
        (sum, squares) = (sum + busy, squares + busy * busy);
    }
    let mean = sum / n;
    let variance = squares / n - mean * mean;
    assert!((mean / 100.0 - 1.0).abs() < 0.02, "{mean}");
    assert!((variance / 100.0 - 1.0).abs() < 0.15, "{variance}");
}
