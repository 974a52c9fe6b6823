//! The rules no public source settles, and what an account adds.

use super::App;
use crate::products::Assumption;
use autosim_engine::fault::Faults;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A container that takes longer to accept a connection has failed to start.
pub(super) const LONGEST_BOOT_S: u32 = 60;

/// Rules of Scalingo that no public source settles, and limits of the account.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Knobs {
    /// In only at or below this share of the target. Default 0.5.
    pub scale_in_ratio: f64,
    /// Whether `rpm_per_container` adds as many containers as the last minute's requests need. Default true;
    /// false: one, as before February 2025.
    pub rpm_multi_step: bool,
    /// Minutes in a row above the target before a scale-out. Default 2.
    pub out_streak: u32,
    /// Minutes in a row well below the target before a scale-in. Default 2.
    pub in_streak: u32,
    /// Seconds before a scale-out. Default 60.
    pub out_cooldown_s: u32,
    /// Seconds before a scale-in. Default 180.
    pub in_cooldown_s: u32,
    /// Whether both pauses count from the last scaling of either direction. Default true; false: each
    /// from the last of its own.
    pub cooldown_cross: bool,
    /// Whether the correction of a count out of bounds is a scaling, from which pauses count. Default true.
    pub correction_is_scaling: bool,
    /// Whether a scaling empties the list of minutes, its own included. Default false.
    pub reset_history: bool,
    /// Whether booting containers are in the divisor of `rpm_per_container`. Default false.
    pub count_booting: bool,
    /// Seconds until a started container takes requests, where the scenario gives no cold start; at most
    /// 60. Default 20.
    pub boot_s: u32,
    /// Whether `ram` is read as `memory`, with a warning. Default false: refused, as the platform does.
    pub alias_ram: bool,
    /// The largest `max_containers` of the account. Default 10.
    pub container_limit: u32,
    /// Containers of the type that a quota of the app or account allows. Default: no quota.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quota: Option<u32>,
    /// The process types of the app; others do not exist. Default `web`, `worker`, `clock`.
    pub process_types: Vec<String>,
    /// The process type the scenario's service is; autoscalers of other types do nothing here. Default:
    /// `web` if it has one, else the type of the first autoscaler.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scaled_type: Option<String>,
    /// When each update among the documents comes into force, in seconds from the start, ascending; those
    /// beyond the list come with its last. Default: all are in force from the start.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub updates_at_s: Vec<u32>,
}

impl Default for Knobs {
    fn default() -> Self {
        Self {
            scale_in_ratio: 0.5,
            rpm_multi_step: true,
            out_streak: 2,
            in_streak: 2,
            out_cooldown_s: 60,
            in_cooldown_s: 180,
            cooldown_cross: true,
            correction_is_scaling: true,
            reset_history: false,
            count_booting: false,
            boot_s: 20,
            alias_ram: false,
            container_limit: 10,
            quota: None,
            process_types: ["web", "worker", "clock"].map(str::to_owned).to_vec(),
            scaled_type: None,
            updates_at_s: Vec::new(),
        }
    }
}

/// Why each rule's default is what it is.
const WHYS: [(&str, &str); 11] = [
    ("scale_in_ratio", "a maintainer's example for response times: target 1000 ms, in at 500 ms"),
    ("rpm_multi_step", "since February 2025; the count is what brings the minute back to target"),
    ("out_streak", "two minutes are documented for the way out"),
    ("in_streak", "the other alert of the pair mirrors the first"),
    ("out_cooldown_s", "documented; exactly a minute is enough"),
    ("in_cooldown_s", "documented; exactly three minutes are enough"),
    ("cooldown_cross", "the platform keeps a single `last_scale`"),
    ("correction_is_scaling", "the platform keeps a single `last_scale`, whatever moved the count"),
    ("reset_history", "metrics belong to the platform, not to the autoscaler"),
    ("count_booting", "the router cannot send to a booting container"),
    ("boot_s", "no figure is published beyond the limit of 60 s"),
];

/// Rules that are assumed and have no alternative worth a knob.
const FIXED: [(&str, &str, &str); 7] = [
    ("comparison", "above the target, not at it", "the text says \"over\""),
    (
        "out of bounds",
        "to the nearest bound in one jump",
        "only that it is corrected is documented",
    ),
    ("a correction", "the only action of its minute, which is stored", "nothing is said"),
    ("billing", "while booting too, unless `price.billing` says otherwise", "nothing is said"),
    ("missing minute", "breaks the streak", "nothing is said"),
    ("divisor", "containers at the end of the minute", "nothing is said"),
    ("minutes", "counted from the start", "the alignment is not published"),
];

impl Knobs {
    /// Reports what makes no sense.
    pub(super) fn check(&self, faults: &mut Faults) {
        if !(self.scale_in_ratio > 0.0 && self.scale_in_ratio < 1.0) {
            let message = format!("{} leaves no room below the target", self.scale_in_ratio);
            faults.error("scale_in_ratio", message, "a share above 0 and below 1");
        }
        for (key, value, least, most) in [
            ("out_streak", self.out_streak, 1, 60),
            ("in_streak", self.in_streak, 1, 60),
            ("out_cooldown_s", self.out_cooldown_s, 0, 86_400),
            ("in_cooldown_s", self.in_cooldown_s, 0, 86_400),
            ("container_limit", self.container_limit, 2, 100_000),
            ("quota", self.quota.unwrap_or(1), 1, u32::MAX),
        ] {
            if !(least..=most).contains(&value) {
                let hint = format!("from {least} to {most}");
                faults.error(key, format!("{value} is out of range"), hint);
            }
        }
        if self.boot_s > LONGEST_BOOT_S {
            let message = format!("a container that boots for {} s fails to start", self.boot_s);
            let hint = "at most 60; a scenario's own `cold_start` may be longer";
            faults.error("boot_s", message, hint);
        }
        if !self.updates_at_s.is_sorted() {
            faults.error("updates_at_s", "the times do not ascend", "in the order of the updates");
        }
    }

    /// What is assumed.
    pub(super) fn assumptions(&self, app: &App) -> Vec<Assumption> {
        let values = serde_json::to_value(self).unwrap_or_default();
        let knobs = WHYS.iter().map(|&(knob, why)| Assumption {
            rule: knob.to_owned(),
            value: values.get(knob).map(Value::to_string).unwrap_or_default(),
            why,
        });
        let fixed = FIXED.iter().map(|&(rule, value, why)| Assumption {
            rule: rule.to_owned(),
            value: value.to_owned(),
            why,
        });
        let acting = app.acting().map(|one| Assumption {
            rule: "scaled_type".into(),
            value: one.container_type.clone(),
            why: "the scenario's service is one process type of the app",
        });
        knobs.chain(fixed).chain(acting).collect()
    }
}
