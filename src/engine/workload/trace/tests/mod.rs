//! Traces as users have them: written to a folder, replayed, inspected.

use super::{Form, Options, generate, inspect};
use crate::random::Streams;
use crate::units::{Span, Time, WallClock};
use crate::workload::Workload;
use crate::workload::tests::{requests, resolve_in};
use std::io::Write;
use std::path::Path;

mod convert;
mod fit;
mod formats;
#[cfg(feature = "parquet")]
mod parquet;
mod parts;
mod properties;

const S: u64 = 1_000_000_000;

fn hour() -> Time {
    Time::from_secs(3600)
}

/// A folder with one file `t.csv`, and its replay with further options.
fn replay_bytes(bytes: &[u8], options: &str) -> (Option<Workload>, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("t.csv"), bytes).unwrap();
    let toml = format!("[arrivals.a.replay]\nfile = 't.csv'\n{options}");
    resolve_in(folder.path(), &toml, &WallClock::default(), hour())
}

fn replay(text: &str, options: &str) -> Workload {
    let (workload, said) = replay_bytes(text.as_bytes(), options);
    workload.unwrap_or_else(|| panic!("{text}: {said:?}"))
}

fn arrivals(workload: &Workload) -> Vec<u64> {
    requests(workload, 0, hour()).into_iter().map(|request| request.0).collect()
}

#[test]
fn one_row_is_one_request_whatever_the_stamps() {
    for text in [
        "time_s\n0.5\n1\n3\n",
        "id,time,more\r\na,2023-11-16 18:15:46.6805900,x\r\nb,2023-11-16 18:15:47.18059,\"x,y\"\r\nc,2023-11-16 18:15:49.18059,z",
        "\u{feff}Timestamp\tlength\n2023-11-16T18:15:46.5Z\t1\n2023-11-16T18:15:47Z\t2\n\n2023-11-16T18:15:49Z\t3\n",
        "sep=\t\r\nts\tx\r\n1700158546500\t1\r\n1700158547000\t1\r\n1700158549000\t1\r\n",
        "sep=;\nts;x\n1700158546500;1\n1700158547000;1\n1700158549000;1\n",
    ] {
        let relative = text.starts_with("time_s");
        let first = if relative { S / 2 } else { 0 };
        let expected = [first, first + S / 2, first + 5 * S / 2];
        assert_eq!(arrivals(&replay(text, "")), expected, "{text}");
    }
}

#[test]
fn packed_files_are_read_as_they_are() {
    let text = b"time_s\n1\n2\n";
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gz.write_all(text).unwrap();
    let gz = gz.finish().unwrap();
    // Two members one after the other, as log rotation makes them.
    let two: Vec<u8> = {
        let mut more = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        more.write_all(b"3\n").unwrap();
        gz.iter().copied().chain(more.finish().unwrap()).collect()
    };
    let zst = zstd::encode_all(&text[..], 1).unwrap();
    for (bytes, count) in [(&gz[..], 2), (&two, 3), (&zst, 2), (text, 2)] {
        let (workload, said) = replay_bytes(bytes, "");
        assert_eq!(arrivals(&workload.unwrap()).len(), count, "{said:?}");
    }
    let mut flipped = gz.clone();
    flipped[14] ^= 0x55;
    for broken in [&gz[..gz.len() - 9], &flipped, &zst[..zst.len() - 5]] {
        let (read, said) = replay_bytes(broken, "");
        assert!(
            read.is_none() && said[0].contains("cannot read `t.csv`: it is damaged"),
            "{said:?}"
        );
        assert!(said[0].contains("copy or download"), "{said:?}");
    }
}

#[test]
fn service_times_come_from_columns() {
    let text = "time_s,in,out,took_ms\n1,10,2,1.5\n2,0,4,0\n";
    let linear = "service_time_linear = { base = '50ms', per = { in = '0.2ms', out = '25ms' } }";
    let demands = |options| -> Vec<u64> {
        requests(&replay(text, options), 0, hour()).into_iter().map(|r| r.1).collect()
    };
    assert_eq!(demands(linear), [102_000_000, 150_000_000]);
    let column = "service_time_column = { column = 'took_ms', unit = 'ms' }";
    assert_eq!(demands(column), [1_500_000, 0]);
    assert_eq!(demands("service_time.constant = '3s'"), [3 * S, 3 * S]);
    assert!((replay(text, column).mean_demand_s(hour()) - 0.000_75).abs() < 1e-12);
}

