//! Whatever stands in a file: the command that reads it ends soon, with 0 or 2, and a refusal names the file.
//! Good files of every kind, and bad ones that were once answered badly, are changed at random.

use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::{RngSeed, TestCaseError, TestRunner};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// A file to begin with: its name and what stands in it.
type Seed = (String, Vec<u8>);

/// A command that reads texts.
pub(crate) struct Reader {
    /// What it reads.
    name: &'static str,
    seeds: Vec<Seed>,
    /// Files that stand beside the one that is changed.
    beside: Vec<Seed>,
    arguments: &'static [&'static str],
}

/// No answer takes longer.
const LONGEST: Duration = Duration::from_secs(20);

impl Reader {
    /// All of them.
    pub(crate) fn all() -> Vec<Self> {
        vec![
            Self::scenarios(),
            Self::documents(),
            Self::traces(),
            Self::parts(),
            Self::readings(),
            Self::results(),
            Self::past_runs(),
        ]
    }

    fn scenarios() -> Self {
        let mut seeds = shipped("scenarios", &["toml"]);
        let good = "duration = '1m'\nreplications = 2\n[slo]\nlatency = 'p99 < 1s'\n\
                    [workload.arrivals.main.poisson]\nrate = '10/s'\n[policies.a.fixed]\nreplicas = 2\n";
        let bad = [
            good.replace("replicas = 2", "replicas = 2\nreplicas = 3"),
            good.replace("replicas = 2", "replicas = 4294967295"),
            good.replace("replicas = 2", "replicas = 99999999999999999999"),
            good.replace("'1m'", "'876000h'"),
            good.replace("'1m'", "1m"),
            good.replace("p99", "p00099"),
            good.replace("10/s", "1//s"),
            good.replace(" = ", ": "),
            good.replace("[slo]", "[slo"),
            format!("x = {}", "[".repeat(10_000)),
            format!("[policies.x{}.b.fixed]\nreplicas = 1\n", ".combine.policies.a".repeat(200)),
            format!("duration = '{}'\n", "9".repeat(100_000)),
            format!("{good}[[rollouts]]\nat = 'x'\n[[rollouts]]\n[[outages]]\nat = 3\n"),
        ];
        seeds.extend(bad.into_iter().map(|text| ("s.toml".to_owned(), text.into_bytes())));
        Self { name: "scenario", seeds, beside: Vec::new(), arguments: &["check", "FILE"] }
    }

    fn documents() -> Self {
        let mut seeds = shipped("scenarios/policies", &["json", "yaml"]);
        for text in [
            "{\"min\": 1, \"max\": 4, \"scaleStrategies\": [{\"metricName\": \"qps\", \"threshold\": 1}], \
             \"behavior\": null}".to_owned(),
            "{\"min_replicas\": 1, \"max_replicas\": 18446744073709551615}".to_owned(),
            "{\"a\":".repeat(5000),
            "a: &a [*a, *a]\n".to_owned(),
            "[".repeat(5000),
        ] {
            seeds.push(("d.json".to_owned(), text.into_bytes()));
        }
        Self { name: "document", seeds, beside: Vec::new(), arguments: &["import", "FILE"] }
    }

