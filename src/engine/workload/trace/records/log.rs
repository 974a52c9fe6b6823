//! Lines of a web server's log: the Common and Combined forms, and what servers add behind them.
//!
//! `host ident user [time] "request" status bytes "referer" "user agent" ...`, as Apache's and nginx's manuals have
//! them. What follows is named: `key=value` by its key, else the first number with a decimal point is nginx's
//! `$request_time` and the second its `$upstream_response_time`, both in seconds, as their common place is.

use super::broken;
use crate::units::plural;
use crate::workload::trace::failure::TraceError;
use std::io::{BufRead, BufReader, Read};
use std::ops::Range;

/// The longest line that is read.
const LONGEST: u64 = 1 << 20;

/// Names of the fields of the Combined form; the Common form has the first seven.
const NAMES: [&str; 9] =
    ["host", "ident", "user", "time", "request", "status", "bytes", "referer", "user_agent"];
const COMMON: usize = 7;

/// The names of times behind the Combined form.
const TIMES: [&str; 2] = ["request_time", "upstream_response_time"];

/// The rows of a log.
pub(super) struct LogRows {
    text: BufReader<Box<dyn Read + Send>>,
    line: Vec<u8>,
    shown: String,
    number: u64,
    fields: Vec<Range<usize>>,
    header: Vec<String>,
    read: u64,
    foreign: u64,
    first_foreign: u64,
}

impl LogRows {
    pub(super) fn new(text: Box<dyn Read + Send>, first: &str) -> Self {
        Self {
            text: BufReader::with_capacity(1 << 16, text),
            line: Vec::new(),
            shown: String::new(),
            number: 0,
            fields: Vec::new(),
            header: header(first),
            read: 0,
            foreign: 0,
            first_foreign: 0,
        }
    }

    /// The names of its fields, told from its first line.
    pub(super) fn header(&self) -> Vec<String> {
        self.header.clone()
    }

    /// Moves to the next line of the log's form; `false` after the last.
    pub(super) fn next(&mut self, path: &str) -> Result<bool, TraceError> {
        loop {
            self.line.clear();
            self.number += 1;
            let mut text = self.text.by_ref().take(LONGEST);
            let read = text.read_until(b'\n', &mut self.line);
            if read.map_err(|error| broken(path, self.number, &error))? == 0 {
                return self.refuse_mostly_foreign(path).map(|()| false);
            }
            // Old logs hold bytes of other encodings; no field that is read does.
            self.shown.clear();
            self.shown.push_str(&String::from_utf8_lossy(&self.line));
            if split(&self.shown, &mut self.fields) {
                self.read += 1;
                return Ok(true);
            }
            if !self.shown.trim().is_empty() {
                self.first_foreign =
                    if self.foreign == 0 { self.number } else { self.first_foreign };
                self.foreign += 1;
            }
        }
    }

    /// A log of which one line in a hundred is something else is no log of this form.
    fn refuse_mostly_foreign(&self, path: &str) -> Result<(), TraceError> {
        if self.foreign.saturating_mul(100) <= self.read {
            return Ok(());
        }
        let (foreign, first) = (self.foreign, self.first_foreign);
        let message = format!(
            "{path} line {first}: not a line of the Common or Combined form; {foreign} lines are not"
        );
        let hint = "HOST IDENT USER [DAY/MON/YEAR:HH:MM:SS ZONE] \"REQUEST\" STATUS BYTES ...";
        Err(TraceError::file(message, hint))
    }

    /// What was left out, as a sentence.
    pub(super) fn left_out(&self, path: &str) -> Option<String> {
        let (foreign, first) = (self.foreign, self.first_foreign);
        (foreign > 0).then(|| {
            let lines = plural(foreign, "line");
            format!("{path}: {lines} not of the log's form left out, line {first} the first")
        })
    }

    /// Line of the row.
    pub(super) fn line(&self) -> u64 {
        self.number
    }

    /// A field of the row, without quotes, brackets and key; `-` is none.
    pub(super) fn field(&self, index: usize) -> Option<&str> {
        let text = self.shown.get(self.fields.get(index)?.clone())?;
        let text = match index < NAMES.len() {
            true => text,
            false => text.split_once('=').map_or(text, |(_, value)| value).trim_matches('"'),
        };
        (text != "-").then_some(text)
    }
}

