//! What happens first at one instant: the one source of that order.

/// Everything that can happen at an instant, in the order in which it does (rule 1). The data planes keep 1
/// and 10, and 2 and 3 where they scale and give up by themselves; the simulation the rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Rank {
    /// 1: requests complete, and others start in their place.
    Completed,
    /// 2: a leaving replica's grace ends.
    Killed,
    /// An idle replica is removed.
    IdleExpired,
    /// A draining replica is gone.
    Gone,
    /// A starting replica is ready, and takes what waits.
    Ready,
    /// 3: a request's patience ends.
    PatienceEnded,
    /// A client has waited long enough for an attempt.
    ClientGaveUp,
    /// 4: the window opens or closes, or an interval of the timeline ends.
    Measured,
    /// A slowdown begins or ends.
    PaceChanged,
    /// Replicas request another amount of CPU.
    Resized,
    /// 5: a ready replica fails.
    Failed,
    /// An outage begins.
    OutageBegan,
    /// 6: a rollout begins or goes on.
    Rolled,
    /// 7: a signal is scraped.
    Scraped,
    /// 8: a control: an autoscaler is asked.
    Controlled,
    /// 9: a decision takes effect.
    Actuated,
    /// Somebody else sets the count.
    Overruled,
    /// 10: a request arrives from outside.
    Arrived,
    /// A user in a closed loop begins, or has thought and sends.
    UserActed,
    /// A client tries again.
    Retried,
    /// A request has been on its way through a proxy for long enough.
    PassedOn,
}

impl Rank {
    /// The one after all others.
    pub const LAST: Self = Self::PassedOn;
}
