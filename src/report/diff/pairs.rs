//! Which policy of one run stands beside which of the other.

use super::DiffError;

/// Two policies that were compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paired {
    /// Of the run before.
    pub a: String,
    /// Of the run after.
    pub b: String,
    /// Why these two.
    pub why: Why,
}

/// Why two policies were compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// They have one name.
    Name,
    /// They were named.
    Chosen,
    /// Each run has but one.
    Only,
    /// They are the only ones of their kind.
    Kind,
    /// They stand at the same place.
    Place,
}

/// A policy that was compared with nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unpaired {
    /// Only the run before has it, or nothing to compare it with.
    A,
    /// Only the run after.
    B,
}

impl Paired {
    /// One name where both have it.
    pub(super) fn label(&self) -> String {
        if self.a == self.b { self.a.clone() } else { format!("{} -> {}", self.a, self.b) }
    }
}

impl Why {
    /// In words.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Name => "same name",
            Self::Chosen => "as asked",
            Self::Only => "the only one of each run",
            Self::Kind => "the only one of its kind",
            Self::Place => "same place",
        }
    }
}

/// A row of a summary: column and cell, in order.
#[derive(Debug, Clone, Default)]
pub(crate) struct Row {
    pub(crate) policy: String,
    pub(super) service: String,
    kind: String,
    pub(super) cells: Vec<(String, String)>,
}

impl Row {
    /// What stands in a column; `None` if there is none.
    pub(crate) fn cell(&self, column: &str) -> Option<&str> {
        self.cells.iter().find(|(name, _)| name == column).map(|(_, value)| value.as_str())
    }
}

/// The rows of a summary.
pub(crate) fn rows(summary: &str) -> Result<Vec<Row>, csv::Error> {
    let mut csv = csv::Reader::from_reader(summary.as_bytes());
    let header = csv.headers()?.clone();
    let mut rows = Vec::new();
    for record in csv.records() {
        let record = record?;
        let cells = header.iter().zip(&record).map(|(c, v)| (c.to_owned(), v.to_owned()));
        let cells: Vec<(String, String)> = cells.collect();
        let mut row = Row { cells, ..Row::default() };
        let cell = |name: &str| row.cell(name).unwrap_or_default().to_owned();
        (row.policy, row.service, row.kind) = (cell("policy"), cell("service"), cell("kind"));
        rows.push(row);
    }
    Ok(rows)
}

/// A policy with its kind.
type Known<'a> = (&'a str, &'a str);

/// Policies in the order of the summary.
fn policies(rows: &[Row]) -> Vec<Known<'_>> {
    let mut all: Vec<Known<'_>> = Vec::new();
    for row in rows {
        if all.iter().all(|(name, _)| *name != row.policy) {
            all.push((&row.policy, &row.kind));
        }
    }
    all
}

/// Who is compared with whom, and who is left over.
pub(super) type Pairs = (Vec<Paired>, Vec<(String, Unpaired)>);

/// Pairs two runs: as asked, or by name; where no name is in both, the only ones, the only ones of a kind, and
/// those at the same place of equally many.
pub(super) fn pair(
    a: &[Row],
    b: &[Row],
    chosen_a: Option<&str>,
    chosen_b: Option<&str>,
) -> Result<Pairs, DiffError> {
    let (a, b) = (policies(a), policies(b));
    let has = |side: &[Known<'_>], name: &str| side.iter().any(|(known, _)| *known == name);
    let pairs = if chosen_a.is_some() || chosen_b.is_some() {
        vec![chosen(&a, chosen_a, &b, chosen_b)?]
    } else if a.iter().any(|(name, _)| has(&b, name)) {
        let common = a.iter().filter(|(name, _)| has(&b, name));
        common.map(|(name, _)| paired(name, name, Why::Name)).collect()
    } else {
        strangers(a.clone(), b.clone())
    };
    let left_a = a.iter().filter(|(name, _)| pairs.iter().all(|pair| pair.a != *name));
    let left_b = b.iter().filter(|(name, _)| pairs.iter().all(|pair| pair.b != *name));
    let left_a = left_a.map(|(name, _)| ((*name).to_owned(), Unpaired::A));
    let left_b = left_b.map(|(name, _)| ((*name).to_owned(), Unpaired::B));
    let alone = left_a.chain(left_b).collect();
    Ok((pairs, alone))
}

fn paired(a: &str, b: &str, why: Why) -> Paired {
    Paired { a: a.to_owned(), b: b.to_owned(), why }
}

/// Runs without a name in common.
fn strangers<'a>(mut a: Vec<Known<'a>>, mut b: Vec<Known<'a>>) -> Vec<Paired> {
    if let ([one], [other]) = (&a[..], &b[..]) {
        return vec![paired(one.0, other.0, Why::Only)];
    }
    let mut pairs = Vec::new();
    for (_, kind) in a.clone() {
        if let ([one], [other]) = (&of_kind(&a, kind)[..], &of_kind(&b, kind)[..]) {
            pairs.push(paired(one, other, Why::Kind));
            a.retain(|(name, _)| name != one);
            b.retain(|(name, _)| name != other);
        }
    }
    if a.len() == b.len() {
        pairs.extend(a.drain(..).zip(b.drain(..)).map(|(a, b)| paired(a.0, b.0, Why::Place)));
    }
    pairs
}

