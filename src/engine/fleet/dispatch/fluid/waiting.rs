//! How many requests wait on average in a fleet of a constant utilization, and which share of them: one
//! formula for each way of balancing.
//!
//! | balancing | formula |
//! |---|---|
//! | central queue | Erlang C, mean by Allen and Cunneen 1978, bursts by Hayward |
//! | random | the same at every replica |
//! | round robin | arrivals of a replica are an Erlang-n stream: Kraemer and Langenbach-Belz 1976 |
//! | power of two | the mean field of Mitzenmacher 1996, for replicas of k slots |
//! | least outstanding | a fixed point of Erlang B: those who wait keep a replica from becoming idle |
//!
//! All but the first and the last but one hold for exponential service and are scaled by the variability
//! of arrivals and service, (ca2 + cs2) / 2. Where requests share their replica the number present does
//! not depend on the law of service: exponential service stands for all.

use crate::fleet::{Balancing, Discipline, FleetSpec, RoutingRule};
use crate::stats::{crossing, erlang_b, erlang_c};

/// Who waits in the long run.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Wait {
    /// The share of requests that do.
    pub(super) share: f64,
    /// The mean number waiting, of the whole fleet.
    pub(super) queue: f64,
}

/// The formula of a fleet.
#[derive(Debug, Clone)]
pub(super) struct WaitFormula {
    kind: Kind,
    /// Slots of a replica.
    slots: f64,
    /// Dispersion of arrivals.
    ca2: f64,
    /// Squared coefficient of variation of service; 1 where requests share.
    cs2: f64,
}

#[derive(Debug, Clone)]
enum Kind {
    Central,
    Random,
    RoundRobin,
    LeastOutstanding,
    /// By utilization: share, and number waiting at one replica.
    PowerOfTwo(Box<[Wait; ROWS]>),
}

/// Rows of the table of a mean field, one each 0.5 % of utilization.
const ROWS: usize = 200;

impl WaitFormula {
    pub(super) fn new(spec: &FleetSpec, ca2: f64, cs2: f64) -> Self {
        let sharing = matches!(spec.discipline, Discipline::Sharing { .. });
        let slots = f64::from(spec.concurrency.max(1));
        let kind = match spec.balancing {
            Balancing::CentralQueue => Kind::Central,
            Balancing::PerReplica(RoutingRule::Random) => Kind::Random,
            Balancing::PerReplica(RoutingRule::RoundRobin) => Kind::RoundRobin,
            Balancing::PerReplica(RoutingRule::LeastOutstanding) => Kind::LeastOutstanding,
            // Of many replicas the same one is hardly drawn twice: one limit for both.
            Balancing::PerReplica(
                RoutingRule::PowerOfTwo | RoutingRule::PowerOfTwoWithReplacement,
            ) => Kind::PowerOfTwo(Box::new(mean_field(spec.concurrency.max(1)))),
        };
        Self { kind, slots, ca2, cs2: if sharing { 1.0 } else { cs2 } }
    }

    /// Servers that serve one queue together.
    pub(super) fn pool(&self, replicas: f64) -> f64 {
        match self.kind {
            Kind::Central | Kind::LeastOutstanding => self.slots * replicas,
            Kind::Random | Kind::RoundRobin | Kind::PowerOfTwo(_) => self.slots,
        }
    }

    /// Whether replicas fluctuate each for itself; where requests look before they choose, the number in
    /// service fluctuates as that of one fleet, like M/M/inf.
    pub(super) fn is_blind(&self) -> bool {
        matches!(self.kind, Kind::Random | Kind::RoundRobin)
    }

    /// Variance of arrivals and service as one queue sees them, over their means.
    pub(super) fn variability(&self) -> f64 {
        self.ca2 + self.cs2
    }

