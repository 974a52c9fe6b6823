//! The forms of a log's lines: which fields a line has, and where.
//!
//! - Common and Combined, of Apache's and nginx's manuals: `host ident user [time] "request" status bytes "referer" "user
//!   agent" ...`. What follows is named: `key=value` by its key, else the first number with a decimal point is nginx's
//!   `$request_time` and the second its `$upstream_response_time`, both in seconds, as their common place is.
//! - Load balancers of AWS (Application and Classic), by the field lists of their manuals.
//! - Envoy's default format, and that of Istio, which has three fields more before the bytes.
//! - HAProxy's HTTP log: what a syslog put before it, then `client [accept date] frontend backend/server
//!   TR/Tw/Tc/Tr/Ta status bytes`.
//! - W3C extended logs (IIS, CloudFront): the directive `#Fields:` names the fields; date and time are one.
//! - What AWS Lambda writes at the end of an invocation: a `REPORT` with its `Duration`.

use std::ops::Range;

/// A form of a log's lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// Common or Combined.
    Combined,
    /// AWS Application Load Balancer.
    Alb,
    /// AWS Classic Load Balancer.
    ClassicElb,
    /// Envoy or Istio.
    Envoy,
    /// HAProxy, HTTP.
    HaProxy,
    /// Fields named in a directive.
    W3c,
    /// Reports of AWS Lambda.
    Lambda,
}

const COMBINED: [&str; 9] =
    ["host", "ident", "user", "time", "request", "status", "bytes", "referer", "user_agent"];
/// So many of them the Common form has.
const COMMON: usize = 7;
/// The names of times behind the Combined form.
const TIMES: [&str; 2] = ["request_time", "upstream_response_time"];

const ALB: [&str; 22] = [
    "type",
    "time",
    "elb",
    "client",
    "target",
    "request_processing_time",
    "target_processing_time",
    "response_processing_time",
    "elb_status_code",
    "target_status_code",
    "received_bytes",
    "sent_bytes",
    "request",
    "user_agent",
    "ssl_cipher",
    "ssl_protocol",
    "target_group_arn",
    "trace_id",
    "domain_name",
    "chosen_cert_arn",
    "matched_rule_priority",
    "request_creation_time",
];
const CLASSIC_ELB: [&str; 12] = [
    "time",
    "elb",
    "client",
    "backend",
    "request_processing_time",
    "backend_processing_time",
    "response_processing_time",
    "elb_status_code",
    "backend_status_code",
    "received_bytes",
    "sent_bytes",
    "request",
];
const ENVOY: [&str; 8] = [
    "start_time",
    "request",
    "response_code",
    "response_flags",
    "bytes_received",
    "bytes_sent",
    "duration",
    "upstream_service_time",
];
const HAPROXY: [&str; 11] = [
    "accept_date",
    "frontend",
    "server",
    "receive_ms",
    "queue_ms",
    "connect_ms",
    "response_ms",
    "active_ms",
    "status",
    "bytes",
    "request",
];
const LAMBDA: [&str; 2] = ["time", "duration"];
/// Date and time of a W3C log, together.
const DATE_TIME: &str = "date-time";

impl Form {
    /// The form of lines that begin a text, if it is one of these.
    pub(crate) fn of(lines: &[String]) -> Option<Self> {
        if lines.iter().any(|line| line.starts_with("#Fields:")) {
            return Some(Self::W3c);
        }
        // A report of Lambda has as many words as a Classic Load Balancer's line has fields.
        let forms =
            [Self::Combined, Self::Alb, Self::Lambda, Self::ClassicElb, Self::Envoy, Self::HaProxy];
        let mut fields = Vec::new();
        // A first line may be damaged: logs are cut where they are turned over.
        let mut is = |form: &Self, line: &String| form.split(line, &mut fields);
        forms.into_iter().find(|form| lines.iter().any(|line| is(form, line)))
    }

