//! The platform's words for what is wrong - an argument, a reason, a help message - and its own kinds of
//! values.

use super::knobs::Ids;
use crate::products::reader::nearest;
use crate::products::{Dialect, DocumentFault, Kind, Member, Members, Place, Words, Wrong};
use autosim_engine::fault::Severity;
use autosim_engine::units::Span;
use serde_json::Value;

/// The reasons the platform gives for an argument it does not take, with the phrases of its own clients.
pub(super) const REASONS: [(&str, &str); 4] = [
    (REQUIRED, "is required"),
    (FORMAT, "is wrongly formatted"),
    (CONSTRAINT, "does not respect constraint"),
    (UNKNOWN, "is invalid for unexpected reason"),
];
pub(super) const REQUIRED: &str = "required";
pub(super) const FORMAT: &str = "format";
pub(super) const CONSTRAINT: &str = "constraint";
pub(super) const UNKNOWN: &str = "unknown";

/// How a body is read.
#[derive(Debug, Clone, Copy)]
pub struct V1Alpha1 {
    /// Only what is there is looked at: an update.
    pub(super) update: bool,
    pub(super) ids: Ids,
}

pub(super) type One<'r> = Member<'r, V1Alpha1>;
pub(super) type Object<'r> = Members<'r, V1Alpha1>;

impl Dialect for V1Alpha1 {
    const PLACES: &'static [(&'static str, &'static str)] = &[
        ("`capacity`", "max_replicas min_replicas cooldown_delay"),
        ("`loadbalancer`", "backend_ids"),
        (
            "`metric`",
            "managed_metric cockpit_metric_name operator aggregate sampling_range_min threshold",
        ),
        ("a group", "template_id capacity loadbalancer"),
        ("a policy", "metric action type value priority instance_group_id"),
        ("a template", "commercial_type image_id cloud_init volumes private_network_ids"),
    ];

    fn fault(&self, at: &Place<'_>, wrong: Wrong<'_>, help: &str) -> DocumentFault {
        let (code, phrase) = REASONS[match wrong {
            Wrong::Missing => 0,
            Wrong::Not(_) => 1,
            Wrong::Because(_) => 2,
            Wrong::Twice | Wrong::Own(..) => 3,
        }];
        let message = format!("{} {phrase}, {help}", at.field);
        DocumentFault::error(code, Some(400), &at.field, message, help)
    }

    fn unknown(&self, key: &str, known: &str) -> (String, String) {
        let help = match nearest(key, known, 2) {
            Some(name) => format!("there is no such member; there is `{name}`"),
            None => "there is no such member".to_owned(),
        };
        (format!("`{key}` is not a member of v1alpha1"), help)
    }

    fn is_blank(&self, value: &Value) -> bool {
        value.as_str() == Some("")
    }

    /// Clients write null, or an empty word, for what an update leaves alone; a name cannot be empty.
    fn may_lack(&self, name: &str, typed: bool) -> bool {
        self.update && !(typed && name == "name")
    }

    /// A number without sign or fraction.
    fn whole(&self, value: &Value) -> Option<i64> {
        let integral = |number: &f64| number.fract() == 0.0 && (0.0..9.2e18).contains(number);
        let whole = value.as_i64().filter(|number| *number >= 0);
        whole.or_else(|| value.as_f64().filter(integral).map(|number| number as i64))
    }
}

/// A whole number of 32 bits without sign, at least `least`.
pub(super) fn count(member: One<'_>, least: u32) -> Option<u32> {
    let member = member.hint("a whole number, 0 to 4294967295");
    let whole = |value| u32::try_from(member.reader.dialect.whole(value)?).ok();
    let count = member.read(Kind::Whole, whole)?;
    if count < least {
        let help = format!("at least {least}");
        member.refuse(Wrong::Because(&help), &help);
        return None;
    }
    Some(count)
}

