//! What a fleet is like: everything that does not change during a run.

use super::{ClientSpec, FailureSpec, LoopSpec, Slowdowns};
use crate::random::Sampler;
use crate::units::{Span, Time};
use strum::{IntoStaticStr, VariantArray};

/// One service's fleet.
#[derive(Debug, Clone, PartialEq)]
pub struct FleetSpec {
    /// Requests a replica serves at once at full speed, at least 1: its capacity. A request's demand is
    /// the time it takes at full speed.
    pub concurrency: u32,
    /// What more requests than that do at a replica.
    pub discipline: Discipline,
    /// Replicas ready at the start; they draw no cold start.
    pub initial: u32,
    /// Stages of a cold start, drawn and passed in order; none = ready at once.
    pub cold_start: Vec<ColdStage>,
    /// Who finds out that its replicas are ready; `None` = they are at the end of their cold start. With it the last
    /// stage of a cold start is one in which the replica runs.
    pub readiness: Option<Probes>,
    /// Demand of a launched replica's first request; it replaces the request's own.
    pub cold_demand: Option<Sampler>,
    /// The most live and draining replicas the platform grants; orders beyond are refused.
    pub quota: Option<u32>,
    /// How fast replicas may be launched; orders beyond wait.
    pub launch_rate: Option<LaunchRate>,
    /// How long a leaving replica may finish its requests before they are lost.
    pub grace: Span,
    /// Which replicas leave at a scale-in.
    pub victims: VictimOrder,
    /// What is billed.
    pub billing: Billing,
    /// Who starts and removes replicas.
    pub scaling: Scaling,
    /// How requests find a slot.
    pub balancing: Balancing,
    /// What stands before replicas that have queues of their own, in the path of requests or not; only with
    /// slots and without scale per request.
    pub proxy: Option<Proxy>,
    /// How requests wait.
    pub queue: QueueSpec,
    /// What its clients do; `None` = they wait and never try again.
    pub client: Option<ClientSpec>,
    /// Users in closed loops, who send beside what arrives from outside.
    pub loops: Vec<LoopSpec>,
    /// When its replicas are replaced.
    pub rollouts: Vec<Rollout>,
    /// How its replicas fail.
    pub failures: FailureSpec,
    /// When its requests take longer.
    pub slowdowns: Slowdowns,
    /// Counts that somebody else than its policy sets.
    pub interventions: Vec<Intervention>,
    /// When its replicas request another amount of CPU.
    pub resizes: Vec<Resize>,
    /// Classes of requests, at least 1; more only without scale per request and without sharing.
    pub classes: u8,
}

impl FleetSpec {
    /// Whether anybody waits for its answers: clients with patience of their own, or users in closed loops.
    pub fn has_clients(&self) -> bool {
        self.client.is_some() || !self.loops.is_empty()
    }

    /// Whether anything of it is drawn: if not, it does the same in every replication.
    pub fn draws(&self) -> bool {
        let varies = |law: &Option<Sampler>| law.as_ref().is_some_and(|law| !law.is_constant());
        let by_scaling = match (&self.scaling, self.balancing) {
            (Scaling::PerRequest(how), _) => {
                !how.idle_expiry.is_constant() || varies(&how.max_lifetime)
            }
            (Scaling::Controlled, Balancing::PerReplica(rule)) => {
                rule.draws() || self.proxy.is_some_and(|proxy| proxy.hands_over.draws())
            }
            (Scaling::Controlled, Balancing::CentralQueue) => false,
        };
        let jitter = self.client.and_then(|client| client.retries).is_some_and(|r| r.jitter > 0.0);
        let loops = self.loops.iter();
        by_scaling
            || jitter
            || self.cold_start.iter().any(|stage| !stage.length.is_constant())
            || varies(&self.cold_demand)
            || varies(&self.queue.timeout)
            || varies(&self.failures.lifetime)
            || !self.failures.outages.is_empty()
            || loops.map(|one| (&one.think, &one.demand)).any(|(think, demand)| {
                !think.is_constant() || !demand.is_constant() //
            })
    }

    /// Whether requests start and remove its replicas, and not the policy.
    pub fn scales_per_request(&self) -> bool {
        matches!(self.scaling, Scaling::PerRequest(_))
    }
}

impl Default for FleetSpec {
    /// One slot, one replica, no cold start, no limits, no end to draining, central queue.
    fn default() -> Self {
        Self {
            concurrency: 1,
            discipline: Discipline::Slots,
            initial: 1,
            cold_start: Vec::new(),
            readiness: None,
            cold_demand: None,
            quota: None,
            launch_rate: None,
            grace: Span::MAX,
            victims: VictimOrder::default(),
            billing: Billing::default(),
            scaling: Scaling::default(),
            balancing: Balancing::default(),
            proxy: None,
            queue: QueueSpec::default(),
            client: None,
            loops: Vec::new(),
            rollouts: Vec::new(),
            failures: FailureSpec::default(),
            slowdowns: Slowdowns::default(),
            interventions: Vec::new(),
            resizes: Vec::new(),
            classes: 1,
        }
    }
}

