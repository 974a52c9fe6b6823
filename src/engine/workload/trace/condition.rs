//! Which rows are played: `status!=404`, `method=GET`, `path!~^/health`.

use super::failure::TraceError;
use super::number::finite;
use super::options::Options;
use super::records::{Column, Records};
use crate::units::{TextError, plural};
use regex_lite::Regex;
use std::fmt;
use std::str::FromStr;

/// What a row must be like to be played: a column, how it is compared, and with what.
///
/// `=` and `!=` compare its text, `<`, `<=`, `>` and `>=` its number, `~` and `!~` look for a regular expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    column: String,
    comparison: Comparison,
    value: String,
}

/// How a cell is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Comparison {
    Is,
    IsNot,
    Matches,
    MatchesNot,
    Below,
    AtMost,
    Above,
    AtLeast,
}

/// Longer signs before those they begin with.
const SIGNS: [(&str, Comparison); 8] = [
    ("!=", Comparison::IsNot),
    ("!~", Comparison::MatchesNot),
    ("<=", Comparison::AtMost),
    (">=", Comparison::AtLeast),
    ("=", Comparison::Is),
    ("~", Comparison::Matches),
    ("<", Comparison::Below),
    (">", Comparison::Above),
];

const EXPECTED: &str = "a column compared with a value, for example \"status!=404\", \"method=GET\", \"took_ms<500\" or, with a \
     regular expression, \"path!~^/health\"";

impl FromStr for Condition {
    type Err = TextError;
    fn from_str(text: &str) -> Result<Self, TextError> {
        let none = || TextError::new(text, EXPECTED);
        let sign_at = |at: usize| SIGNS.iter().find(|(sign, _)| text[at..].starts_with(sign));
        let found = text.char_indices().find_map(|(at, _)| sign_at(at).map(|sign| (at, sign)));
        let (at, (sign, comparison)) = found.ok_or_else(none)?;
        let (column, value) = (text[..at].trim(), text[at + sign.len()..].trim());
        if column.is_empty() {
            return Err(none());
        }
        let found =
            Self { column: column.to_owned(), comparison: *comparison, value: value.to_owned() };
        found.test().map_err(|why| TextError::because(text, EXPECTED, why))?;
        Ok(found)
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = SIGNS.iter().find(|(_, comparison)| *comparison == self.comparison);
        write!(f, "{}{}{}", self.column, sign.map_or("", |(sign, _)| sign), self.value)
    }
}

crate::written_as_text!(Condition, "Condition", EXPECTED, ["string"], examples ["status!=404", "path!~^/health"]);

impl Condition {
    fn test(&self) -> Result<Test, String> {
        let expression = || {
            Regex::new(&self.value)
                .map_err(|error| format!("`{}` is not a regular expression: {error}", self.value))
        };
        let number =
            || finite(&self.value).ok_or_else(|| format!("`{}` is not a number", self.value));
        Ok(match self.comparison {
            Comparison::Is => Test::Is(self.value.clone(), true),
            Comparison::IsNot => Test::Is(self.value.clone(), false),
            Comparison::Matches => Test::Matches(expression()?, true),
            Comparison::MatchesNot => Test::Matches(expression()?, false),
            Comparison::Below => Test::Ordered(number()?, |cell, value| cell < value),
            Comparison::AtMost => Test::Ordered(number()?, |cell, value| cell <= value),
            Comparison::Above => Test::Ordered(number()?, |cell, value| cell > value),
            Comparison::AtLeast => Test::Ordered(number()?, |cell, value| cell >= value),
        })
    }
}

/// A comparison, ready.
enum Test {
    /// The text is, or is not, this.
    Is(String, bool),
    /// The expression is, or is not, found in it.
    Matches(Regex, bool),
    /// It is a number, and stands so to this one.
    Ordered(f64, fn(f64, f64) -> bool),
}

impl Test {
    fn holds(&self, cell: &str) -> bool {
        match self {
            Self::Is(text, wanted) => (cell == text) == *wanted,
            Self::Matches(expression, wanted) => expression.is_match(cell) == *wanted,
            Self::Ordered(value, stands) => finite(cell).is_some_and(|cell| stands(cell, *value)),
        }
    }
}

/// What of a cell is meant.
#[derive(Debug, Clone, Copy)]
pub(super) enum Part {
    Whole,
    /// Of a request's line, `GET /a?b HTTP/1.1`.
    Method,
    /// Of a request's line, without scheme, host and query.
    PathOfLine,
    /// Of an address, without scheme, host and query.
    Path,
}

/// What users mean by a name that a file does not have: its own names for it.
const MEANT: [(&str, &[&str], Part); 5] = [
    (
        "status",
        &[
            "elb_status_code",
            "response_code",
            "sc-status",
            "status-code",
            "code",
            "responseCode",
            "HTTP status",
        ],
        Part::Whole,
    ),
    ("method", &["cs-method", "http method", "request.method"], Part::Whole),
    ("method", &["request"], Part::Method),
    ("path", &["request"], Part::PathOfLine),
    ("path", &["cs-uri-stem", "url", "URL", "uri", "request.uri"], Part::Path),
];

impl Part {
    pub(super) fn of(self, cell: &str) -> &str {
        let word = |index| cell.split_ascii_whitespace().nth(index).unwrap_or_default();
        match self {
            Self::Whole => cell,
            Self::Method => word(0),
            Self::PathOfLine => path_of(word(1)),
            Self::Path => path_of(cell),
        }
    }
}

