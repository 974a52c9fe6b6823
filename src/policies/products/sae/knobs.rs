//! The rules no public source settles, each with the default chosen.

use super::native::{Kind, Model};
use crate::builtin::parts::calendar;
use crate::products::Assumption;
use crate::products::knobs::{self, check_ranges, choices};

const HPA: &str = "the rule's events are those of the Kubernetes HPA";
const DAY_S: u32 = 86_400;

knobs::knobs! {
/// Rules of SAE that its documentation leaves open.
pub struct Knobs {
    /// Seconds between evaluations of a metric rule. Default: 15, as the Kubernetes HPA.
    eval_period_s: u32 = 15, HPA;
    /// Window of CPU and MEMORY in seconds. Default: 15, as the metrics server.
    resource_window_s: u32 = 15, "the metrics server's";
    /// Whether starting replicas count where a rate or a number of connections is divided. Default: true.
    starting_counts: bool = true, HPA;
    /// Dead band around a limit, as a share of it: 0.1 is that of the stock HPA. Default: 0.
    tolerance: f64 = 0.0, "the status sample shows none";
    /// What float dust is forgiven before rounding up. Default: 1e-9.
    epsilon: f64 = 1e-9, "the formula is one of exact numbers";
    /// Whether a metric exactly at its limit adds a replica. Default: false, no change.
    add_at_limit: bool = false, "the formula wants no change there";
    /// Whether a count out of bounds is moved to the nearest bound before anything else, which ends the
    /// evaluation. Default: true.
    correct_bounds_first: bool = true, HPA;
    /// Whether the count found when the rule is enabled is remembered as a recommendation. Default: true.
    seed_history: bool = true, HPA;
    /// Whether a metric without data keeps the others from removing replicas. Default: true, as the HPA.
    missing_blocks_scale_in: bool = true, HPA;
    /// The unit of time of `step` in seconds. Default: 15, one evaluation.
    step_period_s: u32 = 15, "one evaluation";
    /// The `step` where none is given. Default: none, no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    default_step: Option<u32> = None, "not documented; samples show 100";
    /// What `scaleUpRules.disabled` stops. Default: scale-out.
    up_disabled_stops: Stops = Stops::ScaleOut, "described for scale-in only";
    /// Where days and times of day are. Default: +08:00.
    time_zone: String = "+08:00".into(), "documented for days, not for times";
    /// Whether a timer still acts on its `endDate`. Default: true.
    end_date_inclusive: bool = true, "not documented";
    /// Whether a count set by a timer stays over days that do not match and after the end; false: it
    /// goes back to the count found when the rule was enabled. Default: true.
    hold_between_days: bool = true, "nothing reverts it";
    /// Whether a trigger at the very instant of enabling acts. Default: true.
    trigger_at_enabling: bool = true, "not past yet";
    /// Whether the 29th and 30th are skipped in a February without them; false: its last day stands in.
    /// Default: true.
    february_skips: bool = true, "as documented for the 31st";
    /// Whether a timing rule ignores the steps of a metric part given with it. Default: true.
    timing_ignores_step: bool = true, "of metric rules";
    /// Whether the last special period of a day ends at midnight if the next day does not match; false:
    /// it lasts until the next one begins. Default: true.
    special_ends_at_midnight: bool = true, "the API has starts only";
    /// Whether `ScalingRuleType` may be left out and follows from what is given. Default: true.
    type_may_be_absent: bool = true, "older SDKs lack it";
    /// Whether one of `beginDate` and `endDate` alone is refused. Default: true.
    both_dates: bool = true;
    /// Whether the gap of five minutes holds across midnight for a daily timer. Default: true.
    gap_across_midnight: bool = true;
    /// Whether two timing rules may have triggers at one time. Default: true, the newest wins.
    rules_may_share_times: bool = true;
    /// Whether limits of CPU and MEMORY may not exceed 100. Default: true.
    percent_at_most_100: bool = true;
    /// Whether SLB metrics need project, logstore and port. Default: true.
    slb_source_required: bool = true;
    /// The most instances an application may have; accounts on the whitelist have more. Default: 50.
    most_replicas: u32 = 50;
    /// Instances the application has when the documents are sent, which `MinReadyInstances` must be below.
    /// Default: as the document's own status says, else not checked.
    #[serde(skip_serializing_if = "Option::is_none")]
    current_replicas: Option<u32> = None;
} check(self, faults) {
    check_ranges(faults, &[
        ("eval_period_s", self.eval_period_s, 1..=DAY_S),
        ("resource_window_s", self.resource_window_s, 1..=DAY_S),
        ("step_period_s", self.step_period_s, 1..=DAY_S),
        ("default_step", self.default_step.unwrap_or(1), 1..=u32::MAX),
        ("most_replicas", self.most_replicas, 1..=u32::MAX),
        ("current_replicas", self.current_replicas.unwrap_or(1), 1..=u32::MAX),
    ]);
    for (key, value) in [("tolerance", self.tolerance), ("epsilon", self.epsilon)] {
        if !(0.0..1.0).contains(&value) {
            faults.error(key, format!("{value} is no small share"), "give 0 or more, below 1");
        }
    }
    if calendar::time_zone(&self.time_zone).is_none() {
        let hint = "an offset such as \"+08:00\" or a name such as \"Asia/Shanghai\"";
        faults.error("time_zone", format!("there is no time zone `{}`", self.time_zone), hint);
    }
}
}

choices! { "kebab-case":
    /// A direction of scaling.
    Stops {
        /// Adding replicas.
        ScaleOut,
        /// Removing replicas, as the text of the reference could be read.
        ScaleIn,
    }
}

impl Knobs {
    /// Those that bear on the rules in force.
    pub(super) fn assumptions(&self, model: &Model) -> Vec<Assumption> {
        let elastic = model.elastic();
        let holds = |assumption: &Assumption| match assumption.rule.as_str() {
            "time_zone" | "end_date_inclusive" | "trigger_at_enabling" | "february_skips" => {
                model.enabled().any(|rule| rule.timer.is_some() && rule.kind != Kind::Metric)
            }
            "hold_between_days" | "timing_ignores_step" => {
                model.enabled().any(|rule| rule.kind == Kind::Timing)
            }
            "type_may_be_absent" => model.rules.iter().any(|rule| rule.kind_inferred),
            "special_ends_at_midnight" => elastic.is_some_and(|(rule, _)| rule.kind == Kind::Mix),
            "default_step" => elastic
                .is_some_and(|(_, metric)| metric.up.step.is_none() || metric.down.step.is_none()),
            "up_disabled_stops" => elastic.is_some_and(|(_, metric)| metric.up.disabled),
            _ => elastic.is_some(),
        };
        knobs::assumptions(self, &[]).into_iter().filter(holds).collect()
    }
}