/// What requests beyond the capacity of their replica do (rule 21).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Discipline {
    /// They wait: a request in service has a slot to itself.
    #[default]
    Slots,
    /// They share: of k requests in service each runs at `concurrency / k` of full speed (processor
    /// sharing). Only with queues per replica, no capacity of the queue, constant patience, no clients
    /// and no work that is put back; otherwise slots.
    Sharing {
        /// So many share at most, at least the capacity; others wait at the replica, first come, first
        /// served. `None` = nobody waits at a replica.
        limit: Option<u32>,
    },
}

/// A release: the replicas there are at an instant are replaced (rules 36, 37, 38).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rollout {
    /// When it begins.
    pub at: Time,
    /// How many replicas stay ready; `None` = a quarter, rounded up.
    pub min_ready: Option<Portion>,
}

/// When replicas that start are looked at, to find out whether they are ready (rule 57).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Probes {
    /// The first one, since the replica began to run.
    pub first: Span,
    /// From one to the next; never zero.
    pub period: Span,
    /// So many in a row must find it ready; at least 1.
    pub in_a_row: u32,
}

impl Probes {
    /// When a replica is found ready whose cold start ends so long after it began to run; both since then.
    pub fn find(&self, ready: Span) -> Span {
        let later = ready.0.saturating_sub(self.first.0).div_ceil(self.period.0);
        let more = later.saturating_add(u64::from(self.in_a_row) - 1);
        Span(self.first.0.saturating_add(self.period.0.saturating_mul(more)))
    }
}

/// From then on every replica requests another amount of CPU (rule 53).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Resize {
    /// When.
    pub at: Time,
    /// The cores that each requests; above zero.
    pub cores: f64,
}

/// Somebody else than the policy sets the desired count: by hand, or with a manifest (rule 49).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Intervention {
    /// When.
    pub at: Time,
    /// The count in force from then on.
    pub replicas: u32,
}

/// So many replicas, or a share of those there are.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Portion {
    /// So many.
    Count(u32),
    /// A share of those there are, rounded up.
    Share(f64),
}

impl Portion {
    /// Of `there` replicas; never more than there are.
    pub fn of(self, there: u32) -> u32 {
        match self {
            Self::Count(count) => count.min(there),
            // Less a hair, so that 30 % of 10 are 3.
            Self::Share(share) => ((f64::from(there) * share - 1e-9).ceil() as u32).min(there),
        }
    }
}

/// The stage of a cold start after which a replica has a place to run.
pub const PROVISION: &str = "provision";
/// The stage after which it begins to run.
pub const PULL: &str = "pull";

/// One stage of a cold start.
#[derive(Debug, Clone, PartialEq)]
pub struct ColdStage {
    /// [`PROVISION`], [`PULL`], `boot`, `warm_up`, or `cold_start` where there is but one.
    pub name: &'static str,
    /// Its length.
    pub length: Sampler,
}

/// A token bucket of `launches` (rule 25), full at the start, that refills evenly within `per`: a burst of
/// `launches`, then one every `per / launches`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LaunchRate {
    /// Launches, at least 1.
    pub launches: u32,
    /// Period, not zero.
    pub per: Span,
}

/// Which replicas leave first (rules 5, 24). Replicas not ready yet always go before ready ones, newest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum VictimOrder {
    /// Idle ones, then those with fewest requests in flight; newest among equals.
    #[default]
    FewestInFlight,
    /// Newest first, busy or not.
    Newest,
    /// Oldest first, busy or not.
    Oldest,
}

/// When the meter runs and how it rounds (rule 9).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Billing {
    /// True: from ready; false: from the order (a launch that waits for the launch rate: from the
    /// launch).
    pub from_ready: bool,
    /// Billed time is rounded up to a multiple of this; zero = exact.
    pub increment: Span,
    /// The least billed per replica.
    pub minimum: Span,
}

/// Where a request waits for a slot (rule 4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Balancing {
    /// In one queue for all; first come, first served, on the slot free for longest.
    #[default]
    CentralQueue,
    /// At a replica, which it chooses by this rule when it arrives.
    PerReplica(RoutingRule),
}

impl Balancing {
    /// Whether a request may wait where another replica is idle, since nobody looks.
    pub const fn is_blind(self) -> bool {
        match self {
            Self::PerReplica(RoutingRule::Random | RoutingRule::RoundRobin) => true,
            Self::CentralQueue
            | Self::PerReplica(
                RoutingRule::LeastOutstanding
                | RoutingRule::PowerOfTwo
                | RoutingRule::PowerOfTwoWithReplacement,
            ) => false,
        }
    }
}

