//! The members of one object of a body, read one by one; whatever is wrong is told as the platform
//! tells it: an argument, a reason, a help message.

use super::knobs::Ids;
use super::native::Words;
use crate::products::{DocumentFault, DocumentFaults};
use autosim_engine::fault::Severity;
use autosim_engine::units::Span;
use serde_json::{Map, Value};

/// The reasons the platform gives for an argument it does not take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reason {
    Required,
    Format,
    Constraint,
    Unknown,
}

impl Reason {
    pub(super) const fn code(self) -> &'static str {
        match self {
            Self::Required => "required",
            Self::Format => "format",
            Self::Constraint => "constraint",
            Self::Unknown => "unknown",
        }
    }

    /// As the platform's own clients put it.
    const fn phrase(self) -> &'static str {
        match self {
            Self::Required => "is required",
            Self::Format => "is wrongly formatted",
            Self::Constraint => "does not respect constraint",
            Self::Unknown => "is invalid for unexpected reason",
        }
    }

    pub(super) fn of_code(code: &str) -> Option<Self> {
        let all = [Self::Required, Self::Format, Self::Constraint, Self::Unknown];
        all.into_iter().find(|reason| reason.code() == code)
    }
}

/// How a body is read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Manner {
    /// Only what is there is looked at: an update.
    pub(super) update: bool,
    pub(super) strict: bool,
    pub(super) ids: Ids,
}

/// One object and how to read it; the path to it is kept by the faults.
#[derive(Clone, Copy)]
pub(super) struct Members<'a> {
    object: &'a Map<String, Value>,
    manner: Manner,
}

impl<'a> Members<'a> {
    pub(super) const fn new(object: &'a Map<String, Value>, manner: Manner) -> Self {
        Self { object, manner }
    }

    pub(super) const fn is_update(&self) -> bool {
        self.manner.update
    }

    /// Refuses the member `key` (empty: the object itself). What is not there is placed at the object.
    pub(super) fn refuse(
        &self,
        faults: &mut DocumentFaults,
        key: &str,
        reason: Reason,
        help: &str,
    ) {
        let field = faults.path_to(key);
        let at = if self.object.contains_key(key) { key } else { "" };
        let message = format!("{field} {}, {help}", reason.phrase());
        faults.add(at, DocumentFault::error(reason.code(), Some(400), field, message, help));
    }

    fn warn(&self, faults: &mut DocumentFaults, key: &str, message: &str, remedy: &str) {
        let field = faults.path_to(key);
        faults.add(key, DocumentFault { field, ..DocumentFault::warning(message, remedy) });
    }

