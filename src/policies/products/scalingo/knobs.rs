//! The rules no public source settles, and what an account adds.

use crate::products::knobs::{check_ranges, knobs};
use autosim_engine::units::Span;

/// A container that takes longer to accept a connection has failed to start.
pub(super) const LONGEST_BOOT_S: u32 = 60;
const DAY_S: u32 = 86_400;

knobs! {
/// Rules of Scalingo that no public source settles, and limits of the account.
pub struct Knobs {
    /// In only at or below this share of the target. Default 0.5.
    scale_in_ratio: f64 = 0.5,
        "a maintainer's example for response times: target 1000 ms, in at 500 ms";
    /// Whether `rpm_per_container` adds as many containers as the last minute's requests need. Default true;
    /// false: one, as before February 2025.
    rpm_multi_step: bool = true,
        "since February 2025; the count is what brings the minute back to target";
    /// Minutes in a row above the target before a scale-out. Default 2.
    out_streak: u32 = 2, "two minutes are documented for the way out";
    /// Minutes in a row well below the target before a scale-in. Default 2.
    in_streak: u32 = 2, "the other alert of the pair mirrors the first";
    /// Seconds before a scale-out. Default 60.
    out_cooldown_s: u32 = 60, "documented; exactly a minute is enough";
    /// Seconds before a scale-in. Default 180.
    in_cooldown_s: u32 = 180, "documented; exactly three minutes are enough";
    /// Whether both pauses count from the last scaling of either direction. Default true; false: each
    /// from the last of its own.
    cooldown_cross: bool = true, "the platform keeps a single `last_scale`";
    /// Whether the correction of a count out of bounds is a scaling, from which pauses count. Default true.
    correction_is_scaling: bool = true,
        "the platform keeps a single `last_scale`, whatever moved the count";
    /// Whether a scaling empties the list of minutes, its own included. Default false.
    reset_history: bool = false, "metrics belong to the platform, not to the autoscaler";
    /// Whether booting containers are in the divisor of `rpm_per_container`. Default false.
    count_booting: bool = false, "the router cannot send to a booting container";
    /// Seconds until a started container takes requests, where the scenario gives no cold start; at most
    /// 60. Default 20.
    boot_s: u32 = 20, "no figure is published beyond the limit of 60 s";
    /// Whether `ram` is read as `memory`, with a warning. Default false: refused, as the platform does.
    alias_ram: bool = false;
    /// The largest `max_containers` of the account. Default 10.
    container_limit: u32 = 10;
    /// Containers of the type that a quota of the app or account allows. Default: no quota.
    #[serde(skip_serializing_if = "Option::is_none")]
    quota: Option<u32> = None;
    /// The process types of the app; others do not exist. Default `web`, `worker`, `clock`.
    process_types: Vec<String> = ["web", "worker", "clock"].map(str::to_owned).to_vec();
    /// The process type the scenario's service is; autoscalers of other types do nothing here. Default:
    /// `web` if it has one, else the type of the first autoscaler.
    #[serde(skip_serializing_if = "Option::is_none")]
    scaled_type: Option<String> = None;
    /// When each update among the documents comes into force, in seconds from the start, ascending; those
    /// beyond the list come with its last. Default: all are in force from the start.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    updates_at_s: Vec<u32> = Vec::new();
} check(self, faults) {
    if !(self.scale_in_ratio > 0.0 && self.scale_in_ratio < 1.0) {
        let message = format!("{} leaves no room below the target", self.scale_in_ratio);
        faults.error("scale_in_ratio", message, "a share above 0 and below 1");
    }
    check_ranges(faults, &[
        ("out_streak", self.out_streak, 1..=60),
        ("in_streak", self.in_streak, 1..=60),
        ("out_cooldown_s", self.out_cooldown_s, 0..=DAY_S),
        ("in_cooldown_s", self.in_cooldown_s, 0..=DAY_S),
        ("container_limit", self.container_limit, 2..=100_000),
        ("quota", self.quota.unwrap_or(1), 1..=u32::MAX),
    ]);
    if self.boot_s > LONGEST_BOOT_S {
        let boot = Span::from_secs(self.boot_s.into()).told();
        let message = format!("a container that boots for {boot} fails to start");
        let hint = "at most 60; a scenario's own `cold_start` may be longer";
        faults.error("boot_s", message, hint);
    }
    if !self.updates_at_s.is_sorted() {
        faults.error("updates_at_s", "the times do not ascend", "in the order of the updates");
    }
}
}
