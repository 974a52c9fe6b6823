//! How many replicas a rate takes.

use crate::builtin::parts::ceil_count;
use autosim_engine::control::Why;
use autosim_engine::fault::Faults;
use autosim_engine::stats::erlang_c;
use autosim_engine::units::{Fraction, Rate, Span};
use serde::{Deserialize, Serialize};

/// How many replicas a rate takes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Sizing {
    /// So many requests per second for each.
    Capacity(Capacity),
    /// The load and a margin of its square root (Halfin and Whitt 1981).
    SquareRoot(SquareRoot),
    /// The fewest of which few enough requests wait too long (Erlang 1917).
    ErlangC(ErlangC),
}

/// A replica takes so many requests per second: `ceil((1 + margin) x rate / per_replica)`.
///
/// ```toml
/// sizing.capacity = { per_replica = "60/s", margin = "20%" }
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Capacity {
    /// What one replica serves while it keeps the SLO.
    pub per_replica: Rate,
    /// What is kept free on top. Default 0 %.
    #[serde(default)]
    pub margin: Fraction,
}

/// As many slots as `R + beta sqrt(R)`, where `R` = rate x service time is the load: the share of requests that wait
/// tends to `1 / (1 + beta Phi(beta) / phi(beta))`, whatever the load (Halfin and Whitt, Operations Research 29, 1981):
/// 50 % at 0.5, 22 % at 1, 8 % at 1.5, 3 % at 2.
///
/// ```toml
/// sizing.square-root = { service_time = "100ms", beta = 1.5 }
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SquareRoot {
    /// Mean time in service.
    pub service_time: Span,
    /// How many square roots of the load are kept free. Default 1.
    #[serde(default = "unit")]
    pub beta: f64,
}

/// The least number of replicas at which no larger share of requests than `share` waits longer than `wait`, for Poisson
/// arrivals and exponential service times: `C exp(-(slots / service_time - rate) wait)` with Erlang's C.
///
/// ```toml
/// sizing.erlang-c = { service_time = "100ms", wait = "50ms", share = "5%" }
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ErlangC {
    /// Mean time in service.
    pub service_time: Span,
    /// How long a request may wait. Default 0 s.
    #[serde(default)]
    pub wait: Span,
    /// How large a share of them may wait longer. Default 5 %.
    #[serde(default = "twentieth")]
    pub share: Fraction,
}

const fn unit() -> f64 {
    1.0
}

fn twentieth() -> Fraction {
    Fraction::new(0.05).unwrap_or_default()
}

impl Sizing {
    pub(super) fn check(&self, faults: &mut Faults) {
        let time = |service_time: &Span, faults: &mut Faults| {
            if service_time.is_zero() {
                faults.error("service_time", "requests take no time", "such as \"100ms\"");
            }
        };
        match self {
            Self::Capacity(spec) => faults.within("capacity", |faults| {
                if spec.per_replica.as_per_second() <= 0.0 {
                    faults.error("per_replica", "a replica serves nothing", "such as \"60/s\"");
                }
            }),
            Self::SquareRoot(spec) => faults.within("square-root", |faults| {
                time(&spec.service_time, faults);
                if !(spec.beta >= 0.0 && spec.beta.is_finite()) {
                    faults.error("beta", format!("{} is no margin", spec.beta), "0.5 to 2");
                }
            }),
            Self::ErlangC(spec) => faults.within("erlang-c", |faults| {
                time(&spec.service_time, faults);
                if !(spec.share.get() > 0.0 && spec.share.get() < 1.0) {
                    let hint = "between 0% and 100%, such as \"5%\"";
                    faults.error("share", format!("{} is always or never kept", spec.share), hint);
                }
            }),
        }
    }

    /// Requests per second for each replica, if that does not depend on how many there are.
    pub(super) fn each(&self) -> Option<f64> {
        match self {
            Self::Capacity(spec) => {
                Some(spec.per_replica.as_per_second() / (1.0 + spec.margin.get()))
            }
            Self::SquareRoot(_) | Self::ErlangC(_) => None,
        }
    }
}

