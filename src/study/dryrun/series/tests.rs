//! Series of several files as columns of one recording.

use super::*;
use autosim_engine::workload::trace::{Options, telemetry};

/// The recording as text, what was said, what was wrong.
fn merge(texts: &[&str], mappings: &[&str]) -> (String, Vec<String>, Vec<String>) {
    let read = |text: &&str| telemetry(text, "t", &Options::default());
    let files: Vec<Telemetry> = texts.iter().map(read).collect::<Result<_, _>>().unwrap();
    let mappings: Vec<Mapping> = mappings.iter().map(|text| text.parse().unwrap()).collect();
    let (mut said, mut faults) = (Vec::new(), Faults::new());
    let recording = Recording::of_series(&files, &mappings, None, &mut said, &mut faults);
    let text = recording.map_or_else(String::new, |recording| {
        let cell = |cell: &Option<f64>| cell.map_or("-".to_owned(), |value| value.to_string());
        let row = |row: &Row| {
            let cells: Vec<String> = row.cells.iter().map(cell).collect();
            format!("{}: {}\n", row.at.0 / 1_000_000_000, cells.join(" "))
        };
        let rows: String = recording.rows.iter().map(row).collect();
        format!("{}\n{rows}", recording.columns.join(" "))
    });
    (text, said, faults.into_vec().iter().map(ToString::to_string).collect())
}

/// Series as Prometheus answers them: labels, seconds between values, values.
fn prometheus(series: &[(&str, usize, &[&str])]) -> String {
    let series = series.iter().map(|(labels, step, values)| {
        let values = values.iter().enumerate();
        let values: Vec<String> = values
            .map(|(at, value)| format!("[{},\"{value}\"]", 1_772_409_600 + at * step))
            .collect();
        format!("{{\"metric\":{{{labels}}},\"values\":[{}]}}", values.join(","))
    });
    format!("[{}]", series.collect::<Vec<_>>().join(","))
}

const REPLICAS_OF_WEB: &str = r#""__name__":"kube_deployment_status_replicas","deployment":"web""#;

#[test]
fn series_of_different_steps_stand_side_by_side_and_counts_hold_between_theirs() {
    let text = prometheus(&[
        (REPLICAS_OF_WEB, 60, &["2", "3"]),
        (r#""__name__":"cpu""#, 30, &["10", "20", "NaN", "40"]),
    ]);
    let (rows, said, faults) = merge(&[&text], &[]);
    assert_eq!(rows, "cpu replicas\n0: 10 2\n30: 20 2\n60: - 3\n90: 40 3\n");
    assert!(faults.is_empty() && said.last().unwrap().contains("2 series of 5 values"), "{said:?}");
}

#[test]
fn names_of_kubernetes_and_cloudwatch_are_known_with_their_units() {
    let counter = r#""__name__":"http_requests_total","job":"web""#;
    let text = prometheus(&[(counter, 10, &["100", "150", "30"])]);
    assert_eq!(merge(&[&text], &[]).0, "requests_per_s\n0: 5\n10: 3\n");
    let text = r#"{"MetricDataResults":[
        {"Id":"a","Label":"app/web RequestCount","Values":[240,60],
         "Timestamps":["2026-03-02T00:03:00Z","2026-03-02T00:00:00Z"]},
        {"Id":"b","Label":"RequestCount x","Values":[],"Timestamps":[]},
        {"Id":"c","Label":"GroupInServiceInstances","Values":[4,4.5],
         "Timestamps":["2026-03-02T00:00:00Z","2026-03-02T00:03:00Z"]}]}"#;
    let (rows, said, _) = merge(&[text], &[]);
    // One period of three minutes each: known at its end.
    let per_s = 60.0 / 180.0;
    assert_eq!(rows, format!("replicas requests_per_s\n0: 4 {per_s}\n180: 5 {}\n", 240.0 / 180.0));
    let said = said.join("\n");
    for part in [
        "each value is known at the end of its own",
        "`GroupInServiceInstances`, those that are ready, stands for them",
        "1 value rounded",
        "requests_per_s = app/web RequestCount (taken for the sums of each 3m, per second)",
    ] {
        assert!(said.contains(part), "{part}\n{said}");
    }
}

