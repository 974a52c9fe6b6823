//! Sections as plain text, for a terminal.

use super::{Absent, Key, Reference, Section, VALUES, Word};

/// Of a line; a header or an example that is longer stays whole.
const WIDTH: usize = 80;

impl Reference {
    /// Its sections as plain text, one after the other.
    pub fn text(&self) -> String {
        let sections = self.sections.iter().map(section);
        sections.collect::<Vec<_>>().join("\n")
    }
}

fn section(section: &Section) -> String {
    let mut out = format!("{}\n", section.name);
    if !section.is_value() {
        wrapped(&mut out, &section.where_it_stands(), 0);
    }
    for paragraph in section.meaning.split("\n\n") {
        wrapped(&mut out, paragraph, 0);
    }
    for example in section.examples.iter().flat_map(|example| example.lines()) {
        out += format!("    {example}").trim_end();
        out.push('\n');
    }
    for key in &section.keys {
        out.push('\n');
        one_key(&mut out, key);
    }
    words(&mut out, &section.kinds, 2);
    out
}

fn one_key(out: &mut String, key: &Key) {
    let see = key.see.as_ref().filter(|see| **see != key.kind && *see != VALUES);
    let see = see.map(|see| format!(" (see {see})")).unwrap_or_default();
    let default = match &key.default {
        Absent::Refused => ", required".into(),
        Absent::Default(value) => format!(", default {value}"),
        Absent::Nothing => String::new(),
    };
    wrapped(out, &format!("{}: {}{see}{default}", key.name, key.kind), 2);
    wrapped(out, &key.meaning, 6);
    words(out, &key.choices, 6);
}

fn words(out: &mut String, words: &[Word], indent: usize) {
    for word in words {
        wrapped(out, &format!("{}: {}", word.word, word.meaning), indent + 2);
    }
}

/// Adds a paragraph in lines of at most [`WIDTH`]; those of a list keep their own.
fn wrapped(out: &mut String, text: &str, indent: usize) {
    let mut line = String::new();
    for word in text.split_whitespace() {
        let begins_item = word == "-" && !line.is_empty();
        if begins_item || indent + line.len() + 1 + word.len() > WIDTH && !line.is_empty() {
            *out += &format!("{:indent$}{line}\n", "");
            line.clear();
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line += word;
    }
    if !line.is_empty() {
        *out += &format!("{:indent$}{line}\n", "");
    }
}
