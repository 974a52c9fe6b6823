//! `trace fetch`: against a Prometheus of the machine, and against a server that behaves as servers do on bad days.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::thread::{JoinHandle, sleep, spawn};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// The command in a folder, without what the environment says about proxies and credentials.
fn autosim(folder: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_autosim"));
    for proxy in ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "NETRC"] {
        command.env_remove(proxy);
    }
    command.env("HOME", folder).envs(variables.iter().copied());
    command.args(arguments).current_dir(folder).output().unwrap()
}

fn told(out: &Output) -> String {
    String::from_utf8_lossy(&out.stderr).into_owned()
}

/// Answers one connection with each text, in turn, and returns what was asked.
struct Server {
    url: String,
    asked: JoinHandle<Vec<String>>,
}

/// Where an answer waits so long before it ends.
const SLOW: &str = "<slow>";

fn serve(answers: Vec<String>) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let asked = spawn(move || {
        let answer = |answer: String| {
            let (mut stream, _) = listener.accept().unwrap();
            let asked = request(&mut stream);
            // Whoever gives up does not read to the end.
            match answer.split_once(SLOW) {
                Some((begin, _)) => {
                    let _ = stream.write_all(begin.as_bytes());
                    sleep(Duration::from_secs(2));
                }
                None => drop(stream.write_all(answer.as_bytes())),
            }
            asked
        };
        answers.into_iter().map(answer).collect()
    });
    Server { url, asked }
}

/// The head of a request.
fn request(stream: &mut TcpStream) -> String {
    let lines = BufReader::new(stream).lines().map_while(Result::ok);
    lines.take_while(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
}

fn answer(status: &str, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}")
}

const MATRIX: &str = r#"{"status":"success","data":{"resultType":"matrix","result":[{"metric":{"job":"web"},"values":[[1772409600,"1"],[1772409615,"2.5"]]}]}}"#;

const RANGE: [&str; 4] = ["--from", "2026-03-02", "--to", "2026-03-02T00:00:15Z"];

fn fetch(folder: &Path, url: &str, more: &[&str], variables: &[(&str, &str)]) -> Output {
    let fetch = ["trace", "fetch", "prometheus", "--url", url, "--query", "up", "--out", "up.json"];
    autosim(folder, &[&fetch[..], &RANGE, more].concat(), variables)
}

