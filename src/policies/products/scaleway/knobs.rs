//! The rules no public source settles, each with the choice taken where nothing is said.

use crate::products::knobs::{choices, knobs};

choices! { "kebab-case":
    /// How a share of the group becomes a number of Instances.
    Rounding {
        /// Up to the next whole number.
        Ceil,
        /// Down to the whole number: what is beyond the point is cut off.
        Floor,
        /// To the nearest whole number, halves up.
        Nearest,
    }
    /// What stands in for a range without any sample.
    NoSamples {
        /// Nothing: the policy does not fire.
        Hold,
        /// Zero, like a load nobody reports.
        Zero,
    }
    /// What an Instance's network metric is for the group.
    NetworkValue {
        /// The mean over running Instances.
        Mean,
        /// The sum of all of them.
        Total,
    }
    /// What the balancer's rate of connections counts.
    ConnectionsRate {
        /// New connections per second.
        New,
        /// Connections open now.
        Open,
    }
    /// How a threshold is kept.
    Precision {
        /// In 32 bits, then widened for the comparison: 70.1 is 70.09999847.
        Float32,
        /// As it was typed.
        Float64,
    }
    /// Which of several policies with one priority comes first.
    Ties {
        /// The one created first.
        Oldest,
        /// The one created last.
        Newest,
    }
    /// How many policies may act at an evaluation.
    Actions {
        /// The first that would change something.
        One,
        /// All that hold, each on what the one before it made of the count.
        All,
    }
    /// What a policy that holds and would change nothing does to those after it.
    NoopPolicy {
        /// They are tried.
        Skip,
        /// They are not: it was the evaluation's action.
        Stop,
    }
    /// Where the cooldown begins.
    CooldownFrom {
        /// At the action.
        Start,
        /// When no Instance is starting any more, as the samples show it; an action that removes Instances
        /// has nothing to wait for.
        Ready,
    }
    /// An action exactly at the end of the cooldown.
    CooldownEnd {
        /// Is carried out.
        Allowed,
        /// Is denied.
        Denied,
    }
    /// Which Instance leaves.
    Victim {
        /// The newest.
        Newest,
        /// The oldest.
        Oldest,
    }
    /// What an identifier may be.
    Ids {
        /// A UUID, or what documentation puts in its place: `<BACKEND_ID>`, `$SCW_PROJECT_ID`.
        Lenient,
        /// A UUID.
        Strict,
    }
}

