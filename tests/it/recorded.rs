//! Real recordings, read and replayed. They are not part of the project: `AUTOSIM_SHARED` names the
//! folder that holds them (default: `shared` beside the project); a test whose file is absent says so.

use autosim_engine::fault::Faults;
use autosim_engine::random::{Distribution, Streams};
use autosim_engine::units::{Span, Time, WallClock};
use autosim_engine::workload::trace::{Inspection, Options, inspect};
use autosim_engine::workload::{Batch, ResolveContext, Workload, WorkloadSpec};
use std::io::Write;
use std::path::PathBuf;

/// The folder of a recording, if it is there.
fn folder_with(test: &str, file: &str) -> Option<PathBuf> {
    shared(test, "traces", file)
}

/// A folder of the shared one, if `file` is in it.
pub(crate) fn shared(test: &str, within: &str, file: &str) -> Option<PathBuf> {
    let shared = std::env::var_os("AUTOSIM_SHARED").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared")),
        Into::into,
    );
    let folder = shared.join(within);
    if folder.join(file).is_file() {
        return Some(folder);
    }
    // Not printed but written: the test harness swallows what passing tests print.
    let line = format!("skipped: {test}: {file} absent (AUTOSIM_SHARED names its folder)\n");
    let _ = std::io::stderr().write_all(line.as_bytes());
    None
}

fn seen(test: &str, file: &str, options: &Options) -> Option<Inspection> {
    let folder = folder_with(test, file)?;
    Some(inspect(&folder, file, options).unwrap_or_else(|error| panic!("{file}: {error}")))
}

fn resolve(folder: &std::path::Path, toml: &str, end: Time) -> Workload {
    let spec: WorkloadSpec = toml::from_str(toml).unwrap();
    let law = Distribution::exponential(Span::from_millis(50));
    let clock = WallClock::default();
    let context = ResolveContext {
        base_dir: folder,
        clock: &clock,
        selects: false,
        end,
        service_time: Some(&law),
        service_time_stated: true,
    };
    let mut faults = Faults::new();
    let workload = spec.resolve(&context, &mut faults);
    workload.unwrap_or_else(|| panic!("{:?}", faults.as_slice()))
}

/// (requests, sum of demands in seconds, last arrival in seconds).
fn totals(workload: &Workload, end: Time) -> (u64, f64, f64) {
    let mut arrivals = workload.requests(&Streams::new(1, 0, 0), end);
    let (mut count, mut work, mut last, mut batch) = (0, 0.0, 0, Batch::new());
    loop {
        arrivals.fill(&mut batch);
        let Some(&newest) = batch.arrival_ns.last() else { break };
        assert!(batch.arrival_ns.is_sorted() && batch.arrival_ns[0] >= last && newest < end.0);
        last = newest;
        count += batch.len() as u64;
        work += batch.demand_ns.iter().map(|&ns| ns as f64 * 1e-9).sum::<f64>();
    }
    (count, work, last as f64 * 1e-9)
}

fn near(what: &str, found: f64, expected: f64, share: f64) {
    assert!((found / expected - 1.0).abs() <= share, "{what}: {found}, expected {expected}");
}

const CHAT: &str = "llm/azure_llm_2023_conv.csv.gz";

#[test]
fn chat_requests_have_the_published_statistics() {
    let Some(seen) = seen("chat statistics", CHAT, &Options::default()) else { return };
    assert_eq!((seen.rows, seen.format, seen.inversions), (19_366, "timestamps", 0));
    assert_eq!(seen.columns, ["TIMESTAMP", "ContextTokens", "GeneratedTokens"]);
    assert_eq!(seen.start.as_deref(), Some("2023-11-16T18:15:46.68059Z"));
    near("mean", seen.mean_per_s, 5.53, 0.002);
    near("minutes", seen.span_s / 60.0, 58.4, 0.001);
    near("gap cv", seen.gap_cv.unwrap_or(0.0), 1.09, 0.01);
    let [second, minute] = seen.windows[..] else { panic!("{:?}", seen.windows) };
    near("IDC1", second.dispersion, 1.39, 0.02);
    near("IDC60", minute.dispersion, 16.1, 0.06);
    near("p2m60", minute.peak_to_mean, 1.52, 0.02);
}

#[test]
fn chat_requests_take_as_long_as_their_tokens_say() {
    let Some(folder) = folder_with("chat replay", CHAT) else { return };
    let toml = format!(
        "[arrivals.chat.replay]\nfile = '{CHAT}'\n\
         service_time_linear = {{ base = '50ms', per = {{ ContextTokens = '0.2ms', \
         GeneratedTokens = '25ms' }} }}"
    );
    let end = Time::from_secs(3600);
    let workload = resolve(&folder, &toml, end);
    let (count, work, last) = totals(&workload, end);
    assert_eq!(count, 19_366);
    near("last arrival", last, 58.37 * 60.0, 0.001);
    near("work", work, workload.mean_demand_s(end) * 19_366.0, 1e-9);
    // Tokens of the first two requests: 374 in, 44 out; 396 in, 109 out.
    let mut batch = Batch::new();
    workload.requests(&Streams::new(1, 0, 0), end).fill(&mut batch);
    assert_eq!(batch.arrival_ns[..2], [0, 4_314_579_000]);
    assert_eq!(batch.demand_ns[..2], [1_224_800_000, 2_854_200_000]);
}

