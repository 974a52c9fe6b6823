//! The columns of the table for a terminal: which there are, and which of them a width has room for. A name or
//! a figure is never broken; columns are left out before, the least important first.

use super::number::currency;
use super::table::{against_baseline, mean, per, percent, slo, tail, tail_name, whole};
use autosim_study::experiment::{Compared, Comparison, Figure, Results};
use comfy_table::{
    CellAlignment, ContentArrangement, ContentLineStyle, LineStyle, Table, TableStyle,
};

/// A column with all its cells.
struct Column {
    /// As a sentence calls it.
    name: &'static str,
    /// Of those that may be left out the highest goes first; 0 = it stays.
    spare: u8,
    header: String,
    cells: Vec<String>,
}

/// The columns there is room for.
pub(super) struct Columns {
    shown: Vec<Column>,
    left_out: Vec<&'static str>,
    /// Room that all of them need.
    needed: usize,
}

/// Between two columns: what parts them, and a blank.
const GAP: usize = 2;

impl Column {
    /// With the gap before it.
    fn width(&self) -> usize {
        let cells = self.cells.iter().map(String::as_str);
        let lines = self.header.lines().chain(cells);
        GAP + lines.map(|line| line.chars().count()).max().unwrap_or(0)
    }
}

impl Columns {
    /// Of a terminal with so many columns.
    pub(super) fn that_fit(results: &Results, comparison: &Comparison, width: usize) -> Self {
        let mut shown = all(results, comparison);
        // Before the first there is no gap.
        let taken =
            |shown: &[Column]| shown.iter().map(Column::width).sum::<usize>().saturating_sub(GAP);
        let needed = taken(&shown);
        let mut left_out = Vec::new();
        while taken(&shown) > width
            && let Some(at) = (0..shown.len()).max_by_key(|&at| shown[at].spare)
            && shown[at].spare > 0
        {
            left_out.push(shown.remove(at).name);
        }
        Self { shown, left_out, needed }
    }

