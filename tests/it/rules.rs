//! The rules of the model, `docs/MODEL.md`: numbered without gaps, cited in one form, each cited where the code
//! keeps it and by a test that shows it.

use crate::house::tree::{File, Tree};
use std::collections::BTreeSet;

const MODEL: &str = "docs/MODEL.md";

/// The numbers of the rules as they stand, in the order of the page.
fn numbers(page: &str) -> Vec<u32> {
    let heads = page.lines().filter_map(|line| line.strip_prefix("**Rule "));
    heads.filter_map(|head| head.split_once(". ")?.0.parse().ok()).collect()
}

/// The numbers in the citations of a line, `(rule 12)` or `(rules 4, 12)`; what is wrong with one.
fn cited(line: &str) -> Result<Vec<u32>, String> {
    let mut numbers = Vec::new();
    for (at, _) in line.match_indices("(rule") {
        let rest = &line[at + "(rule".len()..];
        let Some(list) = rest.strip_prefix(' ').or_else(|| rest.strip_prefix("s ")) else {
            continue;
        };
        if !list.starts_with(|c: char| c.is_ascii_digit()) {
            continue;
        }
        let list = list.split_once(')').ok_or("a citation ends in its line")?.0;
        for number in list.split(", ") {
            let found = number.parse().map_err(|_| format!("`{number}` is not a rule's number"))?;
            numbers.push(found);
        }
    }
    Ok(numbers)
}

/// Whether a comment names a rule by number in another form.
fn names_a_rule_otherwise(comment: &str) -> bool {
    let lower = comment.to_lowercase();
    ["rule ", "rules "].iter().any(|word| {
        lower.match_indices(word).any(|(at, _)| {
            let number = lower[at + word.len()..].starts_with(|c: char| c.is_ascii_digit());
            let before = lower[..at].chars().next_back();
            number && before != Some('(') && !before.is_some_and(char::is_alphanumeric)
        })
    })
}

/// What stands in the comment at the end of a line of code, if there is one.
fn comment(line: &str) -> &str {
    line.split_once("//").map_or("", |(_, comment)| comment)
}

/// Every text that may cite a rule: the code, and pages beside it; this file shows the form only.
fn texts() -> Vec<File> {
    let mut all = Tree::of_the_project().0;
    all.retain(|file| {
        let page = file.path.ends_with(".md") && file.path != MODEL;
        (page || file.is_rust()) && !file.path.ends_with("it/rules.rs")
    });
    all
}

/// The page of the rules.
fn page() -> String {
    let found = Tree::of_the_project().0.into_iter().find(|file| file.path == MODEL);
    found.expect("the model has a page").text
}

/// The citations of a text: line, number; or what is wrong.
fn citations(path: &str, text: &str) -> Result<Vec<(usize, u32)>, String> {
    let mut found = Vec::new();
    let code = path.ends_with(".rs");
    for (at, line) in text.lines().enumerate() {
        let line = if code { comment(line) } else { line };
        let numbers = cited(line).map_err(|why| format!("{path}:{}: {why}", at + 1))?;
        if code && names_a_rule_otherwise(line) {
            return Err(format!("{path}:{}: cite a rule as `(rule 12)`", at + 1));
        }
        found.extend(numbers.into_iter().map(|number| (at, number)));
    }
    Ok(found)
}

/// The numbers cited in the description above a test of this text.
fn shown_by_tests(text: &str) -> BTreeSet<u32> {
    let lines: Vec<&str> = text.lines().map(str::trim_start).collect();
    let tests = (0..lines.len()).filter(|&at| lines[at] == "#[test]");
    let above = |at: usize| {
        let upwards = lines[..at].iter().rev();
        upwards.take_while(|line| line.starts_with("///") || line.starts_with("#["))
    };
    tests.flat_map(above).flat_map(|line| cited(line).unwrap_or_default()).collect()
}

/// The numbers cited beside code: not in a file's head, which speaks of all of it, nor in its tests.
fn kept_by_code(text: &str) -> BTreeSet<u32> {
    let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    let lines = code.lines().filter(|line| !line.starts_with("//!"));
    lines.flat_map(|line| cited(comment(line)).unwrap_or_default()).collect()
}