const WORLD_CUP: &str = "web/worldcup98_requests_per_minute.csv.gz";

#[test]
fn world_cup_minutes_have_the_published_statistics() {
    let Some(seen) = seen("world cup statistics", WORLD_CUP, &Options::default()) else { return };
    assert_eq!((seen.rows, seen.format, seen.missing), (125_300, "counts", 10));
    assert_eq!((seen.requests, seen.interval_s), (1_352_804_107.0, Some(60.0)));
    assert_eq!(seen.windows[0].peak, 229_426.0);
    near("p2m", seen.windows[0].peak_to_mean, 21.2, 0.01);
    near("IDC60", seen.windows[0].dispersion, 34_300.0, 0.01);
}

#[test]
fn a_day_of_the_world_cup_streams_whole() {
    let Some(folder) = folder_with("world cup replay", WORLD_CUP) else { return };
    let toml = format!(
        "[arrivals.cup.replay]\nfile = '{WORLD_CUP}'\nfrom = '1998-06-30'\nuntil = '1998-07-01'"
    );
    let end = Time::from_secs(86_400);
    let workload = resolve(&folder, &toml, end);
    // The busiest day: 75.2 million.
    near("expected", workload.expected_requests(end), 75.2e6, 0.001);
    let hour = Time::from_secs(3600);
    let (count, ..) = totals(&workload, hour);
    assert_eq!(count as f64, workload.expected_requests(hour), "uniform spread keeps every count");
}

#[test]
fn monitoring_series_are_read_with_their_gaps() {
    let options = Options {
        format: Some(autosim_engine::workload::trace::Format::Counts),
        ..Options::default()
    };
    let file = "rates/nab_elb_request_count_8c0756.csv.gz";
    if let Some(seen) = seen("elb statistics", file, &options) {
        assert_eq!((seen.rows, seen.missing, seen.interval_s), (4032, 8, Some(300.0)));
        near("mean", seen.requests / 4032.0, 61.8, 0.001);
        near("p2m", seen.windows[0].peak_to_mean, 10.6, 0.01);
        near("IDC", seen.windows[0].dispersion, 51.9, 0.01);
    }
    if let Some(seen) = seen("taxi statistics", "rates/nab_nyc_taxi.csv.gz", &options) {
        assert_eq!((seen.rows, seen.missing, seen.interval_s), (10_320, 0, Some(1800.0)));
        near("p2m", seen.windows[0].peak_to_mean, 2.59, 0.01);
    }
}

#[test]
fn second_stamps_are_noticed_and_spread_on_request() {
    let file = "web/nasa_19950701_head10k.tsv.gz";
    let options = Options { sort: true, ..Options::default() };
    let Some(seen) = seen("second stamps", file, &options) else { return };
    assert_eq!((seen.rows, seen.grid_s), (9999, Some(1.0)));
    near("mean", seen.mean_per_s, 0.759, 0.002);
    near("gap cv", seen.gap_cv.unwrap_or(0.0), 1.42, 0.01);
    let Some(folder) = folder_with("second stamps", file) else { return };
    let toml = format!("[arrivals.web.replay]\nfile = '{file}'\nsort = true\nspread = 'uniform'");
    let end = Time::from_secs(4 * 3600);
    let (count, _, last) = totals(&resolve(&folder, &toml, end), end);
    assert!(count == 9999 && last.fract() > 0.0, "{count} requests, the last at {last} s");
}

#[test]
fn a_line_of_counts_is_two_months_of_seconds() {
    let file = "web/nasa_1995_requests_per_second.txt.gz";
    let Some(seen) = seen("line of counts", file, &Options::default()) else { return };
    assert_eq!((seen.rows, seen.format), (5_059_950, "per-second-counts"));
    near("mean", seen.mean_per_s, 0.684, 0.001);
    near("IDC1", seen.windows[0].dispersion, 1.67, 0.01);
    near("p2m60", seen.windows[1].peak_to_mean, 9.96, 0.01);
}

#[test]
fn ends_of_function_calls_become_starts() {
    let file = "faas/azure_functions_2021_head200.csv";
    let Some(folder) = folder_with("function calls", file) else { return };
    let toml = format!(
        "[arrivals.calls.replay]\nfile = '{file}'\ntime = 'end_timestamp'\ntime_is = 'end'\n\
         service_time_column = {{ column = 'duration', unit = 's' }}"
    );
    let end = Time::from_secs(3600);
    let workload = resolve(&folder, &toml, end);
    let (count, _, last) = totals(&workload, end);
    assert!(count == 199 && (1190.0..1210.0).contains(&last), "{count} until {last} s");
    near("mean rate", 199.0 / last, 0.166, 0.01);
}

#[test]
fn measured_calls_with_quoted_commas_are_read_by_column_name() {
    let file = "faas/aws_lambda_measured_2020-05-23_poisson_0.10rps.csv.gz";
    let options =
        Options { time: Some("client_start_time".to_owned()), sort: true, ..Options::default() };
    let Some(seen) = seen("measured calls", file, &options) else { return };
    assert_eq!(seen.rows, 10_066);
    near("mean", seen.mean_per_s, 0.0999, 0.002);
    near("gap cv", seen.gap_cv.unwrap_or(0.0), 0.986, 0.002);
    assert!(seen.inversions > 0);
}
