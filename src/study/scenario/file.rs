//! The shape of a scenario file: what a user may write. Everything may be absent here; what must be
//! there and what stands in for the rest is decided in `lower`.

use super::choice::PolicyFile;
use super::clients::ClientFile;
use super::failures::{FailuresFile, OutageFile};
use super::scripted::{InterventionFile, MetricOutageFile, ResizeFile, SlowdownFile};
use super::variants::VariantFile;
use super::words::{ColdStartFile, ErrorTerm, LatencyTerms, LaunchRateText, SpanOrLaw, StartFile};
use autosim_engine::random::Distribution;
use autosim_engine::units::{Fraction, Price, Quantity, Span};
use autosim_engine::workload::WorkloadSpec;
use autosim_engine::workload::arrivals::Moment;
use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A scenario: traffic, a service, its replicas, and the policies that compete for it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "autosim scenario")]
pub struct ScenarioFile {
    /// Names the output folder: letters, digits, `-`, `_`, `.`. Default: the file's name.
    pub name: Option<String>,
    /// What the run is to answer.
    pub question: Option<String>,
    /// What it teaches.
    pub lesson: Option<String>,
    /// The policy that runs today: the others are compared with it, and the verdict says what is saved against
    /// it. Default: the cheapest one that keeps the SLO.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<String>,
    /// Wall clock at the start. Recorded traffic with dates is played from then on; `{ relabel = "2026-03-02" }`
    /// plays it from its beginning under another date. Where there is none, times are told from the start, and
    /// calendars take it for a Monday, 00:00 UTC. Default: that of recorded traffic, else none.
    pub start: Option<StartFile>,
    /// How long traffic lasts. Default: as long as the trace, or one hour.
    pub duration: Option<Span>,
    /// Simulated, but left out of the figures. Default: 0s.
    pub warmup: Option<Span>,
    /// How long after the end requests may still be resolved. Default: 1h.
    pub drain_limit: Option<Span>,
    /// Seed of all random draws. Default: 1.
    pub seed: Option<u64>,
    /// Independent repetitions. Default: 10.
    pub replications: Option<u32>,
    /// Whether requests are simulated one by one or, for rates at which single requests no longer matter,
    /// as a flow by formulas. Default: exact.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fidelity: Option<FidelityFile>,
    /// Length of an interval of the timeline. Default: a round one that makes at most 720 of them.
    pub timeline: Option<Span>,
    /// The SLO: what clients may rely on.
    pub slo: Option<SloFile>,
    /// Multiplies the traffic of every service, whatever its own `rate_scale` is; 3 = three times as much.
    /// Default: 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traffic_scale: Option<f64>,
    /// The traffic.
    pub workload: Option<WorkloadSpec>,
    /// How requests are served.
    pub service: Option<ServiceFile>,
    /// What serves them.
    pub replica: Option<ReplicaFile>,
    /// What its clients do: timeouts and retries.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<ClientFile>,
    /// What it costs.
    pub price: Option<PriceFile>,
    /// Releases: the replicas there are at an instant are replaced.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rollouts: Vec<RolloutFile>,
    /// Replicas that fail together, as when a zone is lost or spot capacity is reclaimed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub outages: Vec<OutageFile>,
    /// Whiles in which requests in service go on more slowly, as when a backend is slow.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub slowdowns: Vec<SlowdownFile>,
    /// Whiles in which scrapes of the policies' metrics bring no data.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub metric_outages: Vec<MetricOutageFile>,
    /// Instants at which somebody else than the policy sets the desired count.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub interventions: Vec<InterventionFile>,
    /// Instants from which every replica requests another amount of CPU.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resizes: Vec<ResizeFile>,
    /// Several services in place of `workload`, `service`, `replica`, `client` and the lists of what happens
    /// when; the policies compete for the first.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub services: IndexMap<String, ServiceEntry>,
    /// The policies, by name and kind; every one is run on the same traffic.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub policies: IndexMap<String, PolicyFile>,
    /// By name of a policy: what differs where it runs, so that fixes outside of the autoscaler stand
    /// beside it.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub variants: IndexMap<String, VariantFile>,
}

/// How requests are simulated.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum FidelityFile {
    /// One by one, exactly.
    #[default]
    Exact,
    /// As a flow: counts and formulas of queues, an approximation. See docs/fluid.md for its errors.
    Fluid,
    /// As a flow where there are billions of requests and everything is within the range it was tested
    /// with; else one by one. The run says which and why.
    Auto,
}

