//! Files as people have them, read. The small ones of `field/traces` and the recordings of `traces` are not part of
//! the project (see `recorded`): a test whose files are absent says so.

use crate::recorded::shared;
use autosim_engine::workload::trace::{Format, Inspection, Options, inspect};
use std::path::PathBuf;

fn seen(folder: &str, file: &str, options: &Options) -> Option<Result<Inspection, String>> {
    let folder: PathBuf = shared(&format!("{folder}/{file}"), folder, file)?;
    Some(inspect(&folder, file, options).map_err(|error| error.to_string()))
}

fn select(series: &str) -> Options {
    Options { select: vec![series.to_owned()], ..Options::default() }
}

/// The file, its format, rows, requests a second.
type Row = (&'static str, &'static str, u64, f64);

fn hold(folder: &str, rows: &[Row]) {
    for &(file, format, rows, per_s) in rows {
        let Some(seen) = seen(folder, file, &Options::default()) else { continue };
        let seen = seen.unwrap_or_else(|error| panic!("{file}: {error}"));
        assert_eq!((seen.format, seen.rows), (format, rows), "{file}");
        let off = seen.mean_per_s / per_s - 1.0;
        assert!(off.abs() < 0.01, "{file}: {} a second, expected {per_s}", seen.mean_per_s);
    }
}

#[test]
fn files_as_people_have_them_are_read_as_their_tools_wrote_them() {
    hold(
        "field/traces",
        &[
            // 400 lines in 3 min 12 s.
            ("access.log", "access-log", 400, 2.083),
            ("azure_func_2019.csv", "azure-functions-2019", 60, 0.3),
            ("azure_func_2021.txt", "azure-functions-2021", 500, 1.001),
            ("burstgpt3.csv", "burstgpt", 300, 0.863),
            ("cloudwatch.json", "cloudwatch", 60, 9.765),
            ("hits.csv", "counts", 3, 340.0 / 180.0),
            ("jmeter.jtl", "jmeter", 300, 4.263),
            // 44 rows of http_reqs among 399.
            ("k6.csv", "k6", 44, 2.444),
            ("locust_full_history.csv", "locust", 119, 39.71),
            ("locust_stats_history.csv", "locust", 119, 39.71),
            ("mooncake.jsonl", "mooncake", 300, 1.351),
            ("prom.json", "prometheus", 200, 21.85),
            ("reqsec_ms.csv", "rates", 3, 11.5),
        ],
    );
}

#[cfg(feature = "parquet")]
#[test]
fn a_recording_in_parquet_is_what_its_csv_is_and_a_damaged_one_is_refused() {
    let file = "format_samples/derived_azure_llm_2023_conv.parquet";
    // 19 366 requests in 58 min 21 s, as their CSV says.
    hold("traces", &[(file, "timestamps", 19_366, 5.53)]);
    let Some(folder) = shared(&format!("traces/{file}"), "traces", file) else { return };
    let whole = std::fs::read(folder.join(file)).unwrap();
    let home = tempfile::TempDir::new().unwrap();
    let ask = |bytes: &[u8]| {
        std::fs::write(home.path().join("t.parquet"), bytes).unwrap();
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_autosim"));
        command.args(["trace", "inspect", "t.parquet"]).current_dir(home.path()).output().unwrap()
    };
    assert_eq!(ask(&whole).status.code(), Some(0));
    for at in (whole.len() - 600..whole.len()).step_by(7) {
        let mut damaged = whole.clone();
        damaged[at] ^= 0x80;
        let told = ask(&damaged);
        let said = String::from_utf8_lossy(&told.stderr).into_owned();
        assert!(matches!(told.status.code(), Some(0 | 2)), "byte {at}: {said}");
        assert!(told.status.success() || said.contains("t.parquet"), "byte {at}: {said}");
    }
}

#[test]
fn a_panel_of_several_series_asks_which_is_the_traffic() {
    let Some(asked) = seen("field/traces", "grafana.csv", &Options::default()) else { return };
    let asked = asked.unwrap_err();
    for part in ["holds 2 series", "--select web", "--select api", "--select '*'"] {
        assert!(asked.contains(part), "{asked}");
    }
    for (series, per_s) in [("web", 20.93), ("*", 25.85)] {
        let Some(seen) = seen("field/traces", "grafana.csv", &select(series)) else { return };
        let seen = seen.unwrap();
        assert_eq!((seen.format, seen.rows, seen.interval_s), ("grafana", 200, Some(15.0)));
        assert!((seen.mean_per_s / per_s - 1.0).abs() < 0.01, "{series}: {}", seen.mean_per_s);
    }
}

