//! The comparison as Markdown, to be pasted into a pull request.

use super::moments::lines;
use super::notes::notes;
use super::number::{currency, human};
use super::saving::saving;
use super::table::{
    against_baseline, further_slos, headline, per, percent, slo, tail, tail_name, verdict,
    with_interval,
};
use autosim_study::experiment::{Compared, Comparison, Figure, Results};
use std::fmt::Write as _;

/// Policies whose worst moment is told.
const WORST: usize = 5;
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Verdict first, then the table, the worst moments, and folded away what it rests on.
pub fn markdown(results: &Results, comparison: &Comparison) -> String {
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = write_markdown(&mut out, results, comparison);
    out
}

fn write_markdown(
    out: &mut String,
    results: &Results,
    comparison: &Comparison,
) -> Result<(), std::fmt::Error> {
    let about = &results.about;
    writeln!(out, "### {}\n", plain_text(&about.title()))?;
    if let Some(question) = &about.question {
        writeln!(out, "> {}\n", plain_text(question))?;
    }
    writeln!(out, "**{}**\n", plain_text(&verdict(results, comparison)))?;
    let money = currency(about.price.currency());
    let period =
        about.recipe.per.map(|period| format!(" per {}", period.name())).unwrap_or_default();
    writeln!(
        out,
        "| policy | SLO | p50 ms, done | {} ms | failed % | replica-hours{period} | cost {money}{period} | against base |",
        tail_name(results)
    )?;
    writeln!(out, "|---|---|--:|--:|--:|--:|--:|--:|")?;
    for (at, policy) in comparison.policies.iter().enumerate() {
        writeln!(out, "| {} |", row(results, policy, at == comparison.baseline).join(" | "))?;
    }
    writeln!(out)?;
    let savings = (0..comparison.policies.len()).filter_map(|at| {
        let saving = saving(results, comparison, at)?;
        Some(format!("{} against the base: {saving}", comparison.policies[at].name))
    });
    let further = further_slos(results, comparison);
    for line in savings.chain(further).chain(lines(results, comparison, WORST)) {
        writeln!(out, "- {}", plain_text(&line))?;
    }
    writeln!(out, "\n<details><summary>What this rests on</summary>\n")?;
    writeln!(out, "- {}; autosim {VERSION}", plain_text(&headline(results)))?;
    for note in notes(results, comparison) {
        writeln!(out, "- {}", plain_text(&note))?;
    }
    for assumption in &about.assumptions {
        writeln!(out, "- assumed: {}", plain_text(assumption))?;
    }
    for (path, hash) in &about.inputs {
        writeln!(out, "- input {}, SHA-256 `{hash}`", plain_text(path))?;
    }
    writeln!(out, "\n</details>")
}

fn row(results: &Results, policy: &Compared, is_base: bool) -> Vec<String> {
    let figure = |figure| {
        policy.estimate(figure).map_or("-".to_owned(), |estimate| human(estimate.mean, 3)) //
    };
    let mark = if policy.on_frontier { " *" } else { "" };
    let cells = [
        format!("{}{mark}", policy.name),
        slo(policy),
        figure(Figure::LatencyP50),
        tail(policy),
        policy.estimate(Figure::FailedShare).map_or("-".into(), |e| percent(e.mean)),
        per(results, policy.estimate(Figure::BilledHours)).map_or("-".into(), |e| human(e.mean, 3)),
        with_interval(per(results, policy.estimate(Figure::Cost))),
        if is_base { "base".to_owned() } else { against_baseline(policy) },
    ];
    cells.iter().map(|cell| plain_text(cell)).collect()
}

/// Nothing in a text may be read as markup, or end its line.
fn plain_text(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '\n' | '\r' => out.push(' '),
            '|' | '*' | '_' | '`' | '<' | '>' | '[' | ']' | '\\' | '~' | '#' => {
                out.push('\\');
                out.push(c);
            }
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;

    #[test]
    fn it_leads_with_the_verdict_and_has_a_row_for_each_policy() {
        let (results, comparison) = sample::comparison();
        let text = markdown(&results, &comparison);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "### launch-day");
        assert!(lines[4].starts_with("**verdict: steady is the cheapest"), "{text}");
        let table: Vec<&&str> = lines.iter().filter(|line| line.starts_with('|')).collect();
        assert_eq!(table.len(), 2 + 6);
        assert!(table.iter().all(|line| line.matches(" | ").count() == 7 || line.contains("--:")));
        assert!(text.contains("- worst of steady: Mon 09:58"), "{text}");
        assert!(text.contains("- input traces/day.csv.gz, SHA-256 `00ff`"), "{text}");
    }

    #[test]
    fn names_cannot_break_the_table() {
        let mut results = sample::results();
        results.policies[1].name = "a|b <img>".into();
        let text = markdown(&results, &Comparison::of(&results));
        assert!(text.contains(r"| a\|b \<img\> "), "{text}");
    }
}
