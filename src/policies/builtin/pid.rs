//! `pid`: moves the count by the error of a metric, its change and the change of that.

use super::PolicyContext;
use super::parts::Bounds;
use super::timing::{self, Phase};
use autosim_engine::control::{
    Autoscaler, Decision, Level, Observation, Policy, SignalRef, Stage, Why,
};
use autosim_engine::fault::Faults;
use autosim_engine::signal::{Metric, MetricRef, SignalSpec};
use autosim_engine::units::{Quantity, Span};
use serde::{Deserialize, Serialize};

/// A feedback loop in velocity form: with the error e = value / target - 1, or ln(value / target) for response times, the
/// count moves by `integral` x e + `proportional` x (its change) + `derivative` x (the change of that) replicas. The
/// number is kept unrounded and within min and max, so that nothing winds up at a bound, and begins
/// anew at the count in force when somebody else moved it. Without data the count is kept.
///
/// With `proportional_thresholding` there is a band below the target in which nothing is done: from target x (n - 1) / n,
/// which is where one replica fewer brings n to the target, so that the band narrows as the fleet grows; below it
/// e is the distance from its lower edge.
///
/// Hellerstein, Diao, Parekh and Tilbury, "Feedback control of computing systems", 2004; Lim, Babu, Chase and
/// Parekh, "Automated control in cloud computing", ACDC 2009, and Lim, Babu and Chase, ICAC 2010, for the band.
///
/// ```toml
/// [policies.loop.pid]
/// metric = "utilization"
/// target = "70%"
/// integral = 4
/// proportional = 2
/// max = 40
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Pid {
    /// What is held: an average such as `utilization` or `p95_ms`, or a metric per replica.
    pub metric: MetricRef,
    /// Where it is to be, in the metric's unit.
    pub target: Quantity,
    /// Replicas added at each decision for an error of one. Default 1.
    #[serde(default = "unit")]
    pub integral: f64,
    /// Replicas added for a change of the error by one. Default 0.
    #[serde(default)]
    pub proportional: f64,
    /// Replicas added for a change by one of the error's change. Default 0.
    #[serde(default)]
    pub derivative: f64,
    /// Whether nothing is done in a band below the target that narrows as the fleet grows. Default false.
    #[serde(default)]
    pub proportional_thresholding: bool,
    /// Fewest replicas. Default 1.
    #[serde(default = "timing::one")]
    pub min: u32,
    /// Most replicas.
    pub max: u32,
    /// Time between decisions. Default 1 min.
    #[serde(default = "timing::minute")]
    pub interval: Span,
    /// Whether the first decision comes after one interval or a random part of another later.
    #[serde(default)]
    pub phase: Phase,
    /// Window of the metric. Default 1 min.
    #[serde(default = "timing::minute")]
    pub window: Span,
    /// From the end of a window until it is seen. Default 0 s.
    #[serde(default)]
    pub delay: Span,
    /// From decision to order. Default 0 s.
    #[serde(default)]
    pub actuation_delay: Span,
}

const fn unit() -> f64 {
    1.0
}

impl Pid {
    fn signal(&self) -> SignalSpec {
        SignalSpec {
            window: Some(self.window),
            delay: Some(self.delay),
            ..SignalSpec::plain(self.metric.clone())
        }
    }

    pub(super) fn check(&self, faults: &mut Faults) {
        timing::check_interval(self.interval, faults);
        self.signal().check(self.interval, faults);
        Bounds { min: self.min, max: self.max }.check(faults);
        match self.metric.level(self.target) {
            Err((message, hint)) => faults.error("target", message, hint),
            Ok(level) if level <= 0.0 => {
                faults.error("target", format!("{} is not above zero", self.target), "");
            }
            Ok(_) => {}
        }
        if self.metric.is_total() {
            let message = format!("{} does not fall when replicas are added", self.metric);
            let hint = format!("an average such as \"cpu\", or \"{}_per_replica\"", self.metric);
            faults.error("metric", message, hint);
        }
        let gains = [
            ("integral", self.integral),
            ("proportional", self.proportional),
            ("derivative", self.derivative),
        ];
        for (key, gain) in gains {
            if !(gain >= 0.0 && gain.is_finite()) {
                let message = format!("{gain} would remove replicas where some are missing");
                faults.error(key, message, "a number of replicas, not below zero");
            }
        }
        if self.integral == 0.0 {
            let hint = "a number above zero";
            faults.error("integral", "an error that stays is never answered", hint);
        }
    }