/// The SLO: what clients may rely on.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SloFile {
    /// A percentile of response times, failures counted as infinitely late; a list holds together.
    pub latency: Option<LatencyTerms>,
    /// The share of requests that fail.
    pub errors: Option<ErrorTerm>,
}

/// How requests are served.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ServiceFile {
    /// Requests a replica serves at once; not with `sharing`. Default: 1.
    pub concurrency: Option<u32>,
    /// Whether a request in service has a slot to itself. Default: slots.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub discipline: Option<DisciplineFile>,
    /// How much is shared, and by how many; with `discipline = "sharing"`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sharing: Option<SharingFile>,
    /// How long a request holds a slot; where requests share, how long it would take alone. Default: from
    /// the trace, else exponential with mean 100 ms.
    pub service_time: Option<Distribution>,
    /// How long the first request of a launched replica holds its slot; replaces its own service
    /// time. Default: no difference.
    pub first_request: Option<SpanOrLaw>,
    /// CPU a request takes, as a share of its service time: the rest of it holds a slot and no CPU, as while
    /// waiting for a backend. Default: 100%.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu: Option<Fraction>,
    /// How requests wait. Default: without limits.
    pub queue: Option<QueueFile>,
    /// How a request finds its slot. Default: central-queue.
    pub balancing: Option<BalancingFile>,
    /// Which replicas leave first. Default: fewest-in-flight.
    pub scale_in: Option<ScaleInFile>,
}

/// Whether a request in service has a slot to itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DisciplineFile {
    /// It has; as many as `concurrency` are served at once, each at full speed.
    Slots,
    /// It shares its replica with all others there: processor sharing.
    Sharing,
}

/// What requests share: of k in service on a replica each runs at full speed while k is at most
/// `capacity`, and at `capacity / k` of it beyond.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SharingFile {
    /// So many requests run at full speed on one replica, for example its cores. Default: 1.
    pub capacity: Option<u32>,
    /// Most requests that share one replica; others wait there, first come, first served. Default: no
    /// limit.
    pub limit: Option<u32>,
}

/// How requests wait.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct QueueFile {
    /// Most requests waiting at once, everywhere together. Default: no limit.
    pub capacity: Option<u64>,
    /// How long a request waits before it gives up. Default: for ever.
    pub timeout: Option<SpanOrLaw>,
    /// What happens to an arrival when no replica is live. Default: wait.
    pub at_zero: Option<AtZeroFile>,
    /// Who is served first where sources have priorities. Default: priority.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<OrderFile>,
    /// What happens to an arrival when `capacity` requests wait. Default: refuse.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when_full: Option<WhenFullFile>,
}

/// Who is served first of requests that wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum OrderFile {
    /// The lowest number of `workload.priorities`; within it, who came first.
    Priority,
    /// Who came first.
    FirstCome,
}

/// What happens to an arrival when the queue is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum WhenFullFile {
    /// It is refused.
    Refuse,
    /// The newest of those with the highest number of `workload.priorities` is refused in its place, if
    /// that number is above its own.
    PushOut,
}

/// What a platform does with a request that finds no live replica.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum AtZeroFile {
    /// It waits and may wake the policy.
    Wait,
    /// It is rejected.
    Reject,
}

/// How a request finds its slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum BalancingFile {
    /// One queue for all replicas, first come, first served.
    CentralQueue,
    /// A queue per replica; a random one.
    Random,
    /// A queue per replica; in turn.
    RoundRobin,
    /// A queue per replica; the one with fewest requests present.
    LeastOutstanding,
    /// A queue per replica; of two different random ones the one with fewer requests present (nginx
    /// `random two`, Ray Serve).
    PowerOfTwo,
    /// A queue per replica; of two random ones, which may be the same, the one with fewer requests present
    /// (Envoy `LEAST_REQUEST`).
    PowerOfTwoWithReplacement,
}

/// Which replicas leave first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ScaleInFile {
    /// Idle ones, then those with fewest requests in flight; newest among equals.
    FewestInFlight,
    /// Newest first, busy or not.
    Newest,
    /// Oldest first, busy or not.
    Oldest,
}