/// How a request chooses among the ready replicas, where each has a queue of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "kebab-case")]
pub enum RoutingRule {
    /// A uniformly random one.
    Random,
    /// In turn, in the order of launches.
    RoundRobin,
    /// The one with fewest requests present, ties uniformly at random.
    LeastOutstanding,
    /// Of two different random ones the one with fewer requests present, ties uniformly at random.
    PowerOfTwo,
    /// Of two random ones, which may be the same, the one with fewer requests present, ties uniformly at
    /// random.
    PowerOfTwoWithReplacement,
}

impl RoutingRule {
    /// All of them.
    pub const ALL: &[Self] = Self::VARIANTS;

    /// Its name in scenarios.
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// Whether it needs a random draw per request.
    pub const fn draws(self) -> bool {
        match self {
            Self::Random
            | Self::LeastOutstanding
            | Self::PowerOfTwo
            | Self::PowerOfTwoWithReplacement => true,
            Self::RoundRobin => false,
        }
    }

    /// Whether it must hear of every change of the requests present at a replica.
    pub const fn follows(self) -> bool {
        match self {
            Self::LeastOutstanding => true,
            Self::Random
            | Self::RoundRobin
            | Self::PowerOfTwo
            | Self::PowerOfTwoWithReplacement => false,
        }
    }
}

/// What holds requests before replicas with queues of their own, and hands them over (rules 54, 55). The policy
/// has it in the path of requests or not; where no replica is ready it always is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Proxy {
    /// To which replica, and how many at a time.
    pub hands_over: HandsOver,
    /// How long each request is on its way through it at least.
    pub latency: Span,
}

/// How a proxy hands requests over to replicas.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HandsOver {
    /// At once, to the one of two different ready replicas drawn that has fewer requests of the proxy's; ties
    /// uniformly at random.
    Freely,
    /// To the oldest replica that has fewer of the proxy's requests than so many, at least 1.
    ToFirst(u32),
    /// To the next such replica, in the order of launch.
    InTurn(u32),
}

impl HandsOver {
    /// Whether it needs a random draw per request.
    pub const fn draws(self) -> bool {
        match self {
            Self::Freely => true,
            Self::ToFirst(_) | Self::InTurn(_) => false,
        }
    }
}

/// Who starts and removes replicas.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Scaling {
    /// The policy, at its controls.
    #[default]
    Controlled,
    /// Requests, as they come and go (rules 29, 30, 31). They wait in one queue whatever [`FleetSpec::balancing`] says, and
    /// rollouts and outages do not happen.
    PerRequest(ScalePerRequest),
}

/// A request takes the newest idle slot; where there is none, a replica is started and the request waits
/// for it.
#[derive(Debug, Clone, PartialEq)]
pub struct ScalePerRequest {
    /// A replica idle for this long is removed; drawn once per idle period.
    pub idle_expiry: Sampler,
    /// A replica that has been ready for this long is removed when it is idle, whatever its idle period; drawn
    /// per replica. `None` = it lives for as long as it is used.
    pub max_lifetime: Option<Sampler>,
    /// Never fewer live replicas than this, once they are there (provisioned concurrency).
    pub minimum: u32,
    /// At most so many live replicas.
    pub limit: u32,
    /// What happens to a request that may not start one.
    pub overflow: Overflow,
}

impl ScalePerRequest {
    /// Without minimum, limit or maximum lifetime, idle replicas removed after that.
    pub const fn after(idle_expiry: Sampler) -> Self {
        let overflow = Overflow::Wait;
        Self { idle_expiry, max_lifetime: None, minimum: 0, limit: u32::MAX, overflow }
    }
}

/// What happens at the limit of scale per request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overflow {
    /// It waits in the gateway queue.
    Wait,
    /// It is rejected.
    Reject,
}

/// How requests wait.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct QueueSpec {
    /// Most requests waiting at once, everywhere together; `None` = no limit.
    pub capacity: Option<u64>,
    /// Most requests waiting in the queue of one replica (rule 56); `None` = no limit.
    pub replica_capacity: Option<u32>,
    /// How long a request waits before it gives up; drawn per request.
    pub timeout: Option<Sampler>,
    /// What happens to an arrival when no replica is live.
    pub at_zero: AtZero,
    /// Who is served first of several classes.
    pub order: QueueOrder,
    /// Who leaves a full queue.
    pub when_full: WhenFull,
}

/// Who is served first of requests of several classes that wait; within a class first come, first served.
/// Nobody in service is interrupted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum QueueOrder {
    /// The lowest class (Cobham 1954).
    #[default]
    Priority,
    /// Whoever came first, whatever its class.
    FirstCome,
}

/// What happens to an arrival when the queue is full (rule 23).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum WhenFull {
    /// It is refused.
    #[default]
    Refuse,
    /// The newest of the highest class that waits is refused in its place, if that class is above its own.
    /// Work that was put back stays.
    PushOut,
}

/// What a platform does with a request that finds no live replica (rule 6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AtZero {
    /// It waits and may wake the policy.
    #[default]
    Wait,
    /// It is rejected.
    Reject,
}