#[test]
fn ends_are_never_taken_for_starts() {
    let Some(seen) = seen("field/traces", "azure_func_2021.txt", &Options::default()) else {
        return;
    };
    let seen = seen.unwrap();
    assert!(seen.service_time.is_some_and(|time| (time.max_s - 120.0).abs() < 1e-9));
    // The first function ended at 0.08 s after 0.03 s; rows are in the order of starts.
    assert_eq!((seen.start, seen.inversions), (None, 0));
}

#[test]
fn recordings_of_many_tools_have_the_statistics_of_their_folder() {
    hold(
        "traces",
        &[
            ("llm/mooncake_conversation.jsonl.gz", "mooncake", 12_031, 3.40),
            (
                "faas/azure_functions_2019_500f_8h_invocations.csv.gz",
                "azure-functions-2019",
                480,
                105.5,
            ),
            ("faas/azure_functions_2021_head200.csv", "azure-functions-2021", 199, 0.166),
            (
                "format_samples/azure_functions_2019_10f_24h_invocations.csv",
                "azure-functions-2019",
                1440,
                150.9,
            ),
            (
                "format_samples/derived_cloudwatch_getmetricdata_elb.json.gz",
                "cloudwatch",
                4032,
                0.206,
            ),
            (
                "format_samples/derived_prometheus_query_range_elb_rps.json.gz",
                "prometheus",
                4032,
                0.206,
            ),
            ("format_samples/worldcup98_binary_sample.bin.gz", "worldcup98", 1000, 0.544),
            // 644 rows of REQUEST in 177 s.
            ("format_samples/gatling_351_simulation.log", "gatling", 644, 3.63),
            // 83 hours of them.
            ("web/semicomplete_2015_combined.log.gz", "access-log", 10_000, 0.0335),
        ],
    );
}

/// What the README of the recordings says of one: rows, how long, requests a second, then index of dispersion and most
/// over mean in its windows of a length, and the variation of gaps; NaN where it says nothing.
struct Told {
    file: &'static str,
    time: Option<&'static str>,
    format: Option<Format>,
    rows: u64,
    span_s: f64,
    per_s: f64,
    window_s: f64,
    dispersion: f64,
    peak_to_mean: f64,
    gap_cv: f64,
}

const TOLD: Told = Told {
    file: "",
    time: None,
    format: None,
    rows: 0,
    span_s: f64::NAN,
    per_s: f64::NAN,
    window_s: 60.0,
    dispersion: f64::NAN,
    peak_to_mean: f64::NAN,
    gap_cv: f64::NAN,
};

const DAY: f64 = 86_400.0;
const COUNTS: Option<Format> = Some(Format::Counts);
const REQUESTS: Option<Format> = Some(Format::Timestamps);

