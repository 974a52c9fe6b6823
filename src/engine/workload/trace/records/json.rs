//! Lines of JSON, one object each; a member of a member is a column `outer.inner`.

use super::broken;
use crate::workload::trace::failure::TraceError;
use serde::de::{DeserializeSeed, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;
use std::io::{BufRead, BufReader, Read};

/// The longest line that is read.
const LONGEST: u64 = 64 << 20;

/// Members within members within members ... that become columns.
const DEEPEST: usize = 4;

/// The rows of a file of lines of JSON.
pub(super) struct JsonRows {
    text: BufReader<Box<dyn Read + Send>>,
    line: String,
    number: u64,
    header: Vec<String>,
    cells: Vec<Cell>,
}

/// A field of a row.
#[derive(Debug, Clone, Default)]
enum Cell {
    #[default]
    Absent,
    /// Where its text is in the line.
    Here(usize, usize),
    /// A text that was written with escapes.
    Text(String),
}

impl JsonRows {
    pub(super) fn new(text: Box<dyn Read + Send>, header: Vec<String>) -> Self {
        let cells = vec![Cell::Absent; header.len()];
        let text = BufReader::with_capacity(1 << 16, text);
        Self { text, line: String::new(), number: 0, header, cells }
    }

    /// Moves to the next line that is not blank; `false` after the last.
    pub(super) fn next(&mut self, path: &str) -> Result<bool, TraceError> {
        loop {
            self.line.clear();
            self.number += 1;
            let mut text = self.text.by_ref().take(LONGEST);
            let read = text.read_line(&mut self.line);
            if read.map_err(|error| broken(path, self.number, &error))? == 0 {
                return Ok(false);
            }
            if self.line.len() as u64 == LONGEST {
                let message = format!("{path} line {}: longer than {LONGEST} bytes", self.number);
                return Err(TraceError::file(message, "one object of JSON a line"));
            }
            if !self.line.trim().is_empty() {
                return self.parse(path).map(|()| true);
            }
        }
    }

    fn parse(&mut self, path: &str) -> Result<(), TraceError> {
        self.cells.fill(Cell::Absent);
        let (header, cells) = (&self.header, &mut self.cells);
        let line = self.line.trim();
        let start = self.line.as_ptr() as usize;
        let mut next = 0;
        let mut take = |name: &str, value: &str| {
            // Members mostly come in the order of the first line.
            let expected = header.get(next).is_some_and(|column| column == name);
            let index = if expected { Some(next) } else { header.iter().position(|c| c == name) };
            let Some(index) = index else { return };
            next = index + 1;
            cells[index] = cell(value, start);
        };
        members(line, "", &mut take).map_err(|error| {
            let message = format!("{path} line {}: not an object of JSON: {error}", self.number);
            TraceError::file(message, "one object a line; a file that was cut off ends like this")
        })
    }

    /// Line of the row.
    pub(super) fn line(&self) -> u64 {
        self.number
    }

    /// A member of the row; `null` is none.
    pub(super) fn field(&self, index: usize) -> Option<&str> {
        match self.cells.get(index)? {
            Cell::Absent => None,
            Cell::Here(from, until) => self.line.get(*from..*until),
            Cell::Text(text) => Some(text),
        }
    }
}

/// The cell of a value in a line that starts at an address.
fn cell(value: &str, start: usize) -> Cell {
    let from = value.as_ptr() as usize - start;
    if value == "null" {
        return Cell::Absent;
    }
    match value.strip_prefix('"').and_then(|text| text.strip_suffix('"')) {
        None => Cell::Here(from, from + value.len()),
        Some(text) if !text.contains('\\') => Cell::Here(from + 1, from + 1 + text.len()),
        Some(_) => serde_json::from_str(value).map_or(Cell::Absent, Cell::Text),
    }
}

/// The columns that the lines of a text's beginning have, in order of appearance; a last line that is cut off does
/// not count.
pub(crate) fn keys_of(head: &str) -> Vec<String> {
    let mut keys: Vec<String> = Vec::new();
    for line in head.lines().take(1000) {
        let mut add = |name: &str, _: &str| {
            if !keys.iter().any(|key| key == name) {
                keys.push(name.to_owned());
            }
        };
        // What is no JSON is found when it is read.
        let _ = members(line.trim(), "", &mut add);
    }
    keys
}

/// The members of whole lines under a header, for sniffing.
pub(crate) fn cells_of(lines: &str, header: &[String]) -> Vec<Vec<String>> {
    let text: Box<dyn Read + Send> = Box::new(std::io::Cursor::new(lines.to_owned()));
    let mut rows = JsonRows::new(text, header.to_owned());
    let mut cells = Vec::new();
    while let Ok(true) = rows.next("") {
        let text = |index| rows.field(index).unwrap_or_default().to_owned();
        cells.push((0..header.len()).map(text).collect());
    }
    cells
}

/// Calls `take` with every member of an object that is neither an object nor an array, and its text.
fn members(
    object: &str,
    prefix: &str,
    take: &mut dyn FnMut(&str, &str),
) -> Result<(), serde_json::Error> {
    let mut json = serde_json::Deserializer::from_str(object);
    Members { prefix, depth: 1, take }.deserialize(&mut json)?;
    json.end()
}

struct Members<'a> {
    prefix: &'a str,
    depth: usize,
    take: &'a mut dyn FnMut(&str, &str),
}

impl<'de> DeserializeSeed<'de> for Members<'_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Members<'_> {
    type Value = ();
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Self { prefix, depth, take } = self;
        while let Some(Key(key)) = map.next_key()? {
            let value: &RawValue = map.next_value()?;
            let value = value.get();
            let name: Cow<'_, str> = match prefix {
                "" => key,
                _ => format!("{prefix}.{key}").into(),
            };
            match value.as_bytes().first() {
                Some(b'[') => {}
                Some(b'{') if depth >= DEEPEST => {}
                Some(b'{') => {
                    let mut json = serde_json::Deserializer::from_str(value);
                    let inner = Members { prefix: &name, depth: depth + 1, take: &mut *take };
                    inner.deserialize(&mut json).map_err(serde::de::Error::custom)?;
                }
                _ => take(&name, value),
            }
        }
        Ok(())
    }
}

/// A key, borrowed where it has no escapes.
#[derive(serde::Deserialize)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_become_columns_in_their_text() {
        let head = "{\"a\": 1.50, \"b\": {\"c\": \"x\\ny\", \"d\": [1, {\"e\": 2}]}}\n{\"f\": null, \"a\": -3e2}\n{\"cut";
        assert_eq!(keys_of(head), ["a", "b.c", "f"]);
        let text: Box<dyn Read + Send> = Box::new(std::io::Cursor::new(head.to_owned()));
        let mut rows = JsonRows::new(text, keys_of(head));
        assert!(rows.next("t").unwrap());
        assert_eq!(
            (rows.field(0), rows.field(1), rows.field(2)),
            (Some("1.50"), Some("x\ny"), None)
        );
        assert!(rows.next("t").unwrap());
        assert_eq!((rows.field(0), rows.field(1), rows.field(2)), (Some("-3e2"), None, None));
        let cut = rows.next("t").unwrap_err();
        assert!(cut.message.starts_with("t line 3: not an object of JSON"), "{cut}");
    }
}
