//! The figures of a run that is finished, for claims about another: read from its `summary.csv`.

use super::diff::{Row, rows};
use super::number;
use autosim_study::experiment::{Figure, Kind};

/// What a run left in `summary.csv`: the means of the first service of every policy.
#[derive(Debug, Clone)]
pub struct Baseline {
    /// What messages call the file.
    name: String,
    rows: Vec<Row>,
}

impl Baseline {
    /// Reads the text of a `summary.csv`.
    ///
    /// # Errors
    /// A text that is no such table.
    pub fn read(name: &str, summary: &str) -> Result<Self, String> {
        let refuse = |why: &str| {
            format!("{name} {why}; give the folder that `autosim run` left, or its summary.csv")
        };
        let mut all = rows(summary).map_err(|error| refuse(&format!("is no table: {error}")))?;
        let mut known: Vec<String> = Vec::new();
        // The rows below the first one of a policy are of other services.
        all.retain(|row| {
            let first = !row.policy.is_empty() && !known.contains(&row.policy);
            known.push(row.policy.clone());
            first && row.cell("service").is_some_and(|service| !service.is_empty())
        });
        match all.is_empty() {
            true => Err(refuse("is no summary of a run")),
            false => Ok(Self { name: name.to_owned(), rows: all }),
        }
    }

    /// The mean of a figure under the policy of that name, or under the only one there is.
    ///
    /// # Errors
    /// There is no such policy, or no such figure of it.
    pub fn mean(&self, policy: &str, figure: Figure) -> Result<f64, String> {
        let named = self.rows.iter().find(|row| row.policy == policy);
        let only = || self.rows.first().filter(|_| self.rows.len() == 1);
        let row = named.or_else(only).ok_or_else(|| {
            let known: Vec<&str> = self.rows.iter().map(|row| row.policy.as_str()).collect();
            format!("{} has no policy `{policy}`; it has {}", self.name, known.join(", "))
        })?;
        let cell = row.cell(figure.column()).ok_or_else(|| {
            format!("{} has no column `{}`; another version left it", self.name, figure.column())
        })?;
        let value: Option<f64> = cell.parse().ok();
        value.filter(|value| value.is_finite()).ok_or_else(|| {
            format!("{} has no `{}` of `{}`", self.name, figure.column(), row.policy)
        })
    }

    /// A figure with the digits that a summary holds: what is the same there is the same.
    pub fn as_written(value: f64, kind: Kind) -> f64 {
        number::figure(Some(value), kind).parse().unwrap_or(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO: &str = "policy,service,kind,replications,cost,latency_p99_ms\n\
                       old,web,fixed,5,12.5,300.25\n\
                       old,queue,fixed,5,99,\n\
                       new,web,target-tracking,5,9,\n";

    #[test]
    fn a_figure_is_that_of_the_policy_of_that_name_or_of_the_only_one() {
        let two = Baseline::read("s.csv", TWO).unwrap();
        assert_eq!(two.mean("old", Figure::Cost), Ok(12.5));
        assert_eq!(two.mean("new", Figure::Cost), Ok(9.0));
        let one: String = TWO.lines().take(3).map(|line| format!("{line}\n")).collect();
        let one = Baseline::read("s.csv", &one).unwrap();
        assert_eq!(one.mean("any", Figure::LatencyP99), Ok(300.25));
    }

    #[test]
    fn what_a_summary_does_not_hold_is_named() {
        let two = Baseline::read("s.csv", TWO).unwrap();
        for (policy, figure, said) in [
            ("other", Figure::Cost, "s.csv has no policy `other`; it has old, new"),
            ("new", Figure::LatencyP99, "s.csv has no `latency_p99_ms` of `new`"),
            ("new", Figure::Actions, "s.csv has no column `actions`; another version left it"),
        ] {
            assert_eq!(two.mean(policy, figure), Err(said.to_owned()));
        }
        for text in ["", "a,b\n1,2\n", "policy,service\n", "policy\nx\n", "policy,service\na\n"] {
            let refused = Baseline::read("s.csv", text).unwrap_err();
            assert!(refused.starts_with("s.csv is no "), "{text:?}: {refused}");
        }
    }

    #[test]
    fn a_figure_compared_with_what_was_written_is_rounded_as_that_was() {
        assert_eq!(Baseline::as_written(12.500_000_4, Kind::Money), 12.5);
        assert_eq!(Baseline::as_written(12.500_001, Kind::Money), 12.500_001);
    }
}