    /// What a line of it is, in words.
    pub(super) fn told(self) -> &'static str {
        match self {
            Self::Combined => {
                "HOST IDENT USER [DAY/MON/YEAR:HH:MM:SS ZONE] \"REQUEST\" STATUS BYTES ..."
            }
            Self::Alb => {
                "TYPE TIME ELB CLIENT TARGET and the other fields of an Application Load Balancer"
            }
            Self::ClassicElb => {
                "TIME ELB CLIENT BACKEND and the other fields of a Classic Load Balancer"
            }
            Self::Envoy => "[START] \"REQUEST\" CODE FLAGS ... BYTES BYTES DURATION UPSTREAM",
            Self::HaProxy => {
                "... [ACCEPT DATE] FRONTEND BACKEND/SERVER TR/Tw/Tc/Tr/Ta STATUS BYTES ..."
            }
            Self::W3c => "as many fields as the directive #Fields: names",
            Self::Lambda => "TIME ... REPORT RequestId: ... Duration: ... ms",
        }
    }

    /// The names of the fields of a log whose first lines these are.
    pub(super) fn header(self, first: &[String]) -> Vec<String> {
        let named = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        match self {
            Self::Combined => combined_header(first),
            Self::Alb => named(&ALB),
            Self::ClassicElb => named(&CLASSIC_ELB),
            Self::Envoy => named(&ENVOY),
            Self::HaProxy => named(&HAPROXY),
            Self::Lambda => named(&LAMBDA),
            Self::W3c => {
                let fields = first.iter().find_map(|line| line.strip_prefix("#Fields:"));
                let names = fields.unwrap_or_default().split_ascii_whitespace().skip(2);
                std::iter::once(DATE_TIME).chain(names).map(str::to_owned).collect()
            }
        }
    }

    /// True for a line that is no row of such a log, and no fault either.
    pub(super) fn is_comment(self, line: &str) -> bool {
        let line = line.trim();
        match self {
            Self::W3c => line.is_empty() || line.starts_with('#'),
            // A function writes what it likes between its reports.
            Self::Lambda => true,
            Self::Combined | Self::Alb | Self::ClassicElb | Self::Envoy | Self::HaProxy => {
                line.is_empty()
            }
        }
    }

    /// A field without its key, where fields behind those of the form have keys.
    pub(super) fn bare(self, index: usize, text: &str) -> &str {
        if self != Self::Combined || index < COMBINED.len() {
            return text;
        }
        text.split_once('=').map_or(text, |(_, value)| value).trim_matches('"')
    }

    /// Finds the fields of a line; `false` if it is not of the form.
    pub(super) fn split(self, line: &str, fields: &mut Vec<Range<usize>>) -> bool {
        fields.clear();
        match self {
            Self::Combined => words(line, fields) && is_combined(line, fields),
            Self::Alb => {
                words(line, fields) && fields.len() >= ALB.len() && {
                    let kinds = ["http", "https", "h2", "grpcs", "ws", "wss"];
                    kinds.contains(&&line[fields[0].clone()]) && is_iso(line, &fields[1])
                }
            }
            Self::ClassicElb => {
                words(line, fields)
                    && fields.len() >= CLASSIC_ELB.len()
                    && is_iso(line, &fields[0])
                    && line[fields[2].clone()].contains(':')
            }
            Self::Envoy => words(line, fields) && envoy(line, fields),
            Self::HaProxy => words(line, fields) && haproxy(line, fields),
            Self::W3c => w3c(line, fields),
            Self::Lambda => lambda(line, fields),
        }
    }
}

/// `2026-03-02T09:00:00...`
fn is_iso(line: &str, range: &Range<usize>) -> bool {
    let text = line[range.clone()].as_bytes();
    text.len() >= 20 && text[4] == b'-' && text[10] == b'T' && text[13] == b':'
}

/// `02/Mar/2026:09:00:00...`
fn is_log_time(text: &[u8]) -> bool {
    text.len() >= 20 && text[2] == b'/' && text[11] == b':'
}

fn is_combined(line: &str, fields: &[Range<usize>]) -> bool {
    let has = |index: usize, is: fn(&[u8]) -> bool| {
        fields.get(index).is_some_and(|range| is(&line.as_bytes()[range.clone()]))
    };
    let status =
        |text: &[u8]| text == b"-" || text.len() == 3 && text.iter().all(u8::is_ascii_digit);
    fields.len() >= COMMON && has(3, is_log_time) && has(5, status)
}

/// The names of the fields of a Combined log by the first of its lines that is whole. A field behind the form is a time
/// by its place only where one of the lines has a number with a decimal point there, unquoted.
fn combined_header(first: &[String]) -> Vec<String> {
    let split = |line: &String| {
        let mut fields = Vec::new();
        Form::Combined.split(line, &mut fields).then_some(fields)
    };
    let lines: Vec<_> = first.iter().filter_map(|line| Some((line, split(line)?))).collect();
    let Some((line, fields)) = lines.first() else { return Vec::new() };
    let is_time = |index: usize| {
        lines.iter().any(|(line, fields)| {
            let Some(range) = fields.get(index) else { return false };
            let quoted = line[..range.start].ends_with('"');
            let text = &line[range.clone()];
            !quoted && text.contains('.') && text.parse::<f64>().is_ok()
        })
    };
    let mut times = TIMES.iter();
    let name = |(index, range): (usize, &Range<usize>)| {
        if let Some(name) = COMBINED.get(index) {
            return (*name).to_owned();
        }
        if let Some((key, _)) = line[range.clone()].split_once('=') {
            return key.to_owned();
        }
        let time = if is_time(index) { times.next() } else { None };
        time.map_or_else(|| format!("field_{}", index + 1), |name| (*name).to_owned())
    };
    fields.iter().enumerate().map(name).collect()
}