    pub(super) fn autoscaler(&self, _: &PolicyContext) -> Autoscaler {
        let level = self.metric.level(self.target).ok();
        let service = self.metric.service.clone();
        let signal = SignalRef::of(service, self.signal().resolve(self.interval));
        let control = Control {
            // Checked before; a level that is none would divide by one.
            target: level.unwrap_or(1.0),
            logarithmic: is_time(self.metric.metric),
            band: self.proportional_thresholding,
            gains: [self.integral, self.proportional, self.derivative],
            bounds: Bounds { min: self.min, max: self.max },
            errors: [None; 2],
            count: 0.0,
        };
        Autoscaler {
            policy: Box::new(control),
            signals: vec![signal.against(level.map(Level::target))],
            cadence: self.phase.cadence(self.interval),
            actuation_delay: self.actuation_delay,
            wakeups: Vec::new(),
        }
    }
}

/// Whether it is a response time, which grows without bound as a fleet is overloaded.
const fn is_time(metric: Metric) -> bool {
    metric.needs_histogram() || matches!(metric, Metric::ResponseTimeMs)
}

#[derive(Clone)]
struct Control {
    target: f64,
    logarithmic: bool,
    band: bool,
    /// Integral, proportional, derivative.
    gains: [f64; 3],
    bounds: Bounds,
    /// The last error and the one before.
    errors: [Option<f64>; 2],
    /// The count before it is rounded.
    count: f64,
}

impl Control {
    /// How far a value is from a level.
    fn error(&self, value: f64, level: f64) -> f64 {
        match self.logarithmic {
            // Nothing measured is faster than a thousandth of the target.
            true => (value.max(level * 1e-3) / level).ln(),
            false => value / level - 1.0,
        }
    }

    /// The lower edge of the band in which nothing is done.
    fn lower(&self, replicas: u32) -> f64 {
        match self.band {
            true => {
                self.target * f64::from(replicas.saturating_sub(1)) / f64::from(replicas.max(1))
            }
            false => self.target,
        }
    }
}

impl Policy for Control {
    fn observe(&mut self, seen: &Observation<'_>) -> Decision {
        let Some(value) = seen.readings.first().and_then(|reading| reading.value) else {
            return self.bounds.apply(seen.propose(seen.desired, Why::NoData));
        };
        if self.count.round() as u32 != seen.desired {
            (self.count, self.errors) = (f64::from(seen.desired), [None; 2]);
        }
        let lower = self.lower(seen.desired);
        if self.band && (lower..=self.target).contains(&value) {
            self.errors = [Some(0.0), self.errors[0]];
            return self.bounds.apply(seen.by(
                Stage::Tolerance,
                seen.desired,
                Why::Level { value, level: lower },
            ));
        }
        let level = if value > self.target { self.target } else { lower };
        let error = if level > 0.0 { self.error(value, level) } else { 0.0 };
        let last = self.errors[0].unwrap_or(error);
        let before = self.errors[1].unwrap_or(last);
        let [integral, proportional, derivative] = self.gains;
        let moved = integral * error
            + proportional * (error - last)
            + derivative * (error - 2.0 * last + before);
        self.errors = [Some(error), Some(last)];
        let (min, max) = (f64::from(self.bounds.min), f64::from(self.bounds.max));
        let wanted = (self.count + moved).max(0.0);
        self.count = wanted.clamp(min, max);
        self.bounds.apply(seen.propose(wanted.round() as u32, Why::Level { value, level }))
    }

    fn activate(&mut self, seen: &Observation<'_>) -> Decision {
        let why = Why::Note("a request finds no replica");
        self.bounds.apply(seen.by(Stage::Mode, self.bounds.min.max(1), why))
    }
}

#[cfg(test)]
mod tests {
    use crate::builtin::tape::{Tape, faults};

    fn text(more: &str) -> String {
        format!("[pid]\nmetric = \"utilization\"\ntarget = \"50%\"\nmax = 20\n{more}")
    }