    /// The member, if it is there and not null.
    pub(super) fn get(&self, key: &str) -> Option<&'a Value> {
        self.object.get(key).filter(|value| !value.is_null())
    }

    /// The member; refused as lacking if it is absent or empty, unless this is an update.
    fn required(&self, faults: &mut DocumentFaults, key: &str, help: &str) -> Option<&'a Value> {
        let found = self.get(key).filter(|value| value.as_str() != Some(""));
        // Clients write null, or an empty word, for what an update leaves alone; a name cannot be empty.
        let left_alone = self.manner.update && (self.get(key).is_none() || key != "name");
        if found.is_none() && !left_alone {
            self.refuse(faults, key, Reason::Required, help);
        }
        found
    }

    /// Members nobody knows: a warning, an error when strict. Texts and numbers are named, not dropped.
    pub(super) fn known(&self, faults: &mut DocumentFaults, known: &[&str]) {
        for key in self.object.keys().filter(|key| !known.contains(&key.as_str())) {
            let near = known.iter().find(|name| strsim::damerau_levenshtein(name, key) <= 2);
            let help = match near {
                Some(name) => format!("there is no such member; there is `{name}`"),
                None => "there is no such member".to_owned(),
            };
            if self.manner.strict {
                self.refuse(faults, key, Reason::Unknown, &help);
            } else {
                self.warn(faults, key, &format!("`{key}` is not a member of v1alpha1"), &help);
            }
        }
    }

    /// A text that is not empty.
    pub(super) fn text(&self, faults: &mut DocumentFaults, key: &str) -> Option<String> {
        let value = self.required(faults, key, "a text")?;
        self.as_text(faults, key, value)
    }

    /// A text, if it is there.
    pub(super) fn optional_text(&self, faults: &mut DocumentFaults, key: &str) -> Option<String> {
        self.get(key).and_then(|value| self.as_text(faults, key, value))
    }

    fn as_text(&self, faults: &mut DocumentFaults, key: &str, value: &Value) -> Option<String> {
        if value.as_str().is_none() {
            self.refuse(faults, key, Reason::Format, "a text");
        }
        value.as_str().map(str::to_owned)
    }

    /// True or false, if it is there.
    pub(super) fn flag(&self, faults: &mut DocumentFaults, key: &str) {
        if self.get(key).is_some_and(|value| !value.is_boolean()) {
            self.refuse(faults, key, Reason::Format, "true or false");
        }
    }

    /// A whole number of 32 bits without sign, at least `least`.
    pub(super) fn count(&self, faults: &mut DocumentFaults, key: &str, least: u32) -> Option<u32> {
        self.required(faults, key, "a whole number, 0 to 4294967295")?;
        self.optional_count(faults, key, least)
    }

    pub(super) fn optional_count(
        &self,
        faults: &mut DocumentFaults,
        key: &str,
        least: u32,
    ) -> Option<u32> {
        let value = self.get(key)?;
        let Some(count) = whole(value).and_then(|count| u32::try_from(count).ok()) else {
            self.refuse(faults, key, Reason::Format, "a whole number, 0 to 4294967295");
            return None;
        };
        if count < least {
            self.refuse(faults, key, Reason::Constraint, &format!("at least {least}"));
            return None;
        }
        Some(count)
    }

    /// A size in bytes.
    pub(super) fn size(&self, faults: &mut DocumentFaults, key: &str, required: bool) {
        if required && self.required(faults, key, "a size in bytes").is_none() {
            return;
        }
        if self.get(key).is_some_and(|value| whole(value).is_none()) {
            self.refuse(faults, key, Reason::Format, "a size in bytes");
        }
    }

    /// A number that 32 bits can hold.
    pub(super) fn float(&self, faults: &mut DocumentFaults, key: &str) -> Option<f64> {
        let value = self.required(faults, key, "a number")?;
        let number = value.as_f64().filter(|number| (*number as f32).is_finite());
        if number.is_none() {
            self.refuse(faults, key, Reason::Format, "a finite number of 32 bits");
        }
        number
    }

    /// A word of an enumeration.
    pub(super) fn word<T: Words>(&self, faults: &mut DocumentFaults, key: &str) -> Option<T> {
        self.required(faults, key, &one_of::<T>())?;
        self.optional_word(faults, key)
    }

    pub(super) fn optional_word<T: Words>(
        &self,
        faults: &mut DocumentFaults,
        key: &str,
    ) -> Option<T> {
        let value = self.get(key).filter(|value| value.as_str() != Some(""))?;
        let word = value.as_str();
        let found = word.and_then(T::of);
        if found.is_none() {
            let unknown = word == Some(T::UNKNOWN);
            let reason = if unknown { Reason::Constraint } else { Reason::Format };
            self.refuse(faults, key, reason, &one_of::<T>());
        }
        found
    }

    /// An identifier.
    pub(super) fn id(&self, faults: &mut DocumentFaults, key: &str) {
        if self.required(faults, key, "a UUID").is_some() {
            self.optional_id(faults, key);
        }
    }

    pub(super) fn optional_id(&self, faults: &mut DocumentFaults, key: &str) {
        if let Some(value) = self.get(key)
            && !self.is_id(value)
        {
            self.refuse(faults, key, Reason::Format, "a UUID");
        }
    }

    fn is_id(&self, value: &Value) -> bool {
        let placeholder = |text: &str| self.manner.ids == Ids::Lenient && is_placeholder(text);
        value.as_str().is_some_and(|text| is_uuid(text) || placeholder(text))
    }

    /// A list of identifiers, if it is there.
    pub(super) fn ids(&self, faults: &mut DocumentFaults, key: &str) {
        self.list(faults, key, |item| self.is_id(item), "a UUID");
    }

    /// A list of texts, if it is there.
    pub(super) fn texts(&self, faults: &mut DocumentFaults, key: &str) {
        self.list(faults, key, Value::is_string, "a text");
    }

    fn list(
        &self,
        faults: &mut DocumentFaults,
        key: &str,
        good: impl Fn(&Value) -> bool,
        help: &str,
    ) {
        let Some(value) = self.get(key) else { return };
        let Some(items) = value.as_array() else {
            self.refuse(faults, key, Reason::Format, &format!("a list, each {help}"));
            return;
        };
        for (at, _) in items.iter().enumerate().filter(|(_, item)| !good(item)) {
            faults.within(key, |faults| {
                let field = faults.path_to(&at.to_string());
                let message = format!("{field} {}, {help}", Reason::Format.phrase());
                let code = Reason::Format.code();
                let fault = DocumentFault::error(code, Some(400), field, message, help);
                faults.add(&at.to_string(), fault);
            });
        }
    }

    /// An object, if it is there: its members are handed to `read`.
    pub(super) fn object<T>(
        &self,
        faults: &mut DocumentFaults,
        key: &str,
        read: impl FnOnce(&Self, &mut DocumentFaults) -> Option<T>,
    ) -> Option<T> {
        let value = self.get(key)?;
        let Some(object) = value.as_object() else {
            self.refuse(faults, key, Reason::Format, "an object");
            return None;
        };
        let below = Members { object, manner: self.manner };
        faults.within(key, |faults| read(&below, faults))
    }

    /// An object that must be there.
    pub(super) fn required_object<T>(
        &self,
        faults: &mut DocumentFaults,
        key: &str,
        read: impl FnOnce(&Self, &mut DocumentFaults) -> Option<T>,
    ) -> Option<T> {
        self.required(faults, key, "an object")?;
        self.object(faults, key, read)
    }

    /// The objects of a map, each read by `read`.
    pub(super) fn each(
        &self,
        faults: &mut DocumentFaults,
        key: &str,
        read: impl Fn(&Self, &mut DocumentFaults),
    ) {
        self.object(faults, key, |map, faults| {
            for name in map.object.keys() {
                map.object(faults, name, |one, faults| {
                    read(one, faults);
                    Some(())
                });
            }
            Some(())
        });
    }

    /// A length of time, `"300s"`, if it is there. A number of seconds without its `s` is taken as the
    /// platform's client takes it.
    pub(super) fn duration(&self, faults: &mut DocumentFaults, key: &str) -> Option<Span> {
        let help = "seconds as a text, such as \"300s\"";
        let value = self.get(key)?;
        match value.as_str().and_then(Duration::parse) {
            None => self.refuse(faults, key, Reason::Format, help),
            Some(Duration { negative: true, .. }) => {
                self.refuse(faults, key, Reason::Constraint, "it cannot be negative");
            }
            Some(Duration { unit: false, .. }) if self.manner.strict => {
                self.refuse(faults, key, Reason::Format, help);
            }
            Some(Duration { unit: false, length, .. }) => {
                self.warn(faults, key, "a length without its unit is taken as seconds", help);
                return Some(length);
            }
            Some(Duration { length, .. }) => return Some(length),
        }
        None
    }
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
        let (negative, rest) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (digits, unit) = match rest.strip_suffix('s') {
            Some(digits) => (digits, true),
            None => (rest, false),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
        let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        if !all_digits(whole) || !all_digits(fraction) || fraction.len() > 9 {
            return None;
        }
        let nanoseconds: u64 = format!("{fraction:0<9}").parse().ok()?;
        let length = Span::from_secs(whole.parse().ok()?) + Span(nanoseconds);
        Some(Self { negative: negative && !length.is_zero(), unit, length })
    }
}

/// A number without sign or fraction.
fn whole(value: &Value) -> Option<u64> {
    let integral = |number: &f64| number.fract() == 0.0 && (0.0..1.8e19).contains(number);
    value.as_u64().or_else(|| value.as_f64().filter(integral).map(|number| number as u64))
}

fn one_of<T: Words>() -> String {
    let words: Vec<&str> = T::ALL.iter().map(|(word, _)| *word).collect();
    format!("one of {}", words.join(", "))
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