/// A sizing of replicas with so many slots.
#[derive(Debug, Clone)]
pub(super) struct Sized {
    sizing: Sizing,
    slots: f64,
}

impl Sized {
    pub(super) fn new(sizing: &Sizing, concurrency: u32) -> Self {
        Self { sizing: sizing.clone(), slots: f64::from(concurrency.max(1)) }
    }

    /// Replicas that a rate takes, before they are rounded up to whole ones.
    pub(super) fn replicas(&self, rate: f64) -> f64 {
        let rate = rate.max(0.0);
        match &self.sizing {
            Sizing::Capacity(spec) => {
                (1.0 + spec.margin.get()) * rate / spec.per_replica.as_per_second()
            }
            Sizing::SquareRoot(spec) => {
                let load = rate * spec.service_time.as_secs_f64();
                (load + spec.beta * load.sqrt()) / self.slots
            }
            Sizing::ErlangC(spec) => self.by_erlang(spec, rate),
        }
    }

    /// The same in whole replicas.
    pub(super) fn count(&self, rate: f64) -> u32 {
        ceil_count(self.replicas(rate))
    }

    /// Why it is so many.
    pub(super) fn why(&self, rate: f64) -> Why {
        match &self.sizing {
            Sizing::Capacity(spec) => Why::Total {
                total: rate.max(0.0) * (1.0 + spec.margin.get()),
                each: spec.per_replica.as_per_second(),
            },
            Sizing::SquareRoot(_) => Why::Note("the load and a margin of its square root"),
            Sizing::ErlangC(_) => {
                Why::Note("the fewest at which few enough requests wait too long")
            }
        }
    }

