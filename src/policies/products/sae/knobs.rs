//! The rules no public source settles, each with the default chosen.

use crate::builtin::parts::calendar;
use crate::products::Assumption;
use autosim_engine::fault::Faults;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::native::{Kind, Model};

/// Rules of SAE that its documentation leaves open.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Knobs {
    /// Seconds between evaluations of a metric rule. Default: 15, as the Kubernetes HPA.
    pub eval_period_s: u32,
    /// Window of CPU and MEMORY in seconds. Default: 15, as the metrics server.
    pub resource_window_s: u32,
    /// Whether starting replicas count where a rate or a number of connections is divided. Default: true.
    pub starting_counts: bool,
    /// Dead band around a limit, as a share of it: 0.1 is that of the stock HPA. Default: 0.
    pub tolerance: f64,
    /// What float dust is forgiven before rounding up. Default: 1e-9.
    pub epsilon: f64,
    /// Whether a metric exactly at its limit adds a replica. Default: false, no change.
    pub add_at_limit: bool,
    /// Whether a count out of bounds is moved to the nearest bound before anything else, which ends the
    /// evaluation. Default: true.
    pub correct_bounds_first: bool,
    /// Whether the count found when the rule is enabled is remembered as a recommendation. Default: true.
    pub seed_history: bool,
    /// Whether a metric without data keeps the others from removing replicas. Default: true, as the HPA.
    pub missing_blocks_scale_in: bool,
    /// The unit of time of `step` in seconds. Default: 15, one evaluation.
    pub step_period_s: u32,
    /// The `step` where none is given. Default: none, no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_step: Option<u32>,
    /// What `scaleUpRules.disabled` stops. Default: scale-out.
    pub up_disabled_stops: Stops,
    /// Where days and times of day are. Default: +08:00.
    pub time_zone: String,
    /// Whether a timer still acts on its `endDate`. Default: true.
    pub end_date_inclusive: bool,
    /// Whether a count set by a timer stays over days that do not match and after the end; false: it
    /// goes back to the count found when the rule was enabled. Default: true.
    pub hold_between_days: bool,
    /// Whether a trigger at the very instant of enabling acts. Default: true.
    pub trigger_at_enabling: bool,
    /// Whether the 29th and 30th are skipped in a February without them; false: its last day stands in.
    /// Default: true.
    pub february_skips: bool,
    /// Whether a timing rule ignores the steps of a metric part given with it. Default: true.
    pub timing_ignores_step: bool,
    /// Whether the last special period of a day ends at midnight if the next day does not match; false:
    /// it lasts until the next one begins. Default: true.
    pub special_ends_at_midnight: bool,
    /// Whether `ScalingRuleType` may be left out and follows from what is given. Default: true.
    pub type_may_be_absent: bool,
    /// Whether one of `beginDate` and `endDate` alone is refused. Default: true.
    pub both_dates: bool,
    /// Whether the gap of five minutes holds across midnight for a daily timer. Default: true.
    pub gap_across_midnight: bool,
    /// Whether two timing rules may have triggers at one time. Default: true, the newest wins.
    pub rules_may_share_times: bool,
    /// Whether limits of CPU and MEMORY may not exceed 100. Default: true.
    pub percent_at_most_100: bool,
    /// Whether SLB metrics need project, logstore and port. Default: true.
    pub slb_source_required: bool,
    /// The most instances an application may have; accounts on the whitelist have more. Default: 50.
    pub most_replicas: u32,
    /// Instances the application has when the documents are sent, which `MinReadyInstances` must be below.
    /// Default: as the document's own status says, else not checked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub current_replicas: Option<u32>,
}

/// A direction of scaling.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Stops {
    /// Adding replicas.
    ScaleOut,
    /// Removing replicas, as the text of the reference could be read.
    ScaleIn,
}

impl Default for Knobs {
    fn default() -> Self {
        Self {
            eval_period_s: 15,
            resource_window_s: 15,
            starting_counts: true,
            tolerance: 0.0,
            epsilon: 1e-9,
            add_at_limit: false,
            correct_bounds_first: true,
            seed_history: true,
            missing_blocks_scale_in: true,
            step_period_s: 15,
            default_step: None,
            up_disabled_stops: Stops::ScaleOut,
            time_zone: "+08:00".into(),
            end_date_inclusive: true,
            hold_between_days: true,
            trigger_at_enabling: true,
            february_skips: true,
            timing_ignores_step: true,
            special_ends_at_midnight: true,
            type_may_be_absent: true,
            both_dates: true,
            gap_across_midnight: true,
            rules_may_share_times: true,
            percent_at_most_100: true,
            slb_source_required: true,
            most_replicas: 50,
            current_replicas: None,
        }
    }
}