    /// At utilization `u` in [0, 1) of `replicas` replicas.
    pub(super) fn at(&self, u: f64, replicas: f64) -> Wait {
        if u <= 0.0 || replicas < 1.0 {
            return Wait::default();
        }
        let all = self.slots * replicas;
        match &self.kind {
            Kind::Central => self.pooled(u, all, self.ca2),
            Kind::Random => {
                // What chance picks from a stream is the more like Poisson the less it picks.
                let one = self.pooled(u, self.slots, 1.0 + (self.ca2 - 1.0) / replicas);
                Wait { share: one.share, queue: one.queue * replicas }
            }
            Kind::RoundRobin => self.in_turn(u, replicas),
            Kind::LeastOutstanding => self.fewest(u, all),
            Kind::PowerOfTwo(table) => {
                let one = between(table, u);
                let beyond = self.pooled(u, all, self.ca2);
                let factor = (self.ca2 + self.cs2) / 2.0;
                Wait {
                    share: one.share.max(beyond.share),
                    queue: one.queue * replicas * factor + beyond.queue,
                }
            }
        }
    }

    /// Bursty arrivals see as many servers as leave their peakedness at one (Hayward; Fredericks 1980).
    fn pooled(&self, u: f64, servers: f64, ca2: f64) -> Wait {
        let peakedness = 1.0 + (ca2 - 1.0) / 2.0;
        let share = erlang_c((servers / peakedness).max(1.0), u);
        Wait { share, queue: share * u / (1.0 - u) * (ca2 + self.cs2) / 2.0 }
    }

    /// Every n-th request: the squared variation of its gaps is an n-th.
    fn in_turn(&self, u: f64, replicas: f64) -> Wait {
        let (ca2, cs2) = (self.ca2 / replicas, self.cs2);
        let gentle = ca2 <= 1.0;
        let correction = if gentle {
            -2.0 * (1.0 - u) * (1.0 - ca2).powi(2) / (3.0 * u * (ca2 + cs2).max(1e-12))
        } else {
            -(1.0 - u) * (ca2 - 1.0) / (ca2 + 4.0 * cs2)
        };
        let below = if gentle {
            1.0 + (ca2 - 1.0) * (1.0 - u) * (1.0 + ca2 + u * cs2)
                / (1.0 + u * (cs2 - 1.0) + u * u * (4.0 * ca2 + cs2))
        } else {
            1.0 + (ca2 - 1.0) * 4.0 * (1.0 - u) / (ca2 + u * u * (4.0 * ca2 + cs2))
        };
        let one = erlang_c(self.slots, u);
        let queue = one * u / (1.0 - u) * (ca2 + cs2) / 2.0 * correction.exp();
        Wait { share: (one * below).clamp(0.0, 1.0), queue: queue * replicas }
    }

    /// Requests wait only if no replica has a free slot; with share p of them waiting, each for the next
    /// slot of its own replica, a p of the servers lose their turn to become idle: p = B(c - a p, a).
    fn fewest(&self, u: f64, servers: f64) -> Wait {
        let load = u * servers;
        let free = |share: f64| share - erlang_b(servers - load * share, load);
        let share = match free(0.0) {
            none if none > -1e-12 => -none,
            _ => crossing(free, (0.0, 1.0), 1e-13),
        };
        let residual = 1.0 + ((1.0 + self.cs2) / 2.0 - 1.0) / self.slots;
        let own = share.max(0.0) * load * residual / self.slots;
        let pooled = self.pooled(u, servers, self.ca2);
        // Beyond that they wait as in one queue, which nobody is served faster than.
        Wait { share: share.max(pooled.share * pooled.share), queue: own + pooled.queue }
    }
}

/// On the straight line between two rows.
fn between(table: &[Wait; ROWS], u: f64) -> Wait {
    let place = u * ROWS as f64 - 1.0;
    let row = (place.max(0.0) as usize).min(ROWS - 2);
    let part = (place - row as f64).clamp(-1.0, 1.0);
    let (a, b) = (table[row], table[row + 1]);
    Wait {
        share: (a.share + (b.share - a.share) * part).clamp(0.0, 1.0),
        queue: (a.queue + (b.queue - a.queue) * part).max(0.0),
    }
}