knobs! {
/// Rules of Scaleway's Instance autoscaling that no public source settles.
pub struct Knobs {
    /// Seconds from one evaluation to the next; the first comes so long after the start. Default 300.
    tick_s: u32 = 300, "scaling is said to occur every 5 minutes; the phase is not published";
    /// The most seconds by which an evaluation is late, each by its own part of them: a fixed sequence,
    /// the same in every run. Default 0.
    tick_jitter_s: u32 = 0, "real evaluations are not exact; none is the plain case";
    /// Seconds from one sample of a metric to the next. Default 60.
    sample_s: u32 = 60, "the distance of samples is not published";
    /// What stands in for a range without a sample. Default `hold`.
    no_samples: NoSamples = NoSamples::Hold, "a condition on nothing cannot hold";
    /// What an Instance's network metric is for the group. Default `mean`.
    network_value: NetworkValue = NetworkValue::Mean,
        "CPU is a mean over the group; its neighbours are taken alike";
    /// The share of the service's `bytes_per_s` that comes in; the rest goes out. Between 0 and 1, both
    /// excluded. Default 0.5.
    network_in_share: f64 = 0.5, "a scenario gives one number for both directions";
    /// What the balancer's rate of connections counts. Default `new`.
    connections_rate: ConnectionsRate = ConnectionsRate::New,
        "described as accumulated and named a rate; a growing counter has no threshold";
    /// Requests that share one connection, for its rate of new ones. Default 1.
    requests_per_connection: f64 = 1.0, "without keep-alive every request opens one";
    /// How a threshold is kept. Default `float32`.
    threshold: Precision = Precision::Float32, "32 bits in the API; that it is widened is assumed";
    /// The priority of a policy that names none. Default 0, the strongest.
    default_priority: u32 = 0, "zero is what an omitted number is on the wire";
    /// Which of several policies with one priority comes first. Default `oldest`.
    ties: Ties = Ties::Oldest, "not published; order of creation is stable";
    /// How many policies may act at an evaluation. Default `one`.
    actions_per_tick: Actions = Actions::One, "one shared cooldown would deny a second action";
    /// What a policy that holds and would change nothing does to those after it. Default `skip`.
    noop_policy: NoopPolicy = NoopPolicy::Skip,
        "a policy that changes nothing should not block one that would";
    /// How a percentage upwards becomes Instances. Default `ceil`.
    percent_up: Rounding = Rounding::Ceil, "not published; upwards never too little";
    /// How a percentage downwards becomes Instances. Default `floor`.
    percent_down: Rounding = Rounding::Floor, "not published; downwards never too much";
    /// The fewest Instances a percentage stands for. Default 1.
    percent_least: u32 = 1, "not published; a policy that fires should do something";
    /// Whether a total that is set by `scale_up` never lowers the count, and by `scale_down` never raises
    /// it. Default true.
    set_total_guard: bool = true, "the direction is part of the policy";
    /// Whether a count outside the capacity is corrected at the next evaluation by itself. Default true.
    correct_bounds: bool = true, "a supervisor appears among the sources of events";
    /// Whether such a correction obeys the cooldown and begins one. Default false.
    correction_obeys_cooldown: bool = false, "a correction is no policy's action; not published";
    /// Seconds of cooldown of a group that names none. Default 300.
    default_cooldown_s: u32 = 300, "every published sample has it";
    /// Where the cooldown begins. Default `start`.
    cooldown_from: CooldownFrom = CooldownFrom::Start,
        "\"after a scaling action\": taken from its start";
    /// An action exactly at the end of the cooldown. Default `allowed`.
    cooldown_end: CooldownEnd = CooldownEnd::Allowed, "not published";
    /// Seconds from the order of an Instance until it serves, where the scenario says nothing. Default
    /// 120.
    cold_start_s: u32 = 120, "an effect is said to show after two to three minutes";
    /// Which Instance leaves, where the scenario says nothing. Default `newest`.
    victim: Victim = Victim::Newest, "not published";
    /// What an identifier may be; a strict document makes it `strict`. Default `lenient`.
    ids: Ids = Ids::Lenient, "published samples hold placeholders";
} check(self, faults) {
    for (key, value) in [("tick_s", self.tick_s), ("sample_s", self.sample_s)] {
        if value == 0 {
            faults.error(key, "0 seconds: it would never end", "at least 1");
        }
    }
    if self.tick_s > 0 && self.tick_jitter_s >= self.tick_s {
        let message = format!("{} is not below tick_s, {}", self.tick_jitter_s, self.tick_s);
        faults.error("tick_jitter_s", message, "less than one evaluation's distance");
    }
    let share = self.network_in_share;
    if !(share > 0.0 && share < 1.0) {
        let message = format!("{share} is not a share between 0 and 1");
        faults.error("network_in_share", message, "0.5, say; 0 and 1 are excluded");
    }
    let each = self.requests_per_connection;
    if !(each.is_finite() && each > 0.0) {
        let message = format!("{each} requests share no connection");
        faults.error("requests_per_connection", message, "1 or more");
    }
}
}

impl Rounding {
    /// `count * percent / 100`, rounded.
    pub(super) fn share(self, count: u32, percent: u32) -> u32 {
        let hundredths = u64::from(count) * u64::from(percent);
        let whole = match self {
            Self::Ceil => hundredths.div_ceil(100),
            Self::Floor => hundredths / 100,
            Self::Nearest => (hundredths + 50) / 100,
        };
        u32::try_from(whole).unwrap_or(u32::MAX)
    }
}
