//! The platform's refusals, word for word, and members found whatever their case.

use super::knobs::Knobs;
use crate::products::{DocumentFault, DocumentFaults};
use serde_json::{Map, Value};

pub(super) const NAME_EXISTS: (&str, &str) =
    ("InstanceExist.ScalingRuleName", "The specified ScalingRuleName already exists.");
pub(super) const NAME_NOT_FOUND: (&str, &str) =
    ("InvalidScalingRuleName.NotFound", "The specified ScalingRuleName does not exist.");
pub(super) const TOO_MANY_RULES: (&str, &str) =
    ("QuotaExceeded.ScalingRule", "The maximum number of application scaling rules is exceeded.");
pub(super) const TOO_MANY_TIMES: (&str, &str) = (
    "QuotaExceeded.ScalingRuleTime",
    "The maximum number of scaling policy trigger time is exceeded.",
);
pub(super) const BEGIN_AFTER_END: (&str, &str) = (
    "InvalidScalingRuleDate.BeginAfterEnd",
    "The specified beginning time is later than the ending time.",
);
pub(super) const DATE_FORMAT: (&str, &str) =
    ("InvalidScalingRuleDate.Format", "The specified date is invalid.");
pub(super) const TIME_FORMAT: (&str, &str) =
    ("InvalidScalingRuleTime.Format", "The specified time is invalid.");
pub(super) const TIME_CONFLICT: (&str, &str) = (
    "InvalidScalingRuleTime.Conflict",
    "The specified scaling rule time is invalid. Another schedule has been set for the specified time \
     range. Please set a different time.",
);
pub(super) const MIN_READY: (&str, &str) = (
    "MinReadyInstances.Not.Smaller.Replicas",
    "The minimum number of available instances must be less than the number of application instances.",
);
pub(super) const MIN_READY_RATIO: (&str, &str) = (
    "MinReadyInstanceRatio.Invalid",
    "The ratio of minimum available instances must be between 0 and 100.",
);

/// Walks a document; every refusal is HTTP 400.
pub(super) struct Checker<'a> {
    pub(super) knobs: &'a Knobs,
    pub(super) strict: bool,
    pub(super) faults: &'a mut DocumentFaults,
}

