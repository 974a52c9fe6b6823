//! The rules of the house, kept by reading the source: layers, banned words, sizes, registration.

mod rules;
pub(crate) mod tree;

use tree::{File, Tree};

/// Reads the files and returns what is wrong.
type Reading = fn(&Tree) -> Vec<String>;

/// A rule, and a file that breaks it.
struct Rule {
    says: &'static str,
    broken: Reading,
    path: &'static str,
    text: &'static str,
}

/// Snippets are written in two halves where the rule would find them here too.
const RULES: &[Rule] = &[
    Rule {
        says: "a room uses only rooms below it",
        broken: rules::arrows,
        path: "src/engine/fleet/sly.rs",
        text: "use crate::signal::Metric;",
    },
    Rule {
        says: "a room is in the table of arrows",
        broken: rules::arrows,
        path: "src/study/attic/mod.rs",
        text: "",
    },
    Rule {
        says: "no crate reaches past the table",
        broken: rules::arrows,
        path: "src/report/sly.rs",
        text: "fn f() -> autosim_engine::workload::Workload { Default::default() }",
    },
    Rule {
        says: "the simulation knows no file format",
        broken: rules::simulation_reads_nothing,
        path: "src/engine/simulation/sly.rs",
        text: "use serde::Deserialize;",
    },
    Rule {
        says: "only the command reads the clock",
        broken: rules::banned_words,
        path: "src/study/experiment/sly.rs",
        text: concat!("let begun = Instant", "::now();"),
    },
    Rule {
        says: "nothing has an order that changes",
        broken: rules::banned_words,
        path: "src/report/sly.rs",
        text: concat!("use std::collections::Hash", "Map;"),
    },
    Rule {
        says: "no test is switched off",
        broken: rules::banned_words,
        path: "tests/it/sly.rs",
        text: concat!("#[ig", "nore]"),
    },
    Rule {
        says: "what can fail returns a fault",
        broken: rules::giving_up,
        path: "src/cli/sly.rs",
        text: "let text = read().unwrap();",
    },
    Rule {
        says: "every file is part of the program",
        broken: rules::forgotten_files,
        path: "src/engine/fleet/sly.rs",
        text: "",
    },
    Rule {
        says: "every reader of a trace format is in the registry of formats",
        broken: rules::forgotten_formats,
        path: "src/engine/workload/trace/sly.rs",
        text: "impl TraceFormat for Sly {",
    },
    Rule {
        says: "every room says what it is",
        broken: rules::silent_rooms,
        path: "src/engine/attic/mod.rs",
        text: "//! **Is**: an attic. **Knows**: dust. **Start at** the ladder.",
    },
    Rule {
        says: "a path that a document names exists",
        broken: rules::lost_paths,
        path: "docs/sly.md",
        text: "The clock is in `src/engine/clock.rs`.",
    },
    Rule {
        says: "nothing names a place of one machine",
        broken: rules::places_of_machines,
        path: "docs/sly.md",
        text: concat!("see /ho", "me/somebody/notes"),
    },
];

#[test]
fn the_project_keeps_every_rule() {
    let tree = Tree::of_the_project();
    assert!(tree.program().count() > 100, "the source was not found");
    for rule in RULES {
        let wrong = (rule.broken)(&tree);
        assert!(wrong.is_empty(), "{}:\n{}", rule.says, wrong.join("\n"));
    }
    for (says, broken) in SIZES {
        let wrong = broken(&tree);
        assert!(wrong.is_empty(), "{says}:\n{}", wrong.join("\n"));
    }
}

#[test]
fn every_rule_catches_what_breaks_it_and_only_that() {
    for rule in RULES {
        let wrong = (rule.broken)(&Tree(vec![File::new(rule.path, rule.text)]));
        assert_eq!(wrong.len(), 1, "{}: {wrong:?}", rule.says);
        assert!(wrong[0].starts_with(rule.path), "{}: {wrong:?}", rule.says);
    }
    let sound =
        "#[cfg(test)]\nmod tests {\n    fn f() { g().unwrap() }\n}\n// a .unwrap() in words\n";
    assert!(rules::giving_up(&Tree(vec![File::new("src/cli/sound.rs", sound)])).is_empty());
}

/// Rules about sizes; what breaks them is made below.
const SIZES: [(&str, Reading); 2] = [
    ("files have at most 600 lines", rules::large_files),
    ("functions have at most 70 lines", rules::long_functions),
];

#[test]
fn a_file_and_a_function_too_long_are_caught_and_the_longest_allowed_are_not() {
    let file = |lines: usize| Tree(vec![File::new("src/cli/long.rs", &"// line\n".repeat(lines))]);
    assert_eq!(rules::large_files(&file(601)), ["src/cli/long.rs: 601 lines, at most 600"]);
    assert!(rules::large_files(&file(600)).is_empty());
    let function = |lines: usize| {
        let text = format!("pub fn long() {{\n{}}}\n", "    x();\n".repeat(lines - 2));
        Tree(vec![File::new("src/cli/long.rs", &text)])
    };
    assert_eq!(
        rules::long_functions(&function(71)),
        ["src/cli/long.rs:1: 71 lines: pub fn long() {"]
    );
    assert!(rules::long_functions(&function(70)).is_empty());
}
