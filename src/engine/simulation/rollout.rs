//! A rollout while it runs: which batch is next.

use crate::fleet::{Fleet, Portion, ReplicaId, Rollout, State};

/// Where `min_ready` says nothing.
const QUARTER: Portion = Portion::Share(0.25);

/// Replaces the replicas that were ready when it began, batch by batch: so many of them drain as may be
/// missing, as many new ones start, and when those are ready the next batch goes. Where none may be
/// missing, one replica more than wanted is started first, and the last batch gives it back.
///
/// ```text
/// Idle -> Running (waits for `awaited`) -> Running (next batch) -> ... -> Idle (none of `old` is ready)
/// ```
#[derive(Debug, Clone, PartialEq)]
pub(super) enum RolloutState {
    /// Every replica is of the newest version.
    Idle,
    /// Some are not.
    Running {
        /// Replicas that stay ready.
        floor: u32,
        /// Launch ordinals of the old ones, ascending. A replica that was ready keeps its ordinal for
        /// ever, unlike its id.
        old: Vec<u64>,
        /// New ones that were still to start, with their ordinals.
        awaited: Vec<(ReplicaId, u64)>,
        /// Replicas more than the autoscaler wants, while none may be missing.
        surplus: u32,
    },
}

/// What happens next.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Batch {
    /// Old ones to drain.
    pub(super) leaving: Vec<ReplicaId>,
    /// New ones to start.
    pub(super) coming: u32,
}

impl RolloutState {
    /// A rollout begins with `live` replicas, of which `old` are ready. One that still runs ends: its new
    /// replicas are old now (rules 36, 38).
    pub(super) fn begin(&mut self, spec: Rollout, live: u32, old: Vec<u64>) {
        let floor = spec.min_ready.unwrap_or(QUARTER).of(live);
        *self = Self::Running { floor, old, awaited: Vec::new(), surplus: self.surplus() };
    }

    pub(super) const fn is_running(&self) -> bool {
        matches!(self, Self::Running { .. })
    }

    /// Replicas more than the autoscaler wants.
    pub(super) const fn surplus(&self) -> u32 {
        match self {
            Self::Idle => 0,
            Self::Running { surplus, .. } => *surplus,
        }
    }

    /// A new replica was ordered; the next batch waits for it.
    pub(super) fn wait_for(&mut self, id: ReplicaId, ordinal: u64) {
        if let Self::Running { awaited, .. } = self {
            awaited.push((id, ordinal));
        }
    }

    /// The next batch, if it may go (rules 36, 37). The floor follows the autoscaler where that wants fewer
    /// (rule 38).
    pub(super) fn next(
        &mut self,
        fleet: &Fleet,
        desired: u32,
        load: impl Fn(ReplicaId) -> u64,
    ) -> Option<Batch> {
        let Self::Running { floor, old, awaited, surplus } = self else { return None };
        // One that was cancelled meanwhile is not waited for.
        let starts = |&&(id, ordinal): &&(ReplicaId, u64)| {
            fleet.ordinal(id) == ordinal && matches!(fleet.state(id), State::Starting { .. })
        };
        if awaited.iter().find(starts).is_some() {
            return None;
        }
        awaited.clear();
        let mut leaving = fleet.ready_victims(u32::MAX, load);
        let ready = leaving.len();
        leaving.retain(|&id| old.binary_search(&fleet.ordinal(id)).is_ok());
        if leaving.is_empty() {
            *self = Self::Idle;
            return None;
        }
        let may_miss = ready.saturating_sub((*floor).min(desired) as usize);
        if may_miss == 0 {
            let first = *surplus == 0;
            *surplus = 1;
            return first.then_some(Batch { leaving: Vec::new(), coming: 1 });
        }
        let last = may_miss >= leaving.len();
        leaving.truncate(may_miss);
        let mut coming = leaving.len() as u32;
        if last {
            coming = coming.saturating_sub(std::mem::take(surplus));
        }
        Some(Batch { leaving, coming })
    }
}