    fn traces() -> Self {
        let texts = [
            "time_s\n1\n2\n3.5\n",
            "time_s,service_s\n1,0.1\n2,0.2\n",
            "time,count\n2026-03-02T00:00:00Z,5\n2026-03-02T00:01:00Z,0\n2026-03-02T00:02:00Z,7\n",
            "time,rate\n0,10\n60,20\n120,5\n",
            "1 0 2\n3\n",
            "time_s\n1,2,3\n2\n",
            "time_s\ntime_s\n1\n",
            "time;count\n0;1\n60;2\n120;3\n",
            "time,count\n1,1e13\n2,-1\n",
            "time_s\n99999999999999999999\n1\n",
            "http 2026-03-02T09:00:01.3Z app/lb/1 1.2.3.4:5 - -1 0.25 -1 503 - 34 366 \"GET /\" \"-\" - - a \"R\" \"-\" \"-\" 0 \
             2026-03-02T09:00:00.5Z\n",
            "[2026-03-02T09:00:01.310Z] \"GET /b HTTP/1.1\" 200 - via_upstream - \"-\" 0 9 30 20 \"-\"\n",
            "h: 10.0.1.2:33317 [02/Mar/2026:09:00:00.655] in static/srv1 10/0/30/69/109 200 2750 - -\n",
            "#Fields: date time x-edge-location time-taken\n2026-03-02\t09:00:03\tFRA2\t1.4\n",
            "2026-03-02T09:00:02.5Z x REPORT RequestId: 1\tDuration: 1500.00 ms\tBilled Duration: 1600 ms\n",
            "RUN\tP\t\tg\t1764400000000\t \t3.5.1\nREQUEST\t\tg1\t1764400000251\t1764400000474\tOK\t \n",
            "1764400000000000000,200,2500000,0,9,,,a,0,GET,http://h/,\n",
            "h - - [02/Mar/2026:09:00:00 +0000] \"GET / HTTP/1.1\" 200 5 \"-\" \"-\" 0.804 rt=0.5\n",
            "{\"timestamp\": 0, \"input_length\": 7, \"output_length\": 2, \"hash_ids\": [0]}\n",
            "{\"status\":\"success\",\"data\":{\"resultType\":\"matrix\",\"result\":[{\"metric\":{\"a\":\"b\"},\
             \"values\":[[1764400000,\"2\"],[1764400001.5,\"NaN\"],[1764400002,\"3\"]]}]}}",
            "{\"MetricDataResults\":[{\"Id\":\"m\",\"Label\":\"R\",\"Timestamps\":[\"2026-03-02T09:02:00Z\",\
             \"2026-03-02T09:00:00Z\"],\"Values\":[3.0,1.0]}]}",
            "HashOwner,HashApp,HashFunction,Trigger,1,2,3\no,a,f,http,1,0,2\no,a,g,timer,0,1,1\n",
            "app,func,end_timestamp,duration\na,f,5.5,5\na,f,2.25,0.25\n",
            "metric_name,timestamp,metric_value\nhttp_req_duration,1764400000,30.5\nhttp_req_duration,1764400003,1900\n",
            "\"Time\",\"web\"\n2026-03-02 09:00:00,2 req/s\n2026-03-02 09:00:15,1.4 K\n",
            "Timestamp,User Count,Type,Name,Requests/s,Total Request Count\n1,1,,Aggregated,0,0\n2,1,,Aggregated,0,3\n",
            "2026-03-02T09:00:00.5Z lb 1.2.3.4:5 10.0.0.1:80 0.1 0.2 0.3 200 200 0 29 \"GET http://h:80/ HTTP/1.1\" \"c\" - -\n",
            "#Fields: date time cs-method cs-uri-stem sc-status time-taken\n2026-03-02 09:00:03 GET /a 200 1400\n",
            "Timestamp,Model,Request tokens,Response tokens,Total tokens,Log Type\n5,ChatGPT,472,18,490,C\n7,GPT-4,20,0,20,A\n",
            "timeStamp,elapsed,label,success\n1764400000000,313,GET /,true\n1764400000167,20,GET /,false\n",
            "RUN\tP\t\tg\t1764400000000\t \t3.3.1\nREQUEST\t1\t\tg1\t1764400000251\t1764400000474\tOK\t \n",
            "{\"code\":200,\"timestamp\":\"2026-03-02T09:00:00+01:00\",\"latency\":5000000,\"attack\":\"a\",\"seq\":0}\n",
            "response-time,DNS+dialup,DNS,Request-write,Response-delay,Response-read,status-code,offset\n0.2,0,0,0,0,0,200,0.5\n",
            "starttime\tseconds\tctime\tdtime\tttime\twait\nTue Mar 01 13:13:25 2016\t1456827205\t1\t2\t232\t3\n",
            "#date;pid;id;http method;host;URL;HTTP status;size;duration;transaction;match;error;tag\n1461592516.5;<0.1.0>;2;get;h;/;200;3;250.5;-;;;\n",
            "arrived_at,num_prefill_tokens,num_decode_tokens\n0.5,10,20\n0.75,1,2\n",
            "sep=\t\ntime_s\tx\n1\t2\n",
        ];
        let mut seeds: Vec<Seed> = texts.map(|text| ("t.csv".to_owned(), text.into())).into();
        // A gzip member without its end, and one that holds nothing.
        seeds.push(("t.csv.gz".to_owned(), b"\x1f\x8b\x08\0\0\0\0\0\0\x03\x2b\xc9".to_vec()));
        seeds.push((
            "t.csv.gz".to_owned(),
            b"\x1f\x8b\x08\0\0\0\0\0\0\x03\x03\0\0\0\0\0\0\0\0\0".to_vec(),
        ));
        // Two records of the World Cup's binary log.
        let record = |second: u8| [&[0x35, 0x48, 0x6d, second][..], &[0; 16]].concat();
        seeds.push(("t.bin".to_owned(), [record(1), record(3)].concat()));
        Self { name: "trace", seeds, beside: Vec::new(), arguments: &["trace", "inspect", "FILE"] }
    }