/// The policies of a kind.
fn of_kind<'a>(side: &[Known<'a>], kind: &str) -> Vec<&'a str> {
    side.iter().filter(|(_, known)| *known == kind).map(|(name, _)| *name).collect()
}

fn chosen(
    a: &[Known<'_>],
    chosen_a: Option<&str>,
    b: &[Known<'_>],
    chosen_b: Option<&str>,
) -> Result<Paired, DiffError> {
    let list =
        |side: &[Known<'_>]| side.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
    let one = |side: &[Known<'_>], name: Option<&str>, other: Option<&str>| {
        let known = |name: &str| side.iter().any(|(known, _)| *known == name);
        match (name, other) {
            (Some(name), _) if known(name) => Ok(name.to_owned()),
            (Some(name), _) => {
                Err(DiffError::NoSuchPolicy { name: name.to_owned(), known: list(side) })
            }
            (None, Some(name)) if known(name) => Ok(name.to_owned()),
            (None, other) => match side {
                [(only, _)] => Ok((*only).to_owned()),
                _ => {
                    let name = other.unwrap_or_default().to_owned();
                    Err(DiffError::WithWhich { name, known: list(side) })
                }
            },
        }
    };
    let (first, second) = (one(a, chosen_a, chosen_b)?, one(b, chosen_b, chosen_a)?);
    Ok(Paired { a: first, b: second, why: Why::Chosen })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn side(policies: &[(&str, &str)]) -> Vec<Row> {
        let lines = policies.iter().map(|(name, kind)| format!("{name},{kind}\n"));
        rows(&format!("policy,kind\n{}", lines.collect::<String>())).unwrap()
    }

    #[test]
    fn what_can_be_paired_is_and_the_rest_is_said() {
        for (a, b, pairs, alone) in [
            // By name; others stay alone, whatever their kind.
            (vec![("x", "f"), ("y", "t")], vec![("x", "t"), ("z", "t")], "x-x Name", "y A, z B"),
            (vec![("old", "f")], vec![("new", "t")], "old-new Only", ""),
            (vec![("p", "f"), ("q", "t")], vec![("r", "t"), ("s", "f")], "p-s Kind, q-r Kind", ""),
            (
                vec![("p", "t"), ("q", "t")],
                vec![("r", "t"), ("s", "t")],
                "p-r Place, q-s Place",
                "",
            ),
            (
                vec![("p", "f"), ("q", "t"), ("u", "t")],
                vec![("r", "f"), ("s", "t")],
                "p-r Kind",
                "q A, u A, s B",
            ),
            (vec![("p", "f"), ("q", "f")], vec![("r", "t")], "", "p A, q A, r B"),
        ] {
            let (found, left) = pair(&side(&a), &side(&b), None, None).unwrap();
            let found: Vec<String> =
                found.iter().map(|one| format!("{}-{} {:?}", one.a, one.b, one.why)).collect();
            let left: Vec<String> =
                left.iter().map(|(name, which)| format!("{name} {which:?}")).collect();
            assert_eq!((found.join(", "), left.join(", ")), (pairs.into(), alone.into()));
        }
    }

    #[test]
    fn two_that_were_named_are_compared() {
        let (a, b) = (side(&[("p", "f"), ("q", "t")]), side(&[("p", "f"), ("r", "t")]));
        let found = |one, other| pair(&a, &b, one, other).map_err(|error| error.to_string());
        let (pairs, alone) = found(Some("q"), Some("r")).unwrap();
        assert_eq!(pairs, [paired("q", "r", Why::Chosen)]);
        assert_eq!(alone, [("p".to_owned(), Unpaired::A), ("p".to_owned(), Unpaired::B)]);
        assert_eq!(found(Some("p"), None).unwrap().0, [paired("p", "p", Why::Chosen)]);
        assert!(found(Some("z"), Some("r")).unwrap_err().contains("no policy `z`: p, q"));
        assert!(found(Some("q"), None).unwrap_err().contains("RUN:POLICY for both: p, r"));
    }
}