/// The rules of the page that none of the citations names.
fn left_out(cited: impl Iterator<Item = BTreeSet<u32>>) -> Vec<u32> {
    let cited: BTreeSet<u32> = cited.flatten().collect();
    numbers(&page()).into_iter().filter(|number| !cited.contains(number)).collect()
}

#[test]
fn rules_are_numbered_from_one_without_a_gap() {
    let page = page();
    let mut found = numbers(&page);
    assert_eq!(found.len(), page.matches("**Rule").count(), "a rule begins `**Rule 12. `");
    found.sort_unstable();
    let last = found.last().copied().unwrap_or(0);
    assert!(last >= 11 && found == (1..=last).collect::<Vec<_>>(), "{found:?}");
    // The page cites its own rules too, beside the form itself.
    let own = citations(MODEL, &page).unwrap();
    assert!(own.iter().all(|(_, number)| found.contains(number)), "{own:?}");
}

#[test]
fn every_rule_that_is_cited_stands_in_the_model() {
    let known = numbers(&page());
    let mut wrong = Vec::new();
    for File { path, text } in &texts() {
        match citations(path, text) {
            Err(why) => wrong.push(why),
            Ok(found) => wrong.extend(
                found
                    .iter()
                    .filter(|(_, number)| !known.contains(number))
                    .map(|(at, number)| format!("{path}:{}: there is no rule {number}", at + 1)),
            ),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_rule_is_shown_by_a_test_that_cites_it() {
    let missing = left_out(texts().iter().map(|file| shown_by_tests(&file.text)));
    assert!(missing.is_empty(), "no test cites the rules {missing:?}");
}

#[test]
fn every_rule_is_cited_where_the_code_keeps_it() {
    let tree = Tree::of_the_project();
    let missing = left_out(tree.program().map(|file| kept_by_code(&file.text)));
    assert!(missing.is_empty(), "no code below src cites the rules {missing:?}");
}

#[test]
fn citations_are_found_in_their_one_form() {
    for (line, expected) in [
        ("//! What a replica's life costs (rule 9).", Ok(vec![9])),
        ("/// Last come (rules 4, 12) and (rule 7).", Ok(vec![4, 12, 7])),
        ("    let wait = rule(4);", Ok(vec![])),
        ("/// What follows (rule by rule).", Ok(vec![])),
        ("/// (rules 4 and 12)", Err("`4 and 12` is not a rule's number")),
        ("/// (rules 4,", Err("a citation ends in its line")),
    ] {
        assert_eq!(cited(line), expected.map_err(str::to_owned), "{line}");
    }
    for (line, otherwise) in [
        ("/// Rule 7 of the model: what is counted.", true),
        ("fn f() {} // by rules 4 and 12", true),
        ("/// What is counted (rule 7).", false),
        ("/// Three rules, 12 tests.", false),
        ("\"recommend: rule 1: 90 against 70\",", false),
    ] {
        assert_eq!(names_a_rule_otherwise(comment(line)), otherwise, "{line}");
    }
}

#[test]
fn only_what_stands_above_a_test_shows_a_rule() {
    let text = "/// A type (rule 1).\nstruct A;\n\n/// It holds (rules 2, 3),\n/// and so (rule 4).\n\
                #[test]\nfn it_holds() {\n    // (rule 5)\n}\n\n#[test]\nfn nothing_said() {}\n";
    assert_eq!(shown_by_tests(text), BTreeSet::from([2, 3, 4]));
}

#[test]
fn only_what_stands_beside_code_keeps_a_rule() {
    let text = "//! All of it (rule 1).\n\n/// One (rules 2, 3).\nfn f() {\n    g(); // and (rule 4)\n\
                    let text = \"(rule 5)\";\n}\n\n#[cfg(test)]\nmod tests {\n    /// It holds (rule 6).\n\
                    #[test]\n    fn it_holds() {}\n}\n";
    assert_eq!(kept_by_code(text), BTreeSet::from([2, 3, 4]));
}

#[test]
fn a_gap_in_the_numbers_is_seen() {
    assert_eq!(numbers("# Model\n\n**Rule 1. A.** Text (rule 2).\n\n**Rule 3. B.** \n"), [1, 3]);
}