    #[test]
    fn the_three_parts_move_the_count_as_the_velocity_form_says() {
        let _shown = autosim_engine::marks::expect(["level"]);
        // u += Ki e + Kp (e - e1) + Kd (e - 2 e1 + e2) with e = value / 50 - 1.
        for (gains, counts) in [
            ("integral = 4", [12, 15, 14]), // 10 + 2, + 2.8, - 0.8
            ("integral = 4\nproportional = 10", [12, 17, 7]), // 10 + 2, + 2.8 + 2, - 0.8 - 9
            ("integral = 4\nderivative = 10", [12, 17, 5]), // 10 + 2, + 2.8 + 2, - 0.8 - 11
        ] {
            let mut tape = Tape::new(&text(gains), 10);
            let found = [(60, 75.0), (120, 85.0), (180, 40.0)]
                .map(|(at, value)| tape.at(at, &[Some(value)]).desired);
            assert_eq!(found, counts, "{gains}");
        }
    }

    #[test]
    fn what_is_below_a_whole_replica_adds_up_and_without_data_the_count_stays() {
        let _shown = autosim_engine::marks::expect(["no_data"]);
        let mut tape = Tape::new(&text("integral = 1"), 10);
        for (at, value, expected) in [
            (60, Some(60.0), 10),
            (120, Some(60.0), 10),
            (180, None, 10),
            (240, Some(60.0), 11), // 10 + 3 x 0.2, rounded
        ] {
            assert_eq!(tape.at(at, &[value]).desired, expected, "at {at} s");
        }
    }

    #[test]
    fn nothing_winds_up_while_the_maximum_is_in_force() {
        let mut tape = Tape::new(&text("integral = 4"), 18);
        for minute in 1..=60_u64 {
            assert_eq!(tape.at(minute * 60, &[Some(100.0)]).desired, 20);
        }
        // An hour at twice the target is forgotten at once: 20 - 4 x 0.5.
        let decision = tape.at(61 * 60, &[Some(25.0)]);
        assert_eq!((decision.desired, decision.bound()), (18, None));
    }

    #[test]
    fn it_begins_anew_where_somebody_else_moved_the_count() {
        let mut tape = Tape::new(&text("integral = 4"), 10);
        assert_eq!(tape.at(60, &[Some(75.0)]).desired, 12);
        tape.desired = 5;
        assert_eq!(tape.at(120, &[Some(75.0)]).desired, 7);
    }

    /// Lim, Babu, Chase and Parekh 2009: the band narrows as the fleet grows.
    #[test]
    fn the_band_ends_where_one_replica_fewer_would_reach_the_target() {
        let band = text("integral = 4\nproportional_thresholding = true");
        for (replicas, value, expected, stage) in [
            (2, 26.0, 2, "tolerance"), // half of the target: one replica would stand at 52 %
            (2, 12.5, 1, "recommend"), // 4 x (12.5 / 25 - 1) = -2
            (10, 46.0, 10, "tolerance"), // 9 / 10 of the target
            (10, 44.0, 10, "recommend"), // 4 x (44 / 45 - 1) = -0.09
            (10, 30.0, 9, "recommend"), // 4 x (30 / 45 - 1) = -1.33
            (10, 50.0, 10, "tolerance"),
            (10, 60.0, 11, "recommend"), // 4 x 0.2
        ] {
            let decision = Tape::new(&band, replicas).at(60, &[Some(value)]);
            assert_eq!(decision.desired, expected, "{replicas} at {value} %");
            assert_eq!(decision.trail[0].stage.name(), stage, "{replicas} at {value} %");
        }
    }

    #[test]
    fn response_times_count_by_their_logarithm() {
        let text = "[pid]\nmetric = \"p95_ms\"\ntarget = \"200ms\"\nintegral = 2\nmax = 90";
        for (value, expected) in [(200.0, 10), (400.0, 11), (1600.0, 14), (100.0, 9), (0.0, 1)] {
            let decision = Tape::new(text, 10).at(60, &[Some(value)]);
            assert_eq!(decision.desired, expected, "{value} ms");
        }
    }

    #[test]
    fn a_first_request_brings_up_the_minimum() {
        let _shown = autosim_engine::marks::expect(["a request finds no replica"]);
        assert_eq!(Tape::new(&text("min = 3"), 0).activate(7, &[None]).desired, 3);
    }

    #[test]
    fn faults_are_found_together_at_their_keys() {
        let found = faults(
            "[pid]\nmetric = \"requests_per_s\"\ntarget = \"50%\"\nmin = 9\nmax = 3\nintegral = 0\n\
             proportional = -1\ninterval = \"0s\"",
        );
        for key in ["metric", "target", "min", "integral", "proportional", "interval"] {
            let at = format!("pid.{key}: ");
            assert!(found.iter().any(|fault| fault.contains(&at)), "{key} {found:?}");
        }
        assert_eq!(found.len(), 6, "{found:?}");
    }
}
