//! The API server's words for what is wrong with an object: `field.Error`, and what decoding says.

use super::quantity::Quantity;
use crate::products::reader::nearest;
use crate::products::{Dialect, DocumentFault, Kind, Member, Members, Place, Words, Wrong};
use serde_json::{Value, json};

/// Codes of `metav1.CauseType`, and reasons of a `Status` where an object is not even decoded.
pub const REQUIRED: &str = "FieldValueRequired";
/// A value that may not be.
pub const INVALID: &str = "FieldValueInvalid";
/// A word that is none of an enumeration.
pub const NOT_SUPPORTED: &str = "FieldValueNotSupported";
/// A member that may not be there.
pub const FORBIDDEN: &str = "FieldValueForbidden";
/// It cannot be decoded: a wrong type, an unknown field.
pub const BAD_REQUEST: &str = "BadRequest";
/// No such kind in that version.
pub const NO_MATCH: &str = "NotFound";

/// What stands before the text of a `field.Error`.
const PREFIXES: &[(&str, &str)] = &[
    (REQUIRED, "Required value: "),
    (INVALID, "Invalid value: "),
    (NOT_SUPPORTED, "Unsupported value: "),
    (FORBIDDEN, "Forbidden: "),
];

/// The dialect of the API server. Places of lists count from 0, keys are as they are, null is absence.
#[derive(Debug, Clone, Copy)]
pub struct ApiServer {
    /// Members that belong somewhere else, and what to do: name and remedy.
    pub misplaced: &'static [(&'static str, &'static str)],
    /// Whether types are checked by a schema, as those of custom resources are, rather than while decoding.
    pub by_schema: bool,
}

/// A member of an object.
pub type One<'r> = Member<'r, ApiServer>;
/// An object's members.
pub type Object<'r> = Members<'r, ApiServer>;

/// `spec.metrics.0.type` as Kubernetes writes it: `spec.metrics[0].type`.
pub fn bracketed(field: &str) -> String {
    let mut out = String::new();
    for part in field.split('.') {
        match part.parse::<usize>() {
            Ok(at) => out += &format!("[{at}]"),
            Err(_) if out.is_empty() => out += part,
            Err(_) => {
                out.push('.');
                out += part;
            }
        }
    }
    out
}

impl Dialect for ApiServer {
    fn fault(&self, at: &Place<'_>, wrong: Wrong<'_>, help: &str) -> DocumentFault {
        let field = bracketed(&at.field);
        let decode = |message: String| (BAD_REQUEST, message);
        let (code, message) = match wrong {
            Wrong::Missing => (REQUIRED, "Required value".to_owned()),
            Wrong::Not(kind) if self.by_schema => {
                let of = of_json(kind);
                (INVALID, format!("Invalid value: {field} in body must be of type {of}"))
            }
            Wrong::Not(kind) => decode(format!("json: cannot unmarshal: expected {}", of_go(kind))),
            Wrong::Because(why) => (INVALID, format!("Invalid value: {why}")),
            Wrong::Twice => decode(format!("strict decoding error: duplicate field \"{field}\"")),
            Wrong::Own(code, message) => {
                let prefix = PREFIXES.iter().find(|(known, _)| *known == code);
                (code, prefix.map_or("", |(_, prefix)| prefix).to_owned() + message)
            }
        };
        let status = match code {
            BAD_REQUEST => 400,
            NO_MATCH => 404,
            _ => 422,
        };
        DocumentFault::error(code, Some(status), field, message, help)
    }

    fn unknown(&self, key: &str, known: &str) -> (String, String) {
        let misplaced = self.misplaced.iter().find(|(name, _)| *name == key);
        let remedy = match (misplaced, nearest(key, known, 3)) {
            (Some((_, remedy)), _) => (*remedy).to_owned(),
            (None, Some(name)) => format!("did you mean `{name}`?"),
            (None, None) => format!("known here: {}", known.replace(' ', ", ")),
        };
        (format!("unknown field \"{key}\": the API server drops it"), remedy)
    }

    fn strictly(&self, at: &Place<'_>, _: &str, remedy: &str) -> Option<DocumentFault> {
        let field = bracketed(&at.field);
        let message = format!("strict decoding error: unknown field \"{field}\"");
        Some(DocumentFault::error(BAD_REQUEST, Some(400), field, message, remedy))
    }

    fn help(&self, kind: Kind) -> &'static str {
        match kind {
            Kind::Text => "a text; put quotes around what looks like a number",
            Kind::Flag | Kind::Whole | Kind::Number | Kind::List | Kind::Object => kind.plain(),
        }
    }

    fn whole(&self, value: &Value) -> Option<i64> {
        // YAML's 2.0 goes to the API server as 2.
        let float = || value.as_f64().filter(|number| number.fract() == 0.0 && number.abs() < 1e15);
        let whole = value.as_i64().or_else(|| float().map(|number| number as i64));
        whole.filter(|&number| i32::try_from(number).is_ok())
    }
}

/// A kind in the decoder's words.
const fn of_go(kind: Kind) -> &'static str {
    match kind {
        Kind::Text => "a string",
        Kind::Flag => "a boolean",
        Kind::Whole => "an integer (int32)",
        Kind::Number => "a number",
        Kind::List => "an array",
        Kind::Object => "an object",
    }
}