#[test]
fn ends_become_starts_in_order() {
    let text = "end,took\n10,8\n11,1\n12,11\n";
    let options = "time = 'end'\ntime_is = 'end'\n\
                   service_time_column = { column = 'took', unit = 's' }";
    let drawn = requests(&replay(text, options), 0, hour());
    assert_eq!(drawn, [(S, 11 * S), (2 * S, 8 * S), (10 * S, S)]);
}

#[test]
fn slices_scales_and_offsets_place_the_recording() {
    let text = "time_s\n0\n60\n120\n180\n240\n";
    for (options, expected) in [
        ("from = '1m'", vec![0, 60, 120, 180]),
        ("from = '1m'\nuntil = '3m'", vec![0, 60]),
        ("from = '30s'\nat = '10m'\nuntil = '2m'", vec![630]),
        ("time_scale = 0.5", vec![0, 30, 60, 90, 120]),
        ("time_scale = 2\nfrom = '2m'\nat = '1s'", vec![1, 121, 241]),
    ] {
        let expected: Vec<u64> = expected.into_iter().map(|second| second * S).collect();
        assert_eq!(arrivals(&replay(text, options)), expected, "{options}");
    }
    let stamps = "time\n2023-11-16 18:00:00\n2023-11-16 18:30:00\n2023-11-16 19:00:00\n";
    let options = "from = '2023-11-16 17:50:00'\nuntil = '2023-11-16 18:30:01'";
    assert_eq!(arrivals(&replay(stamps, options)), [600 * S, 2400 * S]);
    let zone = "zone = 'Europe/Berlin'\nfrom = '2023-11-16T17:00:00Z'";
    assert_eq!(arrivals(&replay(stamps, zone)), [0, 1800 * S], "18:00 in Berlin is 17:00 UTC");
}

#[test]
fn scaled_recordings_are_thinned_or_copied_by_chance() {
    let rows: String = (0..10_000).map(|k| format!("{}\n", f64::from(k) * 0.1)).collect();
    for scale in [0.3, 1.0, 2.5] {
        let workload = replay(&format!("time_s\n{rows}"), &format!("rate_scale = {scale}"));
        let drawn = arrivals(&workload);
        let expected = 10_000.0 * scale;
        assert!((drawn.len() as f64 - expected).abs() < 250.0, "{scale}: {}", drawn.len());
        assert_eq!(workload.expected_requests(hour()), expected);
    }
}

#[test]
fn counts_are_kept_exactly_or_on_average() {
    let text = "time,count\n2014-04-10 00:00:00,600\n2014-04-10 00:05:00,0\n\
                2014-04-10 00:10:00,300\n";
    for spread in ["uniform", "even", "poisson"] {
        let workload = replay(text, &format!("spread = '{spread}'"));
        let drawn = arrivals(&workload);
        let within = |from: u64, until: u64| {
            drawn.iter().filter(|at| (from * S..until * S).contains(*at)).count() as f64
        };
        let bound = if spread == "poisson" { 5.0 * 600_f64.sqrt() } else { 0.0 };
        assert!((within(0, 300) - 600.0).abs() <= bound, "{spread}");
        assert_eq!(within(300, 600), 0.0, "{spread}");
        assert!((within(600, 900) - 300.0).abs() <= bound, "{spread}");
        assert!((within(0, 150) - 300.0).abs() < 90.0, "{spread}: {}", within(0, 150));
        assert_eq!(workload.expected_requests(hour()), 900.0);
        assert_eq!(workload.rate_at(Time::from_secs(700)), 1.0);
    }
    let even = arrivals(&replay(text, "spread = 'even'"));
    assert_eq!(even[..2], [S / 4, 3 * S / 4]);
}

#[test]
fn uniform_spread_has_the_moments_of_a_uniform_law() {
    let workload = replay("time_s,count\n0,200000\n60,1\n", "spread = 'uniform'");
    let drawn = arrivals(&workload);
    let shares: Vec<f64> = drawn[..200_000].iter().map(|&at| at as f64 / (60 * S) as f64).collect();
    let mean = shares.iter().sum::<f64>() / 2e5;
    let square = shares.iter().map(|x| x * x).sum::<f64>() / 2e5;
    assert!((mean - 0.5).abs() < 0.004 && (square - 1.0 / 3.0).abs() < 0.004);
}