    /// Recordings of which only some parts are read.
    fn parts() -> Self {
        let texts = [
            "time_s,job\n1,a\n2,b\n3,b\n",
            "time_s,job,count\n0,a,1\n0,b,2\n60,a,1\n60,b,0\n120,a,1\n120,b,2\n",
            "{\"ts\": 1, \"job\": \"a\"}\n{\"ts\": 2.5}\n",
            "{\"status\":\"success\",\"data\":{\"resultType\":\"matrix\",\"result\":[{\"metric\":{\"job\":\"b\"},\
             \"values\":[[1764400000,\"2\"],[1764400001,\"3\"]]},{\"metric\":{},\"values\":[[1764400000,\"2\"]]}]}}",
        ];
        let seeds = texts.map(|text| ("t.csv".to_owned(), text.into())).into();
        let arguments = &["trace", "inspect", "FILE", "--by", "job", "--top", "1"];
        Self { name: "parts", seeds, beside: Vec::new(), arguments }
    }

    fn readings() -> Self {
        let policy =
            "[policies.mine.target-tracking]\nmetric = 'cpu'\ntarget = '60%'\nmin = 1\nmax = 9\n";
        let texts = [
            "time_s,cpu_percent,replicas\n0,50,2\n15,80,2\n30,90,3\n",
            "time_s,cpu_percent,replicas\n0,,2\n15,1e400,2\n30,90,2.7\n",
            "time_s,cpu_percent,replicas\n1700000000,-100,-3\n15,90,1e12\n",
            "time_s,cpu_percent\n0,50,1\n15\n",
            "time_s\n0\n",
            "[{\"metric\":{\"__name__\":\"cpu\"},\"values\":[[1772442000,\"50\"],[1772442060,\"NaN\"]]},\
             {\"metric\":{\"__name__\":\"kube_deployment_status_replicas\"},\"values\":[[1772442000,\"2\"]]}]",
            "{\"MetricDataResults\":[{\"Id\":\"m\",\"Label\":\"RequestCount\",\"Timestamps\":[\"2026-03-02T09:01:00Z\",\
             \"2026-03-02T09:00:00Z\"],\"Values\":[3.0,1.0]},{\"Id\":\"c\",\"Label\":\"CPUUtilization\",\
             \"Timestamps\":[\"2026-03-02T09:00:00Z\"],\"Values\":[50]}]}",
            "{\"Label\":\"CPUUtilization\",\"Datapoints\":[{\"Timestamp\":\"2026-03-02T09:00:00Z\",\"Average\":50}]}",
            "\"Time\",\"cpu\",\"replicas\"\n2026-03-02 09:00:00,50 %,2\n2026-03-02 09:00:15,1.4 K,3\n",
            "timestamp,pod,cpu\n0,a,50\n0,b,60\n60,a,70\n",
        ];
        let seeds = texts.map(|text| ("r.csv".to_owned(), text.into())).into();
        let beside = vec![("policy.toml".to_owned(), policy.into())];
        let arguments = &["decide", "--policy", "policy.toml", "--readings", "FILE"];
        Self { name: "readings", seeds, beside, arguments }
    }