const STATISTICS: &[Told] = &[
    Told {
        file: "llm/azure_llm_2023_conv.csv.gz",
        rows: 19_366,
        span_s: 58.4 * 60.0,
        per_s: 5.53,
        dispersion: 16.1,
        peak_to_mean: 1.52,
        gap_cv: 1.09,
        ..TOLD
    },
    Told {
        file: "llm/mooncake_conversation.jsonl.gz",
        rows: 12_031,
        span_s: 59.0 * 60.0,
        per_s: 3.40,
        dispersion: 2.89,
        peak_to_mean: 1.21,
        gap_cv: 3.0,
        ..TOLD
    },
    Told {
        file: "llm/alibaba_genai2026_lora_requests.csv.gz",
        time: Some("gmt_create"),
        format: REQUESTS,
        rows: 26_823,
        span_s: 23.0 * DAY,
        per_s: 0.0135,
        dispersion: 3.75,
        gap_cv: 12.0,
        ..TOLD
    },
    Told {
        file: "llm/alibaba_genai2026_lora_requests.csv.gz",
        time: Some("gmt_create"),
        format: REQUESTS,
        rows: 26_823,
        window_s: 3600.0,
        dispersion: 139.0,
        peak_to_mean: 9.2,
        ..TOLD
    },
    Told {
        file: "faas/azure_functions_2019_500f_8h_invocations.csv.gz",
        rows: 480,
        span_s: 8.0 * 3600.0,
        per_s: 105.5,
        dispersion: 63.5,
        peak_to_mean: 1.20,
        ..TOLD
    },
    Told {
        file: "faas/azure_functions_2021_head200.csv",
        rows: 199,
        span_s: 20.0 * 60.0,
        per_s: 0.166,
        dispersion: 10.2,
        peak_to_mean: 4.3,
        gap_cv: 1.86,
        ..TOLD
    },
    Told {
        file: "faas/aws_lambda_measured_2020-05-23_poisson_0.10rps.csv.gz",
        time: Some("client_start_time"),
        rows: 10_066,
        span_s: 28.0 * 3600.0,
        per_s: 0.0999,
        gap_cv: 0.986,
        ..TOLD
    },
    Told {
        file: "faas/aws_lambda_measured_2020-05-26_poisson_0.016rps.csv.gz",
        time: Some("client_start_time"),
        rows: 1648,
        span_s: 27.9 * 3600.0,
        per_s: 0.0164,
        gap_cv: 1.0,
        ..TOLD
    },
    Told {
        file: "web/nasa_1995_requests_per_second.txt.gz",
        rows: 5_059_950,
        span_s: 58.56 * DAY,
        per_s: 0.684,
        dispersion: 21.3,
        peak_to_mean: 9.96,
        ..TOLD
    },
    Told {
        file: "web/nasa_19950701_head10k.tsv.gz",
        rows: 9999,
        span_s: 3.66 * 3600.0,
        per_s: 0.759,
        dispersion: 6.0,
        gap_cv: 1.42,
        ..TOLD
    },
    Told {
        file: "web/semicomplete_2015_combined.log.gz",
        rows: 10_000,
        span_s: 83.0 * 3600.0,
        per_s: 0.0335,
        peak_to_mean: 68.0,
        gap_cv: 10.7,
        ..TOLD
    },
    Told {
        file: "web/worldcup98_requests_per_minute.csv.gz",
        rows: 125_300,
        span_s: 87.0 * DAY,
        per_s: 180.0,
        dispersion: 34_300.0,
        peak_to_mean: 21.2,
        ..TOLD
    },
    Told {
        file: "rates/nab_elb_request_count_8c0756.csv.gz",
        format: COUNTS,
        rows: 4032,
        span_s: 14.0 * DAY,
        per_s: 0.206,
        window_s: 300.0,
        dispersion: 51.9,
        peak_to_mean: 10.6,
        ..TOLD
    },
    Told {
        file: "rates/nab_nyc_taxi.csv.gz",
        format: COUNTS,
        rows: 10_320,
        span_s: 215.0 * DAY,
        per_s: 8.4,
        window_s: 1800.0,
        peak_to_mean: 2.59,
        ..TOLD
    },
    Told {
        file: "format_samples/vidur_splitwise_conv.csv.gz",
        rows: 19_366,
        span_s: 58.4 * 60.0,
        per_s: 5.53,
        dispersion: 16.1,
        peak_to_mean: 1.52,
        gap_cv: 1.09,
        ..TOLD
    },
];

#[test]
fn every_traffic_file_has_the_statistics_that_its_folder_states() {
    for told in STATISTICS {
        let options = Options {
            time: told.time.map(str::to_owned),
            format: told.format,
            sort: told.time.is_some() || told.file.ends_with(".tsv.gz"),
            ..Options::default()
        };
        let Some(seen) = seen("traces", told.file, &options) else { continue };
        let seen = seen.unwrap_or_else(|error| panic!("{}: {error}", told.file));
        assert_eq!(seen.rows, told.rows, "{}", told.file);
        let window = seen.windows.iter().find(|window| window.length_s == told.window_s).unwrap();
        for (what, found, stated) in [
            ("span", seen.span_s, told.span_s),
            ("rate", seen.mean_per_s, told.per_s),
            ("dispersion", window.dispersion, told.dispersion),
            ("most over mean", window.peak_to_mean, told.peak_to_mean),
            ("variation of gaps", seen.gap_cv.unwrap_or(f64::NAN), told.gap_cv),
        ] {
            let off = (found / stated - 1.0).abs();
            assert!(stated.is_nan() || off < 0.025, "{}, {what}: {found}, not {stated}", told.file);
        }
    }
}
