//! Recordings in Parquet: what the same rows give as CSV.

use super::*;
use ::parquet::basic::{Compression, GzipLevel, ZstdLevel};
use ::parquet::data_type::{
    ByteArray, ByteArrayType, DoubleType, FixedLenByteArrayType, Int32Type, Int64Type,
};
use ::parquet::file::properties::WriterProperties;
use ::parquet::file::writer::SerializedFileWriter;
use ::parquet::schema::parser::parse_message_type;

/// A column: its declaration, and its values; of text where they are text.
enum Values {
    Long(Vec<i64>),
    Int(Vec<i32>),
    Double(Vec<f64>),
    Text(Vec<&'static str>),
    /// A decimal of four bytes.
    Fixed(Vec<[u8; 4]>),
    /// Where a value is missing.
    Optional(Vec<Option<i64>>),
    /// Two in each row.
    Pairs(Vec<i64>),
}

/// A file of these columns, in row groups of three rows.
fn file(columns: &[(&str, Values)], compression: Compression) -> Vec<u8> {
    let fields: String = columns.iter().map(|(field, _)| format!("{field};")).collect();
    let schema = parse_message_type(&format!("message m {{ {fields} }}")).unwrap();
    let properties = WriterProperties::builder().set_compression(compression).build();
    let mut bytes = Vec::new();
    let mut writer =
        SerializedFileWriter::new(&mut bytes, schema.into(), properties.into()).unwrap();
    for from in (0..6).step_by(3) {
        let here = from..from + 3;
        let mut group = writer.next_row_group().unwrap();
        for (_, values) in columns {
            let mut column = group.next_column().unwrap().unwrap();
            match values {
                Values::Long(all) => {
                    column.typed::<Int64Type>().write_batch(&all[here.clone()], None, None)
                }
                Values::Int(all) => {
                    column.typed::<Int32Type>().write_batch(&all[here.clone()], None, None)
                }
                Values::Double(all) => {
                    column.typed::<DoubleType>().write_batch(&all[here.clone()], None, None)
                }
                Values::Text(all) => {
                    let all: Vec<ByteArray> = all[here.clone()].iter().map(|&t| t.into()).collect();
                    column.typed::<ByteArrayType>().write_batch(&all, None, None)
                }
                Values::Fixed(all) => {
                    let all = all[here.clone()].iter().map(|b| ByteArray::from(b.to_vec()).into());
                    let all: Vec<_> = all.collect();
                    column.typed::<FixedLenByteArrayType>().write_batch(&all, None, None)
                }
                Values::Optional(all) => {
                    let levels: Vec<i16> =
                        all[here.clone()].iter().map(|value| i16::from(value.is_some())).collect();
                    let all: Vec<i64> = all[here.clone()].iter().copied().flatten().collect();
                    column.typed::<Int64Type>().write_batch(&all, Some(&levels), None)
                }
                Values::Pairs(all) => {
                    let all = &all[2 * here.start..2 * here.end];
                    let repeats = [0, 1].repeat(3);
                    column.typed::<Int64Type>().write_batch(all, Some(&[1; 6]), Some(&repeats))
                }
            }
            .unwrap();
            column.close().unwrap();
        }
        group.close().unwrap();
    }
    writer.close().unwrap();
    bytes
}

/// Half a second, a second ... from 2026-03-02 09:00 UTC on, in a unit.
fn stamps(per_s: i64) -> Values {
    Values::Long((0..6).map(|row| 1_772_442_000 * per_s + row * per_s / 2).collect())
}

fn all_requests(workload: &Workload) -> Vec<(u64, u64)> {
    requests(workload, 0, hour()).into_iter().map(|r| (r.0, r.1)).collect()
}

#[test]
fn every_unit_type_and_packing_gives_what_csv_gives() {
    let took = "service_time_column = { column = 'took', unit = 'ms' }\n";
    let csv = "time,took\n2026-03-02T09:00:00,1.50\n2026-03-02T09:00:00.5,-0\n2026-03-02T09:00:01,2\n2026-03-02T09:00:01.5,300\n\
               2026-03-02T09:00:02,4\n2026-03-02T09:00:02.5,5.25\n";
    let expected = all_requests(&replay(csv, took));
    let zstd = Compression::ZSTD(ZstdLevel::default());
    let gzip = Compression::GZIP(GzipLevel::default());
    let tooks = || {
        [
            ("required double took", Values::Double(vec![1.5, 0.0, 2.0, 300.0, 4.0, 5.25])),
            ("required int32 took (DECIMAL(9,2))", Values::Int(vec![150, 0, 200, 30000, 400, 525])),
            (
                "required fixed_len_byte_array(4) took (DECIMAL(9,2))",
                Values::Fixed([150, 0, 200, 30000, 400, 525_i32].map(i32::to_be_bytes).to_vec()),
            ),
            (
                "required binary took (STRING)",
                Values::Text(vec!["1.5", "0", "2", "300", "4", "5.25"]),
            ),
        ]
    };
    for compression in [Compression::UNCOMPRESSED, Compression::SNAPPY, gzip, zstd] {
        for (unit, per_s) in [("MILLIS", 1000), ("MICROS", 1_000_000), ("NANOS", 1_000_000_000)] {
            for (utc, took_column) in [true, false].into_iter().cycle().zip(tooks()) {
                let time = format!("required int64 time (TIMESTAMP({unit},{utc}))");
                let columns = [took_column, (time.as_str(), stamps(per_s))];
                let (read, said) = replay_bytes(&file(&columns, compression), took);
                let read = read.unwrap_or_else(|| panic!("{said:?}"));
                assert_eq!(all_requests(&read), expected, "{time} {} {compression}", columns[0].0);
            }
        }
    }
}

#[test]
fn formats_zones_conditions_and_gaps_are_those_of_tables() {
    let time = || ("required int64 TIMESTAMP (TIMESTAMP(NANOS,false))", stamps(1_000_000_000));
    let tokens = |name| (name, Values::Int(vec![10, 20, 30, 40, 50, 60]));
    let llm = file(
        &[
            time(),
            tokens("required int32 ContextTokens"),
            tokens("required int32 GeneratedTokens"),
            ("required binary model (STRING)", Values::Text(vec!["a", "b", "a", "b", "a", "a"])),
            ("repeated int64 hashes", Values::Pairs((0..12).collect())),
        ],
        Compression::SNAPPY,
    );
    let (read, said) = replay_bytes(&llm, "zone = '+08:00'\nwhere = ['model=a']\n");
    let read = read.unwrap_or_else(|| panic!("{said:?}"));
    assert_eq!(arrivals(&read), [0, S, 2 * S, 5 * S / 2], "rows of model a");
    let said = read.assumptions().join("\n");
    assert!(said.contains("2 of 6 rows left out by where `model=a`"), "{said}");
    // The list is no column of rows.
    let (_, said) = replay_bytes(&llm, "time = 'hashes'\n");
    assert!(said[0].contains("no column `hashes`") && said[0].contains("model"), "{said:?}");
    let counts = file(
        &[
            ("required int64 time (TIMESTAMP(MILLIS,true))", stamps(1000)),
            tokens("required int32 count"),
        ],
        Compression::UNCOMPRESSED,
    );
    let (read, said) = replay_bytes(&counts, "");
    let read = read.unwrap_or_else(|| panic!("{said:?}"));
    assert_eq!(read.expected_requests(hour()), 210.0);
    let epochs = [Some(7), Some(8), None, Some(9), Some(10), Some(11)];
    let gaps = [("optional int64 time_s", Values::Optional(epochs.to_vec()))];
    let (_, said) = replay_bytes(&file(&gaps, Compression::SNAPPY), "");
    assert!(said[0].contains("t.csv line 3, column `time_s`: no value"), "{said:?}");
}

#[test]
fn held_or_not_the_requests_are_the_same_and_the_hash_is_the_files() {
    let columns = [("required int64 time (TIMESTAMP(MILLIS,true))", stamps(1000))];
    let bytes = file(&columns, Compression::SNAPPY);
    let (_folder, [held, streamed]) = held_and_streamed(&bytes, "");
    assert_eq!(requests(&held, 0, hour()), requests(&streamed, 0, hour()));
    use sha2::Digest as _;
    let hash: String = sha2::Sha256::digest(&bytes).iter().map(|b| format!("{b:02x}")).collect();
    assert_eq!(held.input_files()[0].1, hash);
}

#[test]
fn a_file_that_is_damaged_or_taken_for_another_is_refused() {
    let columns = [("required int64 time (TIMESTAMP(MILLIS,true))", stamps(1000))];
    let whole = file(&columns, Compression::SNAPPY);
    for cut in [5, 20, whole.len() / 2, whole.len() - 1] {
        let (read, said) = replay_bytes(&whole[..cut], "");
        assert!(
            read.is_none() && said[0].contains("t.csv") && said[0].contains("cut off"),
            "{said:?}"
        );
    }
    for format in ["access-log", "vegeta", "worldcup98", "prometheus", "per-second-counts"] {
        let (read, said) = replay_bytes(&whole, &format!("format = '{format}'\n"));
        assert!(read.is_none() && said[0].contains("t.csv"), "{format}: {said:?}");
    }
    // Whatever byte is changed, it is read or refused.
    for (at, flip) in (0..whole.len()).flat_map(|at| [0x41, 0x80].map(|flip| (at, flip))) {
        let mut changed = whole.clone();
        changed[at] ^= flip;
        let _ = replay_bytes(&changed, "");
    }
}

#[test]
fn what_is_converted_to_parquet_plays_the_same_requests() {
    use crate::workload::trace::{Conversion, convert};
    let many: String =
        (0..300_000_u64).map(|k| format!("{}.{:09},0.{:09}\n", k / 100, k % 1000, k)).collect();
    for (text, every, kind) in [
        (format!("time_s,service_time_s\n{many}"), None, ""),
        ("time_s\n0.000000001\n7\n".to_owned(), None, ""),
        ("time,service_time_s\n2026-03-02T09:00:00.123456789+02:00,1\n2026-03-02T09:00:01+02:00,0.5\n".to_owned(), None, "+01:00"),
        ("time_s,count\n0,2\n60,0\n120,2.5\n".to_owned(), None, ""),
        ("time\n2026-03-02T09:00:00Z\n2026-03-02T09:01:30Z\n".to_owned(), Some(Span::from_secs(60)), ""),
    ] {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("t.csv"), &text).unwrap();
        let how = Conversion { every, ..Conversion::default() };
        let written = ["c.csv", "p.parquet"].map(|name| {
            let out = folder.path().join(name);
            let paths = ["t.csv".to_owned()];
            let done = convert(folder.path(), &paths, &Options::default(), &how, &out, &Default::default());
            let said = done.unwrap().said.join("\n");
            assert_eq!(said.contains("Parquet keeps no zone"), !kind.is_empty() && name == "p.parquet", "{said}");
            let replay = format!("[arrivals.a.replay]\nfile = '{name}'\nmemory_limit_bytes = 100000000");
            let (load, said) = resolve_in(folder.path(), &replay, &WallClock::default(), hour());
            requests(&load.unwrap_or_else(|| panic!("{said:?}")), 0, hour())
        });
        assert!(!written[0].is_empty() && written[0] == written[1], "{}", &text[..60.min(text.len())]);
    }
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("t.csv"), "time_s\n1\n").unwrap();
    let packed = folder.path().join("p.parquet.gz");
    let done = convert(
        folder.path(),
        &["t.csv".to_owned()],
        &Options::default(),
        &Conversion::default(),
        &packed,
        &Default::default(),
    );
    assert!(done.unwrap_err().to_string().contains("Parquet is packed within"));
}
