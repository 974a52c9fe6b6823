//! The texts a scenario is put together from, and where a byte of them is.

use std::ops::Range;

/// A scenario file and the layers on it, laid end to end, so that one range names a place in any of them.
#[derive(Debug, Clone)]
pub struct Sources {
    parts: Vec<Part>,
}

/// One text.
#[derive(Debug, Clone)]
pub(super) struct Part {
    /// What a message calls it: a file name, or `--set service.concurrency=0`.
    pub(super) name: String,
    /// As written.
    pub(super) text: String,
    /// Where it starts in the whole.
    pub(super) start: usize,
}

impl Sources {
    /// The scenario file.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Self {
        Self { parts: vec![Part { name: name.into(), text: text.into(), start: 0 }] }
    }

    /// Name of the scenario file.
    pub fn name(&self) -> &str {
        &self.parts[0].name
    }

    /// Text of the scenario file.
    pub fn text(&self) -> &str {
        &self.parts[0].text
    }

    /// Adds a text; returns where it starts.
    pub(super) fn push(&mut self, name: String, text: String) -> usize {
        let start = self.end();
        self.parts.push(Part { name, text, start });
        start
    }

    /// The texts after the scenario file, each preceded by as many line ends as it takes to give
    /// every byte its place in the whole.
    pub(super) fn padded_layers(&self) -> Vec<String> {
        self.parts[1..].iter().map(|part| "\n".repeat(part.start) + &part.text).collect()
    }

    /// One byte between texts keeps an empty range at the end of one out of the next.
    fn end(&self) -> usize {
        self.parts.last().map_or(0, |part| part.start + part.text.len() + 1)
    }

    /// The text a range lies in, and the range inside that text.
    pub(super) fn locate(&self, span: &Range<usize>) -> (&Part, Range<usize>) {
        let part = self.parts.iter().rev().find(|part| part.start <= span.start);
        let part = part.unwrap_or(&self.parts[0]);
        // A parser may point into the middle of a character.
        let local = |at: usize| {
            let most = at.saturating_sub(part.start).min(part.text.len());
            (0..=most).rev().find(|&cut| part.text.is_char_boundary(cut)).unwrap_or_default()
        };
        (part, local(span.start)..local(span.end))
    }

    /// Line and column, both from 1, of a byte; columns count characters.
    pub(super) fn line_column(&self, at: usize) -> (&str, usize, usize) {
        let (part, local) = self.locate(&(at..at));
        let before = &part.text[..local.start];
        let line = before.matches('\n').count() + 1;
        let column = before.chars().rev().take_while(|&c| c != '\n').count() + 1;
        (&part.name, line, column)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_within_a_character_is_that_of_the_character() {
        let sources = Sources::new("a.toml", "x = é");
        assert_eq!(sources.locate(&(5..5)).1, 4..4);
        assert_eq!(sources.locate(&(4..6)).1, 4..6);
        assert_eq!(sources.line_column(5), ("a.toml", 1, 5));
    }

    #[test]
    fn a_byte_is_found_in_the_text_it_belongs_to() {
        let mut sources = Sources::new("a.toml", "x = 1\ny = 2\n");
        let start = sources.push("--set".into(), "z = 3".into());
        assert_eq!(sources.line_column(6), ("a.toml", 2, 1));
        assert_eq!(sources.line_column(10), ("a.toml", 2, 5));
        assert_eq!(sources.line_column(start + 4), ("--set", 1, 5));
        assert_eq!(sources.padded_layers()[0].find('z'), Some(start));
    }
}