impl Checker<'_> {
    /// A refusal with a message of its own.
    pub(super) fn refuse(
        &mut self,
        path: &str,
        field: &str,
        (code, message): (&str, &str),
        remedy: impl Into<String>,
    ) {
        let fault = DocumentFault::error(code, Some(400), field, message, remedy);
        self.faults.add(path, fault);
    }

    /// A member is missing.
    pub(super) fn missing(&mut self, path: &str, field: &str, remedy: impl Into<String>) {
        let message = format!("You must specify the parameter {field}.");
        self.refuse(path, field, ("InvalidParameter.NotEmpty", &message), remedy);
    }

    /// A member is of the wrong kind.
    pub(super) fn obviously(&mut self, path: &str, field: &str, remedy: impl Into<String>) {
        let message = format!("The specified parameter is invalid {{{field}}}.");
        self.refuse(path, field, ("InvalidParameter.Obviously", &message), remedy);
    }

    /// A member is out of range or contradicts another.
    pub(super) fn with_message(&mut self, path: &str, field: &str, why: &str, remedy: &str) {
        let message = format!("The parameter is invalid {{{field}}}: {why}");
        self.refuse(path, field, ("InvalidParameter.WithMessage", &message), remedy);
    }

    pub(super) fn warn(&mut self, path: &str, message: impl Into<String>, remedy: &str) {
        self.faults.add(path, DocumentFault::warning(message, remedy));
    }

    /// What the platform lets pass: a warning, or when strict a refusal.
    pub(super) fn kindness(&mut self, path: &str, field: &str, message: String, remedy: &str) {
        if self.strict {
            self.obviously(path, field, format!("{message}; {remedy}"));
        } else {
            self.warn(path, message, remedy);
        }
    }

    /// The members of an object. Keys that are twice there but for their case are refused; those not in
    /// `known` are reported.
    pub(super) fn members<'v>(
        &mut self,
        place: &Place<'v>,
        field: &str,
        known: &[&str],
    ) -> Option<Members<'v>> {
        let Some(map) = place.value.as_object() else {
            self.obviously(&place.path, field, "an object in JSON");
            return None;
        };
        let members = Members { path: place.path.clone(), map };
        let mut seen: Vec<String> = Vec::new();
        for key in map.keys() {
            let path = members.below(key);
            let small = key.to_ascii_lowercase();
            if seen.contains(&small) {
                self.obviously(&path, key, "the same member is there twice: leave one of them out");
                continue;
            }
            seen.push(small);
            match known.iter().find(|name| name.eq_ignore_ascii_case(key)) {
                Some(name) if name[1..] == key[1..] => {}
                Some(name) => {
                    let message = format!("`{key}` is written `{name}`");
                    self.kindness(
                        &path,
                        key,
                        message,
                        "the platform's documents differ in case too",
                    );
                }
                None => {
                    let message = format!("`{key}` is no member the API documents");
                    self.kindness(&path, key, message, "it has no effect here");
                }
            }
        }
        Some(members)
    }

    /// A whole number.
    pub(super) fn integer(&mut self, member: &Member<'_>) -> Option<i64> {
        let number = member.value.as_i64();
        if number.is_none() {
            self.obviously(&member.path, member.name, "a whole number");
        }
        number
    }

    /// A whole number, or a text that holds one.
    pub(super) fn integer_or_text(&mut self, member: &Member<'_>) -> Option<i64> {
        match member.value.as_str().map(str::parse) {
            Some(Ok(number)) => Some(number),
            _ => self.integer(member),
        }
    }

    pub(super) fn boolean(&mut self, member: &Member<'_>) -> Option<bool> {
        let value = member.value.as_bool();
        if value.is_none() {
            self.obviously(&member.path, member.name, "true or false");
        }
        value
    }

    pub(super) fn text<'v>(&mut self, member: &Member<'v>) -> Option<&'v str> {
        let text = member.value.as_str();
        if text.is_none() {
            self.obviously(&member.path, member.name, "a text");
        }
        text
    }

    /// A number of replicas: from 1 to the quota of an application.
    pub(super) fn replicas(&mut self, member: &Member<'_>) -> Option<u32> {
        let number = self.integer(member)?;
        let most = self.knobs.most_replicas;
        if number < 1 {
            let remedy = format!("give a number from 1 to {most}");
            self.with_message(&member.path, member.name, "it must be at least 1", &remedy);
            return None;
        }
        let count = u32::try_from(number).ok().filter(|count| *count <= most);
        if count.is_none() {
            let message = format!(
                "You can create {most} instances for each application. Please submit a ticket to raise \
                 the quota."
            );
            let code = ("NoComputeResourceQuota.App.Exceed", message.as_str());
            let remedy = format!("give at most {most}, or set the knob `most_replicas`");
            self.refuse(&member.path, member.name, code, remedy);
        }
        count
    }
}

/// A value and where it was: keys from the document's root joined by dots, as typed.
#[derive(Debug, Clone)]
pub(super) struct Place<'v> {
    pub(super) path: String,
    pub(super) value: &'v Value,
}

/// The members of an object, whatever their case.
pub(super) struct Members<'v> {
    pub(super) path: String,
    pub(super) map: &'v Map<String, Value>,
}

/// One of them; `name` as documented, `path` as typed.
pub(super) struct Member<'v> {
    pub(super) path: String,
    pub(super) name: &'static str,
    pub(super) value: &'v Value,
}

impl<'v> Members<'v> {
    pub(super) fn below(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    /// The member called `name`; null is as good as absent.
    pub(super) fn get(&self, name: &'static str) -> Option<Member<'v>> {
        let (key, value) = find(self.map, name)?;
        Some(Member { path: self.below(key), name, value })
    }
}

impl<'v> Member<'v> {
    pub(super) fn place(&self) -> Place<'v> {
        Place { path: self.path.clone(), value: self.value }
    }
}

/// A member by its name whatever its case, with the key as typed; null is as good as absent.
pub(super) fn find<'v>(map: &'v Map<String, Value>, name: &str) -> Option<(&'v str, &'v Value)> {
    let (key, value) = map.iter().find(|(key, _)| key.eq_ignore_ascii_case(name))?;
    (!value.is_null()).then_some((key.as_str(), value))
}