#[test]
fn fractions_are_rounded_by_chance_with_the_right_mean() {
    let rows: String = (0..2000).map(|k| format!("{k},0.25\n")).collect();
    let drawn = arrivals(&replay(&format!("time_s,count\n{rows}"), "spread = 'uniform'"));
    assert!((drawn.len() as f64 - 500.0).abs() < 100.0, "{}", drawn.len());
    let rates = arrivals(&replay(&format!("time_s,rate\n{rows}"), ""));
    assert!((rates.len() as f64 - 500.0).abs() < 115.0, "{}", rates.len());
}

#[test]
fn missing_intervals_mean_what_is_stated() {
    let text = "time_s,count\n0,10\n60,10\n120,10\n300,40\n360,10\n";
    for (missing, total) in [("zero", 80.0), ("hold", 100.0), ("interpolate", 130.0)] {
        let workload = replay(text, &format!("missing = '{missing}'"));
        assert_eq!(workload.expected_requests(hour()), total, "{missing}");
    }
    let zero = replay(text, "");
    assert!(zero.assumptions().iter().any(|said| said.contains("2 intervals are missing")));
    let (_, said) = replay_bytes(text.as_bytes(), "missing = 'error'");
    assert!(said[0].contains("t.csv line 4: 2 intervals are missing"), "{said:?}");
}

#[test]
fn slices_of_counts_take_their_share_of_an_interval() {
    let text = "time_s,count\n0,60\n60,60\n120,60\n";
    let workload = replay(text, "from = '30s'\nuntil = '90s'\nspread = 'even'");
    let drawn = arrivals(&workload);
    assert_eq!(workload.expected_requests(hour()), 60.0);
    assert_eq!((drawn.len(), drawn[0], drawn[59]), (60, S / 2, 59 * S + S / 2));
}

#[test]
fn coarse_stamps_are_reported_and_may_be_spread() {
    let rows: String = (0..100).map(|k| format!("{}\n", k / 10 * 3)).collect();
    let text = format!("time_s\n{rows}");
    let kept = replay(&text, "");
    assert_eq!(arrivals(&kept)[..11], [[0; 10].as_slice(), &[3 * S]].concat());
    assert!(kept.assumptions().iter().any(|said| said.contains("multiples of 3s")));
    let even = arrivals(&replay(&text, "spread = 'even'"));
    assert_eq!(even[..3], [150_000_000, 450_000_000, 750_000_000]);
    let uniform = arrivals(&replay(&text, "spread = 'uniform'"));
    assert_eq!(uniform.len(), 100);
    assert!(uniform[..10].iter().all(|at| *at < 3 * S) && uniform[10] >= 3 * S);
}

#[test]
fn numbers_in_a_line_are_counts_of_seconds() {
    let (workload, said) =
        replay_bytes(b"1 0 2\n3 \n", "spread = 'even'\nformat = 'per-second-counts'");
    let workload = workload.unwrap_or_else(|| panic!("{said:?}"));
    let halves: Vec<u64> = arrivals(&workload).iter().map(|at| at * 2 / S).collect();
    assert_eq!(halves, [1, 4, 5, 6, 7, 7]);
    let (_, said) = replay_bytes(b"1 2 x 4", "format = 'per-second-counts'");
    assert!(said[0].contains("line 1: `x` is not a count"), "{said:?}");
}

