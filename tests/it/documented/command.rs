//! Every command and flag that a document names is one of the command line.

use super::{blocks, code, pages, root};
use crate::house::tree::File;
use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

/// The flags of each verb, by its words: `trace inspect`. The command without a verb is the empty one.
pub(super) type Verbs = BTreeMap<String, BTreeSet<String>>;

/// The command line as its own help tells it.
pub(super) fn verbs() -> Verbs {
    let mut verbs = Verbs::new();
    let mut open = vec![String::new()];
    while let Some(verb) = open.pop() {
        let output = Command::new(env!("CARGO_BIN_EXE_autosim"))
            .args(verb.split_whitespace())
            .arg("--help")
            .current_dir(root())
            .output()
            .unwrap();
        let help = String::from_utf8(output.stdout).unwrap();
        let (flags, inner) = told(&help);
        open.extend(inner.iter().map(|inner| format!("{verb} {inner}").trim().to_owned()));
        verbs.insert(verb, flags);
    }
    verbs
}

/// The flags and the verbs of a page of help.
fn told(help: &str) -> (BTreeSet<String>, Vec<String>) {
    let mut flags = BTreeSet::new();
    let mut inner = Vec::new();
    let mut in_commands = false;
    for line in help.lines() {
        if !line.starts_with(' ') {
            in_commands = line == "Commands:";
        }
        let entry = line.trim_start();
        let first = entry.split([' ', ',']).next().unwrap_or_default();
        if in_commands && line.starts_with("  ") && !line.starts_with("   ") && first != "help" {
            inner.push(first.to_owned());
        }
        if entry.starts_with('-') {
            flags.extend(
                entry.split([' ', ',']).filter(|word| word.starts_with('-')).map(str::to_owned),
            );
        }
    }
    (flags, inner)
}

/// What of a line of a shell is not of the command line; `None` where it is about another program.
fn wrong(line: &str, verbs: &Verbs) -> Option<Vec<String>> {
    let line = line.trim_start_matches("$ ");
    let line = line.split_once(" # ").map_or(line, |(command, _)| command);
    let words = match line
        .strip_prefix("autosim ")
        .or_else(|| line.strip_prefix("cargo run --release -- "))
    {
        Some(words) => words,
        None if line.starts_with("--") => return Some(nowhere(line, verbs)),
        None => return None,
    };
    let mut words =
        words.split_whitespace().take_while(|word| !matches!(*word, "|" | ">")).peekable();
    let mut verb = String::new();
    while let Some(word) = words.peek() {
        let longer = format!("{verb} {word}").trim().to_owned();
        if !verbs.contains_key(&longer) {
            break;
        }
        verb = longer;
        words.next();
    }
    if verb.is_empty() {
        return Some(vec![format!("`{line}`: no such verb")]);
    }
    let flags = words.filter(|word| word.starts_with('-') && *word != "-").map(flag);
    let unknown = flags.filter(|flag| !verbs[&verb].contains(*flag));
    Some(unknown.map(|flag| format!("`{line}`: `{verb}` has no {flag}")).collect())
}

/// `--out` of `--out=DIR`.
fn flag(word: &str) -> &str {
    word.split_once('=').map_or(word, |(flag, _)| flag)
}

/// Flags on their own must be those of some verb.
fn nowhere(line: &str, verbs: &Verbs) -> Vec<String> {
    let flags = line.split_whitespace().filter(|word| word.starts_with("--")).map(flag);
    let unknown = flags.filter(|flag| !verbs.values().any(|known| known.contains(*flag)));
    unknown.map(|flag| format!("no verb has {flag}")).collect()
}

/// Every command and flag of a page: how many lines name one, and what is wrong.
fn judged(page: &File, verbs: &Verbs) -> (usize, Vec<String>) {
    let shells = blocks(&page.text, "console").into_iter().map(|block| block.replace("\\\n", " "));
    let mut lines: Vec<String> =
        shells.flat_map(|block| block.lines().map(str::to_owned).collect::<Vec<_>>()).collect();
    lines.extend(code(&page.text));
    let judged: Vec<Vec<String>> = lines.iter().filter_map(|line| wrong(line, verbs)).collect();
    let named = judged.len();
    (named, judged.into_iter().flatten().map(|wrong| format!("{}: {wrong}", page.path)).collect())
}

#[test]
fn every_command_and_flag_in_the_documents_exists() {
    let verbs = verbs();
    let (mut named, mut wrong) = (0, Vec::new());
    for page in pages() {
        let (of_page, wrong_there) = judged(&page, &verbs);
        named += of_page;
        wrong.extend(wrong_there);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(named >= 50, "only {named} commands and flags are named");
}

#[test]
fn a_flag_that_is_none_is_noticed() {
    let page = "```console\n$ autosim run s.toml \\\n    --worst 1 # why\n$ autosim paint s.toml\n$ cargo test --release\n```\n\
                `--set a=b`, `--sett a=b`, `autosim trace inspect --format=counts FILE`\n";
    let (named, wrong) = judged(&File::new("p.md", page), &verbs());
    let expected = [
        "p.md: `autosim run s.toml      --worst 1`: `run` has no --worst",
        "p.md: `autosim paint s.toml`: no such verb",
        "p.md: no verb has --sett",
    ];
    assert_eq!((named, wrong), (5, expected.map(str::to_owned).to_vec()));
}
