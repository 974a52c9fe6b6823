//! The platform's refusals, word for word; every one is HTTP 400.

use super::knobs::Knobs;
use crate::products::{Dialect, DocumentFault, Kind, Member, Members, Place, Wrong};

pub(super) const NAME_EXISTS: Wrong<'_> =
    Wrong::Own("InstanceExist.ScalingRuleName", "The specified ScalingRuleName already exists.");
pub(super) const NAME_NOT_FOUND: Wrong<'_> =
    Wrong::Own("InvalidScalingRuleName.NotFound", "The specified ScalingRuleName does not exist.");
pub(super) const TOO_MANY_RULES: Wrong<'_> = Wrong::Own(
    "QuotaExceeded.ScalingRule",
    "The maximum number of application scaling rules is exceeded.",
);
pub(super) const TOO_MANY_TIMES: Wrong<'_> = Wrong::Own(
    "QuotaExceeded.ScalingRuleTime",
    "The maximum number of scaling policy trigger time is exceeded.",
);
pub(super) const BEGIN_AFTER_END: Wrong<'_> = Wrong::Own(
    "InvalidScalingRuleDate.BeginAfterEnd",
    "The specified beginning time is later than the ending time.",
);
pub(super) const DATE_FORMAT: Wrong<'_> =
    Wrong::Own("InvalidScalingRuleDate.Format", "The specified date is invalid.");
pub(super) const TIME_FORMAT: Wrong<'_> =
    Wrong::Own("InvalidScalingRuleTime.Format", "The specified time is invalid.");
pub(super) const TIME_CONFLICT: Wrong<'_> = Wrong::Own(
    "InvalidScalingRuleTime.Conflict",
    "The specified scaling rule time is invalid. Another schedule has been set for the specified time \
     range. Please set a different time.",
);
pub(super) const MIN_READY: Wrong<'_> = Wrong::Own(
    "MinReadyInstances.Not.Smaller.Replicas",
    "The minimum number of available instances must be less than the number of application instances.",
);
pub(super) const MIN_READY_RATIO: Wrong<'_> = Wrong::Own(
    "MinReadyInstanceRatio.Invalid",
    "The ratio of minimum available instances must be between 0 and 100.",
);

/// A member of a document.
pub(super) type One<'r> = Member<'r, Api2019>;
/// An object of a document.
pub(super) type Object<'r> = Members<'r, Api2019>;

/// SAE's words, and the knobs that say what it accepts.
#[derive(Debug)]
pub struct Api2019 {
    pub(super) knobs: Knobs,
}

impl Dialect for Api2019 {
    const ANY_CASE: bool = true;
    const PLACES: &'static [(&'static str, &'static str)] = &[
        (
            "the request itself",
            "AppId ScalingRuleName ScalingRuleType ScalingRuleTimer ScalingRuleMetric \
             ScalingRuleEnable MinReadyInstances MinReadyInstanceRatio EnableIdle",
        ),
        ("`ScalingRuleTimer`", "beginDate endDate period schedules"),
        ("an entry of `schedules`", "atTime targetReplicas"),
        ("`ScalingRuleMetric`", "metrics scaleUpRules scaleDownRules"),
        ("an entry of `metrics`", "metricType metricTargetAverageUtilization"),
        ("`scaleUpRules` or `scaleDownRules`", "step disabled stabilizationWindowSeconds"),
    ];

    fn fault(&self, at: &Place<'_>, wrong: Wrong<'_>, help: &str) -> DocumentFault {
        let field = at.name;
        let obviously = || format!("The specified parameter is invalid {{{field}}}.");
        let (code, message) = match wrong {
            Wrong::Missing => {
                ("InvalidParameter.NotEmpty", format!("You must specify the parameter {field}."))
            }
            Wrong::Not(_) | Wrong::Twice => ("InvalidParameter.Obviously", obviously()),
            Wrong::Because(why) => (
                "InvalidParameter.WithMessage",
                format!("The parameter is invalid {{{field}}}: {why}"),
            ),
            Wrong::Own(code, message) => (code, message.to_owned()),
        };
        DocumentFault::error(code, Some(400), field, message, help)
    }

    fn in_warnings<'p>(&self, _: &'p Place<'_>) -> &'p str {
        ""
    }

    fn unknown(&self, key: &str, _: &str) -> (String, String) {
        (format!("`{key}` is no member the API documents"), "it has no effect here".to_owned())
    }

    fn help(&self, kind: Kind) -> &'static str {
        if kind == Kind::Object { "an object in JSON" } else { kind.plain() }
    }

    /// Documents differ in the case of a first letter, which says nothing.
    fn respelt(&self, key: &str, name: &str) -> Option<(String, String)> {
        let remedy = "the platform's documents differ in case too".to_owned();
        (name[1..] != key[1..]).then(|| (format!("`{key}` is written `{name}`"), remedy))
    }
}

/// A whole number, or a text that holds one.
pub(super) fn integer_or_text(member: &One<'_>) -> Option<i64> {
    match member.value.and_then(|value| value.as_str()).map(str::parse) {
        Some(Ok(number)) => Some(number),
        _ => member.whole(),
    }
}

/// A number of replicas: from 1 to the quota of an application.
pub(super) fn replicas(member: &One<'_>) -> Option<u32> {
    let number = member.whole()?;
    let most = member.reader.dialect.knobs.most_replicas;
    if number < 1 {
        let remedy = format!("give a number from 1 to {most}");
        member.refuse(Wrong::Because("it must be at least 1"), &remedy);
        return None;
    }
    let count = u32::try_from(number).ok().filter(|count| *count <= most);
    if count.is_none() {
        let message = format!(
            "You can create {most} instances for each application. Please submit a ticket to raise the \
             quota."
        );
        let wrong = Wrong::Own("NoComputeResourceQuota.App.Exceed", &message);
        member.refuse(wrong, &format!("give at most {most}, or set the knob `most_replicas`"));
    }
    count
}