#[test]
fn what_cannot_be_read_is_refused_with_place_value_and_remedy() {
    for (text, options, parts) in [
        ("", "", ["`t.csv` is empty", "header"]),
        ("time_s\n", "", ["no rows", "at least one request"]),
        ("time_s\n2\n1\n", "", ["t.csv line 3, column `time_s`", "sort = true"]),
        ("time_s\n1\n-1\n", "", ["line 3, column `time_s`: `-1`", "negative"]),
        ("time_s\n1\nNaN\n", "", ["`NaN`", "not a time"]),
        ("time_s\n1\ninf\n", "", ["`inf`", "not a time"]),
        ("time\n2023-11-16 18:15\n2023-11-31 18:15\n", "", ["line 3", "`2023-11-31 18:15`"]),
        ("time\n2023-11-16 18:15\nyesterday\n", "", ["`yesterday`", "like the first row"]),
        ("stamp,x\n1,2\n", "", ["cannot be told", "header"]),
        ("1,2\n3,4\n", "format = 'timestamps'", ["no column has a usual name", "add a header"]),
        ("TIMESTAMP\n1\n", "time = 'TIMESTMP'", ["a.replay.time", "did you mean `TIMESTAMP`?"]),
        ("time\n1\n", "zone = 'Mars/Base'", ["replay.zone: `Mars/Base`", "Europe/Berlin"]),
        ("time\n1\n", "time_is = 'end'", ["time_is", "service_time_column"]),
        (
            "time,d\n1,-2\n",
            "service_time_column = { column='d', unit='s' }",
            ["`-2`", "at least 0"],
        ),
        (
            "time,d\n1\n",
            "service_time_column = { column='d', unit='s' }",
            ["line 2", "ends before"],
        ),
        ("time\n1\n", "interval = '1m'", ["`interval` means nothing", "timestamps"]),
        ("time\n1\n2.5\n4.25\n", "spread = 'even'", ["spread", "`even` has nothing to do"]),
        ("time\n1\n", "spread = 'poisson'", ["spread", "keep, uniform or even"]),
        ("time,count\n1,2\n2,1\n", "spread = 'keep'", ["spread", "poisson, uniform or even"]),
        ("time,count\n1,-2\n2,1\n", "", ["line 2, column `count`: `-2`", "negative"]),
        ("time,count\n1,NaN\n2,1\n", "", ["`NaN`", "not a number"]),
        ("time,count\n1,1e13\n2,1\n", "", ["`1e13`", "limit of 1e12"]),
        ("time,rate\n1,1e10\n2,1\n", "", ["`1e10`", "limit of 1e9"]),
        ("time,count\n1,1\n", "", ["interval", "one row"]),
        ("time,count\n1,1\n1,1\n3,1\n5,1\n", "", ["lines 2 and 3", "merge"]),
        ("time,count\n1,1e12\n2,1\n", "", ["rate_scale", "more than one a nanosecond"]),
        ("time,count\n1,0\n2,0\n", "", ["no request was recorded", "play more"]),
        ("time\n1\n2\n", "from = '1h'", ["from", "runs from 1s to 2s"]),
        ("time\n1\n2\n", "from = '2023-01-01'", ["own start", "offset"]),
        ("time\n1\n2\n", "from = '2s'\nuntil = '1s'", ["until", "later"]),
        ("time\n1\n2\n", "rate_scale = -1", ["rate_scale", "positive"]),
        ("time,value\n1,2\n2,2\n", "", ["cannot be told", "--as counts --value value"]),
        ("PK\u{3}\u{4}data", "", ["zip archive", "unzip"]),
        #[cfg(not(feature = "parquet"))]
        ("PAR1data", "", ["a Parquet file", "--features parquet"]),
        ("a\u{0}b", "", ["not text", "CSV"]),
    ] {
        let (workload, said) = replay_bytes(text.as_bytes(), options);
        let found = said.join("\n");
        assert!(workload.is_none(), "{text:?} {options}");
        assert!(parts.iter().all(|part| found.contains(part)), "{text:?} {options}: {found}");
    }
    let toml = "[arrivals.a.replay]\nfile = 'absent.csv'";
    let (_, said) = resolve_in(Path::new("there"), toml, &WallClock::default(), hour());
    assert!(
        said[0].contains("cannot read `absent.csv`") && said[0].contains("`there`"),
        "{said:?}"
    );
}

#[test]
fn a_recording_shorter_than_the_run_is_a_warning() {
    let (_, said) = replay_bytes(b"time_s\n1\n2\n", "");
    assert!(said[0].starts_with("warning: arrivals.a.replay.file: the recording ends"), "{said:?}");
}