    /// What a run left.
    fn left() -> Vec<Seed> {
        let home = TempDir::new().unwrap();
        let scenario = "duration = '3m'\nreplications = 2\n[slo]\nlatency = 'p99 < 1s'\n\
            [workload.arrivals.main.poisson]\nrate = '10/s'\n[policies.a.target-tracking]\nmetric = 'cpu'\n\
            target = '60%'\nmin = 1\nmax = 9\n[policies.b.fixed]\nreplicas = 2\n";
        fs::write(home.path().join("s.toml"), scenario).unwrap();
        let ran = autosim(home.path(), &["run", "s.toml", "--quiet", "--out", "out"]);
        assert_eq!(ran.code, Some(0), "{}", ran.said);
        let files =
            fs::read_dir(home.path().join("out")).unwrap().map(|entry| entry.unwrap().path());
        let told = |path: &PathBuf| ends_with(path, &["json", "jsonl", "csv", "html"]);
        let mut left: Vec<Seed> = files.filter(told).map(|path| seed(&path)).collect();
        left.sort();
        left
    }

    /// What can be run again.
    fn past_runs() -> Self {
        let mut seeds = Self::left();
        seeds.retain(|(name, _)| ["manifest.json", "report.html"].contains(&name.as_str()));
        Self { name: "past run", seeds, beside: Vec::new(), arguments: &["check", "FILE"] }
    }

    fn results() -> Self {
        let mut beside = Self::left();
        beside.retain(|(name, _)| name != "report.html");
        Self { name: "results", seeds: beside.clone(), beside, arguments: &["explain", "."] }
    }

    /// Every seed as it is, then so many changed ones, always the same.
    pub(crate) fn try_all(&self, cases: u32) {
        for seed in &self.seeds {
            self.judge(seed).unwrap_or_else(|wrong| panic!("{} as it is: {wrong}", self.name));
        }
        let config = ProptestConfig {
            failure_persistence: None,
            rng_seed: RngSeed::Fixed(1),
            max_shrink_iters: 200,
            ..ProptestConfig::with_cases(cases)
        };
        let inputs = (any::<Index>(), prop::collection::vec(change(), 1..5));
        let tried = TestRunner::new(config).run(&inputs, |(which, changes)| {
            let (name, bytes) = which.get(&self.seeds);
            let mut bytes = bytes.clone();
            changes.iter().for_each(|change| change.apply(&mut bytes));
            self.judge(&(name.clone(), bytes)).map_err(TestCaseError::fail)
        });
        tried.unwrap_or_else(|wrong| panic!("{}: {wrong}", self.name));
    }

    fn judge(&self, (name, bytes): &Seed) -> Result<(), String> {
        let home = TempDir::new().unwrap();
        for (name, bytes) in self.beside.iter().chain([&(name.clone(), bytes.clone())]) {
            fs::write(home.path().join(name), bytes).unwrap();
        }
        let arguments: Vec<&str> = self
            .arguments
            .iter()
            .map(|&argument| if argument == "FILE" { name.as_str() } else { argument })
            .collect();
        let Ended { code, said, took } = autosim(home.path(), &arguments);
        let wrong = |what: &str| {
            let shown = String::from_utf8_lossy(&bytes[..bytes.len().min(2000)]);
            Err(format!("{what}: {code:?} after {took:?}\n{said}\n--- {name}\n{shown}"))
        };
        match code {
            None => wrong("it did not end"),
            Some(0) => Ok(()),
            // A text that is a folder's is named by the folder.
            Some(2) if said.contains(name.as_str()) || self.arguments.contains(&".") => Ok(()),
            Some(2) => wrong("the file is not named"),
            Some(_) => wrong("neither taken nor refused"),
        }
    }
}

/// How a command ended.
struct Ended {
    /// `None` = it had to be stopped.
    code: Option<i32>,
    /// The beginning of its standard error.
    said: String,
    took: Duration,
}

