//! The rules no public source settles, each with the choice taken where nothing is said.

use autosim_engine::fault::Faults;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How a share of the group becomes a number of Instances.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Rounding {
    /// Up to the next whole number.
    Ceil,
    /// Down to the whole number: what is beyond the point is cut off.
    Floor,
    /// To the nearest whole number, halves up.
    Nearest,
}

/// What stands in for a range without any sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum NoSamples {
    /// Nothing: the policy does not fire.
    Hold,
    /// Zero, like a load nobody reports.
    Zero,
}

/// What an Instance's network metric is for the group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum NetworkValue {
    /// The mean over running Instances.
    Mean,
    /// The sum of all of them.
    Total,
}

/// What the balancer's rate of connections counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ConnectionsRate {
    /// New connections per second.
    New,
    /// Connections open now.
    Open,
}

/// How a threshold is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Precision {
    /// In 32 bits, then widened for the comparison: 70.1 is 70.09999847.
    Float32,
    /// As it was typed.
    Float64,
}

/// Which of several policies with one priority comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Ties {
    /// The one created first.
    Oldest,
    /// The one created last.
    Newest,
}

/// How many policies may act at an evaluation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Actions {
    /// The first that would change something.
    One,
    /// All that hold, each on what the one before it made of the count.
    All,
}

/// What a policy that holds and would change nothing does to those after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum NoopPolicy {
    /// They are tried.
    Skip,
    /// They are not: it was the evaluation's action.
    Stop,
}

/// Where the cooldown begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CooldownFrom {
    /// At the action.
    Start,
    /// When no Instance is starting any more, as the samples show it; an action that removes Instances
    /// has nothing to wait for.
    Ready,
}

/// An action exactly at the end of the cooldown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CooldownEnd {
    /// Is carried out.
    Allowed,
    /// Is denied.
    Denied,
}

/// Which Instance leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Victim {
    /// The newest.
    Newest,
    /// The oldest.
    Oldest,
}

/// What an identifier may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Ids {
    /// A UUID, or what documentation puts in its place: `<BACKEND_ID>`, `$SCW_PROJECT_ID`.
    Lenient,
    /// A UUID.
    Strict,
}

/// Rules of Scaleway's Instance autoscaling that no public source settles.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Knobs {
    /// Seconds from one evaluation to the next; the first comes so long after the start. Default 300.
    pub tick_s: u32,
    /// The most seconds by which an evaluation is late, each by its own part of them: a fixed sequence,
    /// the same in every run. Default 0.
    pub tick_jitter_s: u32,
    /// Seconds from one sample of a metric to the next. Default 60.
    pub sample_s: u32,
    /// What stands in for a range without a sample. Default `hold`.
    pub no_samples: NoSamples,
    /// What an Instance's network metric is for the group. Default `mean`.
    pub network_value: NetworkValue,
    /// The share of the service's `bytes_per_s` that comes in; the rest goes out. Between 0 and 1, both
    /// excluded. Default 0.5.
    pub network_in_share: f64,
    /// What the balancer's rate of connections counts. Default `new`.
    pub connections_rate: ConnectionsRate,
    /// Requests that share one connection, for its rate of new ones. Default 1.
    pub requests_per_connection: f64,
    /// How a threshold is kept. Default `float32`.
    pub threshold: Precision,
    /// The priority of a policy that names none. Default 0, the strongest.
    pub default_priority: u32,
    /// Which of several policies with one priority comes first. Default `oldest`.
    pub ties: Ties,
    /// How many policies may act at an evaluation. Default `one`.
    pub actions_per_tick: Actions,
    /// What a policy that holds and would change nothing does to those after it. Default `skip`.
    pub noop_policy: NoopPolicy,
    /// How a percentage upwards becomes Instances. Default `ceil`.
    pub percent_up: Rounding,
    /// How a percentage downwards becomes Instances. Default `floor`.
    pub percent_down: Rounding,
    /// The fewest Instances a percentage stands for. Default 1.
    pub percent_least: u32,
    /// Whether a total that is set by `scale_up` never lowers the count, and by `scale_down` never raises
    /// it. Default true.
    pub set_total_guard: bool,
    /// Whether a count outside the capacity is corrected at the next evaluation by itself. Default true.
    pub correct_bounds: bool,
    /// Whether such a correction obeys the cooldown and begins one. Default false.
    pub correction_obeys_cooldown: bool,
    /// Seconds of cooldown of a group that names none. Default 300.
    pub default_cooldown_s: u32,
    /// Where the cooldown begins. Default `start`.
    pub cooldown_from: CooldownFrom,
    /// An action exactly at the end of the cooldown. Default `allowed`.
    pub cooldown_end: CooldownEnd,
    /// Seconds from the order of an Instance until it serves, where the scenario says nothing. Default
    /// 120.
    pub cold_start_s: u32,
    /// Which Instance leaves, where the scenario says nothing. Default `newest`.
    pub victim: Victim,
    /// What an identifier may be; a strict document makes it `strict`. Default `lenient`.
    pub ids: Ids,
}

impl Default for Knobs {
    fn default() -> Self {
        Self {
            tick_s: 300,
            tick_jitter_s: 0,
            sample_s: 60,
            no_samples: NoSamples::Hold,
            network_value: NetworkValue::Mean,
            network_in_share: 0.5,
            connections_rate: ConnectionsRate::New,
            requests_per_connection: 1.0,
            threshold: Precision::Float32,
            default_priority: 0,
            ties: Ties::Oldest,
            actions_per_tick: Actions::One,
            noop_policy: NoopPolicy::Skip,
            percent_up: Rounding::Ceil,
            percent_down: Rounding::Floor,
            percent_least: 1,
            set_total_guard: true,
            correct_bounds: true,
            correction_obeys_cooldown: false,
            default_cooldown_s: 300,
            cooldown_from: CooldownFrom::Start,
            cooldown_end: CooldownEnd::Allowed,
            cold_start_s: 120,
            victim: Victim::Newest,
            ids: Ids::Lenient,
        }
    }
}

impl Knobs {
    /// Reports what makes no sense.
    pub(super) fn check(&self, faults: &mut Faults) {
        for (key, value) in [("tick_s", self.tick_s), ("sample_s", self.sample_s)] {
            if value == 0 {
                faults.error(key, "0 seconds: it would never end", "at least 1");
            }
        }
        if self.tick_s > 0 && self.tick_jitter_s >= self.tick_s {
            let message =
                format!("{} s is not below tick_s, {} s", self.tick_jitter_s, self.tick_s);
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