    /// Doubled until it is enough, then halved between.
    fn by_erlang(&self, spec: &ErlangC, rate: f64) -> f64 {
        let load = rate * spec.service_time.as_secs_f64();
        if load <= 0.0 {
            return 0.0;
        }
        let enough = |replicas: f64| {
            let slots = replicas * self.slots;
            let spare = slots - load;
            let waits = |spare: f64| {
                let decay = spare / spec.service_time.as_secs_f64() * spec.wait.as_secs_f64();
                erlang_c(slots, load / slots) * (-decay).exp()
            };
            spare > 0.0 && waits(spare) <= spec.share.get()
        };
        let most = f64::from(u32::MAX);
        let (mut low, mut high) = (0.0, (load / self.slots).ceil().max(1.0));
        while !enough(high) && high < most {
            (low, high) = (high, high * 2.0);
        }
        while high - low > 1.0 {
            let middle = ((low + high) / 2.0).floor();
            if enough(middle) { high = middle } else { low = middle }
        }
        high
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::builtin::tape::{Tape, faults, reason};

    fn tape(sizing: &str) -> Tape {
        Tape::new(&format!("[staffing]\nmethod.reactive = {{}}\nmax = 100000\nsizing.{sizing}"), 1)
    }

    fn sized(sizing: &str, concurrency: u32) -> Sized {
        #[derive(Deserialize)]
        struct File {
            sizing: Sizing,
        }
        let file: File = toml::from_str(&format!("sizing.{sizing}")).unwrap();
        Sized::new(&file.sizing, concurrency)
    }

    #[test]
    fn a_capacity_is_divided_with_its_margin_and_rounded_up() {
        let _shown = autosim_engine::marks::expect(["total"]);
        for (margin, rate, replicas) in [
            ("0%", 180.0, 3),
            ("0%", 180.1, 4),
            ("20%", 150.0, 3),
            ("20%", 151.0, 4),
            ("0%", 0.0, 1),
        ] {
            let text = format!("capacity = {{ per_replica = \"60/s\", margin = \"{margin}\" }}");
            assert_eq!(tape(&text).at(60, &[Some(rate)]).desired, replicas, "{margin} {rate}");
        }
    }

    /// | beta | share that waits, Halfin and Whitt 1981 |
    #[test]
    fn a_margin_of_square_roots_keeps_the_share_that_waits_whatever_the_load() {
        let _shown = autosim_engine::marks::expect(["the load and a margin of its square root"]);
        for (beta, waits) in [(0.5, 0.50), (1.0, 0.22), (1.5, 0.08), (2.0, 0.03)] {
            for rate in [4e3, 1e5] {
                let text = format!("square-root = {{ service_time = \"100ms\", beta = {beta} }}");
                let slots = f64::from(tape(&text).at(60, &[Some(rate)]).desired);
                let share = erlang_c(slots, rate * 0.1 / slots);
                assert!((share - waits).abs() < 0.02, "{beta} at {rate}/s: {share}");
            }
        }
    }

    /// Erlang's tables of teletraffic: of 8 erlang on 10 servers 0.40918 wait, on 4 at 3 0.5094.
    #[test]
    fn erlangs_fewest_are_those_of_his_tables() {
        let _shown = autosim_engine::marks::expect([
            "the fewest at which few enough requests wait too long",
        ]);
        let sizing = |wait: &str, share: &str| {
            format!(
                "erlang-c = {{ service_time = \"100ms\", wait = \"{wait}\", share = \"{share}\" }}"
            )
        };
        for (rate, share, replicas) in [
            (80.0, "41%", 10),
            (80.0, "40.9%", 11),
            (30.0, "51%", 4),
            (30.0, "50.9%", 5),
            (0.0, "5%", 0),
        ] {
            let size = sized(&sizing("0s", share), 1);
            assert_eq!(size.count(rate), replicas, "{rate}/s, {share}");
        }
        let decision = tape(&sizing("0s", "41%")).at(60, &[Some(80.0)]);
        assert!(reason(&decision).contains("the fewest"), "{}", reason(&decision));
        // P(W > t) = 0.40918 exp(-(10 - 8) t / 0.1 s) is 5.54 % after 100 ms and 2.04 % after 150 ms.
        assert_eq!(sized(&sizing("100ms", "5.6%"), 1).count(80.0), 10);
        assert_eq!(sized(&sizing("100ms", "5.5%"), 1).count(80.0), 11);
        assert_eq!(sized(&sizing("150ms", "2.1%"), 1).count(80.0), 10);
    }

    #[test]
    fn replicas_of_many_slots_are_fewer() {
        for (sizing, one, of_four) in [
            ("square-root = { service_time = \"100ms\" }", 11, 3),
            ("erlang-c = { service_time = \"100ms\", share = \"40.9%\" }", 11, 3),
        ] {
            let count = |slots| sized(sizing, slots).count(80.0);
            assert_eq!((count(1), count(4)), (one, of_four), "{sizing}");
        }
    }

    #[test]
    fn sizes_that_cannot_be_are_refused() {
        for (sizing, fault) in [
            ("capacity = { per_replica = \"0/s\" }", "sizing.capacity.per_replica"),
            ("square-root = { service_time = \"0s\" }", "sizing.square-root.service_time"),
            ("square-root = { service_time = \"1s\", beta = -1 }", "sizing.square-root.beta"),
            ("erlang-c = { service_time = \"0s\" }", "sizing.erlang-c.service_time"),
            ("erlang-c = { service_time = \"1s\", share = 0 }", "sizing.erlang-c.share"),
            ("erlang-c = { service_time = \"1s\", share = 1 }", "sizing.erlang-c.share"),
        ] {
            let text = format!("[staffing]\nmethod.reactive = {{}}\nmax = 9\nsizing.{sizing}");
            let found = faults(&text);
            assert!(found.len() == 1 && found[0].contains(fault), "{sizing}: {found:?}");
        }
    }
}