impl Knobs {
    pub(super) fn check(&self, faults: &mut Faults) {
        for (key, seconds) in [
            ("eval_period_s", self.eval_period_s),
            ("resource_window_s", self.resource_window_s),
            ("step_period_s", self.step_period_s),
        ] {
            if !(1..=86_400).contains(&seconds) {
                faults.error(key, format!("{seconds} s"), "give 1 to 86400 seconds");
            }
        }
        for (key, value) in [("tolerance", self.tolerance), ("epsilon", self.epsilon)] {
            if !(0.0..1.0).contains(&value) {
                faults.error(key, format!("{value} is no small share"), "give 0 or more, below 1");
            }
        }
        for (key, count) in [
            ("default_step", self.default_step.unwrap_or(1)),
            ("most_replicas", self.most_replicas),
            ("current_replicas", self.current_replicas.unwrap_or(1)),
        ] {
            if count == 0 {
                faults.error(key, "0 replicas", "give 1 or more");
            }
        }
        if calendar::time_zone(&self.time_zone).is_none() {
            let hint = "an offset such as \"+08:00\" or a name such as \"Asia/Shanghai\"";
            faults.error("time_zone", format!("there is no time zone `{}`", self.time_zone), hint);
        }
    }

    /// Those that bear on the rules in force.
    pub(super) fn assumptions(&self, model: &Model) -> Vec<Assumption> {
        let mut found = Vec::new();
        let mut assume = |rule: &str, value: String, why: &'static str| {
            found.push(Assumption { rule: rule.into(), value, why });
        };
        if model.enabled().any(|rule| rule.timer.is_some() && rule.kind != Kind::Metric) {
            assume("time_zone", self.time_zone.clone(), "documented for days, not for times");
            assume("end_date_inclusive", self.end_date_inclusive.to_string(), "not documented");
            assume("trigger_at_enabling", self.trigger_at_enabling.to_string(), "not past yet");
            assume("february_skips", self.february_skips.to_string(), "as documented for the 31st");
        }
        if model.enabled().any(|rule| rule.kind == Kind::Timing) {
            assume("hold_between_days", self.hold_between_days.to_string(), "nothing reverts it");
            assume("timing_ignores_step", self.timing_ignores_step.to_string(), "of metric rules");
        }
        if model.rules.iter().any(|rule| rule.kind_inferred) {
            assume("type_may_be_absent", self.type_may_be_absent.to_string(), "older SDKs lack it");
        }
        if let Some((rule, metric)) = model.elastic() {
            if rule.kind == Kind::Mix {
                let value = self.special_ends_at_midnight.to_string();
                assume("special_ends_at_midnight", value, "the API has starts only");
            }
            self.of_metrics(&mut assume);
            if metric.up.step.is_none() || metric.down.step.is_none() {
                let step = self.default_step.map_or("unlimited".into(), |step| step.to_string());
                assume("default_step", step, "not documented; samples show 100");
            }
            if metric.up.disabled {
                let stops = match self.up_disabled_stops {
                    Stops::ScaleOut => "scale-out",
                    Stops::ScaleIn => "scale-in",
                };
                assume("up_disabled_stops", stops.into(), "described for scale-in only");
            }
        }
        found
    }

    fn of_metrics(&self, assume: &mut impl FnMut(&str, String, &'static str)) {
        const HPA: &str = "the rule's events are those of the Kubernetes HPA";
        assume("eval_period_s", self.eval_period_s.to_string(), HPA);
        assume("resource_window_s", self.resource_window_s.to_string(), "the metrics server's");
        assume("starting_counts", self.starting_counts.to_string(), HPA);
        assume("tolerance", self.tolerance.to_string(), "the status sample shows none");
        assume("epsilon", format!("{:e}", self.epsilon), "the formula is one of exact numbers");
        assume("add_at_limit", self.add_at_limit.to_string(), "the formula wants no change there");
        assume("correct_bounds_first", self.correct_bounds_first.to_string(), HPA);
        assume("seed_history", self.seed_history.to_string(), HPA);
        assume("missing_blocks_scale_in", self.missing_blocks_scale_in.to_string(), HPA);
        assume("step_period_s", self.step_period_s.to_string(), "one evaluation");
    }
}