/// The fixed point of replicas with `slots` slots where each request joins the shorter of two: s(i) is the
/// share of replicas with at least i requests, and per replica, with load a,
/// a s(i-1)^2 = min(i, k) s(i) + the sum of s(j) for i < j <= k.
fn mean_field(slots: u32) -> [Wait; ROWS] {
    let mut table = [Wait::default(); ROWS];
    for (row, wait) in (1_u32..).zip(&mut table) {
        // The last row stands for a utilization just below 1.
        let u = (f64::from(row) / ROWS as f64).min(0.999);
        *wait = fixed_point(u, slots);
    }
    table
}

fn fixed_point(u: f64, slots: u32) -> Wait {
    let load = u * f64::from(slots);
    // Downwards from s(k): what s(0) would be.
    let bottom = |top: f64| {
        let (mut of, mut above) = (top, 0.0);
        for i in (1..=slots).rev() {
            let squared: f64 = (f64::from(i) * of + above) / load;
            above += of;
            of = squared.sqrt();
        }
        of
    };
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..60 {
        let middle = f64::midpoint(low, high);
        if bottom(middle) < 1.0 { low = middle } else { high = middle }
    }
    let full = f64::midpoint(low, high);
    let (mut of, mut queue) = (full, 0.0);
    for _ in 0..60 {
        of = u * of * of;
        queue += of;
    }
    Wait { share: full * full, queue }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn per(rule: RoutingRule) -> Balancing {
        Balancing::PerReplica(rule)
    }

    fn fleet(balancing: Balancing, concurrency: u32) -> FleetSpec {
        FleetSpec { balancing, concurrency, ..FleetSpec::default() }
    }

    fn mean_wait(balancing: Balancing, slots: u32, cs2: f64, u: f64, replicas: f64) -> f64 {
        let waiting = WaitFormula::new(&fleet(balancing, slots), 1.0, cs2);
        // In mean service times, by Little's law.
        waiting.at(u, replicas).queue / (u * replicas * f64::from(slots))
    }

    #[test]
    fn textbook_queues_are_met() {
        for (balancing, cs2, u, expected) in [
            // M/M/1, M/D/1 and M/G/1 by Pollaczek and Khinchine.
            (Balancing::CentralQueue, 1.0, 0.8, 4.0),
            (Balancing::CentralQueue, 0.0, 0.8, 2.0),
            (per(RoutingRule::Random), 3.0, 0.5, 2.0),
            (per(RoutingRule::RoundRobin), 1.0, 0.8, 4.0),
        ] {
            let got = mean_wait(balancing, 1, cs2, u, 1.0);
            assert!((got - expected).abs() < 1e-9, "{balancing:?} {got} {expected}");
        }
        // Clockwork arrivals and service never wait.
        assert!(mean_wait(per(RoutingRule::RoundRobin), 1, 0.0, 0.9, 1e6) < 1e-3);
    }

    #[test]
    fn two_choices_have_mitzenmachers_mean_field() {
        for u in [0.5_f64, 0.9, 0.95] {
            let time: f64 = (1..20).map(|i| u.powf(2_f64.powi(i) - 2.0)).sum();
            let got = mean_wait(per(RoutingRule::PowerOfTwo), 1, 1.0, u, 1e5);
            assert!((got - (time - 1.0)).abs() < 0.002 * time, "{u}: {got} {time}");
        }
    }

    #[test]
    fn more_knowledge_waits_less_and_more_load_more() {
        let order = [
            Balancing::CentralQueue,
            per(RoutingRule::LeastOutstanding),
            per(RoutingRule::PowerOfTwo),
            per(RoutingRule::RoundRobin),
            per(RoutingRule::Random),
        ];
        for slots in [1, 4] {
            for u in [0.6, 0.8, 0.9, 0.97] {
                let waits = order.map(|one| mean_wait(one, slots, 1.0, u, 100.0));
                assert!(waits.is_sorted(), "{slots} {u}: {waits:?}");
            }
            for balancing in RoutingRule::ALL.iter().map(|&rule| per(rule)).chain([order[0]]) {
                let at = |u: f64| mean_wait(balancing, slots, 1.0, u, 100.0);
                let all: Vec<f64> = (1..200).map(|n| at(f64::from(n) / 200.0)).collect();
                assert!(all.is_sorted(), "{balancing:?}");
            }
        }
    }
}
