//! What another tool turns into a recording: the commands of the refusals, run as they are told.

use std::fs;
use std::path::Path;
use std::process::Command;
use tempfile::TempDir;

const AZURE_MONITOR: &str = r#"{"cost":59,"timespan":"2026-03-02T09:00:00Z/2026-03-02T09:04:00Z","interval":"PT1M",
  "value":[{"id":"/subscriptions/s/providers/Microsoft.Insights/metrics/Requests","type":"Microsoft.Insights/metrics",
  "name":{"value":"Requests","localizedValue":"Requests"},"unit":"Count","timeseries":[{"metadatavalues":[],"data":[
  {"timeStamp":"2026-03-02T09:00:00Z","total":120.0},{"timeStamp":"2026-03-02T09:01:00Z","total":60.0},
  {"timeStamp":"2026-03-02T09:02:00Z"},{"timeStamp":"2026-03-02T09:03:00Z","total":60.0},
  {"timeStamp":"2026-03-02T09:04:00Z","total":0.0}]}],"errorCode":"Success"}],
  "namespace":"Microsoft.Web/sites","resourceregion":"westeurope"}"#;

const DATADOG: &str = r#"{"status":"ok","res_type":"time_series","from_date":1772442000000,"to_date":1772442060000,
  "series":[{"metric":"trace.http.request.hits","display_name":"trace.http.request.hits","interval":20,"length":5,
  "pointlist":[[1772442000000.0,2.0],[1772442020000.0,null],[1772442040000.0,4.0],[1772442060000.0,3.0],
  [1772442080000.0,1.0]],
  "scope":"env:prod","expression":"sum:trace.http.request.hits{env:prod}.as_rate()"}],"query":"q","message":""}"#;

const LOKI: &str = r#"{"status":"success","data":{"resultType":"streams","result":[{"stream":{"job":"nginx"},"values":[
  ["1772442005000000000","10.0.0.1 - - [02/Mar/2026:09:00:05 +0000] \"GET /b HTTP/1.1\" 200 5"],
  ["1772442001000000000","10.0.0.1 - - [02/Mar/2026:09:00:01 +0000] \"GET /a HTTP/1.1\" 200 5"]]},
  {"stream":{"job":"nginx","pod":"2"},"values":[
  ["1772442003000000000","10.0.0.2 - - [02/Mar/2026:09:00:03 +0000] \"GET /c HTTP/1.1\" 200 5"]]}],"stats":{}}}"#;

const CLOUD_MONITORING: &str = r#"{"timeSeries":[{"metric":{"type":"run.googleapis.com/request_count"},"metricKind":"DELTA",
  "valueType":"INT64","points":[
  {"interval":{"startTime":"2026-03-02T09:01:00Z","endTime":"2026-03-02T09:02:00Z"},"value":{"int64Value":"60"}},
  {"interval":{"startTime":"2026-03-02T09:00:00Z","endTime":"2026-03-02T09:01:00Z"},"value":{"int64Value":"120"}}]}]}"#;

const JAEGER: &str = r#"{"data":[{"traceID":"a","spans":[
  {"traceID":"a","spanID":"1","operationName":"GET /","startTime":1772442002000000,"duration":2500},
  {"traceID":"a","spanID":"2","operationName":"GET /","startTime":1772442000000000,"duration":1500}]}]}"#;

const OPENTELEMETRY: &str = r#"{"resourceSpans":[{"resource":{},"scopeSpans":[{"scope":{},"spans":[
  {"traceId":"a","spanId":"1","name":"GET /","startTimeUnixNano":"1772442002000000000","endTimeUnixNano":"1772442002002500000"},
  {"traceId":"a","spanId":"2","name":"GET /","startTimeUnixNano":"1772442000000000000","endTimeUnixNano":"1772442000001500000"}]}]}]}"#;

/// The help of a refusal.
fn help(folder: &Path, file: &str) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_autosim"));
    let out = command.args(["trace", "inspect", file]).current_dir(folder).output().unwrap();
    assert_eq!(out.status.code(), Some(2), "{file}");
    let said = String::from_utf8(out.stderr).unwrap();
    said.split_once("= help: ").unwrap_or_else(|| panic!("{said}")).1.trim().to_owned()
}

/// What a shell says.
fn shell(folder: &Path, line: &str) -> String {
    let out = Command::new("sh").args(["-c", line]).current_dir(folder).output().unwrap();
    let errors = String::from_utf8_lossy(&out.stderr);
    assert!(out.status.success(), "{line}: {errors}");
    String::from_utf8(out.stdout).unwrap()
}

#[test]
fn the_command_that_a_refusal_names_makes_a_file_that_is_read_with_its_flags() {
    if Command::new("jq").arg("--version").output().is_err() {
        eprintln!("SKIPPED: no jq on the search path");
        return;
    }
    for (name, text, told) in [
        ("azure", AZURE_MONITOR, ["requests      240", "interval      1m, 1 without a row"]),
        ("datadog", DATADOG, ["interval      20s, 1 without a row", "requests      200"]),
        ("loki", LOKI, ["requests      3", "format        access-log"]),
        ("google", CLOUD_MONITORING, ["requests      180", "begins        2026-03-02T09:00:00Z"]),
        ("jaeger", JAEGER, ["requests      2", "mean 2ms"]),
        ("opentelemetry", OPENTELEMETRY, ["requests      2", "mean 2ms"]),
    ] {
        let folder = TempDir::new().unwrap();
        let file = format!("{name}.json");
        fs::write(folder.path().join(&file), text).unwrap();
        let help = help(folder.path(), &file);
        // jq ... FILE > NEW makes ..., with FLAGS
        let (command, rest) = help.split_once(" > ").unwrap_or_else(|| panic!("{help}"));
        let made = rest.split_whitespace().next().unwrap();
        let flags = rest.split_once(", with ").unwrap().1;
        let flags = flags.split([',', ';']).next().unwrap();
        shell(folder.path(), &format!("{} > {made}", command.replace("FILE", &file)));
        let autosim = env!("CARGO_BIN_EXE_autosim");
        let seen = shell(folder.path(), &format!("{autosim} trace inspect {made} {flags}"));
        assert!(told.iter().all(|part| seen.contains(part)), "{name}\n{help}\n{seen}");
    }
}
