//! Lines of a log, each of one form.

use super::broken;
use super::form::Form;
use crate::units::plural;
use crate::workload::trace::failure::TraceError;
use std::io::{BufRead, BufReader, Read};
use std::ops::Range;

/// The longest line that is read.
const LONGEST: u64 = 1 << 20;

/// The rows of a log.
pub(super) struct LogRows {
    text: BufReader<Box<dyn Read + Send>>,
    line: Vec<u8>,
    shown: String,
    number: u64,
    fields: Vec<Range<usize>>,
    form: Form,
    header: Vec<String>,
    read: u64,
    foreign: u64,
    first_foreign: u64,
}

impl LogRows {
    /// A log of a form; `first` are its first lines.
    pub(super) fn new(text: Box<dyn Read + Send>, form: Form, first: &[String]) -> Self {
        Self {
            text: BufReader::with_capacity(1 << 16, text),
            line: Vec::new(),
            shown: String::new(),
            number: 0,
            fields: Vec::new(),
            form,
            header: form.header(first),
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
            self.refuse_other_fields(path)?;
            let whole = self.form.split(self.shown.trim_end(), &mut self.fields);
            if whole && (self.form != Form::W3c || self.fields.len() == self.header.len()) {
                self.read += 1;
                return Ok(true);
            }
            if !self.form.is_comment(&self.shown) {
                self.first_foreign =
                    if self.foreign == 0 { self.number } else { self.first_foreign };
                self.foreign += 1;
            }
        }
    }

    /// A directive in the middle, after a restart, that names other fields.
    fn refuse_other_fields(&self, path: &str) -> Result<(), TraceError> {
        let directive = self.form == Form::W3c && self.shown.starts_with("#Fields:");
        if !directive || self.form.header(std::slice::from_ref(&self.shown)) == self.header {
            return Ok(());
        }
        let message = format!("{path} line {}: from here on rows have other fields", self.number);
        Err(TraceError::file(message, "cut the file there: each part is read by itself"))
    }

    /// A log of which one line in a hundred is something else is no log of this form.
    fn refuse_mostly_foreign(&self, path: &str) -> Result<(), TraceError> {
        // A log that was cut may begin in the middle of a line.
        let cut = u64::from(self.first_foreign == 1);
        if (self.foreign - cut).saturating_mul(100) <= self.read {
            return Ok(());
        }
        let (foreign, first) = (self.foreign, self.first_foreign);
        let lines = plural(foreign, "line");
        let message =
            format!("{path} line {first}: not a line of the log's form, like {lines} in all");
        Err(TraceError::file(message, format!("a line is {}", self.form.told())))
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
        let text = self.form.bare(index, text);
        (text != "-").then_some(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &str) -> LogRows {
        let first: Vec<String> = text.lines().take(4).map(str::to_owned).collect();
        let all: Box<dyn Read + Send> = Box::new(std::io::Cursor::new(text.to_owned()));
        LogRows::new(all, Form::Combined, &first)
    }

    #[test]
    fn fields_are_found_behind_quotes_brackets_and_keys() {
        let line = r#"h - u [02/Mar/2026:09:00:00 +0000] "GET /\"a\" b HTTP/1.1" 200 - "-" "x \"y\" z" 0.804 - rt=0.5 urt="0.1, 0.2""#;
        let mut rows = rows(&format!("{line}\n{}\n", line.replace("0.804 -", "0.804 0.700")));
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
        assert!(rows.next("t").unwrap() && !rows.next("t").unwrap());
    }

    #[test]
    fn a_quoted_field_and_a_dash_are_no_times_by_their_place() {
        let stock =
            "h - - [02/Mar/2026:09:00:00 +0000] \"GET / HTTP/1.1\" 200 5 \"-\" \"curl/8\" \"-\"\n";
        assert_eq!(rows(stock).header()[9..], ["field_10"]);
        let tried = "h - - [02/Mar/2026:09:00:00 +0000] \"GET / HTTP/1.1\" 200 5 \"-\" \"curl/8\" 0.300 0.003, 0.297\n";
        let mut list = rows(tried);
        assert!(list.next("t").unwrap());
        assert_eq!((list.field(9), list.field(10)), (Some("0.300"), Some("0.003, 0.297")));
    }

    #[test]
    fn a_directive_that_names_other_fields_is_refused_and_a_row_of_another_width_is_none() {
        let text = "#Fields: date time time-taken\n2026-03-02 09:00:01 10\n";
        let more = "#Fields: date time bytes time-taken\n2026-03-02 09:00:02 4977 10\n";
        let all = format!("{text}{more}");
        let first: Vec<String> = all.lines().map(str::to_owned).collect();
        let mut rows = LogRows::new(Box::new(std::io::Cursor::new(all)), Form::W3c, &first);
        assert!(rows.next("t").unwrap());
        let refused = rows.next("t").unwrap_err().message;
        assert!(refused.starts_with("t line 3: from here on rows have other fields"), "{refused}");
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
        assert!(refused.starts_with("t line 2: not a line of the log's form"), "{refused}");
    }
}