/// `/a` of `/a?b` and of `http://host:80/a?b`.
fn path_of(address: &str) -> &str {
    let behind = address.split_once("://").map(|(_, rest)| rest);
    let path = behind.map_or(address, |rest| rest.find('/').map_or("/", |at| &rest[at..]));
    path.split(['?', '#']).next().unwrap_or_default()
}

/// The conditions on the rows of a file.
pub(super) struct Filter {
    conditions: Vec<(Column, Part, Test)>,
    left_out: u64,
    /// As they are stated.
    told: String,
}

impl Filter {
    pub(super) fn of(records: &Records, options: &Options) -> Result<Self, TraceError> {
        let ready = |condition: &Condition| {
            let (column, part) = column_of(records, "where", &condition.column)?;
            let test = condition.test().map_err(|why| TraceError::at("where", why, EXPECTED))?;
            Ok((column, part, test))
        };
        let conditions: Result<_, TraceError> = options.conditions.iter().map(ready).collect();
        let told: Vec<String> =
            options.conditions.iter().map(|condition| format!("`{condition}`")).collect();
        Ok(Self { conditions: conditions?, left_out: 0, told: told.join(", ") })
    }

    /// Whether a row is wanted; a field that it does not have is empty.
    pub(super) fn takes(&mut self, records: &Records) -> bool {
        let holds = |(column, part, test): &(Column, Part, Test)| {
            test.holds(part.of(records.field(column).unwrap_or_default()))
        };
        let takes = self.conditions.iter().all(holds);
        self.left_out += u64::from(!takes);
        takes
    }

    /// How many rows were left out beside so many that were not, as a sentence.
    pub(super) fn told(&self, path: &str, taken: u64) -> Option<String> {
        let (left_out, told) = (self.left_out, &self.told);
        (!self.conditions.is_empty()).then(|| {
            format!(
                "{path}: {left_out} of {} left out by where {told}",
                plural(taken + left_out, "row")
            )
        })
    }

    /// What is said where none is left.
    pub(super) fn none(&self, path: &str) -> Option<TraceError> {
        let (rows, told) = (plural(self.left_out, "row"), &self.told);
        (self.left_out > 0).then(|| {
            TraceError::at("where", format!("{path}: none of {rows} is as {told} says"), EXPECTED)
        })
    }
}

/// The column of a name that is the value of `key`, or what is meant by it.
pub(super) fn column_of(
    records: &Records,
    key: &'static str,
    name: &str,
) -> Result<(Column, Part), TraceError> {
    if let Some(column) = records.known(key, &[name])? {
        return Ok((column, Part::Whole));
    }
    let meant = MEANT.iter().filter(|(known, ..)| known.eq_ignore_ascii_case(name));
    for (_, names, part) in meant {
        for own in *names {
            if let Some(column) = records.known(key, &[own])? {
                return Ok((column, *part));
            }
        }
    }
    let lines = records.header.iter().any(|column| column == "request");
    records.column(key, name).map(|column| (column, Part::Whole)).map_err(|mut error| {
        if lines {
            error.hint.push_str("; of request, method and path are parts");
        }
        error
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_condition_is_a_column_a_sign_and_a_value() {
        for (text, cell, holds) in [
            ("status!=404", "404", false),
            ("status!=404", "200", true),
            (" method = GET ", "GET", true),
            ("method=GET", "get", false),
            ("path!~^/health", "/healthz", false),
            ("path!~^/health", "/api/health", true),
            ("path~\\.(css|js)$", "/a.js", true),
            ("took<=5", "5.0", true),
            ("took<5", "5.0", false),
            ("took>-1", "-", false),
            ("took>=1e3", "1000", true),
            ("user_agent!~(?i)bot", "GoogleBot", false),
            ("note=", "", true),
            // The first sign is the comparison.
            ("query=a!=b", "a!=b", true),
        ] {
            let condition: Condition = text.parse().unwrap();
            assert_eq!(condition.test().unwrap().holds(cell), holds, "{text} on {cell}");
            assert_eq!(condition.to_string().parse(), Ok(condition), "{text}");
        }
    }

    #[test]
    fn what_is_no_condition_is_refused_with_examples() {
        for (text, part) in [
            ("status", "`status` is not a column compared with a value"),
            ("=404", "is not a column compared"),
            ("path~(", "`(` is not a regular expression"),
            ("took<fast", "`fast` is not a number"),
            ("", "is not a column"),
        ] {
            let refused = text.parse::<Condition>().unwrap_err().to_string();
            assert!(refused.contains(part) && refused.contains("path!~^/health"), "{refused}");
        }
    }

    #[test]
    fn method_and_path_are_parts_of_a_request_line() {
        for (line, method, path) in [
            ("GET /a/b?c=d HTTP/1.1", "GET", "/a/b"),
            ("POST http://h:80/x#y HTTP/2", "POST", "/x"),
            ("GET https://h HTTP/1.1", "GET", "/"),
            ("\\x16\\x03", "\\x16\\x03", ""),
            ("", "", ""),
        ] {
            assert_eq!(
                (Part::Method.of(line), Part::PathOfLine.of(line)),
                (method, path),
                "{line}"
            );
        }
        assert_eq!(Part::Path.of("https://h/api?q"), "/api");
    }
}
