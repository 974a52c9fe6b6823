//! Whatever is done to a file that does not change what it says: the same requests. Whatever damages it: a refusal, or what
//! was written before the damage; never another rate in silence.

use super::*;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

/// Milliseconds: when a request came, and how long it took.
type Row = (u32, u32);

const READ: &str = "sort = true\nservice_time_column = { column = 'took', unit = 'ms' }\n";

fn rows() -> impl Strategy<Value = Vec<Row>> {
    prop::collection::vec((0..3_000_000_u32, 0..5000_u32), 2..50)
}

/// How a table is written.
#[derive(Debug, Clone, Copy)]
struct Dress {
    separator: char,
    line_end: &'static str,
    mark: bool,
    last_line_end: bool,
    quoted: bool,
    lines_of_json: bool,
    /// Columns in another order, beside one of text.
    turned: bool,
    packed: Packing,
}

#[derive(Debug, Clone, Copy)]
enum Packing {
    Plain,
    Gz,
    Zst,
}

fn dress() -> impl Strategy<Value = Dress> {
    let packed = prop::sample::select(vec![Packing::Plain, Packing::Gz, Packing::Zst]);
    let separator = prop::sample::select(vec![',', ';', '\t', '|']);
    (separator, any::<[bool; 6]>(), packed).prop_map(|(separator, is, packed)| Dress {
        separator,
        line_end: if is[0] { "\r\n" } else { "\n" },
        mark: is[1],
        last_line_end: is[2],
        quoted: is[3],
        lines_of_json: is[4],
        turned: is[5],
        packed,
    })
}

impl Dress {
    const BARE: Self = Self {
        separator: ',',
        line_end: "\n",
        mark: false,
        last_line_end: true,
        quoted: false,
        lines_of_json: false,
        turned: false,
        packed: Packing::Plain,
    };

    fn line(self, cells: [&str; 3]) -> String {
        let [time, took, note] = cells;
        let cells = if self.turned { vec![note, took, time] } else { vec![time, took] };
        let quote = |cell: &str| if self.quoted { format!("\"{cell}\"") } else { cell.to_owned() };
        let cells: Vec<String> = cells.into_iter().map(quote).collect();
        cells.join(&self.separator.to_string())
    }

    fn text(self, rows: &[Row]) -> String {
        let seconds = |ms: u32| format!("{}.{:03}", ms / 1000, ms % 1000);
        let lines = rows.iter().map(|&(at, took)| match self.lines_of_json {
            true => format!("{{\"time_s\": {}, \"took\": {took}, \"note\": \"a,b\"}}", seconds(at)),
            false => self.line([&seconds(at), &took.to_string(), "note"]),
        });
        let header = (!self.lines_of_json).then(|| self.line(["time_s", "took", "text"]));
        let lines: Vec<String> = header.into_iter().chain(lines).collect();
        let mark = if self.mark { "\u{feff}" } else { "" };
        let end = if self.last_line_end { self.line_end } else { "" };
        format!("{mark}{}{end}", lines.join(self.line_end))
    }

    fn bytes(self, rows: &[Row]) -> Vec<u8> {
        let text = self.text(rows).into_bytes();
        match self.packed {
            Packing::Plain => text,
            Packing::Zst => zstd::encode_all(&text[..], 1).unwrap(),
            Packing::Gz => {
                let fast = flate2::Compression::fast();
                let mut gz = flate2::write::GzEncoder::new(Vec::new(), fast);
                gz.write_all(&text).unwrap();
                gz.finish().unwrap()
            }
        }
    }
}

/// Start and service time of each request, or the refusals.
fn read(bytes: &[u8], options: &str) -> Result<Vec<(u64, u64)>, String> {
    let (workload, said) = replay_bytes(bytes, options);
    let workload = workload.ok_or_else(|| said.join("\n"))?;
    Ok(requests(&workload, 0, hour()).into_iter().map(|request| (request.0, request.1)).collect())
}

