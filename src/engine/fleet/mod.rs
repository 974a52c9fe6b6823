//! # fleet: what serves
//!
//! **Is**: the replicas' life cycle, cold starts, limits, billing, and the data planes that put requests
//! on slots (`dispatch`).
//!
//! **Knows**: time, randomness, counting.
//!
//! **Must not know**: where fresh requests come from, signals, policies, the engine.
//!
//! **Start at** [`FleetSpec`].

mod billing;
mod client;
mod closed;
pub mod dispatch;
mod failures;
mod fleet_state;
mod launches;
mod rank;
mod replica;
mod slowdowns;
mod spec;

pub use client::{ClientSpec, RetryBudget, RetrySpec};
pub use closed::LoopSpec;
pub use failures::{FailedWork, FailureSpec, Outage, Restart};
pub use fleet_state::{Fleet, FleetCensus, FleetIntegrals, FleetLedger, Start};
pub use launches::{Launch, Launches, MOST_LAUNCHES, OrderedBy};
pub use rank::Rank;
pub use replica::{ReplicaId, State};
pub use slowdowns::{FULL_SPEED, Slowdown, Slowdowns};
pub use spec::{
    AtZero, Balancing, Billing, ColdStage, Discipline, FleetSpec, HandsOver, Intervention,
    LaunchRate, Overflow, PROVISION, PULL, Portion, Probes, Proxy, QueueOrder, QueueSpec, Resize,
    Rollout, RoutingRule, ScalePerRequest, Scaling, VictimOrder, WhenFull,
};