#[test]
fn files_are_listed_with_their_hash() {
    let workload = replay("time_s\n1\n2\n", "");
    let hash = "bf5d6b1cd53d47eda2c510d32bc6d08d7892b1322998d7d47278f805c3a67883";
    assert_eq!(workload.input_files(), [("t.csv".to_owned(), hash.to_owned())]);
    let other = replay("time_s\n1\n3\n", "");
    assert_ne!(other.input_files()[0].1, hash);
}

#[test]
fn what_is_generated_is_replayed_to_the_nanosecond() {
    let folder = tempfile::tempdir().unwrap();
    let toml = "[arrivals]\na.sinusoid = { mean = '3/s', amplitude = '2/s', period = '10m' }";
    let (load, _) = resolve_in(folder.path(), toml, &WallClock::default(), hour());
    let (load, streams) = (load.unwrap(), Streams::new(1, 0, 0));
    let original = requests(&load, 0, hour());
    for name in ["t.csv", "t.csv.gz", "t.csv.zst"] {
        let path = folder.path().join(name);
        let done = generate(&load, &streams, hour(), &path, Form::Timestamps, &Default::default())
            .unwrap();
        assert_eq!(done.requests, original.len() as u64);
        let first = std::fs::read(&path).unwrap();
        generate(&load, &streams, hour(), &path, Form::Timestamps, &Default::default()).unwrap();
        assert!(first == std::fs::read(&path).unwrap(), "{name}: same input, same bytes");
        let replay = format!(
            "[arrivals.a.replay]\nfile = '{name}'\n\
             service_time_column = {{ column = 'service_time_s', unit = 's' }}"
        );
        let (again, said) = resolve_in(folder.path(), &replay, &WallClock::default(), hour());
        assert!(original == requests(&again.unwrap(), 0, hour()), "{said:?}");
    }
}

#[test]
fn generated_counts_hold_every_request_and_empty_intervals() {
    let folder = tempfile::tempdir().unwrap();
    let toml = "[arrivals]\na.spike = { at = '10m', height = '9/s', hold = '5m' }";
    let (load, _) = resolve_in(folder.path(), toml, &WallClock::default(), hour());
    let path = folder.path().join("c.csv");
    let form = Form::Counts(Span::from_secs(60));
    let done =
        generate(&load.unwrap(), &Streams::new(1, 0, 0), hour(), &path, form, &Default::default())
            .unwrap();
    let seen = inspect(folder.path(), "c.csv", &Options::default()).unwrap();
    assert_eq!((seen.rows, seen.requests, seen.format), (60, done.requests as f64, "counts"));
    assert_eq!((seen.span_s, seen.interval_s, seen.missing), (3600.0, Some(60.0), 0));
    assert!(seen.sparkline[11] > 8.0 && seen.sparkline[20] == 0.0);
}

#[test]
fn a_trace_that_cannot_be_written_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let load = Workload::from_requests(vec![(Time(1), Span(1))]);
    let path = folder.path().join("absent").join("t.csv");
    let error = generate(
        &load,
        &Streams::new(1, 0, 0),
        hour(),
        &path,
        Form::Timestamps,
        &Default::default(),
    )
    .unwrap_err();
    assert!(error.to_string().contains("cannot write"), "{error}");
    let form = Form::Counts(Span::ZERO);
    assert!(
        generate(&load, &Streams::new(1, 0, 0), hour(), &path, form, &Default::default()).is_err()
    );
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

/// The same recording held in memory and read from its file, in a folder that stays.
fn held_and_streamed(bytes: &[u8], options: &str) -> (tempfile::TempDir, [Workload; 2]) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("t.csv"), bytes).unwrap();
    let both = ["", "memory_limit_bytes = 100\n"].map(|limit| {
        let toml = format!("[arrivals.a.replay]\nfile = 't.csv'\n{limit}{options}");
        let (workload, said) = resolve_in(folder.path(), &toml, &WallClock::default(), hour());
        workload.unwrap_or_else(|| panic!("{options}: {said:?}"))
    });
    (folder, both)
}