/// A number that 32 bits can hold.
pub(super) fn float(member: &One<'_>) -> Option<f64> {
    let number = member.present(Kind::Number)?.as_f64();
    let number = number.filter(|number| (*number as f32).is_finite());
    if number.is_none() {
        member.refuse(Wrong::Not(Kind::Number), "a finite number of 32 bits");
    }
    number
}

/// A word of an enumeration; an empty one is none, and `unknown` stands for no choice.
pub(super) fn word<W: Words>(member: One<'_>, unknown: &str) -> Option<W> {
    let help = format!("one of {}", W::list());
    let member = member.hint(help.clone());
    let word = member.present(Kind::Text)?.as_str();
    let found = word.and_then(W::named);
    if found.is_none() && word != Some("") {
        let wrong =
            if word == Some(unknown) { Wrong::Because(&help) } else { Wrong::Not(Kind::Text) };
        member.refuse(wrong, &help);
    }
    found
}

/// An identifier.
pub(super) fn id(member: One<'_>) {
    let ids = member.reader.dialect.ids;
    let is_id = |text: &&str| is_uuid(text) || ids == Ids::Lenient && is_placeholder(text);
    member.hint("a UUID").read(Kind::Text, |value| value.as_str().filter(is_id));
}

/// A list, each item of which `one` reads; `each` is what they should be.
pub(super) fn list<'r>(member: One<'r>, each: &str, one: impl Fn(One<'r>)) {
    let items = member.hint(format!("a list, each {each}")).items();
    items.into_iter().flatten().for_each(one);
}

/// A length of time, `"300s"`. A number of seconds without its `s` is taken as the platform's client
/// takes it.
pub(super) fn duration(member: One<'_>) -> Option<Span> {
    let help = "seconds as a text, such as \"300s\"";
    let member = member.hint(help);
    let Duration { negative, unit, length } =
        member.read(Kind::Text, |value| Duration::parse(value.as_str()?))?;
    if negative {
        let help = "it cannot be negative";
        member.refuse(Wrong::Because(help), help);
        return None;
    }
    if !unit && member.reader.strict {
        member.refuse(Wrong::Not(Kind::Text), help);
        return None;
    }
    if !unit {
        member.warn("a length without its unit is taken as seconds", help);
    }
    Some(length)
}

/// A length of time as the platform writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Duration {
    negative: bool,
    pub(super) unit: bool,
    length: Span,
}

impl Duration {
    /// Digits, at most nine more after a point, `s`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let unsigned = text.strip_prefix('-');
        let rest = unsigned.unwrap_or(text);
        let without_unit = rest.strip_suffix('s');
        let digits = without_unit.unwrap_or(rest);
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
        let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        if !all_digits(whole) || !all_digits(fraction) || fraction.len() > 9 {
            return None;
        }
        let nanoseconds: u64 = format!("{fraction:0<9}").parse().ok()?;
        let length = Span::from_secs(whole.parse().ok()?) + Span(nanoseconds);
        let negative = unsigned.is_some() && !length.is_zero();
        Some(Self { negative, unit: without_unit.is_some(), length })
    }
}

pub(super) fn is_uuid(text: &str) -> bool {
    let groups: Vec<&str> = text.split('-').collect();
    let hexadecimal = groups.iter().all(|group| group.bytes().all(|b| b.is_ascii_hexdigit()));
    hexadecimal && groups.iter().map(|group| group.len()).eq([8, 4, 4, 4, 12])
}

/// What documentation writes in place of an identifier: `<NAME>`, or a variable of a shell.
fn is_placeholder(text: &str) -> bool {
    let angled = text.len() > 2 && text.starts_with('<') && text.ends_with('>');
    let starts_name =
        |rest: &str| rest.starts_with(|c: char| c.is_alphabetic() || "_{".contains(c));
    angled || text.split('$').skip(1).any(starts_name)
}

/// Whether a fault is an error.
pub(super) fn is_error(fault: &DocumentFault) -> bool {
    fault.severity == Severity::Error
}
