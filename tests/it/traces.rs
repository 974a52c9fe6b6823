//! Files as people have them, read. The small ones of `field/traces` and the recordings of `traces` are not part of
//! the project (see `recorded`): a test whose files are absent says so.

use crate::recorded::shared;
use autosim_engine::workload::trace::{Inspection, Options, inspect};
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