#[test]
fn a_recording_that_memory_may_not_hold_gives_the_same_requests() {
    // Several in a second, so that stamps are coarse; service times of their own.
    let rows = (0..5000).map(|row: u64| format!("{},{}\n", row / 3, row * 7 % 11 + 1));
    let text = format!("time_s,took\n{}", rows.collect::<String>());
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gz.write_all(text.as_bytes()).unwrap();
    let files = [
        text.clone().into_bytes(),
        gz.finish().unwrap(),
        zstd::encode_all(text.as_bytes(), 1).unwrap(),
    ];
    let own = "service_time_column = { column = 'took', unit = 'ms' }\n";
    for (file, options) in files.iter().flat_map(|file| {
        [
            "",
            own,
            "spread = 'uniform'\n",
            "rate_scale = 0.3\n",
            "rate_scale = 2.5\nspread = 'even'\n",
        ]
        .map(str::to_owned)
        .into_iter()
        .chain([
            "from = '5m'\nuntil = '20m'\nat = '1m'\n".to_owned(),
            format!("{own}rate_scale = 3\ntime_scale = 0.5\nfrom = '100s'\nspread = 'uniform'\n"),
            format!("{own}time_scale = 4\nsort = true\n"),
        ])
        .map(move |options| (file, options))
    }) {
        let (_folder, [held, streamed]) = held_and_streamed(file, &options);
        for end in [hour(), Time::from_secs(700)] {
            let (held, streamed) = (requests(&held, 0, end), requests(&streamed, 0, end));
            assert!(held.len() > 100, "{options}");
            assert!(held == streamed, "{options}: {} and {}", held.len(), streamed.len());
        }
        assert_eq!(held.mean_demand_s(hour()), streamed.mean_demand_s(hour()), "{options}");
        assert_eq!(held.expected_requests(hour()), streamed.expected_requests(hour()), "{options}");
        assert_eq!(held.input_files(), streamed.input_files());
        let notes: Vec<_> = streamed
            .assumptions()
            .iter()
            .filter(|note| !held.assumptions().contains(note))
            .collect();
        assert!(notes.len() == 1 && notes[0].contains("memory_limit_bytes = 100"), "{notes:?}");
    }
}

#[test]
fn a_trace_that_is_not_there_is_told_with_the_remedy() {
    let folder = tempfile::tempdir().unwrap();
    let toml = "[arrivals.a.replay]\nfile = 'gone.csv'\n";
    let (workload, said) = resolve_in(folder.path(), toml, &WallClock::default(), hour());
    assert!(workload.is_none() && said.len() == 1, "{said:?}");
    assert!(said[0].contains("gone.csv") && said[0].contains("autosim trace generate"), "{said:?}");
}

#[test]
fn the_limit_is_on_what_the_requests_take() {
    let text = "time_s,took\n1,1\n2,1\n3,1\n5.5,1\n";
    let own = "service_time_column = { column = 'took', unit = 's' }\n";
    for (options, limit, fits) in
        [("", 32, true), ("", 31, false), (own, 64, true), (own, 63, false)]
    {
        let workload = replay(text, &format!("memory_limit_bytes = {limit}\n{options}"));
        let said = workload.assumptions().iter().any(|note| note.contains("memory_limit_bytes"));
        assert_eq!(said, !fits, "{options} {limit}: {:?}", workload.assumptions());
    }
}

#[test]
fn rows_out_of_order_that_memory_may_not_hold_are_sorted_like_those_it_holds() {
    // Backwards in blocks, several of one instant, told apart by their service times.
    let rows = (0..5000).map(|row: u64| format!("{},{row}\n", row / 70 * 7919 % 71 * 40));
    let text = format!("time_s,took\n{}", rows.collect::<String>());
    let own = "service_time_column = { column = 'took', unit = 'ms' }\n";
    for options in [
        "sort = true\n".to_owned(),
        format!("{own}sort = true\n"),
        format!("{own}sort = true\nfrom = '5m'\nuntil = '20m'\nrate_scale = 0.5\n"),
        format!("{own}time_is = 'end'\n"),
    ] {
        let (folder, [held, sorted]) = held_and_streamed(text.as_bytes(), &options);
        // Nothing is read from the trace any more.
        std::fs::remove_file(folder.path().join("t.csv")).unwrap();
        for end in [hour(), Time::from_secs(700)] {
            let (held, sorted) = (requests(&held, 0, end), requests(&sorted, 0, end));
            assert!(held.len() > 100 && held == sorted, "{options}");
        }
        let said = sorted.assumptions().join("\n");
        assert!(said.contains("started before the row above them and were sorted"), "{said}");
        assert!(said.contains("are read from a temporary file, sorted, of 16 bytes"), "{said}");
    }
    let (refused, said) = replay_bytes(b"time_s\n1\n2\n3\n2\n", "memory_limit_bytes = 8\n");
    assert!(refused.is_none() && said[0].contains("sort = true"), "{said:?}");
}