/// True for a line of the Common or Combined form.
pub(crate) fn is_log_line(line: &str) -> bool {
    split(line, &mut Vec::new())
}

/// The names of the fields of a log by one of its lines.
fn header(line: &str) -> Vec<String> {
    let mut fields = Vec::new();
    split(line, &mut fields);
    let mut times = TIMES.iter();
    let name = |(index, range): (usize, Range<usize>)| {
        let text = &line[range];
        if let Some(name) = NAMES.get(index) {
            return (*name).to_owned();
        }
        if let Some((key, _)) = text.split_once('=') {
            return key.to_owned();
        }
        let timed = text == "-" || (text.contains('.') && text.parse::<f64>().is_ok());
        let time = if timed { times.next() } else { None };
        time.map_or_else(|| format!("field_{}", index + 1), |name| (*name).to_owned())
    };
    fields.into_iter().enumerate().map(name).collect()
}

/// Finds the fields of a line; `false` if it is not of the form.
fn split(line: &str, fields: &mut Vec<Range<usize>>) -> bool {
    fields.clear();
    let bytes = line.trim_end().as_bytes();
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
                let end = word_end(&bytes[at..]);
                fields.push(at..at + end);
                at += end;
            }
        }
    }
    let has = |index: usize, is: fn(&[u8]) -> bool| {
        fields.get(index).is_some_and(|range| is(&bytes[range.clone()]))
    };
    // `02/Mar/2026:09:00:00 +0000`, after a bracket; three digits or none of status.
    let time = |text: &[u8]| text.len() >= 20 && text[2] == b'/' && text[11] == b':';
    let status =
        |text: &[u8]| text == b"-" || text.len() == 3 && text.iter().all(u8::is_ascii_digit);
    fields.len() >= COMMON && has(3, time) && has(5, status)
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

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &str) -> LogRows {
        let first = text.lines().next().unwrap_or_default();
        let all: Box<dyn Read + Send> = Box::new(std::io::Cursor::new(text.to_owned()));
        LogRows::new(all, first)
    }

    #[test]
    fn fields_are_found_behind_quotes_brackets_and_keys() {
        let line = r#"h - u [02/Mar/2026:09:00:00 +0000] "GET /\"a\" b HTTP/1.1" 200 - "-" "x \"y\" z" 0.804 - rt=0.5 urt="0.1, 0.2""#;
        let mut rows = rows(line);
        assert!(rows.next("t").unwrap());
        let header = rows.header();
        let seen: Vec<_> =
            header.iter().enumerate().map(|(i, n)| (n.as_str(), rows.field(i))).collect();
        assert_eq!(
            seen[3..],
            [
                ("time", Some("02/Mar/2026:09:00:00 +0000")),
                ("request", Some(r#"GET /\"a\" b HTTP/1.1"#)),
                ("status", Some("200")),
                ("bytes", None),
                ("referer", None),
                ("user_agent", Some(r#"x \"y\" z"#)),
                ("request_time", Some("0.804")),
                ("upstream_response_time", None),
                ("rt", Some("0.5")),
                ("urt", Some("0.1, 0.2")),
            ]
        );
        assert!(!rows.next("t").unwrap());
    }

    #[test]
    fn a_few_foreign_lines_are_left_out_and_many_refused() {
        let good = "h - - [02/Mar/2026:09:00:00 +0000] \"GET / HTTP/1.1\" 200 5\n";
        let mut few = rows(&format!("{}nonsense\n{}", good.repeat(60), good.repeat(60)));
        let mut count = 0;
        while few.next("t").unwrap() {
            count += 1;
        }
        assert_eq!(count, 120);
        assert!(few.left_out("t").unwrap().contains("line 61 the first"));
        let mut many = rows(&format!("{good}nonsense\n{good}"));
        let refused = loop {
            match many.next("t") {
                Ok(true) => {}
                Ok(false) => panic!("one line in three is foreign"),
                Err(error) => break error.message,
            }
        };
        assert!(refused.starts_with("t line 2: not a line of the Common"), "{refused}");
    }
}