    pub(super) fn table(&self) -> Table {
        let mut table = Table::new();
        table
            .load_style(STYLE)
            .set_content_arrangement(ContentArrangement::Disabled)
            .set_header(self.shown.iter().map(|column| &column.header));
        let rows = self.shown.first().map_or(0, |column| column.cells.len());
        for at in 0..rows {
            table.add_row(self.shown.iter().map(|column| &column.cells[at]));
        }
        for (at, column) in table.column_iter_mut().enumerate() {
            column.set_padding((u16::from(at > 0), 0));
            if at > 1 {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        table
    }

    /// What there is no room for, and where it is.
    pub(super) fn left_out(&self) -> Option<String> {
        (!self.left_out.is_empty()).then(|| {
            format!(
                "No room for: {}; a terminal of {} columns and summary.csv have them.",
                self.left_out.join(", "),
                self.needed
            )
        })
    }
}

const STYLE: TableStyle = TableStyle::new()
    .header_lines(ContentLineStyle::none())
    .header_separator(LineStyle::none().fill('─').junction('─'))
    .content_lines(ContentLineStyle::none());

fn all(results: &Results, comparison: &Comparison) -> Vec<Column> {
    let money = currency(results.about.price.currency());
    let base = comparison.policies.get(comparison.baseline).map(|base| &base.name);
    let column = |name, spare, header: String, cell: &dyn Fn(&Compared) -> String| {
        let cells = comparison.policies.iter().map(cell).collect();
        Column { name, spare, header, cells }
    };
    let figure = |figure| move |policy: &Compared| mean(policy.estimate(figure));
    let bill = |figure| move |policy: &Compared| mean(per(results, policy.estimate(figure)));
    let period = results.about.recipe.per.map(|period| format!("/{}", period.name()));
    let period = period.unwrap_or_default();
    let mark = |policy: &Compared| if policy.on_frontier { "*" } else { "" };
    vec![
        column("policy", 0, "policy".into(), &|one| format!("{}{}", one.name, mark(one))),
        column("SLO", 0, "SLO".into(), &slo),
        column("p50", 5, "p50\ndone".into(), &figure(Figure::LatencyP50)),
        column("percentile of the SLO", 0, format!("{}\nms", tail_name(results)), &tail),
        column("failures", 2, "fail\n%".into(), &|one| {
            one.estimate(Figure::FailedShare).map_or("-".into(), |e| percent(e.mean))
        }),
        column("replica-hours", 4, format!("rep.-\nhours{period}"), &bill(Figure::BilledHours)),
        column("cost", 1, format!("cost\n{money}{period}"), &bill(Figure::Cost)),
        column("cost against the base", 3, "cost against\nthe base".into(), &|one| match Some(
            &one.name,
        ) == base
        {
            true => "base".to_owned(),
            false => against_baseline(one),
        }),
        column("actions", 6, "act-\nions".into(), &|one| {
            one.estimate(Figure::Actions).map_or("-".into(), |e| whole(e.mean))
        }),
    ]
}

#[cfg(test)]
mod tests {
    use super::super::{sample, table};
    use autosim_study::experiment::{Comparison, Results};

    fn widest(text: &str) -> usize {
        text.lines().map(|line| line.chars().count()).max().unwrap()
    }

    /// One, three and twelve policies, some with long names.
    fn runs() -> Vec<Results> {
        let with = |count: usize| {
            let mut results = sample::results();
            results.policies.truncate(count);
            for more in results.policies.len()..count {
                let mut another = results.policies[more % 6].clone();
                another.name = format!("night-sleeper-with-a-buffer-of-{more}");
                results.policies.push(another);
            }
            results
        };
        [1, 3, 12].map(with).into()
    }

    #[test]
    fn names_and_figures_are_whole_at_every_width() {
        for results in runs() {
            for width in [60, 80, 100, 160] {
                let text = table(&results, &Comparison::of(&results), width);
                assert!(widest(&text) <= width, "{width}:\n{text}");
                for policy in &results.policies {
                    let row = text.lines().find(|line| line.starts_with(&policy.name));
                    let row = row.unwrap_or_else(|| panic!("{}:\n{text}", policy.name));
                    assert!(row.contains('±') || row.contains('∞'), "{row}");
                }
            }
        }
    }

    #[test]
    fn columns_are_left_out_the_least_important_first_and_named() {
        let results = runs().remove(2);
        let text = |width| table(&results, &Comparison::of(&results), width);
        let header = |text: &str| {
            let line = text.lines().find(|line| line.starts_with("policy ")).unwrap();
            line.split_whitespace().skip(1).collect::<Vec<_>>().join(" ")
        };
        for (width, columns, left_out) in [
            (160, "SLO p50 p99 fail rep.- cost cost against act-", None),
            (100, "SLO p50 p99 fail rep.- cost cost against act-", None),
            (80, "SLO p99 fail cost cost against", Some("actions, p50, replica-hours")),
        ] {
            let text = text(width);
            assert_eq!(header(&text), columns, "{text}");
            let said = text.split_whitespace().collect::<Vec<_>>().join(" ");
            match left_out {
                None => assert!(!said.contains("No room for"), "{text}"),
                Some(names) => assert!(said.contains(&format!("No room for: {names}; ")), "{text}"),
            }
        }
        // So many columns as it says are enough.
        let said = text(70);
        let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
        let (_, needed) = said.split_once("a terminal of ").unwrap();
        let needed: usize = needed.split(' ').next().unwrap().parse().unwrap();
        assert!(!text(needed).contains("No room for") && text(needed - 1).contains("No room for"));
    }

    #[test]
    fn a_name_longer_than_the_terminal_stays_whole() {
        let mut results = sample::results();
        results.policies[1].name = "a-policy-with-a-rather-long-and-telling-name".into();
        results.about.price = "1234567 USD".parse().unwrap();
        for width in [20, 60, 80] {
            let text = table(&results, &Comparison::of(&results), width);
            assert!(
                text.contains("\na-policy-with-a-rather-long-and-telling-name*  met 4/4"),
                "{text}"
            );
        }
    }
}