/// A kind in a schema's words.
const fn of_json(kind: Kind) -> &'static str {
    match kind {
        Kind::Text => "string",
        Kind::Flag => "boolean",
        Kind::Whole => "integer",
        Kind::Number => "number",
        Kind::List => "array",
        Kind::Object => "object",
    }
}

/// A whole number; `None` if it is absent or was refused.
pub fn int32(member: &One<'_>) -> Option<i32> {
    let percent = member.value.and_then(Value::as_str).and_then(|text| text.strip_suffix('%'));
    let hinted = match percent {
        Some(number) => format!("no percent sign: write {number}"),
        None => "a whole number, without quotes".to_owned(),
    };
    let read = |value| member.reader.dialect.whole(value);
    let number = read(member.value?);
    if number.is_none() {
        member.refuse(Wrong::Not(Kind::Whole), &hinted);
    }
    number.and_then(|number| i32::try_from(number).ok())
}

/// A quantity; `None` if it is absent or was refused.
pub fn quantity(member: &One<'_>) -> Option<Quantity> {
    let read = Quantity::of(member.value?);
    if read.is_none() {
        let message = "quantities must match the regular expression \
                       '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
        let help = "for example 250m, 0.5, 100Mi or 1.5Gi: the suffix is one of m, k, M, G, T, Ki, Mi, Gi, Ti";
        member.refuse(Wrong::Own(BAD_REQUEST, message), help);
    }
    read
}

/// One of an enumeration; `None` if it is absent, empty or was refused with this code.
pub fn word<W: Words>(member: &One<'_>, code: &str, message: &str) -> Option<W> {
    let text = member.text().unwrap_or_default();
    if text.is_empty() {
        return None;
    }
    let word = W::named(text);
    if word.is_none() {
        let said = match code {
            NOT_SUPPORTED => format!("{}: supported values: {}", json!(text), quoted::<W>()),
            _ => format!("{}: {message}", json!(text)),
        };
        member.refuse(Wrong::Own(code, &said), &format!("one of {}", W::list()));
    }
    word
}

/// Every word in quotes.
pub fn quoted<W: Words>() -> String {
    let words: Vec<String> = W::ALL.iter().map(|(_, word)| format!("\"{word}\"")).collect();
    words.join(", ")
}

/// Refuses a value, which is shown.
pub fn invalid(member: &One<'_>, message: &str, help: &str) {
    let shown = member.value.map_or_else(|| "\"\"".to_owned(), Value::to_string);
    member.refuse(Wrong::Because(&format!("{shown}: {message}")), help);
}

/// Refuses a member that is not there.
pub fn required(member: &One<'_>, message: &str, help: &str) {
    member.refuse(Wrong::Own(REQUIRED, message), help);
}

/// Refuses a member that may not be there.
pub fn forbidden(member: &One<'_>, message: &str, help: &str) {
    member.refuse(Wrong::Own(FORBIDDEN, message), help);
}

/// A text that must be there; `check` says what is wrong with it.
pub fn needed_text<'r>(
    member: &One<'r>,
    help: &str,
    check: impl Fn(&str) -> Option<&'static str>,
) -> Option<&'r str> {
    let before = member.reader.errors();
    let text = member.text().unwrap_or_default();
    if member.reader.errors() > before {
        return None;
    }
    if text.is_empty() {
        member.refuse(Wrong::Missing, help);
        return None;
    }
    if let Some(message) = check(text) {
        invalid(member, message, help);
        return None;
    }
    Some(text)
}

/// What forbids a name as one step of a path.
pub fn path_segment(name: &str) -> Option<&'static str> {
    match name {
        "." => Some("may not be '.'"),
        ".." => Some("may not be '..'"),
        _ if name.contains('/') => Some("may not contain '/'"),
        _ if name.contains('%') => Some("may not contain '%'"),
        _ => None,
    }
}

/// What forbids a name as a label of RFC 1123.
pub fn label(name: &str) -> Option<&'static str> {
    (!is_label(name) || name.len() > 63).then_some(
        "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start \
         and end with an alphanumeric character",
    )
}

/// What forbids a name as a subdomain of RFC 1123.
pub fn subdomain(name: &str) -> Option<&'static str> {
    (!name.split('.').all(is_label) || name.len() > 253).then_some(
        "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and \
         must start and end with an alphanumeric character",
    )
}

fn is_label(name: &str) -> bool {
    let good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    !name.is_empty() && name.chars().all(good) && !name.starts_with('-') && !name.ends_with('-')
}

/// The API server's answer: the `Status` of a refused object.
pub fn status(object: &str, faults: &[&DocumentFault]) -> Value {
    let reason = match faults.first().map_or("", |fault| fault.code.as_str()) {
        BAD_REQUEST => "BadRequest",
        NO_MATCH => "NotFound",
        _ => "Invalid",
    };
    let said = |fault: &&DocumentFault| match fault.field.as_str() {
        "" => fault.message.clone(),
        field => format!("{field}: {}", fault.message),
    };
    let texts: Vec<String> = faults.iter().map(said).collect();
    let message = match texts.as_slice() {
        [one] => format!("{object} is invalid: {one}"),
        several => format!("{object} is invalid: [{}]", several.join(", ")),
    };
    let causes = faults.iter().map(
        |fault| json!({ "reason": fault.code, "message": fault.message, "field": fault.field }),
    );
    let causes: Vec<Value> = causes.collect();
    json!({
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": message,
        "reason": reason,
        "details": { "causes": causes },
        "code": faults.first().and_then(|fault| fault.status),
    })
}