/// What serves the requests.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReplicaFile {
    /// From the decision to add a replica until it can serve. Default: 0s.
    pub cold_start: Option<ColdStartFile>,
    /// Replicas ready at the start. Default: each policy's own minimum; for `fixed` its count.
    pub initial: Option<u32>,
    /// How long a leaving replica may finish its requests. Default: until they are done.
    pub grace: Option<Span>,
    /// The most replicas the platform grants, draining ones included. Default: no limit.
    pub quota: Option<u32>,
    /// How fast replicas are launched at most. Default: no limit.
    pub launch_rate: Option<LaunchRateText>,
    /// How replicas fail, and what then becomes of their requests. Default: none fails by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failures: Option<FailuresFile>,
    /// How load turns into CPU, memory and so on.
    pub resources: Option<ResourcesFile>,
}

/// How load turns into the resources of one replica: `idle + (full - idle) x busy share of its slots`, of its
/// cores for CPU.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ResourcesFile {
    /// CPU. Default: 0% to 100%.
    pub cpu: Option<CpuFile>,
    /// Memory. Default: 30% to 80%.
    pub memory: Option<LoadFile>,
    /// GPU. Default: 0% to 100%.
    pub gpu: Option<LoadFile>,
    /// Connections. Default: one per request.
    pub connections: Option<ConnectionsFile>,
    /// Bytes in and out per request. Default: 0.
    pub bytes_per_request: Option<f64>,
}

/// CPU of a replica, in shares of what it was given.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CpuFile {
    /// With no request. Default: 0%.
    pub idle: Option<Fraction>,
    /// With every core busy; without `cores` and `service.cpu`, with every slot busy. Default: 100%.
    pub full: Option<Fraction>,
    /// Cores of a replica, such as 2 or 0.5. Default: one for each slot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cores: Option<f64>,
    /// While starting; may be above 100%. Default: 100%.
    pub starting: Option<Fraction>,
    /// Whether `cpu_percent` averages over starting replicas too. Default: false.
    pub counts_starting: Option<bool>,
}

/// Memory or GPU of a replica, in shares of what it was given.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LoadFile {
    /// With no request. Default: memory 30%, GPU 0%.
    pub idle: Option<Fraction>,
    /// With every slot busy. Default: memory 80%, GPU 100%.
    pub full: Option<Fraction>,
}

/// Open connections.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConnectionsFile {
    /// Held open by every ready replica. Default: 0.
    pub per_replica: Option<f64>,
    /// Of every request in flight or waiting. Default: 1.
    pub per_request: Option<f64>,
}

/// What it costs.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PriceFile {
    /// An amount with its currency, for example `"0.096 USD"`.
    pub per_replica_hour: Option<Price>,
    /// When the meter runs and how it rounds.
    pub billing: Option<BillingFile>,
}

/// When the meter runs and how it rounds.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BillingFile {
    /// Billed time is rounded up to a multiple of this. Default: it is not rounded.
    pub increment: Option<Span>,
    /// The least billed per replica. Default: 0s.
    pub minimum: Option<Span>,
    /// When the meter starts. Default: order.
    pub from: Option<BilledFrom>,
}

/// When the meter starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum BilledFrom {
    /// At the order.
    Order,
    /// When the replica is ready.
    Ready,
}

/// One of several services.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ServiceEntry {
    /// Its traffic.
    pub workload: Option<WorkloadSpec>,
    /// How its requests are served.
    pub service: Option<ServiceFile>,
    /// What serves them.
    pub replica: Option<ReplicaFile>,
    /// What its clients do: timeouts and retries.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<ClientFile>,
    /// Releases: the replicas there are at an instant are replaced.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rollouts: Vec<RolloutFile>,
    /// Replicas that fail together, as when a zone is lost or spot capacity is reclaimed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub outages: Vec<OutageFile>,
    /// Whiles in which requests in service go on more slowly, as when a backend is slow.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub slowdowns: Vec<SlowdownFile>,
    /// Whiles in which scrapes of the policies' metrics bring no data.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub metric_outages: Vec<MetricOutageFile>,
    /// Instants at which somebody else than the policy sets the desired count.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub interventions: Vec<InterventionFile>,
    /// Instants from which every replica requests another amount of CPU.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resizes: Vec<ResizeFile>,
    /// Who scales it; not for the first service, for which `policies` compete.
    pub policy: Option<PolicyFile>,
}

/// A release: the replicas there are at an instant are replaced, batch by batch. A batch of old ones
/// drains while as many new ones start; the next one goes when those are ready.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RolloutFile {
    /// When it begins: so long after the start, or at a time of day.
    pub at: Moment,
    /// How many replicas stay ready: a number, or a share of those there are, rounded up. Default: as the
    /// product's document says, else 25%.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_ready: Option<Quantity>,
}