fn autosim(folder: &Path, arguments: &[&str]) -> Ended {
    let (said, begun) = (folder.join("said.txt"), Instant::now());
    let mut child = Command::new(env!("CARGO_BIN_EXE_autosim"))
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(File::create(&said).unwrap())
        .spawn()
        .unwrap();
    let code = loop {
        match child.try_wait().unwrap() {
            Some(status) => break Some(status.code().unwrap_or(-1)),
            None if begun.elapsed() > LONGEST => {
                child.kill().unwrap();
                child.wait().unwrap();
                break None;
            }
            None => std::thread::sleep(Duration::from_millis(1)),
        }
    };
    let said = fs::read(&said).unwrap();
    let said = String::from_utf8_lossy(&said[..said.len().min(4000)]).into_owned();
    Ended { code, said, took: begun.elapsed() }
}

/// The files of a folder of the project with these endings.
fn shipped(folder: &str, endings: &[&str]) -> Vec<Seed> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut paths: Vec<PathBuf> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| ends_with(path, endings));
    paths.sort();
    paths.iter().map(|path| seed(path)).collect()
}

fn ends_with(path: &Path, endings: &[&str]) -> bool {
    path.extension()
        .is_some_and(|ending| endings.iter().any(|known| ending.to_str() == Some(known)))
}

fn seed(path: &Path) -> Seed {
    (path.file_name().unwrap().to_string_lossy().into_owned(), fs::read(path).unwrap())
}

/// What is done to a text.
#[derive(Debug, Clone)]
enum Change {
    Insert(Index, &'static str),
    Replace(Index, u8, &'static str),
    Remove(Index, u8),
    Repeat(Index, Index, u8),
    Flip(Index, u8),
    CutOff(Index),
}

/// What readers are wary of.
const WORDS: &[&str] = &[
    "",
    "0",
    "-1",
    "1e308",
    "-1e-320",
    "NaN",
    "inf",
    "99999999999999999999",
    "9223372036854775807",
    "null",
    "true",
    "\"",
    "'",
    "'''",
    "[",
    "]",
    "[[",
    "{",
    "}",
    "(",
    "=",
    ":",
    ",",
    ";",
    "\n",
    "\r",
    "\t",
    "\0",
    "#",
    "/",
    "//",
    "%",
    "-",
    ".",
    "\u{feff}",
    "é",
    "𝄞",
    " ",
    "1ns",
    "1000000w",
    "2026-02-30",
    "[[[[[[[[[[[[[[[[",
];

fn change() -> impl Strategy<Value = Change> {
    let word = || prop::sample::select(WORDS);
    prop_oneof![
        (any::<Index>(), word()).prop_map(|(at, word)| Change::Insert(at, word)),
        (any::<Index>(), 1..12u8, word())
            .prop_map(|(at, length, word)| Change::Replace(at, length, word)),
        (any::<Index>(), any::<u8>()).prop_map(|(at, length)| Change::Remove(at, length)),
        (any::<Index>(), any::<Index>(), any::<u8>())
            .prop_map(|(from, to, length)| Change::Repeat(from, to, length)),
        (any::<Index>(), any::<u8>()).prop_map(|(at, bits)| Change::Flip(at, bits)),
        any::<Index>().prop_map(Change::CutOff),
    ]
}

impl Change {
    fn apply(&self, bytes: &mut Vec<u8>) {
        let place = |index: &Index| index.index(bytes.len() + 1);
        let after = |at: usize, length: u8| (at + usize::from(length)).min(bytes.len());
        match self {
            Self::Insert(at, word) => {
                let at = place(at);
                bytes.splice(at..at, word.bytes());
            }
            Self::Replace(at, length, word) => {
                let at = place(at);
                let end = after(at, *length);
                bytes.splice(at..end, word.bytes());
            }
            Self::Remove(at, length) => {
                let at = place(at);
                let end = after(at, *length);
                bytes.drain(at..end);
            }
            Self::Repeat(from, to, length) => {
                let (from, to) = (place(from), place(to));
                let again = bytes[from..after(from, *length)].to_vec();
                bytes.splice(to..to, again);
            }
            Self::Flip(at, bits) => {
                let at = place(at);
                if let Some(byte) = bytes.get_mut(at) {
                    *byte ^= bits;
                }
            }
            Self::CutOff(at) => {
                let at = place(at);
                bytes.truncate(at);
            }
        }
    }
}
