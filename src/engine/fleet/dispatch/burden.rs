//! What each plane takes of a computer, measured: for estimates before a run, never for a decision.
//!
//! Times are of `docs/performance.md`, whose scenarios a test holds the estimate against; memory is what a
//! million idle replicas of 1, 10 and 30 slots took.

use super::{Kind, fastest};
use crate::fleet::{FleetSpec, RoutingRule};

/// What serving by one fleet takes, about.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Burden {
    /// Processor time of a request with its draws and its place in the figures, ns.
    pub request_ns: f64,
    /// Processor time of a look at one replica at a control, ns.
    pub look_ns: f64,
    /// Memory of a replica, bytes.
    pub replica_bytes: f64,
    /// Memory of a slot, bytes.
    pub slot_bytes: f64,
}

/// The most memory a fleet is granted.
pub const MOST_FLEET_BYTES: f64 = 2.0 * (1u64 << 30) as f64;

/// So many replicas fit into it.
pub fn most_replicas(spec: &FleetSpec) -> u32 {
    let Burden { replica_bytes, slot_bytes, .. } = burden(spec, 1.0);
    (MOST_FLEET_BYTES / (replica_bytes + f64::from(spec.concurrency) * slot_bytes)) as u32
}

/// By the plane that would serve `spec` with about `replicas` replicas.
pub fn burden(spec: &FleetSpec, replicas: f64) -> Burden {
    // Beyond the caches every tenfold fleet costs a request as much again.
    let grows = |one: f64, tenfold: f64| one + tenfold * replicas.max(1.0).log10();
    let (request_ns, look_ns, replica_bytes, slot_bytes) = match fastest(spec) {
        Kind::Central => (grows(21.0, 1.5), 1.0, 100.0, 90.0),
        Kind::SingleSlot(rule) | Kind::ManySlots(rule) => {
            (routed_ns(rule, replicas), 1.0, 430.0, 20.0)
        }
        Kind::Sharing(..) => (grows(48.0, 8.0), 1.0, 430.0, 0.0),
        Kind::Event => (grows(60.0, 20.0), 9.0, 220.0, 0.0),
    };
    Burden { request_ns, look_ns, replica_bytes, slot_bytes }
}

fn routed_ns(rule: RoutingRule, replicas: f64) -> f64 {
    let (one, tenfold) = match rule {
        RoutingRule::Random
        | RoutingRule::RoundRobin
        | RoutingRule::PowerOfTwo
        | RoutingRule::PowerOfTwoWithReplacement => (17.0, 6.0),
        RoutingRule::LeastOutstanding => (38.0, 15.0),
    };
    one + tenfold * replicas.max(1.0).log10()
}