#[test]
fn a_file_that_changes_or_goes_while_it_is_played_is_told() {
    let text: String = (0..5000).map(|row| format!("{row}\n")).collect();
    let (folder, [_, streamed]) = held_and_streamed(format!("time_s\n{text}").as_bytes(), "");
    let path = folder.path().join("t.csv");
    let told = || {
        let mut stream = streamed.requests(&Streams::new(1, 0, 0), hour());
        let mut batch = crate::workload::Batch::new();
        loop {
            stream.fill(&mut batch);
            if batch.is_empty() {
                return stream.failure();
            }
        }
    };
    assert_eq!(told(), None);
    std::fs::write(&path, "time_s\n1\n2\n").unwrap();
    assert!(told().is_some_and(|why| why.contains("was changed")));
    std::fs::remove_file(&path).unwrap();
    assert!(told().is_some_and(|why| why.contains("cannot read")));
}

#[test]
fn rows_that_do_not_fit_their_header_are_refused_with_their_place() {
    for (text, options, parts) in [
        ("time_s,count\n0,1\n60,1,7\n", "", ["t.csv line 3: 3 cells under 2 columns", "quote"]),
        ("time_s,count,count\n0,1,2\n60,1,2\n", "", ["t.csv line 1: two columns `count`", "name"]),
        ("time_s,x,x\n0,1,2\n", "value = 'x'\nformat = 'rates'", ["two columns `x`", "name"]),
        ("time_s,x,time_s\n0,1,2\n", "", ["two columns `time_s`", "name of its own"]),
        (
            "time_s,count\n0,1\ntime_s,count\n60,1\n",
            "",
            ["line 3", "`time_s` is the header once more"],
        ),
        ("5\n7\n9\n", "", ["cannot be told", "per-second-counts"]),
        ("0 5\n60 7\n120 9\n", "", ["cannot be told", "name the columns"]),
    ] {
        let (_, said) = replay_bytes(text.as_bytes(), options);
        let told = |part: &&str| said.first().is_some_and(|said| said.contains(*part));
        assert!(parts.iter().all(told), "{text}: {said:?} does not say {parts:?}");
    }
    // Empty cells and equal names of columns that nobody reads do no harm.
    let harmless = replay("time_s,note,note\n0,a,b,\n1,,,,\n", "");
    assert_eq!(arrivals(&harmless), [0, S]);
    assert_eq!(replay("5\n7\n9\n", "format = 'per-second-counts'").expected_requests(hour()), 21.0);
}

#[test]
fn the_hour_that_comes_twice_in_autumn_needs_the_zone_and_that_which_is_left_out_is_none() {
    let night = |day: &str, times: &[&str]| -> String {
        let rows = times.iter().map(|time| format!("2026-{day} {time},10\n"));
        format!("time,count\n{}", rows.collect::<String>())
    };
    let autumn = night("10-25", &["02:40", "02:00", "02:20"]);
    let berlin = "zone = 'Europe/Berlin'";
    let played = replay(&autumn, berlin);
    assert_eq!(
        [20, 40, 60].map(|m| played.expected_requests(Time::from_secs(60 * m))),
        [10.0, 20.0, 30.0]
    );
    let (_, said) = replay_bytes(autumn.as_bytes(), "");
    assert!(said[0].contains("where the clock was put back, state its zone"), "{said:?}");
    let spring = night("03-29", &["01:00", "02:00", "03:00"]);
    let (_, said) = replay_bytes(spring.as_bytes(), berlin);
    assert!(said[0].contains("line 3") && said[0].contains("put forward over it"), "{said:?}");
    let requests = "time\n2026-10-25 02:59:59\n2026-10-25 02:00:00\n2026-10-25 02:00:00\n";
    assert_eq!(arrivals(&replay(requests, berlin)), [0, S, S]);
    let (_, said) = replay_bytes(requests.as_bytes(), "");
    assert!(said[0].contains("where the clock was put back, state its zone"), "{said:?}");
}