#[test]
fn what_goes_wrong_is_said_in_the_servers_words_and_tried_again_where_that_may_help() {
    let good = || answer("200 OK", MATRIX);
    let bad = answer(
        "400 Bad Request",
        r#"{"status":"error","errorType":"bad_data","error":"parse error"}"#,
    );
    let busy = || answer("503 Service Unavailable", "busy\n");
    let cut = answer("200 OK", MATRIX).replace("Content-Length: 1", "Content-Length: 9");
    let wait = busy().replace("Connection", "Retry-After: 3600\r\nConnection");
    let text = |body: &str| answer("200 OK", body);
    let none = text(r#"{"status":"success","data":{"resultType":"matrix","result":[]}}"#);
    let instant = text(r#"{"status":"success","data":{"resultType":"vector","result":[]}}"#);
    for (answers, code, said) in [
        (vec![good()], 0, "1 series of 2 values, 15s apart, in up.json"),
        (vec![answer("500 Oops", "no"), good()], 0, "answers 500: no; trying again in 300ms"),
        (vec![cut, good()], 0, "trying again"),
        (vec![busy(), busy(), busy(), busy()], 2, "answers 503: busy (ask again later"),
        (vec![wait], 2, "answers 503: busy (ask again later"),
        (vec![bad], 2, "answers 400: parse error (mend the query)"),
        (vec![answer("401 No", "")], 2, "answers 401 (credentials come from AUTOSIM_HTTP_TOKEN"),
        (vec![answer("403 No", "no")], 2, "answers 403: no (credentials come from"),
        (vec![answer("404 No", "<html>")], 2, "answers 404 (is the address right?"),
        (
            vec![answer("422 No", "{\"error\":\"too many\"}")],
            2,
            "answers 422: too many (mend the query)",
        ),
        (
            vec![format!("HTTP/1.1 200 OK\r\n{SLOW}")],
            2,
            "does not answer in time (a longer --timeout",
        ),
        (vec![text("<html>")], 2, "the answer is none of Prometheus"),
        (vec![text("{")], 2, "the answer is none of Prometheus"),
        (vec![none], 2, "the server has nothing of it from --from to --to"),
        (vec![instant], 2, "the server answers no series over a range"),
        (
            vec![text(r#"{"status":"error","errorType":"execution","error":"too many samples"}"#)],
            2,
            "the server answers `error`: too many samples (mend the query)",
        ),
    ] {
        let folder = TempDir::new().unwrap();
        let (count, server) = (answers.len(), serve(answers));
        let out = fetch(folder.path(), &server.url, &["--timeout", "1s"], &[]);
        let told = told(&out);
        assert_eq!(out.status.code(), Some(code), "{said}\n{told}");
        assert!(told.contains(said), "{said}\n{told}");
        assert_eq!(server.asked.join().unwrap().len(), count, "{told}");
        let files: Vec<_> = fs::read_dir(folder.path()).unwrap().collect();
        assert_eq!(files.len(), usize::from(code == 0), "whole or not at all: {files:?}");
    }
}

#[test]
fn credentials_are_sent_from_the_environment_or_netrc_and_never_told() {
    let netrc = "machine 127.0.0.1 login me password s3cret\n";
    let (user, password) = (("AUTOSIM_HTTP_USER", "me"), ("AUTOSIM_HTTP_PASSWORD", "s3cret"));
    let basic = "authorization: Basic bWU6czNjcmV0";
    for (variables, netrc, header) in [
        (&[("AUTOSIM_HTTP_TOKEN", "s3cret")][..], "", "authorization: Bearer s3cret"),
        (&[user, password], "machine 127.0.0.1 login you password other\n", basic),
        (&[], netrc, basic),
        (&[], "machine prom.example login me password s3cret\n", ""),
    ] {
        let folder = TempDir::new().unwrap();
        fs::write(folder.path().join(".netrc"), netrc).unwrap();
        let server = serve(vec![answer("401 Unauthorized", "")]);
        let out = fetch(folder.path(), &server.url, &[], variables);
        let asked = server.asked.join().unwrap().remove(0);
        let sent = asked.lines().find(|line| line.to_lowercase().starts_with("authorization:"));
        let sent = sent.map(|line| line.replacen("Authorization", "authorization", 1));
        assert_eq!(sent.unwrap_or_default(), header, "{asked}");
        let told = told(&out);
        assert!(out.status.code() == Some(2) && !told.contains("s3cret"), "{told}");
    }
    let folder = TempDir::new().unwrap();
    let url = "http://me:s3cret@127.0.0.1:9";
    for (url, variables, said) in [
        (url, &[][..], "credentials do not belong into an address"),
        ("http://127.0.0.1:9", &[password], "without AUTOSIM_HTTP_USER"),
        ("http://127.0.0.1:9", &[("AUTOSIM_HTTP_TOKEN", "s3cret"), user], "unset one of the two"),
    ] {
        let out = fetch(folder.path(), url, &[], variables);
        let told = told(&out);
        assert!(out.status.code() == Some(2) && told.contains(said), "{told}");
        assert!(!told.contains("s3cret"), "{told}");
    }
}

#[test]
fn a_table_is_fetched_as_it_is_and_a_page_is_none() {
    let folder = TempDir::new().unwrap();
    let table = "time_s,requests\n0,10\n60,20\n";
    for (body, code, said) in [
        (table, 0, "27 bytes in t.csv"),
        ("<!doctype html>", 2, "the answer is a page, not a table"),
        ("", 2, "the answer is empty"),
        (r#"{"error":{"message":"no such file"}}"#, 2, "is an error, not a table: no such file"),
    ] {
        let server = serve(vec![answer("200 OK", body)]);
        let url = format!("{}/t.csv", server.url);
        let fetch = ["trace", "fetch", "csv", "--url", &url, "--out", "t.csv"];
        let out = autosim(folder.path(), &fetch, &[]);
        assert_eq!(out.status.code(), Some(code), "{}", told(&out));
        assert!(told(&out).contains(said), "{}", told(&out));
        assert!(server.asked.join().unwrap()[0].starts_with("GET /t.csv "));
    }
    assert_eq!(fs::read_to_string(folder.path().join("t.csv")).unwrap(), table);
}

#[test]
fn an_answer_is_packed_as_its_file_is_called() {
    let folder = TempDir::new().unwrap();
    let server = serve(vec![answer("200 OK", MATRIX)]);
    let fetch = ["trace", "fetch", "prometheus", "--url", &server.url, "--query", "up"];
    let out =
        autosim(folder.path(), &[&fetch[..], &RANGE, &["--out", "up.json.zst"]].concat(), &[]);
    assert!(out.status.success(), "{}", told(&out));
    let packed = fs::read(folder.path().join("up.json.zst")).unwrap();
    assert!(packed.starts_with(b"\x28\xb5\x2f\xfd"));
    let seen = autosim(folder.path(), &["trace", "inspect", "up.json.zst"], &[]);
    assert!(seen.status.success(), "{}", told(&seen));
}

#[test]
fn queries_whose_series_cannot_be_told_apart_are_refused() {
    let folder = TempDir::new().unwrap();
    for (second, code) in [("sum(up)", 2), ("other=up", 0)] {
        let server = serve(vec![answer("200 OK", MATRIX), answer("200 OK", MATRIX)]);
        let out = fetch(folder.path(), &server.url, &["--query", second], &[]);
        assert_eq!(out.status.code(), Some(code), "{}", told(&out));
        assert_eq!(told(&out).contains("name each: --query 'NAME=sum(up)'"), code == 2);
    }
}

#[test]
fn series_that_only_their_names_tell_apart_are_not_given_one_name() {
    let series = |name: &str| {
        format!(r#"{{"metric":{{"__name__":"{name}","job":"web"}},"values":[[1772409600,"1"]]}}"#)
    };
    let two = [series("up"), series("down")].join(",");
    let body =
        format!(r#"{{"status":"success","data":{{"resultType":"matrix","result":[{two}]}}}}"#);
    for (query, code, said) in [
        ("{job=\"web\"}", 0, "2 series of 2 values"),
        (
            "up={job=\"web\"}",
            2,
            "several series of `{job=\"web\"}` have the labels {job=\"web\"} (let the query add them up",
        ),
    ] {
        let folder = TempDir::new().unwrap();
        let server = serve(vec![answer("200 OK", &body)]);
        let fetch = ["trace", "fetch", "prometheus", "--url", &server.url, "--query", query];
        let out = autosim(folder.path(), &[&fetch[..], &RANGE, &["--out", "x.json"]].concat(), &[]);
        assert_eq!(out.status.code(), Some(code), "{}", told(&out));
        assert!(told(&out).contains(said), "{}", told(&out));
        assert_eq!(folder.path().join("x.json").exists(), code == 0);
    }
}

/// A Prometheus with a past; it ends with this.
struct Prometheus {
    process: Child,
    url: String,
    _folder: TempDir,
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Half a day of a counter and a gauge, from 2026-03-02 on, every 15 s; `None` where there is no Prometheus.
fn prometheus() -> Option<Prometheus> {
    let quiet = |program: &str| {
        let mut command = Command::new(program);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        command
    };
    let here = |program: &str| quiet(program).arg("--version").status().is_ok();
    if !here("prometheus") || !here("promtool") {
        let line =
            b"SKIPPED: no prometheus on the search path, nothing was fetched from a real one\n";
        let _ = std::io::stderr().write_all(line);
        return None;
    }
    let folder = TempDir::new().unwrap();
    let samples = |name: &str, value: fn(u64) -> u64| -> String {
        let sample = |at: u64| format!("{name} {} {}\n", value(at), 1_772_409_600 + 15 * at);
        (0..=2880).map(sample).collect()
    };
    let history = format!(
        "# TYPE http_requests counter\n{}# TYPE kube_deployment_status_replicas gauge\n{}# EOF\n",
        samples("http_requests_total{job=\"web\"}", |at| 300 * at),
        samples("kube_deployment_status_replicas{deployment=\"web\"}", |at| 4 + at / 1440),
    );
    fs::write(folder.path().join("history"), history).unwrap();
    fs::write(folder.path().join("empty.yml"), "global: {}\n").unwrap();
    let blocks = ["tsdb", "create-blocks-from", "openmetrics", "history", "data"];
    let made = quiet("promtool").args(blocks).current_dir(folder.path()).status().unwrap();
    assert!(made.success());
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let flags = [
        "--config.file=empty.yml".to_owned(),
        "--storage.tsdb.path=data".to_owned(),
        "--storage.tsdb.retention.time=100y".to_owned(),
        format!("--web.listen-address={address}"),
    ];
    let process = quiet("prometheus").args(flags).current_dir(folder.path()).spawn().unwrap();
    let server = Prometheus { process, url: format!("http://{address}"), _folder: folder };
    let begun = Instant::now();
    while !is_ready(&address) {
        assert!(begun.elapsed() < Duration::from_secs(60), "prometheus does not start");
        sleep(Duration::from_millis(50));
    }
    Some(server)
}

fn is_ready(address: &str) -> bool {
    let Ok(mut stream) = TcpStream::connect(address) else { return false };
    let mut answer = String::new();
    let asked = stream.write_all(b"GET /-/ready HTTP/1.0\r\n\r\n");
    asked.is_ok() && stream.read_to_string(&mut answer).is_ok() && answer.contains(" 200 ")
}

#[test]
fn from_a_real_prometheus_to_traffic_and_to_decisions() {
    let Some(server) = prometheus() else { return };
    let folder = TempDir::new().unwrap();
    let run = |arguments: &[&str]| {
        let out = autosim(folder.path(), arguments, &[]);
        assert!(out.status.success(), "{}", told(&out));
        (String::from_utf8(out.stdout.clone()).unwrap(), told(&out))
    };
    let fetch = ["trace", "fetch", "prometheus", "--url", &server.url, "--from", "2026-03-02"];
    let rate = "requests_per_s=sum(rate(http_requests_total{job=\"web\"}[1m]))";
    let replicas = "kube_deployment_status_replicas";
    let day =
        ["--to", "2026-03-02T12:00Z", "--query", rate, "--query", replicas, "--out", "day.json"];
    let (_, said) = run(&[&fetch[..], &day].concat());
    assert!(said.contains("2 series of 5761 values"), "{said}");

    let (seen, _) = run(&["trace", "inspect", "day.json", "--select", "requests_per_s"]);
    assert!(
        seen.contains("begins        2026-03-02T00:00:15Z") && seen.contains("19.99/s"),
        "{seen}"
    );
    let policy = "[policies.p.target-tracking]\nmetric = \"requests_per_s_per_replica\"\ntarget = \"2/s\"\nmax = 20\n";
    fs::write(folder.path().join("p.toml"), policy).unwrap();
    let decide = ["decide", "--policy", "p.toml", "--readings", "day.json", "--changes"];
    let (decided, said) = run(&decide);
    assert!(
        said.contains("replicas = kube_deployment_status_replicas{deployment=\"web\"}"),
        "{said}"
    );
    let row = "90,2026-03-02T00:01:30+00:00,4,10,";
    assert!(decided.lines().any(|line| line.starts_with(row)), "{decided}");

    // More points than Prometheus answers at once.
    let long = ["--to", "2026-03-02T04:00Z", "--step", "1s", "--query", "http_requests_total"];
    let (answer, _) = run(&[&fetch[..], &long].concat());
    let answer: serde_json::Value = serde_json::from_str(&answer).unwrap();
    let values = answer["data"]["result"][0]["values"].as_array().unwrap();
    let times: Vec<i64> = values.iter().map(|value| value[0].as_i64().unwrap()).collect();
    assert_eq!(times, (1_772_409_600..=1_772_424_000).collect::<Vec<i64>>());

    let out = autosim(folder.path(), &[&fetch[..], &["--query", "sum(rate("]].concat(), &[]);
    assert_eq!(out.status.code(), Some(2));
    assert!(
        told(&out).contains("parse error: unclosed left parenthesis (mend the query)"),
        "{}",
        told(&out)
    );
}