/// What rows in order say.
fn meant(mut rows: Vec<Row>) -> Vec<(u64, u64)> {
    rows.sort_by_key(|row| row.0);
    let ns = |ms: u32| u64::from(ms) * 1_000_000;
    rows.into_iter().map(|(at, took)| (ns(at), ns(took))).collect()
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 96,
        rng_seed: RngSeed::Fixed(13),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn in_any_order_and_any_dress_the_requests_are_the_same(rows in rows(), dress in dress()) {
        prop_assert_eq!(read(&dress.bytes(&rows), READ), Ok(meant(rows)));
    }

    #[test]
    fn each_row_is_a_request_of_its_own(rows in rows(), dress in dress()) {
        let twice: Vec<Row> = rows.iter().flat_map(|row| [*row, *row]).collect();
        prop_assert_eq!(read(&dress.bytes(&twice), READ), Ok(meant(twice)));
    }

    #[test]
    fn what_is_packed_and_cut_short_is_refused(rows in rows(), gz: bool, cut in 0.0..1.0) {
        let packed = if gz { Packing::Gz } else { Packing::Zst };
        let bytes = Dress { packed, ..Dress::BARE }.bytes(&rows);
        let kept = (cut * bytes.len() as f64) as usize;
        let refused = read(&bytes[..kept], READ);
        prop_assert!(refused.as_ref().is_err_and(|said| said.contains("t.csv")), "{:?}", refused);
    }

    #[test]
    fn a_text_cut_short_is_refused_or_what_stands_before_the_cut(rows in rows(), cut in 0.0..1.0) {
        let mut rows = rows;
        rows.sort_by_key(|row| row.0);
        let bytes = Dress::BARE.bytes(&rows);
        let kept = (cut * bytes.len() as f64) as usize;
        if let Ok(found) = read(&bytes[..kept], READ) {
            // The last row may have lost digits, and with them its place.
            let whole = bytes[..kept].iter().filter(|byte| **byte == b'\n').count() - 1;
            let known = meant(rows[..whole.min(rows.len())].to_vec());
            let missing = known.iter().filter(|request| !found.contains(request)).count();
            prop_assert!(missing == 0 && found.len() <= whole + 1, "{:?}", found);
        }
    }

    #[test]
    fn rows_of_another_separator_than_the_header_are_refused(rows in rows(), at: prop::sample::Index) {
        let text = Dress::BARE.text(&rows);
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        let at = 1 + at.index(rows.len());
        for separator in [";", "\t", "|"] {
            let right = lines[at].replace([';', '\t', '|'], ",");
            lines[at] = right.replace(',', separator);
            let refused = read(lines.join("\n").as_bytes(), READ);
            let place = format!("line {}", at + 1);
            prop_assert!(refused.as_ref().is_err_and(|said| said.contains(&place)), "{:?}", refused);
        }
    }

    #[test]
    fn times_of_two_units_in_one_file_are_refused(
        rows in prop::collection::vec(1_700_000_000_u64..1_700_003_600, 2..30),
        units in prop::sample::subsequence(vec![1_u64, 1000, 1_000_000, 1_000_000_000], 2),
        turned: bool,
        at: prop::sample::Index,
    ) {
        let (one, other) = if turned { (units[1], units[0]) } else { (units[0], units[1]) };
        let at = at.index(rows.len());
        let unit = |row: usize| if row == at { other } else { one };
        let lines = rows.iter().enumerate().map(|(row, s)| format!("{}\n", s * unit(row)));
        let text = format!("time\n{}", lines.collect::<String>());
        let refused = read(text.as_bytes(), "format = 'timestamps'\nsort = true\nservice_time.constant = '1s'\n");
        prop_assert!(refused.as_ref().is_err_and(|said| said.contains("column `time`")), "{text}: {:?}", refused);
    }

    #[test]
    fn negative_lengths_and_decimal_commas_are_refused_with_their_line(
        rows in rows(),
        at: prop::sample::Index,
        took in 1..5000_u32,
        comma: bool,
    ) {
        let dress = Dress { separator: ';', ..Dress::BARE };
        let mut lines: Vec<String> = dress.text(&rows).lines().map(str::to_owned).collect();
        let at = 1 + at.index(rows.len());
        let wrong = if comma { format!("{took},5") } else { format!("-{took}") };
        lines[at] = format!("{};{wrong}", rows[at - 1].0);
        let refused = read(lines.join("\n").as_bytes(), READ);
        let parts = [format!("line {}", at + 1), format!("`{wrong}`")];
        let told = |said: &String| parts.iter().all(|part| said.contains(part));
        prop_assert!(refused.as_ref().is_err_and(told), "{:?}", refused);
    }
}

#[test]
fn rows_are_read_by_their_own_offset_whatever_the_format() {
    let log = |time: &str| format!("h - - [25/Oct/2026:{time}] \"GET / HTTP/1.1\" 200 5\n");
    for (text, options) in [
        ("time\n2026-10-25T02:30:00+02:00\n2026-10-25T02:10:00+01:00\n".to_owned(), ""),
        (
            "{\"ts\":\"2026-10-25 02:30:00+0200\"}\n{\"ts\":\"2026-10-25 02:10:00+0100\"}\n"
                .to_owned(),
            "",
        ),
        (log("02:30:00 +0200") + &log("02:10:00 +0100"), "spread = 'keep'"),
    ] {
        let workload = replay(&text, options);
        assert_eq!(arrivals(&workload), [0, 2400 * S], "{text}");
        let said = workload.assumptions().join("\n");
        assert!(said.contains("times have several offsets, +02 and +01"), "{said}");
    }
    let counts = "time,count\n2026-10-25T02:00:00+02:00,1\n2026-10-25T02:00:00+01:00,2\n2026-10-25T03:00:00+01:00,3\n";
    let seen = inspect_text(counts);
    assert_eq!((seen.interval_s, seen.missing, seen.requests), (Some(3600.0), 0, 6.0));
}

fn inspect_text(text: &str) -> crate::workload::trace::Inspection {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("t.csv"), text).unwrap();
    inspect(folder.path(), "t.csv", &Options::default()).unwrap()
}

#[test]
fn what_is_inspected_and_fitted_from_a_temporary_file_is_what_is_from_memory() {
    use crate::workload::trace::fit;
    let row = |k: u64| {
        format!("{}.{:03},0.{:03}\n", 1_772_409_600 + k * 7 / 2, k * 37 % 1000, 5 + k * k % 90)
    };
    let sorted: String = (0..3000).map(row).collect();
    let unsorted: String = (0..3000).map(|k| row(k * 1009 % 3000)).collect();
    let plain: String = (0..3000).map(|k| format!("{}\n", k * 3 + k % 2)).collect();
    for (text, sort) in [
        (format!("time,service_time_s\n{sorted}"), true),
        (format!("time,service_time_s\n{unsorted}"), true),
        (format!("time_s\n{plain}"), false),
    ] {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("t.csv"), &text).unwrap();
        let [held, stored] = [None, Some(1000)].map(|memory_limit_bytes| {
            let options = Options { sort, memory_limit_bytes, ..Options::default() };
            let seen = inspect(folder.path(), "t.csv", &options).unwrap();
            (seen, fit(folder.path(), "t.csv", &options, 1).unwrap())
        });
        assert_eq!(held.0, stored.0);
        assert_eq!(held.1.compared, stored.1.compared);
        assert_eq!(held.1.service_time, stored.1.service_time);
        assert_eq!(format!("{:?}", held.1.arrivals), format!("{:?}", stored.1.arrivals));
    }
}
