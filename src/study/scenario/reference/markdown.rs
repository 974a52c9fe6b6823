//! The reference as a page in Markdown: `docs/reference.md`.

use super::{Absent, Key, Reference, Section, VALUES, Word};

/// How the page of scenarios begins.
pub const SCENARIO_HEAD: &str = "\
# Reference

Every key of a scenario file, in the order of the file. `autosim schema KIND` prints a part of it in the
terminal: a table (`service`), a kind (`target-tracking`, `sae`), a key (`tolerance`) or a kind of value
(`duration`). `docs/guide.md` explains how they go together. NAME stands for a name of your own, KIND for one
of the kinds listed, KEY for a key whose value is a `law`. Where a value is a `word`, its choices stand beside
it.

This page is made from the JSON Schema by `autosim schema --markdown > docs/reference.md`.

";

impl Reference {
    /// The whole page: how it begins, contents, then the sections.
    pub fn page(&self, head: &str) -> String {
        head.to_owned() + &self.contents() + "\n" + &self.markdown()
    }

    /// Its sections in Markdown; kinds of values stand together in a table.
    pub fn markdown(&self) -> String {
        let (values, tables): (Vec<&Section>, Vec<&Section>) =
            self.sections.iter().partition(|section| section.is_value());
        let mut parts: Vec<String> = tables.into_iter().map(|table| self.section(table)).collect();
        if !values.is_empty() {
            let row =
                |value: &&Section| format!("| `{}` | {} |\n", value.name, cell(&value.meaning));
            let rows: String = values.iter().map(row).collect();
            parts.push(format!("## {VALUES}\n\n| value | written as |\n|---|---|\n{rows}"));
        }
        parts.join("\n")
    }

    /// A line for each table with those below it, or family with its kinds.
    fn contents(&self) -> String {
        let tables = self.sections.iter().filter(|section| !section.is_value());
        let mut out = String::new();
        for Section { name, depth, .. } in tables {
            out += match (depth, out.is_empty()) {
                (0, true) => "- ",
                (0, false) => "\n- ",
                (1.., _) => ", ",
            };
            out += &link(name, name);
        }
        out + "\n- " + &link(VALUES, VALUES) + "\n"
    }

    fn section(&self, section: &Section) -> String {
        let level = if section.depth == 0 { "##" } else { "###" };
        let mut out = format!("{level} {}\n\n", section.name);
        out += &format!("{}\n\n", section.where_it_stands());
        if !section.meaning.is_empty() {
            out += &format!("{}\n\n", section.meaning);
        }
        for example in &section.examples {
            out += &format!("```toml\n{example}\n```\n\n");
        }
        if !section.keys.is_empty() {
            out += "| key | value | default | meaning |\n|---|---|---|---|\n";
            out.extend(section.keys.iter().map(row));
            out.push('\n');
        }
        if !section.kinds.is_empty() {
            out += "| kind | meaning |\n|---|---|\n";
            out.extend(section.kinds.iter().map(|kind| self.kind_row(kind)));
            out.push('\n');
        }
        out.truncate(out.trim_end().len());
        out + "\n"
    }

    fn kind_row(&self, kind: &Word) -> String {
        let name = match self.sections.iter().any(|section| section.name == kind.word) {
            true => link(&kind.word, &kind.word),
            false => kind.word.clone(),
        };
        format!("| {name} | {} |\n", cell(&kind.meaning))
    }
}

fn row(key: &Key) -> String {
    let kind = key.see.as_ref().map_or_else(|| key.kind.clone(), |see| link(&key.kind, see));
    let default = match &key.default {
        Absent::Refused => "**required**",
        Absent::Default(value) => value,
        Absent::Nothing => "",
    };
    let mut meaning = key.meaning.clone();
    for Word { word, meaning: said } in &key.choices {
        meaning += &format!("<br>`{word}`: {said}");
    }
    format!("| `{}` | {} | {} | {} |\n", key.name, cell(&kind), cell(default), cell(&meaning))
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

/// A link to a section of the page, by the anchor that renderers give its heading.
fn link(text: &str, section: &str) -> String {
    let anchor: String =
        section.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_')).collect();
    format!("[{text}](#{anchor})")
}