/// Leaves the fields of Envoy's default; Istio's three more are dropped.
fn envoy(line: &str, fields: &mut Vec<Range<usize>>) -> bool {
    const MORE: usize = 3;
    if fields.len() < ENVOY.len() || !is_iso(line, &fields[0]) {
        return false;
    }
    let is_number = |range: &Range<usize>| line[range.clone()].parse::<u64>().is_ok();
    if !is_number(&fields[4]) && fields.len() >= ENVOY.len() + MORE {
        fields.drain(4..4 + MORE);
    }
    is_number(&fields[2]) && is_number(&fields[6])
}

/// Leaves the fields from the accept date to the bytes, the five times apart, and the last, which is the request.
fn haproxy(line: &str, fields: &mut Vec<Range<usize>>) -> bool {
    let date = fields.iter().position(|range| is_log_time(&line.as_bytes()[range.clone()]));
    let Some(date) = date.filter(|date| fields.len() >= date + 6) else { return false };
    let times = fields[date + 3].clone();
    let mut parts = Vec::with_capacity(5);
    let mut from = times.start;
    for part in line[times].split('/') {
        parts.push(from..from + part.len());
        from += part.len() + 1;
    }
    if parts.len() != 5 {
        return false;
    }
    fields.splice(date + 3..date + 4, parts);
    fields.drain(..date);
    let known = HAPROXY.len() - 1;
    let request = fields.get(known..).and_then(<[_]>::last).cloned();
    fields.truncate(known);
    fields.extend(request);
    true
}

/// Fields apart by blanks; date and time, the first two, together.
fn w3c(line: &str, fields: &mut Vec<Range<usize>>) -> bool {
    if line.starts_with('#') || line.is_empty() {
        return false;
    }
    let separator = if line.contains('\t') { '\t' } else { ' ' };
    let mut from = 0;
    for word in line.split(separator) {
        fields.push(from..from + word.len());
        from += word.len() + 1;
    }
    if fields.len() < 3 {
        return false;
    }
    let time = fields.remove(1);
    fields[0].end = time.end;
    line.as_bytes().get(4) == Some(&b'-')
}

/// The time that a line begins with, and the milliseconds behind `Duration:`.
fn lambda(line: &str, fields: &mut Vec<Range<usize>>) -> bool {
    const DURATION: &str = "Duration: ";
    let Some(report) = line.find("REPORT RequestId:") else { return false };
    let Some(duration) = line[report..].find(DURATION) else { return false };
    let before = &line[..report];
    let start = before.len() - before.trim_start_matches(['"', ' ']).len();
    let time = &before[start..];
    let end = time.find(['"', ',']).or_else(|| time.find([' ', '\t'])).unwrap_or(time.len());
    let from = report + duration + DURATION.len();
    let digits = line[from..].find(|c: char| !c.is_ascii_digit() && c != '.');
    fields.push(start..start + end);
    fields.push(from..from + digits.unwrap_or(line.len() - from));
    end > 0
}

/// Finds words, texts in quotes and texts in brackets; `false` where a bracket is not closed.
fn words(line: &str, fields: &mut Vec<Range<usize>>) -> bool {
    let bytes = line.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b' ' => at += 1,
            b'[' => {
                let Some(end) = bytes[at..].iter().position(|byte| *byte == b']') else {
                    return false;
                };
                fields.push(at + 1..at + end);
                at += end + 1;
            }
            b'"' => {
                // A last field may be cut off: writers shorten long ones.
                let end = closing_quote(&bytes[at + 1..]).unwrap_or(bytes.len() - at - 1);
                fields.push(at + 1..at + 1 + end);
                at += end + 2;
            }
            _ => {
                let mut end = word_end(&bytes[at..]);
                // nginx lists the servers it tried, apart by a comma and a blank.
                while bytes[at..at + end].ends_with(b",")
                    && bytes
                        .get(at + end + 1)
                        .is_some_and(|byte| byte.is_ascii_digit() || *byte == b'-')
                {
                    end += 1 + word_end(&bytes[at + end + 1..]);
                }
                fields.push(at..at + end);
                at += end;
            }
        }
    }
    true
}

/// Where a quoted text ends: at a quote that no backslash is before.
fn closing_quote(text: &[u8]) -> Option<usize> {
    let mut escaped = false;
    text.iter().position(|&byte| {
        let closes = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        closes
    })
}

/// Where a word ends: at a blank; a quoted value of a key may hold some.
fn word_end(text: &[u8]) -> usize {
    let mut quoted = false;
    let end = text.iter().position(|&byte| {
        quoted ^= byte == b'"';
        byte == b' ' && !quoted
    });
    end.unwrap_or(text.len())
}