#[test]
fn a_series_that_bears_the_name_of_a_column_is_it_before_those_that_are_known() {
    let counter = r#""__name__":"http_requests_total","job":"web""#;
    let text = prometheus(&[
        (counter, 60, &["0", "60"]),
        (r#""__name__":"requests_per_s","job":"web""#, 60, &["7", "8"]),
    ]);
    assert_eq!(merge(&[&text], &[]).0, "requests_per_s\n0: 7\n60: 8\n");
}

#[test]
fn a_period_of_a_count_without_a_value_counted_nothing() {
    let stamps = ["00", "01", "02", "04"].map(|minute| format!("\"2026-03-02T00:{minute}:00Z\""));
    let text = format!(
        r#"{{"MetricDataResults":[{{"Id":"a","Label":"RequestCount","Values":[60,60,60,60],"Timestamps":[{}]}}]}}"#,
        stamps.join(",")
    );
    let (rows, said, _) = merge(&[&text], &[]);
    assert_eq!(rows, "requests_per_s\n0: 1\n60: 1\n120: 1\n180: 0\n240: 1\n");
    assert!(said.iter().any(|said| said.contains("1 period without a value")), "{said:?}");
}

#[test]
fn a_user_says_which_series_is_a_column_in_which_unit() {
    let web =
        prometheus(&[(r#""job":"web""#, 60, &["0.5", "0.6"]), (r#""job":"api""#, 60, &["1", "1"])]);
    let (rows, _, faults) = merge(&[&web], &["cpu_percent={job=\"web\"}*100"]);
    assert_eq!((rows.as_str(), faults.len()), ("cpu_percent\n0: 50\n60: 60\n", 0));
    let (_, _, faults) = merge(&[&web], &["cpu_percent={job=\"web\"}"]);
    assert!(faults[0].contains("at most 0.6") && faults[0].contains("*100'"), "{faults:?}");
    for (text, message) in
        [("cpu", ""), ("cpu=", ""), ("=x", ""), ("{job=\"web\"}=cpu", ""), ("a=b*inf", "")]
    {
        assert!(
            text.parse::<Mapping>().unwrap_err().contains("expected NAME=SERIES"),
            "{text}{message}"
        );
    }
}

/// The column says the unit: what was counted is a rate only where it is called one.
#[test]
fn a_column_is_in_the_unit_that_its_name_says_whatever_the_series_is_called() {
    let prometheus = |name: &str, labels: &str| {
        prometheus(&[(&format!("\"__name__\":\"{name}\"{labels}"), 30, &["8", "68"])])
    };
    let labels = ",\"job\":\"web\"";
    let counter = |labels: &str| prometheus("app_calls_total", labels);
    let gauge = prometheus("ecs_service_task_count", labels);
    let took = prometheus("took_seconds", labels);
    let cloudwatch = |label: &str| {
        let stamps = r#"["2026-03-02T00:00:00Z","2026-03-02T00:03:00Z"]"#;
        format!(
            r#"{{"MetricDataResults":[{{"Id":"a","Label":"{label}","Values":[36,54],"Timestamps":{stamps}}}]}}"#
        )
    };
    let sums = r#"{"Label":"Calls","Datapoints":[
        {"Timestamp":"2026-03-02T00:00:00Z","Sum":36,"Unit":"Count"},
        {"Timestamp":"2026-03-02T00:03:00Z","Sum":54,"Unit":"Count"}]}"#;
    let seconds = "seconds (of seconds: --column 'p99_ms=took_seconds{job=\"web\"}*1000')";
    let counted = "`_per_s` or `_per_min` is what it grew by";
    for (text, mapping, values, warning) in [
        (counter(labels), "requests_per_s=app_calls_total", "2", ""),
        (counter(""), "requests_per_s=app_calls_total", "2", ""),
        (counter(labels), "requests_per_min=app_calls_total", "120", ""),
        (counter(""), "web/requests_per_min=app_calls_total", "120", ""),
        (counter(""), "requests_per_s_per_replica=app_calls_total", "2", ""),
        (counter(""), "requests_per_min=app_calls_total*0.5", "60", ""),
        (counter(""), "qps=app_calls_total", "8 68", counted),
        (prometheus("http_requests_total", ""), "requests_per_min=http_requests_total", "120", ""),
        (prometheus("job_count", labels), "requests_per_s=job_count", "2", ""),
        (gauge.clone(), "replicas=ecs_service_task_count", "8 68", ""),
        (gauge, "queued_requests=ecs_service_task_count", "8 68", ""),
        (cloudwatch("RequestCount"), "requests_per_s=RequestCount", "0.2 0.3", ""),
        (cloudwatch("RequestCount"), "requests_per_min=RequestCount", "12 18", ""),
        (cloudwatch("RequestCount"), "queued_requests=RequestCount", "36 54", ""),
        (sums.to_owned(), "requests_per_min=Calls", "12 18", ""),
        (cloudwatch("TargetResponseTime"), "p99_ms=TargetResponseTime", "36000 54000", ""),
        (cloudwatch("TargetResponseTime"), "took_s=TargetResponseTime", "36 54", ""),
        (took.clone(), "p99_ms=took_seconds", "8 68", seconds),
        (took.clone(), "p99_ms=took_seconds*1000", "8000 68000", ""),
        (took, "took_s=took_seconds", "8 68", ""),
    ] {
        let (rows, _, faults) = merge(&[&text], &[mapping]);
        let cells = rows.lines().skip(1).filter_map(|row| Some(row.split_once(": ")?.1));
        let found = cells.map(|cell| (cell.parse::<f64>().unwrap() * 1e6).round() / 1e6);
        let found: Vec<String> = found.map(|value| value.to_string()).collect();
        assert_eq!(found.join(" "), values, "{mapping} {faults:?}");
        let faults = faults.join("\n");
        assert!(faults.contains(warning) && faults.is_empty() == warning.is_empty(), "{faults}");
    }
}

#[test]
fn a_series_of_several_files_is_one() {
    let day = |first: usize, values: &[&str], job: &str| {
        let values = values.iter().enumerate();
        let values: Vec<String> = values
            .map(|(at, value)| format!("[{},\"{value}\"]", 1_772_409_600 + first + 60 * at))
            .collect();
        let values = values.join(",");
        format!(r#"[{{"metric":{{"__name__":"replicas","job":"{job}"}},"values":[{values}]}}]"#)
    };
    let one = day(0, &["1", "2"], "web");
    let rows = "replicas\n0: 1\n60: 2\n120: 3\n";
    for (other, expected, fault) in [
        (day(120, &["3"], "web"), rows, ""),
        (day(60, &["2", "3"], "web"), rows, ""),
        (
            day(60, &["5", "3"], "web"),
            "",
            "`replicas{job=\"web\"}` is 2 in one file and 5 in another at Mon 2026-03-02 00:01",
        ),
        (day(120, &["3"], "api"), "", "2 series may be `replicas`"),
    ] {
        for files in [[&one, &other], [&other, &one]] {
            let texts = files.map(String::as_str);
            let (rows, said, faults) = merge(&texts, &[]);
            let faults =
                faults.join("\n").replace("is 5 in one file and 2", "is 2 in one file and 5");
            assert_eq!(rows, expected, "{other} {faults}");
            assert!(faults.contains(fault), "{faults}");
            let one = said.iter().any(|said| said.contains("of several files is one series"));
            assert_eq!(one, fault.is_empty(), "{said:?}");
        }
    }
}

#[test]
fn what_is_ambiguous_is_asked_with_flags_to_paste() {
    let api = REPLICAS_OF_WEB.replace("web", "api");
    let two = prometheus(&[(REPLICAS_OF_WEB, 60, &["2", "3"]), (&api, 60, &["1", "1"])]);
    let jobs = prometheus(&[(r#""job":"web""#, 60, &["1", "2"])]);
    for (text, mappings, part) in [
        (
            &two,
            &[][..],
            "2 series may be `replicas` (say which: --column 'replicas=kube_deployment_status_replicas{deployment=\"web\"}' or ",
        ),
        (
            &two,
            &["replicas={deployment=\"x\"}"],
            "there is no series `{deployment=\"x\"}` (say which: --column 'replicas=kube_",
        ),
        (&two, &["replicas={pod!=\"x\"}"], "`{pod!=\"x\"}` are 2 series"),
        (&jobs, &[], "none of its series is a column by its name (say which: --column 'NAME={job"),
        (&jobs, &["cpu={job=\"web\"}", "cpu={job=\"web\"}"], "`cpu` is given twice"),
        (&jobs, &["replicas={job=\"web\"}*-1"], "-1 is no count of replicas"),
    ] {
        let (rows, _, faults) = merge(&[text], mappings);
        assert!(rows.is_empty() && faults.join("\n").contains(part), "{part}\n{faults:?}");
    }
    let words = "time,requests_per_s,cpu\n0,1 000,1\n60,2 000,2\n";
    assert!(merge(&[words], &[]).2[0].contains("no cell of `requests_per_s` is a number: `1 000`"));
    let relative = "time_s,cpu\n0,1\n60,2\n";
    assert!(merge(&[relative, &jobs], &[]).2[0].contains("times are of one kind"));
}
