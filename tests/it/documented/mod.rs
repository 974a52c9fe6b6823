//! What the documents say, held against the program: defaults, keys, flags, snippets.

mod command;
mod defaults;
mod prose;
mod traces;

use crate::house::tree::File;
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Pages that the program makes.
const MADE: [&str; 2] = ["reference.md", "study.md"];

/// The pages that are written by hand: README, `docs/*.md` and the pages of products.
fn pages() -> Vec<File> {
    let mut paths = vec![PathBuf::from("README.md")];
    for folder in ["docs", "docs/products"] {
        let entries = fs::read_dir(root().join(folder)).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let pages = names.filter(|name| name.ends_with(".md") && !MADE.contains(&name.as_str()));
        paths.extend(pages.map(|name| Path::new(folder).join(name)));
    }
    paths.sort();
    let page = |path: PathBuf| {
        let text = fs::read_to_string(root().join(&path)).unwrap();
        File::new(path.to_str().unwrap(), &text)
    };
    paths.into_iter().map(page).collect()
}

/// The fenced blocks of a page in this language.
fn blocks<'p>(page: &'p str, language: &str) -> Vec<&'p str> {
    let opening = format!("```{language}\n");
    let blocks = page.split(opening.as_str()).skip(1);
    blocks.map(|rest| rest.split_once("```").map_or(rest, |(block, _)| block)).collect()
}

/// A page without its fenced blocks.
fn without_blocks(page: &str) -> String {
    let parts = page.split("```").enumerate();
    parts.filter(|(at, _)| at % 2 == 0).map(|(_, part)| part).collect()
}

/// The inline code of a page, white space as single blanks.
fn code(page: &str) -> Vec<String> {
    let prose = without_blocks(page);
    let spans = prose.split('`').skip(1).step_by(2);
    spans.map(|span| span.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
}

#[test]
fn blocks_and_inline_code_are_told_apart() {
    let page = "Set `a.b`:\n\n```toml\nx = 1\n```\n\nor `y =\n2`.\n";
    assert_eq!(blocks(page, "toml"), ["x = 1\n"]);
    assert_eq!(code(page), ["a.b", "y = 2"]);
}
